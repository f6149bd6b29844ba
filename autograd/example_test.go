package autograd_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

func Example() {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.New([]float64{1, 2, 3}))
	y := x.Square().Mul(x.Log()).Sum() // y = Σ x²·ln x
	grads := y.Backward()
	fmt.Printf("%.4f\n", grads.Of(x)) // 2x·ln x + x

	dy := autograd.Grad(y, x)[0] // recorded, so it can be differentiated again
	d2y := autograd.Grad(dy.Sum(), x)[0]
	fmt.Printf("%.4f\n", d2y) // 2·ln x + 3
	// Output:
	// float64 [3]
	// [1.0000 4.7726 9.5917]
	// float64 [3] add
	// [3.0000 4.3863 5.1972]
}
