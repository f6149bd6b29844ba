package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// Pooling whose windows follow from the size of the result: along each axis, part i of m of
// n elements is those from ⌊i·n/m⌋ to before ⌈(i+1)·n/m⌉.

// AdaptiveAvgPool is the layer of means over parts of the last axes, for each channel, of
// [batch, channels, …] or [channels, …]: PyTorch's AdaptiveAvgPool1d, 2d and 3d, for one to
// three sizes. With Size {1, 1} it is the mean of each image, global average pooling.
type AdaptiveAvgPool struct {
	NoParts
	Size []int // of the result, for each axis; 0 means as it is
}

// Forward is the means. It panics with [*autograd.ShapeError] if x has another number of
// axes or no elements, and with [*autograd.ValueError] if a size is negative.
func (l AdaptiveAvgPool) Forward(x autograd.Variable) autograd.Variable {
	checkAdaptive("nn.AdaptiveAvgPool", x, l.Size)
	return x.AdaptiveAvgPool(l.Size...)
}

// AdaptiveMaxPool is the layer of greatest elements of parts of the last axes, as
// [AdaptiveAvgPool] is of means.
type AdaptiveMaxPool struct {
	NoParts
	Size []int // of the result, for each axis; 0 means as it is
}

// Forward is the greatest elements. It panics as [AdaptiveAvgPool.Forward].
func (l AdaptiveMaxPool) Forward(x autograd.Variable) autograd.Variable {
	checkAdaptive("nn.AdaptiveMaxPool", x, l.Size)
	return x.AdaptiveMaxPool(l.Size...)
}

// ForwardIndices is Forward and where the greatest elements lie, as [MaxPool.ForwardIndices]
// says it.
func (l AdaptiveMaxPool) ForwardIndices(x autograd.Variable) (y autograd.Variable, indices []int) {
	checkAdaptive("nn.AdaptiveMaxPool", x, l.Size)
	return x.AdaptiveMaxPoolIndices(l.Size...)
}

// checkAdaptive panics unless x can be divided into parts.
func checkAdaptive(op string, x autograd.Variable, sizes []int) {
	checkPooled(op, x, len(sizes))
	for axis := range sizes {
		if x.Dim(axis-len(sizes)) == 0 {
			panic(shapeError(op, "expected elements", x))
		}
		if sizes[axis] < 0 {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Size is %v, expected no negative number", sizes)})
		}
	}
}
