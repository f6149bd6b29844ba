package explain_test

import (
	"errors"
	"iter"
	"reflect"

	"github.com/chainrule-go/chainrule/nn"
)

// idle has a layer that it does not call.
type idle struct{}

var unused = nn.Sequential{nn.Sequential{nn.ReLU{}}}

func (idle) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("0", unused[0])) }

func (idle) Forward(x v) v { return x.Sum(1, 2, 3) }

// sameType says whether err, or what it wraps, is of the type of want.
func sameType(err error, want any) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if reflect.TypeOf(err) == reflect.TypeOf(want) {
			return true
		}
	}
	return false
}
