package autograd_test

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// square3 is an image [1, 1, 3, 3] of the numbers 1 to 9.
func square3() autograd.Variable {
	return autograd.Arange(autograd.Float64, 1, 10, 1).Reshape(1, 1, 3, 3)
}

func ExampleVariable_Unfold() {
	fmt.Println(square3().Unfold(autograd.Window{Kernel: [2]int{2, 2}}))
	// Output:
	// float64 [1 4 4]
	// [[[1 2 4 5]
	//   [2 3 5 6]
	//   [4 5 7 8]
	//   [5 6 8 9]]]
}

func ExampleVariable_Fold() {
	w := autograd.Window{Kernel: [2]int{2, 2}}
	fmt.Println(square3().Unfold(w).Fold(3, 3, w)) // every element times the windows it is in
	// Output:
	// float64 [1 1 3 3]
	// [[[[ 1  4  3]
	//    [ 8 20 12]
	//    [ 7 16  9]]]]
}

func ExampleConv1d() {
	x := autograd.New([]float64{1, 2, 4, 8}, 1, 1, 4)
	difference := autograd.New([]float64{-1, 1}, 1, 1, 2)
	fmt.Println(autograd.Conv1d(x, difference, autograd.Variable{}, autograd.ConvConfig{}))
	// Output:
	// float64 [1 1 3]
	// [[[1 2 4]]]
}

func ExampleConv2d() {
	kernel := autograd.Ones(autograd.Float64, 1, 1, 2, 2)
	bias := autograd.New([]float64{100})
	tape := autograd.NewTape(autograd.TapeConfig{})
	y := autograd.Conv2d(tape.Const(square3()), tape.Watch(kernel), bias, autograd.ConvConfig{})
	fmt.Println(y.Float64s(), y.Sum().Backward().Of(kernel).Float64s())
	// Output:
	// [112 116 124 128] [12 16 24 28]
}

func ExampleConvTranspose1d() {
	x := autograd.New([]float64{1, 0, -1}, 1, 1, 3)
	kernel := autograd.New([]float64{1, 2, 1}, 1, 1, 3)
	fmt.Println(autograd.ConvTranspose1d(x, kernel, autograd.Variable{}, autograd.ConvConfig{Padding: [2]int{0, 1}}))
	// Output:
	// float64 [1 1 3]
	// [[[ 2  0 -2]]]
}

func ExampleConvTranspose2d() {
	x := autograd.New([]float64{1, 2}, 1, 1, 1, 2)
	kernel := autograd.New([]float64{1, 2, 3}, 1, 1, 1, 3)
	fmt.Println(autograd.ConvTranspose2d(x, kernel, autograd.Variable{}, autograd.ConvConfig{Stride: [2]int{1, 2}}))
	// Output:
	// float64 [1 1 1 5]
	// [[[[1 2 5 4 6]]]]
}

func ExampleVariable_MaxPool() {
	fmt.Println(square3().MaxPool(autograd.MaxPoolConfig{Kernel: []int{2, 2}, Stride: []int{1}}))
	// Output:
	// float64 [1 1 2 2]
	// [[[[5 6]
	//    [8 9]]]]
}

func ExampleVariable_MaxPoolIndices() {
	fmt.Println(square3().MaxPoolIndices(autograd.MaxPoolConfig{Kernel: []int{2, 2}, Stride: []int{1}}))
	// Output:
	// float64 [1 1 2 2]
	// [[[[5 6]
	//    [8 9]]]] [4 5 7 8]
}

func ExampleVariable_AdaptiveMaxPool() {
	fmt.Println(square3().AdaptiveMaxPool(1, 3))
	// Output:
	// float64 [1 1 1 3]
	// [[[[7 8 9]]]]
}

func ExampleVariable_AdaptiveMaxPoolIndices() {
	_, indices := square3().AdaptiveMaxPoolIndices(3, 1)
	fmt.Println(indices)
	// Output: [2 5 8]
}

func ExampleVariable_AvgPool() {
	fmt.Println(square3().AvgPool(autograd.AvgPoolConfig{Kernel: []int{2, 2}, Stride: []int{1}}))
	// Output:
	// float64 [1 1 2 2]
	// [[[[3 4]
	//    [6 7]]]]
}

func ExampleVariable_AdaptiveAvgPool() {
	fmt.Println(square3().AdaptiveAvgPool(1, 1), square3().AdaptiveAvgPool(1, 3))
	// Output:
	// float64 [1 1 1 1]
	// [[[[5]]]] float64 [1 1 1 3]
	// [[[[4 5 6]]]]
}

func ExampleLayerNorm() {
	x := autograd.New([]float64{1, 3, 10, 20}, 2, 2)
	fmt.Printf("%.3f\n", autograd.LayerNorm(x, autograd.New([]float64{1, 2}), autograd.Variable{}, 0))
	// Output:
	// float64 [2 2]
	// [[-1.000  2.000]
	//  [-1.000  2.000]]
}

func ExampleRMSNorm() {
	x := autograd.New([]float64{3, 4}, 1, 2)
	fmt.Printf("%.4f\n", autograd.RMSNorm(x, autograd.Variable{}, 0))
	// Output:
	// float64 [1 2]
	// [[0.8485 1.1314]]
}

func ExampleBatchNorm() {
	x := autograd.New([]float64{1, 10, 3, 20}, 2, 2)
	fmt.Printf("%.3f\n", autograd.BatchNorm(x, autograd.Variable{}, autograd.Variable{}, autograd.BatchNormConfig{}))
	// Output:
	// float64 [2 2]
	// [[-1.000 -1.000]
	//  [ 1.000  1.000]]
}

func ExampleBatchNormStats() {
	x := autograd.New([]float64{1, 2, 3, 6}, 2, 2)
	_, mean, variance := autograd.BatchNormStats(x, autograd.Variable{}, autograd.Variable{}, 0)
	fmt.Println(mean, variance)
	// Output:
	// float64 [2]
	// [2 4] float64 [2]
	// [1 4]
}

func ExampleGroupNormStats() {
	x := autograd.New([]float64{1, 3, 2, 6}, 1, 4)
	y, mean, variance := autograd.GroupNormStats(x, 2, autograd.Variable{}, autograd.Variable{}, 0)
	fmt.Println(y, mean, variance)
	// Output:
	// float64 [1 4]
	// [[-1  1 -1  1]] float64 [1 2]
	// [[2 4]] float64 [1 2]
	// [[1 4]]
}

func ExampleDropout() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6, 7, 8})
	fmt.Println(autograd.Dropout(x, 0.5, 1))
	// Output:
	// float64 [8]
	// [ 2  4  6  8  0 12 14  0]
}

func ExampleGroupNorm() {
	x := autograd.New([]float64{1, 3, 10, 20}, 1, 4)
	fmt.Printf("%.3f\n", autograd.GroupNorm(x, 2, autograd.Variable{}, autograd.Variable{}, 0))
	// Output:
	// float64 [1 4]
	// [[-1.000  1.000 -1.000  1.000]]
}

func ExampleEmbedding() {
	table := autograd.New([]float64{0, 1, 10, 11, 20, 21}, 3, 2)
	fmt.Println(autograd.Embedding(table, []int{2, 0, 2}))
	// Output:
	// float64 [3 2]
	// [[20 21]
	//  [ 0  1]
	//  [20 21]]
}

func ExampleScaledDotProductAttention() {
	q := autograd.New([]float64{100, 0, 0, 100}, 2, 2)
	k := autograd.New([]float64{0, 1, 1, 0}, 2, 2)
	v := autograd.New([]float64{5, 7}, 2, 1)
	fmt.Printf("%.3f\n", autograd.ScaledDotProductAttention(q, k, v, autograd.AttentionConfig{}))
	// Output:
	// float64 [2 1]
	// [[7.000]
	//  [5.000]]
}

func ExampleSelfAttention() {
	// Three positions: query, key and value of each. The last one finds the first.
	qkv := autograd.New([]float64{0, 9, 5, 0, -9, 7, 9, 0, 6}, 3, 3)
	fmt.Printf("%.3f\n", autograd.SelfAttention(qkv, autograd.AttentionConfig{Causal: true}))
	// Output:
	// float64 [3 1]
	// [[5.000]
	//  [6.000]
	//  [5.000]]
}

func ExampleEncoderLayer() {
	// With weights of 0 nothing but the normalizations is left.
	w := autograd.EncoderWeights{
		In: autograd.Zeros(autograd.Float64, 6, 2), Out: autograd.Zeros(autograd.Float64, 2, 2),
		Linear1: autograd.Zeros(autograd.Float64, 4, 2), Linear2: autograd.Zeros(autograd.Float64, 2, 4),
	}
	x := autograd.New([]float64{1, 3, 7, 2}, 2, 2)
	fmt.Printf("%.0f\n", autograd.EncoderLayer(x, w, autograd.EncoderConfig{}))
	// Output:
	// float64 [2 2]
	// [[-1  1]
	//  [ 1 -1]]
}

func ExampleLSTM() {
	// One unit whose gates are wide open but for what is forgotten, a half each step.
	w := autograd.RecurrentWeights{
		IH:     autograd.New([]float64{0, 0, 1, 0}, 4, 1),
		HH:     autograd.Zeros(autograd.Float64, 4, 1),
		BiasIH: autograd.New([]float64{50, 0, 0, 50}),
	}
	x := autograd.New([]float64{1, 0, 0}, 3, 1, 1) // three steps of one sequence
	y, _, c := autograd.LSTM(x, w, autograd.RecurrentConfig{})
	fmt.Printf("%.3f\n", y.Reshape(3))
	fmt.Printf("%.3f\n", c)
	// Output:
	// float64 [3]
	// [0.642 0.363 0.188]
	// float64 [1 1]
	// [[0.190]]
}

func ExampleGRU() {
	// One unit that goes half of the way to tanh x at each step.
	w := autograd.RecurrentWeights{
		IH: autograd.New([]float64{0, 0, 1}, 3, 1),
		HH: autograd.Zeros(autograd.Float64, 3, 1),
	}
	x := autograd.New([]float64{50, 50, -50}, 3, 1, 1)
	y, h := autograd.GRU(x, w, autograd.RecurrentConfig{})
	fmt.Println(y.Reshape(3), h)
	// Output:
	// float64 [3]
	// [ 0.5    0.75  -0.125] float64 [1 1]
	// [[-0.125]]
}

func ExampleRNN() {
	// The sum of what was seen.
	w := autograd.RecurrentWeights{IH: autograd.Ones(autograd.Float64, 1, 1), HH: autograd.Ones(autograd.Float64, 1, 1)}
	x := autograd.New([]float64{1, 2, 3}, 3, 1, 1)
	y, _ := autograd.RNN(x, w, autograd.RecurrentConfig{ReLU: true})
	fmt.Println(y.Reshape(3))
	// Output:
	// float64 [3]
	// [1 3 6]
}

// Of a large table a gradient has the rows that were looked up.
func ExampleSparseEmbedding() {
	table := autograd.Parameter(autograd.Zeros(autograd.Float32, 1_000_000, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := autograd.SparseEmbedding(tape.Watch(table), []int{700_000, 3, 700_000})
	grads := x.AddScalar(1).Square().Sum().Backward()
	index, rows, _ := grads.Rows(table)
	fmt.Println(index)
	fmt.Println(rows)
	// Output:
	// [3 700000]
	// float32 [2 2]
	// [[2 2]
	//  [4 4]]
}

func ExampleCTCLoss() {
	// Three times; the classes are blank, a and b. All alignments of ab have probability 1/27.
	logProbs := autograd.Zeros(autograd.Float64, 1, 3, 3).LogSoftmax(-1)
	losses := autograd.CTCLoss(logProbs, [][]int{{1, 2}}, autograd.CTCConfig{})
	fmt.Printf("%.4f\n", losses)
	fmt.Printf("%.4f\n", math.Log(27./5)) // aab abb -ab a-b ab-
	// Output:
	// float64 [1]
	// [1.6864]
	// 1.6864
}

func ExampleRotary() {
	// A quarter of a turn for each position, of the pair in front.
	angles := autograd.New([]float64{0, math.Pi / 2, math.Pi}, 3, 1)
	x := autograd.New([]float64{1, 2, 7, 1, 2, 7, 1, 2, 7}, 3, 3)
	fmt.Printf("%.0f\n", autograd.Rotary(x, angles.Cos(), angles.Sin(), autograd.RotaryConfig{Heads: 1}))
	// Output:
	// float64 [3 3]
	// [[ 1  2  7]
	//  [-2  1  7]
	//  [-1 -2  7]]
}
