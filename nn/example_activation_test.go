package nn_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// What is negative becomes 0.
func ExampleReLU() {
	x := autograd.New([]float64{-2, 0, 3})
	fmt.Println(nn.ReLU{}.Forward(x).Floats())
	// Output:
	// [0 0 3]
}

// Limited above too.
func ExampleReLU6() {
	x := autograd.New([]float64{-2, 3, 8})
	fmt.Println(nn.ReLU6{}.Forward(x).Floats())
	// Output:
	// [0 3 6]
}

// Between 0 and 1.
func ExampleSigmoid() {
	x := autograd.New([]float64{-2, 0, 2})
	fmt.Printf("%.3f\n", nn.Sigmoid{}.Forward(x).Floats())
	// Output:
	// [0.119 0.500 0.881]
}

// The logarithm of a probability that is far too small to be a number.
func ExampleLogSigmoid() {
	x := autograd.New([]float64{-1000, 0, 1000})
	fmt.Printf("%.3f\n", nn.LogSigmoid{}.Forward(x).Floats())
	// Output:
	// [-1000.000 -0.693 -0.000]
}

// Straight lines in place of the sigmoid.
func ExampleHardsigmoid() {
	x := autograd.New([]float64{-4, 0, 1.5, 4})
	fmt.Println(nn.Hardsigmoid{}.Forward(x).Floats())
	// Output:
	// [0 0.5 0.75 1]
}

// Between −1 and 1.
func ExampleTanh() {
	x := autograd.New([]float64{-1, 0, 1})
	fmt.Printf("%.3f\n", nn.Tanh{}.Forward(x).Floats())
	// Output:
	// [-0.762 0.000 0.762]
}

// What the hyperbolic tangent takes away.
func ExampleTanhshrink() {
	x := autograd.New([]float64{-2, 0, 2})
	fmt.Printf("%.3f\n", nn.Tanhshrink{}.Forward(x).Floats())
	// Output:
	// [-1.036 0.000 1.036]
}

// By default between −1 and 1.
func ExampleHardtanh() {
	x := autograd.New([]float64{-3, 0.5, 3})
	fmt.Println(nn.Hardtanh{}.Forward(x).Floats(), nn.Hardtanh{Min: 0, Max: 2}.Forward(x).Floats())
	// Output:
	// [-1 0.5 1] [0 0.5 2]
}

// x times Hardsigmoid(x).
func ExampleHardswish() {
	x := autograd.New([]float64{-1.5, 0, 1.5, 4})
	fmt.Printf("%.3f\n", nn.Hardswish{}.Forward(x).Floats())
	// Output:
	// [-0.375 0.000 1.125 4.000]
}

// What is small becomes 0, the rest stays.
func ExampleHardshrink() {
	x := autograd.New([]float64{-3, 0.5, 3})
	fmt.Println(nn.Hardshrink{Lambda: 1}.Forward(x).Floats())
	// Output:
	// [-3 0 3]
}

// What is small becomes 0, and the rest comes nearer to it.
func ExampleSoftshrink() {
	x := autograd.New([]float64{-3, 0.5, 3})
	fmt.Println(nn.Softshrink{Lambda: 1}.Forward(x).Floats())
	// Output:
	// [-2 0 2]
}

// What is not above the threshold is replaced.
func ExampleThreshold() {
	x := autograd.New([]float64{0, 1, 2})
	fmt.Println(nn.Threshold{Threshold: 1, Value: -7}.Forward(x).Floats())
	// Output:
	// [-7 -7 2]
}

// A layer with an option, and the same by default.
func ExampleLeakyReLU() {
	x := autograd.New([]float64{-2, 3})
	fmt.Println(nn.LeakyReLU{}.Forward(x).Floats(), nn.LeakyReLU{Slope: 0.5}.Forward(x).Floats())
	// Output:
	// [-0.02 3] [-1 3]
}

// In inference slopes are the mean of the bounds, in training between them.
func ExampleRReLU() {
	x := autograd.New([]float64{-1, 3})
	fmt.Println(nn.RReLU{Lower: 0.1, Upper: 0.3}.Forward(x).Floats())
	tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 1})
	fmt.Printf("%.2f\n", nn.RReLU{Lower: 0.1, Upper: 0.3}.Forward(tape.Const(x)).Floats())
	// Output:
	// [-0.2 3]
	// [-0.16 3.00]
}

// The limit on the left is −α.
func ExampleELU() {
	x := autograd.New([]float64{-100, -1, 2})
	fmt.Printf("%.3f\n", nn.ELU{}.Forward(x).Floats())
	// Output:
	// [-1.000 -0.632 2.000]
}

// The slope at 0 is 1 whatever α is.
func ExampleCELU() {
	x := autograd.New([]float64{-100, -1, 2})
	fmt.Printf("%.3f\n", nn.CELU{Alpha: 2}.Forward(x).Floats())
	// Output:
	// [-2.000 -0.787 2.000]
}

// The scale and the limit on the left are those of self-normalizing networks.
func ExampleSELU() {
	x := autograd.New([]float64{-100, 0, 1})
	fmt.Printf("%.3f\n", nn.SELU{}.Forward(x).Floats())
	// Output:
	// [-1.758 0.000 1.051]
}

// By the normal distribution function, and by an approximation of it.
func ExampleGELU() {
	x := autograd.New([]float64{-1, 0, 1})
	fmt.Printf("%.4f %.4f\n", nn.GELU{}.Forward(x).Floats(), nn.GELU{Tanh: true}.Forward(x).Floats())
	// Output:
	// [-0.1587 0.0000 0.8413] [-0.1588 0.0000 0.8412]
}

// x times its sigmoid.
func ExampleSiLU() {
	x := autograd.New([]float64{-1, 0, 1})
	fmt.Printf("%.3f\n", nn.SiLU{}.Forward(x).Floats())
	// Output:
	// [-0.269 0.000 0.731]
}

// Smooth, and a little below 0 on the left.
func ExampleMish() {
	x := autograd.New([]float64{-1, 0, 1})
	fmt.Printf("%.3f\n", nn.Mish{}.Forward(x).Floats())
	// Output:
	// [-0.303 0.000 0.865]
}

// A smooth ReLU.
func ExampleSoftplus() {
	x := autograd.New([]float64{-10, 0, 10})
	fmt.Printf("%.3f\n", nn.Softplus{}.Forward(x).Floats())
	// Output:
	// [0.000 0.693 10.000]
}

// Like the hyperbolic tangent, with longer tails.
func ExampleSoftsign() {
	x := autograd.New([]float64{-3, 0, 1})
	fmt.Printf("%.3f\n", nn.Softsign{}.Forward(x).Floats())
	// Output:
	// [-0.750 0.000 0.500]
}

// Each of two channels has a slope of its own, which is trained.
func ExamplePReLU() {
	prelu := nn.NewPReLU(nn.PReLUConfig{Channels: 2, DType: autograd.Float64})
	prelu.Weight.CopyFrom(autograd.New([]float64{0.5, 0.1}))
	x := autograd.New([]float64{-2, 4, -2, 4}, 1, 2, 2)
	fmt.Println(prelu.Forward(x).Floats())
	// Output:
	// [-1 4 -0.2 4]
}

// Probabilities of three classes, whatever the size of the scores.
func ExampleSoftmax() {
	x := autograd.New([]float64{0, 0, 0, 1000, 1000, 0}, 2, 3)
	fmt.Printf("%.3f\n", nn.Softmax{}.Forward(x).Floats())
	// Output:
	// [0.333 0.333 0.333 0.500 0.500 0.000]
}

// The logarithm stays finite where the probability would be 0.
func ExampleLogSoftmax() {
	x := autograd.New([]float64{0, 1000}, 1, 2)
	fmt.Println(nn.LogSoftmax{}.Forward(x).Floats())
	// Output:
	// [-1000 0]
}

// The smallest has the greatest share.
func ExampleSoftmin() {
	x := autograd.New([]float64{1, 2, 3}, 1, 3)
	fmt.Printf("%.3f\n", nn.Softmin{}.Forward(x).Floats())
	// Output:
	// [0.665 0.245 0.090]
}

// At each place of an image the channels have the sum 1.
func ExampleSoftmax2d() {
	x := autograd.New([]float64{1, 5, 1, 5}, 1, 2, 1, 2)
	fmt.Println(nn.Softmax2d{}.Forward(x).Floats())
	// Output:
	// [0.5 0.5 0.5 0.5]
}

// The second half says how much of the first goes through.
func ExampleGLU() {
	x := autograd.New([]float64{3, 4, 0, 1000}, 1, 4)
	fmt.Println(nn.GLU{}.Forward(x).Floats())
	// Output:
	// [1.5 4]
}
