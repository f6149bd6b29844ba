package nn

import (
	"context"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// EMA is a [Callback] that keeps the exponential moving average of a model's parameters
// and buffers: after each step of training it takes in what they are. Fit validates with
// the averages, and leaves them in the model when the run ends, while training itself goes
// on with the weights as they are.
//
// Its state is saved in checkpoints. For loops of one's own there is [optim.NewEMA].
type EMA struct {
	NoCallback
	model   Module
	average *optim.Average
}

// NewEMA is an EMA of a model, or of an objective with all its parts. Arrays that do not
// change, as those of [Frozen] layers, are the same bits in the average; counters are not
// averaged. It panics with [*autograd.ValueError] as [optim.NewEMA] and [Walk] do.
func NewEMA(model Module, config optim.EMAConfig) *EMA {
	return &EMA{model: model, average: optim.NewEMA(arraysOf(model), config)}
}

// arraysOf yields the parameters and buffers of a model.
func arraysOf(model Module) iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for name, p := range Walk(model) {
			v := p.Param
			if (v == autograd.Variable{}) {
				v = p.Buffer
			}
			if (v != autograd.Variable{}) && !yield(name, v) {
				return
			}
		}
	}
}

// Average is the average that e keeps.
func (e *EMA) Average() *optim.Average { return e.average }

// Begin sees that the model is one that is trained.
func (e *EMA) Begin(t *Trainer) error { return checkTrained("nn.EMA", e.model, t) }

// checkTrained is the error of a callback for a model of which nothing is trained.
func checkTrained(op string, model Module, t *Trainer) error {
	has := map[autograd.Variable]bool{}
	for _, w := range t.params {
		has[w] = true
	}
	for _, w := range Params(model) {
		if has[w] {
			return nil
		}
	}
	return wrong(op, "none of the model's parameters is trained: it is another model")
}

// Step takes in the parameters and buffers as the step left them.
func (e *EMA) Step(*Step) error {
	e.average.Update()
	return nil
}

// Swap exchanges the parameters and buffers with their averages.
func (e *EMA) Swap(context.Context) error {
	e.average.Swap()
	return nil
}

// Finish leaves the averages in the model.
func (e *EMA) Finish(context.Context) error {
	e.average.Apply()
	return nil
}

// State yields the average.
func (e *EMA) State() iter.Seq2[string, autograd.Variable] { return e.average.State() }

// Restore takes over what State yielded.
func (e *EMA) Restore(state map[string]autograd.Variable) error { return e.average.Restore(state) }
