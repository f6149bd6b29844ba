package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Copying, filling, scaling and adding up, without broadcasting.

// Copy sets dst to x, which has as many elements.
func Copy(dst, x *Array) { linear{copied, 0}.run(dst, x) }

// Fill sets every element of dst to v.
func Fill(dst *Array, v float64) { linear{filled, v}.run(dst, dst) }

// Scale sets dst = s·x for x of dst's length. dst may be x.
func Scale(dst, x *Array, s float64) { linear{scaled, s}.run(dst, x) }

// AddScaled adds s·x, of dst's length, to dst.
func AddScaled(dst, x *Array, s float64) { linear{addScaled, s}.run(dst, x) }

// Accumulate adds x, of dst's length, to dst.
func Accumulate(dst, x *Array) { linear{accumulated, 0}.run(dst, x) }

// Convert sets dst to x, of as many elements, rounded to dst's element type. The
// two may be of different types.
func Convert(dst, x *Array) {
	if dst.DType == x.DType {
		Copy(dst, x)
		return
	}
	linear{converted, 0}.run(dst, x)
}

// linear is a pass over an array and possibly another of the same length.
type linear struct {
	op linearOp
	s  float64
}

type linearOp uint8

const (
	copied linearOp = iota
	filled
	scaled
	addScaled
	accumulated
	converted
)

// run makes the pass.
func (l linear) run(dst, x *Array) {
	n := dst.Len()
	if n <= cheapGrain {
		l.do(dst, x, 0, n)
	} else {
		linearJobs.run(linearJob{l, *dst, *x}, n, cheapGrain)
	}
}

// do passes over elements lo ≤ i < hi.
func (l linear) do(dst, x *Array, lo, hi int) {
	switch {
	case l.op == converted && dst.DType == Float32:
		simd.Float64To32(dst.F32[lo:hi], x.F64[lo:hi])
	case l.op == converted:
		simd.Float32To64(dst.F64[lo:hi], x.F32[lo:hi])
	case dst.DType == Float32:
		linearPass(l.op, dst.F32[lo:hi], x.F32[lo:hi], float32(l.s))
	default:
		linearPass(l.op, dst.F64[lo:hi], x.F64[lo:hi], l.s)
	}
}

func linearPass[T simd.Float](op linearOp, dst, x []T, s T) {
	switch op {
	case copied:
		copy(dst, x)
	case filled:
		fill(dst, s)
	case scaled:
		simd.Scale(dst, x, s)
	case addScaled:
		simd.AddScaled(dst, x, s)
	case accumulated:
		simd.Add(dst, dst, x)
	}
}

// linearJob is a pass that is spread over the worker pool.
type linearJob struct {
	linear
	dst, x Array
}

var linearJobs jobs[linearJob, *linearJob]

// DoRange passes over elements lo ≤ i < hi.
func (j *linearJob) DoRange(lo, hi int) { j.do(&j.dst, &j.x, lo, hi) }
