package autograd

import "gonum.org/v1/gonum/mat"

// Pseudoinverses and least squares.

var pinvOp *op

// With Y = A⁺, P = 1 − A·Y and Q = 1 − Y·A, for changes that do not change the rank
// (Golub and Pereyra 1973):
//
//	Ẏ = −Y·Ȧ·Y + Y·Yᵀ·Ȧᵀ·P + Q·Ȧᵀ·Yᵀ·Y
//	∂L/∂A = −Yᵀ·G·Yᵀ + P·Gᵀ·Y·Yᵀ + Yᵀ·Y·Gᵀ·Q
func init() {
	// rest is x − left·right·x.
	rest := func(x, left, right Variable) Variable { return x.Sub(left.MatMul(right.MatMul(x))) }
	pinvOp = &op{
		name: "pinv",
		vjp: func(p *pass, n *node, g Variable) {
			a, y := n.arg(0), n.variable()
			grad := matmul(matmul(y, g, true, false), y, false, true).Neg()
			grad = grad.Add(rest(g.T(), a, y).MatMul(matmul(y, y, false, true)))
			gy := rest(g, y, a) // Q·G
			p.add(n, 0, grad.Add(matmul(matmul(y, y, true, false), gy, false, true)))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			a, y, aT := n.arg(0), n.variable(), t(0).T()
			aTP := aT.Sub(aT.MatMul(a).MatMul(y))
			tangent := y.MatMul(matmul(y, aTP, true, false)).Sub(y.MatMul(t(0)).MatMul(y))
			return tangent.Add(rest(aT, y, a).MatMul(matmul(y, y, true, false)))
		},
	}
}

// Pinv is the pseudoinverse of Moore and Penrose: [..., m, n] gives [..., n, m].
// Singular values up to max(m, n)·ε times the greatest count as 0, with the ε of the
// element type. The derivative is that for changes that keep the rank. It panics with
// [*ShapeError] for fewer than two axes.
func (x Variable) Pinv() Variable {
	in := rectangular(pinvOp.name, x)
	rows, cols := in.size()
	epsilon := 0x1p-52
	if in.DType == Float32 {
		epsilon = 0x1p-23
	}
	return x.PinvWith(float64(max(rows, cols)) * epsilon)
}

// PinvWith is [Variable.Pinv] where singular values up to rtol times the greatest count
// as 0. It panics as that does.
func (x Variable) PinvWith(rtol float64) Variable {
	in := rectangular(pinvOp.name, x)
	rows, cols := in.size()
	return pinvOp.result(in.DType, in.withBatch(cols, rows), in).eachMatrix(in, func(_ int, a *mat.Dense) mat.Matrix {
		u, values, v := thinSVD(pinvOp.name, a)
		scales := make([]float64, len(values))
		for k, value := range values {
			if value > rtol*values[0] {
				scales[k] = 1 / value
			}
		}
		var y mat.Dense
		y.Product(v, mat.NewDiagDense(len(scales), scales), u.T())
		return &y
	})
}

// LstSq is the y of least norm among those that minimize ‖a·y − b‖, for matrices a [..., m,
// n] and b [..., m, k]; batches broadcast. It is [Variable.Pinv] of a times b, and has its
// derivative.
func LstSq(a, b Variable) Variable {
	join("lstsq", &a, &b)
	return a.Pinv().MatMul(b)
}
