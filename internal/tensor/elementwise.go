package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Kernel1 is an element-wise function of one operand, dst[i] = f(x[i]), for slices of
// equal length; dst may be x.
type Kernel1 struct {
	F32 func(dst, x []float32)
	F64 func(dst, x []float64)
	// Cost is roughly how many nanoseconds eight elements take, and decides how work
	// is cut. 0 is cheap.
	Cost int
}

// Kernel2 is an element-wise function of two operands. They have dst's length, or
// length 1, which stands for every position. dst may be an operand of its length.
type Kernel2 struct {
	F32  func(dst, a, b []float32)
	F64  func(dst, a, b []float64)
	Cost int // as in Kernel1
}

// Kernel3 is an element-wise function of three operands, otherwise like Kernel2.
type Kernel3 struct {
	F32  func(dst, a, b, c []float32)
	F64  func(dst, a, b, c []float64)
	Cost int // as in Kernel1
}

// Map1 sets dst to k of each element of x, which has dst's length. dst may be x.
func Map1(k *Kernel1, dst, x *Array) {
	n := dst.Len()
	switch grain := grainOf(k.Cost); {
	case n > grain:
		mappings.run(mapping{k1: *k, dst: *dst, in: [3]Array{*x}}, n, grain)
	case dst.DType == Float32:
		k.F32(dst.F32, x.F32)
	default:
		k.F64(dst.F64, x.F64)
	}
}

// Map2 sets dst to k of the elements of a and b, which are broadcast to dst's shape.
// dst may share the memory of an operand of its shape.
func Map2(k *Kernel2, dst, a, b *Array) {
	n := dst.Len()
	grain := grainOf(k.Cost)
	switch {
	case n == 0:
	case !direct(n, a.Len()) || !direct(n, b.Len()):
		broadcastMap(broadcasting{k2: *k, dst: *dst, in: [3]Array{*a, *b}, operands: 2, grain: grain})
	case n > grain:
		mappings.run(mapping{k2: *k, dst: *dst, in: [3]Array{*a, *b}}, n, grain)
	case dst.DType == Float32:
		k.F32(dst.F32, a.F32, b.F32)
	default:
		k.F64(dst.F64, a.F64, b.F64)
	}
}

// Map3 sets dst to k of the elements of a, b and c, which are broadcast to dst's
// shape. dst may share the memory of an operand of its shape.
func Map3(k *Kernel3, dst, a, b, c *Array) {
	n := dst.Len()
	grain := grainOf(k.Cost)
	switch {
	case n == 0:
	case !direct(n, a.Len()) || !direct(n, b.Len()) || !direct(n, c.Len()):
		broadcastMap(broadcasting{k3: *k, dst: *dst, in: [3]Array{*a, *b, *c}, operands: 3, grain: grain})
	case n > grain:
		mappings.run(mapping{k3: *k, dst: *dst, in: [3]Array{*a, *b, *c}}, n, grain)
	case dst.DType == Float32:
		k.F32(dst.F32, a.F32, b.F32, c.F32)
	default:
		k.F64(dst.F64, a.F64, b.F64, c.F64)
	}
}

// direct reports whether kernels take an operand of the given length as it is for a
// destination of n elements: it has the same shape but for axes of size 1, or is one
// element for all.
func direct(n, operand int) bool { return operand == n || operand == 1 }

// mapping is an element-wise job without index arithmetic.
type mapping struct {
	k1  Kernel1 // exactly one kernel is set
	k2  Kernel2
	k3  Kernel3
	dst Array
	in  [3]Array
}

var mappings jobs[mapping, *mapping]

// DoRange computes elements lo ≤ i < hi.
func (m *mapping) DoRange(lo, hi int) {
	if m.dst.DType == Float32 {
		mapRange(m.k1.F32, m.k2.F32, m.k3.F32, m.dst.F32, m.in[0].F32, m.in[1].F32, m.in[2].F32, lo, hi)
	} else {
		mapRange(m.k1.F64, m.k2.F64, m.k3.F64, m.dst.F64, m.in[0].F64, m.in[1].F64, m.in[2].F64, lo, hi)
	}
}

func mapRange[T simd.Float](k1 func(dst, x []T), k2 func(dst, a, b []T), k3 func(dst, a, b, c []T), dst, a, b, c []T, lo, hi int) {
	switch dst = dst[lo:hi]; {
	case k1 != nil:
		k1(dst, a[lo:hi])
	case k2 != nil:
		k2(dst, part(a, lo, hi), part(b, lo, hi))
	default:
		k3(dst, part(a, lo, hi), part(b, lo, hi), part(c, lo, hi))
	}
}

// part is elements lo ≤ i < hi of an operand, or the one element it has.
func part[T any](x []T, lo, hi int) []T {
	if len(x) == 1 {
		return x
	}
	return x[lo:hi]
}

// Clamp sets dst to the elements of x limited to low ≤ x ≤ high; NaN stays NaN. dst has
// x's length and may be x.
func Clamp(dst, x *Array, low, high float64) {
	n := dst.Len()
	if n <= cheapGrain {
		clampRange(dst, x, low, high, 0, n)
	} else {
		clampings.run(clamping{*dst, *x, low, high}, n, cheapGrain)
	}
}

// clamping is the job of Clamp.
type clamping struct {
	dst, x    Array
	low, high float64
}

var clampings jobs[clamping, *clamping]

// DoRange computes elements lo ≤ i < hi.
func (c *clamping) DoRange(lo, hi int) { clampRange(&c.dst, &c.x, c.low, c.high, lo, hi) }

func clampRange(dst, x *Array, low, high float64, lo, hi int) {
	if dst.DType == Float32 {
		simd.Clamp(dst.F32[lo:hi], x.F32[lo:hi], float32(low), float32(high))
	} else {
		simd.Clamp(dst.F64[lo:hi], x.F64[lo:hi], low, high)
	}
}
