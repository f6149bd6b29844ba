package autograd_test

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_CumProd() {
	x := autograd.New([]float64{1, 2, 3, 4})
	fmt.Println(x.CumProd(0))
	// Output:
	// float64 [4]
	// [ 1  2  6 24]
}

func ExampleVariable_LogCumSumExp() {
	x := autograd.New([]float64{math.Inf(-1), 0, 0})
	fmt.Println(x.LogCumSumExp(0))
	// Output:
	// float64 [3]
	// [-Inf         0         0.6931]
}

func ExampleVariable_CumMax() {
	x := autograd.New([]float64{1, 3, 2, 5})
	greatest, index := x.CumMax(0)
	fmt.Println(greatest, index)
	// Output:
	// float64 [4]
	// [1 3 3 5] [0 1 1 3]
}

func ExampleVariable_CumMin() {
	x := autograd.New([]float64{4, 3, 5, 1})
	least, index := x.CumMin(0)
	fmt.Println(least, index)
	// Output:
	// float64 [4]
	// [4 3 3 1] [0 1 1 3]
}

func ExampleVariable_Diff() {
	x := autograd.New([]float64{1, 4, 9, 16})
	fmt.Println(x.Diff(1, 0), x.Diff(2, 0))
	// Output:
	// float64 [3]
	// [3 5 7] float64 [2]
	// [2 2]
}

func ExampleTrapezoid() {
	y, x := autograd.New([]float64{0, 1, 4}), autograd.New([]float64{0, 1, 2})
	fmt.Println(autograd.Trapezoid(y, x, 0))
	// Output:
	// float64 []
	// 3
}

func ExampleCumulativeTrapezoid() {
	y := autograd.New([]float64{0, 1, 4})
	fmt.Println(autograd.CumulativeTrapezoid(y, autograd.Variable{}, 0))
	// Output:
	// float64 [2]
	// [0.5 3  ]
}

func ExampleVariable_Sort() {
	x := autograd.New([]float64{3, 1, 2})
	sorted, index := x.Sort(0, false)
	fmt.Println(sorted, index)
	// Output:
	// float64 [3]
	// [1 2 3] [1 2 0]
}

func ExampleVariable_TopK() {
	x := autograd.New([]float64{3, 1, 4, 2})
	greatest, index := x.TopK(2, 0, false)
	fmt.Println(greatest, index)
	// Output:
	// float64 [2]
	// [4 3] [2 0]
}

func ExampleVariable_KthValue() {
	x := autograd.New([]float64{3, 1, 4, 2})
	second, index := x.KthValue(2, 0)
	fmt.Println(second.Item(), index)
	// Output:
	// 2 [3]
}

func ExampleVariable_Median() {
	x := autograd.New([]float64{3, 1, 4, 2})
	median, index := x.Median(0)
	fmt.Println(median.Item(), index)
	// Output:
	// 2 [3]
}

func ExampleVariable_NanMedian() {
	x := autograd.New([]float64{3, math.NaN(), 4})
	median, index := x.NanMedian(0)
	fmt.Println(median.Item(), index)
	// Output:
	// 3 [0]
}

func ExampleVariable_Mode() {
	x := autograd.New([]float64{3, 1, 3, 2})
	mode, index := x.Mode(0)
	fmt.Println(mode.Item(), index)
	// Output:
	// 3 [2]
}

func ExampleQuantile() {
	x := autograd.New([]float64{1, 2, 3, 4})
	quartiles := autograd.New([]float64{0.25, 0.5, 0.75})
	fmt.Println(autograd.Quantile(x, quartiles, 0, autograd.QuantileLinear))
	// Output:
	// float64 [3]
	// [1.75 2.5  3.25]
}

func ExampleNanQuantile() {
	x := autograd.New([]float64{1, math.NaN(), 3, 4})
	fmt.Println(autograd.NanQuantile(x, autograd.Scalar(0.25), 0, autograd.QuantileLower))
	// Output:
	// float64 []
	// 1
}

func ExampleVariable_UniqueConsecutive() {
	x := autograd.New([]float64{1, 1, 2, 1})
	values, inverse, counts := x.UniqueConsecutive()
	fmt.Println(values, inverse, counts)
	// Output:
	// float64 [3]
	// [1 2 1] [0 0 1 2] [2 1 1]
}

func ExampleVariable_MoveDim() {
	x := autograd.Zeros(autograd.Float32, 2, 3, 4)
	fmt.Println(x.MoveDim(0, -1).Shape())
	// Output:
	// [3 4 2]
}
