//go:build amd64 && !noasm

package simd

import (
	"os"

	"golang.org/x/sys/cpu"
)

// useAVX2 is true when the assembly kernels run: the processor has AVX2 and FMA
// and the environment variable CHAINRULE_NOASM is unset or empty. It is decided
// once, at start, and never changes while the program runs.
var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA && os.Getenv("CHAINRULE_NOASM") == ""

// Accelerated reports whether the assembly kernels are in use.
func Accelerated() bool { return useAVX2 }
