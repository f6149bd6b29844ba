package search

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// TPE is the tree-structured Parzen estimator (J. Bergstra, R. Bardenet, Y. Bengio and
// B. Kégl, "Algorithms for hyper-parameter optimization", 2011). The results so far are
// divided into the best ones and all others, and the density of either estimated, for each
// parameter on its own: ℓ(x) of the best, g(x) of the others. The next value is that of some
// candidates drawn from ℓ for which ℓ(x)/g(x) is greatest, which makes the improvement that
// is to be expected greatest.
//
// What failed counts among the others, and so does what is being evaluated, so that it is
// not tried twice at the same time.
type TPE struct {
	Trials     int     // how many, those at random included
	Budget     int     // of each, see [Proposal]
	Random     int     // trials at random at first; 0 means 10
	Gamma      float64 // γ, the share of the best, below 1; 0 means 0.15. At least one is
	Candidates int     // drawn for each value; 0 means 24
}

func (t TPE) withDefaults() TPE {
	t.Random = cmp.Or(t.Random, 10)
	t.Gamma = cmp.Or(t.Gamma, 0.15)
	t.Candidates = cmp.Or(t.Candidates, 24)
	return t
}

func (t TPE) check() error {
	t = t.withDefaults()
	if t.Trials < 1 || t.Random < 1 || !(t.Gamma > 0 && t.Gamma < 1) || t.Candidates < 1 {
		return fmt.Errorf("search: TPE of %d trials, %d at random, Gamma %v and %d candidates: expected positive numbers, and Gamma below 1",
			t.Trials, t.Random, t.Gamma, t.Candidates)
	}
	return nil
}

// Next chooses a configuration.
func (t TPE) Next(h *History) (Proposal, bool) {
	t = t.withDefaults()
	trial := h.Trials()
	if trial >= t.Trials {
		return Proposal{}, false
	}
	rng := h.Rand()
	good, bad := t.divide(h)
	if trial < t.Random || len(good) == 0 {
		return Proposal{Trial: trial, Budget: t.Budget, Values: h.Space.Sample(rng.Float64)}, true
	}
	values := h.Space.build(func(p Param) any {
		if p.kind == choiceKind {
			return t.choose(p, good, bad, rng)
		}
		return t.place(p, good, bad, rng)
	})
	return Proposal{Trial: trial, Budget: t.Budget, Values: values}, true
}

// divide are the best configurations, and the others.
func (t TPE) divide(h *History) (good, bad []Values) {
	ranked := h.ranked(h.Done)
	best := int(math.Ceil(t.Gamma * float64(len(ranked))))
	for i, e := range ranked {
		if i < best && e.Err == nil {
			good = append(good, e.Values)
		} else {
			bad = append(bad, e.Values)
		}
	}
	for _, p := range h.Pending {
		bad = append(bad, p.Values)
	}
	return good, bad
}

// place is a number that is likelier among the good ones.
func (t TPE) place(p Param, good, bad []Values, rng *rand.Rand) any {
	l, g := newParzen(placesOf(p, good)), newParzen(placesOf(p, bad))
	best, greatest := 0.0, math.Inf(-1)
	for range t.Candidates {
		u := l.draw(rng)
		if gain := l.logDensity(u) - g.logDensity(u); gain > greatest {
			best, greatest = u, gain
		}
	}
	return p.at(best)
}

// choose is an option that is likelier among the good ones: those are counted, with one more
// for each option.
func (t TPE) choose(p Param, good, bad []Values, rng *rand.Rand) any {
	l, g := shares(p, good), shares(p, bad)
	best, greatest := 0, math.Inf(-1)
	for range t.Candidates {
		i, u := 0, rng.Float64()
		for ; i < len(l)-1 && u >= l[i]; i++ {
			u -= l[i]
		}
		if gain := math.Log(l[i]) - math.Log(g[i]); gain > greatest {
			best, greatest = i, gain
		}
	}
	return p.options[best]
}

func shares(p Param, configurations []Values) []float64 {
	counts, total := make([]float64, len(p.options)), float64(len(p.options))
	for i := range counts {
		counts[i] = 1
	}
	for _, v := range configurations {
		if option, ok := v[p.name].(string); ok {
			counts[slices.Index(p.options, option)]++
			total++
		}
	}
	for i := range counts {
		counts[i] /= total
	}
	return counts
}

// placesOf are the places on the parameter's scale of the values that there are.
func placesOf(p Param, configurations []Values) (places []float64) {
	for _, v := range configurations {
		if value, ok := v[p.name]; ok {
			places = append(places, p.place(value))
		}
	}
	return places
}

// parzen is a density on 0 to 1: the mean of normal densities, cut off at the bounds, about
// each of some points, and of a wide one in the middle, which keeps all places possible.
type parzen struct{ center, width []float64 }

// newParzen has for the width of each point the distance to the farther of its neighbours,
// within limits: where there are many points it is narrow.
func newParzen(points []float64) parzen {
	sorted := slices.Sorted(slices.Values(append(slices.Clone(points), 0.5)))
	n := len(sorted)
	wide, _ := slices.BinarySearch(sorted, 0.5)
	k := parzen{center: sorted, width: make([]float64, n)}
	for i, c := range sorted {
		left, right := 0.0, 1.0
		if i > 0 {
			left = sorted[i-1]
		}
		if i < n-1 {
			right = sorted[i+1]
		}
		least := 1 / float64(min(100, n+1))
		k.width[i] = min(max(c-left, right-c, least), 1)
	}
	k.width[wide] = 1
	return k
}

// draw is a number of this density, within 0 ≤ u < 1.
func (k parzen) draw(rng *rand.Rand) float64 {
	i := rng.IntN(len(k.center))
	for {
		if u := k.center[i] + k.width[i]*rng.NormFloat64(); u >= 0 && u < 1 {
			return u
		}
	}
}

func (k parzen) logDensity(u float64) float64 {
	density := 0.0
	for i, c := range k.center {
		w := k.width[i]
		z := (u - c) / w
		inside := (math.Erf((1-c)/(w*math.Sqrt2)) + math.Erf(c/(w*math.Sqrt2))) / 2
		density += math.Exp(-z*z/2) / (w * math.Sqrt(2*math.Pi) * inside)
	}
	return math.Log(density / float64(len(k.center)))
}
