package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// How normalizations are computed and differentiated. The operands are x, then weight and
// bias where they are given, which attr.i says as bits. attr.x is ε, and aux has the means
// and the scales 1/√(variance + ε).

// normalized is what the rules, written in operations, know of a normalization.
type normalized struct {
	x      Variable
	view   []int // shape of x in which what is normalized together is along axes
	axes   []int
	column []int // shape in which weight and bias broadcast; nil: as they are
	center bool
	eps    float64
}

// standard is x̂ = (x − mean)·r and r = 1/√(variance + ε), in the view.
func (d *normalized) standard() (unit, r Variable) {
	x := d.x.Reshape(d.view...)
	if x.n.Len() == 0 {
		return x, x
	}
	if d.center {
		x = x.Sub(x.MeanKeepDims(d.axes...))
	}
	r = inverseRoot(x.Square().MeanKeepDims(d.axes...), d.eps)
	return x.Mul(r), r
}

// wide is a weight or bias in a shape that broadcasts to x's.
func (d *normalized) wide(v Variable) Variable {
	if d.column == nil {
		return v
	}
	return v.Reshape(d.column...)
}

// narrow sums what has x's shape to one number for each channel; where weights have the
// last axes, the engine does it.
func (d *normalized) narrow(v Variable) Variable {
	if d.column == nil {
		return v
	}
	axes := []int{0}
	for axis := 2; axis < len(v.n.Shape); axis++ {
		axes = append(axes, axis)
	}
	return v.Sum(axes...)
}

// weightOf and biasOf are where weight and bias are among the operands, 0 for not.
func weightOf(n *node) int { return n.attr.i & 1 }
func biasOf(n *node) int {
	if n.attr.i&2 == 0 {
		return 0
	}
	return 1 + weightOf(n)
}

// normArguments lists what a normalization's attributes say. "size" is the number of axes or
// of groups.
func normArguments(n *node) []Argument {
	return arguments("eps", n.attr.x, "weight", weightOf(n) > 0, "bias", biasOf(n) > 0, "size", n.attr.ints[0])
}

// newNormOp is the operation that describe describes. With h = g·weight its rules are
//
//	Jᵀg = r·(h − mean(h) − x̂·mean(h·x̂)),  Jt = r·(t − mean(t) − x̂·mean(t·x̂))·weight
//
// but without the first mean if x is not centered.
func newNormOp(name string, describe func(n *node) normalized, fused func(p *pass, n, g *node)) *op {
	// along applies the Jacobian of x̂, which is symmetric.
	along := func(d *normalized, unit, r, t Variable) Variable {
		if t.n.Len() == 0 {
			return t
		}
		t = t.Reshape(d.view...)
		y := t.Sub(unit.Mul(t.Mul(unit).MeanKeepDims(d.axes...)))
		if d.center {
			y = y.Sub(t.MeanKeepDims(d.axes...))
		}
		return y.Mul(r).Reshape(d.x.n.Shape...)
	}
	return &op{
		name:      name,
		arguments: normArguments,
		vjp: func(p *pass, n *node, g Variable) {
			d := describe(n)
			unit, r := d.standard()
			if p.needs(n, 0) {
				h := g
				if w := weightOf(n); w > 0 {
					h = g.Mul(d.wide(n.arg(w)))
				}
				p.add(n, 0, along(&d, unit, r, h))
			}
			if w := weightOf(n); w > 0 && p.needs(n, w) {
				p.add(n, w, d.narrow(g.Mul(unit.Reshape(n.Shape...))))
			}
			if b := biasOf(n); b > 0 && p.needs(n, b) {
				p.add(n, b, d.narrow(g))
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			d := describe(n)
			unit, r := d.standard()
			var y Variable
			if t(0).n != nil {
				y = along(&d, unit, r, t(0))
				if w := weightOf(n); w > 0 {
					y = y.Mul(d.wide(n.arg(w)))
				}
			}
			if w := weightOf(n); w > 0 && t(w).n != nil {
				y = addTangents(y, d.wide(t(w)).Mul(unit.Reshape(n.Shape...)))
			}
			if b := biasOf(n); b > 0 && t(b).n != nil {
				y = addTangents(y, d.wide(t(b)).BroadcastTo(n.Shape...))
			}
			return y
		},
		fused: fused,
	}
}

// inverseRoot is 1/√(x+eps), and 0 with derivative 0 where x and eps are 0.
func inverseRoot(x Variable, eps float64) Variable {
	if eps != 0 {
		return x.AddScalar(eps).Rsqrt()
	}
	zero := x.Equal(x.scalar(0))
	return Where(zero, x.scalar(0), Where(zero, x.scalar(1), x).Rsqrt())
}

// attr.ints is the number of axes, the last ones, that are normalized over.
var layerNormOp, rmsNormOp *op

func init() {
	layerNormOp = newLayerNormOp("layer norm", true)
	rmsNormOp = newLayerNormOp("rms norm", false)
}

func newLayerNormOp(name string, center bool) *op {
	return newNormOp(name, func(n *node) normalized {
		shape, last := n.in[0].Shape, n.attr.ints[0]
		return normalized{x: n.arg(0), view: shape, axes: lastAxes(len(shape), last), center: center, eps: n.attr.x}
	}, func(p *pass, n, g *node) {
		x := n.in[0]
		size := sizeOf(x.Shape[len(x.Shape)-n.attr.ints[0]:])
		var w tensor.Array
		gw, gb := p.wanted(n, weightOf(n)), p.wanted(n, biasOf(n))
		if at := weightOf(n); at > 0 {
			w = n.input(at).Array
		}
		dx, accumulate := p.inPlaceOrNot(n, g)
		tensor.LayerNormBackward(dx, arrayOrNil(gw), arrayOrNil(gb), &g.Array, &x.Array, &w, &n.aux.Array, size, center, accumulate)
		p.addWanted(n, weightOf(n), gw)
		p.addWanted(n, biasOf(n), gb)
	})
}

// wanted is memory for the gradient of operand i, nil if it is not wanted or i is 0.
func (p *pass) wanted(n *node, i int) *node {
	if i == 0 || !p.needs(n, i) {
		return nil
	}
	return p.temporary(n.DType, n.input(i).Shape)
}

// addWanted adds what wanted gave memory for.
func (p *pass) addWanted(n *node, i int, g *node) {
	if g != nil {
		p.add(n, i, g.variable())
	}
}

// inPlaceOrNot is where the gradient of operand 0 goes, nil if it is not wanted: in place
// of g if nobody else holds that.
func (p *pass) inPlaceOrNot(n, g *node) (dst *tensor.Array, accumulate bool) {
	if !p.needs(n, 0) {
		return nil, false
	}
	if dst = p.inPlace(n, 0, g); dst != nil {
		return dst, false
	}
	return p.destination(n, 0)
}

func arrayOrNil(n *node) *tensor.Array {
	if n == nil {
		return nil
	}
	return &n.Array
}

func layerNorm(o *op, x, weight, bias Variable, last int, eps float64) Variable {
	var buffer [3]*node
	in, given := o.operandsOf(append(buffer[:0], x.n), weight, bias)
	shape := in[0].Shape
	n := o.result(in[0].DType, shape, in...)
	n.attr.i, n.attr.x, n.attr.ints = given, eps, append(n.attr.ints[:0], last)
	size := sizeOf(shape[len(shape)-last:])
	var statistics *tensor.Array
	if n.tracked || n.kind == derived {
		statistics = &n.keepArray([]int{2, sizeOf(shape[:len(shape)-last])}).Array
	}
	w, b := givenArrays(in, given)
	tensor.LayerNorm(&n.Array, &in[0].Array, &w, &b, statistics, size, eps, o == layerNormOp)
	return n.done()
}

// givenArrays are the arrays of weight and bias, empty if they are not given.
func givenArrays(in []*node, given int) (w, b tensor.Array) {
	if given&1 != 0 {
		w = in[1].Array
	}
	if given&2 != 0 {
		b = in[1+given&1].Array
	}
	return w, b
}

// attr.ints is the number of groups, 0 for batch normalization.
var batchNormOp, groupNormOp *op

func init() {
	batchNormOp = newChannelNormOp("batch norm", func(n *node) (view, axes []int) {
		shape := n.in[0].Shape
		return shape, append([]int{0}, lastAxes(len(shape), len(shape)-2)...)
	})
	groupNormOp = newChannelNormOp("group norm", func(n *node) (view, axes []int) {
		shape, groups := n.in[0].Shape, n.attr.ints[0]
		return []int{shape[0], groups, shape[1] / groups * sizeOf(shape[2:])}, []int{2}
	})
}

func newChannelNormOp(name string, view func(n *node) (view, axes []int)) *op {
	return newNormOp(name, func(n *node) normalized {
		view, axes := view(n)
		return normalized{x: n.arg(0), view: view, axes: axes, column: columnShape(len(n.Shape)), center: true, eps: n.attr.x}
	}, func(p *pass, n, g *node) {
		var w tensor.Array
		if at := weightOf(n); at > 0 {
			w = n.input(at).Array
		}
		layout := channelsOf(n.in[0].Shape, n.attr.ints[0])
		sums := p.channelSums(n)
		dx, accumulate := p.inPlaceOrNot(n, g)
		tensor.ChannelNormBackward(dx, arrayOrNil(sums), &g.Array, &n.in[0].Array, &w, &n.aux.Array, layout, false, accumulate)
		p.addChannelSums(n, sums)
	})
}

// channelsOf is the layout of x [batch, channels, …].
func channelsOf(shape []int, groups int) tensor.Channels {
	return tensor.Channels{Batch: shape[0], Channels: shape[1], Size: sizeOf(shape[2:]), Groups: groups}
}

// channelSums is memory [2, channels] for the gradients of weight and bias, nil if neither
// is wanted.
func (p *pass) channelSums(n *node) *node {
	w, b := weightOf(n), biasOf(n)
	if (w == 0 || !p.needs(n, w)) && (b == 0 || !p.needs(n, b)) {
		return nil
	}
	var shape [2]int
	shape[0], shape[1] = 2, n.Shape[1]
	return p.temporary(n.DType, shape[:])
}

// addChannelSums adds the gradients of weight and bias.
func (p *pass) addChannelSums(n, sums *node) {
	if sums == nil {
		return
	}
	channels := n.Shape[1]
	for i, at := range [2]int{weightOf(n), biasOf(n)} {
		if at > 0 {
			p.add(n, at, p.tape.part(sums, i*channels, channels).variable())
		}
	}
}

// part is a node that shares count elements of base, from start on, as a vector.
func (t *Tape) part(base *node, start, count int) *node {
	shape := [1]int{count}
	n := t.node(base.DType, shape[:])
	v := base.View(start, count, n.Shape)
	n.F32, n.F64 = v.F32, v.F64
	t.shareWith(n, base)
	t.enter(n)
	return n
}

func channelNorm(o *op, x, weight, bias Variable, groups int, eps float64, stats bool) (y, mean, variance Variable) {
	var buffer [3]*node
	in, given := o.operandsOf(append(buffer[:0], x.n), weight, bias)
	n := o.result(in[0].DType, in[0].Shape, in...)
	n.attr.i, n.attr.x, n.attr.ints = given, eps, append(n.attr.ints[:0], groups)
	layout := channelsOf(n.Shape, groups)
	sets := layout.Sets()
	shape := [2]int{2, sets}
	statistics := n.keepArray(shape[:])
	var means, variances *node
	if stats {
		shape[0], shape[1] = n.Shape[0], groups
		list := shape[:]
		if groups == 0 {
			list = append(list[:0], sets)
		}
		means, variances = n.beside(list), n.beside(list)
	}
	w, b := givenArrays(in, given)
	tensor.ChannelNorm(&n.Array, &in[0].Array, &w, &b, &statistics.Array, arrayOrNil(variances), layout, eps)
	if stats {
		first := statistics.View(0, sets, means.Shape)
		tensor.Copy(&means.Array, &first)
		mean, variance = means.variable(), variances.variable()
	}
	return n.done(), mean, variance
}

// beside is a constant of this shape, of unspecified content, where n is.
func (n *node) beside(shape []int) *node {
	if n.tape == nil {
		return newNode(n.DType, shape, constant)
	}
	return n.tape.array(n.DType, shape)
}

// columnShape is the shape [channels, 1, …] that broadcasts along the axes after the
// channels, with −1 for their number.
func columnShape(rank int) []int {
	shape := make([]int, rank-1)
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = -1
	return shape
}

// lastAxes lists the last count axes of rank.
func lastAxes(rank, count int) []int {
	var axes []int
	for axis := rank - count; axis < rank; axis++ {
		axes = append(axes, axis)
	}
	return axes
}
