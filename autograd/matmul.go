package autograd

import (
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Matrix products. One operation computes op(A)·op(B) for batches of matrices,
// where op transposes or not, so that transposes in backward rules are folded into
// the product instead of being copied.

var matmulOp *op

// C = A·B:  ∂L/∂A = G·Bᵀ,  ∂L/∂B = Aᵀ·G.  With A given transposed its gradient is
// the transpose of that, B·Gᵀ, and likewise for B. attr.keep says that A is transposed,
// attr.i = 1 that B is.
func init() {
	matmulOp = &op{
		name:      "matmul",
		arguments: func(n *node) []Argument { return arguments("transpose a", n.attr.keep, "transpose b", n.attr.i == 1) },
		vjp: func(p *pass, n *node, g Variable) {
			for i := range 2 {
				if p.needs(n, i) {
					x, y, transX, transY := gradientFactors(n, g.n, i)
					p.add(n, i, matmul(x.variable(), y.variable(), transX, transY))
				}
			}
		},
		fused: func(p *pass, n, g *node) {
			for i := range 2 {
				if p.needs(n, i) {
					dst, accumulate := p.destination(n, i)
					x, y, transX, transY := gradientFactors(n, g, i)
					tensor.MatMulReduce(dst, &x.Array, &y.Array, transX, transY, accumulate)
				}
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			a, b, transA, transB := n.arg(0), n.arg(1), n.attr.keep, n.attr.i == 1
			var sum Variable
			if ta := t(0); ta.n != nil {
				sum = matmul(ta, b, transA, transB)
			}
			if tb := t(1); tb.n != nil {
				sum = addTangents(sum, matmul(a, tb, transA, transB))
			}
			return sum
		},
	}
}

// gradientFactors are x and y, transposed or not, whose product is the gradient of operand i
// of the product n, g being that of n.
func gradientFactors(n, g *node, i int) (x, y *node, transX, transY bool) {
	a, b, transA, transB := n.in[0], n.in[1], n.attr.keep, n.attr.i == 1
	switch {
	case i == 0 && transA:
		return b, g, transB, true
	case i == 0:
		return g, b, false, !transB
	case transB:
		return g, a, true, transA
	}
	return a, g, !transA, false
}

// MatMul is the matrix product, by NumPy's rules. Matrices multiply as usual:
// [m, k]·[k, n] is [m, n]. Further axes in front are a batch and broadcast:
// [b, m, k]·[k, n] is [b, m, n]. A vector on the left is a row and on the right a
// column, and the axis this adds is removed again: [k]·[k] is a scalar, the dot
// product; [m, k]·[k] is [m]. It panics with [*ShapeError] if the inner sizes
// differ, batch axes do not broadcast, or an operand is a scalar.
func (x Variable) MatMul(y Variable) Variable {
	a, b := x.check(matmulOp.name), y.check(matmulOp.name)
	if len(a.Shape) == 0 || len(b.Shape) == 0 {
		panic(&ShapeError{matmulOp.name, shapesOf(a, b), "a scalar is no matrix: use Mul"})
	}
	if len(a.Shape) > 1 && len(b.Shape) > 1 {
		return matmul(x, y, false, false)
	}
	if a.Shape[len(a.Shape)-1] != b.Shape[max(0, len(b.Shape)-2)] {
		panic(&ShapeError{matmulOp.name, shapesOf(a, b), "the inner sizes differ"})
	}
	join(matmulOp.name, &x, &y)
	row, column := len(a.Shape) == 1, len(b.Shape) == 1
	if row {
		x = x.Unsqueeze(0)
	}
	if column {
		y = y.Unsqueeze(1)
	}
	z := matmul(x, y, false, false)
	if column {
		z = z.Squeeze(-1)
	}
	if row {
		z = z.Squeeze(z.Rank() - 1 - btoi(!column))
	}
	return z
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// matmul is op(a)·op(b) for operands of at least two axes.
func matmul(x, y Variable, transA, transB bool) Variable {
	a, b := x.check(matmulOp.name), y.check(matmulOp.name)
	matmulOp.same(a, b)
	var buffer [8]int
	shape, reason := matmulShape(buffer[:0], a.Shape, b.Shape, transA, transB)
	if reason != "" {
		panic(&ShapeError{matmulOp.name, shapesOf(a, b), reason})
	}
	n := matmulOp.result(a.DType, shape, a, b)
	n.attr.keep, n.attr.i = transA, btoi(transB)
	tensor.MatMul(&n.Array, &a.Array, &b.Array, transA, transB, false, nil)
	return n.done()
}

// matmulShape is the shape of the product, or the reason why there is none.
func matmulShape(dst, a, b []int, transA, transB bool) (shape []int, reason string) {
	m, k := a[len(a)-2], a[len(a)-1]
	if transA {
		m, k = k, m
	}
	k2, n := b[len(b)-2], b[len(b)-1]
	if transB {
		k2, n = n, k2
	}
	if k != k2 {
		return nil, "the inner sizes differ"
	}
	shape, ok := tensor.BroadcastShape(dst, a[:len(a)-2], b[:len(b)-2])
	if !ok {
		return nil, "the batch axes do not broadcast"
	}
	return append(shape, m, n), ""
}

var linearOp *op

// Y = X·Wᵀ + b:  ∂L/∂X = G·W,  ∂L/∂W = Gᵀ·X,  ∂L/∂b = Σ rows of G.
func init() {
	linearOp = &op{
		name: "linear",
		vjp: func(p *pass, n *node, g Variable) {
			x, w := n.arg(0), n.arg(1)
			batch := sizeOf(x.n.Shape[:len(x.n.Shape)-1]) // not −1: there may be no elements
			rows := g.Reshape(batch, w.n.Shape[0])
			if p.needs(n, 0) {
				p.add(n, 0, matmul(rows, w, false, false).Reshape(x.n.Shape...))
			}
			if p.needs(n, 1) {
				p.add(n, 1, matmul(rows, x.Reshape(batch, w.n.Shape[1]), true, false))
			}
			if n.numInputs() == 3 && p.needs(n, 2) {
				p.add(n, 2, rows.Sum(0))
			}
		},
		fused: func(p *pass, n, g *node) {
			x, w := n.in[0], n.in[1]
			if p.needs(n, 0) {
				dst, accumulate := p.destination(n, 0)
				tensor.MatMul(dst, &g.Array, &w.Array, false, false, accumulate, nil)
			}
			if p.needs(n, 1) {
				dst, accumulate := p.destination(n, 1)
				linearWeightGradient(dst, &g.Array, x, accumulate)
			}
			if n.in[2] != nil && p.needs(n, 2) {
				dst, accumulate := p.destination(n, 2)
				tensor.SumTo(dst, &g.Array, accumulate)
			}
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			x, w := n.arg(0), n.arg(1)
			var sum Variable
			if tx := t(0); tx.n != nil {
				sum = Linear(tx, w, Variable{})
			}
			if tw := t(1); tw.n != nil {
				sum = addTangents(sum, Linear(x, tw, Variable{}))
			}
			if n.numInputs() == 3 {
				if tb := t(2); tb.n != nil {
					sum = addTangents(sum, tb.BroadcastTo(n.Shape...))
				}
			}
			return sum
		},
	}
}

// Linear is the affine map y = x·wᵀ + b of every row of x: x is [..., in], w is [out,
// in] as PyTorch stores it, b is [out] or the zero Variable for none, and the result is
// [..., out]. It is one operation, without temporaries. It panics with [*ShapeError] if
// the sizes do not fit.
func Linear(x, w, b Variable) Variable {
	in, wn := x.header(linearOp.name), w.check(linearOp.name)
	linearOp.same(in, wn)
	if len(in.Shape) == 0 || len(wn.Shape) != 2 || in.Shape[len(in.Shape)-1] != wn.Shape[1] {
		panic(&ShapeError{linearOp.name, shapesOf(in, wn), "expected x [..., in] and w [out, in]"})
	}
	if !in.multipliesBytes() {
		x.check(linearOp.name)
	}
	var buffer [8]int
	shape := append(buffer[:0], in.Shape...)
	shape[len(shape)-1] = wn.Shape[0]
	if b.n == nil {
		return linear(linearOp.result(in.DType, shape, in, wn), in, wn, nil)
	}
	bn := b.check(linearOp.name)
	linearOp.same(in, bn)
	if len(bn.Shape) != 1 || bn.Shape[0] != wn.Shape[0] {
		panic(&ShapeError{linearOp.name, shapesOf(in, wn, bn), "expected b [out] for w [out, in]"})
	}
	return linear(linearOp.result(in.DType, shape, in, wn, bn), in, wn, &bn.Array)
}

func linear(n, x, w *node, bias *tensor.Array) Variable {
	linearForward(&n.Array, x, w, bias)
	return n.done()
}
