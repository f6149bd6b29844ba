package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// Each operation's values at a few points, then its derivative there.

func ExampleVariable_Neg() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Neg()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [1.0000 -0.0000 -2.0000]
	// [-1.0000 -1.0000 -1.0000]
}

func ExampleVariable_Abs() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Abs()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [1.0000 0.0000 2.0000]
	// [-1.0000 0.0000 1.0000]
}

func ExampleVariable_Square() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Square()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [1.0000 0.0000 4.0000]
	// [-2.0000 0.0000 4.0000]
}

func ExampleVariable_Exp() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Exp()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.3679 1.0000 7.3891]
	// [0.3679 1.0000 7.3891]
}

func ExampleVariable_Expm1() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Expm1()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.6321 0.0000 6.3891]
	// [0.3679 1.0000 7.3891]
}

func ExampleVariable_Sin() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Sin()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.8415 0.0000 0.9093]
	// [0.5403 1.0000 -0.4161]
}

func ExampleVariable_Cos() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Cos()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.5403 1.0000 -0.4161]
	// [0.8415 -0.0000 -0.9093]
}

func ExampleVariable_Tan() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Tan()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-1.5574 0.0000 -2.1850]
	// [3.4255 1.0000 5.7744]
}

func ExampleVariable_Atan() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Atan()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.7854 0.0000 1.1071]
	// [0.5000 1.0000 0.2000]
}

func ExampleVariable_Sinh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Sinh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-1.1752 0.0000 3.6269]
	// [1.5431 1.0000 3.7622]
}

func ExampleVariable_Cosh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Cosh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [1.5431 1.0000 3.7622]
	// [-1.1752 0.0000 3.6269]
}

func ExampleVariable_Tanh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Tanh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.7616 0.0000 0.9640]
	// [0.4200 1.0000 0.0707]
}

func ExampleVariable_Asinh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Asinh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.8814 0.0000 1.4436]
	// [0.7071 1.0000 0.4472]
}

func ExampleVariable_ReLU() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.ReLU()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.0000 0.0000 2.0000]
	// [0.0000 0.0000 1.0000]
}

func ExampleVariable_SELU() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.SELU()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-1.1113 0.0000 2.1014]
	// [0.6468 1.7581 1.0507]
}

func ExampleVariable_GELU() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.GELU()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.1587 0.0000 1.9545]
	// [-0.0833 0.5000 1.0852]
}

func ExampleVariable_GELUTanh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.GELUTanh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.1588 0.0000 1.9546]
	// [-0.0830 0.5000 1.0861]
}

func ExampleVariable_SiLU() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.SiLU()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.2689 0.0000 1.7616]
	// [0.0723 0.5000 1.0908]
}

func ExampleVariable_Mish() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Mish()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.3034 0.0000 1.9440]
	// [0.0592 0.6000 1.0693]
}

func ExampleVariable_Sigmoid() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Sigmoid()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.2689 0.5000 0.8808]
	// [0.1966 0.2500 0.1050]
}

func ExampleVariable_LogSigmoid() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.LogSigmoid()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-1.3133 -0.6931 -0.1269]
	// [0.7311 0.5000 0.1192]
}

func ExampleVariable_Softplus() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Softplus()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.3133 0.6931 2.1269]
	// [0.2689 0.5000 0.8808]
}

func ExampleVariable_Softsign() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Softsign()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.5000 0.0000 0.6667]
	// [0.2500 1.0000 0.1111]
}

func ExampleVariable_Hardtanh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Hardtanh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-1.0000 0.0000 1.0000]
	// [1.0000 1.0000 0.0000]
}

func ExampleVariable_Hardsigmoid() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Hardsigmoid()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.3333 0.5000 0.8333]
	// [0.1667 0.1667 0.1667]
}

func ExampleVariable_Hardswish() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Hardswish()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.3333 0.0000 1.6667]
	// [0.1667 0.5000 1.1667]
}

func ExampleVariable_Sqrt() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 1, 4}))
	y := x.Sqrt()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.7071 1.0000 2.0000]
	// [0.7071 0.5000 0.2500]
}

func ExampleVariable_Rsqrt() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 1, 4}))
	y := x.Rsqrt()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [1.4142 1.0000 0.5000]
	// [-1.4142 -0.5000 -0.0625]
}

func ExampleVariable_Reciprocal() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 1, 4}))
	y := x.Reciprocal()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [2.0000 1.0000 0.2500]
	// [-4.0000 -1.0000 -0.0625]
}

func ExampleVariable_Log() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 1, 4}))
	y := x.Log()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.6931 0.0000 1.3863]
	// [2.0000 1.0000 0.2500]
}

func ExampleVariable_Log2() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 1, 4}))
	y := x.Log2()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-1.0000 0.0000 2.0000]
	// [2.8854 1.4427 0.3607]
}

func ExampleVariable_Log1p() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-0.5, 0, 2}))
	y := x.Log1p()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.6931 0.0000 1.0986]
	// [2.0000 1.0000 0.3333]
}

func ExampleVariable_Asin() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-0.5, 0, 0.5}))
	y := x.Asin()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.5236 0.0000 0.5236]
	// [1.1547 1.0000 1.1547]
}

func ExampleVariable_Acos() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-0.5, 0, 0.5}))
	y := x.Acos()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [2.0944 1.5708 1.0472]
	// [-1.1547 -1.0000 -1.1547]
}

func ExampleVariable_Atanh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-0.5, 0, 0.5}))
	y := x.Atanh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.5493 0.0000 0.5493]
	// [1.3333 1.0000 1.3333]
}

func ExampleVariable_Acosh() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{1.5, 2, 4}))
	y := x.Acosh()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.9624 1.3170 2.0634]
	// [0.8944 0.5774 0.2582]
}

func ExampleVariable_LeakyReLU() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.LeakyReLU(0.1)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.1000 0.0000 2.0000]
	// [0.1000 0.1000 1.0000]
}

func ExampleVariable_ELU() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.ELU(1)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.6321 0.0000 2.0000]
	// [0.3679 1.0000 1.0000]
}

func ExampleVariable_SoftplusBeta() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.SoftplusBeta(5)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.0013 0.1386 2.0000]
	// [0.0067 0.5000 1.0000]
}

func ExampleVariable_PowScalar() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0, 1, 4}))
	y := x.PowScalar(1.5)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.0000 1.0000 8.0000]
	// [0.0000 1.5000 3.0000]
}

func ExampleVariable_Clamp() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Clamp(-0.5, 1)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.5000 0.0000 1.0000]
	// [0.0000 1.0000 0.0000]
}

func ExampleVariable_AddScalar() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.AddScalar(3)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [2.0000 3.0000 5.0000]
	// [1.0000 1.0000 1.0000]
}

func ExampleVariable_SubScalar() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.SubScalar(3)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-4.0000 -3.0000 -1.0000]
	// [1.0000 1.0000 1.0000]
}

func ExampleVariable_MulScalar() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.MulScalar(3)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-3.0000 0.0000 6.0000]
	// [3.0000 3.0000 3.0000]
}

func ExampleVariable_DivScalar() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.DivScalar(4)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.2500 0.0000 0.5000]
	// [0.2500 0.2500 0.2500]
}
