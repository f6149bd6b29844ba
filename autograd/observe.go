package autograd

import "time"

// Observing a tape while it works, for anomalies and for a profile. Both are off by default
// and then cost one comparison an operation.

// observer observes the operations of a tape.
type observer struct {
	anomalies *anomalies // nil unless they are looked for
	profile   *profile   // nil unless it is kept
}

func newObserver(config TapeConfig) *observer {
	o := &observer{}
	if config.DetectAnomaly {
		o.anomalies = &anomalies{sites: map[*node]uintptr{}}
	}
	if config.Profile {
		o.profile = &profile{totals: map[string]*OpProfile{}}
	}
	return o
}

// begin is called when an operation gets its result's node, before it computes.
func (o *observer) begin() {
	if o.profile != nil {
		o.profile.start = time.Now()
	}
}

// end is called when an operation has computed n.
func (o *observer) end(n *node) {
	if o.profile != nil && n.tape.recording {
		o.profile.addForward(n)
	}
	if o.anomalies != nil {
		o.anomalies.checkValue(n)
	}
}

// rule is called before the backward rule of n runs, and what it returns after.
func (o *observer) rule(p *pass, n, g *node) (after func()) {
	start := time.Now()
	return func() {
		if n.op == nil {
			return
		}
		if o.profile != nil {
			o.profile.total(n.op.name).Backward += time.Since(start)
		}
		if o.anomalies != nil {
			o.anomalies.checkGradients(p, n, g)
		}
	}
}
