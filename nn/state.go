package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// entry is an array or a counter of a model's state, or plain bytes, under one of its names.
type entry struct {
	name    string
	v       autograd.Variable // a parameter or buffer
	counter *int64            // or this
	raw     []byte            // otherwise
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
	switch {
	case e.counter != nil:
		return counterType
	case e.isRaw():
		return byteType
	}
	return typeOf(e.v.DType())
}

// isRaw reports whether e is plain bytes.
func (e *entry) isRaw() bool { return e.counter == nil && e.v == autograd.Variable{} }

// The format's names of the types of counters and of plain bytes.
const (
	counterType = "I64"
	byteType    = "U8"
)

// shape is that of the array, not nil; that of a counter is empty.
func (e *entry) shape() []int {
	switch {
	case e.counter != nil:
		return []int{}
	case e.isRaw():
		return []int{len(e.raw)}
	}
	return append([]int{}, e.v.Shape()...)
}

// bytes is the size of the data.
func (e *entry) bytes() int {
	switch {
	case e.counter != nil:
		return 8
	case e.isRaw():
		return len(e.raw)
	}
	return bytesOf(e.v)
}

// thing is an array or a counter, whatever its names.
type thing struct {
	v       autograd.Variable
	counter *int64
}

// thing is equal for entries that are names of one thing.
func (e *entry) thing() thing { return thing{e.v, e.counter} }

// typeOf is the format's name of an element type.
func typeOf(dtype autograd.DType) string {
	if dtype == autograd.Float32 {
		return "F32"
	}
	return "F64"
}
