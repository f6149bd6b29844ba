package optim

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// vector is an array for each parameter of an optimizer, all of them taken as one vector.
type vector []autograd.Variable

// newVector is a vector of zeros.
func (e *engine) newVector() vector {
	v := make(vector, len(e.params))
	for i := range e.params {
		v[i] = autograd.Zeros(e.params[i].v.DType(), e.params[i].v.Shape()...)
	}
	return v
}

// weights is the parameters themselves.
func (e *engine) weights() vector {
	v := make(vector, len(e.params))
	for i := range e.params {
		v[i] = e.params[i].v
	}
	return v
}

// set makes v the gradients, 0 where there is none.
func (v vector) set(weights vector, grads autograd.Gradients) {
	for i := range v {
		a := arrayOf(v[i])
		if grad, ok := grads.Lookup(weights[i]); ok {
			from := arrayOf(grad)
			tensor.Copy(&a, &from)
		} else {
			tensor.Fill(&a, 0)
		}
	}
}

// scaled makes v s·x.
func (v vector) scaled(x vector, s float64) {
	for i := range v {
		a, from := arrayOf(v[i]), arrayOf(x[i])
		tensor.Scale(&a, &from, s)
	}
}

// add adds s·x to v.
func (v vector) add(x vector, s float64) {
	for i := range v {
		a, from := arrayOf(v[i]), arrayOf(x[i])
		tensor.AddScaled(&a, &from, s)
	}
}

// dot is the product of v and x.
func (v vector) dot(x vector) float64 {
	sum := 0.0
	for i := range v {
		a, b := arrayOf(v[i]), arrayOf(x[i])
		sum += tensor.Dot(&a, &b)
	}
	return sum
}

// greatest is the greatest magnitude of an element, NaN if one is NaN.
func (v vector) greatest() float64 {
	most := 0.0
	for i := range v {
		if a := arrayOf(v[i]); a.Len() > 0 {
			lo, hi := tensor.MinMax(&a)
			most = max(most, -lo, hi)
		}
	}
	return most
}

// modified says that the elements have changed.
func (v vector) modified() {
	for _, w := range v {
		w.MarkModified()
	}
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
