package data

import (
	"math/rand/v2"
	"slices"
)

// Sequences is a Dataset of sequences of tokens, such as texts, that differ in length. In
// a batch they are padded to the longest of it, with Lengths that say where the padding
// begins, and a Mask [batch, positions] that is 1 before and 0 from there.
type Sequences struct {
	Tokens  [][]int // of each example
	Padding int     // the token that fills up

	// Labels are the classes of the examples, and TokenLabels those of their tokens,
	// which are −1, and so not looked at, where there is padding. At most one of them is
	// not nil.
	Labels      []int
	TokenLabels [][]int

	Classes []string // names of the classes, by number; nil if unknown
}

// Measured is a Dataset whose examples have lengths, by which a [Loader] can put similar
// ones together.
type Measured interface {
	Dataset

	// Length is the length of example i.
	Length(i int) int
}

// Len is the number of examples.
func (s *Sequences) Len() int { return len(s.Tokens) }

// Length is the number of tokens of example i.
func (s *Sequences) Length(i int) int { return len(s.Tokens[i]) }

// Label is the class of example i, if it has one.
func (s *Sequences) Label(i int) (class int, ok bool) { return labelOf(s.Labels, i) }

// NumClasses is the number of classes: that of Classes, or one more than the largest
// label, or 0 without labels.
func (s *Sequences) NumClasses() int {
	n := numClasses(s.Classes, s.Labels)
	for _, labels := range s.TokenLabels {
		n = max(n, numClasses(nil, labels))
	}
	return n
}

// Fill makes batch hold the examples with these indices. It fails, with a
// [*ValueError], if the fields do not fit each other or an index is out of range.
func (s *Sequences) Fill(batch *Batch, indices []int) error {
	const op = "Sequences"
	if s.Labels != nil && s.TokenLabels != nil {
		return mismatch(op, "both Labels and TokenLabels")
	}
	if n := len(s.Tokens); s.Labels != nil && len(s.Labels) != n || s.TokenLabels != nil && len(s.TokenLabels) != n {
		return mismatch(op, "%d examples with labels of %d", n, len(s.Labels)+len(s.TokenLabels))
	}
	if err := checkIndices(op, indices, len(s.Tokens)); err != nil {
		return err
	}
	longest := 0
	for _, i := range indices {
		longest = max(longest, len(s.Tokens[i]))
		if s.TokenLabels != nil && len(s.TokenLabels[i]) != len(s.Tokens[i]) {
			return mismatch(op, "example %d has %d tokens with %d labels", i, len(s.Tokens[i]), len(s.TokenLabels[i]))
		}
	}
	batch.Reset(len(indices), 0)
	batch.ResetTokens(longest)
	batch.ResetLengths()
	batch.ResetMask(longest)
	clear(batch.Mask.Float32s)
	clear(batch.Mask.Float64s)
	for row, i := range indices {
		pad(batch.Tokens[row*longest:(row+1)*longest], s.Tokens[i], s.Padding)
		n := len(s.Tokens[i])
		batch.Lengths[row] = n
		batch.Mask.setOnes(row*longest, row*longest+n)
	}
	batch.pickLabels(s.Labels, indices)
	if s.TokenLabels != nil {
		batch.ResetLabels(longest)
		for row, i := range indices {
			pad(batch.Labels[row*longest:(row+1)*longest], s.TokenLabels[i], -1)
		}
	}
	return nil
}

// pad sets dst to list and, after that, to padding.
func pad(dst, list []int, padding int) {
	for i := copy(dst, list); i < len(dst); i++ {
		dst[i] = padding
	}
}

// setOnes sets elements start ≤ i < end of a to 1.
func (a *Array) setOnes(start, end int) {
	for i := start; i < end; i++ {
		a.set(i, 1)
	}
}

// lengthsOf is the function from ds's examples to their lengths; nil if they have none.
// Data sets made of others have those of these.
func lengthsOf(ds Dataset) func(i int) int {
	switch d := ds.(type) {
	case Measured:
		return d.Length
	case interface{ lengths() func(i int) int }:
		return d.lengths()
	}
	return nil
}

func (s *Subset) lengths() func(i int) int {
	if length := lengthsOf(s.Dataset); length != nil {
		return func(i int) int { return length(s.Indices[i]) }
	}
	return nil
}

func (w *Weighted) lengths() func(i int) int { return lengthsOf(w.Dataset) }

func (m *Mapped) lengths() func(i int) int { return lengthsOf(m.dataset) }

// bucket puts examples of similar length together: order, which is random, is sorted by
// length in pieces of so many batches, and then the batches are put in random order, the
// last one, which may not be full, excepted.
func bucket(length func(i int) int, order []int, batchSize, batches int, source *rand.PCG) {
	piece := batchSize * batches
	for start := 0; start < len(order); start += piece {
		slices.SortStableFunc(order[start:min(start+piece, len(order))], func(a, b int) int { return length(a) - length(b) })
	}
	for i := len(order)/batchSize - 1; i > 0; i-- {
		j := int(uniform(source, uint64(i)+1))
		a, b := order[i*batchSize:(i+1)*batchSize], order[j*batchSize:(j+1)*batchSize]
		for k := range a {
			a[k], b[k] = b[k], a[k]
		}
	}
}
