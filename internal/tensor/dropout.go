package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Dropout: elements are kept or not by chance, which depends on a seed and on their place
// alone.

// BitsSize is the number of elements of the given type in which a bit for each of so many
// elements is kept.
func BitsSize(dtype DType, n int) int {
	return ((n+31)/32*4 + dtype.Size() - 1) / dtype.Size()
}

// Dropout sets dst to x/(1−p) where an element is kept, and to 0 elsewhere, which is the
// case with probability p, from 0 to 1. bits, an array of BitsSize elements, gets which are
// kept; nil for not. dst may be x.
func Dropout(dst, x, bits *Array, p float64, seed uint64) {
	j := dropoutJob{dst: *dst, x: *x, seed: seed, draw: true, p: p}
	if bits != nil {
		j.bits = *bits
	}
	j.run()
}

// DropoutBackward sets dst to g/(1−p) where bits says that an element was kept, and to 0
// elsewhere; or adds that to dst, which may be g.
func DropoutBackward(dst, g, bits *Array, p float64, accumulate bool) {
	j := dropoutJob{dst: *dst, x: *g, bits: *bits, p: p, accumulate: accumulate}
	j.run()
}

// dropoutWords is how many words of bits are drawn at once: those of elements that stay in
// the first-level cache.
const dropoutWords = 64

type dropoutJob struct {
	dst, x, bits     Array
	p                float64
	seed             uint64
	draw, accumulate bool
}

var dropoutJobs jobs[dropoutJob, *dropoutJob]

// run does all elements, in units of dropoutWords words.
func (j *dropoutJob) run() {
	const unit = 32 * dropoutWords
	dropoutJobs.run(*j, (j.dst.Len()+unit-1)/unit, cheapGrain/unit)
}

// DoRange does units lo ≤ i < hi.
func (j *dropoutJob) DoRange(lo, hi int) {
	if j.dst.DType == Float32 {
		dropoutRange(j, j.dst.F32, j.x.F32, lo, hi)
	} else {
		dropoutRange(j, j.dst.F64, j.x.F64, lo, hi)
	}
}

func dropoutRange[T simd.Float](j *dropoutJob, dst, x []T, lo, hi int) {
	n := len(dst)
	var memory [dropoutWords]uint32
	var kept []uint32
	if j.bits.Len() > 0 {
		kept = memoryOf[uint32](&j.bits, (n+31)/32)
	}
	scale := T(0)
	if j.p < 1 {
		scale = T(1 / (1 - j.p))
	}
	var spare *scratch[T]
	if j.accumulate {
		spare = borrow[T](32 * dropoutWords)
	}
	for i := lo; i < hi; i++ {
		from := 32 * dropoutWords * i
		to := min(from+32*dropoutWords, n)
		words := memory[:(to-from+31)/32]
		if kept != nil {
			words = kept[from/32:][:len(words)]
		}
		switch {
		case j.draw && j.p >= 1:
			clear(words)
		case j.draw:
			simd.RandomBits(words, j.seed, uint64(from/32), uint32(math.Min(math.Round(j.p*(1<<32)), math.MaxUint32)))
		}
		if j.accumulate {
			simd.KeepBits(spare.buf[:to-from], x[from:to], words, scale)
			simd.Add(dst[from:to], dst[from:to], spare.buf[:to-from])
		} else {
			simd.KeepBits(dst[from:to], x[from:to], words, scale)
		}
	}
	if spare != nil {
		giveBack(spare)
	}
}
