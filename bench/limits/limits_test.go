package limits

import (
	"sync"
	"testing"
)

func TestLimitsArePositive(t *testing.T) {
	for name, rate := range map[string]float64{
		"FMA[float32](1)": FMA[float32](1),
		"FMA[float64](2)": FMA[float64](2),
		"Bandwidth(2)":    Bandwidth(2),
	} {
		if !(rate > 0) {
			t.Errorf("%s = %v", name, rate)
		}
	}
}

// All have to run at the same time: each waits for the others.
func TestTogether(t *testing.T) {
	const n = 5
	var all sync.WaitGroup
	all.Add(n)
	var ran [n]int
	if elapsed := together(n, func(i int) {
		ran[i]++
		all.Done()
		all.Wait()
	}); elapsed <= 0 {
		t.Errorf("it took %v", elapsed)
	}
	if ran != [n]int{1, 1, 1, 1, 1} {
		t.Errorf("calls by index: %v, want one each", ran)
	}
}
