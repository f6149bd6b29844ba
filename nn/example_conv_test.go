package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// A filter of three elements that keeps the length, over signals of four channels.
func ExampleConv1d() {
	conv := nn.NewConv1d(rand.New(rand.NewPCG(1, 2)), 4, 6, []int{3}, nn.ConvConfig{Padding: []int{1}})
	fmt.Println(conv.Weight.Shape(), conv.Forward(autograd.Zeros(autograd.Float32, 2, 4, 100)).Shape())
	// Output:
	// [6 4 3] [2 6 100]
}

// Eight filters of 3×3 over images of one channel, that keep the size.
func ExampleConv2d() {
	conv := nn.NewConv2d(rand.New(rand.NewPCG(1, 2)), 1, 8, []int{3}, nn.ConvConfig{Same: true})
	x := autograd.Zeros(autograd.Float32, 16, 1, 28, 28)
	fmt.Println(conv.Weight.Shape(), conv.Forward(x).Shape())
	// Output:
	// [8 1 3 3] [16 8 28 28]
}

// A video of three frames becomes one of two; every channel has a filter of its own.
func ExampleConv3d() {
	conv := nn.NewConv3d(rand.New(rand.NewPCG(1, 2)), 2, 2, []int{2, 3, 3}, nn.ConvConfig{Groups: 2})
	fmt.Println(conv.Weight.Shape(), conv.Forward(autograd.Zeros(autograd.Float32, 1, 2, 3, 8, 8)).Shape())
	// Output:
	// [2 1 2 3 3] [1 2 2 6 6]
}

// Every element adds a multiple of the kernel.
func ExampleConvTranspose1d() {
	up := nn.NewConvTranspose1d(rand.New(rand.NewPCG(1, 2)), 1, 1, []int{2}, nn.ConvTransposeConfig{Stride: []int{2}, NoBias: true, DType: autograd.Float64})
	up.Weight.CopyFrom(autograd.New([]float64{1, 10}, 1, 1, 2))
	fmt.Println(up.Forward(autograd.New([]float64{1, 2, 3}, 1, 1, 3)).Floats())
	// Output:
	// [1 10 2 20 3 30]
}

// Images twice as high and wide, with half as many channels.
func ExampleConvTranspose2d() {
	up := nn.NewConvTranspose2d(rand.New(rand.NewPCG(1, 2)), 8, 4, []int{2}, nn.ConvTransposeConfig{Stride: []int{2}})
	fmt.Println(up.Forward(autograd.Zeros(autograd.Float32, 1, 8, 7, 7)).Shape())
	// Output:
	// [1 4 14 14]
}

// A volume twice as large. The output padding decides between the sizes that a
// convolution with stride 2 would map to one.
func ExampleConvTranspose3d() {
	up := nn.NewConvTranspose3d(rand.New(rand.NewPCG(1, 2)), 2, 1, []int{3}, nn.ConvTransposeConfig{Stride: []int{2}, Padding: []int{1}, OutputPadding: []int{1}})
	fmt.Println(up.Forward(autograd.Zeros(autograd.Float32, 1, 2, 4, 4, 4)).Shape())
	// Output:
	// [1 1 8 8 8]
}

// Each column is a window of 1×2; a convolution is a product with these.
func ExampleUnfold() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 1, 1, 2, 3)
	fmt.Println(nn.Unfold{Window: autograd.Window{Kernel: [2]int{1, 2}}}.Forward(x))
	// Output:
	// float64 [1 2 4]
	// [[[1 2 4 5]
	//   [2 3 5 6]]]
}

// Windows that overlap are added up.
func ExampleFold() {
	columns := autograd.Ones(autograd.Float64, 1, 2, 4)
	fmt.Println(nn.Fold{Size: [2]int{2, 3}, Window: autograd.Window{Kernel: [2]int{1, 2}}}.Forward(columns))
	// Output:
	// float64 [1 1 2 3]
	// [[[[1 2 1]
	//    [1 2 1]]]]
}
