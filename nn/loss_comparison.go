package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses that compare vectors: distributions, distances, directions.

// KLDiv is the Kullback–Leibler divergence of a model's distributions from given ones:
// for each example
//
//	Σ target·(ln target − logProbs)
//
// averaged over the examples, which PyTorch calls "batchmean". logProbs and target are
// [batch, classes]: logarithms of probabilities, as [autograd.Variable.LogSoftmax] gives
// them, and probabilities. Terms whose target is 0 count as 0, with gradient 0. It
// panics with [*autograd.ShapeError] if the shapes do not fit.
type KLDiv struct {
	Reduction Reduction
	LogTarget bool // targets are logarithms of probabilities too
}

// Loss is the divergence of logProbs from target.
func (l KLDiv) Loss(logProbs, target autograd.Variable) autograd.Variable {
	const op = "nn.KLDiv"
	checkMatrices(op, "classes", logProbs, target)
	probs, log := target, target
	if l.LogTarget {
		probs = target.Exp()
	}
	impossible := probs.Equal(scalarFor(logProbs, 0))
	if l.LogTarget {
		log = target.MaskedFill(impossible, 0)
	} else {
		log = target.MaskedFill(impossible, 1).Log()
	}
	terms := probs.Mul(log.Sub(logProbs.MaskedFill(impossible, 0)))
	return l.Reduction.reduce(op, terms.Sum(1))
}

// Of is Loss by the targets of a batch.
func (l KLDiv) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	r := l.Reduction
	l.Reduction = ReduceNone
	return target.byValues("nn.KLDiv", r, output, l.Loss)
}

// KLDivLoss is the loss of the zero [KLDiv].
func KLDivLoss(logProbs, target autograd.Variable) autograd.Variable {
	return KLDiv{}.Loss(logProbs, target)
}

// TripletMargin wants anchors nearer to their positives than to their negatives by a
// margin: the mean over the examples of
//
//	max(0, ‖anchor − positive + eps‖ − ‖anchor − negative + eps‖ + margin)
//
// Eps gives equal vectors a derivative; at the edge of the margin it is taken as 0. The
// defaults are PyTorch's.
type TripletMargin struct {
	Reduction Reduction
	Margin    float64 // how much nearer positives should be; 0 means 1, None 0
	P         float64 // of the p-norm that measures distances, +Inf for the greatest |x|; 0 means 2
	Eps       float64 // added to each difference before the norm; 0 means 1e-6, None 0

	// Swap takes the negative's distance from the positive where that is less than
	// from the anchor (Balntas et al. 2016).
	Swap bool
}

// Loss is the loss of anchors with their positives and negatives. All three are
// [batch, features], or it panics with [*autograd.ShapeError]; it panics with
// [*autograd.ValueError] if a number of l is negative, infinite (but for P) or NaN.
func (l TripletMargin) Loss(anchor, positive, negative autograd.Variable) autograd.Variable {
	const op = "nn.TripletMargin"
	margin, eps, p := number(op, "Margin", l.Margin, 1), number(op, "Eps", l.Eps, 1e-6), orDefault(l.P, 2)
	if !(p > 0) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("P is %v, expected a positive number", l.P)})
	}
	checkMatrices(op, "features", anchor, positive, negative)
	distance := func(x, y autograd.Variable) autograd.Variable {
		d := x.Sub(y).AddScalar(eps)
		if p != 2 {
			return d.NormP(p, 1)
		}
		return d.Norm(1)
	}
	near, far := distance(anchor, positive), distance(anchor, negative)
	if l.Swap {
		far = far.Minimum(distance(positive, negative))
	}
	return l.Reduction.reduce(op, near.Sub(far).AddScalar(margin).ReLU())
}

// TripletMarginLoss is the loss of the zero [TripletMargin].
func TripletMarginLoss(anchor, positive, negative autograd.Variable) autograd.Variable {
	return TripletMargin{}.Loss(anchor, positive, negative)
}

// minNorm is the least norm that CosineSimilarity divides by.
const minNorm = 1e-8

// CosineSimilarity is the cosine of the angle between vectors along an axis,
//
//	Σxy/(max(‖x‖, 1e-8)·max(‖y‖, 1e-8))
//
// of the operands' shape without that axis; negative axes count from the end. Norms
// below the limit are constants to derivatives, so that zero vectors have one. The
// squares of the elements must not overflow. x and y have the same shape, or it panics
// with [*autograd.ShapeError]; it panics with [*autograd.AxisError] if there is no such
// axis. As a loss, take 1 minus it.
func CosineSimilarity(x, y autograd.Variable, axis int) autograd.Variable {
	checkSameShape("nn.CosineSimilarity", x, y)
	norm := func(v autograd.Variable) autograd.Variable { return v.Norm(axis).Clamp(minNorm, math.Inf(1)) }
	return x.Mul(y).Sum(axis).Div(norm(x).Mul(norm(y)))
}
