package nn

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// Hook sees the result y of a module of a model, of which name is the dotted name, during a
// forward pass. What it returns takes the place of y; the zero Variable leaves it as it is.
// It is called by the goroutine that computes: hooks of a model that several use are called
// by all of them.
type Hook func(name string, y autograd.Variable) autograd.Variable

// AddHooks makes what is computed with a model on a tape call hooks, which are by the names of
// modules as [Modules] has them, the model itself under the empty name, until remove is
// called. Of modules with several results they see the first: outputs, not states, and not
// the weights of attention. Hooks that were added before are called before. No other tape is
// concerned.
//
//	remove := nn.AddHooks(tape, model, map[string]nn.Hook{"encoder.layers.0": func(name string, y autograd.Variable) autograd.Variable {
//		fmt.Println(name, y.Shape())
//		return autograd.Variable{}
//	}})
//	defer remove()
//
// All layers of this package that have parts call hooks, and those of a [Sequential] do
// whatever they are. A layer of one's own, part of another, returns through [Hooked].
//
// AddHooks panics with [*autograd.ValueError] for a name that no module has, a hook that is
// nil, and a module that cannot be told from others of its type, such as a [ReLU] that is
// not in a Sequential.
func AddHooks(tape *autograd.Tape, model Module, hooks map[string]Hook) (remove func()) {
	added := newHookPoints("nn.AddHooks", model, hooks)
	tape.SetResultHook(hooksOf(tape).with(added))
	return func() { tape.SetResultHook(hooksOf(tape).without(added).orNil()) }
}

// WithHooks is a layer whose Forward calls hooks as [AddHooks] makes it do, whatever tape it
// computes on: for models that are trained or predict by [Fit], [Predict] and the like, by any
// number of goroutines. Its parts are those of the layer. Besides what AddHooks says, Forward
// panics with [*autograd.TapeError] if x is on no tape.
func WithHooks(layer Layer, hooks map[string]Hook) Layer {
	points := newHookPoints("nn.WithHooks", layer, hooks)
	return &hookedLayer{layer, points, hookList{points}}
}

type hookedLayer struct {
	layer Layer
	hooks *hookPoints
	alone autograd.ResultHook // hooks where there are no others
}

func (l *hookedLayer) Parts() iter.Seq2[string, Part] { return l.layer.Parts() }

func (l *hookedLayer) thawed() Module { return l.layer }

func (l *hookedLayer) Forward(x autograd.Variable) autograd.Variable {
	tape := x.Tape()
	if tape == nil {
		panic(&autograd.TapeError{Op: "nn.WithHooks", Reason: "the input is on no tape, which hooks need"})
	}
	before := tape.ResultHook()
	defer tape.SetResultHook(before)
	if before == nil {
		tape.SetResultHook(l.alone)
	} else {
		tape.SetResultHook(hooksOf(tape).with(l.hooks))
	}
	return l.layer.Forward(x)
}

// Hooked is y, the result of a module m, or what hooks make of it. The Forward of a layer
// of one's own returns through it for hooks to find it, where it is part of another module:
//
//	return nn.Hooked(l, y)
//
// Without hooks on y's tape it costs a comparison.
func Hooked(m Module, y autograd.Variable) autograd.Variable {
	if h := hookOf(y); h != nil {
		return hookedAt(h, pointOf(m), y)
	}
	return y
}

// hookedAt is what a hook makes of y, the result at a point.
func hookedAt(h autograd.ResultHook, point hookPoint, y autograd.Variable) autograd.Variable {
	if l, ok := h.(hookList); ok {
		return l.at(point, y) // as Result, which takes memory for the point
	}
	return h.Result(point, y)
}

// hookOf is the hook on x's tape, nil if there is none.
func hookOf(x autograd.Variable) autograd.ResultHook {
	if tape := x.Tape(); tape != nil {
		return tape.ResultHook()
	}
	return nil
}

// hookPoint is where a hook is called: with the result of a module, or of the layer of a
// Sequential with that number.
type hookPoint struct {
	owner any // its identity; nil for a Sequential, whose own would take memory
	at    int

	first *Layer // of a Sequential with so many layers
	count int
}

const itself = -1

// pointOf is where the result of a module is seen.
func pointOf(m Module) hookPoint {
	if s, ok := thawed(m).(Sequential); ok {
		return s.point(itself)
	}
	return hookPoint{owner: identity(m), at: itself}
}

// point is where the result of the layer with that number is seen.
func (s Sequential) point(at int) hookPoint {
	if len(s) == 0 {
		return hookPoint{at: itself}
	}
	return hookPoint{at: at, first: &s[0], count: len(s)}
}

// hookPoints is hooks by where they are called.
type hookPoints map[hookPoint]namedHook

type namedHook struct {
	name string
	f    Hook
}

// hookList is what a tape carries: hooks in the order in which they were added. It does not
// change, since what is computed again is to be computed with the same hooks.
type hookList []*hookPoints

// Result calls the hooks of a point.
func (l hookList) Result(of any, y autograd.Variable) autograd.Variable {
	point, _ := of.(hookPoint)
	return l.at(point, y)
}

func (l hookList) at(point hookPoint, y autograd.Variable) autograd.Variable {
	for _, points := range l {
		if h, ok := (*points)[point]; ok {
			if other := h.f(h.name, y); other != (autograd.Variable{}) {
				y = other
			}
		}
	}
	return y
}

// hooksOf is the hooks on a tape.
func hooksOf(tape *autograd.Tape) hookList {
	l, _ := tape.ResultHook().(hookList)
	return l
}

func (l hookList) with(added *hookPoints) hookList { return append(slices.Clip(l), added) }

func (l hookList) without(removed *hookPoints) hookList {
	return slices.DeleteFunc(slices.Clone(l), func(p *hookPoints) bool { return p == removed })
}

// orNil is l as a tape carries it.
func (l hookList) orNil() autograd.ResultHook {
	if len(l) == 0 {
		return nil
	}
	return l
}

func newHookPoints(op string, model Module, hooks map[string]Hook) *hookPoints {
	modules := map[string]Module{}
	for name, m := range Modules(model) {
		modules[name] = m
	}
	points := hookPoints{}
	for name, f := range hooks {
		m, ok := modules[name]
		switch {
		case !ok:
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the model has no module %q", name)})
		case f == nil:
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the hook of %q is nil", name)})
		}
		at := pointsOf(modules, name)
		if len(at) == 0 {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%q is a %s that cannot be told from others: expected one in a Sequential, or a pointer", name, typeName(m))})
		}
		for _, point := range at {
			points[point] = namedHook{name, f}
		}
	}
	return &points
}

// pointsOf is where the result of a module is seen; none if that is nowhere.
func pointsOf(modules map[string]Module, name string) []hookPoint {
	parent, number := "", name
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		parent, number = name[:dot], name[dot+1:]
	}
	if s, ok := thawed(modules[parent]).(Sequential); ok && name != "" {
		i, _ := strconv.Atoi(number) // the names of its parts are numbers
		return []hookPoint{s.point(i)}
	}
	var points []hookPoint
	m := thawed(modules[name])
	switch v := reflect.ValueOf(m); v.Kind() {
	case reflect.Slice, reflect.Map:
		if point := pointOf(m); point != (hookPoint{at: itself}) {
			points = append(points, point)
		}
	case reflect.Pointer:
		points = append(points, hookPoint{owner: m, at: itself})
		// Its Forward may be that of a type that it embeds.
		for e := v.Elem(); e.Kind() == reflect.Struct && e.NumField() > 0 && e.Type().Field(0).Anonymous && e.Field(0).CanInterface(); {
			if e = e.Field(0); e.Kind() == reflect.Pointer {
				points, e = append(points, hookPoint{owner: e.Interface(), at: itself}), e.Elem()
			} else {
				points = append(points, hookPoint{owner: e.Addr().Interface(), at: itself})
			}
		}
	}
	return points
}
