package simd

import (
	"math/big"
	"math/rand/v2"
	"strings"
)

// row is all that tests and benchmarks know of one kernel. The tests that need an
// argument run the exported function, so that the choice of a form is tested with it.
type row[T Float] struct {
	kernel string

	// operands names the slices handed to run and ref, the written ones first.
	// A name that ends in * may have length 1, one that ends in + is read and
	// written. Operands of equal length other than those with + are also
	// tested as one and the same slice with the first.
	operands string

	// run and ref return what the function returns beside its slices.
	run, ref func(s [][]T) []T

	draw func(*rand.Rand) T // inputs; any bits at all if nil

	// ulps is how many units in the last place run may be off, slack how many
	// rounding errors of 1 for every element beside that.
	ulps, slack float64

	meaning

	// benchmark, where set, is what benchmarks run in run's place, which allocates if
	// there are results.
	benchmark func(s [][]T)
}

// meaning says what a function computes without its reference. Every row must say it
// in one of these ways.
type meaning struct {
	// oracle computes the function to 128 bits; results must be within 4 units in the
	// last place of it. lo and hi are where the function is neither 0 nor constant nor
	// infinite, in float64; at are the values at 0, −0, Inf, −Inf. NaN must give NaN.
	oracle func(x *big.Float) *big.Float
	lo, hi float64
	at     [4]float64

	// values are those at points, or at pairs of points, that could be understood
	// differently.
	values []float64

	// derivative is what the upstream gradient is multiplied by.
	derivative func(x float64) float64

	// term is what is summed up.
	term func(a, b float64) float64

	// elsewhere names the test that says it.
	elsewhere string
}

// unary, binary and the like make rows of the common shapes.
func unary[T Float](kernel string, ulps float64, run, ref func(dst, x []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst x", ulps: ulps, run: two(run), ref: two(ref)}
}

func binary[T Float](kernel string, run, ref func(dst, a, b []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst a* b*", run: three(run), ref: three(ref)}
}

func pair[T Float](kernel string, ulps float64, run, ref func(dst, g, x []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst g x", ulps: ulps, run: three(run), ref: three(ref)}
}

func reduction[T Float](kernel string, slack float64, run, ref func(x []T) T) row[T] {
	one := func(f func([]T) T) func([][]T) []T { return func(s [][]T) []T { return []T{f(s[0])} } }
	return row[T]{
		kernel: kernel, operands: "x", slack: slack, draw: normal[T], run: one(run), ref: one(ref),
		benchmark: func(s [][]T) { run(s[0]) },
	}
}

func two[T Float](f func(dst, x []T)) func([][]T) []T {
	return func(s [][]T) []T { f(s[0], s[1]); return nil }
}

func three[T Float](f func(dst, a, b []T)) func([][]T) []T {
	return func(s [][]T) []T { f(s[0], s[1], s[2]); return nil }
}

// near allows errors of so many roundings of 1 on inputs near 0.
func (r row[T]) near(slack float64) row[T] {
	r.draw, r.slack = normal[T], slack
	return r
}

// within allows so many units in the last place.
func (r row[T]) within(ulps float64) row[T] {
	r.ulps = ulps
	return r
}

func (r row[T]) drawn(draw func(*rand.Rand) T) row[T] {
	r.draw = draw
	return r
}

// accurate, valued and the others set the row's meaning.
func (r row[T]) accurate(oracle func(x *big.Float) *big.Float, lo, hi, at0, atMinus0, atInf, atMinusInf float64) row[T] {
	r.meaning = meaning{oracle: oracle, lo: lo, hi: hi, at: [4]float64{at0, atMinus0, atInf, atMinusInf}}
	return r
}

func (r row[T]) valued(values ...float64) row[T] {
	r.meaning = meaning{values: values}
	return r
}

func (r row[T]) slope(derivative func(x float64) float64) row[T] {
	r.meaning = meaning{derivative: derivative}
	return r
}

func (r row[T]) sums(term func(a, b float64) float64) row[T] {
	r.meaning = meaning{term: term}
	return r
}

func (r row[T]) tested(elsewhere string) row[T] {
	r.meaning = meaning{elsewhere: elsewhere}
	return r
}

func (r row[T]) names() []string { return strings.Fields(r.operands) }

// streams is how often as much as one operand is read or written.
func (r row[T]) streams() int { return len(r.names()) + strings.Count(r.operands, "+") }
