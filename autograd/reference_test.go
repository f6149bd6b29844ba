package autograd_test

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// TestReference compares every operation with PyTorch: values, gradients by a plain
// and a recorded pass, and second-order products.
func TestReference(t *testing.T) {
	reference.Run(t, "ops.jsonl.gz", referenceFunctions)
}

// attrs are the attributes of all cases of ops.jsonl.gz.
type attrs struct {
	Dim           dims    `json:"dim"`
	KeepDim       bool    `json:"keepdim"`
	NegativeSlope float64 `json:"negative_slope"`
	Alpha         float64 `json:"alpha"`
	Beta          float64 `json:"beta"`
	Min           float64 `json:"min"`
	Max           float64 `json:"max"`
	Exponent      float64 `json:"exponent"`
	Value         float64 `json:"value"`
	P             float64 `json:"p"`
	Equation      string  `json:"equation"`
	Shape         []int   `json:"shape"`
	Dims          []int   `json:"dims"`
	StartDim      int     `json:"start_dim"`
	Sizes         []int   `json:"sizes"`
	Start         int     `json:"start"`
	End           int     `json:"end"`
	Step          int     `json:"step"`
	Repeats       []int   `json:"repeats"`
	Pad           []int   `json:"pad"`
	Diagonal      int     `json:"diagonal"`
	Shift         int     `json:"shift"`
}

type variables = []autograd.Variable

type v = autograd.Variable

func one(v autograd.Variable) variables { return variables{v} }

// unary is a case of a method without arguments.
func unary(f func(autograd.Variable) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs variables) variables { return one(f(xs[0])) }
}

// binary is a case of a method or function of two Variables.
func binary(f func(a, b autograd.Variable) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs variables) variables { return one(f(xs[0], xs[1])) }
}

// with is a case of one Variable and attributes.
func with(f func(x autograd.Variable, a attrs) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		return one(f(xs[0], reference.Attributes[attrs](c)))
	}
}

// reduction is a case of a reduction, with and without kept axes.
func reduction(plain, keep func(x autograd.Variable, axes ...int) autograd.Variable) reference.Func {
	return with(func(x autograd.Variable, a attrs) autograd.Variable {
		if a.KeepDim {
			return keep(x, a.Dim...)
		}
		return plain(x, a.Dim...)
	})
}

// keeping is the form with kept axes of a reduction that has none of its own.
func keeping(f func(x autograd.Variable, axes ...int) autograd.Variable) func(x autograd.Variable, axes ...int) autograd.Variable {
	return func(x autograd.Variable, axes ...int) autograd.Variable {
		return f(x, axes...).Reshape(x.SumKeepDims(axes...).Shape()...)
	}
}

var referenceFunctions = map[string]reference.Func{
	"neg": unary(autograd.Variable.Neg), "abs": unary(autograd.Variable.Abs), "exp": unary(autograd.Variable.Exp),
	"expm1": unary(autograd.Variable.Expm1), "log": unary(autograd.Variable.Log), "log1p": unary(autograd.Variable.Log1p),
	"log2": unary(autograd.Variable.Log2), "sqrt": unary(autograd.Variable.Sqrt), "rsqrt": unary(autograd.Variable.Rsqrt),
	"square": unary(autograd.Variable.Square), "reciprocal": unary(autograd.Variable.Reciprocal),
	"sin": unary(autograd.Variable.Sin), "cos": unary(autograd.Variable.Cos), "tan": unary(autograd.Variable.Tan),
	"sinh": unary(autograd.Variable.Sinh), "cosh": unary(autograd.Variable.Cosh), "tanh": unary(autograd.Variable.Tanh),
	"asin": unary(autograd.Variable.Asin), "acos": unary(autograd.Variable.Acos), "atan": unary(autograd.Variable.Atan),
	"asinh": unary(autograd.Variable.Asinh), "acosh": unary(autograd.Variable.Acosh), "atanh": unary(autograd.Variable.Atanh),
	"sigmoid": unary(autograd.Variable.Sigmoid), "logsigmoid": unary(autograd.Variable.LogSigmoid), "relu": unary(autograd.Variable.ReLU),
	"gelu": unary(autograd.Variable.GELU), "gelu_tanh": unary(autograd.Variable.GELUTanh), "silu": unary(autograd.Variable.SiLU),
	"mish": unary(autograd.Variable.Mish), "selu": unary(autograd.Variable.SELU), "softsign": unary(autograd.Variable.Softsign),
	"erf": unary(autograd.Variable.Erf), "erfc": unary(autograd.Variable.Erfc), "hardtanh": unary(autograd.Variable.Hardtanh),
	"hardsigmoid": unary(autograd.Variable.Hardsigmoid), "lgamma": unary(autograd.Variable.Lgamma),
	"inv": unary(autograd.Variable.Inv), "det": unary(autograd.Variable.Det), "logabsdet": unary(autograd.Variable.LogAbsDet),
	"trace":    unary(autograd.Variable.Trace),
	"diagonal": unary(func(x autograd.Variable) autograd.Variable { return x.Diagonal(0) }),
	"cholesky": unary(func(x autograd.Variable) autograd.Variable { return x.Add(x.T()).MulScalar(0.5).Cholesky() }),

	"leaky_relu": with(func(x autograd.Variable, a attrs) autograd.Variable { return x.LeakyReLU(a.NegativeSlope) }),
	"elu":        with(func(x autograd.Variable, a attrs) autograd.Variable { return x.ELU(a.Alpha) }),
	"softplus":   with(func(x autograd.Variable, a attrs) autograd.Variable { return x.SoftplusBeta(a.Beta) }),
	"clamp":      with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Clamp(a.Min, a.Max) }),
	"pow_scalar": with(func(x autograd.Variable, a attrs) autograd.Variable { return x.PowScalar(a.Exponent) }),

	"add": binary(autograd.Variable.Add), "sub": binary(autograd.Variable.Sub), "mul": binary(autograd.Variable.Mul),
	"div": binary(autograd.Variable.Div), "maximum": binary(autograd.Variable.Maximum), "minimum": binary(autograd.Variable.Minimum),
	"atan2": binary(autograd.Atan2), "hypot": binary(autograd.Hypot), "logaddexp": binary(autograd.LogAddExp), "pow": binary(autograd.Pow),
	"matmul": binary(autograd.Variable.MatMul), "outer": binary(autograd.Outer), "dot": binary(autograd.Dot), "solve": binary(autograd.Solve),
	"where": func(c *reference.Case, xs variables) variables {
		return one(autograd.Where(ints(c, "condition"), xs[0], xs[1]))
	},
	"masked_fill": func(c *reference.Case, xs variables) variables {
		return one(xs[0].MaskedFill(ints(c, "mask"), reference.Attributes[attrs](c).Value))
	},

	"sum":       reduction(autograd.Variable.Sum, autograd.Variable.SumKeepDims),
	"mean":      reduction(autograd.Variable.Mean, autograd.Variable.MeanKeepDims),
	"amax":      reduction(autograd.Variable.Max, autograd.Variable.MaxKeepDims),
	"amin":      reduction(autograd.Variable.Min, autograd.Variable.MinKeepDims),
	"logsumexp": reduction(autograd.Variable.LogSumExp, autograd.Variable.LogSumExpKeepDims),
	"var":       reduction(autograd.Variable.Var, keeping(autograd.Variable.Var)),
	"std":       reduction(autograd.Variable.Std, keeping(autograd.Variable.Std)),
	"norm":      reduction(autograd.Variable.Norm, keeping(autograd.Variable.Norm)),
	"norm_p":    with(func(x autograd.Variable, a attrs) autograd.Variable { return x.NormP(a.P, a.Dim...) }),
	"prod":      with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Prod(a.Dim...) }),
	"cumsum":    with(func(x autograd.Variable, a attrs) autograd.Variable { return x.CumSum(a.Dim[0]) }),

	"softmax":     with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Softmax(a.Dim[0]) }),
	"log_softmax": with(func(x autograd.Variable, a attrs) autograd.Variable { return x.LogSoftmax(a.Dim[0]) }),

	"linear": func(c *reference.Case, xs variables) variables { return one(autograd.Linear(xs[0], xs[1], xs[2])) },
	"einsum": func(c *reference.Case, xs variables) variables {
		return one(autograd.Einsum(reference.Attributes[attrs](c).Equation, xs...))
	},

	"reshape":      with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Reshape(a.Shape...) }),
	"permute":      with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Permute(a.Dims...) }),
	"broadcast_to": with(func(x autograd.Variable, a attrs) autograd.Variable { return x.BroadcastTo(a.Shape...) }),
	"squeeze":      with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Squeeze(a.Dim...) }),
	"unsqueeze":    with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Unsqueeze(a.Dim[0]) }),
	"flatten":      with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Flatten(a.StartDim) }),
	"flip":         with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Flip(a.Dims...) }),
	"tile":         with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Tile(a.Repeats...) }),
	"tril":         with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Tril(a.Diagonal) }),
	"triu":         with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Triu(a.Diagonal) }),
	"roll":         with(func(x autograd.Variable, a attrs) autograd.Variable { return x.Roll(a.Shift, a.Dim[0]) }),
	"slice": with(func(x autograd.Variable, a attrs) autograd.Variable {
		return x.SliceStep(a.Dim[0], a.Start, a.End, a.Step)
	}),
	"pad": with(func(x autograd.Variable, a attrs) autograd.Variable {
		// PyTorch lists pairs from the last axis on.
		widths := make([][2]int, x.Rank())
		for i := 0; i < len(a.Pad); i += 2 {
			widths[x.Rank()-1-i/2] = [2]int{a.Pad[i], a.Pad[i+1]}
		}
		return x.Pad(a.Value, widths...)
	}),
	"cat": func(c *reference.Case, xs variables) variables {
		return one(autograd.Concat(reference.Attributes[attrs](c).Dim[0], xs...))
	},
	"stack": func(c *reference.Case, xs variables) variables {
		return one(autograd.Stack(reference.Attributes[attrs](c).Dim[0], xs...))
	},
	"split": func(c *reference.Case, xs variables) variables {
		a := reference.Attributes[attrs](c)
		return xs[0].Split(a.Dim[0], a.Sizes...)
	},
	"gather": func(c *reference.Case, xs variables) variables {
		index := c.Ints["index"]
		return one(xs[0].Gather(reference.Attributes[attrs](c).Dim[0], index.Data, index.Shape...))
	},
	"index_select": func(c *reference.Case, xs variables) variables {
		return one(xs[0].IndexSelect(reference.Attributes[attrs](c).Dim[0], c.Ints["index"].Data))
	},
	"scatter_add": func(c *reference.Case, xs variables) variables {
		return one(xs[0].ScatterAdd(reference.Attributes[attrs](c).Dim[0], c.Ints["index"].Data, xs[1]))
	},
}

// ints is an integer argument of a case as a constant.
func ints(c *reference.Case, name string) autograd.Variable {
	values := c.Ints[name]
	data := make([]float64, len(values.Data))
	for i, v := range values.Data {
		data[i] = float64(v)
	}
	return autograd.New(data).Reshape(values.Shape...).AsType(c.DType())
}
