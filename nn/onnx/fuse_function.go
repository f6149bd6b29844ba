package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Patterns of functions of each element, as exporters write those that an operator set does not
// have.

// rowOf is the newest row of an operator, for nodes that become one of it.
func rowOf(operator string) *operator {
	rows := operatorTable[operatorName{"", operator}]
	return rows[len(rows)-1]
}

// becomeFunction makes n a function of x.
func (f *fusion) becomeFunction(n *node, operator *operator, function func(x autograd.Variable) autograd.Variable, x int, others ...*node) bool {
	f.become(n, operator, unary(function), x)
	f.drop(others...)
	return true
}

var siluOperator = &operator{name: "SiLU"}

// silu is x·sigmoid(x).
func (f *fusion) silu(n *node) bool {
	for i, x := range n.inputs {
		if sigmoid := f.only(n.inputs[1-i], "Sigmoid"); sigmoid != nil && sigmoid.inputs[0] == x {
			return f.becomeFunction(n, siluOperator, autograd.Variable.SiLU, x, sigmoid)
		}
	}
	return false
}

// hardSwish is x·min(max(x+3, 0), 6)/6, where the division may come before the product, or
// x·HardSigmoid(x).
func (f *fusion) hardSwish(n *node) bool {
	if n.version < 7 {
		return false
	}
	if n.op.name == "Div" {
		product := f.only(n.inputs[0], "Mul")
		if product == nil || !f.is(n.inputs[1], n.inputs[0], 6) {
			return false
		}
		for i, x := range product.inputs {
			if others := f.bounded(product.inputs[1-i], x); others != nil {
				return f.becomeFunction(n, rowOf("HardSwish"), autograd.Variable.Hardswish, x, append(others, product)...)
			}
		}
		return false
	}
	for i, x := range n.inputs {
		if sigmoid := f.only(n.inputs[1-i], "HardSigmoid"); sigmoid != nil && sigmoid.inputs[0] == x &&
			about(sigmoid.float("alpha", 0.2), 1.0/6) && about(sigmoid.float("beta", 0.5), 0.5) {
			return f.becomeFunction(n, rowOf("HardSwish"), autograd.Variable.Hardswish, x, sigmoid)
		}
		if part := f.only(n.inputs[1-i], "Div"); part != nil && f.is(part.inputs[1], part.inputs[0], 6) {
			if others := f.bounded(part.inputs[0], x); others != nil {
				return f.becomeFunction(n, rowOf("HardSwish"), autograd.Variable.Hardswish, x, append(others, part)...)
			}
		}
	}
	return false
}

// about reports whether numbers are the same but for rounding.
func about(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Abs(want) }

// bounded is the nodes of min(max(x+3, 0), 6), nil if a slot is something else.
func (f *fusion) bounded(slot, x int) []*node {
	clip := f.only(slot, "Clip")
	if clip == nil || !f.bounds(clip, 0, 6) {
		return nil
	}
	sum := f.only(clip.inputs[0], "Add")
	if sum == nil || !(sum.inputs[0] == x && f.is(sum.inputs[1], x, 3) || sum.inputs[1] == x && f.is(sum.inputs[0], x, 3)) {
		return nil
	}
	return []*node{clip, sum}
}

// bounds reports whether the bounds of a Clip are known to be these.
func (f *fusion) bounds(n *node, low, high float64) bool {
	if n.version < 11 {
		return n.float("min", -math.MaxFloat32) == low && n.float("max", math.MaxFloat32) == high
	}
	if len(n.inputs) != 3 {
		return false
	}
	for i, bound := range []float64{low, high} {
		data, _, ok := f.constantFloats(n.inputs[1+i])
		if !ok || len(data) != 1 || data[0] != bound {
			return false
		}
	}
	return true
}

// factored is a product taken apart: a number, slots and powers of them, and the nodes of it.
type factored struct {
	number float64
	powers map[int]int // by slot
	nodes  []*node     // all but the last
}

// maxFactors is the most nodes of a product that are looked at.
const maxFactors = 8

// factors takes a product apart. Nodes whose results are used elsewhere are factors themselves.
func (f *fusion) factors(n *node) factored {
	p := factored{1, map[int]int{}, nil}
	f.addFactors(&p, n)
	return p
}

func (f *fusion) addFactors(p *factored, n *node) {
	add := func(slot int) {
		if inner := f.only(slot, "Mul", "Div", "Pow"); inner != nil && len(p.nodes) < maxFactors && f.isProduct(inner) {
			p.nodes = append(p.nodes, inner)
			f.addFactors(p, inner)
			return
		}
		p.powers[slot]++
	}
	for i, slot := range n.inputs {
		number, ok := f.number(slot, n.inputs[1-i])
		switch {
		case ok && n.op.name == "Pow" && i == 1:
			p.powers[n.inputs[0]] += int(number) - 1
		case ok && n.op.name == "Div":
			p.number /= number
		case ok:
			p.number *= number
		case n.op.name == "Pow":
			p.powers[slot]++
		default:
			add(slot)
		}
	}
}

// isProduct reports whether a node is a product, a part by a number or a small power.
func (f *fusion) isProduct(n *node) bool {
	if n.version < 7 || len(n.inputs) != 2 {
		return false
	}
	number, ok := f.number(n.inputs[1], n.inputs[0])
	switch n.op.name {
	case "Mul":
		return true
	case "Div":
		_, both := f.number(n.inputs[0], n.inputs[1])
		return ok && !both && number != 0
	}
	return ok && (number == 2 || number == 3)
}

// is1 reports whether a product is number·x to some power, alone.
func (p factored) is1(number float64, x, power int) bool {
	return about(p.number, number) && len(p.powers) == 1 && p.powers[x] == power
}

// others is the slots of a product but for x.
func (p factored) others(x int) []int {
	var slots []int
	for slot, power := range p.powers {
		if slot != x && power == 1 {
			slots = append(slots, slot)
		}
	}
	return slots
}

// plusOne is the slot that a node adds 1 to, if it makes a slot that nothing else uses.
func (f *fusion) plusOne(slot int) (x int, n *node) {
	sum := f.only(slot, "Add")
	if sum == nil {
		return absent, nil
	}
	if x, number, ok := f.operand(sum); ok && number == 1 {
		return x, sum
	}
	return absent, nil
}

// halves looks whether n is x·(1 + t)/2 and returns what each x and t is.
func (f *fusion) halves(n *node) (x, t int, nodes []*node, ok bool) {
	if !f.isProduct(n) {
		return absent, absent, nil, false
	}
	p := f.factors(n)
	if !about(p.number, 0.5) || len(p.powers) != 2 {
		return absent, absent, nil, false
	}
	for x, power := range p.powers {
		others := p.others(x)
		if power != 1 || len(others) != 1 {
			continue
		}
		if t, sum := f.plusOne(others[0]); sum != nil {
			return x, t, append(p.nodes, sum), true
		}
	}
	return absent, absent, nil, false
}

// gelu is x·(1 + erf(x/√2))/2, in whatever order the factors are multiplied.
func (f *fusion) gelu(n *node) bool {
	x, t, nodes, ok := f.halves(n)
	erf := f.only(t, "Erf")
	if !ok || erf == nil {
		return false
	}
	scaled := f.only(erf.inputs[0], "Mul", "Div")
	if scaled == nil || !f.isProduct(scaled) {
		return false
	}
	p := f.factors(scaled)
	if !p.is1(math.Sqrt2/2, x, 1) {
		return false
	}
	return f.becomeFunction(n, rowOf("Gelu"), autograd.Variable.GELU, x, slices.Concat(nodes, p.nodes, []*node{erf, scaled})...)
}

var geluTanhOperator = &operator{name: "GeluTanh"}

// geluTanh is x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, where x may be in front of the sum within.
func (f *fusion) geluTanh(n *node) bool {
	x, t, nodes, ok := f.halves(n)
	tanh := f.only(t, "Tanh")
	if !ok || tanh == nil {
		return false
	}
	scaled := f.only(tanh.inputs[0], "Mul")
	if scaled == nil || !f.isProduct(scaled) {
		return false
	}
	p := f.factors(scaled)
	inner := p.powers[x]
	others := p.others(x)
	if !about(p.number, math.Sqrt(2/math.Pi)) || inner > 1 || len(p.powers) != 1+inner || len(others) != 1 {
		return false
	}
	sum := f.only(others[0], "Add")
	if sum == nil {
		return false
	}
	for i, slot := range sum.inputs {
		one, isNumber := f.number(sum.inputs[1-i], x)
		if inner == 0 && sum.inputs[1-i] != x || inner == 1 && !(isNumber && one == 1) {
			continue
		}
		power := f.only(slot, "Mul", "Div")
		if power == nil || !f.isProduct(power) {
			continue
		}
		if q := f.factors(power); q.is1(0.044715, x, 3-inner) {
			return f.becomeFunction(n, geluTanhOperator, autograd.Variable.GELUTanh, x, slices.Concat(nodes, p.nodes, q.nodes, []*node{tanh, scaled, sum, power})...)
		}
	}
	return false
}
