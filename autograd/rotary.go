package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

var rotaryOp *op

// The operands are x, cosines and sines. attr.i is how many heads are turned, attr.keep says
// halves. Gradients turn back.
func init() {
	rotaryOp = composite("rotary", composedRotary, func(p *pass, n, g *node) {
		if dst, accumulate := p.inPlaceOrNot(n, g); dst != nil {
			tensor.Rotate(dst, &g.Array, &n.input(1).Array, &n.input(2).Array, rotaryOf(n), true, accumulate)
		}
	})
	rotaryOp.arguments = func(n *node) []Argument { return arguments("heads", n.attr.i, "halves", n.attr.keep) }
}

// RotaryConfig configures [Rotary].
type RotaryConfig struct {
	// Heads is how many heads, of twice as many features each as there are pairs, side by side
	// in front, are turned; what is behind them stays. 0 means all that there are.
	Heads int

	// Halves pairs feature i of a head with feature i + pairs, where 2i and 2i+1 are a pair
	// otherwise.
	Halves bool
}

// Rotary turns pairs of features a and b of x [..., positions, width] by angles θ that depend on
// the position and the pair, of which cos and sin are given, [positions, pairs] (Su et al. 2021,
// RoPE):
//
//	a′ = a·cos θ − b·sin θ,  b′ = b·cos θ + a·sin θ
//
// Queries, keys and values that stand side by side, as [SelfAttention] takes them, have 2·heads
// heads to turn. It panics with [*ShapeError] if the shapes do not fit, and with [*ValueError]
// for a negative number of heads.
func Rotary(x, cos, sin Variable, config RotaryConfig) Variable {
	name := rotaryOp.name
	in, c, s := x.check(name), cos.check(name), sin.check(name)
	rotaryOp.same(in, c)
	rotaryOp.same(in, s)
	rank := len(in.Shape)
	if rank < 2 || len(c.Shape) != 2 || !tensor.EqualShape(c.Shape, s.Shape) || c.Shape[0] != in.Shape[rank-2] {
		panic(&ShapeError{name, shapesOf(in, c, s), "expected x [..., positions, width], and cosines and sines [positions, pairs]"})
	}
	width, features := in.Shape[rank-1], 2*c.Shape[1]
	heads := config.Heads
	if heads < 0 {
		panic(&ValueError{name, fmt.Sprintf("%d heads", heads)})
	}
	if heads == 0 && features > 0 && width%features == 0 {
		heads = width / features
	}
	if features == 0 || heads > width/features || heads == 0 && width > 0 {
		panic(&ShapeError{name, shapesOf(in, c, s), fmt.Sprintf("rows of x are no heads of %d features, as many as the angles are for, or not %d", features, config.Heads)})
	}
	var buffer [3]*node
	if t := jointTape(name, append(buffer[:0], in, c, s)); wantsGradient(c, t) || wantsGradient(s, t) || traces(in, c, s) {
		join(name, &x, &cos, &sin)
		return composedRotaryOf(x, cos, sin, heads, config.Halves)
	}
	n := rotaryOp.result(in.DType, in.Shape, in, c, s)
	n.attr.i, n.attr.keep = heads, config.Halves
	tensor.Rotate(&n.Array, &in.Array, &c.Array, &s.Array, rotaryOf(n), false, false)
	return n.done()
}

// rotaryOf describes what n does to rows.
func rotaryOf(n *node) tensor.Rotary {
	rank := len(n.Shape)
	return tensor.Rotary{Positions: n.Shape[rank-2], Width: n.Shape[rank-1], Heads: n.attr.i, Halves: n.attr.keep}
}

// composedRotary computes n's result by operations.
func composedRotary(n *node) Variable {
	return composedRotaryOf(n.input(0).variable(), n.input(1).variable(), n.input(2).variable(), n.attr.i, n.attr.keep)
}

func composedRotaryOf(x, cos, sin Variable, heads int, halves bool) Variable {
	pairs, width := cos.Dim(1), x.Dim(-1)
	turned := 2 * pairs * heads
	each := x.Slice(-1, 0, turned)
	cos, sin = cos.Unsqueeze(1), sin.Unsqueeze(1)
	part := func(i int) Variable { // of the pairs: [..., positions, heads, pairs]
		if halves {
			return each.Unflatten(-1, heads, 2, pairs).Slice(-2, i, i+1).Squeeze(-2)
		}
		return each.Unflatten(-1, heads, pairs, 2).Slice(-1, i, i+1).Squeeze(-1)
	}
	a, b := part(0), part(1)
	axis := -1
	if halves {
		axis = -2
	}
	y := Stack(axis, a.Mul(cos).Sub(b.Mul(sin)), b.Mul(cos).Add(a.Mul(sin))).Flatten(-3)
	if turned == width {
		return y
	}
	return Concat(-1, y, x.Slice(-1, turned, width))
}
