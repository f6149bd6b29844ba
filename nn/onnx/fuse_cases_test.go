package onnx

import "github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"

// The files of TestPatterns.

func tensors(list ...*onnxpb.TensorProto) []*onnxpb.TensorProto { return list }

var movementPatterns = []patternTest{
	{name: "shape", pattern: "what is known before the model runs", left: "Relu Sqrt", file: file{inputs: "x float 2 3", outputs: "y float 2 3",
		nodes: lines(nil, `
			s = Shape(x)
			r = Relu(x)
			h = Reshape(r, s)
			y = Sqrt(h)`)}},
	{name: "part of a shape", pattern: "what is known before the model runs", left: "Relu Reshape", file: file{inputs: "x float n 6", outputs: "y float ? 3",
		initializers: tensors(intTensor("last", 1), intTensor("two", 2), intTensor("rest", -1)),
		nodes: lines(nil, `
			s = Shape(x)
			features = Gather(s, last)
			half = Div(features, two)
			shape = Concat(rest, half);axis=0
			r = Relu(x)
			y = Reshape(r, shape)`)}},
	{name: "of any size", pattern: "what is known before the model runs", none: true, file: file{inputs: "x float n 6", outputs: "y float ?",
		initializers: tensors(intTensor("first", 0), intTensor("six", 6)),
		nodes: lines(nil, `
			s = Shape(x)
			rows = Gather(s, first)
			all = Mul(rows, six)
			r = Relu(x)
			y = Reshape(r, all)`)}},

	{name: "all of them", pattern: "a node that changes nothing", left: "Relu Sqrt", config: inference, file: file{inputs: "x float 2 3", outputs: "y float 2 3",
		initializers: tensors(intTensor("none", 0, 0, 0, 0), intTensor("same", 2, -1)),
		nodes: lines(nil, `
			a = Relu(x)
			b = Identity(a)
			c = Dropout(b)
			d = Pad(c, none)
			e = Reshape(d, same)
			f = Transpose(e);perm=[0,1]
			y = Sqrt(f)`)}},
	{name: "dropout that may drop", pattern: "a node that changes nothing", none: true, file: file{inputs: "x float 2 3", outputs: "y float 2 3",
		nodes: lines(nil, `
			a = Relu(x)
			c = Dropout(a)
			y = Sqrt(c)`)}},
	{name: "what does change", pattern: "a node that changes nothing", none: true, left: "Relu Pad Reshape Transpose Sqrt", config: inference, file: file{inputs: "x float 2 3", outputs: "y float ? ?",
		initializers: tensors(intTensor("some", 0, 0, 1, 0), intTensor("other", 3, -1)),
		nodes: lines(nil, `
			a = Relu(x)
			d = Pad(a, some)
			e = Reshape(d, other)
			f = Transpose(e);perm=[1,0]
			y = Sqrt(f)`)}},

	{name: "two", pattern: "reshapes behind each other", left: "Relu Reshape Sqrt", file: file{inputs: "x float n 6", outputs: "y float ? 2 3",
		initializers: tensors(intTensor("flat", -1, 2), intTensor("to", -1, 2, 3)),
		nodes: lines(nil, `
			a = Relu(x)
			b = Reshape(a, flat)
			c = Reshape(b, to)
			y = Sqrt(c)`)}},
	{name: "of an axis of the first", pattern: "reshapes behind each other", none: true, file: file{inputs: "x float n 6", outputs: "y float ? ? ?",
		initializers: tensors(intTensor("flat", -1, 2), intTensor("to", 0, 2, 1)),
		nodes: lines(nil, `
			a = Relu(x)
			b = Reshape(a, flat)
			c = Reshape(b, to)
			y = Sqrt(c)`)}},
	{name: "of what is used elsewhere", pattern: "reshapes behind each other", none: true, file: file{inputs: "x float n 6", outputs: "y float ? ? ?, b float ? ?",
		initializers: tensors(intTensor("flat", -1, 2), intTensor("to", -1, 2, 3)),
		nodes: lines(nil, `
			a = Relu(x)
			b = Reshape(a, flat)
			y = Reshape(b, to)`)}},

	{name: "two", pattern: "transpositions behind each other", left: "Transpose Relu", file: file{inputs: "x float n 2 3 4", outputs: "y float ? ? ? ?",
		nodes: lines(nil, `
			a = Transpose(x);perm=[1,2,3,0]
			b = Transpose(a)
			y = Relu(b)`)}},
	{name: "and back", pattern: "transpositions behind each other", left: "Relu", file: file{inputs: "x float n 2 3", outputs: "y float ? ? ?",
		nodes: lines(nil, `
			a = Transpose(x);perm=[1,2,0]
			b = Transpose(a);perm=[2,0,1]
			y = Relu(b)`)}},
	{name: "of what is used elsewhere", pattern: "transpositions behind each other", none: true, file: file{inputs: "x float n 2 3", outputs: "y float ? ? ?, z float ? ? ?",
		nodes: lines(nil, `
			a = Transpose(x);perm=[1,2,0]
			y = Transpose(a);perm=[2,0,1]
			z = Relu(a)`)}},
}

// image is what convolutions are of in these tests.
const image = "x float n 4 6 5"

var convolutionPatterns = []patternTest{
	{name: "channels", pattern: "convolution and what is added", left: "Conv", file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3), weight("b", 1, 3, 1, 1)), nodes: lines(nil, `
			h = Conv(x, w)
			y = Add(b, h)`)}},
	{name: "another axis", pattern: "convolution and what is added", none: true, left: "Conv Add", file: file{inputs: "x float n 4 5 5", outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3), weight("b", 1, 1, 3, 1)), nodes: lines(nil, `
			h = Conv(x, w)
			y = Add(b, h)`)}},
	{name: "one more axis", pattern: "convolution and what is added", none: true, left: "Conv Add", file: file{inputs: image, outputs: "y float ? ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3), weight("b", 1, 1, 3, 1, 1)), nodes: lines(nil, `
			h = Conv(x, w)
			y = Add(b, h)`)}},

	{name: "relu", pattern: "convolution and max(x, 0)", left: "Conv+Relu", file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 4, 2, 3, 3)), nodes: lines(nil, `
			h = Conv(x, w);pads=[1,0,1,2] group=2
			y = Relu(h)`)}},
	{name: "used twice", pattern: "convolution and max(x, 0)", none: true, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3)), nodes: lines(nil, `
			h = Conv(x, w)
			r = Relu(h)
			y = Add(r, h)`)}},

	{name: "of images", pattern: "convolution and pooling", left: "Conv+Relu+MaxPool", file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3), weight("b", 3)), nodes: lines(nil, `
			h = Conv(x, w, b);pads=[1,1,1,1]
			r = Relu(h)
			y = MaxPool(r);kernel_shape=[2,2] strides=[2,2]`)}},
	{name: "of signals", pattern: "convolution and pooling", left: "Conv+MaxPool", file: file{inputs: "x float n 4 9", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3)), nodes: lines(nil, `
			h = Conv(x, w)
			y = MaxPool(h);kernel_shape=[3] strides=[2] pads=[1,1]`)}},
	{name: "of volumes", pattern: "convolution and pooling", left: "Conv+Relu+MaxPool", file: file{inputs: "x float n 2 4 5 6", outputs: "y float ? ? ? ? ?",
		initializers: tensors(weight("w", 3, 2, 2, 2, 2)), nodes: lines(nil, `
			h = Conv(x, w)
			r = Relu(h)
			y = MaxPool(r);kernel_shape=[2,2,2]`)}},
	{name: "with places", pattern: "convolution and pooling", none: true, file: file{inputs: image, outputs: "y float ? ? ? ?, i int64 ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3)), nodes: lines(nil, `
			h = Conv(x, w)
			y i = MaxPool(h);kernel_shape=[2,2]`)}},
	{name: "rounded up", pattern: "convolution and pooling", none: true, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3)), nodes: lines(nil, `
			h = Conv(x, w)
			y = MaxPool(h);kernel_shape=[2,2] ceil_mode=1 strides=[2,2]`)}},
	{name: "uneven padding", pattern: "convolution and pooling", none: true, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 3, 3)), nodes: lines(nil, `
			h = Conv(x, w)
			y = MaxPool(h);kernel_shape=[2,2] pads=[0,0,1,0]`)}},

	{name: "batch normalization", pattern: "scale and shift of a product", left: "Conv+Relu", config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 6, 2, 3, 3), weight("b", 6), weight("g", 6), weight("h", 6), weight("m", 6), weight("v", 6)), nodes: lines(nil, `
			c = Conv(x, w, b);group=2
			n = BatchNormalization(c, g, h, m, v);epsilon=0.01
			y = Relu(n)`)}},
	{name: "batch normalization of a transposed convolution", pattern: "scale and shift of a product", left: "ConvTranspose", config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 4, 3, 2, 3), weight("g", 6), weight("h", 6), weight("m", 6), weight("v", 6)), nodes: lines(nil, `
			c = ConvTranspose(x, w);group=2 strides=[2,1]
			y = BatchNormalization(c, g, h, m, v)`)}},
	{name: "arithmetic", pattern: "scale and shift of a product", left: "Conv", config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 1, 1), weight("p", 3, 1, 1), weight("q", 1, 3, 1, 1), weight("r", 1)), nodes: lines(map[string]float32{"two": 2}, `
			a = Conv(x, w)
			b = Mul(a, p)
			c = Sub(q, b)
			d = Div(c, two)
			e = Sub(d, r)
			y = Add(p, e)`)}},
	{name: "product with a matrix", pattern: "scale and shift of a product", left: "Linear", config: inference, file: file{inputs: "x float n 2 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3), weight("b", 3)), nodes: lines(map[string]float32{"two": 2}, `
			a = MatMul(x, w)
			b2 = Add(b, a)
			y = Mul(two, b2)`)}},
	{name: "parameters", pattern: "scale and shift of a product", none: true, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 6, 4, 3, 3), weight("g", 6), weight("h", 6), weight("m", 6), weight("v", 6)), nodes: lines(nil, `
			c = Conv(x, w)
			y = BatchNormalization(c, g, h, m, v)`)}},
	{name: "running statistics that move", pattern: "scale and shift of a product", none: true, config: Config{Trainable: func(string) bool { return false }},
		file: file{inputs: image, outputs: "y float ? ? ? ?",
			initializers: tensors(weight("w", 6, 4, 3, 3), weight("g", 6), weight("h", 6), weight("m", 6), weight("v", 6)), nodes: lines(nil, `
			c = Conv(x, w)
			y = BatchNormalization(c, g, h, m, v)`)}},
	{name: "divided by a convolution", pattern: "scale and shift of a product", none: true, config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 3, 4, 1, 1)), nodes: lines(map[string]float32{"two": 2}, `
			a = Conv(x, w)
			r = Exp(a)
			y = Div(two, r)`)}},
	{name: "a number for each row", pattern: "scale and shift of a product", none: true, config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 4, 4, 3, 3), weight("p", 4, 1)), nodes: lines(nil, `
			a = Conv(x, w)
			y = Mul(a, p)`)}},
	{name: "by an input", pattern: "scale and shift of a product", none: true, config: inference, file: file{inputs: image + ", s float 1", outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 4, 4, 3, 3)), nodes: lines(nil, `
			a = Conv(x, w)
			y = Mul(a, s)`)}},
	{name: "of an activation", pattern: "scale and shift", left: "Relu ScaleShift", config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("a", 1), weight("b", 4, 1, 1)), nodes: lines(nil, `
			r = Relu(x)
			s = Mul(a, r)
			y = Add(s, b)`)}},
	{name: "parameters", pattern: "scale and shift", none: true, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("a", 4, 1, 1), weight("b", 4, 1, 1)), nodes: lines(nil, `
			r = Relu(x)
			s = Mul(a, r)
			y = Add(s, b)`)}},
	{name: "another axis", pattern: "scale and shift", none: true, config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("a", 1), weight("b", 6, 1)), nodes: lines(nil, `
			r = Relu(x)
			s = Mul(a, r)
			y = Add(s, b)`)}},
	{name: "used twice", pattern: "scale and shift", none: true, config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("a", 1), weight("b", 1)), nodes: lines(nil, `
			r = Relu(x)
			s = Mul(a, r)
			t = Add(s, b)
			y = Add(s, t)`)}},

	{name: "one by one", pattern: "convolution of what is scaled and shifted", left: "Relu Conv", config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("a", 1), weight("b", 4, 1, 1), weight("w", 6, 2, 1, 1), weight("c", 6)), nodes: lines(nil, `
			r = Relu(x)
			s = Mul(a, r)
			t = Add(s, b)
			y = Conv(t, w, c);group=2 strides=[2,1]`)}},
	{name: "padded", pattern: "convolution of what is scaled and shifted", none: true, config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("a", 1), weight("b", 4, 1, 1), weight("w", 3, 4, 1, 1)), nodes: lines(nil, `
			r = Relu(x)
			s = Mul(a, r)
			t = Add(s, b)
			y = Conv(t, w);pads=[1,0,1,0]`)}},
	{name: "a larger kernel", pattern: "convolution of what is scaled and shifted", none: true, config: inference, file: file{inputs: image, outputs: "y float ? ? ? ?",
		initializers: tensors(weight("a", 1), weight("b", 4, 1, 1), weight("w", 3, 4, 2, 1)), nodes: lines(nil, `
			r = Relu(x)
			s = Mul(a, r)
			t = Add(s, b)
			y = Conv(t, w)`)}},
}

var productPatterns = []patternTest{
	{name: "MatMul", pattern: "product with a matrix", left: "Linear", config: inference, file: file{inputs: "x float n 2 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3)), nodes: lines(nil, `y = MatMul(x, w)`)}},
	{name: "Gemm", pattern: "product with a matrix", left: "Linear", config: inference, file: file{inputs: "x float n 4", outputs: "y float ? ?",
		initializers: tensors(weight("w", 4, 3), weight("b", 1, 3)), nodes: lines(nil, `y = Gemm(x, w, b);alpha=0.5 beta=2.0`)}},
	{name: "Gemm of one number", pattern: "product with a matrix", left: "Linear", config: inference, file: file{inputs: "x float n 4", outputs: "y float ? ?",
		initializers: tensors(weight("w", 3, 4), weight("b", 1)), nodes: lines(nil, `y = Gemm(x, w, b);alpha=0.5 transB=1`)}},
	{name: "Gemm of parameters", pattern: "product with a matrix", left: "Linear", file: file{inputs: "x float n 4", outputs: "y float ? ?",
		initializers: tensors(weight("w", 3, 4), weight("b", 3)), nodes: lines(nil, `y = Gemm(x, w, b);transB=1`)}},
	{name: "MatMul of parameters", pattern: "product with a matrix", left: "Linear", file: file{inputs: "x float n 2 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3)), nodes: lines(nil, `y = MatMul(x, w)`)}},
	{name: "Gemm of parameters the other way round", pattern: "product with a matrix", none: true, left: "Gemm", file: file{inputs: "x float n 4", outputs: "y float ? ?",
		initializers: tensors(weight("w", 4, 3)), nodes: lines(nil, `y = Gemm(x, w)`)}},
	{name: "the second factor", pattern: "product with a matrix", none: true, file: file{inputs: "x float 4 5", outputs: "y float ? ?",
		initializers: tensors(weight("w", 3, 4)), nodes: lines(nil, `y = MatMul(w, x)`)}},
	{name: "a number for each row", pattern: "product with a matrix", none: true, config: inference, file: file{inputs: "x float 3 4", outputs: "y float ? ?",
		initializers: tensors(weight("w", 4, 3), weight("b", 3, 1)), nodes: lines(nil, `y = Gemm(x, w, b)`)}},
	{name: "the first transposed", pattern: "product with a matrix", none: true, config: inference, file: file{inputs: "x float 4 3", outputs: "y float ? ?",
		initializers: tensors(weight("w", 4, 3)), nodes: lines(nil, `y = Gemm(x, w);transA=1`)}},
	{name: "many matrices", pattern: "product with a matrix", none: true, config: inference, file: file{inputs: "x float 2 5 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 2, 4, 3)), nodes: lines(nil, `y = MatMul(x, w)`)}},

	{name: "parameters", pattern: "product with a matrix and what is added", left: "Linear", file: file{inputs: "x float n 2 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3), weight("b", 3)), nodes: lines(nil, `
			h = MatMul(x, w)
			y = Add(b, h)`)}},
	{name: "of Gemm", pattern: "product with a matrix and what is added", left: "Linear", file: file{inputs: "x float n 4", outputs: "y float ? ?",
		initializers: tensors(weight("w", 3, 4), weight("b", 3)), nodes: lines(nil, `
			h = Gemm(x, w);transB=1
			y = Add(h, b)`)}},
	{name: "a number for each row", pattern: "product with a matrix and what is added", none: true, left: "Linear Add", file: file{inputs: "x float n 2 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3), weight("b", 2, 1)), nodes: lines(nil, `
			h = MatMul(x, w)
			y = Add(b, h)`)}},
	{name: "used twice", pattern: "product with a matrix and what is added", none: true, left: "Linear Add Mul", file: file{inputs: "x float n 2 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3), weight("b", 3)), nodes: lines(nil, `
			h = MatMul(x, w)
			a = Add(b, h)
			y = Mul(a, h)`)}},

	{name: "rows", pattern: "product of rows in another shape", left: "Linear", file: file{inputs: "x float n 5 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 3, 4), weight("b", 3), intTensor("rows", -1, 4), intTensor("back", -1, 5, 3)), nodes: lines(nil, `
			r = Reshape(x, rows)
			h = Gemm(r, w, b);transB=1
			y = Reshape(h, back)`)}},
	{name: "rows times parameters", pattern: "product of rows in another shape", left: "Linear", file: file{inputs: "x float n 5 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3), intTensor("rows", -1, 4), intTensor("back", -1, 5, 3)), nodes: lines(nil, `
			r = Reshape(x, rows)
			h = MatMul(r, w)
			y = Reshape(h, back)`)}},
	{name: "apart otherwise", pattern: "product of rows in another shape", none: true, file: file{inputs: "x float n 6 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 3, 4), weight("b", 3), intTensor("rows", -1, 4), intTensor("back", -1, 2, 3)), nodes: lines(nil, `
			r = Reshape(x, rows)
			h = Gemm(r, w, b);transB=1
			y = Reshape(h, back)`)}},
	{name: "other rows", pattern: "product of rows in another shape", none: true, file: file{inputs: "x float n 4 2", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 2, 4), weight("b", 2), intTensor("rows", -1, 4), intTensor("back", -1, 2, 2)), nodes: lines(nil, `
			r = Reshape(x, rows)
			h = Gemm(r, w, b);transB=1
			y = Reshape(h, back)`)}},

	{name: "batch and positions", pattern: "product of rows in another order", left: "Linear", config: inference, file: file{inputs: "x float n 5 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3)), nodes: lines(nil, `
			t = Transpose(x);perm=[1,0,2]
			h = MatMul(t, w)
			y = Transpose(h);perm=[1,0,2]`)}},
	{name: "times parameters", pattern: "product of rows in another order", left: "Linear", file: file{inputs: "x float n 5 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4, 3), weight("b", 3)), nodes: lines(nil, `
			t = Transpose(x);perm=[1,0,2]
			h = MatMul(t, w)
			a = Add(h, b)
			y = Transpose(a);perm=[1,0,2]`)}},
	{name: "not back", pattern: "product of rows in another order", none: true, config: inference, file: file{inputs: "x float n 5 2 4", outputs: "y float ? ? ? ?",
		initializers: tensors(weight("w", 4, 3)), nodes: lines(nil, `
			t = Transpose(x);perm=[1,2,0,3]
			h = MatMul(t, w)
			y = Transpose(h);perm=[1,2,0,3]`)}},
	{name: "the features", pattern: "product of rows in another order", none: true, config: inference, file: file{inputs: "x float n 5 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 5, 5)), nodes: lines(nil, `
			t = Transpose(x);perm=[0,2,1]
			h = MatMul(t, w)
			y = Transpose(h);perm=[0,2,1]`)}},
}
