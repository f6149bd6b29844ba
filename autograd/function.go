package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Function is a differentiable operation of the user's own: a forward computation
// and its backward rule, in plain Go. Check the rule with package gradcheck. A
// Function must not be modified after its first use; it may be used by any number
// of goroutines if its functions may.
type Function struct {
	// Name stands in graphs and errors.
	Name string

	// Forward computes the result from the operands. Its operations are not
	// recorded; it may as well work on the operands' slices and return a New. It
	// must not modify the operands, nor return one of them.
	Forward func(xs []Variable) Variable

	// VJP is the vector–Jacobian product: from the operands, the result y and the
	// upstream gradient g, of y's shape, it computes for each operand g·∂y/∂xᵢ, of
	// xᵢ's shape; the zero Variable is a gradient of zero. Written in operations it
	// can be differentiated again, to any order. Computing on slices is fine for
	// first-order gradients; a pass that is to be differentiated again panics with
	// [*TapeError] rather than lose a term.
	VJP func(xs []Variable, y, g Variable) []Variable

	// JVP is the tangent of the result for tangents ts of the operands: Σ ∂y/∂xᵢ·tᵢ,
	// of y's shape and element type, where the zero Variable stands for a tangent of
	// zero. Optional: only forward mode needs it.
	JVP func(xs []Variable, y Variable, ts []Variable) Variable
}

// Apply computes f of the operands and records it as one operation. It panics with
// [*ValueError] if f has no Forward or VJP, there are no operands, or what they
// return is not usable.
func (f *Function) Apply(xs ...Variable) Variable {
	if f.Forward == nil || f.VJP == nil {
		panic(&ValueError{f.Name, "a Function needs Forward and VJP"})
	}
	nodes := checkAll(f.Name, xs)
	o := f.op()
	t := jointTape(f.Name, nodes)
	y := f.forward(t, append([]Variable{}, xs...)).check(f.Name)
	if traces(y) && y.op != nil && y.op != identityOp { // Forward is made of operations
		return y.variable()
	}
	n := o.result(y.DType, y.Shape, nodes...)
	tensor.Copy(&n.Array, &y.Array)
	return n.done()
}

// forward runs f.Forward on operands through which no gradient flows.
func (f *Function) forward(t *Tape, xs []Variable) Variable {
	if t == nil {
		for i, x := range xs {
			xs[i] = x.Detach()
		}
		return f.Forward(xs)
	}
	for i, x := range xs {
		xs[i] = t.Const(x)
	}
	return f.Forward(xs)
}

func (f *Function) op() *op {
	return &op{name: f.Name, vjp: f.backward, jvp: f.tangent}
}

func (f *Function) backward(p *pass, n *node, g Variable) {
	xs := operands(n)
	grads := f.VJP(xs, n.variable(), g)
	if len(grads) != len(xs) {
		panic(&ValueError{f.Name, fmt.Sprintf("VJP returned %d gradients for %d operands", len(grads), len(xs))})
	}
	for i, grad := range grads {
		if grad.n == nil {
			continue
		}
		got := grad.check(f.Name)
		checkForm(f.Name, n.input(i), got, "VJP returned a gradient of another %s than operand %d", i)
		if p.recorded && p.needs(n, i) && got.tape == nil {
			panic(&TapeError{f.Name, "the gradient is to be differentiated again, but VJP did not compute it by operations on g"})
		}
		p.add(n, i, grad)
	}
}

func (f *Function) tangent(n *node, t func(int) Variable) Variable {
	if f.JVP == nil {
		panic(&ValueError{f.Name, "forward mode needs the Function's JVP, which is not given"})
	}
	xs := operands(n)
	ts := make([]Variable, len(xs))
	for i := range ts {
		ts[i] = t(i)
	}
	tangent := f.JVP(xs, n.variable(), ts)
	if tangent.n != nil {
		checkForm(f.Name, n, tangent.check(f.Name), "JVP returned a tangent of another %s than the result")
	}
	return tangent
}

func operands(n *node) []Variable {
	xs := make([]Variable, n.numInputs())
	for i := range xs {
		xs[i] = n.arg(i)
	}
	return xs
}
