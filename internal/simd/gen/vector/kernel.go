package main

import (
	"fmt"
	"strings"
)

// kernel is one row of the tables: a function on slices, with what is needed to
// emit its assembly for both element types and the Go function that calls it.
type kernel struct {
	name string // of the Go function less its suffix: exp for expKernel, expF32AVX2

	// internal marks a kernel that no exported function hands its arguments to
	// unseen. The others check the lengths of their slices, on behalf of the
	// exported function of the same name.
	internal bool

	// halves marks a reduction that cuts slices longer than sumBlock in two.
	halves bool

	// params are the parameters in Go, result the results.
	params []param
	result []string

	// small is the length of the first slice below which the reference is
	// quicker than a call into assembly; it must give the same bits.
	small int

	// asm, where set, is the signature of the assembly function, T standing for
	// the element type; else it follows from params and result.
	asm string

	// typed marks a kernel whose parameters do not tell the element type.
	typed bool

	// bridge, where set, is the Go body that calls the assembly, for kernels
	// that need more than their arguments handed on.
	bridge string

	// only restricts the kernel to one element type and drops its type
	// parameter: "F32" or "F64".
	only string

	emit func(f *function)
}

// param is a parameter in Go: a slice of elements ("[]T"), a slice that may be
// of length 1 ("broadcast"), a slice of bytes, an element ("T"), an "int", a
// "bool" or a pointer to a struct of elements.
type param struct{ name, typ string }

func sliceParams(names ...string) []param {
	p := make([]param, len(names))
	for i, n := range names {
		p[i] = param{n, "[]T"}
	}
	return p
}

func with(params []param, more ...param) []param { return append(params, more...) }

var elementNames = map[bool]string{false: "F32", true: "F64"}
var elementTypes = map[bool]string{false: "float32", true: "float64"}

// assembly is the name of the assembly function.
func (k kernel) assembly(double bool) string { return k.name + elementNames[double] + "AVX2" }

// types lists the element types the kernel has assembly for.
func (k kernel) types() []bool {
	switch k.only {
	case "F32":
		return []bool{false}
	case "F64":
		return []bool{true}
	}
	return []bool{false, true}
}

// signature is the signature of the assembly function: pointers in the order of
// the slices, the length n of the first, steps (1, or 0 for a slice of length 1)
// of those that may be broadcast, then the rest.
func (k kernel) signature(double bool) string {
	element := elementTypes[double]
	if k.asm != "" {
		return strings.ReplaceAll(k.asm, "T", element)
	}
	var pointers, steps, rest []string
	n := ""
	for _, p := range k.params {
		switch {
		case p.typ == "broadcast":
			steps = append(steps, p.name+"Step int")
			fallthrough
		case strings.HasPrefix(p.typ, "[]"), p.typ == "broadcast":
			typ := element
			if t := strings.TrimPrefix(p.typ, "[]"); p.typ != "broadcast" && t != "T" {
				typ = t
			}
			pointers = append(pointers, p.name+" *"+typ)
			n = "n int"
		case strings.HasPrefix(p.typ, "*"):
			rest = append(rest, p.name+" *"+element)
		case p.typ == "T":
			rest = append(rest, p.name+" "+element)
		default:
			rest = append(rest, p.name+" "+p.typ)
		}
	}
	all := pointers
	if n != "" {
		all = append(all, n)
	}
	all = append(append(all, steps...), rest...)
	var results []string
	for _, r := range k.result {
		if r == "T" {
			r = element
		}
		results = append(results, r)
	}
	return fmt.Sprintf("func(%s)%s", strings.Join(all, ", "), resultList(results))
}

func resultList(types []string) string {
	switch len(types) {
	case 0:
		return ""
	case 1:
		return " " + types[0]
	}
	return " (" + strings.Join(types, ", ") + ")"
}

// arguments are what the Go function hands to the assembly.
func (k kernel) arguments(double bool) string {
	bits := strings.TrimPrefix(elementTypes[double], "float")
	var pointers, steps, rest []string
	first := ""
	for _, p := range k.params {
		switch {
		case p.typ == "[]T", p.typ == "broadcast":
			if first == "" {
				first = "len(" + p.name + ")"
			}
			if p.typ == "broadcast" {
				steps = append(steps, "step("+p.name+")")
			}
			pointers = append(pointers, fmt.Sprintf("ptr%s(%s)", bits, p.name))
		case strings.HasPrefix(p.typ, "*"):
			rest = append(rest, fmt.Sprintf("(*float%s)(unsafe.Pointer(%s))", bits, p.name))
		case p.typ == "T":
			rest = append(rest, fmt.Sprintf("float%s(%s)", bits, p.name))
		default:
			rest = append(rest, p.name)
		}
	}
	all := pointers
	if first != "" {
		all = append(all, first)
	}
	return strings.Join(append(append(all, steps...), rest...), ", ")
}

// declaration is the head of the Go function with the given suffix.
func (k kernel) declaration() string {
	var list []string
	for _, p := range k.params {
		typ := p.typ
		if typ == "broadcast" {
			typ = "[]T"
		}
		list = append(list, p.name+" "+typ)
	}
	typeParam := "[T Float]"
	if k.only != "" {
		typeParam = ""
	}
	return fmt.Sprintf("func %sKernel%s(%s)%s", k.name, typeParam, strings.Join(list, ", "), resultList(k.result))
}

// names lists the parameters as a call hands them on.
func (k kernel) names() string {
	var list []string
	for _, p := range k.params {
		list = append(list, p.name)
	}
	return strings.Join(list, ", ")
}

// accelerated is the Go function of builds with assembly.
func (k kernel) accelerated() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s {\n%s", k.declaration(), k.checks())
	if k.bridge != "" {
		fmt.Fprintf(&b, "%s\n}\n", strings.TrimSpace(k.bridge))
		return b.String()
	}
	condition := "active < avx2"
	if k.small > 0 {
		condition += fmt.Sprintf(" || len(%s) < %d", k.params[0].name, k.small)
	}
	fmt.Fprintf(&b, "switch {\ncase %s:\n%s\ncase is32[T]():\n%s\ndefault:\n%s\n}\n}\n", condition,
		k.call(k.generic()+"("+k.names()+")", false),
		k.call(k.assembly(false)+"("+k.arguments(false)+")", true),
		k.call(k.assembly(true)+"("+k.arguments(true)+")", true))
	return b.String()
}

// call is a statement that calls, and returns the results if there are any,
// converted to T if they come from assembly.
func (k kernel) call(expression string, convert bool) string {
	switch len(k.result) {
	case 0:
		return expression
	case 1:
		if convert && k.result[0] == "T" {
			return "return T(" + expression + ")"
		}
		return "return " + expression
	}
	if !convert {
		return "return " + expression
	}
	return "a, b := " + expression + "\nreturn T(a), T(b)"
}

// portable is the Go function of builds without assembly.
func (k kernel) portable() string {
	return fmt.Sprintf("%s {\n%s%s\n}\n", k.declaration(), k.checks(), k.call(k.generic()+"("+k.names()+")", false))
}

// checks are the statements that come before the choice of implementation.
func (k kernel) checks() string {
	if k.halves {
		return k.halving()
	}
	if k.internal {
		return ""
	}
	var list []string
	broadcast := false
	for _, p := range k.params {
		if p.typ == "[]T" || p.typ == "broadcast" {
			list = append(list, p.name)
		}
		broadcast = broadcast || p.typ == "broadcast"
	}
	condition, panics := "len(%[2]s) != len(%[1]s)", "panicLengths"
	if broadcast {
		condition, panics = "!fits(%s, %s)", "panicBroadcast"
	}
	var conditions, lengths []string
	for i, name := range list {
		if i > 0 {
			conditions = append(conditions, fmt.Sprintf(condition, list[0], name))
		}
		lengths = append(lengths, "len("+name+")")
	}
	if len(conditions) == 0 {
		return ""
	}
	return fmt.Sprintf("if %s {\n%s(%q, %s)\n}\n",
		strings.Join(conditions, " || "), panics, k.public(), strings.Join(lengths, ", "))
}

// halving is the statement that sends the halves of a long slice to the kernel
// again.
func (k kernel) halving() string {
	half := func(bounds string) string {
		var list []string
		for _, p := range k.params {
			if p.typ == "[]T" {
				list = append(list, p.name+bounds)
			} else {
				list = append(list, p.name)
			}
		}
		return fmt.Sprintf("%sKernel(%s)", k.name, strings.Join(list, ", "))
	}
	return fmt.Sprintf("if len(%[1]s) > sumBlock {\nh := splitSum(len(%[1]s))\nreturn %[2]s + %[3]s\n}\n",
		k.params[0].name, half("[:h]"), half("[h:]"))
}

// public is the name of the exported function.
func (k kernel) public() string {
	name := k.name
	for _, abbreviation := range [][2]string{{"relu", "ReLU"}, {"gelu", "GELU"}, {"silu", "SiLU"}, {"sgd", "SGD"}} {
		if rest, ok := strings.CutPrefix(name, abbreviation[0]); ok {
			return abbreviation[1] + rest
		}
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// generic is the name of the reference.
func (k kernel) generic() string {
	if k.typed {
		return k.name + "Generic[T]"
	}
	return k.name + "Generic"
}
