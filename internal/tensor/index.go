package tensor

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Picking by lists of indices, and adding back. Indices outside an axis panic.

// GatherRows sets row i of dst to row index[i] of x; rows lie along all axes but the
// first.
func GatherRows(dst, x *Array, index []int) {
	if dst.Len() == 0 {
		return
	}
	row := dst.Len() / len(index)
	indexJobs.run(indexJob{kind: gatherRows, dst: *dst, x: *x, index: index, row: row}, len(index), max(1, cheapGrain/row))
}

// ScatterRows sets each row of dst to the sum of the rows i of g for which index[i] is its
// number, in order of i.
func ScatterRows(dst, g *Array, index []int) { scatterTo(dst, g, index, false) }

// ScatterAddRows adds row i of g to row index[i] of dst, in order of i.
func ScatterAddRows(dst, g *Array, index []int) { scatterTo(dst, g, index, true) }

func scatterTo(dst, g *Array, index []int, accumulate bool) {
	row := 0
	if g.Len() > 0 {
		row = g.Len() / len(index)
	}
	if row == 0 || dst.Len() < 4*scatterBlock || g.Len() > 2*dst.Len() {
		if !accumulate {
			Fill(dst, 0)
		}
		scatterByColumns(dst, g, index)
		return
	}
	// Each piece takes some rows of dst, and looks for them in the whole list.
	rows := dst.Len() / row
	for _, to := range index {
		checkIndex(to, rows)
	}
	block := max(1, scatterBlock/row, (rows+maxScatterBlocks-1)/maxScatterBlocks)
	indexJobs.run(indexJob{kind: scatterBlocks, dst: *dst, x: *g, index: index, row: row, accumulate: accumulate}, rows, block)
}

const (
	// scatterBlock is how many elements, at least, a piece of rows has.
	scatterBlock = 1 << 15
	// maxScatterBlocks is how often, at most, the list is looked through.
	maxScatterBlocks = 64
)

// scatterByColumns adds row i of g to row index[i] of dst, in order of i.
func scatterByColumns(dst, g *Array, index []int) {
	if g.Len() == 0 {
		return
	}
	row := g.Len() / len(index)
	// Each piece takes some columns of all rows, so that no two add to the same row.
	columns := row
	if g.Len() > 2*cheapGrain {
		columns = max(16, cheapGrain/len(index)&^15)
	}
	indexJobs.run(indexJob{kind: scatterRows, dst: *dst, x: *g, index: index, row: row}, row, columns)
}

// Gather picks along axis with an index for every element: dst[i, j, k] =
// x[index[i, j, k], j, k] for axis 0. index is in row-major order of indexShape, which
// is dst's shape.
func Gather(dst, x *Array, index []int, indexShape []int, axis int) {
	alongAxis(gather, dst, x, x.Shape, index, indexShape, axis)
}

// ScatterAdd adds along axis with an index for every element, in their order:
// dst[index[i, j, k], j, k] += g[i, j, k] for axis 0. index is in row-major order of
// indexShape, which is g's shape.
func ScatterAdd(dst, g *Array, index []int, indexShape []int, axis int) {
	alongAxis(scatter, dst, g, dst.Shape, index, indexShape, axis)
}

type indexKind uint8

const (
	gatherRows indexKind = iota
	scatterRows
	scatterBlocks
	gather
	scatter
)

// indexJob is the job of all four functions.
type indexJob struct {
	kind   indexKind
	dst, x Array
	index  []int
	row    int // elements of a row, for rows

	accumulate bool // of scatterBlocks

	loops  []loop // for elements: where they are but for the index
	stride int    // of the axis that is indexed
	size   int    // of that axis
}

var indexJobs jobs[indexJob, *indexJob]

// alongAxis runs a job of elements. shape is that of the array the indices point into.
func alongAxis(kind indexKind, dst, x *Array, shape, index, indexShape []int, axis int) {
	if len(index) == 0 {
		return
	}
	job := indexJob{kind: kind, dst: *dst, x: *x, index: index}
	memory := borrowNests()
	loops := memory[0][:0]
	stride := SizeOf(shape)
	for i, n := range indexShape {
		stride /= shape[i]
		step := stride
		if i == axis {
			step, job.stride, job.size = 0, stride, shape[i]
		}
		loops = nest(loops, n, [3]int{step})
	}
	if len(loops) == 0 {
		loops = append(loops, loop{n: 1})
	}
	memory[0], job.loops = loops, loops
	grain := cheapGrain / 4
	if kind == scatter {
		// Elements that differ in an axis before the indexed one go to different places.
		grain = SizeOf(indexShape[axis:])
		grain *= max(1, cheapGrain/4/grain)
	}
	indexJobs.run(job, len(index), grain)
	giveBackNests(memory)
}

// DoRange does rows, columns or elements lo ≤ i < hi.
func (j *indexJob) DoRange(lo, hi int) {
	if j.dst.DType == Float32 {
		indexRange(j, j.dst.F32, j.x.F32, lo, hi)
	} else {
		indexRange(j, j.dst.F64, j.x.F64, lo, hi)
	}
}

func indexRange[T simd.Float](j *indexJob, dst, x []T, lo, hi int) {
	switch {
	case j.kind == gatherRows && j.row == 1:
		simd.Gather(dst[lo:hi], x, j.index[lo:hi])
	case j.kind == gatherRows:
		rows := len(x) / j.row
		for i, from := range j.index[lo:hi] {
			checkIndex(from, rows)
			copy(dst[(lo+i)*j.row:(lo+i+1)*j.row], x[from*j.row:(from+1)*j.row])
		}
	case j.kind == scatterBlocks:
		if !j.accumulate {
			clear(dst[lo*j.row : hi*j.row])
		}
		for i, to := range j.index {
			if uint(to-lo) < uint(hi-lo) {
				a := dst[to*j.row : (to+1)*j.row]
				simd.Add(a, a, x[i*j.row:(i+1)*j.row])
			}
		}
	case j.kind == scatterRows:
		scatterColumns(dst, x, j.index, j.row, lo, hi)
	case j.kind == gather:
		elementRange(j, x, dst, lo, hi)
	default:
		elementRange(j, dst, x, lo, hi)
	}
}

// scatterColumns adds columns lo ≤ j < hi of all rows.
func scatterColumns[T simd.Float](dst, g []T, index []int, row, lo, hi int) {
	rows := len(dst) / row
	if hi-lo < 8 {
		for i, to := range index {
			checkIndex(to, rows)
			a, b := dst[to*row+lo:to*row+hi], g[i*row+lo:]
			for k := range a {
				a[k] += b[k]
			}
		}
		return
	}
	for i, to := range index {
		checkIndex(to, rows)
		a := dst[to*row+lo : to*row+hi]
		simd.Add(a, a, g[i*row+lo:i*row+hi])
	}
}

// elementRange moves elements lo ≤ i < hi between the indexed array and the one with
// an element per index.
func elementRange[T simd.Float](j *indexJob, indexed, plain []T, lo, hi int) {
	var buf [maxRank]loop
	loops := append(buf[:0], j.loops...)
	row := loops[len(loops)-1]
	c := cursor{loops: loops[:len(loops)-1]}
	c.seek(lo / row.n)
	for first := lo % row.n; lo < hi; first = 0 {
		n := min(row.n-first, hi-lo)
		at := c.at[0] + first*row.step[0]
		for k, i := range j.index[lo : lo+n] {
			checkIndex(i, j.size)
			if j.kind == gather {
				plain[lo+k] = indexed[at+i*j.stride]
			} else {
				indexed[at+i*j.stride] += plain[lo+k]
			}
			at += row.step[0]
		}
		lo += n
		c.next()
	}
}

// checkIndex panics unless i is an index of an axis of the given size. Slicing alone
// would not notice: the memory of an array from a Pool goes on behind its last element.
func checkIndex(i, size int) {
	if uint(i) >= uint(size) {
		panicIndex(i, size)
	}
}

// panicIndex is apart from checkIndex for that to be inlined.
func panicIndex(i, size int) {
	panic(fmt.Sprintf("tensor: index %d is not in [0, %d)", i, size))
}
