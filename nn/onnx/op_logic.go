package onnx

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/float16"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Comparisons, logic and choices.
var logicOperators = family{"Comparisons, logic, choices and types", []operator{
	{name: "Equal", since: 1, in: two, make: compare(autograd.Variable.Equal, host.Equal, false), note: "no strings"},
	{name: "Less", since: 1, in: two, make: compare(autograd.Variable.Less, host.Less, false)},
	{name: "LessOrEqual", since: 12, in: two, make: compare(autograd.Variable.LessEqual, host.LessEqual, false)},
	{name: "Greater", since: 1, in: two, make: compare(autograd.Variable.Greater, host.Less, true)},
	{name: "GreaterOrEqual", since: 12, in: two, make: compare(autograd.Variable.GreaterEqual, host.LessEqual, true)},
	{name: "And", since: 1, in: two, make: logic(host.And)},
	{name: "Or", since: 1, in: two, make: logic(host.Or)},
	{name: "Xor", since: 1, in: two, make: logic(host.Xor)},
	{name: "Not", since: 1, in: one, make: simple(not)},
	{name: "IsNaN", since: 9, in: one, make: simple(isNaN)},
	{name: "IsInf", since: 10, in: one, make: isInf},
	{name: "Where", since: 9, in: three, make: simple(where)},
	{name: "Cast", since: 1, in: one, make: cast, typed: true, note: "no strings, no float8; a gradient flows between floating-point types"},
	{name: "CastLike", since: 15, in: two, make: castLike, typed: true, plain: []int{1}},
}}

// compare makes a comparison of a function of Variables and one of integers, whose operands
// are exchanged if swap says so.
func compare(float func(x, y autograd.Variable) autograd.Variable, op host.Op, swap bool) func(*node) kernel {
	return func(n *node) kernel {
		align := alignment(n)
		return func(c *call) {
			align(c)
			x, y := c.value(0), c.value(1)
			same(x, y)
			shape := c.broadcast(x.Shape(), y.Shape())
			switch {
			case x.ints == nil:
				c.setHost(0, truth(float(x.float.Detach(), y.float.Detach()), shape))
			case swap:
				c.setHost(0, y.ints.Compare(op, x.ints))
			default:
				c.setHost(0, x.ints.Compare(op, y.ints))
			}
		}
	}
}

// truth is the truth values of a Variable that has 0 and 1.
func truth(v autograd.Variable, shape []int) *host.Array {
	return host.FromFloats(host.Bool, v.Floats(), shape...)
}

// logic makes an operator of two truth values.
func logic(op host.Op) func(*node) kernel {
	return func(n *node) kernel {
		align := alignment(n)
		return func(c *call) {
			align(c)
			c.bools(0)
			c.combine(0, c.value(0), c.value(1), nil, op)
		}
	}
}

// bools is input i, which must be truth values.
func (c *call) bools(i int) *host.Array {
	x := c.host(i)
	if x.Kind() != host.Bool {
		failf("input %d is %s, expected bool", i, c.value(i).describe())
	}
	return x
}

func not(c *call) {
	x := c.bools(0)
	c.setHost(0, x.Compare(host.Equal, host.Make(host.Bool)))
}

func isNaN(c *call) {
	x := c.float(0)
	c.setHost(0, truth(x.Detach().IsNaN(), x.Shape()))
}

func isInf(n *node) kernel {
	negative, positive := n.flag("detect_negative", true), n.flag("detect_positive", true)
	return func(c *call) {
		c.float(0)
		x := c.numbers(0)
		y := make([]bool, len(x))
		for i, v := range x {
			y[i] = positive && math.IsInf(v, 1) || negative && math.IsInf(v, -1)
		}
		c.setHost(0, host.NewBools(y, c.value(0).Shape()...))
	}
}

func where(c *call) {
	condition, x, y := c.bools(0), c.value(1), c.value(2)
	same(x, y)
	shape := c.broadcast(condition.Shape(), x.Shape(), y.Shape())
	if x.ints == nil {
		dtype := x.dtype.dtype()
		mask := c.numbersOf(dtype, condition.Floats(), condition.Shape())
		c.set(0, autograd.Where(mask, c.float(1), c.float(2)))
		return
	}
	condition = condition.BroadcastTo(shape)
	taken := make([]int, 0, condition.Len())
	for i := range condition.Len() {
		if condition.At(i) != 0 {
			taken = append(taken, i)
		}
	}
	z := y.ints.BroadcastTo(shape).Clone()
	z.Place(taken, x.ints.BroadcastTo(shape).Pick(taken, len(taken)), host.Replace)
	c.setHost(0, z)
}

func cast(n *node) kernel {
	n.ignore("saturate") // is about float8
	if n.version < 6 {
		to := n.text("to", "")
		for t := range sizes {
			if t.String() == lower(to) {
				return func(c *call) { c.cast(t) }
			}
		}
		unsupportedf("elements of type %q", to)
	}
	to := DataType(n.needInt("to"))
	if !to.isFloat() && !to.isHost() {
		unsupportedf("elements of type %v", to)
	}
	return func(c *call) { c.cast(to) }
}

func castLike(n *node) kernel {
	n.ignore("saturate")
	return func(c *call) { c.cast(c.value(1).dtype) }
}

// cast converts input 0.
func (c *call) cast(to DataType) {
	x := c.value(0)
	switch {
	case x.ints != nil && to.isHost():
		c.setHost(0, x.ints.Convert(kinds[to]))
	case x.ints != nil:
		y := c.numbersOf(to.dtype(), x.ints.Floats(), x.Shape())
		c.setValue(0, Value{dtype: to, float: rounded(y, to)})
	case to.isHost():
		c.setHost(0, host.FromFloats(kinds[to], x.float.Floats(), x.Shape()...))
	case x.dtype == to:
		c.setValue(0, x)
	default:
		c.setValue(0, Value{dtype: to, float: rounded(c.float(0).AsType(to.dtype()), to)})
	}
}

// rounding is the identity with its values rounded to those of a type of half precision. Its
// gradient is that of the identity.
var rounding = map[DataType]*autograd.Function{
	Float16:  roundingTo("Float16", func(x float32) float32 { return float16.Float32(float16.Bits(x)) }),
	BFloat16: roundingTo("BFloat16", func(x float32) float32 { return fromBFloat(toBFloat(x)) }),
}

func roundingTo(name string, round func(x float32) float32) *autograd.Function {
	return &autograd.Function{
		Name: "onnx." + name,
		Forward: func(xs []autograd.Variable) autograd.Variable {
			return newVariable(convert(xs[0].Float32s(), round), xs[0].Shape())
		},
		VJP: func(_ []autograd.Variable, _, g autograd.Variable) []autograd.Variable {
			return []autograd.Variable{g}
		},
		JVP: func(_ []autograd.Variable, _ autograd.Variable, ts []autograd.Variable) autograd.Variable {
			return ts[0]
		},
	}
}

// rounded is a Variable whose elements are those of a type.
func rounded(x autograd.Variable, to DataType) autograd.Variable {
	if f := rounding[to]; f != nil {
		return f.Apply(x)
	}
	return x
}
