package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleLerp() {
	x, y := autograd.New([]float64{0, 10}), autograd.New([]float64{1, 20})
	fmt.Println(autograd.Lerp(x, y, autograd.Scalar(0.25)))
	// Output:
	// float64 [2]
	// [ 0.25 12.5 ]
}

func ExampleAddcmul() {
	x, y := autograd.New([]float64{1, 2}), autograd.New([]float64{3, 4})
	fmt.Println(autograd.Addcmul(x, y, y, 0.5))
	// Output:
	// float64 [2]
	// [ 5.5 10  ]
}

func ExampleAddcdiv() {
	x, y := autograd.New([]float64{1, 2}), autograd.New([]float64{3, 4})
	fmt.Println(autograd.Addcdiv(x, y, x, -1))
	// Output:
	// float64 [2]
	// [-2  0]
}
