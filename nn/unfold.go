package nn

import "github.com/chainrule-go/chainrule/autograd"

// Unfold is the layer that makes columns of windows on images (im2col): of [batch, channels,
// height, width] it makes [batch, channels·kernel size, windows], without the batch axis for
// x without.
type Unfold struct {
	NoParts
	Window autograd.Window // without a Stride, 1
}

// Forward is the windows of x, with 0 in the padding. It panics as [autograd.Variable.Unfold].
func (l Unfold) Forward(x autograd.Variable) autograd.Variable {
	if x.Rank() == 3 {
		return x.Unsqueeze(0).Unfold(l.Window).Squeeze(0)
	}
	return x.Unfold(l.Window)
}

// Fold is the layer that adds columns of windows up to images (col2im): of [batch,
// channels·kernel size, windows] it makes [batch, channels, height, width], without the
// batch axis for x without.
type Fold struct {
	NoParts
	Size   [2]int          // height and width
	Window autograd.Window // without a Stride, 1
}

// Forward is the images, where the elements of windows that overlap are added. It panics as
// [autograd.Variable.Fold].
func (l Fold) Forward(x autograd.Variable) autograd.Variable {
	if x.Rank() == 2 {
		return x.Unsqueeze(0).Fold(l.Size[0], l.Size[1], l.Window).Squeeze(0)
	}
	return x.Fold(l.Size[0], l.Size[1], l.Window)
}
