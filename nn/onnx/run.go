package onnx

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// kernel evaluates a node: it takes inputs from a call and puts results there. It fails by
// failf, or as operations of package autograd do.
type kernel func(c *call)

// run is one evaluation of a model.
type run struct {
	model  *Model
	tape   *autograd.Tape // nil outside any
	values []Value        // by slot
	budget int64          // bytes that results may still have
	node   *node          // the one that is being evaluated, for errors
	stack  []Value        // inputs and results of the nodes that are being evaluated
	memory recollection
}

// call is the evaluation of one node.
type call struct {
	*run
	node *node
	in   []Value
	out  []Value
}

// eval evaluates all nodes of a graph.
func (r *run) eval(g *graph) {
	for _, n := range g.nodes {
		switch {
		case n.role == computed:
			r.evalNode(n)
		case !r.recall(n):
			tape := r.tape
			r.tape = nil // what is kept outlives it
			r.evalNode(n)
			r.tape = tape
			r.note(n)
		}
	}
}

func (r *run) evalNode(n *node) {
	base := len(r.stack)
	for _, slot := range n.inputs {
		if slot == absent {
			r.stack = append(r.stack, Value{})
			continue
		}
		r.stack = append(r.stack, r.values[slot])
	}
	middle := len(r.stack)
	for range n.outputs {
		r.stack = append(r.stack, Value{})
	}
	// Evaluating subgraphs may move the stack: the call keeps its own part.
	c := call{run: r, node: n, in: r.stack[base:middle:middle], out: r.stack[middle:len(r.stack):len(r.stack)]}
	outer := r.node
	r.node = n
	n.kernel(&c)
	half := c.halfType()
	for i, slot := range n.outputs {
		if slot == absent {
			continue
		}
		v := c.out[i]
		if v.isNone() {
			failf("there is no result %d", i)
		}
		if v.dtype == Float && half != Undefined && !n.op.typed {
			v.dtype = half
		}
		r.charge(v)
		r.values[slot] = v
	}
	r.node = outer
	clear(r.stack[base:])
	r.stack = r.stack[:base]
}

// halfType is the type of half precision that one of the inputs has: numbers of such types are
// computed with in single precision, and the results are of that type again.
func (c *call) halfType() DataType {
	for _, v := range c.in {
		if v.dtype == Float16 || v.dtype == BFloat16 {
			return v.dtype
		}
	}
	return Undefined
}

// charge counts the memory of a result.
func (r *run) charge(v Value) {
	size := 8
	if v.dtype != Double {
		size = 4
	}
	if v.ints != nil {
		size = sizes[v.dtype]
	}
	r.budget -= int64(v.Size()) * int64(size)
	if r.budget < 0 {
		panic(errTooLarge(r.model.config.maxBytes()))
	}
}

// room fails if a result of the given shape would be beyond the limit of memory: kernels ask
// before they compute what may be larger than their inputs.
func (c *call) room(shape ...int) {
	size, ok := sizeOf(shape)
	if !ok || int64(size)*8 > c.budget {
		panic(errTooLarge(c.model.config.maxBytes()))
	}
}

// tooLarge is the failure of a result beyond the limit of memory.
type tooLarge struct{ failure }

func errTooLarge(limit int64) *tooLarge {
	return &tooLarge{failure{reason: fmt.Sprintf("results are larger than the limit of %d bytes (Config.MaxBytes)", limit)}}
}

// has reports whether input i is there.
func (c *call) has(i int) bool { return i < len(c.in) && !c.in[i].isNone() }

// value is input i, which must be there.
func (c *call) value(i int) Value {
	if !c.has(i) {
		failf("there is no input %d", i)
	}
	return c.in[i]
}

// float is input i as a Variable, on the tape if there is one.
func (c *call) float(i int) autograd.Variable {
	v := c.value(i)
	if !v.isTensor() {
		failf("input %d is %s, expected floating-point numbers", i, v.describe())
	}
	return c.onTape(v.float)
}

// onTape brings a Variable to the tape, if there is one.
func (r *run) onTape(v autograd.Variable) autograd.Variable {
	switch {
	case r.tape == nil || v.Tape() != nil:
		return v
	case v.IsParameter():
		return r.tape.Watch(v)
	}
	return r.tape.Const(v)
}

// optional is input i as a Variable, the zero Variable if it was left out.
func (c *call) optional(i int) autograd.Variable {
	if !c.has(i) {
		return autograd.Variable{}
	}
	return c.float(i)
}

// host is input i, which must be integers or truth values.
func (c *call) host(i int) *host.Array {
	v := c.value(i)
	if v.ints == nil {
		failf("input %d is %s, expected integers", i, v.describe())
	}
	return v.ints
}

// ints is the elements of input i, integers that an int can hold.
func (c *call) ints(i int) []int {
	ints, ok := c.host(i).Ints()
	if !ok {
		failf("input %d has an element beyond what can be counted", i)
	}
	return ints
}

// intsOr is ints, or nil if the input was left out.
func (c *call) intsOr(i int) []int {
	if !c.has(i) {
		return nil
	}
	return c.ints(i)
}

// int is the one element of input i.
func (c *call) int(i int) int {
	ints := c.ints(i)
	if len(ints) != 1 {
		failf("input %d has %d elements, expected one", i, len(ints))
	}
	return ints[0]
}

// single is input i, which must be one integer or truth value.
func (c *call) single(i int) *host.Array {
	a := c.host(i)
	if a.Len() != 1 {
		failf("input %d is %s, expected one element", i, c.in[i].describe())
	}
	return a.Reshape()
}

// numbers is the elements of input i, of any type, without their gradient.
func (c *call) numbers(i int) []float64 {
	v := c.value(i)
	if v.ints != nil {
		return v.ints.Floats()
	}
	return v.float.Floats()
}

// number is the one element of input i, of any type, or what it is if it was left out.
func (c *call) number(i int, otherwise float64) float64 {
	if !c.has(i) {
		return otherwise
	}
	if c.in[i].Size() != 1 {
		failf("input %d is %s, expected one element", i, c.in[i].describe())
	}
	return c.numbers(i)[0]
}

// set makes a Variable result i.
func (c *call) set(i int, v autograd.Variable) {
	if i < len(c.out) {
		c.out[i] = Tensor(v)
	}
}

// setHost makes an array of integers result i.
func (c *call) setHost(i int, a *host.Array) {
	if i < len(c.out) {
		c.out[i] = ofHost(a)
	}
}

// setValue makes any Value result i.
func (c *call) setValue(i int, v Value) {
	if i < len(c.out) {
		c.out[i] = v
	}
}

// constant is a Variable of the given elements, which it takes for its memory, on the tape if
// there is one.
func constantOf[T autograd.Float](c *call, data []T, shape []int) autograd.Variable {
	return c.onTape(newVariable(data, shape))
}

// numbersOf is a Variable of a type with the given elements, on the tape if there is one.
func (c *call) numbersOf(dtype autograd.DType, data []float64, shape []int) autograd.Variable {
	if dtype == autograd.Float64 {
		return constantOf(c, data, shape)
	}
	return constantOf(c, convert(data, func(x float64) float32 { return float32(x) }), shape)
}

// full is a Variable with equal elements, whose memory is the tape's if there is one.
func (c *call) full(dtype autograd.DType, value float64, shape ...int) autograd.Variable {
	return c.numbersOf(dtype, []float64{value}, nil).BroadcastTo(shape...)
}

// axis is an axis of an array, where negative ones count from the end.
func axisOf(axis, rank int) int {
	resolved := axis
	if axis < 0 {
		resolved += rank
	}
	if resolved < 0 || resolved >= rank {
		failf("there is no axis %d in %d axes", axis, rank)
	}
	return resolved
}

// axesOf is several axes, in order; it fails if one is named twice.
func axesOf(axes []int, rank int) []int {
	resolved := make([]int, len(axes))
	for i, a := range axes {
		resolved[i] = axisOf(a, rank)
	}
	slices.Sort(resolved)
	if len(slices.Compact(slices.Clone(resolved))) != len(axes) {
		failf("axes %v name one twice", axes)
	}
	return resolved
}

// firstAxes is the axes 0 to n-1.
func firstAxes(n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = i
	}
	return axes
}

func itoa(i int) string { return strconv.Itoa(i) }
