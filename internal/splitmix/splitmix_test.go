package splitmix_test

import (
	"testing"

	"github.com/chainrule-go/chainrule/internal/splitmix"
)

// The first numbers of SplitMix64 from state 0, as its authors' program prints them; each
// step adds the same number to the state.
func TestMix(t *testing.T) {
	state := uint64(0)
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f, 0xf88bb8a8724c81ec, 0x1b39896a51a8749b} {
		if got := splitmix.Mix(state); got != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
		state += 0x9e3779b97f4a7c15
	}
}

func TestSeed(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(100) {
		for n := range uint64(100) {
			seen[splitmix.Seed(seed, n)] = true
		}
	}
	if len(seen) != 100*100 {
		t.Errorf("%d seeds of 10,000 differ", len(seen))
	}
	if splitmix.Seed(3, 5) != splitmix.Mix(splitmix.Mix(3)^5) {
		t.Error("a seed is another number")
	}
}
