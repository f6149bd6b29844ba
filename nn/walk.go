package nn

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// Walk yields a module and all that it is made of, at any depth, each part before its
// own parts, under dotted names such as "encoder.0.weight"; the module itself is first,
// and its name is empty. A part that is reached by two ways comes twice, under two
// names. It panics with [*autograd.ValueError], which says where, if a module is nil or
// part of itself, or a part has not exactly one field set.
func Walk(m Module) iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		w := walker{yield: yield}
		w.module("", m)
	}
}

// Params yields every parameter of a module with its name, which is the one in PyTorch's
// state_dict. A parameter that is shared comes once for each of its names. It panics as
// [Walk] does.
func Params(m Module) iter.Seq2[string, autograd.Variable] {
	return only(m, func(p Part) (autograd.Variable, bool) { return p.Param, p.Param != autograd.Variable{} })
}

// Buffers yields every buffer of a module with its name, like [Params] otherwise.
// Counters are not among them.
func Buffers(m Module) iter.Seq2[string, autograd.Variable] {
	return only(m, func(p Part) (autograd.Variable, bool) { return p.Buffer, p.Buffer != autograd.Variable{} })
}

// Counters yields every counter of a module with its name, like [Params] otherwise.
func Counters(m Module) iter.Seq2[string, *int64] {
	return only(m, func(p Part) (*int64, bool) { return p.Counter, p.Counter != nil })
}

// Modules yields a module and all modules within it, like [Walk] otherwise.
func Modules(m Module) iter.Seq2[string, Module] {
	return only(m, func(p Part) (Module, bool) { return p.Module, p.Module != nil })
}

// only is what field selects of the parts of m.
func only[T any](m Module, field func(p Part) (T, bool)) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for name, p := range Walk(m) {
			if v, ok := field(p); ok && !yield(name, v) {
				return
			}
		}
	}
}

// walker is a walk under way.
type walker struct {
	yield func(string, Part) bool
	path  []any // identities of the modules that the present one is within
}

// maxDepth is how deep modules may be within each other. It ends the walk where a module
// that has no identity is part of itself.
const maxDepth = 1000

func (w *walker) module(name string, m Module) bool {
	if isNil(m) {
		w.panic(name, "is nil")
	}
	id := identity(m)
	if id != nil && slices.Contains(w.path, id) || len(w.path) == maxDepth {
		w.panic(name, "is part of itself")
	}
	w.path = append(w.path, id)
	if !w.yield(name, Part{Module: m}) {
		return false
	}
	for sub, p := range m.Parts() {
		if !w.part(join(name, sub), p) {
			return false
		}
	}
	w.path = w.path[:len(w.path)-1]
	return true
}

func (w *walker) part(name string, p Part) bool {
	set := 0
	for _, isSet := range [...]bool{p.Param != autograd.Variable{}, p.Buffer != autograd.Variable{}, p.Counter != nil, p.Module != nil} {
		if isSet {
			set++
		}
	}
	switch {
	case set == 0:
		w.panic(name, "is nil")
	case set > 1:
		w.panic(name, "is several things at once: expected one field of nn.Part to be set")
	case p.Module != nil:
		return w.module(name, p.Module)
	}
	return w.yield(name, p)
}

func (w *walker) panic(name, what string) {
	if name == "" {
		panic(&autograd.ValueError{Op: "nn.Walk", Reason: "the module " + what})
	}
	panic(&autograd.ValueError{Op: "nn.Walk", Reason: fmt.Sprintf("%q of the module %s", name, what)})
}

// join is the name of a part with that of what it is part of in front.
func join(name, part string) string {
	if name == "" || part == "" {
		return name + part
	}
	return name + "." + part
}

// isNil reports whether m is nil, or a pointer or function that is.
func isNil(m any) bool {
	if m == nil {
		return true
	}
	v := reflect.ValueOf(m)
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Func) && v.IsNil()
}

// identity is equal for two values of a module if they are the same module; nil for one
// of a type that cannot tell.
func identity(m Module) any {
	m = thawed(m)
	switch v := reflect.ValueOf(m); {
	case v.Kind() == reflect.Pointer || v.Comparable(): // the first alone takes no memory
		return m
	case v.Kind() == reflect.Slice && v.Len() > 0:
		return sliceIdentity{v.Pointer(), v.Len()}
	case v.Kind() == reflect.Map && v.Len() > 0:
		return sliceIdentity{v.Pointer(), -1}
	}
	return nil
}

// sliceIdentity is the identity of a slice, such as a [Sequential], and of a map, which has
// no length.
type sliceIdentity struct {
	first  uintptr
	length int
}

// typeName is the name of a module's type, without package, pointer and arguments.
func typeName(m Module) string {
	return valueTypeName(thawed(m))
}

// valueTypeName is the name of a value's type, without package and pointer.
func valueTypeName(x any) string {
	t := reflect.TypeOf(x)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}

// NumParams is the number of elements of all parameters of a module. A parameter that
// is shared counts once.
func NumParams(m Module) int { return sumSizes(Params(m), autograd.Variable.Size) }

// sumSizes adds up what size is for each array, once where it has several names.
func sumSizes(arrays iter.Seq2[string, autograd.Variable], size func(v autograd.Variable) int) int {
	sum := 0
	seen := map[autograd.Variable]bool{}
	for _, v := range arrays {
		if !seen[v] {
			seen[v] = true
			sum += size(v)
		}
	}
	return sum
}

// bytesOf is the memory of an array.
func bytesOf(v autograd.Variable) int { return v.Size() * v.DType().Size() }

// dtypeOf is the element type of a model: that of its first parameter or buffer, and
// float32 without any.
func dtypeOf(m Module) autograd.DType {
	for _, p := range Walk(m) {
		switch none := (autograd.Variable{}); {
		case p.Param != none:
			return p.Param.DType()
		case p.Buffer != none:
			return p.Buffer.DType()
		}
	}
	return autograd.Float32
}
