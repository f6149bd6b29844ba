package nn

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics of how well scores put the examples of a class before the others, whatever the
// threshold.

// Ranking holds the scores of examples, and gives the curves and areas of each class against
// the rest: what does not follow from counts. It is a [Meter] to be used itself: its zero
// value measures outputs that are logits, as [EvaluateConfig].Meters or by calling Add. It
// keeps a float64 for each class (one for two classes) and a label of every example, which is
// what these measures need; asking for one sorts them. Outputs, labels and targets are as of
// [Accuracy].
//
// The score of a class is the logarithm of its softmax; of a single output, and of two, it is
// the logarithm of the odds, for class 0 its negative. With Probabilities it is the output,
// and for class 0 of two 1 minus that of class 1. The measures of a class whose scores
// have a NaN are NaN, and curves then have no points.
type Ranking struct {
	Probabilities bool // outputs are scores as they are, such as probabilities
	ClassAxis     int  // the axis of the classes; 0 means the last one

	classes int
	columns int       // scores of an example: one for two classes
	scores  []float64 // [examples, columns]
	labels  []int
	weights []float64 // nil as long as all are 1
}

// Add takes in the scores of a batch. A target that is NaN is an error.
func (r *Ranking) Add(output data.Array, batch *data.Batch) {
	r.add("nn.Ranking", averaging{}, output, batch)
}

// add is Add for the metric named op, of these classes.
func (r *Ranking) add(op string, of averaging, output data.Array, batch *data.Batch) {
	rows := rowsOf(op, scoring{axis: r.ClassAxis}, output, batch)
	of.checkClass(op, rows.classes())
	r.resize(op, rows.classes())
	for i := range rows.rows {
		class, weight, ok := rows.truth(i)
		if !ok {
			continue
		}
		if class == noClass {
			panic(&autograd.ValueError{Op: op, Reason: "a target is NaN"})
		}
		r.weigh(weight)
		r.labels = append(r.labels, class)
		r.score(&rows, i)
	}
}

// resize gives r its number of classes, or sees that it has it.
func (r *Ranking) resize(op string, classes int) {
	if r.classes == 0 {
		if r.classes, r.columns = classes, classes; classes == 2 {
			r.columns = 1
		}
	}
	if r.classes != classes {
		panic(&autograd.ValueError{Op: op, Reason: "a number of classes that differs from that of the batches before"})
	}
}

// weigh adds the weight of an example that is about to be added.
func (r *Ranking) weigh(weight float64) {
	if weight != 1 && r.weights == nil {
		r.weights = slices.Repeat([]float64{1}, len(r.labels))
	}
	if r.weights != nil || weight != 1 {
		r.weights = append(r.weights, weight)
	}
}

// score adds the scores of a row.
func (r *Ranking) score(rows *classRows, i int) {
	switch {
	case rows.size == 1:
		r.scores = append(r.scores, rows.at(i, 0))
	case r.columns == 1 && r.Probabilities:
		r.scores = append(r.scores, rows.at(i, 1))
	case r.columns == 1:
		r.scores = append(r.scores, rows.at(i, 1)-rows.at(i, 0))
	default:
		shift := 0.
		if !r.Probabilities {
			shift = rows.logSumExp(i)
		}
		for j := range rows.size {
			r.scores = append(r.scores, rows.at(i, j)-shift)
		}
	}
}

// logSumExp is the logarithm of the sum of the exponentials of a row.
func (r *classRows) logSumExp(i int) float64 {
	most := math.Inf(-1)
	for j := range r.size {
		most = max(most, r.at(i, j))
	}
	if math.IsInf(most, 0) {
		return most
	}
	sum := 0.
	for j := range r.size {
		sum += math.Exp(r.at(i, j) - most)
	}
	return most + math.Log(sum)
}

// Merge adds the scores of other, which must be a *Ranking with the same options.
func (r *Ranking) Merge(other Meter) {
	const op = "nn.Ranking"
	o := sameMeter(op, r, other)
	sameOptions(op, [2]any{r.Probabilities, r.ClassAxis}, [2]any{o.Probabilities, o.ClassAxis})
	if o.classes == 0 {
		return
	}
	r.resize(op, o.classes)
	for i := range o.labels {
		weight := 1.
		if o.weights != nil {
			weight = o.weights[i]
		}
		r.weigh(weight)
		r.labels = append(r.labels, o.labels[i])
	}
	r.scores = append(r.scores, o.scores...)
}

// State yields the scores, for checkpoints.
func (r *Ranking) State() iter.Seq2[string, autograd.Variable] {
	numbers := []float64{float64(r.classes), number01(r.weights != nil)}
	for _, label := range r.labels {
		numbers = append(numbers, float64(label))
	}
	return numbersState(slices.Concat(numbers, r.weights, r.scores)...)
}

// Restore takes over scores. It fails if they are not those of a Ranking.
func (r *Ranking) Restore(state map[string]autograd.Variable) error {
	numbers, err := numbersOf(state)
	if err != nil {
		return err
	}
	if len(numbers) < 2 || !(numbers[0] >= 0 && numbers[0] < math.MaxInt32) {
		return errNumbers(len(numbers))
	}
	restored := Ranking{Probabilities: r.Probabilities, ClassAxis: r.ClassAxis}
	restored.resize("nn.Ranking", int(numbers[0]))
	weighted, rest := numbers[1] != 0, numbers[2:]
	width := 1 + restored.columns // numbers of an example
	if weighted {
		width++
	}
	n := len(rest) / width
	if len(rest) != n*width {
		return errNumbers(len(numbers))
	}
	for _, label := range rest[:n] {
		if !(label >= 0 && label < numbers[0]) {
			return fmt.Errorf("there is a label %v, of %v classes", label, numbers[0])
		}
		restored.labels = append(restored.labels, int(label))
	}
	if rest = rest[n:]; weighted {
		restored.weights, rest = rest[:n:n], rest[n:]
	}
	restored.scores = rest
	*r = restored
	return nil
}

// Value is the area under the ROC curve as of the zero [ROCAUC].
func (r *Ranking) Value() float64 { return r.average(averaging{}, rocAUC) }

// ROCPoint is a point of the receiver operating characteristic.
type ROCPoint struct {
	FalsePositiveRate float64 // of the others, the fraction whose score is at least Threshold
	TruePositiveRate  float64 // of the class, the same
	Threshold         float64
}

// ROC is the receiver operating characteristic of a class: a point for each score that
// occurs, from the greatest on, after (0, 0) with the threshold +Inf; the last is (1, 1). A
// rate of which there are no examples is NaN.
func (r *Ranking) ROC(class int) []ROCPoint {
	levels, all, ok := r.levels(class)
	if !ok {
		return nil
	}
	points := []ROCPoint{{0 / all.others, 0 / all.class, math.Inf(1)}}
	var above level
	for _, l := range levels {
		above.class, above.others = above.class+l.class, above.others+l.others
		points = append(points, ROCPoint{above.others / all.others, above.class / all.class, r.threshold(class, l.score)})
	}
	return points
}

// PrecisionRecallPoint is a point of a precision–recall curve.
type PrecisionRecallPoint struct {
	Recall    float64 // of the class, the fraction whose score is at least Threshold
	Precision float64 // of those whose score is at least Threshold, the fraction of the class
	Threshold float64
}

// PrecisionRecall is the precision–recall curve of a class: a point for each score that
// occurs, from the greatest on, after recall 0 and precision 1 with the threshold +Inf. If
// there is no example of the class recall is NaN.
func (r *Ranking) PrecisionRecall(class int) []PrecisionRecallPoint {
	levels, all, ok := r.levels(class)
	if !ok {
		return nil
	}
	points := []PrecisionRecallPoint{{0 / all.class, 1, math.Inf(1)}}
	var above level
	for _, l := range levels {
		above.class, above.others = above.class+l.class, above.others+l.others
		points = append(points, PrecisionRecallPoint{above.class / all.class, above.class / (above.class + above.others), r.threshold(class, l.score)})
	}
	return points
}

// threshold is a score of a class as it is shown: by 1 minus a probability numbers near 0
// would become equal, so what is compared is the negative.
func (r *Ranking) threshold(class int, score float64) float64 {
	if r.Probabilities && r.columns == 1 && class == 0 {
		return 1 + score
	}
	return score
}

// ROCAUC is the area under the receiver operating characteristic of a class, see [ROCAUC].
func (r *Ranking) ROCAUC(class int) float64 { return rocAUC(r.levels(class)) }

// AveragePrecision is the average precision of a class, see [AveragePrecision].
func (r *Ranking) AveragePrecision(class int) float64 { return averagePrecision(r.levels(class)) }

// level is the examples of one score.
type level struct{ score, class, others float64 }

// levels is the scores of a class in descending order, with the sum of the weights, and what
// that is for all. ok is false if a score is NaN.
func (r *Ranking) levels(class int) (levels []level, all level, ok bool) {
	return r.sorted(r.appendTo(nil, class))
}

// appendTo appends each example with its score for a class.
func (r *Ranking) appendTo(list []level, class int) []level {
	column, sign := class, 1.
	if r.columns == 1 {
		if column = 0; class == 0 {
			sign = -1
		}
	}
	list = slices.Grow(list, len(r.labels))
	for i, label := range r.labels {
		weight := 1.
		if r.weights != nil {
			weight = r.weights[i]
		}
		l := level{score: sign * r.scores[i*r.columns+column]}
		if label == class {
			l.class = weight
		} else {
			l.others = weight
		}
		list = append(list, l)
	}
	return list
}

// sorted brings examples into levels, in place.
func (r *Ranking) sorted(list []level) (levels []level, all level, ok bool) {
	slices.SortFunc(list, func(a, b level) int { return cmp.Compare(b.score, a.score) })
	for _, l := range list {
		if math.IsNaN(l.score) {
			return nil, level{}, false
		}
		all.class, all.others = all.class+l.class, all.others+l.others
		if n := len(levels); n > 0 && levels[n-1].score == l.score {
			levels[n-1].class += l.class
			levels[n-1].others += l.others
			continue
		}
		if levels == nil {
			levels = list[:0]
		}
		levels = append(levels, l)
	}
	return levels, all, true
}

// rocAUC is the probability that an example of the class has a greater score than another
// one, equal scores counting half.
func rocAUC(levels []level, all level, ok bool) float64 {
	if !ok {
		return math.NaN()
	}
	area, above := 0., 0.
	for _, l := range levels {
		area += l.others * (above + l.class/2)
		above += l.class
	}
	return area / (all.class * all.others)
}

// averagePrecision is Σ (Rₙ − Rₙ₋₁)·Pₙ.
func averagePrecision(levels []level, all level, ok bool) float64 {
	if !ok {
		return math.NaN()
	}
	area := 0.
	var above level
	for _, l := range levels {
		above.class, above.others = above.class+l.class, above.others+l.others
		area += l.class * above.class / (above.class + above.others)
	}
	return area / all.class
}
