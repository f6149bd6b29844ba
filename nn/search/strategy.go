package search

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Strategy decides what is evaluated. [Random], [TPE] and [Halving] are strategies.
type Strategy interface {
	// Next is the next evaluation, given what there was before. It must depend on history
	// alone, which it must not change, and which is valid during the call: a search that
	// goes on after an interruption asks again, and expects the same. If there is nothing to
	// be evaluated, ok is false: Next is called again when another result is known, and the
	// search has ended if all are.
	Next(history *History) (p Proposal, ok bool)
}

// Proposal is an evaluation to be made.
type Proposal struct {
	// Trial is the number of the configuration: that of an earlier proposal, which is to be
	// continued with a greater budget, or else the least number that there was not, from 0.
	Trial int

	// Budget is how long to train in all, in units of which the function that is searched
	// knows, such as epochs.
	Budget int

	// Values is the configuration.
	Values Values
}

// Evaluation is an evaluation that was made.
type Evaluation struct {
	Proposal
	Number  int     // from 0, in the order of proposals
	Seed    uint64  // that of the trial: with it and Values the best one can be trained again
	Score   float64 // finite, unless Err says why there is none
	Err     error   // nil if it went well
	Seconds float64 // how long it took
}

// History is what a search has come to: what a [Strategy] decides by.
type History struct {
	Space    Space
	Maximize bool         // greater scores are better
	Done     []Evaluation // those with a known result, by their numbers
	Pending  []Proposal   // those without, which come next

	seed uint64
}

// NewHistory is the history of a search that begins, with this seed: what [Run] begins with,
// and tests of strategies.
func NewHistory(space Space, maximize bool, seed uint64) *History {
	return &History{Space: space, Maximize: maximize, seed: seed}
}

// Rand is the source of random numbers for the next proposal: the same one for the same
// seed and number of proposals so far.
func (h *History) Rand() *rand.Rand {
	return rand.New(rand.NewPCG(h.seed, uint64(len(h.Done)+len(h.Pending))))
}

// Trials is the number of different configurations so far.
func (h *History) Trials() int {
	n := 0
	for _, e := range h.Done {
		n = max(n, e.Trial+1)
	}
	for _, p := range h.Pending {
		n = max(n, p.Trial+1)
	}
	return n
}

// ranked sorts evaluations, the best first; failed ones come last, and equal ones in the
// order of their numbers.
func (h *History) ranked(evaluations []Evaluation) []Evaluation {
	sorted := slices.Clone(evaluations)
	slices.SortStableFunc(sorted, func(a, b Evaluation) int {
		if (a.Err == nil) != (b.Err == nil) {
			if a.Err == nil {
				return -1
			}
			return 1
		}
		if h.Maximize {
			a, b = b, a
		}
		if order := cmp.Compare(a.Score, b.Score); order != 0 && a.Err == nil {
			return order
		}
		return 0
	})
	return sorted
}
