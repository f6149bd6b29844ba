package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Diagonals and triangles of matrices.

// Diagonal is the diagonal of a matrix: entry i is x[i, i+offset], or x[i−offset, i] for a
// negative offset. Of an array with more axes it is that of each matrix along two of them, the
// given ones or the last two; it becomes the last axis of the result. It panics with
// [*ValueError] if the offset leads outside the matrix.
func (x Variable) Diagonal(offset int, axes ...int) Variable {
	in := x.check("diagonal")
	first, second := matrixAxes("diagonal", in, axes)
	rows, cols := in.Shape[first], in.Shape[second]
	if offset < -rows || offset > cols {
		panic(&ValueError{"diagonal", fmt.Sprintf("offset %d leads outside a matrix of shape [%d %d]", offset, rows, cols)})
	}
	perm, shape := []int{first, second}, []int{rows * cols}
	for axis, d := range in.Shape {
		if axis != first && axis != second {
			perm, shape = append(perm, axis), append(shape, d)
		}
	}
	if len(in.Shape) > 2 {
		x = x.Permute(perm...)
	} else if first > second {
		x = x.T()
	}
	return gatherRows(x.Reshape(shape...), diagonalIndex(rows, cols, offset)).MoveDim(0, -1)
}

// matrixAxes is the two axes that a matrix lies along: the given ones, or the last two.
func matrixAxes(op string, in *node, axes []int) (first, second int) {
	rank := len(in.Shape)
	if rank < 2 || len(axes) != 0 && len(axes) != 2 {
		panic(&ShapeError{op, shapesOf(in), "expected at least two axes, and none or two to be named"})
	}
	if len(axes) == 0 {
		return rank - 2, rank - 1
	}
	resolveAxes(op, axes, rank) // two different ones
	return resolveAxis(op, axes[0], rank), resolveAxis(op, axes[1], rank)
}

// diagonalIndex is the flat indices of a diagonal of a matrix [rows, cols].
func diagonalIndex(rows, cols, offset int) []int {
	first, count := offset, min(rows, cols-offset)
	if offset < 0 {
		first, count = -offset*cols, min(rows+offset, cols)
	}
	index := make([]int, max(0, count))
	for i := range index {
		index[i] = first + i*(cols+1)
	}
	return index
}

// DiagEmbed is matrices of zeros but for the given diagonal, which is the last axis of
// x: [..., n] gives [..., n+|offset|, n+|offset|]. See [Variable.Diagonal]. It panics
// with [*ShapeError] for a scalar.
func (x Variable) DiagEmbed(offset int) Variable {
	in := x.check("diag embed")
	if len(in.Shape) == 0 {
		panic(&ShapeError{"diag embed", shapesOf(in), "expected at least one axis"})
	}
	size := in.Shape[len(in.Shape)-1] + max(offset, -offset)
	flat := scatterRows(x.MoveDim(-1, 0), size*size, diagonalIndex(size, size, offset)).MoveDim(0, -1)
	return flat.Unflatten(-1, size, size)
}

// BlockDiag is the matrix with matrices xs along its diagonal, and zeros elsewhere; vectors
// are rows and scalars [1, 1]. It panics with [*ShapeError] for more than two axes.
func BlockDiag(xs ...Variable) Variable {
	const op = "block diag"
	checkAll(op, xs)
	xs = joined(op, xs)
	cols := 0
	for i, x := range xs {
		switch n := x.check(op); len(n.Shape) {
		case 0, 1:
			xs[i] = x.Reshape(1, n.Len())
		case 2:
		default:
			panic(&ShapeError{op, shapesOf(n), "expected at most two axes"})
		}
		cols += xs[i].Dim(1)
	}
	parts := make([]Variable, len(xs))
	left := 0
	for i, x := range xs {
		width := x.Dim(1)
		parts[i] = embed(x, 1, cols, left, 1)
		left += width
	}
	return Concat(0, parts...)
}

// Trace is the sum of a matrix's diagonal.
func (x Variable) Trace() Variable { return x.Diagonal(0).Sum() }

var triangleOp *op

// Linear and its own transpose. attr.i is the diagonal, attr.keep means lower.
func init() {
	part := func(n *node, x Variable, _ *node) Variable { return triangle(x, n.attr.i, n.attr.keep) }
	triangleOp = newLinearMap("triangle", func(n *node) []Argument { return arguments("diagonal", n.attr.i, "lower", n.attr.keep) }, part, part)
}

// Tril is the lower triangle of a matrix, or of each matrix of a batch: elements above
// the given diagonal become 0. Diagonal 0 is the main one, 1 the one above. It panics
// with [*ShapeError] for fewer than two axes.
func (x Variable) Tril(diagonal int) Variable { return triangle(x, diagonal, true) }

// Triu is the upper triangle of a matrix, or of each matrix of a batch: elements below
// the given diagonal become 0. Diagonal 0 is the main one, 1 the one above. It panics
// with [*ShapeError] for fewer than two axes.
func (x Variable) Triu(diagonal int) Variable { return triangle(x, diagonal, false) }

func triangle(x Variable, diagonal int, lower bool) Variable {
	in := x.check(triangleOp.name)
	if len(in.Shape) < 2 {
		panic(&ShapeError{triangleOp.name, shapesOf(in), "expected at least two axes"})
	}
	n := triangleOp.result(in.DType, in.Shape, in)
	n.attr.i, n.attr.keep = diagonal, lower
	tensor.Triangle(&n.Array, &in.Array, diagonal, lower)
	return n.done()
}
