package data

import (
	"context"
	"fmt"
	"slices"
)

// MNIST is the data set of handwritten digits by LeCun, Cortes and Burges: 60,000
// images of 28×28 to train on, 10,000 to test with. Files and errors are treated as
// [Source.Load] says. In a directory the files have their usual names, such as
// train-images-idx3-ubyte or train-images.idx3-ubyte.
func MNIST(ctx context.Context, config SourceConfig) (train, test *Images, err error) {
	return loadHalves(ctx, &mnistDigits, config)
}

var mnistDigits = Source[halves]{
	Name: "MNIST",
	Files: mnistFiles([4]string{
		"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
		"65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
		"0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
		"ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
	}),
	Mirrors: []string{
		"https://ossci-datasets.s3.amazonaws.com/mnist/",
		"https://storage.googleapis.com/cvdf-datasets/mnist/",
	},
	Open: openIDX(digitNames()),
}

func digitNames() []string {
	return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
}

// mnistFiles are the files of a data set that takes MNIST's place: training images and
// labels, test images and labels, of as many images of the same size, with these sums.
func mnistFiles(sums [4]string) []SourceFile {
	return []SourceFile{
		{Name: "train-images-idx3-ubyte", Alias: "train-images.idx3-ubyte", Size: 16 + 60000*28*28, SHA256: sums[0]},
		{Name: "train-labels-idx1-ubyte", Alias: "train-labels.idx1-ubyte", Size: 8 + 60000, SHA256: sums[1]},
		{Name: "t10k-images-idx3-ubyte", Alias: "t10k-images.idx3-ubyte", Size: 16 + 10000*28*28, SHA256: sums[2]},
		{Name: "t10k-labels-idx1-ubyte", Alias: "t10k-labels.idx1-ubyte", Size: 8 + 10000, SHA256: sums[3]},
	}
}

// openIDX makes a data set of four IDX files: training images and labels, test images and
// labels. The names of the classes are taken where the labels are within those known.
func openIDX(classes []string) func(files []Content) (halves, error) {
	return func(files []Content) (h halves, err error) {
		if h.train, err = imagesOf(files[0], files[1], classes); err != nil {
			return halves{}, err
		}
		if h.test, err = imagesOf(files[2], files[3], classes); err != nil {
			return halves{}, err
		}
		if h.train.shape() != h.test.shape() {
			return halves{}, &FormatError{File: files[2].File, Offset: 8,
				Want: fmt.Sprintf("%s pixels, as the training images have", h.train.shape()), Got: h.test.shape()}
		}
		return h, nil
	}
}

// imagesOf joins a file of images and one of labels.
func imagesOf(images, labels Content, classes []string) (*Images, error) {
	x, err := idxOf(images)
	if err != nil {
		return nil, err
	}
	y, err := idxOf(labels)
	if err != nil {
		return nil, err
	}
	m, err := NewImages(x, y)
	if err != nil {
		return nil, err
	}
	if m.NumClasses() <= len(classes) {
		m.Classes = slices.Clone(classes)
	}
	return m, nil
}
