package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics of the agreement of labels and predictions.

// KappaWeights says how much two classes differ to [CohenKappa].
type KappaWeights uint8

const (
	// KappaUnweighted takes all errors for equally bad.
	KappaUnweighted KappaWeights = iota
	// KappaLinear weighs an error by |i − j|, of classes that have an order.
	KappaLinear
	// KappaQuadratic weighs an error by (i − j)².
	KappaQuadratic
)

// weight is that of class j in place of i.
func (k KappaWeights) weight(i, j int) float64 {
	d := math.Abs(float64(i - j))
	switch k {
	case KappaLinear:
		return d
	case KappaQuadratic:
		return d * d
	}
	return min(d, 1)
}

// CohenKappa is the agreement of labels and predictions beyond that of chance (Cohen 1960),
//
//	1 − Σ wᵢⱼ·countᵢⱼ / Σ wᵢⱼ·expectedᵢⱼ
//
// where w is 0 for i = j and by default 1 otherwise, and expected is the counts that
// independent labels and predictions of the same frequencies would have: 1 if all is right,
// 0 for chance. It is NaN if labels and predictions are all of one and the same class, or a
// row has a NaN. Outputs, labels and targets are as of [Accuracy].
type CohenKappa struct {
	Weights   KappaWeights // how bad an error is
	Threshold float64      // of a single output: 0 fits logits, 0.5 probabilities
	ClassAxis int          // the axis of the classes; 0 means the last one
}

// Name is "cohen_kappa".
func (CohenKappa) Name() string { return "cohen_kappa" }

// Begin starts counting. It panics with [*autograd.ValueError] if there are no such Weights.
func (c CohenKappa) Begin() Meter {
	const op = "nn.CohenKappa"
	if c.Weights > KappaQuadratic {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there is no KappaWeights(%d)", c.Weights)})
	}
	return &agreementMeter{agreementOptions{op, c.Weights}, ConfusionMatrix{Threshold: c.Threshold, ClassAxis: c.ClassAxis}}
}

// MatthewsCorrelation is the correlation of labels and predictions (Matthews 1975; of more
// than two classes, Gorodkin 2004),
//
//	(c·n − Σ tₖpₖ) / √((n² − Σ pₖ²)(n² − Σ tₖ²))
//
// of n examples of which c are right, tₖ of class k and pₖ predicted to be: 1 if all is right,
// 0 for chance. It is 0 if all labels, or all predictions, are of one class, and NaN if a row
// has a NaN. Outputs, labels and targets are as of [Accuracy].
type MatthewsCorrelation struct {
	Threshold float64 // of a single output: 0 fits logits, 0.5 probabilities
	ClassAxis int     // the axis of the classes; 0 means the last one
}

// Name is "matthews_correlation".
func (MatthewsCorrelation) Name() string { return "matthews_correlation" }

// Begin starts counting.
func (c MatthewsCorrelation) Begin() Meter {
	return &agreementMeter{agreementOptions{op: "nn.MatthewsCorrelation"}, ConfusionMatrix{Threshold: c.Threshold, ClassAxis: c.ClassAxis}}
}

// agreementMeter is one of the two.
type agreementMeter struct {
	agreementOptions
	ConfusionMatrix
}

type agreementOptions struct {
	op      string
	weights KappaWeights
}

func (m *agreementMeter) Add(output data.Array, batch *data.Batch) {
	m.add(m.op, averaging{}, output, batch)
}

func (m *agreementMeter) Merge(other Meter) {
	o := sameMeter(m.op, m, other)
	sameOptions(m.op, m.agreementOptions, o.agreementOptions)
	m.ConfusionMatrix.Merge(&o.ConfusionMatrix)
}

func (m *agreementMeter) Value() float64 {
	n, undecided := 0., 0.
	for class := range m.classes {
		n += m.Support(class)
		undecided += m.undecided[class]
	}
	switch {
	case n == 0 || undecided > 0:
		return math.NaN()
	case m.op == "nn.CohenKappa":
		return m.kappa(n)
	}
	return m.matthews(n)
}

func (m *agreementMeter) kappa(n float64) float64 {
	observed, expected := 0., 0.
	for i := range m.classes {
		for j := range m.classes {
			w := m.weights.weight(i, j)
			observed += w * m.Count(i, j)
			expected += w * m.Support(i) * m.Predicted(j) / n
		}
	}
	return 1 - observed/expected
}

func (m *agreementMeter) matthews(n float64) float64 {
	right, both, truths, predictions := 0., 0., 0., 0.
	for k := range m.classes {
		t, p := m.Support(k), m.Predicted(k)
		right += m.Count(k, k)
		both += t * p
		truths += t * t
		predictions += p * p
	}
	return orZero(right*n-both, math.Sqrt((n*n-predictions)*(n*n-truths)))
}
