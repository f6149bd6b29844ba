package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// solver solves dy/dt = f(y) by the method of Dormand and Prince (1980): seven evaluations of
// f make a step of fifth order, and what one of fourth order would give tells its error,
// which is kept below tolerance·(1 + |y|) in each element.
type solver struct {
	f         func(y v) v
	tolerance float64
}

// The tableau: stage i starts from y + h·Σ stages[i][j]·kⱼ, and the last is the result.
var stages = [][]float64{
	{},
	{1. / 5},
	{3. / 40, 9. / 40},
	{44. / 45, -56. / 15, 32. / 9},
	{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
	{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
	{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
}

// errorWeights are those of fifth less those of fourth order.
var errorWeights = []float64{71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40}

// step is y after a time h, and an estimate of its error. All of it is operations, and so
// can be differentiated.
func (s solver) step(y v, h float64) (next, err v) {
	var k []v
	for _, weights := range stages {
		next = y.Add(combine(weights, k, h))
		k = append(k, s.f(next))
	}
	return next, combine(errorWeights, k, h)
}

// combine is h·Σ weightsⱼ·kⱼ.
func combine(weights []float64, k []v, h float64) v {
	sum := autograd.Scalar(0.)
	for j, w := range weights {
		if w != 0 {
			sum = sum.Add(k[j].MulScalar(w * h))
		}
	}
	return sum
}

// plan finds steps from y that make up duration, which may be negative: all values, no
// derivatives. It also returns where they lead.
func (s solver) plan(y v, duration float64) (steps []float64, end v, err error) {
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	y = y.Clone()
	for h, done := duration/8, 0.0; math.Abs(done) < math.Abs(duration); {
		if math.Abs(h) > math.Abs(duration-done) {
			h = duration - done
		}
		if done+h == done {
			return nil, v{}, fmt.Errorf("the solver's step became %v at time %v: the equation is too stiff, or not finite", h, done)
		}
		next, estimate := s.step(tape.Const(y), h)
		worst := 0.0
		for i, e := range estimate.Float64s() {
			r := math.Abs(e) / (s.tolerance * (1 + math.Abs(next.Float64s()[i])))
			if !(r <= worst) {
				worst = r // NaN stays
			}
		}
		if worst <= 1 {
			steps, done = append(steps, h), done+h
			if y = next.Clone(); math.Abs(duration-done) < 1e-14*math.Abs(duration) {
				done = duration
			}
		}
		factor := 0.9 * math.Pow(worst, -0.2)
		if !(factor > 0.2) {
			factor = 0.2
		}
		h *= min(factor, 5)
		tape.Reset()
	}
	return steps, y, nil
}

// trajectory solves from y [n, 2], recorded on its tape, and returns the states at equal
// intervals. Steps are planned first and then taken, each a Checkpoint: the tape keeps the
// states between steps and not the seven stages of each, which the backward pass computes
// again. The gradient is that of the numbers computed: discretize, then differentiate.
func (s solver) trajectory(y v, interval float64, count int) ([]v, error) {
	var states []v
	for range count {
		steps, _, err := s.plan(y.Detach(), interval)
		if err != nil {
			return nil, err
		}
		for _, h := range steps {
			y = autograd.Checkpoint(func(xs []v) v {
				next, _ := s.step(xs[0], h)
				return next
			}, y)
		}
		states = append(states, y)
	}
	return states, nil
}

// adjoint is the same gradient without a tape of the way there (Chen, Rubanova, Bettencourt
// and Duvenaud 2018): the sensitivity a = ∂L/∂y obeys da/dt = −aᵀ·∂f/∂y, the gradient of
// the parameters collects aᵀ·∂f/∂w, and both are solved backwards in time together with y.
// At the time of states[i] the loss adds upstream[i] to a. It differentiates first and
// discretizes then, and agrees as far as the solver's tolerance goes.
func (s solver) adjoint(states, upstream []v, interval float64, params []v) ([]v, error) {
	shape, n := states[0].Shape(), states[0].Size()
	total := 2 * n
	for _, w := range params {
		total += w.Size()
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	augmented := solver{tolerance: s.tolerance, f: func(z v) v { // z is y, a and the gradients, one after the other
		defer tape.Reset()
		y := tape.Watch(autograd.New(z.Float64s()[:n:n], shape...))
		a := autograd.New(z.Float64s()[n:2*n:2*n], shape...)
		dy := s.f(y)
		grads := dy.BackwardWith(a, append([]v{y}, params...)...)
		rates := append(append(make([]float64, 0, total), dy.Float64s()...), grads.Of(y).Neg().Float64s()...)
		for _, w := range params {
			rates = append(rates, grads.Of(w).Neg().Float64s()...)
		}
		return autograd.New(rates)
	}}
	z := autograd.Zeros(autograd.Float64, total)
	for i := len(states) - 1; i >= 0; i-- {
		copy(z.Float64s(), states[i].Float64s())
		for j, g := range upstream[i].Float64s() {
			z.Float64s()[n+j] += g
		}
		var err error
		if _, z, err = augmented.plan(z, -interval); err != nil {
			return nil, err
		}
	}
	var grads []v
	rest := z.Float64s()[2*n:]
	for _, w := range params {
		grads = append(grads, autograd.New(append([]float64{}, rest[:w.Size()]...), w.Shape()...))
		rest = rest[w.Size():]
	}
	return grads, nil
}

// spiral is dy/dt = y³·A, element-wise, with which the authors above show the method.
type spiral struct {
	hidden  int
	horizon int // intervals of the pieces that are learned
	adam    int // steps
	lbfgs   int // steps
}

var fullSpiral = spiral{hidden: 48, horizon: 20, adam: 500, lbfgs: 800}

const (
	spiralInterval = 0.05
	spiralPoints   = 401 // 20 units of time
)

var spiralStart = []float64{2, 0}

// truth is the spiral's states at the intervals, [points, 2], solved with a small tolerance.
func truth() (v, error) {
	a := autograd.New([]float64{-0.1, 2, -2, -0.1}, 2, 2)
	s := solver{func(y v) v { return y.Square().Mul(y).MatMul(a) }, 1e-10}
	return s.states()
}

// states are the solver's from the spiral's start, [points, 2].
func (s solver) states() (v, error) {
	y := autograd.New(spiralStart, 1, 2)
	all := []v{y}
	for range spiralPoints - 1 {
		var err error
		if _, y, err = s.plan(y, spiralInterval); err != nil {
			return v{}, err
		}
		all = append(all, y)
	}
	return autograd.Concat(0, all...), nil
}

// newField is a network as the right-hand side of an equation.
func newField(rng *rand.Rand, hidden int) (nn.Sequential, func(y v) v) {
	model := nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{2, hidden, hidden, 2}, Activation: nn.Tanh{}, DType: autograd.Float64, Init: nn.GlorotNormal})
	return model, model.Forward
}

// loss is the mean square of what the solver misses in pieces of the spiral: from the points
// where they begin, all at once, it must come past those that follow.
func (p spiral) loss(tape *autograd.Tape, s solver, points v) (v, error) {
	var next []int
	for i := 0; i+p.horizon < spiralPoints; i += p.horizon {
		next = append(next, i)
	}
	states, err := s.trajectory(tape.Const(points.IndexSelect(0, next)), spiralInterval, p.horizon)
	loss := autograd.Scalar(0.)
	for _, y := range states {
		for i := range next {
			next[i]++
		}
		loss = loss.Add(y.Sub(points.IndexSelect(0, next)).Square().Mean())
	}
	return loss.DivScalar(float64(p.horizon)), err
}

// learn fits a network, first by Adam and then by L-BFGS.
func (p spiral) learn(ctx context.Context, model nn.Module, s solver, points v, log io.Writer) error {
	optimizer := optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 1e-2})
	schedule := optim.Cosine(p.adam, 0.1)
	tape := autograd.NewTape(autograd.TapeConfig{})
	for step := range p.adam {
		tape.Reset()
		loss, err := p.loss(tape, s, points)
		if err = cmp.Or(context.Cause(ctx), err); err != nil {
			return err
		}
		schedule.Set(step, optimizer.Groups()...)
		optimizer.Step(loss.Backward())
		if step%100 == 0 {
			fmt.Fprintf(log, "Adam   %5d: mean square of what the trajectory misses %.2e\n", step, loss.Item())
		}
	}
	return minimize(ctx, model, p.lbfgs, log, "of what the trajectory misses", func(tape *autograd.Tape) (v, error) { return p.loss(tape, s, points) })
}
