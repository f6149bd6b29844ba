// GoMLX compiles graphs. Its backend in Go is used, the one that needs neither cgo
// nor a shared library; it has matrix products with SIMD if it is built with
// GOEXPERIMENT=simd. What is measured is running the graphs.
package main

import (
	"fmt"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes/gotype"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

var backend compute.Backend

func main() {
	var err error
	if backend, err = gobackend.New(""); err != nil {
		fmt.Fprintln(os.Stderr, "gomlx:", err)
		os.Exit(1)
	}
	workload.Main(workload.Peer{
		Name:   "gomlx",
		Module: "github.com/gomlx/gomlx",
		Remark: "its Go backend, " + simdRemark + "; a compiled graph for each workload",
		Makers: map[string]workload.Maker{
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
		},
	})
}

const size = workload.Size

func matmul32() (workload.Work, error) {
	return matmul(workload.Uniform32(1, size*size), workload.Uniform32(2, size*size))
}

func matmul64() (workload.Work, error) {
	return matmul(workload.Uniform(1, size*size), workload.Uniform(2, size*size))
}

func matmul[T float32 | float64](a, b []T) (workload.Work, error) {
	exec, err := graph.NewExec(backend, graph.MatMul)
	if err != nil {
		return workload.Work{}, err
	}
	return probed[T](exec, matrix(a, size, size), matrix(b, size, size))
}

func tanh() (workload.Work, error)    { return unary(graph.Tanh) }
func exp() (workload.Work, error)     { return unary(graph.Exp) }
func sigmoid() (workload.Work, error) { return unary(graph.Sigmoid) }
func softmax() (workload.Work, error) {
	return unary(func(x *graph.Node) *graph.Node { return graph.Softmax(x, -1) })
}

func unary(f func(x *graph.Node) *graph.Node) (workload.Work, error) {
	exec, err := graph.NewExec(backend, f)
	if err != nil {
		return workload.Work{}, err
	}
	return probed[float32](exec, matrix(workload.Uniform32(3, size*size), size, size))
}

// probed is the work of running a graph with one result.
func probed[T float32 | float64](exec *graph.Exec, inputs ...any) (workload.Work, error) {
	first, err := exec.Call1(inputs...)
	if err != nil {
		return workload.Work{}, err
	}
	return workload.Work{Check: workload.Probe(tensors.MustCopyFlatData[T](first)), Run: func() error {
		result, err := exec.Call1(inputs...)
		if err != nil {
			return err
		}
		return result.FinalizeAll() // gives its memory back for the next one
	}}, nil
}

// scalarChain is one graph of the chain and its derivative.
func scalarChain() (workload.Work, error) {
	exec, err := graph.NewExec(backend, func(x *graph.Node) (y, grad *graph.Node) {
		y = x
		for range workload.ChainLinks {
			y = graph.Tanh(graph.Sin(graph.Add(graph.Mul(y, x), x)))
		}
		return y, graph.Gradient(y, x)[0]
	})
	if err != nil {
		return workload.Work{}, err
	}
	x := tensors.FromScalar(float64(workload.ChainStart))
	results, err := exec.Call(x)
	if err != nil {
		return workload.Work{}, err
	}
	check := []float64{tensors.ToScalar[float64](results[0]), tensors.ToScalar[float64](results[1])}
	return workload.Work{Check: check, Run: func() error {
		results, err := exec.Call(x)
		if err != nil {
			return err
		}
		return finalize(results...)
	}}, nil
}

func finalize(results ...*tensors.Tensor) error {
	for _, result := range results {
		if err := result.FinalizeAll(); err != nil {
			return err
		}
	}
	return nil
}

func matrix[T gotype.Supported](data []T, rows, cols int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(data, rows, cols)
}
