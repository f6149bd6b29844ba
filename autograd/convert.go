package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

var asTypeOp *op

func init() {
	asTypeOp = &op{
		name: "as type",
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, g.AsType(n.in[0].DType))
		},
		jvp: func(n *node, t func(int) Variable) Variable { return t(0).AsType(n.DType) },
	}
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
