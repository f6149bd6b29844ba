package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// Grad computes the gradients of y, a scalar or an array of one element, with
// respect to each of xs, recording the pass itself: the results are Variables on
// the tape that can be used and differentiated further, to any order.
//
//	dy := autograd.Grad(y, x)[0]
//	d2y := autograd.Grad(dy.Sum(), x)[0]
//
// Each x is a parameter, a watched Variable or its leaf, or any tracked result on
// y's tape. Where y does not depend on x the gradient is zero. Work that only other
// gradients would need is left out. It panics with [*ShapeError] if y has more
// than one element and with [*TapeError] if y is not recorded or an x cannot have
// a gradient, being a constant or on another tape.
func Grad(y Variable, xs ...Variable) []Variable {
	n := y.check("Grad")
	if n.Len() != 1 {
		panic(&ShapeError{"Grad", shapesOf(n), "expected one element: reduce it first, or give the upstream gradient with GradWith"})
	}
	return n.gradients("Grad", Variable{}, xs, true)
}

// GradWith is [Grad] of Σ upstream·y: the vector–Jacobian product. upstream has
// y's shape and element type and may itself be recorded, so that the result can be
// differentiated with respect to it.
func GradWith(y, upstream Variable, xs ...Variable) []Variable {
	n, u := y.check("GradWith"), upstream.check("GradWith")
	checkUpstream("GradWith", n, u)
	return n.gradients("GradWith", upstream, xs, true)
}

// gradients runs a pass from root that is restricted to xs. If it is not recorded,
// the results are constants on the tape.
func (root *node) gradients(name string, upstream Variable, xs []Variable, recorded bool) []Variable {
	t := checkRoot(name, root)
	sources := make([]*node, len(xs))
	for i, x := range xs {
		sources[i] = t.source(name, x)
	}
	grads := make([]*node, len(xs))
	p := t.startPass(root, recorded)
	p.needed = neededFor(t, root, sources)
	t.recording = recorded
	if p.needed[root.index] {
		p.seed(root, upstream)
	}
	for i := int(root.index); p.pending > 0; i-- {
		n, g := p.take(i)
		if g == nil {
			continue
		}
		for j, source := range sources {
			if source == n {
				g.refs++ // of the temporaries only: the record's hold outlasts this
				grads[j] = g
			}
		}
		p.step(n, g)
	}
	t.endPass(p)
	t.recording = true
	return t.results(xs, grads, recorded)
}

// results turns gradients into Variables on the tape, with zeros where there is
// none.
func (t *Tape) results(xs []Variable, grads []*node, recorded bool) []Variable {
	results := make([]Variable, len(grads))
	for j, g := range grads {
		switch {
		case g == nil:
			g = t.array(xs[j].n.DType, xs[j].n.Shape)
			tensor.Fill(&g.Array, 0)
		case recorded:
			g.refs--
		case g.index < 0:
			t.enter(g) // a temporary that outlives the pass
		default:
			// It was asked for twice, or is a Variable recorded before.
			t.unref(g)
		}
		results[j] = g.variable()
	}
	return results
}

// source is the node on t whose gradient is meant by x.
func (t *Tape) source(op string, x Variable) *node {
	n := x.check(op)
	switch {
	case n.tape == nil && t.leaves[n] != nil:
		return t.leaves[n]
	case n.kind == parameter:
		return nil // it was not used on this tape
	case n.tape == nil:
		panic(&TapeError{op, "no gradient with respect to a Variable that was never on the tape: bring it there with tape.Watch before it is used"})
	case n.tape != t:
		panic(&TapeError{op, "no gradient with respect to a Variable of another tape"})
	case !n.tracked:
		panic(&TapeError{op, "no gradient with respect to a constant: use tape.Watch instead of tape.Const"})
	}
	return n
}

// neededFor marks, by position in the record, what lies on a path from root to one
// of sources; nothing else needs a gradient.
func neededFor(t *Tape, root *node, sources []*node) []bool {
	needed := make([]bool, root.index+1)
	first := root.index + 1
	for _, s := range sources {
		if s != nil && s.index <= root.index {
			needed[s.index] = true
			first = min(first, s.index)
		}
	}
	for i := first; i <= root.index; i++ {
		n := t.record[i]
		for k := 0; k < n.numInputs() && !needed[i]; k++ {
			in := n.input(k)
			needed[i] = in.index >= 0 && in.tape == t && in.index <= root.index && needed[in.index]
		}
	}
	return needed
}
