package main

// architecture is a processor architecture that kernels have assembly for.
type architecture struct {
	name string            // as GOARCH has it
	sets []*instructionSet // each includes the ones before it
}

// instructionSet is what the generator knows about a set of vector instructions.
type instructionSet struct {
	name        string // in the names of functions
	constant    string // of package simd
	vectorBytes int
	registers   int // of vectors

	// masks says that comparisons give mask registers, by which every instruction
	// can leave out lanes, and that an operand in memory may be one element that
	// stands for all lanes.
	masks bool
}

var (
	avx2   = &instructionSet{name: "AVX2", constant: "avx2", vectorBytes: 32, registers: 16}
	avx512 = &instructionSet{name: "AVX512", constant: "avx512", vectorBytes: 64, registers: 32, masks: true}
)

// architectures are those that there is assembly for. Where a kernel has none for any
// set of its processor, its reference runs.
var architectures = []architecture{
	{"amd64", []*instructionSet{avx2, avx512}},
}

// narrowBytes is the size of narrow vectors, which every instruction set has. Sums
// end in them, with wider vectors too: so all sets add in the same order.
const narrowBytes = 32
