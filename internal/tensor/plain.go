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
func Copy(dst, x *Array) { copy(dst.F32, x.F32); copy(dst.F64, x.F64) }
func Fill(dst *Array, v float64) {
	for i := 0; i < dst.Len(); i++ {
		dst.Set(i, v)
	}
}
func Convert(dst, x *Array) {
	for i := 0; i < dst.Len(); i++ {
		dst.Set(i, x.At(i))
	}
}
func Scale(dst, x *Array, s float64) {
	for i := 0; i < dst.Len(); i++ {
		dst.Set(i, s*x.At(i))
	}
}
func Accumulate(dst, x *Array) {
	for i := 0; i < dst.Len(); i++ {
		dst.Set(i, dst.At(i)+x.At(i))
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
func Sum(dst, x *Array, axes uint64) {
	reduce(dst, x, axes, 0, func(a, v float64) float64 { return a + v })
}
func SumTo(dst, x *Array, accumulate bool) {
	acc := make([]float64, dst.Len())
	if accumulate {
		for i := range acc {
			acc[i] = dst.At(i)
		}
	}
	for i := 0; i < x.Len(); i++ {
		acc[bidx(i, x.Shape, dst.Shape)] += x.At(i)
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

func Softmax(dst, x *Array, axis int) {
	ks := keepShape(x, 1<<axis)
	l := New(x.DType, ks)
	LogSumExp(&l, x, 1<<axis)
	for i := 0; i < x.Len(); i++ {
		dst.Set(i, math.Exp(x.At(i)-l.At(bidx(i, x.Shape, ks))))
	}
}
func LogSoftmax(dst, x *Array, axis int) {
	ks := keepShape(x, 1<<axis)
	l := New(x.DType, ks)
	LogSumExp(&l, x, 1<<axis)
	for i := 0; i < x.Len(); i++ {
		dst.Set(i, x.At(i)-l.At(bidx(i, x.Shape, ks)))
	}
}
func SoftmaxBackward(dst, g, y *Array, axis int) {
	ks := keepShape(y, 1<<axis)
	s := make([]float64, SizeOf(ks))
	for i := 0; i < y.Len(); i++ {
		s[bidx(i, y.Shape, ks)] += g.At(i) * y.At(i)
	}
	for i := 0; i < y.Len(); i++ {
		dst.Set(i, y.At(i)*(g.At(i)-s[bidx(i, y.Shape, ks)]))
	}
}
func LogSoftmaxBackward(dst, g, y *Array, axis int) {
	ks := keepShape(y, 1<<axis)
	s := make([]float64, SizeOf(ks))
	for i := 0; i < y.Len(); i++ {
		s[bidx(i, y.Shape, ks)] += g.At(i)
	}
	for i := 0; i < y.Len(); i++ {
		dst.Set(i, g.At(i)-math.Exp(y.At(i))*s[bidx(i, y.Shape, ks)])
	}
}
func CrossEntropy(losses, probs, logits *Array, labels []int) {
	Softmax(probs, logits, 1)
	c := logits.Shape[1]
	l := New(logits.DType, []int{len(labels)})
	LogSumExp(&l, logits, 2)
	for i, y := range labels {
		if y >= 0 {
			losses.Set(i, l.At(i)-logits.At(i*c+y))
		} else {
			losses.Set(i, 0)
		}
	}
}
func CrossEntropyBackward(dst, probs *Array, labels []int, g *Array, scale float64, accumulate bool) {
	c := probs.Shape[1]
	for i, y := range labels {
		for j := 0; j < c; j++ {
			v := 0.0
			gi := g.At(0)
			if g.Len() > 1 {
				gi = g.At(i)
			}
			if y >= 0 {
				v = probs.At(i*c + j)
				if j == y {
					v -= 1
				}
				v *= scale * gi
			}
			if accumulate {
				v += dst.At(i*c + j)
			}
			dst.Set(i*c+j, v)
		}
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
func GatherRows(dst, x *Array, index []int) {
	r := SizeOf(x.Shape[1:])
	for i, k := range index {
		for j := 0; j < r; j++ {
			dst.Set(i*r+j, x.At(k*r+j))
		}
	}
}
func ScatterAddRows(dst, g *Array, index []int) {
	r := SizeOf(g.Shape[1:])
	for i, k := range index {
		for j := 0; j < r; j++ {
			dst.Set(k*r+j, dst.At(k*r+j)+g.At(i*r+j))
		}
	}
}
func MatMul(dst, a, b *Array, transA, transB, accumulate bool, bias *Array) {
	if !accumulate {
		Fill(dst, 0)
	}
	mm(dst, a, b, transA, transB)
	if bias != nil {
		n := bias.Len()
		for i := 0; i < dst.Len(); i++ {
			dst.Set(i, dst.At(i)+bias.At(i%n))
		}
	}
}
func mm(dst, a, b *Array, ta, tb bool) {
	m, k := a.Shape[len(a.Shape)-2], a.Shape[len(a.Shape)-1]
	ars, acs := k, 1
	if ta {
		m, k = k, m
		ars, acs = 1, m
	}
	n := b.Shape[len(b.Shape)-1]
	brs, bcs := n, 1
	if tb {
		n = b.Shape[len(b.Shape)-2]
		brs, bcs = 1, k
	}
	ab, bb, db := a.Shape[:len(a.Shape)-2], b.Shape[:len(b.Shape)-2], dst.Shape[:len(dst.Shape)-2]
	full, _ := BroadcastShape(nil, ab, bb)
	for i := 0; i < SizeOf(full); i++ {
		ao, bo, do := bidx(i, full, ab)*m*k, bidx(i, full, bb)*k*n, bidx(i, full, db)*m*n
		for r := 0; r < m; r++ {
			for c := 0; c < n; c++ {
				s := 0.0
				for q := 0; q < k; q++ {
					s += a.At(ao+r*ars+q*acs) * b.At(bo+q*brs+c*bcs)
				}
				dst.Set(do+r*n+c, dst.At(do+r*n+c)+s)
			}
		}
	}
}
func MatMulReduce(dst, a, b *Array, transA, transB, accumulate bool) {
	if !accumulate {
		Fill(dst, 0)
	}
	mm(dst, a, b, transA, transB)
}
func Norm2(x *Array) float64 {
	s := 0.0
	for i := 0; i < x.Len(); i++ {
		s += x.At(i) * x.At(i)
	}
	return math.Sqrt(s)
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
func Adam(w, m, v, g *Array, p simd.AdamParams) {
	if w.DType == Float32 {
		simd.Adam(w.F32, m.F32, v.F32, g.F32, p)
	} else {
		simd.Adam(w.F64, m.F64, v.F64, g.F64, p)
	}
}
func SGD(w, buf, g *Array, p simd.SGDParams) { panic("naive") }
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
func AddScaled(dst, x *Array, s float64) {
	for i := 0; i < dst.Len(); i++ {
		dst.Set(i, dst.At(i)+s*x.At(i))
	}
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
