package distribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Categorical is the distribution of a choice among k classes, of which class i has the
// probability softmax(l)ᵢ. Draws are the numbers of classes, 0 … k−1, as numbers of the
// logits' element type.
type Categorical struct {
	shapes
	LogProbs autograd.Variable // ln pᵢ, [batch…, k]
}

// NewCategorical makes the distributions with these logits [batch…, k]; of probabilities the
// logits are probs.Log(). A logit of −Inf excludes a class. It panics with
// [*autograd.ShapeError] if there is no class.
func NewCategorical(logits autograd.Variable) *Categorical {
	shape := logits.Shape()
	if len(shape) == 0 || shape[len(shape)-1] == 0 {
		panic(&autograd.ShapeError{Op: "Categorical", Shapes: [][]int{shape}, Reason: "expected logits [..., classes]"})
	}
	return &Categorical{shapes{batch: shape[:len(shape)-1]}, logits.LogSoftmax(-1)}
}

// Classes is the number of classes, k.
func (d *Categorical) Classes() int { return d.LogProbs.Dim(-1) }

// Probs are the probabilities of the classes, [batch…, k].
func (d *Categorical) Probs() autograd.Variable { return d.LogProbs.Exp() }

// LogProb is ln pᵢ for classes x = i, which broadcast with the batch. It panics with
// [*autograd.ValueError] if there is no such class.
func (d *Categorical) LogProb(x autograd.Variable) autograd.Variable {
	shape := broadcast("Categorical", x.Shape(), d.batch)
	k := d.Classes()
	var index []int
	each(x.Detach().BroadcastTo(shape...), func(i int, v float64) {
		if !(v >= 0 && v < float64(k) && v == math.Trunc(v)) {
			panic(&autograd.ValueError{Op: "Categorical", Reason: fmt.Sprintf("element %d is %g, expected a class from 0 to %d", i, v, k-1)})
		}
		index = append(index, int(v))
	})
	all := d.LogProbs.BroadcastTo(slices.Concat(shape, []int{k})...)
	return all.Gather(-1, index, slices.Concat(shape, []int{1})...).Squeeze(-1)
}

// Sample draws numbers of classes.
func (d *Categorical) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	k, y := d.Classes(), autograd.Zeros(d.LogProbs.DType(), d.sample(shape)...)
	p := d.Probs().Floats()
	fill(y, func(i int) float64 {
		row := i * k % max(len(p), 1)
		return float64(choose(rng.Float64(), p[row:row+k]))
	})
	return y
}

// choose is the class that u in [0, 1) falls to, one of a probability that is not 0.
func choose(u float64, p []float64) int {
	sum := 0.0
	for _, v := range p { // 1, but for rounding
		sum += v
	}
	u *= sum
	last := 0
	for i, v := range p {
		if v > 0 {
			if u < v {
				return i
			}
			u, last = u-v, i
		}
	}
	return last
}

// Mean is that of the classes' numbers, Σ i·pᵢ.
func (d *Categorical) Mean() autograd.Variable {
	return d.Probs().Mul(d.numbers()).Sum(-1)
}

// Variance is that of the classes' numbers.
func (d *Categorical) Variance() autograd.Variable {
	deviation := d.numbers().Sub(d.Mean().Unsqueeze(-1))
	return d.Probs().Mul(deviation.Square()).Sum(-1)
}

func (d *Categorical) numbers() autograd.Variable {
	return autograd.Arange(d.LogProbs.DType(), 0, float64(d.Classes()), 1)
}

// finiteLogProbs are LogProbs, but a large number instead of −Inf, for products with
// probabilities of 0.
func (d *Categorical) finiteLogProbs() autograd.Variable { return d.LogProbs.Clamp(-1e30, 0) }

// Entropy is −Σ pᵢ·ln pᵢ.
func (d *Categorical) Entropy() autograd.Variable {
	return d.Probs().Mul(d.finiteLogProbs()).Sum(-1).Neg()
}
