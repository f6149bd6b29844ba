package gradcheck

import (
	"cmp"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// Mode says how the Jacobian is covered.
type Mode uint8

const (
	// Auto is Full for up to 10⁴ entries of the Jacobian and Fast for more.
	Auto Mode = iota
	// Full checks every entry.
	Full
	// Fast checks three random directions and a few entries of each input.
	Fast
)

// String is "auto", "full" or "fast".
func (m Mode) String() string {
	switch m {
	case Full:
		return "full"
	case Fast:
		return "fast"
	}
	return "auto"
}

// Config configures a check. The zero value is a strict check of first-order
// gradients.
type Config struct {
	// RTol is the allowed difference relative to the greater of the analytic and the
	// numeric value. 0 means 1e-7, and in CheckFloat32 64 times the precision of
	// float32, 7.6e-6.
	RTol float64

	// ATol is an allowed absolute difference, in addition. What the rounding of a
	// result of the size of the function's own explains is allowed anyway; a function
	// that cancels large intermediate values may need more.
	ATol float64

	// Step is the step of the differences relative to max(1, |x|), rounded to a power
	// of two. 0 means 2⁻¹⁰.
	Step float64

	// Mode says how the Jacobian is covered.
	Mode Mode

	// SecondOrder checks the gradient's own derivatives too, with respect to inputs
	// and upstream gradients.
	SecondOrder bool

	// ForwardMode checks autograd.JVP of the function too. CheckModel ignores it.
	ForwardMode bool

	// Seed makes the random upstream gradients and directions.
	Seed uint64

	// Kinks are values where the function has no derivative. Input elements within ten
	// steps of one are skipped.
	Kinks []float64

	// Skip reports whether to leave out an element, by its row-major position, of an
	// input. In CheckModel the parameters come first, in their order, then Inputs.
	Skip func(input, element int) bool

	// Names are the inputs' names in the report: by default x, or x0, x1, … In CheckModel
	// they are those of Inputs.
	Names []string

	// Tape configures the tapes that the function is computed on: Training, for example.
	Tape autograd.TapeConfig
}

// withDefaults fills in what is zero, or says what is out of range.
func (c Config) withDefaults(rtol float64) (Config, error) {
	c.RTol = cmp.Or(c.RTol, rtol)
	c.Step = cmp.Or(c.Step, defaultStep)
	switch {
	case !(c.RTol > 0 && c.RTol < 1):
		return c, fmt.Errorf("gradcheck: Config.RTol is %g, expected a number between 0 and 1", c.RTol)
	case !(c.ATol >= 0):
		return c, fmt.Errorf("gradcheck: Config.ATol is %g, expected 0 or more", c.ATol)
	case !(c.Step > 1e-12 && c.Step <= 1):
		return c, fmt.Errorf("gradcheck: Config.Step is %g, expected a number between 1e-12 and 1", c.Step)
	case c.Mode > Fast:
		return c, fmt.Errorf("gradcheck: Config.Mode is %d, expected Auto, Full or Fast", c.Mode)
	}
	return c, nil
}

const (
	defaultRTol = 1e-7
	defaultStep = 0x1p-10
)

// Check compares the gradients of f at inputs, which are of float64, with finite
// differences. The inputs may be constants or parameters; f gets copies of them, watched
// on a tape (xs[0].Tape()). f must not depend on anything that changes between calls;
// random numbers from the tape are the same in every call.
//
// If a gradient is wrong or a property does not hold, the error is an [*Error], which
// lists everything found, and the report is the one it holds. If f or its backward
// pass panics with an error of package autograd, or the inputs cannot be used, the
// error says so and there is no report. Other panics pass through.
func Check(f autograd.Func, inputs []autograd.Variable, config Config) (*Report, error) {
	return CheckMulti(func(xs []autograd.Variable) []autograd.Variable {
		return []autograd.Variable{f(xs)}
	}, inputs, config)
}

// CheckMulti is [Check] for a function of several results.
func CheckMulti(f func(xs []autograd.Variable) []autograd.Variable, inputs []autograd.Variable, config Config) (*Report, error) {
	config, err := config.withDefaults(defaultRTol)
	if err != nil {
		return nil, err
	}
	p, err := newProblem(inputs, config)
	if err != nil {
		return nil, err
	}
	p.run = func(t *autograd.Tape) []autograd.Variable {
		xs := make([]autograd.Variable, len(p.inputs))
		for i, in := range p.inputs {
			xs[i] = t.Watch(in.v)
		}
		return f(xs)
	}
	p.multi = f
	return p.report(config)
}
