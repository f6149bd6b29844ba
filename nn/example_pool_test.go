package nn_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Windows of three elements, each two after the one before.
func ExampleMaxPool1d() {
	pool := nn.NewMaxPool1d([]int{3}, nn.MaxPoolConfig{Stride: []int{2}})
	fmt.Println(pool.Forward(autograd.New([]float64{1, 5, 2, 0, 3, 4, 9}, 1, 1, 7)).Floats())
	// Output:
	// [5 3 9]
}

// A kernel of two rows and columns, and no window twice.
func ExampleMaxPool2d() {
	x := autograd.New([]float64{1, 2, 5, 6, 3, 4, 7, 8}, 1, 1, 2, 4)
	fmt.Println(nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}).Forward(x).Floats())
	// Output:
	// [4 8]
}

// With Ceil there is a window too for what is left at the end.
func ExampleMaxPool3d() {
	x := autograd.Zeros(autograd.Float32, 1, 1, 5, 4, 4)
	for _, ceil := range []bool{false, true} {
		fmt.Println(nn.NewMaxPool3d([]int{2}, nn.MaxPoolConfig{Ceil: ceil}).Forward(x).Shape())
	}
	// Output:
	// [1 1 2 2 2]
	// [1 1 3 2 2]
}

// What pooling left goes back to where it was.
func ExampleMaxUnpool1d_Unpool() {
	x := autograd.New([]float64{1, 5, 9, 2}, 1, 1, 4)
	y, indices := nn.NewMaxPool1d([]int{2}, nn.MaxPoolConfig{}).ForwardIndices(x)
	fmt.Println(y.Floats(), indices)
	fmt.Println(nn.NewMaxUnpool1d([]int{2}, nn.MaxUnpoolConfig{}).Unpool(y, indices).Floats())
	// Output:
	// [5 9] [1 2]
	// [0 5 9 0]
}

// The size says whether there was a column more, which pooling did not see.
func ExampleMaxUnpool2d_Unpool() {
	unpool := nn.NewMaxUnpool2d([]int{2}, nn.MaxUnpoolConfig{})
	fmt.Println(unpool.Unpool(autograd.New([]float64{7, 8}, 1, 1, 1, 2), []int{0, 8}, 2, 5))
	// Output:
	// float64 [1 1 2 5]
	// [[[[7 0 0 0 0]
	//    [0 0 0 8 0]]]]
}

// Of volumes.
func ExampleMaxUnpool3d_Unpool() {
	unpool := nn.NewMaxUnpool3d([]int{2}, nn.MaxUnpoolConfig{})
	fmt.Println(unpool.Unpool(autograd.Ones(autograd.Float32, 3, 1, 1, 1), []int{0, 1, 7}).Shape())
	// Output:
	// [3 2 2 2]
}

// Padding counts as zeros, or does not count.
func ExampleAvgPool1d() {
	x := autograd.New([]float64{4, 4, 4}, 1, 1, 3)
	for _, exclude := range []bool{false, true} {
		pool := nn.NewAvgPool1d([]int{2}, nn.AvgPoolConfig{Padding: []int{1}, ExcludePadding: exclude})
		fmt.Println(pool.Forward(x).Floats())
	}
	// Output:
	// [2 4]
	// [4 4]
}

// The mean of each 2×2 pixels.
func ExampleAvgPool2d() {
	x := autograd.New([]float64{1, 2, 5, 6, 3, 4, 7, 8}, 1, 1, 2, 4)
	fmt.Println(nn.NewAvgPool2d([]int{2}, nn.AvgPoolConfig{}).Forward(x).Floats())
	// Output:
	// [2.5 6.5]
}

// Frames are left as they are, images halved.
func ExampleAvgPool3d() {
	pool := nn.NewAvgPool3d([]int{1, 2, 2}, nn.AvgPoolConfig{})
	fmt.Println(pool.Forward(autograd.Zeros(autograd.Float32, 1, 3, 5, 8, 8)).Shape())
	// Output:
	// [1 3 5 4 4]
}

// With p = 2 it is the Euclidean length of each window.
func ExampleLPPool() {
	pool := nn.NewLPPool(2, []int{2}, nn.LPPoolConfig{})
	fmt.Println(pool.Forward(autograd.New([]float64{3, 4, 6, 8}, 1, 1, 4)).Floats())
	// Output:
	// [5 10]
}

// Global average pooling: one number for each channel, whatever the size of the image.
func ExampleAdaptiveAvgPool() {
	x := autograd.New([]float64{1, 2, 3, 4, 10, 20, 30, 40}, 1, 2, 2, 2)
	fmt.Println(nn.AdaptiveAvgPool{Size: []int{1, 1}}.Forward(x).Floats())
	// Output:
	// [2.5 25]
}

// Two parts of five elements share the one in the middle.
func ExampleAdaptiveMaxPool() {
	x := autograd.New([]float64{1, 2, 9, 4, 5}, 1, 1, 5)
	fmt.Println(nn.AdaptiveMaxPool{Size: []int{2}}.Forward(x).Floats())
	// Output:
	// [9 9]
}
