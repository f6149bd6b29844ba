package autograd_test

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoElementwise is element-wise functions, by PyTorch's names.
var opinfoElementwise = map[string]reference.Func{
	"abs": unary(v.Abs), "acos": unary(v.Acos), "acosh": unary(v.Acosh), "asinh": unary(v.Asinh), "atan": unary(v.Atan),
	"atanh": unary(v.Atanh), "ceil": unary(v.Ceil), "cos": unary(v.Cos), "cosh": unary(v.Cosh), "digamma": unary(v.Digamma),
	"entr": unary(v.Entr), "erfc": unary(v.Erfc), "erfcx": unary(v.Erfcx), "exp": unary(v.Exp), "exp2": unary(v.Exp2),
	"expm1": unary(v.Expm1), "floor": unary(v.Floor), "frac": unary(v.Frac), "i0": unary(v.I0), "i0e": unary(v.I0e),
	"i1": unary(v.I1), "i1e": unary(v.I1e), "isfinite": unary(v.IsFinite), "isinf": unary(v.IsInf), "isnan": unary(v.IsNaN),
	"lgamma": unary(v.Lgamma), "log": unary(v.Log), "log10": unary(v.Log10), "log2": unary(v.Log2), "log_ndtr": unary(v.LogNormalCDF),
	"ndtr": unary(v.NormalCDF), "ndtri": unary(v.NormalQuantile), "neg": unary(v.Neg), "reciprocal": unary(v.Reciprocal),
	"rsqrt": unary(v.Rsqrt), "sigmoid": unary(v.Sigmoid), "signbit": unary(v.SignBit), "sin": unary(v.Sin), "sinc": unary(v.Sinc),
	"sinh": unary(v.Sinh), "sqrt": unary(v.Sqrt), "square": unary(v.Square), "tan": unary(v.Tan), "trunc": unary(v.Trunc),
	"positive":   unary(func(x v) v { return x.MulScalar(1) }),
	"isposinf":   unary(func(x v) v { return x.Equal(autograd.Full(x.DType(), math.Inf(1))) }),
	"deg2rad":    unary(func(x v) v { return x.MulScalar(math.Pi / 180) }),
	"rad2deg":    unary(func(x v) v { return x.MulScalar(180 / math.Pi) }),
	"nan_to_num": unary(func(x v) v { return x.NanToNum(0, math.NaN(), math.NaN()) }),
	"round":      optional(func(x v, o options) v { return x.RoundTo(o.Decimals) }),
	"polygamma":  optional(func(x v, o options) v { return x.Polygamma(*o.N) }),
	"logit": optional(func(x v, o options) v {
		if o.Eps != nil {
			x = x.Clamp(*o.Eps, 1-*o.Eps)
		}
		return x.Logit()
	}),
	"mvlgamma": func(c *reference.Case, xs variables) variables {
		return one(xs[0].MvLgamma(attributesOf[struct{ P int }](c).P))
	},

	"atan2": binary(autograd.Atan2), "copysign": binary(autograd.CopySign), "div": binary(v.Div), "eq": binary(v.Equal),
	"float_power": binary(autograd.Pow), "floor_divide": binary(autograd.FloorDivide), "fmax": binary(autograd.FMax),
	"fmin": binary(autograd.FMin), "fmod": binary(autograd.Fmod), "ge": binary(v.GreaterEqual), "gt": binary(v.Greater),
	"heaviside": binary(autograd.Heaviside), "hypot": binary(autograd.Hypot), "igamma": binary(autograd.GammaInc),
	"igammac": binary(autograd.GammaIncC), "le": binary(v.LessEqual), "logaddexp": binary(autograd.LogAddExp), "lt": binary(v.Less),
	"maximum": binary(v.Maximum), "minimum": binary(v.Minimum), "mul": binary(v.Mul), "ne": binary(v.NotEqual),
	"pow": binary(autograd.Pow), "remainder": binary(autograd.Remainder), "xlog1py": binary(autograd.Xlog1py), "xlogy": binary(autograd.Xlogy),
	"add": func(c *reference.Case, xs variables) variables {
		return one(xs[0].Add(xs[1].MulScalar(floatOr(attributesOf[options](c).Alpha, 1))))
	},
	"sub": func(c *reference.Case, xs variables) variables {
		return one(xs[0].Sub(xs[1].MulScalar(floatOr(attributesOf[options](c).Alpha, 1))))
	},
	"where": func(c *reference.Case, xs variables) variables {
		return one(autograd.Where(ints(c, "condition"), xs[0], xs[1]))
	},
	"masked_fill": func(c *reference.Case, xs variables) variables {
		mask := ints(c, "mask")
		if len(xs) == 2 { // the value is an operand
			x := xs[0].BroadcastTo(xs[0].Add(mask).Shape()...)
			return one(autograd.Where(mask, xs[1], x))
		}
		shape := xs[0].Add(mask).Shape()
		return one(xs[0].BroadcastTo(shape...).MaskedFill(mask, *attributesOf[options](c).Value))
	},
	// Bounds that are operands: the gradient goes to x between them and at them.
	"clamp":     func(_ *reference.Case, xs variables) variables { return one(below(above(xs[0], xs[1]), xs[2])) },
	"clamp_max": binary(below),
	"clamp_min": binary(above),
	"lerp": func(c *reference.Case, xs variables) variables {
		if len(xs) == 3 {
			return one(autograd.Lerp(xs[0], xs[1], xs[2]))
		}
		weight := autograd.Scalar(attributesOf[struct{ Weight float64 }](c).Weight)
		return one(autograd.Lerp(xs[0], xs[1], weight))
	},
	"addcmul": func(c *reference.Case, xs variables) variables {
		return one(autograd.Addcmul(xs[0], xs[1], xs[2], floatOr(attributesOf[options](c).Value, 1)))
	},
	"addcdiv": func(c *reference.Case, xs variables) variables {
		return one(autograd.Addcdiv(xs[0], xs[1], xs[2], floatOr(attributesOf[options](c).Value, 1)))
	},

	"elu": optional(func(x v, o options) v { return x.ELU(floatOr(o.Alpha, 1)) }), "celu": unary(func(x v) v { return x.ELU(1) }),
	"gelu": unary(v.GELU), "hardsigmoid": unary(v.Hardsigmoid), "hardswish": unary(v.Hardswish),
	"leaky_relu": unary(func(x v) v { return x.LeakyReLU(0.01) }), "logsigmoid": unary(v.LogSigmoid), "mish": unary(v.Mish),
	"relu": unary(v.ReLU), "selu": unary(v.SELU), "silu": unary(v.SiLU), "softsign": unary(v.Softsign),
	"relu6":      unary(func(x v) v { return x.Clamp(0, 6) }),
	"tanhshrink": unary(func(x v) v { return x.Sub(x.Tanh()) }),
	"hardtanh": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Min *float64 `json:"min_val"`
			Max *float64 `json:"max_val"`
		}](c)
		return one(xs[0].Clamp(floatOr(a.Min, -1), floatOr(a.Max, 1)))
	},
	"softshrink": func(c *reference.Case, xs variables) variables {
		lambda := floatOr(attributesOf[struct{ Lambd *float64 }](c).Lambd, 0.5)
		return one(xs[0].Sub(xs[0].Clamp(-lambda, lambda)))
	},
	"hardshrink": func(c *reference.Case, xs variables) variables {
		lambda := floatOr(attributesOf[struct{ Lambd *float64 }](c).Lambd, 0.5)
		small := xs[0].Abs().LessEqual(autograd.Scalar(lambda))
		return one(xs[0].MaskedFill(small, 0))
	},
	"threshold": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Threshold, Value float64 }](c)
		return one(xs[0].MaskedFill(xs[0].LessEqual(autograd.Scalar(a.Threshold)), a.Value))
	},
	"softplus": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Beta, Threshold *float64 }](c)
		beta, threshold := floatOr(a.Beta, 1), floatOr(a.Threshold, 20)
		linear := xs[0].MulScalar(beta).Greater(autograd.Scalar(threshold))
		return one(autograd.Where(linear, xs[0], xs[0].SoftplusBeta(beta)))
	},
	"prelu": func(_ *reference.Case, xs variables) variables {
		weight := xs[1]
		if weight.Size() > 1 {
			for range xs[0].Rank() - 2 {
				weight = weight.Unsqueeze(-1)
			}
		} else {
			weight = weight.Reshape()
		}
		return one(autograd.Where(xs[0].Greater(autograd.Scalar(0.)), xs[0], xs[0].Mul(weight)))
	},
	"glu": optional(func(x v, o options) v {
		axis := o.Dim.or(-1)[0]
		half := x.Dim(axis) / 2
		parts := x.Split(axis, half, half)
		return parts[0].Mul(parts[1].Sigmoid())
	}),
}

// below is min(x, bound), above max(x, bound), whose gradient goes to x where they are equal.
func below(x, bound v) v { return autograd.Where(x.LessEqual(bound), x, bound) }
func above(x, bound v) v { return autograd.Where(x.GreaterEqual(bound), x, bound) }
