package onnx

import "strings"

// Constants of functions.
var constants = map[string]float32{
	"half": 0.5, "one": 1, "two": 2, "three": 3, "six": 6, "zero": 0, "five": 5, "root": 1.4142135, "overroot": 0.70710677,
	"cubic": 0.044715, "pi": 0.7978845608, "eps": 1e-5, "minus": -1,
}

func functionTest(pattern, name, left, text string) patternTest {
	return patternTest{name: name, pattern: pattern, left: left, none: left == "", file: file{inputs: "x float n 3 4", outputs: "y float ? ? ?", nodes: lines(constants, text)}}
}

var functionPatterns = []patternTest{
	functionTest("SiLU", "sigmoid first", "SiLU", `
		s = Sigmoid(x)
		y = Mul(s, x)`),
	functionTest("SiLU", "of something else", "", `
		t = Tanh(x)
		s = Sigmoid(t)
		y = Mul(s, x)`),
	functionTest("SiLU", "used twice", "", `
		s = Sigmoid(x)
		p = Mul(s, x)
		y = Add(p, s)`),

	functionTest("HardSwish", "divided last", "HardSwish", `
		a = Add(x, three)
		c = Clip(a, zero, six)
		m = Mul(x, c)
		y = Div(m, six)`),
	functionTest("HardSwish", "divided first", "HardSwish", `
		a = Add(three, x)
		c = Clip(a, zero, six)
		d = Div(c, six)
		y = Mul(x, d)`),
	functionTest("HardSwish", "HardSigmoid", "HardSwish", `
		s = HardSigmoid(x);alpha=0.16666667
		y = Mul(x, s)`),
	functionTest("HardSwish", "another slope", "", `
		s = HardSigmoid(x)
		y = Mul(x, s)`),
	functionTest("HardSwish", "another bound", "", `
		a = Add(x, three)
		c = Clip(a, zero, five)
		m = Mul(x, c)
		y = Div(m, six)`),
	functionTest("HardSwish", "used twice", "", `
		a = Add(x, three)
		c = Clip(a, zero, six)
		m = Mul(a, c)
		y = Div(m, six)`),

	functionTest("GELU", "PyTorch's order", "Gelu", `
		d = Div(x, root)
		e = Erf(d)
		a = Add(e, one)
		m = Mul(x, a)
		y = Mul(m, half)`),
	functionTest("GELU", "half first", "Gelu", `
		h = Mul(x, half)
		d = Mul(x, overroot)
		e = Erf(d)
		a = Add(one, e)
		y = Mul(h, a)`),
	functionTest("GELU", "half last of the sum", "Gelu", `
		d = Div(x, root)
		e = Erf(d)
		a = Add(e, one)
		h = Mul(a, half)
		y = Mul(h, x)`),
	functionTest("GELU", "divided by two", "Gelu", `
		d = Div(x, root)
		e = Erf(d)
		a = Add(e, one)
		h = Mul(a, x)
		y = Div(h, two)`),
	functionTest("GELU", "another number", "", `
		d = Div(x, two)
		e = Erf(d)
		a = Add(e, one)
		m = Mul(x, a)
		y = Mul(m, half)`),
	functionTest("GELU", "twice of it", "", `
		d = Div(x, root)
		e = Erf(d)
		a = Add(e, one)
		y = Mul(x, a)`),
	functionTest("GELU", "of something else", "", `
		d = Div(x, root)
		e = Erf(d)
		a = Add(e, one)
		t = Tanh(x)
		m = Mul(t, a)
		y = Mul(m, half)`),
	functionTest("GELU", "used twice", "", `
		d = Div(x, root)
		e = Erf(d)
		a = Add(e, one)
		m = Mul(x, a)
		h = Mul(m, half)
		y = Add(h, e)`),
	{name: "larger by a constant", pattern: "GELU", none: true, file: file{inputs: "x float 2 3", outputs: "y float ? ? ?",
		nodes: lines(constants, `
			axes = Constant();value_ints=[0,1]
			wide = Unsqueeze(half, axes)
			wider = Unsqueeze(wide, first)
			d = Div(x, root)
			e = Erf(d)
			a = Add(e, one)
			m = Mul(x, a)
			y = Mul(m, wider)`), initializers: tensors(intTensor("first", 0))}},

	functionTest("GELU by tanh", "powers", "GeluTanh", `
		p = Pow(x, three)
		c = Mul(p, cubic)
		s = Add(x, c)
		r = Mul(s, pi)
		t = Tanh(r)
		a = Add(t, one)
		h = Mul(x, half)
		y = Mul(h, a)`),
	functionTest("GELU by tanh", "products", "GeluTanh", `
		q = Mul(x, x)
		p = Mul(q, x)
		c = Mul(cubic, p)
		s = Add(c, x)
		r = Mul(pi, s)
		t = Tanh(r)
		a = Add(one, t)
		m = Mul(x, a)
		y = Mul(half, m)`),
	functionTest("GELU by tanh", "x in front", "GeluTanh", `
		c = Mul(x, cubic)
		d = Mul(c, x)
		s = Add(one, d)
		u = Mul(x, pi)
		r = Mul(u, s)
		t = Tanh(r)
		a = Add(t, one)
		h = Mul(x, half)
		y = Mul(h, a)`),
	functionTest("GELU by tanh", "another power", "", `
		p = Pow(x, two)
		c = Mul(p, cubic)
		s = Add(x, c)
		r = Mul(s, pi)
		t = Tanh(r)
		a = Add(t, one)
		h = Mul(x, half)
		y = Mul(h, a)`),
	functionTest("GELU by tanh", "another number", "", `
		p = Pow(x, three)
		c = Mul(p, eps)
		s = Add(x, c)
		r = Mul(s, pi)
		t = Tanh(r)
		a = Add(t, one)
		h = Mul(x, half)
		y = Mul(h, a)`),
}

func normalizationTest(name, left, text string) patternTest {
	return patternTest{name: name, pattern: "layer normalization", left: left, none: left == "", file: file{inputs: "x float n 3 4", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4), weight("b", 4), weight("rows", 3, 1)), nodes: lines(constants, text)}}
}

const normalized = `
	m = ReduceMean(x);axes=[-1]
	d = Sub(x, m)
	q = Pow(d, two)
	v = ReduceMean(q);axes=[-1]
	e = Add(v, eps)
	s = Sqrt(e)
	n = Div(d, s)
`

var normalizationPatterns = []patternTest{
	normalizationTest("with scale and shift", "LayerNormalization", normalized+`
		k = Mul(n, w)
		y = Add(b, k)`),
	normalizationTest("with scale", "LayerNormalization", normalized+`
		y = Mul(w, n)`),
	normalizationTest("alone", "LayerNormalization Relu", normalized+`
		y = Relu(n)`),
	normalizationTest("a scale for each row", "LayerNormalization Mul", normalized+`
		y = Mul(n, rows)`),
	normalizationTest("a shift alone", "LayerNormalization", normalized+`
		y = Add(n, b)`),
	normalizationTest("squares by multiplication, one over the root", "LayerNormalization Relu", `
		m = ReduceMean(x);axes=[2]
		d = Sub(x, m)
		q = Mul(d, d)
		v = ReduceMean(q);axes=[2]
		e = Add(eps, v)
		s = Sqrt(e)
		r = Reciprocal(s)
		n = Mul(d, r)
		y = Relu(n)`),
	normalizationTest("another axis", "", strings.Replace(normalized, "axes=[-1]", "axes=[1]", 1)+`
		y = Relu(n)`),
	normalizationTest("another axis of the variance", "", `
		m = ReduceMean(x);axes=[-1]
		d = Sub(x, m)
		q = Pow(d, two)
		v = ReduceMean(q);axes=[1]
		e = Add(v, eps)
		s = Sqrt(e)
		y = Div(d, s)`),
	normalizationTest("another power", "", strings.Replace(normalized, "two", "three", 1)+`
		f = Abs(d)
		g = Sqrt(f)
		y = Relu(g)`),
	normalizationTest("the difference is used elsewhere", "", normalized+`
		y = Add(n, d)`),
	normalizationTest("the root is used elsewhere", "", normalized+`
		y = Add(n, s)`),
	normalizationTest("the variance of something else", "", `
		m = ReduceMean(x);axes=[-1]
		d = Sub(x, m)
		f = Sub(m, x)
		g = Exp(f)
		q = Pow(g, two)
		v = ReduceMean(q);axes=[-1]
		e = Add(v, eps)
		s = Sqrt(e)
		y = Div(d, s)`),
	{name: "shift of another size", pattern: "layer normalization", left: "LayerNormalization Add", file: file{inputs: "x float n 3 1", outputs: "y float ? ? ?",
		initializers: tensors(weight("w", 4)), nodes: lines(constants, normalized+`
		y = Add(n, w)`)}},

	{name: "as PyTorch writes it", pattern: "group normalization", left: "GroupNorm", config: Config{Trainable: func(name string) bool { return len(name) == 1 }}, file: file{inputs: "x float n 6 4 5", outputs: "y float ? ? ? ?",
		initializers: tensors(intTensor("to", 0, 3, -1), floatTensor("ones", []int{3}, 1, 1, 1), floatTensor("zeros", []int{3}, 0, 0, 0), weight("w", 6, 1, 1), weight("b", 6, 1, 1)),
		nodes: lines(nil, `
			r = Reshape(x, to)
			i = InstanceNormalization(r, ones, zeros);epsilon=0.01
			s = Shape(x)
			g = Reshape(i, s)
			k = Mul(g, w)
			y = Add(k, b)`)}},
	{name: "groups that are scaled", pattern: "group normalization", none: true, config: inference, file: file{inputs: "x float n 6 4 5", outputs: "y float ? ? ? ?",
		initializers: tensors(intTensor("to", 0, 3, -1), weight("ones", 3), floatTensor("zeros", []int{3}, 0, 0, 0)), nodes: lines(nil, `
			r = Reshape(x, to)
			i = InstanceNormalization(r, ones, zeros)
			s = Shape(x)
			y = Reshape(i, s)`)}},
	{name: "another shape", pattern: "group normalization", none: true, config: inference, file: file{inputs: "x float n 6 4 5", outputs: "y float ? ? ?",
		initializers: tensors(intTensor("to", 0, 3, -1), intTensor("back", 0, 6, -1), floatTensor("ones", []int{3}, 1, 1, 1), floatTensor("zeros", []int{3}, 0, 0, 0)), nodes: lines(nil, `
			r = Reshape(x, to)
			i = InstanceNormalization(r, ones, zeros)
			y = Reshape(i, back)`)}},
}
