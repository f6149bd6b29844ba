package autograd

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Linear algebra on square matrices, computed by gonum's LAPACK in float64; the
// results of float32 operands are rounded once. The rules are those of Giles,
// "An extended collection of matrix derivative results" (2008), and Murray,
// "Differentiation of the Cholesky decomposition" (2016).

// square panics unless x is a square matrix with at least one row.
func square(op string, x Variable) *node {
	n := x.check(op)
	if len(n.Shape) != 2 || n.Shape[0] != n.Shape[1] || n.Shape[0] == 0 {
		panic(&ShapeError{op, shapesOf(n), "expected a square matrix"})
	}
	return n
}

// setMat writes the elements of m to n, row by row.
func (n *node) setMat(m mat.Matrix) {
	rows, cols := m.Dims()
	for i := range rows {
		for j := range cols {
			n.Set(i*cols+j, m.At(i, j))
		}
	}
}

// singular panics if err, from gonum, says that a matrix has no inverse. A mere
// warning about its condition is no error.
func singular(op string, err error) {
	if condition, ok := err.(mat.Condition); err != nil && (!ok || math.IsInf(float64(condition), 1)) {
		panic(&ValueError{op, "the matrix is singular"})
	}
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

// Inv is the inverse of a square matrix. It panics with [*ValueError] if there is
// none.
func (x Variable) Inv() Variable {
	in := square(invOp.name, x)
	n := invOp.result(in.DType, in.Shape, in)
	var inverse mat.Dense
	singular(invOp.name, inverse.Inverse(x.Mat()))
	n.setMat(&inverse)
	return n.done()
}

// inverseT is A⁻ᵀ for the operand A of n.
func inverseT(n *node) Variable { return n.arg(0).Inv().T() }

var detOp *op

// d det A = det A·tr(A⁻¹·dA).
func init() {
	detOp = &op{
		name: "det",
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, g.Mul(n.variable()).Mul(inverseT(n)))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return n.variable().Mul(inverseT(n).Mul(t(0)).Sum())
		},
	}
}

// Det is the determinant of a square matrix, a scalar. Its derivative needs the
// inverse, so the backward pass panics with [*ValueError] for a singular matrix.
func (x Variable) Det() Variable {
	in := square(detOp.name, x)
	n := detOp.result(in.DType, nil, in)
	n.Set(0, mat.Det(x.Mat()))
	return n.done()
}

var logAbsDetOp *op

// d ln|det A| = tr(A⁻¹·dA).
func init() {
	logAbsDetOp = &op{
		name: "logabsdet",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, g.Mul(inverseT(n))) },
		jvp: func(n *node, t func(int) Variable) Variable {
			return inverseT(n).Mul(t(0)).Sum()
		},
	}
}

// LogAbsDet is ln |det x| of a square matrix, a scalar, without overflow: −Inf for
// a singular matrix.
func (x Variable) LogAbsDet() Variable {
	in := square(logAbsDetOp.name, x)
	n := logAbsDetOp.result(in.DType, nil, in)
	logDet, _ := mat.LogDet(x.Mat())
	n.Set(0, logDet)
	return n.done()
}

var solveOp *op

// Y = A⁻¹·B:  ∂L/∂B = A⁻ᵀ·G,  ∂L/∂A = −∂L/∂B·Yᵀ,  Ẏ = A⁻¹·(Ḃ − Ȧ·Y).
func init() {
	solveOp = &op{
		name: "solve",
		vjp: func(p *pass, n *node, g Variable) {
			gradB := Solve(n.arg(0).T(), g)
			p.add(n, 1, gradB)
			if p.needs(n, 0) {
				p.add(n, 0, matmul(gradB, n.variable(), false, true).Neg())
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			var right Variable
			if tb := t(1); tb.n != nil {
				right = tb
			}
			if ta := t(0); ta.n != nil {
				right = addTangents(right, ta.MatMul(n.variable()).Neg())
			}
			return Solve(n.arg(0), right)
		},
	}
}

// Solve is the solution y of a·y = b for a square matrix a [n, n] and b [n] or
// [n, k]; the result has b's shape. It panics with [*ValueError] if a is singular.
func Solve(a, b Variable) Variable {
	an, bn := square(solveOp.name, a), b.check(solveOp.name)
	solveOp.same(an, bn)
	if len(bn.Shape) == 0 || len(bn.Shape) > 2 || bn.Shape[0] != an.Shape[0] || bn.Len() == 0 {
		panic(&ShapeError{solveOp.name, shapesOf(an, bn), "expected a [n, n] and b [n] or [n, k]"})
	}
	if len(bn.Shape) == 1 {
		join(solveOp.name, &a, &b)
		return Solve(a, b.Unsqueeze(1)).Squeeze(1)
	}
	n := solveOp.result(bn.DType, bn.Shape, an, bn)
	var y mat.Dense
	singular(solveOp.name, y.Solve(a.Mat(), b.Mat()))
	n.setMat(&y)
	return n.done()
}

// phi is Φ: the lower triangle with half of the diagonal.
func phi(x Variable) Variable { return x.Tril(0).Add(x.Tril(-1)).MulScalar(0.5) }

// symmetric is sym: the mean of x and its transpose.
func symmetric(x Variable) Variable { return x.Add(x.T()).MulScalar(0.5) }

var choleskyOp *op

// A = L·Lᵀ:  ∂L/∂A = sym(L⁻ᵀ·Φ(Lᵀ·G)·L⁻¹),  L̇ = L·Φ(L⁻¹·Ȧ·L⁻ᵀ)
// with Φ the lower triangle and half of the diagonal.
func init() {
	choleskyOp = &op{
		name: "cholesky",
		vjp: func(p *pass, n *node, g Variable) {
			l := n.variable()
			lT := l.T()
			left := Solve(lT, phi(lT.MatMul(g.Tril(0))))
			p.add(n, 0, symmetric(Solve(lT, left.T()).T()))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			l := n.variable()
			left := Solve(l, symmetric(t(0)))
			return l.MatMul(phi(Solve(l, left.T()).T()))
		},
	}
}

// Cholesky is the lower triangular matrix L with L·Lᵀ = x, for a symmetric positive
// definite matrix x, of which only the lower triangle is read. The gradient is the
// symmetric one, for changes that keep x symmetric. It panics with [*ValueError] if
// x is not positive definite.
func (x Variable) Cholesky() Variable {
	in := square(choleskyOp.name, x)
	n := choleskyOp.result(in.DType, in.Shape, in)
	size := in.Shape[0]
	lower := mat.NewSymDense(size, nil)
	for i := range size {
		for j := range i + 1 {
			lower.SetSym(i, j, in.Array.At(i*size+j))
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(lower) {
		panic(&ValueError{choleskyOp.name, "the matrix is not positive definite"})
	}
	var l mat.TriDense
	factor.LTo(&l)
	n.setMat(&l)
	return n.done()
}
