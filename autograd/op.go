package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// How an operation is made.
//
// An op value ties together a name and the rule of the backward pass; the families
// (unary, binary, …) add the forward kernel. The method users call computes the
// forward value into a node made by result, which decides where the node lives and
// whether it is recorded. Nothing else in the package knows the operation.
//
// Rules of operations call operations, among them their own, so the values are
// assigned in init functions: Go does not allow such a circle between initial
// values of package variables.

// op is what the backward pass needs to know about an operation.
type op struct {
	name string

	// plain says that nodes of this operation have no attributes and no aux, so that they
	// need no memory for them.
	plain bool

	// arguments lists what n's attributes say, for [Graph]. nil for operations without any.
	arguments func(n *node) []Argument

	// vjp adds to every operand its share of the gradient: for operand i the
	// product of g, the gradient of n, with ∂n/∂iᵗʰ operand. It is written in
	// operations, so that it can itself be recorded and differentiated.
	vjp func(p *pass, n *node, g Variable)

	// fused is the same as vjp in fewer passes over memory, for backward passes
	// that are not recorded. Optional.
	fused func(p *pass, n, g *node)

	// jvp is the tangent of n, given those of its operands: the sum over the
	// operands of ∂n/∂iᵗʰ operand applied to t(i), where the zero Variable is a
	// zero tangent. At least one tangent is not zero.
	jvp func(n *node, t func(i int) Variable) Variable
}

// result makes the node of an operation's value, with elements of unspecified
// content: on the tape of the operands, or on the heap where none has one. The
// operands must have passed check. It panics if they are on two tapes.
func (o *op) result(dtype DType, shape []int, in ...*node) *node {
	t := jointTape(o.name, in)
	if t == nil {
		n := newNode(dtype, shape, constant)
		o.keep(n, in)
		return n
	}
	if t.observer != nil {
		t.observer.begin()
	}
	n := t.node(dtype, shape)
	if !o.plain {
		n.ensureRare()
	}
	t.allocate(n)
	o.link(t, n, in)
	return n
}

// done is the handle of an operation's result, whose elements are computed now.
func (n *node) done() Variable {
	if n.tape != nil && n.tape.observer != nil {
		n.tape.observer.end(n)
	}
	return n.variable()
}

// resultView is result for a value that shares the elements of its first operand,
// from element start on.
func (o *op) resultView(shape []int, start int, in ...*node) *node {
	t := jointTape(o.name, in)
	base := in[0]
	var n *node
	if t == nil {
		n = outsideNode(base.DType, shape)
		n.base = base
		o.keep(n, in)
	} else {
		n = t.node(base.DType, shape)
		n.ensureRare()
		t.shareWith(n, base)
	}
	n.Array = base.View(start, sizeOf(n.Shape), n.Shape)
	if t != nil {
		o.link(t, n, in)
	}
	return n
}

// jointTape is the one tape that operands are on, nil if there is none.
func jointTape(op string, in []*node) *Tape {
	var t *Tape
	for _, n := range in {
		if n.tape == nil || n.tape == t {
			continue
		}
		if t != nil {
			panic(&TapeError{op, "the operands are on two different tapes: Clone one of them, or compute both on one tape"})
		}
		t = n.tape
	}
	return t
}

// join brings parameters among the operands, and results of parameters, onto the tape of
// the others, if there is one. Functions that are made of several operations call it
// first: an operation on a parameter alone would leave the tape out, and allocate.
func join(op string, xs ...*Variable) {
	var buffer [3]*node
	nodes := buffer[:0]
	for _, x := range xs {
		nodes = append(nodes, x.check(op))
	}
	t := jointTape(op, nodes)
	if t == nil {
		return
	}
	for i, n := range nodes {
		if b := t.bring(n); b != n {
			*xs[i] = b.variable()
		}
	}
}

// link enters n on t, with its operands if a gradient can reach one of them.
func (o *op) link(t *Tape, n *node, in []*node) {
	if t.recording && o.vjp != nil {
		for i, x := range in {
			if x.kind == parameter || x.kind == derived {
				x = t.bring(x)
			}
			n.tracked = n.tracked || x.tracked
			if i < len(n.in) {
				n.in[i] = x
			} else {
				n.ensureRare().more = append(n.more, x)
			}
		}
		switch {
		case n.tracked, t.tracing:
			n.op = o
		default:
			n.dropInputs()
		}
	} else if t.tracing {
		n.op = o
		for i, x := range in {
			in[i] = t.bring(x)
		}
		n.setInputs(in)
	}
	t.enter(n)
}

// same panics unless a and b have the same element type.
func (o *op) same(a, b *node) {
	if a.DType != b.DType {
		panic(&DTypeError{o.name, []DType{a.DType, b.DType}, "expected equal element types (AsType converts)"})
	}
}

// checkForm panics unless got has the shape and the element type of n. reason says what is
// expected, with %s for "shape" or "type", and verbs for which.
func checkForm(op string, n, got *node, reason string, which ...int) {
	format := func(kind string) string {
		args := []any{kind}
		for _, i := range which {
			args = append(args, i)
		}
		return fmt.Sprintf(reason, args...)
	}
	if !tensor.EqualShape(n.Shape, got.Shape) {
		panic(&ShapeError{op, shapesOf(n, got), format("shape")})
	}
	if n.DType != got.DType {
		panic(&DTypeError{op, []DType{n.DType, got.DType}, format("type")})
	}
}

// linearMap makes of x what node n is made of by its operand, or the transpose of that: with
// the shape and the type of like.
type linearMap func(n *node, x Variable, like *node) Variable

// newLinearMap is an operation that is linear in its one operand.
func newLinearMap(name string, arguments func(n *node) []Argument, forward, transpose linearMap) *op {
	return &op{
		name:      name,
		arguments: arguments,
		vjp:       func(p *pass, n *node, g Variable) { p.add(n, 0, transpose(n, g, n.in[0])) },
		jvp:       func(n *node, t func(int) Variable) Variable { return forward(n, t(0), n) },
	}
}

func sizeOf(shape []int) int { return tensor.SizeOf(shape) }
