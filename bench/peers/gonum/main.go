// Gonum has no differentiation and no element-wise functions of float32: it is
// compared in matrix products only.
package main

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

func main() {
	workload.Main(workload.Peer{
		Name:    "gonum",
		Module:  "gonum.org/v1/gonum",
		Remark:  "blas32.Gemm and blas64.Gemm, pure Go",
		Missing: "it does not differentiate, and has no element-wise functions of float32",
		Makers: map[string]workload.Maker{
			workload.MatMul32: matmul32,
			workload.MatMul64: matmul64,
		},
	})
}

const size = workload.Size

func matmul32() (workload.Work, error) {
	a := blas32.General{Rows: size, Cols: size, Stride: size, Data: workload.Uniform32(1, size*size)}
	b := blas32.General{Rows: size, Cols: size, Stride: size, Data: workload.Uniform32(2, size*size)}
	c := blas32.General{Rows: size, Cols: size, Stride: size, Data: make([]float32, size*size)}
	run := func() error {
		blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, b, 0, c)
		return nil
	}
	err := run()
	return workload.Work{Check: workload.Probe(c.Data), Run: run}, err
}

func matmul64() (workload.Work, error) {
	a := blas64.General{Rows: size, Cols: size, Stride: size, Data: workload.Uniform(1, size*size)}
	b := blas64.General{Rows: size, Cols: size, Stride: size, Data: workload.Uniform(2, size*size)}
	c := blas64.General{Rows: size, Cols: size, Stride: size, Data: make([]float64, size*size)}
	run := func() error {
		blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, a, b, 0, c)
		return nil
	}
	err := run()
	return workload.Work{Check: workload.Probe(c.Data), Run: run}, err
}
