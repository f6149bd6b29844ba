package onnx

import "slices"

// A view is a value whose elements are those of another, its source, at other places: what
// Reshape, Transpose, Slice and the like make of it. Patterns of attention ask by it where the
// heads come from.

// view is the axes of a value, each a list of atoms, the slowest first.
type view struct {
	source int
	dims   []dim    // of the source
	offset []int    // along each axis of the source
	axes   [][]atom // of the view
}

// atom is a part of an axis of the source: its index counts for stride along that.
type atom struct {
	axis         int
	stride, size dim
}

// maxViews is the most nodes that a view goes back.
const maxViews = 16

// viewOf goes back from a slot to what was not only moved, and finds the number that it was
// multiplied by on the way.
func (f *fusion) viewOf(slot int) (v view, scale float64, ok bool) {
	var path []*node
	var slots []int
	scale = 1
	for range maxViews {
		n := f.makes[slot]
		if slot == absent || n == nil || f.gone[n] || n.op.domain != "" || !f.moves(n) {
			break
		}
		if n.op.name == "Mul" || n.op.name == "Div" {
			x, number, ok := f.factor(n)
			if !ok {
				break
			}
			scale *= number
			slot = x
			continue
		}
		path, slots = append(path, n), append(slots, slot)
		slot = n.inputs[0]
	}
	dims, ok := f.shapes.shape[slot]
	if !ok {
		return view{}, 0, false
	}
	v = view{source: slot, dims: dims, offset: make([]int, len(dims))}
	for axis, d := range dims {
		v.axes = append(v.axes, []atom{{axis, size(1), d}})
	}
	for i, n := range slices.Backward(path) {
		if !f.step(&v, n, slots[i]) {
			return view{}, 0, false
		}
	}
	return v, scale, true
}

// moves reports whether a node is one that a view goes through.
func (f *fusion) moves(n *node) bool {
	switch n.op.name {
	case "Mul", "Div":
		_, _, ok := f.factor(n)
		return ok
	case "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Gather", "Flatten":
		return true
	}
	return false
}

// factor is the operand that a node multiplies by a number, and the number.
func (f *fusion) factor(n *node) (x int, number float64, ok bool) {
	if x, number, ok = f.operand(n); !ok || number == 0 {
		return absent, 0, false
	}
	switch {
	case n.op.name == "Mul":
		return x, number, true
	case n.op.name == "Div" && n.inputs[0] == x:
		return x, 1 / number, true
	}
	return absent, 0, false
}

// step makes a view what a node makes of it.
func (f *fusion) step(v *view, n *node, result int) bool {
	switch n.op.name {
	case "Reshape", "Squeeze", "Unsqueeze", "Flatten":
		dims, ok := f.shapes.shape[result]
		return ok && v.reshape(dims)
	case "Transpose":
		perm, ok := permutation(n, len(v.axes))
		return ok && v.transpose(perm)
	case "Slice":
		cuts, ok := f.shapes.cuts(n, len(v.axes))
		if !ok {
			return false
		}
		for _, c := range cuts {
			total, known := v.size(c.axis).known()
			from, to := bound(c.start, total), bound(c.end, total)
			if !known || to <= from || !v.cut(c.axis, from, to-from) {
				return false
			}
		}
		return true
	case "Split":
		return f.splitStep(v, n, result)
	case "Gather":
		axis, there := axisIn(n.int("axis", 0), len(v.axes))
		index, ok := f.shapes.ints(n, 1)
		shape, known := f.shapes.of(n, 1)
		if !ok || !known || !there || len(shape) != 0 || len(index) != 1 {
			return false
		}
		total, ok := v.size(axis).known()
		at, inside := axisIn(index[0], total)
		if !ok || !inside || !v.cut(axis, at, 1) {
			return false
		}
		v.axes = slices.Delete(v.axes, axis, axis+1)
		return true
	}
	return false
}

func (f *fusion) splitStep(v *view, n *node, result int) bool {
	axis, there := axisIn(n.int("axis", 0), len(v.axes))
	if !there {
		return false
	}
	parts, ok := f.shapes.splitSizes(n, v.size(axis))
	if !ok || len(parts) < len(n.outputs) {
		return false
	}
	start := 0
	for i, slot := range n.outputs {
		if slot == result {
			return v.cut(axis, start, parts[i])
		}
		start += parts[i]
	}
	return false
}

// size is the size of an axis; 0 if it is larger than a size can be.
func (v *view) size(axis int) dim {
	d := size(1)
	for _, a := range v.axes[axis] {
		var ok bool
		if d, ok = d.times(a.size); !ok {
			return size(0)
		}
	}
	return d
}

// cut takes a range of an axis that is one atom.
func (v *view) cut(axis, start, count int) bool {
	atoms := merged(v.axes[axis])
	if len(atoms) == 0 {
		return start == 0 && count == 1
	}
	stride, known := atoms[0].stride.known()
	if len(atoms) != 1 || !known || start > maxElements/max(stride, 1) {
		return false
	}
	v.offset[atoms[0].axis] += start * stride
	v.axes[axis] = []atom{{atoms[0].axis, atoms[0].stride, size(count)}}
	return true
}

func (v *view) transpose(perm []int) bool {
	axes := make([][]atom, len(perm))
	for i, axis := range perm {
		axes[i] = v.axes[axis]
	}
	v.axes = axes
	return true
}

// reshape gives the view axes of other sizes.
func (v *view) reshape(dims []dim) bool {
	atoms := merged(slices.Concat(v.axes...))
	axes := make([][]atom, len(dims))
	for i, need := range dims {
		for need != size(1) {
			if len(atoms) == 0 {
				return false
			}
			a := atoms[0]
			if rest, ok := need.over(a.size); ok { // all of it
				axes[i], atoms, need = append(axes[i], a), atoms[1:], rest
				continue
			}
			inner, ok := a.size.over(need)
			if !ok {
				return false
			}
			stride, fits := a.stride.times(inner)
			if !fits {
				return false
			}
			axes[i] = append(axes[i], atom{a.axis, stride, need})
			atoms = append([]atom{{a.axis, a.stride, inner}}, atoms[1:]...)
			need = size(1)
		}
	}
	v.axes = axes
	return len(atoms) == 0
}

// merged is atoms without those of size 1, and with neighbours that are one put together.
func merged(atoms []atom) []atom {
	var all []atom
	for _, a := range atoms {
		if a.size == size(1) {
			continue
		}
		if last := len(all) - 1; last >= 0 && all[last].axis == a.axis {
			step, ok := a.stride.times(a.size)
			together, fits := all[last].size.times(a.size)
			if ok && fits && all[last].stride == step {
				all[last] = atom{a.axis, a.stride, together}
				continue
			}
		}
		all = append(all, a)
	}
	return all
}
