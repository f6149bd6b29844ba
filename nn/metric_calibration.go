package nn

import (
	"fmt"
	"iter"
	"math"
	"sort"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics of whether what is said to be 80 % probable happens in 80 % of the cases.

// Reliability compares probabilities with how often it comes out so, in bins of equal width
// from 0 to 1; a probability on an edge is in the bin below it. Of two classes, be it by one
// output or by two, it is about the probability of class 1; of more about that of the class
// which is predicted, and whether it is right. It is a [Meter] to be used itself: its zero
// value measures outputs that are logits, as [EvaluateConfig].Meters or by calling Add. Its
// size does not depend on the number of examples. Outputs, labels and targets are as of
// [Accuracy].
type Reliability struct {
	Bins          int  // 0 means 15
	Probabilities bool // outputs are probabilities, and not logits
	ClassAxis     int  // the axis of the classes; 0 means the last one

	bins []reliabilityBin
	nan  bool // among the outputs, or targets
}

// reliabilityBin is sums over the examples of a bin.
type reliabilityBin struct{ predicted, observed, weight float64 }

// ReliabilityPoint is a bin that has examples.
type ReliabilityPoint struct {
	Predicted float64 // the mean probability
	Observed  float64 // how often it came out so
	Weight    float64 // of the examples, their number without weights
}

// Add takes in the probabilities of a batch. It panics with [*autograd.ValueError] if Bins is
// negative too.
func (r *Reliability) Add(output data.Array, batch *data.Batch) {
	const op = "nn.Reliability"
	rows := rowsOf(op, scoring{axis: r.ClassAxis}, output, batch)
	r.begin(op)
	for i := range rows.rows {
		class, weight, ok := rows.truth(i)
		if !ok {
			continue
		}
		about := 1
		if rows.classes() > 2 {
			about = rows.predicted(i)
		}
		p := math.NaN()
		if class != noClass && about != noClass {
			p = rows.probability(i, about, r.Probabilities)
		}
		if math.IsNaN(p) {
			r.nan = true
			continue
		}
		b := &r.bins[r.bin(p)]
		b.predicted, b.weight = b.predicted+weight*p, b.weight+weight
		if class == about {
			b.observed += weight
		}
	}
}

// begin makes the bins.
func (r *Reliability) begin(op string) {
	if r.Bins < 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Bins is %d, expected no negative number", r.Bins)})
	}
	if r.bins == nil {
		r.bins = make([]reliabilityBin, orDefaultInt(r.Bins, 15))
	}
}

// bin is the bin of a probability: the first whose upper edge is not below it.
func (r *Reliability) bin(p float64) int {
	width := 1 / float64(len(r.bins))
	return sort.Search(len(r.bins)-1, func(b int) bool { return p <= float64(b+1)*width })
}

// Merge adds the bins of other, which must be a *Reliability with the same options.
func (r *Reliability) Merge(other Meter) {
	const op = "nn.Reliability"
	o := sameMeter(op, r, other)
	sameOptions(op, [3]any{r.Bins, r.Probabilities, r.ClassAxis}, [3]any{o.Bins, o.Probabilities, o.ClassAxis})
	r.begin(op)
	r.nan = r.nan || o.nan
	for i, b := range o.bins {
		own := &r.bins[i]
		own.predicted, own.observed, own.weight = own.predicted+b.predicted, own.observed+b.observed, own.weight+b.weight
	}
}

// State yields the bins, for checkpoints.
func (r *Reliability) State() iter.Seq2[string, autograd.Variable] {
	numbers := []float64{number01(r.nan)}
	for _, b := range r.bins {
		numbers = append(numbers, b.predicted, b.observed, b.weight)
	}
	return numbersState(numbers...)
}

// Restore takes over bins. It fails if they are not as many.
func (r *Reliability) Restore(state map[string]autograd.Variable) error {
	numbers, err := numbersOf(state)
	if err != nil {
		return err
	}
	r.begin("nn.Reliability")
	if len(numbers) != 1 && len(numbers) != 1+3*len(r.bins) {
		return errNumbers(len(numbers))
	}
	clear(r.bins)
	r.nan = numbers[0] != 0
	for i, n := 0, numbers[1:]; len(n) > 0; i, n = i+1, n[3:] {
		r.bins[i] = reliabilityBin{n[0], n[1], n[2]}
	}
	return nil
}

// Points is the reliability curve: a point for each bin that has examples, by ascending
// probability.
func (r *Reliability) Points() []ReliabilityPoint {
	var points []ReliabilityPoint
	for _, b := range r.bins {
		if b.weight > 0 {
			points = append(points, ReliabilityPoint{b.predicted / b.weight, b.observed / b.weight, b.weight})
		}
	}
	return points
}

// Value is the expected calibration error, see [CalibrationError].
func (r *Reliability) Value() float64 {
	if r.nan {
		return math.NaN()
	}
	sum, weight := 0., 0.
	for _, b := range r.bins {
		sum += math.Abs(b.predicted - b.observed)
		weight += b.weight
	}
	return sum / weight
}

// CalibrationError is the expected calibration error (Naeini et al. 2015; Guo et al. 2017):
// the mean over the examples of
//
//	|observed − predicted|
//
// of the bin that an example is in, of the fraction that came out so and the mean probability,
// see [Reliability]. It is NaN if a row that counts has a NaN.
type CalibrationError struct {
	Bins          int  // 0 means 15
	Probabilities bool // outputs are probabilities, and not logits
	ClassAxis     int  // the axis of the classes; 0 means the last one
}

// Name is "calibration_error".
func (CalibrationError) Name() string { return "calibration_error" }

// Begin starts with empty bins. It panics with [*autograd.ValueError] if Bins is negative.
func (c CalibrationError) Begin() Meter {
	r := &Reliability{Bins: c.Bins, Probabilities: c.Probabilities, ClassAxis: c.ClassAxis}
	r.begin("nn.CalibrationError")
	return r
}
