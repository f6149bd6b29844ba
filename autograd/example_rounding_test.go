package autograd_test

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_Floor() {
	fmt.Println(autograd.New([]float64{1.5, -1.5, 2}).Floor())
	// Output:
	// float64 [3]
	// [ 1 -2  2]
}

func ExampleVariable_Ceil() {
	fmt.Println(autograd.New([]float64{1.5, -1.5, 2}).Ceil())
	// Output:
	// float64 [3]
	// [ 2 -1  2]
}

func ExampleVariable_Round() {
	fmt.Println(autograd.New([]float64{1.4, 1.5, 2.5, -2.5}).Round())
	// Output:
	// float64 [4]
	// [ 1  2  2 -2]
}

func ExampleVariable_RoundTo() {
	x := autograd.New([]float64{1234.5678})
	fmt.Println(x.RoundTo(2), x.RoundTo(-2))
	// Output:
	// float64 [1]
	// [1235] float64 [1]
	// [1200]
}

func ExampleVariable_Trunc() {
	fmt.Println(autograd.New([]float64{1.5, -1.5, 2}).Trunc())
	// Output:
	// float64 [3]
	// [ 1 -1  2]
}

func ExampleVariable_Frac() {
	fmt.Println(autograd.New([]float64{1.25, -1.25, 2}).Frac())
	// Output:
	// float64 [3]
	// [ 0.25 -0.25  0   ]
}

func ExampleFmod() {
	x, y := autograd.New([]float64{7, -7}), autograd.New([]float64{3, 3})
	fmt.Println(autograd.Fmod(x, y))
	// Output:
	// float64 [2]
	// [ 1 -1]
}

func ExampleRemainder() {
	x, y := autograd.New([]float64{7, -7}), autograd.New([]float64{3, 3})
	fmt.Println(autograd.Remainder(x, y))
	// Output:
	// float64 [2]
	// [1 2]
}

func ExampleFloorDivide() {
	x, y := autograd.New([]float64{7, -7}), autograd.New([]float64{3, 3})
	fmt.Println(autograd.FloorDivide(x, y))
	// Output:
	// float64 [2]
	// [ 2 -3]
}

func ExampleVariable_SignBit() {
	fmt.Println(autograd.New([]float64{2, -2, 0, math.Copysign(0, -1)}).SignBit())
	// Output:
	// float64 [4]
	// [0 1 0 1]
}

func ExampleCopySign() {
	x, y := autograd.New([]float64{1, -2, 3}), autograd.New([]float64{-1, 1, 1})
	fmt.Println(autograd.CopySign(x, y))
	// Output:
	// float64 [3]
	// [-1  2  3]
}

func ExampleHeaviside() {
	x, half := autograd.New([]float64{-2, 0, 2}), autograd.Scalar(0.5)
	fmt.Println(autograd.Heaviside(x, half))
	// Output:
	// float64 [3]
	// [0   0.5 1  ]
}

func ExampleFMax() {
	x, y := autograd.New([]float64{1, math.NaN(), 3}), autograd.New([]float64{2, 2, math.NaN()})
	fmt.Println(autograd.FMax(x, y))
	// Output:
	// float64 [3]
	// [2 2 3]
}

func ExampleFMin() {
	x, y := autograd.New([]float64{1, math.NaN(), 3}), autograd.New([]float64{2, 2, math.NaN()})
	fmt.Println(autograd.FMin(x, y))
	// Output:
	// float64 [3]
	// [1 2 3]
}

func ExampleVariable_IsNaN() {
	fmt.Println(autograd.New([]float64{1, math.NaN(), math.Inf(1)}).IsNaN())
	// Output:
	// float64 [3]
	// [0 1 0]
}

func ExampleVariable_IsInf() {
	fmt.Println(autograd.New([]float64{1, math.NaN(), math.Inf(1)}).IsInf())
	// Output:
	// float64 [3]
	// [0 0 1]
}

func ExampleVariable_IsFinite() {
	fmt.Println(autograd.New([]float64{1, math.NaN(), math.Inf(1)}).IsFinite())
	// Output:
	// float64 [3]
	// [1 0 0]
}

func ExampleVariable_NanToNum() {
	fmt.Println(autograd.New([]float64{1, math.NaN(), math.Inf(1), math.Inf(-1)}).NanToNum(0, 100, -100))
	// Output:
	// float64 [4]
	// [   1    0  100 -100]
}
