package data

import (
	"fmt"
	"math"
	"runtime"

	"github.com/chainrule-go/chainrule/internal/parallel"
)

// Images is a Dataset of labelled grey-scale images. The pixels stay bytes; they
// become numbers batch by batch:
//
//	x = (pixel/255 − Mean) / Std
//
// In a batch, X is [batch, 1, Height, Width], or [batch, Height·Width] after
// [Images.Flatten].
type Images struct {
	Pixels        []byte   // [N, Height, Width]
	N             int      // number of images
	Height, Width int      // of each image, in pixels
	Labels        []int    // classes, one per image; nil for none
	Classes       []string // names of the classes, by number; nil if unknown

	// Mean is subtracted from pixels scaled to 0 … 1, and the difference is divided
	// by Std. A Std of 0 means 1: the zero values leave pixels in 0 … 1.
	Mean, Std float64

	flat bool
}

// NewImages makes Images of an IDX array of images, uint8 of rank 3, and an IDX
// array of their labels, of rank 1 and an integer type. It uses the images' memory.
// Arrays of other types or ranks, different numbers of images and labels, and
// negative labels are a [*FormatError].
func NewImages(images, labels *IDX) (*Images, error) {
	if images.Type != IDXUint8 || len(images.Shape) != 3 {
		return nil, &FormatError{File: images.file, Offset: 2, Want: "images: uint8 of rank 3",
			Got: fmt.Sprintf("%v of rank %d", images.Type, len(images.Shape))}
	}
	integer := labels.Type == IDXUint8 || labels.Type == IDXInt8 || labels.Type == IDXInt16 || labels.Type == IDXInt32
	if !integer || len(labels.Shape) != 1 {
		return nil, &FormatError{File: labels.file, Offset: 2, Want: "labels: integers of rank 1",
			Got: fmt.Sprintf("%v of rank %d", labels.Type, len(labels.Shape))}
	}
	if images.Shape[0] != labels.Shape[0] {
		return nil, &FormatError{File: labels.file, Offset: 4,
			Want: fmt.Sprintf("%d labels, one for each image%s", images.Shape[0], inFile(images.file)),
			Got:  fmt.Sprint(labels.Shape[0])}
	}
	m := &Images{Pixels: images.Data, N: images.Shape[0], Height: images.Shape[1], Width: images.Shape[2],
		Labels: make([]int, labels.Shape[0])}
	for i := range m.Labels {
		m.Labels[i] = int(labels.at(i))
		if m.Labels[i] < 0 {
			return nil, &FormatError{File: labels.file, Offset: int64(8 + i*labels.Type.Size()),
				Want: "labels from 0", Got: fmt.Sprint(m.Labels[i])}
		}
	}
	return m, nil
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

// Image is the pixels of image i, [Height, Width], in m's memory.
func (m *Images) Image(i int) []byte {
	size := m.Height * m.Width
	return m.Pixels[i*size : (i+1)*size : (i+1)*size]
}

// Label is the class of image i, if it has one.
func (m *Images) Label(i int) (class int, ok bool) {
	if m.Labels == nil {
		return 0, false
	}
	return m.Labels[i], true
}

// NumClasses is the number of classes: that of Classes, or one more than the
// largest label, or 0 without labels.
func (m *Images) NumClasses() int { return numClasses(m.Classes, m.Labels) }

// Flatten is the same images, in the same memory, with Height·Width features each
// instead of the three axes channel, height and width.
func (m *Images) Flatten() *Images {
	flat := *m
	flat.flat = true
	return &flat
}

// Standardize is the same images, in the same memory, with this Mean and Std. Use
// the training images' [Images.MeanStd] for test images too. It panics with
// [*ValueError] unless both are finite and std is positive.
func (m *Images) Standardize(mean, std float64) *Images {
	if math.IsNaN(mean) || math.IsInf(mean, 0) || !(std > 0) || math.IsInf(std, 0) {
		misuse("Images.Standardize", "mean %v, std %v: want finite numbers, and a positive std", mean, std)
	}
	s := *m
	s.Mean, s.Std = mean, std
	return &s
}

// MeanStd is the mean and the standard deviation of all pixels, scaled to 0 … 1.
// Both are 0 if there are no pixels.
func (m *Images) MeanStd() (mean, std float64) {
	if len(m.Pixels) == 0 {
		return 0, 0
	}
	var histogram [256]int
	for _, p := range m.Pixels {
		histogram[p]++
	}
	n := float64(len(m.Pixels))
	for p, count := range histogram {
		mean += float64(p) / 255 * float64(count) / n
	}
	for p, count := range histogram {
		d := float64(p)/255 - mean
		std += d * d * float64(count) / n
	}
	return mean, math.Sqrt(std)
}

// Fill makes batch hold the images with these indices, as numbers or, if its KeepBytes
// says so, as bytes. It never fails; it panics with [*ValueError] if an index is out of
// range or the fields do not fit each other.
func (m *Images) Fill(batch *Batch, indices []int) error {
	m.check()
	checkIndices("Images.Fill", indices, m.N)
	std := m.Std
	if std == 0 {
		std = 1
	}
	scale, shift := 1/(255*std), -m.Mean/std
	if m.flat {
		batch.ResetBytes(len(indices), scale, shift, m.Height*m.Width)
	} else {
		batch.ResetBytes(len(indices), scale, shift, 1, m.Height, m.Width)
	}
	batch.filling = filling{m, &batch.X, indices, scale, shift}
	if batch.background {
		batch.filling.DoRange(0, len(indices))
	} else {
		parallel.For(len(indices), touchedAhead, &batch.filling)
	}
	batch.filling = filling{}
	if m.Labels != nil {
		batch.ResetLabels()
		for row, i := range indices {
			batch.Labels[row] = m.Labels[i]
		}
	}
	return nil
}

// filling is the work of giving a batch its pixels.
type filling struct {
	images       *Images
	dst          *Array
	indices      []int
	scale, shift float64
}

// DoRange sets the rows lo ≤ row < hi.
func (f *filling) DoRange(lo, hi int) {
	for start := lo; start < hi; start += touchedAhead {
		group := f.indices[start:min(start+touchedAhead, hi)]
		combination := f.images.touch(group)
		for row, i := range group {
			SetRowBytes(f.dst, start+row, f.images.Image(i), f.scale, f.shift)
		}
		runtime.KeepAlive(combination)
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

// check panics unless the fields fit each other.
func (m *Images) check() {
	if size := sizeOf("Images", []int{m.N, m.Height, m.Width}); size != len(m.Pixels) {
		misuse("Images", "%d images of %d×%d have %d pixels", m.N, m.Height, m.Width, len(m.Pixels))
	}
	if m.Labels != nil && len(m.Labels) != m.N {
		misuse("Images", "%d images with %d labels", m.N, len(m.Labels))
	}
}

// Subset copies the images with these indices, in that order. It panics with
// [*ValueError] if an index is out of range.
func (m *Images) Subset(indices []int) *Images {
	m.check()
	checkIndices("Images.Subset", indices, m.N)
	s := *m
	s.N, s.Pixels, s.Labels = len(indices), make([]byte, 0, len(indices)*m.Height*m.Width), nil
	for _, i := range indices {
		s.Pixels = append(s.Pixels, m.Image(i)...)
	}
	if m.Labels != nil {
		s.Labels = make([]int, len(indices))
		for row, i := range indices {
			s.Labels[row] = m.Labels[i]
		}
	}
	return &s
}
