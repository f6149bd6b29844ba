package gradcheck

import (
	"math"

	"gonum.org/v1/gonum/diff/fd"
)

// Finite differences that know how good they are.

// The formulas, on a grid of the given step. The one-sided ones have errors of order
// h⁴ with half the central step, and look at one side only: at a kink they differ.
var (
	sixPoint = fd.Formula{Derivative: 1, Step: 1, Stencil: []fd.Point{
		{Loc: -3, Coeff: -1. / 60}, {Loc: 3, Coeff: 1. / 60},
		{Loc: -2, Coeff: 3. / 20}, {Loc: 2, Coeff: -3. / 20},
		{Loc: -1, Coeff: -3. / 4}, {Loc: 1, Coeff: 3. / 4},
	}}
	rightSided = fd.Formula{Derivative: 1, Step: 1, Stencil: []fd.Point{
		{Loc: 1, Coeff: 4}, {Loc: 2, Coeff: -3}, {Loc: 3, Coeff: 4. / 3}, {Loc: 4, Coeff: -1. / 4},
	}}
	leftSided = fd.Formula{Derivative: 1, Step: 1, Stencil: []fd.Point{
		{Loc: -1, Coeff: -4}, {Loc: -2, Coeff: 3}, {Loc: -3, Coeff: -4. / 3}, {Loc: -4, Coeff: 1. / 4},
	}}
)

// reach is how many half steps the formulas look to either side, at the points grid.
const reach = 6

var grid = [...]int{-6, -4, -3, -2, -1, 1, 2, 3, 4, 6}

// A line is the function along a line through the point of the check: f(x+t·d) as a
// function of t, less f(x). It may have several components.
type line func(t float64) ([]float64, error)

// samples are values of a line at multiples of half the step. At 0 it is 0, and the
// formulas leave that out.
type samples struct {
	half float64
	at   [2*reach + 1][]float64
}

func (l line) sample(step float64) (*samples, error) {
	s := &samples{half: step / 2}
	for _, k := range grid {
		values, err := l(float64(k) * s.half)
		if err != nil {
			return nil, err
		}
		s.at[reach+k] = values
	}
	return s, nil
}

// estimate is a derivative with its doubt.
type estimate struct {
	value       float64
	uncertainty float64 // how far estimates that should agree are apart
	step        float64
	size        float64 // the greatest change of the function
	finite      bool    // the function is finite at all points that were used
	kinked      bool    // the doubt looks like that of a kink or a jump
}

// derivative is the estimate for component k.
func (s *samples) derivative(k int) estimate {
	at := func(t float64) float64 {
		// t is an exact multiple of half: steps are powers of two.
		return s.at[reach+int(math.Round(t/s.half))][k]
	}
	apply := func(f fd.Formula, step float64) float64 {
		return fd.Derivative(at, 0, &fd.Settings{Formula: f, Step: step})
	}
	e := estimate{step: 2 * s.half, finite: true}
	for _, i := range grid {
		change := s.at[reach+i][k]
		e.finite = e.finite && isFinite(change)
		e.size = max(e.size, math.Abs(change))
	}
	coarse, fine := apply(sixPoint, 2*s.half), apply(sixPoint, s.half)
	left, right := apply(leftSided, s.half), apply(rightSided, s.half)
	e.value = fine
	central, sides := math.Abs(fine-coarse), math.Abs(right-left)
	e.uncertainty = max(central, sides/4)
	jump := math.Abs(fine-2*coarse) < 0.01*math.Abs(fine)
	e.kinked = jump || sides > 4*central && sides > 1e-3*max(math.Abs(left), math.Abs(right))
	return e
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// verdict is what a comparison came to.
type verdict uint8

const (
	right verdict = iota
	wrong
	unreliable
)

// comparison is an analytic derivative beside a numeric one.
type comparison struct {
	analytic float64
	estimate
	allowed float64 // absolute difference
	verdict verdict
}

// difference is |analytic − numeric|.
func (c *comparison) difference() float64 { return math.Abs(c.analytic - c.value) }

// score is the difference in units of what is allowed; NaN counts as infinite.
func (c *comparison) score() float64 {
	difference := c.difference()
	switch {
	case c.analytic == c.value || math.IsNaN(c.analytic) && math.IsNaN(c.value):
		return 0
	case math.IsNaN(difference):
		return math.Inf(1)
	}
	return difference / c.allowed
}

// tolerance is how close analytic and numeric values must be.
type tolerance struct{ relative, absolute float64 }

// target is an analytic derivative to be judged.
type target struct {
	analytic float64

	// scale is the size of the terms that analytic is the sum of; 0 if it is a single one.
	scale float64

	// size is that of the numbers whose rounding disturbs the differences: a difference
	// over a step h of values that are rounded has an error of about size·ε/h.
	size float64
}

// noiseULPs is the rounding error to allow for in the function and the difference
// formula together, in units of ε = 2⁻⁵²: the formula's coefficients sum to less than 2
// and a composed function is good to a dozen units or so.
const noiseULPs = 32

const epsilon64 = 0x1p-52

// judge compares a target with an estimate, and says whether the estimate is good enough
// to be sure. Comparisons are written so that NaN fails them.
func (t tolerance) judge(a target, e estimate) (c comparison, sure bool) {
	rounding := epsilon64 * max(a.size, e.size) / (e.step / 2)
	e.uncertainty = max(e.uncertainty, rounding)
	scale := a.scale
	for _, v := range []float64{a.analytic, e.value} {
		if isFinite(v) {
			scale = max(scale, math.Abs(v))
		}
	}
	c = comparison{analytic: a.analytic, estimate: e}
	c.allowed = t.relative*scale + t.absolute + noiseULPs*rounding
	sure = e.finite && e.uncertainty <= c.allowed/4
	switch difference := c.difference(); {
	case sure && difference <= c.allowed:
		c.verdict = right
	case sure,
		// Even a poor estimate proves wrong what is off by much more than its doubt.
		e.finite && (math.IsNaN(a.analytic) || isFinite(a.analytic) && difference > c.allowed+10*e.uncertainty):
		c.verdict = wrong
	default:
		c.verdict = unreliable
	}
	return c, sure
}

// compare differentiates l and judges its components' derivatives, reducing the step for
// those whose estimate is in doubt.
func (t tolerance) compare(targets []target, l line, steps []float64) ([]comparison, error) {
	results := make([]comparison, len(targets))
	open := make([]bool, len(targets))
	for i, step := range steps {
		s, err := l.sample(step)
		if err != nil {
			return nil, err
		}
		left := 0
		for k, a := range targets {
			if i > 0 && !open[k] {
				continue
			}
			c, sure := t.judge(a, s.derivative(k))
			if i == 0 || sure || better(&c, &results[k]) {
				results[k] = c
			}
			if open[k] = !sure; open[k] {
				left++
			}
		}
		if left == 0 {
			break
		}
	}
	return results, nil
}

// better reports whether a rests on a better estimate than b.
func better(a, b *comparison) bool {
	if a.finite != b.finite {
		return a.finite
	}
	return a.uncertainty/a.allowed < b.uncertainty/b.allowed
}

// stepsAt are the steps to try for an element of value x, in this order: powers of two,
// so that x plus a few of them is mostly exact. Shorter ones are for what is curved or
// has a kink nearby, one in proportion to x for the edge of a domain, as of log, and at
// last a longer one for noise.
func stepsAt(x, relative float64) []float64 {
	h := floorPow2(relative) * floorPow2(max(1, math.Abs(x)))
	steps := []float64{h, h * 0x1p-5, h * 0x1p-10}
	if x = math.Abs(x); x > 0 && x < 1 {
		if last := floorPow2(relative) * floorPow2(x); last < steps[2] {
			steps = append(steps, last)
		}
	}
	return append(steps, 8*h)
}

// floorPow2 is the greatest power of two that is at most x; of what has none it is 1.
func floorPow2(x float64) float64 {
	if !isFinite(x) || x <= 0 {
		return 1
	}
	_, exp := math.Frexp(x)
	return math.Ldexp(1, exp-1)
}
