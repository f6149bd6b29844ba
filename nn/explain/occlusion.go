package explain

import (
	"fmt"

	"gonum.org/v1/gonum/floats"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// OcclusionConfig configures [Occlusion].
type OcclusionConfig struct {
	// Window is the size of what is covered at once: along the features of x
	// [batch, features], or along the axes after the channels of x [batch, channels, …],
	// of which all channels are covered. One number goes for all axes; nil means 1 for
	// features, and 4 for other axes.
	Window []int

	// Stride is from one window to the next, along the same axes, and not greater than the
	// window; nil means half the window, rounded up.
	Stride []int

	// Baseline is what is put over the window: of the shape of x, or that of an example;
	// the zero Variable means zeros.
	Baseline autograd.Variable
}

// Occlusion is by how much the output falls when a part of the example is covered, of x's
// shape (Zeiler and Fergus 2014): for each element the mean over the windows W that cover it of
//
//	f(x) − f(x with the baseline in W)
//
// A last window that would reach beyond the end lies at the end. It panics with
// [*autograd.ValueError] for windows and strides that are not as many as the axes, not positive,
// or a stride greater than the window, and with [*autograd.ShapeError] and
// [*autograd.DTypeError] for a baseline that does not fit x.
func Occlusion(model nn.Layer, x autograd.Variable, targets []int, config OcclusionConfig) autograd.Variable {
	s := newSubject("Occlusion", model, x, targets)
	batch, cover := s.x.Dim(0), s.baseline(config.Baseline).Floats()
	whole := s.values(s.x, s.targets)
	size := s.x.Size() / batch
	sum, count := make([]float64, s.x.Size()), make([]float64, size)
	for _, window := range s.windows(config) {
		covered := s.x.Floats()
		for i := range batch {
			for _, e := range window {
				covered[i*size+e] = cover[i*size+e]
			}
		}
		rest := s.values(newConstant(s.x.DType(), covered, s.x.Shape()), s.targets)
		floats.SubTo(rest, whole, rest)
		for _, e := range window {
			count[e]++
			for i, fall := range rest {
				sum[i*size+e] += fall
			}
		}
	}
	for i := range batch {
		floats.Div(sum[i*size:(i+1)*size], count)
	}
	return newConstant(s.x.DType(), sum, s.x.Shape())
}

// windows lists the elements of an example in each window.
func (s *subject) windows(config OcclusionConfig) [][]int {
	shape, channels, usual := s.x.Shape()[1:], 1, 1
	if len(shape) > 1 {
		channels, usual, shape = shape[0], 4, shape[1:]
	}
	window := s.sizes("Window", config.Window, len(shape), func(int) int { return usual })
	stride := s.sizes("Stride", config.Stride, len(shape), func(axis int) int { return (window[axis] + 1) / 2 })
	windows := [][]int{{0}}
	spread := 1 // elements of the axes so far
	for axis, n := range shape {
		if stride[axis] > window[axis] {
			panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("a stride of %d and a window of %d leave gaps", stride[axis], window[axis])})
		}
		width := min(window[axis], n)
		var finer [][]int
		for _, outer := range windows {
			for start := 0; ; start += stride[axis] {
				start = min(start, n-width)
				inner := make([]int, 0, len(outer)*width)
				for _, o := range outer {
					for i := range width {
						inner = append(inner, o*n+start+i)
					}
				}
				finer = append(finer, inner)
				if start == n-width {
					break
				}
			}
		}
		windows, spread = finer, spread*n
	}
	if channels > 1 {
		for i, w := range windows {
			all := make([]int, 0, len(w)*channels)
			for c := range channels {
				for _, e := range w {
					all = append(all, c*spread+e)
				}
			}
			windows[i] = all
		}
	}
	return windows
}

// sizes is a positive number for each of n axes.
func (s *subject) sizes(field string, given []int, n int, otherwise func(axis int) int) []int {
	if given != nil && len(given) != 1 && len(given) != n {
		panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("%s has %d numbers: expected one, or one for each of %d axes", field, len(given), n)})
	}
	sizes := make([]int, n)
	for axis := range sizes {
		switch len(given) {
		case 0:
			sizes[axis] = otherwise(axis)
		case 1:
			sizes[axis] = given[0]
		default:
			sizes[axis] = given[axis]
		}
		if sizes[axis] < 1 {
			panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("%s is %v: expected positive numbers", field, given)})
		}
	}
	return sizes
}
