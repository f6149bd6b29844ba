package search

import (
	"fmt"
	"math"
	"slices"
)

// ParamError tells what is wrong with a parameter, or with the use of its value. [Run]
// returns it for a space that makes no sense; the methods of [Values] panic with it.
type ParamError struct {
	Name   string
	Reason string
}

func (e *ParamError) Error() string { return fmt.Sprintf("search: parameter %q: %s", e.Name, e.Reason) }

// kind is what the values of a parameter are.
type kind uint8

const (
	floatKind kind = iota
	intKind
	choiceKind
)

func (k kind) String() string { return [...]string{"float64", "int", "choice"}[k] }

// Param is a parameter of a [Space]: [Float], [LogFloat], [Int], [LogInt] and [Choice] make
// one.
type Param struct {
	name      string
	kind      kind
	log       bool
	low, high float64
	options   []string
	parent    string   // a choice, on which it depends whether there is a value; "" for none
	when      []string // the options of the parent for which there is
}

// Float is a parameter with values low ≤ x < high, all of them equally likely.
func Float(name string, low, high float64) Param {
	return Param{name: name, kind: floatKind, low: low, high: high}
}

// LogFloat is a parameter with values 0 < low ≤ x < high whose logarithms are equally likely.
func LogFloat(name string, low, high float64) Param {
	return Param{name: name, kind: floatKind, log: true, low: low, high: high}
}

// Int is a parameter with whole values low to high, both of them included.
func Int(name string, low, high int) Param {
	return Param{name: name, kind: intKind, low: float64(low), high: float64(high)}
}

// LogInt is a parameter with whole values 1 ≤ low to high, both included, that are the
// likelier the smaller they are, in proportion to 1/x as far as whole numbers can.
func LogInt(name string, low, high int) Param {
	return Param{name: name, kind: intKind, log: true, low: float64(low), high: float64(high)}
}

// Choice is a parameter whose value is one of two or more names, which have no order.
func Choice(name string, options ...string) Param {
	return Param{name: name, kind: choiceKind, options: options}
}

// When is the parameter p with a value only where another one, a choice that stands before
// it in the space and has a value itself, is one of options.
func (p Param) When(parent string, options ...string) Param {
	p.parent, p.when = parent, options
	return p
}

// Name is the parameter's name.
func (p Param) Name() string { return p.name }

// String describes the parameter completely.
func (p Param) String() string {
	scale := ""
	if p.log {
		scale = ", logarithmic"
	}
	s := fmt.Sprintf("%s: %s from %v to %v%s", p.name, p.kind, p.low, p.high, scale)
	if p.kind == choiceKind {
		s = fmt.Sprintf("%s: one of %q", p.name, p.options)
	}
	if p.parent != "" {
		s += fmt.Sprintf(", when %s is one of %q", p.parent, p.when)
	}
	return s
}

// Space is the parameters whose values are searched.
type Space []Param

// check returns a *ParamError if the space makes no sense.
func (s Space) check() error {
	if len(s) == 0 {
		return fmt.Errorf("search: the space has no parameters")
	}
	before := map[string]Param{}
	for _, p := range s {
		if reason := p.wrong(before); reason != "" {
			return &ParamError{p.name, reason}
		}
		before[p.name] = p
	}
	return nil
}

// wrong says what is, given the parameters that come before.
func (p Param) wrong(before map[string]Param) string {
	if _, taken := before[p.name]; taken {
		return "two parameters have this name"
	}
	switch {
	case p.name == "":
		return "it has no name"
	case p.kind == choiceKind && len(p.options) < 2:
		return "a choice needs two options or more"
	case p.kind == choiceKind && repeats(p.options):
		return "two options are the same"
	case p.kind != choiceKind && !(p.low < p.high && p.high-p.low <= math.MaxFloat64):
		return fmt.Sprintf("the bounds are %v and %v, expected finite ones, the lower one first", p.low, p.high)
	case p.log && p.low <= 0:
		return fmt.Sprintf("the lower bound of a logarithmic scale is %v, expected a positive one", p.low)
	}
	if p.parent == "" {
		return ""
	}
	parent, ok := before[p.parent]
	if !ok || parent.kind != choiceKind {
		return fmt.Sprintf("it depends on %q, which is not a choice before it", p.parent)
	}
	for _, option := range p.when {
		if !slices.Contains(parent.options, option) {
			return fmt.Sprintf("it depends on %q being %q, which is not among its options %q", p.parent, option, parent.options)
		}
	}
	if len(p.when) == 0 {
		return fmt.Sprintf("it depends on %q, but on none of its options", p.parent)
	}
	return ""
}

func repeats(names []string) bool {
	sorted := slices.Sorted(slices.Values(names))
	return len(slices.Compact(sorted)) < len(names)
}

// active says whether the parameter has a value, given those before it.
func (p Param) active(values Values) bool {
	if p.parent == "" {
		return true
	}
	option, ok := values[p.parent].(string)
	return ok && slices.Contains(p.when, option)
}

// Sample draws values for all parameters that have one, each with the likelihoods of its
// kind: uniform is a source of numbers 0 ≤ u < 1.
func (s Space) Sample(uniform func() float64) Values {
	return s.build(func(p Param) any { return p.at(uniform()) })
}

// build makes values of the parameters, in order.
func (s Space) build(choose func(p Param) any) Values {
	values := Values{}
	for _, p := range s {
		if p.active(values) {
			values[p.name] = choose(p)
		}
	}
	return values
}

// bounds are those of the scale on which all values are equally likely. The whole number n
// has the part from n−½ to n+½.
func (p Param) bounds() (low, high float64) {
	low, high = p.low, p.high
	if p.kind == intKind {
		low, high = low-0.5, high+0.5
	}
	if p.log {
		low, high = math.Log(low), math.Log(high)
	}
	return low, high
}

// at is the value at the place u on the parameter's scale, 0 ≤ u < 1.
func (p Param) at(u float64) any {
	if p.kind == choiceKind {
		return p.options[min(int(u*float64(len(p.options))), len(p.options)-1)]
	}
	low, high := p.bounds()
	x := low + u*(high-low)
	if p.log {
		x = math.Exp(x)
	}
	if p.kind == intKind {
		return int(min(max(math.Round(x), p.low), p.high))
	}
	if x >= p.high {
		x = math.Nextafter(p.high, p.low) // rounding must not reach the bound
	}
	return max(x, p.low)
}

// place is where a value lies on the parameter's scale, 0 to 1: the inverse of at. It is
// not for choices.
func (p Param) place(value any) float64 {
	var x float64
	switch v := value.(type) {
	case int:
		x = float64(v)
	case float64:
		x = v
	}
	low, high := p.bounds()
	if p.log {
		x = math.Log(x)
	}
	return (x - low) / (high - low)
}

// Values are the values of parameters by their names: a float64, an int, or a string for a
// choice. A parameter that has none in a configuration is not there.
type Values map[string]any

// Float is the value of a parameter that [Float] or [LogFloat] made. It panics with
// [*ParamError] if there is none.
func (v Values) Float(name string) float64 { return valueOf[float64](v, name) }

// Int is the value of a parameter that [Int] or [LogInt] made. It panics with [*ParamError]
// if there is none.
func (v Values) Int(name string) int { return valueOf[int](v, name) }

// Choice is the value of a parameter that [Choice] made. It panics with [*ParamError] if
// there is none.
func (v Values) Choice(name string) string { return valueOf[string](v, name) }

// Has says whether the parameter has a value.
func (v Values) Has(name string) bool {
	_, ok := v[name]
	return ok
}

func valueOf[T float64 | int | string](v Values, name string) T {
	value, ok := v[name]
	if !ok {
		panic(&ParamError{name, "it has no value here"})
	}
	x, ok := value.(T)
	if !ok {
		panic(&ParamError{name, fmt.Sprintf("its value is of type %T, not %T", value, x)})
	}
	return x
}
