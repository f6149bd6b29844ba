package onnx

import (
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Products of matrices and what is made of them.
var productOperators = family{"Products of matrices", []operator{
	{name: "MatMul", since: 1, in: two, make: simple(matMul)},
	{name: "Gemm", since: 1, in: span{2, 3}, make: gemm},
	{name: "Einsum", since: 12, in: oneOrMore, make: einsum},
	{name: "Det", since: 11, in: one, make: legacy(unary(autograd.Variable.Det))},
}}

// matMul is the product of matrices, NumPy's matmul.
func matMul(c *call) {
	x, y := c.value(0), c.value(1)
	same(x, y)
	c.matrices(x.Shape(), y.Shape())
	if x.ints == nil {
		c.set(0, c.float(0).MatMul(c.float(1)))
		return
	}
	c.setHost(0, productOf(x.ints, y.ints))
}

// matrices checks the shapes of a product and that there is room for it.
func (c *call) matrices(x, y []int) {
	if len(x) == 0 || len(y) == 0 {
		failf("a product of shapes %v and %v", x, y)
	}
	if len(x) < 2 || len(y) < 2 {
		return // is no larger than an operand
	}
	c.broadcast(x[:len(x)-2], y[:len(y)-2], []int{})
	shape := append(c.broadcast(x[:len(x)-2], y[:len(y)-2]), x[len(x)-2], y[len(y)-1])
	c.room(shape...)
}

// productOf is the product of matrices of integers.
func productOf(x, y *host.Array) *host.Array {
	xs, ys := x.Shape(), y.Shape()
	inner := xs[len(xs)-1]
	// x [..., m, 1, k] times yᵀ [..., 1, n, k], summed over k.
	rows := append(append([]int{}, xs[:len(xs)-1]...), 1, inner)
	if len(xs) == 1 {
		rows = []int{1, 1, inner}
	}
	yT := y
	if len(ys) > 1 {
		steps := host.Steps(ys)
		n := len(ys)
		steps[n-1], steps[n-2] = steps[n-2], steps[n-1]
		shape := append([]int{}, ys...)
		shape[n-1], shape[n-2] = shape[n-2], shape[n-1]
		yT = y.Pick(host.Positions(shape, steps, 0), shape...)
	}
	if yT.Shape()[len(yT.Shape())-1] != inner {
		failf("a product of shapes %v and %v", xs, ys)
	}
	columns := append([]int{}, yT.Shape()...)
	if len(columns) == 1 {
		columns = []int{1, inner}
	}
	columns = append(columns[:len(columns)-2], 1, columns[len(columns)-2], inner)
	terms := x.Reshape(rows...).Combine(host.Mul, yT.Reshape(columns...))
	if inner == 0 {
		return host.Make(x.Kind(), terms.Shape()[:len(terms.Shape())-1]...)
	}
	z := terms.Reduce(host.Add, []int{len(terms.Shape()) - 1})
	var shape []int
	for i, d := range z.Shape() {
		if i == len(z.Shape())-2 && len(xs) == 1 || i == len(z.Shape())-1 && len(ys) == 1 {
			continue
		}
		shape = append(shape, d)
	}
	return z.Reshape(shape...)
}

// gemm is alpha·A·B + beta·C, A and B transposed if asked for. C broadcasts.
func gemm(n *node) kernel {
	alpha, beta := n.float("alpha", 1), n.float("beta", 1)
	transA, transB := n.flag("transA", false), n.flag("transB", false)
	n.ignore("broadcast") // before version 7: C broadcasts only where it says so
	return func(c *call) {
		if c.value(0).ints != nil {
			unsupportedf("integers")
		}
		a, b, bias := c.float(0), c.float(1), c.optional(2)
		if a.Rank() != 2 || b.Rank() != 2 {
			failf("inputs are %s and %s, expected matrices", c.in[0].describe(), c.in[1].describe())
		}
		if transA {
			a = a.T()
		}
		if alpha != 1 {
			a = a.MulScalar(alpha)
		}
		hasBias := bias != autograd.Variable{}
		if hasBias && beta != 1 {
			bias = bias.MulScalar(beta)
		}
		columns := b.Dim(1)
		if transB {
			columns = b.Dim(0)
		}
		c.room(a.Dim(0), columns)
		if hasBias && bias.Rank() == 2 && bias.Dim(0) == 1 && bias.Dim(1) == columns {
			bias = bias.Reshape(columns)
		}
		if transB && hasBias && bias.Rank() == 1 && bias.Dim(0) == columns {
			c.set(0, autograd.Linear(a, b, bias))
			return
		}
		if transB {
			b = b.T()
		}
		y := a.MatMul(b)
		if hasBias {
			c.broadcast(y.Shape(), bias.Shape())
			y = y.Add(bias)
		}
		c.set(0, y)
	}
}

func einsum(n *node) kernel {
	equation := n.text("equation", "")
	return func(c *call) {
		c.float(0)
		c.roomForSum(equation)
		c.set(0, autograd.Einsum(equation, c.variables(0)...))
	}
}

// roomForSum asks for room for what is computed on the way: operands are taken in one after
// the other, and what neither a later one nor the result has is summed over at once.
func (c *call) roomForSum(equation string) {
	terms, output, explicit := strings.Cut(strings.ReplaceAll(equation, " ", ""), "->")
	operands := strings.Split(terms, ",")
	if len(operands) != len(c.in) {
		failf("equation %q has %d operands, the node %d", equation, len(operands), len(c.in))
	}
	sizes, kept := map[rune]int{}, map[rune]bool{}
	for i, term := range operands {
		shape := c.in[i].Shape()
		rest := len(shape) // axes that "..." stands for
		for _, letter := range term {
			if letter != '.' {
				rest--
			}
		}
		axis := 0
		for at, letter := range term {
			switch {
			case letter == '.' && strings.HasPrefix(term[at:], "..."):
				many := 1
				for range max(rest, 0) {
					many *= max(shape[axis], 1)
					axis++
				}
				sizes[letter] = max(sizes[letter], many)
			case letter != '.' && axis < len(shape):
				sizes[letter] = max(sizes[letter], shape[axis])
				axis++
			}
			kept[letter] = true
		}
		var together []int
		for letter := range kept {
			later := strings.ContainsRune(strings.Join(operands[i+1:], ""), letter)
			if explicit && !later && !strings.ContainsRune(output, letter) {
				delete(kept, letter)
				continue
			}
			together = append(together, max(sizes[letter], 1))
		}
		c.room(together...)
	}
}
