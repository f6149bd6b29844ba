package autograd

import (
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Softmax and its relatives, stable for any input: the greatest element of a row is
// subtracted before exponentials are taken, and the loss works on logits.

// softmaxProduct is Jᵀg of yᵢ = eˣⁱ/Σeˣ:  Jᵀg = y∘(g − Σ g·y), and J is symmetric. attr.i is the axis.
func softmaxProduct(n *node, g Variable) Variable {
	y := n.variable()
	return strongMul(y, g.Sub(strongMul(g, y).SumKeepDims(n.attr.i)))
}

var softmaxOp *op

func init() {
	softmaxOp = &op{
		name:      "softmax",
		arguments: func(n *node) []Argument { return arguments("axis", n.attr.i) },
		vjp:       func(p *pass, n *node, g Variable) { p.add(n, 0, softmaxProduct(n, g)) },
		jvp:       func(n *node, t func(int) Variable) Variable { return softmaxProduct(n, t(0)) },
		fused:     alongRowsBackward(tensor.SoftmaxBackward),
	}
}

// Softmax is eˣ/Σeˣ along axis: positive numbers that sum to 1. It is accurate for
// any finite x.
func (x Variable) Softmax(axis int) Variable {
	return alongRows(softmaxOp, tensor.Softmax, x, axis)
}

var logSoftmaxOp *op

// yᵢ = xᵢ − ln Σeˣ,  Jᵀg = g − eʸ·Σg,  Jt = t − Σ eʸ·t.
func init() {
	logSoftmaxOp = &op{
		name:      "log softmax",
		arguments: func(n *node) []Argument { return arguments("axis", n.attr.i) },
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, g.Sub(n.variable().Exp().Mul(g.SumKeepDims(n.attr.i))))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return t(0).Sub(strongMul(t(0), n.variable().Exp()).SumKeepDims(n.attr.i))
		},
		fused: alongRowsBackward(tensor.LogSoftmaxBackward),
	}
}

// LogSoftmax is x − ln Σeˣ along axis, the logarithm of [Variable.Softmax] without
// its loss of accuracy.
func (x Variable) LogSoftmax(axis int) Variable {
	return alongRows(logSoftmaxOp, tensor.LogSoftmax, x, axis)
}

func alongRows(o *op, kernel func(dst, x *tensor.Array, axis int), x Variable, axis int) Variable {
	in := x.check(o.name)
	axis = resolveAxis(o.name, axis, len(in.Shape))
	n := o.result(in.DType, in.Shape, in)
	n.attr.i = axis
	kernel(&n.Array, &in.Array, axis)
	return n.done()
}

func alongRowsBackward(kernel func(dst, g, y *tensor.Array, axis int)) func(p *pass, n, g *node) {
	return func(p *pass, n, g *node) {
		dst := p.temporary(n.DType, n.Shape)
		kernel(&dst.Array, &g.Array, &n.Array, n.attr.i)
		p.add(n, 0, dst.variable())
	}
}

// crossEntropySlope is ∂L/∂x for Lᵢ = ln Σeˣⁱ − x[i, labelᵢ]:  ∂Lᵢ/∂xᵢ = softmax(xᵢ) − onehot(labelᵢ).
// attr.ints are the labels; aux is softmax(x).
func crossEntropySlope(n *node) Variable {
	x := n.arg(0)
	target, kept := oneHot(x, n.attr.ints)
	return x.Softmax(1).Sub(target).Mul(kept)
}

// oneHot is the constant matrix of x's shape with a 1 in each row at its label, and
// the column with 1 for rows that have a label and 0 for those with a negative one.
func oneHot(x Variable, labels []int) (target, kept Variable) {
	target, kept = x.full(0, x.n.Shape...), x.full(1, len(labels), 1)
	for i, label := range labels {
		if label < 0 {
			kept.n.Set(i, 0)
		} else {
			target.n.Set(i*x.n.Shape[1]+label, 1)
		}
	}
	return target, kept
}

var crossEntropyOp *op

func init() {
	crossEntropyOp = &op{
		name:      "cross entropy",
		arguments: func(n *node) []Argument { return arguments("labels", n.attr.ints) },
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, strongMul(g.Unsqueeze(1), crossEntropySlope(n)))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return strongMul(t(0), crossEntropySlope(n)).Sum(1)
		},
		fused: func(p *pass, n, g *node) {
			dst, accumulate := p.destination(n, 0)
			tensor.CrossEntropyBackward(dst, &n.aux.Array, n.attr.ints, &g.Array, 1, accumulate)
		},
	}
}

// SoftmaxCrossEntropy is the cross-entropy between the distribution softmax(logits)
// and the class given by each label, one number for each row:
//
//	Lᵢ = −ln softmax(logitsᵢ)[labelsᵢ]
//
// logits is [n, classes], labels has n entries 0 ≤ label < classes, and the result
// is [n]. A negative label leaves its row out: loss 0, gradient 0. Forward and
// backward are one pass each, and finite for any finite logits. It panics with
// [*ShapeError] if the sizes do not fit and [*IndexError] for a label that is no
// class. The labels are copied.
func SoftmaxCrossEntropy(logits Variable, labels []int) Variable {
	in := logits.check(crossEntropyOp.name)
	if len(in.Shape) != 2 || in.Shape[0] != len(labels) {
		panic(&ShapeError{crossEntropyOp.name, [][]int{append([]int{}, in.Shape...), {len(labels)}}, "expected logits [n, classes] and n labels"})
	}
	for i, label := range labels {
		if label >= in.Shape[1] {
			panic(&IndexError{crossEntropyOp.name, label, i, in.Shape[1]})
		}
	}
	n := crossEntropyOp.result(in.DType, in.Shape[:1], in)
	n.attr.ints = append(n.attr.ints[:0], labels...)
	tensor.CrossEntropy(&n.Array, &n.keepArray(in.Shape).Array, &in.Array, n.attr.ints)
	return n.done()
}
