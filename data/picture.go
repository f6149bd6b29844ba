package data

import (
	"image"
	"image/color"
	"math"
)

// Picture shows the images of a batch side by side, so many in a row, to look at what a
// model is shown: X is [Len, height, width] or [Len, channels, height, width] with one or
// three channels, and the least number of the batch is black, the greatest white. It fails
// with a [*ValueError] for batches of other shapes, and panics with one if columns is not
// positive.
func (b *Batch) Picture(columns int) (image.Image, error) {
	const op = "Batch.Picture"
	if columns <= 0 {
		misuse(op, "%d columns: want a positive number", columns)
	}
	shape := b.X.Shape
	if len(shape) != 3 && (len(shape) != 4 || shape[1] != 1 && shape[1] != 3) {
		return nil, mismatch(op, "a batch of shape %v: want images of one or three channels", shape)
	}
	height, width, channels := shape[len(shape)-2], shape[len(shape)-1], 1
	if len(shape) == 4 {
		channels = shape[1]
	}
	const gap = 1
	rows := (b.Len + columns - 1) / columns
	picture := image.NewNRGBA(image.Rect(0, 0, columns*(width+gap), rows*(height+gap)))
	low, high := math.Inf(1), math.Inf(-1)
	for i := range b.X.size() {
		low, high = min(low, b.X.at(i)), max(high, b.X.at(i))
	}
	level := func(v float64) uint8 {
		if !(high > low) {
			return 0
		}
		return uint8(math.Round(255 * (v - low) / (high - low)))
	}
	plane := height * width
	for i := range b.Len {
		left, top := i%columns*(width+gap), i/columns*(height+gap)
		for k := range plane {
			at := i*channels*plane + k
			c := color.NRGBA{R: level(b.X.at(at)), A: 255}
			c.G, c.B = c.R, c.R
			if channels == 3 {
				c.G, c.B = level(b.X.at(at+plane)), level(b.X.at(at+2*plane))
			}
			picture.SetNRGBA(left+k%width, top+k/width, c)
		}
	}
	return picture, nil
}
