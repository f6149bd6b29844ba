package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"strings"
)

// kernel is one row of the tables: a function on slices, with what is needed to
// emit its assembly for both element types and the Go function that calls it.
type kernel struct {
	name string // of the Go function less its suffix: exp for expKernel, expF32AVX2

	// upTo is the largest instruction set the kernel has assembly for, where a
	// larger one would be no faster; nil if it has it for all.
	upTo *instructionSet

	// internal marks a kernel that no exported function hands its arguments to
	// unseen. The others check the lengths of their slices, on behalf of the
	// exported function of the same name.
	internal bool

	// halves marks a reduction that cuts slices longer than sumBlock in two.
	halves bool

	// wideFrom is from how many bytes of the first slice on a larger instruction set
	// is quicker than a smaller one, which does less about the elements that do not
	// fill a vector: cheap if 0, costly or summing.
	wideFrom int

	// params are the parameters in Go, result the results.
	params []param
	result []string

	// small is the length of the first slice below which the reference is
	// quicker than a call into assembly; it must give the same bits.
	small int

	// asm, where set, is the signature of the assembly function, T standing for
	// the element type; else it follows from params and result.
	asm string

	// bridge, where set, is the Go body that calls the assembly, for kernels
	// that need more than their arguments handed on. For a kernel x it may use
	// xWidth(n), the size in bytes of the vectors that are best for n elements, 0
	// if there is no assembly, and xAssembly(width, …), which runs it.
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
func (k kernel) assembly(set *instructionSet, double bool) string {
	return k.name + elementNames[double] + set.name
}

// sets lists the instruction sets of the architecture the kernel has assembly for.
func (k kernel) sets(a architecture) []*instructionSet {
	for i, set := range a.sets {
		if set == k.upTo {
			return a.sets[:i+1]
		}
	}
	return a.sets
}

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
func (k kernel) signature(element string) string {
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
			first = cmp.Or(first, "len("+p.name+")")
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

// What wideFrom may be, measured with AVX2 and AVX-512 on a Zen 5: for kernels of more
// than a few instructions an element, of a few, and for those that end in one number.
const (
	costly  = 64
	cheap   = 256
	summing = 512
)

// accelerated is the Go function of builds with assembly for the architecture.
func (k kernel) accelerated(a architecture) string {
	sets := k.sets(a)
	if len(sets) == 0 {
		return k.portable()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s {\n%s", k.declaration(), k.checks())
	if k.bridge != "" {
		fmt.Fprintf(&b, "%s\n}\n%s", strings.TrimSpace(k.bridge), k.bridgeFunctions(sets))
		return b.String()
	}
	condition := "active < " + sets[0].constant
	if k.small > 0 {
		condition += fmt.Sprintf(" || len(%s) < %d", k.params[0].name, k.small)
	}
	fmt.Fprintf(&b, "switch {\ncase %s:\n%s\n", condition, k.call(k.name+"Generic("+k.names()+")", false))
	b.WriteString(k.calls(sets,
		func(next *instructionSet) string { return k.smaller(next, "len("+k.params[0].name+")") },
		func(set *instructionSet, double bool) string {
			return k.call(k.assembly(set, double)+"("+k.arguments(double)+")", true)
		}))
	b.WriteString("}\n}\n")
	return b.String()
}

// smaller is the condition that a set smaller than the next one is to be taken for so
// many elements.
func (k kernel) smaller(next *instructionSet, length string) string {
	return fmt.Sprintf("active < %s || %s < %d/%s", next.constant, length, cmp.Or(k.wideFrom, cheap), k.elementSize())
}

// elementSize is the size of an element as an expression.
func (k kernel) elementSize() string {
	switch k.only {
	case "F32":
		return "4"
	case "F64":
		return "8"
	}
	return "sizeOf[T]()"
}

// calls are the cases of a switch that choose an instruction set and an element type.
// smaller is the condition that a set smaller than the given one is to be taken.
func (k kernel) calls(sets []*instructionSet, smaller func(next *instructionSet) string, call func(set *instructionSet, double bool) string) string {
	var b strings.Builder
	for i, set := range sets {
		for _, double := range k.types() {
			var conditions []string
			single := len(k.types()) == 2 && !double
			if i+1 < len(sets) {
				c := smaller(sets[i+1])
				if single && strings.Contains(c, "||") {
					c = "(" + c + ")"
				}
				conditions = append(conditions, c)
			}
			if single {
				conditions = append(conditions, "is32[T]()")
			}
			head := "default:"
			if len(conditions) > 0 {
				head = "case " + strings.Join(conditions, " && ") + ":"
			}
			fmt.Fprintf(&b, "%s\n%s\n", head, call(set, double))
		}
	}
	return b.String()
}

// bridgeFunctions are the functions that a bridge may use.
func (k kernel) bridgeFunctions(sets []*instructionSet) string {
	var b strings.Builder
	typeParam := "[T Float]"
	if k.only != "" {
		typeParam = ""
	}
	fmt.Fprintf(&b, "\nfunc %sWidth%s(n int) int {\nswitch {\ncase active < %s:\nreturn 0\n", k.name, typeParam, sets[0].constant)
	for i, set := range sets[:len(sets)-1] {
		fmt.Fprintf(&b, "case %s:\nreturn %d\n", k.smaller(sets[i+1], "n"), set.vectorBytes)
	}
	fmt.Fprintf(&b, "}\nreturn %d\n}\n", sets[len(sets)-1].vectorBytes)

	signature := k.signature("T")
	fmt.Fprintf(&b, "\nfunc %sAssembly%s(width int, %s {\nswitch {\n", k.name, typeParam, strings.TrimPrefix(signature, "func("))
	b.WriteString(k.calls(sets,
		func(next *instructionSet) string { return fmt.Sprintf("width < %d", next.vectorBytes) },
		func(set *instructionSet, double bool) string {
			call := fmt.Sprintf("%s(%s)", k.assembly(set, double), strings.Join(converted(signature, elementTypes[double]), ", "))
			if strings.HasSuffix(signature, ")") {
				return call
			}
			return "return " + call
		}))
	b.WriteString("}\n}\n")
	return b.String()
}

// converted lists the parameters of a signature on T, converted to the element
// type.
func converted(signature, element string) []string {
	expression, err := parser.ParseExpr(signature)
	if err != nil {
		panic(err)
	}
	var list []string
	for _, field := range expression.(*ast.FuncType).Params.List {
		for _, name := range field.Names {
			switch types.ExprString(field.Type) {
			case "T":
				list = append(list, fmt.Sprintf("%s(%s)", element, name))
			case "*T":
				list = append(list, fmt.Sprintf("(*%s)(unsafe.Pointer(%s))", element, name))
			default:
				list = append(list, name.Name)
			}
		}
	}
	return list
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
	return fmt.Sprintf("%s {\n%s%s\n}\n", k.declaration(), k.checks(), k.call(k.name+"Generic("+k.names()+")", false))
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
