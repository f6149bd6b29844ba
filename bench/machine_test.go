package bench

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// TestMain prints what the machine reaches as a configuration of all that follows,
// in the form that benchstat reads.
func TestMain(m *testing.M) {
	flag.Parse()
	if pattern := flag.Lookup("test.bench"); pattern != nil && pattern.Value.String() != "" {
		limit := limits()
		fmt.Printf("fma-peak-f32: %.1f GFLOP/s\n", limit.flops32/1e9)
		fmt.Printf("fma-peak-f64: %.1f GFLOP/s\n", limit.flops64/1e9)
		fmt.Printf("memory-bandwidth: %.1f GB/s\n", limit.bandwidth/1e9)
		for _, unit := range []string{"GFLOP/s", "%peak", "GB/s", "%bandwidth"} {
			fmt.Printf("Unit %s better=higher\n", unit)
		}
	}
	os.Exit(m.Run())
}

// machineLimits is what this machine reaches, per second.
type machineLimits struct {
	flops32, flops64 float64
	bandwidth        float64 // bytes
}

var (
	limitsMu sync.Mutex
	measured = map[int]machineLimits{} // by GOMAXPROCS
)

// limits measures the machine once for each GOMAXPROCS.
func limits() machineLimits {
	limitsMu.Lock()
	defer limitsMu.Unlock()
	threads := runtime.GOMAXPROCS(0)
	limit, ok := measured[threads]
	if !ok {
		limit = machineLimits{
			flops32:   peak(threads, simd.FMALoop[float32]),
			flops64:   peak(threads, simd.FMALoop[float64]),
			bandwidth: bandwidth(threads),
		}
		measured[threads] = limit
	}
	return limit
}

// attempts is how often each limit is measured. The best one counts: others were
// disturbed.
const attempts = 20

// peak is the rate of fused multiply-adds on all threads together: the sum of what
// each of them reached while all were at work.
func peak(threads int, loop func(iterations int) (flops int)) float64 {
	best := make([]float64, threads)
	for range attempts {
		together(threads, func(i int) {
			begin := time.Now()
			flops := loop(1 << 19)
			best[i] = max(best[i], float64(flops)/time.Since(begin).Seconds())
		})
	}
	sum := 0.0
	for _, rate := range best {
		sum += rate
	}
	return sum
}

// bandwidth is the rate of reading and writing in y ← y + s·x: two elements read
// and one written, which is in a cache line already. The arrays, 128 MiB, are larger
// than caches.
func bandwidth(threads int) float64 {
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

// reportFlops reports the rate of flops operations per iteration of the loop that
// has ended, and its share of the peak.
func reportFlops[T simd.Float](b *testing.B, flops float64) {
	b.Helper()
	top := limits().flops32
	if _, double := any(T(0)).(float64); double {
		top = limits().flops64
	}
	rate := flops * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	b.ReportMetric(100*rate/top, "%peak")
}

// beyondCaches is the size, in bytes, from which arrays are taken to be in memory
// rather than in a cache.
const beyondCaches = 96 << 20

// reportBytes reports the rate of reading and writing bytes per iteration of the
// loop that has ended, and its share of the memory's bandwidth if they are too many
// for caches.
func reportBytes(b *testing.B, bytes float64) {
	b.Helper()
	rate := bytes * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate/1e9, "GB/s")
	if bytes >= beyondCaches {
		b.ReportMetric(100*rate/limits().bandwidth, "%bandwidth")
	}
}
