package nn_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// wholeSet is examples for any loss, with a target of each kind.
type wholeSet struct {
	logits  v // probabilities too: [examples, 4]
	labels  []int
	targets v
	weights []float64
}

const wholeExamples = 11

func newWholeSet() wholeSet {
	rng := newRand(1)
	return wholeSet{
		logits:  autograd.Normal(rng, double, 0, 1, wholeExamples, 4).Sigmoid(),
		labels:  []int{1, 0, 3, -1, -5, -1, 2, 2, -1, 0, 3},
		targets: autograd.Normal(rng, double, 0, 1, wholeExamples, 4).Softmax(-1),
		weights: []float64{1, 2, 0, 0, 3, 1, 1, 0, 2, 1, 3},
	}
}

// target is that of some examples, by labels or by numbers.
func (w *wholeSet) target(kind string, weighted bool, examples []int) (x v, target nn.Target) {
	for _, i := range examples {
		if kind != "targets" {
			target.Labels = append(target.Labels, w.labels[i])
		}
		if weighted {
			target.Weights = append(target.Weights, w.weights[i])
		}
	}
	if kind == "targets" {
		target.Values = w.targets.IndexSelect(0, examples)
	}
	return w.logits.IndexSelect(0, examples), target
}

// wholeLosses is all losses of an output and a target, in several forms.
func wholeLosses() map[string]nn.Loss {
	classWeights := []float64{1, 0, 5, 0.5}
	losses := map[string]nn.Loss{}
	for _, row := range lossRows() {
		if row.of != nil {
			losses[row.name+fmt.Sprintf("%+v", row.of)] = row.of
		}
	}
	for _, r := range []nn.Reduction{nn.ReduceMean, nn.ReduceSum} {
		losses["weighted "+r.String()] = nn.CrossEntropy{Reduction: r, ClassWeights: classWeights, LabelSmoothing: 0.1}
		losses["NLL weighted "+r.String()] = nn.NLL{Reduction: r, ClassWeights: classWeights}
		losses["MSE "+r.String()] = nn.MSE{Reduction: r}
		losses["KLDiv "+r.String()] = nn.KLDiv{Reduction: r}
		losses["BCE "+r.String()] = nn.BCE{Reduction: r}
	}
	losses["ForLabels"] = nn.ForLabels(nn.CrossEntropyLoss)
	losses["ForTargets"] = nn.ForTargets(nn.BCEWithLogitsLoss)
	losses["default"] = nil
	return losses
}

// of is the loss of some examples whose logits a parameter [4] multiplies, with its divisor
// and its gradient. ok is false if it is a loss by the other kind of target, or without
// weights.
func (w *wholeSet) of(loss nn.Loss, kind string, weighted bool, examples []int) (value, divisor float64, grad []float64, ok bool) {
	scale := autograd.Parameter(autograd.Full(double, 0.9, 4))
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	x, target := w.target(kind, weighted, examples)
	output := tape.Const(x).Mul(scale)
	if kind == "binary" { // one output for each example, by labels 0 and 1
		output = output.Mean(1)
		for i, label := range target.Labels {
			target.Labels[i] = min(label, 1)
		}
	}
	err := autograd.Try(func() {
		var l v
		switch {
		case loss != nil:
			l, divisor = loss.Of(output, target)
		case kind == "labels":
			l, divisor = nn.CrossEntropy{}.Of(output, target)
		default:
			l, divisor = nn.MSE{}.Of(output, target)
		}
		value = l.Item()
		grads := l.Backward()
		grad = make([]float64, 4)
		if g, ok := grads.Lookup(scale); ok {
			copy(grad, g.Float64s())
		}
	})
	return value, divisor, grad, err == nil
}

// Whatever the size of batches, their losses and gradients, each times its divisor and
// divided by the sum of these, are those of all examples together.
func TestLossesOfAnyBatchSize(t *testing.T) {
	set := newWholeSet()
	var all []int
	for i := range wholeExamples {
		all = append(all, i)
	}
	tested := 0
	for _, kind := range []string{"labels", "targets", "binary"} {
		for _, weighted := range []bool{false, true} {
			for name, loss := range wholeLosses() {
				value, divisor, grad, ok := set.of(loss, kind, weighted, all)
				if !ok {
					continue
				}
				tested++
				if value-value != 0 || grad[0] == 0 {
					t.Fatalf("%s: loss %v, gradient %v", name, value, grad)
				}
				t.Run(fmt.Sprint(kind, " ", name, " weights ", weighted), func(t *testing.T) {
					for batch := 1; batch <= wholeExamples; batch++ {
						sum, divisors, grads := 0., 0., make([]float64, 4)
						for start := 0; start < wholeExamples; start += batch {
							l, d, g, _ := set.of(loss, kind, weighted, all[start:min(start+batch, wholeExamples)])
							factor := d
							if d == 0 {
								factor = 1
							}
							sum, divisors = sum+l*factor, divisors+d
							for i := range g {
								grads[i] += g[i] * factor
							}
						}
						if divisors != divisor {
							t.Errorf("batch size %d: the divisors sum up to %v, want %v", batch, divisors, divisor)
						}
						if divisors == 0 {
							divisors = 1
						}
						if !near(sum/divisors, value, 1e-12) {
							t.Errorf("batch size %d: %v, of all together it is %v", batch, sum/divisors, value)
						}
						for i, g := range grads {
							if !near(g/divisors, grad[i], 1e-12) {
								t.Errorf("batch size %d: gradient %v, of all together it is %v", batch, g/divisors, grad[i])
							}
						}
					}
					if weighted {
						set.checkRepeated(t, loss, kind)
					}
				})
			}
		}
	}
	if tested < 60 {
		t.Errorf("%d losses were tested", tested)
	}
}

// checkRepeated sees that an example of weight n is as n of them.
func (w *wholeSet) checkRepeated(t *testing.T, loss nn.Loss, kind string) {
	var repeated, all []int
	for i, weight := range w.weights {
		all = append(all, i)
		for range int(weight) {
			repeated = append(repeated, i)
		}
	}
	value, divisor, grad, _ := w.of(loss, kind, true, all)
	want, wantDivisor, wantGrad, ok := w.of(loss, kind, false, repeated)
	if !ok || !near(value, want, 1e-12) || divisor != wantDivisor {
		t.Errorf("with weights %v, divisor %v; repeated %v, %v", value, divisor, want, wantDivisor)
	}
	for i, g := range grad {
		if !near(g, wantGrad[i], 1e-12) {
			t.Errorf("with weights the gradient is %v, repeated %v", grad, wantGrad)
		}
	}
}

// Evaluate's loss, and the mean over the steps of an epoch, are that of all examples
// together too, whatever the batch size.
func TestMeansOfAnyBatchSize(t *testing.T) {
	identity := nn.Func(func(x autograd.Variable) autograd.Variable { return x.MulScalar(0.9) })
	eachLoss(t, func(t *testing.T, loss nn.Loss, set data.Dataset, want float64) {
		for batch := 1; batch <= wholeExamples; batch++ {
			model := doubles{identity}
			scores, err := nn.Evaluate(context.Background(), model, set, nn.EvaluateConfig{BatchSize: batch, Loss: loss})
			if err != nil {
				t.Fatal(err)
			}
			if got := score(t, scores, "loss"); !near(got, want, 1e-12) {
				t.Errorf("batch size %d: %v, of all together it is %v", batch, got, want)
			}
			history, err := nn.Fit(context.Background(), newStill(model), set, nn.FitConfig{BatchSize: batch, Loss: loss})
			if err != nil {
				t.Fatal(err)
			}
			if got := score(t, history.Epochs[0].Train, "loss"); !near(got, want, 1e-12) {
				t.Errorf("batch size %d: the mean of the epoch is %v, of all together it is %v", batch, got, want)
			}
		}
	})
}

// eachLoss calls f for each loss and each kind of target that it takes, with and without
// weights, with 11 examples of 4 numbers between 0 and 1, some labels of which are ignored,
// and what the loss makes of 0.9 times these numbers.
func eachLoss(t *testing.T, f func(t *testing.T, loss nn.Loss, set data.Dataset, want float64)) {
	set := newWholeSet()
	var all []int
	for i := range wholeExamples {
		all = append(all, i)
	}
	for _, kind := range []string{"labels", "targets"} {
		for _, weighted := range []bool{false, true} {
			arrays := &data.Arrays{X: data.NewArray(set.logits.Float64s(), wholeExamples, 4)}
			if kind == "labels" {
				arrays.Labels = set.labels
			} else {
				arrays.Y = data.NewArray(set.targets.Float64s(), wholeExamples, 4)
			}
			var examples data.Dataset = arrays
			if weighted {
				examples = &data.Weighted{Dataset: arrays, Weights: set.weights}
			}
			for name, loss := range wholeLosses() {
				if want, _, _, ok := set.of(loss, kind, weighted, all); ok {
					t.Run(fmt.Sprint(kind, " ", name, " weights ", weighted), func(t *testing.T) { f(t, loss, examples, want) })
				}
			}
		}
	}
}

// newStill is a layer with a parameter that never gets a gradient but 0: training leaves it.
func newStill(layer nn.Layer) nn.Layer {
	w := autograd.Parameter(autograd.Zeros(double, 1))
	return stillLayer{layer, w}
}

type stillLayer struct {
	nn.Layer
	w v
}

func (l stillLayer) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Weight("w", l.w)) }

func (l stillLayer) Forward(x v) v { return l.Layer.Forward(x).Add(x.Tape().Watch(l.w).MulScalar(0)) }

// doubles is a layer in float64.
type doubles struct{ nn.Layer }

func (doubles) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Buffer("zero", autograd.Zeros(double)))
}
