package autograd

import "gonum.org/v1/gonum/mat"

// Powers and exponentials of matrices.

// MatrixPower is the product of n times the square matrices x [..., n, n]: the identity
// for 0, and powers of the inverse for negative n. It panics with [*ValueError] if a
// matrix has none.
func (x Variable) MatrixPower(n int) Variable {
	const name = "matrix power"
	in := square(name, x)
	if n < 0 {
		x, n = inverse(name, x), -n
	}
	var y Variable
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			if y.n == nil {
				y = x
			} else {
				y = y.MatMul(x)
			}
		}
		if n > 1 {
			x = x.MatMul(x)
		}
	}
	if y.n == nil {
		return x.scalar(0).Add(Eye(in.DType, in.Shape[len(in.Shape)-1])).BroadcastTo(in.Shape...)
	}
	return y
}

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
