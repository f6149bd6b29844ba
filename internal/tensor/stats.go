package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/parallel"
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
	job := statistics.get()
	for _, p := range job.run(x, extrema) {
		lo, hi = math.Min(lo, p[0]), math.Max(hi, p[1])
	}
	job.recycle()
	return lo, hi
}

// Norm2 is the Euclidean norm √Σx², which neither overflows nor underflows for float32.
// The order of the sum depends on the length alone.
func Norm2(x *Array) float64 {
	job := statistics.get()
	sum := 0.0
	for _, p := range job.run(x, squares) {
		sum += p[0]
	}
	job.recycle()
	return math.Sqrt(sum)
}

type statisticKind uint8

const (
	extrema statisticKind = iota
	squares
)

// maxParts is the number of pieces, at most, a statistic is made in.
const maxParts = 256

// statistic is the job of these functions.
type statistic struct {
	kind  statisticKind
	x     Array
	grain int
	parts [maxParts][2]float64
}

var statistics recycler[statistic]

// run returns the statistics of all pieces.
func (s *statistic) run(x *Array, kind statisticKind) [][2]float64 {
	n := x.Len()
	s.x, s.kind = *x, kind
	s.grain = max(cheapGrain, (n+maxParts-1)/maxParts)
	parallel.For(n, s.grain, s)
	return s.parts[:(n+s.grain-1)/s.grain]
}

func (s *statistic) recycle() {
	s.x = Array{}
	statistics.put(s)
}

// DoRange makes one piece.
func (s *statistic) DoRange(lo, hi int) {
	part := &s.parts[lo/s.grain]
	switch {
	case s.kind == extrema && s.x.DType == Float32:
		part[0], part[1] = float64(simd.MinOf(s.x.F32[lo:hi])), float64(simd.MaxOf(s.x.F32[lo:hi]))
	case s.kind == extrema:
		part[0], part[1] = simd.MinOf(s.x.F64[lo:hi]), simd.MaxOf(s.x.F64[lo:hi])
	case s.x.DType == Float32:
		part[0] = squares32(s.x.F32[lo:hi])
	default:
		part[0] = simd.SumSquares(s.x.F64[lo:hi])
	}
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
