package main

import "math"

// Tape records numbers in the order in which they are computed.
type Tape struct{ nodes []node }

// node is one of them: its value, which nodes it was computed from, and how much it changes
// when they do. At most two; a node that was computed from none has slopes of zero.
type node struct {
	value  float64
	inputs [2]int     // their places on the tape
	slopes [2]float64 // ∂value/∂input of each
}

// Value is a number on a tape.
type Value struct {
	tape  *Tape
	index int
}

// New puts a number on the tape that everything else may be computed from.
func (t *Tape) New(value float64) Value { return t.add(node{value: value}) }

func (t *Tape) add(n node) Value {
	t.nodes = append(t.nodes, n)
	return Value{t, len(t.nodes) - 1}
}

// Float is the number.
func (x Value) Float() float64 { return x.tape.nodes[x.index].value }

// unary and binary record an operation of one or two operands.
func (x Value) unary(value, slope float64) Value {
	return x.tape.add(node{value, [2]int{x.index}, [2]float64{slope}})
}

func (x Value) binary(y Value, value, slopeX, slopeY float64) Value {
	return x.tape.add(node{value, [2]int{x.index, y.index}, [2]float64{slopeX, slopeY}})
}

// Add is x + y; each changes it by as much as it changes itself.
func (x Value) Add(y Value) Value { return x.binary(y, x.Float()+y.Float(), 1, 1) }

// Sub is x − y.
func (x Value) Sub(y Value) Value { return x.binary(y, x.Float()-y.Float(), 1, -1) }

// Mul is x·y: ∂(x·y)/∂x = y, and the other way round.
func (x Value) Mul(y Value) Value { return x.binary(y, x.Float()*y.Float(), y.Float(), x.Float()) }

// Div is x/y: ∂(x/y)/∂y = −x/y².
func (x Value) Div(y Value) Value {
	quotient := x.Float() / y.Float()
	return x.binary(y, quotient, 1/y.Float(), -quotient/y.Float())
}

// Sin is the sine: sin′ = cos.
func (x Value) Sin() Value { return x.unary(math.Sin(x.Float()), math.Cos(x.Float())) }

// Exp is eˣ, its own derivative.
func (x Value) Exp() Value {
	y := math.Exp(x.Float())
	return x.unary(y, y)
}

// Log is the natural logarithm: log′x = 1/x.
func (x Value) Log() Value { return x.unary(math.Log(x.Float()), 1/x.Float()) }

// Tanh is the hyperbolic tangent: tanh′ = 1 − tanh².
func (x Value) Tanh() Value {
	y := math.Tanh(x.Float())
	return x.unary(y, 1-y*y)
}

// Backward is ∂y/∂x for every x on the tape up to y, by their places. It applies the chain
// rule to one node at a time, from the last to the first:
//
//	∂y/∂input += ∂y/∂node · ∂node/∂input
//
// When it comes to a node, all that was computed from it lies behind, so its sum is whole.
func (y Value) Backward() []float64 {
	grads := make([]float64, y.index+1)
	grads[y.index] = 1
	for i := y.index; i >= 0; i-- {
		n := y.tape.nodes[i]
		for k, input := range n.inputs {
			grads[input] += grads[i] * n.slopes[k]
		}
	}
	return grads
}
