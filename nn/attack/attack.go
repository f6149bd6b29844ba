// Package attack makes adversarial examples: inputs that were changed by little, so that a
// model gets them wrong. They measure how robust a model is, and train it to be so:
//
//	func (a *adversarial) Loss(s *nn.StepContext) autograd.Variable {
//		x := attack.PGD(a.model, s.X(), s.Batch.Labels, attack.PGDConfig{Epsilon: 0.1, High: 1, Seed: uint64(s.Step)})
//		output := a.model.Forward(s.Tape.Const(x))
//		s.Output(output)
//		return nn.CrossEntropyLoss(output, s.Batch.Labels)
//	}
//
// All attacks look for x′ of a great cross-entropy loss L(x′, label) among those with
//
//	|x′ᵢ − xᵢ| ≤ ε, low ≤ x′ᵢ ≤ high
//
// for a model whose outputs [batch, classes] are logits. Models behave as in inference, and
// are only read: any number of goroutines may attack one. The value of x counts alone: it may
// be on any tape or none. What is returned is a constant of x's shape that belongs to the
// caller.
//
// Mistakes panic with the typed errors of package autograd, as those of [nn.Layer] do:
// [*autograd.ValueError] for a nil model, an ε that is negative or not finite and a range that
// is none, [*autograd.ShapeError] if x has no axis, or there are not as many labels and rows of
// outputs as examples, [*autograd.IndexError] for a label that is no class, and
// [*autograd.TapeError] if no gradient flows from the output to x.
//
// What lives here: attacks. What does not: training (package nn).
package attack

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// FGSMConfig configures [FGSM].
type FGSMConfig struct {
	Epsilon   float64 // ε, the greatest change of an element; with 0 there is none
	Low, High float64 // the range of elements; both 0 for no limits

	// Targeted attacks make the loss small instead of great: labels are the classes that
	// the model is to see.
	Targeted bool
}

// FGSM is the fast gradient sign method (Goodfellow, Shlens and Szegedy 2015):
//
//	x′ = clamp(x + ε·sign ∂L/∂x)
//
// one step as far as it may go, of one gradient.
func FGSM(model nn.Layer, x autograd.Variable, labels []int, config FGSMConfig) autograd.Variable {
	a := newAttacker("attack.FGSM", model, x, labels, config)
	at := a.x.Clone()
	a.step(at, config.Epsilon)
	return at
}

// PGDConfig configures [PGD].
type PGDConfig struct {
	Epsilon   float64 // ε, the greatest change of an element; with 0 there is none
	Low, High float64 // the range of elements; both 0 for no limits
	Targeted  bool    // as in FGSMConfig

	Steps         int     // 0 means 10
	StepSize      float64 // of an element; 0 means 2.5·ε/Steps
	NoRandomStart bool    // begin at x, and not at a random place around it
	Seed          uint64  // of the place to begin at; example i has random numbers of its own
}

// PGD is projected gradient descent on the negative loss (Madry et al. 2018), from a uniformly
// random x₀ with |x₀ − x| ≤ ε:
//
//	x_{k+1} = project(x_k + α·sign ∂L/∂x_k)
//
// where project moves each element to the closest one that is allowed. It takes a gradient a
// step. Besides what the package's documentation says, it panics with [*autograd.ValueError] for
// negative Steps, and a StepSize that is negative or not finite.
func PGD(model nn.Layer, x autograd.Variable, labels []int, config PGDConfig) autograd.Variable {
	const op = "attack.PGD"
	a := newAttacker(op, model, x, labels, FGSMConfig{config.Epsilon, config.Low, config.High, config.Targeted})
	steps, size := config.Steps, config.StepSize
	if steps < 0 || !(size >= 0) || math.IsInf(size, 1) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Steps is %d, StepSize %v: expected no negative numbers", steps, size)})
	}
	steps = cmp.Or(steps, 10)
	size = cmp.Or(size, 2.5*config.Epsilon/float64(steps))
	at := a.x.Clone()
	if !config.NoRandomStart {
		moved, example := at.Floats(), at.Size()/len(labels)
		for i := range labels {
			random := rand.New(rand.NewPCG(config.Seed, uint64(i)))
			for e := i * example; e < (i+1)*example; e++ {
				moved[e] += config.Epsilon * (2*random.Float64() - 1)
			}
		}
		a.project(at, moved)
	}
	for range steps {
		a.step(at, size)
	}
	return at
}

// attacker is what an attack works with.
type attacker struct {
	model  nn.Layer
	x      autograd.Variable // a constant on no tape
	labels []int
	config FGSMConfig
	near   []float64 // x's elements
	tape   *autograd.Tape
}

func newAttacker(op string, model nn.Layer, x autograd.Variable, labels []int, c FGSMConfig) *attacker {
	switch {
	case model == nil:
		panic(&autograd.ValueError{Op: op, Reason: "the model is nil"})
	case !(c.Epsilon >= 0) || math.IsInf(c.Epsilon, 1):
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Epsilon is %v: expected no negative number", c.Epsilon)})
	case (c.Low != 0 || c.High != 0) && !(c.Low < c.High):
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Low is %v, High %v: expected a range", c.Low, c.High)})
	case x.Rank() == 0 || x.Size() == 0 || x.Dim(0) != len(labels):
		panic(&autograd.ShapeError{Op: op, Shapes: [][]int{x.Shape()}, Reason: fmt.Sprintf("expected examples for %d labels", len(labels))})
	}
	near := x.Floats()
	alone := autograd.Zeros(x.DType(), x.Shape()...)
	set(alone, near)
	return &attacker{model, alone, labels, c, near, autograd.NewTape(autograd.TapeConfig{})}
}

// step moves at by so much along the sign of the gradient.
func (a *attacker) step(at autograd.Variable, size float64) {
	a.tape.Reset()
	leaf := a.tape.Watch(at)
	loss := autograd.SoftmaxCrossEntropy(a.model.Forward(leaf), a.labels).Sum()
	gradient := loss.Backward(leaf).Of(leaf).Floats()
	if a.config.Targeted {
		size = -size
	}
	moved := at.Floats()
	for i, g := range gradient {
		switch {
		case g > 0:
			moved[i] += size
		case g < 0:
			moved[i] -= size
		}
	}
	a.tape.Reset()
	a.project(at, moved)
}

// project sets at to the closest elements that are allowed.
func (a *attacker) project(at autograd.Variable, moved []float64) {
	for i, m := range moved {
		m = min(max(m, a.near[i]-a.config.Epsilon), a.near[i]+a.config.Epsilon)
		if a.config.Low < a.config.High {
			m = min(max(m, a.config.Low), a.config.High)
		}
		moved[i] = m
	}
	set(at, moved)
}

// set writes elements to a constant.
func set(v autograd.Variable, elements []float64) {
	if v.DType() == autograd.Float64 {
		copy(v.Float64s(), elements)
		return
	}
	for i, e := range elements {
		v.Float32s()[i] = float32(e)
	}
}
