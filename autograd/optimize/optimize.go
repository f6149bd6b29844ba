// Package optimize lets gonum's optimizers run on exact derivatives: it turns a Go
// function of Variables into an optimize.Problem of gonum.org/v1/gonum/optimize,
// with value, gradient and Hessian by automatic differentiation, so that L-BFGS,
// Newton's method and the rest need no derivatives written by hand and no finite
// differences.
//
//	problem := optimize.Problem(func(x autograd.Variable) autograd.Variable { … })
//	result, err := gonum.Minimize(problem, start, nil, &gonum.LBFGS{})
//
// gonum has no method for nonlinear least squares; [LeastSquares] is one, by Levenberg and
// Marquardt, with covariance and standard errors of what it fits.
//
// What lives here: the bridge, and least squares. What does not: optimizers for training in
// mini-batches, which are in nn/optim.
package optimize

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/chainrule-go/chainrule/autograd"
)

// Problem is the minimization of f, a function of a vector [n] of float64 whose
// result has one element. Grad costs one backward pass and Hess n of them; gonum
// calls Hess only for methods that use it.
//
// f is called on tapes of its own making, by goroutines of gonum's; the Problem may be used
// by several at a time if f may. Where an operation in f panics with an error of package
// autograd, or the result does not depend on x, so that gradients would be zero
// ([*autograd.TapeError]; values that f reads off x, as by At, are plain numbers), value
// and derivatives are NaN, and Status ends the run with that error: Minimize returns it.
// Other panics pass through, and as gonum evaluates in a goroutine of its own, they end the
// program.
func Problem(f func(x autograd.Variable) autograd.Variable) optimize.Problem {
	p := &problem{f: f}
	return optimize.Problem{Func: p.value, Grad: p.gradient, Hess: p.hessian, Status: p.failure.status}
}

type problem struct {
	f        func(x autograd.Variable) autograd.Variable
	forward  sync.Pool // tapes that record nothing
	backward sync.Pool // tapes that record
	failure  failure
}

// failure is an error of an evaluation that waits to be reported. Several goroutines may
// use it.
type failure struct {
	mutex sync.Mutex
	err   error
}

// evaluate calls compute, which sets result. If an operation in it panics with an error of
// package autograd, result becomes NaN, and the error is kept unless there is one already.
func (f *failure) evaluate(result []float64, compute func()) {
	err := autograd.Try(compute)
	if err == nil {
		return
	}
	for i := range result {
		result[i] = math.NaN()
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.err == nil {
		f.err = err
	}
}

// status is the Problem's Status: gonum asks for it before a run and after every
// evaluation. An error is reported once, so that the next run starts afresh.
func (f *failure) status() (optimize.Status, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	err := f.err
	f.err = nil
	if err != nil {
		return optimize.Failure, err
	}
	return optimize.NotTerminated, nil
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
	var value [1]float64
	p.failure.evaluate(value[:], func() {
		tape := tapeOf(&p.forward, autograd.TapeConfig{NoGrad: true})
		defer giveBack(&p.forward, tape)
		value[0] = p.f(tape.Float64s(x)).Item()
	})
	return value[0]
}

func (p *problem) gradient(grad, x []float64) {
	p.failure.evaluate(grad, func() {
		tape := tapeOf(&p.backward, autograd.TapeConfig{})
		defer giveBack(&p.backward, tape)
		leaf := tape.Watch(autograd.New(x))
		y := p.f(leaf)
		if !y.Tracked() {
			panic(&autograd.TapeError{Op: "optimize.Problem", Reason: "the result does not depend on x: values read off it, as by At, are plain numbers (use Index)"})
		}
		copy(grad, y.Backward(leaf).Of(leaf).Float64s())
	})
}

func (p *problem) hessian(hess *mat.SymDense, x []float64) {
	n := len(x)
	h := make([]float64, n*n)
	p.failure.evaluate(h, func() { copy(h, autograd.Hessian(p.f, autograd.New(x)).Float64s()) })
	for i := range n {
		for j := i; j < n; j++ {
			hess.SetSym(i, j, (h[i*n+j]+h[j*n+i])/2)
		}
	}
}

// OverParameters is the minimization of loss over the elements of params, all of
// float64, taken together as one vector in order: for fitting a model by a method
// that sees all data at once. loss records the model's loss on the tape it is
// given. Evaluating the problem writes to params, so it is not for concurrent use. Errors
// end a run as they do for [Problem]. Where only the value is wanted that tape does not
// record: a loss with derivatives in it takes them by [autograd.ValueAndGrad],
// [autograd.JVP] and the like, which work on any tape, not by [autograd.Grad].
//
// start is the present value of params. After minimizing, set puts the optimum in
// place:
//
//	problem, start, set := optimize.OverParameters(params, loss)
//	result, err := gonum.Minimize(problem, start, nil, &gonum.LBFGS{})
//	set(result.X)
//
// It panics with [*autograd.DTypeError] if one of params is of float32.
func OverParameters(params []autograd.Variable, loss func(tape *autograd.Tape) autograd.Variable) (problem optimize.Problem, start []float64, set func(x []float64)) {
	m := &model{params, loss, autograd.NewTape(autograd.TapeConfig{NoGrad: true}), autograd.NewTape(autograd.TapeConfig{}), failure{}}
	for _, w := range params {
		start = append(start, w.Float64s()...)
	}
	return optimize.Problem{Func: m.value, Grad: m.gradient, Status: m.failure.status}, start, m.set
}

// model is a loss as a function of the elements of its parameters.
type model struct {
	params            []autograd.Variable
	loss              func(tape *autograd.Tape) autograd.Variable
	forward, backward *autograd.Tape
	failure           failure
}

func (m *model) set(x []float64) {
	for _, w := range m.params {
		x = x[copy(w.Float64s(), x):]
		w.MarkModified()
	}
}

func (m *model) value(x []float64) float64 {
	var value [1]float64
	m.failure.evaluate(value[:], func() {
		defer m.forward.Reset()
		m.set(x)
		value[0] = m.loss(m.forward).Item()
	})
	return value[0]
}

func (m *model) gradient(grad, x []float64) {
	m.failure.evaluate(grad, func() {
		defer m.backward.Reset()
		m.set(x)
		grads, rest := m.loss(m.backward).Backward(m.params...), grad
		for _, w := range m.params {
			rest = rest[copy(rest, grads.Of(w).Float64s()):]
		}
	})
}
