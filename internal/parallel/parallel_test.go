package parallel

import (
	"sync/atomic"
	"testing"
)

// counts counts the calls for each index.
type counts struct{ calls []atomic.Int32 }

func (c *counts) Do(i int) { c.calls[i].Add(1) }

func (c *counts) DoRange(lo, hi int) {
	for i := lo; i < hi; i++ {
		c.calls[i].Add(1)
	}
}

func (c *counts) check(t *testing.T, want int32) {
	t.Helper()
	for i := range c.calls {
		if got := c.calls[i].Load(); got != want {
			t.Fatalf("index %d: %d calls, want %d", i, got, want)
		}
	}
}

func TestRunCallsEachIndexOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 3, 8, 1, 5} {
		WithProcs(procs, func() {
			for _, n := range []int{0, 1, 2, 3, 7, 64, 1000} {
				const times = 200
				c := &counts{make([]atomic.Int32, n)}
				for range times {
					Run(n, c)
				}
				c.check(t, times)
			}
		})
	}
}

func TestForCoversTheRange(t *testing.T) {
	for _, procs := range []int{1, 2, 8} {
		WithProcs(procs, func() {
			for _, n := range []int{0, 1, 2, 10, 1001} {
				for _, grain := range []int{1, 3, 10, 5000} {
					c := &counts{make([]atomic.Int32, n)}
					For(n, grain, c)
					c.check(t, 1)
				}
			}
		})
	}
}
