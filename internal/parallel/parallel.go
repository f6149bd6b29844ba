package parallel

import (
	"runtime"
	"sync/atomic"
)

// Job is work cut into numbered pieces. To keep calls free of allocation the
// value in the interface should be a pointer.
type Job interface {
	// Do does piece i. It is called from several goroutines at once, with
	// different i.
	Do(i int)
}

// RangeJob is work on a range of indices that may be cut anywhere.
type RangeJob interface {
	// DoRange does the pieces lo ≤ i < hi. It is called from several goroutines at
	// once, with ranges that do not overlap.
	DoRange(lo, hi int)
}

// Workers is the number of goroutines, the caller's included, that Run spreads
// work over: GOMAXPROCS or the number of processors, whichever is less.
func Workers() int { return min(runtime.GOMAXPROCS(0), int(processors.Load())) }

// processors is the number of processors. More workers than that would take
// turns with the caller.
var processors atomic.Int64

func init() { processors.Store(int64(runtime.NumCPU())) }

// WithProcs runs f at the given GOMAXPROCS, as if the machine had that many processors
// at least. It is for tests, which compare what different numbers of workers compute;
// like GOMAXPROCS it concerns the whole program.
func WithProcs(n int, f func()) {
	was, had := runtime.GOMAXPROCS(n), processors.Load()
	processors.Store(max(int64(n), had))
	defer func() {
		runtime.GOMAXPROCS(was)
		processors.Store(had)
	}()
	f()
}

// Run calls job.Do once for each of 0, 1, …, n−1 and returns when all calls have.
// The caller takes part. It allocates nothing once the workers have started.
//
// One job at a time uses the workers: where n ≤ 1, GOMAXPROCS is 1, or the pool
// is at work for another caller, or for this one further up its stack, the calls
// are made in order on the caller. Run may be called from any goroutine.
//
// If a call panics no further ones start, and Run panics with the same value
// once those under way have returned.
func Run(n int, job Job) {
	if n > 1 {
		if w := Workers(); w > 1 && shared.acquire() {
			shared.run(task{job: job, n: n}, min(w, n))
			return
		}
	}
	for i := range n {
		job.Do(i)
	}
}

// For calls job.DoRange for the ranges [0, grain), [grain, 2·grain), … up to n,
// the last of which may be shorter, as Run does for single indices. The ranges
// depend on n and grain alone. It panics if grain is not positive.
func For(n, grain int, job RangeJob) {
	if grain <= 0 {
		panic("parallel: For: grain is not positive")
	}
	t := task{ranges: job, n: (n + grain - 1) / grain, grain: grain, end: n}
	if t.n > 1 {
		if w := Workers(); w > 1 && shared.acquire() {
			shared.run(t, min(w, t.n))
			return
		}
	}
	for i := range t.n {
		t.do(i)
	}
}

// task is a job and how it is cut.
type task struct {
	job    Job
	ranges RangeJob // instead of job
	n      int      // pieces

	grain, end int // of ranges: the size of a piece and where the last one ends
}

func (t *task) do(i int) {
	if t.ranges == nil {
		t.job.Do(i)
		return
	}
	t.ranges.DoRange(i*t.grain, min(i*t.grain+t.grain, t.end))
}
