package nn

import (
	"context"
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// SWAConfig configures [NewSWA]. The zero value averages from the first epoch on.
type SWAConfig struct {
	Start int // the first epoch whose weights count, from 0
	Every int // steps from one update of the average to the next; 0 means one at the end of each epoch
}

// SWA is a [Callback] for stochastic weight averaging (Izmailov et al. 2018): it keeps the
// mean of a model's weights at the end of epochs, of training at a rate that stays high or
// goes up and down. Fit validates with the mean, once there is one, and leaves it in the
// model when the run ends, while training itself goes on with the weights as they are.
//
// Running statistics of batch normalizations are not averaged but computed anew for the
// mean of the weights, by a pass over the training data as [UpdateBatchNorm] makes it:
// before each validation that comes after an update, and at the end.
//
// Its state is saved in checkpoints. For loops of one's own there are [optim.NewSWA] and
// UpdateBatchNorm.
type SWA struct {
	NoCallback
	model   Module
	config  SWAConfig
	average *optim.Average
	trainer *Trainer

	in       bool             // the averages are in the model
	current  bool             // the statistics beside the averages are of these
	counters map[*int64]int64 // the others': the model's if in, else those of the averages
}

// NewSWA is an SWA of a model, or of an objective with all its parts. It panics with
// [*autograd.ValueError] as [optim.NewSWA] and [Walk] do, or if a number of config is
// negative.
func NewSWA(model Module, config SWAConfig) *SWA {
	if config.Start < 0 || config.Every < 0 {
		panic(&autograd.ValueError{Op: "nn.NewSWA", Reason: fmt.Sprintf("Start is %d, Every is %d: expected no negative number", config.Start, config.Every)})
	}
	return &SWA{model: model, config: config, average: optim.NewSWA(arraysOf(model))}
}

// Average is the average that s keeps.
func (s *SWA) Average() *optim.Average { return s.average }

// Begin sees that the model is one that is trained.
func (s *SWA) Begin(t *Trainer) error {
	s.trainer = t
	return checkTrained("nn.SWA", s.model, t)
}

// Step takes in the weights if it is time.
func (s *SWA) Step(step *Step) error {
	due := step.Index == step.Total-1
	if s.config.Every > 0 {
		due = s.trainer.made%int64(s.config.Every) == 0
	}
	if due && step.Epoch >= s.config.Start {
		s.average.Update()
		s.current = false
	}
	return nil
}

// Swap exchanges the weights with their mean, the statistics of batch normalizations with
// those that belong to it.
func (s *SWA) Swap(ctx context.Context) error {
	if s.average.Updates() == 0 {
		return nil
	}
	s.exchange()
	if !s.in || s.current || s.trainer.loader == nil {
		return nil
	}
	if err := updateBatchNorm(ctx, s.model, s.trainer.objective, s.trainer.loader); err != nil {
		s.exchange()
		return fmt.Errorf("nn: SWA: %w", err)
	}
	s.current = true
	return nil
}

// exchange exchanges what is in the model with what is not.
func (s *SWA) exchange() {
	s.average.Swap()
	s.in = !s.in
	if s.counters == nil {
		s.counters = keepState(s.model).counters
	}
	for c, other := range s.counters {
		*c, s.counters[c] = other, *c
	}
}

// Finish leaves the mean in the model.
func (s *SWA) Finish(ctx context.Context) error {
	if s.average.Updates() == 0 {
		return nil
	}
	if err := s.Swap(ctx); err != nil { // which computes the statistics
		return err
	}
	counters := keepState(s.model).counters
	if err := s.Swap(ctx); err != nil {
		return err
	}
	s.average.Apply()
	for c, value := range counters {
		*c = value
	}
	return nil
}

// State yields the average.
func (s *SWA) State() iter.Seq2[string, autograd.Variable] { return s.average.State() }

// Restore takes over what State yielded.
func (s *SWA) Restore(state map[string]autograd.Variable) error {
	s.current = false // the statistics are computed again when they are needed
	return s.average.Restore(state)
}
