package data

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Subset is a Dataset of some of another's examples, in an order of its own.
type Subset struct {
	Dataset Dataset
	Indices []int // which examples of Dataset; the same one may occur repeatedly
}

// Len is the number of examples of the subset.
func (s *Subset) Len() int { return len(s.Indices) }

// Label is the class of the subset's example i, if it has one.
func (s *Subset) Label(i int) (class int, ok bool) {
	if i < 0 || i >= len(s.Indices) {
		return 0, false
	}
	return classOf(s.Dataset, s.Indices[i])
}

// Fill makes batch hold the examples with these indices into the subset. It fails, with
// a [*ValueError], if an index is out of range or there is no Dataset, and as Dataset
// does.
func (s *Subset) Fill(batch *Batch, indices []int) error {
	if isNil(s.Dataset) {
		return mismatch("Subset", "the data set is nil")
	}
	if err := checkIndices("Subset", indices, len(s.Indices)); err != nil {
		return err
	}
	// A subset of a subset translates in place what the outer one has written:
	// element by element, so reading and writing the same memory is fine.
	batch.subset = sized(batch.subset, len(indices))
	for row, i := range indices {
		batch.subset[row] = s.Indices[i]
	}
	return s.Dataset.Fill(batch, batch.subset)
}

// Split deals a data set's examples out to two subsets, at random: fraction of them
// (rounded) to held, the others to rest. Both are in random order. If all examples
// have a class, each class is split in the same proportion, as nearly as whole
// examples allow. The same seed gives the same split. It panics with [*ValueError]
// unless fraction is in 0 … 1 and ds is a data set.
func Split(ds Dataset, fraction float64, seed uint64) (rest, held *Subset) {
	checkDataset("Split", ds)
	if !(fraction >= 0 && fraction <= 1) {
		misuse("Split", "fraction %v: want 0 … 1", fraction)
	}
	source := newRandom(seed, splitStream)
	order := shuffled(max(0, ds.Len()), source)
	groups := byClass(ds, order)
	rest, held = &Subset{Dataset: ds}, &Subset{Dataset: ds}
	for g, share := range shares(groups, fraction) {
		held.Indices = append(held.Indices, groups[g][:share]...)
		rest.Indices = append(rest.Indices, groups[g][share:]...)
	}
	shuffle(rest.Indices, source)
	shuffle(held.Indices, source)
	return rest, held
}

// byClass groups the examples in order by class, classes ascending; all are one
// group if any has no class.
func byClass(ds Dataset, order []int) [][]int {
	labeled, ok := ds.(Labeled)
	if !ok {
		return [][]int{order}
	}
	members := map[int][]int{}
	for _, i := range order {
		class, ok := labeled.Label(i)
		if !ok {
			return [][]int{order}
		}
		members[class] = append(members[class], i)
	}
	var groups [][]int
	for _, class := range slices.Sorted(maps.Keys(members)) {
		groups = append(groups, members[class])
	}
	return groups
}

// shares is how many examples of each group are held out: fraction of it rounded
// down, and one more in those groups that lost most by rounding until the shares
// add up to fraction of all, rounded (the method of largest remainders).
func shares(groups [][]int, fraction float64) []int {
	share := make([]int, len(groups))
	remainder := make([]float64, len(groups))
	byRemainder := make([]int, len(groups))
	total, dealt := 0, 0
	for g, group := range groups {
		exact := fraction * float64(len(group))
		share[g] = int(exact)
		remainder[g] = exact - math.Floor(exact)
		byRemainder[g] = g
		total += len(group)
		dealt += share[g]
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int { return cmp.Compare(remainder[b], remainder[a]) })
	for _, g := range byRemainder[:max(0, int(math.Round(fraction*float64(total)))-dealt)] {
		share[g]++
	}
	return share
}
