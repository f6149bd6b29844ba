package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_Rot90() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Rot90(1, 0, 1))
	// Output:
	// float64 [3 2]
	// [[3 6]
	//  [2 5]
	//  [1 4]]
}

func ExampleVariable_Unflatten() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6})
	fmt.Println(x.Unflatten(0, 2, -1))
	// Output:
	// float64 [2 3]
	// [[1 2 3]
	//  [4 5 6]]
}

func ExampleVariable_UnfoldDim() {
	x := autograd.New([]float64{1, 2, 3, 4})
	fmt.Println(x.UnfoldDim(0, 2, 1))
	// Output:
	// float64 [3 2]
	// [[1 2]
	//  [2 3]
	//  [3 4]]
}

func ExampleMeshgrid() {
	grids := autograd.Meshgrid(false, autograd.New([]float64{1, 2}), autograd.New([]float64{3, 4, 5}))
	fmt.Println(grids[0])
	fmt.Println(grids[1])
	// Output:
	// float64 [2 3]
	// [[1 1 1]
	//  [2 2 2]]
	// float64 [2 3]
	// [[3 4 5]
	//  [3 4 5]]
}

func ExampleVariable_PadReflection() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.PadReflection([2]int{2, 1}))
	// Output:
	// float64 [6]
	// [3 2 1 2 3 2]
}

func ExampleVariable_PadReplication() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.PadReplication([2]int{2, 1}))
	// Output:
	// float64 [6]
	// [1 1 1 2 3 3]
}

func ExampleVariable_PadCircular() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.PadCircular([2]int{2, 1}))
	// Output:
	// float64 [6]
	// [2 3 1 2 3 1]
}

func ExampleVariable_DiagEmbed() {
	x := autograd.New([]float64{1, 2})
	fmt.Println(x.DiagEmbed(0))
	// Output:
	// float64 [2 2]
	// [[1 0]
	//  [0 2]]
}

func ExampleBlockDiag() {
	x, y := autograd.Ones(autograd.Float64, 1, 2), autograd.Full(autograd.Float64, 2, 2, 1)
	fmt.Println(autograd.BlockDiag(x, y))
	// Output:
	// float64 [3 3]
	// [[1 1 0]
	//  [0 0 2]
	//  [0 0 2]]
}

func ExampleVecDot() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(autograd.VecDot(x, x, 1))
	// Output:
	// float64 [2]
	// [14 77]
}

func ExampleCross() {
	x, y := autograd.New([]float64{1, 0, 0}), autograd.New([]float64{0, 1, 0})
	fmt.Println(autograd.Cross(x, y, 0))
	// Output:
	// float64 [3]
	// [0 0 1]
}

func ExampleKron() {
	x, y := autograd.New([]float64{1, 2}, 1, 2), autograd.New([]float64{1, 10}, 2, 1)
	fmt.Println(autograd.Kron(x, y))
	// Output:
	// float64 [2 2]
	// [[ 1  2]
	//  [10 20]]
}

func ExampleVariable_Vander() {
	x := autograd.New([]float64{2, 3})
	fmt.Println(x.Vander(4))
	// Output:
	// float64 [2 4]
	// [[ 1  2  4  8]
	//  [ 1  3  9 27]]
}

func ExampleTensorDot() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(autograd.TensorDot(x, x, []int{1}, []int{1}))
	// Output:
	// float64 [2 2]
	// [[14 32]
	//  [32 77]]
}

func ExampleMultiDot() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(autograd.MultiDot(x, x.T(), x))
	// Output:
	// float64 [2 3]
	// [[142 188 234]
	//  [340 449 558]]
}
