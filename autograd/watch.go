package autograd

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Looking into a tape while it works: the first NaN or Inf, and where time and
// memory go. Both are off by default and then cost one comparison an operation.

// AnomalyError is what a tape made with DetectAnomaly panics with. [Try] catches it.
type AnomalyError struct {
	Op       string // the operation whose result or backward rule it was
	Backward bool   // it appeared in a gradient, not in a value
	Operand  int    // of a gradient: the operand it belongs to
	Site     string // file and line that called the operation
	Ranges   string // least and greatest elements of what was computed from
}

// Error names the operation, what is not finite, and where it was called.
func (e *AnomalyError) Error() string {
	what := "the result of " + e.Op
	if e.Backward {
		what = fmt.Sprintf("the gradient of operand %d of %s", e.Operand, e.Op)
	}
	return fmt.Sprintf("autograd: %s, called at %s, has a NaN or an infinity; computed from %s", what, e.Site, e.Ranges)
}

func (*AnomalyError) programError() {}

// watcher observes the operations of a tape.
type watcher struct {
	anomalies, profiling bool

	sites  map[*node]uintptr // who called the operation, by result; nodes are reused
	totals map[string]*OpProfile
	start  time.Time
}

func newWatcher(config TapeConfig) *watcher {
	return &watcher{
		anomalies: config.DetectAnomaly,
		profiling: config.Profile,
		sites:     map[*node]uintptr{},
		totals:    map[string]*OpProfile{},
	}
}

// begin is called when an operation gets its result's node, before it computes.
func (w *watcher) begin() {
	if w.profiling {
		w.start = time.Now()
	}
}

// end is called when an operation has computed n.
func (w *watcher) end(n *node) {
	if w.profiling && n.tape.recording {
		p := w.total(opName(n))
		p.Calls++
		p.Forward += time.Since(w.start)
		p.Bytes += int64(n.Len() * n.DType.Size())
	}
	if !w.anomalies {
		return
	}
	w.sites[n] = callSite()
	if n.tape.recording && tensor.HasNaNOrInf(&n.Array) {
		panic(&AnomalyError{Op: opName(n), Site: siteText(w.sites[n]), Ranges: w.ranges(n, nil)})
	}
}

// rule is called before the backward rule of n runs, and what it returns after.
func (w *watcher) rule(p *pass, n, g *node) (after func()) {
	start := time.Now()
	return func() {
		if n.op == nil {
			return
		}
		if w.profiling {
			w.total(n.op.name).Backward += time.Since(start)
		}
		if !w.anomalies {
			return
		}
		n.inputs(func(i int, in *node) {
			if !p.wants(in) {
				return
			}
			if share := p.slots[in.index]; share != nil && tensor.HasNaNOrInf(&share.Array) {
				panic(&AnomalyError{Op: n.op.name, Backward: true, Operand: i, Site: siteText(w.sites[n]), Ranges: w.ranges(n, g)})
			}
		})
	}
}

func (w *watcher) total(op string) *OpProfile {
	p := w.totals[op]
	if p == nil {
		p = &OpProfile{Op: op}
		w.totals[op] = p
	}
	return p
}

// ranges describes the operands of n, and the upstream gradient if there is one.
func (w *watcher) ranges(n, g *node) string {
	var parts []string
	n.inputs(func(i int, in *node) {
		parts = append(parts, fmt.Sprintf("operand %d %s in %s", i, shapeString(in.Shape), rangeText(in)))
	})
	if g != nil {
		parts = append(parts, "upstream gradient in "+rangeText(g))
	}
	if len(parts) == 0 {
		return "constants"
	}
	return strings.Join(parts, ", ")
}

func rangeText(n *node) string {
	if n.Len() == 0 {
		return "[]"
	}
	low, high := tensor.MinMax(&n.Array)
	return fmt.Sprintf("[%.4g, %.4g]", low, high)
}

// packagePath is the prefix of the names of this package's functions.
const packagePath = "github.com/chainrule-go/chainrule/autograd."

// callSite is the program counter of the innermost caller outside this package.
func callSite() uintptr {
	var pcs [32]uintptr
	for _, pc := range pcs[:runtime.Callers(2, pcs[:])] {
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		if !strings.HasPrefix(frame.Function, packagePath) {
			return pc
		}
	}
	return 0
}

func siteText(pc uintptr) string {
	if pc == 0 {
		return "an unknown place"
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return fmt.Sprintf("%s:%d", frame.File, frame.Line)
}

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
	if t.watcher == nil || !t.watcher.profiling {
		return nil
	}
	var rows []OpProfile
	for _, p := range t.watcher.totals {
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
