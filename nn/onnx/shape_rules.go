package onnx

import (
	"math"
	"slices"
)

// What is known of the shape of an operator's result by those of its inputs.

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
		if allNumbers = allNumbers && ok && len(numbers)+len(more) <= maxNumbers; allNumbers {
			numbers = append(numbers, more...)
		}
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
	case max(x, y) >= maxElements: // stands for any larger number
		return dim{}, false
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
