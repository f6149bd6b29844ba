package optimize

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// linearization is ‖f + J·p‖ as a function of the step p, in coordinates where it falls into
// independent parts. With q = D·p and the singular values of J·D⁻¹ = U·S·Vᵀ it is, but for
// a constant,
//
//	Σ (cₖ + sₖ·(Vᵀq)ₖ)²   where c = Uᵀf,
//
// and the minimum with damping λ, of that plus λ‖q‖², is (Vᵀq)ₖ = −sₖcₖ/(sₖ² + λ).
type linearization struct {
	s    []float64  // singular values, in decreasing order
	c    []float64  // Uᵀf
	v    *mat.Dense // [n, number of singular values]
	norm float64    // ‖f‖
}

// linearize factorizes J [m, n] and f [m] for the scale D. Where there are more residuals than
// parameters, a QR factorization reduces them to n first.
func linearize(jacobian *mat.Dense, f, scale []float64) (*linearization, error) {
	m, n := jacobian.Dims()
	a, b := mat.DenseCopyOf(jacobian), mat.NewVecDense(m, f)
	a.Apply(func(_, j int, v float64) float64 { return v / scale[j] }, a)
	if m > n {
		var qr mat.QR
		qr.Factorize(a)
		var q, r mat.Dense
		qr.QTo(&q)
		qr.RTo(&r)
		reduced := mat.NewVecDense(n, nil)
		reduced.MulVec(q.Slice(0, m, 0, n).T(), b)
		a, b = mat.DenseCopyOf(r.Slice(0, n, 0, n)), reduced
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		return nil, errors.New("optimize: least squares: the singular values of the Jacobian did not converge")
	}
	var u mat.Dense
	l := &linearization{s: svd.Values(nil), v: &mat.Dense{}, norm: floats.Norm(f, 2)}
	svd.UTo(&u)
	svd.VTo(l.v)
	c := mat.NewVecDense(len(l.s), nil)
	c.MulVec(u.T(), b)
	l.c = c.RawVector().Data
	return l, nil
}

// rank is how many singular values are more than rounding errors.
func (l *linearization) rank() int {
	n, k := l.v.Dims()
	rank := 0
	for rank < k && l.s[rank] > 0x1p-52*float64(n)*l.s[0] {
		rank++
	}
	return rank
}

// removable is the norm of the projection of f onto the columns of J.
func (l *linearization) removable() float64 { return floats.Norm(l.c[:l.rank()], 2) }

// parts are the parts of Vᵀq for the damping λ, and the norm of q. Without damping, parts
// beyond the rank are 0.
func (l *linearization) parts(damping float64) (parts []float64, norm float64) {
	parts = make([]float64, len(l.s))
	used := len(l.s)
	if damping == 0 {
		used = l.rank()
	}
	for k := range used {
		parts[k] = -l.c[k] / (l.s[k] + damping/l.s[k])
	}
	return parts, floats.Norm(parts, 2)
}

// step is a step that was computed, and what is expected of it.
type step struct {
	q               []float64 // in the scale
	length, damping float64   // ‖q‖ and λ

	// As fractions of ‖f‖²: by how much the sum of squares falls where f is linear, and half
	// its derivative in the direction of the step.
	predicted, slope float64
}

// step is the step whose length is the radius within a tenth, or the undamped one if that is
// no longer.
func (l *linearization) step(radius float64) step {
	var s step
	parts, length := l.parts(0)
	if length > 1.1*radius {
		parts, s.damping = l.damped(radius)
	}
	q := mat.NewVecDense(l.v.RawMatrix().Rows, nil)
	q.MulVec(l.v, mat.NewVecDense(len(parts), parts))
	s.q, s.length = q.RawVector().Data, floats.Norm(parts, 2)
	for k, part := range parts {
		change, damped := l.s[k]*part/l.norm, s.damping*(part/l.norm)*(part/l.norm)
		s.predicted += change*change + 2*damped
		s.slope -= change*change + damped
	}
	return s
}

// damped finds λ where ‖q(λ)‖ is the radius, within a tenth. ‖q‖ falls with λ about as
// a/(b + λ) does, so Newton's method is applied to 1/‖q‖ (Hebden 1973), between bounds.
func (l *linearization) damped(radius float64) (parts []float64, damping float64) {
	gradient := make([]float64, len(l.s)) // JᵀF in the scale
	floats.MulTo(gradient, l.s, l.c)
	low, high := 0.0, floats.Norm(gradient, 2)/radius
	damping = max(1e-3*high, math.SmallestNonzeroFloat64)
	for range 100 {
		var norm float64
		parts, norm = l.parts(damping)
		if math.Abs(norm-radius) <= 0.1*radius {
			break
		}
		if norm > radius {
			low = damping
		} else {
			high = damping
		}
		var slope float64 // d‖q‖/dλ
		for k, part := range parts {
			slope -= part / norm * part / (l.s[k]*l.s[k] + damping)
		}
		next := damping + norm/radius*(radius-norm)/slope
		if !(next > low && next < high) {
			next = max(math.Sqrt(low*high), 1e-3*high)
		}
		damping = next
	}
	return parts, damping
}
