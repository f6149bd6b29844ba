package optim

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// None is the number 0 in a configuration in which the zero value stands for a default:
//
//	optim.AdamConfig{Betas: [2]float64{optim.None}, WeightDecay: optim.None} // β₁ = 0, λ = 0
//
// Where the default is 0 already, None may be written too. No other negative number is
// accepted. In the groups of a live optimizer 0 is 0, and None is a negative number.
const None = -1

// interval is the numbers that a setting may have.
type interval struct {
	text string
	has  func(x float64) bool
}

// The intervals. None of them has negative numbers, NaN or +Inf.
var (
	nonNegative = interval{"a finite number that is not negative", func(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }}
	positive    = interval{"a finite number above 0", func(x float64) bool { return x > 0 && !math.IsInf(x, 1) }}
	fraction    = interval{"a number from 0 to below 1", func(x float64) bool { return x >= 0 && x < 1 }}
	count       = interval{"a whole number that is not negative", func(x float64) bool { return x >= 0 && x <= 1<<53 && x == math.Trunc(x) }}
	anything    = interval{"any number", func(float64) bool { return true }}
	share       = interval{"a number from 0 to 1", func(x float64) bool { return x >= 0 && x <= 1 }}
)

// upTo is the whole numbers up to most.
func upTo(most int) interval {
	return interval{fmt.Sprintf("a whole number from 0 to %d", most), func(x float64) bool { return count.has(x) && x <= float64(most) }}
}

// settings resolves the numbers of a configuration: zero values become defaults, None
// becomes 0.
type settings struct {
	op     string // the function that the configuration is for
	config string // the configuration's type
}

// number resolves a number, and panics with ValueError if it is not in the interval.
func (s settings) number(x *float64, field string, def float64, in interval) {
	given := *x
	switch given {
	case 0:
		*x = def
	case None:
		*x = 0
	}
	if !in.has(*x) {
		panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf(
			"%s.%s is %v, expected %s (0 means the default %v, optim.None means 0)", s.config, field, given, in.text, def)})
	}
}

// betas is number for the decays of the averages of gradients and of their squares.
func (s settings) betas(betas *[2]float64, first, second float64) {
	s.number(&betas[0], "Betas[0]", first, fraction)
	s.number(&betas[1], "Betas[1]", second, fraction)
}

// integer is number for an integer that is not negative.
func (s settings) integer(x *int, field string, def int) {
	v := float64(*x)
	s.number(&v, field, float64(def), count)
	*x = int(v)
}
