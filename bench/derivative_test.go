package bench

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// BenchmarkDerivatives measures derivatives of the loss of a 784-128-10 perceptron, as a
// function of its 101,770 parameters, on a batch of 128: the gradient, and the product
// of the Hessian with a vector.
func BenchmarkDerivatives(b *testing.B) {
	params := []autograd.Variable{
		uniform(autograd.Float32, 128, 784).MulScalar(0.05), uniform(autograd.Float32, 128),
		uniform(autograd.Float32, 10, 128).MulScalar(0.1), uniform(autograd.Float32, 10),
	}
	x, labels := uniform(autograd.Float32, 128, 784), classes(128)
	loss := func(w []autograd.Variable) autograd.Variable {
		h := autograd.Linear(x, w[0], w[1]).Tanh()
		return autograd.SoftmaxCrossEntropy(autograd.Linear(h, w[2], w[3]), labels).Mean()
	}
	b.Run("gradient", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			autograd.ValueAndGrad(loss, params...)
		}
	})
	b.Run("hvp", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			autograd.HVP(loss, params, params)
		}
	})
}
