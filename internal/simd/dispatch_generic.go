//go:build !amd64 || noasm

package simd

// supported is the largest instruction set that there is assembly for: none.
func supported() instructionSet { return noAssembly }

// tilesAllowed is not asked.
func tilesAllowed() bool { return false }
