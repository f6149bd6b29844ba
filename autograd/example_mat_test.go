package autograd_test

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleFromMat() {
	m := mat.NewDense(2, 2, []float64{1, 2, 3, 4})
	x := autograd.FromMat(m) // in m's memory
	m.Set(0, 0, 10)
	fmt.Println(x.Float64s())
	fmt.Println(autograd.FromMat(m.T()).Float64s()) // other layouts are copied
	// Output:
	// [10 2 3 4]
	// [10 3 2 4]
}

func ExampleVariable_Mat() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{2, 0, 1, 3}, 2, 2))
	y := x.MatMul(x)
	var inverse mat.Dense
	if err := inverse.Inverse(y.Mat()); err != nil { // y's memory, no copy
		fmt.Println(err)
	}
	fmt.Printf("%.4f\n", mat.Formatted(&inverse))
	// Output:
	// ⎡ 0.2500   0.0000⎤
	// ⎣-0.1389   0.1111⎦
}
