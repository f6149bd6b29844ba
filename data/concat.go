package data

import "sort"

// Concatenated is a Dataset of the examples of several, one after the other. Their
// batches must have the same arrays with rows of the same shapes.
type Concatenated struct {
	sets []Dataset
	ends []int // number of examples up to the end of each
}

// Concat returns the Dataset of the examples of sets, one after the other. It panics
// with [*ValueError] if one of them is nil.
func Concat(sets ...Dataset) *Concatenated {
	c := &Concatenated{sets: sets}
	n := 0
	for i, set := range sets {
		if isNil(set) {
			misuse("Concat", "data set %d is nil: was the error of loading it looked at?", i)
		}
		n += set.Len()
		c.ends = append(c.ends, n)
	}
	return c
}

// Len is the number of examples of all.
func (c *Concatenated) Len() int {
	if len(c.ends) == 0 {
		return 0
	}
	return c.ends[len(c.ends)-1]
}

// find is the data set that example i is in, and its index there.
func (c *Concatenated) find(i int) (set, index int) {
	set = sort.SearchInts(c.ends, i+1)
	if set > 0 {
		i -= c.ends[set-1]
	}
	return set, i
}

// Label is the class of example i, if it has one.
func (c *Concatenated) Label(i int) (class int, ok bool) {
	if i < 0 || i >= c.Len() {
		return 0, false
	}
	set, index := c.find(i)
	return classOf(c.sets[set], index)
}

// Fill makes batch hold the examples with these indices. It fails, with a
// [*ValueError], if an index is out of range or examples of different data sets do not
// have the same arrays with rows of the same shapes, and as the data sets do.
func (c *Concatenated) Fill(batch *Batch, indices []int) error {
	if err := checkIndices("Concat", indices, c.Len()); err != nil {
		return err
	}
	batch.makeParts(len(c.sets))
	batch.places = batch.places[:0]
	for _, i := range indices {
		set, index := c.find(i)
		part := batch.parts[set]
		batch.places = append(batch.places, place{part, len(part.wanted)})
		part.wanted = append(part.wanted, index)
	}
	if err := c.fillParts(batch); err != nil {
		return err
	}
	return batch.assemble("Concat", batch.places)
}

// fillParts has each data set fill its part. Bytes stay bytes if they mean the same
// everywhere.
func (c *Concatenated) fillParts(batch *Batch) error {
	for keep := batch.KeepBytes; ; keep = false {
		var first *Batch
		same := true
		for i, part := range batch.parts {
			if len(part.wanted) == 0 {
				continue
			}
			part.KeepBytes = keep
			if err := c.sets[i].Fill(part, part.wanted); err != nil {
				return err
			}
			if first == nil {
				first = part
			}
			same = same && part.X.sameMeaning(&first.X)
		}
		if same || !keep {
			return nil
		}
	}
}
