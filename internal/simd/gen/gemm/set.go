package main

import (
	"regexp"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// instructionSet is a set of vector instructions that kernels are written for, and how
// large the tiles are that suit it.
type instructionSet struct {
	name    string         // in the names of functions
	file    string         // in the names of files
	width   int            // of a vector register, in bytes
	opmasks bool           // whether masks have registers of their own
	foreign *regexp.Regexp // registers that other sets have, and avo would go on to

	tileRows    int         // of the tallest tile that outer products fill
	indexedRows int         // of the tiles of products with bytes
	tapRows     int         // rows of weights that few channels are convolved with together
	sumRows     int         // rows whose products with windows are summed together
	planeRows   map[int]int // rows of a kernel whose sums fit into registers, by its width
	unroll      map[int]int // steps along k that a pass of its inner loop makes, by the tile's rows; 4 else
}

var (
	avx2 = &instructionSet{
		name: "AVX2", file: "avx2", width: 32, tileRows: 6, indexedRows: 3, tapRows: 2, sumRows: 1,
		planeRows: map[int]int{3: 3, 5: 2},
		foreign:   regexp.MustCompile(`\b([XY](1[6-9]|2\d|3[01])|Z\d+|K[0-7])\b`),
	}
	avx512 = &instructionSet{
		name: "AVX512", file: "avx512", width: 64, opmasks: true, tileRows: 12, indexedRows: 4, tapRows: 6, sumRows: 3,
		planeRows: map[int]int{3: 3, 5: 3},
		unroll:    map[int]int{7: 2, 8: 2, 9: 2, 10: 2, 11: 2, 12: 2},
	}
	// Nothing but products on tiles; vectors are those of AVX-512.
	amx = &instructionSet{name: "AMX", file: "amx", width: 64, opmasks: true}
)

// unrolled is how many steps along k a pass of the inner loop makes.
func (s *instructionSet) unrolled(rows int) int {
	if n, ok := s.unroll[rows]; ok {
		return n
	}
	return 4
}

// vector returns a fresh vector register.
func (f *function) vector() vec {
	if f.set.width == 64 {
		return f.ZMM()
	}
	return f.YMM()
}

// loadMask returns the mask that field x points to, for [function.loadMasked] and
// [function.storeMasked] of n bytes. It is a vector with ones in the lanes to use, or as
// many bits.
func (f *function) loadMask(x field, n int) operand.Op {
	return f.maskFrom(operand.Mem{Base: f.get(x)}, n)
}

// maskFrom returns the mask of n bytes that lies at m.
func (f *function) maskFrom(m operand.Mem, n int) operand.Op {
	if f.set.opmasks {
		k := f.K()
		f.KMOVW(m, k)
		return k
	}
	v := f.register(n)
	f.VMOVDQU(m, v)
	return v
}

// register returns a fresh register of n bytes.
func (f *function) register(n int) reg.VecVirtual {
	switch n {
	case 16:
		return f.XMM()
	case 32:
		return f.YMM()
	}
	return f.ZMM()
}

// load emits a load of a vector.
func (f *function) load(m operand.Mem, v operand.Op) { f.emit("VMOVU"+f.ps, m, v) }

// store emits a store of a vector.
func (f *function) store(v operand.Op, m operand.Mem) { f.emit("VMOVU"+f.ps, v, m) }

// loadMasked emits a load of the lanes that the mask names. The others become 0, and
// their memory is not touched.
func (f *function) loadMasked(m operand.Mem, mask, v operand.Op) {
	if f.set.opmasks {
		f.emit("VMOVU"+f.ps+"_Z", m, mask, v)
	} else {
		f.emit("VMASKMOV"+f.ps, m, mask, v)
	}
}

// storeMasked emits a store of the lanes that the mask names.
func (f *function) storeMasked(v, mask operand.Op, m operand.Mem) {
	if f.set.opmasks {
		f.emit("VMOVU"+f.ps, v, mask, m)
	} else {
		f.emit("VMASKMOV"+f.ps, v, mask, m)
	}
}
