package nn

import "github.com/chainrule-go/chainrule/autograd"

// AttentionInput says which keys a query may see. The zero value is all of them. A query
// that may see nothing gets a mean of 0, without a gradient.
//
// Masks are constants of the type of the queries, in which 1 stands for what may be seen
// and 0 for what may not: PyTorch's masks say the opposite. Where the queries have no batch
// axis masks have none.
type AttentionInput struct {
	Keep    autograd.Variable // [queries, keys], or with [batch, …] or [batch, heads, …] in front
	KeyKeep autograd.Variable // [batch, keys]: which keys are no padding
	Bias    autograd.Variable // added to the scores, of the shapes of Keep
	Causal  bool              // query i sees keys 0 … i only

	// NeedWeights asks for the weights, the mean over the heads, and NeedHeadWeights for
	// those of each head. Without them they are not kept.
	NeedWeights, NeedHeadWeights bool

	past    int     // how many keys come before the one that stands at the place of the first query
	extra   int     // how many keys come before all of these, and are seen by all
	dropout float64 // of weights in training
}

// config is what queries q may see, for so many heads side by side, or 0 where the heads are
// an axis; single says that masks have no batch axis.
func (input *AttentionInput) config(q autograd.Variable, heads int, single bool) autograd.AttentionConfig {
	config := autograd.AttentionConfig{
		Heads: heads, Causal: input.Causal, Past: input.past + input.extra, Dropout: input.dropout,
		Mask: headMask(input.extended(beside(q, input.Keep), 1), single), Bias: headMask(input.extended(input.Bias, 0), single),
	}
	keys := input.extended(beside(q, input.KeyKeep), 1)
	if keys == (autograd.Variable{}) {
		return config
	}
	if !single {
		keys = keys.Unsqueeze(1).Unsqueeze(1)
	}
	if config.Mask == (autograd.Variable{}) {
		config.Mask = keys
	} else {
		config.Mask = config.Mask.Mul(keys)
	}
	return config
}

// weights is what is asked for of the weights [batch, heads, queries, keys].
func (input *AttentionInput) weights(weights autograd.Variable, single bool) autograd.Variable {
	if !input.NeedHeadWeights {
		weights = weights.Mean(1)
	}
	if input.extra > 0 { // behind the others
		weights = autograd.Concat(-1, weights.Slice(-1, input.extra, weights.Dim(-1)), weights.Slice(-1, 0, input.extra))
	}
	if single {
		weights = weights.Squeeze(0)
	}
	return weights
}

// extended is a mask with value for the keys that come before all others.
func (input *AttentionInput) extended(mask autograd.Variable, value float64) autograd.Variable {
	if input.extra == 0 || mask == (autograd.Variable{}) {
		return mask
	}
	var buffer [4][2]int
	around := buffer[:0]
	for range mask.Rank() - 1 {
		around = append(around, [2]int{})
	}
	return mask.Pad(value, append(around, [2]int{input.extra, 0})...)
}

// beside is a mask on the tape of x, if x is on one, so that what is made of it takes no other
// memory.
func beside(x, mask autograd.Variable) autograd.Variable {
	if tape := x.Tape(); tape != nil && mask != (autograd.Variable{}) && mask.Tape() == nil {
		return tape.Const(mask)
	}
	return mask
}

// headMask gives a mask of [batch, queries, keys] an axis for the heads; others have it or
// need none, and so have all without a batch axis.
func headMask(mask autograd.Variable, single bool) autograd.Variable {
	if mask != (autograd.Variable{}) && mask.Rank() == 3 && !single {
		return mask.Unsqueeze(1)
	}
	return mask
}
