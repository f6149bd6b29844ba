package autograd

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// EncoderWeights are the weights of [EncoderLayer]. Weights of products are [out, in]; each bias
// is [out], or the zero Variable for none.
type EncoderWeights struct {
	In, InBias       Variable // [3·features, features], of queries, keys and values
	Out, OutBias     Variable // [features, features], of what the heads see
	Linear1, Bias1   Variable // [hidden, features]
	Linear2, Bias2   Variable // [features, hidden]
	Norm1, Norm1Bias Variable // [features]; either may be the zero Variable for none
	Norm2, Norm2Bias Variable
}

// EncoderConfig configures [EncoderLayer]. The zero value is one head, normalization behind each
// sum, without a number added to the variance, and ReLU.
type EncoderConfig struct {
	Heads     int     // 0 means one
	Eps       float64 // added to the variance
	NormFirst bool    // normalize what goes into each part, not the sum after it
	Causal    bool    // position i sees positions 0 … i only
	GELU      bool    // x·Φ(x) in place of max(x, 0)
}

// encoderLayerOp is of results that no gradient flows through.
var encoderLayerOp = &op{name: "encoder layer"}

// EncoderLayer is a layer of a transformer's encoder (Vaswani et al. 2017) for sequences x [...,
// length, features], without dropout:
//
//	x ← norm1(x + attention(x)),  y = norm2(x + linear2(activation(linear1(x))))
//
// or, with NormFirst, x ← x + attention(norm1(x)), y = x + linear2(activation(linear1(norm2(x)))).
// On a tape without gradients it is one operation where that is faster, else it is several, which
// round otherwise. It panics with [*ShapeError] if the shapes do not fit, with [*DTypeError] if
// weights are of another type than x, with [*TapeError] if they are on another tape, and with
// [*ValueError] for a negative number of heads.
func EncoderLayer(x Variable, w EncoderWeights, config EncoderConfig) Variable {
	name := encoderLayerOp.name
	in := x.check(name)
	if config.Heads < 0 {
		panic(&ValueError{name, "a negative number of heads"})
	}
	config.Heads = max(1, config.Heads)
	if len(in.Shape) < 2 || in.Shape[len(in.Shape)-1]%config.Heads != 0 {
		panic(&ShapeError{name, shapesOf(in), "expected x [..., length, features], with features that can be divided into the heads"})
	}
	features := in.Shape[len(in.Shape)-1]
	linear1 := w.Linear1.check(name)
	if len(linear1.Shape) != 2 {
		panic(&ShapeError{name, shapesOf(in, linear1), fmt.Sprintf("expected a weight [hidden, %d]", features)})
	}
	hidden := linear1.Shape[0]
	l := tensor.EncoderLayer{
		Length: in.Shape[len(in.Shape)-2], Features: features, Heads: config.Heads, Hidden: hidden,
		Batch: sizeOf(in.Shape[:len(in.Shape)-2]),
		Eps:   config.Eps, NormFirst: config.NormFirst, Causal: config.Causal, GELU: config.GELU,
	}
	var buffer [13]*node
	nodes := append(buffer[:0], in)
	to := [...]*tensor.Array{
		&l.In, &l.InBias, &l.Out, &l.OutBias, &l.Linear1, &l.Bias1, &l.Linear2, &l.Bias2,
		&l.Norm1, &l.Norm1Bias, &l.Norm2, &l.Norm2Bias,
	}
	for i, operand := range [...]struct {
		v          Variable
		rows, cols int // cols is vector for a bias
	}{
		{w.In, 3 * features, features}, {w.InBias, 3 * features, vector}, {w.Out, features, features}, {w.OutBias, features, vector},
		{w.Linear1, hidden, features}, {w.Bias1, hidden, vector}, {w.Linear2, features, hidden}, {w.Bias2, features, vector},
		{w.Norm1, features, vector}, {w.Norm1Bias, features, vector}, {w.Norm2, features, vector}, {w.Norm2Bias, features, vector},
	} {
		if operand.v.n == nil && operand.cols == vector {
			continue
		}
		n := operand.v.check(name)
		encoderLayerOp.same(in, n)
		checkEncoderWeight(in, n, operand.rows, operand.cols)
		nodes = append(nodes, n)
		*to[i] = n.Array
	}
	if t := jointTape(name, nodes); t == nil || t.recording || t.tracing || !l.Worthwhile() {
		return w.compose(x, &config)
	}
	n := encoderLayerOp.result(in.DType, in.Shape, nodes...)
	l.Forward(&n.Array, &in.Array)
	return n.done()
}

// vector is in place of a number of columns where there is one axis.
const vector = -1

// checkEncoderWeight panics unless n is [rows, cols], or [rows] with vector for cols.
func checkEncoderWeight(x, n *node, rows, cols int) {
	expected := []int{rows, cols}
	if cols == vector {
		expected = expected[:1]
	}
	switch {
	case slices.Equal(n.Shape, expected):
	case cols == vector:
		panic(&ShapeError{encoderLayerOp.name, shapesOf(x, n), fmt.Sprintf("expected a bias, or a weight of a normalization, [%d]", rows)})
	default:
		panic(&ShapeError{encoderLayerOp.name, shapesOf(x, n), fmt.Sprintf("expected a weight [%d, %d]", rows, cols)})
	}
}

// compose is the layer made of operations.
func (w *EncoderWeights) compose(x Variable, c *EncoderConfig) Variable {
	add := func(x, norm, bias Variable, part func(x Variable) Variable) Variable {
		if c.NormFirst {
			return x.Add(part(LayerNorm(x, norm, bias, c.Eps)))
		}
		return LayerNorm(x.Add(part(x)), norm, bias, c.Eps)
	}
	x = add(x, w.Norm1, w.Norm1Bias, func(x Variable) Variable {
		y := SelfAttention(Linear(x, w.In, w.InBias), AttentionConfig{Heads: c.Heads, Causal: c.Causal})
		return Linear(y, w.Out, w.OutBias)
	})
	return add(x, w.Norm2, w.Norm2Bias, func(x Variable) Variable {
		y := Linear(x, w.Linear1, w.Bias1)
		if c.GELU {
			y = y.GELU()
		} else {
			y = y.ReLU()
		}
		return Linear(y, w.Linear2, w.Bias2)
	})
}
