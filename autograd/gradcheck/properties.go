package gradcheck

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Property is what a backward pass must have besides right derivatives.
type Property string

// The properties that are checked.
const (
	// Deterministic: the function gives the same bits when it is computed again.
	Deterministic Property = "the function is deterministic"
	// Repeatable: the backward pass gives the same bits when it runs again.
	Repeatable Property = "the backward pass is repeatable"
	// Unmodified: neither pass changes the inputs or the upstream gradient.
	Unmodified Property = "inputs and upstream gradients stay unmodified"
	// ZeroUpstream: an upstream gradient of zero gives gradients of exactly zero.
	ZeroUpstream Property = "a zero upstream gradient gives zero"
	// Linear: the gradient is linear in the upstream gradient.
	Linear Property = "the gradient is linear in the upstream gradient"
	// SamePasses: a pass that is recorded for higher orders gives what a plain one does.
	SamePasses Property = "the recorded and the plain backward pass agree"
	// SameModes: forward mode gives the same derivatives as backward mode.
	SameModes Property = "forward and backward mode agree"
	// SameType: float32 inputs give float32 results and gradients.
	SameType Property = "results and gradients have the inputs' type"
	// Conclusive: at least one derivative could be compared.
	Conclusive Property = "something could be checked"
)

// Failure is a property that does not hold.
type Failure struct {
	Property Property
	Order    int    // 1, or 2 if it is about the gradient's gradient
	Detail   string // where and how
}

func (c *checker) fail(p Property, format string, args ...any) {
	c.report.Failures = append(c.report.Failures, Failure{p, c.p.order, fmt.Sprintf(format, args...)})
}

// properties checks all that needs no differences, except linearity.
func (c *checker) properties() error {
	if !c.unmodified("computing the function") {
		return nil
	}
	again, err := c.p.evaluate()
	if err != nil {
		return err
	}
	if k, same := sameBits(c.y0, again); !same {
		c.fail(Deterministic, "%s is %v at first and %v when computed again", c.outputName(k), c.y0[k], again[k])
		return nil
	}
	if err := c.repeatable(); err != nil || c.report.failed() {
		return err
	}
	return c.zeroUpstream()
}

// repeatable runs the backward pass twice on one tape, and on a second one.
func (c *checker) repeatable() error {
	upstream := c.normal(c.p.outputSize)
	copied := append([]float64{}, upstream...)
	other, err := c.p.forward()
	if err != nil {
		return err
	}
	var first []float64
	for i, r := range []*run{c.base, c.base, other} {
		g, err := r.gradient(upstream)
		if err != nil {
			return err
		}
		if !c.unmodified("the backward pass") {
			return nil
		}
		if k, same := sameBits(upstream, copied); !same {
			c.fail(Unmodified, "the backward pass changed the upstream gradient of %s from %v to %v",
				c.outputName(k), copied[k], upstream[k])
			return nil
		}
		if i == 0 {
			first = g
			continue
		}
		if j, same := sameBits(first, g); !same {
			c.fail(Repeatable, "the gradient of %s is %v at first and %v in another pass with the same upstream gradient",
				c.inputName(j), first[j], g[j])
			return nil
		}
	}
	return nil
}

// unmodified checks that the inputs still are where they were.
func (c *checker) unmodified(what string) bool {
	now := c.p.point()
	j, same := sameBits(c.x0, now)
	if !same {
		c.fail(Unmodified, "%s changed %s from %v to %v", what, c.inputName(j), c.x0[j], now[j])
	}
	return same
}

func (c *checker) zeroUpstream() error {
	g, err := c.base.gradient(make([]float64, c.p.outputSize))
	if err != nil {
		return err
	}
	for j, v := range g {
		if v != 0 {
			c.fail(ZeroUpstream, "the gradient of %s is %v: the rule does not multiply by the upstream gradient",
				c.inputName(j), v)
			return nil
		}
	}
	return nil
}

// What rounding may do to a sum of gradients: linearTol relative to its terms, and
// rounding where terms cancel before they get there.
const (
	linearTol = 1e-9
	rounding  = 1e-15
)

// agree reports whether two values of a sum of terms of this size differ by rounding
// only.
func (c *checker) agree(a, b, terms float64) bool {
	return math.Abs(a-b) <= linearTol*terms+rounding+c.config.ATol
}

// linear checks the gradient of a random upstream gradient against the Jacobian's rows.
func (c *checker) linear(rows [][]float64) error {
	v := c.normal(len(rows))
	want, terms := make([]float64, c.p.size), make([]float64, c.p.size)
	for k, row := range rows {
		for j, g := range row {
			want[j] += v[k] * g
			terms[j] += math.Abs(v[k] * g)
		}
	}
	return c.compareLinear(v, want, terms)
}

// linearOf checks the gradient of 2u−3v against those of u and v.
func (c *checker) linearOf(u, v, gradU, gradV []float64) error {
	w := make([]float64, len(u))
	for k := range w {
		w[k] = 2*u[k] - 3*v[k]
	}
	want, terms := make([]float64, c.p.size), make([]float64, c.p.size)
	for j := range want {
		want[j] = 2*gradU[j] - 3*gradV[j]
		terms[j] = math.Abs(2*gradU[j]) + math.Abs(3*gradV[j])
	}
	return c.compareLinear(w, want, terms)
}

func (c *checker) compareLinear(upstream, want, terms []float64) error {
	got, err := c.base.gradient(upstream)
	if err != nil {
		return err
	}
	scale := 0.
	for _, t := range terms {
		scale = max(scale, finite(t))
	}
	for j := range got {
		if isFinite(want[j]) && !c.agree(got[j], want[j], terms[j]+scale) {
			c.fail(Linear, "the gradient of %s is %v for a sum of upstream gradients whose own gradients sum to %v",
				c.inputName(j), got[j], want[j])
			return nil
		}
	}
	return nil
}

// samePasses compares the first-order gradient of the plain pass with the one that
// second, the problem of the gradient, computes.
func (c *checker) samePasses(second *problem, upstream []float64) error {
	plain, err := c.base.gradient(upstream)
	if err != nil {
		return err
	}
	recorded, err := second.evaluate()
	if err != nil {
		return err
	}
	for _, in := range c.p.inputs {
		scale := 0.
		for j := range in.data {
			scale = max(scale, finite(plain[in.start+j]))
		}
		for j := range in.data {
			a, b := plain[in.start+j], recorded[in.start+j]
			if a != b && !(math.IsNaN(a) && math.IsNaN(b)) && !c.agree(a, b, scale) {
				c.fail(SamePasses, "the gradient of %s is %v in a plain pass and %v in a recorded one",
					c.inputName(in.start+j), a, b)
				return nil
			}
		}
	}
	return nil
}

// sameModes compares the tangent J·u that forward mode computes for a random direction u
// with the Jacobian's rows times u.
func (c *checker) sameModes(rows [][]float64) error {
	u, tangent, err := c.tangent()
	if err != nil || tangent == nil {
		return err
	}
	for k, row := range rows {
		if !c.sameMode(c.outputName(k), tangent[k], math.Abs(tangent[k]), row, u) {
			break
		}
	}
	return nil
}

// sameModesAlong compares ⟨v, J·u⟩ with ⟨Jᵀv, u⟩.
func (c *checker) sameModesAlong(projections []*projection) error {
	u, tangent, err := c.tangent()
	if err != nil || tangent == nil {
		return err
	}
	for _, p := range projections {
		forward, terms := 0., 0.
		for k, v := range p.v {
			forward += v * tangent[k]
			terms += math.Abs(v * tangent[k])
		}
		if !c.sameMode("⟨v, f⟩", forward, terms, p.gradient, u) {
			break
		}
	}
	return nil
}

// sameMode compares a tangent, the sum of terms of the given total size, with that of a
// gradient.
func (c *checker) sameMode(name string, forward, terms float64, gradient, u []float64) bool {
	backward := 0.
	for j, g := range gradient {
		backward += g * u[j]
		terms += math.Abs(g * u[j])
	}
	if isFinite(backward) && !c.agree(forward, backward, terms) {
		c.fail(SameModes, "along a random direction the derivative of %s is %v in forward and %v in backward mode",
			name, forward, backward)
		return false
	}
	return true
}

// tangent is J·u by forward mode, for a random direction u. It is nil if forward mode
// is not to be checked.
func (c *checker) tangent() (u, tangent []float64, err error) {
	if !c.config.ForwardMode || c.p.multi == nil || c.p.size == 0 {
		return nil, nil, nil
	}
	u = c.normal(c.p.size)
	xs, ts := make([]autograd.Variable, len(c.p.inputs)), make([]autograd.Variable, len(c.p.inputs))
	for i, in := range c.p.inputs {
		xs[i] = in.v
		ts[i] = autograd.New(u[in.start : in.start+len(in.data)]).Reshape(in.v.Shape()...)
	}
	for k := range c.p.outputs {
		result := func(xs []autograd.Variable) autograd.Variable { return c.p.multi(xs)[k] }
		err := autograd.Try(func() {
			_, t := autograd.JVP(result, xs, ts)
			tangent = append(tangent, t.Float64s()...)
		})
		if err != nil {
			return nil, nil, fmt.Errorf("gradcheck: forward mode: %w", err)
		}
		if out := c.p.outputs[k]; len(tangent) != out.start+out.size {
			return nil, nil, fmt.Errorf("gradcheck: forward mode: the tangent of %s has %d elements, expected %d",
				out.name, len(tangent)-out.start, out.size)
		}
	}
	return u, tangent, nil
}

// stillSame checks, after everything, that no run left a trace in the next.
func (c *checker) stillSame() error {
	now, err := c.p.evaluate()
	if err != nil {
		return err
	}
	if k, same := sameBits(c.y0, now); !same {
		c.fail(Deterministic, "%s was %v at first and is %v at the same inputs after other runs", c.outputName(k), c.y0[k], now[k])
	}
	return nil
}

func (c *checker) inputName(flat int) string {
	i, element := c.p.inputAt(flat)
	in := c.p.inputs[i]
	return in.name + indexText(unravel(element, in.v.Shape()))
}

func (c *checker) outputName(flat int) string {
	k, element := c.p.outputAt(flat)
	out := c.p.outputs[k]
	return out.name + indexText(unravel(element, out.shape))
}
