package optimize_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/mat"
	gonum "gonum.org/v1/gonum/optimize"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/optimize"
)

// Problems of Moré, Garbow and Hillstrom, "Testing Unconstrained Optimization Software",
// 1981, whose minima are known.
func TestLeastSquares(t *testing.T) {
	rosenbrockResiduals := func(x v) v {
		return autograd.Stack(0, x.Index(1).Sub(x.Index(0).Square()).MulScalar(10), x.Index(0).SubScalar(1).Neg())
	}
	powellSingular := func(x v) v {
		a, b, c, d := x.Index(0), x.Index(1), x.Index(2), x.Index(3)
		return autograd.Stack(0, a.Add(b.MulScalar(10)), c.Sub(d).MulScalar(math.Sqrt(5)), b.Sub(c.MulScalar(2)).Square(), a.Sub(d).Square().MulScalar(math.Sqrt(10)))
	}
	freudensteinRoth := func(x v) v {
		a, b := x.Index(0), x.Index(1)
		return autograd.Stack(0, a.SubScalar(13).Add(b.Neg().AddScalar(5).Mul(b).SubScalar(2).Mul(b)), a.SubScalar(29).Add(b.AddScalar(1).Mul(b).SubScalar(14).Mul(b)))
	}
	for _, test := range []struct {
		name      string
		f         func(x v) v
		start     []float64
		want      []float64
		sum       float64
		tolerance float64
	}{
		{"Rosenbrock", rosenbrockResiduals, []float64{-1.2, 1}, []float64{1, 1}, 0, 1e-12},
		{"Rosenbrock from far", rosenbrockResiduals, []float64{-120, 100}, []float64{1, 1}, 0, 1e-12},
		{"Powell's singular function", powellSingular, []float64{3, -1, 0, 1}, []float64{0, 0, 0, 0}, 0, 1e-3},
		{"Freudenstein and Roth, a local minimum with a singular Jacobian", freudensteinRoth, []float64{0.5, -2}, []float64{11.4127789869, -0.896805253274}, 48.9842536792, 1e-7},
		{"from zero", func(x v) v { return x.Sub(vec(3, -4)) }, []float64{0, 0}, []float64{3, -4}, 0, 1e-12},
		{"at the minimum", func(x v) v { return x.Sub(vec(3, -4)) }, []float64{3, -4}, []float64{3, -4}, 0, 0},
		{"units of 1e±8", func(x v) v { return x.Mul(vec(1e8, 1e-8)).Sub(vec(3, -4)) }, []float64{1, 1}, []float64{3e-8, -4e8}, 0, 1e-12},
		{"residuals of 1e200", func(x v) v { return x.MulScalar(1e200).SubScalar(2e200) }, []float64{1, 1}, []float64{2, 2}, 0, 1e-12},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := optimize.LeastSquares(t.Context(), test.f, test.start, optimize.LeastSquaresConfig{})
			if err != nil {
				t.Fatalf("%v: %+v", err, result)
			}
			if diff := cmp.Diff(test.want, result.X, cmpopts.EquateApprox(test.tolerance, test.tolerance)); diff != "" {
				t.Errorf("%v after %d steps: %s", result.Status, result.MajorIterations, diff)
			}
			if !(math.Abs(result.SumOfSquares-test.sum) <= 1e-10*max(1, test.sum)) {
				t.Errorf("sum of squares %v, want %v", result.SumOfSquares, test.sum)
			}
			if result.Status.Early() || result.Status == gonum.NotTerminated {
				t.Errorf("status %v", result.Status)
			}
		})
	}
}

// A linear model: parameters, covariance and the deviation are those of the normal equations.
func TestCovarianceOfLinearModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const m, n = 40, 4
	a, noise := autograd.Normal(rng, autograd.Float64, 0, 1, m, n), autograd.Normal(rng, autograd.Float64, 0, 0.3, m)
	y := a.MatMul(vec(1, -2, 0.5, 3)).Add(noise)
	result, err := optimize.LeastSquares(t.Context(), func(x v) v { return a.MatMul(x).Sub(y) }, make([]float64, n), optimize.LeastSquaresConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var ata, inverse mat.Dense
	var x mat.VecDense
	ata.Mul(a.Mat().T(), a.Mat())
	if err := inverse.Inverse(&ata); err != nil {
		t.Fatal(err)
	}
	x.MulVec(a.Mat().T(), mat.NewVecDense(m, y.Float64s()))
	x.MulVec(&inverse, &x)
	if diff := cmp.Diff(x.RawVector().Data, result.X, cmpopts.EquateApprox(1e-10, 0)); diff != "" {
		t.Errorf("parameters: %s", diff)
	}
	deviation := result.ResidualStandardDeviation()
	if want := math.Sqrt(result.SumOfSquares / (m - n)); deviation != want {
		t.Errorf("residual standard deviation %v, want %v", deviation, want)
	}
	inverse.Scale(deviation*deviation, &inverse)
	covariance, err := result.Covariance()
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(covariance, &inverse, 1e-12) {
		t.Errorf("covariance\n%v, want\n%v", mat.Formatted(covariance), mat.Formatted(&inverse))
	}
	errors, err := result.StandardErrors()
	for j := range errors {
		if err != nil || math.Abs(errors[j]-math.Sqrt(inverse.At(j, j))) > 1e-12 {
			t.Errorf("standard error %d is %v, want %v (%v)", j, errors[j], math.Sqrt(inverse.At(j, j)), err)
		}
	}
	if result.MajorIterations > 6 {
		t.Errorf("%d steps for a linear model", result.MajorIterations)
	}
}

// Where the Jacobian has no full rank there is a minimum still, but no covariance.
func TestSingularJacobian(t *testing.T) {
	for _, test := range []struct {
		name  string
		f     func(x v) v
		start []float64
		want  optimize.CovarianceError
	}{
		{"a sum of parameters", func(x v) v { return x.Sum().Sub(vec(1, 2, 4)) }, []float64{5, 6}, optimize.CovarianceError{Residuals: 3, Parameters: 2, Rank: 1}},
		{"an unused parameter", func(x v) v { return x.Index(0).Sub(vec(1, 2, 4)) }, []float64{5, 6}, optimize.CovarianceError{Residuals: 3, Parameters: 2, Rank: 1}},
		{"no slope at all", func(x v) v { return x.MulScalar(0).Sub(vec(1, 2)) }, []float64{5, 6}, optimize.CovarianceError{Residuals: 2, Parameters: 2, Rank: 0}},
		{"fewer residuals than parameters", func(x v) v { return x.Square().Sum().SubScalar(4).Reshape(1) }, []float64{1, 2, 3}, optimize.CovarianceError{Residuals: 1, Parameters: 3, Rank: 1}},
		{"as many residuals as parameters", func(x v) v { return x.Sub(vec(1, 2)) }, []float64{5, 6}, optimize.CovarianceError{Residuals: 2, Parameters: 2, Rank: 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := optimize.LeastSquares(t.Context(), test.f, test.start, optimize.LeastSquaresConfig{})
			if err != nil {
				t.Fatal(err)
			}
			// At a minimum the residuals are orthogonal to the columns of the Jacobian.
			var gradient mat.VecDense
			gradient.MulVec(result.Jacobian.T(), mat.NewVecDense(len(result.Residuals), result.Residuals))
			if norm := mat.Norm(&gradient, 2); !(norm < 1e-8) {
				t.Errorf("gradient %v at %v, %v", norm, result.X, result.Status)
			}
			var none *optimize.CovarianceError
			if _, err := result.StandardErrors(); !errors.As(err, &none) || *none != test.want || none.Error() == "" {
				t.Errorf("standard errors: %v, want %+v", err, test.want)
			}
			if len(result.Residuals) <= len(result.X) && !math.IsNaN(result.ResidualStandardDeviation()) {
				t.Error("a deviation without degrees of freedom")
			}
		})
	}
}

// A region where residuals are not finite is walked around; where there is no way, the error
// names residual and parameter.
func TestNonFiniteResiduals(t *testing.T) {
	wall := func(x v) v { return x.Log().Sub(vec(-3)) } // NaN for x < 0
	result, err := optimize.LeastSquares(t.Context(), wall, []float64{30}, optimize.LeastSquaresConfig{InitialRadius: 100})
	if err != nil || math.Abs(result.X[0]-math.Exp(-3)) > 1e-12 {
		t.Errorf("beside the wall: %+v, %v", result, err)
	}
	if result.FuncEvaluations <= result.MajorIterations+1 {
		t.Error("no step led behind the wall: the test tests nothing")
	}

	for _, test := range []struct {
		name                string
		f                   func(x v) v
		start               []float64
		residual, parameter int
	}{
		{"NaN at the start", func(x v) v { return x.Log() }, []float64{1, -1}, 1, -1},
		{"infinite at the start", func(x v) v { return x.Reciprocal() }, []float64{0, 1}, 0, -1},
		{"a derivative at the start", func(x v) v { return x.Sqrt().SubScalar(2) }, []float64{1, 0}, 1, 1},
		{"start of NaN", func(x v) v { return x }, []float64{math.NaN()}, 0, -1},
		{"all around", func(x v) v {
			return autograd.Where(x.Equal(vec(1)), x, vec(math.NaN()))
		}, []float64{1}, 0, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := optimize.LeastSquares(t.Context(), test.f, test.start, optimize.LeastSquaresConfig{})
			var nonFinite *optimize.NonFiniteError
			if !errors.As(err, &nonFinite) || nonFinite.Residual != test.residual || nonFinite.Parameter != test.parameter || result.Status != gonum.Failure {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
}

func TestLeastSquaresEndsEarly(t *testing.T) {
	f := func(x v) v { return x.Exp().Sub(vec(1e9, 2e9)) }
	start := []float64{-3, -3}
	cause := errors.New("enough")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	grows := 0
	var shape *autograd.ShapeError
	var dtype *autograd.DTypeError
	var tape *autograd.TapeError
	var value *autograd.ValueError
	for _, test := range []struct {
		name   string
		ctx    context.Context
		f      func(x v) v
		start  []float64
		config optimize.LeastSquaresConfig
		is     error
		as     any
		status gonum.Status
	}{
		{name: "cancelled", ctx: cancelled, is: cause, status: gonum.Failure},
		{name: "iterations", config: optimize.LeastSquaresConfig{MajorIterations: 3}, is: gonum.IterationLimit.Err(), status: gonum.IterationLimit},
		{name: "evaluations", config: optimize.LeastSquaresConfig{FuncEvaluations: 4}, is: gonum.FunctionEvaluationLimit.Err(), status: gonum.FunctionEvaluationLimit},
		{name: "Recorder", config: optimize.LeastSquaresConfig{Recorder: stopAfter{2, cause}}, is: cause, status: gonum.Failure},
		{name: "no parameters", start: []float64{}, as: &value, status: gonum.Failure},
		{name: "a negative limit", config: optimize.LeastSquaresConfig{MajorIterations: -1}, as: &value, status: gonum.Failure},
		{name: "no vector", f: func(x v) v { return x.Sum() }, as: &shape, status: gonum.Failure},
		{name: "no residuals", f: func(x v) v { return x.Slice(0, 0, 0) }, as: &shape, status: gonum.Failure},
		{name: "other shapes", f: func(x v) v { return x.Sub(vec(1, 2, 3)) }, as: &shape, status: gonum.Failure},
		{name: "another number of residuals", f: func(x v) v { grows++; return autograd.Concat(0, x, autograd.Zeros(autograd.Float64, grows)) }, as: &shape, status: gonum.Failure},
		{name: "float32", f: func(x v) v { return x.AsType(autograd.Float32) }, as: &dtype, status: gonum.Failure},
		{name: "values read off x", f: func(x v) v { return vec(x.At(0)) }, as: &tape, status: gonum.Failure},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			if test.f == nil {
				test.f = f
			}
			if test.start == nil {
				test.start = start
			}
			result, err := optimize.LeastSquares(test.ctx, test.f, test.start, test.config)
			if test.is != nil && !errors.Is(err, test.is) || test.as != nil && !errors.As(err, test.as) {
				t.Errorf("error %v", err)
			}
			if result.Status != test.status || len(result.X) != len(test.start) {
				t.Errorf("result %+v", result)
			}
		})
	}
	if diff := cmp.Diff([]float64{-3, -3}, start); diff != "" {
		t.Errorf("start was changed: %s", diff)
	}
}

type stopAfter struct {
	records int
	err     error
}

func (stopAfter) Init() error { return nil }
func (s stopAfter) Record(_ *gonum.Location, _ gonum.Operation, stats *gonum.Stats) error {
	if stats.MajorIterations >= s.records {
		return s.err
	}
	return nil
}

// gonum's Printer can be the Recorder, and is told the gradient of the sum of squares.
func TestRecorder(t *testing.T) {
	f := func(x v) v { return x.Exp().Sub(vec(2, 3)) }
	var seen recorder
	result, err := optimize.LeastSquares(t.Context(), f, []float64{0, 0}, optimize.LeastSquaresConfig{Recorder: &seen})
	if err != nil {
		t.Fatal(err)
	}
	if want := result.MajorIterations + 2; len(seen.sums) != want || seen.sums[0] != 1+4 || seen.sums[want-1] != result.SumOfSquares {
		t.Errorf("sums %v after %d steps", seen.sums, result.MajorIterations)
	}
	if diff := cmp.Diff([]float64{-2, -4}, seen.gradient, cmpopts.EquateApprox(1e-15, 0)); diff != "" {
		t.Errorf("gradient at the start: %s", diff)
	}
	printer := gonum.NewPrinter()
	printer.Writer = io.Discard
	if _, err := optimize.LeastSquares(t.Context(), f, []float64{0, 0}, optimize.LeastSquaresConfig{Recorder: printer}); err != nil {
		t.Error(err)
	}
}

type recorder struct{ sums, gradient []float64 }

func (*recorder) Init() error { return nil }
func (r *recorder) Record(l *gonum.Location, operation gonum.Operation, _ *gonum.Stats) error {
	if operation == gonum.InitIteration {
		r.gradient = append(r.gradient, l.Gradient...)
	}
	r.sums = append(r.sums, l.F)
	return nil
}

// Logistic growth is fitted to ten measurements: the parameters with their standard errors.
func ExampleLeastSquares() {
	t := autograd.Arange(autograd.Float64, 0, 10, 1)
	y := autograd.New([]float64{2.1, 3.0, 5.2, 8.4, 12.6, 17.3, 21.9, 24.8, 27.6, 28.4})
	growth := func(b autograd.Variable) autograd.Variable { // b₀/(1 + e^(b₁ − b₂t))
		return b.Index(0).Mul(b.Index(2).Mul(t).Sub(b.Index(1)).Sigmoid())
	}
	residuals := func(b autograd.Variable) autograd.Variable { return y.Sub(growth(b)) }
	fit, err := optimize.LeastSquares(context.Background(), residuals, []float64{20, 1, 1}, optimize.LeastSquaresConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	errors, err := fit.StandardErrors()
	if err != nil {
		fmt.Println(err)
		return
	}
	for j, b := range fit.X {
		fmt.Printf("b%d = %.3f ± %.3f\n", j, b, errors[j])
	}
	fmt.Printf("residual standard deviation %.3f\n", fit.ResidualStandardDeviation())
	// Output:
	// b0 = 30.454 ± 0.338
	// b1 = 2.815 ± 0.050
	// b2 = 0.620 ± 0.015
	// residual standard deviation 0.249
}
