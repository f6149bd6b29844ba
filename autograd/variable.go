package autograd

import (
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Variable is a dense row-major array of float32 or float64 with a shape, and a
// place in a computation. It is a small handle, like a slice header: copy it, pass
// it by value, compare it with ==, use it as a map key. The zero Variable is no
// array at all; operations and methods panic on it with [*ValueError], and on a Variable
// that its tape no longer holds with [*TapeError]. [Variable.IsValid] tells both apart.
//
// There are four kinds. A constant is plain data ([New], [Zeros], …). A parameter
// ([Parameter]) is persistent data whose gradient is wanted. Both live outside any
// tape and may be read by any number of goroutines. A recorded Variable is the
// result of an operation on a tape; it is valid until the tape is Reset and
// belongs to the tape's goroutine. A derived Variable is what operations on parameters
// give outside any tape; any number of goroutines may read that too.
//
// A derived Variable keeps how it was made. When it meets a recorded one, as in
// loss.Add(w.Square().Sum()), their tape records it with the value that it has, so that
// gradients reach the parameters; a tape without gradients takes it as a constant, and
// Backward works on it too. Its operands must not be modified in between, or the tape
// panics: see [Variable.MarkModified]. It lives on the heap, with everything it was
// computed from, until it is garbage or [Variable.Detach] or [Variable.Clone] ends the
// memory of how; where a loop is to allocate nothing, bring the parameters onto the tape
// first, with [Tape.Watch].
//
// Variables are not modified by operations. What may write to one: the slices of
// [Variable.Float32s] and [Variable.Float64s], [Variable.CopyFrom], and [Tape.Commit].
type Variable struct {
	n   *node
	gen uint64 // the generation of n this handle was made for
}

// check returns the node of v, with its elements, and panics if v is not usable.
func (v Variable) check(op string) *node {
	if v.n == nil || v.n.gen != v.gen || v.n.lazy {
		v.settle(op)
	}
	return v.n
}

// settle is the part of check that is hardly ever needed. It is on its own for check to
// be inlined.
func (v Variable) settle(op string) { v.header(op).convert() }

// header is check for those who do not look at the elements, which may not be computed
// yet.
func (v Variable) header(op string) *node {
	if v.n == nil || v.n.gen != v.gen {
		v.panicUnusable(op)
	}
	return v.n
}

func (v Variable) panicUnusable(op string) {
	if v.n == nil {
		panic(&ValueError{op, "operand is the zero Variable, which holds no array"})
	}
	panic(&TapeError{op, "the Variable was used after its tape was Reset or rewound (Clone it before to keep its value)"})
}

// IsValid reports whether v refers to an array that may be used: it is not the
// zero Variable, and its tape was not Reset since.
func (v Variable) IsValid() bool { return v.n != nil && v.n.gen == v.gen }

// Shape is the size along each axis. The shape of a scalar is empty. The caller
// must not modify it, and must copy it to keep it beyond the tape's Reset.
func (v Variable) Shape() []int { return v.header("Shape").Shape }

// Rank is the number of axes.
func (v Variable) Rank() int { return len(v.header("Rank").Shape) }

// Dim is the size along an axis; a negative axis counts from the end. It panics with
// [*AxisError] if there is no such axis.
func (v Variable) Dim(axis int) int {
	n := v.header("Dim")
	return n.Shape[resolveAxis("Dim", axis, len(n.Shape))]
}

// Size is the number of elements.
func (v Variable) Size() int { return sizeOf(v.header("Size").Shape) }

// DType is the element type.
func (v Variable) DType() DType { return v.header("DType").DType }

// Tape is the tape v is recorded on, or nil.
func (v Variable) Tape() *Tape { return v.header("Tape").tape }

// IsParameter reports whether v was made by [Parameter].
func (v Variable) IsParameter() bool { return v.header("IsParameter").kind == parameter }

// Tracked reports whether a backward pass from v would reach a parameter or a
// watched Variable, or v is one of these.
func (v Variable) Tracked() bool {
	n := v.header("Tracked")
	return n.tracked || n.kind == parameter || n.kind == derived
}

// Float32s is the elements in row-major order. It is v's own memory: valid as long
// as v is, and writing to it changes v. It panics with [*DTypeError] if v is of
// float64.
func (v Variable) Float32s() []float32 {
	n := v.check("Float32s")
	if n.DType != Float32 {
		panic(&DTypeError{"Float32s", []DType{n.DType}, "the Variable holds float64: use Float64s or AsType"})
	}
	return n.F32
}

// Float64s is the elements in row-major order. It is v's own memory: valid as long
// as v is, and writing to it changes v. It panics with [*DTypeError] if v is of
// float32.
func (v Variable) Float64s() []float64 {
	n := v.check("Float64s")
	if n.DType != Float64 {
		panic(&DTypeError{"Float64s", []DType{n.DType}, "the Variable holds float32: use Float32s or AsType"})
	}
	return n.F64
}

// Item is the value of a Variable with one element, of either type and any rank: a plain
// number, through which no gradient flows. It panics with [*ShapeError] if there are more
// or none.
func (v Variable) Item() float64 {
	n := v.check("Item")
	if n.Len() != 1 {
		panic(&ShapeError{"Item", shapesOf(n), "expected exactly one element"})
	}
	return n.At(0)
}

// At is the element at an index with one number for each axis; negative numbers
// count from the end. It is a plain number: no gradient flows through it. In a computation
// that is to be differentiated use [Variable.Index] instead. It panics with [*ShapeError]
// unless there is one number for each axis, and with [*IndexError] if one is outside.
func (v Variable) At(index ...int) float64 {
	n := v.check("At")
	if len(index) != len(n.Shape) {
		panic(&ShapeError{"At", shapesOf(n), "expected one index for each axis"})
	}
	return n.Array.At(n.offset("At", index))
}

// Floats is a copy of the elements as float64, whatever their type. No gradient flows
// through it.
func (v Variable) Floats() []float64 {
	n := v.check("Floats")
	values := make([]float64, n.Len())
	for i := range values {
		values[i] = n.Array.At(i)
	}
	return values
}

// Clone is a constant with a copy of v's elements, outside any tape.
func (v Variable) Clone() Variable {
	n := v.check("Clone")
	c := newNode(n.DType, n.Shape, constant)
	tensor.Copy(&c.Array, &n.Array)
	return c.variable()
}

// CopyFrom overwrites v's elements with those of src, which has the same shape and
// element type. It is for parameters and constants between steps; no gradient is
// recorded, and a step that was recorded before must not be differentiated after. It panics
// with [*ShapeError] or [*DTypeError] if src does not fit.
func (v Variable) CopyFrom(src Variable) {
	n, s := v.check("CopyFrom"), src.check("CopyFrom")
	checkForm("CopyFrom", n, s, "expected equal %ss")
	tensor.Copy(&n.Array, &s.Array)
	n.modified()
}

// Detach is v's value as a constant: no gradient flows through it (the literature
// calls it stop-gradient). It shares v's elements, and on a tape it is valid as
// long as v is.
func (v Variable) Detach() Variable {
	n := v.check("Detach")
	if n.tape == nil {
		c := outsideNode(n.DType, n.Shape)
		c.F32, c.F64 = n.F32, n.F64
		if r := n.root(); r.kind != derived { // which would remember how it was made
			c.base = r
		}
		return c.variable()
	}
	return detached(n.tape.view(n, n.Shape), n).variable()
}

// RetainGrad asks the next Backward from a descendant of v to report v's gradient
// too, although v is neither a parameter nor watched: [Gradients.Of] then has it.
// It returns v. It panics with [*TapeError] unless v is tracked, and neither a parameter
// nor constant; one that is on no tape yet is marked for the tapes it meets from now on.
func (v Variable) RetainGrad() Variable {
	v.checkTracked("RetainGrad").ensureRare().retain = true
	return v
}

// checkTracked is check for Variables with a gradient.
func (v Variable) checkTracked(op string) *node {
	n := v.check(op)
	if !n.tracked && n.kind != derived {
		panic(&TapeError{op, "the Variable is not recorded on a tape with a path to a parameter or watched Variable"})
	}
	return n
}

// Hook calls f with v's gradient when a backward pass has summed it and before it
// is passed on to v's operands; what f returns takes its place, and a zero
// Variable leaves it as it is. In a pass of [Grad] f's own operations are recorded
// like the rest. It returns v, and panics as [Variable.RetainGrad] does. Hooks run in the
// order they were added.
func (v Variable) Hook(f func(grad Variable) Variable) Variable {
	n := v.checkTracked("Hook")
	n.ensureRare().hooks = append(n.hooks, f)
	return v
}

// resolveAxis turns a possibly negative axis into 0 … rank-1, or panics.
func resolveAxis(op string, axis, rank int) int {
	if axis < -rank || axis >= rank {
		panic(&AxisError{op, axis, rank, "out of range"})
	}
	if axis < 0 {
		axis += rank
	}
	return axis
}

// resolveAxes turns axes into a set; no axes at all mean every axis.
func resolveAxes(op string, axes []int, rank int) uint64 {
	if rank > maxRank {
		panic(&ValueError{op, "rank above 64"})
	}
	if len(axes) == 0 {
		return 1<<rank - 1
	}
	var set uint64
	for _, axis := range axes {
		bit := uint64(1) << resolveAxis(op, axis, rank)
		if set&bit != 0 {
			panic(&AxisError{op, axis, rank, "named twice"})
		}
		set |= bit
	}
	return set
}

// maxRank is the most axes a Variable can have: sets of axes are 64 bits.
const maxRank = 64
