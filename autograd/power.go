package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Element-wise operations with numbers as arguments.

// powSlope is d xᵖ/dx = p·xᵖ⁻¹, and 0 for p = 0. attr.x is p.
func powSlope(n *node) Variable {
	x, exponent := n.arg(0), n.attr.x
	if exponent == 0 {
		return x.scalar(0)
	}
	return x.PowScalar(exponent - 1).MulScalar(exponent)
}

var powScalarOp *op

func init() {
	powScalarOp = &op{
		name: "pow scalar",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, strongMul(g, powSlope(n))) },
		jvp:  func(n *node, t func(int) Variable) Variable { return strongMul(t(0), powSlope(n)) },
	}
}

// PowScalar is x to a constant power. The domain is that of math.Pow: a negative x
// needs an integer exponent. At x = 0 the derivative is that of the formula p·xᵖ⁻¹,
// which is +Inf for 0 < p < 1.
func (x Variable) PowScalar(exponent float64) Variable {
	in := x.check(powScalarOp.name)
	n := powScalarOp.result(in.DType, in.Shape, in)
	n.attr.x = exponent
	tensor.Map2(&powKernel, &n.Array, &in.Array, &n.number(exponent).Array)
	return n.done()
}

// powKernel takes the exponent as an array of one element, which lives in the node's aux.
var powKernel = tensor.Kernel2{F32: simd.Pow[float32], F64: simd.Pow[float64], Cost: 40}

// clampSlope is 1 between the bounds and at them, 0 outside. attr.x and attr.y are the bounds.
func clampSlope(n *node) Variable {
	x := n.arg(0)
	return x.GreaterEqual(x.scalar(n.attr.x)).Mul(x.LessEqual(x.scalar(n.attr.y)))
}

var clampOp *op

func init() {
	clampOp = &op{
		name: "clamp",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, strongMul(g, clampSlope(n))) },
		jvp:  func(n *node, t func(int) Variable) Variable { return strongMul(t(0), clampSlope(n)) },
	}
}

// Clamp limits x to low ≤ x ≤ high. The derivative is 1 between and at the bounds
// and 0 outside. It panics with [*ValueError] if low > high or one is NaN.
func (x Variable) Clamp(low, high float64) Variable {
	if !(low <= high) {
		panic(&ValueError{clampOp.name, "the lower bound must not be above the upper one"})
	}
	in := x.check(clampOp.name)
	n := clampOp.result(in.DType, in.Shape, in)
	n.attr.x, n.attr.y = low, high
	tensor.Clamp(&n.Array, &in.Array, low, high)
	return n.done()
}

// number is an array of one element with value v that lives as long as n.
func (n *node) number(v float64) *node {
	if n.tape != nil {
		n.aux = n.tape.node(n.DType, nil)
		n.tape.allocate(n.aux)
	} else {
		n.aux = newNode(n.DType, nil, constant)
	}
	n.aux.Set(0, v)
	return n.aux
}
