package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Eight filters of 3×3 over images of one channel, that keep the size.
func ExampleConv2d() {
	conv := nn.NewConv2d(rand.New(rand.NewPCG(1, 2)), 1, 8, []int{3}, nn.ConvConfig{Same: true})
	x := autograd.Zeros(autograd.Float32, 16, 1, 28, 28)
	fmt.Println(conv.Weight.Shape(), conv.Forward(x).Shape())
	// Output:
	// [8 1 3 3] [16 8 28 28]
}

// Each example is normalized by itself.
func ExampleLayerNorm() {
	norm := nn.NewLayerNorm([]int{4}, nn.LayerNormConfig{DType: autograd.Float64})
	x := autograd.New([]float64{1, 3, 5, 7, 10, 10, 30, 30}, 2, 4)
	fmt.Printf("%.3f\n", norm.Forward(x).Floats())
	// Output:
	// [-1.342 -0.447 0.447 1.342 -1.000 -1.000 1.000 1.000]
}

// A kernel of two rows and columns, and no window twice; then the mean of each channel.
func ExampleMaxPool2d() {
	x := autograd.New([]float64{1, 2, 5, 6, 3, 4, 7, 8}, 1, 1, 2, 4)
	pooled := nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}).Forward(x)
	fmt.Println(pooled.Floats(), nn.AdaptiveAvgPool{Size: []int{1, 1}}.Forward(x).Floats())
	// Output:
	// [4 8] [4.5]
}
