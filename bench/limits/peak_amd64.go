//go:build !noasm

package limits

// Independent multiply-adds in registers and nothing else, 12 vectors an iteration.
func fmaLoopF32AVX2(iterations int)
func fmaLoopF64AVX2(iterations int)
func fmaLoopF32AVX512(iterations int)
func fmaLoopF64AVX512(iterations int)

// fmaLoops are the loops by what simd.InstructionSet says.
var fmaLoops = map[string]fmaLoop{
	"none":   goLoop,
	"avx2":   {float32: fmaLoopF32AVX2, float64: fmaLoopF64AVX2, flops32: 12 * 2 * 8, flops64: 12 * 2 * 4},
	"avx512": wideLoop,
	"amx":    wideLoop, // what vectors can do: most kernels have no use for tiles
}

var wideLoop = fmaLoop{float32: fmaLoopF32AVX512, float64: fmaLoopF64AVX512, flops32: 12 * 2 * 16, flops64: 12 * 2 * 8}
