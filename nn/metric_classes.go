package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics that are computed from a confusion matrix.

// Average says how the scores of several classes become one number. Metrics panic with
// [*autograd.ValueError] if there is no such Average.
type Average uint8

const (
	// AverageDefault is OneClass with class 1 where there are two classes, or a single
	// output, and AverageMacro where there are more.
	AverageDefault Average = iota
	// AverageMacro is the mean over the classes that occur or are predicted.
	AverageMacro
	// AverageMicro is the score of all classes' counts, or scores, taken together.
	AverageMicro
	// AverageWeighted is the mean over the classes, weighted by how often they occur.
	AverageWeighted
	// OneClass is the score of the class that the field Class names.
	OneClass
)

// String is scikit-learn's name of the average, but "default" and "class".
func (a Average) String() string {
	switch a {
	case AverageDefault:
		return "default"
	case AverageMacro:
		return "macro"
	case AverageMicro:
		return "micro"
	case AverageWeighted:
		return "weighted"
	case OneClass:
		return "class"
	}
	return fmt.Sprintf("Average(%d)", uint8(a))
}

// averaging is an Average, with its class.
type averaging struct {
	average Average
	class   int
}

// name is that of a score averaged in this way.
func (a averaging) name(score string) string {
	switch a.average {
	case AverageDefault:
		return score
	case OneClass:
		return fmt.Sprintf("%s_class%d", score, a.class)
	}
	return score + "_" + a.average.String()
}

// check panics for what does not exist.
func (a averaging) check(op string) {
	if a.average > OneClass {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there is no %v", a.average)})
	}
	if a.class < 0 || a.class != 0 && a.average != OneClass {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Class is %d, with Average %v: it is for OneClass, and not negative", a.class, a.average)})
	}
}

// checkClass panics for a class that is not among so many.
func (a averaging) checkClass(op string, classes int) {
	if a.class >= classes {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Class is %d, of %d classes", a.class, classes)})
	}
}

// resolved is what is meant for so many classes: not AverageDefault.
func (a averaging) resolved(classes int) averaging {
	switch {
	case a.average == AverageDefault && classes == 2:
		return averaging{OneClass, 1}
	case a.average == AverageDefault:
		return averaging{average: AverageMacro}
	}
	return a
}

// hits is what the scores of a class are made of.
type hits struct{ right, predicted, support float64 }

func precisionOf(h hits) float64 { return orZero(h.right, h.predicted) }

func recallOf(h hits) float64 { return orZero(h.right, h.support) }

func fBetaOf(h hits, beta float64) float64 {
	return orZero((1+beta*beta)*h.right, beta*beta*h.support+h.predicted)
}

// orZero is x/y, and 0 where y is 0.
func orZero(x, y float64) float64 {
	if y == 0 {
		return 0
	}
	return x / y
}

// Precision is the fraction of the examples taken for a class that are of it,
//
//	right / predicted
//
// of the examples that are right and those that are predicted to be of the class; 0 if no
// example is predicted to be. Outputs, labels and targets are as of [Accuracy]; a row with a
// NaN is predicted to be of no class.
type Precision struct {
	Average   Average // of the classes' precisions
	Class     int     // for OneClass
	Threshold float64 // of a single output: 0 fits logits, 0.5 probabilities
	ClassAxis int     // the axis of the classes; 0 means the last one
}

// Name is "precision", with the average if one is given.
func (p Precision) Name() string { return averaging{p.Average, p.Class}.name("precision") }

// Begin starts counting. It panics with [*autograd.ValueError] if Average or Class are none.
func (p Precision) Begin() Meter {
	return newHitsMeter("nn.Precision", averaging{p.Average, p.Class}, scoring{p.ClassAxis, p.Threshold}, 0, func(h hits, _ float64) float64 { return precisionOf(h) })
}

// Recall is the fraction of the examples of a class that are taken for it,
//
//	right / support
//
// of the examples of the class; 0 if there are none. It is as [Precision] otherwise.
type Recall struct {
	Average   Average // of the classes' recalls
	Class     int     // for OneClass
	Threshold float64 // of a single output: 0 fits logits, 0.5 probabilities
	ClassAxis int     // the axis of the classes; 0 means the last one
}

// Name is "recall", with the average if one is given.
func (r Recall) Name() string { return averaging{r.Average, r.Class}.name("recall") }

// Begin starts counting. It panics with [*autograd.ValueError] if Average or Class are none.
func (r Recall) Begin() Meter {
	return newHitsMeter("nn.Recall", averaging{r.Average, r.Class}, scoring{r.ClassAxis, r.Threshold}, 0, func(h hits, _ float64) float64 { return recallOf(h) })
}

// FBeta is the harmonic mean of precision P and recall R of a class, in which recall counts
// β times as much,
//
//	(1+β²)·P·R / (β²·P + R)  =  (1+β²)·right / (β²·support + predicted)
//
// and 0 if there is neither an example of the class nor one taken for it. Its zero value is
// the F1 score. It is as [Precision] otherwise.
type FBeta struct {
	Beta      float64 // β; 0 means 1
	Average   Average // of the classes' scores
	Class     int     // for OneClass
	Threshold float64 // of a single output: 0 fits logits, 0.5 probabilities
	ClassAxis int     // the axis of the classes; 0 means the last one
}

// Name is "f1", with β, and with the average if one is given.
func (f FBeta) Name() string {
	return averaging{f.Average, f.Class}.name(fmt.Sprintf("f%v", orDefault(f.Beta, 1)))
}

// Begin starts counting. It panics with [*autograd.ValueError] if Average or Class are none,
// or Beta is negative or not finite.
func (f FBeta) Begin() Meter {
	const op = "nn.FBeta"
	return newHitsMeter(op, averaging{f.Average, f.Class}, scoring{f.ClassAxis, f.Threshold}, number(op, "Beta", f.Beta, 1), fBetaOf)
}

// hitsMeter is the average of a score of each class.
type hitsMeter struct {
	hitsOptions
	ConfusionMatrix
	score func(h hits, beta float64) float64
}

type hitsOptions struct {
	op        string
	averaging averaging
	beta      float64
}

func newHitsMeter(op string, averaging averaging, scoring scoring, beta float64, score func(h hits, beta float64) float64) Meter {
	averaging.check(op)
	return &hitsMeter{hitsOptions{op, averaging, beta}, ConfusionMatrix{ClassAxis: scoring.axis, Threshold: scoring.threshold}, score}
}

func (m *hitsMeter) Add(output data.Array, batch *data.Batch) {
	m.add(m.op, m.averaging, output, batch)
}

func (m *hitsMeter) Merge(other Meter) {
	o := sameMeter(m.op, m, other)
	sameOptions(m.op, m.hitsOptions, o.hitsOptions)
	m.ConfusionMatrix.Merge(&o.ConfusionMatrix)
}

func (m *hitsMeter) Value() float64 {
	a := m.averaging.resolved(m.classes)
	var all hits
	sum, weights := 0., 0.
	for class := range m.classes {
		h := m.hits(class)
		all.right, all.predicted, all.support = all.right+h.right, all.predicted+h.predicted, all.support+h.support
		weight := 0.
		switch {
		case a.average == AverageWeighted:
			weight = h.support
		case a.average == OneClass && class == a.class, a.average == AverageMacro && (h.support > 0 || h.predicted > 0):
			weight = 1
		}
		if weight > 0 {
			sum, weights = sum+weight*m.score(h, m.beta), weights+weight
		}
	}
	switch {
	case all.support == 0:
		return math.NaN()
	case a.average == AverageMicro:
		return m.score(all, m.beta)
	}
	return sum / weights
}
