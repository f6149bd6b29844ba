package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Element-wise operations with numbers as arguments. Their kernels take the numbers
// as arrays of one element, which live in the node's aux.

var (
	powScalarOp, clampOp *op

	powKernel     = tensor.Kernel2{F32: simd.Pow[float32], F64: simd.Pow[float64], Cost: 40}
	maximumKernel = tensor.Kernel2{F32: simd.Max[float32], F64: simd.Max[float64]}
	minimumKernel = tensor.Kernel2{F32: simd.Min[float32], F64: simd.Min[float64]}
)

func init() {
	// d xᵖ/dx = p·xᵖ⁻¹, and 0 for p = 0. attr.x is p.
	powSlope := func(n *node) Variable {
		x, exponent := n.arg(0), n.attr.x
		if exponent == 0 {
			return x.scalar(0)
		}
		return x.PowScalar(exponent - 1).MulScalar(exponent)
	}
	powScalarOp = &op{
		name: "pow scalar",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, strongMul(g, powSlope(n))) },
		jvp:  func(n *node, t func(int) Variable) Variable { return strongMul(t(0), powSlope(n)) },
	}
	// 1 between the bounds and at them, 0 outside. attr.x and attr.y are the bounds.
	clampSlope := func(n *node) Variable {
		x := n.arg(0)
		return x.GreaterEqual(x.scalar(n.attr.x)).Mul(x.LessEqual(x.scalar(n.attr.y)))
	}
	clampOp = &op{
		name: "clamp",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, strongMul(g, clampSlope(n))) },
		jvp:  func(n *node, t func(int) Variable) Variable { return strongMul(t(0), clampSlope(n)) },
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

// Clamp limits x to low ≤ x ≤ high. The derivative is 1 between and at the bounds
// and 0 outside. It panics with [*ValueError] if low > high or one is NaN.
func (x Variable) Clamp(low, high float64) Variable {
	if !(low <= high) {
		panic(&ValueError{clampOp.name, "the lower bound must not be above the upper one"})
	}
	in := x.check(clampOp.name)
	n := clampOp.result(in.DType, in.Shape, in)
	n.attr.x, n.attr.y = low, high
	bound := n.number(low)
	tensor.Map2(&maximumKernel, &n.Array, &in.Array, &bound.Array)
	bound.Set(0, high)
	tensor.Map2(&minimumKernel, &n.Array, &n.Array, &bound.Array)
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
