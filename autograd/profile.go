package autograd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Where time and memory go.

// OpProfile is what the calls of one operation cost on a tape, see [Tape.Profile].
type OpProfile struct {
	Op       string
	Calls    int           // results recorded
	Forward  time.Duration // time to compute them
	Backward time.Duration // time of the backward rule, operations it is made of included
	Bytes    int64         // memory of the results; views count too
}

// Profile is the cost of each operation since the tape was made with
// TapeConfig.Profile, the most expensive first. It is nil for a tape without it.
func (t *Tape) Profile() []OpProfile {
	if t.observer == nil || t.observer.profile == nil {
		return nil
	}
	var rows []OpProfile
	for _, p := range t.observer.profile.totals {
		rows = append(rows, *p)
	}
	slices.SortFunc(rows, func(a, b OpProfile) int {
		return cmp.Or(-cmp.Compare(a.Forward+a.Backward, b.Forward+b.Backward), cmp.Compare(a.Op, b.Op))
	})
	return rows
}

// WriteProfile writes [Tape.Profile] as a table.
func (t *Tape) WriteProfile(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "op\tcalls\tforward\tbackward\tbytes\t")
	for _, p := range t.Profile() {
		fmt.Fprintf(table, "%s\t%d\t%v\t%v\t%d\t\n", p.Op, p.Calls, p.Forward, p.Backward, p.Bytes)
	}
	return table.Flush()
}

// profile keeps count.
type profile struct {
	totals map[string]*OpProfile
	start  time.Time // of the operation that is computing
}

// addForward counts the operation that has computed n.
func (p *profile) addForward(n *node) {
	row := p.total(opName(n))
	row.Calls++
	row.Forward += time.Since(p.start)
	row.Bytes += int64(n.Len() * n.DType.Size())
}

func (p *profile) total(op string) *OpProfile {
	row := p.totals[op]
	if row == nil {
		row = &OpProfile{Op: op}
		p.totals[op] = row
	}
	return row
}
