package autograd_test

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleComplex() {
	re, im := autograd.New([]float64{1, 2}), autograd.New([]float64{3, 4})
	fmt.Println(autograd.Complex(re, im))
	// Output:
	// float64 [2 2]
	// [[1 3]
	//  [2 4]]
}

func ExampleVariable_FFT() {
	x := autograd.Complex(autograd.New([]float64{1, 0, -1, 0}), autograd.New([]float64{0, 1, 0, -1}))
	fmt.Println(x.FFT(autograd.FFTConfig{})) // one turn: all of it at frequency 1
	// Output:
	// float64 [4 2]
	// [[0 0]
	//  [4 0]
	//  [0 0]
	//  [0 0]]
}

func ExampleVariable_IFFT() {
	x := autograd.New([]float64{0, 0, 4, 0, 0, 0, 0, 0}, 4, 2)
	fmt.Println(x.IFFT(autograd.FFTConfig{}))
	// Output:
	// float64 [4 2]
	// [[ 1  0]
	//  [ 0  1]
	//  [-1  0]
	//  [ 0 -1]]
}

func ExampleVariable_RFFT() {
	samples := make([]float64, 8)
	for i := range samples {
		samples[i] = math.Cos(2 * math.Pi * 2 * float64(i) / 8)
	}
	y := autograd.New(samples).RFFT(autograd.FFTConfig{Norm: autograd.FFTForward})
	fmt.Printf("%.2f\n", y.Square().Sum(-1).Sqrt().Float64s())
	// Output:
	// [0.00 0.00 0.50 0.00 0.00]
}

func ExampleVariable_IRFFT() {
	x := autograd.New([]float64{1, 2, 3, 4})
	fmt.Println(x.RFFT(autograd.FFTConfig{}).IRFFT(autograd.FFTConfig{}))
	// Output:
	// float64 [4]
	// [1 2 3 4]
}

func ExampleVariable_FFTShift() {
	fmt.Println(autograd.New([]float64{0, 1, 2, -2, -1}).FFTShift())
	// Output:
	// float64 [5]
	// [-2 -1  0  1  2]
}

func ExampleVariable_IFFTShift() {
	fmt.Println(autograd.New([]float64{-2, -1, 0, 1, 2}).IFFTShift())
	// Output:
	// float64 [5]
	// [ 0  1  2 -2 -1]
}
