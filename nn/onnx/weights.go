package onnx

import (
	"iter"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// uses is what the constants of a graph are for, by name.
type uses struct {
	weight  map[string]bool // computed with, so that a gradient may be wanted
	running map[string]bool // running statistics
}

// usesOf looks at the nodes of a graph and of those within it.
func (b *builder) usesOf(p *onnxpb.GraphProto) uses {
	u := uses{map[string]bool{}, map[string]bool{}}
	b.addUses(u, p, 0)
	return u
}

func (b *builder) addUses(u uses, p *onnxpb.GraphProto, depth int) {
	if depth > maxDepth {
		return // making the graph will fail
	}
	for _, out := range p.GetOutput() {
		u.weight[out.GetName()] = true
	}
	for _, n := range p.GetNode() {
		op := b.rowOf(n)
		for i, name := range n.GetInput() {
			switch {
			case slices.Contains(op.plain, i):
			case slices.Contains(op.running, i):
				u.running[name] = true
			default:
				u.weight[name] = true
			}
		}
		for _, a := range n.GetAttribute() {
			if a.GetG() != nil {
				b.addUses(u, a.GetG(), depth+1)
			}
		}
	}
}

// rowOf is the row for a node; an empty one if there is none.
func (b *builder) rowOf(n *onnxpb.NodeProto) *operator {
	domain := standardDomain(n.GetDomain())
	for _, op := range slices.Backward(operatorTable[operatorName{domain, n.GetOpType()}]) {
		if op.since <= b.versions[domain] {
			return op
		}
	}
	return &operator{}
}

// hasFloats reports whether a graph, or one within it, has initializers of floating-point
// numbers.
func hasFloats(p *onnxpb.GraphProto, depth int) bool {
	if depth > maxDepth {
		return false
	}
	for _, t := range p.GetInitializer() {
		if DataType(t.GetDataType()).isFloat() {
			return true
		}
	}
	for _, n := range p.GetNode() {
		for _, a := range n.GetAttribute() {
			if a.GetG() != nil && hasFloats(a.GetG(), depth+1) {
				return true
			}
		}
	}
	return false
}

// weight makes a known value a parameter, running statistics or a constant.
func (b *builder) weight(name string, slot int, v Value, u uses) {
	m := b.model
	switch {
	case m.config.Inference || !v.isTensor() || !u.weight[name] && !u.running[name]:
		b.set(slot, v)
		return
	case u.running[name]:
		b.values[slot] = v
		m.buffers[slot] = v.float
		m.parts.add(b.unique(name), nn.Part{Buffer: v.float})
		return
	}
	if m.config.Trainable != nil && !m.config.Trainable(name) {
		b.set(slot, v)
		return
	}
	v.float = autograd.Parameter(v.float)
	b.values[slot] = v
	m.parts.add(b.unique(name), nn.Part{Param: v.float})
}

// unique is a weight's name, or one made of it if a weight of another graph has that name.
func (b *builder) unique(name string) string {
	unique := name
	for i := 2; b.names[unique]; i++ {
		unique = name + "#" + itoa(i)
	}
	b.names[unique] = true
	return unique
}

// parts is the weights whose names have one beginning, as a module.
type parts struct {
	order []string
	own   map[string]nn.Part
	inner map[string]*parts
}

func newParts() *parts { return &parts{own: map[string]nn.Part{}, inner: map[string]*parts{}} }

// maxNested is how many dots of a name are taken for modules within each other.
const maxNested = 64

// add puts a part where its name says. A name with nothing between dots is taken as it is.
func (p *parts) add(name string, part nn.Part) {
	path := strings.Split(name, ".")
	if slices.Contains(path, "") || len(path) > maxNested {
		path = []string{name}
	}
	for _, module := range path[:len(path)-1] {
		if p.inner[module] == nil {
			p.inner[module] = newParts()
			p.order = append(p.order, module)
		}
		p = p.inner[module]
	}
	last := path[len(path)-1]
	p.own[last] = part
	p.order = append(p.order, last)
}

// Parts yields the weights and the modules in the order in which they came.
func (p *parts) Parts() iter.Seq2[string, nn.Part] {
	return func(yield func(string, nn.Part) bool) {
		seen := map[string]bool{}
		for _, name := range p.order {
			if seen[name] {
				continue
			}
			seen[name] = true
			if part, ok := p.own[name]; ok && !yield(name, part) {
				return
			}
			if inner, ok := p.inner[name]; ok && !yield(name, nn.Part{Module: inner}) {
				return
			}
		}
	}
}
