// Chainrule's side of the comparison.
package main

import (
	"github.com/chainrule-go/chainrule/autograd"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

func main() {
	makers := map[string]workload.Maker{
		workload.MNISTEpoch:        workload.With(mnistEpoch, workload.Plain()),
		workload.MNISTStandardized: workload.With(mnistEpoch, workload.Standardized()),
		workload.LargeStep:         largeStep,
		workload.XORStep:           xorStep,
		workload.ScalarChain:       scalarChain,
		workload.MatMul32:          matmul32,
		workload.MatMul64:          matmul64,
		workload.Tanh:              tanh,
		workload.Exp:               exp,
		workload.Sigmoid:           sigmoid,
		workload.Softmax:           softmax,
		workload.AdamStep:          adamStep,
		workload.Embedding:         embedding,
		workload.LayerNorm:         layerNorm,
		workload.BatchNorm:         batchNorm,
		workload.MaxPool:           maxPool,
	}
	addNetworks(makers)
	addConvolutions(makers)
	addModels(makers)
	workload.Main(workload.Peer{
		Name:   "chainrule",
		Module: "github.com/chainrule-go/chainrule",
		Remark: "pixels stay bytes until the first product, which leaves out most of those that are 0",
		Makers: makers,
	})
}

const size = workload.Size

func matmul32() (workload.Work, error) {
	return matmul(workload.Uniform32(1, size*size), workload.Uniform32(2, size*size), autograd.Variable.Float32s)
}

func matmul64() (workload.Work, error) {
	return matmul(workload.Uniform(1, size*size), workload.Uniform(2, size*size), autograd.Variable.Float64s)
}

func matmul[T autograd.Float](a, b []T, elements func(autograd.Variable) []T) (workload.Work, error) {
	y := autograd.New(b, size, size)
	return probed(autograd.New(a, size, size), elements, func(x autograd.Variable) autograd.Variable { return x.MatMul(y) })
}

func tanh() (workload.Work, error)    { return unary(autograd.Variable.Tanh) }
func exp() (workload.Work, error)     { return unary(autograd.Variable.Exp) }
func sigmoid() (workload.Work, error) { return unary(autograd.Variable.Sigmoid) }

func softmax() (workload.Work, error) {
	return unary(func(x autograd.Variable) autograd.Variable { return x.Softmax(-1) })
}

func unary(f func(x autograd.Variable) autograd.Variable) (workload.Work, error) {
	return probed(autograd.New(workload.Uniform32(3, size*size), size, size), autograd.Variable.Float32s, f)
}

// probed is the work of computing f(x) on a tape that only recycles memory.
func probed[T autograd.Float](x autograd.Variable, elements func(autograd.Variable) []T, f func(x autograd.Variable) autograd.Variable) (workload.Work, error) {
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	check := workload.Probe(elements(f(tape.Const(x))))
	return workload.Work{Check: check, Run: func() error {
		tape.Reset()
		f(tape.Const(x))
		return nil
	}}, nil
}

func scalarChain() (workload.Work, error) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	start := autograd.Parameter(autograd.Scalar(workload.ChainStart))
	var value, grad float64
	run := func() error {
		tape.Reset()
		x := tape.Watch(start)
		y := x
		for range workload.ChainLinks {
			y = y.Mul(x).Add(x).Sin().Tanh()
		}
		grads := y.Backward()
		value, grad = y.Item(), grads.Of(start).Item()
		return nil
	}
	err := run()
	return workload.Work{Check: []float64{value, grad}, Run: run}, err
}
