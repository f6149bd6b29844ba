package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Element-wise operations of two operands, y = f(a, b), with NumPy's broadcasting:
// shapes are aligned at their last axes, and an axis of size 1, or one that is
// missing, is repeated to fit. The backward pass sums the gradient over repeated
// axes; that is the engine's work, and rules here do not mention it.

// binary is an element-wise operation of two operands. Its nodes have no attributes.
type binary struct {
	op
	kernel tensor.Kernel2

	// da and db are g·∂y/∂a and g·∂y/∂b, linear in g. A backward rule gives them
	// the upstream gradient, a tangent the operand's tangent.
	da, db func(g, a, b, y Variable) Variable
}

func newBinary(name string, b binary) *binary {
	o := &b
	o.name = name
	o.plain = true
	o.vjp = func(p *pass, n *node, g Variable) {
		if p.needs(n, 0) {
			p.add(n, 0, o.da(g, n.arg(0), n.arg(1), n.variable()))
		}
		if p.needs(n, 1) {
			p.add(n, 1, o.db(g, n.arg(0), n.arg(1), n.variable()))
		}
	}
	o.jvp = func(n *node, t func(int) Variable) Variable {
		var sum Variable
		if ta := t(0); ta.n != nil {
			sum = o.da(ta.BroadcastTo(n.Shape...), n.arg(0), n.arg(1), n.variable())
		}
		if tb := t(1); tb.n != nil {
			sum = addTangents(sum, o.db(tb.BroadcastTo(n.Shape...), n.arg(0), n.arg(1), n.variable()))
		}
		return sum
	}
	return o
}

// addTangents is a + b where the zero Variable stands for zero.
func addTangents(a, b Variable) Variable {
	switch {
	case a.n == nil:
		return b
	case b.n == nil:
		return a
	}
	return a.Add(b)
}

func (o *binary) apply(x, y Variable) Variable {
	a, b := x.check(o.name), y.check(o.name)
	o.same(a, b)
	n := o.resultBroadcast(a, b)
	tensor.Map2(&o.kernel, &n.Array, &a.Array, &b.Array)
	return n.done()
}

// resultBroadcast is result for operands that are broadcast to a common shape.
func (o *op) resultBroadcast(a, b *node) *node {
	switch {
	case tensor.EqualShape(a.Shape, b.Shape), len(b.Shape) == 0:
		return o.result(a.DType, a.Shape, a, b)
	case len(a.Shape) == 0:
		return o.result(a.DType, b.Shape, a, b)
	}
	var buffer [8]int
	shape, ok := tensor.BroadcastShape(buffer[:0], a.Shape, b.Shape)
	if !ok {
		panic(&ShapeError{o.name, shapesOf(a, b), "the shapes do not broadcast: aligned at the last axis, sizes must be equal or 1"})
	}
	return o.result(a.DType, shape, a, b)
}

var strongMulOp *binary

// g·d, and 0 wherever g is 0. Differentiated it is the product.
func init() {
	strongMulOp = newBinary("strong mul", binary{
		kernel: tensor.Kernel2{F32: simd.StrongMul[float32], F64: simd.StrongMul[float64]},
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, b) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, a) },
	})
}

// strongMul is the product g·d of an upstream gradient with a local derivative:
// exactly 0 where g is 0, even if d is infinite or NaN.
func strongMul(g, d Variable) Variable { return strongMulOp.apply(g, d) }

var strongDivOp *binary

// g/d, and 0 wherever g is 0. Differentiated it is the quotient.
func init() {
	strongDivOp = newBinary("strong div", binary{
		kernel: tensor.Kernel2{F32: strongQuotients[float32], F64: strongQuotients[float64], Cost: 4},
		da:     func(g, a, b, y Variable) Variable { return strongDiv(g, b) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, strongDiv(y, b).Neg()) },
	})
}

// strongDiv is the quotient g/d of an upstream gradient and what it is divided by: exactly
// 0 where g is 0, even if d is 0 or NaN.
func strongDiv(g, d Variable) Variable { return strongDivOp.apply(g, d) }

// strongQuotients is the kernel of strongDiv.
func strongQuotients[T Float](dst, g, d []T) {
	switch {
	case len(g) == len(dst) && len(d) == len(dst):
		simd.LogBackward(dst, g, d)
	case len(g) == len(dst) && len(d) == 1 && d[0] != 0 && d[0] == d[0]:
		simd.Div(dst, g, d) // 0 is 0 then
	default:
		for i := range dst {
			dst[i] = 0
			if g := g[min(i, len(g)-1)]; g != 0 {
				dst[i] = g / d[min(i, len(d)-1)]
			}
		}
	}
}

// addProduct adds strongMul(g, d) to the gradient of operand i of n, in a pass that is
// not recorded.
func (p *pass) addProduct(n *node, i int, g, d *node) {
	in := n.in[i]
	if !p.wants(in) {
		return
	}
	if len(in.Shape) != len(n.Shape) || in.Len() != n.Len() {
		p.add(n, i, strongMul(g.variable(), d.variable())) // sums over what was repeated
		return
	}
	if p.slots[in.index] == nil {
		dst, _ := p.destination(n, i)
		strongProduct(dst, g, d)
		return
	}
	product := p.temporary(n.DType, n.Shape)
	strongProduct(&product.Array, g, d)
	p.add(n, i, product.variable())
}

// strongProduct sets dst to strongMul(g, d), where g has the shape of dst.
func strongProduct(dst *tensor.Array, g, d *node) {
	if dst.Len() != 1 {
		tensor.Map2(&strongMulOp.kernel, dst, &g.Array, &d.Array)
		return
	}
	product := g.At(0)
	if product != 0 {
		product *= d.At(0) // of float32 it is exact before it is rounded
	}
	dst.Set(0, product)
}

// preferred is 1 where wins is 1, ½ where ties is 1, and 0 elsewhere.
func preferred(wins, ties Variable) Variable { return wins.Add(ties.MulScalar(0.5)) }

var addOp *binary

func init() {
	addOp = newBinary("add", binary{
		kernel: tensor.Kernel2{F32: simd.Add[float32], F64: simd.Add[float64]},
		da:     func(g, a, b, y Variable) Variable { return g },
		db:     func(g, a, b, y Variable) Variable { return g },
	})
}

// Add is x + y, broadcasting.
func (x Variable) Add(y Variable) Variable { return addOp.apply(x, y) }

var subOp *binary

func init() {
	subOp = newBinary("sub", binary{
		kernel: tensor.Kernel2{F32: simd.Sub[float32], F64: simd.Sub[float64]},
		da:     func(g, a, b, y Variable) Variable { return g },
		db:     func(g, a, b, y Variable) Variable { return g.Neg() },
	})
}

// Sub is x − y, broadcasting.
func (x Variable) Sub(y Variable) Variable { return subOp.apply(x, y) }

var mulOp *binary

func init() {
	mulOp = newBinary("mul", binary{
		op: op{fused: func(p *pass, n, g *node) {
			p.addProduct(n, 0, g, n.in[1])
			p.addProduct(n, 1, g, n.in[0])
		}},
		kernel: tensor.Kernel2{F32: simd.Mul[float32], F64: simd.Mul[float64]},
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, b) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, a) },
	})
}

// Mul is the element-wise product x·y, broadcasting. For the matrix product see
// [Variable.MatMul].
func (x Variable) Mul(y Variable) Variable { return mulOp.apply(x, y) }

var divOp *binary

// ∂(a/b)/∂a = 1/b, ∂(a/b)/∂b = −a/b² = −y/b.
func init() {
	divOp = newBinary("div", binary{
		kernel: tensor.Kernel2{F32: simd.Div[float32], F64: simd.Div[float64], Cost: 4},
		da:     func(g, a, b, y Variable) Variable { return strongDiv(g, b) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, y.Div(b).Neg()) },
	})
}

// Div is x / y, broadcasting. Division by zero gives ±Inf or NaN as in Go.
func (x Variable) Div(y Variable) Variable { return divOp.apply(x, y) }

var maximumOp *binary

// The gradient goes to the greater operand, in halves where they are equal.
func init() {
	maximumOp = newBinary("maximum", binary{
		kernel: tensor.Kernel2{F32: simd.Max[float32], F64: simd.Max[float64]},
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, preferred(a.Greater(b), a.Equal(b))) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, preferred(b.Greater(a), a.Equal(b))) },
	})
}

// Maximum is the greater of x and y, broadcasting; NaN if either is. The gradient
// goes to the greater, half to each where they are equal.
func (x Variable) Maximum(y Variable) Variable { return maximumOp.apply(x, y) }

var minimumOp *binary

func init() {
	minimumOp = newBinary("minimum", binary{
		kernel: tensor.Kernel2{F32: simd.Min[float32], F64: simd.Min[float64]},
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, preferred(a.Less(b), a.Equal(b))) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, preferred(b.Less(a), a.Equal(b))) },
	})
}

// Minimum is the lesser of x and y, broadcasting; NaN if either is. The gradient
// goes to the lesser, half to each where they are equal.
func (x Variable) Minimum(y Variable) Variable { return minimumOp.apply(x, y) }

// zeroOver is a/b, and 0 where b is 0, to any order.
func zeroOver(a, b Variable) Variable {
	return Where(b.Equal(b.scalar(0)), b.scalar(0), a.Div(b))
}

// Lerp is x + weight·(y−x), the linear interpolation from x to y, broadcasting.
func Lerp(x, y, weight Variable) Variable { return x.Add(weight.Mul(y.Sub(x))) }

// Addcmul is x + value·y·z, broadcasting.
func Addcmul(x, y, z Variable, value float64) Variable { return x.Add(y.Mul(z).MulScalar(value)) }

// Addcdiv is x + value·y/z, broadcasting.
func Addcdiv(x, y, z Variable, value float64) Variable { return x.Add(y.Div(z).MulScalar(value)) }

// AddScalar is x + s.
func (x Variable) AddScalar(s float64) Variable { return addOp.apply(x, x.scalar(s)) }

// SubScalar is x − s.
func (x Variable) SubScalar(s float64) Variable { return subOp.apply(x, x.scalar(s)) }

// MulScalar is s·x.
func (x Variable) MulScalar(s float64) Variable { return mulOp.apply(x, x.scalar(s)) }

// DivScalar is x / s.
func (x Variable) DivScalar(s float64) Variable { return divOp.apply(x, x.scalar(s)) }

// scalar is a constant of x's element type, on x's tape if it has one.
func (x Variable) scalar(s float64) Variable {
	n := x.arrayBeside(nil)
	n.Set(0, s)
	return n.variable()
}

// full is scalar in an array of the given shape.
func (x Variable) full(s float64, shape ...int) Variable {
	n := x.arrayBeside(shape)
	tensor.Fill(&n.Array, s)
	return n.variable()
}

// arrayBeside is a new array of x's element type, on x's tape if it has one.
func (x Variable) arrayBeside(shape []int) *node {
	in := x.check("constant")
	if in.tape == nil {
		return newNode(in.DType, shape, constant)
	}
	return in.tape.array(in.DType, shape)
}
