package gemm

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/bench/limits"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// The arithmetic peaks, on one processor and on all.
var (
	peak32    = sync.OnceValue(func() float64 { return limits.FMA[float32](1) })
	peak64    = sync.OnceValue(func() float64 { return limits.FMA[float64](1) })
	peakAll32 = sync.OnceValue(func() float64 { return limits.FMA[float32](runtime.NumCPU()) })
	peakAll64 = sync.OnceValue(func() float64 { return limits.FMA[float64](runtime.NumCPU()) })
)

// report reports the rate of a benchmark that has ended, and its share of the peak.
func report[F simd.Float](b *testing.B, procs int, flops float64) {
	rate := flops * float64(b.N) / b.Elapsed().Seconds()
	peak := pick[F](peak32, peak64)
	if procs > 1 {
		peak = pick[F](peakAll32, peakAll64)
	}
	b.ReportMetric(rate/1e9, "GFLOP/s")
	b.ReportMetric(100*rate/peak(), "%peak")
}

// BenchmarkMul measures products on one processor and on all.
func BenchmarkMul(b *testing.B) {
	for _, c := range []mulCase{
		{m: 128, n: 128, k: 784, transB: true}, // forward pass of a linear layer
		{m: 128, n: 784, k: 128, transA: true}, // gradient of its weight
		{m: 128, n: 10, k: 128, transB: true},
		{m: 10, n: 128, k: 128, transA: true},
		{m: 128, n: 128, k: 10},
		{m: 256, n: 2048, k: 2048, transB: true},
		{m: 2048, n: 2048, k: 256, transA: true},
		{m: 512, n: 512, k: 512},
		{m: 1024, n: 1024, k: 1024},
		{m: 2048, n: 2048, k: 2048},
		{m: 1, n: 128, k: 784, transB: true},
		{m: 1, n: 1024, k: 1024},
		{m: 8, n: 2048, k: 2048},
		{m: 64, n: 64, k: 64},
		{m: 32, n: 288, k: 12544, transB: true}, // gradient of a convolution
		{m: 4, n: 8, k: 2, transB: true},
	} {
		name := fmt.Sprintf("%dx%dx%d%s%s", c.m, c.n, c.k, map[bool]string{true: "T"}[c.transA], map[bool]string{true: "/T"}[c.transB])
		b.Run(name+"/float32", func(b *testing.B) { benchmarkMul[float32](b, c) })
		b.Run(name+"/float64", func(b *testing.B) { benchmarkMul[float64](b, c) })
	}
}

func benchmarkMul[F simd.Float](b *testing.B, c mulCase) {
	for _, procs := range []int{1, runtime.NumCPU()} {
		b.Run(fmt.Sprintf("procs=%d", procs), func(b *testing.B) {
			was := runtime.GOMAXPROCS(procs)
			defer runtime.GOMAXPROCS(was)
			x, y := RowMajor(make([]F, c.m*c.k), c.m, c.k), RowMajor(make([]F, c.k*c.n), c.k, c.n)
			if c.transA {
				x = RowMajor(x.Data, c.k, c.m).T()
			}
			if c.transB {
				y = RowMajor(y.Data, c.n, c.k).T()
			}
			z := RowMajor(make([]F, c.m*c.n), c.m, c.n)
			for b.Loop() {
				Mul(z, x, y, Epilogue[F]{})
			}
			report[F](b, procs, 2*float64(c.m)*float64(c.n)*float64(c.k))
		})
	}
}

// BenchmarkMulFromMemory measures the products of a layer with many weights, which come from
// memory as other layers' were used since: its output, and the gradients of its input and weight.
func BenchmarkMulFromMemory(b *testing.B) {
	const batch, size, layers = 256, 2048, 5
	x, y := RowMajor(make([]float32, batch*size), batch, size), RowMajor(make([]float32, batch*size), batch, size)
	var weights [layers]Matrix[float32]
	for i := range weights {
		weights[i] = RowMajor(make([]float32, size*size), size, size)
		clear(weights[i].Data) // pages come with the first access
	}
	layer := 0
	for _, product := range []struct {
		name string
		of   func(w Matrix[float32])
	}{
		{"output", func(w Matrix[float32]) { Mul(y, x, w.T(), Epilogue[float32]{}) }},
		{"input gradient", func(w Matrix[float32]) { Mul(x, y, w, Epilogue[float32]{}) }},
		{"weight gradient", func(w Matrix[float32]) { Mul(w, y.T(), x, Epilogue[float32]{}) }},
	} {
		b.Run(product.name, func(b *testing.B) {
			for b.Loop() {
				product.of(weights[layer%layers])
				layer++
			}
			report[float32](b, runtime.GOMAXPROCS(0), 2*batch*size*size)
		})
	}
}

// BenchmarkMulBatch measures the products of attention: queries by keys, and
// weights by values.
func BenchmarkMulBatch(b *testing.B) {
	const count, m, d = 128, 64, 32
	q, k, w := make([]float32, count*m*d), make([]float32, count*m*d), make([]float32, count*m*m)
	rate := func(b *testing.B) { report[float32](b, runtime.GOMAXPROCS(0), 2*count*m*m*d) }
	b.Run("queries by keys", func(b *testing.B) {
		for b.Loop() {
			MulBatch(count, RowMajor(w, m, m), RowMajor(q, m, d), RowMajor(k, m, d).T(), m*m, m*d, m*d, Epilogue[float32]{})
		}
		rate(b)
	})
	b.Run("weights by values", func(b *testing.B) {
		for b.Loop() {
			MulBatch(count, RowMajor(q, m, d), RowMajor(w, m, m), RowMajor(k, m, d), m*d, m*m, m*d, Epilogue[float32]{})
		}
		rate(b)
	})
	b.Run("sum", func(b *testing.B) {
		for b.Loop() {
			MulBatch(count, RowMajor(w, m, m), RowMajor(q, m, d), RowMajor(k, m, d).T(), 0, m*d, m*d, Epilogue[float32]{})
		}
		rate(b)
	})
}
