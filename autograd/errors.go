package autograd

import (
	"errors"
	"fmt"
	"strings"
)

// programError is implemented by the errors of this package that report a
// mistake in the program: the ones operations panic with and [Try] catches.
type programError interface {
	error
	programError()
}

// ShapeError is what an operation panics with when the shapes of its operands do
// not fit each other or the operation.
type ShapeError struct {
	Op     string  // the operation, as Graph names it
	Shapes [][]int // the operands' shapes, in order
	Reason string  // what was expected
}

// Error names the operation, the shapes and the reason.
func (e *ShapeError) Error() string {
	return fmt.Sprintf("autograd: %s of %s: %s", e.Op, joinShapes(e.Shapes), e.Reason)
}

// DTypeError is what an operation panics with when its operands' element types
// differ from each other or from what the operation needs.
type DTypeError struct {
	Op     string
	DTypes []DType // the operands' element types, in order
	Reason string
}

// Error names the operation, the element types and the reason.
func (e *DTypeError) Error() string {
	names := make([]string, len(e.DTypes))
	for i, d := range e.DTypes {
		names[i] = d.String()
	}
	return fmt.Sprintf("autograd: %s of %s: %s", e.Op, strings.Join(names, " and "), e.Reason)
}

// AxisError is what an operation panics with when an axis is out of range or
// named twice.
type AxisError struct {
	Op     string
	Axis   int // as given; negative axes count from the end
	Rank   int // number of axes of the operand
	Reason string
}

// Error names the operation, the axis, the rank and the reason.
func (e *AxisError) Error() string {
	return fmt.Sprintf("autograd: %s: axis %d of an operand of rank %d: %s", e.Op, e.Axis, e.Rank, e.Reason)
}

// IndexError is what an operation panics with when an index, a label or a bound
// lies outside the axis it refers to.
type IndexError struct {
	Op    string
	Index int // the offending value
	At    int // its position in the list of indices, -1 where there is no list
	Size  int // the axis has indices 0 … Size-1
}

// Error names the operation, the index and the indices there are.
func (e *IndexError) Error() string {
	at := ""
	if e.At >= 0 {
		at = fmt.Sprintf(" at position %d", e.At)
	}
	return fmt.Sprintf("autograd: %s: index %d%s is outside 0…%d", e.Op, e.Index, at, e.Size-1)
}

// ValueError is what an operation panics with when an argument that is not an
// array, such as a probability or a step, is outside its domain, or when the
// number of operands is wrong.
type ValueError struct {
	Op     string
	Reason string
}

// Error names the operation and the reason.
func (e *ValueError) Error() string { return fmt.Sprintf("autograd: %s: %s", e.Op, e.Reason) }

// TapeError is what an operation panics with when Variables and tapes are used
// against their rules: operands of two tapes, a Variable used after Reset, a
// value whose gradient would be lost, a backward pass where nothing was recorded.
type TapeError struct {
	Op     string
	Reason string
}

// Error names the operation and the reason.
func (e *TapeError) Error() string { return fmt.Sprintf("autograd: %s: %s", e.Op, e.Reason) }

func (*ShapeError) programError() {}
func (*DTypeError) programError() {}
func (*AxisError) programError()  {}
func (*IndexError) programError() {}
func (*ValueError) programError() {}
func (*TapeError) programError()  {}

// Try calls f and returns the error that f panicked with if it is one of this
// package's ([*ShapeError], [*DTypeError], [*AxisError], [*IndexError],
// [*ValueError], [*TapeError], [*AnomalyError]) or wraps one, or nil if f returned. Any
// other panic passes through. It is for the boundary where models or shapes come from outside the
// program. After an error the tape that was in use is still good for Reset.
func Try(f func()) (err error) {
	defer Catch(&err)
	f()
	return nil
}

// Catch is [Try] for a whole function that returns an error:
//
//	func Classify(x autograd.Variable) (class int, err error) {
//		defer autograd.Catch(&err)
//
// If the function panics with an error of this package, or one that wraps such an error,
// that becomes the error it returns. Catch must itself be the deferred function, not
// called by one.
func Catch(err *error) {
	r := recover()
	if r == nil {
		return
	}
	e, ok := r.(error)
	var mistake programError
	if !ok || !errors.As(e, &mistake) {
		panic(r)
	}
	*err = e
}

func joinShapes(shapes [][]int) string {
	texts := make([]string, len(shapes))
	for i, s := range shapes {
		texts[i] = shapeString(s)
	}
	return strings.Join(texts, " and ")
}

// shapeString is a shape as [2 3]; the shape of a scalar is [].
func shapeString(shape []int) string { return fmt.Sprint(shape) }

// shapesOf collects the shapes of nodes for an error.
func shapesOf(nodes ...*node) [][]int {
	shapes := make([][]int, len(nodes))
	for i, n := range nodes {
		shapes[i] = append([]int{}, n.Shape...)
	}
	return shapes
}
