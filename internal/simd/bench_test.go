package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// others are the functions that run several kernels, or one on other shapes than its
// row, and how often they read or write as much as their first operand.
func others[T Float]() []row[T] {
	bench := func(name, operands string, run func(s [][]T)) row[T] {
		return row[T]{kernel: name, operands: operands, draw: normal[T], benchmark: run}
	}
	return []row[T]{
		bench("add a scalar", "dst x", func(s [][]T) { Add(s[0], s[1], s[1][:1]) }),
		bench("logSoftmax", "dst x", func(s [][]T) { LogSoftmax(s[0], s[1]) }),
		bench("crossEntropyRow", "dst x", func(s [][]T) { CrossEntropyRow(s[0], s[1], 0) }),
		bench("softmaxBackward", "dst g y", func(s [][]T) { SoftmaxBackward(s[0], s[1], s[2]) }),
		bench("transpose", "dst x", func(s [][]T) {
			side := 1
			for 4*side*side <= len(s[0]) {
				side *= 2
			}
			Transpose(s[0][:side*side], s[1][:side*side], side, side)
		}),
		bench("bytesToFloats", "dst x", func(s [][]T) {
			BytesToFloats(s[0], unsafe.Slice((*byte)(unsafe.Pointer(&s[1][0])), len(s[0])), 1./255, 0)
		}),
	}
}

// BenchmarkKernels reports bytes moved per second, with each instruction set. The
// lengths are one, a short row, a whole number of vectors, what the first-level cache
// holds, and a million.
func BenchmarkKernels(b *testing.B) {
	for _, n := range []int{1, 10, 64, 2048, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.Run("float32", func(b *testing.B) { benchmarkLength[float32](b, n) })
			b.Run("float64", func(b *testing.B) { benchmarkLength[float64](b, n) })
		})
	}
}

func benchmarkLength[T Float](b *testing.B, n int) {
	for _, r := range append(rows[T](), others[T]()...) {
		b.Run(r.kernel, func(b *testing.B) {
			s := r.benchmarkOperands(n)
			for _, set := range instructionSets() {
				b.Run(set.String(), func(b *testing.B) {
					b.SetBytes(int64(r.streams() * n * int(unsafe.Sizeof(s[0][0]))))
					set.with(func() {
						for b.Loop() {
							r.benchmark(s)
						}
					})
				})
			}
		})
	}
}

// benchmarkOperands are n numbers of usual size for each operand.
func (r *row[T]) benchmarkOperands(n int) [][]T {
	if r.benchmark == nil {
		run := r.run
		r.benchmark = func(s [][]T) { run(s) }
	}
	draw := r.draw
	if draw == nil {
		draw = func(r *rand.Rand) T { return T(r.NormFloat64()) }
	}
	random := rand.New(rand.NewPCG(7, 8))
	s := make([][]T, len(r.names()))
	for i := range s {
		s[i] = make([]T, n)
		for j := range s[i] {
			s[i][j] = draw(random)
		}
	}
	return s
}
