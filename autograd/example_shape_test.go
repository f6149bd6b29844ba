package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func ExampleVariable_Softmax() {
	x := autograd.New([]float64{0, 0, 0, 1000, 1000, 999}, 2, 3)
	fmt.Println(x.Softmax(1))
	// Output:
	// float64 [2 3]
	// [[0.3333 0.3333 0.3333]
	//  [0.4223 0.4223 0.1554]]
}

func ExampleVariable_LogSoftmax() {
	x := autograd.New([]float64{0, 0, 0, 1000, 1000, 999}, 2, 3)
	fmt.Println(x.LogSoftmax(1))
	// Output:
	// float64 [2 3]
	// [[-1.099 -1.099 -1.099]
	//  [-0.862 -0.862 -1.862]]
}

func ExampleSoftmaxCrossEntropy() {
	logits := autograd.New([]float64{2, 1, 0, 0, 0, 0}, 2, 3)
	fmt.Println(autograd.SoftmaxCrossEntropy(logits, []int{0, 2}))
	// Output:
	// float64 [2]
	// [0.4076 1.099 ]
}

func ExampleVariable_MatMul() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	y := autograd.New([]float64{1, 0, 0, 1, 1, 1}, 3, 2)
	fmt.Println(x.MatMul(y))
	// Output:
	// float64 [2 2]
	// [[ 4  5]
	//  [10 11]]
}

func ExampleLinear() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	w := autograd.New([]float64{1, 0, 0, 0, 1, 1}, 2, 3)
	b := autograd.New([]float64{10, 20})
	fmt.Println(autograd.Linear(x, w, b))
	// Output:
	// float64 [2 2]
	// [[11 25]
	//  [14 31]]
}

func ExampleOuter() {
	fmt.Println(autograd.Outer(autograd.New([]float64{1, 2}), autograd.New([]float64{3, 4, 5})))
	// Output:
	// float64 [2 3]
	// [[ 3  4  5]
	//  [ 6  8 10]]
}

func ExampleDot() {
	fmt.Println(autograd.Dot(autograd.New([]float64{1, 2, 3}), autograd.New([]float64{4, 5, 6})).Item())
	// Output:
	// 32
}

func ExampleEinsum() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(autograd.Einsum("ij,kj->ik", x, x))
	// Output:
	// float64 [2 2]
	// [[14 32]
	//  [32 77]]
}

func ExampleVariable_Inv() {
	x := autograd.New([]float64{4, 1, 2, 3}, 2, 2)
	fmt.Println(x.Inv())
	// Output:
	// float64 [2 2]
	// [[ 0.3 -0.1]
	//  [-0.2  0.4]]
}

func ExampleVariable_Det() {
	x := autograd.New([]float64{4, 1, 2, 3}, 2, 2)
	fmt.Println(x.Det())
	// Output:
	// float64 []
	// 10
}

func ExampleVariable_LogAbsDet() {
	x := autograd.New([]float64{4, 1, 2, 3}, 2, 2)
	fmt.Println(x.LogAbsDet())
	// Output:
	// float64 []
	// 2.303
}

func ExampleSolve() {
	a := autograd.New([]float64{4, 1, 2, 3}, 2, 2)
	b := autograd.New([]float64{9, 7})
	fmt.Println(autograd.Solve(a, b))
	// Output:
	// float64 [2]
	// [2 1]
}

func ExampleVariable_Cholesky() {
	x := autograd.New([]float64{4, 2, 2, 5}, 2, 2)
	fmt.Println(x.Cholesky())
	// Output:
	// float64 [2 2]
	// [[2 0]
	//  [1 2]]
}

func ExampleVariable_Trace() {
	x := autograd.New([]float64{4, 1, 2, 3}, 2, 2)
	fmt.Println(x.Trace().Item())
	// Output:
	// 7
}

func ExampleVariable_Diagonal() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3)
	fmt.Println(x.Diagonal(1))
	// Output:
	// float64 [2]
	// [2 6]
}

func ExampleVariable_Tril() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3)
	fmt.Println(x.Tril(0))
	// Output:
	// float64 [3 3]
	// [[1 0 0]
	//  [4 5 0]
	//  [7 8 9]]
}

func ExampleVariable_Triu() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3)
	fmt.Println(x.Triu(1))
	// Output:
	// float64 [3 3]
	// [[0 2 3]
	//  [0 0 6]
	//  [0 0 0]]
}

func ExampleVariable_Reshape() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Reshape(3, -1))
	// Output:
	// float64 [3 2]
	// [[1 2]
	//  [3 4]
	//  [5 6]]
}

func ExampleVariable_Permute() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Permute(1, 0))
	// Output:
	// float64 [3 2]
	// [[1 4]
	//  [2 5]
	//  [3 6]]
}

func ExampleVariable_Transpose() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Transpose(0, 1))
	// Output:
	// float64 [3 2]
	// [[1 4]
	//  [2 5]
	//  [3 6]]
}

func ExampleVariable_T() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.T())
	// Output:
	// float64 [3 2]
	// [[1 4]
	//  [2 5]
	//  [3 6]]
}

func ExampleVariable_Flatten() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Flatten(0))
	// Output:
	// float64 [6]
	// [1 2 3 4 5 6]
}

func ExampleVariable_Unsqueeze() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Unsqueeze(1))
	// Output:
	// float64 [2 1 3]
	// [[[1 2 3]]
	//
	//  [[4 5 6]]]
}

func ExampleVariable_Index() {
	// (a − 3)² + b²
	f := func(x autograd.Variable) autograd.Variable {
		a, b := x.Index(0), x.Index(1)
		return a.SubScalar(3).Square().Add(b.Square())
	}
	value, grads := autograd.ValueAndGrad(func(xs []autograd.Variable) autograd.Variable { return f(xs[0]) },
		autograd.New([]float64{1, 2}))
	fmt.Println(value.Item(), grads[0].Float64s())
	fmt.Println(autograd.New([]float64{1, 2, 3, 4}, 2, 2).Index(-1)) // a row
	// Output:
	// 8 [-4 4]
	// float64 [2]
	// [3 4]
}

func ExampleVariable_Slice() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Slice(1, 1, 3))
	// Output:
	// float64 [2 2]
	// [[2 3]
	//  [5 6]]
}

func ExampleVariable_SliceStep() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.SliceStep(1, -1, -4, -1))
	// Output:
	// float64 [2 3]
	// [[3 2 1]
	//  [6 5 4]]
}

func ExampleVariable_Tile() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Tile(1, 2))
	// Output:
	// float64 [2 6]
	// [[1 2 3 1 2 3]
	//  [4 5 6 4 5 6]]
}

func ExampleVariable_Flip() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Flip(1))
	// Output:
	// float64 [2 3]
	// [[3 2 1]
	//  [6 5 4]]
}

func ExampleVariable_Roll() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Roll(1, 1))
	// Output:
	// float64 [2 3]
	// [[3 1 2]
	//  [6 4 5]]
}

func ExampleVariable_Pad() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Pad(0, [2]int{1, 0}, [2]int{0, 1}))
	// Output:
	// float64 [3 4]
	// [[0 0 0 0]
	//  [1 2 3 0]
	//  [4 5 6 0]]
}

func ExampleVariable_IndexSelect() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.IndexSelect(1, []int{2, 0, 2}))
	// Output:
	// float64 [2 3]
	// [[3 1 3]
	//  [6 4 6]]
}

func ExampleVariable_Gather() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Gather(1, []int{2, 0}, 2, 1))
	// Output:
	// float64 [2 1]
	// [[3]
	//  [4]]
}

func ExampleVariable_Squeeze() {
	fmt.Println(autograd.Ones(autograd.Float64, 2, 1, 3).Squeeze(1).Shape())
	// Output:
	// [2 3]
}

func ExampleVariable_BroadcastTo() {
	row := autograd.New([]float64{1, 2, 3})
	fmt.Println(row.BroadcastTo(2, 3))
	// Output:
	// float64 [2 3]
	// [[1 2 3]
	//  [1 2 3]]
}

func ExampleVariable_AsType() {
	x := autograd.New([]float64{0.1, 0.2})
	fmt.Println(x.AsType(autograd.Float32))
	// Output:
	// float32 [2]
	// [0.1 0.2]
}

func ExampleVariable_Split() {
	parts := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3).Split(1, 1, 2)
	fmt.Println(parts[1])
	// Output:
	// float64 [2 2]
	// [[2 3]
	//  [5 6]]
}

func ExampleVariable_ScatterAdd() {
	x := autograd.Zeros(autograd.Float64, 3)
	src := autograd.New([]float64{1, 2, 3, 4})
	fmt.Println(x.ScatterAdd(0, []int{0, 2, 2, 0}, src).Float64s())
	// Output:
	// [5 0 5]
}

func ExampleConcat() {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(autograd.Concat(0, x, x))
	// Output:
	// float64 [4 3]
	// [[1 2 3]
	//  [4 5 6]
	//  [1 2 3]
	//  [4 5 6]]
}

func ExampleStack() {
	fmt.Println(autograd.Stack(0, autograd.New([]float64{1, 2}), autograd.New([]float64{3, 4})))
	// Output:
	// float64 [2 2]
	// [[1 2]
	//  [3 4]]
}

func ExampleCheckpoint() {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{1, 2}))
	block := func(xs []autograd.Variable) autograd.Variable { return xs[0].Exp().Log().Square() }
	y := autograd.Checkpoint(block, x)
	fmt.Println(y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [2 4]
}
