//go:build amd64 && !noasm

package simd

import "golang.org/x/sys/cpu"

// supported is the largest instruction set that the processor has.
func supported() instructionSet {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return noAssembly
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512DQ || !x.HasAVX512VL || !x.HasBMI2:
		return avx2
	case !x.HasAMXTile || !x.HasAMXBF16:
		return avx512
	}
	return amx
}
