package gradcheck_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// Right gradients pass, whatever the seed: a false alarm would teach people to ignore
// the checker. The table has the operations of package autograd at random shapes.

// operation is a row: a function and where its inputs come from.
type operation struct {
	name   string
	f      autograd.Func
	inputs func(rng *rand.Rand) variables
	kinks  []float64
}

// shape is a random one of up to three axes.
func shape(rng *rand.Rand) []int {
	s := make([]int, rng.IntN(4))
	for i := range s {
		s[i] = 1 + rng.IntN(3)
	}
	return s
}

func within(low, high float64) func(rng *rand.Rand) variables {
	return func(rng *rand.Rand) variables {
		return variables{autograd.Uniform(rng, autograd.Float64, low, high, shape(rng)...)}
	}
}

// pair is two operands that broadcast to a common shape.
func pair(low, high float64) func(rng *rand.Rand) variables {
	return func(rng *rand.Rand) variables {
		common := shape(rng)
		operand := func() autograd.Variable {
			s := append([]int{}, common[rng.IntN(len(common)+1):]...)
			for i := range s {
				if rng.IntN(3) == 0 {
					s[i] = 1
				}
			}
			return autograd.Uniform(rng, autograd.Float64, low, high, s...)
		}
		return variables{operand(), operand()}
	}
}

func normals(shapes ...[]int) func(rng *rand.Rand) variables {
	return func(rng *rand.Rand) variables {
		var xs variables
		for _, s := range shapes {
			xs = append(xs, normal(rng, s...))
		}
		return xs
	}
}

func unary(name string, f func(autograd.Variable) autograd.Variable, low, high float64, kinks ...float64) operation {
	return operation{name, func(xs variables) autograd.Variable { return f(xs[0]) }, within(low, high), kinks}
}

func binary(name string, f func(x, y autograd.Variable) autograd.Variable, low, high float64) operation {
	return operation{name, func(xs variables) autograd.Variable { return f(xs[0], xs[1]) }, pair(low, high), nil}
}

func on(name string, f func(x autograd.Variable) autograd.Variable, shapes ...int) operation {
	return operation{name, func(xs variables) autograd.Variable { return f(xs[0]) }, normals(shapes), nil}
}

type v = autograd.Variable

// dominant is a well-conditioned matrix made of x.
func dominant(x v) v {
	return x.Add(x.Tape().Const(autograd.Eye(x.DType(), x.Dim(0)).MulScalar(4)))
}

var operations = []operation{
	unary("Neg", v.Neg, -2, 2),
	unary("Abs", v.Abs, -2, 2, 0),
	unary("Square", v.Square, -2, 2),
	unary("Sqrt", v.Sqrt, 0.1, 3),
	unary("Exp", v.Exp, -3, 3),
	unary("Expm1", v.Expm1, -3, 3),
	unary("Log", v.Log, 0.1, 3),
	unary("Log1p", v.Log1p, -0.8, 3),
	unary("Rsqrt", v.Rsqrt, 0.2, 3),
	unary("Reciprocal", v.Reciprocal, 0.2, 3),
	unary("Sin", v.Sin, -6, 6),
	unary("Cos", v.Cos, -6, 6),
	unary("Tan", v.Tan, -1.2, 1.2),
	unary("Asin", v.Asin, -0.9, 0.9),
	unary("Acos", v.Acos, -0.9, 0.9),
	unary("Atan", v.Atan, -4, 4),
	unary("Sinh", v.Sinh, -3, 3),
	unary("Cosh", v.Cosh, -3, 3),
	unary("Asinh", v.Asinh, -4, 4),
	unary("Acosh", v.Acosh, 1.2, 4),
	unary("Atanh", v.Atanh, -0.9, 0.9),
	unary("Erf", v.Erf, -2, 2),
	unary("Erfc", v.Erfc, -2, 2),
	unary("Log2", v.Log2, 0.1, 3),
	unary("Lgamma", v.Lgamma, 0.3, 5),
	unary("Digamma", v.Digamma, 0.3, 5),
	unary("Polygamma", func(x v) v { return x.Polygamma(1) }, 0.5, 5),
	unary("ReLU", v.ReLU, -2, 2, 0),
	unary("Sigmoid", v.Sigmoid, -6, 6),
	unary("Tanh", v.Tanh, -4, 4),
	unary("Softplus", v.Softplus, -6, 6),
	unary("SiLU", v.SiLU, -6, 6),
	unary("GELU", v.GELU, -4, 4),
	unary("GELUTanh", v.GELUTanh, -4, 4),
	unary("LogSigmoid", v.LogSigmoid, -6, 6),
	unary("Mish", v.Mish, -5, 5),
	unary("Softsign", v.Softsign, -4, 4, 0),
	unary("SoftplusBeta", func(x v) v { return x.SoftplusBeta(2) }, -3, 3),
	unary("LeakyReLU", func(x v) v { return x.LeakyReLU(0.1) }, -2, 2, 0),
	unary("ELU", func(x v) v { return x.ELU(0.7) }, -2, 2, 0),
	unary("SELU", v.SELU, -2, 2, 0),
	unary("Hardtanh", v.Hardtanh, -2, 2, -1, 1),
	unary("Hardsigmoid", v.Hardsigmoid, -4, 4, -3, 3),
	unary("Hardswish", v.Hardswish, -4, 4, -3, 3),
	unary("Clamp", func(x v) v { return x.Clamp(-1, 1) }, -2, 2, -1, 1),
	unary("PowScalar", func(x v) v { return x.PowScalar(2.5) }, 0.2, 2),
	unary("PowScalar negative", func(x v) v { return x.PowScalar(-3) }, 0.3, 2),
	binary("Add", v.Add, -2, 2),
	binary("Sub", v.Sub, -2, 2),
	binary("Mul", v.Mul, -2, 2),
	binary("Div", v.Div, 0.3, 2),
	binary("Maximum", v.Maximum, -2, 2),
	binary("Minimum", v.Minimum, -2, 2),
	binary("Pow", autograd.Pow, 0.3, 2),
	binary("Atan2", autograd.Atan2, 0.3, 2),
	binary("Hypot", autograd.Hypot, 0.3, 2),
	binary("LogAddExp", autograd.LogAddExp, -3, 3),
	unary("AddScalar", func(x v) v { return x.AddScalar(3) }, -2, 2),
	unary("DivScalar", func(x v) v { return x.DivScalar(3) }, -2, 2),
	unary("Sum", func(x v) v { return x.Sum() }, -2, 2),
	unary("Mean", func(x v) v { return x.Mean() }, -2, 2),
	unary("LogSumExp", func(x v) v { return x.LogSumExp() }, -2, 2),
	on("Sum of an axis", func(x v) v { return x.Sum(1) }, 2, 3, 2),
	on("Mean of axes", func(x v) v { return x.Mean(0, 2) }, 2, 3, 2),
	on("Max", func(x v) v { return x.Max(0) }, 4, 3),
	on("Min", func(x v) v { return x.Min() }, 4, 2),
	on("LogSumExp of an axis", func(x v) v { return x.LogSumExp(0) }, 3, 4),
	on("Var", func(x v) v { return x.Var(0) }, 3, 2),
	on("Std", func(x v) v { return x.Std() }, 3, 2),
	on("Norm", func(x v) v { return x.Norm(1) }, 2, 3),
	on("NormP", func(x v) v { return x.Abs().AddScalar(0.1).NormP(3, 0) }, 3, 2),
	on("Prod", func(x v) v { return x.Prod(0) }, 3, 2),
	on("CumSum", func(x v) v { return x.CumSum(1) }, 2, 4),
	on("Softmax", func(x v) v { return x.Softmax(0) }, 3, 4),
	on("Softmax of the last axis", func(x v) v { return x.Softmax(-1) }, 2, 2, 3),
	on("LogSoftmax", func(x v) v { return x.LogSoftmax(1) }, 3, 4),
	on("SoftmaxCrossEntropy", func(x v) v {
		return autograd.SoftmaxCrossEntropy(x, []int{1, 0, -1, 3})
	}, 4, 4),
	on("Reshape", func(x v) v { return x.Reshape(3, -1) }, 2, 3, 2),
	on("Permute", func(x v) v { return x.Permute(2, 0, 1) }, 2, 3, 2),
	on("T", v.T, 2, 3),
	on("BroadcastTo", func(x v) v { return x.BroadcastTo(2, 3, 2) }, 3, 1),
	on("Slice", func(x v) v { return x.Slice(1, 1, 3) }, 2, 4),
	on("SliceStep", func(x v) v { return x.SliceStep(1, 3, 0, -2) }, 2, 4),
	on("IndexSelect", func(x v) v { return x.IndexSelect(0, []int{2, 0, 2}) }, 3, 2),
	on("Gather", func(x v) v { return x.Gather(1, []int{2, 0, 1, 1}, 2, 2) }, 2, 3),
	{"ScatterAdd", func(xs variables) v { return xs[0].ScatterAdd(0, []int{2, 0, 1, 2}, xs[1]) },
		normals([]int{3, 2}, []int{2, 2}), nil},
	on("Flip", func(x v) v { return x.Flip(1) }, 2, 3),
	on("Roll", func(x v) v { return x.Roll(2, 1) }, 2, 3),
	on("Split", func(x v) v { return autograd.Concat(1, x.Split(0, 1, 2)[1], x.Slice(0, 0, 2)) }, 3, 2),
	on("Tile", func(x v) v { return x.Tile(2, 3) }, 2, 2),
	on("Pad", func(x v) v { return x.Pad(0.5, [2]int{1, 0}, [2]int{0, 2}) }, 2, 2),
	on("Diagonal", func(x v) v { return x.Diagonal(1) }, 3, 4),
	on("Trace", v.Trace, 3, 3),
	on("Tril", func(x v) v { return x.Tril(0) }, 3, 3),
	on("Triu", func(x v) v { return x.Triu(1) }, 3, 3),
	on("Inv", func(x v) v { return dominant(x).Inv() }, 3, 3),
	on("Det", func(x v) v { return dominant(x).Det() }, 3, 3),
	on("LogAbsDet", func(x v) v { return dominant(x).LogAbsDet() }, 3, 3),
	on("Cholesky", func(x v) v { return dominant(x.MatMul(x.T())).Cholesky() }, 3, 3),
	{"Solve", func(xs variables) v { return autograd.Solve(dominant(xs[0]), xs[1]) }, normals([]int{3, 3}, []int{3, 2}), nil},
	{"Outer", func(xs variables) v { return autograd.Outer(xs[0], xs[1]) }, normals([]int{3}, []int{2}), nil},
	{"Dot", func(xs variables) v { return autograd.Dot(xs[0], xs[1]) }, normals([]int{4}, []int{4}), nil},
	{"Einsum", func(xs variables) v { return autograd.Einsum("bij,bjk->ik", xs...) },
		normals([]int{2, 2, 3}, []int{2, 3, 2}), nil},
	{"Concat", func(xs variables) v { return autograd.Concat(1, xs...) }, normals([]int{2, 1}, []int{2, 3}, []int{2, 2}), nil},
	{"Stack", func(xs variables) v { return autograd.Stack(1, xs...) }, normals([]int{2, 2}, []int{2, 2}), nil},
	{"Where", func(xs variables) v { return autograd.Where(xs[0].Greater(xs[1]), xs[0].Exp(), xs[1].Sin()) },
		normals([]int{3, 2}, []int{2}), nil},
	{"MatMul", func(xs variables) v { return xs[0].MatMul(xs[1]) }, normals([]int{2, 3}, []int{3, 4}), nil},
	{"MatMul of batches", func(xs variables) v { return xs[0].MatMul(xs[1]) }, normals([]int{2, 2, 3}, []int{3, 2}), nil},
	{"MatMul of vectors", func(xs variables) v { return xs[0].MatMul(xs[1]) }, normals([]int{4}, []int{4}), nil},
	{"Linear", func(xs variables) v { return autograd.Linear(xs[0], xs[1], xs[2]) },
		normals([]int{2, 3}, []int{4, 3}, []int{4}), nil},

	// The same Variable in several places, in none, and compositions.
	unary("x·x", func(x v) v { return x.Mul(x) }, -2, 2),
	unary("x used five times", func(x v) v { return x.Mul(x).Add(x.Sin().Mul(x)).Sub(x) }, -2, 2),
	{"one input unused", func(xs variables) v { return xs[1].Exp() }, normals([]int{2}, []int{3}), nil},
	{"identity", func(xs variables) v { return xs[0] }, within(-2, 2), nil},
	on("no elements", func(x v) v { return x.Exp().Sum() }, 0, 3),
	on("layer normalization", func(x v) v {
		centred := x.Sub(x.MeanKeepDims(1))
		return centred.Div(centred.Square().MeanKeepDims(1).AddScalar(0.1).Sqrt())
	}, 2, 4),
	{"network", func(xs variables) v {
		h := autograd.Linear(xs[0], xs[1], xs[2]).Tanh()
		return autograd.SoftmaxCrossEntropy(h.MatMul(xs[3]), []int{0, 1}).Mean()
	}, normals([]int{2, 3}, []int{3, 3}, []int{3}, []int{3, 2}), nil},
}

func TestRightGradientsPass(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			for seed := range seeds(30) {
				rng := rand.New(rand.NewPCG(seed, 100))
				options := gradcheck.Options{
					Seed: seed, Kinks: op.kinks, ForwardMode: true,
					SecondOrder: seed%8 == 0,
					Mode:        gradcheck.Full + gradcheck.Mode(seed%4/3),
				}
				checkRight(t, op.f, op.inputs(rng), options)
			}
		})
	}
}

// seeds is how many seeds to try: fewer where time is short.
func seeds(many uint64) uint64 {
	if testing.Short() {
		return (many + 7) / 8
	}
	return many
}

// checkRight fails unless the check passes with nothing unreliable.
func checkRight(t *testing.T, f autograd.Func, inputs variables, options gradcheck.Options) {
	t.Helper()
	report, err := gradcheck.Check(f, inputs, options)
	var e *gradcheck.Error
	switch {
	case errors.As(err, &e) && e.Report.Skipped > 0 && e.Report.Checked == 0:
		// All elements happened to be near a kink.
	case err != nil:
		t.Fatalf("%s, shapes %s: %v", name(options), shapes(inputs), err)
	case report.Unreliable > 0:
		t.Fatalf("%s, shapes %s: %v", name(options), shapes(inputs), report)
	}
}

func name(o gradcheck.Options) string {
	return fmt.Sprintf("seed %d, %v, second order %v", o.Seed, o.Mode, o.SecondOrder)
}

func shapes(xs variables) string {
	s := make([][]int, len(xs))
	for i, x := range xs {
		s[i] = x.Shape()
	}
	return fmt.Sprint(s)
}

// Maximum, Minimum, Max, Min and Where of random numbers meet no kink but by chance;
// the same goes for the sizes of functions: large and small values pass as well.
func TestRightGradientsOfAnySizePass(t *testing.T) {
	tests := []struct {
		name string
		f    autograd.Func
		xs   []float64
	}{
		{"square", func(xs variables) v { return xs[0].Square() }, []float64{1e6, -3e8, 1e-9, 0, 1e150}},
		{"exp", func(xs variables) v { return xs[0].Exp() }, []float64{-300, -30, 0, 30, 300}},
		{"sin far out", func(xs variables) v { return xs[0].Sin() }, []float64{120, -1000, 1e5}},
		{"log of small numbers", func(xs variables) v { return xs[0].Log() }, []float64{1e-8, 1e-3, 1e3, 1e-100}},
		{"sqrt of small numbers", func(xs variables) v { return xs[0].Sqrt() }, []float64{1e-12, 1e-4, 1e8}},
		{"reciprocal", func(xs variables) v { return xs[0].PowScalar(-1) }, []float64{1e-5, -1e-2, 1e4}},
		{"steep", func(xs variables) v { return xs[0].MulScalar(1000).Tanh() }, []float64{0, 1e-4, -2e-3, 5e-3}},
		{"oscillating", func(xs variables) v { return xs[0].MulScalar(5000).Sin() }, []float64{0.3, 2, -1}},
		{"huge result", func(xs variables) v { return xs[0].MulScalar(1e200) }, []float64{1, -2}},
		{"tiny result", func(xs variables) v { return xs[0].MulScalar(1e-200) }, []float64{1, -2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkRight(t, test.f, variables{autograd.New(test.xs)}, gradcheck.Options{Mode: gradcheck.Full})
		})
	}
}
