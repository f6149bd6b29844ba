package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Permute sets dst to x with its axes in another order: axis i of dst is axis perm[i]
// of x.
func Permute(dst, x *Array, perm []int) {
	var buf [maxRank]loop
	loops := buf[:0]
	for axis, n := range dst.Shape {
		loops = nest(loops, n, [3]int{SizeOf(x.Shape[perm[axis]+1:])})
	}
	if rank := len(loops); rank >= 2 && rank <= 3 && isTranspose(loops) {
		transpose(dst, x, loops[rank-2].n, loops[rank-1].n)
		return
	}
	move(pick, dst, x, loops, 0)
}

// isTranspose reports whether the loops swap the two inner axes of a batch, or of one
// matrix.
func isTranspose(loops []loop) bool {
	rank := len(loops)
	rows, cols := loops[rank-2], loops[rank-1]
	return rows.step[0] == 1 && cols.step[0] == rows.n && (rank == 2 || loops[0].step[0] == rows.n*cols.n)
}

// transpose sets each matrix [rows, cols] of dst to the transpose of that of x.
func transpose(dst, x *Array, rows, cols int) {
	n := dst.Len()
	if n == 0 {
		return
	}
	size := rows * cols
	transposes.run(transposition{*dst, *x, rows, cols}, n/size, max(1, cheapGrain/size))
}

// transposition is the job of transpose.
type transposition struct {
	dst, x     Array
	rows, cols int
}

var transposes jobs[transposition, *transposition]

// DoRange transposes matrices lo ≤ i < hi.
func (t *transposition) DoRange(lo, hi int) {
	if t.dst.DType == Float32 {
		transposeRange(t, t.dst.F32, t.x.F32, lo, hi)
	} else {
		transposeRange(t, t.dst.F64, t.x.F64, lo, hi)
	}
}

func transposeRange[T simd.Float](t *transposition, dst, x []T, lo, hi int) {
	size := t.rows * t.cols
	for i := lo; i < hi; i++ {
		simd.Transpose(dst[i*size:(i+1)*size], x[i*size:(i+1)*size], t.cols, t.rows)
	}
}
