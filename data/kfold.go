package data

import (
	"cmp"
	"iter"
	"slices"
)

// KFold deals ds's examples out to k parts at random and gives, for one part after the
// other, the examples of all others, to train on, and those of the part, to validate
// with: k-fold cross-validation.
//
//	for train, validation := range data.KFold(ds, 5, 1) {
//
// If all examples have a class, the parts have each class in the same proportion, as
// nearly as whole examples allow. Parts differ in size by one at most, both subsets are
// in random order, and the same seed gives the same parts. It panics with [*ValueError]
// unless ds has at least k examples and k is at least 2.
func KFold(ds Dataset, k int, seed uint64) iter.Seq2[*Subset, *Subset] {
	n := checkFolds("KFold", ds, k)
	order := shuffled(n, newRandom(seed, splitStream))
	// Dealt like cards, class by class: what one class leaves uneven, the next goes on
	// from.
	part := make([]int, n)
	dealt := 0
	for _, group := range byClass(ds, order) {
		for _, i := range group {
			part[i] = dealt % k
			dealt++
		}
	}
	return folds(ds, k, order, part)
}

// GroupKFold is [KFold] for examples that belong together, such as the recordings of one
// person: all of a group are in one part, so that what is validated with was never
// trained on in another guise. Groups says of each example which group it is in. Groups
// are dealt out the largest first, each to the part that is smallest by then, so parts
// are as even as groups allow; which goes where among equals depends on the seed. It
// panics with [*ValueError] unless there is a group for each example, k is at least 2
// and there are at least k groups.
func GroupKFold(ds Dataset, groups []int, k int, seed uint64) iter.Seq2[*Subset, *Subset] {
	n := checkFolds("GroupKFold", ds, k)
	if len(groups) != n {
		misuse("GroupKFold", "%d examples with %d groups", n, len(groups))
	}
	order := shuffled(n, newRandom(seed, splitStream))
	members := map[int]int{}
	var list []int // groups in random order
	for _, i := range order {
		if members[groups[i]] == 0 {
			list = append(list, groups[i])
		}
		members[groups[i]]++
	}
	if len(list) < k {
		misuse("GroupKFold", "%d groups for %d parts", len(list), k)
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(members[b], members[a]) })
	partOf, sizes := map[int]int{}, make([]int, k)
	for _, group := range list {
		smallest := slices.Index(sizes, slices.Min(sizes))
		partOf[group] = smallest
		sizes[smallest] += members[group]
	}
	part := make([]int, n)
	for i, group := range groups {
		part[i] = partOf[group]
	}
	return folds(ds, k, order, part)
}

// checkFolds is the number of ds's examples, which can be dealt out to k parts.
func checkFolds(op string, ds Dataset, k int) int {
	checkDataset(op, ds)
	n := ds.Len()
	if k < 2 || n < k {
		misuse(op, "%d parts of %d examples: want at least 2, and an example for each", k, n)
	}
	return n
}

// folds gives each part's rest and the part, in order.
func folds(ds Dataset, k int, order, part []int) iter.Seq2[*Subset, *Subset] {
	return func(yield func(train, validation *Subset) bool) {
		for fold := range k {
			train, validation := &Subset{Dataset: ds}, &Subset{Dataset: ds}
			for _, i := range order {
				if part[i] == fold {
					validation.Indices = append(validation.Indices, i)
				} else {
					train.Indices = append(train.Indices, i)
				}
			}
			if !yield(train, validation) {
				return
			}
		}
	}
}
