package host

import (
	"fmt"
	"slices"
)

// Op is an operation on two integers.
type Op uint8

// The operations. Results lose their upper bits, as in Go. Those of [Array.Compare] are Equal,
// Less and LessEqual.
const (
	Replace Op = iota // the second
	Add
	Sub
	Mul
	Div  // rounded towards zero
	Mod  // with the divisor's sign, as % of Python
	Fmod // with the dividend's sign, as % of Go
	Max
	Min
	And // bitwise, as the next two
	Or
	Xor
	ShiftLeft
	ShiftRight
	Pow
	Equal
	Less
	LessEqual
)

// apply is op of two integers. The divisor is not 0.
func apply[T Integer](op Op, a, b T) T {
	switch op {
	case Replace:
		return b
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Mod:
		if r := a % b; r != 0 && (r < 0) != (b < 0) {
			return r + b
		} else {
			return r
		}
	case Fmod:
		return a % b
	case Max:
		return max(a, b)
	case Min:
		return min(a, b)
	case And:
		return a & b
	case Or:
		return a | b
	case Xor:
		return a ^ b
	case ShiftLeft:
		return a << uint64(b)
	case ShiftRight:
		return a >> uint64(b)
	case Pow:
		return power(a, b)
	}
	panic(fmt.Sprintf("host: no arithmetic is operation %d", op))
}

// power is a to the power b; negative powers are rounded towards zero, and those of 0 are 0.
func power[T Integer](a, b T) T {
	if b < 0 {
		switch {
		case a == 1, a+1 == 0 && b%2 == 0:
			return 1
		case a+1 == 0:
			return a
		}
		return 0
	}
	y := T(1)
	for ; b > 0; b /= 2 {
		if b%2 == 1 {
			y *= a
		}
		a *= a
	}
	return y
}

func holds[T Integer](op Op, a, b T) bool {
	switch op {
	case Equal:
		return a == b
	case Less:
		return a < b
	case LessEqual:
		return a <= b
	}
	panic(fmt.Sprintf("host: no comparison is operation %d", op))
}

// HasZero reports whether an element is 0.
func (a *Array) HasZero() bool {
	for i := range a.Len() {
		if a.data.at(i) == 0 {
			return true
		}
	}
	return false
}

// Combine is op of two arrays of one kind, broadcasting; a divisor of 0 panics as in Go.
func (a *Array) Combine(op Op, b *Array) *Array {
	x, y, shape := together(a, b)
	return &Array{kind: a.kind, shape: shape, data: x.combine(op, y)}
}

// Compare is the truth value of a comparison of two arrays of one kind, broadcasting.
func (a *Array) Compare(op Op, b *Array) *Array {
	x, y, shape := together(a, b)
	return Bytes(x.compare(op, y), shape...)
}

// together is the elements of both arrays broadcast to one shape, or of the second, one.
func together(a, b *Array) (x, y vector, shape []int) {
	if a.kind != b.kind {
		panic("host: operands of different kinds")
	}
	shape, ok := Broadcast(a.shape, b.shape)
	if !ok {
		panic(fmt.Sprintf("host: shapes %v and %v do not broadcast", a.shape, b.shape))
	}
	x = a.BroadcastTo(shape).data
	if b.Len() == 1 {
		return x, b.data, shape
	}
	return x, b.BroadcastTo(shape).data, shape
}

// Broadcast is the shape that two shapes broadcast to by NumPy's rule.
func Broadcast(a, b []int) (shape []int, ok bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	shape = slices.Clone(a)
	for i, d := range b {
		switch at := len(a) - len(b) + i; {
		case shape[at] == d || d == 1:
		case shape[at] == 1:
			shape[at] = d
		default:
			return nil, false
		}
	}
	return shape, true
}

// BroadcastTo repeats a along axes of size 1, and those missing in front.
func (a *Array) BroadcastTo(shape []int) *Array {
	if slices.Equal(a.shape, shape) {
		return a
	}
	steps := make([]int, len(shape))
	step := 1
	for i := len(a.shape) - 1; i >= 0; i-- {
		if a.shape[i] > 1 {
			steps[len(shape)-len(a.shape)+i] = step
		}
		step *= a.shape[i]
	}
	return a.Pick(Positions(shape, steps, 0), shape...)
}

// Reduce combines the elements along axes, which are left out of the result; there are
// elements along them.
func (a *Array) Reduce(op Op, axes []int) *Array {
	steps := Steps(a.shape)
	var innerShape, innerSteps, shape, outerSteps []int
	for axis, d := range a.shape {
		if slices.Contains(axes, axis) {
			innerShape, innerSteps = append(innerShape, d), append(innerSteps, steps[axis])
		} else {
			shape, outerSteps = append(shape, d), append(outerSteps, steps[axis])
		}
	}
	inner, outer := Positions(innerShape, innerSteps, 0), Positions(shape, outerSteps, 0)
	return &Array{kind: a.kind, shape: shape, data: a.data.reduce(op, inner, outer)}
}

// Steps is how far apart neighbours along each axis are in row-major order.
func Steps(shape []int) []int {
	steps := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		steps[i] = step
		step *= shape[i]
	}
	return steps
}

// Positions is, for each index of an array of the given shape in row-major order, the
// position start + Σ index·step.
func Positions(shape, steps []int, start int) []int {
	positions := make([]int, SizeOf(shape))
	if len(positions) == 0 {
		return positions
	}
	positions[0] = start
	// What is filled repeats along the next axis outwards.
	filled := 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		for i := 1; i < shape[axis]; i++ {
			shift := i * steps[axis]
			for j, p := range positions[:filled] {
				positions[i*filled+j] = p + shift
			}
		}
		filled *= shape[axis]
	}
	return positions
}
