package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Diagonals and triangles of matrices.

// Diagonal is the diagonal of a matrix: entry i is x[i, i+offset], or
// x[i−offset, i] for a negative offset. It panics with [*ValueError] if the offset
// leads outside the matrix.
func (x Variable) Diagonal(offset int) Variable {
	in := x.check("diagonal")
	if len(in.Shape) != 2 {
		panic(&ShapeError{"diagonal", shapesOf(in), "expected a matrix"})
	}
	rows, cols := in.Shape[0], in.Shape[1]
	if offset < -rows || offset > cols {
		panic(&ValueError{"diagonal", fmt.Sprintf("offset %d leads outside a matrix of shape %v", offset, in.Shape)})
	}
	first, count := offset, min(rows, cols-offset)
	if offset < 0 {
		first, count = -offset*cols, min(rows+offset, cols)
	}
	index := make([]int, count)
	for i := range index {
		index[i] = first + i*(cols+1)
	}
	return gatherRows(x.Reshape(-1), index)
}

// Trace is the sum of a matrix's diagonal.
func (x Variable) Trace() Variable { return x.Diagonal(0).Sum() }

var triangleOp *op

// Linear and its own transpose. attr.i is the diagonal, attr.keep means lower.
func init() {
	triangleOp = &op{
		name: "triangle",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, triangle(g, n.attr.i, n.attr.keep)) },
		jvp:  func(n *node, t func(int) Variable) Variable { return triangle(t(0), n.attr.i, n.attr.keep) },
	}
}

// Tril is the lower triangle of a matrix, or of each matrix of a batch: elements
// above the given diagonal become 0. Diagonal 0 is the main one, 1 the one above.
func (x Variable) Tril(diagonal int) Variable { return triangle(x, diagonal, true) }

// Triu is the upper triangle of a matrix, or of each matrix of a batch: elements
// below the given diagonal become 0. Diagonal 0 is the main one, 1 the one above.
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
