package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_Take() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Take([]int{5, 0}))
	// Output:
	// float64 [2]
	// [6 1]
}

func ExampleVariable_TakeAlongDim() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.TakeAlongDim(1, []int{2, 0}, 1, 2))
	// Output:
	// float64 [2 2]
	// [[3 1]
	//  [6 4]]
}

func ExampleVariable_IndexArrays() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.IndexArrays([]int{0, 1}, []int{2, 0}))
	// Output:
	// float64 [2]
	// [3 4]
}

func ExampleVariable_MaskedSelect() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	odd := autograd.Remainder(x, autograd.Scalar(2.))
	fmt.Println(x.MaskedSelect(odd))
	// Output:
	// float64 [3]
	// [1 3 5]
}

func ExampleVariable_RepeatInterleave() {
	x := autograd.New([]float64{1, 2})
	fmt.Println(x.RepeatInterleave([]int{2, 1}, 0))
	// Output:
	// float64 [3]
	// [1 1 2]
}

func ExampleOneHot() {
	fmt.Println(autograd.OneHot(autograd.Float32, []int{2, 0}, 3))
	// Output:
	// float32 [2 3]
	// [[0 0 1]
	//  [1 0 0]]
}

func ExampleVariable_NonZero() {
	x := autograd.New([]float64{0, 2, 3, 0}, 2, 2)
	fmt.Println(x.NonZero())
	// Output:
	// [[0 1] [1 0]]
}

func ExampleVariable_Scatter() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.Scatter(0, []int{2, 0}, autograd.New([]float64{10, 20})))
	// Output:
	// float64 [3]
	// [20  2 10]
}

func ExampleVariable_ScatterReduce() {
	x := autograd.New([]float64{1, 2, 3})
	src := autograd.New([]float64{10, 20})
	fmt.Println(x.ScatterReduce(0, []int{2, 2}, src, autograd.ReduceMax, false))
	// Output:
	// float64 [3]
	// [ 1  2 20]
}

func ExampleVariable_IndexAdd() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.IndexAdd(0, []int{1, 1}, x))
	// Output:
	// float64 [2 3]
	// [[ 1  2  3]
	//  [ 9 12 15]]
}

func ExampleVariable_IndexCopy() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.IndexCopy(0, []int{1}, x.Slice(0, 0, 1)))
	// Output:
	// float64 [2 3]
	// [[1 2 3]
	//  [1 2 3]]
}

func ExampleVariable_IndexFill() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.IndexFill(1, []int{0}, -1))
	// Output:
	// float64 [2 3]
	// [[-1  2  3]
	//  [-1  5  6]]
}

func ExampleVariable_IndexPut() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.IndexPut(autograd.Scalar(0.), false, []int{0, 1}, []int{2, 0}))
	// Output:
	// float64 [2 3]
	// [[1 2 0]
	//  [0 5 6]]
}
