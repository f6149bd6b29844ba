package nn

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// MaxUnpoolConfig configures layers that undo maximum pooling: Stride and Padding are those of
// the pooling, one number for all axes or one for each.
type MaxUnpoolConfig struct {
	Stride  []int // nil means the size of the kernel
	Padding []int // nil means 0
}

// MaxUnpool is what [MaxUnpool1d], [MaxUnpool2d] and [MaxUnpool3d] have in common: every
// element goes back to where maximum pooling took it from, among zeros.
type MaxUnpool struct {
	NoParts
	window poolWindow
}

func newMaxUnpool(op string, axes int, kernel []int, c MaxUnpoolConfig) MaxUnpool {
	return MaxUnpool{window: newPoolWindow(op, axes, kernel, c.Stride, c.Padding, nil, false)}
}

// Unpool puts the elements of x [batch, channels, …] or [channels, …] where index says, which
// is what [MaxPool.ForwardIndices] gave: the place of each in its channel, row by row.
// size is that of the result along the last axes; without it, along an axis of n it is
// (n−1)·stride − 2·padding + kernel. Where one place is named several times, the last element
// stands. Unpool panics with [*autograd.ShapeError] if x has another number of axes, or there
// are other numbers of indices or sizes, and with [*autograd.IndexError] for an index outside
// the channel.
func (u *MaxUnpool) Unpool(x autograd.Variable, index []int, size ...int) autograd.Variable {
	w, axes := &u.window, len(u.window.kernel)
	checkPooled(w.op, x, axes)
	if len(size) != 0 && len(size) != axes || len(index) != x.Size() {
		panic(shapeError(w.op, fmt.Sprintf("expected as many indices as elements, not %d, and no size or %d numbers, not %d", len(index), axes, len(size)), x))
	}
	first := x.Rank() - axes
	shape := append(make([]int, 0, 5), x.Shape()...)
	places := 1
	for i := range axes {
		shape[first+i] = (x.Dim(first+i)-1)*w.stride[i] - 2*w.padding[i] + w.kernel[i]
		if len(size) != 0 {
			shape[first+i] = size[i]
		}
		if shape[first+i] < 0 {
			panic(&autograd.ValueError{Op: w.op, Reason: fmt.Sprintf("the result would have size %v", slices.Clone(shape[first:]))})
		}
		places *= shape[first+i]
	}
	flat := x.Flatten(first)
	y := zerosFor(x, append(append(make([]int, 0, 3), shape[:first]...), places)...)
	if repeats(w.op, index, flat.Dim(-1), places) {
		y = y.Scatter(first, index, flat)
	} else {
		y = y.ScatterAdd(first, index, flat) // the same, and faster
	}
	return Hooked(u, y.Reshape(shape...))
}

// repeats reports whether a place is named twice in any of the channels, of which each has so
// many elements and places. It panics for an index outside.
func repeats(op string, index []int, elements, places int) bool {
	channels := integers(places)
	defer channels.release()
	last := channels.list // the channel that named a place last, from 1
	clear(last)
	found := false
	for i, place := range index {
		if place < 0 || place >= places {
			panic(&autograd.IndexError{Op: op, Index: place, At: i, Size: places})
		}
		channel := i/elements + 1
		found = found || last[place] == channel
		last[place] = channel
	}
	return found
}

// MaxUnpool1d is the layer that undoes [MaxPool1d], but for what was not the greatest: of
// [batch, channels, length] or [channels, length].
type MaxUnpool1d struct{ MaxUnpool }

// NewMaxUnpool1d is a MaxUnpool1d, and panics as [NewMaxPool1d].
func NewMaxUnpool1d(kernel []int, config MaxUnpoolConfig) *MaxUnpool1d {
	return &MaxUnpool1d{newMaxUnpool("nn.MaxUnpool1d", 1, kernel, config)}
}

// MaxUnpool2d is the layer that undoes [MaxPool2d], but for what was not the greatest: of
// [batch, channels, height, width] or [channels, height, width].
type MaxUnpool2d struct{ MaxUnpool }

// NewMaxUnpool2d is a MaxUnpool2d, and panics as [NewMaxPool1d].
func NewMaxUnpool2d(kernel []int, config MaxUnpoolConfig) *MaxUnpool2d {
	return &MaxUnpool2d{newMaxUnpool("nn.MaxUnpool2d", 2, kernel, config)}
}

// MaxUnpool3d is the layer that undoes [MaxPool3d], but for what was not the greatest: of
// [batch, channels, depth, height, width] or [channels, depth, height, width].
type MaxUnpool3d struct{ MaxUnpool }

// NewMaxUnpool3d is a MaxUnpool3d, and panics as [NewMaxPool1d].
func NewMaxUnpool3d(kernel []int, config MaxUnpoolConfig) *MaxUnpool3d {
	return &MaxUnpool3d{newMaxUnpool("nn.MaxUnpool3d", 3, kernel, config)}
}
