package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// DType is the element type of a Variable: [Float32] or [Float64]. It has the methods String,
// its name in Go, and Size, the number of bytes of an element.
type DType = tensor.DType

// The element types. Operations do not mix them: convert with [Variable.AsType].
const (
	Float32 = tensor.Float32
	Float64 = tensor.Float64
)

// Float is the Go types that elements can have: float32 and float64, and no types made of them.
type Float interface{ float32 | float64 }

var asTypeOp *op

func init() {
	converted := func(_ *node, x Variable, like *node) Variable { return x.AsType(like.DType) }
	asTypeOp = newLinearMap("as type", nil, converted, converted)
}

// AsType converts the elements to another type; to its own type it is x itself.
// The gradient is converted back.
func (x Variable) AsType(dtype DType) Variable {
	in := x.check(asTypeOp.name)
	if in.DType == dtype {
		return x
	}
	n := asTypeOp.result(dtype, in.Shape, in)
	tensor.Convert(&n.Array, &in.Array)
	return n.done()
}

// WithDType calls f while each of vs, parameters and constants outside any tape, has its
// elements converted to dtype, and then gives them back the elements that they had: for
// computing a model of float32 in float64, say. What f writes to the converted elements is
// lost, and what it computes from vs must not be used afterwards. Nobody else may use vs
// meanwhile. It panics with [*TapeError] if one of vs is neither a parameter nor a constant
// outside any tape.
func WithDType(dtype DType, vs []Variable, f func()) {
	kept := make(map[*node]tensor.Array, len(vs))
	for _, v := range vs {
		n := v.check("WithDType")
		if n.kind != constant && n.kind != parameter {
			panic(&TapeError{"WithDType", "the Variable is neither a parameter nor a constant outside any tape"})
		}
		kept[n] = n.Array
	}
	defer func() {
		for n, a := range kept {
			if n.DType != a.DType {
				n.Array = a
				n.modified()
			}
		}
	}()
	for n, a := range kept {
		if a.DType != dtype {
			n.Array = tensor.New(dtype, n.Shape)
			tensor.Convert(&n.Array, &a)
		}
	}
	f()
}
