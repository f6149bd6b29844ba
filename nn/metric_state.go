package nn

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// The state of meters, which is saved in checkpoints: numbers, under one name.

// meterNumbers is the name.
const meterNumbers = "numbers"

// numbersState yields numbers as a state.
func numbersState(numbers ...float64) iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) { yield(meterNumbers, autograd.New(numbers)) }
}

// numbersOf is the numbers of a state.
func numbersOf(state map[string]autograd.Variable) ([]float64, error) {
	v, ok := state[meterNumbers]
	if !ok || len(state) != 1 || v.DType() != autograd.Float64 {
		return nil, fmt.Errorf("there are %d arrays, expected one of float64 that is named %q", len(state), meterNumbers)
	}
	return v.Floats(), nil
}

// restoreNumbers sets numbers to those of a state, which are as many.
func restoreNumbers(state map[string]autograd.Variable, into ...*float64) error {
	numbers, err := numbersOf(state)
	if err != nil {
		return err
	}
	if len(numbers) != len(into) {
		return errNumbers(len(numbers))
	}
	for i, x := range into {
		*x = numbers[i]
	}
	return nil
}

// errNumbers is the error of a state with so many numbers.
func errNumbers(n int) error {
	return fmt.Errorf("%d numbers are not the state of such a measurement", n)
}

// number01 is 1 for true.
func number01(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// weightedMean is a mean of numbers with weights, or a function of it: NaN before the first.
type weightedMean struct {
	sum, weight float64
	then        func(mean float64) float64 // nil for the mean itself
}

func (m *weightedMean) take(value, weight float64) {
	m.sum, m.weight = m.sum+weight*value, m.weight+weight
}

func (m *weightedMean) merge(o weightedMean) { m.sum, m.weight = m.sum+o.sum, m.weight+o.weight }

func (m *weightedMean) Value() float64 {
	mean := m.sum / m.weight
	if m.then != nil {
		mean = m.then(mean)
	}
	return mean
}

func (m *weightedMean) State() iter.Seq2[string, autograd.Variable] {
	return numbersState(m.sum, m.weight)
}

func (m *weightedMean) Restore(state map[string]autograd.Variable) error {
	return restoreNumbers(state, &m.sum, &m.weight)
}
