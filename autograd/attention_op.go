package autograd

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// The operation of attention. Its operands are queries, keys and values, or all in one, then
// the mask and the bias, if there are any. A bias whose gradient is wanted goes by way of
// operations instead: its gradient is that of all scores.

var attentionOp *op

// attr.x and attr.y are scale and dropout, attr.axes is the seed of that, attr.i the set of
// options, attr.ints are heads and past. aux is what the backward
// pass needs.
func init() {
	attentionOp = composite("attention", composedAttention, attentionBackward)
}

const (
	attentionPacked = 1 << iota // queries, keys and values are one operand
	attentionCausal
	attentionMask
	attentionBias
)

// broadcastAll is the shape that all broadcast to.
func broadcastAll(shapes ...[]int) (shape []int, ok bool) {
	ok = true
	for _, s := range shapes {
		if shape, ok = tensor.BroadcastShape(nil, shape, s); !ok {
			return nil, false
		}
	}
	return shape, true
}

// attention computes the operation for operands of one batch shape and checked options.
func attention(q, k, v Variable, packed bool, config *AttentionConfig) Variable {
	name := attentionOp.name
	options := 0
	var buffer [5]*node
	in := append(buffer[:0], q.n)
	if packed {
		options |= attentionPacked
	} else {
		in = append(in, k.n, v.n)
	}
	for _, other := range [...]struct {
		v      Variable
		option int
	}{{config.Mask, attentionMask}, {config.Bias, attentionBias}} {
		if other.v.n != nil {
			options |= other.option
			in = append(in, other.v.check(name))
		}
	}
	if config.Causal {
		options |= attentionCausal
	}
	for _, n := range in[1:] {
		attentionOp.same(in[0], n)
	}
	t := jointTape(name, in)
	if config.Bias.n != nil && wantsGradient(config.Bias.n, t) || traces(in...) {
		for i, n := range in {
			if t != nil {
				in[i] = t.bring(n)
			}
		}
		return composeAttention(in, options, config, config.seed(t))
	}
	a, repeated := attentionOf(in, options, config)
	if repeated {
		shape := scoresShape(in[0], &a, config)
		c := *config
		for _, v := range [...]*Variable{&c.Mask, &c.Bias} {
			if v.n != nil {
				*v = v.BroadcastTo(shape...)
			}
		}
		return attention(q, k, v, packed, &c)
	}
	a.Seed = config.seed(t)
	a.Drop = config.Dropout
	var sizes [8]int
	shape := append(sizes[:0], in[0].Shape...)
	shape[len(shape)-1] = a.Out * max(1, config.Heads)
	n := attentionOp.result(in[0].DType, shape, in...)
	n.attr.x, n.attr.y, n.attr.i, n.attr.axes = config.Scale, config.Dropout, options, a.Seed
	n.attr.ints = append(n.attr.ints[:0], config.Heads, config.Past)
	if n.op != nil {
		saved := [1]int{a.SavedSize()}
		a.Saved = &n.keepArray(saved[:]).Array
	}
	a.Forward(headsOf(n, 0, 1, a.Out, config.Heads))
	return n.done()
}

// headsOf describes the i-th of parts of n, each of which has heads side by side of so many
// features. Without heads side by side the last axis of the batch is one of heads.
func headsOf(n *node, i, parts, features, heads int) tensor.Matrices {
	rank := len(n.Shape)
	rows, row := n.Shape[rank-2], n.Shape[rank-1]
	m := tensor.Matrices{Array: &n.Array, Start: i * row / parts, Row: row}
	if heads > 0 {
		m.Heads, m.Batch = features, rows*row
		return m
	}
	m.Heads = rows * row
	m.Batch = m.Heads
	if rank > 2 {
		m.Batch *= n.Shape[rank-3]
	}
	return m
}

// attentionOf describes the computation. repeated says that a mask or bias must be repeated
// along the batch first: it is the same along some of its axes only.
func attentionOf(in []*node, options int, config *AttentionConfig) (a tensor.Attention, repeated bool) {
	q := in[0]
	k, v, parts, rest := q, q, 3, in[1:]
	if options&attentionPacked == 0 {
		k, v, parts, rest = in[1], in[2], 1, in[3:]
	}
	rank, heads := len(q.Shape), max(1, config.Heads)
	a = tensor.Attention{
		Heads: heads, Queries: q.Shape[rank-2], Keys: k.Shape[rank-2],
		Features: q.Shape[rank-1] / parts / heads, Out: v.Shape[rank-1] / parts / heads,
		Scale: config.Scale, Causal: config.Causal, Past: config.Past,
	}
	lead := q.Shape[:rank-2]
	if config.Heads == 0 && len(lead) > 0 {
		a.Heads, lead = lead[len(lead)-1], lead[:len(lead)-1]
	}
	a.Batch = sizeOf(lead)
	values := 0
	if parts == 3 {
		values = 2
	}
	a.Q, a.K = headsOf(q, 0, parts, a.Features, config.Heads), headsOf(k, min(1, parts-1), parts, a.Features, config.Heads)
	a.V = headsOf(v, values, parts, a.Out, config.Heads)
	for _, other := range [...]struct {
		option int
		to     *tensor.Scores
	}{{attentionMask, &a.Keep}, {attentionBias, &a.Bias}} {
		if options&other.option == 0 {
			continue
		}
		s, ok := scoresOf(rest[0], lead, &a)
		*other.to, repeated = s, repeated || !ok
		rest = rest[1:]
	}
	return a, repeated
}

// scoresOf describes a mask or bias. It reports false if it is the same along some axes of
// the batch only, lead. It panics with [*ShapeError] if it does not broadcast to the scores.
func scoresOf(n *node, lead []int, a *tensor.Attention) (s tensor.Scores, ok bool) {
	s.Array = &n.Array
	shape := n.Shape
	size := 1
	for _, axis := range [...]struct{ n, step *int }{{&a.Keys, &s.Key}, {&a.Queries, &s.Query}, {&a.Heads, &s.Heads}} {
		if len(shape) == 0 {
			return s, true
		}
		last := shape[len(shape)-1]
		shape = shape[:len(shape)-1]
		switch last {
		case *axis.n:
			if last > 1 {
				*axis.step = size
			}
		case 1:
		default:
			panicScores(n, lead, a)
		}
		size *= last
	}
	if len(shape) > len(lead) {
		panicScores(n, lead, a)
	}
	same, whole := true, len(shape) == len(lead)
	for i, d := range shape {
		of := lead[len(lead)-len(shape)+i]
		if d != 1 && d != of {
			panicScores(n, lead, a)
		}
		same, whole = same && d == 1, whole && d == of
	}
	switch {
	case whole:
		s.Batch = size
	case !same:
		return s, false
	}
	return s, true
}

func panicScores(n *node, lead []int, a *tensor.Attention) {
	panic(&ShapeError{attentionOp.name, [][]int{slices.Clone(n.Shape), append(slices.Clone(lead), a.Heads, a.Queries, a.Keys)}, "a mask or bias does not broadcast to the scores"})
}

// wantsGradient reports whether a gradient of n may be asked for by a pass on t.
func wantsGradient(n *node, t *Tape) bool {
	return n.tracked || (n.kind == parameter || n.kind == derived) && (t == nil || t.recording)
}

// scoresShape is the shape of the scores of queries q.
func scoresShape(q *node, a *tensor.Attention, config *AttentionConfig) []int {
	shape := slices.Clone(q.Shape[:len(q.Shape)-2])
	if config.Heads > 0 {
		shape = append(shape, config.Heads)
	}
	return append(shape, a.Queries, a.Keys)
}

// attentionConfig is the options of n, completed.
func (n *node) attentionConfig() AttentionConfig {
	return AttentionConfig{Heads: n.attr.ints[0], Past: n.attr.ints[1], Causal: n.attr.i&attentionCausal != 0, Scale: n.attr.x, Dropout: n.attr.y}
}

// attentionBackward is the rule for passes that are not recorded.
func attentionBackward(p *pass, n, g *node) {
	var buffer [5]*node
	in := buffer[:0]
	for i := range n.numInputs() {
		in = append(in, n.input(i))
	}
	config := n.attentionConfig()
	a, _ := attentionOf(in, n.attr.i, &config)
	a.Drop, a.Seed, a.Saved = n.attr.y, n.attr.axes, &n.aux.Array
	var to tensor.AttentionGradients
	if n.attr.i&attentionPacked != 0 {
		if p.needs(n, 0) {
			dst, add := p.destination(n, 0)
			to = tensor.AttentionGradients{Q: dst, K: dst, V: dst, AddQ: add, AddK: add, AddV: add}
		}
	} else {
		for i, operand := range [...]struct {
			to  **tensor.Array
			add *bool
		}{{&to.Q, &to.AddQ}, {&to.K, &to.AddK}, {&to.V, &to.AddV}} {
			if p.needs(n, i) {
				*operand.to, *operand.add = p.destination(n, i)
			}
		}
		// The kernel is free to write the gradients in any order: where they go to one array, as of
		// a memory that is keys and values, all are added to it.
		for _, pair := range [...]struct {
			a, b       *tensor.Array
			addA, addB *bool
		}{{to.Q, to.K, &to.AddQ, &to.AddK}, {to.Q, to.V, &to.AddQ, &to.AddV}, {to.K, to.V, &to.AddK, &to.AddV}} {
			if pair.a != nil && pair.a == pair.b && !*pair.addA {
				tensor.Fill(pair.a, 0)
				*pair.addA, *pair.addB = true, true
			}
		}
	}
	a.Backward(headsOf(n, 0, 1, a.Out, config.Heads), &g.Array, to)
}

// composedAttention computes n's result by operations.
func composedAttention(n *node) Variable {
	in := make([]*node, n.numInputs())
	for i := range in {
		in[i] = n.input(i)
	}
	config := n.attentionConfig()
	return composeAttention(in, n.attr.i, &config, n.attr.axes)
}

func composeAttention(in []*node, options int, config *AttentionConfig, seed uint64) Variable {
	q := in[0].variable()
	var k, v Variable
	rest := in[1:]
	if options&attentionPacked != 0 {
		third := q.Dim(-1) / 3
		q, k, v = q.Slice(-1, 0, third), q.Slice(-1, third, 2*third), q.Slice(-1, 2*third, 3*third)
	} else {
		k, v, rest = in[1].variable(), in[2].variable(), in[3:]
	}
	c := *config
	if options&attentionMask != 0 {
		c.Mask, rest = rest[0].variable(), rest[1:]
	}
	if options&attentionBias != 0 {
		c.Bias = rest[0].variable()
	}
	y := attentionWeights(q, k, &c, seed, c.Scale).MatMul(apartHeads(v, c.Heads))
	if c.Heads > 0 {
		y = y.Transpose(-3, -2)
		y = y.Reshape(append(append([]int{}, y.n.Shape[:len(y.n.Shape)-2]...), v.Dim(-1))...)
	}
	return y
}

// apartHeads is x [..., length, heads·features] as [..., heads, length, features].
func apartHeads(x Variable, heads int) Variable {
	if heads == 0 {
		return x
	}
	shape := append([]int{}, x.n.Shape...)
	shape[len(shape)-1] = heads
	return x.Reshape(append(shape, x.Dim(-1)/heads)...).Transpose(-3, -2)
}

// attentionWeights is the weights, after dropout by what seed says.
func attentionWeights(q, k Variable, config *AttentionConfig, seed uint64, scale float64) Variable {
	q, k = apartHeads(q, config.Heads), apartHeads(k, config.Heads)
	scores := matmul(q.MulScalar(scale), k, false, true)
	if config.Bias.n != nil {
		scores = scores.Add(config.Bias)
	}
	queries, keys := scores.Dim(-2), scores.Dim(-1)
	if config.Causal {
		scores = scores.MaskedFill(scores.full(1, queries, keys).Triu(config.Past+1), math.Inf(-1))
	}
	if config.Mask.n != nil {
		scores = scores.MaskedFill(config.Mask.Equal(config.Mask.scalar(0)), math.Inf(-1))
	}
	weights := scores
	if keys > 0 && (config.Mask.n != nil || config.Bias.n != nil) { // a causal query sees a key
		// Where nothing can be seen the softmax is one of zeros, and does not count.
		nothing := scores.Detach().MaxKeepDims(-1).Equal(scores.scalar(math.Inf(-1)))
		weights = scores.MaskedFill(nothing, 0).Softmax(-1).MaskedFill(nothing, 0)
	} else {
		weights = scores.Softmax(-1)
	}
	if config.Dropout > 0 {
		a := tensor.Attention{Batch: sizeOf(scores.n.Shape[:len(scores.n.Shape)-2]), Heads: 1, Queries: queries, Keys: keys, Drop: config.Dropout, Seed: seed}
		factors := scores.full(0, scores.n.Shape...)
		a.DropFactors(&factors.n.Array)
		weights = weights.Mul(factors)
	}
	return weights
}
