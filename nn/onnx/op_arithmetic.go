package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Operators on the elements of two or more tensors that broadcast to one shape.
var arithmeticOperators = family{"Arithmetic", []operator{
	{name: "Add", since: 1, in: two, make: pairwise(autograd.Variable.Add, host.Add)},
	{name: "Sub", since: 1, in: two, make: pairwise(autograd.Variable.Sub, host.Sub)},
	{name: "Mul", since: 1, in: two, make: pairwise(autograd.Variable.Mul, host.Mul)},
	{name: "Div", since: 1, in: two, make: pairwise(autograd.Variable.Div, host.Div), note: "integers are rounded towards zero"},
	{name: "Pow", since: 1, in: two, make: pow},
	{name: "Mod", since: 10, in: two, make: mod},
	{name: "Max", since: 1, in: oneOrMore, make: fold(autograd.Variable.Maximum, host.Max)},
	{name: "Min", since: 1, in: oneOrMore, make: fold(autograd.Variable.Minimum, host.Min)},
	{name: "Sum", since: 1, in: oneOrMore, make: fold(autograd.Variable.Add, host.Add)},
	{name: "Mean", since: 1, in: oneOrMore, make: mean},
	{name: "BitShift", since: 11, in: two, make: bitShift},
	{name: "BitwiseAnd", since: 18, in: two, make: integers(host.And)},
	{name: "BitwiseOr", since: 18, in: two, make: integers(host.Or)},
	{name: "BitwiseXor", since: 18, in: two, make: integers(host.Xor)},
	{name: "BitwiseNot", since: 18, in: one, make: simple(bitwiseNot)},
}}

// pairwise makes an operator of a function of two Variables and one of two integers.
func pairwise(float func(x, y autograd.Variable) autograd.Variable, op host.Op) func(*node) kernel {
	return func(n *node) kernel {
		align := alignment(n)
		return func(c *call) {
			align(c)
			c.combine(0, c.value(0), c.value(1), float, op)
		}
	}
}

// alignment is how the second operand is brought to the rank of the first: from version 7 on
// by NumPy's rule, and so not at all, and before by the attributes broadcast and axis, where
// its axes are those of the first from axis on.
func alignment(n *node) func(c *call) {
	if n.version >= 7 {
		return func(*call) {}
	}
	n.ignore("consumed_inputs")
	broadcast, axis, from := n.flag("broadcast", false), n.int("axis", 0), n.hasAttribute("axis")
	return func(c *call) {
		x, y := c.value(0), c.value(1)
		switch {
		case slices.Equal(x.Shape(), y.Shape()):
		case !broadcast:
			failf("shapes %v and %v differ, and attribute broadcast is not 1", x.Shape(), y.Shape())
		case from:
			shape := slices.Clone(y.Shape())
			for len(shape)+axisOf(axis, len(x.Shape())) < len(x.Shape()) {
				shape = append(shape, 1)
			}
			c.in[1] = c.reshaped(y, shape)
		}
	}
}

// reshaped is a value in another shape of the same size.
func (c *call) reshaped(v Value, shape []int) Value {
	if v.ints != nil {
		return ofHost(v.ints.Reshape(shape...))
	}
	return Value{dtype: v.dtype, float: c.onTape(v.float).Reshape(shape...)}
}

// broadcast is the shape that shapes broadcast to, for which there is room.
func (c *call) broadcast(shapes ...[]int) []int {
	shape := shapes[0]
	for _, s := range shapes[1:] {
		together, ok := host.Broadcast(shape, s)
		if !ok {
			failf("shapes %v and %v do not broadcast", shape, s)
		}
		shape = together
	}
	c.room(shape...)
	return shape
}

// same fails unless values have one type.
func same(x, y Value) {
	if x.dtype.isFloat() != y.dtype.isFloat() || (x.ints != nil || x.dtype.dtype() != y.dtype.dtype()) && x.dtype != y.dtype {
		failf("inputs are %s and %s, expected one type", x.describe(), y.describe())
	}
}

// combine makes what a function makes of two values result i.
func (c *call) combine(i int, x, y Value, float func(x, y autograd.Variable) autograd.Variable, op host.Op) {
	same(x, y)
	c.broadcast(x.Shape(), y.Shape())
	if x.ints == nil {
		c.set(i, float(c.onTape(x.float), c.onTape(y.float)))
		return
	}
	if (op == host.Div || op == host.Mod || op == host.Fmod) && y.ints.HasZero() {
		failf("division by zero")
	}
	c.setHost(i, x.ints.Combine(op, y.ints))
}

// integers makes an operator of two integers only.
func integers(op host.Op) func(*node) kernel {
	return simple(func(c *call) {
		c.host(0)
		c.combine(0, c.value(0), c.value(1), nil, op)
	})
}

// fold makes an operator of any number of operands of one of two.
func fold(float func(x, y autograd.Variable) autograd.Variable, op host.Op) func(*node) kernel {
	return func(n *node) kernel {
		n.ignore("consumed_inputs")
		return func(c *call) {
			c.setValue(0, c.value(0))
			for i := range c.in[1:] {
				c.combine(0, c.out[0], c.value(i+1), float, op)
			}
		}
	}
}

func mean(n *node) kernel {
	sum := fold(autograd.Variable.Add, host.Add)(n)
	return func(c *call) {
		c.float(0)
		sum(c)
		c.set(0, c.out[0].float.DivScalar(float64(len(c.in))))
	}
}

// pow may have exponents of another type than the base, which gives the result's.
func pow(n *node) kernel {
	align := alignment(n)
	return func(c *call) {
		align(c)
		x, y := c.value(0), c.value(1)
		switch {
		case x.ints != nil && y.ints != nil:
			c.combine(0, x, ofHost(y.ints.Convert(x.ints.Kind())), nil, host.Pow)
		case x.ints != nil:
			shape := c.broadcast(x.Shape(), y.Shape())
			base := newVariable(x.ints.Floats(), x.Shape())
			c.setNumbers(0, x.dtype, autograd.Pow(base, y.float.Detach().AsType(autograd.Float64)).Floats(), shape)
		default:
			c.broadcast(x.Shape(), y.Shape())
			c.set(0, c.power(c.float(0), y))
		}
	}
}

// power is x to the power y, by a simpler function where y is one number that is known.
func (c *call) power(x autograd.Variable, y Value) autograd.Variable {
	if y.Size() == 1 && len(y.Shape()) <= x.Rank() && (y.ints != nil || y.float.Tape() == nil && !y.float.IsParameter()) {
		if exponent := c.numbers(1)[0]; exponent == 2 {
			return x.Square()
		} else if !math.IsNaN(exponent) && !math.IsInf(exponent, 0) {
			return x.PowScalar(exponent)
		}
	}
	if y.ints != nil {
		return autograd.Pow(x, c.numbersOf(x.DType(), y.ints.Floats(), y.Shape()))
	}
	return autograd.Pow(x, c.onTape(y.float).AsType(x.DType()))
}

func mod(n *node) kernel {
	fmod := n.flag("fmod", false)
	return func(c *call) {
		if !fmod && c.value(0).ints == nil {
			failf("the remainder of floating-point numbers needs attribute fmod to be 1")
		}
		op := host.Mod
		if fmod {
			op = host.Fmod
		}
		c.combine(0, c.value(0), c.value(1), autograd.Fmod, op)
	}
}

func bitShift(n *node) kernel {
	op := [...]host.Op{host.ShiftLeft, host.ShiftRight}[n.choice("direction", "LEFT", "RIGHT")]
	if !n.hasAttribute("direction") {
		failf("there is no attribute direction")
	}
	return integers(op)(n)
}

func bitwiseNot(c *call) {
	x := c.host(0)
	ones := host.Make(x.Kind())
	ones = ones.Combine(host.Sub, host.FromFloats(x.Kind(), []float64{1}))
	c.setHost(0, x.Combine(host.Xor, ones))
}
