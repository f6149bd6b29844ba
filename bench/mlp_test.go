package bench

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// mlp is a perceptron in float32 with its optimizer.
type mlp struct {
	sizes []int // inputs, hidden units, outputs
	tape  *autograd.Tape
	model nn.Sequential
	adam  optim.Optimizer
}

func newMLP(config nn.MLPConfig) *mlp {
	model := nn.NewMLP(rand.New(rand.NewPCG(3, 4)), config)
	return &mlp{
		sizes: config.Sizes,
		tape:  autograd.NewTape(autograd.TapeConfig{Training: true}),
		model: model,
		adam:  optim.NewAdam(nn.Params(model), optim.AdamConfig{}),
	}
}

// step trains on one batch: forward, loss, backward, Adam.
func (m *mlp) step(x autograd.Variable, loss func(output autograd.Variable) autograd.Variable) {
	m.tape.Reset()
	m.adam.Step(loss(m.model.Forward(m.tape.Const(x))).Backward())
}

// forwardFlops counts the multiplications and additions of the products with the
// weights for a batch.
func (m *mlp) forwardFlops(batch int) float64 {
	flops := 0
	for i, in := range m.sizes[:len(m.sizes)-1] {
		flops += 2 * batch * in * m.sizes[i+1]
	}
	return float64(flops)
}

// stepFlops counts those of a training step: backward there is a product for the
// gradient of each weight, and one for that of each layer's input but the first.
func (m *mlp) stepFlops(batch int) float64 {
	return 3*m.forwardFlops(batch) - float64(2*batch*m.sizes[0]*m.sizes[1])
}
