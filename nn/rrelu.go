package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// RReLU is the layer that is x for x > 0, and slope·x elsewhere, with a slope drawn anew for
// each element in training, uniform between Lower and Upper; in inference it is their mean
// (Xu et al. 2015). Chance comes from the tape's random source.
type RReLU struct {
	NoParts
	Lower float64 // 0 means 1/8, None 0
	Upper float64 // not below Lower; 0 means 1/3, None 0
}

// Forward is for x of any shape. It panics with [*autograd.ValueError] unless Lower and Upper
// are finite, not negative and in this order.
func (l RReLU) Forward(x autograd.Variable) autograd.Variable {
	const op = "nn.RReLU"
	lower, upper := number(op, "Lower", l.Lower, 1./8), number(op, "Upper", l.Upper, 1./3)
	if lower > upper {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Lower is %v, above Upper, %v", lower, upper)})
	}
	tape := x.Tape()
	if tape == nil || !tape.Training() {
		return x.LeakyReLU((lower + upper) / 2)
	}
	rng := tape.Rand()
	slopes := tape.FromFunc(x.DType(), func(int) float64 { return lower + (upper-lower)*rng.Float64() }, x.Shape()...)
	return autograd.Where(x.Greater(scalarFor(x, 0)), x, x.Mul(slopes))
}
