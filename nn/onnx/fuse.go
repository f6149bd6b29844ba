package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Nodes that package autograd has as one operation become one: what an operation gives is then
// written once, and not read and written again. Values and gradients are those of the nodes.

// fusion is the nodes of one graph while they are put together.
type fusion struct {
	b     *builder
	makes map[int]*node // the node of the graph that makes a slot
	uses  []int         // of a slot, in all graphs
	gone  map[*node]bool
}

// fuse puts nodes together in all graphs.
func (b *builder) fuse() {
	uses := make([]int, len(b.values))
	for _, g := range b.graphs {
		for _, slot := range g.outputs {
			uses[slot]++
		}
		for _, n := range g.nodes {
			for _, slot := range n.inputs {
				if slot != absent {
					uses[slot]++
				}
			}
		}
	}
	for _, g := range b.graphs {
		f := &fusion{b: b, makes: map[int]*node{}, uses: uses, gone: map[*node]bool{}}
		for _, n := range g.nodes {
			for _, slot := range n.outputs {
				f.makes[slot] = n
			}
		}
		for _, n := range g.nodes {
			f.node(n)
		}
		g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool { return f.gone[n] })
	}
}

// node looks whether a node ends what is one operation.
func (f *fusion) node(n *node) {
	if n.op.domain != "" {
		return
	}
	switch n.op.name {
	case "Add":
		if n.version >= 7 && !f.bias(n, 0, 1) {
			f.bias(n, 1, 0)
		}
	case "Relu":
		f.relu(n)
	case "Div":
		f.hardSwish(n)
	}
}

// only is the node that makes a slot which nothing else uses, if it is of an operator.
func (f *fusion) only(slot int, operator string) *node {
	n := f.makes[slot]
	if slot == absent || n == nil || f.uses[slot] != 1 || f.gone[n] || n.op.domain != "" || n.op.name != operator || len(n.outputs) != 1 {
		return nil
	}
	return n
}

// take makes into give the results of n, which is no longer needed.
func (f *fusion) take(into, n *node) {
	into.outputs = n.outputs
	f.makes[n.outputs[0]] = into
	f.gone[n] = true
}

// bias makes what is added to each channel of a convolution its bias.
func (f *fusion) bias(n *node, from, with int) bool {
	conv := f.only(n.inputs[from], "Conv")
	if conv == nil || len(conv.inputs) != 2 || conv.relu {
		return false
	}
	weights, added := f.b.values[conv.inputs[1]], f.b.values[n.inputs[with]]
	if !weights.isTensor() || !added.isTensor() || weights.dtype != added.dtype {
		return false
	}
	channels, rank := weights.Shape()[0], len(weights.Shape())
	if rank < 3 || !slices.Equal(added.Shape(), axisShape(rank, 1, channels)) && !slices.Equal(added.Shape(), axisShape(rank-1, 0, channels)) {
		return false
	}
	conv.inputs = append(conv.inputs, n.inputs[with])
	f.take(conv, n)
	return true
}

// relu makes a convolution one that gives max(x, 0).
func (f *fusion) relu(n *node) {
	if conv := f.only(n.inputs[0], "Conv"); conv != nil && !conv.relu {
		conv.relu = true
		f.take(conv, n)
	}
}

// hardSwish is x·min(max(x+3, 0), 6)/6.
func (f *fusion) hardSwish(n *node) {
	product := f.only(n.inputs[0], "Mul")
	if product == nil || !f.is(n.inputs[1], 6) || n.version < 7 {
		return
	}
	for i, slot := range product.inputs {
		bounded := f.only(slot, "Clip")
		if bounded == nil || !f.bounds(bounded, 0, 6) {
			continue
		}
		sum, x := f.only(bounded.inputs[0], "Add"), product.inputs[1-i]
		if sum == nil || !(sum.inputs[0] == x && f.is(sum.inputs[1], 3) || sum.inputs[1] == x && f.is(sum.inputs[0], 3)) {
			continue
		}
		f.gone[product], f.gone[bounded], f.gone[sum] = true, true, true
		n.inputs, n.kernel = []int{x}, unary(autograd.Variable.Hardswish)
		return
	}
}

// is reports whether a slot is known to be one number, which makes no shape larger.
func (f *fusion) is(slot int, number float64) bool {
	if slot == absent || !f.b.constant[slot] {
		return false
	}
	v := f.b.values[slot]
	return v.isTensor() && v.Size() == 1 && len(v.Shape()) <= 1 && v.float.Floats()[0] == number
}

// bounds reports whether the bounds of a Clip are known to be these.
func (f *fusion) bounds(n *node, low, high float64) bool {
	if n.limits != nil {
		return *n.limits == [2]float64{low, high}
	}
	return len(n.inputs) == 3 && f.is(n.inputs[1], low) && f.is(n.inputs[2], high)
}
