package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_SlogDet() {
	x := autograd.New([]float64{1, 2, 3, 4}, 2, 2)
	sign, logAbsDet := x.SlogDet()
	fmt.Println(sign.Item(), logAbsDet)
	// Output:
	// -1 float64 []
	// 0.6931
}

func ExampleSolveTriangular() {
	a := autograd.New([]float64{2, 0, 1, 4}, 2, 2)
	b := autograd.New([]float64{4, 10}, 2, 1)
	fmt.Println(autograd.SolveTriangular(a, b, autograd.TriangularConfig{}))
	// Output:
	// float64 [2 1]
	// [[2]
	//  [2]]
}

func ExampleTensorSolve() {
	a := autograd.Eye(autograd.Float64, 4).MulScalar(2).Reshape(2, 2, 4)
	b := autograd.New([]float64{2, 4, 6, 8}, 2, 2)
	fmt.Println(autograd.TensorSolve(a, b))
	// Output:
	// float64 [4]
	// [1 2 3 4]
}

func ExampleLstSq() {
	// The line through (0, 1), (1, 3), (2, 5), (3, 8) that fits best.
	a := autograd.New([]float64{0, 1, 1, 1, 2, 1, 3, 1}, 4, 2)
	b := autograd.New([]float64{1, 3, 5, 8}, 4, 1)
	fmt.Println(autograd.LstSq(a, b))
	// Output:
	// float64 [2 1]
	// [[2.3]
	//  [0.8]]
}

func ExampleVariable_Pinv() {
	x := autograd.New([]float64{1, 1, 1, 1, 1, 1}, 3, 2)
	fmt.Println(x.Pinv())
	// Output:
	// float64 [2 3]
	// [[0.1667 0.1667 0.1667]
	//  [0.1667 0.1667 0.1667]]
}

func ExampleVariable_PinvWith() {
	x := autograd.New([]float64{4, 0, 0, 0.001}, 2, 2)
	fmt.Println(x.PinvWith(0.01))
	// Output:
	// float64 [2 2]
	// [[0.25 0   ]
	//  [0    0   ]]
}

func ExampleCholeskySolve() {
	l := autograd.New([]float64{4, 2, 2, 5}, 2, 2).Cholesky()
	b := autograd.New([]float64{8, 12}, 2, 1)
	fmt.Println(autograd.CholeskySolve(b, l))
	// Output:
	// float64 [2 1]
	// [[1]
	//  [2]]
}

func ExampleVariable_CholeskyInverse() {
	l := autograd.New([]float64{4, 2, 2, 5}, 2, 2).Cholesky()
	fmt.Println(l.CholeskyInverse())
	// Output:
	// float64 [2 2]
	// [[ 0.3125 -0.125 ]
	//  [-0.125   0.25  ]]
}

func ExampleVariable_QR() {
	x := autograd.New([]float64{3, 1, 4, 2}, 2, 2)
	q, r := x.QR()
	fmt.Println(q.MatMul(r))
	fmt.Println(r)
	// Output:
	// float64 [2 2]
	// [[3 1]
	//  [4 2]]
	// float64 [2 2]
	// [[-5   -2.2]
	//  [ 0    0.4]]
}

func ExampleVariable_Eigh() {
	x := autograd.New([]float64{2, 1, 1, 2}, 2, 2)
	values, vectors := x.Eigh()
	fmt.Println(values)
	fmt.Println(vectors.Square())
	// Output:
	// float64 [2]
	// [1 3]
	// float64 [2 2]
	// [[0.5 0.5]
	//  [0.5 0.5]]
}

func ExampleVariable_EigvalsH() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{2, 1, 1, 2}, 2, 2))
	fmt.Println(x.EigvalsH())
	fmt.Println(x.EigvalsH().Index(1).Backward().Of(x))
	// Output:
	// float64 [2] reshape
	// [1 3]
	// float64 [2 2]
	// [[0.5 0.5]
	//  [0.5 0.5]]
}

func ExampleVariable_SVD() {
	x := autograd.New([]float64{0, 3, 2, 0, 0, 0}, 3, 2)
	u, s, vT := x.SVD()
	fmt.Println(s)
	fmt.Println(u.Mul(s).MatMul(vT))
	// Output:
	// float64 [2]
	// [3 2]
	// float64 [3 2]
	// [[0 3]
	//  [2 0]
	//  [0 0]]
}

func ExampleVariable_SVDVals() {
	x := autograd.New([]float64{1, 2, 2, 4}, 2, 2)
	fmt.Println(x.SVDVals().Index(0))
	// Output:
	// float64 []
	// 5
}

func ExampleVariable_MatrixNorm() {
	x := autograd.New([]float64{3, 0, 0, -4}, 2, 2)
	fmt.Println(x.MatrixNorm(2).Item(), x.MatrixNorm(-2).Item())
	// Output:
	// 4 3
}

func ExampleVariable_NuclearNorm() {
	x := autograd.New([]float64{3, 0, 0, -4}, 2, 2)
	fmt.Println(x.NuclearNorm())
	// Output:
	// float64 []
	// 7
}

func ExampleVariable_MatrixExp() {
	x := autograd.New([]float64{0, 1, 0, 0}, 2, 2)
	fmt.Println(x.MatrixExp())
	// Output:
	// float64 [2 2]
	// [[1 1]
	//  [0 1]]
}

func ExampleVariable_MatrixPower() {
	x := autograd.New([]float64{1, 1, 1, 0}, 2, 2)
	fmt.Println(x.MatrixPower(10)) // Fibonacci's numbers
	// Output:
	// float64 [2 2]
	// [[89 55]
	//  [55 34]]
}
