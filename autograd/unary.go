package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Element-wise operations of one operand, y = f(x).
//
// An operation gives its kernel and its derivative as operations. Both the backward
// rule g·f′(x) and the tangent ẋ·f′(x) come from that derivative. The product is a
// strong zero: an upstream gradient of exactly 0 gives 0 even where f′ is infinite
// or NaN, so that what a mask cut off cannot come back as NaN.

// unary is an element-wise operation of one operand. Its nodes have no attributes.
type unary struct {
	op
	kernel tensor.Kernel1

	// slope is f′(x), written with x or with y = f(x).
	slope func(x, y Variable) Variable

	// rule, if there is one, is g·f′(x), linear in g, for where f′ by itself would overflow.
	rule func(g, x, y Variable) Variable

	// backward is the kernel dst = g·f′ of (g, x), or of (g, y) if fromOutput is
	// set. Optional.
	backward   tensor.Kernel2
	fromOutput bool
}

// newUnary completes u, an operation of that name, with the rules that follow from its
// derivative.
func newUnary(name string, u unary) *unary {
	o := &u
	o.name = name
	o.plain = true
	if o.slope != nil {
		o.rule = func(g, x, y Variable) Variable { return strongMul(g, o.slope(x, y)) }
	}
	o.vjp = func(p *pass, n *node, g Variable) {
		p.add(n, 0, o.rule(g, n.arg(0), n.variable()))
	}
	o.jvp = func(n *node, t func(int) Variable) Variable {
		return o.rule(t(0), n.arg(0), n.variable())
	}
	switch {
	case o.backward.F32 != nil:
		o.fused = o.backwardFused
	case o.slope != nil:
		o.fused = o.backwardPlain
	}
	return o
}

// slopeOp is an element-wise operation of one operand with attributes. Its derivative at a
// node, written in operations, is slope.
func slopeOp(name string, arguments func(n *node) []Argument, slope func(n *node) Variable) *op {
	return &op{
		name:      name,
		arguments: arguments,
		vjp:       func(p *pass, n *node, g Variable) { p.add(n, 0, strongMul(g, slope(n))) },
		jvp:       func(n *node, t func(int) Variable) Variable { return strongMul(t(0), slope(n)) },
	}
}

// orderOf lists the attribute of an operation that is one of a sequence: attr.i.
func orderOf(n *node) []Argument { return arguments("order", n.attr.i) }

// backwardPlain is vjp for passes that are not recorded: the product with the
// derivative is written over the upstream gradient where nobody else needs it.
func (o *unary) backwardPlain(p *pass, n, g *node) {
	slope := o.slope(n.arg(0), n.variable())
	if dst := p.inPlace(n, 0, g); dst != nil {
		strongProduct(dst, g, slope.n)
		return
	}
	p.add(n, 0, strongMul(g.variable(), slope))
}

// elementwise is the kernel of a function that has no vector form.
func elementwise[T Float](f func(float64) float64) func(dst, x []T) {
	return func(dst, x []T) {
		for i, v := range x {
			dst[i] = T(f(float64(v)))
		}
	}
}

// elementwise2 is the kernel of a function of two numbers that has no vector form.
func elementwise2(f func(a, b float64) float64, cost int) tensor.Kernel2 {
	return tensor.Kernel2{F32: pairwise[float32](f), F64: pairwise[float64](f), Cost: cost}
}

func pairwise[T Float](f func(a, b float64) float64) func(dst, a, b []T) {
	return func(dst, a, b []T) {
		for i := range dst {
			dst[i] = T(f(float64(a[min(i, len(a)-1)]), float64(b[min(i, len(b)-1)])))
		}
	}
}

func (o *unary) backwardFused(p *pass, n, g *node) {
	saved := n.in[0]
	if o.fromOutput {
		saved = n
	}
	if dst := p.inPlace(n, 0, g); dst != nil {
		tensor.Map2(&o.backward, dst, &g.Array, &saved.Array)
		return
	}
	dst := p.temporary(n.DType, n.Shape)
	tensor.Map2(&o.backward, &dst.Array, &g.Array, &saved.Array)
	p.add(n, 0, dst.variable())
}

// apply computes the operation.
func (o *unary) apply(x Variable) Variable {
	in := x.check(o.name)
	n := o.result(in.DType, in.Shape, in)
	tensor.Map1(&o.kernel, &n.Array, &in.Array)
	return n.done()
}

var negOp *unary

func init() {
	negOp = newUnary("neg", unary{
		kernel: tensor.Kernel1{F32: simd.Neg[float32], F64: simd.Neg[float64]},
		slope:  func(x, y Variable) Variable { return x.scalar(-1) },
	})
}

// Neg is −x.
func (x Variable) Neg() Variable { return negOp.apply(x) }

var absOp *unary

// d|x|/dx = sign x, and 0 at 0.
func init() {
	absOp = newUnary("abs", unary{
		kernel:   tensor.Kernel1{F32: simd.Abs[float32], F64: simd.Abs[float64]},
		slope:    func(x, y Variable) Variable { return x.Sign() },
		backward: tensor.Kernel2{F32: simd.AbsBackward[float32], F64: simd.AbsBackward[float64]},
	})
}

// Abs is |x|. Its derivative at 0 is taken as 0.
func (x Variable) Abs() Variable { return absOp.apply(x) }
