package data

import (
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

	// Prefetch is how many batches are prepared ahead, in one goroutine in the
	// background; with 0 the caller's goroutine prepares each batch when it is
	// asked for. The batches are the same. It pays where filling a batch takes
	// long: bytes of images already in memory take microseconds.
	Prefetch int
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
// a nil pointer, if its length is negative, or if BatchSize, Prefetch or Buckets is, or if
// there are Buckets without Shuffle or of examples that have no length ([Measured]).
func NewLoader(ds Dataset, config LoaderConfig) *Loader {
	if isNil(ds) {
		misuse("NewLoader", "the data set is nil: was the error of loading it looked at?")
	}
	length := ds.Len()
	if length < 0 {
		misuse("NewLoader", "the data set has length %d", length)
	}
	if config.BatchSize < 0 || config.Prefetch < 0 {
		misuse("NewLoader", "batch size %d, prefetch %d: want no negative number", config.BatchSize, config.Prefetch)
	}
	if config.BatchSize == 0 {
		config.BatchSize = defaultBatchSize
	}
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

// prefetched has a goroutine of its own prepare the batches, in order, and hand
// them over; the consumer hands back the ones it has done with. However the loop
// ends, the goroutine has ended when prefetched returns.
func (p *pass) prefetched(ctx context.Context, first int, yield func(*Batch, error) bool) {
	free := make(chan *Batch, len(p.batches))
	ready := make(chan prepared, len(p.batches)) // has room for all, so sending never blocks
	quit := make(chan struct{})
	for _, b := range p.batches {
		free <- b
	}
	var background sync.WaitGroup
	background.Go(func() {
		defer close(ready)
		p.prepare(first, free, ready, quit)
	})
	defer background.Wait()
	defer close(quit)

	for number := first; number < p.size; number++ {
		var next prepared
		select {
		case next = <-ready:
		case <-ctx.Done():
		}
		if err := p.stopped(ctx, number); err != nil {
			yield(nil, err)
			return
		}
		if next.panicked != nil {
			panic(next.panicked)
		}
		if next.batch == nil { // the goroutine ended before it could send
			misuse("Loader.Batches", "Fill of the Dataset called runtime.Goexit")
		}
		if next.err != nil {
			yield(nil, next.err)
			return
		}
		if !yield(next.batch, nil) {
			return
		}
		free <- next.batch
	}
}

// prepare fills free batches from number first on, until the epoch ends, a batch
// fails or quit is closed.
func (p *pass) prepare(first int, free <-chan *Batch, ready chan<- prepared, quit <-chan struct{}) {
	for number := first; number < p.size; number++ {
		var b *Batch
		select {
		case b = <-free:
		case <-quit:
			return
		}
		next := p.attempt(b, number)
		ready <- next
		if next.err != nil || next.panicked != nil {
			return
		}
	}
}

// attempt fills b and catches a panic, so that it can go on in the goroutine of the
// loop, where the program can recover it.
func (p *pass) attempt(b *Batch, number int) (result prepared) {
	result.batch = b
	defer func() { result.panicked = recover() }()
	result.err = p.fill(b, number)
	return result
}
