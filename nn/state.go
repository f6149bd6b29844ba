package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// entry is an array or a counter of a model's state, under one of its names.
type entry struct {
	name    string
	v       autograd.Variable // a parameter or buffer
	counter *int64            // otherwise
}

// stateOf lists what of a model is saved: PyTorch's state_dict. All have different
// names; what is shared is listed under each of its names.
func stateOf(m Module) ([]entry, error) {
	var state []entry
	seen := map[string]bool{}
	err := autograd.Try(func() {
		for name, p := range Walk(m) {
			e := entry{name: name, v: p.Param, counter: p.Counter}
			if p.Module != nil {
				continue
			}
			if (p.Buffer != autograd.Variable{}) {
				e.v = p.Buffer
			}
			if seen[name] {
				panic(&autograd.ValueError{Op: "nn.Walk", Reason: fmt.Sprintf("two parts of the model are named %q", name)})
			}
			seen[name] = true
			state = append(state, e)
		}
	})
	return state, err
}

// dtype is the format's name of the element type.
func (e *entry) dtype() string {
	if e.counter != nil {
		return counterType
	}
	return typeOf(e.v.DType())
}

// counterType is the format's name of the type of counters.
const counterType = "I64"

// shape is that of the array, not nil; that of a counter is empty.
func (e *entry) shape() []int {
	if e.counter != nil {
		return []int{}
	}
	return append([]int{}, e.v.Shape()...)
}

// bytes is the size of the data.
func (e *entry) bytes() int {
	if e.counter != nil {
		return 8
	}
	return bytesOf(e.v)
}

// thing is equal for entries that are names of one thing.
func (e *entry) thing() entry { return entry{v: e.v, counter: e.counter} }

// typeOf is the format's name of an element type.
func typeOf(dtype autograd.DType) string {
	if dtype == autograd.Float32 {
		return "F32"
	}
	return "F64"
}
