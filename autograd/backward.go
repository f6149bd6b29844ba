package autograd

import (
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// pass is one walk from a result back to what it was computed from. It visits each
// ancestor once, in reverse recording order, which is a reverse topological order
// since operands are recorded before results. When a node's turn comes, all its
// descendants have added their share to its gradient.
type pass struct {
	tape     *Tape
	recorded bool    // the pass is itself recorded, to be differentiated
	slots    []*node // gradient so far, by position in the record
	pending  int     // slots that are filled
	sources  []*node // whose gradients are wanted; nil stands for one that is not on the tape
	needed   []need  // which positions matter; nil: every tracked one
	marks    []need  // memory of needed

	keepsRows bool // gradients of tables that rows were looked up of are kept as rows:
	parts     []rowPart
	tables    []*node // whose parts are done
}

// need says what the gradient of a position in the record is for, if for anything.
type need uint8

const (
	leads    need = 1 << iota // a gradient that is asked for is computed from it
	askedFor                  // it is asked for itself
)

// Backward computes the gradient of v, a scalar or an array of one element, with
// respect to every parameter and watched Variable it was computed from. With arguments it
// is with respect to these alone, and nothing is computed that only others would need;
// each is what [Grad] takes, and one that v does not depend on has no gradient.
//
// The pass is not recorded: to differentiate gradients again use [Grad]. It panics
// with [*ShapeError] if v has more than one element, and with [*TapeError] if v was
// computed from no parameter or watched Variable, or from none of the arguments, and
// inside a backward pass.
func (v Variable) Backward(only ...Variable) Gradients {
	n := v.check("Backward")
	if n.Len() != 1 {
		panic(&ShapeError{"Backward", shapesOf(n), "expected one element: reduce it first, or give the upstream gradient with BackwardWith"})
	}
	return v.backward("Backward", Variable{}, only, true)
}

// BackwardWith is the vector–Jacobian product: the gradient of Σ upstream·v with
// respect to every parameter and watched Variable that v was computed from, or to those
// given after it. upstream has v's shape and element type, or BackwardWith panics with
// [*ShapeError] or [*DTypeError]. Like [Variable.Backward] otherwise.
func (v Variable) BackwardWith(upstream Variable, only ...Variable) Gradients {
	n, u := v.check("BackwardWith"), upstream.check("BackwardWith")
	checkUpstream("BackwardWith", n, u)
	return v.backward("BackwardWith", upstream, only, true)
}

func checkUpstream(op string, n, u *node) {
	checkForm(op, n, u, "expected an upstream gradient of the %s of the result")
}

// backward is Backward and BackwardWith; rows says that gradients may be kept as rows.
func (v Variable) backward(name string, upstream Variable, only []Variable, rows bool) Gradients {
	root := v.n.onTape()
	t := checkRoot(name, root)
	p := t.startPass(name, root, only, 0, false)
	defer t.endPass(p)
	p.keepsRows = rows
	if p.needed != nil && p.needed[root.index] == 0 {
		panic(&TapeError{name, "the Variable does not depend on any of those whose gradients are asked for"})
	}
	grads := t.newGradients()
	grads.restrict(only)
	p.seed(root, upstream)
	for i := int(root.index); p.pending > 0; i-- {
		n, g := p.take(i)
		if g == nil {
			continue
		}
		if p.reports(n) {
			grads.put(n, g)
		}
		p.step(n, g)
	}
	p.putParts(grads)
	return Gradients{grads, grads.gen}
}

// reports reports whether the gradient of n is one of those that are asked for.
func (p *pass) reports(n *node) bool {
	return n.rare != nil && (n.leafOf != nil && n.op == nil || n.retain) || p.needed != nil && p.needed[n.index]&askedFor != 0
}

const passUnderWay = "called while a backward pass that is not recorded is under way on this tape: inside that pass, or by another goroutine, although a tape belongs to one at a time"

// checkRoot panics unless a pass can start at root.
func checkRoot(op string, root *node) *Tape {
	switch {
	case root.tape == nil:
		panic(&TapeError{op, "nothing was recorded: the Variable is on no tape"})
	case root.tape.inPlainPass.Load():
		panic(&TapeError{op, passUnderWay})
	case root.tape.noGrad:
		panic(&TapeError{op, "the tape was made with NoGrad"})
	case !root.tracked:
		panic(&TapeError{op, "the Variable does not depend on a parameter or watched Variable"})
	}
	return root.tape
}

// startPass prepares a pass from root, for all gradients or those of xs only; these are
// by way of what was recorded from position since on.
func (t *Tape) startPass(op string, root *node, xs []Variable, since int, recorded bool) *pass {
	var p *pass
	if last := len(t.passes) - 1; last >= 0 {
		p = t.passes[last]
		t.passes = t.passes[:last]
	} else {
		p = &pass{tape: t}
	}
	p.recorded = recorded
	p.restrict(op, root, xs, since)
	if need := int(root.index) + 1; len(p.slots) < need {
		p.slots = make([]*node, max(need, 2*len(p.slots)))
	}
	if !recorded && !t.inPlainPass.CompareAndSwap(false, true) {
		panic(&TapeError{op, passUnderWay})
	}
	t.walks++
	t.recording = recorded
	return p
}

// restrict makes p a pass for the gradients of xs only, if there are any.
func (p *pass) restrict(op string, root *node, xs []Variable, since int) {
	p.sources, p.needed = p.sources[:0], nil
	if len(xs) == 0 {
		return
	}
	for _, x := range xs {
		p.sources = append(p.sources, p.tape.source(op, x))
	}
	size := int(root.index) + 1
	p.marks = slices.Grow(p.marks[:0], size)[:size]
	p.needed = p.marks
	clear(p.needed)
	markNeeded(p.needed, root, p.sources, since)
}

// endPass ends p, also after a panic, and keeps it for the next pass if its slots are all
// empty again.
func (t *Tape) endPass(p *pass) {
	clear(p.sources)
	p.dropParts()
	p.keepsRows = false
	t.walks--
	t.recording = true
	if !p.recorded {
		t.inPlainPass.Store(false)
	}
	if p.pending == 0 {
		t.passes = append(t.passes, p)
	}
}

// seed starts the pass with the gradient of root: upstream, or one.
func (p *pass) seed(root *node, upstream Variable) {
	if upstream.n != nil {
		p.addTo(root, upstream)
	} else {
		one := p.tape.array(root.DType, root.Shape)
		one.Set(0, 1)
		p.addTo(root, one.variable())
	}
	p.tape.dropTemporaries(p, 0)
}

// take empties slot i. The caller holds the gradient it returns.
func (p *pass) take(i int) (n, g *node) {
	g = p.slots[i]
	if g == nil {
		return nil, nil
	}
	p.slots[i] = nil
	p.pending--
	n = p.tape.record[i]
	if n.rare != nil {
		for _, hook := range n.hooks {
			g = p.hooked(n, g, hook)
		}
	}
	return n, g
}

// step passes g, the finished gradient of n, on to n's operands and lets go of it.
func (p *pass) step(n, g *node) {
	mark := len(p.tape.scratch)
	switch {
	case n.op == nil || p.needed != nil && p.needed[n.index]&leads == 0:
	case p.tape.observer != nil:
		after := p.tape.observer.rule(p, n, g)
		p.apply(n, g)
		after()
	default:
		p.apply(n, g)
	}
	p.tape.dropTemporaries(p, mark)
	p.drop(g)
}

// apply runs the backward rule of n.
func (p *pass) apply(n, g *node) {
	if p.recorded || n.op.fused == nil {
		n.op.vjp(p, n, g.variable())
	} else {
		n.op.fused(p, n, g)
	}
}

// dropTemporaries frees what a rule computed and did not pass on.
func (t *Tape) dropTemporaries(p *pass, mark int) {
	if !p.recorded {
		t.dropScratch(mark)
	}
}

// drop gives up the hold that take gave. In a recorded pass gradients belong to
// the record like everything else.
func (p *pass) drop(g *node) {
	if !p.recorded {
		p.tape.unref(g)
	}
}

func (p *pass) hooked(n, g *node, hook func(Variable) Variable) *node {
	mark := len(p.tape.scratch)
	v := hook(g.variable())
	if v.n != nil {
		u := v.check("Hook")
		checkUpstream("Hook", n, u)
		if u != g {
			u = p.hold(u)
			p.drop(g)
			g = u
		}
	}
	p.tape.dropTemporaries(p, mark)
	return g
}

// hold takes a hold on a gradient that a rule or a hook gave. One that is not on
// the tape comes onto it.
func (p *pass) hold(g *node) *node {
	if g.tape != nil && g.tape != p.tape {
		panic(&TapeError{"Backward", "a backward rule returned a Variable of another tape"})
	}
	if p.recorded {
		g = p.tape.bring(g)
	}
	if g.tape == nil {
		g = p.tape.view(g, g.Shape)
	}
	if !p.recorded {
		g.refs++
	}
	return g
}

// needs reports whether operand i of n wants a gradient. Rules may skip the work
// for operands that do not; add ignores what they give these.
func (p *pass) needs(n *node, i int) bool { return p.wants(n.input(i)) }

func (p *pass) wants(n *node) bool {
	return n.tracked && (p.needed == nil || p.needed[n.index] != 0)
}

// add adds g to the gradient of operand i of n. Where the operation broadcast the
// operand, g has the shape of the result, and is summed here to the operand's.
func (p *pass) add(n *node, i int, g Variable) {
	in := n.input(i)
	if g.n == nil || !p.wants(in) {
		return
	}
	p.addTo(in, g)
}

func (p *pass) addTo(in *node, v Variable) {
	g := v.check("Backward")
	if !tensor.EqualShape(g.Shape, in.Shape) {
		g = sumTo(v, in.Shape).n
	}
	slot := &p.slots[in.index]
	switch {
	case *slot == nil:
		*slot = p.hold(g)
		p.pending++
	case p.recorded:
		*slot = (*slot).variable().Add(g.variable()).n
	case g.Len() == 1:
		sum := p.private(slot)
		sum.Set(0, sum.At(0)+g.At(0))
	default:
		tensor.Accumulate(&p.private(slot).Array, &g.Array)
	}
}

// destination is where a fused rule puts the gradient of operand i of n: memory of
// the operand's shape, to be overwritten, or added to if accumulate is true.
func (p *pass) destination(n *node, i int) (dst *tensor.Array, accumulate bool) {
	in := n.input(i)
	slot := &p.slots[in.index]
	if *slot == nil {
		g := p.tape.node(in.DType, in.Shape)
		p.tape.allocate(g)
		*slot = g
		p.pending++
		return &g.Array, false
	}
	return &p.private(slot).Array, true
}

// private makes sure that nobody but slot holds its gradient, copying it if need
// be, so that it can be added to in place.
func (p *pass) private(slot **node) *node {
	g := *slot
	if g.exclusive() {
		return g
	}
	c := p.tape.copyOf(g)
	p.tape.unref(g)
	*slot = c
	return c
}

// copyOf is a node with a copy of n's elements that only the caller holds.
func (t *Tape) copyOf(n *node) *node {
	c := t.node(n.DType, n.Shape)
	t.allocate(c)
	tensor.Copy(&c.Array, &n.Array)
	return c
}

// exclusive reports whether the caller's hold on n is the only one on its elements
// and they may be written to.
func (n *node) exclusive() bool {
	if n.refs != 1 {
		return false
	}
	if n.base != nil {
		return n.base.refs == 1 && n.base.writable()
	}
	return n.writable()
}

// writable reports whether n's elements are its own, not those of a constant or
// parameter outside the tape.
func (n *node) writable() bool { return n.owned || n.Len() == 1 && n.ownsOne() }

func (n *node) ownsOne() bool {
	if n.DType == Float32 {
		return &n.F32[0] == &n.one32[0]
	}
	return &n.F64[0] == &n.one64[0]
}

// inPlace hands g, to be changed in place, on as the gradient of operand i of n, for
// rules that need no second array. It returns nil if g is held elsewhere too, if
// the operand has another shape, or if it has a gradient already; otherwise the
// caller overwrites g's elements.
func (p *pass) inPlace(n *node, i int, g *node) *tensor.Array {
	in := n.input(i)
	if p.slots[in.index] != nil || !g.exclusive() || !tensor.EqualShape(g.Shape, in.Shape) {
		return nil
	}
	g.refs++
	p.slots[in.index] = g
	p.pending++
	return &g.Array
}

// temporary is an array that lives until the rule returns.
func (p *pass) temporary(dtype DType, shape []int) *node { return p.tape.array(dtype, shape) }
