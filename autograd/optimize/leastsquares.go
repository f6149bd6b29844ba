package optimize

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/chainrule-go/chainrule/autograd"
)

// LeastSquaresConfig configures [LeastSquares]. The zero value of a field means its
// default. A negative tolerance switches its rule off.
type LeastSquaresConfig struct {
	// GradientTolerance ends the run where the part of the residuals that a change of the
	// parameters could still remove, their projection onto the columns of the Jacobian, is
	// at most this fraction of their norm, or there are no residuals left: the status is
	// optimize.GradientThreshold. It is how far the parameters are from the optimum in units
	// of their standard errors, but for √(m−n) (Bates and Watts, "A Relative Offset
	// Orthogonality Convergence Criterion for Nonlinear Least Squares", Technometrics 23,
	// 1981). Default 1e-10.
	GradientTolerance float64

	// FunctionTolerance ends the run where both the reduction of the sum of squares that a
	// step brings and the one that was expected of it are at most this fraction of the sum,
	// and what GradientTolerance is compared with no longer falls by a hundredth:
	// optimize.FunctionConvergence. Default 1e-14.
	FunctionTolerance float64

	// StepTolerance ends the run where the trust region, which bounds the next step, is
	// smaller than this fraction of the parameters, both in the scale of the columns of the
	// Jacobian: optimize.StepConvergence. Default 1e-15.
	StepTolerance float64

	// InitialRadius is the size of the first trust region as a multiple of that of the
	// starting point, or of 1 if that is zero, in the scale of the columns of the Jacobian.
	// MINPACK recommends 100, which is bold: from a bad start the first step may then lead to
	// where the model has no slope. Default 1.
	InitialRadius float64

	// MajorIterations is how many steps may be taken. Default 1000.
	MajorIterations int

	// FuncEvaluations is how many times the residuals may be computed, not counting those
	// for Jacobians. Default: without limit.
	FuncEvaluations int

	// Recorder, if there is one, is told of the start, each step and the end, with the sum
	// of squares and its gradient; gonum's Printer is one. It must not keep nor change what
	// it is given.
	Recorder optimize.Recorder
}

func (c LeastSquaresConfig) withDefaults() LeastSquaresConfig {
	for _, d := range []struct {
		field *float64
		value float64
	}{{&c.GradientTolerance, 1e-10}, {&c.FunctionTolerance, 1e-14}, {&c.StepTolerance, 1e-15}, {&c.InitialRadius, 1}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	c.MajorIterations = cmp.Or(c.MajorIterations, 1000)
	c.FuncEvaluations = cmp.Or(c.FuncEvaluations, math.MaxInt)
	return c
}

// LeastSquaresResult is what [LeastSquares] found.
type LeastSquaresResult struct {
	X            []float64  // the parameters, [n]
	Residuals    []float64  // f(X), [m]
	SumOfSquares float64    // Σ f(X)ᵢ²
	Jacobian     *mat.Dense // ∂fᵢ/∂xⱼ at X, [m, n]

	// Stats counts steps as MajorIterations, computations of the residuals as
	// FuncEvaluations and of Jacobians as GradEvaluations.
	optimize.Stats
	Status optimize.Status // why the run ended
}

// NonFiniteError says that residuals or their derivatives are infinite or NaN where they
// are needed: at the start of [LeastSquares], or however short the step that is tried.
type NonFiniteError struct {
	X         []float64 // the parameters
	Residual  int       // the number of the first such residual
	Parameter int       // of the derivative by it, or −1 if it is the residual itself
	Value     float64
}

// Error names the residual, the parameter and the point.
func (e *NonFiniteError) Error() string {
	what := fmt.Sprintf("residual %d", e.Residual)
	if e.Parameter >= 0 {
		what = fmt.Sprintf("the derivative of residual %d by x[%d]", e.Residual, e.Parameter)
	}
	return fmt.Sprintf("optimize: %s is %v at x = %v", what, e.Value, e.X)
}

// LeastSquares finds parameters x [n] that minimize Σ f(x)ᵢ², near start, by the method of
// Levenberg and Marquardt with a trust region, as in MINPACK (Moré, "The Levenberg–Marquardt
// algorithm: implementation and theory", 1978). f computes the residuals, a vector [m] of
// float64, from the parameters; a model y(x) of data is fitted by f = data − y(x). The
// Jacobian is exact, by forward or backward mode, whichever is less work ([autograd.Jacobian]).
//
// The step p minimizes ‖f + J·p‖ where ‖D·p‖ is at most the radius of the trust region. D
// scales parameters by the largest norm that their column of J has had, so that units do not
// matter. A step that does not keep a part of what J promised, or leads to values that are not
// finite, is not taken, and the region shrinks. J and f are reduced by a QR factorization and
// the singular values of R, never by JᵀJ, which has half the digits; a Jacobian without full
// rank is fine, and so are fewer residuals than parameters.
//
// The run ends by one of the rules of the configuration, which the Status names. The error is
// not nil, and the result is where the run had got to, if it ended for another reason:
//
//   - ctx is done: its cause, wrapped;
//   - a limit is reached: [optimize.Status.Err] of that limit, wrapped;
//   - [*NonFiniteError], where residuals or derivatives are not finite;
//   - an error of package autograd that an operation in f panicked with, such as
//     [*autograd.ShapeError], also where f's result is no vector or changes its length;
//     [*autograd.TapeError] where it does not depend on x; [*autograd.ValueError] where
//     start is empty or the configuration has values without meaning.
//
// f is called by this goroutine only, on tapes of LeastSquares's making.
func LeastSquares(ctx context.Context, f func(x autograd.Variable) autograd.Variable, start []float64, config LeastSquaresConfig) (*LeastSquaresResult, error) {
	began := time.Now()
	config = config.withDefaults()
	r := &run{f: f, config: config, forward: autograd.NewTape(autograd.TapeConfig{NoGrad: true})}
	r.X = slices.Clone(start)
	err := autograd.Try(func() {
		if len(start) == 0 || config.InitialRadius < 0 || config.MajorIterations < 0 || config.FuncEvaluations < 0 || math.IsNaN(config.InitialRadius) {
			panic(&autograd.ValueError{Op: "optimize.LeastSquares", Reason: "expected parameters to start from, limits and a radius that are not negative"})
		}
	})
	if err == nil {
		err = r.minimize(ctx)
	}
	r.Runtime = time.Since(began)
	if err != nil && r.Status == optimize.NotTerminated {
		r.Status = optimize.Failure
	}
	if err == nil {
		err = r.record(optimize.PostIteration)
	}
	return &r.LeastSquaresResult, err
}

// run is a minimization under way.
type run struct {
	LeastSquaresResult
	f       func(x autograd.Variable) autograd.Variable
	config  LeastSquaresConfig
	forward *autograd.Tape // records nothing

	scale  []float64 // D, by parameter
	radius float64   // of the trust region, in the scale
	bad    error     // of a step that was tried since the last that was taken
}

func (r *run) minimize(ctx context.Context) error {
	if err := r.begin(); err != nil {
		return err
	}
	for {
		l, err := linearize(r.Jacobian, r.Residuals, r.scale)
		if err != nil {
			return err
		}
		if l.norm == 0 || l.removable() <= r.config.GradientTolerance*l.norm {
			r.Status = optimize.GradientThreshold
			return nil
		}
		if r.radius < 0 { // the first time
			_, undamped := l.parts(0)
			r.radius = min(r.config.InitialRadius*r.size(), undamped)
			r.radius = cmp.Or(r.radius, min(r.config.InitialRadius, undamped))
		}
		for taken := false; !taken; {
			if err := r.checkLimits(ctx); err != nil {
				return err
			}
			var err error
			if taken, err = r.try(l); err != nil || r.Status != optimize.NotTerminated {
				return err
			}
		}
		if err := r.record(optimize.MajorIteration); err != nil {
			return err
		}
	}
}

// begin computes what there is at the start.
func (r *run) begin() (err error) {
	if r.Residuals, err = r.residuals(r.X); err != nil {
		return err
	}
	if r.Jacobian, err = r.jacobian(r.X); err != nil {
		return err
	}
	r.SumOfSquares = floats.Dot(r.Residuals, r.Residuals)
	r.scale, r.radius = make([]float64, len(r.X)), -1
	r.rescale()
	if r.config.Recorder != nil {
		if err := r.config.Recorder.Init(); err != nil {
			return err
		}
	}
	return r.record(optimize.InitIteration)
}

// rescale makes the scale at least the norms of the Jacobian's columns.
func (r *run) rescale() {
	for j := range r.scale {
		norm := mat.Norm(r.Jacobian.ColView(j), 2)
		if r.scale[j] = max(r.scale[j], norm); r.scale[j] == 0 && r.radius < 0 {
			r.scale[j] = 1
		}
	}
}

// size is ‖D·x‖.
func (r *run) size() float64 {
	scaled := slices.Clone(r.X)
	floats.Mul(scaled, r.scale)
	return floats.Norm(scaled, 2)
}

func (r *run) checkLimits(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("optimize: least squares after %d iterations: %w", r.MajorIterations, context.Cause(ctx))
	}
	switch {
	case r.MajorIterations >= r.config.MajorIterations:
		r.Status = optimize.IterationLimit
	case r.FuncEvaluations >= r.config.FuncEvaluations:
		r.Status = optimize.FunctionEvaluationLimit
	default:
		return nil
	}
	return fmt.Errorf("optimize: least squares after %d iterations and %d evaluations: %w", r.MajorIterations, r.FuncEvaluations, r.Status.Err())
}

// try tries the step that the linearization proposes, takes it if it is good, adapts the
// radius and sets the status if the run is over.
func (r *run) try(l *linearization) (taken bool, err error) {
	s, tolerance := l.step(r.radius), r.config.FunctionTolerance
	x := slices.Clone(r.X)
	for j := range x {
		x[j] += s.q[j] / r.scale[j]
	}
	var jacobian *mat.Dense
	actual := -1.0
	residuals, err := r.residuals(x)
	if err == nil {
		actual = r.reduction(residuals)
	}
	settled := math.Abs(actual) <= tolerance && s.predicted <= tolerance
	if err == nil && (settled || actual >= 1e-4*s.predicted) {
		jacobian, err = r.jacobian(x)
		taken = err == nil
	}
	if nonFinite, ok := err.(*NonFiniteError); ok {
		r.bad, err, actual = nonFinite, nil, -1
	}
	if err != nil {
		return false, err
	}
	if taken && settled {
		// Sums of squares no longer tell which point is better; what is left to remove does.
		next, err := linearize(jacobian, residuals, r.scale)
		if err != nil {
			return false, err
		}
		if taken = next.removable() < 0.99*l.removable(); !taken {
			r.Status = optimize.FunctionConvergence
			return false, nil
		}
	} else {
		r.adapt(s, actual)
	}
	if taken {
		r.X, r.Residuals, r.Jacobian, r.bad = x, residuals, jacobian, nil
		r.SumOfSquares = floats.Dot(residuals, residuals)
		r.rescale()
		r.MajorIterations++
	} else if r.config.StepTolerance >= 0 && r.radius <= r.config.StepTolerance*r.size() {
		if r.Status = optimize.StepConvergence; r.bad != nil {
			r.Status = optimize.Failure
			return false, r.bad
		}
	}
	return taken, nil
}

// adapt changes the radius after a step, by how much of what it promised it brought.
func (r *run) adapt(s step, actual float64) {
	switch ratio := actual / s.predicted; {
	case !(ratio > 0.25):
		shrink := 0.5
		if actual < 0 {
			shrink = max(0.1, 0.5*s.slope/(s.slope+0.5*actual))
		}
		if actual <= -1 {
			shrink = 0.1
		}
		r.radius = shrink * min(r.radius, 10*s.length)
	case s.damping == 0 || ratio >= 0.75:
		r.radius = 2 * s.length
	}
}

// reduction is by which fraction the sum of squares is reduced by residuals instead of the
// present ones, or −1 where they are over ten times as large. The difference of the squares
// is a product, which has the digits that the difference of the sums has not.
func (r *run) reduction(residuals []float64) float64 {
	norm := floats.Norm(r.Residuals, 2)
	if !(floats.Norm(residuals, 2) < 10*norm) {
		return -1
	}
	var sum float64
	for i, now := range r.Residuals {
		sum += (now - residuals[i]) / norm * ((now + residuals[i]) / norm)
	}
	return sum
}

// record tells the Recorder where the run is.
func (r *run) record(operation optimize.Operation) error {
	if r.config.Recorder == nil {
		return nil
	}
	gradient := mat.NewVecDense(len(r.X), nil)
	gradient.MulVec(r.Jacobian.T(), mat.NewVecDense(len(r.Residuals), r.Residuals))
	gradient.ScaleVec(2, gradient)
	return r.config.Recorder.Record(&optimize.Location{X: r.X, F: r.SumOfSquares, Gradient: gradient.RawVector().Data}, operation, &r.Stats)
}

// residuals is f(x), checked.
func (r *run) residuals(x []float64) (values []float64, err error) {
	r.FuncEvaluations++
	if err := autograd.Try(func() {
		defer r.forward.Reset()
		values = slices.Clone(r.checked(r.f(r.forward.Float64s(x))).Float64s())
	}); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(values, notFinite); i >= 0 {
		return nil, &NonFiniteError{X: x, Residual: i, Parameter: -1, Value: values[i]}
	}
	return values, nil
}

// jacobian is that of f at x, checked.
func (r *run) jacobian(x []float64) (jacobian *mat.Dense, err error) {
	r.GradEvaluations++
	if err := autograd.Try(func() {
		jacobian = autograd.Jacobian(func(x autograd.Variable) autograd.Variable {
			y := r.checked(r.f(x))
			if !y.Tracked() {
				panic(&autograd.TapeError{Op: "optimize.LeastSquares", Reason: "the residuals do not depend on x: values read off it, as by At, are plain numbers (use Index)"})
			}
			return y
		}, autograd.New(x)).Mat()
	}); err != nil {
		return nil, err
	}
	values := jacobian.RawMatrix().Data
	if i := slices.IndexFunc(values, notFinite); i >= 0 {
		return nil, &NonFiniteError{X: x, Residual: i / len(x), Parameter: i % len(x), Value: values[i]}
	}
	return jacobian, nil
}

// checked panics unless y is a vector of residuals, as many as there were before.
func (r *run) checked(y autograd.Variable) autograd.Variable {
	const op = "optimize.LeastSquares"
	switch {
	case y.DType() != autograd.Float64:
		panic(&autograd.DTypeError{Op: op, DTypes: []autograd.DType{y.DType()}, Reason: "expected residuals of float64"})
	case y.Rank() != 1 || y.Size() == 0:
		panic(&autograd.ShapeError{Op: op, Shapes: [][]int{y.Shape()}, Reason: "expected a vector of residuals"})
	case r.Residuals != nil && y.Size() != len(r.Residuals):
		panic(&autograd.ShapeError{Op: op, Shapes: [][]int{y.Shape()}, Reason: fmt.Sprintf("expected %d residuals, as at the start", len(r.Residuals))})
	}
	return y
}

func notFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
