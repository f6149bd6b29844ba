package gradcheck

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/chainrule-go/chainrule/autograd"
)

// epsilon32 is the precision of float32.
const epsilon32 = 0x1p-23

// smallest32 is the smallest float32 of full precision; results below may be 0.
const smallest32 = 0x1p-126

// CheckFloat32 compares what f computes from inputs, which are of float32, with what it
// computes from the same values in float64: results, and gradients for a random upstream
// gradient. f must work in the element type of its inputs. A value may differ by
//
//	RTol · (its size + the root mean square of its array + its sensitivity)
//
// where RTol is 64 units of float32's precision ε if zero, and the sensitivity is how
// much the float64 value changes, divided by ε, when the inputs are changed by a
// relative ε: what no float32 program can do better. ATol is allowed in addition.
// Config.Skip leaves out gradients; Mode, Step, Kinks and SecondOrder have no meaning
// here. Errors are those of [Check].
func CheckFloat32(f autograd.Func, inputs []autograd.Variable, config Config) (*Report, error) {
	config, err := config.withDefaults(64 * epsilon32)
	if err != nil {
		return nil, err
	}
	wide := make([]autograd.Variable, len(inputs))
	for i, v := range inputs {
		switch name := inputName(config.Names, i, len(inputs)); {
		case !v.IsValid():
			return nil, fmt.Errorf("gradcheck: %s is not a usable Variable", name)
		case v.DType() != autograd.Float32:
			return nil, fmt.Errorf("gradcheck: %s is %v, expected float32", name, v.DType())
		}
		wide[i] = v.Clone().AsType(autograd.Float64)
	}
	c := &narrowCheck{f: f, config: config, report: &Report{Seed: config.Seed, noun: "value"}}
	c.rng = rand.New(rand.NewPCG(config.Seed, 32))
	if err := c.check(inputs, wide); err != nil {
		return nil, err
	}
	return c.report, c.report.finish()
}

// narrowCheck compares a float32 program with its float64 twin.
type narrowCheck struct {
	f        autograd.Func
	config   Config
	report   *Report
	rng      *rand.Rand
	upstream []float64 // values that float32 can represent
	shape    []int     // of the result
}

// outcome is a result and its gradients, as float64 whatever they were computed in.
type outcome struct {
	values []float64
	grads  [][]float64
}

// sensitivityRuns is how many random perturbations the sensitivity is the greatest of.
const sensitivityRuns = 4

func (c *narrowCheck) check(narrow, wide []autograd.Variable) error {
	exact, err := c.run(wide, autograd.Float64)
	if err != nil || c.report.failed() {
		return err
	}
	got, err := c.run(narrow, autograd.Float32)
	if err != nil || c.report.failed() {
		return err
	}
	sensitivity := outcome{make([]float64, len(exact.values)), make([][]float64, len(exact.grads))}
	for i, g := range exact.grads {
		sensitivity.grads[i] = make([]float64, len(g))
	}
	for range sensitivityRuns {
		moved, err := c.run(c.perturbed(wide), autograd.Float64)
		if err != nil || c.report.failed() {
			return err
		}
		raise(sensitivity.values, moved.values, exact.values)
		for i := range exact.grads {
			raise(sensitivity.grads[i], moved.grads[i], exact.grads[i])
		}
	}
	c.report.stages = []string{"float32 against float64"}
	c.compare(got.values, exact.values, sensitivity.values, func(k int) Entry {
		return Entry{Order: 1, InputNumber: -1, Value: math.NaN(), Output: "y", OutputIndex: unravel(k, c.shape)}
	})
	for i, x := range narrow {
		name, shape := inputName(c.config.Names, i, len(narrow)), x.Shape()
		skip := func(k int) bool { return c.config.Skip != nil && c.config.Skip(i, k) }
		c.compareGradient(got.grads[i], exact.grads[i], sensitivity.grads[i], skip, func(k int) Entry {
			return Entry{
				Order: 1, Input: name, InputNumber: i, Index: unravel(k, shape), Value: wide[i].Float64s()[k], Direction: 1,
			}
		})
	}
	return nil
}

// perturbed is inputs with every element changed by a relative ε up or down.
func (c *narrowCheck) perturbed(inputs []autograd.Variable) []autograd.Variable {
	moved := make([]autograd.Variable, len(inputs))
	for i, x := range inputs {
		moved[i] = x.Clone()
		for k, v := range moved[i].Float64s() {
			moved[i].Float64s()[k] = v + v*epsilon32*float64(1-2*c.rng.IntN(2))
		}
	}
	return moved
}

// raise makes each limit at least |a−b|/ε.
func raise(limits, a, b []float64) {
	for k := range limits {
		if d := math.Abs(a[k]-b[k]) / epsilon32; d > limits[k] && isFinite(d) {
			limits[k] = d
		}
	}
}

// run computes the result and the gradients.
func (c *narrowCheck) run(inputs []autograd.Variable, dtype autograd.DType) (outcome, error) {
	tape := autograd.NewTape(c.config.Tape)
	leaves, xs := make([]autograd.Variable, len(inputs)), make([]autograd.Variable, len(inputs))
	for i, x := range inputs {
		leaves[i] = x.Clone()
		xs[i] = tape.Watch(leaves[i])
	}
	var y autograd.Variable
	if err := autograd.Try(func() { y = c.f(xs) }); err != nil {
		return outcome{}, fmt.Errorf("gradcheck: computing the function in %v: %w", dtype, err)
	}
	if !y.IsValid() {
		return outcome{}, fmt.Errorf("gradcheck: the result is not a usable Variable")
	}
	if y.DType() != dtype {
		c.failType("the result is %v for inputs of %v", y.DType(), dtype)
		return outcome{}, nil
	}
	if c.upstream == nil {
		c.shape = slices.Clone(y.Shape())
		c.upstream = make([]float64, y.Size())
		for k := range c.upstream {
			c.upstream[k] = float64(float32(c.rng.NormFloat64()))
		}
	}
	if !slices.Equal(y.Shape(), c.shape) {
		return outcome{}, fmt.Errorf("gradcheck: the result is %v in %v and was %v before", y.Shape(), dtype, c.shape)
	}
	out := outcome{values: y.Floats(), grads: make([][]float64, len(leaves))}
	var grads autograd.Gradients
	if y.Tracked() {
		u := autograd.New(c.upstream).Reshape(c.shape...).AsType(dtype)
		if err := autograd.Try(func() { grads = y.BackwardWith(u) }); err != nil {
			return outcome{}, fmt.Errorf("gradcheck: backward pass in %v: %w", dtype, err)
		}
	}
	for i, leaf := range leaves {
		grad := grads.Of(leaf)
		if grad.DType() != dtype {
			c.failType("the gradient of %s is %v for inputs of %v",
				inputName(c.config.Names, i, len(leaves)), grad.DType(), dtype)
		}
		out.grads[i] = grad.Floats()
	}
	return out, nil
}

func (c *narrowCheck) failType(format string, args ...any) {
	c.report.Failures = append(c.report.Failures, Failure{SameType, 1, fmt.Sprintf(format, args...)})
}

// compareGradient is compare for those elements that are not to be skipped.
func (c *narrowCheck) compareGradient(got, exact, sensitivity []float64, skip func(k int) bool, describe func(k int) Entry) {
	var kept []int
	for k := range got {
		if skip(k) {
			c.report.Skipped++
		} else {
			kept = append(kept, k)
		}
	}
	pick := func(from []float64) []float64 {
		to := make([]float64, len(kept))
		for i, k := range kept {
			to[i] = from[k]
		}
		return to
	}
	c.compare(pick(got), pick(exact), pick(sensitivity), func(i int) Entry { return describe(kept[i]) })
}

// compare judges the elements of one array.
func (c *narrowCheck) compare(got, exact, sensitivity []float64, describe func(k int) Entry) {
	sizes := make([]float64, len(exact))
	for k, v := range exact {
		sizes[k] = finite(v)
	}
	rms := floats.Norm(sizes, 2) / math.Sqrt(float64(max(len(sizes), 1)))
	for k := range got {
		r := comparison{analytic: got[k], estimate: estimate{value: exact[k], finite: true}}
		rtol := c.config.RTol
		r.allowed = c.config.ATol + rtol*sizes[k] + rtol*rms + rtol*sensitivity[k] + smallest32
		r.verdict = wrong
		if math.IsNaN(got[k]) && math.IsNaN(exact[k]) || got[k] == exact[k] || math.Abs(got[k]-exact[k]) <= r.allowed {
			r.verdict = right
		}
		c.report.add(&r, func() Entry {
			e := describe(k)
			e.Analytic, e.Numeric, e.Allowed = r.analytic, r.value, r.allowed
			return e
		})
	}
}
