package autograd

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Linear algebra, computed by gonum's LAPACK in float64; the results of float32
// operands are rounded once. Operands are matrices [..., m, n]: axes in front of the last
// two are a batch, each matrix of which is treated by itself. Matrices without rows or
// columns are allowed. A matrix with elements that are NaN or infinite gives results
// that are NaN. The rules are those of Giles, "An extended collection of matrix
// derivative results" (2008).

// rectangular panics unless x is [..., m, n].
func rectangular(op string, x Variable) *node {
	n := x.check(op)
	if len(n.Shape) < 2 {
		panic(&ShapeError{op, shapesOf(n), "expected a matrix, or a batch of them"})
	}
	return n
}

// square panics unless x is [..., n, n].
func square(op string, x Variable) *node {
	n := x.check(op)
	if rank := len(n.Shape); rank < 2 || n.Shape[rank-1] != n.Shape[rank-2] {
		panic(&ShapeError{op, shapesOf(n), "expected a square matrix, or a batch of them"})
	}
	return n
}

// batch is the shape of n without its last axes, as many as said.
func (n *node) batch(without int) []int { return n.Shape[:len(n.Shape)-without] }

// size is the number of rows and columns of n's matrices.
func (n *node) size() (rows, cols int) {
	rank := len(n.Shape)
	return n.Shape[rank-2], n.Shape[rank-1]
}

// withBatch is n's batch followed by other axes.
func (n *node) withBatch(axes ...int) []int { return append(slices.Clone(n.batch(2)), axes...) }

// numMatrices is the number of n's matrices that have elements.
func (n *node) numMatrices() int {
	if rows, cols := n.size(); rows > 0 && cols > 0 {
		return n.Len() / (rows * cols)
	}
	return 0
}

// matrix is matrix i of n, to be read only.
func (n *node) matrix(i int) *mat.Dense {
	rows, cols := n.size()
	if n.DType == Float64 {
		return mat.NewDense(rows, cols, n.F64[i*rows*cols:(i+1)*rows*cols])
	}
	data := make([]float64, rows*cols)
	for k := range data {
		data[k] = n.At(i*rows*cols + k)
	}
	return mat.NewDense(rows, cols, data)
}

// setMatrix writes matrix i of n, row by row.
func (n *node) setMatrix(i int, m mat.Matrix) {
	rows, cols := m.Dims()
	start := i * rows * cols
	for r := range rows {
		for c := range cols {
			n.Set(start+r*cols+c, m.At(r, c))
		}
	}
}

// setNaN makes all elements of matrix i of n NaN.
func (n *node) setNaN(i int) {
	rows, cols := n.size()
	for k := range rows * cols {
		n.Set(i*rows*cols+k, math.NaN())
	}
}

// eachMatrix makes n, a result, of f of each matrix of in, and NaN where elements of that are
// not finite.
func (n *node) eachMatrix(in *node, f func(i int, a *mat.Dense) mat.Matrix) Variable {
	for i := range in.numMatrices() {
		if a := in.matrix(i); finite(a) {
			n.setMatrix(i, f(i, a))
		} else {
			n.setNaN(i)
		}
	}
	return n.done()
}

// finite reports whether all elements of m are finite.
func finite(m *mat.Dense) bool {
	raw := m.RawMatrix()
	for i := range raw.Rows {
		for _, x := range raw.Data[i*raw.Stride : i*raw.Stride+raw.Cols] {
			if math.IsNaN(x - x) {
				return false
			}
		}
	}
	return true
}

// isSingular reports whether err, from gonum, says that a matrix has no inverse. A mere
// warning about its condition is no error.
func isSingular(err error) bool {
	condition, ok := err.(mat.Condition)
	return err != nil && (!ok || math.IsInf(float64(condition), 1))
}

// noInverse is the error for a matrix without inverse, with its number if it is one of
// several.
func noInverse(op string, i, count int) error {
	if count == 1 {
		return &ValueError{op, "the matrix is singular"}
	}
	return &ValueError{op, fmt.Sprintf("matrix %d of %d is singular", i, count)}
}

var invOp *op

// Y = A⁻¹:  Ẏ = −Y·Ȧ·Y,  ∂L/∂A = −Yᵀ·G·Yᵀ.
func init() {
	invOp = &op{
		name: "inv",
		vjp: func(p *pass, n *node, g Variable) {
			yT := n.variable().T()
			p.add(n, 0, yT.MatMul(g).MatMul(yT).Neg())
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			y := n.variable()
			return y.MatMul(t(0)).MatMul(y).Neg()
		},
	}
}

// Inv is the inverse of square matrices [..., n, n]. It panics with [*ValueError] if one
// of them has none.
func (x Variable) Inv() Variable { return inverse(invOp.name, x) }

// inverse is Inv for the operation of this name.
func inverse(name string, x Variable) Variable {
	in := square(name, x)
	return invOp.result(in.DType, in.Shape, in).eachMatrix(in, func(i int, a *mat.Dense) mat.Matrix {
		var y mat.Dense
		if isSingular(y.Inverse(a)) {
			panic(noInverse(name, i, in.numMatrices()))
		}
		return &y
	})
}

var solveOp *op

// Y = A⁻¹·B:  ∂L/∂B = A⁻ᵀ·G,  ∂L/∂A = −∂L/∂B·Yᵀ,  Ẏ = A⁻¹·(Ḃ − Ȧ·Y). With A given transposed
// the gradient is the transpose of that. attr.keep says that it is: the same decomposition
// serves both, so that the backward pass takes the same matrices for singular.
func init() {
	solveOp = &op{
		name:      "solve",
		arguments: func(n *node) []Argument { return arguments("transpose", n.attr.keep) },
		vjp: func(p *pass, n *node, g Variable) {
			trans := n.attr.keep
			gradB := solve(n.arg(0), g, !trans)
			p.add(n, 1, gradB)
			switch {
			case !p.needs(n, 0):
			case trans:
				p.add(n, 0, matmul(n.variable(), gradB, false, true).Neg())
			default:
				p.add(n, 0, matmul(gradB, n.variable(), false, true).Neg())
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			trans, right := n.attr.keep, t(1)
			if ta := t(0); ta.n != nil {
				right = addTangents(right, matmul(ta, n.variable(), trans, false).Neg())
			}
			return solve(n.arg(0), right, trans).BroadcastTo(n.Shape...)
		},
	}
}

// Solve is the solution y of a·y = b for square matrices a [..., n, n] and a vector b [n]
// or matrices b [..., n, k]; batches broadcast. The result is [..., n] or [..., n, k]. It
// panics with [*ValueError] if a matrix is singular, and with [*ShapeError] if the shapes
// do not fit.
func Solve(a, b Variable) Variable {
	an, bn := square(solveOp.name, a), b.check(solveOp.name)
	solveOp.same(an, bn)
	if len(bn.Shape) == 1 {
		join(solveOp.name, &a, &b)
		return solve(a, b.Unsqueeze(1), false).Squeeze(-1)
	}
	return solve(a, b, false)
}

// solve is Solve for matrices b, with the transpose of a if trans is set.
func solve(a, b Variable, trans bool) Variable {
	an, bn := square(solveOp.name, a), rectangular(solveOp.name, b)
	n, pairs := solveOp.resultOfSystem(an, bn)
	n.attr.keep = trans
	for i, pair := range pairs {
		m, right := an.matrix(pair[0]), bn.matrix(pair[1])
		if !finite(m) || !finite(right) {
			n.setNaN(i)
			continue
		}
		var lu mat.LU
		lu.Factorize(m)
		var y mat.Dense
		if isSingular(lu.SolveTo(&y, trans, right)) {
			panic(noInverse(solveOp.name, pair[0], an.numMatrices()))
		}
		n.setMatrix(i, &y)
	}
	return n.done()
}

// resultOfSystem is the result for the solutions y of a·y = b, and for each of its matrices
// the numbers of those of a and b that it is computed from.
func (o *op) resultOfSystem(a, b *node) (n *node, pairs [][2]int) {
	shape, ok := tensor.BroadcastShape(nil, a.batch(2), b.batch(2))
	rows, cols := b.size()
	if size, _ := a.size(); !ok || size != rows {
		panic(&ShapeError{o.name, shapesOf(a, b), "expected a [..., n, n] and b [n] or [..., n, k], with batches that broadcast"})
	}
	n = o.result(b.DType, append(shape, rows, cols), a, b)
	pairs = make([][2]int, n.numMatrices())
	for i := range pairs {
		pairs[i] = [2]int{broadcastIndex(i, n.batch(2), a.batch(2)), broadcastIndex(i, n.batch(2), b.batch(2))}
	}
	return n, pairs
}

// broadcastIndex is which element of an array of shape from is at position i of one that
// it was broadcast to.
func broadcastIndex(i int, shape, from []int) int {
	index, step := 0, 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at := i % shape[axis]
		i /= shape[axis]
		if k := axis - len(shape) + len(from); k >= 0 {
			index += step * min(at, from[k]-1)
			step *= from[k]
		}
	}
	return index
}

// TensorSolve is the solution y of a·y = b, where the product sums over the last axes of
// a, as many as y has: a has the shape of b followed by that of y, of equal size. Axes
// named are moved to the end of a first. It panics as [Solve] does.
func TensorSolve(a, b Variable, axes ...int) Variable {
	const name = "tensorsolve"
	an, bn := a.check(name), b.check(name)
	join(name, &a, &b)
	if len(axes) > 0 {
		last := resolveAxes(name, axes, len(an.Shape))
		var order []int
		for axis := range an.Shape {
			if last>>axis&1 == 0 {
				order = append(order, axis)
			}
		}
		a = a.Permute(append(order, axes...)...)
	}
	size := bn.Len()
	if len(an.Shape) < len(bn.Shape) || an.Len() != size*size {
		panic(&ShapeError{name, shapesOf(an, bn), "expected a with the axes of b followed by those of the solution, of equal size"})
	}
	shape := slices.Clone(a.n.Shape[len(bn.Shape):])
	return Solve(a.Reshape(size, size), b.Reshape(size)).Reshape(shape...)
}
