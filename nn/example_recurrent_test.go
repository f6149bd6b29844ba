package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Outputs of all steps, in both directions, and the final states.
func ExampleGRU_Run() {
	gru := nn.NewGRU(rand.New(rand.NewPCG(1, 2)), 3, 4, nn.GRUConfig{Layers: 2, Bidirectional: true})
	y, state := gru.Run(autograd.Ones(autograd.Float32, 2, 5, 3), nn.RecurrentInput{})
	fmt.Println(y.Shape(), state.Shape())
	// Output:
	// [2 5 8] [4 2 4]
}

// A loop of one's own: a step at a time.
func ExampleLSTMCell_Next() {
	cell := nn.NewLSTMCell(rand.New(rand.NewPCG(1, 2)), 3, 4, nn.CellConfig{})
	var state nn.LSTMState
	for range 3 {
		state = cell.Next(autograd.Ones(autograd.Float32, 2, 3), state)
	}
	fmt.Println(state.H.Shape(), state.C.Shape())
	// Output:
	// [2 4] [2 4]
}
