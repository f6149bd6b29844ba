package nn

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// ConfusionMatrix counts for each class how often the model takes it for which one. It is a
// [Meter] to be used itself: its zero value measures outputs that are logits, as
// [EvaluateConfig].Meters or by calling Add. Outputs, labels and targets are as of
// [Accuracy]. Its size does not depend on the number of examples.
//
// What [Precision], [Recall], [FBeta], [CohenKappa] and [MatthewsCorrelation] say is computed
// from it; its methods give the numbers of single classes.
type ConfusionMatrix struct {
	Threshold float64 // of a single output: 0 fits logits, 0.5 probabilities
	ClassAxis int     // the axis of the classes; 0 means the last one

	classes   int
	counts    []float64 // [classes, classes], rows by the class that is right
	undecided []float64 // for each class that is right, what outputs with a NaN count
}

// Add counts a batch. Unlike for Accuracy, a target that is NaN is an error.
func (m *ConfusionMatrix) Add(output data.Array, batch *data.Batch) {
	m.add("nn.ConfusionMatrix", averaging{}, output, batch)
}

// add is Add for the metric named op, of these classes.
func (m *ConfusionMatrix) add(op string, of averaging, output data.Array, batch *data.Batch) {
	rows := rowsOf(op, m.scoring(), output, batch)
	of.checkClass(op, rows.classes())
	m.resize(op, rows.classes())
	for i := range rows.rows {
		class, weight, ok := rows.truth(i)
		if !ok {
			continue
		}
		if class == noClass {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the target of example %d of the batch is NaN", i)})
		}
		if predicted := rows.predicted(i); predicted == noClass {
			m.undecided[class] += weight
		} else {
			m.counts[class*m.classes+predicted] += weight
		}
	}
}

func (m *ConfusionMatrix) scoring() scoring { return scoring{m.ClassAxis, m.Threshold} }

// resize gives m its size, or sees that it has it.
func (m *ConfusionMatrix) resize(op string, classes int) {
	if m.classes == 0 {
		m.classes, m.counts, m.undecided = classes, make([]float64, classes*classes), make([]float64, classes)
	}
	if m.classes != classes {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d classes, after %d", classes, m.classes)})
	}
}

// Merge adds the counts of other, which must be a *ConfusionMatrix with the same options.
func (m *ConfusionMatrix) Merge(other Meter) {
	const op = "nn.ConfusionMatrix"
	o := sameMeter(op, m, other)
	sameOptions(op, m.scoring(), o.scoring())
	if o.classes == 0 {
		return
	}
	m.resize(op, o.classes)
	for i, n := range o.counts {
		m.counts[i] += n
	}
	for i, n := range o.undecided {
		m.undecided[i] += n
	}
}

// State yields the counts, for checkpoints.
func (m *ConfusionMatrix) State() iter.Seq2[string, autograd.Variable] {
	return numbersState(slices.Concat(m.counts, m.undecided)...)
}

// Restore takes over counts. It fails if they are not those of a matrix.
func (m *ConfusionMatrix) Restore(state map[string]autograd.Variable) error {
	numbers, err := numbersOf(state)
	if err != nil {
		return err
	}
	n := int(math.Sqrt(float64(len(numbers)))) // n² ≤ n·(n+1) < (n+1)²
	if n*(n+1) != len(numbers) {
		return errNumbers(len(numbers))
	}
	m.classes, m.counts, m.undecided = n, numbers[:n*n:n*n], numbers[n*n:]
	return nil
}

// Value is the accuracy: the sum of the diagonal divided by that of all.
func (m *ConfusionMatrix) Value() float64 {
	right, all := 0., 0.
	for class := range m.classes {
		right += m.Count(class, class)
		all += m.Support(class)
	}
	return right / all
}

// Classes is how many classes there are: as many as outputs, or 2 for a single one; 0 before
// the first batch.
func (m *ConfusionMatrix) Classes() int { return m.classes }

// Count is how many examples of a class the model took for one that is predicted, or the sum
// of their weights.
func (m *ConfusionMatrix) Count(class, predicted int) float64 {
	return m.counts[class*m.classes+predicted]
}

// Counts is all counts, [class][predicted], in memory of its own.
func (m *ConfusionMatrix) Counts() [][]float64 {
	all := make([][]float64, m.classes)
	for class := range all {
		all[class] = append(all[class], m.counts[class*m.classes:(class+1)*m.classes]...)
	}
	return all
}

// Support is how many examples of a class there are, or the sum of their weights.
func (m *ConfusionMatrix) Support(class int) float64 {
	all := m.undecided[class]
	for predicted := range m.classes {
		all += m.Count(class, predicted)
	}
	return all
}

// Predicted is how often the model said that it is this class.
func (m *ConfusionMatrix) Predicted(class int) float64 {
	all := 0.
	for truth := range m.classes {
		all += m.Count(truth, class)
	}
	return all
}

// Precision is the fraction of those taken for a class that are of it; 0 if there are none.
func (m *ConfusionMatrix) Precision(class int) float64 { return precisionOf(m.hits(class)) }

// Recall is the fraction of those of a class that are taken for it; 0 if there are none.
func (m *ConfusionMatrix) Recall(class int) float64 { return recallOf(m.hits(class)) }

// FBeta is the weighted harmonic mean of precision and recall of a class, see [FBeta]; 0 if
// there is neither an example of it nor one taken for it.
func (m *ConfusionMatrix) FBeta(class int, beta float64) float64 { return fBetaOf(m.hits(class), beta) }

// hits is the numbers of a class that scores are made of.
func (m *ConfusionMatrix) hits(class int) hits {
	return hits{m.Count(class, class), m.Predicted(class), m.Support(class)}
}

// String is the matrix as a table: a row for each class, a column for each that is predicted.
func (m *ConfusionMatrix) String() string {
	cells := make([][]string, m.classes+1)
	cells[0] = []string{""}
	width := 0
	for class := range m.classes {
		cells[0] = append(cells[0], fmt.Sprint(class))
		row := []string{fmt.Sprint(class)}
		for predicted := range m.classes {
			row = append(row, fmt.Sprint(m.Count(class, predicted)))
		}
		cells[class+1] = row
	}
	for _, row := range cells {
		for _, cell := range row {
			width = max(width, len(cell))
		}
	}
	var b strings.Builder
	for _, row := range cells {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%*s", width, cell)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
