package bench

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/bench/limits"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// TestMain prints what the machine reaches as a configuration of all that follows,
// in the form that benchstat reads.
func TestMain(m *testing.M) {
	flag.Parse()
	if pattern := flag.Lookup("test.bench"); pattern != nil && pattern.Value.String() != "" {
		limit := machine()
		fmt.Printf("simd: %s\n", simd.InstructionSet())
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

// machine measures the machine once for each GOMAXPROCS.
func machine() machineLimits {
	limitsMu.Lock()
	defer limitsMu.Unlock()
	threads := runtime.GOMAXPROCS(0)
	limit, ok := measured[threads]
	if !ok {
		limit = machineLimits{
			flops32:   limits.FMA[float32](threads),
			flops64:   limits.FMA[float64](threads),
			bandwidth: limits.Bandwidth(threads),
		}
		measured[threads] = limit
	}
	return limit
}

// reportFlops reports the rate of flops operations per iteration of the loop that
// has ended, and its share of the peak.
func reportFlops[T simd.Float](b *testing.B, flops float64) {
	b.Helper()
	top := machine().flops32
	if _, double := any(T(0)).(float64); double {
		top = machine().flops64
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
		b.ReportMetric(100*rate/machine().bandwidth, "%bandwidth")
	}
}
