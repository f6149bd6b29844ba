package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// benchmarked lists what the benchmarks run: the function on operands of one
// length, and how many times that length it reads and writes.
func benchmarked[T Float]() []struct {
	name    string
	streams int
	run     func(s [][]T)
} {
	unary := func(f func(dst, x []T)) func([][]T) { return func(s [][]T) { f(s[0], s[1]) } }
	pair := func(f func(dst, a, b []T)) func([][]T) { return func(s [][]T) { f(s[0], s[1], s[2]) } }
	adam := AdamParams{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, BiasCorrection1: 0.5, BiasCorrection2: 0.5}
	momentum := SGDParams{LR: 1e-9, Momentum: 0.9}
	return []struct {
		name    string
		streams int
		run     func(s [][]T)
	}{
		{"Add", 3, pair(Add[T])},
		{"Add scalar", 2, func(s [][]T) { Add(s[0], s[1], s[2][:1]) }},
		{"Mul", 3, pair(Mul[T])},
		{"Div", 3, pair(Div[T])},
		{"StrongMul", 3, pair(StrongMul[T])},
		{"Where", 4, func(s [][]T) { Where(s[0], s[1], s[2], s[3]) }},
		{"AddScaled", 3, func(s [][]T) { AddScaled(s[0], s[1], 1e-9) }},
		{"Scale", 2, func(s [][]T) { Scale(s[0], s[1], 2) }},
		{"Fill", 1, func(s [][]T) { Fill(s[0], 2) }},
		{"Square", 2, unary(Square[T])},
		{"Sqrt", 2, unary(Sqrt[T])},
		{"ReLU", 2, unary(ReLU[T])},
		{"Exp", 2, unary(Exp[T])},
		{"Expm1", 2, unary(Expm1[T])},
		{"Log", 2, unary(Log[T])},
		{"Log1p", 2, unary(Log1p[T])},
		{"Sin", 2, unary(Sin[T])},
		{"Cos", 2, unary(Cos[T])},
		{"Tanh", 2, unary(Tanh[T])},
		{"Sigmoid", 2, unary(Sigmoid[T])},
		{"Softplus", 2, unary(Softplus[T])},
		{"SiLU", 2, unary(SiLU[T])},
		{"GELU", 2, unary(GELU[T])},
		{"GELUTanh", 2, unary(GELUTanh[T])},
		{"Mish", 2, unary(Mish[T])},
		{"Erf", 2, unary(Erf[T])},
		{"ReLUBackward", 3, pair(ReLUBackward[T])},
		{"TanhBackward", 3, pair(TanhBackward[T])},
		{"GELUBackward", 3, pair(GELUBackward[T])},
		{"GELUTanhBackward", 3, pair(GELUTanhBackward[T])},
		{"SiLUBackward", 3, pair(SiLUBackward[T])},
		{"Sum", 1, func(s [][]T) { Sum(s[0]) }},
		{"SumSquares", 1, func(s [][]T) { SumSquares(s[0]) }},
		{"Dot", 2, func(s [][]T) { Dot(s[0], s[1]) }},
		{"MaxOf", 1, func(s [][]T) { MaxOf(s[0]) }},
		{"ArgMax", 1, func(s [][]T) { ArgMax(s[0]) }},
		{"SumRows by 128", 1, func(s [][]T) {
			cols := min(128, len(s[0]))
			rows := len(s[0]) / cols
			SumRows(s[1][:cols], s[0][:rows*cols], rows, cols, false)
		}},
		{"Softmax", 2, unary(Softmax[T])},
		{"LogSoftmax", 2, unary(LogSoftmax[T])},
		{"CrossEntropyRow", 2, func(s [][]T) { CrossEntropyRow(s[0], s[1], 0) }},
		{"SoftmaxBackward", 3, pair(SoftmaxBackward[T])},
		{"Adam", 7, func(s [][]T) { Adam(s[0], s[1], s[2], s[3], adam) }},
		{"SGD", 3, func(s [][]T) { SGD(s[0], s[1], 1e-9, 0) }},
		{"SGDMomentum", 5, func(s [][]T) { SGDMomentum(s[0], s[1], s[2], momentum) }},
		{"Transpose", 2, func(s [][]T) {
			side := 1
			for 4*side*side <= len(s[0]) {
				side *= 2
			}
			Transpose(s[0][:side*side], s[1][:side*side], side, side)
		}},
	}
}

// BenchmarkKernels reports bytes moved per second. The lengths are a short row,
// what the first-level cache holds, and a million.
func BenchmarkKernels(b *testing.B) {
	for _, n := range []int{1, 10, 16, 2048, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.Run("float32", func(b *testing.B) { benchmarkLength[float32](b, n) })
			b.Run("float64", func(b *testing.B) { benchmarkLength[float64](b, n) })
		})
	}
}

func benchmarkLength[T Float](b *testing.B, n int) {
	r := rand.New(rand.NewPCG(7, 8))
	s := make([][]T, 4)
	for i := range s {
		s[i] = make([]T, n)
	}
	for _, k := range benchmarked[T]() {
		b.Run(k.name, func(b *testing.B) {
			for i := range s {
				for j := range s[i] {
					s[i][j] = T(r.NormFloat64())
				}
			}
			if k.name == "Adam" {
				Abs(s[2], s[2])
			}
			b.SetBytes(int64(k.streams * n * int(unsafe.Sizeof(s[0][0]))))
			for b.Loop() {
				k.run(s)
			}
		})
	}
}
