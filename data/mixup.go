package data

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/chainrule-go/chainrule/internal/splitmix"
)

// Mixed is a Dataset of mixtures of another's examples. It is made by [MixUp].
type Mixed struct {
	dataset Dataset
	alpha   float64
}

// MixUp returns the Dataset in which each example of ds is mixed with another one, drawn
// at random (Zhang et al. 2018): features and targets are
//
//	λ·x + (1−λ)·x′,  λ ~ Beta(alpha, alpha)
//
// Examples have numeric targets, such as those of [OneHot], and no labels. Which other
// one it is, and how much of it, depends on the seed of the [Loader], the epoch and the
// example's index only. It panics with [*ValueError] if ds is nil or alpha is not
// positive and finite.
func MixUp(ds Dataset, alpha float64) *Mixed {
	if isNil(ds) || !(alpha > 0 && alpha <= math.MaxFloat64) {
		misuse("MixUp", "alpha %v, want a positive number, and a data set", alpha)
	}
	return &Mixed{ds, alpha}
}

// Len is the number of examples.
func (m *Mixed) Len() int { return m.dataset.Len() }

// mixStream is the stream of random numbers that mixtures have.
const mixStream = 1<<63 + 2

// Fill makes batch hold mixtures of the examples with these indices. It fails as the data
// set does, and with a [*ValueError] if examples have labels, or no targets.
func (m *Mixed) Fill(batch *Batch, indices []int) error {
	if err := checkIndices("MixUp", indices, m.Len()); err != nil {
		return err
	}
	batch.KeepBytes = false
	batch.makeParts(1)
	other := batch.parts[0]
	batch.shares = batch.shares[:0]
	for _, i := range indices {
		source := newRandom(splitmix.Seed(batch.Seed, uint64(batch.Epoch)), splitmix.Seed(mixStream, uint64(i)))
		other.wanted = append(other.wanted, int(uniform(source, uint64(m.Len()))))
		batch.shares = append(batch.shares, distuv.Beta{Alpha: m.alpha, Beta: m.alpha, Src: source}.Rand())
	}
	if err := m.dataset.Fill(batch, indices); err != nil {
		return err
	}
	if err := m.dataset.Fill(other, other.wanted); err != nil {
		return err
	}
	if batch.Labels != nil || batch.Y.Shape == nil {
		return mismatch("MixUp", "examples with labels, or without targets: want targets, as OneHot makes them")
	}
	if err := alike("MixUp", batch, other); err != nil {
		return err
	}
	for row, share := range batch.shares {
		mixRow(&batch.X, &other.X, row, share)
		mixRow(&batch.Y, &other.Y, row, share)
	}
	return nil
}

// mixRow sets a row of a to share of it and the rest of b's.
func mixRow(a, b *Array, row int, share float64) {
	n := a.Rows()
	mixElements(rows(a.Float32s, n, row, row+1), rows(b.Float32s, n, row, row+1), float32(share))
	mixElements(rows(a.Float64s, n, row, row+1), rows(b.Float64s, n, row, row+1), share)
}

func mixElements[T Float](a, b []T, share T) {
	for i := range a {
		a[i] = share*a[i] + (1-share)*b[i]
	}
}
