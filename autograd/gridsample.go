package autograd

import (
	"fmt"
	"math"
)

// Sampling of images at places that are Variables themselves (Jaderberg et al. 2015).

// GridPadding says what is outside of the images that [GridSample] samples.
type GridPadding uint8

// What is outside, by PyTorch's names.
const (
	GridZeros      GridPadding = iota // 0
	GridBorder                        // the element at the edge
	GridReflection                    // the images in mirrors at their edges
)

// GridSampleConfig configures [GridSample].
type GridSampleConfig struct {
	Mode    InterpolateMode // nearest, linear (which is bilinear) or cubic
	Padding GridPadding

	// AlignCorners says that −1 and 1 are the centres of the elements at the edges; else
	// they are the edges themselves.
	AlignCorners bool
}

// GridSample samples images x [batch, channels, h, w] at the places grid [batch, height,
// width, 2], pairs of a horizontal and a vertical coordinate from −1 to 1. The result is
// [batch, channels, height, width]. In mode nearest, halves go to the even neighbour, and no
// gradient flows to grid. It panics with [*ShapeError] if the shapes do not fit and with
// [*ValueError] for mode area.
func GridSample(x, grid Variable, config GridSampleConfig) Variable {
	const name = "grid sample"
	in, gn := x.images(name), grid.check(name)
	unfoldOp.same(in, gn)
	if len(gn.Shape) != 4 || gn.Shape[3] != 2 || gn.Shape[0] != in.Shape[0] || in.Shape[2] == 0 || in.Shape[3] == 0 {
		panic(&ShapeError{name, shapesOf(in, gn), "expected images [batch, channels, h, w] with elements and a grid [batch, height, width, 2]"})
	}
	if config.Mode > InterpolateCubic {
		panic(&ValueError{name, fmt.Sprintf("the mode is %d, expected nearest, linear or cubic", config.Mode)})
	}
	join(name, &x, &grid)
	batch, channels, h, w := in.Shape[0], in.Shape[1], in.Shape[2], in.Shape[3]
	s := gridSampler{config, x.Permute(0, 2, 3, 1).Reshape(batch*h*w, channels), gn.Shape[1] * gn.Shape[2], h, w}
	pairs := grid.Reshape(batch*s.perImage, 2)
	horizontal := config.taps(pairs.Slice(1, 0, 1), w)
	vertical := config.taps(pairs.Slice(1, 1, 2), h)
	y := x.scalar(0).BroadcastTo(batch*s.perImage, channels)
	for _, row := range vertical {
		for _, column := range horizontal {
			y = y.Add(s.term(row, column))
		}
	}
	y = y.Reshape(batch, gn.Shape[1], gn.Shape[2], channels).Permute(0, 3, 1, 2)
	return gridSampleOp.recordWhole(y, attributes{i: int(config.Mode), axes: uint64(config.Padding), keep: config.AlignCorners}, x.n, grid.n)
}

// gridSampleOp is what a trace has, as which elements are taken depends on the grid's values. attr.i
// is the mode, attr.axes the padding, attr.keep AlignCorners.
var gridSampleOp = wholeOp("grid sample", func(n *node) []Argument {
	return arguments("mode", InterpolateMode(n.attr.i).name(),
		"padding", [...]string{GridZeros: "zeros", GridBorder: "border", GridReflection: "reflection"}[n.attr.axes], "align corners", n.attr.keep)
})

// gridSampler is images as rows of channels, and where they are sampled.
type gridSampler struct {
	config   GridSampleConfig
	rows     Variable // [batch·h·w, channels]
	perImage int      // samples of each image
	h, w     int
}

// tap is one of the elements that each sample is made of, along one axis: where it is, −1
// outside of the image, and its weight, the zero Variable for 1.
type tap struct {
	at     []int
	weight Variable // [samples, 1]
}

// term is what the elements in these rows and columns add to the samples.
func (s *gridSampler) term(row, column tap) Variable {
	index, inside := make([]int, len(row.at)), Zeros(s.rows.n.DType, len(row.at), 1)
	for i := range index {
		if row.at[i] >= 0 && column.at[i] >= 0 {
			index[i] = (i/s.perImage*s.h+row.at[i])*s.w + column.at[i]
			inside.n.Set(i, 1)
		}
	}
	weight := inside
	for _, t := range []tap{row, column} {
		if t.weight.n != nil {
			weight = weight.Mul(t.weight)
		}
	}
	return gatherRows(s.rows, index).Mul(weight)
}

// taps are the elements along an axis of this size that samples at x [samples, 1] are made
// of.
func (c GridSampleConfig) taps(x Variable, size int) []tap {
	place := x.AddScalar(1).MulScalar(float64(size) / 2).SubScalar(0.5)
	if c.AlignCorners {
		place = x.AddScalar(1).MulScalar(float64(size-1) / 2)
	}
	if c.Mode != InterpolateCubic {
		place = c.padded(place, size)
	}
	values := place.Floats()
	if c.Mode == InterpolateNearest {
		return []tap{{c.elements(values, size, math.RoundToEven, 0), Variable{}}}
	}
	first := Zeros(x.n.DType, len(values), 1)
	for i, value := range values {
		first.n.Set(i, math.Floor(value))
	}
	t := place.Sub(first)
	if c.Mode == InterpolateLinear {
		return []tap{
			{c.elements(values, size, math.Floor, 0), t.scalar(1).Sub(t)},
			{c.elements(values, size, math.Floor, 1), t},
		}
	}
	taps := make([]tap, 4)
	for k := range taps {
		d := t.AddScalar(1 - float64(k)) // the distance, or minus the distance for k > 1
		if k > 1 {
			d = d.Neg()
		}
		taps[k] = tap{c.elements(values, size, math.Floor, k-1), cubicWeight(d, k == 1 || k == 2)}
	}
	return taps
}

// cubicWeight is cubicTap of distances that are all up to 1, or all at least that.
func cubicWeight(d Variable, near bool) Variable {
	if near {
		return d.MulScalar(keys + 2).SubScalar(keys + 3).Mul(d.Square()).AddScalar(1)
	}
	return d.MulScalar(keys).SubScalar(5 * keys).Mul(d).AddScalar(8 * keys).Mul(d).SubScalar(4 * keys)
}

// padded is places with those outside of the image moved into it, as Padding says. It is
// linear in each place: the slope is −1 in every other mirror image, and 0 at the border.
func (c GridSampleConfig) padded(place Variable, size int) Variable {
	if c.Padding == GridZeros {
		return place
	}
	slopes, offsets := Ones(place.n.DType, place.n.Shape...), Zeros(place.n.DType, place.n.Shape...)
	for i, value := range place.Floats() {
		moved, slope := c.move(value, size)
		if slope != 1 || moved != value {
			slopes.n.Set(i, slope)
			offsets.n.Set(i, moved-slope*value)
		}
	}
	return place.Mul(slopes).Add(offsets)
}

// move is where a place is in the image, and the derivative of that.
func (c GridSampleConfig) move(place float64, size int) (moved, slope float64) {
	slope = 1
	if c.Padding == GridReflection {
		low, span := -0.5, float64(size)
		if c.AlignCorners {
			low, span = 0, float64(size-1)
		}
		if span == 0 {
			return 0, 0
		}
		place -= low
		if place < 0 {
			place, slope = -place, -slope
		}
		mirrors := math.Floor(place / span)
		place -= mirrors * span
		if math.Mod(mirrors, 2) == 1 {
			place, slope = span-place, -slope
		}
		place += low
	}
	switch last := float64(size - 1); {
	case place <= 0:
		return 0, 0
	case place >= last:
		return last, 0
	}
	return place, slope
}

// elements are the numbers of the elements at places, rounded and moved on by offset; −1
// for those outside of the image.
func (c GridSampleConfig) elements(places []float64, size int, round func(float64) float64, offset int) []int {
	at := make([]int, len(places))
	for i, place := range places {
		element := round(place) + float64(offset)
		if c.Mode == InterpolateCubic && c.Padding != GridZeros {
			element, _ = c.move(element, size)
		}
		at[i] = -1
		if element >= 0 && element < float64(size) {
			at[i] = int(element)
		}
	}
	return at
}
