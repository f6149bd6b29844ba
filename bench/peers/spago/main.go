// Spago differentiates matrices and runs each operation in a goroutine of its own.
// Batches are given to it as matrices, one example a row, as that is what it is
// fastest with.
package main

import (
	"github.com/nlpodyssey/spago/ag"
	"github.com/nlpodyssey/spago/mat"
	"github.com/nlpodyssey/spago/mat/float"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

func main() {
	workload.Main(workload.Peer{
		Name:   "spago",
		Module: "github.com/nlpodyssey/spago",
		Remark: "operators of package ag on whole batches as matrices, with its Adam; package mat for matmul and softmax",
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

func dense[T float.DType](data []T, rows, cols int) *mat.Dense[T] {
	return mat.NewDense[T](mat.WithShape(rows, cols), mat.WithBacking(data))
}

func matmul32() (workload.Work, error) {
	return matmul(workload.Uniform32(1, size*size), workload.Uniform32(2, size*size))
}

func matmul64() (workload.Work, error) {
	return matmul(workload.Uniform(1, size*size), workload.Uniform(2, size*size))
}

func matmul[T float.DType](a, b []T) (workload.Work, error) {
	x, y := dense(a, size, size), dense(b, size, size)
	return probed[T](func() mat.Matrix { return x.Mul(y) })
}

func probed[T float.DType](f func() mat.Matrix) (workload.Work, error) {
	return workload.Work{Check: workload.Probe(mat.Data[T](f())), Run: func() error {
		f()
		return nil
	}}, nil
}

func tanh() (workload.Work, error)    { return unary(ag.Tanh) }
func exp() (workload.Work, error)     { return unary(ag.Exp) }
func sigmoid() (workload.Work, error) { return unary(ag.Sigmoid) }

func unary(f func(mat.Tensor) mat.Tensor) (workload.Work, error) {
	x := dense(workload.Uniform32(3, size*size), size, size)
	return probed[float32](func() mat.Matrix { return f(x).Value().(mat.Matrix) })
}

// softmax is a function of vectors.
func softmax() (workload.Work, error) {
	data := workload.Uniform32(3, size*size)
	rows, out := make([]mat.Matrix, size), make([]mat.Matrix, size)
	for i := range rows {
		rows[i] = dense(data[i*size:][:size], size, 1)
	}
	run := func() error {
		for i, row := range rows {
			out[i] = row.Softmax()
		}
		return nil
	}
	err := run()
	result := make([]float32, 0, size*size)
	for _, row := range out {
		result = append(result, mat.Data[float32](row)...)
	}
	return workload.Work{Check: workload.Probe(result), Run: run}, err
}
