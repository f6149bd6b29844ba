package simd

import "os"

// instructionSet is a set of vector instructions that kernels are written for,
// ordered: a larger one includes the smaller ones.
type instructionSet uint8

const (
	noAssembly instructionSet = iota // the references in Go
	avx2                             // AVX2 and FMA
	avx512                           // AVX-512 F, BW, DQ and VL, and BMI2, besides
	amx                              // AMX tiles with bfloat16, besides; only when asked for
)

// String is the word by which CHAINRULE_SIMD asks for the set.
func (s instructionSet) String() string {
	switch s {
	case avx2:
		return "avx2"
	case avx512:
		return "avx512"
	case amx:
		return "amx"
	}
	return "none"
}

// active is the instruction set in use. It is decided once, at start, and never
// changes while the program runs; tests set it.
var active = choose(os.Getenv("CHAINRULE_SIMD"), supported(), tilesAllowed)

// choose returns the set that the word names, or best where it names none or a
// larger one. Tiles are for whom asks for them, if the processor is the best one and the
// operating system allows them, which is asked then only.
func choose(word string, best instructionSet, allowed func() bool) instructionSet {
	for s := noAssembly; s < best; s++ {
		if word == s.String() {
			return s
		}
	}
	if best == amx && (word != amx.String() || !allowed()) {
		return avx512
	}
	return best
}

// InstructionSet names the instruction set that kernels use: "none", which is
// plain Go, "avx2", "avx512" or "amx". A kernel for which the set has nothing to gain
// uses a smaller one.
func InstructionSet() string { return active.String() }
