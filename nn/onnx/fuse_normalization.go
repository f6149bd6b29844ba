package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Patterns of normalizations, as exporters write those that an operator set does not have. Scale and
// shift of what is normalized become part of it one by one.

// layerNormalization is (x − mean)/√(variance + ε) over the last axis, and what it is multiplied by
// and what is added then.
func (f *fusion) layerNormalization(n *node) bool {
	switch n.op.name {
	case "Add":
		return f.normalizationWeight(n, "LayerNormalization", 2)
	case "Mul":
		return f.normalizationWeight(n, "LayerNormalization", 1) || f.normalized(n)
	}
	return f.normalized(n)
}

// normalized is d/√(mean of d² + ε) with d = x − mean of x.
func (f *fusion) normalized(n *node) bool {
	if n.version < 7 {
		return false
	}
	for i, d := range n.inputs {
		root, nodes := f.rootOf(n, 1-i)
		if root == absent || i == 1 && n.op.name == "Div" {
			continue
		}
		eps, variance := f.only(root, "Add"), (*node)(nil)
		if eps == nil {
			continue
		}
		squares, number, ok := f.operand(eps)
		if ok {
			variance = f.only(squares, "ReduceMean")
		}
		if variance == nil || !f.overLastAxis(variance) || !(number >= 0) {
			continue
		}
		square := f.only(variance.inputs[0], "Pow", "Mul")
		if square == nil || square.inputs[0] != d || square.version < 7 {
			continue
		}
		uses := 2
		if square.op.name == "Mul" {
			uses++
			if square.inputs[1] != d {
				continue
			}
		} else if !f.isTwo(square.inputs[1]) {
			continue
		}
		difference := f.by(d, "Sub")
		if difference == nil || f.uses[d] != uses || difference.version < 7 {
			continue
		}
		mean := f.only(difference.inputs[1], "ReduceMean")
		if mean == nil || mean.inputs[0] != difference.inputs[0] || !f.overLastAxis(mean) {
			continue
		}
		f.become(n, rowOf("LayerNormalization"), layerNormalizationFrom(-1, number), difference.inputs[0])
		eps32 := float32(number)
		n.attributes["epsilon"] = &onnxpb.AttributeProto{Type: onnxpb.AttributeProto_FLOAT.Enum(), F: &eps32}
		f.drop(append(nodes, eps, variance, square, difference, mean)...)
		return true
	}
	return false
}

// rootOf is what input i of a division is the square root of, or input i of a product one over that
// of, and the nodes of it.
func (f *fusion) rootOf(n *node, i int) (slot int, nodes []*node) {
	slot = n.inputs[i]
	if n.op.name == "Mul" {
		over := f.only(slot, "Reciprocal", "Div")
		switch {
		case over == nil:
			return absent, nil
		case over.op.name == "Reciprocal":
			slot = over.inputs[0]
		case f.is(over.inputs[0], over.inputs[1], 1):
			slot = over.inputs[1]
		default:
			return absent, nil
		}
		nodes = append(nodes, over)
	}
	root := f.only(slot, "Sqrt")
	if root == nil {
		return absent, nil
	}
	return root.inputs[0], append(nodes, root)
}

// isTwo reports whether a slot is known to be 2, of any type.
func (f *fusion) isTwo(slot int) bool {
	if slot == absent || !f.b.constant[slot] {
		return false
	}
	v := f.value(slot)
	if v.Size() != 1 || len(v.Shape()) > 1 {
		return false
	}
	return v.ints != nil && v.Int64s()[0] == 2 || v.isTensor() && v.float.Floats()[0] == 2
}

// overLastAxis reports whether a node reduces the last axis, which it keeps.
func (f *fusion) overLastAxis(n *node) bool {
	axes := n.ints("axes")
	if len(n.inputs) > 1 {
		var ok bool
		if axes, ok = f.shapes.ints(n, 1); !ok {
			return false
		}
	}
	if len(axes) != 1 || !n.flag("keepdims", true) {
		return false
	}
	rank, ok := f.shapes.rank(n.inputs[0])
	return axes[0] == -1 || ok && axes[0] == rank-1
}

// normalizationWeight makes what normalized elements are multiplied by, or what is added to them,
// input i of the normalization. It must be known, and have the size of the last axis or, of groups
// of channels, that of the channels.
func (f *fusion) normalizationWeight(n *node, operator string, i int) bool {
	if n.version < 7 {
		return false
	}
	for from := range n.inputs {
		norm, with := f.only(n.inputs[from], operator), n.inputs[1-from]
		if norm == nil || len(norm.inputs) > i || i == 1 && len(norm.inputs) != 1 {
			continue
		}
		x, ok := f.shapes.of(norm, 0)
		w := f.value(with)
		if !ok || !w.isTensor() || len(x) < 1 {
			continue
		}
		rank, axis := 1, len(x)-1
		if operator == "GroupNorm" {
			rank, axis = len(x)-1, 1
		}
		if size, known := x[axis].known(); !known || size < 1 || !slices.Equal(w.Shape(), axisShape(rank, 0, size)) {
			continue
		}
		f.merge(n, norm)
		if i == 2 && len(n.inputs) == 1 {
			n.inputs = append(n.inputs, absent)
		}
		n.inputs = append(n.inputs, with)
		return true
	}
	return false
}

// groupNormOperator is autograd.GroupNorm of x, with weight and bias of any shape.
var groupNormOperator = &operator{name: "GroupNorm"}

func groupNorm(groups int, eps float64) kernel {
	return func(c *call) {
		perChannel := func(i int) autograd.Variable {
			w := c.optional(i)
			if w == (autograd.Variable{}) || w.Rank() == 1 {
				return w
			}
			return w.Reshape(w.Size())
		}
		c.set(0, autograd.GroupNorm(c.float(0), groups, perChannel(1), perChannel(2), eps))
	}
}

// groupNormalization is an instance normalization of images each of which is a group of channels,
// without scale and shift, and then scale and shift of each channel.
func (f *fusion) groupNormalization(n *node) bool {
	switch n.op.name {
	case "Add":
		return f.normalizationWeight(n, "GroupNorm", 2)
	case "Mul":
		return f.normalizationWeight(n, "GroupNorm", 1)
	}
	instance := f.only(n.inputs[0], "InstanceNormalization")
	if instance == nil || n.version < 5 || !f.allAre(instance.inputs[1], 1) || !f.allAre(instance.inputs[2], 0) {
		return false
	}
	first := f.only(instance.inputs[0], "Reshape")
	if first == nil {
		return false
	}
	x, known := f.shapes.of(first, 0)
	inner, fits := f.shapes.of(instance, 0)
	if !known || !fits || len(x) < 3 || len(inner) != 3 || inner[0] != x[0] {
		return false
	}
	groups, known := inner[1].known()
	channels, ok := x[1].known()
	if !known || !ok || groups < 1 || channels%groups != 0 || f.value(instance.inputs[1]).Size() != groups {
		return false
	}
	if y, ok := f.shapes.shape[n.outputs[0]]; !ok || !slices.Equal(x, y) {
		shape := f.by(n.inputs[1], "Shape")
		if shape == nil || shape.inputs[0] != first.inputs[0] || shape.int("start", 0) != 0 || shape.int("end", math.MaxInt) != math.MaxInt {
			return false
		}
	}
	eps := instance.float("epsilon", 1e-5)
	f.become(n, groupNormOperator, groupNorm(groups, eps), first.inputs[0])
	f.drop(instance, first)
	return true
}

// allAre reports whether all elements of a slot are known to be a number.
func (f *fusion) allAre(slot int, number float64) bool {
	data, _, ok := f.constantFloats(slot)
	return ok && !slices.ContainsFunc(data, func(x float64) bool { return x != number })
}
