package autograd

import (
	"fmt"
	"math"
	"slices"
)

// Putting elements at places that lists of indices name. Where several elements go to one
// place, either they are combined, or the last of them stays.

// scatterPlaces is the flat index in an array of the given shape for each element that index
// names along axis. Index is in row-major order of indexShape.
func scatterPlaces(index, indexShape, shape []int, axis int) []int {
	places := make([]int, len(index))
	at := make([]int, len(indexShape))
	for i, along := range index {
		place := 0
		for k, d := range shape {
			if k == axis {
				place = place*d + along
			} else {
				place = place*d + at[k]
			}
		}
		places[i] = place
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < indexShape[k] {
				break
			}
			at[k] = 0
		}
	}
	return places
}

// overwrite is flat, a vector, with the elements of src, a vector too, at places.
func overwrite(flat, src Variable, places []int) Variable {
	last := make(map[int]int, len(places))
	for i, place := range places {
		last[place] = i
	}
	stays, overwritten := make([]float64, len(places)), make([]float64, flat.Size())
	for place, i := range last {
		stays[i], overwritten[place] = 1, 1
	}
	put := scatterRows(Where(src.numbers(stays, len(places)), src, src.scalar(0)), flat.Size(), places)
	return Where(flat.numbers(overwritten, flat.Size()), put, flat)
}

// scatterArguments checks what Scatter and ScatterReduce have in common.
func scatterArguments(op string, x *Variable, axis int, index []int, src *Variable) (places []int) {
	in, from := x.check(op), src.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	checkIndexShape(op, in.Shape, from.Shape, len(index), axis)
	join(op, x, src)
	return scatterPlaces(resolveIndices(op, index, in.Shape[axis]), from.Shape, in.Shape, axis)
}

// Scatter is x with the elements of src at the places that index names along axis: for axis 0
// of a matrix, x[index[i, j], j] = src[i, j]. index lists the indices in row-major order of
// src's shape; of several for one place the last counts. It panics as [Variable.Gather] does.
func (x Variable) Scatter(axis int, index []int, src Variable) Variable {
	places := scatterArguments("scatter", &x, axis, index, &src)
	return overwrite(x.Reshape(-1), src.Reshape(-1), places).Reshape(x.n.Shape...)
}

// Reduction is a way to combine elements.
type Reduction uint8

// The ways to combine elements.
const (
	ReduceSum Reduction = iota
	ReduceMean
	ReduceProd
	ReduceMax
	ReduceMin
)

// ScatterReduce is x with the elements of src combined at the places that index names along
// axis, as [Variable.ScatterAdd] does for sums: with x's element there, or with exclude
// without it. Places that no index names keep x's element. It panics as [Variable.Gather] does,
// and with [*ValueError] for a reduction that does not exist.
func (x Variable) ScatterReduce(axis int, index []int, src Variable, how Reduction, exclude bool) Variable {
	if how > ReduceMin {
		panic(&ValueError{"scatter reduce", fmt.Sprintf("there is no reduction %d", how)})
	}
	places := scatterArguments("scatter reduce", &x, axis, index, &src)
	flat, from := x.Reshape(-1), src.Reshape(-1)
	counts := make([]float64, flat.Size())
	touched := make([]float64, flat.Size())
	for _, place := range places {
		counts[place]++
		touched[place] = 1
	}
	if how == ReduceSum || how == ReduceMean {
		if exclude {
			flat = Where(flat.numbers(touched, len(touched)), flat.scalar(0), flat)
		}
		sum := flat.Add(scatterRows(from, len(counts), places))
		if how == ReduceMean {
			for i, t := range touched {
				counts[i] += 1 - t*number(exclude)
			}
			sum = sum.Div(sum.numbers(counts, len(counts)))
		}
		return sum.Reshape(x.n.Shape...)
	}
	return combined(flat, from, places, how, exclude).Reshape(x.n.Shape...)
}

// combined combines elements place by place: what goes to one place is a column of a matrix,
// filled up with an element that changes nothing.
func combined(flat, from Variable, places []int, how Reduction, exclude bool) Variable {
	neutral := map[Reduction]float64{ReduceProd: 1, ReduceMax: math.Inf(-1), ReduceMin: math.Inf(1)}[how]
	columns := make([][]int, flat.Size()) // of indices into all
	all := Concat(0, flat, from, flat.numbers([]float64{neutral}, 1))
	most := 1
	for i, place := range places {
		columns[place] = append(columns[place], flat.Size()+i)
	}
	for place, column := range columns {
		if len(column) == 0 || !exclude {
			columns[place] = append(column, place)
		}
		most = max(most, len(columns[place]))
	}
	index := make([]int, 0, most*len(columns))
	for k := range most {
		for _, column := range columns {
			if k < len(column) {
				index = append(index, column[k])
			} else {
				index = append(index, all.Size()-1)
			}
		}
	}
	matrix := gatherRows(all, index).Reshape(most, len(columns))
	switch how {
	case ReduceProd:
		return matrix.Prod(0)
	case ReduceMax:
		return matrix.Max(0)
	}
	return matrix.Min(0)
}

// slicesAt brings axis to the front of x, and to the front of src, which has a slice for each
// of the checked indices.
func slicesAt(op string, x Variable, axis int, index []int, src Variable) (rows, from Variable, resolved []int) {
	in, sn := x.check(op), src.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	if !equalBut(axis, in.Shape, sn.Shape) || sn.Shape[axis] != len(index) {
		panic(&ShapeError{op, shapesOf(in, sn), fmt.Sprintf("expected %d slices along axis %d", len(index), axis)})
	}
	join(op, &x, &src)
	return x.MoveDim(axis, 0), src.MoveDim(axis, 0), resolveIndices(op, index, in.Shape[axis])
}

// IndexAdd is x with the slices of src along axis added to those with the given indices, of
// which each may occur any number of times. It panics with [*ShapeError] if the shapes do not
// fit and with [*IndexError] for an index outside the axis.
func (x Variable) IndexAdd(axis int, index []int, src Variable) Variable {
	rows, from, index := slicesAt("index add", x, axis, index, src)
	return rows.Add(scatterRows(from, rows.Dim(0), index)).MoveDim(0, axis)
}

// IndexCopy is x with the slices of src along axis instead of those with the given indices; of
// several for one the last counts. It panics as [Variable.IndexAdd] does.
func (x Variable) IndexCopy(axis int, index []int, src Variable) Variable {
	rows, from, index := slicesAt("index copy", x, axis, index, src)
	at := make([]int, rows.Dim(0)+len(index)) // of the slices in x and then src
	for i := range at {
		at[i] = i
	}
	for i, place := range index {
		at[place] = rows.Dim(0) + i
	}
	return gatherRows(Concat(0, rows, from), at[:rows.Dim(0)]).MoveDim(0, axis)
}

// IndexFill is x with value in the slices along axis with the given indices. It panics with
// [*IndexError] for an index outside the axis.
func (x Variable) IndexFill(axis int, index []int, value float64) Variable {
	in := x.check("index fill")
	axis = resolveAxis("index fill", axis, len(in.Shape))
	mask := make([]float64, in.Shape[axis])
	for _, i := range resolveIndices("index fill", index, in.Shape[axis]) {
		mask[i] = 1
	}
	shape := slices.Repeat([]int{1}, len(in.Shape)-axis)
	shape[0] = in.Shape[axis]
	return x.MaskedFill(x.numbers(mask, shape...), value)
}

// IndexPut is x with values at x[index₀[k], index₁[k], …] for each k, or with accumulate with
// values added there; of several for one place the last counts, or all are added. There may be
// fewer lists than axes: values is [k, x's further axes…], and broadcasts to that. It panics as
// [Variable.IndexArrays] does.
func (x Variable) IndexPut(values Variable, accumulate bool, index ...[]int) Variable {
	const op = "index put"
	in := x.check(op)
	at, part := flatIndices(op, in, index)
	join(op, &x, &values)
	rows := x.Reshape(-1, sizeOf(part))
	if sizeOf(part) == 0 {
		return x
	}
	from := values.BroadcastTo(append([]int{len(at)}, part...)...).Reshape(len(at), sizeOf(part))
	if accumulate {
		return rows.IndexAdd(0, at, from).Reshape(in.Shape...)
	}
	return rows.IndexCopy(0, at, from).Reshape(in.Shape...)
}
