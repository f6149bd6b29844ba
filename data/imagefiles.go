package data

import "io"

// ImageFiles is a Dataset of images with class labels in IDX files, of which only the
// images of a batch are read: the file of images may be larger than memory, of which it
// takes 8 bytes an image, for the labels. It is made by [OpenImages], and gives the batches
// that [Images] of the same files gives. It is safe for concurrent use.
type ImageFiles struct {
	Classes []string // names of the classes, by number; nil if unknown

	images *Images // without pixels
	pixels *ArrayFile
}

// OpenImages opens images and their labels, two IDX files such as those of MNIST. The
// caller closes it. It fails as [ReadImages] and [OpenIDX] do: the file of images must not
// be compressed, but [Uncompress] makes one that is not.
func OpenImages(imagesPath, labelsPath string) (*ImageFiles, error) {
	labels, err := ReadIDXFile(labelsPath)
	if err != nil {
		return nil, err
	}
	m := &ImageFiles{}
	m.pixels, err = openArray(imagesPath, func(d *binaryReader, source io.ReaderAt, size int64) (*ArrayFile, error) {
		header, err := readIDXHeader(d)
		if err != nil {
			return nil, err
		}
		if m.images, err = imageHeader(header, labels); err != nil {
			return nil, err
		}
		return header.arrayFile(d, source, size)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Close closes the file of images.
func (f *ImageFiles) Close() error { return f.pixels.Close() }

// Len is the number of images.
func (f *ImageFiles) Len() int { return f.images.N }

// Label is the class of image i.
func (f *ImageFiles) Label(i int) (class int, ok bool) { return f.images.Label(i) }

// NumClasses is the number of classes: that of Classes, or one more than the largest
// label.
func (f *ImageFiles) NumClasses() int { return numClasses(f.Classes, f.images.Labels) }

// Shape is the size of an image: channels, height and width.
func (f *ImageFiles) Shape() (channels, height, width int) {
	return f.images.channels(), f.images.Height, f.images.Width
}

// Flatten is the same images, of the same file, as [Images.Flatten] has them.
func (f *ImageFiles) Flatten() *ImageFiles {
	return &ImageFiles{f.Classes, f.images.Flatten(), f.pixels}
}

// Standardize is the same images, of the same file, as [Images.Standardize] has them. It
// panics as that does.
func (f *ImageFiles) Standardize(mean, std []float64) *ImageFiles {
	return &ImageFiles{f.Classes, f.images.Standardize(mean, std), f.pixels}
}

// MeanStd is the mean and the standard deviation of the pixels of each channel, scaled to
// 0 … 1, for which it reads the file once, from the beginning to the end. All are 0 if there
// are no pixels. It fails if the file cannot be read.
func (f *ImageFiles) MeanStd() (mean, std []float64, err error) {
	counts := f.images.histograms()
	for i := range f.images.N {
		if err := f.pixels.eachRow([]int{i}, func(_ int, bytes []byte) { counts.add(bytes) }); err != nil {
			return nil, nil, err
		}
	}
	mean, std = counts.meanStd()
	return mean, std, nil
}

// Fill makes batch hold the images with these indices, as [Images.Fill] does. It fails if
// the file cannot be read, with a [*FormatError] if it ends before an image does, and with a
// [*ValueError] if an index is out of range.
func (f *ImageFiles) Fill(batch *Batch, indices []int) error {
	if err := checkIndices("ImageFiles", indices, f.images.N); err != nil {
		return err
	}
	f.images.reset(batch, len(indices))
	err := f.pixels.eachRow(indices, func(row int, bytes []byte) { f.images.setRow(&batch.X, row, bytes) })
	if err != nil {
		return err
	}
	batch.pickLabels(f.images.Labels, indices)
	return nil
}
