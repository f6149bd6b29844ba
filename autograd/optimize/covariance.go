package optimize

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// CovarianceError says that the data do not determine the parameters' covariance.
type CovarianceError struct {
	Residuals  int // m
	Parameters int // n
	Rank       int // of the Jacobian
}

// Error says which of the two reasons it is, with the numbers.
func (e *CovarianceError) Error() string {
	if e.Rank < e.Parameters {
		return fmt.Sprintf("optimize: no covariance of %d parameters: at the result the Jacobian has rank %d, so some combination of parameters changes no residual", e.Parameters, e.Rank)
	}
	return fmt.Sprintf("optimize: no covariance of %d parameters: %d residuals leave none to tell their variance from", e.Parameters, e.Residuals)
}

// ResidualStandardDeviation is √(Σ f(X)ᵢ²/(m − n)), the estimated standard deviation of
// the noise in each residual; NaN unless there are more residuals than parameters.
func (r *LeastSquaresResult) ResidualStandardDeviation() float64 {
	free := len(r.Residuals) - len(r.X)
	if free <= 0 {
		return math.NaN()
	}
	return math.Sqrt(r.SumOfSquares / float64(free))
}

// Covariance is that of the estimated parameters [n, n], to first order, where residuals
// have independent noise of the same variance: (JᵀJ)⁻¹·Σ f(X)ᵢ²/(m − n). It is computed
// from the singular values of J, not from JᵀJ, which has half the digits. The error is a
// [*CovarianceError] unless there are more residuals than parameters and J has full rank. The
// result is one that [LeastSquares] returned without an error.
func (r *LeastSquaresResult) Covariance() (*mat.SymDense, error) {
	m, n := r.Jacobian.Dims()
	scale := make([]float64, n)
	for j := range scale {
		if scale[j] = mat.Norm(r.Jacobian.ColView(j), 2); scale[j] == 0 {
			scale[j] = 1
		}
	}
	l, err := linearize(r.Jacobian, r.Residuals, scale)
	if err != nil {
		return nil, err
	}
	if rank := l.rank(); rank < n || m <= n {
		return nil, &CovarianceError{m, n, rank}
	}
	// (JᵀJ)⁻¹ = W·Wᵀ where W = D⁻¹·V·S⁻¹.
	deviation := r.ResidualStandardDeviation()
	l.v.Apply(func(j, k int, v float64) float64 { return v / l.s[k] / scale[j] * deviation }, l.v)
	covariance := mat.NewSymDense(n, nil)
	covariance.SymOuterK(1, l.v)
	return covariance, nil
}

// StandardErrors are the square roots of the diagonal of [LeastSquaresResult.Covariance]:
// the estimated standard deviation of each parameter.
func (r *LeastSquaresResult) StandardErrors() ([]float64, error) {
	covariance, err := r.Covariance()
	if err != nil {
		return nil, err
	}
	deviations := make([]float64, len(r.X))
	for j := range deviations {
		deviations[j] = math.Sqrt(covariance.At(j, j))
	}
	return deviations, nil
}
