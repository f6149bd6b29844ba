package tensor

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Optimizer steps over whole parameters.

// optimGrain is the number of elements of a piece: steps stream four or more arrays.
const optimGrain = 1 << 13

// Adam makes one step of Adam on parameter w with moments m and v and gradient g, all
// of one length. See [simd.Adam].
func Adam(w, m, v, g *Array, p simd.AdamParams) {
	step(optimStep{w: *w, m: *m, v: *v, g: *g, adam: p, kind: adamStep})
}

// SGD makes one step of stochastic gradient descent on parameter w with gradient g, of
// one length. buf, of the same length, is the velocity; without momentum it is not
// used and may be empty. See [simd.SGDMomentum].
func SGD(w, buf, g *Array, p simd.SGDParams) {
	kind := momentumStep
	if p.Momentum == 0 {
		kind = plainStep
	}
	step(optimStep{w: *w, m: *buf, g: *g, sgd: p, kind: kind})
}

type optimKind uint8

const (
	adamStep optimKind = iota
	momentumStep
	plainStep
)

// optimStep is the job of one step: the parameter, its state and gradient.
type optimStep struct {
	w, m, v, g Array
	adam       simd.AdamParams
	sgd        simd.SGDParams
	kind       optimKind
}

var optimSteps recycler[optimStep]

func step(s optimStep) {
	n := s.w.Len()
	if n <= optimGrain {
		s.DoRange(0, n)
		return
	}
	job := optimSteps.get()
	*job = s
	parallel.For(n, optimGrain, job)
	*job = optimStep{}
	optimSteps.put(job)
}

// DoRange makes the step for elements lo ≤ i < hi.
func (s *optimStep) DoRange(lo, hi int) {
	if s.w.DType == Float32 {
		optimRange(s, s.w.F32, s.m.F32, s.v.F32, s.g.F32, lo, hi)
	} else {
		optimRange(s, s.w.F64, s.m.F64, s.v.F64, s.g.F64, lo, hi)
	}
}

func optimRange[T simd.Float](s *optimStep, w, m, v, g []T, lo, hi int) {
	switch s.kind {
	case adamStep:
		simd.Adam(w[lo:hi], m[lo:hi], v[lo:hi], g[lo:hi], s.adam)
	case momentumStep:
		simd.SGDMomentum(w[lo:hi], m[lo:hi], g[lo:hi], s.sgd)
	default:
		simd.SGD(w[lo:hi], g[lo:hi], s.sgd.LR, s.sgd.WeightDecay)
	}
}
