package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"math"
)

func bidx(i int, shape, b []int) int {
	off := len(shape) - len(b)
	r, stride := 0, 1
	for ax := len(shape) - 1; ax >= 0; ax-- {
		c := i % shape[ax]
		i /= shape[ax]
		if ax-off >= 0 {
			if b[ax-off] != 1 {
				r += c * stride
			}
			stride *= b[ax-off]
		}
	}
	return r
}
func Convert(dst, x *Array) {
	for i := 0; i < dst.Len(); i++ {
		dst.Set(i, x.At(i))
	}
}
func keepShape(x *Array, axes uint64) []int {
	s := append([]int{}, x.Shape...)
	for i := range s {
		if axes>>i&1 != 0 {
			s[i] = 1
		}
	}
	return s
}
func reduce(dst, x *Array, axes uint64, init float64, f func(acc, v float64) float64) {
	ks := keepShape(x, axes)
	Fill(dst, init)
	acc := make([]float64, dst.Len())
	for i := range acc {
		acc[i] = init
	}
	for i := 0; i < x.Len(); i++ {
		j := bidx(i, x.Shape, ks)
		acc[j] = f(acc[j], x.At(i))
	}
	for i := range acc {
		dst.Set(i, acc[i])
	}
}
func Max(dst, x *Array, axes uint64) { reduce(dst, x, axes, math.Inf(-1), math.Max) }
func Min(dst, x *Array, axes uint64) { reduce(dst, x, axes, math.Inf(1), math.Min) }
func LogSumExp(dst, x *Array, axes uint64) {
	m := New(dst.DType, dst.Shape)
	Max(&m, x, axes)
	ks := keepShape(x, axes)
	acc := make([]float64, dst.Len())
	for i := 0; i < x.Len(); i++ {
		j := bidx(i, x.Shape, ks)
		if !math.IsInf(m.At(j), 0) {
			acc[j] += math.Exp(x.At(i) - m.At(j))
		} else {
			acc[j] = 1
		}
	}
	for i := range acc {
		dst.Set(i, m.At(i)+math.Log(acc[i]))
	}
}

func strides(s []int) []int {
	r := make([]int, len(s))
	st := 1
	for i := len(s) - 1; i >= 0; i-- {
		r[i] = st
		st *= s[i]
	}
	return r
}
func coords(i int, s []int) []int {
	c := make([]int, len(s))
	for ax := len(s) - 1; ax >= 0; ax-- {
		c[ax] = i % s[ax]
		i /= s[ax]
	}
	return c
}
func Permute(dst, x *Array, perm []int) {
	st := strides(x.Shape)
	for i := 0; i < dst.Len(); i++ {
		c := coords(i, dst.Shape)
		o := 0
		for k, p := range perm {
			o += c[k] * st[p]
		}
		dst.Set(i, x.At(o))
	}
}
func Slice(dst, x *Array, start, step []int) {
	st := strides(x.Shape)
	for i := 0; i < dst.Len(); i++ {
		c := coords(i, dst.Shape)
		o := 0
		for k := range c {
			o += (start[k] + c[k]*step[k]) * st[k]
		}
		dst.Set(i, x.At(o))
	}
}
func SliceSet(dst, src *Array, start, step []int) {
	st := strides(dst.Shape)
	for i := 0; i < src.Len(); i++ {
		c := coords(i, src.Shape)
		o := 0
		for k := range c {
			o += (start[k] + c[k]*step[k]) * st[k]
		}
		dst.Set(o, src.At(i))
	}
}

var _ = simd.Accelerated

func CumSum(dst, x *Array, axis int, reverse bool) {
	st := strides(x.Shape)
	n := x.Shape[axis]
	for i := 0; i < x.Len(); i++ {
		c := coords(i, x.Shape)[axis]
		s := 0.0
		if reverse {
			for k := c; k < n; k++ {
				s += x.At(i + (k-c)*st[axis])
			}
		} else {
			for k := 0; k <= c; k++ {
				s += x.At(i - (c-k)*st[axis])
			}
		}
		dst.Set(i, s)
	}
}
func Triangle(dst, x *Array, diagonal int, lower bool) {
	r := len(x.Shape)
	for i := 0; i < x.Len(); i++ {
		c := coords(i, x.Shape)
		d := c[r-1] - c[r-2]
		if lower && d <= diagonal || !lower && d >= diagonal {
			dst.Set(i, x.At(i))
		} else {
			dst.Set(i, 0)
		}
	}
}
func Gather(dst, x *Array, index []int, indexShape []int, axis int) {
	st := strides(x.Shape)
	for i := range index {
		c := coords(i, indexShape)
		c[axis] = index[i]
		o := 0
		for k := range c {
			o += c[k] * st[k]
		}
		dst.Set(i, x.At(o))
	}
}
func ScatterAdd(dst, g *Array, index []int, indexShape []int, axis int) {
	st := strides(dst.Shape)
	for i := range index {
		c := coords(i, indexShape)
		c[axis] = index[i]
		o := 0
		for k := range c {
			o += c[k] * st[k]
		}
		dst.Set(o, dst.At(o)+g.At(i))
	}
}
func HasNaNOrInf(x *Array) bool {
	for i := 0; i < x.Len(); i++ {
		if v := x.At(i); math.IsNaN(v) || math.IsInf(v, 0) {
			return true
		}
	}
	return false
}
func MinMax(x *Array) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for i := 0; i < x.Len(); i++ {
		lo, hi = math.Min(lo, x.At(i)), math.Max(hi, x.At(i))
	}
	return
}
func SumSquares(dst, x *Array, axes uint64) {
	reduce(dst, x, axes, 0, func(a, v float64) float64 { return a + v*v })
}
func argBest(dst []int, x *Array, axis int, better func(a, b float64) bool) {
	st := strides(x.Shape)
	o := 0
	for i := 0; i < x.Len(); i++ {
		if coords(i, x.Shape)[axis] != 0 {
			continue
		}
		best := 0
		for k := 1; k < x.Shape[axis]; k++ {
			if better(x.At(i+k*st[axis]), x.At(i+best*st[axis])) {
				best = k
			}
		}
		dst[o] = best
		o++
	}
}
func ArgMax(dst []int, x *Array, axis int) {
	argBest(dst, x, axis, func(a, b float64) bool { return a > b })
}
func ArgMin(dst []int, x *Array, axis int) {
	argBest(dst, x, axis, func(a, b float64) bool { return a < b })
}
