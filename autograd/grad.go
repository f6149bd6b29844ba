package autograd

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Grad computes the gradients of y, a scalar or an array of one element, with
// respect to each of xs, recording the pass itself: the results are Variables on
// the tape that can be used and differentiated further, to any order.
//
//	dy := autograd.Grad(y, x)[0]
//	d2y := autograd.Grad(dy.Sum(), x)[0]
//
// Each x is a parameter, a watched Variable or its leaf, or any tracked result on
// y's tape. Work that only other gradients would need is left out. It panics with
// [*ShapeError] if y has more than one element and with [*TapeError] if y is not recorded,
// an x cannot have a gradient, being a constant or on another tape, or y does not depend
// on one of xs; [GradConfig] allows that.
func Grad(y Variable, xs ...Variable) []Variable { return GradConfig{}.Grad(y, xs...) }

// GradWith is [Grad] of Σ upstream·y: the vector–Jacobian product. upstream has
// y's shape and element type and may itself be recorded, so that the result can be
// differentiated with respect to it. It panics as that does, and with [*ShapeError] or
// [*DTypeError] if upstream does not fit y.
func GradWith(y, upstream Variable, xs ...Variable) []Variable {
	return GradConfig{}.GradWith(y, upstream, xs...)
}

// GradConfig configures [Grad], [GradWith] and [ValueAndGrad], which are its methods with
// the zero value.
type GradConfig struct {
	// AllowUnused gives a gradient of zero where the result does not depend on a Variable,
	// which is an error otherwise: a derivative is more often lost than zero everywhere.
	AllowUnused bool
}

// Grad is [Grad] as configured, and panics as that does.
func (c GradConfig) Grad(y Variable, xs ...Variable) []Variable {
	n := y.check("Grad")
	if n.Len() != 1 {
		panic(&ShapeError{"Grad", shapesOf(n), "expected one element: reduce it first, or give the upstream gradient with GradWith"})
	}
	return c.grad("Grad", n, Variable{}, xs)
}

// GradWith is [GradWith] as configured, and panics as that does.
func (c GradConfig) GradWith(y, upstream Variable, xs ...Variable) []Variable {
	n, u := y.check("GradWith"), upstream.check("GradWith")
	checkUpstream("GradWith", n, u)
	return c.grad("GradWith", n, upstream, xs)
}

func (c GradConfig) grad(op string, y *node, upstream Variable, xs []Variable) []Variable {
	y = y.onTape()
	if t := y.tape; c.AllowUnused && t != nil && t.recording && !y.tracked {
		for _, x := range xs {
			t.source(op, x) // that it can have a gradient is checked all the same
		}
		return t.results(xs, make([]*node, len(xs)), true)
	}
	grads := y.gradientNodes(op, upstream, xs, 0, true)
	if !c.AllowUnused && slices.Contains(grads, nil) {
		y.checkUsed(op, xs)
	}
	return y.tape.results(xs, grads, true)
}

// checkUsed panics unless n was computed from each of xs.
func (n *node) checkUsed(op string, xs []Variable) {
	reached := ancestors(n)
	for i, x := range xs {
		s := n.tape.source(op, x)
		if s == nil || s.index > n.index || !reached[s.index] {
			panic(&TapeError{op, fmt.Sprintf("the result does not depend on xs[%d]: GradConfig.AllowUnused makes that a gradient of zero", i)})
		}
	}
}

// gradients runs a pass from root that is restricted to xs, and to what was recorded from
// position since on. If it is not recorded, the results are constants on the tape. Where
// root does not depend on an x the gradient is zero.
func (root *node) gradients(name string, upstream Variable, xs []Variable, since int, recorded bool) []Variable {
	return root.tape.results(xs, root.gradientNodes(name, upstream, xs, since, recorded), recorded)
}

// gradientNodes is gradients with nil where there is none.
func (root *node) gradientNodes(name string, upstream Variable, xs []Variable, since int, recorded bool) []*node {
	t := checkRoot(name, root)
	p := t.startPass(name, root, xs, since, recorded)
	defer t.endPass(p)
	grads := make([]*node, len(xs))
	if p.needed != nil && p.needed[root.index] != 0 {
		p.seed(root, upstream)
	}
	for i := int(root.index); p.pending > 0; i-- {
		n, g := p.take(i)
		if g == nil {
			continue
		}
		for j, source := range p.sources {
			if source == n {
				g.refs++ // of the temporaries only: the record's hold outlasts this
				grads[j] = g
			}
		}
		p.step(n, g)
	}
	return grads
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

// markNeeded marks, by position in the record, sources and what lies on a path from root
// to one of them; nothing else needs a gradient. Before position since only results of
// parameters alone are on such a path: who computes from there on may have captured them.
func markNeeded(needed []need, root *node, sources []*node, since int) {
	t := root.tape
	first := root.index + 1
	for _, s := range sources {
		if s != nil && s.index <= root.index {
			needed[s.index] = askedFor
			first = min(first, s.index)
		}
	}
	for i := first; i <= root.index; i++ {
		n := t.record[i]
		if i < int32(since) && (needed[i]&askedFor != 0 || !n.adopted()) {
			continue
		}
		for k := 0; k < n.numInputs() && needed[i]&leads == 0; k++ {
			in := n.input(k)
			if in.index >= 0 && in.tape == t && in.index <= root.index && needed[in.index] != 0 {
				needed[i] |= leads
			}
		}
	}
}
