package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Functions of each element, activations among them.
var elementwiseOperators = family{"Element-wise functions", []operator{
	{name: "Identity", since: 1, in: one, make: legacy(func(c *call) { c.setValue(0, c.value(0)) }), typed: true},
	{name: "Abs", since: 1, in: one, make: legacy(either(autograd.Variable.Abs, func(x *host.Array) *host.Array { return x.Combine(host.Max, negative(x)) }))},
	{name: "Neg", since: 1, in: one, make: legacy(either(autograd.Variable.Neg, negative))},
	{name: "Sign", since: 9, in: one, make: legacy(either(autograd.Variable.Sign, signs))},
	{name: "Reciprocal", since: 1, in: one, make: legacy(unary(autograd.Variable.Reciprocal))},
	{name: "Floor", since: 1, in: one, make: legacy(unary(autograd.Variable.Floor))},
	{name: "Ceil", since: 1, in: one, make: legacy(unary(autograd.Variable.Ceil))},
	{name: "Round", since: 11, in: one, make: legacy(unary(autograd.Variable.Round))},
	{name: "Sqrt", since: 1, in: one, make: legacy(unary(autograd.Variable.Sqrt))},
	{name: "Exp", since: 1, in: one, make: legacy(unary(autograd.Variable.Exp))},
	{name: "Log", since: 1, in: one, make: legacy(unary(autograd.Variable.Log))},
	{name: "Erf", since: 9, in: one, make: legacy(unary(autograd.Variable.Erf))},
	{name: "Sin", since: 7, in: one, make: legacy(unary(autograd.Variable.Sin))},
	{name: "Cos", since: 7, in: one, make: legacy(unary(autograd.Variable.Cos))},
	{name: "Tan", since: 7, in: one, make: legacy(unary(autograd.Variable.Tan))},
	{name: "Asin", since: 7, in: one, make: legacy(unary(autograd.Variable.Asin))},
	{name: "Acos", since: 7, in: one, make: legacy(unary(autograd.Variable.Acos))},
	{name: "Atan", since: 7, in: one, make: legacy(unary(autograd.Variable.Atan))},
	{name: "Sinh", since: 9, in: one, make: legacy(unary(autograd.Variable.Sinh))},
	{name: "Cosh", since: 9, in: one, make: legacy(unary(autograd.Variable.Cosh))},
	{name: "Asinh", since: 9, in: one, make: legacy(unary(autograd.Variable.Asinh))},
	{name: "Acosh", since: 9, in: one, make: legacy(unary(autograd.Variable.Acosh))},
	{name: "Atanh", since: 9, in: one, make: legacy(unary(autograd.Variable.Atanh))},
	{name: "Relu", since: 1, in: one, make: legacy(either(autograd.Variable.ReLU, func(x *host.Array) *host.Array { return x.Combine(host.Max, host.Make(x.Kind())) }))},
	{name: "Sigmoid", since: 1, in: one, make: legacy(unary(autograd.Variable.Sigmoid))},
	{name: "Tanh", since: 1, in: one, make: legacy(unary(autograd.Variable.Tanh))},
	{name: "Softplus", since: 1, in: one, make: legacy(unary(autograd.Variable.Softplus))},
	{name: "Softsign", since: 1, in: one, make: legacy(unary(autograd.Variable.Softsign))},
	{name: "Mish", since: 18, in: one, make: legacy(unary(autograd.Variable.Mish))},
	{name: "HardSwish", since: 14, in: one, make: legacy(unary(autograd.Variable.Hardswish))},
	{name: "Gelu", since: 20, in: one, make: gelu},
	{name: "LeakyRelu", since: 1, in: one, make: leakyRelu},
	{name: "Elu", since: 1, in: one, make: elu},
	{name: "Selu", since: 1, in: one, make: selu},
	{name: "Celu", since: 12, in: one, make: celu},
	{name: "HardSigmoid", since: 1, in: one, make: hardSigmoid},
	{name: "ThresholdedRelu", since: 10, in: one, make: thresholdedRelu},
	{name: "Shrink", since: 9, in: one, make: shrink},
	{name: "PRelu", since: 1, in: two, make: prelu},
	{name: "Clip", since: 1, in: one, make: clipByAttributes},
	{name: "Clip", since: 11, in: span{1, 3}, make: simple(clip), plain: []int{1, 2}},
}}

// legacy makes a node without attributes, but for one that early versions had.
func legacy(k kernel) func(*node) kernel {
	return func(n *node) kernel {
		n.ignore("consumed_inputs")
		return k
	}
}

// unary is a kernel of a function of Variables.
func unary(f func(x autograd.Variable) autograd.Variable) kernel {
	return func(c *call) { c.set(0, f(c.float(0))) }
}

// either is a kernel of a function of Variables and one of integers.
func either(f func(x autograd.Variable) autograd.Variable, ints func(x *host.Array) *host.Array) kernel {
	return func(c *call) {
		if v := c.value(0); v.ints != nil {
			c.setHost(0, ints(v.ints))
			return
		}
		c.set(0, f(c.float(0)))
	}
}

func negative(x *host.Array) *host.Array {
	return host.Make(x.Kind(), x.Shape()...).Combine(host.Sub, x)
}

func signs(x *host.Array) *host.Array {
	zero := host.Make(x.Kind())
	positive := zero.BroadcastTo(x.Shape()).Compare(host.Less, x).Convert(x.Kind())
	return positive.Combine(host.Sub, x.Compare(host.Less, zero).Convert(x.Kind()))
}

func gelu(n *node) kernel {
	if n.choice("approximate", "none", "tanh") == 1 {
		return unary(autograd.Variable.GELUTanh)
	}
	return unary(autograd.Variable.GELU)
}

// leakyRelu is x where that is positive, and alpha·x elsewhere.
func leakyRelu(n *node) kernel {
	n.ignore("consumed_inputs")
	alpha := n.float("alpha", 0.01)
	return unary(func(x autograd.Variable) autograd.Variable { return x.LeakyReLU(alpha) })
}

func elu(n *node) kernel {
	n.ignore("consumed_inputs")
	alpha := n.float("alpha", 1)
	return unary(func(x autograd.Variable) autograd.Variable { return x.ELU(alpha) })
}

// selu is gamma·(x where that is positive, and alpha·(eˣ−1) elsewhere).
func selu(n *node) kernel {
	n.ignore("consumed_inputs")
	alpha, gamma := 1.6732631921768188, 1.0507010221481323
	if n.version < 6 {
		alpha, gamma = 1.6732, 1.0507
	}
	alpha, gamma = n.float("alpha", alpha), n.float("gamma", gamma)
	return unary(func(x autograd.Variable) autograd.Variable { return x.ELU(alpha).MulScalar(gamma) })
}

// celu is max(x, 0) + min(0, alpha·(exp(x/alpha)−1)).
func celu(n *node) kernel {
	alpha := n.float("alpha", 1)
	return unary(func(x autograd.Variable) autograd.Variable {
		return x.DivScalar(alpha).ELU(1).MulScalar(alpha)
	})
}

// hardSigmoid is alpha·x+beta, at least 0 and at most 1.
func hardSigmoid(n *node) kernel {
	n.ignore("consumed_inputs")
	alpha, beta := n.float("alpha", 0.2), n.float("beta", 0.5)
	return unary(func(x autograd.Variable) autograd.Variable {
		return x.MulScalar(alpha).AddScalar(beta).Clamp(0, 1)
	})
}

// thresholdedRelu is x where that is beyond alpha, and 0 elsewhere.
func thresholdedRelu(n *node) kernel {
	alpha := n.float("alpha", 1)
	return func(c *call) {
		x := c.float(0)
		c.set(0, x.Mul(x.Greater(c.full(x.DType(), alpha))))
	}
}

// shrink is x+bias where x < −lambd, x−bias where x > lambd, and 0 between.
func shrink(n *node) kernel {
	bias, lambda := n.float("bias", 0), n.float("lambd", 0.5)
	return func(c *call) {
		v := c.value(0)
		x := v.float
		if v.ints != nil {
			x = newVariable(v.ints.Floats(), v.Shape())
		}
		x = c.onTape(x)
		below := x.Less(c.full(x.DType(), -lambda))
		above := x.Greater(c.full(x.DType(), lambda))
		y := below.Mul(x.AddScalar(bias)).Add(above.Mul(x.SubScalar(bias)))
		if v.ints != nil {
			c.setNumbers(0, v.dtype, y.Floats(), v.Shape())
			return
		}
		c.set(0, y)
	}
}

// prelu is x where that is positive, and slope·x elsewhere. Before version 7 the slope has one
// element or one for each channel.
func prelu(n *node) kernel {
	n.ignore("consumed_inputs")
	return func(c *call) {
		x, slope := c.float(0), c.float(1)
		if n.version < 7 && slope.Rank() == 1 && slope.Size() > 1 && x.Rank() > 1 {
			shape := slices.Repeat([]int{1}, x.Rank()-1)
			shape[0] = slope.Size()
			slope = slope.Reshape(shape...)
		}
		c.broadcast(x.Shape(), slope.Shape())
		zero := c.full(x.DType(), 0)
		c.set(0, autograd.Where(x.Less(zero), x.Mul(slope), x))
	}
}

// clipByAttributes is clip as it was before its bounds became inputs.
func clipByAttributes(n *node) kernel {
	n.ignore("consumed_inputs")
	low, high := n.float("min", -math.MaxFloat32), n.float("max", math.MaxFloat32)
	return unary(func(x autograd.Variable) autograd.Variable { return x.Clamp(low, high) })
}

// clip is x, at least input 1 and at most input 2.
func clip(c *call) {
	v := c.value(0)
	if v.ints != nil {
		y := v.ints
		if c.has(1) {
			same(v, c.value(1))
			y = y.Combine(host.Max, c.single(1))
		}
		if c.has(2) {
			same(v, c.value(2))
			y = y.Combine(host.Min, c.single(2))
		}
		c.setHost(0, y)
		return
	}
	low, high := c.number(1, math.Inf(-1)), c.number(2, math.Inf(1))
	if low > high {
		low = high // the upper bound counts
		c.set(0, c.full(c.float(0).DType(), high, c.float(0).Shape()...))
		return
	}
	c.set(0, c.float(0).Clamp(low, high))
}
