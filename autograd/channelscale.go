package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// Batch normalization by statistics that are given is one multiplication and one addition
// for each element.

// y = (x − mean)·r·weight + bias with r = 1/√(variance + ε), for each channel. The operands
// are x, weight and bias where they are given, mean and variance; else it is kept as in the
// other normalizations.
var channelScaleOp *op

func init() {
	channelScaleOp = &op{
		name: "batch norm by given statistics",
		arguments: func(n *node) []Argument {
			return arguments("eps", n.attr.x, "weight", weightOf(n) > 0, "bias", biasOf(n) > 0)
		},
		vjp: func(p *pass, n *node, g Variable) {
			d, mean, r, deviation := fixedOf(n)
			w, b := weightOf(n), biasOf(n)
			if b > 0 {
				p.add(n, b, d.narrow(g))
			}
			if w > 0 {
				p.add(n, w, d.narrow(g.Mul(deviation.Mul(r))))
				g = g.Mul(d.wide(n.arg(w)))
			}
			p.add(n, 0, g.Mul(r))
			if p.needs(n, mean) {
				p.add(n, mean, d.narrow(g.Mul(r)).Neg())
			}
			if p.needs(n, mean+1) {
				p.add(n, mean+1, d.narrow(g.Mul(deviation).Mul(inverseCube(r))))
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			d, mean, r, deviation := fixedOf(n)
			y := t(0)
			if t(mean).n != nil {
				y = addTangents(y, d.wide(t(mean)).Neg().BroadcastTo(n.Shape...))
			}
			if y.n != nil {
				y = y.Mul(r)
			}
			if t(mean+1).n != nil {
				y = addTangents(y, deviation.Mul(d.wide(t(mean+1)).Mul(inverseCube(r))))
			}
			if w := weightOf(n); w > 0 {
				if y.n != nil {
					y = y.Mul(d.wide(n.arg(w)))
				}
				if t(w).n != nil {
					y = addTangents(y, deviation.Mul(r).Mul(d.wide(t(w))))
				}
			}
			if b := biasOf(n); b > 0 && t(b).n != nil {
				y = addTangents(y, d.wide(t(b)).BroadcastTo(n.Shape...))
			}
			return y
		},
		fused: fusedChannelScale,
	}
}

// inverseCube is the derivative −r³/2 of r by the variance.
func inverseCube(r Variable) Variable { return r.Square().Mul(r).MulScalar(-0.5) }

// fixedOf is what the rules know of n: where the mean is among the operands, r and x − mean.
func fixedOf(n *node) (d normalized, mean int, r, deviation Variable) {
	d = normalized{x: n.arg(0), column: columnShape(len(n.Shape)), eps: n.attr.x}
	mean = n.numInputs() - 2
	return d, mean, inverseRoot(d.wide(n.arg(mean+1)), d.eps), d.x.Sub(d.wide(n.arg(mean)))
}

func fusedChannelScale(p *pass, n, g *node) {
	var w tensor.Array
	if at := weightOf(n); at > 0 {
		w = n.input(at).Array
	}
	channels, mean := n.Shape[1], n.numInputs()-2
	sums := p.channelSums(n)
	statistics := p.needs(n, mean) || p.needs(n, mean+1)
	if sums == nil && statistics {
		shape := [2]int{2, channels}
		sums = p.temporary(n.DType, shape[:])
	}
	dx, accumulate := p.inPlaceOrNot(n, g)
	tensor.ChannelNormBackward(dx, arrayOrNil(sums), &g.Array, &n.in[0].Array, &w, &n.aux.Array, channelsOf(n.Shape, 0), true, accumulate)
	p.addChannelSums(n, sums)
	if !statistics {
		return
	}
	// Σ g·x̂ and Σ g give the gradients of the variance and of the mean.
	byMean, byVariance := p.temporary(n.DType, n.Shape[1:2]), p.temporary(n.DType, n.Shape[1:2])
	for i := range channels {
		weight, scale := 1.0, n.aux.At(channels+i)
		if w.Len() > 0 {
			weight = w.At(i)
		}
		byMean.Set(i, -sums.At(channels+i)*weight*scale)
		byVariance.Set(i, -sums.At(i)*weight*scale*scale/2)
	}
	p.add(n, mean, byMean.variable())
	p.add(n, mean+1, byVariance.variable())
}

// channelScale is BatchNorm by the statistics that config gives.
func channelScale(x, weight, bias Variable, config BatchNormConfig) Variable {
	o := channelScaleOp
	var buffer [5]*node
	in, given := o.operandsOf(append(buffer[:0], x.n), weight, bias, config.Mean, config.Var)
	n := o.result(in[0].DType, in[0].Shape, in...)
	n.attr.i, n.attr.x = given&3, config.Eps
	channels := n.Shape[1]
	shape := [2]int{2, channels}
	statistics, mean, variance := n.keepArray(shape[:]), in[len(in)-2], in[len(in)-1]
	for i := range channels {
		statistics.Set(i, mean.At(i))
		statistics.Set(channels+i, tensor.ScaleOf(variance.At(i), config.Eps))
	}
	w, b := givenArrays(in, given)
	tensor.ChannelScale(&n.Array, &in[0].Array, &w, &b, &statistics.Array, channelsOf(n.Shape, 0))
	return n.done()
}
