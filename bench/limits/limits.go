// Package limits measures what this machine can do at best: the rate of fused
// multiply-adds in registers, and the rate at which arrays that fit in no cache are
// read and written. Benchmarks are shares of these.
package limits

import (
	"sync"
	"time"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// attempts is how often each limit is measured. The best one counts: others were
// disturbed.
const attempts = 20

// FMA is the rate, in floating-point operations a second, of fused multiply-adds (two
// operations for each lane) on that many threads together, with the instruction set
// that the kernels use: the sum of what each of them reached while all were at work.
func FMA[T simd.Float](threads int) float64 {
	const iterations = 1 << 19
	loop := fmaLoops[simd.InstructionSet()]
	run, flops := loop.float32, loop.flops32
	if _, double := any(T(0)).(float64); double {
		run, flops = loop.float64, loop.flops64
	}
	best := make([]float64, threads)
	for range attempts {
		together(threads, func(i int) {
			begin := time.Now()
			run(iterations)
			best[i] = max(best[i], iterations*float64(flops)/time.Since(begin).Seconds())
		})
	}
	sum := 0.0
	for _, rate := range best {
		sum += rate
	}
	return sum
}

// Bandwidth is the rate, in bytes a second, of reading and writing in y ← y + s·x on
// that many threads: two elements read and one written, which is in a cache line
// already. The arrays, 128 MiB, are larger than caches.
func Bandwidth(threads int) float64 {
	const n = 16 << 20
	x, y := make([]float32, n), make([]float32, n)
	simd.Fill(x, 1) // gives each page memory of its own
	simd.Fill(y, 1)
	best := 0.0
	for range attempts {
		elapsed := together(threads, func(i int) {
			lo, hi := i*n/threads, (i+1)*n/threads
			simd.AddScaled(y[lo:hi], x[lo:hi], 0.5)
		})
		best = max(best, 3*4*n/elapsed.Seconds())
	}
	return best
}

// together runs f(0) to f(n−1) at once and returns how long that took.
func together(n int, f func(i int)) time.Duration {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			f(i)
		})
	}
	ready.Wait()
	begin := time.Now()
	close(start)
	done.Wait()
	return time.Since(begin)
}
