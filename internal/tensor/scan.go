package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Functions along one axis whose results are not sums: running sums and positions of
// extrema.

// CumSum sets dst to the running sums of x along axis: entry i is the sum of entries
// 0 … i, or with reverse of entries i and on. Sums are kept in float64. dst may be x.
func CumSum(dst, x *Array, axis int, reverse bool) {
	if dst.Len() == 0 {
		return
	}
	kind := runningSum
	if reverse {
		kind = reverseSum
	}
	scan{kind: kind, dst: *dst, x: *x}.run(axis)
}

// ArgMax sets dst to the position along axis of the greatest element of each row of x:
// the first of several, and the first NaN if there is one. Rows are counted in
// row-major order of the other axes. The axis must not be of size 0.
func ArgMax(dst []int, x *Array, axis int) { argOf(argMax, dst, x, axis) }

// ArgMin is ArgMax for the least element.
func ArgMin(dst []int, x *Array, axis int) { argOf(argMin, dst, x, axis) }

func argOf(kind scanKind, dst []int, x *Array, axis int) {
	if len(dst) == 0 {
		return
	}
	scan{kind: kind, positions: dst, x: *x}.run(axis)
}

type scanKind uint8

const (
	runningSum scanKind = iota
	reverseSum
	argMax
	argMin
)

// scan is the job of these functions: each column of each slab [n, inner] is walked
// down, some columns together.
type scan struct {
	kind      scanKind
	dst, x    Array
	positions []int
	n, inner  int
}

var scans jobs[scan, *scan]

// scanColumns is the number of columns that are walked down together.
const scanColumns = 64

func (s scan) run(axis int) {
	outer := 0
	outer, s.n, s.inner = around(s.x.Shape, axis)
	blocks := (s.inner + scanColumns - 1) / scanColumns
	scans.run(s, outer*blocks, max(1, cheapGrain/4/(s.n*min(s.inner, scanColumns))))
}

// DoRange does blocks lo ≤ i < hi of columns, counted through all slabs.
func (s *scan) DoRange(lo, hi int) {
	if s.x.DType == Float32 {
		scanRange(s, s.dst.F32, s.x.F32, lo, hi)
	} else {
		scanRange(s, s.dst.F64, s.x.F64, lo, hi)
	}
}

func scanRange[T simd.Float](s *scan, dst, x []T, lo, hi int) {
	blocks := (s.inner + scanColumns - 1) / scanColumns
	for i := lo; i < hi; i++ {
		first := i % blocks * scanColumns
		w := min(scanColumns, s.inner-first)
		slab := i / blocks
		start := slab*s.n*s.inner + first
		switch s.kind {
		case runningSum:
			sumDown(dst, x, start, s.inner, s.n, w)
		case reverseSum:
			sumDown(dst, x, start+(s.n-1)*s.inner, -s.inner, s.n, w)
		default:
			positions(s.positions[slab*s.inner+first:][:w], x[start:], s.n, s.inner, s.kind == argMin)
		}
	}
}

// sumDown sets w columns to their running sums: n rows from start on, step apart.
func sumDown[T simd.Float](dst, x []T, start, step, n, w int) {
	var sums [scanColumns]float64
	for i := range n {
		at := start + i*step
		to := dst[at : at+w]
		for k, v := range x[at : at+w] {
			sums[k] += float64(v)
			to[k] = T(sums[k])
		}
	}
}

// positions sets dst to the position of the extremum of each of its columns, n rows of
// which lie stride apart.
func positions[T simd.Float](dst []int, x []T, n, stride int, least bool) {
	if stride == 1 && !least {
		dst[0] = simd.ArgMax(x[:n])
		return
	}
	var best [scanColumns]T
	copy(best[:len(dst)], x)
	clear(dst)
	for i := 1; i < n; i++ {
		for k, v := range x[i*stride : i*stride+len(dst)] {
			b := best[k]
			// A NaN wins against numbers, and against a later NaN.
			if b == b && (v != v || v > b && !least || v < b && least) {
				best[k], dst[k] = v, i
			}
		}
	}
}
