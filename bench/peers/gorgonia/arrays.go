package main

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

const size = workload.Size

func matmul32() (workload.Work, error) {
	return matmul(workload.Uniform32(1, size*size), workload.Uniform32(2, size*size))
}

func matmul64() (workload.Work, error) {
	return matmul(workload.Uniform(1, size*size), workload.Uniform(2, size*size))
}

func matmul[T float32 | float64](a, b []T) (workload.Work, error) {
	c := make([]T, size*size)
	x, y, z := dense(a, size, size), dense(b, size, size), dense(c, size, size)
	run := func() error {
		_, err := tensor.MatMul(x, y, tensor.WithReuse(z))
		return err
	}
	err := run()
	return workload.Work{Check: workload.Probe(c), Run: run}, err
}

func tanh() (workload.Work, error) {
	return unary(func(x, y *tensor.Dense) (tensor.Tensor, error) { return tensor.Tanh(x, tensor.WithReuse(y)) })
}

func exp() (workload.Work, error) {
	return unary(func(x, y *tensor.Dense) (tensor.Tensor, error) { return tensor.Exp(x, tensor.WithReuse(y)) })
}

// softmax makes a new tensor: with WithReuse it leaves the given one as it was.
func softmax() (workload.Work, error) {
	return unary(func(x, _ *tensor.Dense) (tensor.Tensor, error) { return tensor.SoftMax(x, 1) })
}

func unary(f func(x, y *tensor.Dense) (tensor.Tensor, error)) (workload.Work, error) {
	x, y := dense(workload.Uniform32(3, size*size), size, size), dense(make([]float32, size*size), size, size)
	out, err := f(x, y)
	if err != nil {
		return workload.Work{}, err
	}
	return workload.Work{Check: workload.Probe(out.Data().([]float32)), Run: func() error {
		_, err := f(x, y)
		return err
	}}, nil
}

// sigmoid is in graphs only.
func sigmoid() (workload.Work, error) {
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float32, G.WithName("x"), G.WithShape(size, size), G.WithValue(dense(workload.Uniform32(3, size*size), size, size)))
	var value G.Value
	G.Read(G.Must(G.Sigmoid(x)), &value)
	vm := G.NewTapeMachine(g)
	run := func() error {
		err := vm.RunAll()
		vm.Reset()
		return err
	}
	if err := run(); err != nil {
		return workload.Work{}, err
	}
	return workload.Work{Check: workload.Probe(value.Data().([]float32)), Run: run}, nil
}
