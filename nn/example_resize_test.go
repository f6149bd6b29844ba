package nn_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Twice the size, by repetition and by straight lines.
func ExampleUpsample() {
	x := autograd.New([]float64{0, 10}, 1, 1, 2)
	fmt.Println(nn.Upsample{Scale: []float64{2}}.Forward(x).Floats())
	fmt.Println(nn.Upsample{Scale: []float64{2}, Mode: autograd.InterpolateLinear}.Forward(x).Floats())
	// Output:
	// [0 0 10 10]
	// [0 2.5 7.5 10]
}

// Four channels become the four pixels of each place.
func ExamplePixelShuffle() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6, 7, 8}, 1, 4, 1, 2)
	fmt.Println(nn.PixelShuffle{Factor: 2}.Forward(x))
	// Output:
	// float64 [1 1 2 4]
	// [[[[1 3 2 4]
	//    [5 7 6 8]]]]
}

// The way back.
func ExamplePixelUnshuffle() {
	x := autograd.Arange(autograd.Float64, 0, 16, 1).Reshape(1, 1, 4, 4)
	small := nn.PixelUnshuffle{Factor: 2}.Forward(x)
	fmt.Println(small.Shape(), nn.PixelShuffle{Factor: 2}.Forward(small).Floats())
	// Output:
	// [1 4 2 2] [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15]
}

// Two elements before and one behind, in each mode.
func ExamplePad() {
	x := autograd.New([]float64{1, 2, 3}, 1, 1, 3)
	for _, mode := range []nn.PadMode{nn.PadConstant, nn.PadReflection, nn.PadReplication, nn.PadCircular} {
		fmt.Println(nn.Pad{Widths: [][2]int{{2, 1}}, Mode: mode}.Forward(x).Floats())
	}
	// Output:
	// [0 0 1 2 3 0]
	// [3 2 1 2 3 2]
	// [1 1 1 2 3 3]
	// [2 3 1 2 3 1]
}

// Images become rows.
func ExampleFlatten() {
	fmt.Println(nn.Flatten{}.Forward(autograd.Zeros(autograd.Float32, 16, 1, 28, 28)).Shape())
	// Output:
	// [16 784]
}

// Rows become images.
func ExampleUnflatten() {
	fmt.Println(nn.Unflatten{Axis: 1, Sizes: []int{1, 28, 28}}.Forward(autograd.Zeros(autograd.Float32, 16, 784)).Shape())
	// Output:
	// [16 1 28 28]
}

// What stands where a layer was taken away.
func ExampleIdentity() {
	fmt.Println(nn.Identity{}.Forward(autograd.New([]float64{1, 2, 3})).Floats())
	// Output:
	// [1 2 3]
}
