package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// PlateauConfig configures [NewPlateau].
type PlateauConfig struct {
	Factor    float64 // what the factor is multiplied by, below 1; 0 means 0.1
	Patience  int     // how many scores without improvement are tolerated; 0 means 10, None none
	Threshold float64 // the least improvement that counts, as a share of the best score; 0 means 1e-4
	Absolute  bool    // Threshold is a difference, not a share
	Maximize  bool    // greater scores are better: accuracies, not losses
	Cooldown  int     // how many scores after a reduction are not counted
	Min       float64 // the least factor
}

// Plateau multiplies the learning rate by a factor when a score, such as the loss on
// validation data, has stopped improving. As its factor depends on all scores so far it is
// no pure function of the step, and belongs to one goroutine at a time. A [Schedule] would
// overwrite what Set sets; for both at once,
//
//	optim.Product(schedule, func(int) float64 { return plateau.Factor() })
type Plateau struct {
	config   PlateauConfig
	factor   float64
	best     float64
	bad      float64 // scores since the best one
	cooldown float64 // scores that will not be counted
}

// NewPlateau is a Plateau that has seen no score. It panics with [*autograd.ValueError] if a
// number is not as documented.
func NewPlateau(config PlateauConfig) *Plateau {
	p := &Plateau{config: config.resolve("optim.NewPlateau"), factor: 1, best: math.Inf(1)}
	if config.Maximize {
		p.best = math.Inf(-1)
	}
	return p
}

func (c PlateauConfig) resolve(op string) PlateauConfig {
	s := settings{op, "PlateauConfig"}
	s.number(&c.Factor, "Factor", 0.1, fraction)
	s.integer(&c.Patience, "Patience", 10)
	s.number(&c.Threshold, "Threshold", 1e-4, nonNegative)
	s.integer(&c.Cooldown, "Cooldown", 0)
	s.number(&c.Min, "Min", 0, nonNegative)
	return c
}

// Observe takes a score into account and reports whether the factor was reduced. NaN is no
// improvement.
func (p *Plateau) Observe(score float64) bool {
	if p.improves(score) {
		p.best, p.bad = score, 0
	} else {
		p.bad++
	}
	if p.cooldown > 0 {
		p.cooldown--
		p.bad = 0
	}
	if p.bad <= float64(p.config.Patience) {
		return false
	}
	before := p.factor
	p.factor = max(p.factor*p.config.Factor, min(p.config.Min, p.factor))
	p.bad, p.cooldown = 0, float64(p.config.Cooldown)
	return p.factor < before
}

// improves reports whether a score is better than the best one by more than the threshold.
func (p *Plateau) improves(score float64) bool {
	margin := p.config.Threshold
	if math.IsInf(p.best, 0) {
		margin = 0
	} else if !p.config.Absolute {
		margin *= math.Abs(p.best)
	}
	if p.config.Maximize {
		return score > p.best+margin
	}
	return score < p.best-margin
}

// Factor is the factor of the learning rate, from 1 down.
func (p *Plateau) Factor() float64 { return p.factor }

// Set sets the Factor of groups.
func (p *Plateau) Set(groups ...*Group) {
	for _, g := range groups {
		g.Factor = p.factor
	}
}

// numbers yields all that changes, under its names in a state.
func (p *Plateau) numbers(yield func(string, *float64) bool) {
	_ = yield("factor", &p.factor) && yield("best", &p.best) && yield("bad", &p.bad) && yield("cooldown", &p.cooldown)
}

// State yields all that later factors depend on besides the configuration, as scalars of
// float64.
func (p *Plateau) State() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for name, x := range p.numbers {
			if !yield(name, autograd.Scalar(*x)) {
				return
			}
		}
	}
}

// Restore takes over what State yielded. If it does not fit, nothing is changed and the
// error is a [*StateError].
func (p *Plateau) Restore(state map[string]autograd.Variable) error {
	r := newRestoring(state)
	restored := *p
	for name, x := range restored.numbers {
		in := count
		switch x {
		case &restored.factor:
			in = share
		case &restored.best:
			in = anything
		}
		*x = r.number(name, in)
	}
	if err := r.err(); err != nil {
		return err
	}
	*p = restored
	return nil
}
