package optim

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// rule is what one optimizer does and the others do not. All else, groups, slots, step
// counts and state, is the engine's.
type rule struct {
	op       string // the constructor, for errors
	defaults Group  // the numbers of a group that has none of its own
	slots    []slot // what is kept for each parameter; updates see the first tensor.MaxSlots

	// fixedMomentum and fixedDecay say that there is no momentum, or no weight decay,
	// that a group could set.
	fixedMomentum, fixedDecay bool

	// step makes a step of one parameter, whose gradient and slots are there. g has the
	// numbers in force.
	step func(p *param, g *Group)

	// rows reports whether a step leaves elements whose gradient is 0, and their slots, as
	// they are, or is to: only the rows of a gradient that is kept as rows are visited
	// then. nil means never.
	rows func(g *Group) bool
}

// slot is an array that is kept for each parameter, from its first step on.
type slot struct {
	name    string                        // PyTorch's, in State
	initial func(g *Group) float64        // the elements before the first step; nil means 0
	when    func(p *param, g *Group) bool // whether a step needs it; nil means always
	shape   func(parameter []int) []int   // nil means the parameter's

	// number says that the slot is one number of float64, not an array of the parameter's
	// type: see param.number.
	number bool

	// scratch says that the slot is memory of unspecified content, and no state. All
	// parameters share it if it has their shape.
	scratch bool
}

// param is a parameter and what is kept for it.
type param struct {
	name  string // the first, if it has several
	v     autograd.Variable
	group *Group
	steps int // how many steps had a gradient for it, the present one included

	w     tensor.Array   // the parameter's elements
	grad  tensor.Array   // its gradient, without elements but while a step runs
	index []int          // of a gradient that has some rows only: which
	slots []tensor.Array // the elements of its slots in the rule's order; empty where there is none yet

	state []autograd.Variable // the slots; zero where there is none yet
	made  []bool              // whether a slot is new in this step
}

// apply makes an update of all elements of the parameter, or of the rows that there is a
// gradient of.
func (p *param) apply(u *tensor.Update) {
	slots := p.slots[:min(len(p.slots), tensor.MaxSlots)]
	if p.index != nil {
		tensor.StepRows(u, &p.w, &p.grad, slots, p.index)
	} else {
		tensor.Step(u, &p.w, &p.grad, slots)
	}
}

// number is the slot i that is a number.
func (p *param) number(i int) *float64 { return &p.slots[i].F64[0] }

// updateOf is an update that computes with the numbers that c points to.
func updateOf[C any](c *C, f32 func(c *C, x tensor.Slices[float32]), f64 func(c *C, x tensor.Slices[float64])) tensor.Update {
	return tensor.Update{
		F32: func(x tensor.Slices[float32]) { f32(c, x) },
		F64: func(x tensor.Slices[float64]) { f64(c, x) },
	}
}

// engine is the Optimizer of a rule.
type engine struct {
	rule
	groups []*Group
	params []param
	// Memory for slots that are scratch, of the size of the largest parameter.
	scratch32 []float32
	scratch64 []float64
	// Memory for gradients that are kept as rows, where all elements are visited.
	whole32 []float32
	whole64 []float64
}

// newEngine is an optimizer of these parameters by a rule. It panics with ValueError if
// there are no parameters, one is not a parameter or has the name of another, or a group
// is wrong.
func newEngine(r rule, params iter.Seq2[string, autograd.Variable], groups []Group) *engine {
	r.defaults.Factor = 1
	e := &engine{rule: r, groups: []*Group{{}}}
	for _, g := range groups {
		e.groups = append(e.groups, &Group{LR: g.LR, WeightDecay: g.WeightDecay, Momentum: g.Momentum, Factor: g.Factor})
	}
	for _, g := range e.groups {
		r.resolve(g)
	}
	e.collect(params)
	e.assign(groups)
	for _, g := range e.groups {
		g.Params = e.paramsOf(g)
	}
	return e
}

// resolve puts the numbers in force in place of defaults and None.
func (r *rule) resolve(g *Group) {
	if r.lacks(g) {
		r.panicLacking(g)
	}
	s := settings{r.op, "Group"}
	s.number(&g.LR, "LR", r.defaults.LR, nonNegative)
	s.number(&g.WeightDecay, "WeightDecay", r.defaults.WeightDecay, nonNegative)
	s.number(&g.Momentum, "Momentum", r.defaults.Momentum, fraction)
	s.number(&g.Factor, "Factor", r.defaults.Factor, nonNegative)
}

// lacks reports whether a group has a number that the optimizer has no use for.
func (r *rule) lacks(g *Group) bool {
	return r.fixedMomentum && g.Momentum != 0 || r.fixedDecay && g.WeightDecay != 0
}

func (r *rule) panicLacking(g *Group) {
	panic(&autograd.ValueError{Op: r.op, Reason: fmt.Sprintf(
		"a group has Momentum %v and WeightDecay %v, one of which this optimizer does not have", g.Momentum, g.WeightDecay)})
}

// collect lists parameters, each once however often it is named.
func (e *engine) collect(params iter.Seq2[string, autograd.Variable]) {
	known := map[autograd.Variable]bool{}
	names := map[string]bool{}
	for name, v := range params {
		if !v.IsValid() || !v.IsParameter() {
			panic(&autograd.ValueError{Op: e.op, Reason: fmt.Sprintf("%q is not a parameter: make it one with autograd.Parameter", name)})
		}
		if known[v] {
			continue
		}
		if names[name] {
			panic(&autograd.ValueError{Op: e.op, Reason: fmt.Sprintf("two parameters are named %q", name)})
		}
		known[v], names[name] = true, true
		n := len(e.slots)
		e.params = append(e.params, param{
			name: name, v: v, w: arrayOf(v), grad: tensor.Array{DType: v.DType(), Shape: v.Shape()},
			slots: make([]tensor.Array, n), state: make([]autograd.Variable, n), made: make([]bool, n),
		})
	}
	if len(e.params) == 0 {
		panic(&autograd.ValueError{Op: e.op, Reason: "there are no parameters"})
	}
	e.params = slices.Clip(e.params)
}

// assign gives each parameter its group: the one that names it, or the first.
func (e *engine) assign(groups []Group) {
	at := map[autograd.Variable]*param{}
	for i := range e.params {
		at[e.params[i].v] = &e.params[i]
	}
	for i, g := range groups {
		if g.Params == nil {
			panic(&autograd.ValueError{Op: e.op, Reason: fmt.Sprintf("group %d has no Params", i)})
		}
		live := e.groups[i+1]
		for name, v := range g.Params {
			switch p := at[v]; {
			case p == nil:
				panic(&autograd.ValueError{Op: e.op, Reason: fmt.Sprintf("%q of group %d is not one of the optimizer's parameters", name, i)})
			case p.group == nil:
				p.group = live
			case p.group != live:
				panic(&autograd.ValueError{Op: e.op, Reason: fmt.Sprintf("%q is in group %d and in another", p.name, i)})
			}
		}
	}
	for i := range e.params {
		if p := &e.params[i]; p.group == nil {
			p.group = e.groups[0]
		}
	}
}

// paramsOf yields the parameters of a group.
func (e *engine) paramsOf(g *Group) iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for i := range e.params {
			if p := &e.params[i]; p.group == g && !yield(p.name, p.v) {
				return
			}
		}
	}
}

// Groups is the groups, the first of which has the parameters without one of their own.
func (e *engine) Groups() []*Group { return e.groups }

// Step makes one step.
func (e *engine) Step(grads autograd.Gradients) {
	if grads.Len() == 0 {
		return
	}
	for _, g := range e.groups {
		e.check(g)
	}
	found := false
	for i := range e.params {
		p := &e.params[i]
		if !p.take(e, grads) {
			continue
		}
		found = true
		p.begin(e)
		e.step(p, p.group)
		p.end()
	}
	if !found {
		e.panicForeign(grads)
	}
}

// panicForeign says that gradients are not those of this optimizer's parameters.
func (e *engine) panicForeign(grads autograd.Gradients) {
	panic(&autograd.ValueError{Op: e.op, Reason: fmt.Sprintf(
		"none of the %d gradients of a step is of one of the %d parameters of this optimizer (%q and others): it belongs to another model", grads.Len(), len(e.params), e.params[0].name)})
}

// check panics if the numbers of a live group are not usable.
func (e *engine) check(g *Group) {
	if e.lacks(g) {
		e.panicLacking(g)
	}
	// x−x is 0 for finite numbers alone.
	if finite := g.LR-g.LR == 0 && g.Factor-g.Factor == 0 && g.WeightDecay-g.WeightDecay == 0; !finite ||
		g.LR < 0 || g.Factor < 0 || g.WeightDecay < 0 || !(g.Momentum >= 0 && g.Momentum < 1) {
		panic(&autograd.ValueError{Op: "optim.Step", Reason: fmt.Sprintf(
			"a group has LR %v, Factor %v, WeightDecay %v, Momentum %v: expected finite numbers that are not negative, and Momentum below 1",
			g.LR, g.Factor, g.WeightDecay, g.Momentum)})
	}
}

// take gives the parameter its gradient for a step; false if there is none.
func (p *param) take(e *engine, grads autograd.Gradients) bool {
	if index, rows, ok := grads.Rows(p.v); ok {
		kept := arrayOf(rows)
		if e.rows != nil && e.rows(p.group) {
			p.grad.F32, p.grad.F64, p.index = kept.F32, kept.F64, index
			return true
		}
		whole := memory(p, &e.whole32, &e.whole64)
		tensor.Fill(&whole, 0)
		tensor.ScatterAddRows(&whole, &kept, index)
		p.grad.F32, p.grad.F64 = whole.F32, whole.F64
		return true
	}
	grad, ok := grads.Lookup(p.v)
	if ok {
		a := arrayOf(grad)
		p.grad.F32, p.grad.F64 = a.F32, a.F64
	}
	return ok
}

// begin prepares a step with the gradient that there is.
func (p *param) begin(e *engine) {
	p.steps++
	for i := range e.slots {
		s := &e.slots[i]
		switch p.made[i] = false; {
		case s.scratch && s.shape == nil:
			p.slots[i] = memory(p, &e.scratch32, &e.scratch64)
		case p.state[i] != autograd.Variable{}:
		case s.when == nil || s.when(p, p.group):
			p.keep(i, s.new(p))
			p.made[i] = true
		}
	}
}

// end says that the parameter has changed, and lets go of the gradient, whose memory
// belongs to a tape.
func (p *param) end() {
	p.v.MarkModified()
	p.grad.F32, p.grad.F64, p.index = nil, nil, nil
}

// keep makes v, the zero Variable for none, the slot i.
func (p *param) keep(i int, v autograd.Variable) {
	p.state[i], p.slots[i] = v, tensor.Array{}
	if v.IsValid() {
		p.slots[i] = arrayOf(v)
	}
}

// new is a slot before its first step.
func (s *slot) new(p *param) autograd.Variable {
	v := s.zeros(p)
	if s.initial != nil {
		a := arrayOf(v)
		tensor.Fill(&a, s.initial(p.group))
	}
	return v
}

// zeros is an array as the slot needs for a parameter.
func (s *slot) zeros(p *param) autograd.Variable {
	dtype, shape := s.form(p)
	return autograd.Zeros(dtype, shape...)
}

// form is the type and shape of the slot of a parameter.
func (s *slot) form(p *param) (autograd.DType, []int) {
	switch {
	case s.number:
		return autograd.Float64, nil
	case s.shape != nil:
		return p.v.DType(), s.shape(p.v.Shape())
	}
	return p.v.DType(), p.v.Shape()
}

// memory is shared memory as large as a parameter.
func memory(p *param, of32 *[]float32, of64 *[]float64) tensor.Array {
	n := p.w.Len()
	a := tensor.Array{DType: p.w.DType, Shape: p.w.Shape}
	if a.DType == autograd.Float32 {
		*of32 = slices.Grow((*of32)[:0], n)
		a.F32 = (*of32)[:n]
	} else {
		*of64 = slices.Grow((*of64)[:0], n)
		a.F64 = (*of64)[:n]
	}
	return a
}

// arrayOf is v's own elements.
func arrayOf(v autograd.Variable) tensor.Array {
	a := tensor.Array{DType: v.DType(), Shape: v.Shape()}
	if a.DType == autograd.Float32 {
		a.F32 = v.Float32s()
	} else {
		a.F64 = v.Float64s()
	}
	return a
}

// root is √x.
func root[T simd.Float](x T) T { return T(math.Sqrt(float64(x))) }
