package autograd

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Determinants and cofactors.

// factorizeLU calls f with the LU decomposition of each matrix of x, nil for one that has
// elements which are not finite. A matrix without rows has none.
func (n *node) factorizeLU(f func(i int, lu *mat.LU)) {
	for i := range n.numMatrices() {
		a := n.matrix(i)
		if !finite(a) {
			f(i, nil)
			continue
		}
		var lu mat.LU
		lu.Factorize(a)
		f(i, &lu)
	}
}

// determinants is the result of o for one number of each matrix, and what it is for a
// matrix without rows.
func (o *op) determinants(in *node, empty float64, f func(lu *mat.LU) float64) Variable {
	n := o.result(in.DType, in.batch(2), in)
	for i := range n.Len() {
		n.Set(i, empty)
	}
	in.factorizeLU(func(i int, lu *mat.LU) {
		y := math.NaN()
		if lu != nil {
			y = f(lu)
		}
		n.Set(i, y)
	})
	return n.done()
}

// asMatrix is numbers, one for each matrix of a batch, as matrices [..., 1, 1].
func asMatrix(x Variable) Variable { return x.Unsqueeze(-1).Unsqueeze(-1) }

var detOp *op

// d det A = ⟨cof A, dA⟩, with the matrix of cofactors cof A = det A·A⁻ᵀ.
func init() {
	detOp = &op{
		name: "det",
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, strongMul(asMatrix(g), cofactors(n.arg(0), n.variable())))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return cofactors(n.arg(0), n.variable()).Mul(t(0)).Sum(-2, -1)
		},
	}
}

// Det is the determinant of square matrices: [..., n, n] gives [...]. Its gradient is the
// matrix of cofactors, of a singular matrix too. Of a matrix that is singular, or nearly
// so, the first two derivatives are exact and a third one panics with [*ValueError].
func (x Variable) Det() Variable {
	return detOp.determinants(square(detOp.name, x), 1, (*mat.LU).Det)
}

var logAbsDetOp *op

// d ln|det A| = ⟨A⁻ᵀ, dA⟩.
func init() {
	logAbsDetOp = &op{name: "logabsdet"}
	inverseT := func(n *node) Variable { return inverse(logAbsDetOp.name, n.arg(0)).T() }
	logAbsDetOp.vjp = func(p *pass, n *node, g Variable) { p.add(n, 0, asMatrix(g).Mul(inverseT(n))) }
	logAbsDetOp.jvp = func(n *node, t func(int) Variable) Variable { return inverseT(n).Mul(t(0)).Sum(-2, -1) }
}

// LogAbsDet is ln |det x| of square matrices, without overflow: [..., n, n] gives [...],
// −Inf for a singular matrix. Its derivative needs the inverse, so the backward pass
// panics with [*ValueError] for a singular matrix.
func (x Variable) LogAbsDet() Variable {
	return logAbsDetOp.determinants(square(logAbsDetOp.name, x), 0, func(lu *mat.LU) float64 {
		logDet, _ := lu.LogDet()
		return logDet
	})
}

var signDetOp = &op{name: "signdet"} // no derivative

// SlogDet is the sign of det x, −1, 0 or 1, and [Variable.LogAbsDet]. The sign has no
// derivative. It panics with [*ShapeError] unless the last two axes are of one size.
func (x Variable) SlogDet() (sign, logAbsDet Variable) {
	sign = signDetOp.determinants(square(signDetOp.name, x), 1, func(lu *mat.LU) float64 {
		logDet, sign := lu.LogDet()
		if math.IsInf(logDet, -1) {
			return 0
		}
		return sign
	})
	return sign, x.LogAbsDet()
}

// nearlySingular is the condition from which on cofactors come of singular values rather
// than of the inverse, which has lost so many digits.
const nearlySingular = 1e6

// cofactors is the matrices of cofactors of x, whose determinants are det.
func cofactors(x, det Variable) Variable {
	regular := true
	x.n.factorizeLU(func(_ int, lu *mat.LU) { regular = regular && lu != nil && lu.Cond() < nearlySingular })
	if regular {
		return asMatrix(det).Mul(x.Inv().T())
	}
	return singularCofactors(x)
}

var cofactorOp *op

func init() {
	cofactorOp = &op{
		name: "cofactors",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, cofactorTangent(n.arg(0), g)) },
		jvp:  func(n *node, t func(int) Variable) Variable { return cofactorTangent(n.arg(0), t(0)) },
	}
}

// singularCofactors is cof A by the singular value decomposition A = U·S·Vᵀ:
//
//	cof A = σ·U·cof S·Vᵀ,   (cof S)ᵢᵢ = Π sₖ over k ≠ i,   σ = det U·det V
func singularCofactors(x Variable) Variable {
	in := x.n
	n := cofactorOp.result(in.DType, in.Shape, in)
	for i := range in.numMatrices() {
		s, ok := decompose(in.matrix(i))
		if !ok {
			n.setNaN(i)
			continue
		}
		core := mat.NewDense(len(s.values), len(s.values), nil)
		for k := range s.values {
			core.Set(k, k, s.productWithout(k, k))
		}
		n.setMatrix(i, s.outside(core))
	}
	return n.done()
}

var cofactorTangentOp *op

// The second derivative of det is symmetric, so the map is its own transpose.
func init() {
	third := func() error {
		return &ValueError{detOp.name, "the third derivative at a singular matrix is not implemented"}
	}
	cofactorTangentOp = &op{
		name: "cofactor tangent",
		vjp: func(p *pass, n *node, g Variable) {
			if p.needs(n, 0) {
				panic(third())
			}
			p.add(n, 1, cofactorTangent(n.arg(0), g))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			if t(0).n != nil {
				panic(third())
			}
			return cofactorTangent(n.arg(0), t(1))
		},
	}
}

// cofactorTangent is the derivative of cof A in the direction E. With B = Uᵀ·E·V and
// Pᵢⱼ = Π sₖ over k ≠ i, j it is σ·U·C·Vᵀ where
//
//	Cᵢᵢ = Σ Pᵢₖ·Bₖₖ over k ≠ i,   Cᵢⱼ = −Pᵢⱼ·Bⱼᵢ
func cofactorTangent(x, e Variable) Variable {
	in, en := x.n, e.n
	n := cofactorTangentOp.result(in.DType, in.Shape, in, en)
	for i := range in.numMatrices() {
		s, ok := decompose(in.matrix(i))
		if !ok {
			n.setNaN(i)
			continue
		}
		size := len(s.values)
		b, core := s.inside(en.matrix(i)), mat.NewDense(size, size, nil)
		for j := range size {
			for k := range size {
				if j == k {
					continue
				}
				product := s.productWithout(j, k)
				core.Set(j, k, -product*b.At(k, j))
				core.Set(j, j, core.At(j, j)+product*b.At(k, k))
			}
		}
		n.setMatrix(i, s.outside(core))
	}
	return n.done()
}

// singular is a singular value decomposition U·S·Vᵀ of a square matrix, and det U·det V.
type singular struct {
	u, v   mat.Dense
	values []float64
	sign   float64
}

// decompose is the singular value decomposition of a, if its elements are finite.
func decompose(a *mat.Dense) (s singular, ok bool) {
	var svd mat.SVD
	if !finite(a) || !svd.Factorize(a, mat.SVDFull) {
		return s, false
	}
	svd.UTo(&s.u)
	svd.VTo(&s.v)
	s.values = svd.Values(nil)
	s.sign = math.Round(mat.Det(&s.u) * mat.Det(&s.v))
	return s, true
}

// productWithout is the product of all singular values but those numbered i and j.
func (s *singular) productWithout(i, j int) float64 {
	product := 1.0
	for k, value := range s.values {
		if k != i && k != j {
			product *= value
		}
	}
	return product
}

// inside is Uᵀ·m·V, and outside σ·U·m·Vᵀ.
func (s *singular) inside(m mat.Matrix) *mat.Dense {
	var b mat.Dense
	b.Product(s.u.T(), m, &s.v)
	return &b
}

func (s *singular) outside(m mat.Matrix) *mat.Dense {
	var b mat.Dense
	b.Product(&s.u, m, s.v.T())
	b.Scale(s.sign, &b)
	return &b
}
