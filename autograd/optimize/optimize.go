// Package optimize lets gonum's optimizers run on exact derivatives: it turns a Go
// function of Variables into an optimize.Problem of gonum.org/v1/gonum/optimize,
// with value, gradient and Hessian by automatic differentiation, so that L-BFGS,
// Newton's method and the rest need no derivatives written by hand and no finite
// differences.
//
//	problem := optimize.Problem(func(x autograd.Variable) autograd.Variable { … })
//	result, err := gonum.Minimize(problem, start, nil, &gonum.LBFGS{})
//
// What lives here: the bridge. What does not: optimizers for training in
// mini-batches, which are in nn/optim.
package optimize

import (
	"sync"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/chainrule-go/chainrule/autograd"
)

// Problem is the minimization of f, a function of a vector [n] of float64 whose
// result has one element. Grad costs one backward pass and Hess n of them; gonum
// calls Hess only for methods that use it.
//
// f is called on tapes of its own making; the Problem may be used by several
// goroutines at a time if f may. f panics through, as any of its operations does.
func Problem(f func(x autograd.Variable) autograd.Variable) optimize.Problem {
	p := &problem{f: f}
	return optimize.Problem{Func: p.value, Grad: p.gradient, Hess: p.hessian}
}

type problem struct {
	f        func(x autograd.Variable) autograd.Variable
	forward  sync.Pool // tapes that record nothing
	backward sync.Pool // tapes that record
}

// tapeOf takes a tape from pool, or makes one.
func tapeOf(pool *sync.Pool, config autograd.TapeConfig) *autograd.Tape {
	if t, ok := pool.Get().(*autograd.Tape); ok {
		return t
	}
	return autograd.NewTape(config)
}

func giveBack(pool *sync.Pool, t *autograd.Tape) {
	t.Reset()
	pool.Put(t)
}

func (p *problem) value(x []float64) float64 {
	tape := tapeOf(&p.forward, autograd.TapeConfig{NoGrad: true})
	defer giveBack(&p.forward, tape)
	return p.f(tape.Const(autograd.New(x))).Item()
}

func (p *problem) gradient(grad, x []float64) {
	tape := tapeOf(&p.backward, autograd.TapeConfig{})
	defer giveBack(&p.backward, tape)
	leaf := tape.Watch(autograd.New(x))
	y := p.f(leaf)
	if !y.Tracked() { // f does not depend on x
		clear(grad)
		return
	}
	copy(grad, y.Backward().Of(leaf).Float64s())
}

func (p *problem) hessian(hess *mat.SymDense, x []float64) {
	h := autograd.Hessian(p.f, autograd.New(x)).Float64s()
	n := len(x)
	for i := range n {
		for j := i; j < n; j++ {
			hess.SetSym(i, j, (h[i*n+j]+h[j*n+i])/2)
		}
	}
}

// OverParameters is the minimization of loss over the elements of params, all of
// float64, taken together as one vector in order: for fitting a model by a method
// that sees all data at once. loss records the model's loss on the tape it is
// given. Evaluating the problem writes to params, so it is not for concurrent use.
//
// start is the present value of params. After minimizing, set puts the optimum in
// place:
//
//	problem, start, set := optimize.OverParameters(params, loss)
//	result, err := gonum.Minimize(problem, start, nil, &gonum.LBFGS{})
//	set(result.X)
func OverParameters(params []autograd.Variable, loss func(tape *autograd.Tape) autograd.Variable) (problem optimize.Problem, start []float64, set func(x []float64)) {
	for _, w := range params {
		start = append(start, w.Float64s()...)
	}
	set = func(x []float64) {
		for _, w := range params {
			x = x[copy(w.Float64s(), x):]
			w.MarkModified()
		}
	}
	forward, backward := autograd.NewTape(autograd.TapeConfig{NoGrad: true}), autograd.NewTape(autograd.TapeConfig{})
	problem.Func = func(x []float64) float64 {
		set(x)
		defer forward.Reset()
		return loss(forward).Item()
	}
	problem.Grad = func(grad, x []float64) {
		set(x)
		defer backward.Reset()
		grads := loss(backward).Backward()
		for _, w := range params {
			grad = grad[copy(grad, grads.Of(w).Float64s()):]
		}
	}
	return problem, start, set
}
