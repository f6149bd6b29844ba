package autograd

import (
	"iter"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Gradients is the result of a backward pass: for each parameter or watched
// Variable its gradient, of the same shape and element type. It is a small handle;
// copies refer to the same gradients. What [Variable.Backward] returns lives on
// the tape until Reset. The zero Gradients is empty, and grows outside any tape by
// [Gradients.Accumulate].
//
// Gradients may be read by several goroutines while none modifies them. Methods panic with
// [*TapeError] on Gradients whose tape was Reset.
type Gradients struct {
	s   *gradientSet
	gen uint64
}

// gradientSet is what Gradients refers to. Sets of a tape are recycled.
type gradientSet struct {
	gen   uint64
	tape  *Tape
	of    []*node // parameters, watched constants, retained Variables
	grads []*node // their gradients
	index [][]int // of those that are kept as rows: which; nil for whole arrays
	at    map[*node]int

	partial bool    // only some gradients were asked for:
	only    []*node // those

	spare map[*node]*node // of a set on no tape: memory for gradients, by what they are of
}

// smallSet is the length up to which a set is searched without its map.
const smallSet = 8

func (t *Tape) newGradients() *gradientSet {
	var s *gradientSet
	if last := len(t.freeSets) - 1; last >= 0 {
		s = t.freeSets[last]
		t.freeSets = t.freeSets[:last]
	} else {
		s = &gradientSet{tape: t}
	}
	t.sets = append(t.sets, s)
	return s
}

// restrict notes that nothing was asked for but vs, if there are any.
func (s *gradientSet) restrict(vs []Variable) {
	s.partial = len(vs) > 0
	for _, v := range vs {
		s.only = append(s.only, v.n.meant())
	}
}

// put adds the gradient of a leaf or retained node. The set's gradients share no
// memory with each other or with gradients still on their way.
func (s *gradientSet) put(n, g *node) {
	if n.op == nil && g.exclusive() {
		g.refs++
	} else {
		g = s.tape.copyOf(g)
	}
	s.insert(n.meant(), g, nil)
}

func (s *gradientSet) insert(n, g *node, index []int) {
	s.of = append(s.of, n)
	s.grads = append(s.grads, g)
	s.index = append(s.index, index)
	if len(s.of) <= smallSet {
		return
	}
	if s.at == nil {
		s.at = map[*node]int{}
	}
	for i := len(s.at); i < len(s.of); i++ {
		s.at[s.of[i]] = i
	}
}

// position is the number of n's gradient, −1 if there is none.
func (s *gradientSet) position(n *node) int {
	if len(s.of) > smallSet {
		if i, ok := s.at[n]; ok {
			return i
		}
		return -1
	}
	return slices.Index(s.of, n)
}

// release ends the set's life with that of the tape's other results.
func (s *gradientSet) release(t *Tape) {
	s.gen++
	for i := len(s.grads) - 1; i >= 0; i-- {
		if s.grads[i].tape == t {
			t.unref(s.grads[i])
		}
	}
	clear(s.of)
	clear(s.grads)
	clear(s.index)
	s.of, s.grads, s.index = s.of[:0], s.grads[:0], s.index[:0]
	clear(s.at)
	clear(s.only)
	s.only, s.partial = s.only[:0], false
	t.freeSets = append(t.freeSets, s)
}

func (g Gradients) check(op string) *gradientSet {
	if g.s != nil && g.s.gen != g.gen {
		panic(&TapeError{op, "the Gradients were used after their tape was Reset (Clone them before to keep them)"})
	}
	return g.s
}

// Of is the gradient of w: a parameter, a Variable that was watched or its leaf
// (what [Tape.Watch] returned), or one marked by [Variable.RetainGrad]. If the
// result did not depend on w it is zero. It lives as long as g. One that is kept as rows
// ([Gradients.Rows]) is made a whole array at every call. It panics with [*TapeError] if [Variable.Backward] was asked for the gradients of others only.
func (g Gradients) Of(w Variable) Variable {
	if grad, ok := g.Lookup(w); ok {
		return grad
	}
	n := w.check("Of").meant()
	if g.s != nil && g.s.partial && !slices.Contains(g.s.only, n) {
		panic(&TapeError{"Of", "the backward pass was for the gradients of other Variables only"})
	}
	return newNode(n.DType, n.Shape, constant).variable()
}

// Lookup is [Gradients.Of] with false where there is none: the result did not depend on w,
// or it was not asked for.
func (g Gradients) Lookup(w Variable) (grad Variable, ok bool) {
	s, n := g.check("Of"), w.check("Of")
	if s == nil {
		return Variable{}, false
	}
	at := s.position(n.meant())
	if at < 0 {
		return Variable{}, false
	}
	return s.whole(at).variable(), true
}

// Len is the number of gradients.
func (g Gradients) Len() int {
	if s := g.check("Len"); s != nil {
		return len(s.of)
	}
	return 0
}

// All yields each parameter or watched Variable with its gradient, in the order in
// which the backward pass finished them, which is the same in every run. Gradients that are
// kept as rows come last, each made a whole array: [Gradients.Stored] yields what is kept.
func (g Gradients) All() iter.Seq2[Variable, Variable] {
	return func(yield func(w, grad Variable) bool) {
		s := g.check("All")
		if s == nil {
			return
		}
		for i, n := range s.of {
			if !yield(n.variable(), s.whole(i).variable()) {
				return
			}
		}
	}
}

// Clone is a copy of g that depends on no tape.
func (g Gradients) Clone() Gradients {
	var c Gradients
	c.Accumulate(g)
	return c
}

// Accumulate adds the gradients of other to g's; those g lacks are copied. It is
// for batches in pieces and for averaging over goroutines:
//
//	var total autograd.Gradients
//	for … {
//		total.Accumulate(loss.Backward())
//		tape.Reset()
//	}
//	total.Scale(1 / float64(pieces))
func (g *Gradients) Accumulate(other Gradients) {
	s, from := g.check("Accumulate"), other.check("Accumulate")
	if from == nil {
		return
	}
	if s == nil {
		s = &gradientSet{}
		*g = Gradients{s, 0}
	}
	switch { // known in the sum is what is known in every part
	case !from.partial:
	case !s.partial:
		s.only, s.partial = append(s.only[:0], from.only...), true
	default:
		s.only = slices.DeleteFunc(s.only, func(n *node) bool { return !slices.Contains(from.only, n) })
	}
	for i, n := range from.of {
		at, grad, index := s.position(n), from.grads[i], from.index[i]
		switch {
		case at < 0:
			s.insert(n, s.copyOf(n, grad), slices.Clone(index))
		case index != nil:
			s.addRows(at, grad, index)
		default:
			if s.index[at] != nil {
				s.replace(at, s.whole(at), nil)
			}
			tensor.Accumulate(&s.grads[at].Array, &grad.Array)
		}
	}
}

// copyOf is a copy of a gradient of n on no tape, in memory kept by Reset if there is any.
func (s *gradientSet) copyOf(n, g *node) *node {
	if c := s.spare[n]; c != nil && c.DType == g.DType && tensor.EqualShape(c.Shape, g.Shape) {
		tensor.Copy(&c.Array, &g.Array)
		return c
	}
	return g.variable().Clone().n
}

// Reset makes g empty. If it is on no tape, it keeps its memory for the gradients that are
// accumulated next, which overwrite what it gave out before: for sums over pieces of a
// batch, step after step, without allocations.
func (g *Gradients) Reset() {
	s := g.check("Reset")
	if s == nil || s.tape != nil {
		*g = Gradients{}
		return
	}
	if s.spare == nil {
		s.spare = map[*node]*node{}
	}
	clear(s.spare) // what was not in use would be kept for good
	for i, n := range s.of {
		s.spare[n] = s.grads[i]
	}
	clear(s.index)
	s.of, s.grads, s.index, s.only, s.partial = s.of[:0], s.grads[:0], s.index[:0], s.only[:0], false
	clear(s.at)
}

// Scale multiplies every gradient by factor, in place.
func (g Gradients) Scale(factor float64) {
	s := g.check("Scale")
	if s == nil {
		return
	}
	for _, n := range s.grads {
		tensor.Scale(&n.Array, &n.Array, factor)
	}
}

// Norm is the Euclidean norm of all gradients taken together.
func (g Gradients) Norm() float64 {
	s := g.check("Norm")
	if s == nil {
		return 0
	}
	norm := 0.0
	for _, n := range s.grads {
		norm = math.Hypot(norm, tensor.Norm2(&n.Array))
	}
	return norm
}
