package optim

import (
	"fmt"
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Optimizer changes parameters by their gradients. It belongs to one goroutine at a
// time, and while a step runs nobody else may use the parameters.
type Optimizer interface {
	// Step makes one step with the gradients of a loss. Parameters that grads does
	// not have are left alone; gradients of others are ignored. grads is not modified.
	Step(grads autograd.Gradients)

	// LR is the learning rate of the next step.
	LR() float64

	// SetLR changes the learning rate: schedules call it between steps. It panics
	// with [*autograd.ValueError] unless lr is finite and not negative.
	SetLR(lr float64)
}

// rate is the learning rate of an optimizer.
type rate struct{ lr float64 }

// LR is the learning rate of the next step.
func (r *rate) LR() float64 { return r.lr }

// SetLR changes the learning rate of the steps that follow. It panics with
// [*autograd.ValueError] unless lr is finite and not negative.
func (r *rate) SetLR(lr float64) {
	checkAtLeastZero("optim.SetLR", "learning rate", lr)
	r.lr = lr
}

// param is a parameter and what every optimizer needs of it.
type param struct {
	v     autograd.Variable
	w     tensor.Array // v's elements
	grad  tensor.Array // its gradient, while a step runs
	steps int          // how many steps had a gradient for it
}

// collect lists parameters, each once however often it is named.
func collect(op string, params iter.Seq2[string, autograd.Variable]) []param {
	var list []param
	seen := map[autograd.Variable]bool{}
	for name, v := range params {
		if !v.IsValid() || !v.IsParameter() {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%q is not a parameter: make it one with autograd.Parameter", name)})
		}
		if !seen[v] {
			seen[v] = true
			list = append(list, param{v: v, w: arrayOf(v)})
		}
	}
	if len(list) == 0 {
		panic(&autograd.ValueError{Op: op, Reason: "there are no parameters"})
	}
	return list
}

// begin takes p's gradient for a step; it reports false if there is none.
func (p *param) begin(grads autograd.Gradients) bool {
	g, ok := grads.Lookup(p.v)
	if !ok {
		return false
	}
	p.grad = arrayOf(g)
	p.steps++
	return true
}

// end lets go of the gradient, whose memory belongs to a tape.
func (p *param) end() { p.grad = tensor.Array{} }

// state is an array of zeros with an element for each of p's.
func (p *param) state() tensor.Array { return tensor.New(p.w.DType, p.w.Shape) }

// arrayOf is v's own elements.
func arrayOf(v autograd.Variable) tensor.Array {
	a := tensor.Array{DType: v.DType(), Shape: v.Shape()}
	if a.DType == autograd.Float32 {
		a.F32 = v.Float32s()
	} else {
		a.F64 = v.Float64s()
	}
	return a
}

// orDefault is x, or def if x is 0.
func orDefault(x, def float64) float64 {
	if x == 0 {
		return def
	}
	return x
}

func checkAtLeastZero(op, what string, x float64) {
	if !(x >= 0) || math.IsInf(x, 1) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the %s is %v, expected a finite number that is not negative", what, x)})
	}
}

func checkFraction(op, what string, x float64) {
	if !(x >= 0 && x < 1) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s is %v, expected a number from 0 to below 1", what, x)})
	}
}
