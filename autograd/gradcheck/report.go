package gradcheck

import (
	"cmp"
	"math"
	"slices"
)

// Report is what a check found.
type Report struct {
	// Checked is the number of derivatives that could be judged, Wrong how many of them
	// are wrong. A derivative along a random direction counts as one.
	Checked, Wrong int

	// Unreliable is the number of derivatives that could not be judged, because there is
	// no good numeric value to compare with.
	Unreliable int

	// Skipped is the number of input elements left out because of Config.Kinks and
	// Config.Skip.
	Skipped int

	// Worst is the checked derivative with the greatest difference relative to what is
	// allowed.
	Worst Entry

	// WrongEntries are the details of what is wrong, worst first, and UnreliableEntries
	// those of what is unreliable, in the order of the inputs' elements.
	WrongEntries, UnreliableEntries []Entry

	// Failures are properties that do not hold.
	Failures []Failure

	// Patterns are what the wrong entries have in common: hints at the mistake.
	Patterns []string

	// Seed made the random numbers of the check.
	Seed uint64

	noun   string   // what was counted, in the singular
	stages []string // what was checked and how
}

// Entry is an analytic derivative and the numeric one it was compared with.
type Entry struct {
	Order int // 1, or 2 for a derivative of the gradient

	// Input is the name of the input, InputNumber its position, Index the element in it,
	// and Value that element. Where all elements changed along a random direction Index
	// is nil and Value NaN; of a scalar Index is empty, not nil. InputNumber counts
	// upstream gradients after the inputs. It is -1 where a result was compared rather
	// than a derivative, see CheckFloat32.
	Input       string
	InputNumber int
	Index       []int
	Value       float64

	// Output is the name of the result and OutputIndex the element in it, if the
	// derivative is of a single one. Otherwise it is of the sum of all results, weighted
	// with random upstream gradient number Direction.
	Output      string
	OutputIndex []int
	Direction   int

	Analytic    float64 // what the backward pass computed
	Numeric     float64 // what differences, or float64, gave
	Uncertainty float64 // of Numeric
	Step        float64 // of the differences; 0 if there were none
	Allowed     float64 // the greatest difference that is right
	Reason      string  // why the entry is unreliable
}

// AbsError is the absolute difference of the analytic and the numeric value.
func (e Entry) AbsError() float64 { return math.Abs(e.Analytic - e.Numeric) }

// RelError is AbsError relative to the greater of both absolute values. It is NaN if
// one of them is, and means nothing where both are rounding errors.
func (e Entry) RelError() float64 {
	if e.Analytic == e.Numeric {
		return 0
	}
	return e.AbsError() / max(math.Abs(e.Analytic), math.Abs(e.Numeric))
}

func (e Entry) score() float64 {
	c := comparison{analytic: e.Analytic, estimate: estimate{value: e.Numeric}, allowed: e.Allowed}
	return c.score()
}

func newEntry(c *comparison) Entry {
	e := Entry{
		Analytic: c.analytic, Numeric: c.value, Uncertainty: c.uncertainty, Step: c.step, Allowed: c.allowed,
	}
	if c.verdict == unreliable {
		e.Reason = c.reason()
	}
	return e
}

// reason says why there is no good estimate.
func (c *comparison) reason() string {
	switch {
	case !c.finite:
		return "the function is not finite close by: edge of its domain"
	case c.kinked:
		return "kink or jump"
	}
	return "differences disagree: too curved or too noisy"
}

func (e *Entry) setInput(p *problem, flat int, value float64) {
	i, element := p.inputAt(flat)
	e.Input, e.InputNumber, e.Value = p.inputs[i].name, i, value
	e.Index = unravel(element, p.inputs[i].v.Shape())
}

// add counts a comparison; describe tells the details where they are wanted.
func (r *Report) add(c *comparison, describe func() Entry) {
	if c.verdict == unreliable {
		r.Unreliable++
		r.UnreliableEntries = append(r.UnreliableEntries, describe())
		return
	}
	r.Checked++
	if r.Checked == 1 || c.score() > r.Worst.score() {
		r.Worst = describe()
	}
	if c.verdict == wrong {
		r.Wrong++
		r.WrongEntries = append(r.WrongEntries, describe())
	}
}

func (r *Report) failed() bool { return r.Wrong > 0 || len(r.Failures) > 0 }

// finish sorts the findings and returns them as an error if something is wrong.
func (r *Report) finish() error {
	if r.Checked == 0 && r.Unreliable+r.Skipped > 0 && !r.failed() {
		r.Failures = append(r.Failures, Failure{Conclusive, 1, "every derivative is unreliable or skipped"})
	}
	worstFirst := func(a, b Entry) int { return cmp.Compare(b.score(), a.score()) }
	slices.SortStableFunc(r.WrongEntries, worstFirst)
	if r.failed() {
		return &Error{r}
	}
	return nil
}

// Error is what a check returns when a gradient is wrong or a property does not hold.
type Error struct {
	Report *Report
}

// Error is the report's text.
func (e *Error) Error() string { return e.Report.String() }
