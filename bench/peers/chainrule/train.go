package main

import (
	"context"
	"math/rand/v2"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// trainer is a perceptron and its optimizer.
type trainer struct {
	tape  *autograd.Tape
	model nn.Sequential
	adam  optim.Optimizer
	loss  float64
}

func newTrainer(mlp workload.MLP, config nn.MLPConfig) *trainer {
	config.Sizes = mlp.Sizes
	t := &trainer{tape: autograd.NewTape(autograd.TapeConfig{Training: true}), model: nn.NewMLP(rand.New(rand.NewPCG(1, 2)), config)}
	layer := 0
	for name, w := range nn.Params(t.model) {
		if strings.HasSuffix(name, "weight") {
			copy(w.Float32s(), workload.Transposed(mlp.Weights(layer), mlp.Sizes[layer], mlp.Sizes[layer+1]))
			layer++
		} else {
			clear(w.Float32s())
		}
	}
	t.adam = optim.NewAdam(nn.Params(t.model), optim.AdamConfig{
		LR: workload.LearningRate, Betas: [2]float64{workload.Beta1, workload.Beta2}, Eps: workload.Epsilon,
	})
	return t
}

// step makes a step with this loss, for x on the tape.
func (t *trainer) step(x autograd.Variable, loss func(output autograd.Variable) autograd.Variable) {
	l := loss(t.model.Forward(x))
	t.loss = l.Item()
	t.adam.Step(l.Backward())
	t.tape.Reset()
}

// classify makes a step with cross-entropy.
func (t *trainer) classify(x autograd.Variable, labels []int) {
	t.step(x, func(output autograd.Variable) autograd.Variable { return nn.CrossEntropyLoss(output, labels) })
}

// check is the losses of three steps.
func (t *trainer) check(step func()) []float64 {
	var losses []float64
	for range 3 {
		step()
		losses = append(losses, t.loss)
	}
	return losses
}

func mnistEpoch(pixels workload.Pixels) (workload.Work, error) {
	digits, err := workload.LoadDigits()
	if err != nil {
		return workload.Work{}, err
	}
	images := &data.Images{Pixels: digits.Images, N: len(digits.Labels), Height: 28, Width: 28}
	for _, label := range digits.Labels {
		images.Labels = append(images.Labels, int(label))
	}
	if images = images.Flatten(); pixels != workload.Plain() {
		images = images.Standardize([]float64{workload.Mean}, []float64{workload.Std})
	}
	mlp := workload.MNIST()
	t := newTrainer(mlp, nn.MLPConfig{})
	train := func(batch *data.Batch) {
		x := t.tape.Bytes(batch.DType, batch.X.Bytes, batch.X.Scale, batch.X.Shift, batch.X.Shape...)
		t.classify(x, batch.Labels)
	}
	config := data.LoaderConfig{BatchSize: mlp.Batch, DropLast: true, KeepBytes: true}
	var check []float64
	for batch, err := range data.NewLoader(images, config).Batches(context.Background(), 0) {
		if err != nil {
			return workload.Work{}, err
		}
		check = t.check(func() { train(batch) })
		break
	}
	config.Shuffle = true
	loader := data.NewLoader(images, config)
	epoch := 0
	return workload.Work{Check: check, Run: func() error {
		for batch, err := range loader.Batches(context.Background(), epoch) {
			if err != nil {
				return err
			}
			train(batch)
		}
		epoch++
		return nil
	}}, nil
}

func largeStep() (workload.Work, error) {
	mlp := workload.Large()
	t := newTrainer(mlp, nn.MLPConfig{})
	x, labels := autograd.New(mlp.Inputs(), mlp.Batch, mlp.Sizes[0]), mlp.Labels()
	step := func() { t.classify(t.tape.Const(x), labels) }
	return workload.Work{Check: t.check(step), Run: func() error {
		step()
		return nil
	}}, nil
}

func xorStep() (workload.Work, error) {
	mlp := workload.XOR()
	t := newTrainer(mlp, nn.MLPConfig{Activation: nn.Tanh{}, Output: nn.Sigmoid{}})
	x, target := autograd.New(workload.XORInputs(), mlp.Batch, 2), autograd.New(workload.XORTargets(), mlp.Batch, 1)
	loss := func(output autograd.Variable) autograd.Variable { return nn.MSELoss(output, target) }
	step := func() { t.step(t.tape.Const(x), loss) }
	return workload.Work{Check: t.check(step), Run: func() error {
		step()
		return nil
	}}, nil
}
