package data

import (
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/splitmix"
)

// AugmentConfig says how [Augment] changes images. The zero value leaves them as they are.
//
// Shifts, rotations, scalings, shears and flips are one map of the plane, around the middle
// of the image, and Elastic is added to it, with bilinear interpolation; beyond its edge an
// image is as at the edge.
type AugmentConfig struct {
	Shift  int     // pixels along each axis: a whole number from −Shift to Shift
	Rotate float64 // degrees: an angle from −Rotate to Rotate
	Scale  float64 // a factor from 1/(1+Scale) to 1+Scale, the same for both axes
	Shear  float64 // degrees: an angle from −Shear to Shear by which vertical lines lean
	FlipX  bool    // left and right are exchanged in half of the images
	FlipY  bool    // top and bottom are

	// Elastic moves every pixel by a little, its neighbours by nearly the same (Simard et
	// al. 2003): the standard deviation, in pixels, of displacements along each axis that
	// are drawn at 8×8 points and interpolated between them.
	Elastic float64

	Noise  float64 // standard deviation of normal noise, in the units of the batch's numbers
	CutOut int     // side of a square, in pixels, around a random pixel, whose numbers become 0 (DeVries and Taylor 2017)
}

// Augmented is a Dataset of another's images, changed at random. It is made by [Augment].
type Augmented struct {
	dataset Dataset
	config  AugmentConfig
	stream  uint64 // of random numbers: another one than that of a data set within this one
}

// Augment is a data set of ds's images, each changed at random whenever it is shown. What
// becomes of an image depends on the seed of the [Loader], the epoch, and the image's index
// in the result, and on nothing else: the same seed gives the same pictures, in whatever
// batches, by however many workers. Examples of ds are [height, width] or [channels,
// height, width]; Fill of others fails. Everything else of an example stays as it is.
//
// It panics with [*ValueError] if ds is nil, or a number of config is negative or not
// finite, Rotate is above 180, or Shear not below 90.
func Augment(ds Dataset, config AugmentConfig) *Augmented {
	checkDataset("Augment", ds)
	for _, n := range []struct {
		name         string
		value, below float64
	}{
		{"Shift", float64(config.Shift), math.Inf(1)}, {"Rotate", config.Rotate, math.Nextafter(180, 181)}, {"Scale", config.Scale, math.Inf(1)},
		{"Shear", config.Shear, 90}, {"Elastic", config.Elastic, math.Inf(1)}, {"Noise", config.Noise, math.Inf(1)}, {"CutOut", float64(config.CutOut), math.Inf(1)},
	} {
		if !(n.value >= 0 && n.value < n.below) {
			misuse("Augment", "%s is %v: want a finite number from 0, below %v", n.name, n.value, n.below)
		}
	}
	stream := uint64(augmentStream)
	if inner, ok := ds.(*Augmented); ok {
		stream = inner.stream + 1
	}
	return &Augmented{ds, config, stream}
}

// Len is the number of images.
func (a *Augmented) Len() int { return a.dataset.Len() }

// Label is the class of image i, if it has one.
func (a *Augmented) Label(i int) (class int, ok bool) { return classOf(a.dataset, i) }

// Fill makes batch hold the images with these indices, changed. It fails as the data set
// does, and with a [*ValueError] if its examples are no images.
func (a *Augmented) Fill(batch *Batch, indices []int) error {
	batch.KeepBytes = false
	batch.augmented = append(batch.augmented[:0], indices...) // which a Subset below translates in place
	if err := a.dataset.Fill(batch, indices); err != nil {
		return err
	}
	shape := batch.X.Shape
	if len(shape) != 3 && len(shape) != 4 {
		return mismatch("Augment", "examples of shape %v: want [height, width] or [channels, height, width]", shape[1:])
	}
	changing := &batch.augmenting
	*changing = augmenting{config: &a.config, stream: a.stream, batch: batch, indices: batch.augmented, height: shape[len(shape)-2], width: shape[len(shape)-1]}
	if changing.height*changing.width == 0 {
		return nil
	}
	if changing.warps() { // the images as they were, to read from
		batch.original.resize("Augment", batch.DType, shape[0], shape[1:])
		copy(batch.original.Float32s, batch.X.Float32s)
		copy(batch.original.Float64s, batch.X.Float64s)
	}
	if batch.background {
		changing.DoRange(0, len(indices))
	} else {
		parallel.For(len(indices), 1, changing)
	}
	return nil
}

// augmenting is the work of changing the images of a batch.
type augmenting struct {
	config        *AugmentConfig
	stream        uint64
	batch         *Batch
	indices       []int
	height, width int
}

// warps reports whether images are more than covered with noise and cut-outs.
func (w *augmenting) warps() bool {
	c := w.config
	return c.Shift != 0 || c.Rotate != 0 || c.Scale != 0 || c.Shear != 0 || c.FlipX || c.FlipY || c.Elastic != 0
}

// DoRange changes rows lo ≤ row < hi.
func (w *augmenting) DoRange(lo, hi int) {
	size := w.batch.X.RowSize()
	for row := lo; row < hi; row++ {
		r := newRandom(splitmix.Seed(w.batch.Seed, uint64(w.batch.Epoch)), splitmix.Seed(w.stream, uint64(w.indices[row])))
		start, end := row*size, (row+1)*size
		if w.batch.X.Float64s != nil {
			change(w, r, w.batch.X.Float64s[start:end], part(w.batch.original.Float64s, start, end))
		} else {
			change(w, r, w.batch.X.Float32s[start:end], part(w.batch.original.Float32s, start, end))
		}
	}
}

// part is s[start:end], or nothing of an empty s.
func part[T Float](s []T, start, end int) []T {
	if len(s) < end {
		return nil
	}
	return s[start:end]
}

// augmentStream is the first stream of random numbers for images.
const augmentStream = 1 << 62

// change changes an image, of which original is a copy if it is to be warped.
func change[T Float](w *augmenting, r *rand.PCG, image, original []T) {
	plane := w.height * w.width
	if w.warps() {
		var m affine
		w.draw(r, &m)
		for start := 0; start < len(image); start += plane {
			warp(&m, image[start:start+plane], original[start:start+plane], w.height, w.width)
		}
	}
	if w.config.Noise > 0 {
		for i := range image {
			image[i] += T(w.config.Noise * normal(r))
		}
	}
	if side := w.config.CutOut; side > 0 {
		x, y := int(uniform(r, uint64(w.width))), int(uniform(r, uint64(w.height)))
		left, right := max(0, x-side/2), min(w.width, x-side/2+side)
		top, bottom := max(0, y-side/2), min(w.height, y-side/2+side)
		for start := 0; start < len(image); start += plane {
			for y := top; y < bottom; y++ {
				clear(image[start+y*w.width+left : start+y*w.width+right])
			}
		}
	}
}

// affine is a map of the plane: where in the original a pixel comes from.
//
//	u = xx·x + xy·y + x0
//	v = yx·x + yy·y + y0
type affine struct {
	xx, xy, x0, yx, yy, y0 float64
	elastic                bool
	dx, dy                 [elasticPoints * elasticPoints]float64 // added to u and v at points all over the image
}

// elasticPoints is the number of points along each axis at which displacements are drawn.
const elasticPoints = 8

// displacement is what is added at a place: that of the four points around it, interpolated.
func (m *affine) displacement(x, y, width, height int) (dx, dy float64) {
	if !m.elastic {
		return 0, 0
	}
	const n = elasticPoints
	u, left, right := neighbours(float64(x)/float64(max(width-1, 1))*(n-1), n)
	v, top, bottom := neighbours(float64(y)/float64(max(height-1, 1))*(n-1), n)
	between := func(d *[n * n]float64) float64 {
		above := d[top*n+left]*(1-u) + d[top*n+right]*u
		below := d[bottom*n+left]*(1-u) + d[bottom*n+right]*u
		return above*(1-v) + below*v
	}
	return between(&m.dx), between(&m.dy)
}

// draw draws a map. What is switched off draws nothing.
func (w *augmenting) draw(r *rand.PCG, m *affine) {
	c := w.config
	shift := func() float64 {
		if c.Shift == 0 {
			return 0
		}
		return float64(int(uniform(r, uint64(2*c.Shift+1))) - c.Shift)
	}
	between := func(limit float64) float64 {
		if limit == 0 {
			return 0
		}
		return limit * (2*unit(r) - 1)
	}
	dx, dy := shift(), shift()
	sin, cos := math.Sincos(between(c.Rotate * math.Pi / 180))
	lean := math.Tan(between(c.Shear * math.Pi / 180))
	scale := math.Exp(between(math.Log1p(c.Scale)))
	// Rotation after shear after scaling.
	m.xx, m.xy, m.yx, m.yy = cos*scale, (cos*lean-sin)*scale, sin*scale, (sin*lean+cos)*scale
	if c.FlipX && r.Uint64()>>63 == 1 {
		m.xx, m.yx = -m.xx, -m.yx
	}
	if c.FlipY && r.Uint64()>>63 == 1 {
		m.xy, m.yy = -m.xy, -m.yy
	}
	midX, midY := float64(w.width-1)/2, float64(w.height-1)/2
	m.x0 = midX + dx - m.xx*midX - m.xy*midY
	m.y0 = midY + dy - m.yx*midX - m.yy*midY
	if m.elastic = c.Elastic > 0; m.elastic {
		for i := range m.dx {
			m.dx[i], m.dy[i] = c.Elastic*normal(r), c.Elastic*normal(r)
		}
	}
}

// warp sets a plane of an image to what m says of the original, interpolating between the
// four nearest pixels.
func warp[T Float](m *affine, image, original []T, height, width int) {
	for y := range height {
		row := image[y*width : (y+1)*width]
		for x := range row {
			dx, dy := m.displacement(x, y, width, height)
			u, left, right := neighbours(m.xx*float64(x)+m.xy*float64(y)+m.x0+dx, width)
			v, top, bottom := neighbours(m.yx*float64(x)+m.yy*float64(y)+m.y0+dy, height)
			upper, lower := original[top*width:(top+1)*width], original[bottom*width:(bottom+1)*width]
			above := float64(upper[left])*(1-u) + float64(upper[right])*u
			below := float64(lower[left])*(1-u) + float64(lower[right])*u
			row[x] = T(above*(1-v) + below*v)
		}
	}
}

// neighbours are the pixels on both sides of a place along an axis, and which share of the
// way from the one to the other it is.
func neighbours(place float64, size int) (share float64, before, after int) {
	if place < 0 {
		return 0, 0, 0
	}
	if before = int(place); before >= size-1 {
		return 0, size - 1, size - 1
	}
	return place - float64(before), before, before + 1
}

// unit draws from 0 to 1, without 1.
func unit(r *rand.PCG) float64 { return float64(r.Uint64()>>11) / (1 << 53) }

// normal draws from the normal distribution (Box and Muller 1958).
func normal(r *rand.PCG) float64 {
	radius := math.Sqrt(-2 * math.Log(1-unit(r)))
	return radius * math.Cos(2*math.Pi*unit(r))
}
