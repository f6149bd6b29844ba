package autograd_test

import (
	"errors"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestGammaIncHasNoDerivativeByItsFirstOperand(t *testing.T) {
	for name, f := range map[string]func(a, x autograd.Variable) autograd.Variable{"GammaInc": autograd.GammaInc, "GammaIncC": autograd.GammaIncC} {
		tape := autograd.NewTape(autograd.TapeConfig{})
		y := f(tape.Watch(autograd.New([]float64{2})), autograd.New([]float64{1}))
		var value *autograd.ValueError
		if err := autograd.Try(func() { y.Backward() }); !errors.As(err, &value) {
			t.Errorf("%s: got %v, want a *ValueError", name, err)
		}
	}
}
