package nn_test

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// What the layers of a model compute on the way.
func ExampleAddHooks() {
	encoder := nn.NewTransformerEncoder(rand.New(rand.NewPCG(1, 2)), 2, 8, 2, nn.TransformerConfig{FeedForward: 16})
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	show := func(name string, y autograd.Variable) autograd.Variable {
		fmt.Println(name, y.Shape())
		return autograd.Variable{} // y stays as it is
	}
	remove := nn.AddHooks(tape, encoder, map[string]nn.Hook{"layers.0.linear1": show, "layers.1.self_attn": show, "layers.1": show})
	encoder.Forward(tape.Const(autograd.Ones(autograd.Float32, 1, 4, 8)))
	remove()
	// Output:
	// layers.0.linear1 [1 4 16]
	// layers.1.self_attn [1 4 8]
	// layers.1 [1 4 8]
}

// A model without one of its hidden units.
func ExampleWithHooks() {
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 3, 1}})
	without := nn.WithHooks(model, map[string]nn.Hook{"0": func(_ string, y autograd.Variable) autograd.Variable {
		return y.Mul(autograd.New([]float32{0, 1, 1}))
	}})
	x := autograd.New([]float32{1, 2}, 1, 2)
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	fmt.Printf("%.3f %.3f\n", model.Forward(tape.Const(x)).Item(), without.Forward(tape.Const(x)).Item())
	// Output:
	// 0.359 0.189
}

// A layer of one's own that hooks find.
func ExampleHooked() {
	gate := &gatedLayer{nn.NewLinear(rand.New(rand.NewPCG(1, 2)), 3, 3, nn.LinearConfig{})}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	nn.AddHooks(tape, gate, map[string]nn.Hook{"": func(_ string, y autograd.Variable) autograd.Variable {
		fmt.Println("the gate is", y.Shape())
		return autograd.Variable{}
	}})
	gate.Forward(tape.Const(autograd.Ones(autograd.Float32, 2, 3)))
	// Output:
	// the gate is [2 3]
}

type gatedLayer struct{ linear *nn.Linear }

func (g *gatedLayer) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("linear", g.linear)) }

func (g *gatedLayer) Forward(x autograd.Variable) autograd.Variable {
	return nn.Hooked(g, x.Mul(g.linear.Forward(x).Sigmoid()))
}
