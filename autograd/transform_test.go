package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

// approximately compares floats by their difference relative to max(1, |x|).
func approximately(tol float64) cmp.Option {
	return cmp.Comparer(func(a, b float64) bool {
		return a == b || math.Abs(a-b) <= tol*max(1, math.Abs(a), math.Abs(b))
	})
}

// rosenbrock is Σ 100(xᵢ₊₁−xᵢ²)² + (1−xᵢ)².
func rosenbrock(x autograd.Variable) autograd.Variable {
	head, tail := x.Slice(0, 0, x.Dim(0)-1), x.Slice(0, 1, x.Dim(0))
	return tail.Sub(head.Square()).Square().MulScalar(100).Add(head.SubScalar(1).Square()).Sum()
}

func TestHessianOfRosenbrock(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 100
	}
	x := autograd.Uniform(rand.New(rand.NewPCG(1, 1)), autograd.Float64, -2, 2, n)
	want := make([]float64, n*n)
	for i, v := range x.Float64s() {
		if i > 0 {
			want[i*n+i] += 200
		}
		if i < n-1 {
			next := x.Float64s()[i+1]
			want[i*n+i] += 1200*v*v - 400*next + 2
			want[i*n+i+1], want[(i+1)*n+i] = -400*v, -400*v
		}
	}
	got := autograd.Hessian(rosenbrock, x)
	if diff := cmp.Diff(want, got.Float64s(), approximately(1e-9)); diff != "" {
		t.Errorf("Hessian differs from the closed form: %.300s", diff)
	}
	if diff := cmp.Diff([]int{n, n}, got.Shape()); diff != "" {
		t.Error(diff)
	}
}

func TestTransformationsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	x := autograd.Normal(rng, autograd.Float64, 0, 1, 3)
	f := func(x autograd.Variable) autograd.Variable {
		return autograd.Outer(x.Sin(), x.Exp()).Mul(x) // [3, 3]
	}
	many := func(xs []autograd.Variable) autograd.Variable { return f(xs[0]) }
	u, v := autograd.Normal(rng, autograd.Float64, 0, 1, 3, 3), autograd.Normal(rng, autograd.Float64, 0, 1, 3)
	jacobian := autograd.Jacobian(f, x)
	if diff := cmp.Diff([]int{3, 3, 3}, jacobian.Shape()); diff != "" {
		t.Fatal(diff)
	}
	_, vjp := autograd.VJP(many, []autograd.Variable{x}, u)
	matrix := jacobian.Reshape(9, 3)
	if diff := cmp.Diff(u.Reshape(9).MatMul(matrix).Float64s(), vjp[0].Float64s(), approximately(1e-14)); diff != "" {
		t.Errorf("uᵀJ: %s", diff)
	}
	_, jvp := autograd.JVP(many, []autograd.Variable{x}, []autograd.Variable{v})
	if diff := cmp.Diff(matrix.MatMul(v).Float64s(), jvp.Float64s(), approximately(1e-14)); diff != "" {
		t.Errorf("Jv: %s", diff)
	}
	wide := func(x autograd.Variable) autograd.Variable { return f(x).Sum(0).Slice(0, 0, 2) } // 2 of 3: by rows
	if diff := cmp.Diff(matrix.Reshape(3, 3, 3).Sum(0).Slice(0, 0, 2).Float64s(), autograd.Jacobian(wide, x).Float64s(), approximately(1e-14)); diff != "" {
		t.Errorf("by rows: %s", diff)
	}
	scalar := func(x autograd.Variable) autograd.Variable { return f(x).Square().Sum() }
	hessian := autograd.Hessian(scalar, x)
	hvp := autograd.HVP(func(xs []autograd.Variable) autograd.Variable { return scalar(xs[0]) }, []autograd.Variable{x}, []autograd.Variable{v})
	if diff := cmp.Diff(hessian.MatMul(v).Float64s(), hvp[0].Float64s(), approximately(1e-13)); diff != "" {
		t.Errorf("Hv: %s", diff)
	}
	if diff := cmp.Diff(hessian.Float64s(), hessian.T().Float64s(), approximately(1e-13)); diff != "" {
		t.Errorf("the Hessian is not symmetric: %s", diff)
	}
}

func TestTransformationsOfSeveralVariables(t *testing.T) {
	f := func(xs []autograd.Variable) autograd.Variable { return xs[0].Square().Mul(xs[1]).Sum() }
	value, grads := autograd.ValueAndGrad(f, vector(1, 2), vector(3))
	if value.Item() != 15 {
		t.Errorf("value %v, want 15", value.Item())
	}
	if diff := cmp.Diff([]float64{6, 12}, grads[0].Float64s()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{5}, grads[1].Float64s()); diff != "" {
		t.Error(diff)
	}
	constant := func(xs []autograd.Variable) autograd.Variable { return autograd.Scalar(4.0) }
	var tapeError *autograd.TapeError
	for name, f := range map[string]autograd.Func{
		"constant function": constant,
		"function of one":   func(xs []autograd.Variable) autograd.Variable { return xs[0].Sum() },
		"values read off":   func(xs []autograd.Variable) autograd.Variable { return xs[0].Sum().MulScalar(xs[1].At(0)) },
	} {
		if err := autograd.Try(func() { autograd.ValueAndGrad(f, vector(1, 2), vector(3)) }); !errors.As(err, &tapeError) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	value, grads = autograd.GradConfig{AllowUnused: true}.ValueAndGrad(constant, vector(1, 2))
	if value.Item() != 4 || grads[0].Float64s()[1] != 0 {
		t.Errorf("constant function: value %v, gradient %v", value, grads[0])
	}
}

func TestPerExampleGrad(t *testing.T) {
	w := autograd.Parameter(vector(1, -2))
	batch := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 3, 2)
	f := func(example autograd.Variable) autograd.Variable { return autograd.Dot(example, w).Square() }
	got := autograd.PerExampleGrad(f, batch, w)[0]
	// ∂(x·w)²/∂w = 2(x·w)x
	if diff := cmp.Diff([]float64{-6, -12, -30, -40, -70, -84}, got.Float64s()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{3, 2}, got.Shape()); diff != "" {
		t.Error(diff)
	}
}

func ExampleValueAndGrad() {
	f := func(xs []autograd.Variable) autograd.Variable {
		return xs[0].Sin().Mul(xs[1]).Sum()
	}
	value, grads := autograd.ValueAndGrad(f, autograd.New([]float64{0, 1}), autograd.Scalar(2.0))
	fmt.Printf("%.4f\n%.4f\n%.4f\n", value.Item(), grads[0].Float64s(), grads[1].Item())
	// Output:
	// 1.6829
	// [2.0000 1.0806]
	// 0.8415
}

func ExampleGradConfig() {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x, y := tape.Watch(autograd.Scalar(3.0)), tape.Watch(autograd.Scalar(4.0))
	z := x.Square() // y has no part in it
	err := autograd.Try(func() { autograd.Grad(z, x, y) })
	fmt.Println(err)
	grads := autograd.GradConfig{AllowUnused: true}.Grad(z, x, y)
	fmt.Println(grads[0].Item(), grads[1].Item())
	// Output:
	// autograd: Grad: the result does not depend on xs[1]: GradConfig.AllowUnused makes that a gradient of zero
	// 6 0
}

func ExampleHessian() {
	h := autograd.Hessian(func(x autograd.Variable) autograd.Variable { return x.Prod() }, autograd.New([]float64{2, 3, 5}))
	fmt.Println(h)
	// Output:
	// float64 [3 3]
	// [[0 5 3]
	//  [5 0 2]
	//  [3 2 0]]
}

func ExampleJVP() {
	f := func(xs []autograd.Variable) autograd.Variable { return xs[0].Square() }
	value, tangent := autograd.JVP(f, []autograd.Variable{autograd.New([]float64{1, 2})}, []autograd.Variable{autograd.New([]float64{1, 10})})
	fmt.Println(value.Float64s(), tangent.Float64s())
	// Output:
	// [1 4] [2 40]
}

// A tape that does not record gives the derivatives that there are without a tape, as
// constants, and afterwards does not record as before.
func TestTransformationsWithoutRecording(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{2, -1, 0.5}))
	cube := func(x v) v { return x.Square().Mul(x).Mul(w) }
	sum := func(xs []v) v { return cube(xs[0]).Sum() }
	second := func(x, u v) v { // the tangent of a tangent
		_, d := autograd.JVP(func(xs []v) v {
			_, d := autograd.JVP(func(xs []v) v { return cube(xs[0]) }, xs, []v{u})
			return d
		}, []v{x}, []v{u})
		return d
	}
	at := autograd.New([]float64{1, 2, 3})
	for name, f := range map[string]func(x v) v{
		"ValueAndGrad": func(x v) v { _, grads := autograd.ValueAndGrad(sum, x); return grads[0] },
		"VJP": func(x v) v {
			_, grads := autograd.VJP(func(xs []v) v { return cube(xs[0]) }, []v{x}, at)
			return grads[0]
		},
		"JVP":        func(x v) v { _, d := autograd.JVP(func(xs []v) v { return cube(xs[0]) }, []v{x}, []v{at}); return d },
		"JVP of JVP": func(x v) v { return second(x, at) },
		"HVP":        func(x v) v { return autograd.HVP(sum, []v{x}, []v{at})[0] },
		"Jacobian":   func(x v) v { return autograd.Jacobian(cube, x) },
		"Hessian":    func(x v) v { return autograd.Hessian(func(x v) v { return cube(x).Sum() }, x) },
	} {
		t.Run(name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
			for range 2 {
				before := w.Mul(tape.Const(at)) // w is known to the tape, as a constant
				got := f(tape.Const(at))
				if diff := cmp.Diff(f(at).Float64s(), got.Float64s(), approximately(1e-14)); diff != "" {
					t.Error(diff)
				}
				if got.Tracked() || got.Mul(w).Tracked() || before.Tracked() || tape.Recording() {
					t.Error("the tape records")
				}
				tape.Reset()
			}
		})
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	err := autograd.Try(func() {
		autograd.JVP(func(xs []v) v { return xs[0].Reshape(7) }, []v{tape.Const(at)}, []v{at})
	})
	if err == nil || tape.Recording() || w.Mul(tape.Const(at)).Tracked() {
		t.Errorf("after a function that panics with %v the tape records", err)
	}
}
