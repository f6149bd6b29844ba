package autograd

import "fmt"

// How data and parameters get onto a tape.

// Const brings data onto the tape: operations on the result are recorded there. It
// shares v's elements, so v must not be written to before the tape is Reset. A
// parameter becomes a constant too: no gradient reaches it through the result. A
// Variable that is already on this tape is returned detached; one of another tape
// panics.
func (t *Tape) Const(v Variable) Variable {
	n := v.check("Const")
	if n.tape != nil && n.tape != t {
		panic(&TapeError{"Const", "the Variable is on another tape: Clone it first"})
	}
	return detached(t.view(n, n.Shape), n).variable()
}

// Watch brings v onto the tape as a leaf: results computed from it are recorded,
// and [Gradients.Of](v) has its gradient. Parameters are watched by being used;
// Watch is for computing on parameters alone without allocating, where no operand is on a
// tape yet, and for gradients with respect to inputs. Watching v again gives the same
// leaf. A result of parameters alone is recorded with what it was computed from. A Variable
// recorded on a tape panics with [*TapeError].
func (t *Tape) Watch(v Variable) Variable {
	n := v.check("Watch")
	switch {
	case n.kind == recorded:
		panic(&TapeError{"Watch", "the Variable is recorded on a tape already: Clone it, or take its gradient with Grad or RetainGrad"})
	case n.kind == derived && t.recording:
		n = t.adopt(n)
		n.retain = true
		return n.variable()
	}
	return t.leaf(n).variable()
}

// Float32s brings numbers onto the tape as a constant of the given shape, or of one axis
// without one: what [Tape.Const] of [New] would be, but in the steady state it allocates
// nothing. It shares data, which must not be written to before the tape is Reset. It
// panics with [*ShapeError] if the shape does not have len(data) elements.
func (t *Tape) Float32s(data []float32, shape ...int) Variable {
	n := t.dataNode("Float32s", Float32, len(data), shape)
	n.F32 = data
	return n.variable()
}

// Float64s is [Tape.Float32s] for numbers of float64.
func (t *Tape) Float64s(data []float64, shape ...int) Variable {
	n := t.dataNode("Float64s", Float64, len(data), shape)
	n.F64 = data
	return n.variable()
}

// FromFunc brings the numbers f(0), f(1), … onto the tape as a constant of the given shape,
// in row-major order; of one element without a shape. Its memory is the tape's: in the steady
// state it allocates nothing. It panics with [*ShapeError] if a size is negative.
func (t *Tape) FromFunc(dtype DType, f func(i int) float64, shape ...int) Variable {
	checkShape("FromFunc", shape)
	n := t.array(dtype, shape)
	if dtype == Float32 {
		for i := range n.F32 {
			n.F32[i] = float32(f(i))
		}
	} else {
		for i := range n.F64 {
			n.F64[i] = f(i)
		}
	}
	return n.variable()
}

func (t *Tape) dataNode(op string, dtype DType, size int, shape []int) *node {
	one := [1]int{size}
	if len(shape) == 0 {
		shape = one[:]
	}
	checkData(op, size, shape)
	n := t.node(dtype, shape)
	t.enter(n)
	return n
}

// checkData panics unless an array of this shape has size elements.
func checkData(op string, size int, shape []int) {
	checkShape(op, shape)
	if sizeOf(shape) != size {
		panic(&ShapeError{op, [][]int{append([]int{}, shape...)}, fmt.Sprintf("the shape does not fit %d elements", size)})
	}
}
