package main

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/nn"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// trainer is a graph that makes a training step of a perceptron.
type trainer struct {
	exec  *model.Exec
	value float64 // of the last loss
}

// newTrainer compiles a step. hidden is the function between the layers, and lossOf
// gives the loss of what the last layer puts out; a sigmoid there is lossOf's part,
// as nn.Dense knows ReLU and tanh but leaves a sigmoid out.
func newTrainer(mlp workload.MLP, hidden activation.Type, lossOf func(y, target *graph.Node) *graph.Node) (*trainer, error) {
	store := model.NewStore()
	adam := optimizer.Adam().LearningRate(workload.LearningRate).
		Betas(workload.Beta1, workload.Beta2).Epsilon(workload.Epsilon).Done()
	layers := len(mlp.Sizes) - 1
	for i := range layers {
		in, out := mlp.Sizes[i], mlp.Sizes[i+1]
		scope := store.RootScope().In("layer%d", i)
		scope.VariableWithValue("w", matrix(mlp.Weights(i), in, out))
		scope.VariableWithValue("b", make([]float32, out))
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, x, target *graph.Node) *graph.Node {
		g, h := x.Graph(), x
		for i := range layers {
			path := fmt.Sprintf("/layer%d/", i)
			w, b := store.GetVariable(path+"w").NodeValue(g), store.GetVariable(path+"b").NodeValue(g)
			if i == layers-1 {
				h = nn.Dense(h, w, b)
			} else {
				h = nn.Dense(h, w, b, hidden)
			}
		}
		value := lossOf(h, target)
		adam.UpdateGraph(scope, g, value)
		return value
	})
	return &trainer{exec: exec}, err
}

func (t *trainer) step(x, target *tensors.Tensor) error {
	results, err := t.exec.Call(x, target)
	if err != nil {
		return err
	}
	t.value = float64(tensors.ToScalar[float32](results[0]))
	return finalize(results...)
}

// check is the losses of three steps.
func (t *trainer) check(x, target *tensors.Tensor) ([]float64, error) {
	var losses []float64
	for range 3 {
		if err := t.step(x, target); err != nil {
			return nil, err
		}
		losses = append(losses, t.value)
	}
	return losses, nil
}

func newClassifier(mlp workload.MLP) (*trainer, error) {
	return newTrainer(mlp, activation.TypeRelu, func(logits, labels *graph.Node) *graph.Node {
		return loss.SparseCategoricalCrossEntropyLogits([]*graph.Node{labels}, []*graph.Node{logits})
	})
}

func mnistEpoch(pixels workload.Pixels) (workload.Work, error) {
	digits, err := workload.LoadDigits()
	if err != nil {
		return workload.Work{}, err
	}
	mlp := workload.MNIST()
	t, err := newClassifier(mlp)
	if err != nil {
		return workload.Work{}, err
	}
	loader := workload.NewLoader(digits, pixels, mlp.Batch)
	classes := make([]int, mlp.Batch)
	x := matrix(make([]float32, mlp.Batch*mlp.Sizes[0]), mlp.Batch, mlp.Sizes[0])
	labels := matrix(make([]int32, mlp.Batch), mlp.Batch, 1)
	read := func(i int) error {
		err := tensors.MutableFlatData(x, func(pixels []float32) { loader.Read(i, pixels, classes) })
		if err != nil {
			return err
		}
		return tensors.MutableFlatData(labels, func(flat []int32) { narrow(flat, classes) })
	}
	if err := read(0); err != nil {
		return workload.Work{}, err
	}
	check, err := t.check(x, labels)
	return workload.Work{Check: check, Run: func() error {
		loader.Shuffle()
		for i := range loader.Batches() {
			if err := read(i); err != nil {
				return err
			}
			if err := t.step(x, labels); err != nil {
				return err
			}
		}
		return nil
	}}, err
}

func largeStep() (workload.Work, error) {
	mlp := workload.Large()
	t, err := newClassifier(mlp)
	if err != nil {
		return workload.Work{}, err
	}
	classes := make([]int32, mlp.Batch)
	narrow(classes, mlp.Labels())
	x, labels := matrix(mlp.Inputs(), mlp.Batch, mlp.Sizes[0]), matrix(classes, mlp.Batch, 1)
	check, err := t.check(x, labels)
	return workload.Work{Check: check, Run: func() error { return t.step(x, labels) }}, err
}

func xorStep() (workload.Work, error) {
	mlp := workload.XOR()
	t, err := newTrainer(mlp, activation.TypeTanh, func(logits, target *graph.Node) *graph.Node {
		return graph.ReduceAllMean(graph.Square(graph.Sub(graph.Sigmoid(logits), target)))
	})
	if err != nil {
		return workload.Work{}, err
	}
	x, target := matrix(workload.XORInputs(), mlp.Batch, 2), matrix(workload.XORTargets(), mlp.Batch, 1)
	check, err := t.check(x, target)
	return workload.Work{Check: check, Run: func() error { return t.step(x, target) }}, err
}

func narrow(to []int32, from []int) {
	for i, x := range from {
		to[i] = int32(x)
	}
}
