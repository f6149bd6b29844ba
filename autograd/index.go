package autograd

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Picking by lists of indices. Gathering rows and scattering them back with
// addition are each other's transpose.

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

var gatherRowsOp, scatterRowsOp *op

// attr.ints is the list of indices.
func init() {
	gatherRowsOp = newLinearMap("gather rows", indexOf, gatheredRows, scatteredRows)
	gatherRowsOp.fused = func(p *pass, n, g *node) {
		if dst, accumulate := p.destination(n, 0); accumulate {
			tensor.ScatterAddRows(dst, &g.Array, n.attr.ints)
		} else {
			tensor.ScatterRows(dst, &g.Array, n.attr.ints)
		}
	}
	scatterRowsOp = newLinearMap("scatter rows", indexOf, scatteredRows, gatheredRows)
}

func indexOf(n *node) []Argument { return arguments("index", n.attr.ints) }

func gatheredRows(n *node, x Variable, _ *node) Variable { return gatherRows(x, n.attr.ints) }

func scatteredRows(n *node, x Variable, like *node) Variable {
	return scatterRows(x, like.Shape[0], n.attr.ints)
}

// gatherRows picks rows of x. The indices are checked and not negative.
func gatherRows(x Variable, index []int) Variable {
	in := x.check(gatherRowsOp.name)
	var buffer [8]int
	shape := append(buffer[:0], len(index))
	n := gatherRowsOp.result(in.DType, append(shape, in.Shape[1:]...), in)
	n.attr.ints = append(n.attr.ints[:0], index...)
	tensor.GatherRows(&n.Array, &in.Array, n.attr.ints)
	return n.done()
}

// scatterRows is an array of the given number of rows where row index[i] has the
// sum of all rows i of x that name it.
func scatterRows(x Variable, rows int, index []int) Variable {
	in := x.check(scatterRowsOp.name)
	var buffer [8]int
	shape := append(buffer[:0], rows)
	n := scatterRowsOp.result(in.DType, append(shape, in.Shape[1:]...), in)
	n.attr.ints = append(n.attr.ints[:0], index...)
	tensor.ScatterRows(&n.Array, &in.Array, n.attr.ints)
	return n.done()
}

var gatherOp, scatterOp *op

// attr.i is the axis, attr.ints the indices; they have the shape of the result of
// gather and of the operand of scatter.
func init() {
	along := func(n *node) []Argument { return arguments("axis", n.attr.i, "index", n.attr.ints) }
	gathered := func(n *node, x Variable, like *node) Variable {
		return gather(x, n.attr.i, n.attr.ints, like.Shape)
	}
	scattered := func(n *node, x Variable, like *node) Variable {
		return scatter(x, n.attr.i, n.attr.ints, like.Shape)
	}
	gatherOp = newLinearMap("gather", along, gathered, scattered)
	scatterOp = newLinearMap("scatter", along, scattered, gathered)
}

// Embedding looks up rows of a table: weight is [entries, features], and the result has
// row index[i] of it for every index, in the given shape with the features as a further
// axis: [shape…, features]. Without a shape it is [len(index), features]. It panics with
// [*ShapeError] if the sizes do not fit and with [*IndexError] for an index that is not
// in the table.
func Embedding(weight Variable, index []int, shape ...int) Variable {
	const name = "embedding"
	n := weight.check(name)
	var buffer [8]int
	result := embeddingShape(buffer[:0], name, n, len(index), shape)
	return weight.IndexSelect(0, index).Reshape(result...)
}

// embeddingShape is the shape of what is looked up in a table, appended to dst.
func embeddingShape(dst []int, op string, table *node, count int, shape []int) []int {
	if len(table.Shape) != 2 {
		panic(&ShapeError{op, shapesOf(table), "expected a table [entries, features]"})
	}
	dst = append(dst, shape...)
	if len(shape) == 0 {
		dst = append(dst, count)
	}
	if sizeOf(dst) != count {
		panic(&ShapeError{op, [][]int{append([]int{}, shape...)}, fmt.Sprintf("there are %d indices", count)})
	}
	return append(dst, table.Shape[1])
}

// Gather picks along axis with an index of its own for every element: for axis 0 of
// a matrix, y[i, j] = x[index[i, j], j]. index lists the indices in row-major order
// of shape, which is the result's: it has x's rank and is nowhere larger than x but
// along axis. Without a shape it is [len(index)]. Negative indices count from the end. It panics with [*ShapeError] if
// the sizes do not fit and with [*IndexError] for an index outside the axis.
func (x Variable) Gather(axis int, index []int, shape ...int) Variable {
	in := x.check(gatherOp.name)
	axis = resolveAxis(gatherOp.name, axis, len(in.Shape))
	if len(shape) == 0 {
		shape = []int{len(index)}
	}
	checkIndexShape(gatherOp.name, in.Shape, shape, len(index), axis)
	return gather(x, axis, resolveIndices(gatherOp.name, index, in.Shape[axis]), shape)
}

// ScatterAdd is x with the elements of src added at the places that index names
// along axis: for axis 0 of a matrix, x[index[i, j], j] += src[i, j]. index lists
// the indices in row-major order of src's shape; an index may occur any number of
// times. It panics as [Variable.Gather] does.
func (x Variable) ScatterAdd(axis int, index []int, src Variable) Variable {
	in, from := x.check(scatterOp.name), src.check(scatterOp.name)
	axis = resolveAxis(scatterOp.name, axis, len(in.Shape))
	checkIndexShape(scatterOp.name, in.Shape, from.Shape, len(index), axis)
	join(scatterOp.name, &x, &src)
	return x.Add(scatter(src, axis, resolveIndices(scatterOp.name, index, in.Shape[axis]), in.Shape))
}

func checkIndexShape(op string, x, index []int, count, axis int) {
	fits := len(x) == len(index) && sizeOf(index) == count
	for i := 0; fits && i < len(x); i++ {
		fits = i == axis || index[i] <= x[i]
	}
	if !fits {
		panic(&ShapeError{op, [][]int{append([]int{}, x...), append([]int{}, index...)},
			fmt.Sprintf("expected the second, the shape of %d indices, to be within the first but along axis %d", count, axis)})
	}
}

// equalBut reports whether shapes are equal along all axes but one.
func equalBut(axis int, a, b []int) bool {
	return len(a) == len(b) && slices.Equal(a[:axis], b[:axis]) && slices.Equal(a[axis+1:], b[axis+1:])
}

// gather is Gather with checked indices.
func gather(x Variable, axis int, index, shape []int) Variable {
	in := x.check(gatherOp.name)
	n := gatherOp.result(in.DType, shape, in)
	n.attr.i, n.attr.ints = axis, append(n.attr.ints[:0], index...)
	tensor.Gather(&n.Array, &in.Array, n.attr.ints, n.Shape, axis)
	return n.done()
}

// scatter is an array of the given shape with x's elements added up at the places
// that index names.
func scatter(x Variable, axis int, index, shape []int) Variable {
	in := x.check(scatterOp.name)
	n := scatterOp.result(in.DType, shape, in)
	n.attr.i, n.attr.ints = axis, append(n.attr.ints[:0], index...)
	tensor.Fill(&n.Array, 0)
	tensor.ScatterAdd(&n.Array, &in.Array, n.attr.ints, in.Shape, axis)
	return n.done()
}

// Take is the elements of x, as a vector, with the given indices, in the given shape; without
// one it is [len(index)]. Negative indices count from the end. It panics with [*IndexError] if
// there is no such element.
func (x Variable) Take(index []int, shape ...int) Variable {
	if len(shape) == 0 {
		shape = []int{len(index)}
	}
	return x.Reshape(-1).IndexSelect(0, index).Reshape(shape...)
}

// TakeAlongDim is [Variable.Gather] with broadcasting: sizes of the index's shape and
// of x may also be 1 where they differ, but along axis. It panics with [*ShapeError] if
// the sizes do not fit and with [*IndexError] for an index outside the axis.
func (x Variable) TakeAlongDim(axis int, index []int, shape ...int) Variable {
	const op = "take along dim"
	in := x.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	if len(shape) != len(in.Shape) || sizeOf(shape) != len(index) {
		panic(&ShapeError{op, [][]int{append([]int{}, in.Shape...), append([]int{}, shape...)}, fmt.Sprintf("expected shapes of one rank, the second that of %d indices", len(index))})
	}
	wide, wideIndex := append([]int{}, in.Shape...), append([]int{}, shape...)
	for i := range shape {
		switch {
		case i == axis || wide[i] == shape[i]:
		case wide[i] == 1:
			wide[i] = shape[i]
		case shape[i] == 1:
			wideIndex[i] = wide[i]
		}
	}
	values := make([]float64, len(index))
	for i, n := range index {
		values[i] = float64(n)
	}
	all := New(values).Reshape(shape...).BroadcastTo(wideIndex...).Float64s()
	index = make([]int, len(all))
	for i, n := range all {
		index[i] = int(n)
	}
	return x.BroadcastTo(wide...).Gather(axis, index, wideIndex...)
}

// IndexArrays is the elements x[index₀[k], index₁[k], …] for each k; with fewer lists than axes,
// the parts of x that they lead to: [k, x's further axes…]. Negative indices count from the end.
// It panics with [*ShapeError] if the lists differ in length or are too many, and with
// [*IndexError] for an index outside its axis.
func (x Variable) IndexArrays(index ...[]int) Variable {
	in := x.check("index arrays")
	at, part := flatIndices("index arrays", in, index)
	rows := sizeOf(in.Shape[:len(index)])
	return gatherRows(x.Reshape(append([]int{rows}, part...)...), at)
}

// flatIndices is the position of each part that lists of indices lead to, and its shape.
func flatIndices(op string, in *node, index [][]int) (at, part []int) {
	if len(index) == 0 || len(index) > len(in.Shape) {
		panic(&ShapeError{op, shapesOf(in), fmt.Sprintf("expected lists of indices for at most %d axes, got %d", len(in.Shape), len(index))})
	}
	at = make([]int, len(index[0]))
	for axis, list := range index {
		if len(list) != len(at) {
			panic(&ShapeError{op, shapesOf(in), fmt.Sprintf("the lists have %d and %d indices", len(at), len(list))})
		}
		for k, i := range resolveIndices(op, list, in.Shape[axis]) {
			at[k] = at[k]*in.Shape[axis] + i
		}
	}
	return at, in.Shape[len(index):]
}

// MaskedSelect is a vector of the elements where mask is not 0; x and mask broadcast, or
// it panics with [*ShapeError].
func (x Variable) MaskedSelect(mask Variable) Variable {
	a, m := x.check("masked select"), mask.check("masked select")
	shape, ok := tensor.BroadcastShape(nil, a.Shape, m.Shape)
	if !ok {
		panic(&ShapeError{"masked select", shapesOf(a, m), "the shapes do not broadcast"})
	}
	var index []int
	wide := mask.Detach().BroadcastTo(shape...).n
	for i := range wide.Len() {
		if wide.Array.At(i) != 0 {
			index = append(index, i)
		}
	}
	return gatherRows(x.BroadcastTo(shape...).Reshape(-1), index)
}

// NonZero is where x is not 0: a list of indices for each axis, together those of each such
// element, in row-major order. [Variable.IndexArrays] takes them.
func (x Variable) NonZero() [][]int {
	in := x.check("nonzero")
	index := make([][]int, len(in.Shape))
	for i := range in.Len() {
		if in.Array.At(i) == 0 {
			continue
		}
		rest := i
		for axis := len(in.Shape) - 1; axis >= 0; axis-- {
			index[axis] = append(index[axis], rest%in.Shape[axis])
			rest /= in.Shape[axis]
		}
	}
	return index
}

// OneHot is the constant [len(labels), classes] with a 1 in each row at its label. It panics with
// [*IndexError] for a label that is no class.
func OneHot(dtype DType, labels []int, classes int) Variable {
	v := Zeros(dtype, len(labels), classes)
	for i, label := range labels {
		if label < 0 || label >= classes {
			panic(&IndexError{"one hot", label, i, classes})
		}
		v.n.Set(i*classes+label, 1)
	}
	return v
}

// RepeatInterleave repeats every slice along axis as often as repeats says, one number for each
// or one for all. It panics with [*ValueError] for a negative number or another count of them.
func (x Variable) RepeatInterleave(repeats []int, axis int) Variable {
	const op = "repeat interleave"
	in := x.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	if len(repeats) != 1 && len(repeats) != in.Shape[axis] {
		panic(&ValueError{op, fmt.Sprintf("%d numbers for %d slices", len(repeats), in.Shape[axis])})
	}
	var index []int
	for i := range in.Shape[axis] {
		times := repeats[min(i, len(repeats)-1)]
		if times < 0 {
			panic(&ValueError{op, fmt.Sprintf("%d times", times)})
		}
		for range times {
			index = append(index, i)
		}
	}
	return x.IndexSelect(axis, index)
}
