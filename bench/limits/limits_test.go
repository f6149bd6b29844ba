package limits

import (
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
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

// The loops of the instruction set in use, and of the smaller ones, end, also at once.
func TestLoopsEnd(t *testing.T) {
	for _, set := range []string{"none", "avx2", "avx512", "amx"} {
		loop, ok := fmaLoops[set]
		if !ok {
			continue // of another architecture
		}
		if loop.flops32 <= 0 || loop.flops64 <= 0 {
			t.Errorf("%s: %d and %d operations an iteration", set, loop.flops32, loop.flops64)
		}
		for _, iterations := range []int{0, 1, 1000} {
			loop.float32(iterations)
			loop.float64(iterations)
		}
		if set == simd.InstructionSet() {
			return
		}
	}
	t.Errorf("no loop for %s", simd.InstructionSet())
}
