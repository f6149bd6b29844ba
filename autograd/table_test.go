package autograd_test

import (
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// row describes an exported operation for the tests that hold for all of them: see
// proof_test.go. A new operation gets one row here.
type row struct {
	name string // as go doc names it
	f    autograd.Func

	// shapes lists the shapes of the operands, once for each variant to test.
	shapes [][][]int

	// Operands are uniform in [low, high], at least gap away from each kink.
	low, high float64
	kinks     []float64

	// make replaces the operands of a variant by others.
	operands func(rng *rand.Rand, shapes [][]int) []autograd.Variable

	// reference is the name of the recorded PyTorch cases, if there are any.
	reference string

	// oracle is the function in complex numbers, for the derivative by a complex step.
	oracle func(complex128) complex128

	// empty says that operands without elements have a meaning.
	empty bool
}

// Common lists of shapes.
var (
	anyShape  = [][][]int{{{}}, {{5}}, {{3, 4}}, {{2, 1, 3}}}
	matrixes  = [][][]int{{{3, 4}}, {{4, 4}}}
	squares   = [][][]int{{{1, 1}}, {{3, 3}}, {{4, 4}}}
	broadcast = [][][]int{{{}, {}}, {{3, 4}, {3, 4}}, {{3, 4}, {4}}, {{3, 1}, {1, 4}}, {{2, 3, 4}, {3, 1}}, {{}, {2, 2}}, {{2, 2}, {}}}
)

// images are shapes of images, overlapping windows on them.
var (
	images      = [][][]int{{{2, 1, 4, 3}}, {{1, 2, 3, 3}}}
	overlapping = autograd.Window{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [2]int{1, 0}}
)

// of makes the Func of a method without arguments.
func of(f func(autograd.Variable) autograd.Variable) autograd.Func {
	return func(xs []autograd.Variable) autograd.Variable { return f(xs[0]) }
}

// of2 makes the Func of a method or function of two Variables.
func of2(f func(a, b autograd.Variable) autograd.Variable) autograd.Func {
	return func(xs []autograd.Variable) autograd.Variable { return f(xs[0], xs[1]) }
}

// over makes the Func of a reduction over the last axis, or of all of a scalar.
func over(f func(x autograd.Variable, axes ...int) autograd.Variable) autograd.Func {
	return func(xs []autograd.Variable) autograd.Variable {
		if xs[0].Rank() == 0 {
			return f(xs[0])
		}
		return f(xs[0], -1)
	}
}

// rows is the table of operations.
func rows() []row {
	x := func(f func(x autograd.Variable) autograd.Variable) autograd.Func { return of(f) }
	return []row{
		// Element-wise, one operand.
		{name: "Variable.Neg", f: of(autograd.Variable.Neg), reference: "neg", empty: true},
		{name: "Variable.Abs", f: of(autograd.Variable.Abs), kinks: []float64{0}, reference: "abs", empty: true},
		{name: "Variable.Square", f: of(autograd.Variable.Square), reference: "square", oracle: square, empty: true},
		{name: "Variable.Sqrt", f: of(autograd.Variable.Sqrt), low: 0.1, high: 4, reference: "sqrt", oracle: complexSqrt, empty: true},
		{name: "Variable.Rsqrt", f: of(autograd.Variable.Rsqrt), low: 0.1, high: 4, reference: "rsqrt", oracle: complexRsqrt, empty: true},
		{name: "Variable.Reciprocal", f: of(autograd.Variable.Reciprocal), low: 0.3, high: 3, reference: "reciprocal", oracle: complexReciprocal, empty: true},
		{name: "Variable.Exp", f: of(autograd.Variable.Exp), reference: "exp", oracle: complexExp, empty: true},
		{name: "Variable.Expm1", f: of(autograd.Variable.Expm1), reference: "expm1", oracle: complexExpm1, empty: true},
		{name: "Variable.Log", f: of(autograd.Variable.Log), low: 0.1, high: 4, reference: "log", oracle: complexLog, empty: true},
		{name: "Variable.Log1p", f: of(autograd.Variable.Log1p), low: -0.8, high: 4, reference: "log1p", oracle: complexLog1p, empty: true},
		{name: "Variable.Log2", f: of(autograd.Variable.Log2), low: 0.1, high: 4, reference: "log2", oracle: complexLog2, empty: true},
		{name: "Variable.Sin", f: of(autograd.Variable.Sin), low: -7, high: 7, reference: "sin", oracle: complexSin, empty: true},
		{name: "Variable.Cos", f: of(autograd.Variable.Cos), low: -7, high: 7, reference: "cos", oracle: complexCos, empty: true},
		{name: "Variable.Tan", f: of(autograd.Variable.Tan), low: -1.2, high: 1.2, reference: "tan", oracle: complexTan, empty: true},
		{name: "Variable.Asin", f: of(autograd.Variable.Asin), low: -0.9, high: 0.9, reference: "asin", empty: true},
		{name: "Variable.Acos", f: of(autograd.Variable.Acos), low: -0.9, high: 0.9, reference: "acos", empty: true},
		{name: "Variable.Atan", f: of(autograd.Variable.Atan), low: -3, high: 3, reference: "atan", empty: true},
		{name: "Variable.Sinh", f: of(autograd.Variable.Sinh), reference: "sinh", oracle: complexSinh, empty: true},
		{name: "Variable.Cosh", f: of(autograd.Variable.Cosh), reference: "cosh", oracle: complexCosh, empty: true},
		{name: "Variable.Tanh", f: of(autograd.Variable.Tanh), low: -4, high: 4, reference: "tanh", oracle: complexTanh, empty: true},
		{name: "Variable.Asinh", f: of(autograd.Variable.Asinh), low: -3, high: 3, reference: "asinh", oracle: complexAsinh, empty: true},
		{name: "Variable.Acosh", f: of(autograd.Variable.Acosh), low: 1.2, high: 4, reference: "acosh", empty: true},
		{name: "Variable.Atanh", f: of(autograd.Variable.Atanh), low: -0.9, high: 0.9, reference: "atanh", oracle: complexAtanh, empty: true},
		{name: "Variable.Erf", f: of(autograd.Variable.Erf), reference: "erf", empty: true},
		{name: "Variable.Erfc", f: of(autograd.Variable.Erfc), reference: "erfc", empty: true},
		{name: "Variable.Erfinv", f: of(autograd.Variable.Erfinv), low: -0.9, high: 0.9, empty: true},
		{name: "Variable.Lgamma", f: of(autograd.Variable.Lgamma), low: 0.3, high: 5, reference: "lgamma", empty: true},
		{name: "Variable.Digamma", f: of(autograd.Variable.Digamma), low: 0.5, high: 5, empty: true},
		{name: "Variable.Polygamma", f: x(func(x autograd.Variable) autograd.Variable { return x.Polygamma(1) }), low: 0.7, high: 5, empty: true},

		// Activation functions.
		{name: "Variable.ReLU", f: of(autograd.Variable.ReLU), kinks: []float64{0}, reference: "relu", empty: true},
		{name: "Variable.LeakyReLU", f: x(func(x autograd.Variable) autograd.Variable { return x.LeakyReLU(0.1) }), kinks: []float64{0}, reference: "leaky_relu", empty: true},
		{name: "Variable.ELU", f: x(func(x autograd.Variable) autograd.Variable { return x.ELU(0.7) }), kinks: []float64{0}, reference: "elu", empty: true},
		{name: "Variable.SELU", f: of(autograd.Variable.SELU), kinks: []float64{0}, reference: "selu", empty: true},
		{name: "Variable.GELU", f: of(autograd.Variable.GELU), low: -4, high: 4, reference: "gelu", empty: true},
		{name: "Variable.GELUTanh", f: of(autograd.Variable.GELUTanh), low: -4, high: 4, reference: "gelu_tanh", oracle: complexGELUTanh, empty: true},
		{name: "Variable.SiLU", f: of(autograd.Variable.SiLU), low: -5, high: 5, reference: "silu", oracle: complexSiLU, empty: true},
		{name: "Variable.Mish", f: of(autograd.Variable.Mish), low: -4, high: 4, reference: "mish", oracle: complexMish, empty: true},
		{name: "Variable.Sigmoid", f: of(autograd.Variable.Sigmoid), low: -6, high: 6, reference: "sigmoid", oracle: complexSigmoid, empty: true},
		{name: "Variable.LogSigmoid", f: of(autograd.Variable.LogSigmoid), low: -6, high: 6, reference: "logsigmoid", oracle: complexLogSigmoid, empty: true},
		{name: "Variable.Softplus", f: of(autograd.Variable.Softplus), low: -6, high: 6, reference: "softplus", oracle: complexSoftplus, empty: true},
		{name: "Variable.SoftplusBeta", f: x(func(x autograd.Variable) autograd.Variable { return x.SoftplusBeta(2) }), reference: "softplus", empty: true},
		{name: "Variable.Softsign", f: of(autograd.Variable.Softsign), kinks: []float64{0}, reference: "softsign", empty: true},
		{name: "Variable.Hardtanh", f: of(autograd.Variable.Hardtanh), low: -3, high: 3, kinks: []float64{-1, 1}, reference: "hardtanh", empty: true},
		{name: "Variable.Hardsigmoid", f: of(autograd.Variable.Hardsigmoid), low: -5, high: 5, kinks: []float64{-3, 3}, reference: "hardsigmoid", empty: true},
		{name: "Variable.Hardswish", f: of(autograd.Variable.Hardswish), low: -5, high: 5, kinks: []float64{-3, 3}, empty: true},
		{name: "Variable.PowScalar", f: x(func(x autograd.Variable) autograd.Variable { return x.PowScalar(2.5) }), low: 0.2, high: 3, reference: "pow_scalar", oracle: complexPow, empty: true},
		{name: "Variable.Clamp", f: x(func(x autograd.Variable) autograd.Variable { return x.Clamp(-0.5, 0.8) }), kinks: []float64{-0.5, 0.8}, reference: "clamp", empty: true},
		{name: "Variable.AddScalar", f: x(func(x autograd.Variable) autograd.Variable { return x.AddScalar(3) }), empty: true},
		{name: "Variable.SubScalar", f: x(func(x autograd.Variable) autograd.Variable { return x.SubScalar(3) }), empty: true},
		{name: "Variable.MulScalar", f: x(func(x autograd.Variable) autograd.Variable { return x.MulScalar(-3) }), empty: true},
		{name: "Variable.DivScalar", f: x(func(x autograd.Variable) autograd.Variable { return x.DivScalar(3) }), empty: true},

		// Element-wise, several operands.
		{name: "Variable.Add", f: of2(autograd.Variable.Add), shapes: broadcast, reference: "add", empty: true},
		{name: "Variable.Sub", f: of2(autograd.Variable.Sub), shapes: broadcast, reference: "sub", empty: true},
		{name: "Variable.Mul", f: of2(autograd.Variable.Mul), shapes: broadcast, reference: "mul", empty: true},
		{name: "Variable.Div", f: of2(autograd.Variable.Div), shapes: broadcast, low: 0.5, high: 2.5, reference: "div", empty: true},
		{name: "Variable.Maximum", f: of2(autograd.Variable.Maximum), shapes: broadcast, operands: spread, reference: "maximum", empty: true},
		{name: "Variable.Minimum", f: of2(autograd.Variable.Minimum), shapes: broadcast, operands: spread, reference: "minimum", empty: true},
		{name: "Pow", f: of2(autograd.Pow), shapes: broadcast, low: 0.4, high: 2, reference: "pow", empty: true},
		{name: "Atan2", f: of2(autograd.Atan2), shapes: broadcast, low: 0.3, high: 2, reference: "atan2", empty: true},
		{name: "Hypot", f: of2(autograd.Hypot), shapes: broadcast, low: 0.3, high: 2, reference: "hypot", empty: true},
		{name: "LogAddExp", f: of2(autograd.LogAddExp), shapes: broadcast, reference: "logaddexp", empty: true},
		{name: "Where", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.Where(alternating(xs[0]), xs[0], xs[1])
		}, shapes: broadcast, reference: "where", empty: true},
		{name: "Variable.MaskedFill", f: x(func(x autograd.Variable) autograd.Variable { return x.MaskedFill(alternating(x), 2) }), reference: "masked_fill", empty: true},

		// Reductions.
		{name: "Variable.Sum", f: over(autograd.Variable.Sum), reference: "sum", empty: true},
		{name: "Variable.SumKeepDims", f: over(autograd.Variable.SumKeepDims), reference: "sum", empty: true},
		{name: "Variable.Mean", f: over(autograd.Variable.Mean), reference: "mean"},
		{name: "Variable.MeanKeepDims", f: over(autograd.Variable.MeanKeepDims), reference: "mean"},
		{name: "Variable.Max", f: over(autograd.Variable.Max), operands: spread, reference: "amax"},
		{name: "Variable.MaxKeepDims", f: over(autograd.Variable.MaxKeepDims), operands: spread, reference: "amax"},
		{name: "Variable.Min", f: over(autograd.Variable.Min), operands: spread, reference: "amin"},
		{name: "Variable.MinKeepDims", f: over(autograd.Variable.MinKeepDims), operands: spread, reference: "amin"},
		{name: "Variable.LogSumExp", f: over(autograd.Variable.LogSumExp), reference: "logsumexp"},
		{name: "Variable.LogSumExpKeepDims", f: over(autograd.Variable.LogSumExpKeepDims), reference: "logsumexp"},
		{name: "Variable.Var", f: over(autograd.Variable.Var), shapes: matrixes, reference: "var"},
		{name: "Variable.VarWith", f: x(func(x autograd.Variable) autograd.Variable { return x.VarWith(0, 0) }), shapes: matrixes},
		{name: "Variable.Std", f: over(autograd.Variable.Std), shapes: matrixes, reference: "std"},
		{name: "Variable.Norm", f: over(autograd.Variable.Norm), low: 0.3, high: 2, reference: "norm"},
		{name: "Variable.NormP", f: x(func(x autograd.Variable) autograd.Variable { return x.NormP(3) }), low: 0.3, high: 2, reference: "norm_p"},
		{name: "Variable.Prod", f: over(autograd.Variable.Prod), reference: "prod"},
		{name: "Variable.CumSum", f: x(func(x autograd.Variable) autograd.Variable { return x.CumSum(0) }), shapes: matrixes, reference: "cumsum"},
		{name: "Variable.Softmax", f: x(func(x autograd.Variable) autograd.Variable { return x.Softmax(-1) }), shapes: matrixes, reference: "softmax"},
		{name: "Variable.LogSoftmax", f: x(func(x autograd.Variable) autograd.Variable { return x.LogSoftmax(0) }), shapes: matrixes, reference: "log_softmax"},
		{name: "SoftmaxCrossEntropy", f: x(func(x autograd.Variable) autograd.Variable {
			return autograd.SoftmaxCrossEntropy(x, labelsFor(x))
		}), shapes: [][][]int{{{3, 4}}, {{4, 4}}, {{0, 3}}}, reference: "cross_entropy"},

		// Matrices.
		{name: "Variable.MatMul", f: of2(autograd.Variable.MatMul), shapes: [][][]int{
			{{3, 4}, {4, 2}}, {{4, 4}, {4, 4}}, {{5}, {5}}, {{3, 4}, {4}}, {{4}, {4, 3}}, {{2, 3, 4}, {4, 2}}, {{3, 4}, {2, 4, 2}}, {{2, 1, 3, 4}, {3, 4, 2}},
		}, reference: "matmul"},
		{name: "Linear", f: func(xs []autograd.Variable) autograd.Variable { return autograd.Linear(xs[0], xs[1], xs[2]) },
			shapes: [][][]int{{{3, 4}, {2, 4}, {2}}, {{2, 3, 4}, {5, 4}, {5}}, {{4}, {2, 4}, {2}}, {{0, 4}, {0, 4}, {0}}}, reference: "linear"},
		{name: "Outer", f: of2(autograd.Outer), shapes: [][][]int{{{3}, {4}}, {{3}, {3}}}, reference: "outer"},
		{name: "Dot", f: of2(autograd.Dot), shapes: [][][]int{{{4}, {4}}}, reference: "dot"},
		{name: "Einsum", f: func(xs []autograd.Variable) autograd.Variable { return autograd.Einsum("bij,bkj,i->bk", xs...) },
			shapes: [][][]int{{{2, 3, 4}, {2, 5, 4}, {3}}}, reference: "einsum"},
		{name: "Variable.Inv", f: of(autograd.Variable.Inv), shapes: squares, operands: wellConditioned, reference: "inv"},
		{name: "Variable.Det", f: of(autograd.Variable.Det), shapes: squares, operands: wellConditioned, reference: "det"},
		{name: "Variable.LogAbsDet", f: of(autograd.Variable.LogAbsDet), shapes: squares, operands: wellConditioned, reference: "logabsdet"},
		{name: "Solve", f: of2(autograd.Solve), shapes: [][][]int{{{3, 3}, {3}}, {{3, 3}, {3, 2}}, {{4, 4}, {4, 4}}}, operands: wellConditioned, reference: "solve"},
		{name: "Variable.Cholesky", f: x(func(x autograd.Variable) autograd.Variable { return x.Add(x.T()).MulScalar(0.5).Cholesky() }),
			shapes: squares, operands: wellConditioned, reference: "cholesky"},
		{name: "Variable.Trace", f: of(autograd.Variable.Trace), shapes: squares, reference: "trace"},
		{name: "Variable.Diagonal", f: x(func(x autograd.Variable) autograd.Variable { return x.Diagonal(1) }), shapes: matrixes, reference: "diagonal"},
		{name: "Variable.Tril", f: x(func(x autograd.Variable) autograd.Variable { return x.Tril(0) }), shapes: matrixes, reference: "tril"},
		{name: "Variable.Triu", f: x(func(x autograd.Variable) autograd.Variable { return x.Triu(1) }), shapes: matrixes, reference: "triu"},

		// Shape and movement.
		{name: "Variable.Reshape", f: x(func(x autograd.Variable) autograd.Variable { return x.Reshape(2, -1) }), shapes: [][][]int{{{3, 4}}, {{8}}}, reference: "reshape"},
		{name: "Variable.Flatten", f: x(func(x autograd.Variable) autograd.Variable { return x.Flatten(1) }), shapes: [][][]int{{{2, 3, 2}}}, reference: "flatten"},
		{name: "Variable.Squeeze", f: x(func(x autograd.Variable) autograd.Variable { return x.Squeeze(1) }), shapes: [][][]int{{{3, 1, 2}}}, reference: "squeeze"},
		{name: "Variable.Unsqueeze", f: x(func(x autograd.Variable) autograd.Variable { return x.Unsqueeze(-1) }), reference: "unsqueeze", empty: true},
		{name: "Variable.Permute", f: x(func(x autograd.Variable) autograd.Variable { return x.Permute(2, 0, 1) }), shapes: [][][]int{{{2, 3, 4}}}, reference: "permute"},
		{name: "Variable.Transpose", f: x(func(x autograd.Variable) autograd.Variable { return x.Transpose(0, -1) }), shapes: [][][]int{{{3, 4}}, {{2, 3, 4}}}},
		{name: "Variable.T", f: of(autograd.Variable.T), shapes: [][][]int{{{3, 4}}, {{2, 3, 4}}}},
		{name: "Variable.BroadcastTo", f: x(func(x autograd.Variable) autograd.Variable { return x.BroadcastTo(2, 3, 4) }), shapes: [][][]int{{{3, 1}}, {{4}}, {{}}}, reference: "broadcast_to"},
		{name: "Variable.AsType", f: x(func(x autograd.Variable) autograd.Variable { return x.AsType(autograd.Float64) })},
		{name: "Variable.Slice", f: x(func(x autograd.Variable) autograd.Variable { return x.Slice(0, 1, 3) }), shapes: [][][]int{{{4}}, {{3, 2}}}, reference: "slice"},
		{name: "Variable.SliceStep", f: x(func(x autograd.Variable) autograd.Variable { return x.SliceStep(-1, -1, -6, -2) }), shapes: [][][]int{{{5}}, {{2, 5}}}, reference: "slice"},
		{name: "Variable.Split", f: x(func(x autograd.Variable) autograd.Variable {
			parts := x.Split(0, 1, 2)
			return parts[1].Mul(parts[0])
		}), shapes: [][][]int{{{3}}, {{3, 2}}}, reference: "split"},
		{name: "Concat", f: func(xs []autograd.Variable) autograd.Variable { return autograd.Concat(-1, xs...) },
			shapes: [][][]int{{{2}, {3}, {1}, {2}}, {{2, 3}, {2, 1}}, {{2, 2}, {2, 2}}}, reference: "cat"},
		{name: "Stack", f: func(xs []autograd.Variable) autograd.Variable { return autograd.Stack(1, xs...) }, shapes: [][][]int{{{2, 3}, {2, 3}}}, reference: "stack"},
		{name: "Variable.Tile", f: x(func(x autograd.Variable) autograd.Variable { return x.Tile(2, 3) }), shapes: [][][]int{{{2, 3}}, {{2}}}, reference: "tile"},
		{name: "Variable.Pad", f: x(func(x autograd.Variable) autograd.Variable { return x.Pad(1, [2]int{1, 0}, [2]int{0, 2}) }), shapes: matrixes, reference: "pad"},
		{name: "Variable.Flip", f: x(func(x autograd.Variable) autograd.Variable { return x.Flip(0) }), shapes: [][][]int{{{5}}, {{3, 2}}}, reference: "flip"},
		{name: "Variable.Roll", f: x(func(x autograd.Variable) autograd.Variable { return x.Roll(2, -1) }), shapes: [][][]int{{{5}}, {{2, 3}}}, reference: "roll"},
		{name: "Variable.IndexSelect", f: x(func(x autograd.Variable) autograd.Variable { return x.IndexSelect(-1, []int{2, 0, 2, -1}) }), shapes: [][][]int{{{3}}, {{2, 4}}}, reference: "index_select"},
		{name: "Variable.Gather", f: x(func(x autograd.Variable) autograd.Variable { return x.Gather(0, []int{2, 0, 1, 1, 2, 2}, 3, 2) }), shapes: [][][]int{{{3, 2}}, {{4, 3}}}, reference: "gather"},
		{name: "Variable.ScatterAdd", f: func(xs []autograd.Variable) autograd.Variable {
			return xs[0].ScatterAdd(0, []int{2, 0, 1, 1}, xs[1])
		}, shapes: [][][]int{{{3, 2}, {2, 2}}}, reference: "scatter_add"},
		// What layers are made of.
		{name: "Variable.Unfold", f: x(func(x autograd.Variable) autograd.Variable { return x.Unfold(overlapping) }), shapes: images},
		{name: "Variable.Fold", f: x(func(x autograd.Variable) autograd.Variable { return x.Fold(4, 3, overlapping) }), shapes: [][][]int{{{2, 6, 4}}, {{1, 12, 4}}}},
		{name: "Conv1d", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.Conv1d(xs[0], xs[1], xs[2], autograd.ConvConfig{Stride: [2]int{0, 2}, Padding: [2]int{0, 1}})
		}, shapes: [][][]int{{{2, 2, 5}, {3, 2, 3}, {3}}}, reference: "conv1d"},
		{name: "Conv2d", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.Conv2d(xs[0], xs[1], xs[2], autograd.ConvConfig{Padding: [2]int{1, 0}, Dilation: [2]int{1, 2}, Groups: 2})
		}, shapes: [][][]int{{{2, 2, 3, 4}, {4, 1, 2, 2}, {4}}}, reference: "conv2d"},
		{name: "ConvTranspose2d", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.ConvTranspose2d(xs[0], xs[1], xs[2], autograd.ConvConfig{Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, OutputPadding: [2]int{1, 0}, Groups: 2})
		}, shapes: [][][]int{{{2, 2, 2, 3}, {2, 1, 3, 2}, {2}}}, reference: "conv_transpose2d"},
		{name: "Variable.MaxPool2d", f: x(func(x autograd.Variable) autograd.Variable { return x.MaxPool2d(overlapping) }), shapes: images, operands: spread, reference: "max_pool2d"},
		{name: "Variable.AvgPool2d", f: x(func(x autograd.Variable) autograd.Variable { return x.AvgPool2d(overlapping) }), shapes: images, reference: "avg_pool2d"},
		{name: "Variable.AdaptiveAvgPool2d", f: x(func(x autograd.Variable) autograd.Variable { return x.AdaptiveAvgPool2d(3, 1) }), shapes: images, reference: "adaptive_avg_pool2d"},
		{name: "LayerNorm", f: func(xs []autograd.Variable) autograd.Variable { return autograd.LayerNorm(xs[0], xs[1], xs[2], 1e-3) },
			shapes: [][][]int{{{3, 4}, {4}, {4}}, {{2, 2, 3}, {2, 3}, {2, 3}}}, reference: "layer_norm"},
		{name: "RMSNorm", f: func(xs []autograd.Variable) autograd.Variable { return autograd.RMSNorm(xs[0], xs[1], 1e-3) },
			shapes: [][][]int{{{3, 4}, {4}}}, reference: "rms_norm"},
		{name: "BatchNorm", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.BatchNorm(xs[0], xs[1], xs[2], autograd.BatchNormConfig{Eps: 1e-3})
		}, shapes: [][][]int{{{4, 2}, {2}, {2}}, {{2, 2, 3}, {2}, {2}}}, reference: "batch_norm"},
		{name: "GroupNorm", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.GroupNorm(xs[0], 2, xs[1], xs[2], 1e-3)
		}, shapes: [][][]int{{{2, 4, 2}, {4}, {4}}}, reference: "group_norm"},
		{name: "Embedding", f: x(func(x autograd.Variable) autograd.Variable { return autograd.Embedding(x, []int{2, 0, 2, 1}, 2, 2) }),
			shapes: [][][]int{{{3, 2}}}, reference: "embedding"},
		{name: "ScaledDotProductAttention", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.ScaledDotProductAttention(xs[0], xs[1], xs[2], autograd.AttentionConfig{Causal: true})
		}, shapes: [][][]int{{{2, 3, 2}, {2, 3, 2}, {2, 3, 2}}, {{2, 3}, {3, 3}, {3, 2}}}, reference: "scaled_dot_product_attention"},

		{name: "Checkpoint", f: func(xs []autograd.Variable) autograd.Variable {
			return autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable { return xs[0].Sin().Mul(xs[1]) }, xs...)
		}, shapes: broadcast},
	}
}

// variants fills in what a row leaves out.
func (r row) variants() [][][]int {
	if r.shapes == nil {
		return anyShape
	}
	return r.shapes
}

// inputs makes operands for a variant.
func (r row) inputs(seed uint64, shapes [][]int) []autograd.Variable {
	rng := rand.New(rand.NewPCG(seed, 17))
	if r.operands != nil {
		return r.operands(rng, shapes)
	}
	low, high := r.low, r.high
	if low == high {
		low, high = -2, 2
	}
	xs := make([]autograd.Variable, len(shapes))
	for i, shape := range shapes {
		xs[i] = autograd.Uniform(rng, autograd.Float64, low, high, shape...)
		for j, v := range xs[i].Float64s() {
			for _, kink := range r.kinks {
				if math.Abs(v-kink) < 0.05 {
					xs[i].Float64s()[j] = kink + math.Copysign(0.05, v-kink)
				}
			}
		}
	}
	return xs
}

// spread makes operands whose elements are all apart, for choices by size.
func spread(rng *rand.Rand, shapes [][]int) []autograd.Variable {
	total := 0
	for _, shape := range shapes {
		total += autograd.Zeros(autograd.Float64, shape...).Size()
	}
	values := rng.Perm(total)
	xs := make([]autograd.Variable, len(shapes))
	for i, shape := range shapes {
		xs[i] = autograd.Zeros(autograd.Float64, shape...)
		for j := range xs[i].Float64s() {
			xs[i].Float64s()[j] = 0.25*float64(values[0]) - 1.1
			values = values[1:]
		}
	}
	return xs
}

// wellConditioned makes operands of which square matrices are diagonally dominant
// with a positive diagonal.
func wellConditioned(rng *rand.Rand, shapes [][]int) []autograd.Variable {
	xs := make([]autograd.Variable, len(shapes))
	for i, shape := range shapes {
		xs[i] = autograd.Uniform(rng, autograd.Float64, -1, 1, shape...)
		if len(shape) == 2 && shape[0] == shape[1] {
			xs[i] = xs[i].Add(autograd.Eye(autograd.Float64, shape[0]).MulScalar(float64(shape[0]) + 0.5))
		}
	}
	return xs
}

// alternating is the constant 1, 0, 1, … of x's shape and type.
func alternating(x autograd.Variable) autograd.Variable {
	mask := autograd.Zeros(autograd.Float64, x.Shape()...)
	for i := range mask.Float64s() {
		mask.Float64s()[i] = float64((i + 1) % 2)
	}
	return mask.AsType(x.DType())
}

// labelsFor are labels for logits, one of them left out.
func labelsFor(logits autograd.Variable) []int {
	labels := make([]int, logits.Dim(0))
	for i := range labels {
		labels[i] = (2*i+1)%(logits.Dim(1)+1) - 1
	}
	return labels
}
