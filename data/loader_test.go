package data_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// examples are the numbers of the examples that batches of [unlabeled] hold.
func examples(t testing.TB, batches iter.Seq2[*data.Batch, error]) [][]int {
	t.Helper()
	var all [][]int
	for batch, err := range batches {
		if err != nil {
			t.Fatal(err)
		}
		var numbers []int
		for _, v := range batch.X.Float32s {
			numbers = append(numbers, int(v))
		}
		if !slices.Equal(numbers, batch.Indices) || batch.Len != len(numbers) {
			t.Errorf("batch of %d: indices %v, examples %v", batch.Len, batch.Indices, numbers)
		}
		all = append(all, numbers)
	}
	return all
}

func TestLoaderBatches(t *testing.T) {
	tests := []struct {
		name   string
		n      int
		config data.LoaderConfig
		want   [][]int
	}{
		{"short last batch", 5, data.LoaderConfig{BatchSize: 2}, [][]int{{0, 1}, {2, 3}, {4}}},
		{"last batch dropped", 5, data.LoaderConfig{BatchSize: 2, DropLast: true}, [][]int{{0, 1}, {2, 3}}},
		{"no rest to drop", 4, data.LoaderConfig{BatchSize: 2, DropLast: true}, [][]int{{0, 1}, {2, 3}}},
		{"one batch", 3, data.LoaderConfig{}, [][]int{{0, 1, 2}}},
		{"all dropped", 3, data.LoaderConfig{BatchSize: 4, DropLast: true}, nil},
		{"no examples", 0, data.LoaderConfig{BatchSize: 4}, nil},
	}
	for _, test := range tests {
		for _, prefetch := range []int{0, 1, 3, 100} {
			t.Run(fmt.Sprintf("%s/prefetch %d", test.name, prefetch), func(t *testing.T) {
				test.config.Prefetch = prefetch
				l := data.NewLoader(unlabeled(test.n), test.config)
				for epoch := range 2 {
					if diff := cmp.Diff(test.want, examples(t, l.Batches(t.Context(), epoch))); diff != "" {
						t.Errorf("epoch %d: %s", epoch, diff)
					}
				}
				if l.NumBatches() != len(test.want) {
					t.Errorf("%d batches, want %d", l.NumBatches(), len(test.want))
				}
			})
		}
	}
}

// Seed and epoch determine the order, and nothing else does.
func TestLoaderShuffle(t *testing.T) {
	order := func(config data.LoaderConfig, epoch int) []int {
		config.BatchSize, config.Shuffle = 7, true
		return slices.Concat(examples(t, data.NewLoader(unlabeled(50), config).Batches(t.Context(), epoch))...)
	}
	want := order(data.LoaderConfig{Seed: 1}, 3)
	if sorted := slices.Sorted(slices.Values(want)); sorted[0] != 0 || sorted[49] != 49 || len(slices.Compact(sorted)) != 50 || slices.IsSorted(want) {
		t.Fatalf("not a permutation: %v", want)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		for _, prefetch := range []int{0, 1, 4} {
			if diff := cmp.Diff(want, order(data.LoaderConfig{Seed: 1, Prefetch: prefetch}, 3)); diff != "" {
				t.Errorf("GOMAXPROCS %d, prefetch %d: %s", procs, prefetch, diff)
			}
		}
	}
	if cmp.Equal(want, order(data.LoaderConfig{Seed: 2}, 3)) {
		t.Error("another seed gives the same order")
	}
	if cmp.Equal(want, order(data.LoaderConfig{Seed: 1}, 4)) {
		t.Error("another epoch has the same order")
	}
}

// The order of a seed is a promise: results published with it must stay
// reproducible.
func TestLoaderOrderIsFixed(t *testing.T) {
	l := data.NewLoader(unlabeled(12), data.LoaderConfig{BatchSize: 12, Shuffle: true, Seed: 42})
	want := [][]int{{4, 3, 1, 8, 11, 10, 0, 7, 9, 5, 6, 2}}
	if diff := cmp.Diff(want, examples(t, l.Batches(t.Context(), 1))); diff != "" {
		t.Error(diff)
	}
}

// Every order of four examples comes up about equally often: 24 orders, 24,000
// epochs, chi-squared with 23 degrees of freedom below its 99.9 % quantile.
func TestLoaderShuffleIsUniform(t *testing.T) {
	l := data.NewLoader(unlabeled(4), data.LoaderConfig{Shuffle: true, Seed: 5})
	const orders, each = 24, 1000
	counts := map[[4]int]int{}
	for epoch := range orders * each {
		for batch, err := range l.Batches(t.Context(), epoch) {
			if err != nil {
				t.Fatal(err)
			}
			counts[[4]int(batch.Indices)]++
		}
	}
	chi2 := 0.0
	for _, n := range counts {
		chi2 += float64((n-each)*(n-each)) / each
	}
	if len(counts) != orders || chi2 > 49.7 {
		t.Errorf("%d orders, χ² = %.1f; want %d and at most 49.7", len(counts), chi2, orders)
	}
}

func TestLoaderBatchesFrom(t *testing.T) {
	for _, prefetch := range []int{0, 2} {
		l := data.NewLoader(unlabeled(23), data.LoaderConfig{BatchSize: 5, Shuffle: true, Seed: 9, Prefetch: prefetch})
		all := examples(t, l.Batches(t.Context(), 2))
		for first := range len(all) + 2 {
			rest := examples(t, l.BatchesFrom(t.Context(), 2, first))
			if diff := cmp.Diff(all[min(first, len(all)):], rest); diff != "" && first < len(all) || first >= len(all) && rest != nil {
				t.Errorf("prefetch %d, from batch %d: %s", prefetch, first, diff)
			}
		}
		step := 3
		for batch, err := range l.BatchesFrom(t.Context(), 2, 3) {
			if err != nil || batch.Number != step || batch.Epoch != 2 {
				t.Errorf("prefetch %d: batch %d of epoch %d, error %v; want batch %d of epoch 2", prefetch, batch.Number, batch.Epoch, err, step)
			}
			step++
		}
	}
}

// However a loop ends, its goroutine ends too: synctest fails if one stays.
func TestLoaderLeavesNoGoroutine(t *testing.T) {
	tests := []struct {
		name string
		loop func(l *data.Loader)
	}{
		{"to the end", func(l *data.Loader) {
			for range l.Batches(context.Background(), 0) {
			}
		}},
		{"break at once", func(l *data.Loader) {
			for range l.Batches(context.Background(), 0) {
				break
			}
		}},
		{"break when all is prepared", func(l *data.Loader) {
			for range l.Batches(context.Background(), 0) {
				synctest.Wait()
				break
			}
		}},
		{"panic", func(l *data.Loader) {
			defer func() { recover() }()
			for range l.Batches(context.Background(), 0) {
				panic("the consumer's")
			}
		}},
		{"cancelled before", func(l *data.Loader) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			for range l.Batches(ctx, 0) {
			}
		}},
		{"cancelled within", func(l *data.Loader) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for range l.Batches(ctx, 0) {
				cancel()
			}
		}},
		{"pulled and stopped", func(l *data.Loader) {
			next, stop := iter.Pull2(l.Batches(context.Background(), 0))
			next()
			stop()
		}},
		{"goexit", func(l *data.Loader) {
			var group sync.WaitGroup
			group.Go(func() {
				for range l.Batches(context.Background(), 0) {
					runtime.Goexit()
				}
			})
			group.Wait()
		}},
	}
	for _, test := range tests {
		for _, prefetch := range []int{0, 1, 4} {
			t.Run(fmt.Sprintf("%s/prefetch %d", test.name, prefetch), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := data.NewLoader(unlabeled(100), data.LoaderConfig{BatchSize: 3, Prefetch: prefetch, Workers: 3})
					test.loop(l)
					// The loader is whole afterwards.
					if n := len(examples(t, l.Batches(t.Context(), 0))); n != 34 {
						t.Errorf("%d batches in the next loop, want 34", n)
					}
				})
			})
		}
	}
}

func TestLoaderCancelled(t *testing.T) {
	for _, prefetch := range []int{0, 2} {
		l := data.NewLoader(unlabeled(100), data.LoaderConfig{BatchSize: 10, Prefetch: prefetch})
		ctx, cancel := context.WithCancel(t.Context())
		good, ended := 0, 0
		for batch, err := range l.Batches(ctx, 0) {
			if err == nil {
				good++
				if good == 3 {
					cancel()
				}
				continue
			}
			ended++
			if batch != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("prefetch %d: batch %v, error %v; want nil and context.Canceled", prefetch, batch, err)
			}
		}
		cancel()
		if good != 3 || ended != 1 {
			t.Errorf("prefetch %d: %d batches and %d errors, want 3 and 1", prefetch, good, ended)
		}
	}
}

// A loop that waits for a slow Dataset ends when its context does, as soon as that
// Fill returns.
func TestLoaderCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		slow := faulty{unlabeled: 100, fault: func(step int) error {
			if step == 2 {
				<-ctx.Done()
			}
			return nil
		}}
		go func() {
			synctest.Wait() // for all others to block
			cancel()
		}()
		var last error
		for _, err := range data.NewLoader(slow, data.LoaderConfig{BatchSize: 10, Prefetch: 1}).Batches(ctx, 0) {
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", last)
		}
	})
}

// faulty is a Dataset that does as fault says before it fills a batch.
type faulty struct {
	unlabeled
	fault func(step int) error
}

func (f faulty) Fill(batch *data.Batch, indices []int) error {
	if err := f.fault(batch.Number); err != nil {
		return err
	}
	return f.unlabeled.Fill(batch, indices)
}

func TestLoaderDatasetFails(t *testing.T) {
	failure := errors.New("unreadable")
	ds := faulty{100, func(step int) error {
		if step == 4 {
			return failure
		}
		return nil
	}}
	for _, prefetch := range []int{0, 1, 8} {
		good, ended := 0, 0
		for batch, err := range data.NewLoader(ds, data.LoaderConfig{BatchSize: 10, Prefetch: prefetch}).Batches(t.Context(), 6) {
			if err == nil {
				good++
				continue
			}
			ended++
			if batch != nil || !errors.Is(err, failure) {
				t.Errorf("prefetch %d: batch %v, error %v; want nil and %v", prefetch, batch, err, failure)
			}
			if want := "data: batch 4 of epoch 6: unreadable"; err.Error() != want {
				t.Errorf("prefetch %d: message %q, want %q", prefetch, err, want)
			}
		}
		if good != 4 || ended != 1 {
			t.Errorf("prefetch %d: %d batches and %d errors, want 4 and 1", prefetch, good, ended)
		}
	}
}

func TestLoaderDatasetPanics(t *testing.T) {
	fault := &data.ValueError{Op: "Fill", Reason: "test"}
	tests := []struct {
		name  string
		fault func(int) error
		want  func(recovered any) bool
	}{
		{"value", func(int) error { panic(fault) }, func(r any) bool { return r == fault }},
		{"nil", func(int) error { panic(nil) }, func(r any) bool { _, ok := r.(*runtime.PanicNilError); return ok }},
	}
	for _, test := range tests {
		for _, prefetch := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s/prefetch %d", test.name, prefetch), func(t *testing.T) {
				defer func() {
					if r := recover(); !test.want(r) {
						t.Errorf("recovered %v", r)
					}
				}()
				ds := faulty{10, test.fault}
				for range data.NewLoader(ds, data.LoaderConfig{Prefetch: prefetch, Workers: 2}).Batches(t.Context(), 0) {
					t.Error("a batch that could not be filled")
				}
			})
		}
	}
	t.Run("goexit in the background", func(t *testing.T) {
		ds := faulty{10, func(int) error { runtime.Goexit(); return nil }}
		wantMisuse(t, func() {
			for range data.NewLoader(ds, data.LoaderConfig{Prefetch: 1}).Batches(t.Context(), 0) {
				t.Error("a batch that could not be filled")
			}
		})
	})
}

func TestLoaderConcurrentLoops(t *testing.T) {
	for _, prefetch := range []int{0, 2} {
		l := data.NewLoader(unlabeled(100), data.LoaderConfig{BatchSize: 7, Shuffle: true, Prefetch: prefetch, Workers: prefetch})
		want := make([][][]int, 4)
		for epoch := range want {
			want[epoch] = examples(t, l.Batches(t.Context(), epoch))
		}
		var group sync.WaitGroup
		for epoch := range want {
			group.Go(func() {
				if diff := cmp.Diff(want[epoch], examples(t, l.Batches(t.Context(), epoch))); diff != "" {
					t.Errorf("prefetch %d, epoch %d: %s", prefetch, epoch, diff)
				}
			})
		}
		group.Wait()
	}
}

func TestLoaderConfig(t *testing.T) {
	l := data.NewLoader(unlabeled(3), data.LoaderConfig{Shuffle: true, Seed: 4})
	if diff := cmp.Diff(data.LoaderConfig{BatchSize: 32, Shuffle: true, Seed: 4}, l.Config()); diff != "" {
		t.Error(diff)
	}
	if l.Dataset() != data.Dataset(unlabeled(3)) {
		t.Errorf("data set %v, want the one given", l.Dataset())
	}
}

func TestLoaderMisuse(t *testing.T) {
	l := data.NewLoader(unlabeled(1), data.LoaderConfig{})
	tests := []struct {
		name string
		f    func()
	}{
		{"negative batch size", func() { data.NewLoader(unlabeled(1), data.LoaderConfig{BatchSize: -1}) }},
		{"negative prefetch", func() { data.NewLoader(unlabeled(1), data.LoaderConfig{Prefetch: -1}) }},
		{"no data set", func() { data.NewLoader(nil, data.LoaderConfig{}) }},
		{"a nil pointer", func() { data.NewLoader((*data.Images)(nil), data.LoaderConfig{}) }},
		{"negative length", func() { data.NewLoader(unlabeled(-1), data.LoaderConfig{}) }},
		{"negative epoch", func() { l.Batches(t.Context(), -1) }},
		{"negative first batch", func() { l.BatchesFrom(t.Context(), 0, -1) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantMisuse(t, test.f) })
	}
}

// From the second epoch on, a batch allocates nothing, whatever it is made of.
func TestLoaderAllocatesNothing(t *testing.T) {
	const n, size = 4096, 4
	images := &data.Images{Pixels: make([]byte, n*4), N: n, Height: 2, Width: 2, Labels: make([]int, n)}
	narrow := &data.Arrays{X: data.NewArray(make([]float32, n*3), n, 3), Y: data.NewArray(make([]float64, n), n), Labels: make([]int, n)}
	rest, _ := data.Split(images, 0.5, 1)
	for name, ds := range map[string]data.Dataset{"images": images, "arrays": narrow, "subset": rest} {
		for _, dtype := range []data.DType{data.Float32, data.Float64} {
			for _, prefetch := range []int{0, 3} {
				t.Run(fmt.Sprintf("%s/%v/prefetch %d", name, dtype, prefetch), func(t *testing.T) {
					l := data.NewLoader(ds, data.LoaderConfig{BatchSize: size, Shuffle: true, DType: dtype, Prefetch: prefetch})
					for range l.Batches(t.Context(), 0) {
					}
					next, stop := iter.Pull2(l.Batches(t.Context(), 1))
					defer stop()
					next() // starts the loop
					perBatch := testing.AllocsPerRun(100, func() {
						if _, err, ok := next(); err != nil || !ok {
							t.Fatal("the epoch is over", err)
						}
					})
					if perBatch != 0 {
						t.Errorf("%v allocations per batch, want 0", perBatch)
					}
				})
			}
		}
	}
}
