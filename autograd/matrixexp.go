package autograd

import "gonum.org/v1/gonum/mat"

// Exponentials of matrices.

var matrixExpOp *op

// The derivative of e^A in the direction E is the upper right block of e^B (Mathias 1996),
//
//	B = (A E; 0 A)
//
// and its transpose is that with Aᵀ.
func init() {
	matrixExpOp = &op{
		name: "matrix exp",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, matrixExpTangent(n.arg(0).T(), g)) },
		jvp:  func(n *node, t func(int) Variable) Variable { return matrixExpTangent(n.arg(0), t(0)) },
	}
}

func matrixExpTangent(a, e Variable) Variable {
	size, _ := a.n.size()
	upper := Concat(-1, a, e)
	lower := Concat(-1, a.scalar(0).BroadcastTo(a.n.Shape...), a)
	return Concat(-2, upper, lower).MatrixExp().Slice(-2, 0, size).Slice(-1, size, 2*size)
}

// MatrixExp is e^x = 1 + x + x²/2! + x³/3! + … of square matrices [..., n, n]. It
// panics with [*ShapeError] unless the last two axes are of one size.
func (x Variable) MatrixExp() Variable {
	in := square(matrixExpOp.name, x)
	return matrixExpOp.result(in.DType, in.Shape, in).eachMatrix(in, func(_ int, a *mat.Dense) mat.Matrix {
		var y mat.Dense
		y.Exp(a)
		return &y
	})
}
