package gradcheck

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// fullLimit is the greatest number of entries of a Jacobian that Auto checks in full.
const fullLimit = 10_000

// checker is one check of one problem, of first or second order, at one point.
type checker struct {
	p      *problem
	config Config
	report *Report
	rng    *rand.Rand
	tol    tolerance
	x0     []float64 // the point
	y0     []float64 // the function there
	base   *run      // a run at the point, for backward passes

	checked, wrong []bool // by flat input index: part of a comparison, of a wrong one
}

// note remembers that an element was part of a comparison.
func (c *checker) note(flat int, v verdict) {
	c.checked[flat] = true
	c.wrong[flat] = c.wrong[flat] || v == wrong
}

// report checks p, and the problem of its gradient if that is wanted.
func (p *problem) report(config Config) (*Report, error) {
	r := &Report{Seed: config.Seed, noun: "derivative"}
	x0 := p.point()
	defer p.moveTo(x0)
	for {
		c, err := p.checker(config, r)
		if err != nil {
			return nil, err
		}
		if err := c.check(); err != nil {
			return nil, err
		}
		if !config.SecondOrder || p.order == 2 || r.failed() {
			break
		}
		upstream := c.normal(p.outputSize)
		p = p.secondOrder(upstream)
		if err := c.samePasses(p, upstream); err != nil {
			return nil, err
		}
		if r.failed() {
			break
		}
	}
	return r, r.finish()
}

func (p *problem) checker(config Config, r *Report) (*checker, error) {
	c := &checker{p: p, config: config, report: r, x0: p.point()}
	c.checked, c.wrong = make([]bool, p.size), make([]bool, p.size)
	c.rng = rand.New(rand.NewPCG(config.Seed, uint64(p.order)))
	base, err := p.prepare()
	if err != nil {
		return nil, err
	}
	c.base, c.y0 = base, base.values()
	c.tol = tolerance{config.RTol, config.ATol}
	return c, nil
}

// check looks at the properties first: where one of these fails, derivatives mean
// nothing.
func (c *checker) check() error {
	if err := c.properties(); err != nil || c.report.failed() {
		return err
	}
	c.countSkipped()
	full := c.config.Mode == Full || c.config.Mode == Auto && c.p.size*c.p.outputSize <= fullLimit
	c.report.stages = append(c.report.stages, c.stage(full))
	var err error
	if full {
		err = c.full()
	} else {
		err = c.fast()
	}
	if err != nil {
		return err
	}
	c.findPatterns(full)
	return c.stillSame()
}

// stage describes the check for the report.
func (c *checker) stage(full bool) string {
	what := "full Jacobian"
	if !full {
		what = "random directions of the Jacobian"
	}
	return fmt.Sprintf("%s %d×%d%s", what, c.p.outputSize, c.p.size, ofOrder(c.p.order))
}

// skipped reports whether an element is not to be perturbed.
func (c *checker) skipped(flat int) bool {
	i, element := c.p.inputAt(flat)
	if c.p.inputs[i].upstream {
		return false
	}
	x := c.x0[flat]
	for _, kink := range c.config.Kinks {
		if math.Abs(x-kink) < 10*c.config.Step*max(1, math.Abs(x)) {
			return true
		}
	}
	return c.config.Skip != nil && c.config.Skip(i, element)
}

func (c *checker) countSkipped() {
	if c.p.order > 1 {
		return // the same elements as before
	}
	for j := range c.p.size {
		if c.skipped(j) {
			c.report.Skipped++
		}
	}
}

// full checks every entry of the Jacobian.
func (c *checker) full() error {
	rows, err := c.jacobian()
	if err != nil {
		return err
	}
	if err := c.linear(rows); err != nil {
		return err
	}
	targets := make([]target, c.p.outputSize)
	numeric := newMatrix(c.p.outputSize, c.p.size)
	for j := range c.p.size {
		if c.skipped(j) {
			continue
		}
		for k, y := range c.y0 {
			targets[k] = target{analytic: rows[k][j], size: max(finite(y), finite(c.x0[j]))}
		}
		column, err := c.tol.compare(targets, c.axis(j), stepsAt(c.x0[j], c.config.Step))
		if err != nil {
			return err
		}
		for k := range column {
			numeric[k][j] = column[k].value
			c.note(j, column[k].verdict)
			c.report.add(&column[k], func() Entry { return c.entry(&column[k], j, k) })
		}
	}
	c.findTransposed(rows, numeric)
	return c.sameModes(rows)
}

// finite is |x|, and 0 for what is not finite.
func finite(x float64) float64 {
	if isFinite(x) {
		return math.Abs(x)
	}
	return 0
}

func newMatrix(rows, columns int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}

// jacobian is the analytic Jacobian, [outputs, inputs]: row k from an upstream gradient
// that is 1 at k and 0 elsewhere. What else a rule makes of its upstream gradient is for
// linear and zeroUpstream to find out.
func (c *checker) jacobian() ([][]float64, error) {
	rows := make([][]float64, c.p.outputSize)
	upstream := make([]float64, c.p.outputSize)
	for k := range rows {
		upstream[k] = 1
		row, err := c.base.gradient(upstream)
		if err != nil {
			return nil, err
		}
		rows[k], upstream[k] = row, 0
	}
	return rows, nil
}

// axis is the line along which element flat changes.
func (c *checker) axis(flat int) line {
	i, element := c.p.inputAt(flat)
	data := c.p.inputs[i].data
	return func(t float64) ([]float64, error) {
		data[element] = c.x0[flat] + t
		defer func() { data[element] = c.x0[flat] }()
		return c.change()
	}
}

// change is the outputs at the present point less those at the point of the check.
func (c *checker) change() ([]float64, error) {
	values, err := c.p.evaluate()
	if err != nil {
		return nil, err
	}
	for k, y := range c.y0 {
		values[k] -= y
	}
	return values, nil
}

// normal is a random vector with the normal distribution.
func (c *checker) normal(size int) []float64 {
	v := make([]float64, size)
	for i := range v {
		v[i] = c.rng.NormFloat64()
	}
	return v
}

// entry describes a comparison of ∂(output k)/∂(input element flat) for the report.
func (c *checker) entry(r *comparison, flat, k int) Entry {
	e := newEntry(r)
	e.Order = c.p.order
	e.setInput(c.p, flat, c.x0[flat])
	out, element := c.p.outputAt(k)
	e.Output, e.OutputIndex = c.p.outputs[out].name, unravel(element, c.p.outputs[out].shape)
	return e
}

// unravel is the index along each axis of an element's row-major position.
func unravel(element int, shape []int) []int {
	index := make([]int, len(shape))
	for axis, size := range slices.Backward(shape) {
		index[axis] = element % size
		element /= size
	}
	return index
}
