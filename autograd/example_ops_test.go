package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_Add() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	row := autograd.New([]float64{4, 2, 1})
	fmt.Println(x.Add(row))
	// Output:
	// float64 [2 3]
	// [[5 4 4]
	//  [8 7 7]]
}

func ExampleVariable_Sub() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	row := autograd.New([]float64{4, 2, 1})
	fmt.Println(x.Sub(row))
	// Output:
	// float64 [2 3]
	// [[-3  0  2]
	//  [ 0  3  5]]
}

func ExampleVariable_Mul() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	row := autograd.New([]float64{4, 2, 1})
	fmt.Println(x.Mul(row))
	// Output:
	// float64 [2 3]
	// [[ 4  4  3]
	//  [16 10  6]]
}

func ExampleVariable_Div() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	row := autograd.New([]float64{4, 2, 1})
	fmt.Println(x.Div(row))
	// Output:
	// float64 [2 3]
	// [[0.25 1    3   ]
	//  [1    2.5  6   ]]
}

func ExampleVariable_Maximum() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	row := autograd.New([]float64{4, 2, 1})
	fmt.Println(x.Maximum(row))
	// Output:
	// float64 [2 3]
	// [[4 2 3]
	//  [4 5 6]]
}

func ExampleVariable_Minimum() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	row := autograd.New([]float64{4, 2, 1})
	fmt.Println(x.Minimum(row))
	// Output:
	// float64 [2 3]
	// [[1 2 1]
	//  [4 2 1]]
}

func ExamplePow() {
	x := autograd.New([]float64{3, 1})
	y := autograd.New([]float64{4, 1})
	fmt.Println(autograd.Pow(x, y))
	// Output:
	// float64 [2]
	// [81  1]
}

func ExampleAtan2() {
	x := autograd.New([]float64{3, 1})
	y := autograd.New([]float64{4, 1})
	fmt.Println(autograd.Atan2(x, y))
	// Output:
	// float64 [2]
	// [0.6435 0.7854]
}

func ExampleHypot() {
	x := autograd.New([]float64{3, 1})
	y := autograd.New([]float64{4, 1})
	fmt.Println(autograd.Hypot(x, y))
	// Output:
	// float64 [2]
	// [5     1.414]
}

func ExampleLogAddExp() {
	x := autograd.New([]float64{3, 1})
	y := autograd.New([]float64{4, 1})
	fmt.Println(autograd.LogAddExp(x, y))
	// Output:
	// float64 [2]
	// [4.313 1.693]
}

func ExampleVariable_Greater() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.Greater(autograd.Scalar(2.0)).Float64s())
	// Output:
	// [0 0 1]
}

func ExampleVariable_GreaterEqual() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.GreaterEqual(autograd.Scalar(2.0)).Float64s())
	// Output:
	// [0 1 1]
}

func ExampleVariable_Less() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.Less(autograd.Scalar(2.0)).Float64s())
	// Output:
	// [1 0 0]
}

func ExampleVariable_LessEqual() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.LessEqual(autograd.Scalar(2.0)).Float64s())
	// Output:
	// [1 1 0]
}

func ExampleVariable_Equal() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.Equal(autograd.Scalar(2.0)).Float64s())
	// Output:
	// [0 1 0]
}

func ExampleVariable_NotEqual() {
	x := autograd.New([]float64{1, 2, 3})
	fmt.Println(x.NotEqual(autograd.Scalar(2.0)).Float64s())
	// Output:
	// [1 0 1]
}

func ExampleVariable_Sign() {
	fmt.Println(autograd.New([]float64{-3, 0, 2}).Sign().Float64s())
	// Output:
	// [-1 0 1]
}

func ExampleWhere() {
	x := autograd.New([]float64{-1, 4, 9})
	positive := x.Greater(autograd.Scalar(0.0))
	fmt.Println(autograd.Where(positive, x.Sqrt(), autograd.Scalar(0.0)).Float64s())
	// Output:
	// [0 2 3]
}

func ExampleVariable_MaskedFill() {
	x := autograd.New([]float64{1, 2, 3})
	mask := autograd.New([]float64{0, 1, 0})
	fmt.Println(x.MaskedFill(mask, -9).Float64s())
	// Output:
	// [1 -9 3]
}

func ExampleVariable_Sum() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Sum(1))
	// Output:
	// float64 [2]
	// [ 6 15]
}

func ExampleVariable_Mean() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Mean(1))
	// Output:
	// float64 [2]
	// [2 5]
}

func ExampleVariable_Max() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Max(1))
	// Output:
	// float64 [2]
	// [3 6]
}

func ExampleVariable_Min() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Min(1))
	// Output:
	// float64 [2]
	// [1 4]
}

func ExampleVariable_LogSumExp() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.LogSumExp(1))
	// Output:
	// float64 [2]
	// [3.408 6.408]
}

func ExampleVariable_Prod() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Prod(1))
	// Output:
	// float64 [2]
	// [  6 120]
}

func ExampleVariable_Var() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Var(1))
	// Output:
	// float64 [2]
	// [1 1]
}

func ExampleVariable_Std() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Std(1))
	// Output:
	// float64 [2]
	// [1 1]
}

func ExampleVariable_StdWith() {
	x := autograd.New([]float64{1, 5, 1, 5})
	fmt.Println(x.StdWith(0)) // of a population
	// Output:
	// float64 []
	// 2
}

func ExampleVariable_Norm() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Norm(1))
	// Output:
	// float64 [2]
	// [3.742 8.775]
}

func ExampleVariable_SumKeepDims() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.SumKeepDims(1))
	// Output:
	// float64 [2 1]
	// [[ 6]
	//  [15]]
}

func ExampleVariable_MeanKeepDims() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.MeanKeepDims(1))
	// Output:
	// float64 [2 1]
	// [[2]
	//  [5]]
}

func ExampleVariable_MaxKeepDims() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.MaxKeepDims(1))
	// Output:
	// float64 [2 1]
	// [[3]
	//  [6]]
}

func ExampleVariable_MinKeepDims() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.MinKeepDims(1))
	// Output:
	// float64 [2 1]
	// [[1]
	//  [4]]
}

func ExampleVariable_LogSumExpKeepDims() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.LogSumExpKeepDims(1))
	// Output:
	// float64 [2 1]
	// [[3.408]
	//  [6.408]]
}

func ExampleVariable_VarWith() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.VarWith(0, 1))
	// Output:
	// float64 [2]
	// [0.6667 0.6667]
}

func ExampleVariable_NormP() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.NormP(1, 1))
	// Output:
	// float64 [2]
	// [ 6 15]
}

func ExampleVariable_ArgMax() {
	x := autograd.New([]float64{1, 5, 2, 9, 7, 8}, 2, 3)
	fmt.Println(x.ArgMax(1))
	// Output:
	// [1 0]
}

func ExampleVariable_ArgMin() {
	x := autograd.New([]float64{1, 5, 2, 9, 7, 8}, 2, 3)
	fmt.Println(x.ArgMin(1))
	// Output:
	// [0 1]
}

func ExampleVariable_CumSum() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.CumSum(1))
	// Output:
	// float64 [2 3]
	// [[ 1  3  6]
	//  [ 4  9 15]]
}
