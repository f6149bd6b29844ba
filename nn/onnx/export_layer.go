package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// What layers are made of: convolutions, windows, normalizations. Attention is traced as the products and
// the softmax that it is made of.

var exportLayers = exportRows{
	"conv": composed("Conv", func(e *exporter, i int) string { return e.emit("Conv", e.ins(i), e.convAttributes(i)...) }),
	"conv relu": composed("Conv, Relu", func(e *exporter, i int) string {
		return e.op1("Relu", e.emit("Conv", e.ins(i), e.convAttributes(i)...))
	}),
	"conv max pool":  without("is traced as Conv, Relu and MaxPool"),
	"conv transpose": composed("ConvTranspose", exportConvTranspose),
	"conv weights":   without(gradientOnly),
	"unfold":         composed("Conv, Reshape", exportUnfold),
	"fold":           composed("Reshape, ConvTranspose", exportFold),
	"max pool":       composed("MaxPool, Pad, Slice, ReduceMax, Concat, Reshape", exportMaxPool),
	"avg pool":       composed("AveragePool, GlobalAveragePool, Pad, MatMul, Transpose, Mul, Reshape", exportAvgPool), "avg pool backward": without(gradientOnly),

	"layer norm": composed("LayerNormalization", exportLayerNorm),
	"rms norm": composed("Mul, ReduceMean, Add, Sqrt, Div", func(e *exporter, i int) string {
		x := e.in(i, 0)
		mean := e.emit("ReduceMean", []string{e.mul(x, x)}, attrInts("axes", lastAxes(e.rank(i), the[int](e, i, "size"))), attrInt("keepdims", 1))
		y := e.div(x, e.op1("Sqrt", e.addScalar(i, mean, e.eps(i))))
		if the[bool](e, i, "weight") {
			y = e.mul(y, e.in(i, 1))
		}
		return y
	}),
	"batch norm by given statistics": composed("BatchNormalization", exportBatchNorm),
	"batch norm": composed("ReduceMean, Sub, Mul, Add, Sqrt, Div, Reshape", func(e *exporter, i int) string {
		x := e.in(i, 0)
		axes := append([]int{0}, lastAxes(e.rank(i), e.rank(i)-2)...)
		mean := func(x string) string {
			return e.emit("ReduceMean", []string{x}, attrInts("axes", axes), attrInt("keepdims", 1))
		}
		x = e.sub(x, mean(x))
		return e.affine(i, e.div(x, e.op1("Sqrt", e.addScalar(i, mean(e.mul(x, x)), e.eps(i)))))
	}),
	"group norm":  composed("InstanceNormalization, Reshape, Mul, Add", exportGroupNorm),
	"grid sample": composed("GridSample", exportGridSample),
	"resize":      composed("Resize, Unsqueeze, Squeeze", exportResize),
}

func lastAxes(rank, count int) []int {
	var axes []int
	for axis := rank - count; axis < rank; axis++ {
		axes = append(axes, axis)
	}
	return axes
}

// eps is what is added to a variance. Without it equal elements give 0 here and NaN there.
func (e *exporter) eps(i int) float64 {
	eps := the[float64](e, i, "eps")
	if eps == 0 {
		e.fail("a normalization without ε, which gives 0 where all elements are equal, has no counterpart in ONNX")
	}
	return eps
}

// weightAndBias is those of node i, and ones and zeros for what is not there.
func (e *exporter) weightAndBias(i, channels int) (weight, bias string) {
	k := 1
	if the[bool](e, i, "weight") {
		weight = e.in(i, k)
		k++
	} else {
		weight = e.floats(i, []int{channels}, slices.Repeat([]float64{1}, channels)...)
	}
	if the[bool](e, i, "bias") {
		bias = e.in(i, k)
	} else {
		bias = e.floats(i, []int{channels}, make([]float64, channels)...)
	}
	return weight, bias
}

// affine multiplies y [batch, channels, …] by the weight of node i and adds its bias, if there are any.
func (e *exporter) affine(i int, y string) string {
	column := []int{-1}
	for range e.rank(i) - 2 {
		column = append(column, 1)
	}
	wide := func(k int) string { return e.emit("Reshape", []string{e.in(i, k), e.ints(column...)}) }
	k := 1
	if the[bool](e, i, "weight") {
		y = e.mul(y, wide(k))
		k++
	}
	if the[bool](e, i, "bias") {
		y = e.add(y, wide(k))
	}
	return y
}

func exportLayerNorm(e *exporter, i int) string {
	last, n := the[int](e, i, "size"), e.node(i)
	in := []string{e.in(i, 0)}
	if the[bool](e, i, "weight") {
		in = append(in, e.in(i, 1))
	} else {
		dims := e.dims(i)[e.rank(i)-last:]
		if !allConstant(dims) {
			e.fail(e.dependence(false, "the sizes that are normalized over differ"))
		}
		shape := first(dims)
		in = append(in, e.floats(i, shape, slices.Repeat([]float64{1}, product(shape))...))
	}
	if the[bool](e, i, "bias") {
		in = append(in, e.in(i, len(n.in)-1))
	}
	return e.emit("LayerNormalization", in, attrInt("axis", -last), attrFloat("epsilon", e.eps(i)))
}

func exportBatchNorm(e *exporter, i int) string {
	n := e.node(i)
	weight, bias := e.weightAndBias(i, e.channels(i))
	mean, variance := e.in(i, len(n.in)-2), e.in(i, len(n.in)-1)
	return e.emit("BatchNormalization", []string{e.in(i, 0), weight, bias, mean, variance}, attrFloat("epsilon", the[float64](e, i, "eps")))
}

// exportGroupNorm normalizes each group as an instance of one channel.
func exportGroupNorm(e *exporter, i int) string {
	dims, groups := e.dims(i), the[int](e, i, "size")
	x, eps := e.in(i, 0), attrFloat("epsilon", e.eps(i))
	if len(dims) > 2 && dims[1].constant() && groups == dims[1][0] {
		weight, bias := e.weightAndBias(i, groups)
		return e.emit("InstanceNormalization", []string{x, weight, bias}, eps)
	}
	inGroup := make(extents, len(e.traces))
	for t, size := range e.product(dims[1:]) {
		inGroup[t] = size / groups
	}
	parts := []extents{dims[0], {groups}, inGroup}
	ones := e.floats(i, []int{groups}, slices.Repeat([]float64{1}, groups)...)
	zeros := e.floats(i, []int{groups}, make([]float64, groups)...)
	y := e.emit("InstanceNormalization", []string{e.reshaped(x, dims, parts), ones, zeros}, eps)
	return e.affine(i, e.reshaped(y, parts, dims))
}

// convAttributes are those of a convolution.
func (e *exporter) convAttributes(i int) []*onnxpb.AttributeProto {
	padding := e.theInts(i, "padding")
	return []*onnxpb.AttributeProto{
		attrInts("kernel_shape", e.node(e.node(i).in[1]).Shape[2:]), attrInts("strides", e.theInts(i, "stride")),
		attrInts("pads", slices.Concat(padding, padding)), attrInts("dilations", e.theInts(i, "dilation")), attrInt("group", the[int](e, i, "groups")),
	}
}

// exportConvTranspose finds the output padding from the sizes.
func exportConvTranspose(e *exporter, i int) string {
	in, out := e.inDims(i, 0), e.dims(i)
	stride, padding, dilation := e.theInts(i, "stride"), e.theInts(i, "padding"), e.theInts(i, "dilation")
	kernel := e.node(e.node(i).in[1]).Shape[2:]
	var rest []int
	for k := range kernel {
		var more extents
		for t := range e.traces {
			more = append(more, out[k+2][t]-((in[k+2][t]-1)*stride[k]-2*padding[k]+dilation[k]*(kernel[k]-1)+1))
		}
		if !more.constant() {
			e.fail(e.dependence(false, "the padding of the output differs"))
		}
		rest = append(rest, more[0])
	}
	return e.emit("ConvTranspose", e.ins(i), append(e.convAttributes(i), attrInts("output_padding", rest))...)
}

// channels is the number of channels of the operand of node i.
func (e *exporter) channels(i int) int {
	channels := e.inDims(i, 0)[1]
	if !channels.constant() {
		e.fail(e.dependence(false, "the number of channels differs"))
	}
	return channels[0]
}

// windowKernel is the weights [channels·kernel, 1, kernel…] of a convolution by groups of one channel
// that puts each element of a window in a channel of its own.
func (e *exporter) windowKernel(i, channels int, kernel []int) string {
	size := product(kernel)
	values := make([]float64, channels*size*size)
	for c := range channels * size {
		values[c*size+c%size] = 1
	}
	return e.floats(i, []int{channels * size, 1, kernel[0], kernel[1]}, values...)
}

func (e *exporter) windowAttributes(i, groups int) []*onnxpb.AttributeProto {
	padding := e.theInts(i, "padding")
	return []*onnxpb.AttributeProto{
		attrInts("kernel_shape", e.theInts(i, "kernel")), attrInts("strides", e.theInts(i, "stride")),
		attrInts("pads", slices.Concat(padding, padding)), attrInts("dilations", e.theInts(i, "dilation")), attrInt("group", groups),
	}
}

func exportUnfold(e *exporter, i int) string {
	channels := e.channels(i)
	kernel := e.windowKernel(i, channels, e.theInts(i, "kernel"))
	y := e.emit("Conv", []string{e.in(i, 0), kernel}, e.windowAttributes(i, channels)...)
	return e.emit("Reshape", []string{y, e.ints(0, e.node(i).Shape[1], -1)})
}

func exportFold(e *exporter, i int) string {
	out := e.dims(i)
	if !out[1].constant() {
		e.fail(e.dependence(false, "the number of channels differs"))
	}
	channels := out[1][0]
	kernel, stride, padding, dilation := e.theInts(i, "kernel"), e.theInts(i, "stride"), e.theInts(i, "padding"), e.theInts(i, "dilation")
	if !out[2].constant() || !out[3].constant() {
		e.fail(e.dependence(false, "the size of the image differs"))
	}
	windows, rest := make([]extents, 2), make([]int, 2)
	for k := range 2 {
		room := out[k+2][0] + 2*padding[k] - dilation[k]*(kernel[k]-1) - 1
		windows[k], rest[k] = extents{room/stride[k] + 1}, room%stride[k]
	}
	from := e.inDims(i, 0)
	x := e.reshaped(e.in(i, 0), from, []extents{from[0], from[1], windows[0], windows[1]})
	return e.emit("ConvTranspose", []string{x, e.windowKernel(i, channels, kernel)}, append(e.windowAttributes(i, channels), attrInts("output_padding", rest))...)
}

func exportGridSample(e *exporter, i int) string {
	mode := map[string]string{"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}[the[string](e, i, "mode")]
	return e.emit("GridSample", e.ins(i), attrString("mode", mode),
		attrString("padding_mode", the[string](e, i, "padding")), attrInt("align_corners", truthInt(the[bool](e, i, "align corners"))))
}

// exportResize resizes signals as images of one row.
func exportResize(e *exporter, i int) string {
	mode, x := the[string](e, i, "mode"), e.in(i, 0)
	coordinates := "half_pixel"
	switch {
	case mode == "nearest":
		coordinates = "asymmetric"
	case the[bool](e, i, "align corners"):
		coordinates = "align_corners"
	}
	attributes := []*onnxpb.AttributeProto{
		attrString("mode", mode), attrString("coordinate_transformation_mode", coordinates), attrString("nearest_mode", "floor"), attrFloat("cubic_coeff_a", -0.75),
	}
	dims, signal := e.dims(i), e.rank(i) == 3
	if signal {
		x, dims = e.emit("Unsqueeze", []string{x, e.ints(2)}), []extents{dims[0], dims[1], {1}, dims[2]}
	}
	in := []string{x, "", ""}
	if scale := the[float64](e, i, "scale"); scale != 0 {
		scales := slices.Repeat([]float64{scale}, len(dims))
		scales[0], scales[1] = 1, 1
		if signal {
			scales[2] = 1
		}
		in[2] = e.float32s(scales)
	} else {
		in = append(in, e.sizeList(dims))
	}
	y := e.emit("Resize", in, attributes...)
	if signal {
		return e.emit("Squeeze", []string{y, e.ints(2)})
	}
	return y
}
