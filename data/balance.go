package data

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ClassBalance says how many examples each class has.
type ClassBalance struct {
	Counts    map[int]int // by class; classes without examples are not in it
	Examples  int         // all, those without a class too
	Unlabeled int         // examples without a class
}

// Balance counts ds's examples by class. It panics with [*ValueError] if ds is nil.
func Balance(ds Dataset) ClassBalance {
	checkDataset("Balance", ds)
	b := ClassBalance{Counts: map[int]int{}, Examples: ds.Len()}
	for i := range b.Examples {
		if class, ok := classOf(ds, i); ok {
			b.Counts[class]++
		} else {
			b.Unlabeled++
		}
	}
	return b
}

// String is a line for each class, with the number of its examples and their share.
func (b ClassBalance) String() string {
	var s strings.Builder
	line := func(name string, count int) {
		fmt.Fprintf(&s, "%s: %d (%.1f %%)\n", name, count, 100*float64(count)/float64(b.Examples))
	}
	for _, class := range b.classes() {
		line(fmt.Sprintf("class %d", class), b.Counts[class])
	}
	if b.Unlabeled > 0 {
		line("no class", b.Unlabeled)
	}
	return s.String()
}

// classes are the classes that have examples, ascending.
func (b ClassBalance) classes() []int { return slices.Sorted(maps.Keys(b.Counts)) }

// ClassWeights are weights with which all classes count the same in a loss, by class:
//
//	examples with a class / (classes · examples of the class)
//
// and 0 for classes without examples. It panics with [*ValueError] if a class is
// negative or above a million.
func (b ClassBalance) ClassWeights() []float64 {
	classes := b.classes()
	if len(classes) == 0 {
		return nil
	}
	const most = 1_000_000
	first, last := classes[0], classes[len(classes)-1]
	if first < 0 || last > most {
		misuse("ClassBalance.ClassWeights", "classes from %d to %d: want them from 0 to %d at most", first, last, most)
	}
	weights := make([]float64, last+1)
	for class, count := range b.Counts {
		weights[class] = float64(b.Examples-b.Unlabeled) / (float64(len(classes)) * float64(count))
	}
	return weights
}
