package autograd

import (
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Sorting, and what is found by it. Elements are ordered by size, with NaN as the greatest. All
// of these pick elements, and the gradient goes to those that were picked. Lists of indices are
// in row-major order of the values that they belong to.

// pick chooses count elements of every row along axis: choose gets a row and sets the indices
// of those it takes. With keep, the results have axis with size count; else, for a count of 1,
// not at all.
func pick(op string, x Variable, axis, count int, keep bool, choose func(row []float64, index []int)) (values Variable, index []int) {
	in := x.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	index = pickIndices(in, axis, count, choose)
	shape := append([]int{}, in.Shape...)
	shape[axis] = count
	values = gather(x, axis, index, shape)
	if !keep {
		values = values.Squeeze(axis)
	}
	return values, index
}

// topKOp is what a trace has for what is picked by size: the k greatest or least elements along an
// axis, or the last of these alone. attr.i is the axis, attr.ints k, attr.keep says least, attr.axes = 1 the
// last alone.
var topKOp = wholeOp("topk", func(n *node) []Argument {
	return arguments("axis", n.attr.i, "k", n.attr.ints[0], "least", n.attr.keep, "last", n.attr.axes == 1)
})

// ranked is values, which were picked from x by size.
func ranked(values, x Variable, k, axis int, least, last bool) Variable {
	if !traces(x.n) {
		return values
	}
	axis = resolveAxis(topKOp.name, axis, len(x.n.Shape))
	return topKOp.recordWhole(values, attributes{i: axis, ints: []int{k}, keep: least, axes: uint64(btoi(last))}, x.n)
}

func pickIndices(in *node, axis, count int, choose func(row []float64, index []int)) []int {
	size, inner := in.Shape[axis], sizeOf(in.Shape[axis+1:])
	outer := sizeOf(in.Shape[:axis])
	row, chosen := make([]float64, size), make([]int, count)
	index := make([]int, outer*count*inner)
	for o := range outer {
		for i := range inner {
			for k := range row {
				row[k] = in.Array.At((o*size+k)*inner + i)
			}
			choose(row, chosen)
			for k, at := range chosen {
				index[(o*count+k)*inner+i] = at
			}
		}
	}
	return index
}

// compareNumbers orders numbers with NaN as the greatest.
func compareNumbers(a, b float64) int {
	switch {
	case a < b || math.IsNaN(b) && !math.IsNaN(a):
		return -1
	case a > b || math.IsNaN(a) && !math.IsNaN(b):
		return 1
	}
	return 0
}

// ordered is the row's indices by size; equal elements stay in their order.
func ordered(row []float64, descending bool) []int {
	index := make([]int, len(row))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(i, j int) int {
		if descending {
			i, j = j, i
		}
		return compareNumbers(row[i], row[j])
	})
	return index
}

// needElements panics if a row along axis has fewer than count elements.
func needElements(op string, x Variable, axis, count int) {
	in := x.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	if in.Shape[axis] < count {
		panic(&ShapeError{op, shapesOf(in), fmt.Sprintf("axis %d has fewer than %d elements", axis, count)})
	}
}

// Sort is x with the elements of every row along axis sorted, the least first or, with
// descending, the greatest, and their indices in x. Equal elements stay in their order.
// It panics with [*AxisError] for a scalar.
func (x Variable) Sort(axis int, descending bool) (values Variable, index []int) {
	needElements("sort", x, axis, 0)
	values, index = pick("sort", x, axis, x.Dim(axis), true, func(row []float64, index []int) { copy(index, ordered(row, descending)) })
	return ranked(values, x, x.Dim(axis), axis, !descending, false), index
}

// ArgSort is the indices of [Variable.Sort].
func (x Variable) ArgSort(axis int, descending bool) []int {
	in := x.check("argsort")
	axis = resolveAxis("argsort", axis, len(in.Shape))
	return pickIndices(in, axis, in.Shape[axis], func(row []float64, index []int) { copy(index, ordered(row, descending)) })
}

// TopK is the k greatest elements of every row along axis, or with least the k least, sorted by
// size from there on, and their indices. It panics with [*ShapeError] if there are fewer, and
// with [*ValueError] for a negative k.
func (x Variable) TopK(k, axis int, least bool) (values Variable, index []int) {
	if k < 0 {
		panic(&ValueError{"topk", fmt.Sprintf("k = %d is negative", k)})
	}
	needElements("topk", x, axis, k)
	values, index = pick("topk", x, axis, k, true, func(row []float64, index []int) { copy(index, ordered(row, !least)) })
	return ranked(values, x, k, axis, least, false), index
}

// KthValue is the kth least element of every row along axis, which is gone from the result,
// and its index: k = 1 is the least. It panics with [*ValueError] unless k is positive, and
// with [*ShapeError] if a row has fewer elements.
func (x Variable) KthValue(k, axis int) (values Variable, index []int) {
	if k < 1 {
		panic(&ValueError{"kthvalue", fmt.Sprintf("k = %d is not positive", k)})
	}
	needElements("kthvalue", x, axis, k)
	values, index = pick("kthvalue", x, axis, 1, false, func(row []float64, index []int) { index[0] = ordered(row, false)[k-1] })
	return ranked(values, x, k, axis, true, true), index
}

// Median is the median of every row along axis, which is gone from the result, and its index:
// the lower of two in the middle, and NaN if there is a NaN. It panics with [*ShapeError] if
// there are no elements.
func (x Variable) Median(axis int) (values Variable, index []int) {
	needElements("median", x, axis, 1)
	values, index = pick("median", x, axis, 1, false, func(row []float64, index []int) {
		all := ordered(row, false)
		index[0] = all[(len(row)-1)/2]
		if last := all[len(row)-1]; math.IsNaN(row[last]) {
			index[0] = slices.IndexFunc(row, math.IsNaN)
		}
	})
	return ranked(values, x, (x.Dim(axis)+1)/2, axis, true, true), index
}

// NanMedian is [Variable.Median] of the elements that are not NaN, NaN if there are
// none. It panics with [*ShapeError] if there are no elements.
func (x Variable) NanMedian(axis int) (values Variable, index []int) {
	needElements("nanmedian", x, axis, 1)
	return pick("nanmedian", x, axis, 1, false, func(row []float64, index []int) {
		index[0] = ordered(row, false)[max(0, numbersIn(row)-1)/2]
	})
}

// numbersIn is how many elements are not NaN.
func numbersIn(row []float64) int {
	count := 0
	for _, x := range row {
		if !math.IsNaN(x) {
			count++
		}
	}
	return count
}

// Mode is the most frequent element of every row along axis, which is gone from the result,
// the least of several, and the last index of it. It panics with [*ShapeError] if there are no
// elements.
func (x Variable) Mode(axis int) (values Variable, index []int) {
	needElements("mode", x, axis, 1)
	return pick("mode", x, axis, 1, false, func(row []float64, index []int) {
		all := ordered(row, false)
		most, start := 0, 0
		for i := range all {
			if compareNumbers(row[all[i]], row[all[start]]) != 0 {
				start = i
			}
			if i-start+1 > most {
				most, index[0] = i-start+1, all[i]
			}
		}
	})
}

// QuantileMethod says which value a quantile has between two elements.
type QuantileMethod uint8

// The values between two elements.
const (
	QuantileLinear   QuantileMethod = iota // by position
	QuantileLower                          // the lower element
	QuantileHigher                         // the higher element
	QuantileNearest                        // the nearer element, in the middle that at the even position
	QuantileMidpoint                       // the mean of both
)

// Quantile is the quantiles of x along axis at the probabilities q, a scalar or a vector of
// numbers in [0, 1]: the element at position q·(n−1) of the sorted row, interpolated. NaN if
// there is a NaN. The result is [q's shape…, x's shape without axis…]. A gradient flows to x,
// and by linear interpolation to q. It panics with [*ValueError] for a probability outside [0,
// 1], and with [*ShapeError] if there are no elements.
func Quantile(x, q Variable, axis int, method QuantileMethod) Variable {
	return quantile("quantile", x, q, axis, method, func(row []float64) int {
		if numbersIn(row) < len(row) {
			return 0
		}
		return len(row)
	})
}

// NanQuantile is [Quantile] of the elements that are not NaN, NaN if there are none. It
// panics as that does.
func NanQuantile(x, q Variable, axis int, method QuantileMethod) Variable {
	return quantile("nanquantile", x, q, axis, method, numbersIn)
}

// quantile computes quantiles of the number of elements that count says; of none they are NaN.
func quantile(op string, x, q Variable, axis int, method QuantileMethod, count func(row []float64) int) Variable {
	needElements(op, x, axis, 1)
	in, qn := x.check(op), q.check(op)
	if len(qn.Shape) > 1 {
		panic(&ShapeError{op, shapesOf(qn), "expected probabilities as a scalar or a vector"})
	}
	if method > QuantileMidpoint {
		panic(&ValueError{op, fmt.Sprintf("there is no method %d", method)})
	}
	probabilities := q.Floats()
	for _, p := range probabilities {
		if !(p >= 0 && p <= 1) {
			panic(&ValueError{op, fmt.Sprintf("the probability %g is outside [0, 1]", p)})
		}
	}
	axis = resolveAxis(op, axis, len(in.Shape))
	rest := append(append([]int{}, in.Shape[:axis]...), in.Shape[axis+1:]...)
	rows := x.MoveDim(axis, -1).Reshape(sizeOf(rest), in.Shape[axis])
	// For each probability and row: the elements below and above, their distance from the
	// position, and the factor of q in it.
	size := len(probabilities) * rows.Dim(0)
	below, above := make([]int, 0, size), make([]int, 0, size)
	start, factor := make([]float64, 0, size), make([]float64, 0, size)
	for _, p := range probabilities {
		for r := range rows.Dim(0) {
			row := make([]float64, in.Shape[axis])
			for k := range row {
				row[k] = rows.n.Array.At(r*len(row) + k)
			}
			all, n := ordered(row, false), count(row)
			position := p * float64(n-1)
			if n == 0 { // the last is NaN
				n = len(row)
				position = float64(n - 1)
			}
			low, high := method.around(position)
			below, above = append(below, r*len(row)+all[low]), append(above, r*len(row)+all[high])
			start, factor = append(start, float64(low)), append(factor, float64(n-1))
		}
	}
	shape := append(append([]int{}, qn.Shape...), rest...)
	flat := rows.Reshape(-1)
	pickOf := func(index []int) Variable { return gatherRows(flat, index).Reshape(len(probabilities), -1) }
	low := pickOf(below)
	switch method {
	case QuantileLinear:
		weight := q.Reshape(-1, 1).Mul(x.numbers(factor, len(probabilities), -1)).Sub(x.numbers(start, len(probabilities), -1))
		high := pickOf(above)
		same := make([]float64, size)
		for i := range same {
			same[i] = number(below[i] == above[i])
		}
		// Where the position is that of an element, infinities must not meet themselves.
		mixed := low.Add(weight.Mul(high.Sub(low)))
		return Where(x.numbers(same, len(probabilities), -1), low, mixed).Reshape(shape...)
	case QuantileMidpoint:
		return low.Add(pickOf(above)).MulScalar(0.5).Reshape(shape...)
	}
	return low.Reshape(shape...)
}

// around is the positions of the elements that a quantile at this position is made of.
func (method QuantileMethod) around(position float64) (low, high int) {
	switch method {
	case QuantileLower:
		position = math.Floor(position)
	case QuantileHigher:
		position = math.Ceil(position)
	case QuantileNearest:
		position = math.RoundToEven(position)
	}
	return int(math.Floor(position)), int(math.Ceil(position))
}

// numbers is a constant of x's type, on its tape.
func (x Variable) numbers(values []float64, shape ...int) Variable {
	c := x.full(0, len(values))
	for i, v := range values {
		c.n.Set(i, v)
	}
	return c.Reshape(shape...)
}

// UniqueConsecutive is x, as a vector, without the elements that are equal to the one
// before; with an axis, without the slices along it that are. inverse has for each
// element or slice of x its index in values, counts for each of values how many of x it
// stands for. The gradient goes to the first of equal ones. It panics with
// [*ValueError] for more than one axis.
func (x Variable) UniqueConsecutive(axis ...int) (values Variable, inverse, counts []int) {
	const op = "unique consecutive"
	in := x.check(op)
	along := 0
	switch len(axis) {
	case 0:
		x = x.Reshape(-1)
	case 1:
		along = resolveAxis(op, axis[0], len(in.Shape))
	default:
		panic(&ValueError{op, "expected at most one axis"})
	}
	slices := x.MoveDim(along, 0)
	n := slices.n
	row := 0
	if n.Shape[0] > 0 {
		row = n.Len() / n.Shape[0]
	}
	var first []int
	for i := range n.Shape[0] {
		if i == 0 || !equalRows(&n.Array, i-1, i, row) {
			first, counts = append(first, i), append(counts, 0)
		}
		counts[len(counts)-1]++
		inverse = append(inverse, len(counts)-1)
	}
	return x.IndexSelect(along, first), inverse, counts
}

func equalRows(a *tensor.Array, i, j, size int) bool {
	for k := range size {
		if a.At(i*size+k) != a.At(j*size+k) {
			return false
		}
	}
	return true
}
