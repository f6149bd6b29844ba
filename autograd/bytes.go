package autograd

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Data that stay bytes until an operation needs them as numbers.

// Bytes brings bytes onto the tape, as the pixels of images are, as a constant of the
// given shape whose elements are
//
//	x = byte·scale + shift
//
// rounded to dtype after each step. It is what [Tape.Const] of the converted elements
// would be, but conversion is put off. Where many elements are 0, as pixels are, [Linear]
// of 32 rows and more computes from the bytes, which need a quarter of the memory of
// float32, and leaves out what multiplies zeros only; so does its gradient with respect to
// the weights. Any other operation converts, into the tape's memory.
//
// data must not be written to before the tape is Reset. Bytes panics with [*ShapeError]
// if the shape does not have len(data) elements, and with [*ValueError] unless scale and
// shift are finite numbers of dtype.
func (t *Tape) Bytes(dtype DType, data []byte, scale, shift float64, shape ...int) Variable {
	checkData("Bytes", len(data), shape)
	if !isFinite(dtype, scale) || !isFinite(dtype, shift) {
		panic(&ValueError{"Bytes", fmt.Sprintf("scale %g and shift %g: expected finite numbers of %v", scale, shift, dtype)})
	}
	return t.bytes(dtype, tensor.Bytes{Data: data, Scale: scale, Shift: shift}, shape).variable()
}

func isFinite(dtype DType, x float64) bool {
	if dtype == Float32 {
		x = float64(float32(x))
	}
	return !math.IsInf(x, 0) && !math.IsNaN(x)
}

func (t *Tape) bytes(dtype DType, b tensor.Bytes, shape []int) *node {
	n := t.node(dtype, shape)
	n.ensureRare().bytes = b
	n.lazy = true
	t.enter(n)
	return n
}

// convert computes the elements of a lazy node.
func (n *node) convert() {
	n.tape.allocate(n)
	tensor.FromBytes(&n.Array, n.bytes)
	n.bytes, n.lazy = tensor.Bytes{}, false // the elements may be written to from now on
}

// reshaped is a lazy node under another shape.
func (n *node) reshaped(shape []int) *node { return n.tape.bytes(n.DType, n.bytes, shape) }

// minBytesRows is the fewest rows that products with bytes are made for.
const minBytesRows = 32

// multipliesBytes reports whether [Linear] computes from n's bytes.
func (n *node) multipliesBytes() bool {
	return n.lazy && sizeOf(n.Shape[:len(n.Shape)-1]) >= minBytesRows
}

// linearForward sets dst to x·wᵀ + bias, from x's bytes if that is faster. bias may be nil.
func linearForward(dst *tensor.Array, x, w *node, bias *tensor.Array) {
	if x.lazy && tensor.LinearBytes(dst, x.bytes, &w.Array, bias) {
		return
	}
	x.settle()
	tensor.MatMul(dst, &x.Array, &w.Array, false, true, false, bias)
}

// linearWeightGradient sets dst to gᵀ·x, or adds it, from x's bytes if that is faster.
func linearWeightGradient(dst, g *tensor.Array, x *node, accumulate bool) {
	if x.lazy && tensor.LinearBytesWeight(dst, g, x.bytes, accumulate) {
		return
	}
	x.settle()
	tensor.MatMul(dst, g, &x.Array, true, false, accumulate, nil)
}

// settle makes sure that n has its elements.
func (n *node) settle() {
	if n.lazy {
		n.convert()
	}
}
