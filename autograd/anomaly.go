package autograd

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// The first NaN or infinity, and where it comes from.

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

// anomalies looks for them.
type anomalies struct {
	sites map[*node]uintptr // who called the operation, by result; nodes are reused
}

// checkValue panics if the result of an operation has a NaN or an infinity.
func (a *anomalies) checkValue(n *node) {
	a.sites[n] = callSite()
	if n.tape.recording && tensor.HasNaNOrInf(&n.Array) {
		panic(&AnomalyError{Op: opName(n), Site: siteText(a.sites[n]), Ranges: ranges(n, nil)})
	}
}

// checkGradients panics if what the rule of n made of g has a NaN or an infinity.
func (a *anomalies) checkGradients(p *pass, n, g *node) {
	n.inputs(func(i int, in *node) {
		if !p.wants(in) {
			return
		}
		if share := p.slots[in.index]; share != nil && tensor.HasNaNOrInf(&share.Array) {
			panic(&AnomalyError{Op: n.op.name, Backward: true, Operand: i, Site: siteText(a.sites[n]), Ranges: ranges(n, g)})
		}
	})
}

// ranges describes the operands of n, and the upstream gradient if there is one.
func ranges(n, g *node) string {
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
