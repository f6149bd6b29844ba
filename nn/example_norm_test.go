package nn_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// In inference the running statistics normalize, those of the batch do not matter.
func ExampleBatchNorm1d() {
	norm := nn.NewBatchNorm1d(2, nn.BatchNormConfig{Eps: nn.None, DType: autograd.Float64})
	norm.RunningMean.CopyFrom(autograd.New([]float64{10, 20}))
	norm.RunningVar.CopyFrom(autograd.New([]float64{4, 25}))
	fmt.Println(norm.Forward(autograd.New([]float64{12, 10}, 1, 2)).Floats())
	// Output:
	// [1 -2]
}

// In training a batch is normalized by its own mean and variance, and running averages
// move towards them when the step is committed, as trainers do.
func ExampleBatchNorm2d() {
	norm := nn.NewBatchNorm2d(1, nn.BatchNormConfig{Momentum: 0.5})
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	x := tape.Const(autograd.New([]float32{1, 3, 5, 7}, 1, 1, 2, 2))
	fmt.Printf("%.3f\n", norm.Forward(x).Floats())
	tape.Commit()
	fmt.Println(norm.RunningMean.Item(), norm.NumBatchesTracked)
	// Output:
	// [-1.342 -0.447 0.447 1.342]
	// 2 1
}

// Statistics are over examples, frames, rows and columns; there is one of each for a
// channel.
func ExampleBatchNorm3d() {
	norm := nn.NewBatchNorm3d(3, nn.BatchNormConfig{})
	fmt.Println(norm.RunningMean.Shape(), norm.Forward(autograd.Zeros(autograd.Float32, 2, 3, 4, 5, 6)).Shape())
	// Output:
	// [3] [2 3 4 5 6]
}

// Each channel of each example by itself.
func ExampleInstanceNorm1d() {
	norm := nn.NewInstanceNorm1d(2, nn.InstanceNormConfig{Eps: nn.None, DType: autograd.Float64})
	fmt.Println(norm.Forward(autograd.New([]float64{1, 3, 10, 50}, 1, 2, 2)).Floats())
	// Output:
	// [-1 1 -1 1]
}

// Contrast and brightness of an image do not matter.
func ExampleInstanceNorm2d() {
	norm := nn.NewInstanceNorm2d(1, nn.InstanceNormConfig{Eps: nn.None, DType: autograd.Float64})
	image := autograd.New([]float64{1, 2, 3, 4}, 1, 1, 2, 2)
	brighter := image.MulScalar(8).AddScalar(100)
	fmt.Printf("%.3f\n%.3f\n", norm.Forward(image).Floats(), norm.Forward(brighter).Floats())
	// Output:
	// [-1.342 -0.447 0.447 1.342]
	// [-1.342 -0.447 0.447 1.342]
}

// Of one volume, without the axis of the batch.
func ExampleInstanceNorm3d() {
	norm := nn.NewInstanceNorm3d(2, nn.InstanceNormConfig{Affine: true})
	fmt.Println(norm.Weight.Shape(), norm.Forward(autograd.Zeros(autograd.Float32, 2, 3, 4, 5)).Shape())
	// Output:
	// [2] [2 3 4 5]
}

// Each example is normalized by itself.
func ExampleLayerNorm() {
	norm := nn.NewLayerNorm([]int{4}, nn.LayerNormConfig{DType: autograd.Float64})
	x := autograd.New([]float64{1, 3, 5, 7, 10, 10, 30, 30}, 2, 4)
	fmt.Printf("%.3f\n", norm.Forward(x).Floats())
	// Output:
	// [-1.342 -0.447 0.447 1.342 -1.000 -1.000 1.000 1.000]
}

// Only the length is normalized, the mean stays where it is.
func ExampleRMSNorm() {
	norm := nn.NewRMSNorm([]int{2}, nn.RMSNormConfig{DType: autograd.Float64})
	fmt.Printf("%.3f\n", norm.Forward(autograd.New([]float64{3, 3, 6, 8}, 2, 2)).Floats())
	// Output:
	// [1.000 1.000 0.849 1.131]
}

// Four channels in two groups.
func ExampleGroupNorm() {
	norm := nn.NewGroupNorm(2, 4, nn.GroupNormConfig{DType: autograd.Float64})
	fmt.Printf("%.3f\n", norm.Forward(autograd.New([]float64{1, 3, 100, 500}, 1, 4)).Floats())
	// Output:
	// [-1.000 1.000 -1.000 1.000]
}

// A large element makes those in the channels beside it smaller.
func ExampleLocalResponseNorm() {
	norm := nn.LocalResponseNorm{Size: 3, Alpha: 3, Beta: 1}
	fmt.Printf("%.3f\n", norm.Forward(autograd.New([]float64{1, 10, 1, 1}, 1, 4, 1)).Floats())
	// Output:
	// [0.010 0.097 0.010 0.333]
}
