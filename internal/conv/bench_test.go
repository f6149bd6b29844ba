package conv

import (
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// measured are convolutions whose parts are measured alone: those of the document's table,
// and of networks in package bench.
var measured = []struct {
	name string
	Shape
}{
	{"1x1,256-64,28x28", flat(32, 256, 64, 1, 28, 28, 1, 1, 1, 0, 1)},
	{"1x1,64-256,28x28", flat(32, 64, 256, 1, 28, 28, 1, 1, 1, 0, 1)},
	{"1x1,64-64,28x28", flat(32, 64, 64, 1, 28, 28, 1, 1, 1, 0, 1)},
	{"1x1,32-16,14x14", flat(32, 32, 16, 1, 14, 14, 1, 1, 1, 0, 1)},
	{"1x1,512-512,7x7", flat(32, 512, 512, 1, 7, 7, 1, 1, 1, 0, 1)},
	{"1x1by2,64-128,28x28", flat(32, 64, 128, 1, 28, 28, 1, 1, 2, 0, 1)},
	{"3x3,64-64,28x28", flat(32, 64, 64, 1, 28, 28, 3, 3, 1, 1, 1)},
	{"5x5,32-64,28x28", flat(32, 32, 64, 1, 28, 28, 5, 5, 1, 2, 1)},
	{"5x5,16-16,14x14", flat(32, 16, 16, 1, 14, 14, 5, 5, 1, 2, 1)},
	{"5x5,16-32,14x14,0", flat(64, 16, 32, 1, 14, 14, 5, 5, 1, 0, 1)},
	{"5x5,64-64,14x14", flat(16, 64, 64, 1, 14, 14, 5, 5, 1, 2, 1)},
	{"5x5,256-256,7x7", flat(16, 256, 256, 1, 7, 7, 5, 5, 1, 2, 1)},
	{"5x5,32-32,8x8", flat(4, 32, 32, 1, 8, 8, 5, 5, 1, 2, 1)},
	{"depthwise3x3,128,28x28", flat(32, 128, 128, 128, 28, 28, 3, 3, 1, 1, 1)},
	{"depthwise3x3,128,28x28,one", flat(1, 128, 128, 128, 28, 28, 3, 3, 1, 1, 1)},
	{"depthwise3x3,64,56x56,one", flat(1, 64, 64, 64, 56, 56, 3, 3, 1, 1, 1)},
	{"depthwise3x3by2,128,28x28", flat(32, 128, 128, 128, 28, 28, 3, 3, 2, 1, 1)},
	{"depthwise3x3,64,56x56", flat(32, 64, 64, 64, 56, 56, 3, 3, 1, 1, 1)},
	{"depthwise3x3,256,14x14", flat(32, 256, 256, 256, 14, 14, 3, 3, 1, 1, 1)},
	{"depthwise3x3,512,7x7", flat(32, 512, 512, 512, 7, 7, 3, 3, 1, 1, 1)},
	{"depthwise5x5,128,28x28", flat(32, 128, 128, 128, 28, 28, 5, 5, 1, 2, 1)},
	{"3x3by2,64-128,28x28", flat(32, 64, 128, 1, 28, 28, 3, 3, 2, 1, 1)},
	{"3x3by2,512-512,7x7", flat(16, 512, 512, 1, 7, 7, 3, 3, 2, 1, 1)},
	{"4x4by2,64-128,32x32", flat(16, 64, 128, 1, 32, 32, 4, 4, 2, 1, 1)},
	{"5x5by2,32-64,28x28", flat(32, 32, 64, 1, 28, 28, 5, 5, 2, 2, 1)},
	{"3x3,512-512,7x7", flat(16, 512, 512, 1, 7, 7, 3, 3, 1, 1, 1)},
	{"3x3,128-128,7x7", flat(16, 128, 128, 1, 7, 7, 3, 3, 1, 1, 1)},
	{"3x3,256-256,7x7", flat(16, 256, 256, 1, 7, 7, 3, 3, 1, 1, 1)},
	{"3x3,512-512,7x7,32", flat(32, 512, 512, 1, 7, 7, 3, 3, 1, 1, 1)},
	{"3x3,512-512,7x7,64", flat(64, 512, 512, 1, 7, 7, 3, 3, 1, 1, 1)},
	{"3x3,256-256,14x14", flat(16, 256, 256, 1, 14, 14, 3, 3, 1, 1, 1)},
	{"3x3,1-32,28x28", flat(128, 1, 32, 1, 28, 28, 3, 3, 1, 0, 1)},
	{"3x3,32-64,26x26", flat(128, 32, 64, 1, 26, 26, 3, 3, 1, 0, 1)},
	{"5x5,1-6,28x28", flat(64, 1, 6, 1, 28, 28, 5, 5, 1, 2, 1)},
	{"5x5,6-16,14x14", flat(64, 6, 16, 1, 14, 14, 5, 5, 1, 0, 1)},
}

func BenchmarkParts(b *testing.B) {
	b.Run("float32", benchmarkParts[float32])
	b.Run("float64", benchmarkParts[float64])
}

func benchmarkParts[F simd.Float](b *testing.B) {
	for _, c := range measured {
		s := c.Shape
		x, w, g := operands[F](&s)
		y, dx, dw := make([]F, len(g)), make([]F, len(x)), make([]F, len(w))
		for _, part := range []struct {
			name string
			run  func()
		}{
			{"forward", func() { Forward(s, y, x, w, nil, false) }},
			{"images", func() { InputGradient(s, dx, g, w, nil, false) }},
			{"weights", func() { WeightGradient(s, dw, x, g, false) }},
		} {
			b.Run(c.name+"/"+part.name, func(b *testing.B) {
				for b.Loop() {
					part.run()
				}
				b.ReportMetric(2*float64(len(g)*s.In/s.Groups*volume(s.Kernel)*b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}
