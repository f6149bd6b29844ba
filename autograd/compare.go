package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Comparisons, the choice between two operands by a condition, and limits. Comparisons are
// piecewise constant: their results are data that no gradient flows through.

// flatBinary is an element-wise operation of two operands without derivative.
func flatBinary(name string, kernel tensor.Kernel2) *binary {
	return &binary{op: op{name: name, plain: true}, kernel: kernel}
}

var (
	greaterOp      = flatBinary("greater", tensor.Kernel2{F32: simd.Greater[float32], F64: simd.Greater[float64]})
	greaterEqualOp = flatBinary("greater equal", tensor.Kernel2{F32: simd.GreaterEqual[float32], F64: simd.GreaterEqual[float64]})
	lessOp         = flatBinary("less", tensor.Kernel2{F32: simd.Less[float32], F64: simd.Less[float64]})
	lessEqualOp    = flatBinary("less equal", tensor.Kernel2{F32: simd.LessEqual[float32], F64: simd.LessEqual[float64]})
	equalOp        = flatBinary("equal", tensor.Kernel2{F32: simd.Equal[float32], F64: simd.Equal[float64]})
	notEqualOp     = flatBinary("not equal", tensor.Kernel2{F32: simd.NotEqual[float32], F64: simd.NotEqual[float64]})
)

// Greater is 1 where x > y and 0 elsewhere, broadcasting. No gradient flows.
func (x Variable) Greater(y Variable) Variable { return greaterOp.apply(x, y) }

// GreaterEqual is 1 where x ≥ y and 0 elsewhere, broadcasting. No gradient flows.
func (x Variable) GreaterEqual(y Variable) Variable { return greaterEqualOp.apply(x, y) }

// Less is 1 where x < y and 0 elsewhere, broadcasting. No gradient flows.
func (x Variable) Less(y Variable) Variable { return lessOp.apply(x, y) }

// LessEqual is 1 where x ≤ y and 0 elsewhere, broadcasting. No gradient flows.
func (x Variable) LessEqual(y Variable) Variable { return lessEqualOp.apply(x, y) }

// Equal is 1 where x = y and 0 elsewhere, broadcasting. No gradient flows.
func (x Variable) Equal(y Variable) Variable { return equalOp.apply(x, y) }

// NotEqual is 1 where x ≠ y and 0 elsewhere, broadcasting. No gradient flows.
func (x Variable) NotEqual(y Variable) Variable { return notEqualOp.apply(x, y) }

var whereKernel = tensor.Kernel3{F32: simd.Where[float32], F64: simd.Where[float64]}

var whereOp *op

// The branch that was not taken gets a gradient of exactly 0: the choice never
// multiplies, so a NaN there cannot leak.
func init() {
	whereOp = &op{
		name: "where",
		vjp: func(p *pass, n *node, g Variable) {
			cond := n.arg(0)
			if p.needs(n, 1) {
				p.add(n, 1, Where(cond, g, g.scalar(0)))
			}
			if p.needs(n, 2) {
				p.add(n, 2, Where(cond, g.scalar(0), g))
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			tx, ty := t(1), t(2)
			if tx.n == nil {
				tx = ty.scalar(0)
			}
			if ty.n == nil {
				ty = tx.scalar(0)
			}
			return Where(n.arg(0), tx, ty).BroadcastTo(n.Shape...)
		},
	}
}

// Where takes x where condition is not 0 and y where it is 0, broadcasting all
// three. A gradient flows to x where it was taken and to y where it was taken;
// elsewhere theirs is exactly 0, so NaN or Inf in the derivative of the branch not
// taken does no harm. None flows to condition. It panics with [*ShapeError] if the three
// shapes do not broadcast.
func Where(condition, x, y Variable) Variable {
	c, a, b := condition.check("where"), x.check("where"), y.check("where")
	whereOp.same(a, b)
	whereOp.same(c, a)
	var buffers [2][8]int
	shape, ok := tensor.BroadcastShape(buffers[0][:0], a.Shape, b.Shape)
	if ok {
		shape, ok = tensor.BroadcastShape(buffers[1][:0], shape, c.Shape)
	}
	if !ok {
		panic(&ShapeError{"where", shapesOf(c, a, b), "the shapes do not broadcast: aligned at the last axis, sizes must be equal or 1"})
	}
	n := whereOp.result(a.DType, shape, c, a, b)
	tensor.Map3(&whereKernel, &n.Array, &c.Array, &a.Array, &b.Array)
	return n.done()
}

// MaskedFill is x with value where mask is not 0; mask broadcasts to x. No gradient
// flows to x there.
func (x Variable) MaskedFill(mask Variable, value float64) Variable {
	in := x.check("masked fill")
	join("masked fill", &mask, &x)
	return Where(mask.BroadcastTo(in.Shape...), x.scalar(value), x)
}

var clampOp *op

// The derivative is 1 between the bounds and at them, 0 outside. attr.x and attr.y are the
// bounds.
func init() {
	bounds := func(n *node) []Argument { return arguments("low", n.attr.x, "high", n.attr.y) }
	clampOp = slopeOp("clamp", bounds, func(n *node) Variable {
		x := n.arg(0)
		return x.GreaterEqual(x.scalar(n.attr.x)).Mul(x.LessEqual(x.scalar(n.attr.y)))
	})
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
