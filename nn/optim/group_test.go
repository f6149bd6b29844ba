package optim

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/parallel"
)

// Groups have their own numbers, the first one the rest.
func TestGroups(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		start := []float64{1, -2}
		var ws, alone [3]autograd.Variable
		for i := range ws {
			ws[i], alone[i] = autograd.Parameter(autograd.New(start)), autograd.Parameter(autograd.New(start))
		}
		together := make(named(ws[:]...), Group{Params: named(ws[2]), LR: 0.25}, Group{Params: named(ws[0]), Factor: 0.5})
		var single [3]Optimizer
		for i := range single {
			single[i] = make(named(alone[i]))
		}
		single[2].Groups()[0].LR = 0.25
		single[0].Groups()[0].Factor = 0.5
		if autograd.Try(func() { make(named(ws[0]), Group{Params: named(ws[0]), Momentum: 0.5}) }) == nil { // it has a momentum
			together.Groups()[2].Momentum, single[0].Groups()[0].Momentum = 0.5, 0.5
		}
		for i := range 5 {
			grad := []float64{1, float64(i) - 2.5}
			tape := autograd.NewTape(autograd.TapeConfig{})
			together.Step(gradients(tape, ws[:], grad, grad, grad))
			for k, o := range single {
				o.Step(gradients(tape, alone[k:k+1], grad))
			}
		}
		for i := range ws {
			if diff := cmp.Diff(alone[i].Floats(), ws[i].Floats()); diff != "" {
				t.Errorf("parameter %d (-alone +in its group):\n%s", i, diff)
			}
		}
		var names []string
		for name := range Params(together) {
			names = append(names, name)
		}
		if got := fmt.Sprint(names); got != "[b c a]" {
			t.Errorf("the groups' parameters are %s, want those of the rest, of the first and of the second group", got)
		}
	})
}

func TestNoDecay(t *testing.T) {
	weight, bias := autograd.Parameter(autograd.New([]float64{1, 1}, 1, 2)), autograd.Parameter(autograd.New([]float64{1, 1}))
	optimizer := NewAdamW(named(weight, bias), AdamConfig{}, NoDecay(named(weight, bias)))
	for i, want := range []struct {
		decay float64
		names []string
	}{{0.01, []string{"a"}}, {0, []string{"b"}}} {
		g := optimizer.Groups()[i]
		if got := slices.Collect(maps.Keys(maps.Collect(g.Params))); g.WeightDecay != want.decay || !slices.Equal(got, want.names) {
			t.Errorf("group %d has decay %v and %v, want %v and %v", i, g.WeightDecay, got, want.decay, want.names)
		}
	}
}

// run is some training: a model of three parameters, one of which has a group of its own.
type run struct {
	ws        []autograd.Variable
	optimizer Optimizer
}

func newRun(make maker, dtype autograd.DType, from []autograd.Variable) *run {
	r := &run{}
	for _, w := range from {
		r.ws = append(r.ws, autograd.Parameter(w.AsType(dtype).Clone()))
	}
	r.optimizer = make(named(r.ws...), Group{Params: named(r.ws[1]), LR: 0.03})
	return r
}

// steps makes steps with the gradients that a seed gives; the last parameter has one in
// every second step only.
func (r *run) steps(first, last int) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	for i := first; i < last; i++ {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		ws := r.ws[:3-i%2]
		var grads [][]float64
		for _, w := range ws {
			grads = append(grads, autograd.Normal(rng, autograd.Float64, 0, 1, w.Size()).Float64s())
		}
		r.optimizer.Step(gradients(tape, ws, grads...))
		tape.Reset()
	}
}

// bits is all parameters and all state.
func (r *run) bits() map[string]string {
	bits := map[string]string{}
	for i, w := range r.ws {
		bits[fmt.Sprint("parameter ", i)] = fmt.Sprintf("%x", w.Floats())
	}
	for name, v := range r.optimizer.State() {
		bits[name] = fmt.Sprintf("%v %v %x", v.DType(), v.Shape(), v.Floats())
	}
	return bits
}

// saved is a copy of an optimizer's state, as a file would have it.
func saved(o Optimizer) map[string]autograd.Variable {
	state := map[string]autograd.Variable{}
	for name, v := range o.State() {
		state[name] = v.Clone()
	}
	return state
}

// What is restored goes on to the same bits, whenever it was saved, and the state's names
// are PyTorch's.
func TestRestore(t *testing.T) {
	start := []autograd.Variable{autograd.New([]float64{1, 2, 3, 4}, 2, 2), autograd.New([]float64{-1, 0.5}), autograd.Scalar(0.25)}
	for _, o := range table {
		slots := map[string]bool{}
		for variant, make := range o.variants {
			t.Run(o.constructor+" "+variant, func(t *testing.T) {
				for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
					for _, at := range []int{0, 1, 2, 7} {
						whole := newRun(make, dtype, start)
						whole.steps(0, at)
						whole.optimizer.Groups()[1].LR *= 0.7
						whole.optimizer.Groups()[0].Factor = 0.3
						state := saved(whole.optimizer)
						resumed := newRun(make, dtype, whole.ws)
						resumed.steps(0, at%3) // leaves state that is to go
						for i, w := range whole.ws {
							resumed.ws[i].CopyFrom(w)
						}
						if err := resumed.optimizer.Restore(state); err != nil {
							t.Fatalf("%v, after %d steps: %v", dtype, at, err)
						}
						whole.steps(at, 10)
						resumed.steps(at, 10)
						if diff := cmp.Diff(whole.bits(), resumed.bits()); diff != "" {
							t.Errorf("%v, saved after %d steps (-whole +resumed):\n%s", dtype, at, diff)
						}
						for name := range whole.optimizer.State() {
							if parameter, slot, _ := strings.Cut(name, "."); parameter != "groups" {
								slots[slot] = true
							}
						}
					}
				}
			})
		}
		delete(slots, "step")
		want := slices.Sorted(slices.Values(o.state))
		if got := slices.Sorted(maps.Keys(slots)); !slices.Equal(got, want) {
			t.Errorf("%s has the slots %q, want %q", o.constructor, got, want)
		}
	}
}

// A state that does not fit is refused with all that is wrong, and changes nothing.
func TestRestoreErrors(t *testing.T) {
	make := func() (*run, map[string]autograd.Variable) {
		start := []autograd.Variable{autograd.New([]float64{1, 2, 3, 4}, 2, 2), autograd.New([]float64{-1, 0.5}), autograd.Scalar(0.25)}
		r := newRun(func(params params, groups ...Group) Optimizer { return NewAdam(params, AdamConfig{}, groups...) }, autograd.Float32, start)
		r.steps(0, 1)
		return r, saved(r.optimizer)
	}
	r, state := make()
	r.steps(1, 4)
	before := r.bits()
	for _, test := range []struct {
		name   string
		change func(state map[string]autograd.Variable)
		want   StateError
	}{
		{"missing", func(s map[string]autograd.Variable) {
			delete(s, "a.exp_avg")
			delete(s, "c.step")
			delete(s, "groups.1.lr")
		}, StateError{Missing: []string{"groups.1.lr", "a.exp_avg", "c.step"}}},
		{"unknown", func(s map[string]autograd.Variable) {
			s["d.step"], s["a.momentum_buffer"] = s["a.step"], s["a.exp_avg"]
		}, StateError{Unknown: []string{"a.momentum_buffer", "d.step"}}},
		{"shapes, types and values", func(s map[string]autograd.Variable) {
			s["a.exp_avg"] = s["a.exp_avg"].Reshape(4)
			s["b.exp_avg"] = s["b.exp_avg"].AsType(autograd.Float64)
			s["b.step"] = autograd.Scalar(1.5)
			s["c.step"] = autograd.Variable{}
			s["groups.0.momentum"] = autograd.Scalar(1.0)
			s["groups.1.factor"] = autograd.New([]float64{1})
		}, StateError{Wrong: []string{
			"groups.0.momentum (1, expected a number from 0 to below 1)",
			"groups.1.factor (float64 [1], expected float64 [])",
			"a.exp_avg (float32 [4], expected float32 [2 2])",
			"b.step (1.5, expected a whole number that is not negative)",
			"b.exp_avg (float64 [2], expected float32 [2])",
			"c.step (it is no array)",
		}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := maps.Clone(state)
			test.change(changed)
			var e *StateError
			if err := r.optimizer.Restore(changed); !errors.As(err, &e) {
				t.Fatalf("got %v, expected a StateError", err)
			}
			if diff := cmp.Diff(test.want, *e); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, name := range slices.Concat(e.Missing, e.Unknown, e.Wrong) {
				if !strings.Contains(e.Error(), name) {
					t.Errorf("%q does not name %s", e, name)
				}
			}
			if diff := cmp.Diff(before, r.bits()); diff != "" {
				t.Errorf("it changed the optimizer (-before +after):\n%s", diff)
			}
		})
	}
}

// A state shares no memory with what restored it.
func TestRestoreCopies(t *testing.T) {
	w, v := parameters(1, 1)
	a, b := NewAdam(named(w), AdamConfig{}), NewAdam(named(v), AdamConfig{})
	step := func(o Optimizer, w autograd.Variable) {
		o.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{3}))
	}
	step(a, w)
	v.CopyFrom(w)
	if err := b.Restore(maps.Collect(a.State())); err != nil {
		t.Fatal(err)
	}
	step(a, w)
	step(b, v)
	if w.Item() != v.Item() {
		t.Errorf("got %v, want %v", v.Item(), w.Item())
	}
}

func TestSameBitsAtAnyGOMAXPROCS(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			result := func(procs int) (floats []float64) {
				parallel.WithProcs(procs, func() {
					rng := rand.New(rand.NewPCG(1, 2))
					ws := []autograd.Variable{
						autograd.Parameter(autograd.Normal(rng, dtype, 0, 1, 100_001)),
						autograd.Parameter(autograd.Normal(rng, dtype, 0, 1, 300, 101)),
					}
					optimizer := make(named(ws...))
					tape := autograd.NewTape(autograd.TapeConfig{})
					for range 3 {
						grads := gradients(tape, ws, autograd.Normal(rng, autograd.Float64, 0, 1, ws[0].Size()).Float64s(),
							autograd.Normal(rng, autograd.Float64, 0, 1, ws[1].Size()).Float64s())
						ClipGradNorm(grads, 0.5)
						ClipGradValue(grads, 0.01)
						optimizer.Step(grads)
						tape.Reset()
					}
					floats = slices.Concat(ws[0].Floats(), ws[1].Floats())
				})
				return floats
			}
			if one, four := result(1), result(4); !slices.Equal(one, four) {
				t.Errorf("%v: one and four processors give different bits", dtype)
			}
		}
	})
}

// A schedule drives all groups, or one.
func TestScheduleSet(t *testing.T) {
	w, v := parameters(1, 2)
	groups := NewSGD(named(w, v), SGDConfig{LR: 0.5}, Group{Params: named(v), LR: 0.25}).Groups()
	Exponential(0.5).Set(1, groups...)
	Constant(0.125).Set(2, groups[1])
	if groups[0].Rate() != 0.25 || groups[1].Rate() != 0.25*0.125 {
		t.Errorf("the rates are %v and %v", groups[0].Rate(), groups[1].Rate())
	}
}
