package main

import (
	"context"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/simd"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// trainer is a perceptron and its optimizer.
type trainer struct {
	tape   *autograd.Tape
	params []autograd.Variable // weight and bias of each layer
	m, v   [][]float32
	steps  int
	loss   float64
}

func newTrainer(mlp workload.MLP) *trainer {
	t := &trainer{tape: autograd.NewTape(autograd.Training)}
	for i := range len(mlp.Sizes) - 1 {
		in, out := mlp.Sizes[i], mlp.Sizes[i+1]
		weight := autograd.New(workload.Transposed(mlp.Weights(i), in, out), out, in)
		t.params = append(t.params, autograd.Parameter(weight), autograd.Parameter(autograd.Zeros(autograd.Float32, out)))
	}
	for _, p := range t.params {
		t.m = append(t.m, make([]float32, p.Size()))
		t.v = append(t.v, make([]float32, p.Size()))
	}
	return t
}

func (t *trainer) linear(layer int, x autograd.Variable) autograd.Variable {
	return autograd.Linear(x, t.params[2*layer], t.params[2*layer+1])
}

func (t *trainer) update(loss autograd.Variable) {
	t.loss = loss.Item()
	grads := loss.Backward()
	t.steps++
	adam := simd.AdamParams{
		LR: workload.LearningRate, Beta1: workload.Beta1, Beta2: workload.Beta2, Eps: workload.Epsilon,
		BiasCorrection1: 1 - math.Pow(workload.Beta1, float64(t.steps)),
		BiasCorrection2: 1 - math.Pow(workload.Beta2, float64(t.steps)),
	}
	for i, p := range t.params {
		simd.Adam(p.Float32s(), t.m[i], t.v[i], grads.Of(p).Float32s(), adam)
	}
	t.tape.Reset()
}

// classify makes a step with ReLU and cross-entropy.
func (t *trainer) classify(x autograd.Variable, labels []int) {
	h := t.tape.Const(x)
	for i := range len(t.params) / 2 {
		if i > 0 {
			h = h.ReLU()
		}
		h = t.linear(i, h)
	}
	t.update(autograd.SoftmaxCrossEntropy(h, labels).Mean())
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

func mnistEpoch() (workload.Work, error) {
	digits, err := workload.LoadDigits()
	if err != nil {
		return workload.Work{}, err
	}
	images := &data.Images{Pixels: digits.Images, N: len(digits.Labels), Height: 28, Width: 28}
	for _, label := range digits.Labels {
		images.Labels = append(images.Labels, int(label))
	}
	mlp := workload.MNIST()
	t := newTrainer(mlp)
	config := data.LoaderConfig{BatchSize: mlp.Batch, DropLast: true}
	var check []float64
	for batch, err := range data.NewLoader(images.Flatten(), config).Batches(context.Background(), 0) {
		if err != nil {
			return workload.Work{}, err
		}
		x := autograd.New(batch.X.Float32s, batch.X.Shape...)
		check = t.check(func() { t.classify(x, batch.Labels) })
		break
	}
	config.Shuffle = true
	loader := data.NewLoader(images.Flatten(), config)
	epoch := 0
	return workload.Work{Check: check, Run: func() error {
		for batch, err := range loader.Batches(context.Background(), epoch) {
			if err != nil {
				return err
			}
			t.classify(autograd.New(batch.X.Float32s, batch.X.Shape...), batch.Labels)
		}
		epoch++
		return nil
	}}, nil
}

func largeStep() (workload.Work, error) {
	mlp := workload.Large()
	t := newTrainer(mlp)
	x, labels := autograd.New(mlp.Inputs(), mlp.Batch, mlp.Sizes[0]), mlp.Labels()
	step := func() { t.classify(x, labels) }
	return workload.Work{Check: t.check(step), Run: func() error {
		step()
		return nil
	}}, nil
}

func xorStep() (workload.Work, error) {
	mlp := workload.XOR()
	t := newTrainer(mlp)
	x, target := autograd.New(workload.XORInputs(), mlp.Batch, 2), autograd.New(workload.XORTargets(), mlp.Batch, 1)
	step := func() {
		h := t.linear(0, t.tape.Const(x)).Tanh()
		t.update(t.linear(1, h).Sigmoid().Sub(target).Square().Mean())
	}
	return workload.Work{Check: t.check(step), Run: func() error {
		step()
		return nil
	}}, nil
}
