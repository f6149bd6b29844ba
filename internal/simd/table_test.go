package simd

import (
	"math"
	"math/big"
	"math/rand/v2"
)

// rows lists every kernel that has assembly for T, but those in otherKernels. Bits
// are equal to the reference's where ulps and slack are 0.
func rows[T Float]() []row[T] {
	scaled := func(kernel string, run, ref func(dst, x []T, s T)) row[T] {
		return unary(kernel, 0, func(dst, x []T) { run(dst, x, 1.75) }, func(dst, x []T) { ref(dst, x, 1.75) })
	}
	return []row[T]{
		binary("add", Add[T], addGeneric[T]).
			valued(3, 3, 4, nan, nan, nan, inf, nan, inf, -7),
		binary("sub", Sub[T], subGeneric[T]).
			valued(-1, 1, 0, nan, nan, nan, nan, -inf, -inf, 1),
		binary("mul", Mul[T], mulGeneric[T]).
			valued(2, 2, 4, nan, nan, nan, inf, -inf, nan, 12),
		binary("div", Div[T], divGeneric[T]).
			valued(0.5, 2, 1, nan, nan, nan, nan, nan, 0, 0.75),
		binary("max", Max[T], maxGeneric[T]).
			valued(2, 2, 2, nan, nan, nan, inf, inf, inf, -3),
		binary("min", Min[T], minGeneric[T]).
			valued(1, 1, 2, nan, nan, nan, inf, -inf, 0, -4),
		binary("strongMul", StrongMul[T], strongMulGeneric[T]).
			valued(2, 2, 4, nan, nan, nan, inf, -inf, 0, 12),
		binary("greater", Greater[T], greaterGeneric[T]).
			valued(0, 1, 0, 0, 0, 0, 0, 0, 0, 1),
		binary("greaterEqual", GreaterEqual[T], greaterEqualGeneric[T]).
			valued(0, 1, 1, 0, 0, 0, 1, 0, 0, 1),
		binary("less", Less[T], lessGeneric[T]).
			valued(1, 0, 0, 0, 0, 0, 0, 1, 1, 0),
		binary("lessEqual", LessEqual[T], lessEqualGeneric[T]).
			valued(1, 0, 1, 0, 0, 0, 1, 1, 1, 0),
		binary("equal", Equal[T], equalGeneric[T]).
			valued(0, 0, 1, 0, 0, 0, 1, 0, 0, 0),
		binary("notEqual", NotEqual[T], notEqualGeneric[T]).
			valued(1, 1, 0, 1, 1, 1, 0, 1, 1, 1),
		row[T]{
			kernel: "where", operands: "dst cond* a* b*",
			run: func(s [][]T) []T { Where(s[0], s[1], s[2], s[3]); return nil },
			ref: func(s [][]T) []T { whereGeneric(s[0], s[1], s[2], s[3]); return nil },
		}.tested("TestWhere"),

		unary("neg", 0, Neg[T], negGeneric[T]).
			valued(-1.5, 1.5, -2.5, 2.5, -0.25, minus0, 0, -inf, inf, nan, -4),
		unary("abs", 0, Abs[T], absGeneric[T]).
			valued(1.5, 1.5, 2.5, 2.5, 0.25, 0, 0, inf, inf, nan, 4),
		unary("sign", 0, Sign[T], signGeneric[T]).
			valued(1, -1, 1, -1, 1, 0, minus0, 1, -1, nan, 1),
		unary("square", 0, Square[T], squareGeneric[T]).
			valued(2.25, 2.25, 6.25, 6.25, 0.0625, 0, 0, inf, inf, nan, 16),
		unary("sqrt", 0, Sqrt[T], sqrtGeneric[T]).
			valued(math.Sqrt(1.5), nan, math.Sqrt(2.5), nan, 0.5, 0, minus0, inf, nan, nan, 2),
		unary("rsqrt", 0, Rsqrt[T], rsqrtGeneric[T]).
			valued(1/math.Sqrt(1.5), nan, 1/math.Sqrt(2.5), nan, 2, inf, -inf, 0, nan, nan, 0.5),
		unary("reciprocal", 0, Reciprocal[T], reciprocalGeneric[T]).
			valued(1/1.5, -1/1.5, 0.4, -0.4, 4, inf, -inf, 0, minus0, nan, 0.25),
		unary("floor", 0, Floor[T], floorGeneric[T]).
			valued(1, -2, 2, -3, 0, 0, minus0, inf, -inf, nan, 4),
		unary("ceil", 0, Ceil[T], ceilGeneric[T]).
			valued(2, -1, 3, -2, 1, 0, minus0, inf, -inf, nan, 4),
		unary("round", 0, Round[T], roundGeneric[T]).
			valued(2, -2, 2, -2, 0, 0, minus0, inf, -inf, nan, 4),
		unary("relu", 0, ReLU[T], reluGeneric[T]).
			valued(1.5, 0, 2.5, 0, 0.25, 0, minus0, inf, 0, nan, 4),
		unary("softsign", 2, Softsign[T], softsignGeneric[T]).
			valued(0.6, -0.6, 2.5/3.5, -2.5/3.5, 0.2, 0, minus0, 1, -1, nan, 0.8),

		row[T]{
			kernel: "addScaled", operands: "dst+ x", draw: normal[T], slack: 8,
			run: func(s [][]T) []T { AddScaled(s[0], s[1], -0.3); return nil },
			ref: func(s [][]T) []T { addScaledGeneric(s[0], s[1], -0.3); return nil },
		}.tested("TestAddScaled"),
		scaled("scale", Scale[T], scaleGeneric[T]).
			valued(2.625, -2.625, 4.375, -4.375, 0.4375, 0, minus0, inf, -inf, nan, 7),
		scaled("addScalar", AddScalar[T], addScalarGeneric[T]).
			valued(3.25, 0.25, 4.25, -0.75, 2, 1.75, 1.75, inf, -inf, nan, 5.75),
		unary("clamp", 0, func(dst, x []T) { Clamp(dst, x, -2, 1) }, func(dst, x []T) { clampGeneric(dst, x, -2, 1) }).
			valued(1, -1.5, 1, -2, 0.25, 0, minus0, 1, -2, nan, 1),
		row[T]{
			kernel: "fill", operands: "dst",
			run: func(s [][]T) []T { Fill(s[0], 2.5); return nil },
			ref: func(s [][]T) []T { fillGeneric(s[0], 2.5); return nil },
		}.tested("TestFill"),

		unary("exp", 4, Exp[T], expGeneric[T]).
			accurate(bigExp, -750, 710, 1, 1, inf, 0),
		unary("expm1", 4, Expm1[T], expm1Generic[T]).
			accurate(bigExpm1, -40, 710, 0, minus0, inf, -1),
		unary("log", 4, Log[T], logGeneric[T]).
			accurate(bigLog, 0, math.MaxFloat64, -inf, -inf, inf, nan),
		unary("log1p", 4, Log1p[T], log1pGeneric[T]).
			accurate(bigLog1p, -1, math.MaxFloat64, 0, minus0, inf, nan),
		unary("sin", 4, Sin[T], sinGeneric[T]).near(1).drawn(angle[T]).
			accurate(func(x *big.Float) *big.Float { return bigSin(x, 0) }, -1e5, 1e5, 0, minus0, nan, nan),
		unary("cos", 4, Cos[T], cosGeneric[T]).near(1).drawn(angle[T]).
			accurate(func(x *big.Float) *big.Float { return bigSin(x, 1) }, -1e5, 1e5, 1, 1, nan, nan),
		unary("tanh", 5, Tanh[T], tanhGeneric[T]).
			accurate(bigTanh, -20, 20, 0, minus0, 1, -1),
		unary("sigmoid", 5, Sigmoid[T], sigmoidGeneric[T]).
			accurate(bigSigmoid, -750, 40, 0.5, 0.5, 1, 0),
		unary("logSigmoid", 5, LogSigmoid[T], logSigmoidGeneric[T]).
			accurate(bigLogSigmoid, -750, 750, -math.Ln2, -math.Ln2, minus0, -inf),
		unary("softplus", 5, Softplus[T], softplusGeneric[T]).
			accurate(bigSoftplus, -750, 750, math.Ln2, math.Ln2, inf, 0),
		unary("silu", 6, SiLU[T], siluGeneric[T]).near(1).
			accurate(func(x *big.Float) *big.Float { return bigMul(x, bigSigmoid(x)) }, -760, 40, 0, minus0, inf, minus0),
		// The relative error of these two grows towards −∞: they are measured from −1 on.
		unary("geluTanh", 6, GELUTanh[T], geluTanhGeneric[T]).near(2).
			accurate(bigGELUTanh, -1, 24, 0, minus0, inf, minus0),
		unary("mish", 6, Mish[T], mishGeneric[T]).near(1).
			accurate(func(x *big.Float) *big.Float { return bigMul(x, bigTanh(bigSoftplus(x))) }, -1, 40, 0, minus0, inf, minus0),
		unary("erf", 4, Erf[T], erfGeneric[T]).
			accurate(bigErf, -6, 6, 0, minus0, 1, -1),
		unary("erfc", 8, Erfc[T], erfcGeneric[T]).
			accurate(bigErfc, -6, 27.3, 1, 1, 0, 2),
		unary("gelu", 8, GELU[T], geluGeneric[T]).
			accurate(func(x *big.Float) *big.Float { return bigMul(x, bigNormalCDF(x)) }, -38.7, 9, 0, minus0, inf, minus0),

		binary("logAddExp", LogAddExp[T], logAddExpGeneric[T]).within(4).near(2).
			valued(2.3132616875182229, 2.3132616875182229, 2+math.Ln2, nan, nan, nan, inf, inf, inf, -2.6867383124817771),
		row[T]{
			kernel: "logAddExp3", operands: "dst a b c mask", ulps: 4, slack: 4,
			draw: orMinusInf[T],
			run:  func(s [][]T) []T { LogAddExp3(s[0], s[1], s[2], s[3], s[4]); return nil },
			ref:  func(s [][]T) []T { logAddExp3Generic(s[0], s[1], s[2], s[3], s[4]); return nil },
		}.tested("TestLogAddExp3"),

		pair("reluBackward", 0, ReLUBackward[T], reluBackwardGeneric[T]).
			slope(func(y float64) float64 { return oneIf[float64](y > 0) }),
		pair("sigmoidBackward", 0, SigmoidBackward[T], sigmoidBackwardGeneric[T]).
			slope(func(y float64) float64 { return y * (1 - y) }),
		pair("tanhBackward", 0, TanhBackward[T], tanhBackwardGeneric[T]).
			slope(func(y float64) float64 { return 1 - y*y }),
		pair("sqrtBackward", 0, SqrtBackward[T], sqrtBackwardGeneric[T]).
			slope(func(y float64) float64 { return 1 / (2 * y) }),
		pair("logBackward", 0, LogBackward[T], logBackwardGeneric[T]).
			slope(func(x float64) float64 { return 1 / x }),
		pair("squareBackward", 0, SquareBackward[T], squareBackwardGeneric[T]).
			slope(func(x float64) float64 { return 2 * x }),
		pair("absBackward", 0, AbsBackward[T], absBackwardGeneric[T]).
			slope(func(x float64) float64 { return sign(x) }),
		pair("softplusBackward", 6, SoftplusBackward[T], softplusBackwardGeneric[T]).
			slope(differences(func(x float64) float64 { return math.Log1p(math.Exp(x)) })),
		pair("geluBackward", 4, GELUBackward[T], geluBackwardGeneric[T]).near(20).
			slope(differences(func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 })),
		pair("geluTanhBackward", 4, GELUTanhBackward[T], geluTanhBackwardGeneric[T]).near(40).
			slope(differences(func(x float64) float64 {
				return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
			})),
		pair("siluBackward", 4, SiLUBackward[T], siluBackwardGeneric[T]).near(20).
			slope(differences(func(x float64) float64 { return x / (1 + math.Exp(-x)) })),

		reduction("sum", 20, Sum[T], sumGeneric[T]).
			sums(func(a, _ float64) float64 { return a }),
		reduction("sumAbs", 20, SumAbs[T], sumAbsGeneric[T]).
			sums(func(a, _ float64) float64 { return math.Abs(a) }),
		reduction("sumSquares", 20, SumSquares[T], sumSquaresGeneric[T]).
			sums(func(a, _ float64) float64 { return a * a }),
		reduction("sumExp", 40, func(x []T) T { return SumExp(x, 3) }, func(x []T) T { return sumExpGeneric(x, 3) }).
			within(4).sums(func(a, _ float64) float64 { return math.Exp(a - 3) }),
		row[T]{
			kernel: "dot", operands: "a b", draw: normal[T], slack: 40,
			run: func(s [][]T) []T { return []T{Dot(s[0], s[1])} },
			ref: func(s [][]T) []T { return []T{dotGeneric(s[0], s[1])} },

			benchmark: func(s [][]T) { Dot(s[0], s[1]) },
		}.sums(func(a, b float64) float64 { return a * b }),
		reduction("maxOf", 0, MaxOf[T], maxOfGeneric[T]).tested("TestExtremes"),
		reduction("minOf", 0, MinOf[T], minOfGeneric[T]).tested("TestExtremes"),
		reduction("indexOf", 0, func(x []T) T { return T(ArgMax(x)) }, func(x []T) T { return T(argMaxGeneric(x)) }).
			tested("TestExtremes"),
		row[T]{
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
			benchmark: func(s [][]T) {
				cols := min(128, len(s[0]))
				rows := len(s[0]) / cols
				SumRows(s[1][:cols], s[0][:rows*cols], rows, cols, false)
			},
		}.tested("TestSumRows"),

		unary("softmax", 16, Softmax[T], func(dst, x []T) { softmaxGeneric(dst, x) }).near(1).tested("TestRows"),
		row[T]{
			kernel: "maxSumExp", operands: "x", draw: normal[T], slack: 4,
			run: func(s [][]T) []T { return []T{LogSumExp(s[0])} },
			ref: func(s [][]T) []T {
				m, sum := maxSumExpGeneric(s[0])
				return []T{m + T(math.Log(float64(sum)))}
			},
			benchmark: func(s [][]T) { LogSumExp(s[0]) },
		}.tested("TestRows"),
		row[T]{
			kernel: "expShiftSum", operands: "dst x", draw: normal[T], ulps: 4, slack: 4,
			run: func(s [][]T) []T { return []T{expShiftSumKernel(s[0], s[1], MaxOf(s[1]))} },
			ref: func(s [][]T) []T { return []T{expShiftSumGeneric(s[0], s[1], maxOfGeneric(s[1]))} },

			benchmark: func(s [][]T) { expShiftSumKernel(s[0], s[1], MaxOf(s[1])) },
		}.tested("TestRows"),
		unary("shiftTwice", 0,
			func(dst, x []T) { shiftTwiceKernel(dst, x, 1.5, 0.5) },
			func(dst, x []T) { shiftTwiceGeneric(dst, x, 1.5, 0.5) }).
			valued(-0.5, -3.5, 0.5, -4.5, -1.75, -2, -2, inf, -inf, nan, 2),
		pair("softmaxGradient", 0,
			func(dst, g, y []T) { softmaxGradientKernel(dst, g, y, 0.3) },
			func(dst, g, y []T) { softmaxGradientGeneric(dst, g, y, 0.3) }).tested("TestRows"),
		row[T]{
			kernel: "logSoftmaxGradient", operands: "dst g y", ulps: 4, slack: 8,
			draw: func(r *rand.Rand) T { return T(-5 * r.ExpFloat64()) },
			run:  three(func(dst, g, y []T) { logSoftmaxGradientKernel(dst, g, y, 0.3) }),
			ref:  three(func(dst, g, y []T) { logSoftmaxGradientGeneric(dst, g, y, 0.3) }),
		}.tested("TestRows"),

		row[T]{
			kernel: "takeGreater", operands: "best+ place+ x",
			run: func(s [][]T) []T { TakeGreater(s[0], s[1], s[2], 3); return nil },
			ref: func(s [][]T) []T { takeGreaterGeneric(s[0], s[1], s[2], 3); return nil },
		}.tested("TestTakeGreater"),
		row[T]{
			kernel: "moments", operands: "x", draw: normal[T], slack: 40,
			run: func(s [][]T) []T { return momentsCase(s[0], momentsKernel[T]) },
			ref: func(s [][]T) []T { return momentsCase(s[0], momentsGeneric[T]) },

			benchmark: func(s [][]T) { Moments(s[0]) },
		}.tested("TestMoments"),
		row[T]{
			kernel: "gradientSums", operands: "g x", draw: normal[T], slack: 40,
			run: func(s [][]T) []T { return both(gradientSumsKernel(s[0], s[1], 0.3)) },
			ref: func(s [][]T) []T { return both(gradientSumsGeneric(s[0], s[1], 0.3)) },

			benchmark: func(s [][]T) { GradientSums(s[0], s[1], 0.3) },
		}.tested("TestGradientSums"),
		row[T]{
			kernel: "weightedSums", operands: "g x w", draw: normal[T], slack: 80,
			run: func(s [][]T) []T { return both(weightedSumsKernel(s[0], s[1], s[2], 0.3)) },
			ref: func(s [][]T) []T { return both(weightedSumsGeneric(s[0], s[1], s[2], 0.3)) },

			benchmark: func(s [][]T) { WeightedSums(s[0], s[1], s[2], 0.3) },
		}.tested("TestGradientSums"),
		unary("normalize", 0,
			func(dst, x []T) { Normalize(dst, x, 0.3, 1.7, -0.6) },
			func(dst, x []T) { normalizeGeneric(dst, x, &normalization[T]{0.3, 1.7, -0.6}) }).near(20).tested("TestNormalize"),
		row[T]{
			kernel: "normalizeRow", operands: "dst x w b", draw: normal[T], ulps: 4, slack: 200,
			run: func(s [][]T) []T { NormalizeRow(s[0], s[1], s[2], s[3], 0.3, 1.7); return nil },
			ref: func(s [][]T) []T {
				normalizeRowGeneric(s[0], s[1], s[2], s[3], &normalization[T]{mean: 0.3, scale: 1.7})
				return nil
			},
		}.tested("TestNormalize"),
		pair("normalizeGradient", 0,
			func(dst, g, x []T) { NormalizeGradient(dst, g, x, 0.3, 1.7, -0.4, 0.2) },
			func(dst, g, x []T) {
				normalizeGradientGeneric(dst, g, x, &gradientNormalization[T]{0.3, 1.7, -0.4, 0.2})
			}).near(20).tested("TestNormalize"),
		row[T]{
			kernel: "normalizeRowGradient", operands: "dst gw+ gb+ g x w", draw: normal[T], ulps: 4, slack: 200,
			run: func(s [][]T) []T {
				NormalizeRowGradient(s[0], s[1], s[2], s[3], s[4], s[5], 0.3, 1.7, -0.4, 0.2)
				return nil
			},
			ref: func(s [][]T) []T {
				normalizeRowGradientGeneric(s[0], s[1], s[2], s[3], s[4], s[5], &gradientNormalization[T]{0.3, 1.7, -0.4, 0.2})
				return nil
			},
		}.tested("TestNormalize"),
		row[T]{
			kernel: "columnSums", operands: "sums+ x0 x1 x2 x3 origin",
			run: func(s [][]T) []T { ColumnSums(s[0], [4][]T(s[1:5]), s[5]); return nil },
			ref: func(s [][]T) []T { columnSumsGeneric(s[0], s[1], s[2], s[3], s[4], s[5]); return nil },
		}.tested("TestNormalize"),
		row[T]{
			kernel: "columnSquares", operands: "squares+ x0 x1 x2 x3 mean", draw: normal[T], ulps: 4, slack: 200,
			run: func(s [][]T) []T { ColumnSquares(s[0], [4][]T(s[1:5]), s[5]); return nil },
			ref: func(s [][]T) []T { columnSquaresGeneric(s[0], s[1], s[2], s[3], s[4], s[5]); return nil },
		}.tested("TestNormalize"),
		row[T]{
			kernel: "columnGradientSums", operands: "sums+ products+ g0 g1 g2 g3 x0 x1 x2 x3 mean", draw: normal[T], ulps: 4, slack: 200,
			run: func(s [][]T) []T {
				ColumnGradientSums(s[0], s[1], [4][]T(s[2:6]), [4][]T(s[6:10]), s[10])
				return nil
			},
			ref: func(s [][]T) []T {
				columnGradientSumsGeneric(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10])
				return nil
			},
		}.tested("TestNormalize"),
		row[T]{
			kernel: "normalizeColumns", operands: "dst x mean w b", draw: normal[T], ulps: 4, slack: 200,
			run: func(s [][]T) []T { NormalizeColumns(s[0], s[1], s[2], s[3], s[4]); return nil },
			ref: func(s [][]T) []T { normalizeColumnsGeneric(s[0], s[1], s[2], s[3], s[4], len(s[0])); return nil },
		}.tested("TestNormalize"),
		row[T]{
			kernel: "normalizeColumnsGradient", operands: "dst g x mean w slope shift", draw: normal[T], ulps: 4, slack: 200,
			run: func(s [][]T) []T {
				NormalizeColumnsGradient(s[0], s[1], s[2], s[3], s[4], s[5], s[6])
				return nil
			},
			ref: func(s [][]T) []T {
				normalizeColumnsGradientGeneric(s[0], s[1], s[2], s[3], s[4], s[5], s[6], len(s[0]))
				return nil
			},
		}.tested("TestNormalize"),

		row[T]{
			kernel: "adam", operands: "w+ m+ v+ g", slack: 20,
			draw: func(r *rand.Rand) T { return T(0.01 + math.Abs(r.NormFloat64())) },
			run:  func(s [][]T) []T { Adam(s[0], s[1], s[2], s[3], adamCase); return nil },
			ref: func(s [][]T) []T {
				c := adamScalars[T](adamCase)
				adamGeneric(s[0], s[1], s[2], s[3], &c)
				return nil
			},
		}.tested("TestAdam"),
		row[T]{
			kernel: "sgd", operands: "w+ g", draw: normal[T], slack: 8,
			run: func(s [][]T) []T { SGD(s[0], s[1], 0.1, 0.01); return nil },
			ref: func(s [][]T) []T { sgdGeneric(s[0], s[1], T(1-0.1*0.01), T(-0.1)); return nil },
		}.tested("TestSGD"),
		row[T]{
			kernel: "sgdMomentum", operands: "w+ buf+ g", draw: normal[T], ulps: 4, slack: 8,
			run: func(s [][]T) []T { SGDMomentum(s[0], s[1], s[2], momentumCase); return nil },
			ref: func(s [][]T) []T {
				c := momentumScalars[T](momentumCase)
				sgdMomentumGeneric(s[0], s[1], s[2], &c)
				return nil
			},
		}.tested("TestSGD"),
	}
}

// momentsCase is the moments of x, 0 and 0 if it is empty.
func momentsCase[T Float](x []T, moments func(x []T, inverse T) (mean, squares T)) []T {
	if len(x) == 0 {
		return []T{0, 0}
	}
	return both(moments(x, 1/T(len(x))))
}

func both[T Float](a, b T) []T { return []T{a, b} }

// otherKernels are the kernels on operands of mixed types and shapes, with the test
// of each.
var otherKernels = map[string]string{
	"lstm": "TestRecurrentKernels", "lstmBackward": "TestRecurrentKernels",
	"gru": "TestRecurrentKernels", "gruBackward": "TestRecurrentKernels",

	"rotatePairs": "TestRotary", "rotateHalves": "TestRotary",

	"softmaxRows": "TestSoftmaxRows", "softmaxRowsGradient": "TestSoftmaxRows",

	"layerNormColumns": "TestLayerNormColumns", "softmaxColumns": "TestSoftmaxColumns",

	"bytesToFloats": "TestBytesToFloats",
	"float32To64":   "TestFloat32To64AndBack",
	"float64To32":   "TestFloat32To64AndBack",
	"transpose":     "TestTranspose",

	"maxPool2x2": "TestPool2x2", "maxPool2x2Backward": "TestPool2x2",
	"avgPool2x2": "TestPool2x2", "avgPool2x2Backward": "TestPool2x2",

	"randomBits": "TestRandomBits", "keepBits": "TestKeepBits",
}

// points are what unary rows have values at, pointsA and pointsB what binary rows do.
var (
	points  = []float64{1.5, -1.5, 2.5, -2.5, 0.25, 0, minus0, inf, -inf, nan, 4}
	pointsA = []float64{1, 2, 2, nan, 1, nan, inf, -inf, 0, -3}
	pointsB = []float64{2, 1, 2, 1, nan, nan, inf, inf, inf, -4}
)

func normal[T Float](r *rand.Rand) T { return T(3 * r.NormFloat64()) }

// orMinusInf draws −Inf too.
func orMinusInf[T Float](r *rand.Rand) T {
	if r.IntN(3) == 0 {
		return T(-inf)
	}
	return normal[T](r)
}

// angle draws angles, some of them too large for polynomials.
func angle[T Float](r *rand.Rand) T {
	if r.IntN(32) == 0 {
		return T(1e12 * r.NormFloat64())
	}
	return normal[T](r)
}

// differences differentiates f by differences of fourth order.
func differences(f func(float64) float64) func(float64) float64 {
	const h = 1e-3
	return func(x float64) float64 {
		return (8*(f(x+h)-f(x-h)) - (f(x+2*h) - f(x-2*h))) / (12 * h)
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
