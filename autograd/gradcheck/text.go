package gradcheck

import (
	"fmt"
	"math"
	"strings"
)

// shownEntries is how many entries a text lists.
const shownEntries = 5

// String is a summary, followed by what is wrong or unreliable: the worst entries, each
// with its place, both values and their difference.
func (r *Report) String() string {
	var b strings.Builder
	r.writeSummary(&b)
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\n  not true that %s%s:\n      %s", f.Property, ofOrder(f.Order), f.Detail)
	}
	for i, e := range r.WrongEntries {
		if i == shownEntries {
			fmt.Fprintf(&b, "\n  and %d more", len(r.WrongEntries)-i)
			break
		}
		b.WriteString("\n  ")
		e.write(&b)
	}
	for _, p := range r.Patterns {
		fmt.Fprintf(&b, "\n  pattern: %s", p)
	}
	for i, e := range r.UnreliableEntries {
		if i == shownEntries {
			fmt.Fprintf(&b, "\n  and %d more", len(r.UnreliableEntries)-i)
			break
		}
		fmt.Fprintf(&b, "\n  unreliable: %s: %s", e.place(), e.Reason)
	}
	return b.String()
}

func (r *Report) writeSummary(b *strings.Builder) {
	b.WriteString("gradcheck: ")
	switch {
	case r.Wrong > 0:
		fmt.Fprintf(b, "%d of %s wrong", r.Wrong, count(r.Checked, r.noun))
	case len(r.Failures) > 0:
		b.WriteString("failed")
	default:
		fmt.Fprintf(b, "%s right", count(r.Checked, r.noun))
	}
	if r.Unreliable > 0 {
		fmt.Fprintf(b, ", %d unreliable", r.Unreliable)
	}
	if r.Skipped > 0 {
		fmt.Fprintf(b, ", %s skipped", count(r.Skipped, "element"))
	}
	for _, s := range r.stages {
		fmt.Fprintf(b, ", %s", s)
	}
	fmt.Fprintf(b, ", seed %d", r.Seed)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func ofOrder(order int) string {
	if order == 2 {
		return " of the gradient"
	}
	return ""
}

// place is the derivative and where it was taken: ∂y[0]/∂x[3,1] at x[3,1] = 0.71.
func (e Entry) place() string {
	from, to := "f", e.Input+indexText(e.Index)
	switch {
	case e.Output != "":
		from = e.Output + indexText(e.OutputIndex)
	case e.Order == 2:
		from = "⟨v, grad f⟩"
	case e.Direction > 0:
		from = "⟨v, f⟩"
	}
	switch {
	case e.InputNumber < 0:
		return from
	case e.Index == nil:
		return fmt.Sprintf("derivative of %s along direction %d of %s", from, e.Direction, e.Input)
	}
	return fmt.Sprintf("∂%s/∂%s at %s = %.6g", parenthesized(from), to, to, e.Value)
}

// parenthesized keeps ∂(grad x[1])/… readable.
func parenthesized(name string) string {
	if strings.Contains(name, " ") && !strings.HasPrefix(name, "⟨") {
		return "(" + name + ")"
	}
	return name
}

func indexText(index []int) string {
	if len(index) == 0 {
		return ""
	}
	return strings.ReplaceAll(fmt.Sprint(index), " ", ",")
}

func (e Entry) write(b *strings.Builder) {
	b.WriteString(e.place())
	analytic, numeric := "analytic", "numeric "
	if e.Step == 0 {
		analytic, numeric = "float32 ", "float64 "
	}
	fmt.Fprintf(b, "\n      %s  %.10g", analytic, e.Analytic+0) // +0 makes -0 look like 0
	switch {
	case e.Step == 0:
	case math.IsNaN(e.Analytic):
		b.WriteString(", although the function is finite here")
	case math.IsInf(e.Analytic, 0):
		b.WriteString(", although the derivative is finite")
	}
	fmt.Fprintf(b, "\n      %s  %.10g", numeric, e.Numeric+0)
	if e.Step > 0 {
		fmt.Fprintf(b, " ± %.1g (six points, steps %.1e and %.1e)", e.Uncertainty, e.Step, e.Step/2)
	}
	fmt.Fprintf(b, "\n      difference %.1e (allowed %.1e), relative %.1e", e.AbsError(), e.Allowed, e.RelError())
}
