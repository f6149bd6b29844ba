package search

import "fmt"

// Random tries configurations that are drawn independently of each other (J. Bergstra and
// Y. Bengio, "Random search for hyper-parameter optimization", 2012).
type Random struct {
	Trials int // how many
	Budget int // of each, see [Proposal]
}

// Next draws a configuration.
func (r Random) Next(h *History) (Proposal, bool) {
	trial := h.Trials()
	if trial >= r.Trials {
		return Proposal{}, false
	}
	return Proposal{Trial: trial, Budget: r.Budget, Values: h.Space.Sample(h.Rand().Float64)}, true
}

func (r Random) check() error {
	if r.Trials < 1 {
		return fmt.Errorf("search: Random of %d trials: expected one or more", r.Trials)
	}
	return nil
}
