package main

import (
	"errors"
	"sync"

	"github.com/nlpodyssey/spago/ag"
	"github.com/nlpodyssey/spago/mat"
	"github.com/nlpodyssey/spago/nn"
	"github.com/nlpodyssey/spago/optimizers/adam"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// trainer is a perceptron and its optimizer.
type trainer struct {
	layers []layer
	params []*nn.Param
	ones   mat.Tensor // a column, one for each example
	adam   *adam.Adam
	value  float64 // of the last loss
}

type layer struct{ w, b *nn.Param }

func newTrainer(mlp workload.MLP) *trainer {
	t := &trainer{
		ones: dense(filled(mlp.Batch, 1), mlp.Batch, 1),
		adam: adam.New(adam.NewConfig(workload.LearningRate, workload.Beta1, workload.Beta2, workload.Epsilon)),
	}
	for i := range len(mlp.Sizes) - 1 {
		in, out := mlp.Sizes[i], mlp.Sizes[i+1]
		l := layer{nn.NewParam(dense(mlp.Weights(i), in, out)), nn.NewParam(dense(make([]float32, out), 1, out))}
		t.layers = append(t.layers, l)
		t.params = append(t.params, l.w, l.b)
	}
	return t
}

// linear is x·W + b. A product with a column of ones repeats the bias for each
// row, as there is no broadcasting.
func (t *trainer) linear(layer int, x mat.Tensor) mat.Tensor {
	l := t.layers[layer]
	return ag.Add(ag.Mul(x, l.w), ag.Mul(t.ones, l.b))
}

func (t *trainer) update(loss mat.Tensor) error {
	t.value = loss.Value().Item().F64()
	if err := ag.Backward(loss); err != nil {
		return err
	}
	err := t.optimize()
	t.adam.IncExample()
	return err
}

// optimize updates each parameter in a goroutine, as optimizers.Optimizer does; but
// that one returns before they are done, and what is learnt is then left to chance.
func (t *trainer) optimize() error {
	errs := make([]error, len(t.params))
	var wg sync.WaitGroup
	for i, param := range t.params {
		wg.Go(func() { errs[i] = t.adam.OptimizeParams(param) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// classifier makes a step of a perceptron with ReLU and cross-entropy. Its
// operators know softmax and log-sum-exp of single vectors only; here sums of rows
// are products with a column of ones. No maximum is subtracted from the logits
// before the exponential, as they are small.
type classifier struct {
	*trainer
	x, y      mat.Tensor
	classOnes mat.Tensor
}

func newClassifier(mlp workload.MLP, x, y []float32) *classifier {
	const classes = 10
	return &classifier{newTrainer(mlp), dense(x, mlp.Batch, mlp.Sizes[0]), dense(y, mlp.Batch, classes),
		dense(filled(classes, 1), classes, 1)}
}

func (c *classifier) step() error {
	h := c.x
	for i := range c.layers {
		h = c.linear(i, h)
		if i < len(c.layers)-1 {
			h = ag.ReLU(h)
		}
	}
	logSumExp := ag.Log(ag.Mul(ag.Exp(h), c.classOnes))
	chosen := ag.Mul(ag.Prod(h, c.y), c.classOnes)
	return c.update(ag.ReduceMean(ag.Sub(logSumExp, chosen)))
}

// check is the losses of three steps.
func (t *trainer) check(step func() error) ([]float64, error) {
	var losses []float64
	for range 3 {
		if err := step(); err != nil {
			return nil, err
		}
		losses = append(losses, t.value)
	}
	return losses, nil
}

func mnistEpoch(pixels workload.Pixels) (workload.Work, error) {
	digits, err := workload.LoadDigits()
	if err != nil {
		return workload.Work{}, err
	}
	mlp := workload.MNIST()
	loader := workload.NewLoader(digits, pixels, mlp.Batch)
	labels := make([]int, mlp.Batch)
	x, y := make([]float32, mlp.Batch*mlp.Sizes[0]), make([]float32, mlp.Batch*10)
	read := func(i int) {
		loader.Read(i, x, labels)
		workload.OneHotInto(y, labels, 10)
	}
	read(0)
	c := newClassifier(mlp, x, y)
	check, err := c.check(c.step)
	return workload.Work{Check: check, Run: func() error {
		loader.Shuffle()
		for i := range loader.Batches() {
			read(i)
			if err := c.step(); err != nil {
				return err
			}
		}
		return nil
	}}, err
}

func largeStep() (workload.Work, error) {
	mlp := workload.Large()
	c := newClassifier(mlp, mlp.Inputs(), workload.OneHot(mlp.Labels(), 10))
	check, err := c.check(c.step)
	return workload.Work{Check: check, Run: c.step}, err
}

func xorStep() (workload.Work, error) {
	mlp := workload.XOR()
	t := newTrainer(mlp)
	x, target := dense(workload.XORInputs(), mlp.Batch, 2), dense(workload.XORTargets(), mlp.Batch, 1)
	step := func() error {
		h := ag.Tanh(t.linear(0, x))
		y := ag.Sigmoid(t.linear(1, h))
		return t.update(ag.ReduceMean(ag.Square(ag.Sub(y, target))))
	}
	check, err := t.check(step)
	return workload.Work{Check: check, Run: step}, err
}

func scalarChain() (workload.Work, error) {
	x := mat.Scalar(workload.ChainStart, mat.WithGrad(true))
	var y mat.Tensor
	run := func() error {
		x.ZeroGrad()
		y = x
		for range workload.ChainLinks {
			y = ag.Tanh(ag.Sin(ag.Add(ag.Prod(y, x), x)))
		}
		return ag.Backward(y)
	}
	if err := run(); err != nil {
		return workload.Work{}, err
	}
	return workload.Work{Check: []float64{y.Value().Item().F64(), x.Grad().Item().F64()}, Run: run}, nil
}

func filled(n int, value float32) []float32 {
	xs := make([]float32, n)
	for i := range xs {
		xs[i] = value
	}
	return xs
}
