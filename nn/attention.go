package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// MultiheadAttentionConfig configures [NewMultiheadAttention]. The zero value is
// attention with biases, of float32, with the batch as first axis.
type MultiheadAttentionConfig struct {
	KeyDim, ValueDim int // features of keys and values; 0 means those of queries

	// Dropout is the probability with which a query does without a key in training: the weight
	// counts as 0, and the others are multiplied by 1/(1−Dropout). From 0 to 1.
	Dropout float64

	// Rotary turns queries and keys of each head by their positions; nil for none. It is for
	// features/heads features.
	Rotary *RotaryPositions

	AddBiasKV        bool // a key and a value more, for every query of every sequence, which are trained
	AddZeroAttention bool // a key and a value of zeros more

	NoBias        bool           // leave the biases out
	SequenceFirst bool           // arrays are [length, batch, features]
	Init          Initializer    // of the weights; nil means GlorotUniform, GlorotNormal for the key and value of AddBiasKV
	DType         autograd.DType // Float32 by default
}

// MultiheadAttention lets every query take a mean of values, weighted by how well their
// keys match, in several heads of features/heads each (Vaswani et al. 2017):
//
//	headᵢ = softmax(q·Wqᵢ·(k·Wkᵢ)ᵀ/√(features/heads))·v·Wvᵢ,  y = [head₁, head₂, …]·Wo
//
// Parameters have PyTorch's names: in_proj_weight, or q_proj_weight, k_proj_weight and
// v_proj_weight where keys or values have other features than queries; in_proj_bias, bias_k and
// bias_v, out_proj.weight and out_proj.bias.
type MultiheadAttention struct {
	InProjWeight                          autograd.Variable // [3·features, features]: query, key, value
	QProjWeight, KProjWeight, VProjWeight autograd.Variable // [features, features of each], in its place
	InProjBias                            autograd.Variable // [3·features]; the zero Variable for none
	BiasK, BiasV                          autograd.Variable // [1, 1, features], with AddBiasKV; zero Variables without
	OutProj                               *Linear
	features, heads                       int
	keyDim, valueDim                      int
	sequenceFirst, zeroAttention          bool
	rotary                                *RotaryPositions
	dropout                               float64
}

// NewMultiheadAttention is a MultiheadAttention with weights drawn from rng and biases of
// 0. It panics with [*autograd.ValueError] unless features and heads are positive and
// features can be divided by heads, no dimension is negative, Dropout is from 0 to 1, and
// Rotary, if any, is for the features of a head.
func NewMultiheadAttention(rng *rand.Rand, features, heads int, config MultiheadAttentionConfig) *MultiheadAttention {
	if features < 1 || heads < 1 || features%heads != 0 || config.KeyDim < 0 || config.ValueDim < 0 {
		panic(&autograd.ValueError{Op: "nn.NewMultiheadAttention", Reason: fmt.Sprintf(
			"%d features, %d heads, KeyDim %d, ValueDim %d: expected positive numbers, features that can be divided by heads",
			features, heads, config.KeyDim, config.ValueDim)})
	}
	a := &MultiheadAttention{
		features: features, heads: heads, sequenceFirst: config.SequenceFirst, zeroAttention: config.AddZeroAttention, rotary: config.Rotary,
		dropout: number("nn.NewMultiheadAttention", "Dropout", config.Dropout, 0),
		keyDim:  orDefaultInt(config.KeyDim, features), valueDim: orDefaultInt(config.ValueDim, features),
	}
	if a.dropout > 1 {
		panic(&autograd.ValueError{Op: "nn.NewMultiheadAttention", Reason: fmt.Sprintf("Dropout is %v, expected a number from 0 to 1", a.dropout)})
	}
	if r := config.Rotary; r != nil && r.positions.features != features/heads {
		panic(&autograd.ValueError{Op: "nn.NewMultiheadAttention", Reason: fmt.Sprintf("Rotary is for %d features, a head has %d", r.positions.features, features/heads)})
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
	if config.AddBiasKV {
		for _, bias := range []*autograd.Variable{&a.BiasK, &a.BiasV} {
			*bias = autograd.Parameter(autograd.Zeros(config.DType, 1, 1, features))
			orInit(config.Init, GlorotNormal)(rng, *bias, features, features)
		}
	}
	a.OutProj = NewLinear(rng, features, features, LinearConfig{NoBias: config.NoBias, Init: config.Init, DType: config.DType})
	return a
}

// Parts yields the parameters under PyTorch's names.
func (a *MultiheadAttention) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("in_proj_weight", a.InProjWeight),
		Weight("q_proj_weight", a.QProjWeight), Weight("k_proj_weight", a.KProjWeight), Weight("v_proj_weight", a.VProjWeight),
		Weight("in_proj_bias", a.InProjBias), Weight("bias_k", a.BiasK), Weight("bias_v", a.BiasV), Sub("out_proj", a.OutProj))
}

// Forward is attention of x [batch, length, features] to itself.
func (a *MultiheadAttention) Forward(x autograd.Variable) autograd.Variable {
	y, _ := a.Attend(x, x, x, AttentionInput{})
	return y
}

// Attend computes attention of queries q [batch, queries, features] to keys k [batch,
// keys, KeyDim] with values v [batch, keys, ValueDim]. y is [batch, queries, features];
// weights, the zero Variable unless asked for, is [batch, queries, keys], their mean over
// the heads, or [batch, heads, queries, keys]; the keys of AddBiasKV and AddZeroAttention come
// behind the others, and are seen by all. With SequenceFirst the first two axes of q,
// k, v and y are the other way round. All may be without the batch axis, together. It
// panics with [*autograd.ShapeError] if the shapes do not fit.
func (a *MultiheadAttention) Attend(q, k, v autograd.Variable, input AttentionInput) (y, weights autograd.Variable) {
	defer in(a)
	single := q.Rank() == 2 && k.Rank() == 2 && v.Rank() == 2
	q, k, v = a.batchFirst(q, single), a.batchFirst(k, single), a.batchFirst(v, single)
	a.check(q, k, v)
	input.dropout, input.extra = a.dropout, a.extra()
	together := q == k && k == v && a.InProjWeight != autograd.Variable{} && input.extra == 0 // one product makes all three
	switch {
	case input.NeedWeights || input.NeedHeadWeights:
		weights = autograd.AttentionWeights(a.turned(q, 0, 0), a.withExtra(a.turned(k, 1, 0), a.BiasK), input.config(q, 0, single))
		y = weights.MatMul(a.withExtra(a.perHead(a.project(v, 2)), a.BiasV)).Transpose(1, 2).Reshape(q.Dim(0), q.Dim(1), a.features)
		weights = input.weights(weights, single)
	case a.rotary != nil && !together:
		return Hooked(a, a.combine(a.turned(q, 0, 0), a.turned(k, 1, 0), a.perHead(a.project(v, 2)), input, single)), weights
	case together:
		qkv := autograd.Linear(q, a.InProjWeight, a.InProjBias)
		if a.rotary != nil {
			qkv = a.rotary.turn(qkv, 2*a.heads, 0)
		}
		y = autograd.SelfAttention(qkv, input.config(q, a.heads, single))
	default:
		y = autograd.ScaledDotProductAttention(a.project(q, 0), a.withExtra(a.project(k, 1), a.BiasK), a.withExtra(a.project(v, 2), a.BiasV), input.config(q, a.heads, single))
	}
	return Hooked(a, a.out(y, single)), weights
}

// batchFirst is x with the batch as first axis; single says that it has none.
func (a *MultiheadAttention) batchFirst(x autograd.Variable, single bool) autograd.Variable {
	switch {
	case single:
		return x.Unsqueeze(0)
	case a.sequenceFirst && x.Rank() == 3:
		return x.Transpose(0, 1)
	}
	return x
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

// project is the i-th of the three projections in, of queries, keys and values x [batch,
// length, …]: [batch, length, features], the heads side by side.
func (a *MultiheadAttention) project(x autograd.Variable, i int) autograd.Variable {
	w := [...]autograd.Variable{a.QProjWeight, a.KProjWeight, a.VProjWeight}[i]
	if (a.InProjWeight != autograd.Variable{}) {
		w = watched(x, a.InProjWeight).Slice(0, i*a.features, (i+1)*a.features)
	}
	var bias autograd.Variable
	if (a.InProjBias != autograd.Variable{}) {
		bias = watched(x, a.InProjBias).Slice(0, i*a.features, (i+1)*a.features)
	}
	return autograd.Linear(x, w, bias)
}

// perHead is x [batch, length, features] as [batch, heads, length, features/heads].
func (a *MultiheadAttention) perHead(x autograd.Variable) autograd.Variable {
	return x.Reshape(x.Dim(0), x.Dim(1), a.heads, a.features/a.heads).Transpose(1, 2)
}

// turned is projection i of queries or keys x, per head, turned by their positions if asked
// for, the first of which is start.
func (a *MultiheadAttention) turned(x autograd.Variable, i, start int) autograd.Variable {
	heads := a.perHead(a.project(x, i))
	if a.rotary == nil {
		return heads
	}
	return a.rotary.From(heads, start)
}

// extra is how many keys there are that are none of a sequence.
func (a *MultiheadAttention) extra() int {
	n := 0
	if (a.BiasK != autograd.Variable{}) {
		n++
	}
	if a.zeroAttention {
		n++
	}
	return n
}

// withExtra is keys or values x, [batch, length, features] or per head, with those that are none
// of a sequence in front, of which one is bias: there they are before all positions, as
// [AttentionInput] has it of a past.
func (a *MultiheadAttention) withExtra(x, bias autograd.Variable) autograd.Variable {
	var parts [3]autograd.Variable
	rows := parts[:0]
	batch, axis := x.Dim(0), x.Rank()-2
	if (bias != autograd.Variable{}) {
		rows = append(rows, watched(x, bias).BroadcastTo(batch, 1, a.features))
	}
	if a.zeroAttention {
		rows = append(rows, zerosFor(x, batch, 1, a.features))
	}
	for i := range rows {
		if axis == 2 {
			rows[i] = a.perHead(rows[i])
		}
	}
	if len(rows) == 0 {
		return x
	}
	return autograd.Concat(axis, append(rows, x)...)
}

// combine is the results for queries, keys and values per head.
func (a *MultiheadAttention) combine(q, k, v autograd.Variable, input AttentionInput, single bool) autograd.Variable {
	k, v = a.withExtra(k, a.BiasK), a.withExtra(v, a.BiasV)
	y := autograd.ScaledDotProductAttention(q, k, v, input.config(q, 0, single))
	return a.out(y.Transpose(1, 2).Reshape(q.Dim(0), q.Dim(2), a.features), single)
}

// out is the projection out of y [batch, queries, features], with the axes as the layer has
// them.
func (a *MultiheadAttention) out(y autograd.Variable, single bool) autograd.Variable {
	y = a.OutProj.Forward(y)
	switch {
	case single:
		return y.Squeeze(0)
	case a.sequenceFirst:
		return y.Transpose(0, 1)
	}
	return y
}
