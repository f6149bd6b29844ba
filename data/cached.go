package data

import "sync"

// Cached is a Dataset of another's examples that are kept in memory once they have been
// made. It is made by [Cache].
type Cached struct {
	dataset Dataset

	mu       sync.Mutex
	examples map[cacheKey]*Batch // batches of one
}

// cacheKey is an example in one of the forms that batches want it in.
type cacheKey struct {
	index int
	dtype DType
	bytes bool
}

// Cache returns the Dataset of ds's examples that asks ds for each only once, and keeps
// it in memory: for examples that take long to read or to compute, and always are the
// same. What a batch's seed or epoch decides, as with [Augment], belongs outside of it.
// All examples must have the same arrays with rows of the same shapes. It panics with
// [*ValueError] if ds is nil.
func Cache(ds Dataset) *Cached {
	checkDataset("Cache", ds)
	return &Cached{dataset: ds, examples: map[cacheKey]*Batch{}}
}

// Len is the number of examples.
func (c *Cached) Len() int { return c.dataset.Len() }

// Label is the class of example i, if it has one.
func (c *Cached) Label(i int) (class int, ok bool) { return classOf(c.dataset, i) }

// Fill makes batch hold the examples with these indices. It fails as the data set does,
// and with a [*ValueError] if an index is out of range or examples differ in what they
// have.
func (c *Cached) Fill(batch *Batch, indices []int) error {
	if err := checkIndices("Cache", indices, c.Len()); err != nil {
		return err
	}
	if err := c.fetch(batch, indices); err != nil {
		return err
	}
	return batch.assemble("Cache", batch.places)
}

// fetch finds the places of the examples, and has those made that are not there yet.
// Two goroutines that miss the same example at the same time both have it made.
func (c *Cached) fetch(batch *Batch, indices []int) error {
	batch.makeParts(1)
	part := batch.parts[0]
	batch.places = batch.places[:0]
	key := func(i int) cacheKey { return cacheKey{i, batch.DType, batch.KeepBytes} }
	c.mu.Lock()
	for _, i := range indices {
		example := c.examples[key(i)]
		if example == nil {
			part.wanted = append(part.wanted, i)
		}
		batch.places = append(batch.places, place{example, 0})
	}
	c.mu.Unlock()
	if len(part.wanted) == 0 {
		return nil
	}
	if err := c.dataset.Fill(part, part.wanted); err != nil {
		return err
	}
	made := 0
	c.mu.Lock()
	defer c.mu.Unlock()
	for row, i := range indices {
		if batch.places[row].batch != nil {
			continue
		}
		example := &Batch{DType: part.DType, KeepBytes: part.KeepBytes}
		if err := example.assemble("Cache", []place{{part, made}}); err != nil {
			return err
		}
		made++
		c.examples[key(i)] = example
		batch.places[row].batch = example
	}
	return nil
}
