package autograd

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Checkpoint computes f(xs) and keeps only the result: what f computed on the way is
// let go, and computed again when the backward pass needs it. A deep model that is
// cut into pieces of √depth layers needs memory for √depth layers only, for the
// price of a second forward computation (Chen et al., "Training Deep Nets with
// Sublinear Memory Cost", 2016).
//
// f runs on a tape of its own, with the same random numbers, training flag and values of
// buffers both times, so results and gradients have the same bits as without Checkpoint; on a tape
// without gradients, where some operations round otherwise, they have those of a tape with gradients.
// What it assigns by [Tape.Assign] the first time is assigned on x's tape. It must
// use nothing recorded but xs; parameters may be captured, and get their gradients.
// At least one of xs is on a tape, or Checkpoint panics with [*TapeError]. Where the gradient is to be differentiated
// again, as by [Grad], the second computation is recorded on the tape itself.
func Checkpoint(f Func, xs ...Variable) Variable {
	nodes := checkAll("checkpoint", xs)
	t := jointTape("checkpoint", nodes)
	if t == nil {
		panic(&TapeError{"checkpoint", "none of the Variables is on a tape"})
	}
	for i, n := range nodes {
		nodes[i] = t.bring(n)
	}
	if t.tracing { // what f does is to be seen
		for i, n := range nodes {
			xs[i] = n.variable()
		}
		return f(xs)
	}
	c := &checkpoint{f: f, operands: len(xs), training: t.training, rng: t.rng, before: t.visible(), hook: t.hook}
	inner := t.inner()
	y := c.run(inner, nodes)
	t.rng = inner.rng
	inner.handOut(t)
	operands := append(append([]*node{}, nodes...), inner.parameters()...)
	o := &op{name: "checkpoint", vjp: c.backward, fused: c.recompute, jvp: c.tangent}
	n := o.result(y.DType, y.Shape, operands...)
	tensor.Copy(&n.Array, &y.Array)
	t.giveBack(inner)
	return n.done()
}

// checkpoint is what is needed to compute again.
type checkpoint struct {
	f        Func
	operands int      // how many of the node's operands are f's arguments
	training bool     // the tape's flag as f first saw it
	rng      rand.PCG // the tape's random source
	before   *pending // what was assigned
	hook     ResultHook
}

// inner is a tape for the inside of a checkpoint, recording and empty.
func (t *Tape) inner() *Tape {
	if last := len(t.inners) - 1; last >= 0 {
		inner := t.inners[last]
		t.inners = t.inners[:last]
		return inner
	}
	return NewTape(TapeConfig{})
}

func (t *Tape) giveBack(inner *Tape) {
	inner.Reset()
	inner.before, inner.hook = nil, nil
	t.inners = append(t.inners, inner)
}

// run computes f on inner with copies of the operands as its leaves.
func (c *checkpoint) run(inner *Tape, operands []*node) *node {
	inner.training, inner.rng, inner.before, inner.hook = c.training, c.rng, c.before, c.hook
	args := make([]Variable, c.operands)
	for i := range args {
		args[i] = inner.borrow(operands[i]).variable()
	}
	y := c.f(args).check("checkpoint")
	if y.tape != nil && y.tape != inner {
		panic(&TapeError{"checkpoint", "the function used a recorded Variable that is not one of its arguments"})
	}
	return inner.bring(y)
}

// borrow is a leaf of t for n, which may be on another tape that outlives t's use
// of it. The same n gives the same leaf.
func (t *Tape) borrow(n *node) *node {
	return t.standIn(n, n.tracked || n.kind == parameter)
}

// parameters are those that the tape has leaves for, in the order of their first
// use.
func (t *Tape) parameters() []*node {
	var list []*node
	for _, n := range t.record {
		if o := n.original(); o != nil && o.kind == parameter {
			list = append(list, o)
		}
	}
	return list
}

// recompute is the backward rule for passes that are not recorded.
func (c *checkpoint) recompute(p *pass, n, g *node) {
	inner := p.tape.inner()
	operands := make([]*node, n.numInputs())
	n.inputs(func(i int, in *node) {
		if i >= c.operands {
			in = in.leafOf // the parameter, which f captured
		}
		operands[i] = in
	})
	y := c.run(inner, operands)
	if y.tracked {
		grads := y.variable().backward("checkpoint", inner.view(g, g.Shape).variable(), nil, false)
		for i, in := range operands {
			if at := grads.s.position(in); at >= 0 && p.needs(n, i) {
				share := grads.s.grads[at]
				copied := p.temporary(share.DType, share.Shape)
				tensor.Copy(&copied.Array, &share.Array)
				p.add(n, i, copied.variable())
				grads.s.forget(in) // it may be given twice
			}
		}
	}
	p.tape.giveBack(inner)
}

// forget makes find skip the gradient of n.
func (s *gradientSet) forget(n *node) {
	for i, m := range s.of {
		if m == n {
			s.of[i] = nil
		}
	}
	delete(s.at, n)
}

// again computes f on the tape itself, recorded.
func (c *checkpoint) again(n *node) *node {
	t := n.tape
	training, rng, hook := t.training, t.rng, t.hook
	defer func() { t.training, t.rng, t.hook = training, rng, hook }()
	t.training, t.rng, t.hook = c.training, c.rng, c.hook
	xs := operands(n)[:c.operands]
	return t.repeat(c.before, func() *node { return t.bring(c.f(xs).check("checkpoint")) })
}

// backward is the rule for passes that are recorded.
func (c *checkpoint) backward(p *pass, n *node, g Variable) {
	p.through(n, g, func() *node { return c.again(n) })
}

func (c *checkpoint) tangent(n *node, t func(int) Variable) Variable {
	return n.tangentThrough(t, func() *node { return c.again(n) })
}
