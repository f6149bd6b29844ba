package onnx

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Limits on what a file may ask for before anything is computed.
const (
	maxDepth = 64      // graphs and functions within each other
	maxNodes = 1 << 18 // nodes in all, those that functions stand for counted at each use
)

// builder makes the graphs of a model from its messages.
type builder struct {
	model     *Model
	functions map[operatorName]*onnxpb.FunctionProto
	values    []Value // constants by slot; the others are nothing
	constant  []bool  // whether the value of a slot is known, by slot
	fold      *run    // evaluates what depends on constants alone
	graphs    []*graph
	reads     int                  // how many elements of constants patterns may still look at
	matrices  map[turnedMatrix]int // constants that were made of others
	nodes     int
	depth     int
	inlined   bool // within a function

	fromConstants bool            // weights are results of Constant nodes
	names         map[string]bool // of weights

	versions map[string]int // of operator sets, by domain
}

// scope is the names that are known within a graph or function.
type scope struct {
	parent *scope
	slots  map[string]int
	later  map[string]bool // the names that are defined in the graph, at whatever place
	uses   uses
}

func (s *scope) find(name string) (slot int, ok bool) {
	for ; s != nil; s = s.parent {
		if slot, ok := s.slots[name]; ok {
			return slot, true
		}
	}
	return absent, false
}

// define gives a name a new slot.
func (b *builder) define(s *scope, name string) int {
	if name == "" {
		return absent
	}
	if _, ok := s.slots[name]; ok {
		failf("%q is defined twice", name)
	}
	b.values = append(b.values, Value{})
	b.constant = append(b.constant, false)
	slot := len(b.values) - 1
	s.slots[name] = slot
	return slot
}

// set makes the value of a slot known.
func (b *builder) set(slot int, v Value) {
	b.values[slot] = v
	b.constant[slot] = true
}

// at runs f, and gives what it fails with a place.
func at(place Place, version int, f func()) {
	if err := autograd.Try(f); err != nil {
		panic(&located{placed(err, place, version)})
	}
}

// located is an error on its way out, which has its place.
type located struct{ error }

// Unwrap makes autograd.Try return it.
func (l *located) Unwrap() error { return &autograd.ValueError{Op: "onnx", Reason: l.Error()} }

// graph makes a graph. Its inputs are defined already if it is the model's own.
func (b *builder) graph(p *onnxpb.GraphProto, name string, parent *scope, attributes map[string]*onnxpb.AttributeProto) *graph {
	g := &graph{name: name}
	place := Place{File: b.model.file, Graph: name}
	s := &scope{parent: parent, slots: map[string]int{}, later: map[string]bool{}, uses: b.usesOf(p)}
	at(place, 0, func() {
		b.enter()
		defer b.leave()
		initialized := b.readInitializers(p, s)
		for i, in := range p.GetInput() {
			if in.GetName() == "" {
				failf("input %d has no name", i)
			}
			if !initialized[in.GetName()] {
				g.inputs = append(g.inputs, b.define(s, in.GetName()))
			}
		}
		for _, n := range p.GetNode() {
			for _, out := range n.GetOutput() {
				s.later[out] = true
			}
		}
		b.body(g, p.GetNode(), s, place, attributes)
		for _, out := range p.GetOutput() {
			slot, ok := s.find(out.GetName())
			if !ok {
				failf("no node makes output %q", out.GetName())
			}
			g.outputs = append(g.outputs, slot)
			g.types = append(g.types, declared(out))
		}
	})
	b.graphs = append(b.graphs, g)
	return g
}

// declared is what is said about an output of a graph, nothing if that is no tensor.
func declared(p *onnxpb.ValueInfoProto) Info {
	if p.GetType().GetTensorType() == nil && p.GetType().GetOptionalType() == nil {
		return Info{Name: p.GetName()}
	}
	return infoOf(p)
}

func (b *builder) enter() {
	if b.depth++; b.depth > maxDepth {
		failf("graphs and functions are within each other more than %d deep", maxDepth)
	}
}

func (b *builder) leave() { b.depth-- }

// readInitializers defines the initializers of a graph and returns their names.
func (b *builder) readInitializers(p *onnxpb.GraphProto, s *scope) (names map[string]bool) {
	names = map[string]bool{}
	if len(p.GetSparseInitializer()) > 0 {
		unsupportedf("sparse initializers")
	}
	for _, t := range p.GetInitializer() {
		names[t.GetName()] = true
		slot := b.define(s, t.GetName())
		if slot == absent {
			failf("an initializer has no name")
		}
		b.weight(t.GetName(), slot, readTensor(t, b.model.directory), s.uses)
	}
	return names
}

// body makes the nodes of a graph or function and appends them to g.
func (b *builder) body(g *graph, protos []*onnxpb.NodeProto, s *scope, place Place, attributes map[string]*onnxpb.AttributeProto) {
	for i, p := range protos {
		place.Node = p.GetName()
		place.Node = cmp.Or(place.Node, "#"+strconv.Itoa(i))
		place.Operator = p.GetOpType()
		domain := standardDomain(p.GetDomain())
		if domain != "" {
			place.Operator = domain + "." + p.GetOpType()
		}
		version := b.versions[domain]
		at(place, version, func() {
			if b.nodes++; b.nodes > maxNodes {
				failf("there are more than %d nodes", maxNodes)
			}
			if f := b.functions[operatorName{domain, p.GetOpType()}]; f != nil {
				b.call(g, p, f, s, place, attributes)
				return
			}
			if version == 0 {
				failf("the model does not say which version of the operator set %q it is of", domain)
			}
			b.node(g, p, s, place, version, attributes)
		})
	}
}

// standardDomain is a domain's name, where both names of the standard's own are empty.
func standardDomain(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

// node makes a node, and evaluates it if it depends on constants alone.
func (b *builder) node(g *graph, p *onnxpb.NodeProto, s *scope, place Place, version int, attributes map[string]*onnxpb.AttributeProto) {
	n := &node{place: place, version: version, model: b.model, attributes: map[string]*onnxpb.AttributeProto{}, read: map[string]bool{}, graphs: map[string]*graph{}}
	n.op = findOperator(standardDomain(p.GetDomain()), p.GetOpType(), version)
	for _, a := range bind(p.GetAttribute(), attributes) {
		if n.attributes[a.GetName()] != nil {
			failf("attribute %q is there twice", a.GetName())
		}
		n.attributes[a.GetName()] = a
	}
	n.inputs = b.resolve(p.GetInput(), s)
	for _, name := range slices.Sorted(maps.Keys(n.attributes)) {
		if a := n.attributes[name]; a.GetG() != nil {
			n.graphs[name] = b.graph(a.GetG(), place.Graph+"/"+place.Node+"."+name, s, attributes)
		}
	}
	outputs := p.GetOutput()
	for len(outputs) > 0 && outputs[len(outputs)-1] == "" {
		outputs = outputs[:len(outputs)-1]
	}
	n.op.check(len(n.inputs), len(outputs))
	for _, name := range outputs {
		n.outputs = append(n.outputs, b.define(s, name))
	}
	n.kernel = n.op.make(n)
	n.isPure = n.pure()
	n.finish()
	if n.isPure && b.evaluate(n) {
		if slot := n.outputs[0]; n.op.name == "Constant" && b.fromConstants && !b.inlined && b.values[slot].Size() > 1 {
			b.constant[slot] = false
			b.weight(outputs[0], slot, b.values[slot], s.uses)
		}
		return
	}
	g.nodes = append(g.nodes, n)
}

// resolve is the slots of inputs, without those left out at the end.
func (b *builder) resolve(names []string, s *scope) []int {
	for len(names) > 0 && names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	slots := make([]int, len(names))
	for i, name := range names {
		slots[i] = absent
		if name == "" {
			continue
		}
		slot, ok := s.find(name)
		if !ok {
			if s.later[name] {
				failf("input %d, %q, is computed by a later node: nodes are not in topological order", i, name)
			}
			failf("input %d, %q, is nothing that the graph has", i, name)
		}
		slots[i] = slot
	}
	return slots
}

// bind is the attributes of a node, in which those that stand for attributes of the function
// that the node is part of have their values. What the caller left out is left out.
func bind(own []*onnxpb.AttributeProto, attributes map[string]*onnxpb.AttributeProto) []*onnxpb.AttributeProto {
	var bound []*onnxpb.AttributeProto
	for _, a := range own {
		if name := a.GetRefAttrName(); name != "" {
			given := attributes[name]
			if given == nil {
				continue
			}
			a = &onnxpb.AttributeProto{
				Name: a.Name, Type: given.Type, F: given.F, I: given.I, S: given.S, T: given.T, G: given.G,
				Floats: given.Floats, Ints: given.Ints, Strings: given.Strings, Tensors: given.Tensors, Graphs: given.Graphs,
			}
		}
		bound = append(bound, a)
	}
	return bound
}

// call puts the nodes of a function in the place of a node that calls it.
func (b *builder) call(g *graph, p *onnxpb.NodeProto, f *onnxpb.FunctionProto, s *scope, place Place, attributes map[string]*onnxpb.AttributeProto) {
	b.enter()
	defer b.leave()
	given := map[string]*onnxpb.AttributeProto{}
	for _, a := range bind(p.GetAttribute(), attributes) {
		if !slices.Contains(f.GetAttribute(), a.GetName()) {
			failf("the function has no attribute %q", a.GetName())
		}
		given[a.GetName()] = a
	}
	inputs := b.resolve(p.GetInput(), s)
	if len(inputs) > len(f.GetInput()) || len(p.GetOutput()) > len(f.GetOutput()) {
		failf("there are %d inputs and %d outputs, the function has %d and %d", len(inputs), len(p.GetOutput()), len(f.GetInput()), len(f.GetOutput()))
	}
	inner := &scope{slots: map[string]int{}, later: map[string]bool{}}
	for i, name := range f.GetInput() {
		inner.slots[name] = absent
		if i < len(inputs) {
			inner.slots[name] = inputs[i]
		}
	}
	outerVersions, outerInlined := b.versions, b.inlined
	b.versions, b.inlined = versionsOf(f.GetOpsetImport()), true
	defer func() { b.versions, b.inlined = outerVersions, outerInlined }()
	b.body(g, f.GetNode(), inner, Place{File: place.File, Graph: place.Graph + "/" + place.Node}, given)
	for i, name := range p.GetOutput() {
		if name == "" {
			continue
		}
		slot, ok := inner.find(f.GetOutput()[i])
		if !ok || slot == absent {
			failf("the function does not make its output %q", f.GetOutput()[i])
		}
		if _, ok := s.slots[name]; ok {
			failf("%q is defined twice", name)
		}
		s.slots[name] = slot
	}
}

// evaluate computes the results of a node whose inputs are known, and reports whether it did:
// not where an input is computed, and not where results would take much memory.
func (b *builder) evaluate(n *node) bool {
	for _, slot := range n.inputs {
		if slot != absent && !b.constant[slot] {
			return false
		}
	}
	before := b.fold.budget
	b.fold.values = b.values
	err := autograd.Try(func() { b.fold.evalNode(n) })
	if err != nil {
		b.fold.stack, b.fold.node = b.fold.stack[:0], nil
		b.fold.budget = before
		// The error comes again if the node is evaluated, and only then.
		return false
	}
	for _, slot := range n.outputs {
		if slot != absent {
			b.constant[slot] = true
		}
	}
	return true
}

// versionsOf is the versions of operator sets by domain.
func versionsOf(imports []*onnxpb.OperatorSetIdProto) map[string]int {
	versions := map[string]int{}
	for _, set := range imports {
		domain := standardDomain(set.GetDomain())
		version := set.GetVersion()
		switch {
		case version < 1 || version > 1<<20:
			failf("the version of operator set %q is %d", domain, version)
		case domain == "" && version > newestVersion:
			unsupportedf("operator set %d: the newest one that is known is %d", version, newestVersion)
		}
		versions[domain] = int(version)
	}
	return versions
}

// place is where the evaluation of a run is.
func (r *run) place() (place Place, version int) {
	if r.node == nil {
		return Place{File: r.model.file, Graph: r.model.main.name}, 0
	}
	return r.node.place, r.node.version
}

// forget drops what graphs and nodes were made from, and slots that nothing needs any more: a run
// has a value for each.
func (b *builder) forget() {
	slots := make([]int, len(b.values)) // new ones, from 1 on
	count := 0
	renumber := func(list []int) []int {
		list = slices.Clone(list) // nodes may share one
		for i, slot := range list {
			if slot == absent {
				continue
			}
			if slots[slot] == 0 {
				count++
				slots[slot] = count
			}
			list[i] = slots[slot] - 1
		}
		return list
	}
	for _, g := range b.graphs {
		g.inputs, g.outputs = renumber(g.inputs), renumber(g.outputs)
		for _, n := range g.nodes {
			n.inputs, n.outputs = renumber(n.inputs), renumber(n.outputs)
			n.attributes, n.read, n.graphs = nil, nil, nil
		}
	}
	values, buffers := make([]Value, count), map[int]autograd.Variable{}
	for old, slot := range slots {
		if slot == 0 {
			continue
		}
		values[slot-1] = b.values[old]
		if buffer, ok := b.model.buffers[old]; ok {
			buffers[slot-1] = buffer
		}
	}
	b.values, b.model.buffers = values, buffers
}
