package onnx

import (
	"fmt"
	"slices"
	"strings"
)

// Sizes that depend on those of the dynamic axes. In the traces a size is a list of numbers, one for
// each; it is written as a polynomial of the dynamic sizes, each to the first power at most, which
// the traces with one more along every set of axes determine, and the last ones confirm.

// extents is a size, or another whole number, in each of the traces.
type extents []int

// constant reports whether it is the same in all of them.
func (s extents) constant() bool { return allEqual(s) }

// polynomial has for each set of dynamic axes the factor of the product of their sizes.
type polynomial []int

// fit finds the polynomial that has these values; false if there is none.
func (e *exporter) fit(s extents) (polynomial, bool) {
	count := 1 << len(e.symbols)
	if !s[:exampleTraces].constant() {
		return nil, false // it depends on the values
	}
	if count == 1 {
		return polynomial{s[0]}, true
	}
	// First in u = (size − base)/step, which are 0 or 1 in the traces.
	c := make(polynomial, count)
	c[0] = s[0]
	for set := 1; set < count; set++ {
		c[set] = s[exampleTraces-1+set]
		for part := range set {
			if part&^set == 0 {
				c[set] -= c[part]
			}
		}
	}
	// Then with (size − base)·step for each u, as step is 1 or −1.
	for i, base := range e.base {
		bit := 1 << i
		for set := range count {
			if set&bit != 0 {
				c[set] *= e.step
				c[set&^bit] -= c[set] * base
			}
		}
	}
	for t := exampleTraces + count - 1; t < len(s); t++ {
		if c.at(e.traces[t].extents) != s[t] {
			return nil, false
		}
	}
	return c, true
}

func (c polynomial) at(extents []int) int {
	sum := 0
	for set, factor := range c {
		term := factor
		for i, size := range extents {
			if set>>i&1 != 0 {
				term *= size
			}
		}
		sum += term
	}
	return sum
}

// text is how the size stands in the shapes of inputs and outputs.
func (c polynomial) text(symbols []string) string {
	var terms []string
	for set := len(c) - 1; set >= 0; set-- {
		var factors []string
		if c[set] != 1 || set == 0 {
			factors = append(factors, fmt.Sprint(c[set]))
		}
		for i, name := range symbols {
			if set>>i&1 != 0 {
				factors = append(factors, name)
			}
		}
		if c[set] != 0 {
			terms = append(terms, strings.Join(factors, "*"))
		}
	}
	return strings.ReplaceAll(strings.Join(terms, " + "), "+ -", "- ")
}

// dims is the sizes of a node along its axes.
func (e *exporter) dims(i int) []extents {
	dims := make([]extents, len(e.traces[0].nodes[i].Shape))
	for axis := range dims {
		for _, t := range e.traces {
			dims[axis] = append(dims[axis], t.nodes[i].Shape[axis])
		}
	}
	return dims
}

func allConstant(dims []extents) bool {
	return !slices.ContainsFunc(dims, func(s extents) bool { return !s.constant() })
}

func first(dims []extents) []int {
	shape := make([]int, len(dims))
	for i, s := range dims {
		shape[i] = s[0]
	}
	return shape
}

// product is the sizes of an axis that joins others.
func (e *exporter) product(dims []extents) extents {
	s := make(extents, len(e.traces))
	for t := range s {
		s[t] = 1
		for _, d := range dims {
			s[t] *= d[min(t, len(d)-1)]
		}
	}
	return s
}

// size is the name of an array of int64 [1] with a size.
func (e *exporter) size(s extents) string {
	if s.constant() {
		return e.ints(s[0])
	}
	key := fmt.Sprint([]int(s))
	if name, ok := e.sizeNames[key]; ok {
		return name
	}
	c, ok := e.fit(s)
	if !ok {
		e.fail(e.dependence(!s[:exampleTraces].constant(), fmt.Sprintf("a size or position is %v in the traces", []int(s))))
	}
	name := ""
	for set, factor := range c {
		if factor == 0 {
			continue
		}
		term := ""
		for i := range e.symbols {
			if set>>i&1 != 0 {
				if symbol := e.symbol(i); term == "" {
					term = symbol
				} else {
					term = e.emit("Mul", []string{term, symbol})
				}
			}
		}
		switch {
		case term == "":
			term = e.ints(factor)
		case factor != 1:
			term = e.emit("Mul", []string{term, e.ints(factor)})
		}
		if name == "" {
			name = term
		} else {
			name = e.emit("Add", []string{name, term})
		}
	}
	e.sizeNames[key] = name
	return name
}

// symbol is the name of an array of int64 [1] with the size of a dynamic axis, taken from the first
// input that has it.
func (e *exporter) symbol(i int) string {
	key := "symbol " + e.symbols[i]
	if name, ok := e.sizeNames[key]; ok {
		return name
	}
	for _, in := range e.inputs {
		for axis := range in.Shape {
			if in.Dynamic[axis] == e.symbols[i] {
				e.sizeNames[key] = e.emit("Shape", []string{in.Name}, attrInt("start", axis), attrInt("end", axis+1))
				return e.sizeNames[key]
			}
		}
	}
	panic("a symbol that no input has")
}

// sizeList is the name of an array of int64 with these numbers.
func (e *exporter) sizeList(list []extents) string {
	if allConstant(list) {
		return e.ints(first(list)...)
	}
	var parts []string
	for i := 0; i < len(list); {
		j := i + 1
		if list[i].constant() {
			for j < len(list) && list[j].constant() {
				j++
			}
			parts = append(parts, e.ints(first(list[i:j])...))
		} else {
			parts = append(parts, e.size(list[i]))
		}
		i = j
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return e.emit("Concat", parts, attrInt("axis", 0))
}

// reshaped is an array of dims from under the dims to.
func (e *exporter) reshaped(x string, from, to []extents) string {
	if equalDims(from, to) {
		return x
	}
	target := make([]extents, len(to))
	open := 0
	for i, d := range to {
		switch {
		case d.constant():
			if d[0] == 0 {
				e.fail("an array without elements")
			}
			target[i] = extents{d[0]}
		case i < len(from) && slices.Equal(from[i], d):
			target[i] = extents{0} // as it is
		default:
			target[i] = d
			open++
		}
	}
	for i, d := range target {
		if open > 0 && !d.constant() {
			target[i], open = extents{-1}, -open
		}
	}
	return e.emit("Reshape", []string{x, e.sizeList(target)})
}

func equalDims(a, b []extents) bool {
	return slices.EqualFunc(a, b, func(a, b extents) bool {
		for i := range max(len(a), len(b)) {
			if a[min(i, len(a)-1)] != b[min(i, len(b)-1)] {
				return false
			}
		}
		return true
	})
}
