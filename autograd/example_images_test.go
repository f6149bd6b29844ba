package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_Interpolate() {
	x := autograd.New([]float64{1, 2, 4, 8}, 1, 1, 4)
	fmt.Println(x.Interpolate(autograd.InterpolateConfig{Scale: []float64{2}}))
	fmt.Println(x.Interpolate(autograd.InterpolateConfig{Size: []int{7}, Mode: autograd.InterpolateLinear, AlignCorners: true}))
	fmt.Println(x.Interpolate(autograd.InterpolateConfig{Size: []int{2}, Mode: autograd.InterpolateArea}))
	// Output:
	// float64 [1 1 8]
	// [[[1 1 2 2 4 4 8 8]]]
	// float64 [1 1 7]
	// [[[1   1.5 2   3   4   6   8  ]]]
	// float64 [1 1 2]
	// [[[1.5 6  ]]]
}

func ExampleGridSample() {
	image := autograd.New([]float64{1, 2, 3, 4}, 1, 1, 2, 2)
	grid := autograd.New([]float64{-1, -1, 0, 0, 1, 1}, 1, 1, 3, 2) // a corner, the middle, a corner
	fmt.Println(autograd.GridSample(image, grid, autograd.GridSampleConfig{Mode: autograd.InterpolateLinear, AlignCorners: true}))
	// Output:
	// float64 [1 1 1 3]
	// [[[[1   2.5 4  ]]]]
}

func ExampleConv3d() {
	x := autograd.Ones(autograd.Float64, 1, 1, 3, 3, 3)
	w := autograd.Ones(autograd.Float64, 1, 1, 2, 2, 2)
	y := autograd.Conv3d(x, w, autograd.Variable{}, autograd.Conv3dConfig{Stride: [3]int{1, 2, 2}, Padding: [3]int{1, 0, 0}})
	fmt.Println(y.Reshape(-1))
	// Output:
	// float64 [4]
	// [4 8 8 4]
}

func ExampleConvTranspose3d() {
	x := autograd.New([]float64{1, 2}, 1, 1, 2, 1, 1)
	w := autograd.Ones(autograd.Float64, 1, 1, 2, 1, 2)
	y := autograd.ConvTranspose3d(x, w, autograd.Variable{}, autograd.Conv3dConfig{})
	fmt.Println(y.Reshape(3, 2))
	// Output:
	// float64 [3 2]
	// [[1 1]
	//  [3 3]
	//  [2 2]]
}

func ExampleAttentionWeights() {
	q := autograd.New([]float64{1, 0, 0, 1}, 2, 2)
	k := autograd.New([]float64{2, 0, 0, 2}, 2, 2)
	fmt.Println(autograd.AttentionWeights(q, k, autograd.AttentionConfig{Scale: 1}))
	// Output:
	// float64 [2 2]
	// [[0.8808 0.1192]
	//  [0.1192 0.8808]]
}
