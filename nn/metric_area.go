package nn

import (
	"math"

	"github.com/chainrule-go/chainrule/data"
)

// Metrics that are areas under the curves of a ranking.

// average is that of a measure of the classes. Classes for which it is not defined do not
// count, unless a score is NaN.
func (r *Ranking) average(a averaging, measure func(levels []level, all level, ok bool) float64) float64 {
	a = a.resolved(r.classes)
	if len(r.labels) == 0 {
		return math.NaN()
	}
	var list []level
	switch a.average {
	case OneClass:
		return measure(r.sorted(r.appendTo(list, a.class)))
	case AverageMicro:
		for class := range r.classes {
			list = r.appendTo(list, class)
		}
		return measure(r.sorted(list))
	}
	sum, weights := 0., 0.
	for class := range r.classes {
		levels, all, ok := r.sorted(r.appendTo(list[:0], class))
		if !ok {
			return math.NaN()
		}
		value, weight := measure(levels, all, ok), 1.
		if a.average == AverageWeighted {
			weight = all.class
		}
		if !math.IsNaN(value) {
			sum, weights = sum+weight*value, weights+weight
		}
	}
	return sum / weights
}

// ROCAUC is the area under the receiver operating characteristic, which is the probability
// that an example of the class has a greater score than one of the others, equal scores
// counting half; of more than two classes each against the rest. It is NaN where the class,
// or the others, have no example; averages leave such classes out. Outputs, labels and
// targets are as of [Accuracy], scores as of [Ranking], which it keeps: a number for each
// class of every example.
type ROCAUC struct {
	Average       Average // of the classes' areas
	Class         int     // for OneClass
	Probabilities bool    // outputs are scores as they are, such as probabilities
	ClassAxis     int     // the axis of the classes; 0 means the last one
}

// Name is "roc_auc", with the average if one is given.
func (a ROCAUC) Name() string { return averaging{a.Average, a.Class}.name("roc_auc") }

// Begin starts with no scores. It panics with [*autograd.ValueError] if Average or Class are
// none.
func (a ROCAUC) Begin() Meter {
	return newRankingMeter("nn.ROCAUC", averaging{a.Average, a.Class}, Ranking{Probabilities: a.Probabilities, ClassAxis: a.ClassAxis}, rocAUC)
}

// AveragePrecision is the mean of the precisions at each threshold, weighted by the increase
// of recall,
//
//	Σ (Rₙ − Rₙ₋₁)·Pₙ
//
// from the greatest score to the least; of more than two classes each against the rest. It is
// NaN where the class has no example; averages leave such classes out. It is as [ROCAUC]
// otherwise.
type AveragePrecision struct {
	Average       Average // of the classes' average precisions
	Class         int     // for OneClass
	Probabilities bool    // outputs are scores as they are, such as probabilities
	ClassAxis     int     // the axis of the classes; 0 means the last one
}

// Name is "average_precision", with the average if one is given.
func (a AveragePrecision) Name() string {
	return averaging{a.Average, a.Class}.name("average_precision")
}

// Begin starts with no scores. It panics with [*autograd.ValueError] if Average or Class are
// none.
func (a AveragePrecision) Begin() Meter {
	return newRankingMeter("nn.AveragePrecision", averaging{a.Average, a.Class}, Ranking{Probabilities: a.Probabilities, ClassAxis: a.ClassAxis}, averagePrecision)
}

// rankingMeter is the average of a measure of each class.
type rankingMeter struct {
	rankingOptions
	Ranking
	measure func(levels []level, all level, ok bool) float64
}

type rankingOptions struct {
	op        string
	averaging averaging
}

func newRankingMeter(op string, averaging averaging, r Ranking, measure func([]level, level, bool) float64) Meter {
	averaging.check(op)
	return &rankingMeter{rankingOptions{op, averaging}, r, measure}
}

func (m *rankingMeter) Add(output data.Array, batch *data.Batch) {
	m.add(m.op, m.averaging, output, batch)
}

func (m *rankingMeter) Merge(other Meter) {
	o := sameMeter(m.op, m, other)
	sameOptions(m.op, m.rankingOptions, o.rankingOptions)
	m.Ranking.Merge(&o.Ranking)
}

func (m *rankingMeter) Value() float64 { return m.average(m.averaging, m.measure) }
