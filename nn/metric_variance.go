package nn

import (
	"fmt"
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics of numbers that compare errors with how much the targets vary.

// R2 is the coefficient of determination: of each output, over the examples,
//
//	1 − Σ (target − output)² / Σ (target − mean target)²
//
// and of several outputs the mean of theirs: 1 if all is right, 0 for what always says the
// mean, negative for what is worse than that. Of targets that are all equal it is 1 if the
// outputs are right, and 0 otherwise; of a single example it is NaN.
type R2 struct{}

// Name is "r2".
func (R2) Name() string { return "r2" }

// Begin starts with no examples.
func (R2) Begin() Meter {
	return &varianceMeter{op: "nn.R2", left: func(s *variation) float64 { return s.error.squares + s.weight*s.error.mean*s.error.mean }}
}

// ExplainedVariance is [R2] but for a constant that all outputs are off by, which does not
// count:
//
//	1 − variance(target − output) / variance(target)
type ExplainedVariance struct{}

// Name is "explained_variance".
func (ExplainedVariance) Name() string { return "explained_variance" }

// Begin starts with no examples.
func (ExplainedVariance) Begin() Meter {
	return &varianceMeter{op: "nn.ExplainedVariance", left: func(s *variation) float64 { return s.error.squares }}
}

// varianceMeter compares what is left of the targets' variance with it.
type varianceMeter struct {
	op   string
	left func(s *variation) float64

	examples float64
	outputs  []variation
}

// variation is the moments of an output's targets and errors.
type variation struct {
	weight        float64
	target, error moments
}

// moments is a mean, and the sum of the weighted squares of the deviations from it.
type moments struct{ mean, squares float64 }

// merge takes in other moments, of a weight beside a weight (Chan, Golub, LeVeque 1979).
func (m *moments) merge(weight float64, other moments, otherWeight float64) {
	d, all := other.mean-m.mean, weight+otherWeight
	m.mean += d * otherWeight / all
	m.squares += other.squares + d*d*weight*otherWeight/all
}

func (s *variation) merge(other variation) {
	if other.weight == 0 {
		return
	}
	s.target.merge(s.weight, other.target, other.weight)
	s.error.merge(s.weight, other.error, other.weight)
	s.weight += other.weight
}

func (m *varianceMeter) Add(output data.Array, batch *data.Batch) {
	row := checkTargets(m.op, output, batch)
	m.resize(row)
	for i := range row * output.Rows() {
		weight := weightOf(batch, i/row)
		if weight == 0 {
			continue
		}
		if i%row == 0 {
			m.examples++
		}
		target := elementAt(&batch.Y, i)
		m.outputs[i%row].merge(variation{weight, moments{mean: target}, moments{mean: target - elementAt(&output, i)}})
	}
}

func (m *varianceMeter) resize(outputs int) {
	if m.outputs == nil {
		m.outputs = make([]variation, outputs)
	}
	if len(m.outputs) != outputs {
		panic(&autograd.ValueError{Op: m.op, Reason: fmt.Sprintf("%d outputs, after %d", outputs, len(m.outputs))})
	}
}

func (m *varianceMeter) Merge(other Meter) {
	o := sameMeter(m.op, m, other)
	sameOptions(m.op, m.op, o.op)
	m.examples += o.examples
	for i, s := range o.outputs {
		m.resize(len(o.outputs))
		m.outputs[i].merge(s)
	}
}

func (m *varianceMeter) State() iter.Seq2[string, autograd.Variable] {
	numbers := []float64{m.examples}
	for _, v := range m.outputs {
		numbers = append(numbers, v.weight, v.target.mean, v.target.squares, v.error.mean, v.error.squares)
	}
	return numbersState(numbers...)
}

func (m *varianceMeter) Restore(state map[string]autograd.Variable) error {
	numbers, err := numbersOf(state)
	if err != nil {
		return err
	}
	if len(numbers)%5 != 1 {
		return errNumbers(len(numbers))
	}
	m.examples, m.outputs = numbers[0], nil
	for n := numbers[1:]; len(n) > 0; n = n[5:] {
		m.outputs = append(m.outputs, variation{n[0], moments{n[1], n[2]}, moments{n[3], n[4]}})
	}
	return nil
}

func (m *varianceMeter) Value() float64 {
	if m.examples < 2 {
		return math.NaN()
	}
	sum := 0.
	for i := range m.outputs {
		s := &m.outputs[i]
		switch left, all := m.left(s), s.target.squares; {
		case all != 0:
			sum += 1 - left/all
		case left == 0:
			sum++
		case left != left:
			sum = left
		}
	}
	return sum / float64(len(m.outputs))
}
