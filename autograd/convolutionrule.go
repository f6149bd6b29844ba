package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// The three operations that convolutions and their derivatives are made of. A convolution
// y = x ∗ w is linear in both operands; for each g of y's shape, ⟨x ∗ w, g⟩ is
//
//	⟨x, transposed(g, w)⟩ = ⟨w, weights(x, g)⟩
//
// so each of the three is the gradient of the other two, and of itself at second order.

// geometry is what a convolution slides by. Triples are for depth, height and width.
type geometry struct {
	stride, padding, dilation [3]int
	groups                    int
}

// keepGeometry and geometryOf store a geometry in a node and read it.
func (n *node) keepGeometry(g geometry) {
	n.attr.ints = n.attr.ints[:0]
	for axis := range 3 {
		n.attr.ints = append(n.attr.ints, g.stride[axis], g.padding[axis], g.dilation[axis])
	}
	n.attr.i = g.groups
}

func geometryOf(n *node) geometry {
	g := geometry{groups: n.attr.i}
	for axis := range 3 {
		g.stride[axis], g.padding[axis], g.dilation[axis] = n.attr.ints[3*axis], n.attr.ints[3*axis+1], n.attr.ints[3*axis+2]
	}
	return g
}

// geometryArguments lists what a node's geometry says, by axis.
func geometryArguments(n *node) []Argument {
	g, first := geometryOf(n), 5-len(n.Shape)
	return arguments("stride", g.stride[first:], "padding", g.padding[first:], "dilation", g.dilation[first:], "groups", g.groups)
}

// of is the shape of the convolution of x with w to y, which have these shapes.
func (g geometry) of(x, w, y []int) tensor.ConvShape {
	s := tensor.ConvShape{
		Batch: x[0], In: x[1], Out: y[1], Groups: g.groups,
		Stride: g.stride, Padding: g.padding, Dilation: g.dilation,
		Size: [3]int{1, 1, 1}, Kernel: [3]int{1, 1, 1}, Count: [3]int{1, 1, 1},
	}
	axes := len(x) - 2
	copy(s.Size[3-axes:], x[2:])
	copy(s.Kernel[3-axes:], w[2:])
	copy(s.Count[3-axes:], y[2:])
	return s
}

var convOp, convReLUOp, convTransposeOp, convWeightsOp *op

// y = x ∗ w + b:  ∂L/∂x = transposed(G, w),  ∂L/∂w = weights(x, G),  ∂L/∂b = Σ G but for the channels.
func init() {
	convOp = &op{
		name:      "conv",
		arguments: geometryArguments,
		vjp:       convGradient,
		fused:     fusedConvGradient,
		jvp: func(n *node, t func(int) Variable) Variable {
			return convTangent(n, t, n.Shape, func(x, w, b Variable) Variable { return convOp.convolve(x, w, b, n.Shape, geometryOf(n)) })
		},
	}
}

// y = max(x ∗ w + b, 0): as above, with G where y > 0 and 0 elsewhere.
func init() {
	convReLUOp = &op{
		name:      "conv relu",
		arguments: geometryArguments,
		vjp: func(p *pass, n *node, g Variable) {
			y := n.variable()
			convGradient(p, n, g.Mul(y.Greater(y.scalar(0))))
		},
		fused: func(p *pass, n, g *node) {
			cut := g
			if !g.exclusive() {
				cut = p.temporary(g.DType, g.Shape)
			}
			tensor.Map2(&reluOp.backward, &cut.Array, &g.Array, &n.Array)
			fusedConvGradient(p, n, cut)
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			y := n.variable()
			tangent := convTangent(n, t, n.Shape, func(x, w, b Variable) Variable { return convOp.convolve(x, w, b, n.Shape, geometryOf(n)) })
			return tangent.Mul(y.Greater(y.scalar(0)))
		},
	}
}

// convGradient is the rule of a convolution for the gradient of its result.
func convGradient(p *pass, n *node, g Variable) {
	x, w, by := n.arg(0), n.arg(1), geometryOf(n)
	if p.needs(n, 0) {
		p.add(n, 0, convolveTransposed(g, w, Variable{}, x.n.Shape, by))
	}
	if p.needs(n, 1) {
		p.add(n, 1, convolveWeights(x, g, w.n.Shape, by))
	}
	biasGradient(p, n, g)
}

func fusedConvGradient(p *pass, n, g *node) {
	x, w := n.in[0], n.in[1]
	s := geometryOf(n).of(x.Shape, w.Shape, g.Shape)
	if p.needs(n, 0) {
		dst, accumulate := p.destination(n, 0)
		tensor.ConvInputGradient(dst, &g.Array, &w.Array, nil, s, accumulate)
	}
	if p.needs(n, 1) {
		dst, accumulate := p.destination(n, 1)
		tensor.ConvWeightGradient(dst, &x.Array, &g.Array, s, accumulate)
	}
	fusedBiasGradient(p, n, g)
}

// x = transposed(y, w) + b:  ∂L/∂y = G ∗ w,  ∂L/∂w = weights(G, y).
func init() {
	convTransposeOp = &op{
		name:      "conv transpose",
		arguments: geometryArguments,
		vjp: func(p *pass, n *node, g Variable) {
			y, w, by := n.arg(0), n.arg(1), geometryOf(n)
			if p.needs(n, 0) {
				p.add(n, 0, convOp.convolve(g, w, Variable{}, y.n.Shape, by))
			}
			if p.needs(n, 1) {
				p.add(n, 1, convolveWeights(g, y, w.n.Shape, by))
			}
			biasGradient(p, n, g)
		},
		fused: func(p *pass, n, g *node) {
			y, w := n.in[0], n.in[1]
			s := geometryOf(n).of(g.Shape, w.Shape, y.Shape)
			if p.needs(n, 0) {
				if dst, accumulate := p.destination(n, 0); accumulate {
					sum := p.temporary(y.DType, y.Shape)
					tensor.Conv(&sum.Array, &g.Array, &w.Array, nil, s, false)
					tensor.Accumulate(dst, &sum.Array)
				} else {
					tensor.Conv(dst, &g.Array, &w.Array, nil, s, false)
				}
			}
			if p.needs(n, 1) {
				dst, accumulate := p.destination(n, 1)
				tensor.ConvWeightGradient(dst, &g.Array, &y.Array, s, accumulate)
			}
			fusedBiasGradient(p, n, g)
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return convTangent(n, t, n.Shape, func(y, w, b Variable) Variable { return convolveTransposed(y, w, b, n.Shape, geometryOf(n)) })
		},
	}
}

// w = weights(x, y):  ∂L/∂x = transposed(y, G),  ∂L/∂y = x ∗ G.
func init() {
	convWeightsOp = &op{
		name:      "conv weights",
		arguments: geometryArguments,
		vjp: func(p *pass, n *node, g Variable) {
			x, y, by := n.arg(0), n.arg(1), geometryOf(n)
			if p.needs(n, 0) {
				p.add(n, 0, convolveTransposed(y, g, Variable{}, x.n.Shape, by))
			}
			if p.needs(n, 1) {
				p.add(n, 1, convOp.convolve(x, g, Variable{}, y.n.Shape, by))
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return convTangent(n, t, n.Shape, func(x, y, _ Variable) Variable { return convolveWeights(x, y, n.Shape, geometryOf(n)) })
		},
	}
}

// biasGradient adds the gradient of a bias, if there is one.
func biasGradient(p *pass, n *node, g Variable) {
	if n.numInputs() == 3 && p.needs(n, 2) {
		p.add(n, 2, g.Reshape(g.n.Shape[0], g.n.Shape[1], sizeOf(g.n.Shape[2:])).Sum(0, 2))
	}
}

func fusedBiasGradient(p *pass, n, g *node) {
	if n.in[2] != nil && p.needs(n, 2) {
		dst, accumulate := p.destination(n, 2)
		tensor.SumChannels(dst, &g.Array, accumulate)
	}
}

// convTangent is the tangent of the convolution n makes, of that shape, which is bilinear in
// the first two operands, and to which the third, if there is one, is added.
func convTangent(n *node, t func(int) Variable, shape []int, bilinear func(a, b, bias Variable) Variable) Variable {
	a, b := n.arg(0), n.arg(1)
	var sum, bias Variable
	if n.numInputs() == 3 {
		bias = t(2)
	}
	if ta := t(0); ta.n != nil {
		sum, bias = bilinear(ta, b, bias), Variable{}
	}
	if tb := t(1); tb.n != nil {
		sum, bias = addTangents(sum, bilinear(a, tb, bias)), Variable{}
	}
	if bias.n == nil {
		return sum
	}
	var column [5]int
	for i := range shape {
		column[i] = 1
	}
	column[1] = -1
	return bias.Reshape(column[:len(shape)]...).BroadcastTo(shape...)
}

// withBias is the result of an operation on x, w and b, unless that is the zero Variable,
// and b's elements.
func (o *op) withBias(shape []int, x, w *node, b Variable) (*node, *tensor.Array) {
	if b.n == nil {
		return o.result(x.DType, shape, x, w), nil
	}
	return o.result(x.DType, shape, x, w, b.n), &b.n.Array
}

// convolve is x ∗ w + b, of that shape, of which the operation may be convOp or convReLUOp.
func (o *op) convolve(x, w, b Variable, shape []int, g geometry) Variable {
	n, bias := o.withBias(shape, x.n, w.n, b)
	n.keepGeometry(g)
	tensor.Conv(&n.Array, &x.n.Array, &w.n.Array, bias, g.of(x.n.Shape, w.n.Shape, n.Shape), o == convReLUOp)
	return n.done()
}

// convolveTransposed is transposed(y, w) + b, of that shape.
func convolveTransposed(y, w, b Variable, shape []int, g geometry) Variable {
	n, bias := convTransposeOp.withBias(shape, y.n, w.n, b)
	n.keepGeometry(g)
	tensor.ConvInputGradient(&n.Array, &y.n.Array, &w.n.Array, bias, g.of(n.Shape, w.n.Shape, y.n.Shape), false)
	return n.done()
}

// convolveWeights is weights(x, y), of that shape.
func convolveWeights(x, y Variable, shape []int, g geometry) Variable {
	n := convWeightsOp.result(x.n.DType, shape, x.n, y.n)
	n.keepGeometry(g)
	tensor.ConvWeightGradient(&n.Array, &x.n.Array, &y.n.Array, g.of(x.n.Shape, n.Shape, y.n.Shape), false)
	return n.done()
}
