package bench

import (
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// BenchmarkRecurrent measures layers of 64 inputs and 128 units over 32 steps: training
// steps with a batch of 64, the mean of the squares of all outputs and Adam, and inference.
func BenchmarkRecurrent(b *testing.B) {
	const in, hidden, steps, batch = 64, 128, 32, 64
	rng := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct {
		name  string
		layer nn.Layer
		gates float64
	}{
		{"lstm", nn.NewLSTM(rng, in, hidden, nn.LSTMConfig{}), 4},
		{"gru", nn.NewGRU(rng, in, hidden, nn.GRUConfig{}), 3},
		{"rnn", nn.NewRNN(rng, in, hidden, nn.RNNConfig{}), 1},
	} {
		b.Run(test.name+"/train", func(b *testing.B) {
			trainOnSquares(b, test.layer, uniform(autograd.Float32, batch, steps, in))
			// Products with inputs and states, and their gradients but that of the inputs.
			reportFlops[float32](b, 2*batch*steps*test.gates*hidden*(2*in+3*hidden))
		})
		b.Run(test.name+"/batch 1", func(b *testing.B) {
			repeat(b, test.layer.Forward, uniform(autograd.Float32, 1, steps, in))
		})
		b.Run(test.name+"/batch 128", func(b *testing.B) {
			repeat(b, test.layer.Forward, uniform(autograd.Float32, 128, steps, in))
		})
	}
}

// trainOnSquares measures training steps of a layer that lower the mean of the squares of
// its outputs.
func trainOnSquares(b *testing.B, layer nn.Layer, x autograd.Variable) {
	b.ReportAllocs()
	adam := optim.NewAdam(nn.Params(layer), optim.AdamConfig{LR: 1e-3})
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	step := func() {
		tape.Reset()
		adam.Step(layer.Forward(tape.Const(x)).Square().Mean().Backward())
	}
	step() // makes the buffers
	for b.Loop() {
		step()
	}
}
