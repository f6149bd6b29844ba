package parallel

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// jobFunc is a function as a job.
type jobFunc func(i int)

func (f jobFunc) Do(i int) { f(i) }

// rangeFunc is a function as a job on ranges.
type rangeFunc func(lo, hi int)

func (f rangeFunc) DoRange(lo, hi int) { f(lo, hi) }

func TestForRangesDependOnGrainAlone(t *testing.T) {
	for _, procs := range []int{1, 2, 8} {
		WithProcs(procs, func() {
			var mu sync.Mutex
			got := map[[2]int]int{}
			For(10, 4, rangeFunc(func(lo, hi int) {
				mu.Lock()
				defer mu.Unlock()
				got[[2]int{lo, hi}]++
			}))
			if len(got) != 3 || got[[2]int{0, 4}] != 1 || got[[2]int{4, 8}] != 1 || got[[2]int{8, 10}] != 1 {
				t.Errorf("GOMAXPROCS %d: ranges %v", procs, got)
			}
		})
	}
	defer func() {
		if recover() == nil {
			t.Error("a grain of 0 does not panic")
		}
	}()
	For(10, 0, rangeFunc(func(int, int) {}))
}

// TestWorkersTakePart has each of two indices wait for the other one.
func TestWorkersTakePart(t *testing.T) {
	WithProcs(2, func() {
		for range 100 {
			var arrived sync.WaitGroup
			arrived.Add(2)
			Run(2, jobFunc(func(int) {
				arrived.Done()
				arrived.Wait()
			}))
		}
	})
}

// TestGoroutinesBeginWithTheirShares has each of the goroutines hold its first index until
// all have one: they are the first ones of equal parts, the caller's of the first part.
func TestGoroutinesBeginWithTheirShares(t *testing.T) {
	const goroutines, pieces = 3, 5
	WithProcs(goroutines, func() {
		for range 100 {
			caller := goid()
			var arrived sync.WaitGroup
			arrived.Add(goroutines)
			var mu sync.Mutex
			held := map[string]int{}
			Run(goroutines*pieces, jobFunc(func(i int) {
				id := goid()
				mu.Lock()
				_, later := held[id]
				if !later {
					held[id] = i
				}
				mu.Unlock()
				if !later {
					arrived.Done()
					arrived.Wait()
				}
			}))
			got := slices.Sorted(maps.Values(held))
			if want := []int{0, pieces, 2 * pieces}; !slices.Equal(got, want) || held[caller] != 0 {
				t.Fatalf("first indices %v, the caller's %d, want %v and 0", got, held[caller], want)
			}
		}
	})
}

// TestSharesAreTakenOver has the caller hold its first index until all others are done.
func TestSharesAreTakenOver(t *testing.T) {
	const pieces = 40
	WithProcs(2, func() {
		caller := goid()
		var others sync.WaitGroup
		others.Add(pieces - 1)
		var taken atomic.Int32 // all, where the caller comes too late
		Run(pieces, jobFunc(func(int) {
			if goid() == caller {
				others.Wait()
			} else if taken.Add(1) < pieces {
				others.Done()
			}
		}))
	})
}

func TestNestedRunsAreInline(t *testing.T) {
	WithProcs(4, func() {
		outer := &counts{make([]atomic.Int32, 50)}
		inner := &counts{make([]atomic.Int32, 20)}
		Run(50, jobFunc(func(i int) {
			outer.Do(i)
			order := -1
			Run(20, jobFunc(func(j int) {
				if order++; j != order { // on this goroutine, so unsynchronised
					t.Errorf("nested index %d after %d", j, order-1)
				}
				inner.Do(j)
			}))
		}))
		outer.check(t, 1)
		inner.check(t, 50)
	})
}

func TestConcurrentCallersAllFinish(t *testing.T) {
	WithProcs(3, func() {
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for range 200 {
					c := &counts{make([]atomic.Int32, 9)}
					Run(9, c)
					c.check(t, 1)
				}
			})
		}
		wait.Wait()
	})
}

func TestPanicReachesTheCaller(t *testing.T) {
	failure := errors.New("failure")
	for _, procs := range []int{1, 2, 8} {
		WithProcs(procs, func() {
			for at := range 10 {
				var under, done atomic.Int32
				got := func() (v any) {
					defer func() { v = recover() }()
					Run(10, jobFunc(func(i int) {
						under.Add(1)
						defer under.Add(-1)
						if i == at {
							panic(failure)
						}
						done.Add(1)
					}))
					return nil
				}()
				if got != failure {
					t.Errorf("GOMAXPROCS %d, index %d: recovered %v, want %v", procs, at, got, failure)
				}
				if under.Load() != 0 || done.Load() > 9 {
					t.Errorf("GOMAXPROCS %d, index %d: %d calls under way, %d done", procs, at, under.Load(), done.Load())
				}
			}
			c := &counts{make([]atomic.Int32, 100)}
			Run(100, c) // the pool still works
			c.check(t, 1)
		})
	}
}

// TestPanicOfWorkerReachesTheCaller makes sure that it is a worker that panics: the
// caller holds one index until the other one has.
func TestPanicOfWorkerReachesTheCaller(t *testing.T) {
	WithProcs(2, func() {
		caller := goid()
		for range 50 {
			panicked := make(chan struct{})
			got := func() (v any) {
				defer func() { v = recover() }()
				Run(2, jobFunc(func(int) {
					if goid() == caller {
						<-panicked
						return
					}
					defer close(panicked)
					panic("worker")
				}))
				return nil
			}()
			if got != "worker" {
				t.Fatalf("recovered %v", got)
			}
		}
	})
}

// TestGoexitInWorkerEndsTheCaller checks that runtime.Goexit, which is what a
// failing test calls, neither hangs nor is taken for success.
func TestGoexitInWorkerEndsTheCaller(t *testing.T) {
	WithProcs(2, func() {
		for range 20 {
			returned, ended := false, make(chan struct{})
			go func() {
				defer close(ended)
				caller, exited := goid(), make(chan struct{})
				Run(2, jobFunc(func(int) {
					if goid() == caller {
						<-exited
						return
					}
					defer close(exited)
					runtime.Goexit()
				}))
				returned = true
			}()
			<-ended
			if returned {
				t.Fatal("Run returned")
			}
		}
		c := &counts{make([]atomic.Int32, 100)}
		Run(100, c)
		c.check(t, 1)
	})
}

// goid tells goroutines apart, by the head of their stack trace.
func goid() string {
	var b [64]byte
	s := string(b[:runtime.Stack(b[:], false)])
	for i := len("goroutine "); i < len(s); i++ {
		if s[i] == ' ' {
			return s[:i]
		}
	}
	return s
}

func TestRunAllocatesNothing(t *testing.T) {
	WithProcs(3, func() {
		c := &counts{make([]atomic.Int32, 64)}
		if n := testing.AllocsPerRun(100, func() { Run(64, c); For(64, 5, c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestWorkers(t *testing.T) {
	WithProcs(1, func() {
		if n := Workers(); n != 1 {
			t.Errorf("%d workers at GOMAXPROCS 1", n)
		}
	})
	WithProcs(runtime.NumCPU()+3, func() {
		processors.Store(int64(runtime.NumCPU()))
		if n := Workers(); n != runtime.NumCPU() {
			t.Errorf("%d workers on %d processors", n, runtime.NumCPU())
		}
	})
}

// awaitParked returns when all workers have parked, which they do by themselves
// when no more work comes.
func awaitParked() {
	for _, w := range shared.workers {
		for !w.parked.Load() {
			runtime.Gosched()
		}
	}
}

// TestIdleWorkersPark checks that workers stop looking for work, so that an idle
// program uses no processor time, and are woken when there is some again.
func TestIdleWorkersPark(t *testing.T) {
	WithProcs(4, func() {
		c := &counts{make([]atomic.Int32, 64)}
		for range 50 {
			Run(64, c)
			awaitParked()
		}
		c.check(t, 50)
	})
}
