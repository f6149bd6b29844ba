package optimize_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/diff/fd"
	gonum "gonum.org/v1/gonum/optimize"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/optimize"
)

// rosenbrock is Σ 100(xᵢ₊₁−xᵢ²)² + (1−xᵢ)².
func rosenbrock(x autograd.Variable) autograd.Variable {
	head, tail := x.Slice(0, 0, x.Dim(0)-1), x.Slice(0, 1, x.Dim(0))
	return tail.Sub(head.Square()).Square().MulScalar(100).Add(head.SubScalar(1).Square()).Sum()
}

func TestMethodsConverge(t *testing.T) {
	start := make([]float64, 1000)
	for i := range start {
		start[i] = -1.2 + 2.2*float64(i%2)
	}
	for _, test := range []struct {
		name   string
		method gonum.Method
		n      int
	}{
		{"L-BFGS of 1000 variables", &gonum.LBFGS{}, 1000},
		{"Newton", &gonum.Newton{}, 10},
		{"conjugate gradients", &gonum.CG{}, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := &gonum.Settings{GradientThreshold: 1e-8, MajorIterations: 100_000}
			result, err := gonum.Minimize(optimize.Problem(rosenbrock), start[:test.n], settings, test.method)
			if err != nil {
				t.Fatal(err)
			}
			if result.F > 1e-12 && math.Abs(result.F-3.9866) > 1e-3 { // the two minima
				t.Errorf("stopped with %v at %v after %d iterations", result.Status, result.F, result.MajorIterations)
			}
		})
	}
}

// What f panics with ends the run as an error, although gonum evaluates in a goroutine of
// its own; and the next run starts afresh.
func TestErrorsEndTheRun(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1, 2}))
	calls, failing := 0, true
	misshapen := func(x autograd.Variable) autograd.Variable {
		if calls++; failing && calls > 2 {
			x = x.Slice(0, 0, 2)
		}
		return x.Sub(autograd.New([]float64{3, 4, 5})).Square().Sum()
	}
	ofModel, _, _ := optimize.OverParameters([]autograd.Variable{w}, func(tape *autograd.Tape) autograd.Variable {
		return tape.Const(w).Sum()
	})
	var shapeError *autograd.ShapeError
	var tapeError *autograd.TapeError
	misshapenProblem := optimize.Problem(misshapen)
	for _, test := range []struct {
		name    string
		problem gonum.Problem
		start   []float64
		want    any
	}{
		{"shapes that do not fit", misshapenProblem, []float64{1, 2, 3}, &shapeError},
		{"a constant", optimize.Problem(func(autograd.Variable) autograd.Variable { return autograd.Scalar(3.0) }), []float64{1, 2}, &tapeError},
		{"values read off x", optimize.Problem(func(x autograd.Variable) autograd.Variable {
			return autograd.Scalar(x.At(0)).SubScalar(3).Square()
		}), []float64{1, 2}, &tapeError},
		{"a function of something else", optimize.Problem(func(autograd.Variable) autograd.Variable { return w.Square().Sum() }), []float64{1, 2}, &tapeError},
		{"a model's loss without gradient", ofModel, []float64{1, 2}, &tapeError},
		{"several elements", optimize.Problem(func(x autograd.Variable) autograd.Variable { return x.Square() }), []float64{1, 2}, &shapeError},
	} {
		for _, method := range []gonum.Method{&gonum.LBFGS{}, &gonum.Newton{}} {
			if _, newton := method.(*gonum.Newton); newton && test.problem.Hess == nil {
				continue
			}
			t.Run(fmt.Sprintf("%s by %T", test.name, method), func(t *testing.T) {
				calls = 0
				result, err := gonum.Minimize(test.problem, test.start, nil, method)
				if !errors.As(err, test.want) {
					t.Errorf("got %v and %v", result, err)
				}
			})
		}
	}
	failing = false
	result, err := gonum.Minimize(misshapenProblem, []float64{1, 2, 3}, nil, &gonum.LBFGS{})
	if err != nil || result.F > 1e-12 {
		t.Errorf("the next run: %v, %v", result, err)
	}
}

// (a − 3)² + b², with its elements picked: by Index gradients flow.
func TestMinimumOverElements(t *testing.T) {
	problem := optimize.Problem(func(x autograd.Variable) autograd.Variable {
		return x.Index(0).SubScalar(3).Square().Add(x.Index(1).Square())
	})
	result, err := gonum.Minimize(problem, []float64{10, 20}, nil, &gonum.BFGS{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{3, 0}, result.X, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Error(diff)
	}
}

// A logistic regression with 20 weights, fitted by L-BFGS: with exact gradients the
// loss is evaluated once an iteration, with finite differences 22 times.
func Example() {
	rng := rand.New(rand.NewPCG(1, 2))
	x := autograd.Normal(rng, autograd.Float64, 0, 1, 500, 20)
	truth := autograd.Normal(rng, autograd.Float64, 0, 1, 20)
	noise := autograd.Normal(rng, autograd.Float64, 0, 1, 500)
	labels := x.MatMul(truth).Add(noise).Greater(autograd.Scalar(0.0))

	loss := func(w autograd.Variable) autograd.Variable {
		z := x.MatMul(w)
		return z.Softplus().Sub(labels.Mul(z)).Mean().Add(w.Square().Sum().MulScalar(1e-3))
	}
	exact := optimize.Problem(loss)
	evaluations := 0
	differences := gonum.Problem{
		Func: func(w []float64) float64 { evaluations++; return exact.Func(w) },
	}
	differences.Grad = func(grad, w []float64) { fd.Gradient(grad, differences.Func, w, nil) }

	settings := &gonum.Settings{GradientThreshold: 1e-4}
	a, err := gonum.Minimize(exact, make([]float64, 20), settings, &gonum.LBFGS{})
	if err != nil {
		fmt.Println(err)
	}
	b, err := gonum.Minimize(differences, make([]float64, 20), settings, &gonum.LBFGS{})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("exact:       loss %.4f, %d values and %d gradients\n", a.F, a.FuncEvaluations, a.GradEvaluations)
	fmt.Printf("differences: loss %.4f, %d values\n", b.F, evaluations)
	// Output:
	// exact:       loss 0.1779, 11 values and 11 gradients
	// differences: loss 0.1779, 242 values
}

func ExampleOverParameters() {
	w, b := autograd.Parameter(autograd.Zeros(autograd.Float64, 1, 1)), autograd.Parameter(autograd.Zeros(autograd.Float64, 1))
	x := autograd.New([]float64{0, 1, 2, 3}, 4, 1)
	y := autograd.New([]float64{1, 3, 5, 7}, 4, 1)
	problem, start, set := optimize.OverParameters([]autograd.Variable{w, b}, func(tape *autograd.Tape) autograd.Variable {
		return autograd.Linear(tape.Const(x), w, b).Sub(y).Square().Mean()
	})
	result, err := gonum.Minimize(problem, start, nil, &gonum.BFGS{})
	if err != nil {
		fmt.Println(err)
		return
	}
	set(result.X)
	fmt.Printf("y = %.3f·x + %.3f\n", w.Item(), b.Item())
	// Output:
	// y = 2.000·x + 1.000
}

// A loss that has a derivative in it: the network's slope is to be 2x, its value 0 at 0.
func TestOverParametersWithDerivatives(t *testing.T) {
	a, b := autograd.Parameter(autograd.New([]float64{0.5})), autograd.Parameter(autograd.New([]float64{0.3}))
	x := autograd.New([]float64{-1, 0, 1, 2})
	problem, start, set := optimize.OverParameters([]v{a, b}, func(tape *autograd.Tape) v {
		f := func(xs []v) v { return a.Mul(xs[0].Square()).Add(b).Sum() }
		_, slopes := autograd.ValueAndGrad(f, tape.Const(x))
		return slopes[0].Sub(x.MulScalar(2)).Square().Sum().Add(b.Square().Sum())
	})
	result, err := gonum.Minimize(problem, start, nil, &gonum.LBFGS{})
	if err != nil {
		t.Fatal(err)
	}
	set(result.X)
	if diff := cmp.Diff([]float64{1, 0}, result.X, cmpopts.EquateApprox(0, 1e-6)); diff != "" || result.F > 1e-10 {
		t.Errorf("%s at %v", diff, result.F)
	}
}
