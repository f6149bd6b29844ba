package optim

import (
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Schedule is a factor of the learning rate for each step, counted from 0. It is a pure
// function, which goroutines may share; what it is for negative steps is not specified.
// Before each step,
//
//	schedule.Set(step, optimizer.Groups()...)
//
// A rate that is given in full is a factor of the LR of the groups: a cosine from 0.1 to
// 0.001 is Cosine(steps, 0.01) with the rate 0.1. Schedules panic with
// [*autograd.ValueError], when they are made, if a number is not as documented.
type Schedule func(step int) float64

// Set sets the Factor of groups to that of a step, from 0.
func (s Schedule) Set(step int, groups ...*Group) {
	factor := s(step)
	for _, g := range groups {
		g.Factor = factor
	}
}

// Constant is always the same factor.
func Constant(factor float64) Schedule {
	require("Constant", "factor", factor, nonNegative)
	return func(int) float64 { return factor }
}

// StepDecay multiplies by gamma after every so many steps: γ^⌊step/every⌋.
func StepDecay(every int, gamma float64) Schedule {
	requireSteps("StepDecay", every)
	require("StepDecay", "gamma", gamma, nonNegative)
	return func(step int) float64 { return math.Pow(gamma, float64(step/every)) }
}

// MultiStep multiplies by gamma at each of the milestones, which are steps.
func MultiStep(gamma float64, milestones ...int) Schedule {
	require("MultiStep", "gamma", gamma, nonNegative)
	milestones = slices.Sorted(slices.Values(milestones))
	return func(step int) float64 {
		passed, _ := slices.BinarySearch(milestones, step+1)
		return math.Pow(gamma, float64(passed))
	}
}

// Exponential multiplies by gamma after every step: γ^step.
func Exponential(gamma float64) Schedule {
	require("Exponential", "gamma", gamma, nonNegative)
	return func(step int) float64 { return math.Pow(gamma, float64(step)) }
}

// Linear goes from one factor to another in equal steps, and stays there.
func Linear(from, to float64, steps int) Schedule {
	requireSteps("Linear", steps)
	require("Linear", "first factor", from, nonNegative)
	require("Linear", "last factor", to, nonNegative)
	return func(step int) float64 { return from + (to-from)*progress(step, steps) }
}

// Polynomial goes from 1 to 0 as (1 − step/steps)^power, and stays there.
func Polynomial(steps int, power float64) Schedule {
	requireSteps("Polynomial", steps)
	require("Polynomial", "power", power, positive)
	return func(step int) float64 { return math.Pow(1-progress(step, steps), power) }
}

// Cosine goes from 1 to floor along half a period of the cosine, and stays there:
// floor + (1−floor)(1 + cos(π·step/steps))/2.
func Cosine(steps int, floor float64) Schedule {
	requireSteps("Cosine", steps)
	require("Cosine", "floor", floor, nonNegative)
	return func(step int) float64 { return swing(1, floor, progress(step, steps)) }
}

// CosineRestarts is a [Cosine] of so many steps, then one of growth times as many, and so
// on, each from 1 to floor (Loshchilov and Hutter 2016). growth is 1 or more.
func CosineRestarts(steps, growth int, floor float64) Schedule {
	requireSteps("CosineRestarts", steps)
	requireSteps("CosineRestarts", growth)
	require("CosineRestarts", "floor", floor, nonNegative)
	return func(step int) float64 {
		length := steps
		if growth == 1 {
			step %= length
		}
		for step >= length {
			step -= length
			length *= growth
		}
		return swing(1, floor, progress(step, length))
	}
}

// InverseSqrt rises from 1/steps to 1 in so many steps, and falls as √(steps/(step+1))
// from there, as transformers are trained (Vaswani et al. 2017).
func InverseSqrt(steps int) Schedule {
	requireSteps("InverseSqrt", steps)
	n := float64(steps)
	return func(step int) float64 {
		t := float64(step + 1)
		return min(t/n, math.Sqrt(n/t))
	}
}

// Cyclic rises from low to 1 in up steps and falls back in down steps, again and again,
// along straight lines (Smith 2015).
func Cyclic(low float64, up, down int) Schedule {
	requireSteps("Cyclic", up)
	requireSteps("Cyclic", down)
	require("Cyclic", "low", low, nonNegative)
	return func(step int) float64 {
		step %= up + down
		if step < up {
			return low + (1-low)*progress(step, up)
		}
		return 1 + (low-1)*progress(step-up, down)
	}
}

// OneCycleConfig configures [OneCycle]. Factors are shares of the greatest rate, which is
// the groups' LR.
type OneCycleConfig struct {
	Steps  int     // of the whole training, at least 2
	Rise   float64 // share of the steps in which the factor rises; 0 means 0.3
	Start  float64 // the factor of the first step; 0 means 0.04, which is 1/25
	End    float64 // the factor of the last step; 0 means 4e-6
	Linear bool    // along straight lines, not halves of a cosine
}

// OneCycle rises from Start to 1 and falls to End (Smith and Topin 2017). After the last
// step it stays there.
func OneCycle(config OneCycleConfig) Schedule {
	c := config.resolve("optim.OneCycle")
	top, last := c.Rise*float64(c.Steps)-1, float64(c.Steps-1)
	between := swing
	if c.Linear {
		between = func(from, to, x float64) float64 { return from + (to-from)*x }
	}
	return func(step int) float64 {
		switch t := float64(step); {
		case t >= last:
			return c.End
		case t < top:
			return between(c.Start, 1, t/top)
		default:
			return between(1, c.End, (t-top)/(last-top))
		}
	}
}

func (c OneCycleConfig) resolve(op string) OneCycleConfig {
	if c.Steps < 2 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("OneCycleConfig.Steps is %d, expected at least 2", c.Steps)})
	}
	s := settings{op, "OneCycleConfig"}
	s.number(&c.Rise, "Rise", 0.3, share)
	s.number(&c.Start, "Start", 0.04, nonNegative)
	s.number(&c.End, "End", 4e-6, nonNegative)
	return c
}

// Warmup rises in equal steps to the first factor of another schedule, which follows after
// so many steps, its own steps counted from 0.
func Warmup(steps int, then Schedule) Schedule {
	requireSteps("Warmup", steps)
	return func(step int) float64 {
		if step < steps {
			return then(0) * float64(step+1) / float64(steps+1)
		}
		return then(step - steps)
	}
}

// Sequence is one schedule for so many steps and then another, whose steps are counted from
// 0.
func Sequence(first Schedule, steps int, then Schedule) Schedule {
	requireSteps("Sequence", steps)
	return func(step int) float64 {
		if step < steps {
			return first(step)
		}
		return then(step - steps)
	}
}

// Product is the product of schedules.
func Product(schedules ...Schedule) Schedule {
	schedules = slices.Clone(schedules)
	return func(step int) float64 {
		factor := 1.0
		for _, s := range schedules {
			factor *= s(step)
		}
		return factor
	}
}

// progress is the share of steps that lie before a step, 1 at most.
func progress(step, steps int) float64 { return min(1, float64(step)/float64(steps)) }

// swing goes along half a period of the cosine from one number to another, as x goes from
// 0 to 1.
func swing(from, to, x float64) float64 { return to + (from-to)*(1+math.Cos(math.Pi*x))/2 }

// require panics unless a schedule's number is in an interval.
func require(schedule, what string, x float64, in interval) {
	if !in.has(x) {
		panic(&autograd.ValueError{Op: "optim." + schedule, Reason: fmt.Sprintf("the %s is %v, expected %s", what, x, in.text)})
	}
}

// requireSteps panics unless a number of steps is positive.
func requireSteps(schedule string, steps int) {
	if steps <= 0 {
		panic(&autograd.ValueError{Op: "optim." + schedule, Reason: fmt.Sprintf("the number of steps is %d, expected 1 or more", steps)})
	}
}
