package data

import (
	"math"
	"sort"

	"github.com/chainrule-go/chainrule/internal/splitmix"
)

// Sampled is a Dataset of another's examples that are drawn at random. It is made by
// [Sample].
type Sampled struct {
	dataset Dataset
	n       int
	sums    []float64 // of the weights up to each example, itself included
}

// Sample returns a Dataset of n of ds's examples, drawn with replacement anew in each
// epoch, each with a probability in proportion to its weight. Which ones they are depends
// on the seed of the [Loader], the epoch and the place, and on nothing else. Without
// weights classes are balanced: each class is as likely as the others.
//
// It panics with [*ValueError] if ds is nil, n is negative, there are weights but not
// one for each example, a weight is negative or not finite, or none is positive, or if
// there are no weights and an example has no class.
func Sample(ds Dataset, weights []float64, n int) *Sampled {
	const op = "Sample"
	checkDataset(op, ds)
	if n < 0 {
		misuse(op, "%d examples: want no negative number", n)
	}
	if weights == nil {
		balance := Balance(ds)
		if balance.Unlabeled > 0 {
			misuse(op, "%d examples without a class: want weights", balance.Unlabeled)
		}
		weights = make([]float64, ds.Len())
		for i := range weights {
			class, _ := classOf(ds, i)
			weights[i] = 1 / float64(balance.Counts[class])
		}
	}
	if len(weights) != ds.Len() {
		misuse(op, "%d examples with %d weights", ds.Len(), len(weights))
	}
	s := &Sampled{dataset: ds, n: n, sums: make([]float64, len(weights))}
	sum := 0.0
	for i, weight := range weights {
		if !(weight >= 0 && weight <= math.MaxFloat64) {
			misuse(op, "the weight of example %d is %v, want a finite number that is not negative", i, weight)
		}
		sum += weight
		s.sums[i] = sum
	}
	if n > 0 && !(sum > 0 && sum <= math.MaxFloat64) {
		misuse(op, "weights whose sum is %v: want a positive, finite one", sum)
	}
	return s
}

// Len is the number of examples that are drawn.
func (s *Sampled) Len() int { return s.n }

// Fill makes batch hold the examples that are drawn for these places of the batch's
// epoch. It fails, with a [*ValueError], if an index is out of range, and as the data
// set does.
func (s *Sampled) Fill(batch *Batch, indices []int) error {
	if err := checkIndices("Sample", indices, s.n); err != nil {
		return err
	}
	drawn := sized(batch.subset, len(indices))
	batch.subset = drawn
	seed := splitmix.Seed(batch.Seed, uint64(batch.Epoch))
	for row, i := range indices {
		drawn[row] = s.draw(unit(newRandom(seed, splitmix.Seed(sampleStream, uint64(i)))))
	}
	return s.dataset.Fill(batch, drawn)
}

// sampleStream is the stream of random numbers that draws have.
const sampleStream = 1<<63 + 1

// draw is the example at a share of the sum of all weights.
func (s *Sampled) draw(share float64) int {
	all := s.sums[len(s.sums)-1]
	i := sort.Search(len(s.sums), func(i int) bool { return s.sums[i] > share*all })
	if i == len(s.sums) { // rounded up to all: the last one that has a weight
		i = sort.SearchFloat64s(s.sums, all)
	}
	return i
}
