package autograd_test

import (
	"github.com/chainrule-go/chainrule/autograd"
)

// instruction is an operation in a program. apply panics, or returns the zero Variable,
// where it does not fit the shapes. Operands are brought into the domain first, and what
// may grow is kept small by the smooth asinh.
type instruction struct {
	name     string
	operands int
	apply    func(source *bytesOf, xs []autograd.Variable) autograd.Variable
}

func simple(name string, f func(x autograd.Variable) autograd.Variable) instruction {
	return instruction{name, 1, func(_ *bytesOf, xs []autograd.Variable) autograd.Variable { return f(xs[0]) }}
}

func double(name string, f func(a, b autograd.Variable) autograd.Variable) instruction {
	return instruction{name, 2, func(_ *bytesOf, xs []autograd.Variable) autograd.Variable { return f(xs[0], xs[1]) }}
}

// alongAxis is an instruction with an axis.
func alongAxis(name string, f func(x autograd.Variable, axis int) autograd.Variable) instruction {
	return instruction{name, 1, func(source *bytesOf, xs []autograd.Variable) autograd.Variable {
		return f(xs[0], source.below(max(1, xs[0].Rank())))
	}}
}

// positive is a smooth positive function.
func positive(x autograd.Variable) autograd.Variable { return x.Square().AddScalar(0.5) }

// allInstructions are what programs of the fuzz test are made of.
func allInstructions() []instruction {
	var all []instruction
	for _, list := range [][]instruction{smoothInstructions(), kinkedInstructions(), binaryInstructions(), axisInstructions(), shapeInstructions(), matrixInstructions()} {
		all = append(all, list...)
	}
	return all
}

func smoothInstructions() []instruction {
	type v = autograd.Variable
	return []instruction{
		simple("neg", v.Neg), simple("sin", v.Sin), simple("cos", v.Cos), simple("tanh", v.Tanh), simple("sigmoid", v.Sigmoid),
		simple("softplus", v.Softplus), simple("gelu", v.GELU), simple("geluTanh", v.GELUTanh), simple("silu", v.SiLU), simple("mish", v.Mish),
		simple("erf", v.Erf), simple("erfc", v.Erfc), simple("atan", v.Atan), simple("asinh", v.Asinh), simple("logSigmoid", v.LogSigmoid),
		simple("exp", func(x v) v { return x.Tanh().Exp() }),
		simple("expm1", func(x v) v { return x.Tanh().Expm1() }),
		simple("sinh", func(x v) v { return x.Tanh().Sinh() }),
		simple("cosh", func(x v) v { return x.Tanh().Cosh() }),
		simple("tan", func(x v) v { return x.Tanh().Tan() }),
		simple("asin", func(x v) v { return x.Tanh().MulScalar(0.8).Asin() }),
		simple("acos", func(x v) v { return x.Tanh().MulScalar(0.8).Acos() }),
		simple("atanh", func(x v) v { return x.Tanh().MulScalar(0.8).Atanh() }),
		simple("erfinv", func(x v) v { return x.Tanh().MulScalar(0.8).Erfinv() }),
		simple("acosh", func(x v) v { return positive(x).AddScalar(1).Acosh() }),
		simple("log", func(x v) v { return positive(x).Log() }),
		simple("log2", func(x v) v { return positive(x).Log2() }),
		simple("log1p", func(x v) v { return x.Square().Log1p() }),
		simple("sqrt", func(x v) v { return positive(x).Sqrt() }),
		simple("rsqrt", func(x v) v { return positive(x).Rsqrt() }),
		simple("reciprocal", func(x v) v { return positive(x).Reciprocal() }),
		simple("lgamma", func(x v) v { return positive(x).Asinh().Lgamma() }),
		simple("square", func(x v) v { return x.Square().Asinh() }),
		simple("powScalar", func(x v) v { return positive(x).PowScalar(1.5).Asinh() }),
		simple("affine", func(x v) v { return x.MulScalar(-1.3).AddScalar(0.4).DivScalar(1.7).SubScalar(0.1) }),
		simple("twice", func(x v) v { return x.Add(x) }),
		simple("self", func(x v) v { return x.Mul(x).Asinh() }),
	}
}

func kinkedInstructions() []instruction {
	type v = autograd.Variable
	return []instruction{
		simple("abs", v.Abs), simple("relu", v.ReLU), simple("selu", v.SELU), simple("hardswish", v.Hardswish), simple("hardsigmoid", v.Hardsigmoid),
		simple("leakyReLU", func(x v) v { return x.LeakyReLU(0.2) }),
		simple("elu", func(x v) v { return x.ELU(0.7) }),
		simple("clamp", func(x v) v { return x.Clamp(-0.7, 0.8) }),
		double("maximum", v.Maximum), double("minimum", v.Minimum),
	}
}

func binaryInstructions() []instruction {
	type v = autograd.Variable
	return []instruction{
		double("add", v.Add), double("sub", v.Sub),
		double("mul", func(a, b v) v { return a.Mul(b).Asinh() }),
		double("div", func(a, b v) v { return a.Div(positive(b)) }),
		double("atan2", func(a, b v) v { return autograd.Atan2(a, positive(b)) }),
		double("hypot", func(a, b v) v { return autograd.Hypot(a, positive(b)) }),
		double("logAddExp", autograd.LogAddExp),
		double("pow", func(a, b v) v { return autograd.Pow(positive(a), b.Tanh()).Asinh() }),
		double("where", func(a, b v) v { return autograd.Where(alternating(a), a, b) }),
		simple("maskedFill", func(x v) v { return x.MaskedFill(alternating(x), 0.3) }),
	}
}

func axisInstructions() []instruction {
	type v = autograd.Variable
	reduce := func(name string, f func(x v, axes ...int) v) []instruction {
		return []instruction{
			simple(name, func(x v) v { return f(x) }),
			alongAxis(name+"Axis", func(x v, axis int) v { return f(x, axis) }),
		}
	}
	var list []instruction
	for _, l := range [][]instruction{
		reduce("sum", func(x v, axes ...int) v { return x.Sum(axes...).Asinh() }), reduce("mean", v.Mean), reduce("max", v.Max), reduce("min", v.Min),
		reduce("logSumExp", v.LogSumExp), reduce("meanKeepDims", v.MeanKeepDims), reduce("maxKeepDims", v.MaxKeepDims),
		reduce("var", func(x v, axes ...int) v { return x.VarWith(0, axes...).Asinh() }),
		reduce("norm", func(x v, axes ...int) v { return positive(x).Norm(axes...) }),
		reduce("prod", func(x v, axes ...int) v { return x.Tanh().Prod(axes...) }),
	} {
		list = append(list, l...)
	}
	return append(list,
		alongAxis("softmax", v.Softmax), alongAxis("logSoftmax", v.LogSoftmax),
		alongAxis("cumSum", func(x v, axis int) v { return x.CumSum(axis).Asinh() }),
		simple("layerNorm", func(x v) v { return autograd.LayerNorm(x, v{}, v{}, 0.5) }),
		simple("rmsNorm", func(x v) v { return autograd.RMSNorm(x, v{}, 0.5) }),
	)
}

func shapeInstructions() []instruction {
	type v = autograd.Variable
	return []instruction{
		simple("reshape", func(x v) v { return x.Reshape(-1) }),
		simple("flatten", func(x v) v { return x.Flatten(1) }),
		simple("squeeze", func(x v) v { return x.Squeeze() }),
		alongAxis("unsqueeze", v.Unsqueeze),
		simple("T", v.T),
		alongAxis("transpose", func(x v, axis int) v { return x.Transpose(0, axis) }),
		simple("rotated", func(x v) v {
			var perm []int
			for axis := range x.Rank() {
				perm = append(perm, (axis+1)%x.Rank())
			}
			return x.Permute(perm...)
		}),
		simple("broadcast", func(x v) v { return x.BroadcastTo(append([]int{2}, x.Shape()...)...) }),
		alongAxis("slice", func(x v, axis int) v { return x.Slice(axis, x.Dim(axis)/2, x.Dim(axis)) }),
		alongAxis("everyOther", func(x v, axis int) v { return x.SliceStep(axis, 0, x.Dim(axis), 2) }),
		alongAxis("flip", func(x v, axis int) v { return x.Flip(axis) }),
		alongAxis("roll", func(x v, axis int) v { return x.Roll(1, axis) }),
		alongAxis("select", func(x v, axis int) v { return x.IndexSelect(axis, []int{-1, 0, -1}) }),
		simple("tile", func(x v) v { return x.Tile(2) }),
		simple("pad", func(x v) v {
			widths := make([][2]int, x.Rank())
			if len(widths) > 0 {
				widths[0] = [2]int{1, 0}
			}
			return x.Pad(0.2, widths...)
		}),
		{"concat", 2, func(source *bytesOf, xs []v) v {
			return autograd.Concat(source.below(max(1, xs[0].Rank())), xs[0], xs[1], xs[0])
		}},
		{"stack", 2, func(source *bytesOf, xs []v) v { return autograd.Stack(source.below(xs[0].Rank()+1), xs[0], xs[1]) }},
		{"split", 1, func(source *bytesOf, xs []v) v {
			x := xs[0]
			axis := source.below(max(1, x.Rank()))
			parts := x.Split(axis, 1, x.Dim(axis)-1)
			return parts[1].Sub(parts[0])
		}},
		simple("scattered", func(x v) v { return x.Reshape(-1).ScatterAdd(0, []int{0, 0}, x.Reshape(-1).Slice(0, 0, 2)) }),
	}
}

func matrixInstructions() []instruction {
	type v = autograd.Variable
	return []instruction{
		double("matMul", func(a, b v) v { return a.MatMul(b).Asinh() }),
		double("matMulT", func(a, b v) v { return a.MatMul(b.T()).Asinh() }),
		double("gram", func(a, b v) v { return a.T().MatMul(b).Asinh() }),
		double("outer", func(a, b v) v { return autograd.Outer(a.Reshape(-1), b.Reshape(-1)).Asinh() }),
		double("dot", func(a, b v) v { return autograd.Dot(a.Reshape(-1), b.Reshape(-1)).Asinh() }),
		double("linear", func(a, b v) v { return autograd.Linear(a, b, v{}).Asinh() }),
		double("einsum", func(a, b v) v { return autograd.Einsum("...i,ji->...j", a, b).Asinh() }),
		simple("attention", func(x v) v {
			return autograd.ScaledDotProductAttention(x, x, x, autograd.AttentionConfig{Causal: true})
		}),
		simple("inv", func(x v) v {
			a := x.MatMul(x.T()).Add(autograd.Eye(x.DType(), x.Dim(-2)))
			return a.Inv().Asinh()
		}),
		simple("logAbsDet", func(x v) v { return x.MatMul(x.T()).Add(autograd.Eye(x.DType(), x.Dim(-2))).LogAbsDet() }),
		simple("tril", func(x v) v { return x.Tril(0) }), simple("triu", func(x v) v { return x.Triu(1) }),
		simple("diagonal", func(x v) v { return x.Diagonal(0) }), simple("trace", v.Trace),
		simple("unfold", func(x v) v { return x.Unfold(autograd.Window{Kernel: [2]int{2, 2}, Padding: [2]int{1, 0}}) }),
		simple("avgPool", func(x v) v { return x.AvgPool2d(autograd.Window{Kernel: [2]int{1, 2}}) }),
		simple("crossEntropy", func(x v) v { return autograd.SoftmaxCrossEntropy(x, labelsFor(x)) }),
	}
}
