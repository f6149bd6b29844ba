package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Patterns of operators that compute nothing, and of what is known before the model runs.

// known computes what depends on constants alone now that more are known: sizes of axes, and what
// is made of them.
func (f *fusion) known(n *node) bool {
	if !n.isPure || n.failed || len(n.inputs) == 0 {
		return false
	}
	if slot := n.outputs[0]; f.isSize(n) {
		numbers := f.shapes.numbers[slot]
		shape, ok := f.shapes.shape[slot]
		if !ok || len(numbers) == 0 && len(shape) == 0 {
			return false
		}
		elements := make([]int64, len(numbers))
		for i, d := range numbers {
			x, ok := d.known()
			if !ok {
				return false
			}
			elements[i] = int64(x)
		}
		if len(shape) == 0 {
			f.b.set(slot, ofHost(Ints(elements, 1).ints.Reshape()))
		} else {
			f.b.set(slot, Ints(elements))
		}
		f.drop(n)
		return true
	}
	if slices.ContainsFunc(n.inputs, func(slot int) bool { return slot != absent && !f.b.constant[slot] }) {
		return false
	}
	if !f.b.evaluate(n) {
		n.failed = true // for good: the constants stay what they are
		return false
	}
	f.drop(n)
	return true
}

// isSize reports whether a node gives sizes of axes, numbers that may be known.
func (f *fusion) isSize(n *node) bool {
	if n.op.domain != "" || len(n.outputs) != 1 || n.outputs[0] == absent {
		return false
	}
	if _, ok := f.shapes.numbers[n.outputs[0]]; !ok {
		return false
	}
	switch n.op.name {
	case "Shape":
		return true
	case "Gather", "Slice":
		return f.by(n.inputs[0], "Shape") != nil
	}
	return false
}

// nothing takes away a node whose result is its input.
func (f *fusion) nothing(n *node) bool {
	if len(n.outputs) > 1 && n.wants(1) || !f.isNothing(n) {
		return false
	}
	result, x := n.outputs[0], n.inputs[0]
	if x == absent { // the error comes when the model is run
		return false
	}
	if !f.results[result] {
		f.replace(result, x)
		f.drop(n)
		return true
	}
	// An output of a graph keeps its slot: what makes x is to make that.
	maker := f.makes[x]
	if maker == nil || f.gone[maker] || f.uses[x] != 1 {
		return false
	}
	maker.outputs = slices.Clone(maker.outputs)
	maker.outputs[slices.Index(maker.outputs, x)] = result
	f.makes[result] = maker
	f.drop(n)
	return true
}

func (f *fusion) isNothing(n *node) bool {
	shape, known := f.shapes.of(n, 0)
	switch n.op.name {
	case "Identity":
		return true
	case "Dropout":
		// A mode that is an input may be true.
		return f.b.model.config.Inference && (len(n.inputs) < 3 || n.inputs[2] == absent)
	case "Reshape":
		result, ok := f.shapes.shape[n.outputs[0]]
		return ok && known && slices.Equal(shape, result)
	case "Transpose":
		perm, ok := permutation(n, len(shape))
		return ok && known && slices.IsSorted(perm)
	case "Pad":
		widths := n.ints("pads")
		if n.version >= 11 {
			if len(n.inputs) > 3 {
				return false
			}
			widths, known = f.shapes.ints(n, 1)
		}
		return known && len(widths) > 0 && !slices.ContainsFunc(widths, func(width int) bool { return width != 0 })
	}
	return false
}

// reshapes makes Reshape of a Reshape one, unless a size is that of an axis of the first.
func (f *fusion) reshapes(n *node) bool {
	first := f.only(n.inputs[0], "Reshape", "Flatten", "Unsqueeze", "Squeeze")
	if first == nil || n.version < 5 {
		return false
	}
	to, ok := f.shapes.ints(n, 1)
	if !ok || slices.Contains(to, 0) {
		return false
	}
	n.inputs[0] = first.inputs[0]
	f.drop(first)
	return true
}

// transpositions makes Transpose of a Transpose one.
func (f *fusion) transpositions(n *node) bool {
	first := f.only(n.inputs[0], "Transpose")
	dims, ok := f.shapes.of(n, 0)
	if first == nil || !ok {
		return false
	}
	p, ok := permutation(first, len(dims))
	q, fits := permutation(n, len(dims))
	if !ok || !fits {
		return false
	}
	together := make([]int64, len(q))
	for i, axis := range q {
		together[i] = int64(p[axis])
	}
	f.setPermutation(n, together)
	n.inputs[0] = first.inputs[0]
	f.drop(first)
	return true
}

// setPermutation makes a Transpose one of another order.
func (f *fusion) setPermutation(n *node, perm []int64) {
	n.attributes = permAttribute(perm)
	n.kernel = transpose(n)
}

func permAttribute(perm []int64) map[string]*onnxpb.AttributeProto {
	return map[string]*onnxpb.AttributeProto{"perm": {Type: onnxpb.AttributeProto_INTS.Enum(), Ints: perm}}
}
