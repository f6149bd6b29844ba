// Package workload says what every library of the comparison has to do, with
// which numbers, and how it is timed. Data and initial weights are a function of
// a counter, so that programs in any language start from the same bits, and what
// they compute can be compared as well as how long it takes.
package workload

import (
	"math"
	"strings"
)

// Names of the workloads.
const (
	MNISTEpoch        = "MNIST MLP 784-128-10, batch 128, Adam: an epoch"
	MNISTStandardized = "the same with standardized pixels, none of them 0"
	LargeStep         = "MLP 1024-2048-2048-10, batch 256, Adam: a step"
	XORStep           = "XOR MLP 2-8-1, Adam: a step"
	ScalarChain       = "1,000 scalar operations, forward and backward"
	MatMul32          = "matmul 1024³ float32"
	MatMul64          = "matmul 1024³ float64"
	Tanh              = "tanh of 1M float32"
	Exp               = "exp of 1M float32"
	Sigmoid           = "sigmoid of 1M float32"
	Softmax           = "softmax of 1024 rows of 1024 float32"
	AdamStep          = "Adam on 10M float32: a step"
	Embedding         = "embedding 10,000×128 of 32×64 tokens, forward and backward"
	LayerNorm         = "layer normalization of 8,192 rows of 512, forward and backward"
	BatchNorm         = "batch normalization of 32×64×28×28, forward and backward"
	MaxPool           = "max pooling by 2×2 of 32×64×28×28, forward and backward"
)

// Names lists the workloads in the order of the table.
func Names() []string {
	names := []string{MNISTEpoch, MNISTStandardized, LargeStep, XORStep}
	for _, network := range Networks() {
		names = append(names, network.Step)
	}
	for _, network := range Networks() {
		names = append(names, network.Inference(1), network.Inference(128))
	}
	for _, model := range Models() {
		for _, batch := range ImportedBatches() {
			names = append(names, Imported(model, batch))
		}
	}
	for _, convolution := range Convolutions() {
		names = append(names, convolution.Name)
	}
	return append(names, Embedding, LayerNorm, BatchNorm, MaxPool, AdamStep, ScalarChain, MatMul32, MatMul64, Tanh, Exp, Sigmoid, Softmax)
}

// HasProducts reports whether the workload of that name has matrix products.
func HasProducts(name string) bool {
	switch name {
	case ScalarChain, Tanh, Exp, Sigmoid, Softmax, AdamStep, Embedding, LayerNorm, BatchNorm, MaxPool:
		return false
	}
	return true
}

// HasImages reports whether the workload of that name has arrays of images with
// channels, which libraries can lay out in more than one way.
func HasImages(name string) bool {
	return strings.Contains(name, "CNN") || strings.Contains(name, "LeNet") || strings.Contains(name, "convolution") ||
		name == BatchNorm || name == MaxPool
}

// Adam's parameters, in all workloads that train.
const (
	LearningRate = 1e-3
	Beta1        = 0.9
	Beta2        = 0.999
	Epsilon      = 1e-8
)

// Size of the matrices, and of the sides of what element-wise operations work on.
const Size = 1024

// Links of the chain of scalar operations, and where it starts: y = x, and then
// again and again
//
//	y = tanh(sin(y·x + x))
//
// which is four operations, in float64.
const (
	ChainLinks = 250
	ChainStart = 0.9
)

// MLP is a multi-layer perceptron and the batch it is trained with.
type MLP struct {
	Sizes []int // inputs, hidden units, outputs
	Batch int
}

// MNIST and Large have ReLU between their layers, and are trained on the mean of
// the cross-entropy of the softmax of their outputs.
func MNIST() MLP { return MLP{[]int{784, 128, 10}, 128} }

// Large is the larger one.
func Large() MLP { return MLP{[]int{1024, 2048, 2048, 10}, 256} }

// Pixels is what the bytes of images become: byte·Scale + Shift.
type Pixels struct{ Scale, Shift float64 }

// The pixels of MNIST are mostly 0 if they go from 0 to 1. With the usual mean and
// standard deviation none is.
const (
	Mean = 0.1307
	Std  = 0.3081
)

// Plain are pixels from 0 to 1.
func Plain() Pixels { return Pixels{Scale: 1. / 255} }

// Standardized are pixels of mean 0 and standard deviation 1.
func Standardized() Pixels { return Pixels{1 / (255 * Std), -Mean / Std} }

// With is a Maker that hands x to f.
func With[T any](f func(x T) (Work, error), x T) Maker {
	return func() (Work, error) { return f(x) }
}

// XOR has tanh after its first layer and sigmoid after the second, and is trained
// on the mean of the squared error.
func XOR() MLP { return MLP{[]int{2, 8, 1}, 4} }

// Weights are the initial weights of a layer as a row-major matrix [in, out],
// uniform between ±1/√in. Biases start at zero.
func (m MLP) Weights(layer int) []float32 {
	in, out := m.Sizes[layer], m.Sizes[layer+1]
	return scaled(uint64(layer), in*out, in)
}

// Inputs is the batch that Large is trained with.
func (m MLP) Inputs() []float32 { return Uniform32(100, m.Batch*m.Sizes[0]) }

// Labels are its classes.
func (m MLP) Labels() []int { return Labels(m.Batch, m.Sizes[len(m.Sizes)-1]) }

// XORInputs are the four inputs of XOR, a row each, and XORTargets the outputs.
func XORInputs() []float32 { return []float32{0, 0, 0, 1, 1, 0, 1, 1} }

// XORTargets are the outputs XOR has to learn.
func XORTargets() []float32 { return []float32{0, 1, 1, 0} }

// OneHot is a row-major matrix [len(labels), classes] with a one in each row.
func OneHot(labels []int, classes int) []float32 {
	matrix := make([]float32, len(labels)*classes)
	OneHotInto(matrix, labels, classes)
	return matrix
}

// OneHotInto is OneHot with a matrix that exists.
func OneHotInto(matrix []float32, labels []int, classes int) {
	clear(matrix)
	for i, label := range labels {
		matrix[i*classes+label] = 1
	}
}

// Probe is the check of a workload that computes an array: three of its elements
// and the mean of all magnitudes.
func Probe[T float32 | float64](xs []T) []float64 {
	n := len(xs)
	mean := 0.0
	for _, x := range xs {
		mean += math.Abs(float64(x)) / float64(n)
	}
	return []float64{float64(xs[0]), float64(xs[n/3]), float64(xs[n-1]), mean}
}

// Transposed is the transpose of a row-major matrix, for libraries that store
// weights as [out, in].
func Transposed(matrix []float32, rows, cols int) []float32 {
	t := make([]float32, len(matrix))
	for i := range rows {
		for j := range cols {
			t[j*rows+i] = matrix[i*cols+j]
		}
	}
	return t
}
