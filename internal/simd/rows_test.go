package simd

import (
	"math"
	"math/rand/v2"
)

// row compares the assembly of one kernel with its reference. Tests run the
// exported function, so that the choice between the two is tested with it.
type row[T Float] struct {
	kernel string

	// operands names the slices handed to run and ref, the written ones first.
	// A name that ends in * may have length 1, one that ends in + is read and
	// written. Operands of equal length other than those with + are also
	// tested as one and the same slice with the first.
	operands string

	// run and ref return what the function returns beside its slices.
	run, ref func(s [][]T) []T

	draw func(*rand.Rand) T // inputs; any bits at all if nil

	// ulps is how many units in the last place run may be off, slack how many
	// rounding errors of 1 for every element beside that.
	ulps, slack float64
}

// unary, binary and the like make rows of the common shapes.
func unary[T Float](kernel string, ulps float64, run, ref func(dst, x []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst x", ulps: ulps, run: two(run), ref: two(ref)}
}

func binary[T Float](kernel string, run, ref func(dst, a, b []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst a* b*", run: three(run), ref: three(ref)}
}

func pair[T Float](kernel string, ulps float64, run, ref func(dst, g, x []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst g x", ulps: ulps, run: three(run), ref: three(ref)}
}

func reduction[T Float](kernel string, slack float64, run, ref func(x []T) T) row[T] {
	one := func(f func([]T) T) func([][]T) []T { return func(s [][]T) []T { return []T{f(s[0])} } }
	return row[T]{kernel: kernel, operands: "x+", slack: slack, draw: normal[T], run: one(run), ref: one(ref)}
}

func two[T Float](f func(dst, x []T)) func([][]T) []T {
	return func(s [][]T) []T { f(s[0], s[1]); return nil }
}

func three[T Float](f func(dst, a, b []T)) func([][]T) []T {
	return func(s [][]T) []T { f(s[0], s[1], s[2]); return nil }
}

func (r row[T]) near(slack float64) row[T] {
	r.draw, r.slack = normal[T], slack
	return r
}

func normal[T Float](r *rand.Rand) T { return T(3 * r.NormFloat64()) }

// rows lists every kernel that has assembly for T. Bits are equal where ulps
// and slack are 0.
func rows[T Float]() []row[T] {
	scaled := func(kernel string, run, ref func(dst, x []T, s T)) row[T] {
		return unary(kernel, 0, func(dst, x []T) { run(dst, x, 1.7) }, func(dst, x []T) { ref(dst, x, 1.7) })
	}
	return []row[T]{
		binary("add", Add[T], addGeneric[T]),
		binary("sub", Sub[T], subGeneric[T]),
		binary("mul", Mul[T], mulGeneric[T]),
		binary("div", Div[T], divGeneric[T]),
		binary("max", Max[T], maxGeneric[T]),
		binary("min", Min[T], minGeneric[T]),
		binary("strongMul", StrongMul[T], strongMulGeneric[T]),
		binary("greater", Greater[T], greaterGeneric[T]),
		binary("greaterEqual", GreaterEqual[T], greaterEqualGeneric[T]),
		binary("less", Less[T], lessGeneric[T]),
		binary("lessEqual", LessEqual[T], lessEqualGeneric[T]),
		binary("equal", Equal[T], equalGeneric[T]),
		binary("notEqual", NotEqual[T], notEqualGeneric[T]),
		{
			kernel: "where", operands: "dst cond* a* b*",
			run: func(s [][]T) []T { Where(s[0], s[1], s[2], s[3]); return nil },
			ref: func(s [][]T) []T { whereGeneric(s[0], s[1], s[2], s[3]); return nil },
		},

		unary("neg", 0, Neg[T], negGeneric[T]),
		unary("abs", 0, Abs[T], absGeneric[T]),
		unary("sign", 0, Sign[T], signGeneric[T]),
		unary("square", 0, Square[T], squareGeneric[T]),
		unary("sqrt", 0, Sqrt[T], sqrtGeneric[T]),
		unary("rsqrt", 0, Rsqrt[T], rsqrtGeneric[T]),
		unary("reciprocal", 0, Reciprocal[T], reciprocalGeneric[T]),
		unary("floor", 0, Floor[T], floorGeneric[T]),
		unary("ceil", 0, Ceil[T], ceilGeneric[T]),
		unary("round", 0, Round[T], roundGeneric[T]),
		unary("relu", 0, ReLU[T], reluGeneric[T]),
		unary("softsign", 2, Softsign[T], softsignGeneric[T]),

		{
			kernel: "addScaled", operands: "dst+ x", draw: normal[T], slack: 8,
			run: func(s [][]T) []T { AddScaled(s[0], s[1], -0.3); return nil },
			ref: func(s [][]T) []T { addScaledGeneric(s[0], s[1], -0.3); return nil },
		},
		scaled("scale", Scale[T], scaleGeneric[T]),
		scaled("addScalar", AddScalar[T], addScalarGeneric[T]),
		unary("clamp", 0, func(dst, x []T) { Clamp(dst, x, -2, 1) }, func(dst, x []T) { clampGeneric(dst, x, -2, 1) }),
		{
			kernel: "fill", operands: "dst",
			run: func(s [][]T) []T { Fill(s[0], 2.5); return nil },
			ref: func(s [][]T) []T { fillGeneric(s[0], 2.5); return nil },
		},

		unary("exp", 4, Exp[T], expGeneric[T]),
		unary("expm1", 4, Expm1[T], expm1Generic[T]),
		unary("log", 4, Log[T], logGeneric[T]),
		unary("log1p", 4, Log1p[T], log1pGeneric[T]),
		unary("sin", 4, Sin[T], sinGeneric[T]).near(1),
		unary("cos", 4, Cos[T], cosGeneric[T]).near(1),
		unary("tanh", 5, Tanh[T], tanhGeneric[T]),
		unary("sigmoid", 5, Sigmoid[T], sigmoidGeneric[T]),
		unary("logSigmoid", 5, LogSigmoid[T], logSigmoidGeneric[T]),
		unary("softplus", 5, Softplus[T], softplusGeneric[T]),
		unary("silu", 6, SiLU[T], siluGeneric[T]).near(1),
		unary("geluTanh", 6, GELUTanh[T], geluTanhGeneric[T]).near(2),
		unary("mish", 6, Mish[T], mishGeneric[T]).near(1),
		unary("erf", 4, Erf[T], erfGeneric[T]),
		unary("erfc", 8, Erfc[T], erfcGeneric[T]),
		unary("gelu", 8, GELU[T], geluGeneric[T]),

		pair("reluBackward", 0, ReLUBackward[T], reluBackwardGeneric[T]),
		pair("sigmoidBackward", 0, SigmoidBackward[T], sigmoidBackwardGeneric[T]),
		pair("tanhBackward", 0, TanhBackward[T], tanhBackwardGeneric[T]),
		pair("sqrtBackward", 0, SqrtBackward[T], sqrtBackwardGeneric[T]),
		pair("logBackward", 0, LogBackward[T], logBackwardGeneric[T]),
		pair("squareBackward", 0, SquareBackward[T], squareBackwardGeneric[T]),
		pair("absBackward", 0, AbsBackward[T], absBackwardGeneric[T]),
		pair("softplusBackward", 6, SoftplusBackward[T], softplusBackwardGeneric[T]),
		pair("geluBackward", 4, GELUBackward[T], geluBackwardGeneric[T]).near(20),
		pair("geluTanhBackward", 4, GELUTanhBackward[T], geluTanhBackwardGeneric[T]).near(40),
		pair("siluBackward", 4, SiLUBackward[T], siluBackwardGeneric[T]).near(20),

		reduction("sum", 20, Sum[T], sumGeneric[T]),
		reduction("sumAbs", 20, SumAbs[T], sumAbsGeneric[T]),
		reduction("sumSquares", 20, SumSquares[T], sumSquaresGeneric[T]),
		reduction("sumExp", 40,
			func(x []T) T { return SumExp(x, 3) }, func(x []T) T { return sumExpGeneric(x, 3) }),
		{
			kernel: "dot", operands: "a+ b+", draw: normal[T], slack: 20,
			run: func(s [][]T) []T { return []T{Dot(s[0], s[1])} },
			ref: func(s [][]T) []T { return []T{dotGeneric(s[0], s[1])} },
		},
		reduction("maxOf", 0, MaxOf[T], maxOfGeneric[T]),
		reduction("minOf", 0, MinOf[T], minOfGeneric[T]),
		reduction("indexOf", 0,
			func(x []T) T { return T(ArgMax(x)) }, func(x []T) T { return T(argMaxGeneric(x)) }),
		{
			kernel: "sumRows", operands: "dst+ x+ y+", draw: normal[T], slack: 20,
			run: func(s [][]T) []T { return sumRowsCase(s, SumRows[T]) },
			ref: func(s [][]T) []T {
				return sumRowsCase(s, func(dst, x []T, rows, cols int, accumulate bool) {
					if rows > 0 {
						sumRowsGeneric(dst, x, accumulate)
					} else if !accumulate {
						clear(dst)
					}
				})
			},
		},

		unary("softmax", 16, Softmax[T], func(dst, x []T) { softmaxGeneric(dst, x) }).near(1),
		{
			kernel: "maxSumExp", operands: "x+", draw: normal[T], slack: 4,
			run: func(s [][]T) []T { return []T{LogSumExp(s[0])} },
			ref: func(s [][]T) []T {
				m, sum := maxSumExpGeneric(s[0])
				return []T{m + T(math.Log(float64(sum)))}
			},
		},
		{
			kernel: "expShiftSum", operands: "dst x", draw: normal[T], ulps: 4, slack: 4,
			run: func(s [][]T) []T { return []T{expShiftSumKernel(s[0], s[1], MaxOf(s[1]))} },
			ref: func(s [][]T) []T { return []T{expShiftSumGeneric(s[0], s[1], maxOfGeneric(s[1]))} },
		},
		unary("shiftTwice", 0,
			func(dst, x []T) { shiftTwiceKernel(dst, x, 1.5, 0.3) },
			func(dst, x []T) { shiftTwiceGeneric(dst, x, 1.5, 0.3) }),
		pair("softmaxGradient", 0,
			func(dst, g, y []T) { softmaxGradientKernel(dst, g, y, 0.3) },
			func(dst, g, y []T) { softmaxGradientGeneric(dst, g, y, 0.3) }),
		{
			kernel: "logSoftmaxGradient", operands: "dst g y", ulps: 4, slack: 8,
			draw: func(r *rand.Rand) T { return T(-5 * r.ExpFloat64()) },
			run:  three(func(dst, g, y []T) { logSoftmaxGradientKernel(dst, g, y, 0.3) }),
			ref:  three(func(dst, g, y []T) { logSoftmaxGradientGeneric(dst, g, y, 0.3) }),
		},

		{
			kernel: "adam", operands: "w+ m+ v+ g", slack: 20,
			draw: func(r *rand.Rand) T { return T(0.01 + math.Abs(r.NormFloat64())) },
			run:  func(s [][]T) []T { Adam(s[0], s[1], s[2], s[3], adamCase); return nil },
			ref: func(s [][]T) []T {
				c := adamScalars[T](adamCase)
				adamGeneric(s[0], s[1], s[2], s[3], &c)
				return nil
			},
		},
		{
			kernel: "sgd", operands: "w+ g", draw: normal[T], slack: 8,
			run: func(s [][]T) []T { SGD(s[0], s[1], 0.1, 0.01); return nil },
			ref: func(s [][]T) []T { sgdGeneric(s[0], s[1], T(1-0.1*0.01), T(-0.1)); return nil },
		},
		{
			kernel: "sgdMomentum", operands: "w+ buf+ g", draw: normal[T], ulps: 4, slack: 8,
			run: func(s [][]T) []T { SGDMomentum(s[0], s[1], s[2], momentumCase); return nil },
			ref: func(s [][]T) []T {
				c := momentumScalars[T](momentumCase)
				sgdMomentumGeneric(s[0], s[1], s[2], &c)
				return nil
			},
		},
	}
}

var adamCase = AdamParams{
	LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.02, DecoupledDecay: 0.03,
	BiasCorrection1: 0.19, BiasCorrection2: 0.0199,
}

var momentumCase = SGDParams{LR: 0.1, Momentum: 0.9, Dampening: 0.2, WeightDecay: 0.02, Nesterov: true}

// sumRowsCase sums the elements of x and y as matrices of several shapes into a
// dst of as many columns, plainly and accumulating.
func sumRowsCase[T Float](s [][]T, f func(dst, x []T, rows, cols int, accumulate bool)) []T {
	n := len(s[0])
	f(s[0], s[1], min(n, 1), n, false)
	if n > 0 {
		f(s[0], s[2], 1, n, true)
	}
	cols := n / 3
	f(s[0][:cols], s[1][:3*cols], 3, cols, true)
	f(s[0][:cols], s[2][n-3*cols:], 3, cols, false)
	return nil
}
