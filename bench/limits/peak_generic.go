//go:build !amd64 || noasm

package limits

// fmaLoops are the loops by what simd.InstructionSet says.
var fmaLoops = map[string]fmaLoop{"none": goLoop}
