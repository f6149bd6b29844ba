package nn

import (
	"math"

	"github.com/chainrule-go/chainrule/data"
)

// tally is the scores of the batches so far: the means of the loss and of what the
// objective logs, and the metrics.
type tally struct {
	metrics []Metric
	meters  []Meter // of metrics
	guests  []Meter // that are measured with, and asked by others
	means   []mean  // the loss first, then terms in the order in which they came up
	scores  Scores

	measured measured
}

// mean is a mean over batches: the sum of what the values were before they were divided,
// divided by the sum of the divisors. Of values that are sums it is the sum.
type mean struct {
	name          string
	sum, divisors float64
}

func (m *mean) add(value, divisor float64) {
	if divisor != 0 {
		value *= divisor
	}
	m.sum += value
	m.divisors += divisor
}

func (m *mean) value() float64 {
	if m.divisors == 0 {
		return m.sum
	}
	return m.sum / m.divisors
}

// begin starts anew.
func (t *tally) begin() {
	t.means = append(t.means[:0], mean{name: LossName})
	t.meters = t.meters[:0]
	for _, m := range t.metrics {
		t.meters = append(t.meters, m.Begin())
	}
}

// measures reports whether outputs are measured.
func (t *tally) measures() bool { return len(t.meters)+len(t.guests) > 0 }

// measure takes in the outputs for a batch.
func (t *tally) measure(outputs *measured, batch *data.Batch) {
	for _, m := range t.meters {
		outputs.add(m, batch)
	}
	for _, m := range t.guests {
		outputs.add(m, batch)
	}
}

// measureAll is measure of what an objective tells of a whole batch.
func (t *tally) measureAll(s *StepContext) {
	if !t.measures() {
		return
	}
	t.measured.begin()
	t.measured.take(s, true)
	t.measure(&t.measured, s.Batch)
}

// add takes in the loss of a batch, and what was logged.
func (t *tally) add(loss float64, s *StepContext) {
	t.means[0].add(loss, s.divisor)
	for _, term := range s.terms {
		t.term(term.Name).add(term.Value, s.divisor)
	}
}

// merge takes in what another tally has of loss and terms.
func (t *tally) merge(other *tally) {
	for i, m := range other.means {
		into := &t.means[0]
		if i > 0 {
			into = t.term(m.name)
		}
		into.sum += m.sum
		into.divisors += m.divisors
	}
}

func (t *tally) term(name string) *mean {
	for i := 1; i < len(t.means); i++ {
		if t.means[i].name == name {
			return &t.means[i]
		}
	}
	t.means = append(t.means, mean{name: name})
	return &t.means[len(t.means)-1]
}

// update brings scores up to date and returns them; they are overwritten next time.
func (t *tally) update() Scores {
	t.scores = t.scores[:0]
	for i := range t.means {
		t.scores = append(t.scores, Score{t.means[i].name, t.means[i].value()})
	}
	for i, m := range t.meters {
		t.scores = append(t.scores, Score{t.metrics[i].Name(), m.Value()})
	}
	return t.scores
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
