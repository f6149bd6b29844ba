package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCorrelation(t *testing.T) {
	t.Run("float32", testCorrelation[float32])
	t.Run("float64", testCorrelation[float64])
}

func testCorrelation[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	eps := 0x1p-24
	if !is32[T]() {
		eps = 0x1p-53
	}
	source, target := guardedFloats[T](t, 2000, true), guardedFloats[T](t, 4000, true)
	products := guardedFloats[T](t, 2000, true)
	for i := range source {
		source[i] = T(r.NormFloat64())
	}
	for _, n := range []int{1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 47, 64, 65, 130} {
		for _, taps := range []int{1, 2, 5, 6, 9, 11} {
			for i, atEnd := range []bool{false, true} {
				c := Correlation[T]{Rows: 1 + (n+taps)%3, N: n, SrcRow: n + 2, ResultRow: n + 3}
				for range taps {
					c.Offsets = append(c.Offsets, r.IntN(50))
				}
				c.Offsets[r.IntN(taps)] = 50
				c.Src = cut(source, extent(c.Rows, c.SrcRow, n, 1)+50, atEnd)
				c.Result = cut(target, extent(c.Rows, c.ResultRow, n, 1), atEnd)
				results := Results[T]{N: 1 + (n+taps)%9, Next: extent(c.Rows, c.ResultRow, n, 1) + 1, WeightsRow: taps + 1, Accumulate: i == 0}
				results.Weights, results.Bias = make([]T, extent(results.N, results.WeightsRow, taps, 1)), make([]T, results.N)
				for p := range results.Weights {
					results.Weights[p] = T(r.NormFloat64())
				}
				for k := range results.Bias {
					results.Bias[k] = T(k) + 0.25
				}
				name := fmt.Sprintf("%d rows of %d, %d taps, %d results", c.Rows, n, taps, results.N)
				c.Result = cut(target, (results.N-1)*results.Next+len(c.Result), atEnd)
				compareSets(t, name, c.Result, eps*float64(taps+3)*20, func() {
					Fill(c.Result, 7)
					c.Correlate(results)
				})
				results.Bias = nil
				compareSets(t, name+", without bias", c.Result, eps*float64(taps+3)*20, func() {
					Fill(c.Result, T(math.NaN()))
					for k := range results.N {
						for row := range c.Rows {
							for j := range n {
								c.Result[k*results.Next+row*c.ResultRow+j] = 7
							}
						}
					}
					c.Correlate(results)
				})
				sums := cut(products, results.N*taps*TapLanes[T](), atEnd)
				for i := range c.Result {
					c.Result[i] = T(r.NormFloat64())
				}
				compareSets(t, name+", sums", sums, eps*float64(n)*50, func() {
					Fill(sums, 1)
					c.Sums(sums, results.N, results.Next)
				})
			}
		}
	}
}

func TestSpread(t *testing.T) {
	t.Run("float32", testSpread[float32])
	t.Run("float64", testSpread[float64])
}

func testSpread[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 4, 7, 8, 9, 16, 17, 24, 33, 64, 70, 130} {
		for _, s := range []Spread[T]{
			{TapRows: 1, Taps: 3, Rows: 4, N: n, Dilation: [2]int{1, 1}},
			{TapRows: 5, Taps: 5, Rows: 3, N: n, Dilation: [2]int{1, 1}},
			{TapRows: 3, Taps: 2, Rows: 2, N: n, Dilation: [2]int{2, 19}},
			{TapRows: 2, Taps: foldTaps, Rows: 5, N: n, Dilation: [2]int{6, 2}},
		} {
			height, width := s.extent()
			s.DstRow = width + 2
			s.Src = guardedFloats[T](t, s.TapRows*s.Taps*s.Rows*n, n%2 == 0)
			s.Dst = guardedFloats[T](t, (height-1)*s.DstRow+width, n%2 == 0)
			for i := range s.Src {
				s.Src[i] = T(r.NormFloat64())
			}
			compareSets(t, fmt.Sprintf("%d×%d taps, rows of %d", s.TapRows, s.Taps, n), s.Dst, 0, func() {
				Fill(s.Dst, 1)
				s.Add()
			})
		}
	}
}

// Of more taps than are added together, those of all rows come before the others.
func TestSpreadOfManyTaps(t *testing.T) {
	const n, taps = 21, 40
	s := Spread[float64]{TapRows: 2, Taps: taps, Rows: 3, N: n, Dilation: [2]int{1, 1}, DstRow: n + taps}
	s.Src = make([]float64, 2*taps*3*n)
	s.Dst = make([]float64, 4*s.DstRow)
	for i := range s.Src {
		s.Src[i] = float64(i % 101) // sums are exact
	}
	compareSets(t, "many taps", s.Dst, 0, func() {
		Fill(s.Dst, 1)
		s.Add()
	})
}

// compareSets runs f with each instruction set and compares what it leaves in got: with
// the reference up to a tolerance, with AVX2 and AVX-512 bit by bit.
func compareSets[T Float](t *testing.T, name string, got []T, tolerance float64, f func()) {
	t.Helper()
	var reference, before []T
	for _, set := range instructionSets() {
		set.with(f)
		if set == noAssembly {
			reference = slices.Clone(got)
		}
		for i, v := range got {
			if d := math.Abs(float64(v - reference[i])); !(d <= tolerance) && !(v != v && reference[i] != reference[i]) {
				t.Fatalf("%s, %v: element %d is %v, want %v", name, set, i, v, reference[i])
			}
		}
		if set >= avx512 && !slices.EqualFunc(got, before, sameBits) {
			t.Fatalf("%s: %v gives other bits than the set before it", name, set)
		}
		before = slices.Clone(got)
	}
}

func TestCorrelationPanics(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(c *Correlation[float64])
	}{
		{"short images", func(c *Correlation[float64]) {
			c.Src = c.Src[1:]
			c.Correlate(Results[float64]{N: 1, Weights: make([]float64, 2)})
		}},
		{"short result", func(c *Correlation[float64]) {
			c.Result = c.Result[1:]
			c.Correlate(Results[float64]{N: 1, Weights: make([]float64, 2)})
		}},
		{"weights", func(c *Correlation[float64]) {
			c.Correlate(Results[float64]{N: 2, WeightsRow: 2, Weights: make([]float64, 3)})
		}},
		{"result of the second", func(c *Correlation[float64]) {
			c.Correlate(Results[float64]{N: 2, Next: 1, Weights: make([]float64, 2)})
		}},
		{"bias", func(c *Correlation[float64]) {
			c.Correlate(Results[float64]{N: 1, Weights: make([]float64, 2), Bias: []float64{}})
		}},
		{"negative offset", func(c *Correlation[float64]) {
			c.Offsets[1] = -1
			c.Correlate(Results[float64]{N: 1, Weights: make([]float64, 2)})
		}},
		{"spread from", func(c *Correlation[float64]) {
			(&Spread[float64]{TapRows: 1, Taps: 2, Dilation: [2]int{1, 1}, Rows: 1, N: 3, Dst: c.Result, Src: c.Src[:5]}).Add()
		}},
		{"spread to", func(c *Correlation[float64]) {
			(&Spread[float64]{TapRows: 1, Taps: 2, Dilation: [2]int{1, 1}, Rows: 1, N: 3, Dst: c.Result[:3], Src: c.Src}).Add()
		}},
		{"spread to rows that overlap", func(c *Correlation[float64]) {
			(&Spread[float64]{TapRows: 2, Taps: 2, Dilation: [2]int{1, 1}, Rows: 1, N: 2, Dst: c.Result, DstRow: 2, Src: c.Src}).Add()
		}},
		{"spread without dilation", func(c *Correlation[float64]) {
			(&Spread[float64]{TapRows: 1, Taps: 2, Rows: 1, N: 2, Dst: c.Result, Src: c.Src}).Add()
		}},
		{"sums", func(c *Correlation[float64]) { c.Sums(make([]float64, 15), 1, 0) }},
		{"sums of the second", func(c *Correlation[float64]) { c.Sums(make([]float64, 32), 2, 1) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			test.run(&Correlation[float64]{Rows: 2, N: 3, Src: make([]float64, 11), SrcRow: 4, Offsets: []int{0, 4}, Result: make([]float64, 6), ResultRow: 3})
		})
	}
}
