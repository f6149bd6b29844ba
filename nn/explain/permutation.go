package explain

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// PermutationConfig configures [PermutationImportance].
type PermutationConfig struct {
	// Metric is the score that shuffling makes worse; nil means the loss, which rises.
	Metric   nn.Metric
	Minimize bool    // smaller is better, as of errors; what the loss does always
	Loss     nn.Loss // nil means nn.CrossEntropy for data with labels, nn.MSE for other

	Repeats   int    // shuffles of each feature; 0 means 5
	Seed      uint64 // of the shuffles
	BatchSize int    // examples computed at once; 0 means 32
}

// Importance is how much worse a model does without each feature.
type Importance struct {
	Score   float64     // with all features as they are
	Repeats [][]float64 // by how much it was worse, [features][repeats]; below 0 is better
	Mean    []float64   // of the repeats, by feature
	Std     []float64   // their standard deviation, 0 for one repeat
}

// Ranking is the numbers of the features, the most important one first; of equal ones the
// first.
func (i *Importance) Ranking() []int {
	order := make([]int, len(i.Mean))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case i.Mean[a] > i.Mean[b]:
			return -1
		case i.Mean[a] < i.Mean[b]:
			return 1
		}
		return 0
	})
	return order
}

// PermutationImportance is by how much a model's score becomes worse when the values of one
// feature are shuffled among the examples, which leaves their distribution and takes away what
// they tell (Breiman 2001; Fisher, Rudin and Dominici 2019). Features are the indices of the
// second axis of x [examples, features, …]: columns, or channels. Take data that were not
// trained on. Of two features that tell the same, neither may seem important.
//
// It evaluates the model by [nn.Evaluate], whose errors it returns, and holds two batches in
// memory, whatever the size of the data set. Which examples exchange values depends on Seed,
// the feature and the repeat. It is an error, an [*autograd.ValueError], if a number is negative, and a
// [*autograd.ShapeError] if x has no features or the examples have different shapes.
func PermutationImportance(ctx context.Context, model nn.Layer, ds data.Dataset, config PermutationConfig) (*Importance, error) {
	const op = "explain.PermutationImportance"
	if model == nil || ds == nil {
		return nil, &autograd.ValueError{Op: op, Reason: "the model or the data set is nil"}
	}
	if config.Repeats < 0 || config.BatchSize < 0 {
		return nil, &autograd.ValueError{Op: op, Reason: fmt.Sprintf("Repeats %d, BatchSize %d: expected no negative number", config.Repeats, config.BatchSize)}
	}
	repeats := config.Repeats
	repeats = cmp.Or(repeats, 5)
	score, err := config.score(ctx, model, ds)
	if err != nil {
		return nil, fmt.Errorf("explain: PermutationImportance: %w", err)
	}
	features, err := countFeatures(op, ds)
	if err != nil {
		return nil, err
	}
	result := &Importance{Score: score}
	for feature := range features {
		worse := make([]float64, repeats)
		for r := range worse {
			random := rand.New(rand.NewPCG(config.Seed, uint64(feature)<<32|uint64(r)))
			mixed, err := config.score(ctx, model, &shuffled{ds, feature, random.Perm(ds.Len())})
			if err != nil {
				return nil, fmt.Errorf("explain: PermutationImportance: feature %d: %w", feature, err)
			}
			worse[r] = score - mixed
			if config.Minimize || config.Metric == nil {
				worse[r] = mixed - score
			}
		}
		deviation := 0.0
		if repeats > 1 {
			deviation = stat.StdDev(worse, nil)
		}
		result.Repeats = append(result.Repeats, worse)
		result.Mean, result.Std = append(result.Mean, stat.Mean(worse, nil)), append(result.Std, deviation)
	}
	return result, nil
}

// score is the score of a model on a data set.
func (c PermutationConfig) score(ctx context.Context, model nn.Layer, ds data.Dataset) (float64, error) {
	name := nn.LossName
	evaluate := nn.EvaluateConfig{BatchSize: c.BatchSize, Loss: c.Loss}
	if c.Metric != nil {
		name, evaluate.Metrics = c.Metric.Name(), []nn.Metric{c.Metric}
	}
	scores, err := nn.Evaluate(ctx, model, ds, evaluate)
	if err != nil {
		return 0, err
	}
	value, _ := scores.Get(name)
	return value, nil
}

// countFeatures is the size of the second axis of a data set's features.
func countFeatures(op string, ds data.Dataset) (int, error) {
	var first data.Batch
	if err := ds.Fill(&first, []int{0}); err != nil {
		return 0, fmt.Errorf("explain: PermutationImportance: %w", err)
	}
	if len(first.X.Shape) < 2 || first.X.Shape[1] == 0 {
		return 0, &autograd.ShapeError{Op: op, Shapes: [][]int{first.X.Shape}, Reason: "expected examples [batch, features…]"}
	}
	return first.X.Shape[1], nil
}

// shuffled is a data set whose examples have a feature from each other.
type shuffled struct {
	data.Dataset
	feature int
	from    []int // whose feature an example has
}

// Fill fills the batch as the data set does, and then the feature.
func (s *shuffled) Fill(batch *data.Batch, indices []int) error {
	other := data.Batch{DType: batch.DType, KeepBytes: batch.KeepBytes, Epoch: batch.Epoch, Number: batch.Number, Seed: batch.Seed}
	if err := s.Dataset.Fill(batch, indices); err != nil {
		return err
	}
	partners := make([]int, len(indices))
	for i, example := range indices {
		partners[i] = s.from[example]
	}
	other.Indices = partners
	if err := s.Dataset.Fill(&other, partners); err != nil {
		return err
	}
	if !slices.Equal(batch.X.Shape, other.X.Shape) {
		return &autograd.ShapeError{Op: "explain.PermutationImportance", Shapes: [][]int{batch.X.Shape, other.X.Shape}, Reason: "expected examples of one shape"}
	}
	copyFeature(batch.X.Float32s, other.X.Float32s, batch.X.Shape, s.feature)
	copyFeature(batch.X.Float64s, other.X.Float64s, batch.X.Shape, s.feature)
	copyFeature(batch.X.Bytes, other.X.Bytes, batch.X.Shape, s.feature)
	return nil
}

// copyFeature copies a feature of all examples of arrays of this shape; nil ones have none.
func copyFeature[T any](dst, src []T, shape []int, feature int) {
	if src == nil {
		return
	}
	example := len(src) / shape[0]
	size := example / shape[1]
	for i := range shape[0] {
		lo := i*example + feature*size
		copy(dst[lo:lo+size], src[lo:lo+size])
	}
}
