package gradcheck

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Checking a large Jacobian J without computing it. For random u and v the analytic
// value of vᵀJu is ⟨Jᵀv, u⟩, where Jᵀv is what one backward pass gives; the numeric one
// is the derivative of ⟨v, f(x+t·u)⟩. One wrong entry among n changes it by about 1/√n
// of its size, far above the tolerance. Each input has directions of its own, which
// says where an error is.

const (
	directions    = 3 // of each input
	singleEntries = 5 // of each input, chosen at random
	maxLocated    = 8 // wrong elements of an input that bisection looks for
	maxSplits     = 4 // how often an unreliable direction is halved
)

// projection is an upstream gradient v with its gradient Jᵀv.
type projection struct {
	number   int // 1 for the first
	v        []float64
	gradient []float64
	size     float64 // √Σ(vₖyₖ)²: the size of the terms of ⟨v, f⟩
}

func (c *checker) fast() error {
	projections, err := c.projections()
	if err != nil {
		return err
	}
	var gradients [][]float64
	for _, p := range projections {
		gradients = append(gradients, p.gradient)
	}
	if err := c.linearOf(projections[0].v, projections[1].v, gradients[0], gradients[1]); err != nil {
		return err
	}
	for _, in := range c.p.inputs {
		free := c.free(in)
		if len(free) == 0 {
			continue
		}
		if err := c.fastInput(projections, free); err != nil {
			return err
		}
	}
	return c.sameModesAlong(projections)
}

func (c *checker) projections() ([]*projection, error) {
	projections := make([]*projection, directions)
	for i := range projections {
		v := c.normal(c.p.outputSize)
		gradient, err := c.base.gradient(v)
		if err != nil {
			return nil, err
		}
		terms := make([]float64, len(v))
		for k, y := range c.y0 {
			terms[k] = v[k] * finite(y)
		}
		projections[i] = &projection{i + 1, v, gradient, floats.Norm(terms, 2)}
	}
	return projections, nil
}

// free is the flat indices of an input's elements that are to be checked.
func (c *checker) free(in input) []int {
	var free []int
	for j := range in.data {
		if !c.skipped(in.start + j) {
			free = append(free, in.start+j)
		}
	}
	return free
}

// fastInput checks one input: along directions, then in single entries.
func (c *checker) fastInput(projections []*projection, free []int) error {
	located := map[int]bool{}
	for _, p := range projections {
		if err := c.fastDirection(p, free, c.direction(free), located, maxSplits); err != nil {
			return err
		}
		free = slices.DeleteFunc(free, func(j int) bool { return located[j] })
		if len(free) == 0 {
			return nil
		}
	}
	for _, k := range c.rng.Perm(len(free))[:min(singleEntries, len(free))] {
		if _, err := c.element(projections[0], free[k]); err != nil {
			return err
		}
	}
	return nil
}

// fastDirection checks one direction. Where it is wrong, the elements that are to blame
// are looked for and reported instead. Where it is unreliable, as one element at a kink
// makes it, its halves are checked instead, so that only a part of them stays unchecked.
func (c *checker) fastDirection(p *projection, free []int, u []float64, located map[int]bool, splits int) error {
	r, err := c.along(p, free, u)
	if err != nil {
		return err
	}
	if r.verdict == unreliable && splits > 0 && len(free) > 1 {
		middle := len(free) / 2
		if err := c.fastDirection(p, free[:middle], u[:middle], located, splits-1); err != nil {
			return err
		}
		return c.fastDirection(p, free[middle:], u[middle:], located, splits-1)
	}
	if r.verdict == wrong {
		if err := c.locate(p, free, u, located); err != nil {
			return err
		}
		if len(located) > 0 {
			return nil
		}
	}
	c.report.add(&r, func() Entry { return c.directionEntry(&r, p, free[0]) })
	return nil
}

// element checks the single element at a flat index.
func (c *checker) element(p *projection, flat int) (verdict, error) {
	r, err := c.along(p, []int{flat}, []float64{1})
	if err != nil {
		return 0, err
	}
	c.note(flat, r.verdict)
	c.report.add(&r, func() Entry { return c.projectedEntry(&r, p, flat) })
	return r.verdict, nil
}

// direction is a random vector u, one element for each of free. Its elements are
// multiples of 1/16, so that x+t·u is mostly exact for powers of two t, and not zero;
// for large x they are multiplied by a power of two, lest the step vanish beside x.
func (c *checker) direction(free []int) []float64 {
	u := make([]float64, len(free))
	for i, j := range free {
		sixteenths := cmp.Or(math.Round(16*c.rng.NormFloat64()), 1)
		u[i] = sixteenths / 16 * floorPow2(max(1, math.Abs(c.x0[j])/1024))
	}
	return u
}

// along compares the derivatives of ⟨v, f⟩ where elements of one input, given by their
// flat indices, change along u.
func (c *checker) along(p *projection, indices []int, u []float64) (comparison, error) {
	a, terms := target{size: p.size}, make([]float64, len(indices))
	for i, j := range indices {
		terms[i] = p.gradient[j] * u[i]
		a.size = max(a.size, finite(c.x0[j]))
	}
	a.analytic, a.scale = floats.Sum(terms), finite(floats.Norm(terms, 2))
	steps := stepsAt(0, c.config.Step)
	if len(indices) == 1 {
		steps = stepsAt(c.x0[indices[0]], c.config.Step)
	}
	r, err := c.tol.compare([]target{a}, c.projected(p, indices, u), steps)
	if err != nil {
		return comparison{}, err
	}
	return r[0], nil
}

// projected is the line along u, seen as ⟨v, f⟩. All indices lie in one input.
func (c *checker) projected(p *projection, indices []int, u []float64) line {
	k, _ := c.p.inputAt(indices[0])
	in := c.p.inputs[k]
	set := func(t float64) {
		for i, j := range indices {
			in.data[j-in.start] = c.x0[j] + t*u[i]
		}
	}
	return func(t float64) ([]float64, error) {
		set(t)
		defer set(0)
		change, err := c.change()
		if err != nil {
			return nil, err
		}
		sum := 0.
		for k, d := range change {
			sum += p.v[k] * d
		}
		return []float64{sum}, nil
	}
}

// locate finds elements that are to blame for a wrong direction, by halving it, and
// reports them.
func (c *checker) locate(p *projection, free []int, u []float64, located map[int]bool) error {
	if len(located) >= maxLocated {
		return nil
	}
	if len(free) == 1 {
		v, err := c.element(p, free[0])
		if err == nil && v == wrong {
			located[free[0]] = true
		}
		return err
	}
	middle := len(free) / 2
	for _, half := range [2][2]int{{0, middle}, {middle, len(free)}} {
		indices, part := free[half[0]:half[1]], u[half[0]:half[1]]
		r, err := c.along(p, indices, part)
		if err == nil && r.verdict == wrong {
			err = c.locate(p, indices, part, located)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// directionEntry describes a comparison along a direction of the input that the
// element flat lies in.
func (c *checker) directionEntry(r *comparison, p *projection, flat int) Entry {
	e := c.projectedEntry(r, p, flat)
	e.Index, e.Value = nil, math.NaN()
	return e
}

// projectedEntry describes a comparison of ∂⟨v, f⟩/∂(input element flat).
func (c *checker) projectedEntry(r *comparison, p *projection, flat int) Entry {
	e := newEntry(r)
	e.Order = c.p.order
	e.setInput(c.p, flat, c.x0[flat])
	e.Direction = p.number
	return e
}
