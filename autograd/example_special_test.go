package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// Each operation's values at a few points, then its derivative there.

func ExampleVariable_Erf() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Erf()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.8427 0.0000 0.9953]
	// [0.4151 1.1284 0.0207]
}

func ExampleVariable_Erfc() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-1, 0, 2}))
	y := x.Erfc()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [1.8427 1.0000 0.0047]
	// [-0.4151 -1.1284 -0.0207]
}

func ExampleVariable_Erfinv() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{-0.5, 0, 0.9}))
	y := x.Erfinv()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-0.4769 0.0000 1.1631]
	// [1.1126 0.8862 3.4280]
}

func ExampleVariable_Lgamma() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 2, 5}))
	y := x.Lgamma()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0.5724 0.0000 3.1781]
	// [-1.9635 0.4228 1.5061]
}

func ExampleVariable_Digamma() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 1, 2}))
	y := x.Digamma()
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [-1.9635 -0.5772 0.4228]
	// [4.9348 1.6449 0.6449]
}

func ExampleVariable_Polygamma() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0.5, 1, 2}))
	y := x.Polygamma(1)
	fmt.Printf("%.4f\n", y.Float64s())
	fmt.Printf("%.4f\n", y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [4.9348 1.6449 0.6449]
	// [-16.8288 -2.4041 -0.4041]
}
