package data

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// MNISTOptions says where [MNIST] and [FashionMNIST] look for their files. The zero
// value looks in the user's cache and downloads what is not there.
type MNISTOptions struct {
	// Dir, if not empty, is a directory that holds the four files; nothing else is
	// looked into, and nothing is downloaded. The files have their usual names,
	// such as train-images-idx3-ubyte or train-images.idx3-ubyte, with or without
	// .gz at the end.
	Dir string

	// AnyContent accepts in Dir any well-formed files with those names instead of
	// the very originals: a part of the data, or another data set published in the
	// same form, such as Kuzushiji-MNIST.
	AnyContent bool

	// CacheDir is the directory downloaded data sets are kept in, each in a
	// directory of its own; by default it is chainrule in os.UserCacheDir. Without
	// a cache, or one that cannot be written, the data are downloaded every time.
	CacheDir string

	// NoDownload makes a data set that is not on this machine an [ErrNotFound].
	NoDownload bool

	// Mirrors are URLs of directories to download from instead of the built-in
	// ones, tried in order.
	Mirrors []string

	// Client makes the requests; by default one that gives up on a connection
	// after two seconds and heeds the proxies of the environment.
	Client *http.Client

	// Timeout is how long a mirror may be silent, before it answers or in the
	// middle of a file, until the next one is tried; 0 means ten seconds. A limit
	// to the whole is the context's business.
	Timeout time.Duration

	// Progress, if not nil, is called during downloads, from the goroutine of the
	// caller: when a file begins, about every 64 KiB, and when it is complete.
	Progress func(Progress)

	// Warn, if not nil, is called from the goroutine of the caller with what went
	// wrong without harm to the result: a mirror that failed, a damaged file in the
	// cache, which is replaced, or a cache that cannot be written.
	Warn func(error)
}

// Progress is the state of a download.
type Progress struct {
	File     string // name of the file
	URL      string // where it comes from
	Received int64  // bytes so far
	Total    int64  // bytes in all, -1 if unknown
	Done     bool   // whether the file is complete and found right
}

// MNIST is the data set of handwritten digits by LeCun, Cortes and Burges: 60,000
// images of 28×28 to train on, 10,000 to test with.
//
// Every file is compared with the original by its SHA-256. In Dir a damaged one is
// an error ([*FormatError] or [*ChecksumError]); in the cache it is fetched again. A
// file enters the cache whole or not at all, so a program may be killed at any time,
// and several may fill the cache at once. A file that is in none of the places
// looked into is an error that wraps [ErrNotFound], a [*DownloadError] if downloading
// failed. If ctx is cancelled the error wraps its error.
func MNIST(ctx context.Context, options MNISTOptions) (train, test *Images, err error) {
	return mnistDigits().load(ctx, options)
}

// FashionMNIST is Zalando's data set of article images, in the form of MNIST: 60,000
// images of 28×28 to train on, 10,000 to test with, 10 classes. Files and errors are
// treated as by [MNIST]; the files that Debian's package dataset-fashion-mnist
// installs are used if they are there.
func FashionMNIST(ctx context.Context, options MNISTOptions) (train, test *Images, err error) {
	return fashionMNIST().load(ctx, options)
}

// imageSet is what is known of a data set in MNIST's form.
type imageSet struct {
	name    string    // for messages
	dir     string    // directory in the cache
	files   [4]idxRef // training images and labels, test images and labels
	mirrors []string
	system  []string // directories where packages of the operating system put it
	classes []string
}

// idxRef is an IDX file, by its name and content.
type idxRef struct {
	name   string
	shape  []int // nil for any
	sha256 string
}

func mnistDigits() *imageSet {
	return &imageSet{
		name: "MNIST",
		dir:  "mnist",
		files: [4]idxRef{
			{"train-images-idx3-ubyte", []int{60000, 28, 28}, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
			{"train-labels-idx1-ubyte", []int{60000}, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
			{"t10k-images-idx3-ubyte", []int{10000, 28, 28}, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
			{"t10k-labels-idx1-ubyte", []int{10000}, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
		},
		mirrors: []string{
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
		},
		classes: digitNames(),
	}
}

// The sums are of the files in Debian's package dataset-fashion-mnist,
// uncompressed.
func fashionMNIST() *imageSet {
	return &imageSet{
		name: "Fashion-MNIST",
		dir:  "fashion-mnist",
		files: [4]idxRef{
			{"train-images-idx3-ubyte", []int{60000, 28, 28}, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
			{"train-labels-idx1-ubyte", []int{60000}, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
			{"t10k-images-idx3-ubyte", []int{10000, 28, 28}, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
			{"t10k-labels-idx1-ubyte", []int{10000}, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
		},
		mirrors: []string{
			"https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
		},
		system: []string{"/usr/share/datasets/fashion-mnist"},
		classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
			"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
	}
}

func digitNames() []string {
	return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
}

// load finds the four files and makes the two halves of the data set of them.
func (s *imageSet) load(ctx context.Context, options MNISTOptions) (train, test *Images, err error) {
	f := newFinder(s, options)
	defer f.close()
	var arrays [4]*IDX
	for i, ref := range s.files {
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("data: loading %s: %w", s.name, err)
		}
		if arrays[i], err = f.find(ctx, ref); err != nil {
			return nil, nil, err
		}
	}
	if train, err = s.images(arrays[0], arrays[1]); err != nil {
		return nil, nil, err
	}
	if test, err = s.images(arrays[2], arrays[3]); err != nil {
		return nil, nil, err
	}
	if train.Height != test.Height || train.Width != test.Width {
		return nil, nil, &FormatError{File: arrays[2].file, Offset: 8,
			Want: fmt.Sprintf("%d×%d pixels, as the training images have", train.Height, train.Width),
			Got:  fmt.Sprintf("%d×%d", test.Height, test.Width)}
	}
	return train, test, nil
}

// images joins an array of images and one of labels, and names the classes if the
// labels are within those known.
func (s *imageSet) images(images, labels *IDX) (*Images, error) {
	m, err := NewImages(images, labels)
	if err != nil {
		return nil, err
	}
	if m.NumClasses() <= len(s.classes) {
		m.Classes = s.classes
	}
	return m, nil
}
