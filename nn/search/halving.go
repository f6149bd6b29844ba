package search

import (
	"cmp"
	"fmt"
)

// Halving tries many configurations for a short time, the best part of them for longer, of
// these again the best part, and so on. The rungs of this ladder have the budgets
//
//	MinBudget, MinBudget·Eta, MinBudget·Eta², …, MaxBudget
//
// and of the configurations on a rung one in Eta goes on to the next. That is successive
// halving (K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and
// hyperparameter optimization", 2016). With Async a configuration goes on as soon as it is
// among the best 1/Eta of those that have finished its rung so far, and a new one is tried
// while there is none, so that there is always something to do: ASHA (L. Li et al., "A
// system for massively parallel hyperparameter tuning", 2018). It may let some go on that
// would not have, had it waited for all. Both are deterministic, see the package's comment.
//
// Configurations that failed do not go on. Somebody gets to the highest of k+1 rungs if there
// are Etaᵏ trials or more. What the search costs is, where training goes on from where it
// was ([Trial].State), the sum over rungs of the configurations on it, times its budget less
// that of the rung below.
type Halving struct {
	Trials    int  // configurations on the lowest rung
	MinBudget int  // of the lowest rung; 0 means 1
	MaxBudget int  // of the highest rung, at least MinBudget
	Eta       int  // η, at least 2; 0 means 3
	Async     bool // do not wait for a rung to be complete
}

// Next continues a configuration on the next rung, or draws a new one for the lowest.
func (s Halving) Next(h *History) (Proposal, bool) {
	s = s.withDefaults()
	l := s.ladder(h)
	if s.Async {
		for rung := len(l.budgets) - 2; rung >= 0; rung-- {
			if p, ok := l.next(rung, l.best(h, rung, s.Eta)); ok {
				return p, true
			}
		}
	} else {
		expected := s.Trials
		for rung := 0; rung < len(l.budgets)-1 && len(l.done[rung]) == expected; rung++ {
			best := l.best(h, rung, s.Eta)
			if p, ok := l.next(rung, best); ok {
				return p, true
			}
			expected = len(best)
		}
	}
	if trial := h.Trials(); trial < s.Trials {
		return Proposal{Trial: trial, Budget: l.budgets[0], Values: h.Space.Sample(h.Rand().Float64)}, true
	}
	return Proposal{}, false
}

func (s Halving) withDefaults() Halving {
	s.MinBudget = cmp.Or(s.MinBudget, 1)
	s.Eta = cmp.Or(s.Eta, 3)
	return s
}

func (s Halving) check() error {
	s = s.withDefaults()
	if s.Trials < 1 || s.MinBudget < 1 || s.MaxBudget < s.MinBudget || s.Eta < 2 {
		return fmt.Errorf("search: Halving of %d trials, budgets %d to %d and Eta %d: expected a trial or more, positive budgets, the lower one first, and Eta of 2 or more",
			s.Trials, s.MinBudget, s.MaxBudget, s.Eta)
	}
	return nil
}

// ladder is what has happened on each rung.
type ladder struct {
	budgets []int
	done    [][]Evaluation
	begun   []map[int]bool // trials, those that are done included
}

func (s Halving) ladder(h *History) ladder {
	var l ladder
	rungs := map[int]int{} // by budget
	add := func(budget int) {
		rungs[budget] = len(l.budgets)
		l.budgets = append(l.budgets, budget)
		l.begun = append(l.begun, map[int]bool{})
	}
	budget := s.MinBudget
	for ; budget < s.MaxBudget; budget *= s.Eta {
		add(budget)
		if budget > s.MaxBudget/s.Eta {
			break // the next product is too large, perhaps for an int
		}
	}
	if l.budgets == nil || l.budgets[len(l.budgets)-1] != s.MaxBudget {
		add(s.MaxBudget)
	}
	l.done = make([][]Evaluation, len(l.budgets))
	for _, e := range h.Done {
		rung := rungs[e.Budget]
		l.done[rung] = append(l.done[rung], e)
		l.begun[rung][e.Trial] = true
	}
	for _, p := range h.Pending {
		l.begun[rungs[p.Budget]][p.Trial] = true
	}
	return l
}

// best are the configurations of a rung that may go on, the best first.
func (l ladder) best(h *History, rung, eta int) []Evaluation {
	best := h.ranked(l.done[rung])[:len(l.done[rung])/eta]
	for i, e := range best {
		if e.Err != nil {
			return best[:i]
		}
	}
	return best
}

// next continues the first of best that has not begun on the next rung.
func (l ladder) next(rung int, best []Evaluation) (Proposal, bool) {
	for _, e := range best {
		if !l.begun[rung+1][e.Trial] {
			return Proposal{Trial: e.Trial, Budget: l.budgets[rung+1], Values: e.Values}, true
		}
	}
	return Proposal{}, false
}
