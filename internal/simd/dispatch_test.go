package simd

import "testing"

// instructionSets lists the sets that kernels can run with in this process.
func instructionSets() []instructionSet {
	var sets []instructionSet
	for s := noAssembly; s <= active; s++ {
		sets = append(sets, s)
	}
	return sets
}

// with runs f with the instruction set in use. It is not for tests that run in
// parallel with others.
func (s instructionSet) with(f func()) {
	was := active
	active = s
	defer func() { active = was }()
	f()
}

// everyForm runs the test of each element type as a subtest, with each instruction
// set in use.
func everyForm(t *testing.T, single, double func(t *testing.T)) {
	for _, set := range instructionSets() {
		t.Run(set.String(), func(t *testing.T) {
			set.with(func() {
				t.Run("float32", single)
				t.Run("float64", double)
			})
		})
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		word       string
		best, want instructionSet
	}{
		{"", noAssembly, noAssembly},
		{"", avx2, avx2},
		{"", avx512, avx512},
		{"none", avx512, noAssembly},
		{"avx2", avx512, avx2},
		{"avx512", avx512, avx512},
		{"avx512", avx2, avx2},
		{"avx2", noAssembly, noAssembly},
		{"sse", avx512, avx512},
		{"amx", avx512, avx512},
		{"avx2", amx, avx2},
		{"avx512", amx, avx512},
		{"", amx, avx512},
	} {
		asked := func() bool {
			t.Errorf("choose(%q, %v) asks for tiles", c.word, c.best)
			return true
		}
		if got := choose(c.word, c.best, asked); got != c.want {
			t.Errorf("choose(%q, %v) = %v, want %v", c.word, c.best, got, c.want)
		}
	}
	for allowed, want := range map[bool]instructionSet{true: amx, false: avx512} {
		if got := choose("amx", amx, func() bool { return allowed }); got != want {
			t.Errorf("choose of tiles, allowed %v, = %v, want %v", allowed, got, want)
		}
	}
}
