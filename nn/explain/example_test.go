package explain_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/explain"
)

// volume is a model of boxes: the product of height, width and depth, whatever their colour.
var volume = nn.Func(func(x autograd.Variable) autograd.Variable { return x.Slice(1, 0, 3).Prod(1) })

var box = autograd.New([]float64{2, 3, 4, 9}, 1, 4)

func ExampleGradient() {
	fmt.Println(explain.Gradient(volume, box, nil).Floats())
	// Output: [12 8 6 0]
}

// For the second class of a linear model.
func ExampleSaliency() {
	model := nn.Func(func(x autograd.Variable) autograd.Variable {
		return x.MatMul(autograd.New([]float64{1, -2, 3, 0.5}, 2, 2))
	})
	x := autograd.New([]float64{1, 1}, 1, 2)
	fmt.Println(explain.Saliency(model, x, []int{1}).Floats())
	// Output: [2 0.5]
}

func ExampleGradientTimesInput() {
	fmt.Println(explain.GradientTimesInput(volume, box, nil).Floats())
	// Output: [24 24 24 0]
}

// The fold of |x| is smoothed; of a constant there is no noise.
func ExampleSmoothGrad() {
	model := nn.Func(func(x autograd.Variable) autograd.Variable { return x.Abs().Sum(1) })
	x := autograd.New([]float64{0.05, 1}, 1, 2)
	fmt.Println(explain.Gradient(model, x, nil).Floats())
	fmt.Printf("%.1f\n", explain.SmoothGrad(model, x, nil, explain.SmoothGradConfig{Samples: 10000}).Floats())
	// Output:
	// [1 1]
	// [0.3 1.0]
}

// Each side adds a third of the volume that comes over that of an empty box.
func ExampleIntegratedGradients() {
	a := explain.IntegratedGradients(volume, box, nil, explain.IntegratedGradientsConfig{})
	fmt.Printf("%.3f\n", a.Values.Floats())
	fmt.Println(a.Output, a.Baseline)
	// Output:
	// [8.000 8.000 8.000 0.000]
	// [24] [0]
}

// Without a side there is no volume.
func ExampleOcclusion() {
	fmt.Println(explain.Occlusion(volume, box, nil, explain.OcclusionConfig{}).Floats())
	// Output: [24 24 24 0]
}

// Compared with a box of 1×1×1.
func ExampleShapley() {
	a := explain.Shapley(volume, box, nil, explain.ShapleyConfig{
		Background:   autograd.New([]float64{1, 1, 1, 0}, 1, 4),
		Permutations: 4000,
	})
	fmt.Printf("%.1f\n", a.Values.Floats())
	fmt.Printf("%.0f − %.0f\n", a.Output[0], a.Baseline[0])
	// Output:
	// [5.5 8.0 9.5 0.0]
	// 24 − 1
}

// Where a convolution that adds up neighbours sees something.
func ExampleGradCAM() {
	conv := nn.NewConv2d(rand.New(rand.NewPCG(1, 0)), 1, 1, []int{3}, nn.ConvConfig{Same: true, NoBias: true})
	for _, w := range nn.Params(conv) {
		w.CopyFrom(autograd.Ones(autograd.Float32, 1, 1, 3, 3))
	}
	model := nn.Sequential{conv, nn.Func(func(a autograd.Variable) autograd.Variable { return a.Sum(1, 2, 3) })}
	x := autograd.New([]float32{
		0, 0, 0, 1,
		0, 0, 0, 1,
		0, 0, 0, 0,
		0, 0, 0, 0}, 1, 1, 4, 4)
	cam := explain.GradCAM(model, x, nil, "0", explain.GradCAMConfig{})
	fmt.Println(cam.Shape())
	for row := range 4 {
		fmt.Println(cam.Index(0, 0, row).Floats())
	}
	// Output:
	// [1 1 4 4]
	// [0 0 2 2]
	// [0 0 2 2]
	// [0 0 1 1]
	// [0 0 0 0]
}

func ExamplePermutationImportance() {
	boxes := &data.Arrays{X: data.NewArray([]float32{
		1, 2, 3, 7,
		2, 2, 1, 8,
		1, 1, 1, 9,
		3, 1, 2, 7}, 4, 4), Y: data.NewArray([]float32{6, 4, 1, 6}, 4)}
	result, err := explain.PermutationImportance(context.Background(), volume, boxes, explain.PermutationConfig{Repeats: 20})
	if err != nil {
		panic(err)
	}
	fmt.Printf("loss %.1f, without a feature greater by %.1f\n", result.Score, result.Mean)
	fmt.Println("least important:", result.Ranking()[3])
	// Output:
	// loss 0.0, without a feature greater by [13.8 8.3 9.7 0.0]
	// least important: 3
}
