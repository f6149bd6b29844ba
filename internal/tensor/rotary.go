package tensor

import "github.com/chainrule-go/chainrule/internal/simd"

// Rotary describes rows [..., Positions, Width] in which Heads heads, side by side in front, are
// turned by angles that depend on the position, pair by pair of features: 2i and 2i+1, or
// with Halves i and that as far behind as there are pairs.
type Rotary struct {
	Positions, Width, Heads int
	Halves                  bool
}

// Rotate sets dst to x turned by the angles of which cosines and sines are given, [Positions,
// pairs], or by the opposite ones if inverse is true; with accumulate it adds that to dst.
// dst may be x if it does not.
func Rotate(dst, x, cos, sin *Array, r Rotary, inverse, accumulate bool) {
	if dst.Len() == 0 {
		return
	}
	j := rotaryJob{Rotary: r, dst: *dst, x: *x, accumulate: accumulate}
	if dst.DType == Float32 {
		s := borrow[float32](4 * cos.Len())
		j.cos.F32, j.sin.F32 = angles(s.buf, cos.F32, sin.F32, r.Halves, inverse)
		j.run(cos.Len())
		giveBack(s)
	} else {
		s := borrow[float64](4 * cos.Len())
		j.cos.F64, j.sin.F64 = angles(s.buf, cos.F64, sin.F64, r.Halves, inverse)
		j.run(cos.Len())
		giveBack(s)
	}
}

// angles are cosines and sines as the kernels want them, in memory of four times their size.
func angles[T simd.Float](memory, cos, sin []T, halves, inverse bool) (c, s []T) {
	sign := T(1)
	if inverse {
		sign = -1
	}
	n := len(cos)
	if halves {
		c, s = memory[:n], memory[n:2*n]
		copy(c, cos)
		simd.Scale(s, sin, sign)
		return c, s
	}
	c, s = memory[:2*n], memory[2*n:4*n]
	for i := range cos {
		c[2*i], c[2*i+1] = cos[i], cos[i]
		s[2*i], s[2*i+1] = -sign*sin[i], sign*sin[i]
	}
	return c, s
}

type rotaryJob struct {
	Rotary
	dst, x, cos, sin Array
	pairs            int
	accumulate       bool
}

var rotaryJobs jobs[rotaryJob, *rotaryJob]

func (j *rotaryJob) run(angles int) {
	j.pairs = angles / j.Positions
	rotaryJobs.run(*j, j.dst.Len()/j.Width, max(1, cheapGrain/j.Width))
}

// DoRange computes rows lo ≤ i < hi.
func (j *rotaryJob) DoRange(lo, hi int) {
	if j.dst.DType == Float32 {
		rotaryRange(j, j.dst.F32, j.x.F32, j.cos.F32, j.sin.F32, lo, hi)
	} else {
		rotaryRange(j, j.dst.F64, j.x.F64, j.cos.F64, j.sin.F64, lo, hi)
	}
}

func rotaryRange[T simd.Float](j *rotaryJob, dst, x, cos, sin []T, lo, hi int) {
	kernel, n := simd.RotatePairs[T], 2*j.pairs
	if j.Halves {
		kernel, n = simd.RotateHalves[T], j.pairs
	}
	turned := 2 * j.pairs * j.Heads
	s := borrow[T](turned)
	for i := lo; i < hi; i++ {
		to, from := dst[i*j.Width:][:j.Width], x[i*j.Width:][:j.Width]
		angle := i % j.Positions * n
		c, s, t := cos[angle:][:n], sin[angle:][:n], s.buf
		if !j.accumulate {
			kernel(to[:turned], from[:turned], c, s, j.Heads)
			if &to[0] != &from[0] {
				copy(to[turned:], from[turned:])
			}
			continue
		}
		kernel(t, from[:turned], c, s, j.Heads)
		simd.Add(to[:turned], to[:turned], t)
		if rest := to[turned:]; len(rest) > 0 {
			simd.Add(rest, rest, from[turned:])
		}
	}
	giveBack(s)
}
