package parallel

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// spin is a job whose pieces keep a processor busy for a given number of steps.
type spin struct {
	steps int
	out   [64]struct {
		sum float64
		_   [56]byte
	}
}

func (s *spin) Do(i int) {
	x := float64(i)
	for range s.steps {
		x = math.FMA(x, 0.999, 1)
	}
	s.out[i].sum = x
}

// BenchmarkForkJoin measures a fork and a join around pieces that do nothing.
func BenchmarkForkJoin(b *testing.B) {
	for _, n := range []int{2, 8} {
		b.Run(fmt.Sprintf("pieces=%d", n), func(b *testing.B) {
			s := new(spin)
			for b.Loop() {
				Run(n, s)
			}
		})
	}
}

// BenchmarkSpeedup measures jobs of about 1 to 100 µs in all, cut into eight
// pieces, against the same pieces one after the other.
func BenchmarkSpeedup(b *testing.B) {
	for _, steps := range []int{100, 1000, 10000} {
		s := &spin{steps: steps}
		b.Run(fmt.Sprintf("steps=%d/serial", steps), func(b *testing.B) {
			for b.Loop() {
				for i := range 8 {
					s.Do(i)
				}
			}
		})
		b.Run(fmt.Sprintf("steps=%d/parallel", steps), func(b *testing.B) {
			for b.Loop() {
				Run(8, s)
			}
		})
	}
}

// BenchmarkFirstAfterIdle measures a fork and a join that find the workers
// parked.
func BenchmarkFirstAfterIdle(b *testing.B) {
	s := new(spin)
	var total time.Duration
	runs := 0
	for b.Loop() {
		awaitParked()
		start := time.Now()
		Run(2, s)
		total += time.Since(start)
		runs++
	}
	b.ReportMetric(float64(total.Nanoseconds())/float64(runs), "ns/run")
}
