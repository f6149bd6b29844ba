package main

import (
	"math"
	"slices"
	"strings"
)

// choice is one thing about a library that can be set in several ways. The first
// option is what it does if nobody sets anything.
type choice []option

type option struct {
	label string   // what the table calls it, may be empty
	env   []string // changes to the environment, see environment
}

// setting is an option of each choice.
type setting []option

func (s setting) String() string {
	var labels []string
	for _, o := range s {
		if o.label != "" {
			labels = append(labels, o.label)
		}
	}
	return strings.Join(labels, ", ")
}

func (s setting) env() []string {
	var env []string
	for _, o := range s {
		env = append(env, o.env...)
	}
	return env
}

// with is s with another option of choice i.
func (s setting) with(i int, o option) setting {
	s = slices.Clone(s)
	s[i] = o
	return s
}

// defaults is the first option of each choice.
func defaults(choices []choice) setting {
	var s setting
	for _, c := range choices {
		s = append(s, c[0])
	}
	return s
}

// margin is how much less time an option has to take, as a share, to be preferred to
// the one that stands before it: without it noise would choose between options that
// make no difference.
const margin = 0.02

// finalists looks for the setting that takes the least time: for one choice after the
// other it tries all options, along with what has been chosen for those before. It
// returns that setting and the fastest of the others that were tried, if there is one
// that works. A try takes the settings to compare and returns the time of each,
// +Inf for one that does not work.
func finalists(choices []choice, try func([]setting) []float64) []setting {
	best := defaults(choices)
	var tried []setting
	times := map[string]float64{} // of the last try, by setting
	for i, c := range choices {
		if len(c) == 1 {
			continue
		}
		var candidates []setting // the first is what is the best so far
		for _, o := range c {
			candidates = append(candidates, best.with(i, o))
		}
		seconds := try(candidates)
		fastest := 0
		for k, s := range candidates {
			if seconds[k] < (1-margin)*seconds[fastest] {
				fastest = k
			}
			times[s.String()] = seconds[k]
		}
		best = candidates[fastest]
		tried = append(tried, candidates...)
	}
	second, least := setting(nil), math.Inf(1)
	for _, s := range tried {
		if seconds := times[s.String()]; s.String() != best.String() && seconds < least {
			second, least = s, seconds
		}
	}
	if second == nil {
		return []setting{best}
	}
	return []setting{best, second}
}

// environment is a program's environment with changes: KEY=VALUE sets a variable, a
// KEY alone removes it.
func environment(base []string, changes ...string) []string {
	env := slices.Clone(base)
	for _, change := range changes {
		key, _, set := strings.Cut(change, "=")
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, key+"=") })
		if set {
			env = append(env, change)
		}
	}
	return env
}
