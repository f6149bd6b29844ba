package autograd_test

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_NanSum() {
	x := autograd.New([]float64{1, math.NaN(), 3})
	fmt.Println(x.NanSum())
	// Output:
	// float64 []
	// 4
}

func ExampleVariable_NanMean() {
	x := autograd.New([]float64{1, math.NaN(), 3})
	fmt.Println(x.NanMean())
	// Output:
	// float64 []
	// 2
}

func ExampleVariable_CountNonZero() {
	x := autograd.New([]float64{1, 0, 3})
	fmt.Println(x.CountNonZero())
	// Output:
	// float64 []
	// 2
}

func ExampleVariable_AMinMax() {
	x := autograd.New([]float64{1, -4, 3})
	least, greatest := x.AMinMax()
	fmt.Println(least.Item(), greatest.Item())
	// Output:
	// -4 3
}

func ExampleVariable_VarMean() {
	x := autograd.New([]float64{1, 3, 5})
	variance, mean := x.VarMean(1)
	fmt.Println(variance.Item(), mean.Item())
	// Output:
	// 4 3
}

func ExampleVariable_StdMean() {
	x := autograd.New([]float64{1, 3, 5})
	std, mean := x.StdMean(1)
	fmt.Println(std.Item(), mean.Item())
	// Output:
	// 2 3
}

func ExampleCov() {
	x := autograd.New([]float64{1, 2, 3, 3, 2, 1}, 2, 3)
	fmt.Println(autograd.Cov(x, autograd.CovConfig{}))
	// Output:
	// float64 [2 2]
	// [[ 1 -1]
	//  [-1  1]]
}

func ExampleCorrCoef() {
	x := autograd.New([]float64{1, 2, 3, 3, 2, 1}, 2, 3)
	fmt.Println(autograd.CorrCoef(x))
	// Output:
	// float64 [2 2]
	// [[ 1 -1]
	//  [-1  1]]
}

func ExampleCDist() {
	x := autograd.New([]float64{0, 0, 3, 4}, 2, 2)
	fmt.Println(autograd.CDist(x, x, 2))
	// Output:
	// float64 [2 2]
	// [[0 5]
	//  [5 0]]
}

func ExampleVariable_PDist() {
	x := autograd.New([]float64{0, 0, 3, 4, 6, 8}, 3, 2)
	fmt.Println(x.PDist(2))
	// Output:
	// float64 [3]
	// [ 5 10  5]
}

func ExampleVariable_Renorm() {
	x := autograd.New([]float64{3, 4, 0.3, 0.4}, 2, 2)
	fmt.Println(x.Renorm(2, 0, 1))
	// Output:
	// float64 [2 2]
	// [[0.6 0.8]
	//  [0.3 0.4]]
}
