package optim

import (
	"fmt"
	"iter"
	"strconv"

	"gonum.org/v1/gonum/optimize"

	"github.com/chainrule-go/chainrule/autograd"
)

// LBFGSConfig configures [NewLBFGS].
type LBFGSConfig struct {
	LR              float64 // the first step that is tried along a direction; 0 means 1
	Iterations      int     // of a call of Minimize, at most; 0 means 20
	Evaluations     int     // of the loss along one direction, at most; 0 means 25
	History         int     // how many steps are remembered; 0 means 100
	GradTolerance   float64 // Minimize ends when no element of the gradient is greater; 0 means 1e-7
	ChangeTolerance float64 // and when neither an element nor the loss changes more; 0 means 1e-9
}

// LBFGS is the method of Broyden, Fletcher, Goldfarb and Shanno with limited memory (Nocedal
// 1980): an estimate of the second derivative, made of the last steps and what they did to
// the gradient, turns the gradient into a direction. It is for losses that are the same
// function of the parameters at every evaluation: of the whole data, without dropout.
//
// [LBFGS.Minimize] evaluates the loss along each direction until the strong Wolfe conditions
// hold. As an [Optimizer] it makes steps of the fixed rate. Its one group has neither
// Momentum nor WeightDecay. The state of each parameter is the last gradient "prev_grad", the
// last direction "d", and the remembered steps "old_stps.0" and changes of the gradient
// "old_dirs.0", the oldest first.
type LBFGS struct {
	engine *engine
	config LBFGSConfig
	w      vector // the parameters
	grad   vector // their gradient
	start  vector // the parameters where a search along a direction began

	prev, direction vector // of the last step: the gradient before it, and its direction
	rate            float64
	pairs           []pair // the oldest first
}

var _ Optimizer = (*LBFGS)(nil)

// pair is a step and what it did to the gradient.
type pair struct {
	step, change vector
	alpha        float64 // of the two loops
}

// NewLBFGS is an LBFGS optimizer of these parameters. It panics as [NewSGD] does.
func NewLBFGS(params iter.Seq2[string, autograd.Variable], config LBFGSConfig) *LBFGS {
	const op = "optim.NewLBFGS"
	c := config.resolve(op)
	e := newEngine(rule{op: op, defaults: Group{LR: c.LR}, fixedMomentum: true, fixedDecay: true}, params, nil)
	return &LBFGS{
		engine: e, config: c, w: e.weights(),
		grad: e.newVector(), start: e.newVector(), prev: e.newVector(), direction: e.newVector(),
	}
}

func (c LBFGSConfig) resolve(op string) LBFGSConfig {
	s := settings{op, "LBFGSConfig"}
	s.number(&c.LR, "LR", 1, nonNegative)
	s.integer(&c.Iterations, "Iterations", 20)
	s.integer(&c.Evaluations, "Evaluations", 25)
	s.integer(&c.History, "History", 100)
	s.number(&c.GradTolerance, "GradTolerance", 1e-7, nonNegative)
	s.number(&c.ChangeTolerance, "ChangeTolerance", 1e-9, nonNegative)
	return c
}

// Groups is the one group there is.
func (l *LBFGS) Groups() []*Group { return l.engine.Groups() }

// Step makes one step of the fixed rate, LR·Factor, along the direction that the gradients
// and the steps before give; the first is no longer than the rate. A gradient that is missing
// is 0. For what it panics with see [Optimizer].
func (l *LBFGS) Step(grads autograd.Gradients) {
	if grads.Len() == 0 {
		return
	}
	l.engine.check(l.engine.groups[0])
	l.checkOwn(grads)
	l.grad.set(l.w, grads)
	l.turn()
	l.start.scaled(l.w, 1)
	l.moveTo(l.firstRate())
	l.accept(l.firstRate())
}

// Minimize lowers the loss by up to config.Iterations steps and returns what it is then.
// evaluate computes the loss and its gradients for the parameters as they are; it is called
// with different ones, once or a few times a step, and may reset its tape every time:
//
//	loss, err := optimizer.Minimize(func() (float64, autograd.Gradients) {
//		tape.Reset()
//		loss := …
//		return loss.Item(), loss.Backward()
//	})
//
// The loss never rises: where no step lowers it, the parameters stay as they were. If it is
// not finite where Minimize begins, that is an error and nothing changes. For what Minimize
// panics with see [Optimizer].
func (l *LBFGS) Minimize(evaluate func() (loss float64, grads autograd.Gradients)) (loss float64, err error) {
	l.engine.check(l.engine.groups[0])
	measure := func() float64 {
		loss, grads := evaluate()
		if grads.Len() > 0 {
			l.checkOwn(grads)
		}
		l.grad.set(l.w, grads)
		return loss
	}
	loss = measure()
	if !isFinite(loss) || !isFinite(l.grad.greatest()) {
		return loss, fmt.Errorf("optim: LBFGS: the loss is %v and the greatest element of its gradient %v", loss, l.grad.greatest())
	}
	if l.engine.groups[0].Rate() == 0 {
		return loss, nil
	}
	for range l.config.Iterations {
		if l.grad.greatest() <= l.config.GradTolerance {
			break
		}
		before := loss
		if loss = l.search(measure, before); loss >= before {
			break
		}
		if before-loss <= l.config.ChangeTolerance && l.rate*l.direction.greatest() <= l.config.ChangeTolerance {
			break
		}
	}
	return loss, nil
}

// checkOwn panics if no gradient is of one of the parameters.
func (l *LBFGS) checkOwn(grads autograd.Gradients) {
	for _, w := range l.w {
		if _, ok := grads.Lookup(w); ok {
			return
		}
	}
	l.engine.panicForeign(grads)
}

// turn makes the direction of the next step, and returns the slope of the loss along it.
func (l *LBFGS) turn() float64 {
	l.remember()
	slope := l.twoLoops()
	if !(slope < 0) && len(l.pairs) > 0 { // the memory misleads
		l.pairs = l.pairs[:0]
		slope = l.twoLoops()
	}
	l.prev.scaled(l.grad, 1)
	return slope
}

// remember makes the last step and the gradient that it led to a pair.
func (l *LBFGS) remember() {
	if l.rate == 0 || l.config.History == 0 {
		return
	}
	var p pair
	if len(l.pairs) == l.config.History {
		p = l.pairs[0]
		copy(l.pairs, l.pairs[1:])
		l.pairs = l.pairs[:len(l.pairs)-1]
	} else {
		p = pair{step: l.engine.newVector(), change: l.engine.newVector()}
	}
	p.step.scaled(l.direction, l.rate)
	p.change.scaled(l.grad, 1)
	p.change.add(l.prev, -1)
	if p.step.dot(p.change) > 1e-10*p.change.dot(p.change) { // else the estimate would not be positive definite
		l.pairs = append(l.pairs, p)
	}
}

// twoLoops makes the direction −H·gradient with H as the pairs have it, and returns the
// slope along it.
func (l *LBFGS) twoLoops() float64 {
	d := l.direction
	d.scaled(l.grad, -1)
	for i := len(l.pairs) - 1; i >= 0; i-- {
		p := &l.pairs[i]
		p.alpha = p.step.dot(d) / p.step.dot(p.change)
		d.add(p.change, -p.alpha)
	}
	if n := len(l.pairs); n > 0 {
		last := &l.pairs[n-1]
		d.scaled(d, last.step.dot(last.change)/last.change.dot(last.change))
	}
	for i := range l.pairs {
		p := &l.pairs[i]
		beta := p.change.dot(d) / p.step.dot(p.change)
		d.add(p.step, p.alpha-beta)
	}
	return l.grad.dot(d)
}

// firstRate is the rate that is tried first: without memory no element moves by more than
// LR·Factor.
func (l *LBFGS) firstRate() float64 {
	rate := l.engine.groups[0].Rate()
	if len(l.pairs) == 0 {
		rate /= max(1, l.direction.greatest())
	}
	return rate
}

// search looks along a new direction for a step that satisfies the strong Wolfe conditions,
// makes it and returns the loss there; if no step lowers the loss it makes none.
func (l *LBFGS) search(measure func() float64, before float64) float64 {
	slope := l.turn()
	l.start.scaled(l.w, 1)
	if slope < 0 {
		if loss, rate := l.tryRates(measure, before, slope); loss < before {
			l.accept(rate)
			return loss
		}
	}
	l.moveTo(0)
	l.grad.scaled(l.prev, 1)
	l.pairs, l.rate = l.pairs[:0], 0
	return before
}

// tryRates returns the last loss that it measured, and the rate it belongs to.
func (l *LBFGS) tryRates(measure func() float64, before, slope float64) (loss, rate float64) {
	wolfe := optimize.MoreThuente{DecreaseFactor: 1e-4, CurvatureFactor: 0.9}
	next := l.firstRate()
	wolfe.Init(before, slope, next)
	loss = before
	for range l.config.Evaluations {
		rate = next
		l.moveTo(rate)
		loss = measure()
		if !isFinite(loss) || !isFinite(l.grad.greatest()) {
			next = rate / 10
			wolfe.Init(before, slope, next)
			continue
		}
		operation, step, err := wolfe.Iterate(loss, l.grad.dot(l.direction))
		if err != nil || operation == optimize.MajorIteration {
			break
		}
		next = step
	}
	return loss, rate
}

// moveTo sets the parameters to the point of this rate along the direction.
func (l *LBFGS) moveTo(rate float64) {
	l.w.scaled(l.start, 1)
	l.w.add(l.direction, rate)
	l.w.modified()
}

// accept counts a step of this rate.
func (l *LBFGS) accept(rate float64) {
	l.rate = rate
	for i := range l.engine.params {
		l.engine.params[i].steps++
	}
}

// State yields what [Optimizer] says.
func (l *LBFGS) State() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for name, v := range l.engine.State() {
			if !yield(name, v) {
				return
			}
		}
		if !yield("lbfgs.t", autograd.Scalar(l.rate)) || !yield("lbfgs.history", autograd.Scalar(float64(len(l.pairs)))) {
			return
		}
		for slot, v := range l.vectors(len(l.pairs)) {
			for i := range l.engine.params {
				if !yield(l.engine.params[i].name+"."+slot, v[i]) {
					return
				}
			}
		}
	}
}

// vectors yields all vectors of a state with so many pairs.
func (l *LBFGS) vectors(pairs int) iter.Seq2[string, vector] {
	return func(yield func(string, vector) bool) {
		if !yield("prev_grad", l.prev) || !yield("d", l.direction) {
			return
		}
		for i := range pairs {
			var p pair
			if i < len(l.pairs) {
				p = l.pairs[i]
			}
			if n := strconv.Itoa(i); !yield("old_stps."+n, p.step) || !yield("old_dirs."+n, p.change) {
				return
			}
		}
	}
}

// Restore takes over what State yielded.
func (l *LBFGS) Restore(state map[string]autograd.Variable) error {
	r := newRestoring(state)
	apply := l.engine.prepare(r)
	rate, pairs := r.number("lbfgs.t", nonNegative), r.number("lbfgs.history", upTo(l.config.History))
	for slot := range l.vectors(int(pairs)) {
		for i := range l.engine.params {
			r.array(l.engine.params[i].name+"."+slot, true, l.w[i].DType(), l.w[i].Shape())
		}
	}
	if err := r.err(); err != nil {
		return err
	}
	apply()
	l.rate = rate
	l.pairs = l.pairs[:0]
	for range int(pairs) {
		l.pairs = append(l.pairs, pair{step: l.engine.newVector(), change: l.engine.newVector()})
	}
	for slot, v := range l.vectors(int(pairs)) {
		for i := range l.engine.params {
			v[i].CopyFrom(state[l.engine.params[i].name+"."+slot])
		}
	}
	return nil
}
