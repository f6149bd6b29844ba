package optim

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// StateError is why a state does not fit the [Optimizer], [Plateau] or [Average] that was
// to be restored.
type StateError struct {
	Missing []string // names that are needed and that the state does not have
	Unknown []string // names that the state has and that mean nothing
	Wrong   []string // names whose shape, type or value does not fit, and why
}

// Error names what is missing, unknown and wrong, the first of each.
func (e *StateError) Error() string {
	var texts []string
	for _, part := range []struct {
		what  string
		names []string
	}{{"missing", e.Missing}, {"unknown", e.Unknown}, {"wrong", e.Wrong}} {
		if n := len(part.names); n > 0 {
			const most = 8
			text := part.what + ": " + strings.Join(part.names[:min(n, most)], ", ")
			if n > most {
				text += fmt.Sprintf(" and %d more", n-most)
			}
			texts = append(texts, text)
		}
	}
	return "optim: the state does not fit: " + strings.Join(texts, "; ")
}

// numbers yields the numbers of a group under their names in a state.
func (g *Group) numbers(index int) iter.Seq2[string, *float64] {
	return func(yield func(string, *float64) bool) {
		prefix := "groups." + strconv.Itoa(index) + "."
		_ = yield(prefix+"lr", &g.LR) && yield(prefix+"weight_decay", &g.WeightDecay) &&
			yield(prefix+"momentum", &g.Momentum) && yield(prefix+"factor", &g.Factor)
	}
}

// State yields the groups' numbers, then each parameter's step count and slots.
func (e *engine) State() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for i, g := range e.groups {
			for name, x := range g.numbers(i) {
				if !yield(name, autograd.Scalar(*x)) {
					return
				}
			}
		}
		for i := range e.params {
			p := &e.params[i]
			if !yield(p.name+".step", autograd.Scalar(float64(p.steps))) {
				return
			}
			for k := range e.slots {
				if p.state[k].IsValid() && !e.slots[k].scratch && !yield(p.name+"."+e.slots[k].name, p.state[k]) {
					return
				}
			}
		}
	}
}

// Restore takes over what State yielded.
func (e *engine) Restore(state map[string]autograd.Variable) error {
	r := newRestoring(state)
	apply := e.prepare(r)
	if err := r.err(); err != nil {
		return err
	}
	apply()
	return nil
}

// prepare compares a state with what is needed, and returns what is to be done if it fits.
func (e *engine) prepare(r *restoring) (apply func()) {
	groups := make([]Group, len(e.groups))
	for i, g := range e.groups {
		groups[i].Params = g.Params
		for name, x := range groups[i].numbers(i) {
			in := nonNegative
			if x == &groups[i].Momentum {
				in = fraction
			}
			*x = r.number(name, in)
		}
	}
	steps := make([]int, len(e.params))
	for i := range e.params {
		p := &e.params[i]
		steps[i] = int(r.number(p.name+".step", count))
		group := &groups[slices.Index(e.groups, p.group)]
		for k := range e.slots {
			if s := &e.slots[k]; !s.scratch {
				r.slot(p, s, steps[i] > 0 && (s.when == nil || s.when(p, group)))
			}
		}
	}
	return func() {
		for i, g := range e.groups {
			*g = groups[i]
		}
		for i := range e.params {
			e.params[i].restore(e.slots, steps[i], r.state)
		}
	}
}

// restore takes over a state that fits.
func (p *param) restore(slots []slot, steps int, state map[string]autograd.Variable) {
	p.steps = steps
	for k := range slots {
		if slots[k].scratch {
			continue
		}
		v := state[p.name+"."+slots[k].name]
		if v.IsValid() {
			v = v.Clone()
		}
		p.keep(k, v)
	}
}

// restoring compares a state with what an optimizer needs.
type restoring struct {
	state   map[string]autograd.Variable
	used    map[string]bool
	problem StateError
}

func newRestoring(state map[string]autograd.Variable) *restoring {
	return &restoring{state: state, used: map[string]bool{}}
}

// get is what the state has under a name; it reports false if there is nothing usable.
func (r *restoring) get(name string, needed bool) (autograd.Variable, bool) {
	v, ok := r.state[name]
	if !ok && needed {
		r.problem.Missing = append(r.problem.Missing, name)
	}
	if ok {
		r.used[name] = true
		if !v.IsValid() {
			r.wrong(name, "it is no array")
			return v, false
		}
	}
	return v, ok
}

func (r *restoring) wrong(name, format string, args ...any) {
	r.problem.Wrong = append(r.problem.Wrong, name+" ("+fmt.Sprintf(format, args...)+")")
}

// array is get of an array with this type and shape.
func (r *restoring) array(name string, needed bool, dtype autograd.DType, shape []int) (autograd.Variable, bool) {
	v, ok := r.get(name, needed)
	if ok && (v.DType() != dtype || !slices.Equal(v.Shape(), shape)) {
		r.wrong(name, "%v %v, expected %v %v", v.DType(), v.Shape(), dtype, shape)
		return v, false
	}
	return v, ok
}

// number is a number in an interval, 0 if it is not there.
func (r *restoring) number(name string, in interval) float64 {
	v, ok := r.array(name, true, autograd.Float64, nil)
	if ok && !in.has(v.Item()) {
		r.wrong(name, "%v, expected %s", v.Item(), in.text)
		ok = false
	}
	if !ok {
		return 0
	}
	return v.Item()
}

// slot checks the slot of a parameter.
func (r *restoring) slot(p *param, s *slot, needed bool) {
	dtype, shape := s.form(p)
	r.array(p.name+"."+s.name, needed, dtype, shape)
}

// err is what does not fit, nil if all does.
func (r *restoring) err() error {
	for name := range r.state {
		if !r.used[name] {
			r.problem.Unknown = append(r.problem.Unknown, name)
		}
	}
	slices.Sort(r.problem.Unknown)
	if p := &r.problem; len(p.Missing)+len(p.Unknown)+len(p.Wrong) > 0 {
		return p
	}
	return nil
}
