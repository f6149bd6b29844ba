package data

import (
	"math/bits"
	"math/rand/v2"
)

// Dataset is a collection of examples to learn from. Implement it to bring data of
// your own; [Images] and [Arrays] are the ones this package has.
//
// A Dataset must be safe for Fill from several goroutines at once, with a Batch
// each.
type Dataset interface {
	// Len is the number of examples. It does not change.
	Len() int

	// Fill makes batch hold the examples with these indices, in that order, each
	// in 0 … Len()-1. What keeps it from that it returns; loops over a [Loader] end
	// with that error. It starts with [Batch.Reset] or [Batch.ResetBytes], whose shapes
	// may differ from one batch to the next, and may call [Batch.ResetLabels],
	// [Batch.ResetTargets], [Batch.ResetWeights], [Batch.ResetTokens],
	// [Batch.ResetLengths] and [Batch.ResetMask]; then it sets every row of what it has
	// called for. It does not keep or change indices.
	Fill(batch *Batch, indices []int) error
}

// Labeled is a Dataset whose examples may have a class. [Split] keeps the
// proportions of the classes.
type Labeled interface {
	Dataset

	// Label is the class of example i; ok is false if it has none.
	Label(i int) (class int, ok bool)
}

// Batch is a number of examples, side by side in arrays. The zero Batch is ready
// for a Dataset to fill it.
type Batch struct {
	// DType is the element type X and Y are filled with.
	DType DType

	// KeepBytes lets a Dataset whose features are bytes leave them so, in X.Bytes. A
	// Dataset that has another one fill the batch, and then changes the numbers, sets
	// it to false before: it finds numbers of type DType.
	KeepBytes bool

	// Len is the number of examples.
	Len int

	// X holds the features, of shape [Len, features…].
	X Array

	// Labels holds the classes, one per example, or as many for each as there are
	// positions, such as tokens or pixels, that have one; nil if there are none. Those
	// of a negative class are not looked at.
	Labels []int

	// Y holds numeric targets, of shape [Len, targets…]; its Shape is nil if there
	// are none.
	Y Array

	// Weights says how much each example counts, in the loss and in metrics: one of
	// weight 2 as two, one of weight 0 not at all; nil if all have weight 1.
	Weights []float64

	// Tokens holds whole numbers, as many for each example: the words of texts, or
	// categories of which a model looks up a row each. Example i has those from
	// i·n to (i+1)·n-1, n = len(Tokens)/Len; nil if there are none.
	Tokens []int

	// Lengths says how many positions of each example, of Tokens or of X, are its own;
	// those behind are padding. It is nil if all are.
	Lengths []int

	// Mask holds a number for each example and position, such as 1 where there is
	// something and 0 where there is not, of shape [Len, positions…]; its Shape is nil
	// if there is none.
	Mask Array

	// Indices says which examples of the Dataset these are. Loaders set it; it must
	// not be changed.
	Indices []int

	// Epoch and Number are the batch's place: which one it is, from 0, of its epoch.
	// Loaders set them, and Seed, which is theirs: a Dataset that draws random numbers
	// for an example makes them depend on Seed, Epoch and the example's index, as
	// [Augment] does.
	Epoch, Number int
	Seed          uint64

	// Memory kept for when it is needed again.
	labels, tokens, lengths []int
	weights                 []float64
	targets, mask           Array
	original                Array // X before Augmented changed it
	augmented               []int // the indices that Augmented was asked for
	augmenting              augmenting
	subset                  []int     // indices translated by Subset
	parts                   []*Batch  // what data sets made of others had filled
	wanted                  []int     // the examples of a part
	pixels                  []byte    // an image that Folder has decoded
	shares                  []float64 // of each example in what Mixed makes of it
	places                  []place
	filling                 filling // the job of Images.Fill

	// background is set while the batch is filled beside other work, which then has the
	// worker pool to itself.
	background bool
}

// Reset makes b a batch of n examples with features of this shape and nothing else, in
// the memory b has if it suffices. The elements of X are unspecified; a shape of 0 is
// right for examples that have tokens instead. It panics with [*ValueError] if n or a size is negative, or the array
// too large to be addressed; so do the other methods.
func (b *Batch) Reset(n int, shape ...int) {
	b.Len = n
	b.X.resize("Batch.Reset", b.DType, n, shape)
	b.onlyFeatures()
}

// ResetBytes is Reset for features that are byte·scale + shift, to be set by
// [SetRowBytes]: X holds bytes if KeepBytes asks for them, and else numbers of DType.
func (b *Batch) ResetBytes(n int, scale, shift float64, shape ...int) {
	if !b.KeepBytes {
		b.Reset(n, shape...)
		return
	}
	b.Len = n
	b.X.resizeBytes("Batch.ResetBytes", n, shape, scale, shift)
	b.onlyFeatures()
}

// onlyFeatures takes from b what has not been reset.
func (b *Batch) onlyFeatures() {
	b.Labels, b.Weights, b.Tokens, b.Lengths = nil, nil, nil, nil
	b.Y, b.Mask = Array{}, Array{}
}

// ResetLabels gives b labels, of this shape for each example, with unspecified values:
// one without a shape.
func (b *Batch) ResetLabels(shape ...int) {
	b.labels = sized(b.labels, b.Len*sizeOf("Batch.ResetLabels", shape))
	b.Labels = b.labels
}

// ResetTargets gives b targets of this shape for each example. The elements of Y
// are unspecified.
func (b *Batch) ResetTargets(shape ...int) {
	b.targets.resize("Batch.ResetTargets", b.DType, b.Len, shape)
	b.Y = b.targets
}

// ResetWeights gives b weights, Len of them, with unspecified values.
func (b *Batch) ResetWeights() {
	b.weights = sized(b.weights, b.Len)
	b.Weights = b.weights
}

// ResetTokens gives each example of b n tokens, with unspecified values.
func (b *Batch) ResetTokens(n int) {
	b.tokens = sized(b.tokens, sizeOf("Batch.ResetTokens", []int{b.Len, n}))
	b.Tokens = b.tokens
}

// ResetLengths gives b lengths, Len of them, with unspecified values.
func (b *Batch) ResetLengths() {
	b.lengths = sized(b.lengths, b.Len)
	b.Lengths = b.lengths
}

// ResetMask gives b a mask of this shape for each example. Its elements are unspecified.
func (b *Batch) ResetMask(shape ...int) {
	b.mask.resize("Batch.ResetMask", b.DType, b.Len, shape)
	b.Mask = b.mask
}

// pickLabels gives b the labels with these indices, if there are labels.
func (b *Batch) pickLabels(labels, indices []int) {
	if labels == nil {
		return
	}
	b.ResetLabels()
	for row, i := range indices {
		b.Labels[row] = labels[i]
	}
}

// checkIndices finds an index that is not in 0 … n-1.
func checkIndices(op string, indices []int, n int) error {
	for _, i := range indices {
		if i < 0 || i >= n {
			return mismatch(op, "index %d of a data set of %d examples", i, n)
		}
	}
	return nil
}

// Streams of random numbers that a seed has, besides one for each epoch.
const splitStream = 1 << 63

// newRandom is a random source of its own for every pair of seed and stream. PCG
// is specified down to its bits, so what is drawn from it never changes.
func newRandom(seed, stream uint64) *rand.PCG { return rand.NewPCG(seed, stream) }

// shuffle puts s in random order (Fisher–Yates). It is written here, rather than
// taken from math/rand, so that a seed gives the same order with every Go version.
func shuffle(s []int, source *rand.PCG) {
	for i := len(s) - 1; i > 0; i-- {
		j := uniform(source, uint64(i)+1)
		s[i], s[j] = s[j], s[i]
	}
}

// shuffled is 0 … n-1 in random order.
func shuffled(n int, source *rand.PCG) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	shuffle(order, source)
	return order
}

// uniform draws from 0 … n-1 without bias: the upper half of a 128-bit product, and
// another draw where the lower half shows that some results would come up more
// often (Lemire, "Fast random integer generation in an interval", 2019).
func uniform(source *rand.PCG, n uint64) uint64 {
	high, low := bits.Mul64(source.Uint64(), n)
	if low < n {
		for threshold := -n % n; low < threshold; {
			high, low = bits.Mul64(source.Uint64(), n)
		}
	}
	return high
}
