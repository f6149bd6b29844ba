package autograd

import (
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// A convolution of which only the greatest element of each window is kept, with or without
// ReLU between them. It is what the three operations are, in values and in gradients, but what
// they pass on to each other is never in memory as a whole.
var convMaxPoolOp *op

// attr.ints is where the windows lie and how the convolution slides, attr.i its groups, attr.keep
// whether there is ReLU, aux which element of each window is the greatest.
//
// y = pool(max(x ∗ w + b, 0)): as a convolution, with G where the greatest elements are, if they
// are above 0, and 0 elsewhere.
func init() {
	convMaxPoolOp = &op{
		name: "conv max pool",
		arguments: func(n *node) []Argument {
			at, list := poolingOf(n), geometryArguments(n)
			for _, a := range arguments(windowArguments(&at, len(n.Shape)-2)...) {
				a.Name = "pool " + a.Name
				list = append(list, a)
			}
			return append(list, arguments("relu", n.attr.keep)...)
		},
		vjp: func(p *pass, n *node, g Variable) {
			at := poolingOf(n)
			planes, size := n.Shape[0]*n.Shape[1], planeSize(&at)
			if n.attr.keep {
				y := n.variable()
				g = g.Mul(y.Greater(y.scalar(0)))
			}
			places := scatter(g.Reshape(planes, at.Windows()), 1, n.maxPoolIndices(&at), []int{planes, size})
			convGradient(p, n, places.Reshape(n.convolvedShape(&at)...))
		},
		fused: func(p *pass, n, g *node) {
			if n.attr.keep {
				cut := g
				if !g.exclusive() {
					cut = p.temporary(g.DType, g.Shape)
				}
				tensor.Map2(&reluOp.backward, &cut.Array, &g.Array, &n.Array)
				g = cut
			}
			c := n.convPool()
			if c.Once() {
				whole := p.temporary(g.DType, n.convolvedShape(&c.Pooling))
				tensor.MaxPoolBackward(&whole.Array, &g.Array, &n.aux.Array, &c.Pooling, false)
				fusedConvGradient(p, n, whole)
				return
			}
			var to [3]*tensor.Array
			var accumulate [3]bool
			for i := range to {
				if n.in[i] != nil && p.needs(n, i) {
					to[i], accumulate[i] = p.destination(n, i)
				}
			}
			tensor.ConvMaxPoolGradients(to[0], to[1], to[2], &n.in[0].Array, &n.in[1].Array, &g.Array, &n.aux.Array, &c, accumulate)
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			at := poolingOf(n)
			planes, size := n.Shape[0]*n.Shape[1], planeSize(&at)
			shape := n.convolvedShape(&at)
			tangent := convTangent(n, t, shape, func(x, w, b Variable) Variable { return convOp.convolve(x, w, b, shape, geometryOf(n)) })
			tangent = gather(tangent.Reshape(planes, size), 1, n.maxPoolIndices(&at), []int{planes, at.Windows()}).Reshape(n.Shape...)
			if !n.attr.keep {
				return tangent
			}
			y := n.variable()
			return tangent.Mul(y.Greater(y.scalar(0)))
		},
	}
}

// convolvedShape is the shape of what n pools.
func (n *node) convolvedShape(at *tensor.Pooling) []int {
	shape := slices.Clone(n.Shape)
	for i := range shape[2:] {
		shape[2+i] = at[5-len(shape)+i].Size
	}
	return shape
}

// convPool is how n is computed.
func (n *node) convPool() tensor.ConvPool {
	c := tensor.ConvPool{ConvShape: geometryOf(n).of(n.in[0].Shape, n.in[1].Shape, n.Shape), Pooling: poolingOf(n)}
	for axis := range c.Count {
		c.Count[axis] = c.Pooling[axis].Size
	}
	return c
}

// convolveAndPool is what is pooled of x ∗ w + b, of that shape, with relu of its ReLU, unless
// it is better computed by several operations: of few images, which take some processors each,
// and where operations are traced, which must not depend on the number of images.
func convolveAndPool(x, w, b Variable, shape []int, g geometry, pool *MaxPoolConfig, relu bool) (y Variable, ok bool) {
	c := tensor.ConvPool{ConvShape: g.of(x.n.Shape, w.n.Shape, shape)}
	var buffer [3]*node
	operands := append(buffer[:0], x.n, w.n)
	if b.n != nil {
		operands = append(operands, b.n)
	}
	axes, t := len(shape)-2, jointTape(convOp.name, operands)
	if len(pool.Kernel) != axes || !c.Pays() || t != nil && t.tracing {
		return Variable{}, false
	}
	c.Pooling = pool.on(shape)
	for i := range axes {
		shape[2+i] = c.Pooling[3-axes+i].Count
	}
	n, bias := convMaxPoolOp.withBias(shape, x.n, w.n, b)
	n.keepGeometry(g)
	n.attr.ints = appendPooling(n.attr.ints, &c.Pooling)
	n.attr.keep = relu
	tensor.ConvMaxPool(&n.Array, &x.n.Array, &w.n.Array, bias, n.keepIndex(&c.Pooling, false), &c, relu)
	return n.done(), true
}
