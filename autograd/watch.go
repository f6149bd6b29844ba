package autograd

import "time"

// Watching a tape while it works, for anomalies and for a profile. Both are off by default
// and then cost one comparison an operation.

// watcher observes the operations of a tape.
type watcher struct {
	anomalies *anomalies // nil unless they are looked for
	profile   *profile   // nil unless it is kept
}

func newWatcher(config TapeConfig) *watcher {
	w := &watcher{}
	if config.DetectAnomaly {
		w.anomalies = &anomalies{sites: map[*node]uintptr{}}
	}
	if config.Profile {
		w.profile = &profile{totals: map[string]*OpProfile{}}
	}
	return w
}

// begin is called when an operation gets its result's node, before it computes.
func (w *watcher) begin() {
	if w.profile != nil {
		w.profile.start = time.Now()
	}
}

// end is called when an operation has computed n.
func (w *watcher) end(n *node) {
	if w.profile != nil && n.tape.recording {
		w.profile.addForward(n)
	}
	if w.anomalies != nil {
		w.anomalies.checkValue(n)
	}
}

// rule is called before the backward rule of n runs, and what it returns after.
func (w *watcher) rule(p *pass, n, g *node) (after func()) {
	start := time.Now()
	return func() {
		if n.op == nil {
			return
		}
		if w.profile != nil {
			w.profile.total(n.op.name).Backward += time.Since(start)
		}
		if w.anomalies != nil {
			w.anomalies.checkGradients(p, n, g)
		}
	}
}
