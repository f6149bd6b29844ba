package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// None is the number 0 in a configuration whose zero value stands for a default, as
// optim.None is in those of optimizers:
//
//	nn.TripletMargin{Margin: nn.None} // a margin of 0, where 0 means 1
//
// Where the default is 0 already, None may be written too. It is for fields of float64;
// in others, which count something, no negative number has a meaning.
const None = optim.None

// orDefault is the number that a field of a configuration means: def for 0, and 0 for
// None.
func orDefault(x, def float64) float64 {
	switch x {
	case 0:
		return def
	case None:
		return 0
	}
	return x
}

// orDefaultInt is orDefault for an integer of which there must be some.
func orDefaultInt(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// number is the finite number ≥ 0 that a field of a configuration means; it panics with
// [*autograd.ValueError] if it is none.
func number(op, field string, x, def float64) float64 {
	x = orDefault(x, def)
	if !(x >= 0) || !isFinite(x) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s is %v, expected a finite number that is not negative", field, x)})
	}
	return x
}

// positive is number for one that must not be 0.
func positive(op, field string, x, def float64) float64 {
	if x = number(op, field, x, def); x == 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s is 0, expected a positive number", field)})
	}
	return x
}

// checkNoneNil panics with [*autograd.ValueError] if an element of a list, in a field of a
// configuration, is nil.
func checkNoneNil[T any](op, field string, list []T) {
	for i, x := range list {
		if isNil(x) {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s[%d] is nil", field, i)})
		}
	}
}
