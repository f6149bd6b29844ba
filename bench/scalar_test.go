package bench

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// BenchmarkScalarChain measures a thousand operations on single float64, forward
// and backward: what an operation costs besides its arithmetic.
func BenchmarkScalarChain(b *testing.B) {
	b.ReportAllocs()
	const links = 250 // of four operations
	start := autograd.Parameter(autograd.Scalar(0.9))
	tape := autograd.NewTape(autograd.TapeConfig{})
	run := func() {
		tape.Reset()
		x := tape.Watch(start)
		y := x
		for range links {
			y = y.Mul(x).Add(x).Sin().Tanh()
		}
		y.Backward()
	}
	run() // makes the buffers
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*4*links), "ns/operation")
}

// BenchmarkLongChain measures a million operations on single float64, forward and backward,
// on a new tape and on one that is used again: what a node costs in memory and collection.
func BenchmarkLongChain(b *testing.B) {
	const links = 250_000 // of four operations
	start := autograd.Parameter(autograd.Scalar(0.9))
	run := func(tape *autograd.Tape) {
		x := tape.Watch(start)
		y := x
		for range links {
			y = y.Mul(x).Add(x).Sin().Tanh()
		}
		y.Backward()
	}
	perOperation := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*4*links), "ns/operation")
	}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			run(autograd.NewTape(autograd.TapeConfig{}))
		}
		perOperation(b)
	})
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		tape := autograd.NewTape(autograd.TapeConfig{})
		run(tape) // makes the buffers
		for b.Loop() {
			tape.Reset()
			run(tape)
		}
		perOperation(b)
	})
}

// BenchmarkGradCheck measures a check of a small network's gradients against finite
// differences, with every element of its parameters and inputs perturbed.
func BenchmarkGradCheck(b *testing.B) {
	b.ReportAllocs()
	inputs := []autograd.Variable{
		uniform(autograd.Float64, 4, 6),
		uniform(autograd.Float64, 8, 6), uniform(autograd.Float64, 8),
		uniform(autograd.Float64, 3, 8), uniform(autograd.Float64, 3),
	}
	labels := []int{0, 2, 1, 1}
	loss := func(xs []autograd.Variable) autograd.Variable {
		h := autograd.Linear(xs[0], xs[1], xs[2]).Tanh()
		return autograd.SoftmaxCrossEntropy(autograd.Linear(h, xs[3], xs[4]), labels).Mean()
	}
	for b.Loop() {
		if _, err := gradcheck.Check(loss, inputs, gradcheck.Config{}); err != nil {
			b.Fatal(err)
		}
	}
}
