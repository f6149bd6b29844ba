package autograd

import (
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Picking by lists of indices. Gathering rows and scattering them back with
// addition are each other's transpose.

var gatherRowsOp, scatterRowsOp *op

func init() {
	// attr.ints is the list of indices.
	gatherRowsOp = &op{
		name: "gather rows",
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, scatterRows(g, n.in[0].Shape[0], n.attr.ints))
		},
		jvp: func(n *node, t func(int) Variable) Variable { return gatherRows(t(0), n.attr.ints) },
		fused: func(p *pass, n, g *node) {
			dst, accumulate := p.destination(n, 0)
			if !accumulate {
				tensor.Fill(dst, 0)
			}
			tensor.ScatterAddRows(dst, &g.Array, n.attr.ints)
		},
	}
	scatterRowsOp = &op{
		name: "scatter rows",
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, gatherRows(g, n.attr.ints))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return scatterRows(t(0), n.Shape[0], n.attr.ints)
		},
	}
}

// IndexSelect picks the entries of x with the given indices along axis, in their
// order; an index may occur any number of times. Along axis 0 it gathers rows, as
// of an embedding table. Negative indices count from the end. It panics with
// [*IndexError] if an index is outside the axis. The indices are copied.
func (x Variable) IndexSelect(axis int, index []int) Variable {
	in := x.check("index select")
	axis = resolveAxis("index select", axis, len(in.Shape))
	if axis == 0 {
		return gatherRows(x, resolveIndices("index select", index, in.Shape[0]))
	}
	return x.Transpose(0, axis).IndexSelect(0, index).Transpose(0, axis)
}

// resolveIndices checks indices and, only if one is negative, replaces the list.
func resolveIndices(op string, index []int, size int) []int {
	resolved := index
	for at, i := range index {
		if i < -size || i >= size {
			panic(&IndexError{op, i, at, size})
		}
		if i < 0 {
			if &resolved[0] == &index[0] {
				resolved = append([]int{}, index...)
			}
			resolved[at] = i + size
		}
	}
	return resolved
}

// gatherRows picks rows of x. The indices are checked and not negative.
func gatherRows(x Variable, index []int) Variable {
	in := x.check(gatherRowsOp.name)
	var buffer [8]int
	shape := append(buffer[:0], len(index))
	n := gatherRowsOp.result(in.DType, append(shape, in.Shape[1:]...), in)
	n.attr.ints = append(n.attr.ints[:0], index...)
	tensor.GatherRows(&n.Array, &in.Array, n.attr.ints)
	return n.variable()
}

// scatterRows is an array of the given number of rows where row index[i] has the
// sum of all rows i of x that name it.
func scatterRows(x Variable, rows int, index []int) Variable {
	in := x.check(scatterRowsOp.name)
	var buffer [8]int
	shape := append(buffer[:0], rows)
	n := scatterRowsOp.result(in.DType, append(shape, in.Shape[1:]...), in)
	n.attr.ints = append(n.attr.ints[:0], index...)
	tensor.Fill(&n.Array, 0)
	tensor.ScatterAddRows(&n.Array, &in.Array, n.attr.ints)
	return n.variable()
}
