package nn

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// The learning rate as callbacks: a schedule where FitConfig.Schedule, which is by steps and
// for all parameters, does not do, and its reduction on a plateau.

// ScheduleConfig configures [NewSchedule]. The zero value goes by steps, for all groups.
type ScheduleConfig struct {
	Epochs bool           // the schedule counts epochs, not steps
	Groups []*optim.Group // of the optimizer that it is for; nil means all
}

// NewSchedule is a [Callback] that sets the factor of the learning rate by a schedule, of
// which there may be several for different groups. Counting is from the first step of all,
// also in a run that goes on from a checkpoint. It panics with [*autograd.ValueError] if the
// schedule is nil.
func NewSchedule(schedule optim.Schedule, config ScheduleConfig) Callback {
	if schedule == nil {
		panic(&autograd.ValueError{Op: "nn.NewSchedule", Reason: "the schedule is nil"})
	}
	return &scheduled{schedule: schedule, config: config}
}

type scheduled struct {
	NoCallback
	schedule optim.Schedule
	config   ScheduleConfig
	trainer  *Trainer
	groups   []*optim.Group
}

// Begin sets the factor of the first step.
func (s *scheduled) Begin(t *Trainer) error {
	if t.config.Schedule != nil {
		return wrong("nn.NewSchedule", "FitConfig.Schedule would overwrite what the schedule sets")
	}
	s.trainer, s.groups = t, groupsOf(t, s.config.Groups)
	s.set()
	return nil
}

// groupsOf is groups, or all of the optimizer's.
func groupsOf(t *Trainer, groups []*optim.Group) []*optim.Group {
	if groups == nil {
		return t.config.Optimizer.Groups()
	}
	return groups
}

// wrong is the error of a callback that does not fit the run.
func wrong(op, reason string) error {
	return fmt.Errorf("nn: %w", &autograd.ValueError{Op: op, Reason: reason})
}

// Step sets the factor of the step that comes next.
func (s *scheduled) Step(*Step) error {
	s.set()
	return nil
}

func (s *scheduled) set() {
	position := s.trainer.made
	if s.config.Epochs {
		position = s.trainer.epoch
	}
	s.schedule.Set(int(position), s.groups...)
}

// PlateauConfig configures [NewPlateau]. The zero value follows the loss on the validation
// data.
type PlateauConfig struct {
	Score    string // what to follow, such as "accuracy"; "" means the loss
	Training bool   // as measured in training, not on validation data

	Groups []*optim.Group // whose rate is reduced; nil means all
}

// Plateau is a [Callback] that reduces the learning rate when a score has stopped
// improving: it shows the score of each epoch to an [optim.Plateau], and sets its factor.
// Together with FitConfig.Schedule, which is for all groups then, the factors multiply. Its
// state is saved in checkpoints.
type Plateau struct {
	NoCallback
	plateau *optim.Plateau
	config  PlateauConfig
	watch   watch
	trainer *Trainer
}

// NewPlateau is a Plateau that reduces rates as plateau says, which says too whether a score
// is better when it is greater. It panics with [*autograd.ValueError] if plateau is nil.
func NewPlateau(plateau *optim.Plateau, config PlateauConfig) *Plateau {
	if plateau == nil {
		panic(&autograd.ValueError{Op: "nn.NewPlateau", Reason: "the plateau is nil"})
	}
	return &Plateau{plateau: plateau, config: config, watch: watch{"nn.Plateau", config.Score, config.Training}}
}

// Begin sees that there will be a score to follow.
func (p *Plateau) Begin(t *Trainer) error {
	if err := p.watch.check(t); err != nil {
		return err
	}
	p.trainer = t
	if schedule := t.config.Schedule; schedule != nil {
		if p.config.Groups != nil {
			return wrong("nn.Plateau", "with FitConfig.Schedule, which is for all groups, it cannot be for some: use NewSchedule")
		}
		t.config.Schedule = optim.Product(schedule, func(int) float64 { return p.plateau.Factor() })
		return nil
	}
	p.plateau.Set(groupsOf(t, p.config.Groups)...)
	return nil
}

// Epoch takes the epoch's score into account.
func (p *Plateau) Epoch(e *Epoch) error {
	score, err := p.watch.value(e)
	if err != nil {
		return err
	}
	p.plateau.Observe(score)
	if p.trainer.config.Schedule == nil {
		p.plateau.Set(groupsOf(p.trainer, p.config.Groups)...)
	}
	return nil
}

// State yields the state of the plateau.
func (p *Plateau) State() iter.Seq2[string, autograd.Variable] { return p.plateau.State() }

// Restore takes over what State yielded.
func (p *Plateau) Restore(state map[string]autograd.Variable) error { return p.plateau.Restore(state) }
