package autograd

import (
	"gonum.org/v1/gonum/mat"
)

// Eigenvalues of symmetric matrices and singular values, and what is made of them.
//
// Vectors that belong to values which coincide are not determined by the matrix, and have
// no derivative. The derivatives of the values themselves are right there; a gradient that
// flows through the vectors, as the second derivative of values does, is NaN or infinite. It
// has lost digits already where values are close: its relative error is that of the matrix
// divided by the gap.

// gaps is where the differences of values are divided by: 1 on the diagonal, where nothing
// is, and between values that coincide if no gradient flows through vectors, g being 0.
func gaps(differences, g Variable) Variable {
	n := differences.n
	size := n.Shape[len(n.Shape)-1]
	none := g.Detach().Abs().SumKeepDims(-2, -1)
	none = none.Equal(none.scalar(0))
	skip := differences.Equal(differences.scalar(0)).Mul(none).Maximum(Eye(n.DType, size))
	return Where(skip, differences.scalar(1), differences)
}

// differences is Dᵢⱼ = xⱼ − xᵢ for vectors [..., n].
func differences(x Variable) Variable { return x.Unsqueeze(-2).Sub(x.Unsqueeze(-1)) }

// diagonalMatrix is the matrix with x on its diagonal.
func diagonalMatrix(x Variable) Variable {
	return x.Unsqueeze(-1).Mul(Eye(x.n.DType, x.n.Shape[len(x.n.Shape)-1]))
}

var eighOp *op

// A = V·Λ·Vᵀ, as one array of V beside the column of λ. With Dᵢⱼ = λⱼ − λᵢ off the diagonal
//
//	∂L/∂A = sym(V·(diag Gₗ + (Vᵀ·Gᵥ)/D)·Vᵀ),   λ̇ = diag(Vᵀ·Ȧ·V),   V̇ = V·((Vᵀ·Ȧ·V)/D)
func init() {
	eighOp = &op{
		name: "eigh",
		vjp: func(p *pass, n *node, g Variable) {
			values, v := splitEigh(n.variable())
			gradValues, gradV := splitEigh(g)
			inner := offDiagonal(matmul(v, gradV, true, false)).Div(gaps(differences(values), gradV))
			inner = inner.Add(diagonalMatrix(gradValues))
			p.add(n, 0, symmetric(matmul(v.MatMul(inner), v, false, true)))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			values, v := splitEigh(n.variable())
			change := matmul(v, symmetric(t(0)).MatMul(v), true, false)
			off := offDiagonal(change)
			return joinEigh(change.Sub(off).Sum(-1), v.MatMul(off.Div(gaps(differences(values), off))))
		},
	}
}

// offDiagonal is x with 0 on the diagonal.
func offDiagonal(x Variable) Variable { return x.Tril(-1).Add(x.Triu(1)) }

func splitEigh(x Variable) (values, vectors Variable) {
	size, _ := x.n.size()
	return x.Slice(-1, size, size+1).Squeeze(-1), x.Slice(-1, 0, size)
}

func joinEigh(values, vectors Variable) Variable { return Concat(-1, vectors, values.Unsqueeze(-1)) }

// Eigh is the eigenvalues [..., n] of symmetric matrices x [..., n, n] in ascending order,
// and the eigenvectors that belong to them, the columns of [..., n, n], orthonormal. Only
// the lower triangle of x is read. The gradient is the symmetric one, for changes that keep
// x symmetric.
//
// An eigenvector is determined up to its sign, and where eigenvalues coincide not even up
// to that: the derivatives of these eigenvalues are right, and a gradient through the
// eigenvectors, or a second derivative, is NaN or infinite. It panics with [*ValueError] if
// the iteration does not converge.
func (x Variable) Eigh() (values, vectors Variable) {
	in := square(eighOp.name, x)
	size, _ := in.size()
	both := eighOp.result(in.DType, in.withBatch(size, size+1), in).eachLower(in, func(lower *mat.SymDense) mat.Matrix {
		var eigen mat.EigenSym
		if !eigen.Factorize(lower, true) {
			panic(noConvergence(eighOp.name))
		}
		var vectors, both mat.Dense
		eigen.VectorsTo(&vectors)
		both.Augment(&vectors, mat.NewDense(size, 1, eigen.Values(nil)))
		return &both
	})
	return splitEigh(both)
}

// noConvergence is the error of a decomposition that gonum gives up on.
func noConvergence(op string) error { return &ValueError{op, "the iteration does not converge"} }

// EigvalsH is the eigenvalues of symmetric matrices, the first result of [Variable.Eigh].
func (x Variable) EigvalsH() Variable {
	values, _ := x.Eigh()
	return values
}

var svdOp *op

// A = U·S·Vᵀ, as one array of rows uᵢ, sᵢ, vᵢ. With Dᵢⱼ = sⱼ² − sᵢ², K = Uᵀ·Gᵤ, J = Vᵀ·Gᵥ
//
//	∂L/∂A = U·((K−Kᵀ)/D·S + S·(J−Jᵀ)/D + diag Gₛ)·Vᵀ
//	        + (1−U·Uᵀ)·Gᵤ·S⁻¹·Vᵀ + U·S⁻¹·Gᵥᵀ·(1−V·Vᵀ)
//
// and with P = Uᵀ·Ȧ·V
//
//	ṡ = diag P,   U̇ = U·((P·S + S·Pᵀ)/D) + (1−U·Uᵀ)·Ȧ·V·S⁻¹,
//	V̇ = V·((S·P + Pᵀ·S)/D) + (1−V·Vᵀ)·Ȧᵀ·U·S⁻¹.
func init() {
	svdOp = &op{
		name: "svd",
		vjp: func(p *pass, n *node, g Variable) {
			rows, cols := n.in[0].size()
			u, s, v := splitSVD(n.variable(), rows)
			gradU, gradS, gradV := splitSVD(g, rows)
			column, row := s.Unsqueeze(-1), s.Unsqueeze(-2)
			d := differences(s.Square())
			k, j := matmul(u, gradU, true, false), matmul(v, gradV, true, false)
			inner := diagonalMatrix(gradS)
			inner = inner.Add(k.Sub(k.T()).Div(gaps(d, gradU)).Mul(row))
			inner = inner.Add(j.Sub(j.T()).Div(gaps(d, gradV)).Mul(column))
			left := u.MatMul(inner)
			if rows > cols {
				left = left.Add(strongDiv(gradU.Sub(u.MatMul(k)), row))
			}
			grad := matmul(left, v, false, true)
			if rows < cols {
				grad = grad.Add(matmul(u, strongDiv(gradV.Sub(v.MatMul(j)), row), false, true))
			}
			p.add(n, 0, grad)
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			rows, cols := n.in[0].size()
			u, s, v := splitSVD(n.variable(), rows)
			column, row := s.Unsqueeze(-1), s.Unsqueeze(-2)
			av, aTu := t(0).MatMul(v), matmul(t(0), u, true, false)
			change := matmul(u, av, true, false)
			off := offDiagonal(change)
			d := differences(s.Square())
			uDot := u.MatMul(off.Mul(row).Add(off.T().Mul(column)).Div(gaps(d, off)))
			vDot := v.MatMul(off.Mul(column).Add(off.T().Mul(row)).Div(gaps(d, off)))
			if rows > cols {
				uDot = uDot.Add(strongDiv(av.Sub(u.MatMul(change)), row))
			}
			if rows < cols {
				vDot = vDot.Add(strongDiv(aTu.Sub(v.MatMul(change.T())), row))
			}
			return Concat(-1, uDot.T(), change.Sub(off).Sum(-1).Unsqueeze(-1), vDot.T())
		},
	}
}

// splitSVD takes U, the vector s and V out of one array, for matrices of so many rows.
func splitSVD(x Variable, rows int) (u, s, v Variable) {
	_, width := x.n.size()
	return x.Slice(-1, 0, rows).T(), x.Slice(-1, rows, rows+1).Squeeze(-1), x.Slice(-1, rows+1, width).T()
}

// SVD is the decomposition x = u·diag(s)·vᵀ of matrices [..., m, n] into u [..., m, k] with
// orthonormal columns, singular values s [..., k] in descending order, none of them
// negative, and vT [..., k, n] with orthonormal rows, k = min(m, n).
//
// A pair of singular vectors is determined up to its sign, and where singular values
// coincide not even up to that: the derivatives of these values are right, and a gradient
// through the vectors, or a second derivative, is NaN or infinite. So is the derivative of
// vectors that belong to 0, unless m = n. It panics with [*ValueError] if the iteration
// does not converge.
func (x Variable) SVD() (u, s, vT Variable) {
	n := x.svd()
	rows, _ := x.n.size()
	_, width := n.n.size()
	return n.Slice(-1, 0, rows).T(), n.Slice(-1, rows, rows+1).Squeeze(-1), n.Slice(-1, rows+1, width)
}

// svd is the decomposition as one array.
func (x Variable) svd() Variable {
	in := rectangular(svdOp.name, x)
	rows, cols := in.size()
	size := min(rows, cols)
	return svdOp.result(in.DType, in.withBatch(size, rows+1+cols), in).eachMatrix(in, func(_ int, a *mat.Dense) mat.Matrix {
		u, values, v := thinSVD(svdOp.name, a)
		var us, both mat.Dense
		us.Augment(u.T(), mat.NewDense(size, 1, values))
		both.Augment(&us, v.T())
		return &both
	})
}

// thinSVD is the decomposition a = u·diag(values)·vᵀ with as many columns in u and v as there
// are values.
func thinSVD(op string, a *mat.Dense) (u *mat.Dense, values []float64, v *mat.Dense) {
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		panic(noConvergence(op))
	}
	u, v = new(mat.Dense), new(mat.Dense)
	svd.UTo(u)
	svd.VTo(v)
	return u, svd.Values(nil), v
}

// SVDVals is the singular values of matrices, the second result of [Variable.SVD].
func (x Variable) SVDVals() Variable {
	_, s, _ := x.SVD()
	return s
}
