package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Patterns of attention. Exporters write it as products, and as many moves of elements as it takes
// to bring the heads to the front; package autograd takes heads that stand side by side.

// attentionOperator is attention of queries, keys and values, inputs 0 to 2, or of all in one, where
// 1 and 2 are left out; input 3 is added to the scores if it is there.
var attentionOperator = &operator{name: "Attention"}

func attention(config autograd.AttentionConfig) kernel {
	return func(c *call) {
		config := config
		config.Bias = c.optional(3)
		if !c.has(1) {
			c.set(0, autograd.SelfAttention(c.float(0), config))
			return
		}
		q, k := c.value(0).Shape(), c.value(1).Shape()
		if c.has(3) && len(q) > 1 && len(k) > 1 { // where a gradient of the bias is wanted there are all scores
			c.room(append(slices.Clone(q[:len(q)-1]), max(1, config.Heads), k[len(k)-2])...)
		}
		c.set(0, autograd.ScaledDotProductAttention(c.float(0), c.float(1), c.float(2), config))
	}
}

func shapeOfAttention(s *shapes, n *node) ([]dim, bool) {
	q, known := s.of(n, 0)
	last, parts := 0, size(3)
	if len(n.inputs) > 1 && n.inputs[1] != absent {
		last, parts = 2, size(1)
	}
	v, ok := s.of(n, last)
	if !ok || !known || len(q) < 2 || len(v) < 2 {
		return nil, false
	}
	out, ok := v[len(v)-1].over(parts)
	return append(slices.Clone(q[:len(q)-1]), out), ok
}

// scores is softmax(scale·q·kᵀ + bias), of slots.
type scores struct {
	q, kT, bias int // bias is absent for none
	scale       float64
	shape       []dim
	nodes       []*node
}

// scoresOf finds the weights that an attention multiplies its values by.
func (f *fusion) scoresOf(slot int) (s scores, ok bool) {
	softmax := f.only(slot, "Softmax")
	if softmax == nil {
		return scores{}, false
	}
	s = scores{bias: absent, scale: 1, nodes: []*node{softmax}}
	dims, ok := f.shapes.of(softmax, 0)
	axis := softmax.int("axis", -1)
	if softmax.version < 13 {
		axis = softmax.int("axis", 1) // the rows are what is behind it
	}
	if !ok || len(dims) < 2 || axis != -1 && axis != len(dims)-1 {
		return scores{}, false
	}
	slot = softmax.inputs[0]
	if sum := f.only(slot, "Add"); sum != nil && sum.version >= 7 {
		for i, with := range sum.inputs {
			if f.only(sum.inputs[1-i], "MatMul", "Mul", "Div") != nil && s.bias == absent && f.broadcastsTo(with, sum.inputs[1-i]) {
				s.bias, slot = with, sum.inputs[1-i]
			}
		}
		if s.bias == absent {
			return scores{}, false
		}
		s.nodes = append(s.nodes, sum)
	}
	if scaled := f.only(slot, "Mul", "Div"); scaled != nil {
		x, number, ok := f.factor(scaled)
		if !ok {
			return scores{}, false
		}
		s.scale, slot = number, x
		s.nodes = append(s.nodes, scaled)
	}
	product := f.only(slot, "MatMul")
	if product == nil {
		return scores{}, false
	}
	s.q, s.kT, s.shape = product.inputs[0], product.inputs[1], dims
	s.nodes = append(s.nodes, product)
	return s, true
}

// broadcastsTo reports whether it is known that a slot makes another no larger.
func (f *fusion) broadcastsTo(slot, other int) bool {
	x, known := f.shapes.shape[slot]
	y, ok := f.shapes.shape[other]
	if !ok || !known || len(x) > len(y) {
		return false
	}
	for i, d := range x {
		if d != size(1) && d != y[len(y)-len(x)+i] {
			return false
		}
	}
	return true
}

// attention is softmax(scale·q·kᵀ + bias)·v.
func (f *fusion) attention(n *node) bool {
	s, ok := f.scoresOf(n.inputs[0])
	return ok && (f.headsAside(n, s) || f.headsInFront(n, s))
}

// headsInFront is an attention whose operands are taken as they are, [..., positions, features].
func (f *fusion) headsInFront(n *node, s scores) bool {
	q, known := f.shapes.shape[s.q]
	kT, fits := f.shapes.shape[s.kT]
	v, ok := f.shapes.of(n, 1)
	move := f.only(s.kT, "Transpose")
	if !ok || !known || !fits || move == nil || len(q) < 2 || len(kT) != len(q) || len(v) != len(q) {
		return false
	}
	lead := len(q) - 2
	if !slices.Equal(q[:lead], kT[:lead]) || !slices.Equal(q[:lead], v[:lead]) {
		return false
	}
	perm, ok := permutation(move, len(kT))
	if !ok {
		return false
	}
	perm = slices.Clone(perm)
	perm[lead], perm[lead+1] = perm[lead+1], perm[lead]
	k := move.inputs[0]
	if !slices.IsSorted(perm) {
		k = f.insert(n, "Transpose", permAttribute(convert(perm, func(axis int) int64 { return int64(axis) })), k)
	}
	inputs := []int{s.q, k, n.inputs[1]}
	if s.bias != absent {
		inputs = append(inputs, s.bias)
	}
	f.become(n, attentionOperator, attention(autograd.AttentionConfig{Scale: s.scale}), inputs...)
	f.drop(append(s.nodes, move)...)
	return true
}

// heads is where an operand [..., positions, features] of each head comes from: positions and batch
// are the first axes of the source in either order, and heads and features its last.
type heads struct {
	source           int
	positionsFirst   bool
	heads, features  int
	offset, width    int // of the heads' features, among those of the source
	batch, positions dim
	lead             [][]atom // the axes in front: batch, and heads
	batchAxis        int
}

// headsOf finds out about an operand, whose positions and features are given axes from behind.
func headsOf(v view, positions, features int) (h heads, ok bool) {
	rank := len(v.axes)
	if len(v.dims) != 3 || rank < 3 {
		return heads{}, false
	}
	row := merged(v.axes[rank-features])
	place := merged(v.axes[rank-positions])
	width, known := v.dims[2].known()
	if !known || len(row) != 1 || len(place) != 1 || row[0].axis != 2 || row[0].stride != size(1) || place[0].axis == 2 ||
		place[0].size != v.dims[place[0].axis] {
		return heads{}, false
	}
	h = heads{source: v.source, positionsFirst: place[0].axis == 0, heads: 1, width: width, offset: v.offset[2], lead: v.axes[:rank-2]}
	h.batchAxis = 1 - place[0].axis
	h.batch, h.positions = v.dims[h.batchAxis], place[0].size
	if h.features, known = row[0].size.known(); !known || v.offset[0] != 0 || v.offset[1] != 0 {
		return heads{}, false
	}
	lead := merged(slices.Concat(h.lead...))
	if len(lead) > 0 && lead[0].axis == h.batchAxis && lead[0].size == h.batch {
		lead = lead[1:]
	} else if h.batch != size(1) {
		return heads{}, false
	}
	if len(lead) > 0 {
		if h.heads, known = lead[0].size.known(); !known || len(lead) > 1 || lead[0].axis != 2 || lead[0].stride != size(h.features) {
			return heads{}, false
		}
	}
	return h, h.features > 0 && h.heads > 0
}

// sameHeads reports whether the heads of two operands are the same ones.
func sameHeads(a, b heads) bool {
	return a.positionsFirst == b.positionsFirst && a.heads == b.heads && a.features == b.features && a.batch == b.batch &&
		slices.EqualFunc(a.lead, b.lead, func(x, y []atom) bool { return slices.Equal(merged(x), merged(y)) })
}

// headsAside is an attention whose operands and result are moved such that the heads' features,
// which stand side by side, come to be in front, and back again.
func (f *fusion) headsAside(n *node, s scores) bool {
	qView, qScale, ok := f.viewOf(s.q)
	kView, kScale, known := f.viewOf(s.kT)
	vView, vScale, fits := f.viewOf(n.inputs[1])
	if !ok || !known || !fits || vScale != 1 {
		return false
	}
	q, ok := headsOf(qView, 2, 1)
	k, known := headsOf(kView, 1, 2)
	v, fits := headsOf(vView, 2, 1)
	if !ok || !known || !fits || !sameHeads(q, k) || !sameHeads(q, v) || k.positions != v.positions {
		return false
	}
	if s.bias != absent && len(q.lead) > 1 && (len(q.lead) != 2 || len(merged(q.lead[1])) > 0 && merged(q.lead[1])[0].axis != 2 ||
		len(merged(q.lead[0])) > 0 && merged(q.lead[0])[0].axis == 2) {
		return false
	}
	if s.bias != absent && len(q.lead) == 1 && len(f.shapes.shape[s.bias]) > 2 {
		return false
	}
	move, back, end := f.wayBack(n, q)
	if end == nil {
		return false
	}
	width := q.heads * q.features
	config := autograd.AttentionConfig{Heads: q.heads, Scale: s.scale * qScale * kScale}
	inputs := []int{q.source, k.source, v.source}
	switch {
	case q.source == k.source && q.source == v.source && q.width == 3*width && q.offset == 0 && k.offset == width && v.offset == 2*width:
		inputs = []int{q.source, absent, absent}
	case q.width != width || k.width != width || v.width != width:
		return false
	}
	if q.positionsFirst {
		for i, slot := range inputs {
			if slot != absent {
				inputs[i] = f.insert(end, "Transpose", permAttribute([]int64{1, 0, 2}), slot)
			}
		}
	}
	if s.bias != absent {
		inputs = append(inputs, s.bias)
	} else if inputs[1] == absent {
		inputs = inputs[:1]
	}
	y := f.insertNode(end, &node{place: n.place, version: n.version, op: attentionOperator, kernel: attention(config), attention: &config, inputs: inputs})
	if back {
		y = f.insert(end, "Transpose", permAttribute([]int64{1, 0, 2}), y)
	}
	end.inputs[0] = y
	f.drop(append(s.nodes, n, move)...)
	return true
}

// wayBack follows the result of an attention, [..., positions, features], to the Reshape that puts
// the heads side by side, end; back is whether positions are in front of the batch then.
func (f *fusion) wayBack(n *node, q heads) (move *node, back bool, end *node) {
	if move = f.user(n.outputs[0], "Transpose"); move == nil {
		return nil, false, nil
	}
	if end = f.user(move.outputs[0], "Reshape"); end == nil || end.inputs[0] != move.outputs[0] {
		return nil, false, nil
	}
	// The result is a view of [batch, positions, heads·features].
	v := view{}
	for _, axis := range q.lead {
		var atoms []atom
		for _, a := range merged(axis) {
			if a.axis != 2 {
				a.axis = 0
			}
			atoms = append(atoms, a)
		}
		v.axes = append(v.axes, atoms)
	}
	v.axes = append(v.axes, []atom{{1, size(1), q.positions}}, []atom{{2, size(1), size(q.features)}})
	perm, ok := permutation(move, len(v.axes))
	if !ok {
		return nil, false, nil
	}
	v.transpose(perm)
	row := atom{2, size(1), size(q.heads * q.features)}
	batch, positions := atom{0, size(1), q.batch}, atom{1, size(1), q.positions}
	atoms := merged(slices.Concat(v.axes...))
	for _, back := range []bool{false, true} {
		order := []atom{batch, positions, row}
		if back {
			order[0], order[1] = positions, batch
		}
		if slices.Equal(atoms, merged(order)) && f.keepsAxes(end, []dim{order[0].size, order[1].size, row.size}) {
			return move, back, end
		}
	}
	return nil, false, nil
}

// keepsAxes reports whether a Reshape gives the same if its input has another shape: where it keeps
// the size of an axis, 0, that is the same in both.
func (f *fusion) keepsAxes(n *node, dims []dim) bool {
	before, known := f.shapes.of(n, 0)
	if len(n.inputs) < 2 {
		return false
	}
	to, ok := f.shapes.numbers[n.inputs[1]]
	for i, d := range to {
		if d == size(0) && (i >= len(dims) || i >= len(before) || before[i] != dims[i]) {
			return false
		}
	}
	return ok && known
}

// user is the node of an operator that alone uses a slot.
func (f *fusion) user(slot int, operator string) *node {
	n := f.users[slot]
	if n == nil || f.uses[slot] != 1 || f.gone[n] || n.op.domain != "" || n.op.name != operator || !slices.Contains(n.inputs, slot) {
		return nil
	}
	return n
}

// encoderOperator is autograd.EncoderLayer of input 0 and the weights, in the order of the
// fields of autograd.EncoderWeights.
var encoderOperator = &operator{name: "EncoderLayer"}

func encoderLayer(config autograd.EncoderConfig) kernel {
	return func(c *call) {
		x, hidden := c.value(0), c.value(5).Shape()[0]
		c.room(x.Size(), max(3, 1+hidden/max(1, c.value(5).Shape()[1])))
		c.set(0, autograd.EncoderLayer(c.float(0), autograd.EncoderWeights{
			In: c.float(1), InBias: c.optional(2), Out: c.float(3), OutBias: c.optional(4),
			Linear1: c.float(5), Bias1: c.optional(6), Linear2: c.float(7), Bias2: c.optional(8),
			Norm1: c.optional(9), Norm1Bias: c.optional(10), Norm2: c.optional(11), Norm2Bias: c.optional(12),
		}, config))
	}
}

// block is a part of an encoder's layer: two products and what is between them.
type block struct {
	x             int // what goes in
	first, second *node
	between       *node
}

// blockOf finds a part by what it gives.
func (f *fusion) blockOf(slot int, between ...string) *block {
	second := f.only(slot, "Linear")
	if second == nil || second.columns {
		return nil
	}
	middle := f.only(second.inputs[0], between...)
	if middle == nil || len(middle.inputs) != 1 {
		return nil
	}
	first := f.only(middle.inputs[0], "Linear")
	if first == nil || first.columns {
		return nil
	}
	return &block{first.inputs[0], first, second, middle}
}

// residual is x + part(x) or x + part(norm(x)), of an Add.
func (f *fusion) residual(n *node, between ...string) (x int, part *block, norm *node) {
	if n == nil || n.version < 7 {
		return absent, nil, nil
	}
	for i, slot := range n.inputs {
		part := f.blockOf(n.inputs[1-i], between...)
		if part == nil || slot == absent {
			continue
		}
		if part.x == slot {
			return slot, part, nil
		}
		if norm := f.only(part.x, "LayerNormalization"); norm != nil && norm.inputs[0] == slot {
			return slot, part, norm
		}
	}
	return absent, nil, nil
}

// encoderLayer is a layer of a transformer's encoder, with normalizations behind the sums, or, if it
// ends with a sum, in front of the parts.
func (f *fusion) encoderLayer(n *node) bool {
	end := n
	var norm2 *node
	if n.op.name == "LayerNormalization" {
		norm2 = n
		if end = f.only(n.inputs[0], "Add"); end == nil || len(n.outputs) != 1 {
			return false
		}
	}
	h, feed, inner := f.residual(end, "Relu", "Gelu")
	if feed == nil || (norm2 == nil) != (inner != nil) || feed.between.op.name == "Gelu" && feed.between.text("approximate", "none") != "none" {
		return false
	}
	var norm1, sum *node
	if norm2 != nil {
		if norm1 = f.by(h, "LayerNormalization"); norm1 == nil || f.uses[h] != 2 {
			return false
		}
		sum = f.only(norm1.inputs[0], "Add")
	} else if norm2, sum = inner, f.by(h, "Add"); f.uses[h] != 2 {
		return false
	}
	x, attend, inner1 := f.residual(sum, "Attention")
	if attend == nil || (norm1 == nil) != (inner1 != nil) || attend.between.attention == nil {
		return false
	}
	normFirst := norm1 == nil
	if normFirst {
		norm1 = inner1
	}
	config := attend.between.attention
	inputs := []int{x}
	for _, l := range []*node{attend.first, attend.second, feed.first, feed.second} {
		inputs = append(inputs, l.inputs[1], optionalInput(l, 2))
	}
	for _, norm := range []*node{norm1, norm2} {
		inputs = append(inputs, optionalInput(norm, 1), optionalInput(norm, 2))
	}
	eps := norm1.float("epsilon", 1e-5)
	if eps != norm2.float("epsilon", 1e-5) || norm1.int("axis", -1) != -1 || norm2.int("axis", -1) != -1 || !f.fitsEncoder(inputs, config) {
		return false
	}
	gelu := feed.between.op.name == "Gelu"
	f.drop(attend.first, attend.second, attend.between, feed.first, feed.second, feed.between, norm1, norm2, sum, end)
	f.become(n, encoderOperator, encoderLayer(autograd.EncoderConfig{Heads: config.Heads, Eps: eps, NormFirst: normFirst, GELU: gelu}), inputs...)
	f.gone[n] = false
	return true
}

func optionalInput(n *node, i int) int {
	if i < len(n.inputs) {
		return n.inputs[i]
	}
	return absent
}

// fitsEncoder reports whether weights have the shapes of an encoder's layer, and scores are scaled
// as there.
func (f *fusion) fitsEncoder(inputs []int, config *autograd.AttentionConfig) bool {
	x, ok := f.shapes.shape[inputs[0]]
	if !ok || len(x) != 3 {
		return false
	}
	features, known := x[2].known()
	linear1 := f.value(inputs[5]).Shape()
	if !known || features < 1 || features%config.Heads != 0 || len(linear1) != 2 {
		return false
	}
	hidden := linear1[0]
	for i, shape := range [][]int{
		{3 * features, features}, {3 * features}, {features, features}, {features}, {hidden, features}, {hidden}, {features, hidden}, {features},
		{features}, {features}, {features}, {features},
	} {
		v := f.value(inputs[1+i])
		if (v.isNone() && len(shape) == 2) || !v.isNone() && (!v.isTensor() || !slices.Equal(v.Shape(), shape)) || v.isNone() && inputs[1+i] != absent {
			return false
		}
	}
	return about(config.Scale, 1/math.Sqrt(float64(features/config.Heads)))
}
