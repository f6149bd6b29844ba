package workload

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// hash is element i of stream number seed: SplitMix64, which is easily computed in
// any language and for all i at once.
func hash(seed, i uint64) uint64 {
	z := (seed<<32 + i + 1) * 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// Uniform is the first n elements of a stream of numbers in [-1, 1), multiples of
// 2⁻²³ and so the same in float32 and float64.
func Uniform(seed uint64, n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = float64(hash(seed, uint64(i))>>40)/(1<<23) - 1
	}
	return xs
}

// Uniform32 is Uniform in float32.
func Uniform32(seed uint64, n int) []float32 { return narrow(Uniform(seed, n), 1) }

func scaled(seed uint64, n, fanIn int) []float32 {
	return narrow(Uniform(seed, n), 1/math.Sqrt(float64(fanIn)))
}

func narrow(xs []float64, factor float64) []float32 {
	ys := make([]float32, len(xs))
	for i, x := range xs {
		ys[i] = float32(x * factor)
	}
	return ys
}

// Digits is the training set of MNIST as it comes out of its files, or bytes of
// the same number.
type Digits struct {
	Images []byte // 784 for each image
	Labels []byte
}

const (
	digitCount  = 60_000
	digitPixels = 784
)

// LoadDigits reads the files in the directory MNIST_DIR of the environment. Where
// that is not set it makes up images that have a fifth of their pixels not black,
// like MNIST's.
func LoadDigits() (Digits, error) {
	dir := os.Getenv("MNIST_DIR")
	if dir == "" {
		return madeUp(), nil
	}
	images, err := readIDX(dir, "train-images-idx3-ubyte", 16, digitCount*digitPixels)
	if err != nil {
		return Digits{}, err
	}
	labels, err := readIDX(dir, "train-labels-idx1-ubyte", 8, digitCount)
	return Digits{images, labels}, err
}

func madeUp() Digits {
	d := Digits{make([]byte, digitCount*digitPixels), make([]byte, digitCount)}
	for i := range d.Images {
		if h := hash(200, uint64(i)); h%5 == 0 {
			d.Images[i] = byte(h >> 56)
		}
	}
	for i := range d.Labels {
		d.Labels[i] = byte(hash(201, uint64(i)) % 10)
	}
	return d
}

// readIDX reads a file in the IDX format, compressed or not, whose data begin
// after header bytes.
func readIDX(dir, name string, header, size int) ([]byte, error) {
	path := filepath.Join(dir, name)
	file, err := os.Open(path)
	compressed := errors.Is(err, fs.ErrNotExist)
	if compressed {
		path += ".gz"
		file, err = os.Open(path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var r io.Reader = file
	if compressed {
		if r, err = gzip.NewReader(file); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	data := make([]byte, header+size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data[header:], nil
}

// Loader hands out the digits in batches for libraries that have no loader of
// their own.
type Loader struct {
	digits Digits
	pixels Pixels
	order  []int
	batch  int
	rng    *rand.Rand
}

// NewLoader returns a loader whose batches are, until the first Shuffle, in the
// order of the data.
func NewLoader(digits Digits, pixels Pixels, batch int) *Loader {
	order := make([]int, len(digits.Labels))
	for i := range order {
		order[i] = i
	}
	return &Loader{digits, pixels, order, batch, rand.New(rand.NewPCG(1, 2))}
}

// Batches is the number of whole batches. What is left over is not trained on,
// as some of the libraries need to know the batch's size in advance.
func (l *Loader) Batches() int { return len(l.order) / l.batch }

// Shuffle starts another epoch.
func (l *Loader) Shuffle() {
	l.rng.Shuffle(len(l.order), func(i, j int) { l.order[i], l.order[j] = l.order[j], l.order[i] })
}

// Read puts the pixels of batch number i into x [batch, 784] and its classes into
// labels.
func (l *Loader) Read(i int, x []float32, labels []int) {
	scale, shift := float32(l.pixels.Scale), float32(l.pixels.Shift)
	for row, k := range l.order[i*l.batch:][:l.batch] {
		labels[row] = int(l.digits.Labels[k])
		to := x[row*digitPixels:][:digitPixels]
		for j, pixel := range l.digits.Images[k*digitPixels:][:digitPixels] {
			to[j] = float32(pixel)*scale + shift
		}
	}
}
