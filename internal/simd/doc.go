// Package simd holds kernels on slices of float32 and float64: element-wise
// functions, reductions, rows, optimizer steps, conversions and matrix products.
// It knows no shapes, starts no goroutines and allocates nothing.
//
// Every kernel has a reference in Go, which states what it computes. On amd64
// with AVX2 and FMA the hot ones run in assembly instead; the build tag noasm
// leaves the assembly out, and the environment variable CHAINRULE_NOASM, set to
// anything, makes the references run.
//
// Lengths that do not fit are programmer's errors and panic with a message that
// names the function, the argument and the lengths. Slices may be of any length,
// zero included, and need no alignment. A destination may be the same slice as
// an operand of equal length; slices that overlap otherwise give unspecified
// results. All functions may be called from several goroutines at once on
// destinations that do not overlap.
package simd

//go:generate go run -C gen ./vector -dir ..
