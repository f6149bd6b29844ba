package autograd

import (
	"math"
	"slices"
)

// AttentionConfig configures [ScaledDotProductAttention] and its relatives.
type AttentionConfig struct {
	// Heads, unless 0, is the number of heads whose features stand side by side: q is
	// [..., queries, heads·features] and so on. Each attends by itself.
	Heads int

	Causal bool     // query i attends to keys 0 … Past+i only
	Past   int      // how many keys come before the one that stands at the place of the first query
	Mask   Variable // unless the zero Variable: 0 where no attention is wanted, broadcast to [..., queries, keys]
	Bias   Variable // unless the zero Variable: added to the scores, broadcast to [..., queries, keys]
	Scale  float64  // of q·kᵀ; 0 means 1/√features

	// Dropout is the probability with which a weight counts as 0 in training, while the
	// others are multiplied by 1/(1−Dropout). Chance comes from the tape's random source.
	Dropout float64
}

// ScaledDotProductAttention is softmax(q·kᵀ/√features)·v: every query takes the mean of
// the values, weighted by how well their keys match (Vaswani et al. 2017). q is [...,
// queries, features], k [..., keys, features] and v [..., keys, out]; the result is [...,
// queries, out]. Axes in front are a batch and broadcast. With Heads features and out are
// those of each head, heads times as many in all, and masks are [..., heads, queries, keys].
// A query that may attend to no key gets zeros, and no gradient.
//
// From 129 keys on the weights of all queries and keys are not in memory at once, neither here
// nor in a backward pass that is not recorded (Dao et al. 2022). It panics with [*ShapeError] if the
// shapes do not fit, and with [*ValueError] for options that make no sense.
func ScaledDotProductAttention(q, k, v Variable, config AttentionConfig) Variable {
	const name = "attention"
	kn, vn := k.check(name), v.check(name)
	if len(kn.Shape) < 2 || len(vn.Shape) < 2 || kn.Shape[len(kn.Shape)-2] != vn.Shape[len(vn.Shape)-2] {
		panic(&ShapeError{name, shapesOf(kn, vn), "expected k [..., keys, features] and v [..., keys, out]"})
	}
	checkScores(name, q.check(name), kn, &config)
	if last := vn.Shape[len(vn.Shape)-1]; last%max(1, config.Heads) != 0 {
		panic(&ShapeError{name, shapesOf(vn), "the values cannot be divided into the heads"})
	}
	q, k, v = sameBatch(name, q, k, v)
	return attention(q, k, v, false, &config)
}

// SelfAttention is [ScaledDotProductAttention] of positions to each other, whose queries,
// keys and values stand side by side in qkv [..., positions, 3·features], as one product
// gives them; the result is [..., positions, features]. It panics as that does.
func SelfAttention(qkv Variable, config AttentionConfig) Variable {
	const name = "attention"
	n := qkv.check(name)
	if len(n.Shape) < 2 || n.Shape[len(n.Shape)-1]%(3*max(1, config.Heads)) != 0 {
		panic(&ShapeError{name, shapesOf(n), "expected queries, keys and values of each head, [..., positions, 3·features]"})
	}
	checkAttention(name, &config, n.Shape[len(n.Shape)-1]/3)
	return attention(qkv, Variable{}, Variable{}, true, &config)
}

// AttentionWeights is the weights softmax(q·kᵀ/√features) [..., queries, keys] by which
// [ScaledDotProductAttention] takes the mean of values, for those who want to see them; in
// training after dropout. It panics as that does.
func AttentionWeights(q, k Variable, config AttentionConfig) Variable {
	const name = "attention"
	checkScores(name, q.check(name), k.check(name), &config)
	join(name, &q, &k)
	return attentionWeights(q, k, &config, config.seed(q.n.tape), config.Scale)
}

// checkScores panics unless q and k have as many features, and completes config.
func checkScores(name string, q, k *node, config *AttentionConfig) {
	if len(q.Shape) < 2 || len(k.Shape) < 2 || q.Shape[len(q.Shape)-1] != k.Shape[len(k.Shape)-1] {
		panic(&ShapeError{name, shapesOf(q, k), "expected q [..., queries, features] and k [..., keys, features]"})
	}
	features := q.Shape[len(q.Shape)-1]
	if features%max(1, config.Heads) != 0 {
		panic(&ShapeError{name, shapesOf(q, k), "the features cannot be divided into the heads"})
	}
	checkAttention(name, config, features)
}

// checkAttention panics unless the options make sense, and completes them.
func checkAttention(name string, config *AttentionConfig, features int) {
	if config.Scale == 0 {
		config.Scale = 1 / math.Sqrt(float64(features/max(1, config.Heads)))
	}
	switch {
	case config.Heads < 0:
		panic(&ValueError{name, "a negative number of heads"})
	case config.Past < 0:
		panic(&ValueError{name, "a negative number of keys before the first query"})
	case !(config.Dropout >= 0 && config.Dropout <= 1):
		panic(&ValueError{name, "Dropout is not from 0 to 1"})
	}
}

// seed is what decides which weights are dropped, and Dropout 0 if none are.
func (config *AttentionConfig) seed(t *Tape) uint64 {
	if config.Dropout == 0 || t == nil || !t.training {
		config.Dropout = 0
		return 0
	}
	return t.random.Uint64()
}

// sameBatch repeats operands such that their axes before the last two are the same.
func sameBatch(name string, q, k, v Variable) (Variable, Variable, Variable) {
	qn, kn, vn := q.n, k.n, v.n
	lead := func(n *node) []int { return n.Shape[:len(n.Shape)-2] }
	if slices.Equal(lead(qn), lead(kn)) && slices.Equal(lead(qn), lead(vn)) {
		return q, k, v
	}
	join(name, &q, &k, &v)
	shape, ok := broadcastAll(lead(qn), lead(kn), lead(vn))
	if !ok {
		panic(&ShapeError{name, shapesOf(qn, kn, vn), "the batch axes do not broadcast"})
	}
	repeat := func(x Variable) Variable {
		return x.BroadcastTo(append(append([]int{}, shape...), x.n.Shape[len(x.n.Shape)-2:]...)...)
	}
	return repeat(q), repeat(k), repeat(v)
}
