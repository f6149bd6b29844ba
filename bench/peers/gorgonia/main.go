// Gorgonia's graphs are static: they are built, differentiated and compiled once,
// and what is measured is running them.
package main

import (
	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

func main() {
	workload.Main(workload.Peer{
		Name:   "gorgonia",
		Module: "gorgonia.org/gorgonia",
		Remark: "TapeMachine on a compiled graph, AdamSolver; its tensor package for matmul and element-wise functions",
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
