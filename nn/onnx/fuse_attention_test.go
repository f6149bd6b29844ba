package onnx

import "strings"

// attentionTest is attention of 2 heads of 3 features, of 5 positions.
func attentionTest(name, left, inputs, text string) patternTest {
	return patternTest{name: name, pattern: "attention", left: left, none: left == "", config: inference, file: file{inputs: inputs, outputs: "y",
		initializers: tensors(weight("wq", 6, 6), weight("wk", 6, 6), weight("wv", 6, 6), weight("wqkv", 6, 18), weight("bqkv", 18),
			intTensor("split", 0, 0, 2, 3), intTensor("join", 0, 0, 6), intTensor("kept", 0, 0, 0, 3, 1), intTensor("swapped", 0, 0, 3, 2), intTensor("three", 0, 0, 3, 6), intTensor("merged", 5, -1, 3), intTensor("apart", 5, -1, 6),
			intTensor("i0", 0), intTensor("i6", 6), intTensor("i12", 12), intTensor("i18", 18), intTensor("last", -1), intTensor("sixes", 6, 6, 6)),
		nodes: lines(map[string]float32{"root": 1.7320508, "overroot": 0.57735026, "two": 2}, `
			first = Constant();value_int=0
			second = Constant();value_int=1
			third = Constant();value_int=2
			`+text)}}
}

// Heads brought to the front, from features side by side.
const headsOfThree = `
	q = MatMul(x, wq)
	k = MatMul(x, wk)
	v = MatMul(x, wv)
	q4 = Reshape(q, split)
	k4 = Reshape(k, split)
	v4 = Reshape(v, split)
	qh = Transpose(q4);perm=[0,2,1,3]
	kt = Transpose(k4);perm=[0,2,3,1]
	vh = Transpose(v4);perm=[0,2,1,3]
	s = MatMul(qh, kt)
`

const headsBack = `
	z = MatMul(p, vh)
	z4 = Transpose(z);perm=[0,2,1,3]
	y = Reshape(z4, join)`

var attentionPatterns = []patternTest{
	attentionTest("of three products", "Linear Linear Linear Attention", "x float n 5 6", headsOfThree+`
		sc = Div(s, root)
		p = Softmax(sc);axis=-1`+headsBack),
	attentionTest("with a mask", "Linear Linear Linear Attention", "x float n 5 6, mask float n 1 1 5", headsOfThree+`
		sc = Mul(overroot, s)
		sm = Add(sc, mask)
		p = Softmax(sm);axis=3`+headsBack),
	attentionTest("with a mask of positions, not scaled", "Linear Linear Linear Attention", "x float n 5 6, mask float 5 5", headsOfThree+`
		sm = Add(mask, s)
		p = Softmax(sm)`+headsBack),
	attentionTest("queries and keys scaled", "Linear Linear Linear Attention", "x float n 5 6", strings.Replace(headsOfThree, "s = MatMul(qh, kt)", `
		qs = Mul(qh, overroot)
		ks = Mul(kt, two)
		s = MatMul(qs, ks)`, 1)+`
		p = Softmax(s)`+headsBack),
	attentionTest("of one product, with Split", "Linear Attention", "x float n 5 6", `
		qkv = MatMul(x, wqkv)
		q k v = Split(qkv, sixes);axis=-1`+headsOfThree[strings.Index(headsOfThree, "\n\tq4"):]+`
		sc = Div(s, root)
		p = Softmax(sc)`+headsBack),
	attentionTest("of one product, with Slice", "Linear Attention", "x float n 5 6", `
		qk = MatMul(x, wqkv)
		qkv = Add(qk, bqkv)
		q = Slice(qkv, i0, i6, last)
		k = Slice(qkv, i6, i12, last)
		v = Slice(qkv, i12, i18, last)`+headsOfThree[strings.Index(headsOfThree, "\n\tq4"):]+`
		sc = Div(s, root)
		p = Softmax(sc)`+headsBack),
	attentionTest("of one product, with Gather", "Linear Attention", "x float n 5 6", `
		qkv = MatMul(x, wqkv)
		parts = Reshape(qkv, three)
		q = Gather(parts, first);axis=2
		k = Gather(parts, second);axis=2
		v = Gather(parts, third);axis=2`+headsOfThree[strings.Index(headsOfThree, "\n\tq4"):]+`
		sc = Div(s, root)
		p = Softmax(sc)`+headsBack),
	attentionTest("positions first", "Linear Transpose Attention Transpose", "x float 5 n 6", `
		qkv = MatMul(x, wqkv)
		q k v = Split(qkv, sixes);axis=-1
		q3 = Reshape(q, merged)
		k3 = Reshape(k, merged)
		v3 = Reshape(v, merged)
		qh = Transpose(q3);perm=[1,0,2]
		kt = Transpose(k3);perm=[1,2,0]
		vh = Transpose(v3);perm=[1,0,2]
		s = MatMul(qh, kt)
		sc = Div(s, root)
		p = Softmax(sc)
		z = MatMul(p, vh)
		z3 = Transpose(z);perm=[1,0,2]
		y = Reshape(z3, apart)`),
	attentionTest("as it is", "Attention", "x float n 5 6, k float n 4 6, v float n 4 7, mask float 5 4", `
		kt = Transpose(k);perm=[0,2,1]
		s = MatMul(x, kt)
		sc = Div(s, root)
		sm = Add(sc, mask)
		p = Softmax(sm)
		y = MatMul(p, v)`),
	attentionTest("keys moved more", "Transpose Attention", "x float n 2 5 3, k float n 4 2 3, v float n 2 4 3", `
		kt = Transpose(k);perm=[0,2,3,1]
		s = MatMul(x, kt)
		p = Softmax(s)
		y = MatMul(p, v)`),

	attentionTest("another axis", "", "x float n 5 6", headsOfThree+`
		p = Softmax(s);axis=2`+headsBack),
	attentionTest("weights used twice", "", "x float n 5 6", headsOfThree+`
		p = Softmax(s)
		z = MatMul(p, vh)
		u = MatMul(p, z)
		y4 = Transpose(u);perm=[0,2,1,3]
		y = Reshape(y4, join)`),
	attentionTest("scores used twice", "", "x float n 5 6", headsOfThree+`
		e = Softmax(s)
		p = Mul(e, s)`+headsBack),
	attentionTest("scaled behind the mask", "", "x float n 5 6, mask float 5 5", headsOfThree+`
		sm = Add(s, mask)
		sc = Div(sm, root)
		p = Softmax(sc)`+headsBack),
	attentionTest("scaled by an input", "", "x float n 5 6, mask float 5 5", headsOfThree+`
		sm = Mul(s, mask)
		p = Softmax(sm)`+headsBack),
	attentionTest("a mask that makes more", "", "x float 1 5 6, mask float 4 1 5 5", headsOfThree+`
		sm = Add(s, mask)
		p = Softmax(sm)`+headsBack),
	attentionTest("keys that are not transposed", "", "x float n 6 6, k float n 6 6", `
		s = MatMul(x, k)
		p = Softmax(s)
		y = MatMul(p, k)`),
	attentionTest("of rows before operator set 13", "", "x float n 5 6, k float n 4 6, v float n 4 7", `
		kt = Transpose(k);perm=[0,2,1]
		s = MatMul(x, kt)
		p = Softmax(s);axis=1
		y = MatMul(p, v)`),

	// What the heads see comes back in another order: only the products are one.
	attentionTest("heads and features the other way round", "Linear Linear Linear Reshape Reshape Reshape Transpose Transpose Transpose Attention Transpose Reshape", "x float n 5 6", headsOfThree+`
		p = Softmax(s)
		z = MatMul(p, vh)
		z4 = Transpose(z);perm=[0,2,3,1]
		y = Reshape(z4, join)`),
	attentionTest("as many axes are kept as there are heads'", "Linear Linear Linear Reshape Reshape Reshape Transpose Transpose Transpose Attention Transpose Reshape", "x float n 5 6", headsOfThree+`
		p = Softmax(s)
		z = MatMul(p, vh)
		z4 = Transpose(z);perm=[0,2,1,3]
		y = Reshape(z4, kept)`),
	attentionTest("values of other heads", "Linear Linear Linear Reshape Reshape Reshape Transpose Transpose Transpose Attention Transpose Reshape", "x float n 5 6", strings.Replace(headsOfThree, "v4 = Reshape(v, split)", `
		v3 = Reshape(v, swapped)
		v4 = Transpose(v3);perm=[0,1,3,2]`, 1)+`
		p = Softmax(s)`+headsBack),
}

// encoderTest is a layer of an encoder, of attend, feed and what ties them.
func encoderTest(name, left, text string) patternTest {
	return patternTest{name: name, pattern: "layer of an encoder", left: left, none: left != "EncoderLayer", config: inference, file: file{inputs: "x float n 5 6", outputs: "y float ? ? ?",
		initializers: tensors(weight("wqkv", 6, 18), weight("bqkv", 18), weight("wo", 6, 6), weight("bo", 6), weight("w1", 6, 8), weight("b1", 8), weight("w2", 8, 6),
			weight("g1", 6), weight("h1", 6), weight("g2", 6), weight("h2", 6),
			intTensor("split", 0, 0, 2, 3), intTensor("join", 0, 0, 6), intTensor("sixes", 6, 6, 6)),
		nodes: lines(map[string]float32{"root": 1.7320508}, text), version: 20}}
}

func attendOf(x string) string {
	return strings.ReplaceAll(`
		pqkv = MatMul(X, wqkv)
		qkv = Add(pqkv, bqkv)
		q k v = Split(qkv, sixes);axis=-1
		q4 = Reshape(q, split)
		k4 = Reshape(k, split)
		v4 = Reshape(v, split)
		qh = Transpose(q4);perm=[0,2,1,3]
		kt = Transpose(k4);perm=[0,2,3,1]
		vh = Transpose(v4);perm=[0,2,1,3]
		s = MatMul(qh, kt)
		sc = Div(s, root)
		p = Softmax(sc)
		z = MatMul(p, vh)
		z4 = Transpose(z);perm=[0,2,1,3]
		heads = Reshape(z4, join)
		po = MatMul(heads, wo)
		attended = Add(po, bo)
`, "X", x)
}

func feedOf(x, activation string) string {
	return strings.NewReplacer("X", x, "ACTIVATION", activation).Replace(`
		pf = MatMul(X, w1)
		f = Add(pf, b1)
		a = ACTIVATION
		fed = MatMul(a, w2)
`)
}

const (
	normFirst  = "n1 = LayerNormalization(x, g1, h1)\n"
	normSecond = "n2 = LayerNormalization(h, g2, h2)\n"
)

var (
	after = attendOf("x") + `
		h0 = Add(x, attended)
		h = LayerNormalization(h0, g1, h1)` + feedOf("h", "Relu(f)") + `
		y0 = Add(fed, h)
		y = LayerNormalization(y0, g2, h2)`
	before = normFirst + attendOf("n1") + "h = Add(attended, x)\n" + normSecond + feedOf("n2", "Gelu(f)") + "y = Add(h, fed)"
)

// meanOfEncoder is a layer whose last normalization gives the mean too.
func meanOfEncoder() patternTest {
	test := encoderTest("the mean is an output", "Linear Attention Linear Add LayerNormalization Linear Relu Linear Add LayerNormalization",
		strings.Replace(after, "y = LayerNormalization", "y mean = LayerNormalization", 1))
	test.outputs = "y float ? ? ?, mean float ? ? ?"
	return test
}

var encoderPatterns = []patternTest{
	encoderTest("normalization after", "EncoderLayer", after),
	encoderTest("normalization after, GELU", "EncoderLayer", strings.Replace(after, "Relu(f)", "Gelu(f)", 1)),
	encoderTest("normalization before", "EncoderLayer", before),
	meanOfEncoder(),
	encoderTest("another epsilon", "Linear Attention Linear Add LayerNormalization Linear Relu Linear Add LayerNormalization",
		strings.Replace(after, "LayerNormalization(h0, g1, h1)", "LayerNormalization(h0, g1, h1);epsilon=0.001", 1)),
	encoderTest("GELU by tanh", "LayerNormalization Linear Attention Linear Add LayerNormalization Linear Gelu Linear Add",
		strings.Replace(before, "Gelu(f)", "Gelu(f);approximate=tanh", 1)),
	encoderTest("another scale", "Linear Attention Linear Add LayerNormalization Linear Relu Linear Add LayerNormalization",
		strings.Replace(after, "sc = Div(s, root)", "sc = Mul(s, root)", 1)),
	encoderTest("another normalization is added to", "LayerNormalization Linear Attention Linear Add LayerNormalization Linear Gelu Linear Add",
		strings.Replace(before, "h = Add(attended, x)", "h = Add(attended, n1)", 1)),
	encoderTest("what is between is used elsewhere", "LayerNormalization Linear Attention Linear Add LayerNormalization Linear Gelu Linear Add Add",
		strings.Replace(before, "y = Add(h, fed)", "y0 = Add(h, fed)\ny = Add(y0, h)", 1)),
	{name: "parameters", pattern: "layer of an encoder", none: true, file: encoderTest("", "", after).file},
}

// recurrentTest is a layer of 3 hidden elements in two directions, over n steps of a batch of 2.
func recurrentTest(name string, none bool, config Config, gates int, text string) patternTest {
	return patternTest{name: name, pattern: "recurrent layer of constants", none: none, config: config, file: file{inputs: "x float n 2 4", outputs: "y, h",
		initializers: tensors(weight("w", 2, gates*3, 4), weight("r", 2, gates*3, 3), weight("b", 2, gates*6)), nodes: lines(nil, text)}}
}

var recurrentPatterns = []patternTest{
	recurrentTest("LSTM", false, inference, 4, "y h = LSTM(x, w, r, b);direction=bidirectional hidden_size=3"),
	recurrentTest("LSTM without bias", false, inference, 4, "y h = LSTM(x, w, r);direction=bidirectional"),
	recurrentTest("GRU", false, inference, 3, "y h = GRU(x, w, r, b);direction=bidirectional linear_before_reset=1"),
	recurrentTest("GRU with another reset", true, inference, 3, "y h = GRU(x, w, r, b);direction=bidirectional"),
	recurrentTest("coupled gates", true, inference, 4, "y h = LSTM(x, w, r, b);direction=bidirectional input_forget=1"),
	recurrentTest("parameters", true, Config{}, 4, "y h = LSTM(x, w, r, b);direction=bidirectional"),
	recurrentTest("one parameter", true, Config{Trainable: func(name string) bool { return name == "b" }}, 4, "y h = LSTM(x, w, r, b);direction=bidirectional"),
}
