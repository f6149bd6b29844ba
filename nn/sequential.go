package nn

import (
	"iter"
	"strconv"

	"github.com/chainrule-go/chainrule/autograd"
)

// Sequential is a model of layers, each applied to the result of the one before, so
// that it takes what the first layer takes and gives what the last one gives. The parts
// of layer i are named with i and a dot in front: "0.weight". A layer that occurs twice
// shares its parameters, which then have two names.
type Sequential []Layer

// Forward applies the layers in order. Without layers it is x. Where one of them panics
// with an error of package autograd, that becomes a [*LayerError] which says which.
func (s Sequential) Forward(x autograd.Variable) autograd.Variable {
	at := 0
	defer s.blame(&at)
	for i := 0; i < len(s); i++ {
		at = i
		if hookOf(x) == nil {
			if y, more := forwardFolded(s[i], s[i+1:], x); more > 0 {
				x = y
				i += more
				continue
			}
		}
		x = s[i].Forward(x)
		if h := hookOf(x); h != nil {
			x = hookedAt(h, s.point(i), x)
		}
	}
	if h := hookOf(x); h != nil {
		x = hookedAt(h, s.point(itself), x)
	}
	return x
}

// blame is deferred: a panic on its way out learns which layer it comes from.
func (s Sequential) blame(at *int) {
	r := recover()
	if r == nil {
		return
	}
	e := layerError(s[*at], r)
	if e.owner == nil && identity(e.Layer) == identity(s[*at]) {
		e.owner, e.name = s, strconv.Itoa(*at)
	}
	panic(e)
}

// Parts yields the layers, in order.
func (s Sequential) Parts() iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		for i, layer := range s {
			if !yield(strconv.Itoa(i), Part{Module: layer}) {
				return
			}
		}
	}
}

// Func makes a layer without parts of a function, for instance of an operation:
//
//	nn.Func(autograd.Variable.GELU)
type Func func(x autograd.Variable) autograd.Variable

// Forward calls f.
func (f Func) Forward(x autograd.Variable) autograd.Variable { return f(x) }

// Parts yields nothing.
func (f Func) Parts() iter.Seq2[string, Part] { return Parts() }
