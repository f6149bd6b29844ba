package onnx

import (
	"math"
)

// Element-wise operations of one operand.

const noSpecial = "ONNX has no such special function"

var exportElementwise = exportRows{
	"neg": as("Neg"),
	"abs": as("Abs"),
	"exp": as("Exp"),
	"log": as("Log"),
	"expm1": of1("Mul, Tanh, Exp, Add", func(e *exporter, i int, x string) string {
		// eˣ − 1 = tanh(x/2)·(eˣ + 1), which does not cancel near 0; and as usual where eˣ is infinite.
		return e.mul(e.op1("Tanh", e.mulScalar(i, x, 0.5)), e.addScalar(i, e.op1("Exp", x), 1))
	}),
	"log1p": of1("Add, Log", func(e *exporter, i int, x string) string { return e.op1("Log", e.addScalar(i, x, 1)) }),
	"log2":  of1("Log, Mul", func(e *exporter, i int, x string) string { return e.mulScalar(i, e.op1("Log", x), 1/math.Ln2) }),
	"log10": of1("Log, Mul", func(e *exporter, i int, x string) string { return e.mulScalar(i, e.op1("Log", x), 1/math.Ln10) }),
	"exp2":  of1("Mul, Exp", func(e *exporter, i int, x string) string { return e.op1("Exp", e.mulScalar(i, x, math.Ln2)) }),
	"entr": of1("Equal, Where, Log, Mul, Neg", func(e *exporter, i int, x string) string {
		zero := e.op2("Equal", x, e.scalar(i, 0))
		return e.op1("Neg", e.mul(x, e.op1("Log", e.where(zero, e.scalar(i, 1), x))))
	}),
	"square":     of1("Mul", func(e *exporter, i int, x string) string { return e.mul(x, x) }),
	"sqrt":       as("Sqrt"),
	"rsqrt":      of1("Sqrt, Reciprocal", func(e *exporter, i int, x string) string { return e.op1("Reciprocal", e.op1("Sqrt", x)) }),
	"reciprocal": as("Reciprocal"),
	"pow scalar": of1("Pow", func(e *exporter, i int, x string) string {
		return e.op2("Pow", x, e.scalar(i, the[float64](e, i, "exponent")))
	}),
	"clamp": of1("Clip", func(e *exporter, i int, x string) string {
		return e.emit("Clip", []string{x, e.scalar(i, the[float64](e, i, "low")), e.scalar(i, the[float64](e, i, "high"))})
	}),

	"sin": as("Sin"), "cos": as("Cos"), "tan": as("Tan"), "asin": as("Asin"), "acos": as("Acos"), "atan": as("Atan"),
	"sinh": as("Sinh"), "cosh": as("Cosh"), "asinh": as("Asinh"), "acosh": as("Acosh"), "atanh": as("Atanh"),
	"sinc": of1("Mul, Equal, Where, Sin, Div", func(e *exporter, i int, x string) string {
		if the[int](e, i, "order") != 0 {
			e.fail("a derivative of sinc has no counterpart in ONNX")
		}
		z := e.mulScalar(i, x, math.Pi)
		zero := e.op2("Equal", z, e.scalar(i, 0))
		return e.where(zero, e.scalar(i, 1), e.div(e.op1("Sin", z), e.where(zero, e.scalar(i, 1), z)))
	}),

	"erf":  as("Erf"),
	"erfc": of1("Erf, Sub", func(e *exporter, i int, x string) string { return e.sub(e.scalar(i, 1), e.op1("Erf", x)) }),
	"normal cdf": of1("Mul, Erf, Add", func(e *exporter, i int, x string) string {
		return e.mulScalar(i, e.addScalar(i, e.op1("Erf", e.mulScalar(i, x, math.Sqrt2/2)), 1), 0.5)
	}),
	"erfinv": without(noSpecial), "erfc ratio": without(noSpecial), "log normal cdf": without(noSpecial),
	"normal hazard": without(noSpecial), "normal quantile": without(noSpecial), "lgamma": without(noSpecial),
	"polygamma": without(noSpecial), "bessel i": without(noSpecial), "bessel i scaled": without(noSpecial),

	"floor": as("Floor"), "ceil": as("Ceil"), "round": as("Round"), "sign": as("Sign"),
	"trunc": of1("Abs, Floor, Sign, Mul", func(e *exporter, i int, x string) string { return e.trunc(x) }),
	"frac":  of1("Abs, Floor, Sign, Mul, Sub", func(e *exporter, i int, x string) string { return e.sub(x, e.trunc(x)) }),
	"signbit": exportTruth("Reciprocal, Less, Or", func(e *exporter, i int) string {
		x := e.in(i, 0) // 1/−0 is −Inf
		return e.op2("Or", e.op2("Less", x, e.scalar(i, 0)), e.op2("Less", e.op1("Reciprocal", x), e.scalar(i, 0)))
	}),
	"isnan": exportTruth("IsNaN", func(e *exporter, i int) string { return e.op1("IsNaN", e.in(i, 0)) }),
	"isinf": exportTruth("IsInf", func(e *exporter, i int) string { return e.op1("IsInf", e.in(i, 0)) }),
	"isfinite": exportTruth("Sub, Equal", func(e *exporter, i int) string {
		x := e.in(i, 0) // the difference is NaN otherwise
		return e.op2("Equal", e.sub(x, x), e.scalar(i, 0))
	}),
	"identity": {onnx: "–", emit: func(e *exporter, i int) string { return e.name(e.node(i).in[0]) }},
	"as type": of1("Cast", func(e *exporter, i int, x string) string {
		return e.emit("Cast", []string{x}, attrInt("to", int(elementType(e.node(i).DType))))
	}),
	"dropout": without("it drops by chance; in inference nn.Dropout is left out"),
}

// trunc is x without the digits after the point.
func (e *exporter) trunc(x string) string {
	return e.mul(e.op1("Sign", x), e.op1("Floor", e.op1("Abs", x)))
}

// Activation functions.

var exportActivations = exportRows{
	"relu": as("Relu"), "sigmoid": as("Sigmoid"), "tanh": as("Tanh"), "softplus": as("Softplus"), "softsign": as("Softsign"), "hardswish": as("HardSwish"),
	"leaky relu": composed("LeakyRelu", func(e *exporter, i int) string {
		return e.emit("LeakyRelu", e.ins(i), attrFloat("alpha", the[float64](e, i, "slope")))
	}),
	"elu": composed("Elu", func(e *exporter, i int) string {
		return e.emit("Elu", e.ins(i), attrFloat("alpha", the[float64](e, i, "alpha")))
	}),
	"hardsigmoid": as("HardSigmoid", attrFloat("alpha", 1./6), attrFloat("beta", 0.5)),
	"log sigmoid": of1("Neg, Softplus", func(e *exporter, i int, x string) string { return e.op1("Neg", e.op1("Softplus", e.op1("Neg", x))) }),
	"silu":        of1("Sigmoid, Mul", func(e *exporter, i int, x string) string { return e.mul(x, e.op1("Sigmoid", x)) }),
	"gelu": of1("Div, Erf, Add, Mul", func(e *exporter, i int, x string) string {
		// x·Φ(x), in the order in which onnxruntime finds it.
		phi := e.addScalar(i, e.op1("Erf", e.div(x, e.scalar(i, math.Sqrt2))), 1)
		return e.mulScalar(i, e.mul(x, phi), 0.5)
	}),
	"gelu tanh": of1("Mul, Add, Tanh", func(e *exporter, i int, x string) string {
		cube := e.mulScalar(i, e.mul(x, e.mul(x, x)), 0.044715)
		t := e.op1("Tanh", e.mulScalar(i, e.add(x, cube), math.Sqrt(2/math.Pi)))
		return e.mul(e.mulScalar(i, x, 0.5), e.addScalar(i, t, 1))
	}),
	"mish": of1("Softplus, Tanh, Mul", func(e *exporter, i int, x string) string { return e.mul(x, e.op1("Tanh", e.op1("Softplus", x))) }),
	"softmax": composed("Softmax", func(e *exporter, i int) string {
		return e.emit("Softmax", e.ins(i), attrInt("axis", the[int](e, i, "axis")))
	}),
	"log softmax": composed("LogSoftmax", func(e *exporter, i int) string {
		return e.emit("LogSoftmax", e.ins(i), attrInt("axis", the[int](e, i, "axis")))
	}),
	"ctc loss": without("ONNX has no loss of alignments"),
	"cross entropy": composed("SoftmaxCrossEntropyLoss", func(e *exporter, i int) string {
		lists := e.intLists(i, "labels")
		for _, list := range lists {
			for k, label := range list {
				list[k] = max(label, -1)
			}
		}
		labels, _, _ := e.tokens(lists, "the labels")
		return e.emit("SoftmaxCrossEntropyLoss", []string{e.in(i, 0), labels}, attrInt("ignore_index", -1), attrString("reduction", "none"))
	}),
}

// Operations of two operands, comparisons and choices.

var exportBinary = exportRows{
	"add": as("Add"), "sub": as("Sub"), "mul": as("Mul"), "div": as("Div"), "maximum": as("Max"), "minimum": as("Min"), "pow": as("Pow"),
	"strong mul": of2("Equal, Where, Mul", func(e *exporter, i int, a, b string) string { return e.strong(i, a, e.mul(a, b)) }),
	"strong div": of2("Equal, Where, Div", func(e *exporter, i int, a, b string) string { return e.strong(i, a, e.div(a, b)) }),
	"xlogy": of2("Log, Mul, Equal, Where", func(e *exporter, i int, a, b string) string {
		return e.strong(i, a, e.mul(a, e.op1("Log", b)))
	}),
	"xlog1py": of2("Add, Log, Mul, Equal, Where", func(e *exporter, i int, a, b string) string {
		return e.strong(i, a, e.mul(a, e.op1("Log", e.addScalar(i, b, 1))))
	}),
	"logaddexp": of2("Equal, Sub, Where, Max, Abs, Neg, Exp, Add, Log", func(e *exporter, i int, a, b string) string {
		// ln(eᵃ+eᵇ) = max + ln(1+e^−|a−b|); of two that are equal, infinite ones too, there is no difference.
		apart := e.where(e.op2("Equal", a, b), e.scalar(i, 0), e.sub(a, b))
		return e.add(e.op2("Max", a, b), e.op1("Log", e.addScalar(i, e.op1("Exp", e.op1("Neg", e.op1("Abs", apart))), 1)))
	}),
	"log beta": without(noSpecial), "gammainc": without(noSpecial), "gammaincc": without(noSpecial),
	"fmod": composed("Mod", func(e *exporter, i int) string { return e.emit("Mod", e.ins(i), attrInt("fmod", 1)) }),
	"remainder": of2("Mod, Less, Equal, Xor, Not, And, Add, Where", func(e *exporter, i int, a, b string) string {
		return e.remainder(i, a, b)
	}),
	"floor divide": of2("Mod, Less, Equal, Xor, Not, And, Add, Where, Sub, Div, Round", func(e *exporter, i int, a, b string) string {
		return e.op1("Round", e.div(e.sub(a, e.remainder(i, a, b)), b))
	}),
	"atan2": of2("Equal, Where, Div, Atan, Less, Add, Sign, Mul", func(e *exporter, i int, a, b string) string {
		// atan(a/b), half a turn further where b is negative, in the direction of a's sign; a quarter where b is 0.
		zero := e.scalar(i, 0)
		noB := e.op2("Equal", b, zero)
		half := e.where(e.op2("Less", a, zero), e.scalar(i, -math.Pi), e.scalar(i, math.Pi))
		angle := e.op1("Atan", e.div(a, e.where(noB, e.scalar(i, 1), b)))
		angle = e.add(angle, e.where(e.op2("Less", b, zero), half, zero))
		return e.where(noB, e.mulScalar(i, e.op1("Sign", a), math.Pi/2), angle)
	}),
	"hypot": of2("Mul, Add, Sqrt", func(e *exporter, i int, a, b string) string {
		return e.op1("Sqrt", e.add(e.mul(a, a), e.mul(b, b)))
	}),

	"greater":       exportTruth("Greater", func(e *exporter, i int) string { return e.emit("Greater", e.ins(i)) }),
	"greater equal": exportTruth("GreaterOrEqual", func(e *exporter, i int) string { return e.emit("GreaterOrEqual", e.ins(i)) }),
	"less":          exportTruth("Less", func(e *exporter, i int) string { return e.emit("Less", e.ins(i)) }),
	"less equal":    exportTruth("LessOrEqual", func(e *exporter, i int) string { return e.emit("LessOrEqual", e.ins(i)) }),
	"equal":         exportTruth("Equal", func(e *exporter, i int) string { return e.emit("Equal", e.ins(i)) }),
	"not equal":     exportTruth("Equal, Not", func(e *exporter, i int) string { return e.op1("Not", e.emit("Equal", e.ins(i))) }),
	"where":         composed("Where, Cast", exportWhere),
}

// strong is y, and 0 where a is.
func (e *exporter) strong(i int, a, y string) string {
	return e.where(e.op2("Equal", a, e.scalar(i, 0)), e.scalar(i, 0), y)
}

// remainder is the remainder of a/b with b's sign.
func (e *exporter) remainder(i int, a, b string) string {
	zero := e.scalar(i, 0)
	r := e.emit("Mod", []string{a, b}, attrInt("fmod", 1))
	signs := e.op2("Xor", e.op2("Less", r, zero), e.op2("Less", b, zero))
	return e.where(e.op2("And", signs, e.op1("Not", e.op2("Equal", r, zero))), e.add(r, b), r)
}

// exportWhere leaves a choice out whose branches are the same, as where only gradients differ, or
// that is made of the same in all traces.
func exportWhere(e *exporter, i int) string {
	a, b := e.in(i, 1), e.in(i, 2)
	if a == b && equalDims(e.inDims(i, 1), e.dims(i)) {
		return a
	}
	return e.where(e.condition(i), a, b)
}
