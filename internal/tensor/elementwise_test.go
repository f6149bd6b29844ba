package tensor

import (
	"math"
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
)

var (
	sine    = Kernel1{F32: simd.Sin[float32], F64: simd.Sin[float64], Cost: 16}
	minus   = Kernel2{F32: simd.Sub[float32], F64: simd.Sub[float64]}
	divided = Kernel2{F32: simd.Div[float32], F64: simd.Div[float64], Cost: 4}
	choice  = Kernel3{F32: simd.Where[float32], F64: simd.Where[float64]}
)

// broadcasts are pairs of shapes with the shape they broadcast to.
var broadcasts = [][3][]int{
	{{}, {}, {}}, {{5}, {5}, {5}}, {{3, 4}, {}, {3, 4}}, {{}, {3, 4}, {3, 4}}, {{3, 4}, {4}, {3, 4}}, {{4}, {3, 4}, {3, 4}},
	{{3, 1}, {1, 4}, {3, 4}}, {{2, 3, 4}, {3, 1}, {2, 3, 4}}, {{2, 1, 4}, {3, 1}, {2, 3, 4}}, {{1}, {0}, {0}}, {{2, 0}, {1}, {2, 0}},
	{{2, 1, 3, 1, 2}, {4, 1, 5, 1}, {2, 4, 3, 5, 2}}, {{200, 1}, {300}, {200, 300}}, {{130, 300}, {300}, {130, 300}}, {{130, 300}, {130, 1}, {130, 300}},
	{{65, 7, 1}, {65, 1, 81}, {65, 7, 81}}, {{200, 300}, {200, 300}, {200, 300}},
}

func TestElementWise(t *testing.T) {
	var cases []testCase
	for _, shape := range someShapes {
		cases = append(cases, testCase{name("Map1 ", shape), func(r *random) (*Array, []float64) {
			x, dst := r.array(shape...), r.garbage(shape...)
			Map1(&sine, dst, x)
			want := valuesOf(x)
			for i := range want {
				want[i] = math.Sin(want[i])
			}
			return dst, want
		}}, testCase{name("Clamp ", shape), func(r *random) (*Array, []float64) {
			x, dst := r.array(shape...), r.garbage(shape...)
			Clamp(dst, x, -0.5, 0.25)
			want := valuesOf(x)
			for i := range want {
				want[i] = min(max(want[i], -0.5), 0.25)
			}
			return dst, want
		}})
	}
	for _, b := range broadcasts {
		for kernel, k := range map[string]struct {
			kernel *Kernel2
			f      func(a, b float64) float64
		}{
			"minus":   {&minus, func(a, b float64) float64 { return a - b }},
			"divided": {&divided, func(a, b float64) float64 { return a / b }},
		} {
			cases = append(cases, testCase{name("Map2 ", kernel, b), func(r *random) (*Array, []float64) {
				x, y, dst := r.array(b[0]...), r.array(b[1]...), r.garbage(b[2]...)
				Map2(k.kernel, dst, x, y)
				want := make([]float64, dst.Len())
				for i, index := range indices(b[2]) {
					want[i] = k.f(at(x, index), at(y, index))
				}
				return dst, want
			}})
		}
		cases = append(cases, testCase{name("Map3", b), func(r *random) (*Array, []float64) {
			x, y, dst := r.array(b[0]...), r.array(b[1]...), r.garbage(b[2]...)
			condition := r.array(b[2]...)
			for i := range condition.Len() {
				condition.Set(i, float64(r.IntN(2)))
			}
			Map3(&choice, dst, condition, x, y)
			want := make([]float64, dst.Len())
			for i, index := range indices(b[2]) {
				want[i] = at(y, index)
				if at(condition, index) != 0 {
					want[i] = at(x, index)
				}
			}
			return dst, want
		}}, testCase{name("SumTo", b), func(r *random) (*Array, []float64) {
			g, dst := r.array(b[2]...), r.array(b[0]...)
			want := valuesOf(dst)
			for i, index := range indices(b[2]) {
				flat := 0
				for axis, size := range b[0] {
					if size > 1 {
						flat = flat*size + index[len(index)-len(b[0])+axis]
					}
				}
				want[flat] += g.At(i)
			}
			SumTo(dst, g, true)
			return dst, want
		}}, testCase{name("BroadcastTo", b), func(r *random) (*Array, []float64) {
			x, dst := r.array(b[0]...), r.garbage(b[2]...)
			BroadcastTo(dst, x)
			want := make([]float64, dst.Len())
			for i, index := range indices(b[2]) {
				want[i] = at(x, index)
			}
			return dst, want
		}})
	}
	cases = append(cases, testCase{"Map2 in place", func(r *random) (*Array, []float64) {
		x, y := r.array(130, 300), r.array(300)
		want := make([]float64, x.Len())
		for i, index := range indices(x.Shape) {
			want[i] = at(x, index) - at(y, index)
		}
		Map2(&minus, x, x, y)
		return x, want
	}})
	runCases(t, cases)
}

func TestLinearPasses(t *testing.T) {
	var cases []testCase
	for _, shape := range someShapes {
		for pass, p := range map[string]struct {
			run  func(dst, x *Array)
			want func(dst, x float64) float64
		}{
			"Copy":       {Copy, func(_, x float64) float64 { return x }},
			"Fill":       {func(dst, _ *Array) { Fill(dst, 2.5) }, func(_, _ float64) float64 { return 2.5 }},
			"Scale":      {func(dst, x *Array) { Scale(dst, x, -1.5) }, func(_, x float64) float64 { return -1.5 * x }},
			"AddScaled":  {func(dst, x *Array) { AddScaled(dst, x, 0.5) }, func(dst, x float64) float64 { return dst + 0.5*x }},
			"Accumulate": {Accumulate, func(dst, x float64) float64 { return dst + x }},
		} {
			cases = append(cases, testCase{name(pass, shape), func(r *random) (*Array, []float64) {
				dst, x := r.array(shape...), r.array(shape...)
				want := make([]float64, dst.Len())
				for i := range want {
					want[i] = p.want(dst.At(i), x.At(i))
				}
				p.run(dst, x)
				return dst, want
			}})
		}
		cases = append(cases, testCase{name("Convert", shape), func(r *random) (*Array, []float64) {
			x, dst := r.array(shape...), New(Float32+Float64-r.dtype, shape)
			Convert(&dst, x)
			return &dst, valuesOf(x)
		}})
	}
	runCases(t, cases)
}
