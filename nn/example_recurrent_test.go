package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// The output of the last step is the final state.
func ExampleRNN_Run() {
	rnn := nn.NewRNN(rand.New(rand.NewPCG(1, 2)), 3, 4, nn.RNNConfig{})
	y, state := rnn.Run(autograd.Ones(autograd.Float32, 2, 5, 3), nn.RecurrentInput{})
	fmt.Println(y.Shape(), state.Shape(), y.At(1, 4, 0) == state.At(0, 1, 0))
	// Output:
	// [2 5 4] [1 2 4] true
}

// Outputs of all steps, in both directions, and the final states.
func ExampleGRU_Run() {
	gru := nn.NewGRU(rand.New(rand.NewPCG(1, 2)), 3, 4, nn.GRUConfig{Layers: 2, Bidirectional: true})
	y, state := gru.Run(autograd.Ones(autograd.Float32, 2, 5, 3), nn.RecurrentInput{})
	fmt.Println(y.Shape(), state.Shape())
	// Output:
	// [2 5 8] [4 2 4]
}

// Two sequences, of four steps and of one, side by side; the second is padded.
func ExampleLSTM_Run() {
	lstm := nn.NewLSTM(rand.New(rand.NewPCG(1, 2)), 3, 2, nn.LSTMConfig{Bidirectional: true})
	x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 1, 2, 4, 3)
	y, state := lstm.Run(x, nn.LSTMInput{Lengths: []int{4, 1}})
	fmt.Println("outputs:", y.Shape())
	fmt.Println("final states:", state.H.Shape(), state.C.Shape())
	fmt.Println("of padding:", y.At(1, 2, 0), y.At(1, 3, 3))
	// Output:
	// outputs: [2 4 4]
	// final states: [2 2 2] [2 2 2]
	// of padding: 0 0
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

// The state of one step is what the next one takes.
func ExampleGRUCell_Next() {
	cell := nn.NewGRUCell(rand.New(rand.NewPCG(1, 2)), 3, 4, nn.CellConfig{})
	var state autograd.Variable // zeros
	for range 3 {
		state = cell.Next(autograd.Ones(autograd.Float32, 2, 3), state)
	}
	fmt.Println(state.Shape())
	// Output:
	// [2 4]
}

// With ReLU no state is negative.
func ExampleRNNCell_Next() {
	cell := nn.NewRNNCell(rand.New(rand.NewPCG(1, 2)), 3, 4, nn.CellConfig{ReLU: true})
	state := cell.Next(autograd.Ones(autograd.Float32, 2, 3), autograd.Variable{})
	fmt.Println(state.Shape(), state.Min().Item() >= 0)
	// Output:
	// [2 4] true
}
