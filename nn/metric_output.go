package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics of models with several outputs.

// OnOutput is m of one of several outputs of a model: of what the objective tells by
// [StepContext.NamedOutput] under this name, compared with the target that it tells with it.
// Other metrics look at what it tells by [StepContext.Output]. What OnOutput makes may not be
// within another metric than [Unweighted]. Measuring fails with [*autograd.ValueError] if the
// objective does not tell of such an output, as [Supervised] never does. A [Meter] that it
// begins takes in by Add what the caller has picked.
func OnOutput(output string, m Metric) Metric { return onOutput{m, output} }

type onOutput struct {
	Metric
	output string
}

// Name is that of the metric after the output's, such as "digit_accuracy".
func (o onOutput) Name() string { return o.output + "_" + o.Metric.Name() }

// Begin starts a measurement of the output.
func (o onOutput) Begin() Meter { return MeterOnOutput(o.output, o.Metric.Begin()) }

// MeterOnOutput has m take in one of several outputs of a model, as [OnOutput] has a
// metric: for [EvaluateConfig].Meters.
func MeterOnOutput(output string, m Meter) Meter { return &outputMeter{wrappedMeter{m}, output} }

type outputMeter struct {
	wrappedMeter
	output string
}

func (m *outputMeter) Merge(other Meter) {
	o := sameMeter("nn.OnOutput", m, other)
	sameOptions("nn.OnOutput", m.output, o.output)
	m.Meter.Merge(o.Meter)
}

// namedOutput is what [StepContext.NamedOutput] was told.
type namedOutput struct {
	name   string
	output autograd.Variable
	target Target
}

// NamedOutput tells what one of several outputs of the model is for the batch, and what it
// should be, which is what metrics made by [OnOutput] of this name look at: usually the
// Target that the loss of it is computed by. Output is there for the one output of metrics
// that are not made so. It panics with [*autograd.ValueError] if name is empty, or was told
// of before for this batch.
func (s *StepContext) NamedOutput(name string, output autograd.Variable, target Target) {
	const op = "nn.StepContext.NamedOutput"
	if name == "" {
		panic(&autograd.ValueError{Op: op, Reason: "the name is empty: Output is for an output without one"})
	}
	for _, n := range s.named {
		if n.name == name {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the output %q twice", name)})
		}
	}
	s.named = append(s.named, namedOutput{name, output, target})
}

// measured is what metrics look at: the outputs for a batch.
type measured struct {
	output gathered // what Output was told
	named  []*namedMeasured
	count  int // of named that are in use
}

// namedMeasured is a named output, with a batch that has its targets.
type namedMeasured struct {
	name    string
	output  gathered
	values  gathered
	labels  []int     // memory
	weights []float64 // memory
	batch   data.Batch
}

// begin takes everything away, and keeps its memory.
func (m *measured) begin() {
	m.output.begin()
	m.count = 0
}

// take adds what was told of a piece of a batch; whole if it is all of it, which is not
// copied then.
func (m *measured) take(s *StepContext, whole bool) {
	m.output.take(s.output, whole)
	for i := range s.named {
		m.at(&s.named[i]).take(&s.named[i], s.Batch.Len, whole)
	}
}

// at is where an output of this name is gathered.
func (m *measured) at(told *namedOutput) *namedMeasured {
	if n := m.find(told.name); n != nil {
		return n
	}
	if m.count == len(m.named) {
		m.named = append(m.named, &namedMeasured{})
	}
	n := m.named[m.count]
	m.count++
	n.begin(told.name)
	return n
}

// find is the output of this name, nil if there is none.
func (m *measured) find(name string) *namedMeasured {
	for _, n := range m.named[:m.count] {
		if n.name == name {
			return n
		}
	}
	return nil
}

func (n *namedMeasured) begin(name string) {
	n.name, n.batch = name, data.Batch{}
	n.output.begin()
	n.values.begin()
}

func (n *namedMeasured) take(told *namedOutput, examples int, whole bool) {
	const op = "nn.StepContext.NamedOutput"
	target, first := &told.target, n.batch.Len == 0
	if !first && (target.Labels == nil) != (n.batch.Labels == nil) || !first && (target.Weights == nil) != (n.batch.Weights == nil) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the output %q has labels or weights for one piece of a batch, and none for another", n.name)})
	}
	n.output.take(told.output, whole)
	n.values.take(target.Values, whole)
	n.batch.Len += examples
	n.batch.Y = n.values.all
	if whole {
		n.batch.Labels, n.batch.Weights = target.Labels, target.Weights
		return
	}
	if target.Labels != nil {
		n.labels = append(n.labels[:len(n.batch.Labels)], target.Labels...)
		n.batch.Labels = n.labels
	}
	if target.Weights != nil {
		n.weights = append(n.weights[:len(n.batch.Weights)], target.Weights...)
		n.batch.Weights = n.weights
	}
}

// add has a meter take in what it looks at of a batch.
func (m *measured) add(to Meter, batch *data.Batch) {
	o, ok := to.(*outputMeter)
	if !ok {
		if m.output.all.Shape == nil {
			panic(&autograd.ValueError{Op: "nn.Objective", Reason: "there are metrics, but Loss did not call Output"})
		}
		to.Add(m.output.all, batch)
		return
	}
	n := m.find(o.output)
	if n == nil {
		names := make([]string, m.count)
		for i, n := range m.named[:m.count] {
			names[i] = n.name
		}
		panic(&autograd.ValueError{Op: "nn.OnOutput", Reason: fmt.Sprintf("there is no output %q: Loss called NamedOutput for %q", o.output, names)})
	}
	o.Meter.Add(n.output.all, &n.batch)
}
