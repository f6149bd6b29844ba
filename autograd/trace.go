package autograd

import (
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Traces: computations recorded whole, for those who write them down in another form.
//
// A recording tape keeps what a gradient can flow through. A tape made with TapeConfig.Trace
// keeps every operation, and what is fused or chosen by Go code for speed is recorded as the
// operations that it stands for; [Graph] then tells for each node the operation, its
// operands, and the arguments that are not Variables.

// Argument is an argument of an operation that is not a Variable, such as an axis.
type Argument struct {
	Name  string
	Value any // an int, float64, bool, string or []int
}

// arguments makes a list of names and values, in turn.
func arguments(pairs ...any) []Argument {
	list := make([]Argument, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		value := pairs[i+1]
		if ints, ok := value.([]int); ok { // the node's own memory
			value = append([]int{}, ints...)
		}
		list = append(list, Argument{pairs[i].(string), value})
	}
	return list
}

// axesOf lists the axes of a set.
func axesOf(set uint64, rank int) []int {
	axes := []int{}
	for axis := range rank {
		if set>>axis&1 != 0 {
			axes = append(axes, axis)
		}
	}
	return axes
}

// Tracing reports whether t was made with TapeConfig.Trace.
func (t *Tape) Tracing() bool { return t.tracing }

// traces reports whether one of the operands is on a tape that traces.
func traces(in ...*node) bool {
	return slices.ContainsFunc(in, func(n *node) bool { return n.tape != nil && n.tape.tracing })
}

// detached is v, the value of n without how it came about; a trace keeps that.
func detached(v, n *node) *node {
	if v.tape != nil && v.tape.tracing && n.tape == v.tape {
		v.in[0], v.op = n, identityOp
	}
	return v
}

// wholeOp is an operation that traces alone have, made by recordWhole. A backward pass that comes
// to it panics.
func wholeOp(name string, arguments func(n *node) []Argument) *op {
	return &op{name: name, arguments: arguments, vjp: func(*pass, *node, Variable) {
		panic(&TapeError{name, "the tape traces, and the trace has no derivative of it: use a tape without TapeConfig.Trace"})
	}}
}

// recordWhole is y, which was computed from in: in a trace it is the result of the one operation o.
// It is for what other programs have an operation for, and for what is computed with indices that Go
// code chose by the values of elements, since the operations that computed it do not tell how it
// depends on them.
func (o *op) recordWhole(y Variable, attr attributes, in ...*node) Variable {
	if !traces(in...) || y.n.tape == nil {
		return y
	}
	t := y.n.tape
	n := t.node(y.n.DType, y.n.Shape)
	n.F32, n.F64 = y.n.F32, y.n.F64
	t.shareWith(n, y.n)
	ints := append(n.ensureRare().attr.ints[:0], attr.ints...)
	n.attr = attr
	n.attr.ints = ints
	o.link(t, n, in)
	return n.variable()
}

// windowArguments are those of windows along the last axes of three.
func windowArguments(at *tensor.Pooling, axes int) []any {
	var kernel, stride, padding, dilation, count, adaptive []int
	for i := range at[3-axes:] {
		a := &at[3-axes+i]
		kernel, stride, padding = append(kernel, a.Kernel), append(stride, a.Stride), append(padding, a.Padding)
		dilation, count, adaptive = append(dilation, a.Dilation), append(count, a.Count), append(adaptive, btoi(a.Adaptive))
	}
	return []any{"kernel", kernel, "stride", stride, "padding", padding, "dilation", dilation, "count", count, "adaptive", adaptive}
}
