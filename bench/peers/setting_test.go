package main

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// choicesOf makes choices from labels: a word for each option, a string for each choice.
func choicesOf(choices ...string) []choice {
	var made []choice
	for _, labels := range choices {
		var c choice
		for _, label := range strings.Fields(labels) {
			c = append(c, option{label: strings.Trim(label, "-")})
		}
		made = append(made, c)
	}
	return made
}

func TestFinalists(t *testing.T) {
	inf := math.Inf(1)
	for _, test := range []struct {
		name    string
		choices []choice
		times   map[string]float64 // 1 for those that are not here
		want    []string
	}{
		{"nothing to choose", choicesOf("a", "x"), nil, []string{"a, x"}},
		{"the fastest, and the second", choicesOf("a b c"), map[string]float64{"a": 9, "b": 2, "c": 3}, []string{"b", "c"}},
		{"no difference", choicesOf("a b c"), map[string]float64{"b": 0.99, "c": 1.01}, []string{"a", "b"}},
		{"not worth a change among good ones", choicesOf("a b c"), map[string]float64{"a": 5, "c": 0.99}, []string{"b", "c"}},
		{"one after the other", choicesOf("a b", "x y", "- u"),
			map[string]float64{"b, x": 0.8, "b, y": 0.6, "b, y, u": 0.5}, []string{"b, y, u", "b, y"}},
		{"a single option in between", choicesOf("a b", "x", "1 2"),
			map[string]float64{"b, x, 1": 0.5, "b, x, 2": 0.7}, []string{"b, x, 1", "b, x, 2"}},
		{"what does not work", choicesOf("a b c"), map[string]float64{"a": inf, "c": inf}, []string{"b"}},
		{"nothing works", choicesOf("a b", "x y"), map[string]float64{"a, x": inf, "b, x": inf, "a, y": inf}, []string{"a, x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, s := range finalists(test.choices, func(settings []setting) []float64 {
				var times []float64
				for _, s := range settings {
					time, ok := test.times[s.String()]
					if !ok {
						time = 1
					}
					times = append(times, time)
				}
				return times
			}) {
				got = append(got, s.String())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("finalists %q, want %q", got, test.want)
			}
		})
	}
}

// A noisy time of an earlier choice does not count against the same setting when it is
// tried again along with the options of the next.
func TestFinalistsCompareWithinATry(t *testing.T) {
	round := 0
	got := finalists(choicesOf("a b", "x y"), func(settings []setting) []float64 {
		round++
		if round == 1 {
			return []float64{1, 0.5}
		}
		return []float64{2, 1} // everything is slower now: b, y is better than b, x
	})
	if got[0].String() != "b, y" || len(got) != 2 {
		t.Errorf("finalists %v, want b, y first", got)
	}
}

// Times are compared in turns, those of the hopeless and of what fails once.
func TestRace(t *testing.T) {
	inf := math.Inf(1)
	times := [][]float64{{2, 9, 3}, {1, 1.5, 1.2}, {4.1}, {inf}, {4, inf, 4}}
	var order []int
	got := race(len(times), func(i int) float64 {
		order = append(order, i)
		first := times[i][0]
		times[i] = times[i][1:]
		return first
	})
	if want := []float64{3, 1.2, 4.1, inf, 4}; !slices.Equal(got, want) {
		t.Errorf("medians %v, want %v", got, want)
	}
	if want := []int{0, 1, 2, 3, 4, 0, 1, 4, 0, 1, 4}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

func TestEnvironment(t *testing.T) {
	base := []string{"A=1", "AB=2", "C="}
	got := environment(base, "A", "C=3=4", "D=5", "MISSING")
	if want := []string{"AB=2", "C=3=4", "D=5"}; !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
	if !slices.Equal(base, []string{"A=1", "AB=2", "C="}) {
		t.Errorf("the environment that it starts from was changed to %q", base)
	}
}
