package onnx

import (
	"math"
	"slices"
	"strings"
)

// What is known of shapes before anything is computed: an axis has a size, or one with a name that
// it has in all of a run, or a product of these. Patterns of nodes ask for it, and what is computed
// from shapes alone is often known by it.

// dim is factor·symbols: a size that is known has no symbols.
type dim struct {
	factor  int
	symbols string // sorted, each with a space behind it
}

func size(n int) dim { return dim{factor: n} }

// known reports whether the size is n.
func (d dim) known() (n int, ok bool) { return d.factor, d.symbols == "" }

// times is d·e; ok is false where it is larger than a size can be.
func (d dim) times(e dim) (product dim, ok bool) {
	if d.factor != 0 && e.factor > maxElements/d.factor {
		return dim{}, false
	}
	symbols := append(strings.Fields(d.symbols), strings.Fields(e.symbols)...)
	if len(symbols) > maxDimSymbols {
		return dim{}, false
	}
	slices.Sort(symbols)
	product.factor = d.factor * e.factor
	for _, s := range symbols {
		product.symbols += s + " "
	}
	return product, true
}

// maxDimSymbols is the most symbols of a product.
const maxDimSymbols = 8

// over is d/e, if that is a product of what d is one of.
func (d dim) over(e dim) (quotient dim, ok bool) {
	if e.factor < 1 || d.factor%e.factor != 0 {
		return dim{}, false
	}
	symbols := strings.Fields(d.symbols)
	for _, s := range strings.Fields(e.symbols) {
		i := slices.Index(symbols, s)
		if i < 0 {
			return dim{}, false
		}
		symbols = slices.Delete(symbols, i, i+1)
	}
	quotient.factor = d.factor / e.factor
	for _, s := range symbols {
		quotient.symbols += s + " "
	}
	return quotient, true
}

// productOfDims is the product of sizes.
func productOfDims(dims []dim) (product dim, ok bool) {
	product = size(1)
	for _, d := range dims {
		if product, ok = product.times(d); !ok {
			return dim{}, false
		}
	}
	return product, true
}

// shapes is what is known of the values of a model, by slot.
type shapes struct {
	b       *builder
	shape   map[int][]dim
	numbers map[int][]dim  // elements of integers along at most one axis
	names   map[string]dim // of inputs' axes
	symbols int
}

// maxNumbers is the most elements that are looked at one by one.
const maxNumbers = 64

// infer finds what is known of all graphs' values.
func (b *builder) infer() *shapes {
	s := &shapes{b: b, shape: map[int][]dim{}, numbers: map[int][]dim{}, names: map[string]dim{}}
	for i, slot := range b.model.main.inputs {
		if i < len(b.model.inputs) && b.model.inputs[i].HasShape {
			s.shape[slot] = s.declared(b.model.inputs[i].Shape)
		}
	}
	for slot, v := range b.values {
		if v.isNone() {
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

func shapeOfShape(s *shapes, n *node) ([]dim, bool) {
	dims, ok := s.of(n, 0)
	if !ok {
		return nil, false
	}
	from, to := bound(n.int("start", 0), len(dims)), bound(n.int("end", math.MaxInt), len(dims))
	dims = dims[from:max(from, to)]
	s.setNumbers(n, dims)
	return []dim{size(len(dims))}, true
}

func shapeOfGather(s *shapes, n *node) ([]dim, bool) {
	x, known := s.of(n, 0)
	at, ok := s.of(n, 1)
	axis, there := axisIn(n.int("axis", 0), len(x))
	if !ok || !known || !there {
		return nil, false
	}
	numbers, hasNumbers := s.numbers[n.inputs[0]]
	index, hasIndex := s.ints(n, 1)
	if hasNumbers && hasIndex && len(x) == 1 && len(at) <= 1 {
		var picked []dim
		for _, i := range index {
			i, ok := axisIn(i, len(numbers))
			if !ok {
				return nil, false
			}
			picked = append(picked, numbers[i])
		}
		s.setNumbers(n, picked)
	}
	return slices.Concat(x[:axis], at, x[axis+1:]), true
}

func shapeOfConcat(s *shapes, n *node) ([]dim, bool) {
	first, ok := s.of(n, 0)
	axis, there := axisIn(n.int("axis", 1), len(first))
	if !ok || !there {
		return nil, false
	}
	dims, total := slices.Clone(first), 0
	numbers, allNumbers := []dim(nil), len(first) == 1
	for i := range n.inputs {
		x, ok := s.of(n, i)
		if !ok || len(x) != len(dims) {
			return nil, false
		}
		part, known := x[axis].known()
		if !known || total > maxElements-part {
			return nil, false
		}
		total += part
		more, ok := s.numbers[n.inputs[i]]
		allNumbers = allNumbers && ok && len(numbers) <= maxNumbers
		numbers = append(numbers, more...)
	}
	if allNumbers {
		s.setNumbers(n, numbers)
	}
	dims[axis] = size(total)
	return dims, true
}

func shapeOfCast(s *shapes, n *node) ([]dim, bool) {
	dims, ok := s.of(n, 0)
	if numbers, known := s.numbers[n.inputs[0]]; known && n.version >= 6 {
		if to := DataType(n.int("to", 0)); to == Int64 || to == Int32 {
			s.setNumbers(n, numbers)
		}
	}
	return dims, ok
}

// axesGiven is the axes of a node that has them as an attribute or as input 1.
func (s *shapes) axesGiven(n *node, rank int) (axes []int, ok bool) {
	axes = n.ints("axes")
	if len(n.inputs) > 1 {
		if axes, ok = s.ints(n, 1); !ok {
			return nil, false
		}
	}
	resolved := make([]int, len(axes))
	for i, axis := range axes {
		if resolved[i], ok = axisIn(axis, rank); !ok {
			return nil, false
		}
	}
	slices.Sort(resolved)
	return resolved, len(axes) > 0 && len(slices.Compact(slices.Clone(resolved))) == len(axes)
}

func shapeOfUnsqueeze(s *shapes, n *node) ([]dim, bool) {
	dims, ok := s.of(n, 0)
	given := len(n.ints("axes"))
	if ints, there := s.ints(n, 1); there {
		given = len(ints)
	}
	axes, known := s.axesGiven(n, len(dims)+given)
	if !ok || !known {
		return nil, false
	}
	dims = slices.Clone(dims)
	for _, axis := range axes {
		dims = slices.Insert(dims, axis, size(1))
	}
	if numbers, ok := s.numbers[n.inputs[0]]; ok && len(dims) == 1 {
		s.setNumbers(n, numbers)
	}
	return dims, true
}

func shapeOfSqueeze(s *shapes, n *node) ([]dim, bool) {
	dims, ok := s.of(n, 0)
	axes, known := s.axesGiven(n, len(dims))
	if !ok || !known {
		return nil, false
	}
	var rest []dim
	for axis, d := range dims {
		if !slices.Contains(axes, axis) {
			rest = append(rest, d)
		}
	}
	if numbers, ok := s.numbers[n.inputs[0]]; ok {
		s.setNumbers(n, numbers)
	}
	return rest, true
}

func shapeOfTranspose(s *shapes, n *node) ([]dim, bool) {
	dims, ok := s.of(n, 0)
	if !ok {
		return nil, false
	}
	perm, ok := permutation(n, len(dims))
	if !ok {
		return nil, false
	}
	moved := make([]dim, len(dims))
	for i, axis := range perm {
		moved[i] = dims[axis]
	}
	return moved, true
}

// permutation is the order of axes that a Transpose gives.
func permutation(n *node, rank int) (perm []int, ok bool) {
	perm = n.ints("perm")
	if perm == nil {
		for axis := range rank {
			perm = append(perm, rank-1-axis)
		}
	}
	sorted := slices.Sorted(slices.Values(perm))
	return perm, slices.Equal(sorted, firstAxes(rank))
}

// shapeOfPair is that of two operands that broadcast.
func shapeOfPair(s *shapes, n *node) ([]dim, bool) {
	x, known := s.of(n, 0)
	y, ok := s.of(n, 1)
	if !ok || !known || n.version < 7 {
		return nil, false
	}
	a, hasA := s.numbers[n.inputs[0]]
	b, hasB := s.numbers[n.inputs[1]]
	if hasA && hasB && (len(a) == len(b) || len(a) == 1 || len(b) == 1) {
		var numbers []dim
		for i := range max(len(a), len(b)) {
			r, ok := arithmetic(n.op.name, a[min(i, len(a)-1)], b[min(i, len(b)-1)])
			if !ok {
				numbers = nil
				break
			}
			numbers = append(numbers, r)
		}
		if numbers != nil {
			s.setNumbers(n, numbers)
		}
	}
	return broadcastDims(x, y)
}

// arithmetic is what an operator makes of two sizes.
func arithmetic(operator string, a, b dim) (result dim, ok bool) {
	x, knownX := a.known()
	y, knownY := b.known()
	switch {
	case operator == "Mul" && a.factor >= 0 && b.factor >= 0:
		return a.times(b)
	case operator == "Div" && a.factor >= 0:
		if knownX && knownY && y > 0 {
			return size(x / y), true
		}
		return a.over(b)
	case operator == "Add" && knownX && knownY:
		return size(x + y), max(x, -x) <= maxElements/2 && max(y, -y) <= maxElements/2
	case operator == "Sub" && knownX && knownY:
		return size(x - y), max(x, -x) <= maxElements/2 && max(y, -y) <= maxElements/2
	}
	return dim{}, false
}

// broadcastDims is the shape that two broadcast to; ok is false if it is not known.
func broadcastDims(x, y []dim) (dims []dim, ok bool) {
	if len(x) < len(y) {
		x, y = y, x
	}
	dims = slices.Clone(x)
	for i, b := range y {
		at := len(x) - len(y) + i
		a := dims[at]
		n, knownA := a.known()
		m, knownB := b.known()
		switch {
		case a == b || knownB && m == 1:
		case knownA && n == 1:
			dims[at] = b
		case knownA && knownB:
			return nil, false // they do not fit
		case knownB:
			dims[at] = b // the other has that size, or 1
		case !knownA:
			return nil, false
		}
	}
	return dims, true
}

func shapeOfMatMul(s *shapes, n *node) ([]dim, bool) {
	x, known := s.of(n, 0)
	y, ok := s.of(n, 1)
	if !ok || !known || len(x) < 1 || len(y) < 2 {
		return nil, false
	}
	if len(y) == 2 {
		return append(slices.Clone(x[:len(x)-1]), y[1]), true
	}
	if len(x) < 2 {
		return nil, false
	}
	batch, ok := broadcastDims(x[:len(x)-2], y[:len(y)-2])
	return append(batch, x[len(x)-2], y[len(y)-1]), ok
}

func shapeOfGemm(s *shapes, n *node) ([]dim, bool) {
	x, known := s.of(n, 0)
	y, ok := s.of(n, 1)
	if !ok || !known || len(x) != 2 || len(y) != 2 {
		return nil, false
	}
	dims := []dim{x[0], y[1]}
	if n.flag("transA", false) {
		dims[0] = x[1]
	}
	if n.flag("transB", false) {
		dims[1] = y[0]
	}
	return dims, true
}

func shapeOfReduction(s *shapes, n *node) ([]dim, bool) {
	dims, ok := s.of(n, 0)
	axes, known := s.axesGiven(n, len(dims))
	if !ok || !known {
		return nil, false
	}
	var rest []dim
	for axis, d := range dims {
		switch {
		case !slices.Contains(axes, axis):
			rest = append(rest, d)
		case n.flag("keepdims", true):
			rest = append(rest, size(1))
		}
	}
	return rest, true
}

// shapeOfConvolution knows how many axes and channels there are.
func shapeOfConvolution(s *shapes, n *node) ([]dim, bool) {
	w, ok := s.of(n, 1)
	if !ok || len(w) < 3 {
		return nil, false
	}
	batch := s.fresh()
	if x, ok := s.of(n, 0); ok && len(x) == len(w) {
		batch = x[0]
	}
	dims := []dim{batch, w[0]}
	if n.op.name == "ConvTranspose" {
		if dims[1], ok = w[1].times(size(max(n.int("group", 1), 0))); !ok {
			return nil, false
		}
	}
	for range w[2:] {
		dims = append(dims, s.fresh())
	}
	return dims, true
}

func shapeOfPool(s *shapes, n *node) ([]dim, bool) {
	x, ok := s.of(n, 0)
	if !ok || len(x) < 3 {
		return nil, false
	}
	dims := slices.Clone(x)
	for i := range x[2:] {
		dims[2+i] = s.fresh()
		if n.op.name == "GlobalAveragePool" {
			dims[2+i] = size(1)
		}
	}
	return dims, true
}

func shapeOfFlatten(s *shapes, n *node) ([]dim, bool) {
	x, ok := s.of(n, 0)
	axis := n.int("axis", 1)
	if axis < 0 {
		axis += len(x)
	}
	if !ok || axis < 0 || axis > len(x) {
		return nil, false
	}
	rows, small := productOfDims(x[:axis])
	columns, fits := productOfDims(x[axis:])
	return []dim{rows, columns}, small && fits
}

func shapeOfReshape(s *shapes, n *node) ([]dim, bool) {
	x, known := s.of(n, 0)
	if n.version < 5 || len(n.inputs) != 2 {
		return nil, false
	}
	given, ok := s.numbers[n.inputs[1]]
	if !ok {
		return nil, false
	}
	dims, rest := slices.Clone(given), -1
	for i, d := range given {
		switch m, constant := d.known(); {
		case !constant:
		case m == 0 && !n.flag("allowzero", false):
			if !known || i >= len(x) {
				return nil, false
			}
			dims[i] = x[i]
		case m == -1 && rest < 0:
			rest = i
			dims[i] = size(1)
		case m < 0:
			return nil, false
		}
	}
	if rest < 0 {
		return dims, true
	}
	total, fits := productOfDims(x)
	others, small := productOfDims(dims)
	if !known || !fits || !small {
		return nil, false
	}
	dims[rest], ok = total.over(others)
	return dims, ok
}

func shapeOfSplit(s *shapes, n *node) ([]dim, bool) {
	x, ok := s.of(n, 0)
	axis, there := axisIn(n.int("axis", 0), len(x))
	if !ok || !there {
		return nil, false
	}
	parts, ok := s.splitSizes(n, x[axis])
	if !ok || len(parts) < len(n.outputs) {
		return nil, false
	}
	for i, slot := range n.outputs {
		if slot != absent {
			dims := slices.Clone(x)
			dims[axis] = size(parts[i])
			s.shape[slot] = dims
		}
	}
	dims := slices.Clone(x)
	dims[axis] = size(parts[0])
	return dims, true
}

// splitSizes is the sizes of the parts of an axis that a Split gives.
func (s *shapes) splitSizes(n *node, axis dim) (parts []int, ok bool) {
	if parts = n.ints("split"); parts != nil {
		return parts, true
	}
	if len(n.inputs) > 1 {
		parts, ok = s.ints(n, 1)
		return parts, ok && len(parts) > 0
	}
	total, known := axis.known()
	if !known || total%len(n.outputs) != 0 {
		return nil, false
	}
	return slices.Repeat([]int{total / len(n.outputs)}, len(n.outputs)), true
}

func shapeOfSlice(s *shapes, n *node) ([]dim, bool) {
	x, ok := s.of(n, 0)
	cuts, known := s.cuts(n, len(x))
	if !ok || !known {
		return nil, false
	}
	dims := slices.Clone(x)
	for _, c := range cuts {
		total, known := dims[c.axis].known()
		if !known {
			dims[c.axis] = s.fresh()
			if numbers, ok := s.numbers[n.inputs[0]]; ok && len(x) == 1 {
				total = len(numbers)
			} else {
				continue
			}
		}
		from, to := bound(c.start, total), bound(c.end, total)
		to = max(from, to)
		dims[c.axis] = size(to - from)
		if numbers, ok := s.numbers[n.inputs[0]]; ok && len(x) == 1 && len(cuts) == 1 && to <= len(numbers) {
			s.setNumbers(n, numbers[from:to])
		}
	}
	return dims, true
}

// cut is a range of an axis.
type cut struct{ axis, start, end int }

// cuts is the ranges that a Slice takes, one element after the other; ok is false if they are
// not known.
func (s *shapes) cuts(n *node, rank int) (cuts []cut, ok bool) {
	starts, ends, axes := n.ints("starts"), n.ints("ends"), n.ints("axes")
	if n.version >= 10 {
		if starts, ok = s.ints(n, 1); !ok {
			return nil, false
		}
		if ends, ok = s.ints(n, 2); !ok {
			return nil, false
		}
		if len(n.inputs) > 3 && n.inputs[3] != absent {
			if axes, ok = s.ints(n, 3); !ok {
				return nil, false
			}
		}
		if len(n.inputs) > 4 && n.inputs[4] != absent {
			if steps, ok := s.ints(n, 4); !ok || slices.ContainsFunc(steps, func(step int) bool { return step != 1 }) {
				return nil, false
			}
		}
	}
	if axes == nil {
		axes = firstAxes(len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) {
		return nil, false
	}
	for i, axis := range axes {
		axis, ok := axisIn(axis, rank)
		if !ok {
			return nil, false
		}
		cuts = append(cuts, cut{axis, starts[i], ends[i]})
	}
	return cuts, true
}
