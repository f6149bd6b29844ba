package data

import (
	"math"
	"testing"
)

// Ranges so large that many draws must be rejected stay uniform: a third of the
// numbers below ¾·2⁶⁴ are below ¼·2⁶⁴, and multiplying alone would give every third
// number twice as often as the others.
func TestUniformLargeRange(t *testing.T) {
	const n, draws = 3 << 62, 100_000
	source := newRandom(1, 2)
	var thirds [3]int
	residues := [3]int{}
	for range draws {
		v := uniform(source, n)
		if v >= n {
			t.Fatalf("%d is not below %d", v, uint64(n))
		}
		thirds[v>>62]++
		residues[v%3]++
	}
	for name, counts := range map[string][3]int{"thirds": thirds, "residues modulo 3": residues} {
		for _, count := range counts {
			// Five standard deviations of a binomial distribution with p = 1/3.
			if deviation := math.Abs(float64(count) - draws/3.0); deviation > 5*math.Sqrt(draws*2/9.0) {
				t.Errorf("%s: %v of %d", name, counts, draws)
			}
		}
	}
}
