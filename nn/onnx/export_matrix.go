package onnx

import (
	"math"
	"slices"
	"strings"
)

// Reductions and products of matrices.

var exportReductions = exportRows{
	"sum": composed("ReduceSum", func(e *exporter, i int) string {
		axes := e.theInts(i, "axes")
		if len(axes) == 0 {
			return e.in(i, 0)
		}
		return e.emit("ReduceSum", []string{e.in(i, 0), e.ints(axes...)}, attrInt("keepdims", truthInt(the[bool](e, i, "keep"))))
	}),
	"mean":      reduction("ReduceMean"),
	"prod":      reduction("ReduceProd"),
	"max":       reduction("ReduceMax"),
	"min":       reduction("ReduceMin"),
	"logsumexp": reduction("ReduceLogSumExp"),
	"norm":      reduction("ReduceL2, Abs"),
	"sum to":    without("it is part of gradients only"),
	"cumsum": composed("CumSum", func(e *exporter, i int) string {
		axis := e.intArray([]int{}, []int{the[int](e, i, "axis")})
		return e.emit("CumSum", []string{e.in(i, 0), axis}, attrInt("reverse", truthInt(the[bool](e, i, "reverse"))))
	}),
	"topk": composed("TopK, Gather", exportTopK),
}

// reduction is a row for a reduction whose axes are an attribute. onnx names the operator, and what it is of a
// scalar, unless that is the scalar.
func reduction(onnx string) exportRow {
	op, ofScalar, _ := strings.Cut(onnx, ", ")
	return composed(onnx, func(e *exporter, i int) string {
		axes := e.theInts(i, "axes")
		switch {
		case len(axes) == 0 && ofScalar != "":
			return e.op1(ofScalar, e.in(i, 0))
		case len(axes) == 0:
			return e.in(i, 0)
		}
		return e.emit(op, e.ins(i), attrInts("axes", axes), attrInt("keepdims", truthInt(the[bool](e, i, "keep"))))
	})
}

func truthInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// exportTopK picks by size. Of the k first, "last" takes the last one alone.
func exportTopK(e *exporter, i int) string {
	axis, k := the[int](e, i, "axis"), e.size(e.sizesOf(i, "k"))
	largest := truthInt(!the[bool](e, i, "least"))
	y := e.emitSeveral("TopK", []string{e.in(i, 0), k}, 2, attrInt("axis", axis), attrInt("largest", largest), attrInt("sorted", 1))[0]
	if !the[bool](e, i, "last") {
		return y
	}
	y = e.emit("Gather", []string{y, e.intArray([]int{}, []int{-1})}, attrInt("axis", axis))
	if e.rank(i) == e.rank(e.node(i).in[0]) {
		return e.emit("Unsqueeze", []string{y, e.ints(axis)})
	}
	return y
}

const (
	noDecomposition = "ONNX has no decompositions of matrices"
	gradientOnly    = "it is part of gradients only"
)

var exportMatrices = exportRows{
	"matmul": composed("Transpose, MatMul", func(e *exporter, i int) string {
		a, b := e.in(i, 0), e.in(i, 1)
		if the[bool](e, i, "transpose a") {
			a = e.transposed(a, e.rank(e.node(i).in[0]))
		}
		if the[bool](e, i, "transpose b") {
			b = e.transposed(b, e.rank(e.node(i).in[1]))
		}
		return e.op2("MatMul", a, b)
	}),
	"linear": composed("Gemm, Transpose, MatMul, Add", func(e *exporter, i int) string {
		if e.rank(i) == 2 {
			return e.emit("Gemm", e.ins(i), attrInt("transB", 1))
		}
		y := e.op2("MatMul", e.in(i, 0), e.transposed(e.in(i, 1), 2))
		if len(e.node(i).in) == 3 {
			y = e.add(y, e.in(i, 2))
		}
		return y
	}),
	"det":       as("Det"),
	"logabsdet": of1("Det, Abs, Log", func(e *exporter, i int, x string) string { return e.op1("Log", e.op1("Abs", e.op1("Det", x))) }),
	"signdet":   of1("Det, Sign", func(e *exporter, i int, x string) string { return e.op1("Sign", e.op1("Det", x)) }),
	"triangle": composed("Trilu", func(e *exporter, i int) string {
		diagonal := e.intArray([]int{}, []int{the[int](e, i, "diagonal")})
		return e.emit("Trilu", []string{e.in(i, 0), diagonal}, attrInt("upper", truthInt(!the[bool](e, i, "lower"))))
	}),
	"fft": composed("DFT, Mul", exportFFT),
	"inv": without("ONNX has no inverse of matrices"), "solve": without(noDecomposition), "solve triangular": without(noDecomposition),
	"cholesky": without(noDecomposition), "qr": without(noDecomposition), "eigh": without(noDecomposition), "svd": without(noDecomposition),
	"pinv": without(noDecomposition), "matrix exp": without("ONNX has no exponential of matrices"),
	"cofactors": without(gradientOnly), "cofactor tangent": without(gradientOnly),
}

// transposed is x with its last two axes exchanged.
func (e *exporter) transposed(x string, rank int) string {
	perm := make([]int, rank)
	for k := range perm {
		perm[k] = k
	}
	perm[rank-1], perm[rank-2] = rank-2, rank-1
	return e.emit("Transpose", []string{x}, attrInts("perm", perm))
}

// exportFFT transforms along the axis before the last, without a factor; DFT divides by the size in the
// inverse. It takes arrays of three axes at least, of which the first is a batch.
func exportFFT(e *exporter, i int) string {
	dims := e.dims(i)
	wide := dims
	for len(wide) < 3 {
		wide = append([]extents{{1}}, wide...)
	}
	x := e.reshaped(e.in(i, 0), dims, wide)
	inverse := the[bool](e, i, "inverse")
	y := e.emit("DFT", []string{x}, attrInt("axis", len(wide)-2), attrInt("inverse", truthInt(inverse)))
	if inverse {
		n := dims[len(dims)-2]
		if !n.constant() {
			e.fail(e.dependence(false, "the length of an inverse transform differs"))
		}
		y = e.mulScalar(i, y, float64(n[0]))
	}
	return e.reshaped(y, wide, dims)
}

// Movements: shapes, pieces and places.

var exportMovements = exportRows{
	"reshape": composed("Reshape", exportReshape),
	"permute": composed("Transpose", func(e *exporter, i int) string {
		return e.emit("Transpose", e.ins(i), attrInts("perm", e.theInts(i, "axes")))
	}),
	"broadcast": composed("Expand", func(e *exporter, i int) string { return e.expanded(e.in(i, 0), e.inDims(i, 0), e.dims(i)) }),
	"index":     composed("Gather", exportIndex),
	"slice":     composed("Slice", exportSlice),
	"embed":     composed("Pad", exportEmbed),
	"pad":       composed("Pad", exportPad),
	"concat": composed("Concat", func(e *exporter, i int) string {
		return e.emit("Concat", e.ins(i), attrInt("axis", the[int](e, i, "axis")))
	}),
}

// exportReshape takes its operand in the form that it has in the file.
func exportReshape(e *exporter, i int) string {
	operand := e.node(i).in[0]
	if y := e.lookedUp(operand, e.dims(i)); y != "" {
		return y
	}
	x := e.name(operand)
	from, ok := e.natural[x]
	if !ok {
		from = e.dims(operand)
	}
	return e.reshaped(x, from, e.dims(i))
}

// expanded is x repeated. Sizes that x has already are 1 in the shape that it is repeated to.
func (e *exporter) expanded(x string, from, to []extents) string {
	if equalDims(from, to) {
		return x
	}
	shape := slices.Clone(to)
	for k := range from {
		at := len(to) - len(from) + k
		if equalDims(from[k:k+1], to[at:at+1]) {
			shape[at] = extents{1}
		}
	}
	return e.emit("Expand", []string{x, e.sizeList(shape)})
}

// exportIndex takes one place of each of the first axes.
func exportIndex(e *exporter, i int) string {
	x := e.in(i, 0)
	dims := e.inDims(i, 0)
	count := len(dims) - e.rank(i)
	offsets := e.sizesOf(i, "offset")
	places := make([]extents, count) // of each axis, in each trace
	for t, offset := range offsets {
		rest := 1
		for _, d := range dims[count:] {
			rest *= d[t]
		}
		flat := offset / max(rest, 1)
		for axis := count - 1; axis >= 0; axis-- {
			places[axis] = append(places[axis], flat%dims[axis][t])
			flat /= dims[axis][t]
		}
	}
	for axis, place := range places {
		x = e.emit("Gather", []string{x, e.place(place, dims[axis])}, attrInt("axis", 0))
	}
	return x
}

// place is a place along an axis of the given size: from the front, or from the end.
func (e *exporter) place(place, size extents) string {
	fromEnd := make(extents, len(place))
	for t := range place {
		fromEnd[t] = place[t] - size[t]
	}
	switch {
	case place.constant():
		return e.intArray([]int{}, []int{place[0]})
	case fromEnd.constant():
		return e.intArray([]int{}, []int{fromEnd[0]})
	}
	return e.emit("Squeeze", []string{e.size(place), e.ints(0)})
}

// exportSlice takes what lies at start, start+step, … along an axis.
func exportSlice(e *exporter, i int) string {
	operand := e.node(i).in[0]
	axis, step := the[int](e, i, "axis"), the[int](e, i, "step")
	start, count, size := e.sizesOf(i, "start"), e.dims(i)[axis], e.dims(operand)[axis]
	if y := e.resultPart(operand, start, count); y != "" {
		return y
	}
	if step == 1 && slices.Equal(count, size) {
		return e.in(i, 0)
	}
	bound := func(at func(t int) int) extents {
		front, back := make(extents, len(size)), make(extents, len(size))
		for t := range size {
			front[t], back[t] = at(t), at(t)-size[t]
		}
		if !front.constant() && back.constant() && back[0] < 0 {
			return back
		}
		return front
	}
	from := bound(func(t int) int { return start[t] })
	to := bound(func(t int) int { return start[t] + step*count[t] })
	switch {
	case step > 0 && atEnd(start, count, size, step):
		to = extents{maxIndex}
	case step < 0 && beforeStart(start, count, step):
		to = extents{-maxIndex}
	}
	return e.emit("Slice", []string{e.in(i, 0), e.sizeList([]extents{from}), e.sizeList([]extents{to}), e.ints(axis), e.ints(step)})
}

// maxIndex stands for the end of any axis, and −maxIndex for before its start.
const maxIndex = math.MaxInt

// atEnd reports whether there is nothing after what is taken.
func atEnd(start, count, size extents, step int) bool {
	for t := range size {
		if start[t]+step*count[t] < size[t] {
			return false
		}
	}
	return true
}

// beforeStart reports whether there is nothing before what is taken downwards.
func beforeStart(start, count extents, step int) bool {
	for t := range start {
		if start[t]+step*count[t] >= 0 {
			return false
		}
	}
	return true
}

// exportEmbed puts zeros around its operand, and between its elements.
func exportEmbed(e *exporter, i int) string {
	axis, step := the[int](e, i, "axis"), the[int](e, i, "step")
	if step != 1 {
		e.fail("elements that are put apart have no counterpart in ONNX")
	}
	before, count, size := e.sizesOf(i, "start"), e.inDims(i, 0)[axis], e.dims(i)[axis]
	after := make(extents, len(size))
	for t := range size {
		after[t] = size[t] - count[t] - before[t]
	}
	pads := make([]extents, 2*e.rank(i))
	for k := range pads {
		pads[k] = extents{0}
	}
	pads[axis], pads[axis+e.rank(i)] = before, after
	return e.emit("Pad", []string{e.in(i, 0), e.sizeList(pads)})
}

// exportPad puts elements around its operand; how many is a matter of the sizes too.
func exportPad(e *exporter, i int) string {
	widths := make([]extents, 0, 2*e.rank(i))
	for _, name := range []string{"before", "after"} {
		lists := e.intLists(i, name)
		for axis := range e.rank(i) {
			var w extents
			for _, list := range lists {
				w = append(w, list[axis])
			}
			widths = append(widths, w)
		}
	}
	mode := map[string]string{"constant": "constant", "reflection": "reflect", "replication": "edge"}[the[string](e, i, "mode")]
	in := []string{e.in(i, 0), e.sizeList(widths)}
	if mode == "constant" {
		in = append(in, e.scalar(i, the[float64](e, i, "value")))
	}
	return e.emit("Pad", in, attrString("mode", mode))
}

// Picking and placing by indices.

var exportIndices = exportRows{
	"gather rows": composed("Gather", exportGatherRows),
	"sparse rows": composed("Gather", exportGatherRows),
	"gather": composed("GatherElements, Reshape", func(e *exporter, i int) string {
		index := e.indexArray(i, e.dims(i))
		return e.emit("GatherElements", []string{e.in(i, 0), index}, attrInt("axis", the[int](e, i, "axis")))
	}),
	"scatter rows": composed("Expand, Unsqueeze, ScatterND", func(e *exporter, i int) string {
		index, _, _ := e.tokens(e.intLists(i, "index"), "the indices")
		zeros := e.emit("Expand", []string{e.scalar(i, 0), e.sizeList(e.dims(i))})
		return e.emit("ScatterND", []string{zeros, e.emit("Unsqueeze", []string{index, e.ints(1)}), e.in(i, 0)}, attrString("reduction", "add"))
	}),
	"scatter": composed("Expand, ScatterElements, Reshape", func(e *exporter, i int) string {
		index := e.indexArray(i, e.inDims(i, 0))
		zeros := e.emit("Expand", []string{e.scalar(i, 0), e.sizeList(e.dims(i))})
		return e.emit("ScatterElements", []string{zeros, index, e.in(i, 0)}, attrInt("axis", the[int](e, i, "axis")), attrString("reduction", "add"))
	}),
}

// indexArray is the indices of node i in the shape of dims.
func (e *exporter) indexArray(i int, dims []extents) string {
	index, _, _ := e.tokens(e.intLists(i, "index"), "the indices")
	return e.reshaped(index, []extents{e.product(dims)}, dims)
}

func exportGatherRows(e *exporter, i int) string {
	index, _, _ := e.tokens(e.intLists(i, "index"), "the indices")
	return e.emit("Gather", []string{e.in(i, 0), index}, attrInt("axis", 0))
}

// lookedUp is rows that node i gathers by the tokens of an input, where to is their dims in the shape
// of the tokens; "" for anything else.
func (e *exporter) lookedUp(i int, to []extents) string {
	n := e.node(i)
	if n.Op != "gather rows" && n.Op != "sparse rows" || e.written[i] != "" {
		return ""
	}
	e.current = append(e.current, i)
	defer func() { e.current = e.current[:len(e.current)-1] }()
	_, whole, shape := e.tokens(e.intLists(i, "index"), "the indices")
	if whole == "" || !equalDims(slices.Concat(shape, e.dims(i)[1:]), to) {
		return ""
	}
	return e.emit("Gather", []string{e.in(i, 0), whole}, attrInt("axis", 0))
}
