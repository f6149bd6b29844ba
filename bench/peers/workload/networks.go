package workload

import (
	"fmt"
	"math"
	"strings"
)

// Network is a network that is trained with Adam, and asked for its outputs. Its
// parameters are those of InitialValues; inputs are Uniform32(100, …), and labels those
// of Labels.
type Network struct {
	Key     string // its name in short
	Step    string // the workload of a training step
	Batch   int    // of a training step
	Input   []int  // the shape of an example
	Classes int    // trained with cross-entropy; 0 for the mean of the squares of all outputs
}

// Networks lists them: a convolutional network (3×3 to 32 channels, ReLU, 3×3 to 64,
// ReLU, max pooling by 2×2, 128 units, ReLU, 10), LeNet-5 with tanh and average pooling,
// an LSTM and a GRU with 64 inputs and 128 units on 32 steps, and a layer of a
// transformer's encoder with 4 heads, 128 features, 512 units with GELU, on 64 tokens.
func Networks() []Network {
	return []Network{
		{"CNN", "CNN 32-64-128-10 on 28×28, batch 128, Adam: a step", 128, []int{1, 28, 28}, 10},
		{"LeNet", "LeNet on 28×28, batch 64, Adam: a step", 64, []int{1, 28, 28}, 10},
		{"LSTM", "LSTM 64-128, 32 steps, batch 64, Adam: a step", 64, []int{32, 64}, 0},
		{"GRU", "GRU 64-128, 32 steps, batch 64, Adam: a step", 64, []int{32, 64}, 0},
		{"transformer", "transformer layer 128, 4 heads, 64 tokens, batch 32, Adam: a step", 32, []int{64, 128}, 0},
	}
}

// Inference is the workload of computing the network's outputs for a batch.
func (n Network) Inference(batch int) string {
	return fmt.Sprintf("%s: inference of %d", n.Key, batch)
}

// Inputs are the inputs for a batch.
func (n Network) Inputs(batch int) []float32 {
	size := batch
	for _, dim := range n.Input {
		size *= dim
	}
	return Uniform32(100, size)
}

// Labels are the classes of n examples.
func Labels(n, classes int) []int {
	labels := make([]int, n)
	for i := range labels {
		labels[i] = int(hash(101, uint64(i)) % uint64(classes))
	}
	return labels
}

// InitialValues is what parameter number i of a network, in PyTorch's order, is before
// training: a matrix or more is uniform between ±1/√(elements in a row); a vector is 0
// if it is a bias, and 1 otherwise.
func InitialValues(i int, name string, shape []int) []float32 {
	size := 1
	for _, dim := range shape {
		size *= dim
	}
	if len(shape) > 1 {
		return narrow(Uniform(uint64(300+i), size), 1/math.Sqrt(float64(size/shape[0])))
	}
	values := make([]float32, size)
	if !strings.Contains(name, "bias") {
		for k := range values {
			values[k] = 1
		}
	}
	return values
}

// Convolution is a convolution of images [Batch, In, Size, Size], forward and backward:
// the result, and the gradients of the images and of the weights for a given gradient of
// the result. There is no bias.
type Convolution struct {
	Name                                         string
	Batch, In, Out, Size, Kernel, Stride, Groups int
}

// Convolutions lists those that are measured. Their padding is half of the kernel.
func Convolutions() []Convolution {
	return []Convolution{
		{"convolution 1×1, 256 to 64 channels, 32 images of 28×28", 32, 256, 64, 28, 1, 1, 1},
		{"convolution 3×3, 64 to 64 channels, 32 images of 28×28", 32, 64, 64, 28, 3, 1, 1},
		{"convolution 5×5, 32 to 64 channels, 32 images of 28×28", 32, 32, 64, 28, 5, 1, 1},
		{"convolution 3×3 of each of 128 channels, 32 images of 28×28", 32, 128, 128, 28, 3, 1, 128},
		{"convolution 3×3 with stride 2, 64 to 128 channels, 32 images of 28×28", 32, 64, 128, 28, 3, 2, 1},
		{"convolution 3×3, 512 to 512 channels, 16 images of 7×7", 16, 512, 512, 7, 3, 1, 1},
	}
}

// Weights are the weights [Out, In/Groups, Kernel, Kernel].
func (c Convolution) Weights() []float32 {
	row := c.In / c.Groups * c.Kernel * c.Kernel
	return narrow(Uniform(400, c.Out*row), 1/math.Sqrt(float64(row)))
}

// Images are the images.
func (c Convolution) Images() []float32 { return Uniform32(100, c.Batch*c.In*c.Size*c.Size) }

// Upstream is the gradient of the result.
func (c Convolution) Upstream() []float32 {
	side := (c.Size-1)/c.Stride + 1
	return Uniform32(102, c.Batch*c.Out*side*side)
}

// Table sizes, and how many elements or rows there are, of the other workloads.
const (
	Tokens, Features = 10_000, 128 // of Embedding
	Lookups          = 32 * 64
	Rows, Width      = 8192, 512 // of LayerNorm
	AdamSize         = 10_000_000
)

// Channels is the shape of what BatchNorm and MaxPool work on.
func Channels() [4]int { return [4]int{32, 64, 28, 28} }
