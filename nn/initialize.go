package nn

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// InitRule says how [Initialize] sets the parameters with certain names.
type InitRule struct {
	// Name is a pattern of dotted names. Between dots * stands for any characters, ? for
	// one and [a-z] for one of some, as in [path.Match]; ** stands for any number of parts,
	// also none:
	//
	//	encoder.layers.*.linear1.weight
	//	**.bias
	Name string

	Init Initializer
}

// Initialize sets the parameters of a model, in the order of [Params], each by the first rule
// whose pattern its name matches; those that match none stay as they are, and one that has
// several names is set under the first of them.
//
//	nn.Initialize(rng, model,
//		nn.InitRule{Name: "head.weight", Init: nn.Zeros},
//		nn.InitRule{Name: "**.weight", Init: nn.HeNormal},
//		nn.InitRule{Name: "**.bias", Init: nn.Zeros})
//
// fanIn and fanOut of an array [out, in, kernel…] are in and out times the kernel, whatever its
// layer is. A vector has those of the parameter named weight beside it, if that has two axes
// or more, as a bias has, and its size otherwise.
//
// It panics with [*autograd.ValueError], and sets nothing, if a pattern is malformed, matches
// no parameter, or has no initializer.
func Initialize(rng *rand.Rand, model Module, rules ...InitRule) {
	const op = "nn.Initialize"
	type parameter struct {
		name string
		w    autograd.Variable
	}
	var params []parameter
	byName, known := map[string]autograd.Variable{}, map[autograd.Variable]bool{}
	for name, w := range Params(model) {
		if byName[name] = w; !known[w] {
			known[w] = true
			params = append(params, parameter{name, w})
		}
	}
	chosen := make([]Initializer, len(params))
	for _, rule := range rules {
		pattern := strings.Split(rule.Name, ".")
		for _, part := range pattern {
			if _, err := path.Match(part, ""); err != nil {
				panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%q is no pattern", rule.Name)})
			}
		}
		if rule.Init == nil {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the rule for %q has no initializer", rule.Name)})
		}
		found := false
		for i, p := range params {
			if matchParts(pattern, strings.Split(p.name, ".")) {
				if found = true; chosen[i] == nil {
					chosen[i] = rule.Init
				}
			}
		}
		if !found {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%q matches no parameter of the model", rule.Name)})
		}
	}
	for i, p := range params {
		if chosen[i] != nil {
			fanIn, fanOut := fansOf(p.w, byName[sibling(p.name, "weight")])
			chosen[i](rng, p.w, fanIn, fanOut)
		}
	}
}

// matchParts reports whether the parts of a name match those of a pattern.
func matchParts(pattern, name []string) bool {
	for i, part := range pattern {
		if part == "**" {
			for skip := range len(name) - i + 1 {
				if matchParts(pattern[i+1:], name[i+skip:]) {
					return true
				}
			}
			return false
		}
		if i >= len(name) {
			return false
		}
		if ok, _ := path.Match(part, name[i]); !ok { // an error was seen before
			return false
		}
	}
	return len(pattern) == len(name)
}

// sibling is the name of another part of what the named one is part of.
func sibling(name, part string) string {
	return name[:strings.LastIndexByte(name, '.')+1] + part
}

// fansOf is the fans of a parameter beside a weight, which may be the zero Variable.
func fansOf(w, weight autograd.Variable) (fanIn, fanOut int) {
	if w.Rank() < 2 && weight != (autograd.Variable{}) {
		w = weight
	}
	if w.Rank() < 2 {
		return w.Size(), w.Size()
	}
	shape := w.Shape()
	kernel := 1
	for _, n := range slices.Clone(shape[2:]) {
		kernel *= n
	}
	return shape[1] * kernel, shape[0] * kernel
}
