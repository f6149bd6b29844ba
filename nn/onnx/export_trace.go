package onnx

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Traces: a model is computed with several sizes of its dynamic axes, and with other values, and
// each computation is written down as a list of nodes. The lists must be the same but for sizes.

// tracer computes a model.
type tracer struct {
	model   nn.Module
	inputs  []ExportInput
	forward func(t *autograd.Tape, in []ExportValue) []autograd.Variable

	symbols []string // the names of the dynamic axes
	base    []int    // their sizes in the first trace
	names   map[autograd.Variable]string
	arrays  map[any]string // names of parameters and buffers by their memory
}

// trace is one computation.
type trace struct {
	extents []int // of the symbols
	tokens  [][]int
	shapes  [][]int // of the inputs
	nodes   []traceNode
	outputs []int
	tape    *autograd.Tape // keeps the elements
}

// traceNode is an array of a trace: an input, an array of the model, a constant, or the result of an
// operation.
type traceNode struct {
	*autograd.GraphNode
	in    []int  // positions of the operands in the list
	input int    // number of the input, or -1
	array string // name of the parameter or buffer, or ""
	layer string // the layer that computed it, as far as it is known
}

func (n *traceNode) isOperation() bool { return len(n.in) > 0 }

func newTracer(model nn.Module, inputs []ExportInput, config ExportConfig) (*tracer, error) {
	if len(inputs) == 0 {
		return nil, errNoInputs
	}
	t := &tracer{model: model, inputs: slices.Clone(inputs), forward: config.Forward, names: map[autograd.Variable]string{}, arrays: map[any]string{}}
	if t.forward == nil {
		forward, err := forwardOf(model, inputs)
		if err != nil {
			return nil, err
		}
		t.forward = forward
	}
	seen := map[string]bool{}
	for i := range t.inputs {
		in := &t.inputs[i]
		if err := in.complete(i, len(inputs)); err != nil {
			return nil, err
		}
		if seen[in.Name] {
			return nil, fmt.Errorf("two inputs have the name %q", in.Name)
		}
		seen[in.Name] = true
		for _, axis := range slices.Sorted(maps.Keys(in.Dynamic)) {
			if err := t.addSymbol(in, axis); err != nil {
				return nil, err
			}
		}
	}
	if len(t.symbols) > maxSymbols {
		return nil, fmt.Errorf("%d names of dynamic axes, at most %d can be told apart", len(t.symbols), maxSymbols)
	}
	if model != nil {
		for _, arrays := range []func(func(string, autograd.Variable) bool){nn.Params(model), nn.Buffers(model)} {
			for name, v := range arrays {
				if _, ok := t.names[v]; !ok {
					t.names[v] = name
				}
				if m := memoryOf(v); m != nil {
					if _, ok := t.arrays[m]; !ok {
						t.arrays[m] = name
					}
				}
			}
		}
	}
	return t, nil
}

// maxSymbols is the most dynamic axes: there is a trace for each set of them.
const maxSymbols = 4

// forwardOf is what a model computes by itself.
func forwardOf(model nn.Module, inputs []ExportInput) (func(t *autograd.Tape, in []ExportValue) []autograd.Variable, error) {
	if len(inputs) == 1 && inputs[0].Tokens == nil {
		if layer, ok := model.(nn.Layer); ok {
			return func(_ *autograd.Tape, in []ExportValue) []autograd.Variable {
				return []autograd.Variable{layer.Forward(in[0].Variable)}
			}, nil
		}
	}
	if len(inputs) == 1 && inputs[0].Tokens != nil {
		var of func(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable
		switch m := model.(type) {
		case interface {
			ForTokens(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable
		}:
			of = m.ForTokens
		case interface {
			Lookup(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable
		}:
			of = m.Lookup
		}
		if of != nil {
			return func(t *autograd.Tape, in []ExportValue) []autograd.Variable {
				return []autograd.Variable{of(t, in[0].Tokens, in[0].Shape...)}
			}, nil
		}
	}
	return nil, fmt.Errorf("%T is no function of these inputs that Export knows: set ExportConfig.Forward", model)
}

// complete fills in what is left out, and checks the rest.
func (in *ExportInput) complete(i, count int) error {
	if in.Name == "" {
		in.Name = "x"
		if count > 1 {
			in.Name = fmt.Sprintf("x%d", i)
		}
	}
	kinds, size := 0, 0
	if in.Variable != (autograd.Variable{}) {
		kinds++
		in.Shape, size = append([]int{}, in.Variable.Shape()...), in.Variable.Size()
	}
	if in.Tokens != nil {
		kinds++
		size = len(in.Tokens)
	}
	if in.Bytes != nil {
		kinds++
		size = len(in.Bytes)
		in.Scale = cmp.Or(in.Scale, 1)
	}
	if kinds != 1 {
		return fmt.Errorf("input %s: expected one of Variable, Tokens and Bytes to be set", in.Name)
	}
	if in.Shape == nil {
		in.Shape = []int{size}
	}
	if product(in.Shape) != size || size == 0 {
		return fmt.Errorf("input %s: the shape %v does not fit %d elements, or there are none", in.Name, in.Shape, size)
	}
	if in.Dynamic == nil && len(in.Shape) > 0 {
		in.Dynamic = map[int]string{0: "batch"}
	}
	return nil
}

func (t *tracer) addSymbol(in *ExportInput, axis int) error {
	name := in.Dynamic[axis]
	if axis < 0 || axis >= len(in.Shape) || name == "" {
		return fmt.Errorf("input %s: Dynamic names axis %d %q: expected an axis of %v and a name", in.Name, axis, name, in.Shape)
	}
	size := max(in.Shape[axis], 2) // of an axis of size 1 it could not be told what broadcasts
	if i := slices.Index(t.symbols, name); i >= 0 {
		if t.base[i] != size {
			return fmt.Errorf("the axes named %q have sizes %d and %d in the examples", name, t.base[i], size)
		}
		return nil
	}
	t.symbols, t.base = append(t.symbols, name), append(t.base, size)
	return nil
}

// exampleTraces is how many traces have the sizes of the example: the first its values, the others
// different ones.
const exampleTraces = 4

// traces computes the model: first with the sizes of the example; then with one more along each set
// of dynamic axes, and with two more along all; at last with two along all, unless the model does not
// take so few.
func (t *tracer) traces() ([]*trace, error) {
	var list []*trace
	step := 1
	add := func(extents []int) error {
		one, err := t.run(extents, len(list))
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if err := list[0].sameStructure(one, t.symbols); err != nil {
				return err
			}
		}
		list = append(list, one)
		return nil
	}
	at := func(set, by int) []int {
		extents := slices.Clone(t.base)
		for i := range extents {
			if set>>i&1 != 0 {
				extents[i] += by
			}
		}
		return extents
	}
	for range exampleTraces {
		if err := add(t.base); err != nil {
			return nil, err
		}
	}
	all := 1<<len(t.symbols) - 1
	if all == 0 {
		return list, nil
	}
	if _, err := t.run(at(all, 2), 0); err != nil && slices.Min(t.base) > 3 {
		step = -1 // as where there are only so many positions
	}
	for set := 1; set <= all; set++ {
		if err := add(at(set, step)); err != nil {
			return nil, err
		}
	}
	if err := add(at(all, 2*step)); err != nil {
		return nil, err
	}
	fewest := slices.Repeat([]int{2}, len(t.symbols))
	if _, err := t.run(fewest, 0); err == nil {
		return list, add(fewest)
	}
	return list, nil
}

// run computes the model once. The first trace has the elements of the examples as they are, the second
// one numbers between them, the others the same elements by chance.
func (t *tracer) run(extents []int, seed int) (*trace, error) {
	tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
	one := &trace{extents: extents, tape: tape}
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	var values []ExportValue
	for i := range t.inputs {
		in := &t.inputs[i]
		shape := slices.Clone(in.Shape)
		for axis, name := range in.Dynamic {
			shape[axis] = extents[slices.Index(t.symbols, name)]
		}
		v := in.value(tape, rng, shape, seed)
		values = append(values, v)
		one.tokens, one.shapes = append(one.tokens, v.Tokens), append(one.shapes, shape)
	}
	var outputs []autograd.Variable
	var layers []layerEnd
	err := autograd.Try(func() {
		remove := t.watchLayers(tape, &layers)
		defer remove()
		outputs = t.forward(tape, slices.Clone(values))
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.sizesText(extents), err)
	}
	if len(outputs) == 0 {
		return nil, errors.New("the model has no outputs")
	}
	for i, y := range outputs {
		if y == (autograd.Variable{}) || y.Tape() != tape {
			return nil, fmt.Errorf("output %d was not computed on the tape: it does not depend on the inputs", i)
		}
	}
	one.list(t, outputs, values, layers)
	return one, nil
}

func (t *tracer) sizesText(extents []int) string {
	text := "computing the model"
	for i, name := range t.symbols {
		text += fmt.Sprintf(", %s %d", name, extents[i])
	}
	return text
}

// value is the input for a trace.
func (in *ExportInput) value(tape *autograd.Tape, rng *rand.Rand, shape []int, seed int) ExportValue {
	size := product(shape)
	at := func(i int) int { return i }
	if seed != 0 || size != product(in.Shape) {
		order := rng.Perm(product(in.Shape))
		at = func(i int) int {
			if i < len(order) {
				return order[i]
			}
			return rng.IntN(len(order))
		}
	}
	switch {
	case in.Tokens != nil:
		tokens := make([]int, size)
		for i := range tokens {
			tokens[i] = in.Tokens[at(i)]
		}
		return ExportValue{Tokens: tokens, Shape: shape}
	case in.Bytes != nil:
		x := make([]float32, size)
		for i := range x {
			x[i] = float32(float32(in.Bytes[at(i)])*float32(in.Scale)) + float32(in.Shift)
		}
		return ExportValue{Variable: tape.Const(arrayOf(x, shape)), Shape: shape}
	case in.Variable.DType() == autograd.Float32:
		return ExportValue{Variable: tape.Const(arrayOf(picked(in.Variable.Float32s(), size, at, rng, seed == 1), shape)), Shape: shape}
	}
	return ExportValue{Variable: tape.Const(arrayOf(picked(in.Variable.Float64s(), size, at, rng, seed == 1), shape)), Shape: shape}
}

// arrayOf is a constant of any shape, scalars too.
func arrayOf[T autograd.Float](x []T, shape []int) autograd.Variable {
	return autograd.New(x).Reshape(shape...)
}

// picked is elements of x, or with between numbers that lie between two of them, and a little nearer to 0.
func picked[T autograd.Float](x []T, size int, at func(int) int, rng *rand.Rand, between bool) []T {
	y := make([]T, size)
	for i := range y {
		y[i] = x[at(i)]
		if between {
			weight := T(0.05 + 0.1*rng.Float64())
			y[i] = (1-weight)*y[i] + 0.9*weight*x[rng.IntN(len(x))]
		}
	}
	return y
}

// layerEnd says that the layer of this name gave its result when the tape had so many records.
type layerEnd struct {
	name    string
	records int
}

// watchLayers notes when the layers of the model give their results.
func (t *tracer) watchLayers(tape *autograd.Tape, ends *[]layerEnd) (remove func()) {
	var removers []func()
	if t.model != nil {
		note := func(name string, y autograd.Variable) autograd.Variable {
			*ends = append(*ends, layerEnd{name, tape.Len()})
			return autograd.Variable{}
		}
		for name := range nn.Modules(t.model) {
			// Modules that cannot be told from others take no hooks.
			_ = autograd.Try(func() {
				removers = append(removers, nn.AddHooks(tape, t.model, map[string]nn.Hook{name: note}))
			})
		}
	}
	return func() {
		for _, remove := range removers {
			remove()
		}
	}
}

// list writes the computation down, in an order that depends on its structure alone: that of the
// record, with arrays that are no results before their first use.
func (one *trace) list(t *tracer, outputs []autograd.Variable, values []ExportValue, layers []layerEnd) {
	g := autograd.Graph(outputs[0], outputs[1:]...)
	var recorded []int64
	for nodes := g.Nodes(); nodes.Next(); {
		if n := nodes.Node().(*autograd.GraphNode); len(n.Inputs) > 0 {
			recorded = append(recorded, n.ID())
		}
	}
	inputs := map[int64]int{}
	for i, v := range values {
		if v.Variable != (autograd.Variable{}) {
			if n := g.Find(v.Variable); n != nil {
				inputs[n.ID()] = i
			}
		}
	}
	names := map[int64]string{}
	for v, name := range t.names {
		if n := g.Find(v); n != nil {
			names[n.ID()] = name
		}
	}
	position := map[int64]int{}
	enter := func(id int64) int {
		at, ok := position[id]
		if !ok {
			n := traceNode{GraphNode: g.Node(id).(*autograd.GraphNode), input: -1, array: names[id]}
			if i, ok := inputs[id]; ok {
				n.input = i
			}
			if n.array == "" && n.input < 0 && len(n.Inputs) == 0 {
				n.array = t.arrays[memoryOf(n.Variable)]
			}
			at = len(one.nodes)
			position[id] = at
			one.nodes = append(one.nodes, n)
		}
		return at
	}
	for _, id := range recorded {
		n := g.Node(id).(*autograd.GraphNode)
		var in []int
		for _, operand := range n.Inputs {
			in = append(in, enter(operand))
		}
		at := enter(id)
		one.nodes[at].in = in
		if i := slices.IndexFunc(layers, func(l layerEnd) bool { return int64(l.records) > id }); i >= 0 {
			one.nodes[at].layer = layers[i].name
		}
	}
	for _, y := range outputs {
		one.outputs = append(one.outputs, enter(g.Find(y).ID()))
	}
}

// sameStructure says what differs in another trace but for sizes.
func (one *trace) sameStructure(other *trace, symbols []string) error {
	what := ""
	for i, name := range symbols {
		what += fmt.Sprintf(" of %s %d", name, other.extents[i])
	}
	if len(one.nodes) != len(other.nodes) || !slices.Equal(one.outputs, other.outputs) {
		return fmt.Errorf("the computation has %d operations and arrays for the example, and %d for one%s", len(one.nodes), len(other.nodes), what)
	}
	for i := range one.nodes {
		a, b := &one.nodes[i], &other.nodes[i]
		if a.Op != b.Op || !slices.Equal(a.in, b.in) || a.input != b.input || a.array != b.array || len(a.Shape) != len(b.Shape) || len(a.Arguments) != len(b.Arguments) {
			return &exportError{a.Op, a.layer, fmt.Sprintf("the computation has another structure for an input%s: there it is %s", what, b.Op)}
		}
	}
	return nil
}

// memoryOf identifies the memory of an array; nil for one without elements.
func memoryOf(v autograd.Variable) any {
	switch {
	case v.Size() == 0:
		return nil
	case v.DType() == autograd.Float32:
		return memory[float32]{&v.Float32s()[0], fmt.Sprint(v.Shape())}
	}
	return memory[float64]{&v.Float64s()[0], fmt.Sprint(v.Shape())}
}

type memory[T any] struct {
	first *T
	shape string
}
