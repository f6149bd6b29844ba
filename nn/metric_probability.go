package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics of the probabilities that outputs stand for: by softmax, or by σ of a single output.

// LogLoss is the mean of the negative logarithms of the probabilities of the right classes,
//
//	−ln pᵢ[classᵢ]
//
// which is what [CrossEntropy] and [BCEWithLogits] are without their options, for models that
// are trained by another loss. Outputs, labels and targets are as of [Accuracy]; a NaN among
// the outputs of an example that counts makes it NaN.
type LogLoss struct {
	// Probabilities says that outputs are probabilities, and not logits. Those below the
	// spacing ε of numbers at 1, 2⁻²³ for float32 and 2⁻⁵² for float64, count as ε, so that
	// the loss stays finite.
	Probabilities bool

	ClassAxis int // the axis of the classes; 0 means the last one
}

// Name is "log_loss".
func (LogLoss) Name() string { return "log_loss" }

// Begin starts with no examples.
func (l LogLoss) Begin() Meter {
	return &probabilityMeter{probabilityOptions: probabilityOptions{"nn.LogLoss", l.Probabilities, l.ClassAxis}, of: (*classRows).logLoss}
}

// Perplexity is e to the power of [LogLoss], that of a language model where examples are
// tokens: as many equally probable tokens would be as surprising.
type Perplexity struct {
	Probabilities bool // outputs are probabilities, see LogLoss
	ClassAxis     int  // the axis of the classes; 0 means the last one
}

// Name is "perplexity".
func (Perplexity) Name() string { return "perplexity" }

// Begin starts with no examples.
func (p Perplexity) Begin() Meter {
	return &probabilityMeter{probabilityOptions: probabilityOptions{"nn.Perplexity", p.Probabilities, p.ClassAxis}, of: (*classRows).logLoss, weightedMean: weightedMean{then: math.Exp}}
}

// BrierScore is the mean squared error of the probabilities (Brier 1950): of two classes, be
// it by one output or by two, the mean of
//
//	(p − y)², y = 1 for class 1, and 0 for class 0
//
// and of more the mean of its sum over all classes. It is as [LogLoss] otherwise.
type BrierScore struct {
	Probabilities bool // outputs are probabilities, and not logits
	ClassAxis     int  // the axis of the classes; 0 means the last one
}

// Name is "brier_score".
func (BrierScore) Name() string { return "brier_score" }

// Begin starts with no examples.
func (b BrierScore) Begin() Meter {
	return &probabilityMeter{probabilityOptions: probabilityOptions{"nn.BrierScore", b.Probabilities, b.ClassAxis}, of: (*classRows).brier}
}

// probabilityMeter is the mean of a function of rows, or a function of that.
type probabilityMeter struct {
	probabilityOptions
	of   func(r *classRows, i, class int, probabilities bool) float64
	rows classRows // of the batch at hand
	weightedMean
}

type probabilityOptions struct {
	op            string
	probabilities bool
	axis          int
}

func (m *probabilityMeter) Add(output data.Array, batch *data.Batch) {
	m.rows = rowsOf(m.op, scoring{axis: m.axis}, output, batch)
	for i := range m.rows.rows {
		class, weight, ok := m.rows.truth(i)
		if !ok {
			continue
		}
		value := math.NaN()
		if class != noClass {
			value = m.of(&m.rows, i, class, m.probabilities)
		}
		m.take(value, weight)
	}
}

func (m *probabilityMeter) Merge(other Meter) {
	o := sameMeter(m.op, m, other)
	sameOptions(m.op, m.probabilityOptions, o.probabilityOptions)
	m.merge(o.weightedMean)
}

// probability is that of a class by row i.
func (r *classRows) probability(i, class int, probabilities bool) float64 {
	switch {
	case r.size > 1 && probabilities:
		return r.asProbability(i, r.at(i, class))
	case r.size > 1:
		return math.Exp(r.at(i, class) - r.logSumExp(i))
	}
	p := r.at(i, 0)
	if probabilities {
		p = r.asProbability(i, p)
	} else if p = 1 / (1 + math.Exp(-p)); class == 0 {
		return 1 / (1 + math.Exp(r.at(i, 0)))
	}
	if class == 0 {
		p = 1 - p
	}
	return p
}

// asProbability is p, which may be beside 0 … 1 by rounding only.
func (r *classRows) asProbability(i int, p float64) float64 {
	const rounding = 1e-5
	if p < -rounding || p > 1+rounding {
		panic(&autograd.ValueError{Op: r.op, Reason: fmt.Sprintf("an output for example %d of the batch is %v, which is no probability: is it a logit?", i/r.perExample, p)})
	}
	return min(max(p, 0), 1)
}

// logLoss is −ln p of a class.
func (r *classRows) logLoss(i, class int, probabilities bool) float64 {
	switch {
	case probabilities:
		least := 0x1p-23
		if r.output.Float64s != nil {
			least = 0x1p-52
		}
		return -math.Log(min(max(r.probability(i, class, true), least), 1-least))
	case r.size > 1:
		return r.logSumExp(i) - r.at(i, class)
	}
	x := r.at(i, 0)
	if class == 1 {
		x = -x
	}
	return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) // softplus
}

// brier is the squared error of the probabilities of a row.
func (r *classRows) brier(i, class int, probabilities bool) float64 {
	if r.classes() == 2 {
		miss := r.probability(i, 1-class, probabilities)
		return miss * miss
	}
	sum := 0.
	for j := range r.size {
		miss := r.probability(i, j, probabilities)
		if j == class {
			miss = 1 - miss
		}
		sum += miss * miss
	}
	return sum
}
