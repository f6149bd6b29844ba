package nn

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// MultiheadAttentionConfig configures [NewMultiheadAttention]. The zero value is
// attention with biases, of float32, with the batch as first axis.
type MultiheadAttentionConfig struct {
	KeyDim, ValueDim int // features of keys and values; 0 means those of queries

	NoBias        bool           // leave the biases out
	SequenceFirst bool           // arrays are [length, batch, features]
	Init          Initializer    // of the weights; nil means GlorotUniform
	DType         autograd.DType // Float32 by default
}

// MultiheadAttention lets every query take a mean of values, weighted by how well their
// keys match, in several heads of features/heads each (Vaswani et al. 2017):
//
//	headᵢ = softmax(q·Wqᵢ·(k·Wkᵢ)ᵀ/√(features/heads))·v·Wvᵢ,  y = [head₁, head₂, …]·Wo
//
// Parameters have PyTorch's names: in_proj_weight, or q_proj_weight, k_proj_weight and
// v_proj_weight where keys or values have other features than queries; in_proj_bias,
// out_proj.weight and out_proj.bias.
type MultiheadAttention struct {
	InProjWeight                          autograd.Variable // [3·features, features]: query, key, value
	QProjWeight, KProjWeight, VProjWeight autograd.Variable // [features, features of each], in its place
	InProjBias                            autograd.Variable // [3·features]; the zero Variable for none
	OutProj                               *Linear
	features, heads                       int
	keyDim, valueDim                      int
	sequenceFirst                         bool
}

// NewMultiheadAttention is a MultiheadAttention with weights drawn from rng and biases of
// 0. It panics with [*autograd.ValueError] unless features and heads are positive and
// features can be divided by heads, and no dimension is negative.
func NewMultiheadAttention(rng *rand.Rand, features, heads int, config MultiheadAttentionConfig) *MultiheadAttention {
	if features < 1 || heads < 1 || features%heads != 0 || config.KeyDim < 0 || config.ValueDim < 0 {
		panic(&autograd.ValueError{Op: "nn.NewMultiheadAttention", Reason: fmt.Sprintf(
			"%d features, %d heads, KeyDim %d, ValueDim %d: expected positive numbers, features that can be divided by heads",
			features, heads, config.KeyDim, config.ValueDim)})
	}
	a := &MultiheadAttention{
		features: features, heads: heads, sequenceFirst: config.SequenceFirst,
		keyDim: orDefaultInt(config.KeyDim, features), valueDim: orDefaultInt(config.ValueDim, features),
	}
	weight := func(out, in int) autograd.Variable {
		w := autograd.Parameter(autograd.Zeros(config.DType, out, in))
		orInit(config.Init, GlorotUniform)(rng, w, in, out)
		return w
	}
	if a.keyDim == features && a.valueDim == features {
		a.InProjWeight = weight(3*features, features)
	} else {
		a.QProjWeight, a.KProjWeight, a.VProjWeight = weight(features, features), weight(features, a.keyDim), weight(features, a.valueDim)
	}
	if !config.NoBias {
		a.InProjBias = autograd.Parameter(autograd.Zeros(config.DType, 3*features))
	}
	a.OutProj = NewLinear(rng, features, features, LinearConfig{NoBias: config.NoBias, Init: config.Init, DType: config.DType})
	return a
}

// Parts yields the parameters under PyTorch's names.
func (a *MultiheadAttention) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("in_proj_weight", a.InProjWeight),
		Weight("q_proj_weight", a.QProjWeight), Weight("k_proj_weight", a.KProjWeight), Weight("v_proj_weight", a.VProjWeight),
		Weight("in_proj_bias", a.InProjBias), Sub("out_proj", a.OutProj))
}

// AttentionInput says which keys a query may see. The zero value is all of them. A query
// that may see nothing gets a mean of 0, without a gradient.
//
// Masks are constants of the type of the queries, in which 1 stands for what may be seen
// and 0 for what may not: PyTorch's masks say the opposite.
type AttentionInput struct {
	Keep    autograd.Variable // [queries, keys], or with [batch, …] or [batch, heads, …] in front
	KeyKeep autograd.Variable // [batch, keys]: which keys are no padding
	Bias    autograd.Variable // added to the scores, of the shapes of Keep
	Causal  bool              // query i sees keys 0 … i only

	// NeedWeights asks for the weights. Without it they are not kept.
	NeedWeights bool
}

// Forward is attention of x [batch, length, features] to itself.
func (a *MultiheadAttention) Forward(x autograd.Variable) autograd.Variable {
	y, _ := a.Attend(x, x, x, AttentionInput{})
	return y
}

// Attend computes attention of queries q [batch, queries, features] to keys k [batch,
// keys, KeyDim] with values v [batch, keys, ValueDim]. y is [batch, queries, features];
// weights, the zero Variable unless asked for, is [batch, queries, keys], their mean over
// the heads. With SequenceFirst the first two axes of q, k, v and y are the other way
// round. It panics with [*autograd.ShapeError] if the shapes do not fit.
func (a *MultiheadAttention) Attend(q, k, v autograd.Variable, input AttentionInput) (y, weights autograd.Variable) {
	defer in(a)
	if a.sequenceFirst && q.Rank() == 3 && k.Rank() == 3 && v.Rank() == 3 {
		q, k, v = q.Transpose(0, 1), k.Transpose(0, 1), v.Transpose(0, 1)
	}
	a.check(q, k, v)
	batch, queries := q.Dim(0), q.Dim(1)
	scores := a.project(q, 0).DivScalar(math.Sqrt(float64(a.features / a.heads))).MatMul(a.project(k, 1).Transpose(-2, -1))
	if (input.Bias != autograd.Variable{}) {
		scores = scores.Add(perHead(input.Bias))
	}
	means := input.softmax(scores)
	y = means.MatMul(a.project(v, 2)).Transpose(1, 2).Reshape(batch, queries, a.features)
	y = a.OutProj.Forward(y)
	if a.sequenceFirst {
		y = y.Transpose(0, 1)
	}
	if input.NeedWeights {
		weights = means.Mean(1)
	}
	return y, weights
}

// project is the i-th of the three projections in, of queries, keys and values x [batch,
// length, …]: [batch, heads, length, features/heads].
func (a *MultiheadAttention) project(x autograd.Variable, i int) autograd.Variable {
	w := [...]autograd.Variable{a.QProjWeight, a.KProjWeight, a.VProjWeight}[i]
	if (a.InProjWeight != autograd.Variable{}) {
		w = watched(x, a.InProjWeight).Slice(0, i*a.features, (i+1)*a.features)
	}
	var bias autograd.Variable
	if (a.InProjBias != autograd.Variable{}) {
		bias = watched(x, a.InProjBias).Slice(0, i*a.features, (i+1)*a.features)
	}
	y := autograd.Linear(x, w, bias)
	return y.Reshape(x.Dim(0), x.Dim(1), a.heads, a.features/a.heads).Transpose(1, 2)
}

// softmax is the weights of scores [batch, heads, queries, keys].
func (input *AttentionInput) softmax(scores autograd.Variable) autograd.Variable {
	keep := perHead(input.Keep)
	and := func(other autograd.Variable) {
		if keep == (autograd.Variable{}) {
			keep = other
		} else {
			keep = keep.Mul(other)
		}
	}
	if input.Causal {
		and(autograd.Ones(scores.DType(), scores.Dim(-2), scores.Dim(-1)).Tril(0))
	}
	if (input.KeyKeep != autograd.Variable{}) {
		and(input.KeyKeep.Unsqueeze(1).Unsqueeze(1))
	}
	if keep == (autograd.Variable{}) {
		return scores.Softmax(-1)
	}
	// Where nothing is kept the softmax is over all keys, and its result counts 0 times.
	keep = keep.Detach()
	some := keep.MaxKeepDims(-1)
	hidden := keep.Less(some)
	return scores.MaskedFill(hidden, math.Inf(-1)).Softmax(-1).Mul(some)
}

// perHead gives a mask of [batch, queries, keys] an axis for the heads; others have it or
// need none.
func perHead(mask autograd.Variable) autograd.Variable {
	if mask != (autograd.Variable{}) && mask.Rank() == 3 {
		return mask.Unsqueeze(1)
	}
	return mask
}

func (a *MultiheadAttention) check(q, k, v autograd.Variable) {
	for i, x := range [...]autograd.Variable{q, k, v} {
		size := [...]int{a.features, a.keyDim, a.valueDim}[i]
		if x.Rank() != 3 || x.Dim(2) != size || x.Dim(0) != q.Dim(0) || i == 2 && x.Dim(1) != k.Dim(1) {
			panic(shapeError("nn.MultiheadAttention", fmt.Sprintf(
				"expected queries [batch, queries, %d], keys [batch, keys, %d] and values [batch, keys, %d]", a.features, a.keyDim, a.valueDim), q, k, v))
		}
	}
}
