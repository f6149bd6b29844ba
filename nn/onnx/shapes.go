package onnx

import (
	"slices"
	"strings"
)

// What is known of shapes before anything is computed: an axis has a size, or one with a name that
// it has in all of a run, or a product of these. Patterns of nodes ask for it, and what is computed
// from shapes alone is often known by it.

// shapes is what is known of the values of a model, by slot.
type shapes struct {
	b       *builder
	shape   map[int][]dim
	numbers map[int][]dim  // elements of integers along at most one axis
	names   map[string]dim // of inputs' axes
	symbols int
}

// maxNumbers is the most axes, and elements of integers, that are looked at one by one.
const maxNumbers = 64

// infer finds what is known of all graphs' values.
func (b *builder) infer() *shapes {
	s := &shapes{b: b, shape: map[int][]dim{}, numbers: map[int][]dim{}, names: map[string]dim{}}
	for i, slot := range b.model.main.inputs {
		if i < len(b.model.inputs) && b.model.inputs[i].HasShape && len(b.model.inputs[i].Shape) <= maxNumbers {
			s.shape[slot] = s.declared(b.model.inputs[i].Shape)
		}
	}
	for slot, v := range b.values {
		if v.isNone() || len(v.Shape()) > maxNumbers {
			continue
		}
		dims := make([]dim, 0, len(v.Shape()))
		for _, n := range v.Shape() {
			dims = append(dims, size(n))
		}
		s.shape[slot] = dims
		if b.constant[slot] && v.ints != nil && len(dims) <= 1 && v.Size() <= maxNumbers {
			if numbers, ok := integersOf(v.Int64s()); ok {
				s.numbers[slot] = numbers
			}
		}
	}
	for _, g := range slices.Backward(b.graphs) { // a graph comes after those within it
		for _, n := range g.nodes {
			s.node(n)
		}
	}
	return s
}

// integersOf is numbers that are known; ok is false if one is beyond what can be counted.
func integersOf(numbers []int64) (dims []dim, ok bool) {
	dims = make([]dim, len(numbers))
	for i, x := range numbers {
		if x < -maxElements {
			return nil, false
		}
		dims[i] = size(int(min(x, maxElements))) // the end of a range may be any number
	}
	return dims, true
}

// declared is the shape of an input. Axes of one name have one size: that is seen to when the
// model is run.
func (s *shapes) declared(declared []Dim) []dim {
	dims := make([]dim, len(declared))
	for i, d := range declared {
		switch {
		case d.Size >= 0:
			dims[i] = size(d.Size)
		case d.Name != "":
			if s.names[d.Name] == (dim{}) {
				s.names[d.Name] = s.fresh()
			}
			dims[i] = s.names[d.Name]
		default:
			dims[i] = s.fresh()
		}
	}
	return dims
}

// fresh is a size that nothing is known of.
func (s *shapes) fresh() dim {
	s.symbols++
	return dim{1, itoa(s.symbols) + " "}
}

// rank is the number of axes of a slot.
func (s *shapes) rank(slot int) (rank int, ok bool) {
	dims, ok := s.shape[slot]
	return len(dims), ok
}

// node finds out about a node's results.
func (s *shapes) node(n *node) {
	rule := shapeRules[n.op.name]
	if rule == nil || n.op.domain != "" || len(n.inputs) == 0 || len(n.outputs) == 0 || n.outputs[0] == absent {
		return
	}
	if dims, ok := rule(s, n); ok && len(dims) <= maxNumbers {
		s.shape[n.outputs[0]] = dims
	}
}

// shapeRule is the shape of the first result of a node; ok is false if nothing is known of it.
type shapeRule func(s *shapes, n *node) (dims []dim, ok bool)

var shapeRules = map[string]shapeRule{
	"Shape": shapeOfShape, "Gather": shapeOfGather, "Concat": shapeOfConcat, "Slice": shapeOfSlice, "Cast": shapeOfCast,
	"Unsqueeze": shapeOfUnsqueeze, "Squeeze": shapeOfSqueeze, "Reshape": shapeOfReshape, "Transpose": shapeOfTranspose,
	"Add": shapeOfPair, "Sub": shapeOfPair, "Mul": shapeOfPair, "Div": shapeOfPair, "Pow": shapeOfPair,
	"MatMul": shapeOfMatMul, "Gemm": shapeOfGemm, "Linear": shapeOfLinear, "Attention": shapeOfAttention, "ReduceMean": shapeOfReduction,
	"Conv": shapeOfConvolution, "ConvTranspose": shapeOfConvolution, "MaxPool": shapeOfPool, "AveragePool": shapeOfPool,
	"GlobalAveragePool": shapeOfPool, "Flatten": shapeOfFlatten, "Split": shapeOfSplit,
}

func init() {
	for _, name := range strings.Fields(`Identity Dropout Relu Erf Sqrt Exp Log Neg Abs Tanh Sigmoid HardSigmoid HardSwish Gelu Elu
		LeakyRelu Selu Softplus Mish Clip Reciprocal Softmax LogSoftmax LayerNormalization BatchNormalization InstanceNormalization
		GroupNormalization GroupNorm ScaleShift SiLU GeluTanh EncoderLayer`) {
		shapeRules[name] = func(s *shapes, n *node) ([]dim, bool) { return s.of(n, 0) }
	}
}

// of is the shape of input i.
func (s *shapes) of(n *node, i int) (dims []dim, ok bool) {
	if i >= len(n.inputs) {
		return nil, false
	}
	dims, ok = s.shape[n.inputs[i]]
	return dims, ok
}

// ints is input i, numbers that are known.
func (s *shapes) ints(n *node, i int) (ints []int, ok bool) {
	if i >= len(n.inputs) {
		return nil, false
	}
	numbers, ok := s.numbers[n.inputs[i]]
	for _, d := range numbers {
		x, known := d.known()
		if !known {
			return nil, false
		}
		ints = append(ints, x)
	}
	return ints, ok
}

// setNumbers makes the elements of the first result known.
func (s *shapes) setNumbers(n *node, numbers []dim) {
	if len(numbers) <= maxNumbers {
		s.numbers[n.outputs[0]] = numbers
	}
}

// axisIn is an axis of so many; ok is false if there is none.
func axisIn(axis, rank int) (resolved int, ok bool) {
	if axis < 0 {
		axis += rank
	}
	return axis, axis >= 0 && axis < rank
}
