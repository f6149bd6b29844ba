package data

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"

	"github.com/chainrule-go/chainrule/internal/parallel"
)

// Images is a Dataset of images with class labels. The pixels stay bytes; they become
// numbers batch by batch, channel by channel:
//
//	x = (pixel/255 − Mean) / Std
//
// In a batch, X is [batch, Channels, Height, Width], also where there is one channel:
// what convolutions take, and the order of PyTorch. After [Images.Flatten] it is
// [batch, Channels·Height·Width].
type Images struct {
	Pixels        []byte   // [N, Channels, Height, Width]
	N             int      // number of images
	Channels      int      // of each image: 3 for red, green, blue; 0 means 1, shades of grey
	Height, Width int      // of each image, in pixels
	Labels        []int    // classes, one per image; nil for none
	Classes       []string // names of the classes, by number; nil if unknown

	// Mean is subtracted from pixels scaled to 0 … 1, and the difference is divided
	// by Std. Both have one value for each channel, or one for all channels; nil stands
	// for a Mean of 0 and a Std of 1, which leave pixels in 0 … 1. A Std of 0, as a
	// channel has that is the same everywhere, counts as 1. See [Images.Standardize].
	Mean, Std []float64

	flat bool
}

// NewImages makes Images of an IDX array of images, uint8 of shape [n, height, width] or
// [n, channels, height, width], and an IDX array of their labels, of shape [n] and an
// integer type. It uses the images' memory.
// Arrays of other types or ranks, different numbers of images and labels, and
// negative labels are a [*FormatError].
func NewImages(images, labels *IDX) (*Images, error) {
	m, err := imageHeader(images, labels)
	if err != nil {
		return nil, err
	}
	m.Pixels = images.Data
	return m, nil
}

// imageHeader is the Images of an IDX array of which there need only be the header, without
// the pixels.
func imageHeader(images, labels *IDX) (*Images, error) {
	rank := len(images.Shape)
	if images.Type != IDXUint8 || rank != 3 && rank != 4 {
		return nil, &FormatError{File: images.file, Offset: 2, Want: "images: uint8 of rank 3 or 4",
			Got: fmt.Sprintf("%v of rank %d", images.Type, len(images.Shape))}
	}
	m := &Images{N: images.Shape[0], Channels: 1, Height: images.Shape[rank-2], Width: images.Shape[rank-1]}
	if rank == 4 {
		m.Channels = images.Shape[1]
	}
	var err error
	m.Labels, err = labels.classes(m.N, images.file)
	return m, err
}

// classes is the elements of x, which are the labels of n images.
func (x *IDX) classes(n int, images string) ([]int, error) {
	integer := x.Type == IDXUint8 || x.Type == IDXInt8 || x.Type == IDXInt16 || x.Type == IDXInt32
	if !integer || len(x.Shape) != 1 {
		return nil, &FormatError{File: x.file, Offset: 2, Want: "labels: integers of rank 1",
			Got: fmt.Sprintf("%v of rank %d", x.Type, len(x.Shape))}
	}
	if x.Shape[0] != n {
		return nil, &FormatError{File: x.file, Offset: 4,
			Want: fmt.Sprintf("%d labels, one for each image%s", n, inFile(images)), Got: fmt.Sprint(x.Shape[0])}
	}
	labels, kind := make([]int, n), x.Type.kind()
	for i := range labels {
		labels[i] = int(kind.decode(binary.BigEndian, x.Data[i*kind.size:]))
		if labels[i] < 0 {
			return nil, &FormatError{File: x.file, Offset: int64(8 + i*kind.size),
				Want: "labels from 0", Got: fmt.Sprint(labels[i])}
		}
	}
	return labels, nil
}

func inFile(name string) string {
	if name == "" {
		return ""
	}
	return " in " + name
}

// ReadImages reads images and their labels from two IDX files, such as those of
// MNIST, plain or compressed with gzip; see [ReadIDX] and [NewImages].
func ReadImages(imagesPath, labelsPath string) (*Images, error) {
	images, err := ReadIDXFile(imagesPath)
	if err != nil {
		return nil, err
	}
	labels, err := ReadIDXFile(labelsPath)
	if err != nil {
		return nil, err
	}
	return NewImages(images, labels)
}

// Len is N, the number of images.
func (m *Images) Len() int { return m.N }

// Image is the pixels of image i, [Channels, Height, Width], in m's memory. It panics if
// there is no image i, or Pixels end before it does.
func (m *Images) Image(i int) []byte {
	size := m.imageSize()
	return m.Pixels[i*size : (i+1)*size : (i+1)*size]
}

// imageSize is the number of bytes of an image.
func (m *Images) imageSize() int { return m.channels() * m.Height * m.Width }

// shape says what an image consists of, such as 28×28 or 3×32×32.
func (m *Images) shape() string {
	if m.channels() == 1 {
		return fmt.Sprintf("%d×%d", m.Height, m.Width)
	}
	return fmt.Sprintf("%d×%d×%d", m.channels(), m.Height, m.Width)
}

// channels is the number of channels.
func (m *Images) channels() int { return cmp.Or(m.Channels, 1) }

// Label is the class of image i, if it has one.
func (m *Images) Label(i int) (class int, ok bool) { return labelOf(m.Labels, i) }

// NumClasses is the number of classes: that of Classes, or one more than the
// largest label, or 0 without labels.
func (m *Images) NumClasses() int { return numClasses(m.Classes, m.Labels) }

// Flatten is the same images, in the same memory, with Channels·Height·Width features
// each instead of the three axes channel, height and width.
func (m *Images) Flatten() *Images {
	flat := *m
	flat.flat = true
	return &flat
}

// Standardize is the same images, in the same memory, with this Mean and Std, which have
// one value for each channel or one for all. Use those of the training images for the
// test images too:
//
//	mean, std := train.MeanStd()
//	train, test = train.Standardize(mean, std), test.Standardize(mean, std)
//
// It panics with [*ValueError] if there are neither one value nor one for each channel,
// if one is not finite, or if one of std is negative.
func (m *Images) Standardize(mean, std []float64) *Images {
	s := *m
	s.Mean, s.Std = mean, std
	if err := s.checkScale(); err != nil {
		misuse("Images.Standardize", "%s", err)
	}
	return &s
}

// MeanStd is the mean and the standard deviation of the pixels of each channel, scaled to
// 0 … 1. All are 0 if there are no pixels. It panics if Pixels end before the images do.
func (m *Images) MeanStd() (mean, std []float64) {
	counts := m.histograms()
	for i := range m.N {
		counts.add(m.Image(i))
	}
	return counts.meanStd()
}

// histograms counts the pixels of each channel by their value.
type histograms [][256]int

func (m *Images) histograms() histograms { return make(histograms, m.channels()) }

// add counts the pixels of an image.
func (h histograms) add(image []byte) {
	plane := len(image) / max(len(h), 1)
	for c := range h {
		for _, p := range image[c*plane : (c+1)*plane] {
			h[c][p]++
		}
	}
}

// meanStd is the mean and the standard deviation of pixels scaled to 0 … 1.
func (h histograms) meanStd() (mean, std []float64) {
	mean, std = make([]float64, len(h)), make([]float64, len(h))
	for c := range h {
		n := 0.
		for _, count := range h[c] {
			n += float64(count)
		}
		n = max(n, 1)
		for p, count := range h[c] {
			mean[c] += float64(p) / 255 * float64(count) / n
		}
		for p, count := range h[c] {
			d := float64(p)/255 - mean[c]
			std[c] += d * d * float64(count) / n
		}
		std[c] = math.Sqrt(std[c])
	}
	return mean, std
}

// scaling is the scale and the shift of a channel: pixel·scale + shift is what becomes of
// a pixel.
func (m *Images) scaling(channel int) (scale, shift float64) {
	mean, std := entry(m.Mean, channel, 0), cmp.Or(entry(m.Std, channel, 1), 1)
	return 1 / (255 * std), -mean / std
}

// entry is a channel's value of a list that has one for each, one for all, or none.
func entry(list []float64, channel int, none float64) float64 {
	if len(list) == 0 {
		return none
	}
	return list[min(channel, len(list)-1)]
}

// uniform reports whether all channels have one scaling.
func (m *Images) uniform() bool { return len(m.Mean) <= 1 && len(m.Std) <= 1 || m.channels() == 1 }

// Fill makes batch hold the images with these indices, as numbers or, if its KeepBytes
// says so and Mean and Std are the same for all channels, as bytes. It fails, with a
// [*ValueError], if the fields do not fit each other or an index is out of range.
func (m *Images) Fill(batch *Batch, indices []int) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := checkIndices("Images", indices, m.N); err != nil {
		return err
	}
	m.reset(batch, len(indices))
	batch.filling = filling{m, &batch.X, indices}
	if batch.background {
		batch.filling.DoRange(0, len(indices))
	} else {
		parallel.For(len(indices), touchedAhead, &batch.filling)
	}
	batch.filling = filling{}
	batch.pickLabels(m.Labels, indices)
	return nil
}

// reset makes batch one of n images, with unspecified pixels.
func (m *Images) reset(batch *Batch, n int) {
	var buf [3]int
	shape := append(buf[:0], m.channels(), m.Height, m.Width)
	if m.flat {
		shape = append(buf[:0], m.imageSize())
	}
	if m.uniform() {
		scale, shift := m.scaling(0)
		batch.ResetBytes(n, scale, shift, shape...)
	} else {
		batch.Reset(n, shape...)
	}
}

// filling is the work of giving a batch its pixels.
type filling struct {
	images  *Images
	dst     *Array
	indices []int
}

// DoRange sets the rows lo ≤ row < hi.
func (f *filling) DoRange(lo, hi int) {
	for start := lo; start < hi; start += touchedAhead {
		group := f.indices[start:min(start+touchedAhead, hi)]
		combination := f.images.touch(group)
		for row, i := range group {
			f.images.setRow(f.dst, start+row, f.images.Image(i))
		}
		runtime.KeepAlive(combination)
	}
}

// setRow sets a row of dst to an image's numbers, or to its bytes.
func (m *Images) setRow(dst *Array, row int, image []byte) {
	start, piece, pieces := row*len(image), len(image), 1
	if !m.uniform() {
		pieces = m.channels()
		piece /= pieces
	}
	for c := range pieces {
		scale, shift := m.scaling(c)
		dst.setBytes(start+c*piece, start+(c+1)*piece, image[c*piece:(c+1)*piece], scale, shift)
	}
}

// touchedAhead is how many images touch reads at once.
const touchedAhead = 16

// touch reads a byte of every cache line of these images. In a shuffled epoch each of
// them is a miss: reading many lines that do not depend on each other has the
// processor wait for all of them together, where the conversion would wait for one
// image after the other. The bytes' combination is returned for the reads not to be
// optimised away.
func (m *Images) touch(indices []int) (combination byte) {
	const cacheLine = 64
	for _, i := range indices {
		image := m.Image(i)
		for j := 0; j < len(image); j += cacheLine {
			combination ^= image[j]
		}
	}
	return combination
}

// check finds fields that do not fit each other.
func (m *Images) check() error {
	size, ok := product([]int{m.N, m.channels(), m.Height, m.Width})
	if !ok || size != len(m.Pixels) {
		return mismatch("Images", "%d images of %d channels of %d×%d have %d pixels", m.N, m.channels(), m.Height, m.Width, len(m.Pixels))
	}
	if m.Labels != nil && len(m.Labels) != m.N {
		return mismatch("Images", "%d images with %d labels", m.N, len(m.Labels))
	}
	return m.checkScale()
}

// checkScale finds a Mean or Std that cannot be applied.
func (m *Images) checkScale() error {
	for _, list := range [][]float64{m.Mean, m.Std} {
		if n := len(list); n > 1 && n != m.channels() {
			return mismatch("Images", "mean %v and std %v for %d channels", m.Mean, m.Std, m.channels())
		}
	}
	for c := range max(len(m.Mean), len(m.Std)) {
		mean, std := entry(m.Mean, c, 0), entry(m.Std, c, 1)
		if math.IsNaN(mean) || math.IsInf(mean, 0) || !(std >= 0) || math.IsInf(std, 0) {
			return mismatch("Images", "mean %v and std %v: want finite numbers, none of std negative", m.Mean, m.Std)
		}
	}
	return nil
}

// Subset copies the images with these indices, in that order. It panics with
// [*ValueError] if an index is out of range or the fields do not fit each other.
func (m *Images) Subset(indices []int) *Images {
	if err := cmp.Or(m.check(), checkIndices("Images.Subset", indices, m.N)); err != nil {
		panic(err)
	}
	s := *m
	s.N, s.Pixels, s.Labels = len(indices), make([]byte, 0, len(indices)*m.imageSize()), nil
	for _, i := range indices {
		s.Pixels = append(s.Pixels, m.Image(i)...)
	}
	if m.Labels != nil {
		s.Labels = make([]int, 0, len(indices))
		for _, i := range indices {
			s.Labels = append(s.Labels, m.Labels[i])
		}
	}
	return &s
}

// halves is a data set of images in two parts.
type halves struct{ train, test *Images }

// loadHalves is a Source's data set as functions such as MNIST return it.
func loadHalves(ctx context.Context, s *Source[halves], config SourceConfig) (train, test *Images, err error) {
	h, err := s.Load(ctx, config)
	return h.train, h.test, err
}
