package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

var dropoutOp *op

// yᵢ = xᵢ/(1−p) or 0, and the same for gradients and tangents. attr.x is p; aux has a bit
// for each element.
func init() {
	dropoutOp = newLinearMap("dropout", func(n *node) []Argument { return arguments("p", n.attr.x) }, dropAgain, dropAgain)
	dropoutOp.fused = func(p *pass, n, g *node) {
		dst, accumulate := p.inPlaceOrNot(n, g)
		tensor.DropoutBackward(dst, &g.Array, &n.aux.Array, n.attr.x, accumulate)
	}
}

// Dropout sets elements of x to 0, each with probability p and independently, and multiplies
// the others by 1/(1−p), so that the expected value stays (Srivastava et al. 2014). Which
// ones is a function of seed and shape: the same seed drops the same elements, of either
// element type, and different seeds are independent. The numbers are those of Philox4x32-10
// (Salmon et al. 2011), and p is rounded to a multiple of 2⁻³². A dropped NaN is 0. Dropout
// panics with [*ValueError] unless p is from 0 to 1.
func Dropout(x Variable, p float64, seed uint64) Variable {
	in := x.check(dropoutOp.name)
	if !(p >= 0 && p <= 1) {
		panic(&ValueError{dropoutOp.name, fmt.Sprintf("p is %v, expected a number from 0 to 1", p)})
	}
	n := dropoutOp.result(in.DType, in.Shape, in)
	n.attr.x = p
	var bits *tensor.Array
	if n.tracked || n.kind == derived {
		shape := [1]int{tensor.BitsSize(n.DType, n.Len())}
		bits = &n.keepArray(shape[:]).Array
	}
	tensor.Dropout(&n.Array, &in.Array, bits, p, seed)
	return n.done()
}

// dropAgain drops the elements of x that were dropped for n.
func dropAgain(n *node, x Variable, _ *node) Variable {
	in := x.check(dropoutOp.name)
	y := dropoutOp.result(in.DType, in.Shape, in)
	y.attr.x = n.attr.x
	bits := &n.aux.Array
	if y.tracked || y.kind == derived {
		kept := y.keepArray(n.aux.Shape)
		tensor.Copy(&kept.Array, bits)
		bits = &kept.Array
	}
	tensor.DropoutBackward(&y.Array, &in.Array, bits, y.attr.x, false)
	return y.done()
}
