package autograd

import "math"

// AttentionConfig configures [ScaledDotProductAttention].
type AttentionConfig struct {
	Causal bool     // query i attends to keys 0 … i only
	Mask   Variable // unless the zero Variable: 0 where no attention is wanted, broadcast to [..., queries, keys]
	Bias   Variable // unless the zero Variable: added to the scores, broadcast to [..., queries, keys]
	Scale  float64  // of q·kᵀ; 0 means 1/√features
}

// ScaledDotProductAttention is softmax(q·kᵀ/√features)·v: every query takes the mean of
// the values, weighted by how well their keys match (Vaswani et al. 2017). q is [...,
// queries, features], k [..., keys, features] and v [..., keys, out]; the result is [...,
// queries, out]. Axes in front are a batch and broadcast. Where a query may attend to no
// key the result is NaN. It panics with [*ShapeError] if the shapes do not fit.
func ScaledDotProductAttention(q, k, v Variable, config AttentionConfig) Variable {
	const name = "attention"
	kn, vn := k.check(name), v.check(name)
	if len(kn.Shape) < 2 || len(vn.Shape) < 2 || kn.Shape[len(kn.Shape)-2] != vn.Shape[len(vn.Shape)-2] {
		panic(&ShapeError{name, shapesOf(kn, vn), "expected k [..., keys, features] and v [..., keys, out]"})
	}
	join(name, &q, &k, &v)
	return AttentionWeights(q, k, config).MatMul(v)
}

// AttentionWeights is the weights softmax(q·kᵀ/√features) [..., queries, keys] by which
// [ScaledDotProductAttention] takes the mean of values, for those who want to see them or
// to drop some out. It panics with [*ShapeError] if the shapes do not fit.
func AttentionWeights(q, k Variable, config AttentionConfig) Variable {
	const name = "attention"
	qn, kn := q.check(name), k.check(name)
	if len(qn.Shape) < 2 || len(kn.Shape) < 2 || qn.Shape[len(qn.Shape)-1] != kn.Shape[len(kn.Shape)-1] {
		panic(&ShapeError{name, shapesOf(qn, kn), "expected q [..., queries, features] and k [..., keys, features]"})
	}
	join(name, &q, &k)
	scale := config.Scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(qn.Shape[len(qn.Shape)-1]))
	}
	scores := matmul(q.MulScalar(scale), k, false, true)
	if config.Bias.n != nil {
		scores = scores.Add(config.Bias)
	}
	queries, keys := scores.Dim(-2), scores.Dim(-1)
	if config.Causal {
		scores = scores.MaskedFill(Ones(qn.DType, queries, keys).Triu(1), math.Inf(-1))
	}
	if config.Mask.n != nil {
		scores = scores.MaskedFill(config.Mask.Equal(config.Mask.scalar(0)), math.Inf(-1))
	}
	return scores.Softmax(-1)
}
