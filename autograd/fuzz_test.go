package autograd_test

import (
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// FuzzProgram checks the derivatives of random compositions of operations.
func FuzzProgram(f *testing.F) {
	instructions := allInstructions()
	for i := range len(instructions) {
		// A few programs that have every instruction first, with all kinds of inputs.
		rng := rand.New(rand.NewPCG(uint64(i), 31))
		data := []byte{byte(rng.Uint32())}
		for range 30 {
			data = append(data, byte(rng.Uint32()))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 100 {
			t.Skip("longer programs have no further instructions")
		}
		p := decode(data, instructions)
		if err := p.check(); err != nil {
			t.Errorf("%v\nof the program\n%v", err, p)
		}
	})
}

// TestProgramsFindWrongRules puts an operation with a wrong rule into programs.
func TestProgramsFindWrongRules(t *testing.T) {
	wrong := &autograd.Function{
		Name:    "wrong",
		Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Sin() },
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			return []autograd.Variable{g.Mul(xs[0].Cos()).MulScalar(1.0001)}
		},
		JVP: func(xs []autograd.Variable, y autograd.Variable, ts []autograd.Variable) autograd.Variable {
			return ts[0].Mul(xs[0].Cos())
		},
	}
	instructions := append([]instruction{simple("wrong", func(x autograd.Variable) autograd.Variable { return wrong.Apply(x) })}, smoothInstructions()...)
	for seed := range byte(20) {
		// Inputs [2, 3]; the wrong operation; two more that follow it.
		data := []byte{seed, 0, 2, 0, 1, 0, 0, 1 + seed%30, 0, 1 + seed%17, 0}
		p := decode(data, instructions)
		if err := p.check(); err == nil {
			t.Errorf("nothing was found wrong with\n%v", p)
		}
	}
}
