package data

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"reflect"
	"sync"
)

// defaultBatchSize is the batch size if none is given.
const defaultBatchSize = 32

// LoaderConfig says how a [Loader] makes batches. The zero value makes batches of
// 32, float32, in the order of the data set, each when it is asked for.
//
// KeepBytes is for consumers that take bytes, as training in package nn does: it is
// faster with them.
type LoaderConfig struct {
	BatchSize int    // examples per batch; 0 means 32
	Shuffle   bool   // visit the examples in an order that Seed and the epoch determine
	Seed      uint64 // of the order
	Buckets   int    // with Shuffle: put examples of similar length together, among those of so many batches; 0 means not to
	DropLast  bool   // leave out the last batch of an epoch if it is not full
	DType     DType  // of the batches' arrays; Float32 by default
	KeepBytes bool   // leave features that are bytes, such as pixels, in Array.Bytes

	// Prefetch is how many batches are prepared ahead, in the background; with 0 the
	// caller's goroutine prepares each batch when it is asked for. The batches are the
	// same. It pays where filling a batch takes long: bytes of images already in memory
	// take microseconds.
	Prefetch int

	// Workers is how many goroutines prepare batches ahead, each one by itself, as
	// decoding images wants it; 0 means 1. More than Prefetch have nothing to do. The
	// batches are the same, in the same order.
	Workers int
}

// Loader deals the examples of a Dataset out in batches. It holds no position: the
// state of a pass is the configuration, the epoch and the number of batches seen,
// and [Loader.BatchesFrom] starts anywhere. It is safe for concurrent use; every
// loop has its own batches.
type Loader struct {
	dataset Dataset
	config  LoaderConfig
	length  int

	mu   sync.Mutex
	idle []*pass // buffers of finished loops, for the next one
}

// NewLoader is a Loader of ds's examples. It panics with [*ValueError] if ds is nil, or
// a nil pointer, if its length is negative, or if BatchSize, Prefetch, Workers or Buckets is, or if
// there are Buckets without Shuffle or of examples that have no length ([Measured]).
func NewLoader(ds Dataset, config LoaderConfig) *Loader {
	checkDataset("NewLoader", ds)
	length := ds.Len()
	if length < 0 {
		misuse("NewLoader", "the data set has length %d", length)
	}
	if config.BatchSize < 0 || config.Prefetch < 0 || config.Workers < 0 {
		misuse("NewLoader", "batch size %d, prefetch %d, workers %d: want no negative number", config.BatchSize, config.Prefetch, config.Workers)
	}
	config.BatchSize = cmp.Or(config.BatchSize, defaultBatchSize)
	if config.Buckets != 0 {
		if lengthsOf(ds) == nil || !config.Shuffle || config.Buckets < 0 {
			misuse("NewLoader", "%d buckets: want no negative number, and Shuffle, and a data set whose examples have lengths", config.Buckets)
		}
	}
	return &Loader{dataset: ds, config: config, length: length}
}

// isNil reports whether ds is nil, or a nil pointer, which is what a function that failed
// returns.
func isNil(ds Dataset) bool {
	v := reflect.ValueOf(ds)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// checkDataset panics if ds is nil.
func checkDataset(op string, ds Dataset) {
	if isNil(ds) {
		misuse(op, "the data set is nil: was the error of loading it looked at?")
	}
}

// Dataset is the data set the batches come from.
func (l *Loader) Dataset() Dataset { return l.dataset }

// Config is the configuration in effect.
func (l *Loader) Config() LoaderConfig { return l.config }

// NumBatches is the number of batches in an epoch.
func (l *Loader) NumBatches() int {
	n := l.length / l.config.BatchSize
	if l.length%l.config.BatchSize != 0 && !l.config.DropLast {
		n++
	}
	return n
}

// Batches is one pass over the data set, batch by batch, to be ranged over:
//
//	for batch, err := range loader.Batches(ctx, epoch) {
//
// A batch, with all its memory, is valid until the next iteration or the end of the
// loop; copy what is to be kept. The loop may be left at any point. When ctx is
// cancelled or the Dataset fails, the loop ends with one iteration whose error says
// so and whose batch is nil. The order depends on Seed and epoch only. A panic of
// the Dataset is the loop's, with Prefetch too. Batches panics with [*ValueError]
// if epoch is negative.
func (l *Loader) Batches(ctx context.Context, epoch int) iter.Seq2[*Batch, error] {
	return l.BatchesFrom(ctx, epoch, 0)
}

// BatchesFrom is what remains of a pass after the first batches of it: the ones
// that [Loader.Batches] gives, from number first on. It panics with [*ValueError]
// if epoch or first is negative; beyond the end of the epoch there are no batches.
func (l *Loader) BatchesFrom(ctx context.Context, epoch, first int) iter.Seq2[*Batch, error] {
	if epoch < 0 || first < 0 {
		misuse("Loader.BatchesFrom", "epoch %d, first batch %d: want no negative number", epoch, first)
	}
	return func(yield func(*Batch, error) bool) {
		p := l.acquire(epoch)
		defer l.release(p)
		if l.config.Prefetch == 0 {
			p.inline(ctx, first, yield)
		} else {
			p.prefetched(ctx, first, yield)
		}
	}
}

// pass is one loop over an epoch: the order of the examples and the batches in use.
type pass struct {
	loader  *Loader
	epoch   int
	size    int // batches
	order   []int
	batches []*Batch // Prefetch in preparation and one at the consumer's
}

// acquire gives a pass with memory of a finished one if there is one, so that
// epochs after the first allocate no batches.
func (l *Loader) acquire(epoch int) *pass {
	l.mu.Lock()
	var p *pass
	if n := len(l.idle); n > 0 {
		p, l.idle = l.idle[n-1], l.idle[:n-1]
	}
	l.mu.Unlock()
	if p == nil {
		p = &pass{loader: l, size: l.NumBatches(), order: make([]int, l.length)}
		for range l.config.Prefetch + 1 {
			p.batches = append(p.batches, &Batch{background: l.config.Prefetch > 0})
		}
	}
	p.epoch = epoch
	for i := range p.order {
		p.order[i] = i
	}
	if l.config.Shuffle {
		source := newRandom(l.config.Seed, uint64(epoch))
		shuffle(p.order, source)
		if l.config.Buckets > 0 {
			bucket(lengthsOf(l.dataset), p.order, l.config.BatchSize, l.config.Buckets, source)
		}
	}
	return p
}

func (l *Loader) release(p *pass) {
	l.mu.Lock()
	l.idle = append(l.idle, p)
	l.mu.Unlock()
}

// fill makes b the batch of this number of the pass.
func (p *pass) fill(b *Batch, number int) error {
	c := &p.loader.config
	start := number * c.BatchSize
	b.DType, b.KeepBytes = c.DType, c.KeepBytes
	b.Epoch, b.Number, b.Seed = p.epoch, number, c.Seed
	b.Indices = p.order[start:min(start+c.BatchSize, len(p.order))]
	if err := p.loader.dataset.Fill(b, b.Indices); err != nil {
		return fmt.Errorf("data: batch %d of epoch %d: %w", number, p.epoch, err)
	}
	return nil
}

// stopped is the error of a loop that ends before the batch of this number because ctx was
// cancelled; nil if it was not.
func (p *pass) stopped(ctx context.Context, number int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("data: stopped before batch %d of epoch %d: %w", number, p.epoch, err)
	}
	return nil
}

// inline prepares each batch in the consumer's goroutine.
func (p *pass) inline(ctx context.Context, first int, yield func(*Batch, error) bool) {
	b := p.batches[0]
	for number := first; number < p.size; number++ {
		err := p.stopped(ctx, number)
		if err == nil {
			err = p.fill(b, number)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if !yield(b, nil) {
			return
		}
	}
}

// prepared is a batch from the background, with the error or the panic of filling it.
type prepared struct {
	batch    *Batch
	err      error
	panicked any
}

// prefetched has goroutines of its own prepare the batches and hands them over in order.
// Number n is prepared in the memory of number n − len(p.batches), as soon as the consumer
// has done with that. However the loop ends, the goroutines have ended when prefetched
// returns.
func (p *pass) prefetched(ctx context.Context, first int, yield func(*Batch, error) bool) {
	memories := len(p.batches)
	wanted := make(chan int, memories) // numbers to prepare; has room for all there can be
	ready := make([]chan prepared, memories)
	for i := range ready {
		ready[i] = make(chan prepared, 1) // so sending never blocks
	}
	for number := first; number < min(first+memories, p.size); number++ {
		wanted <- number
	}
	var background sync.WaitGroup
	for range min(max(p.loader.config.Workers, 1), p.loader.config.Prefetch) {
		background.Go(func() { p.prepare(wanted, ready) })
	}
	defer func() {
		empty(wanted)
		close(wanted)
		background.Wait()
	}()

	for number := first; number < p.size; number++ {
		var next prepared
		select {
		case next = <-ready[number%memories]:
		case <-ctx.Done():
		}
		if err := p.stopped(ctx, number); err != nil {
			yield(nil, err)
			return
		}
		if next.panicked != nil {
			panic(next.panicked)
		}
		if next.batch == nil { // the goroutine has ended
			misuse("Loader.Batches", "Fill of the Dataset called runtime.Goexit")
		}
		if next.err != nil {
			yield(nil, next.err)
			return
		}
		if !yield(next.batch, nil) {
			return
		}
		if following := number + memories; following < p.size {
			wanted <- following
		}
	}
}

// empty takes what nobody has begun with.
func empty(wanted chan int) {
	for {
		select {
		case <-wanted:
		default:
			return
		}
	}
}

// prepare fills the batches that are wanted, until there will be no more.
func (p *pass) prepare(wanted <-chan int, ready []chan prepared) {
	for number := range wanted {
		at := number % len(ready)
		p.attempt(p.batches[at], number, ready[at])
	}
}

// attempt fills b and hands it over. A panic goes on in the goroutine of the loop, where
// the program can recover it; a Fill that ends its goroutine leaves no batch.
func (p *pass) attempt(b *Batch, number int, ready chan<- prepared) {
	var result prepared
	defer func() {
		result.panicked = recover()
		ready <- result
	}()
	err := p.fill(b, number)
	result.batch, result.err = b, err
}
