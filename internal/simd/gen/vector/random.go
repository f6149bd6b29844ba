package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Constants of Philox4x32 (Salmon et al. 2011).
const (
	philoxM0, philoxM1 = 0xD2511F53, 0xCD9E8D57
	philoxW0, philoxW1 = 0x9E3779B9, 0xBB67AE85
	philoxRounds       = 10
)

// countingLanes returns a vector of the bytes of a number, each in a lane of its own.
func (f *function) countingLanes(bytes uint64) vec {
	r, x, v := f.GP64(), f.XMM(), f.vector()
	f.MOVQ(operand.U64(bytes), r)
	f.VMOVQ(r, x)
	f.emit(pick(f, "VPMOVZXBD", "VPMOVZXBQ"), x, v)
	return v
}

// everywhere returns a vector with the number in each lane of 64 bits.
func (f *function) everywhere(r reg.GPVirtual) vec {
	x, v := f.XMM(), f.vector()
	f.VMOVQ(r, x)
	f.VPBROADCASTQ(x, v)
	return v
}

// philox computes blocks of Philox4x32-10. The words of counters and keys are the lower
// halves of lanes of 64 bits, of which the upper halves hold anything.
func (f *function) philox(blocks []vec, key0, key1 vec) [][4]vec {
	words := make([][4]vec, len(blocks))
	for i, b := range blocks {
		words[i] = [4]vec{b, f.shiftRight(b, 32), f.zero(), f.zero()}
	}
	for round := range philoxRounds {
		for i, c := range words {
			p0, p1 := f.into("VPMULUDQ", c[0], f.reg(f.bits(philoxM0))), f.into("VPMULUDQ", c[2], f.reg(f.bits(philoxM1)))
			words[i] = [4]vec{
				f.xor(f.xor(f.shiftRight(p1, 32), c[1]), key0), p1,
				f.xor(f.xor(f.shiftRight(p0, 32), c[3]), key1), p0,
			}
		}
		if round+1 < philoxRounds {
			key0, key1 = f.intAdd(key0, f.reg(f.bits(philoxW0))), f.intAdd(key1, f.reg(f.bits(philoxW1)))
		}
	}
	return words
}

// pairs returns the lower halves of the lanes of a, each followed by that of b.
func (f *function) pairs(a, b vec) vec {
	return f.or(f.and(a, f.reg(f.bits(1<<32-1))), f.shiftLeft(b, 32))
}

var randomKernels = []kernel{
	// randomBits writes words of 32 bits, each of 8 blocks of 4 random numbers: of the
	// first two numbers of the blocks in turns, then of the others. A bit says that the
	// number is not below the threshold.
	{
		name: "randomBits", internal: true, only: "F64",
		params: []param{{"dst", "[]uint32"}, {"seed", "uint64"}, {"start", "uint64"}, {"threshold", "uint32"}},
		asm:    "func(dst *uint32, n int, seed, start uint64, threshold uint32)",
		bridge: `
	width := randomBitsWidth(8 * len(dst))
	if width == 0 || len(dst) == 0 {
		randomBitsGeneric(dst, seed, start, threshold)
		return
	}
	randomBitsAssembly(width, unsafe.SliceData(dst), len(dst), seed, start, threshold)`,
		emit: func(f *function) {
			dst, n := f.load64("dst"), f.load64("n")
			first := f.everywhere(f.load64("start"))
			blocks := []vec{f.intAdd(f.countingLanes(0x0706050403020100), first)}
			if f.vectorBytes() == 32 {
				blocks = append(blocks, f.intAdd(f.countingLanes(0x07060504), first))
			}
			key0 := f.everywhere(f.load64("seed"))
			key1 := f.shiftRight(key0, 32)
			threshold, t := f.vector(), f.XMM()
			least := f.GP32()
			f.MOVL(f.param("threshold"), least)
			if !f.set.masks {
				f.XORL(operand.U32(1<<31), least) // comparisons are of signed numbers
			}
			f.VMOVD(least, t)
			f.VPBROADCASTD(t, threshold)
			loop := f.label("loop")
			f.Label(loop)
			words := f.philox(blocks, key0, key1)
			all := f.GP32()
			f.XORL(all, all)
			shift := 0
			for _, of := range [2]int{0, 2} {
				for i := range words {
					numbers, bits := f.pairs(words[i][of], words[i][of+1]), f.GP32()
					if f.set.masks {
						m := f.K()
						f.VPCMPUD(operand.U8(5), threshold, numbers, m)
						f.KMOVW(m, bits)
					} else {
						below := f.vector()
						f.VPCMPGTD(f.xor(numbers, f.reg(f.bits(1<<63|1<<31))), threshold, below)
						f.VMOVMSKPS(below, bits)
						f.XORL(operand.U32(0xff), bits)
					}
					if shift > 0 {
						f.SHLL(operand.U8(shift), bits)
					}
					f.ORL(bits, all)
					shift += f.vectorBytes() / 4
				}
			}
			f.MOVL(all, operand.Mem{Base: dst})
			f.ADDQ(operand.I32(4), dst)
			for _, b := range blocks {
				f.emitInt("VPADD", f.reg(f.bits(8)), b, b)
			}
			f.DECQ(n)
			f.JNE(ref(loop))
			f.finish()
		},
	},
	// keepBits writes x·scale where a bit is set, else 0, for whole words of bits.
	{
		name: "keepBits", internal: true, wideFrom: costly,
		params: []param{{"dst", "[]T"}, {"x", "[]T"}, {"bits", "[]uint32"}, {"scale", "T"}},
		asm:    "func(dst, x *T, bits *uint32, n int, scale T)",
		bridge: `
	done := 0
	if width := keepBitsWidth[T](len(dst)); width > 0 && len(dst) >= 32 {
		done = len(dst) &^ 31
		keepBitsAssembly(width, unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(bits), done/32, scale)
	}
	if done < len(dst) {
		keepBitsGeneric(dst[done:], x[done:], bits[done/32:], scale)
	}`,
		emit: func(f *function) {
			s, n, scale := f.streams("dst", "x"), f.load64("n"), f.scalar("scale")
			bits := f.load64("bits")
			var each vec // the bit of each lane
			if !f.set.masks {
				each = f.countingLanes(pick[uint64](f, 0x8040201008040201, 0x08040201))
			}
			loop := f.label("loop")
			f.Label(loop)
			for j := range 32 / f.lanes() {
				var m mask
				word := operand.Mem{Base: bits, Disp: j * f.lanes() / 8}
				if f.set.masks {
					m = f.K()
					f.emit(pick(f, "KMOVW", "KMOVB"), word, m)
				} else {
					v := f.vector()
					f.VPBROADCASTD(operand.Mem{Base: bits}, v)
					if j > 0 {
						v = f.shiftRight(v, j*f.lanes())
					}
					v = f.and(v, each)
					f.emitInt("VPCMPEQ", each, v, v)
					m = v
				}
				f.store(f.keep(f.mul(scale, s[1].at(f, j)), m), s[0].at(f, j))
			}
			f.advance(32/f.lanes(), s...)
			f.ADDQ(operand.I32(4), bits)
			f.DECQ(n)
			f.JNE(ref(loop))
			f.finish()
		},
	},
}
