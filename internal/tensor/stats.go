package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Numbers that describe a whole array.

// HasNaNOrInf reports whether x has an element that is NaN or infinite.
func HasNaNOrInf(x *Array) bool {
	if x.Len() == 0 {
		return false
	}
	lo, hi := MinMax(x)
	return !(lo >= -math.MaxFloat64 && hi <= math.MaxFloat64)
}

// MinMax returns the least and the greatest element of x, both NaN if there is a NaN,
// and +Inf, −Inf if x is empty.
func MinMax(x *Array) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	s := borrow[float64](2 * maxParts)
	parts := measure(s.buf, statistic{kind: extrema, x: *x})
	for i := 0; i < len(parts); i += 2 {
		lo, hi = math.Min(lo, parts[i]), math.Max(hi, parts[i+1])
	}
	giveBack(s)
	return lo, hi
}

// Norm2 is the Euclidean norm √Σx², which neither overflows nor underflows on the way. The
// order of the sum depends on the length alone.
func Norm2(x *Array) float64 {
	norm := math.Sqrt(sumOfPieces(statistic{kind: squares, x: *x}))
	if x.DType == Float64 && x.Len() > 0 && !(norm >= 1e-140 && norm <= math.MaxFloat64) {
		norm = scaledNorm(x)
	}
	return norm
}

// scaledNorm is the norm of x by way of elements that are scaled so that the greatest is
// near 1.
func scaledNorm(x *Array) float64 {
	lo, hi := MinMax(x)
	most := max(-lo, hi)
	if !(most > 0 && most <= math.MaxFloat64) {
		return math.Abs(most)
	}
	_, exponent := math.Frexp(most)
	scale := math.Ldexp(1, min(-exponent, 1000))
	return math.Sqrt(sumOfPieces(statistic{kind: scaledSquares, x: *x, scale: scale})) / scale
}

// Dot is Σ x·y of arrays of one type and length, summed in float64 for float32 too, in an
// order that depends on the length alone.
func Dot(x, y *Array) float64 { return sumOfPieces(statistic{kind: products, x: *x, y: *y}) }

type statisticKind uint8

const (
	extrema statisticKind = iota
	squares
	scaledSquares
	products
)

// maxParts is the number of pieces, at most, a statistic is made in.
const maxParts = 256

// statistic is the job of these functions.
type statistic struct {
	kind  statisticKind
	scale float64 // of scaledSquares
	x     Array
	y     Array // of products
	grain int
	parts []float64 // two for each piece
}

var statistics jobs[statistic, *statistic]

// measure returns the statistics of all pieces of s.x, two numbers for each, in buf.
func measure(buf []float64, s statistic) (parts []float64) {
	n := s.x.Len()
	s.grain = max(cheapGrain, (n+maxParts-1)/maxParts)
	s.parts = buf[:2*((n+s.grain-1)/s.grain)]
	statistics.run(s, n, s.grain)
	return s.parts
}

// sumOfPieces is the sum of a statistic of which each piece has one number.
func sumOfPieces(s statistic) float64 {
	memory := borrow[float64](2 * maxParts)
	parts := measure(memory.buf, s)
	sum := 0.0
	for i := 0; i < len(parts); i += 2 {
		sum += parts[i]
	}
	giveBack(memory)
	return sum
}

// DoRange makes one piece.
func (s *statistic) DoRange(lo, hi int) {
	part := s.parts[lo/s.grain*2:][:2]
	switch {
	case s.kind == extrema && s.x.DType == Float32:
		part[0], part[1] = float64(simd.MinOf(s.x.F32[lo:hi])), float64(simd.MaxOf(s.x.F32[lo:hi]))
	case s.kind == extrema:
		part[0], part[1] = simd.MinOf(s.x.F64[lo:hi]), simd.MaxOf(s.x.F64[lo:hi])
	case s.kind == products && s.x.DType == Float32:
		part[0] = products32(s.x.F32[lo:hi], s.y.F32[lo:hi])
	case s.kind == products:
		part[0] = simd.Dot(s.x.F64[lo:hi], s.y.F64[lo:hi])
	case s.x.DType == Float32:
		part[0] = squares32(s.x.F32[lo:hi])
	case s.kind == scaledSquares:
		part[0] = scaledSquares64(s.x.F64[lo:hi], s.scale)
	default:
		part[0] = simd.SumSquares(s.x.F64[lo:hi])
	}
}

// scaledSquares64 is Σ(scale·x)².
func scaledSquares64(x []float64, scale float64) float64 {
	const piece = 512
	var scaled [piece]float64
	sum := 0.0
	for len(x) > 0 {
		n := min(len(x), piece)
		simd.Scale(scaled[:n], x[:n], scale)
		sum += simd.SumSquares(scaled[:n])
		x = x[n:]
	}
	return sum
}

// products32 is Σ x·y of float32, computed in float64.
func products32(x, y []float32) float64 {
	const piece = 512
	var wideX, wideY [piece]float64
	sum := 0.0
	for len(x) > 0 {
		n := min(len(x), piece)
		simd.Float32To64(wideX[:n], x[:n])
		simd.Float32To64(wideY[:n], y[:n])
		sum += simd.Dot(wideX[:n], wideY[:n])
		x, y = x[n:], y[n:]
	}
	return sum
}

// squares32 is Σx² of float32, in pieces whose sums are added in float64. A piece whose
// squares may overflow or underflow is computed in float64 altogether.
func squares32(x []float32) float64 {
	const piece = 512
	sum := 0.0
	for len(x) > 0 {
		n := min(len(x), piece)
		if s := simd.SumSquares(x[:n]); s >= 1e-20 && s <= 1e30 {
			sum += float64(s)
		} else {
			var wide [piece]float64
			simd.Float32To64(wide[:n], x[:n])
			sum += simd.SumSquares(wide[:n])
		}
		x = x[n:]
	}
	return sum
}

// Norm sets dst to the Euclidean norms √Σx² over axes. They neither overflow nor underflow
// on the way. The norm of nothing is 0.
func Norm(dst, x *Array, axes uint64) {
	SumSquares(dst, x, axes)
	least := 1e-250 // below it squares of single elements may have been lost
	if x.DType == Float32 {
		least = 1e-20
	}
	for i := range dst.Len() {
		if s := dst.At(i); !(s >= least && s <= math.MaxFloat64) {
			scaledNorms(dst, x, axes)
			return
		}
	}
	Map1(&root, dst, dst)
}

var root = Kernel1{F32: simd.Sqrt[float32], F64: simd.Sqrt[float64], Cost: 4}

// scaledNorms is Norm, by m·√Σ(x/m)² with m = max |x|.
func scaledNorms(dst, x *Array, axes uint64) {
	kept := make([]int, len(x.Shape))
	for axis, n := range x.Shape {
		kept[axis] = n
		if axes>>axis&1 != 0 {
			kept[axis] = 1
		}
	}
	greatest, sums := New(Float64, kept), New(Float64, kept)
	places := New(Float64, x.Shape) // of each element's sum
	for i := range sums.F64 {
		sums.F64[i] = float64(i)
	}
	BroadcastTo(&places, &sums)
	Fill(&sums, 0)
	for i := range x.Len() {
		m := &greatest.F64[int(places.F64[i])]
		*m = max(*m, math.Abs(x.At(i)))
	}
	for i := range x.Len() {
		at := int(places.F64[i])
		if m := greatest.F64[at]; m > 0 && !math.IsInf(m, 1) {
			r := x.At(i) / m
			sums.F64[at] += r * r
		}
	}
	for i, m := range greatest.F64 {
		if m > 0 && !math.IsInf(m, 1) {
			m *= math.Sqrt(sums.F64[i])
		}
		dst.Set(i, m) // 0, +Inf and NaN are the norm
	}
}
