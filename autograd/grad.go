package autograd

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
	return grad("Grad", y, Variable{}, xs)
}

// GradWith is [Grad] of Σ upstream·y: the vector–Jacobian product. upstream has
// y's shape and element type and may itself be recorded, so that the result can be
// differentiated with respect to it.
func GradWith(y, upstream Variable, xs ...Variable) []Variable {
	n, u := y.check("GradWith"), upstream.check("GradWith")
	checkUpstream("GradWith", n, u)
	return grad("GradWith", y, upstream, xs)
}

func grad(name string, y, upstream Variable, xs []Variable) []Variable {
	root := y.n
	t := checkRoot(name, root)
	sources := make([]*node, len(xs))
	for i, x := range xs {
		sources[i] = t.source(name, x)
	}
	results := make([]Variable, len(xs))
	p := t.startPass(root, true)
	var wanted map[*node]bool
	p.needed, wanted = neededFor(t, root, sources)
	if p.needed[root.index] {
		p.seed(root, upstream)
	}
	for i := int(root.index); p.pending > 0; i-- {
		n, g := p.take(i)
		if g == nil {
			continue
		}
		if wanted[n] {
			for j, source := range sources {
				if source == n {
					results[j] = g.variable()
				}
			}
		}
		p.step(n, g)
	}
	t.endPass(&p)
	for j, r := range results {
		if r.n == nil {
			x := xs[j].n
			results[j] = y.scalar(0).AsType(x.DType).constant(x.Shape...)
		}
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
func neededFor(t *Tape, root *node, sources []*node) (needed []bool, wanted map[*node]bool) {
	needed = make([]bool, root.index+1)
	wanted = make(map[*node]bool, len(sources))
	first := root.index + 1
	for _, s := range sources {
		if s != nil && s.index <= root.index {
			wanted[s] = true
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
	return needed, wanted
}
