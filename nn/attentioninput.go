package nn

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

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

	past int // how many keys come before the one that stands at the place of the first query
}

// softmax is the weights of scores [batch, heads, queries, keys]; single says that masks
// have no batch axis.
func (input *AttentionInput) softmax(scores autograd.Variable, single bool) autograd.Variable {
	keep := perHead(input.Keep, single)
	and := func(other autograd.Variable) {
		if keep == (autograd.Variable{}) {
			keep = other
		} else {
			keep = keep.Mul(other)
		}
	}
	if input.Causal {
		and(autograd.Ones(scores.DType(), scores.Dim(-2), scores.Dim(-1)).Tril(input.past))
	}
	switch {
	case input.KeyKeep == autograd.Variable{}:
	case single:
		and(input.KeyKeep)
	default:
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
// need none, and so have all without a batch axis.
func perHead(mask autograd.Variable, single bool) autograd.Variable {
	if mask != (autograd.Variable{}) && mask.Rank() == 3 && !single {
		return mask.Unsqueeze(1)
	}
	return mask
}
