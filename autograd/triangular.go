package autograd

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// Triangular matrices: systems with them, and decompositions into them. The rules are
// those of Murray, "Differentiation of the Cholesky decomposition" (2016), and Walter and
// Lehmann, "Algorithmic differentiation of linear algebra functions with application in
// optimum experimental design" (2012).

// TriangularConfig configures [SolveTriangular]. The zero value is a lower triangular
// matrix on the left.
type TriangularConfig struct {
	Upper        bool // the matrix is upper triangular
	UnitDiagonal bool // its diagonal is taken as 1, whatever it is
	Right        bool // solve y·a = b instead of a·y = b
}

var solveTriangularOp *op

// Y = A⁻¹·B:  ∂L/∂B = A⁻ᵀ·G,  ∂L/∂A = −∂L/∂B·Yᵀ in the triangle,  Ẏ = A⁻¹·(Ḃ − Ȧ·Y).
// attr.keep means upper, attr.i = 1 a diagonal of ones.
func init() {
	config := func(n *node) TriangularConfig {
		return TriangularConfig{Upper: n.attr.keep, UnitDiagonal: n.attr.i == 1}
	}
	inTriangle := func(n *node, x Variable) Variable {
		if n.attr.keep {
			return x.Triu(n.attr.i)
		}
		return x.Tril(-n.attr.i)
	}
	solveTriangularOp = &op{
		name:      "solve triangular",
		arguments: func(n *node) []Argument { return arguments("upper", n.attr.keep, "unit diagonal", n.attr.i == 1) },
		vjp: func(p *pass, n *node, g Variable) {
			transposed := config(n)
			transposed.Upper = !transposed.Upper
			gradB := SolveTriangular(n.arg(0).T(), g, transposed)
			p.add(n, 1, gradB)
			if p.needs(n, 0) {
				p.add(n, 0, inTriangle(n, matmul(gradB, n.variable(), false, true)).Neg())
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			right := t(1)
			if ta := t(0); ta.n != nil {
				right = addTangents(right, inTriangle(n, ta).MatMul(n.variable()).Neg())
			}
			return SolveTriangular(n.arg(0), right, config(n)).BroadcastTo(n.Shape...)
		},
	}
}

// SolveTriangular is the solution y of a·y = b for triangular matrices a [..., n, n] and
// b [..., n, k], or of y·a = b for b [..., k, n]; batches broadcast. Elements of a outside
// its triangle are not read. A zero on the diagonal gives results that are not finite. It
// panics with [*ShapeError] if the shapes do not fit.
func SolveTriangular(a, b Variable, config TriangularConfig) Variable {
	an, bn := square(solveTriangularOp.name, a), rectangular(solveTriangularOp.name, b)
	solveTriangularOp.same(an, bn)
	if config.Right {
		join(solveTriangularOp.name, &a, &b)
		config.Right, config.Upper = false, !config.Upper
		return SolveTriangular(a.T(), b.T(), config).T()
	}
	n, pairs := solveTriangularOp.resultOfSystem(an, bn)
	n.attr.keep, n.attr.i = config.Upper, btoi(config.UnitDiagonal)
	triangle, diagonal := blas.Lower, blas.NonUnit
	if config.Upper {
		triangle = blas.Upper
	}
	if config.UnitDiagonal {
		diagonal = blas.Unit
	}
	for i, pair := range pairs {
		a, y := an.matrix(pair[0]).RawMatrix(), mat.DenseCopyOf(bn.matrix(pair[1]))
		blas64.Trsm(blas.Left, blas.NoTrans, 1, blas64.Triangular{
			N: a.Rows, Stride: a.Stride, Data: a.Data, Uplo: triangle, Diag: diagonal,
		}, y.RawMatrix())
		n.setMatrix(i, y)
	}
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
			left := SolveTriangular(l.T(), phi(matmul(l, g.Tril(0), true, false)), TriangularConfig{Upper: true})
			p.add(n, 0, symmetric(SolveTriangular(l, left, TriangularConfig{Right: true})))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			l := n.variable()
			left := SolveTriangular(l, symmetric(t(0)), TriangularConfig{})
			return l.MatMul(phi(SolveTriangular(l, left.T(), TriangularConfig{}).T()))
		},
	}
}

// Cholesky is the lower triangular matrix L with L·Lᵀ = x, for symmetric positive definite
// matrices x [..., n, n], of which only the lower triangle is read. The gradient is the
// symmetric one, for changes that keep x symmetric. It panics with [*ValueError] if x is
// not positive definite.
func (x Variable) Cholesky() Variable {
	in := square(choleskyOp.name, x)
	return choleskyOp.result(in.DType, in.Shape, in).eachLower(in, func(lower *mat.SymDense) mat.Matrix {
		var factor mat.Cholesky
		if !factor.Factorize(lower) {
			panic(&ValueError{choleskyOp.name, "the matrix is not positive definite"})
		}
		var l mat.TriDense
		factor.LTo(&l)
		return &l
	})
}

// eachLower is eachMatrix for symmetric matrices of which the lower triangle alone is read.
func (n *node) eachLower(in *node, f func(lower *mat.SymDense) mat.Matrix) Variable {
	for i := range in.numMatrices() {
		if lower, ok := lowerOf(in.matrix(i)); ok {
			n.setMatrix(i, f(lower))
		} else {
			n.setNaN(i)
		}
	}
	return n.done()
}

// lowerOf is the symmetric matrix with the lower triangle of a, if the elements of that are
// finite.
func lowerOf(a *mat.Dense) (s *mat.SymDense, ok bool) {
	size, _ := a.Dims()
	s = mat.NewSymDense(size, nil)
	for i := range size {
		for j := range i + 1 {
			x := a.At(i, j)
			if math.IsNaN(x - x) {
				return nil, false
			}
			s.SetSym(i, j, x)
		}
	}
	return s, true
}

// CholeskySolve is the solution y of L·Lᵀ·y = b for lower triangular matrices l [..., n, n],
// as [Variable.Cholesky] gives them, and b [..., n, k]; batches broadcast. It panics as
// [SolveTriangular] does.
func CholeskySolve(b, l Variable) Variable {
	join("cholesky solve", &b, &l)
	return SolveTriangular(l.T(), SolveTriangular(l, b, TriangularConfig{}), TriangularConfig{Upper: true})
}

// CholeskyInverse is (x·xᵀ)⁻¹ for lower triangular matrices x [..., n, n], as
// [Variable.Cholesky] gives them. It panics with [*ShapeError] unless the last two axes
// are of one size.
func (x Variable) CholeskyInverse() Variable {
	in := square("cholesky inverse", x)
	return CholeskySolve(Eye(in.DType, in.Shape[len(in.Shape)-1]), x)
}

var qrOp *op

// A = Q·R with m ≥ n, as one array of Q above R. With M = R·Gᵣᵀ − Gᵩᵀ·Q
//
//	∂L/∂A = (Gᵩ + Q·(low M + low′ Mᵀ))·R⁻ᵀ
//
// where low is the lower triangle and low′ without the diagonal, and with W = Ȧ·R⁻¹,
// Ω = low′(Qᵀ·W) − low′(Qᵀ·W)ᵀ
//
//	Ṙ = (Qᵀ·W − Ω)·R,   Q̇ = W − Q·(Qᵀ·W − Ω).
func init() {
	qrOp = &op{
		name: "qr",
		vjp: func(p *pass, n *node, g Variable) {
			q, r := splitQR(n.variable())
			gradQ, gradR := splitQR(g)
			m := matmul(r, gradR.Triu(0), false, true).Sub(matmul(gradQ, q, true, false))
			inner := gradQ.Add(q.MatMul(m.Tril(0).Add(m.Tril(-1).T())))
			p.add(n, 0, SolveTriangular(r.T(), inner, TriangularConfig{Right: true}))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			q, r := splitQR(n.variable())
			w := SolveTriangular(r, t(0), TriangularConfig{Upper: true, Right: true})
			low := matmul(q, w, true, false)
			upper := low.Sub(low.Tril(-1)).Add(low.Tril(-1).T())
			return Concat(-2, w.Sub(q.MatMul(upper)), upper.MatMul(r))
		},
	}
}

// splitQR takes Q and R out of one array.
func splitQR(x Variable) (q, r Variable) {
	rows, cols := x.n.size()
	return x.Slice(-2, 0, rows-cols), x.Slice(-2, rows-cols, rows)
}

// QR is the decomposition x = q·r of matrices [..., m, n] into q [..., m, k] with
// orthonormal columns and r [..., k, n] upper triangular, k = min(m, n). The derivative
// needs the first k columns of x to be independent; it is not finite where they are
// not. It panics with [*ShapeError] for fewer than two axes.
func (x Variable) QR() (q, r Variable) {
	in := rectangular(qrOp.name, x)
	rows, cols := in.size()
	if rows < cols { // the rest of the columns is Qᵀ·X
		q, r = x.Slice(-1, 0, rows).QR()
		return q, Concat(-1, r, matmul(q, x.Slice(-1, rows, cols), true, false))
	}
	both := qrOp.result(in.DType, in.withBatch(rows+cols, cols), in).eachMatrix(in, func(_ int, a *mat.Dense) mat.Matrix {
		var qr mat.QR
		qr.Factorize(a)
		var full, r, both mat.Dense
		qr.QTo(&full)
		qr.RTo(&r)
		both.Stack(full.Slice(0, rows, 0, cols), r.Slice(0, cols, 0, cols))
		return &both
	})
	return splitQR(both)
}
