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
	return adaptive("nn.AdaptiveAvgPool", x, l.Size, func(x autograd.Variable, axis, size int) autograd.Variable {
		shares := autograd.Zeros(x.DType(), x.Dim(axis), size)
		for part := range size {
			start, end := partOf(x.Dim(axis), size, part)
			for i := start; i < end; i++ {
				set(shares, i*size+part, 1/float64(end-start))
			}
		}
		return x.Transpose(axis, -1).MatMul(shares).Transpose(axis, -1)
	})
}

// AdaptiveMaxPool is the layer of greatest elements of parts of the last axes, as
// [AdaptiveAvgPool] is of means.
type AdaptiveMaxPool struct {
	NoParts
	Size []int // of the result, for each axis; 0 means as it is
}

// Forward is the greatest elements. It panics as [AdaptiveAvgPool.Forward].
func (l AdaptiveMaxPool) Forward(x autograd.Variable) autograd.Variable {
	return adaptive("nn.AdaptiveMaxPool", x, l.Size, func(x autograd.Variable, axis, size int) autograd.Variable {
		index, longest := partsOf(x.Dim(axis), size)
		return x.IndexSelect(axis, index).Unflatten(axis, size, longest).Max(axis + 1)
	})
}

// adaptive applies along to each of the last axes whose size changes.
func adaptive(op string, x autograd.Variable, sizes []int, along func(x autograd.Variable, axis, size int) autograd.Variable) autograd.Variable {
	checkPooled(op, x, len(sizes))
	if x.Size() == 0 {
		panic(shapeError(op, "expected elements", x))
	}
	for i, size := range sizes {
		axis := x.Rank() - len(sizes) + i
		switch {
		case size < 0:
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Size is %v, expected no negative number", sizes)})
		case size > 0:
			x = along(x, axis, size)
		}
	}
	return x
}

// partOf is where part i of parts of an axis starts, and where it has ended.
func partOf(size, parts, i int) (start, end int) {
	return i * size / parts, ((i+1)*size + parts - 1) / parts
}

// partsOf lists the places in each part, as many for each as the longest has: the last ones
// of shorter parts are repeated.
func partsOf(size, parts int) (index []int, longest int) {
	for i := range parts {
		start, end := partOf(size, parts, i)
		longest = max(longest, end-start)
	}
	for i := range parts {
		start, end := partOf(size, parts, i)
		for k := range longest {
			index = append(index, min(start+k, end-1))
		}
	}
	return index, longest
}
