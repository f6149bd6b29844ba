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
				results := Results[T]{N: 1 + (n+taps)%4, Next: extent(c.Rows, c.ResultRow, n, 1) + 1, WeightsRow: taps + 1, Accumulate: i == 0}
				results.Weights, results.Bias = make([]T, extent(results.N, results.WeightsRow, taps, 1)), make([]T, results.N)
				for p := range results.Weights {
					results.Weights[p] = T(r.NormFloat64())
				}
				for k := range results.Bias {
					results.Bias[k] = T(k) + 0.25
				}
				name := fmt.Sprintf("%d rows of %d, %d taps, %d results", c.Rows, n, taps, results.N)
				one := c.Result
				c.Result = cut(target, (results.N-1)*results.Next+len(one), atEnd)
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
				c.Result = one
				sums := guardedFloats[T](t, taps*TapLanes[T](), atEnd)
				for i := range c.Result {
					c.Result[i] = T(r.NormFloat64())
				}
				compareSets(t, name+", sums", sums, eps*float64(n)*50, func() {
					Fill(sums, 1)
					c.Sums(sums)
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
		s := Spread[T]{Taps: 3, Rows: 4, N: n, DstTap: 1, DstRow: n + 2, SrcTap: 4*n + 1, SrcRow: n}
		s.Src = guardedFloats[T](t, 2*s.SrcTap+4*n, true)
		s.Dst = guardedFloats[T](t, 2+3*s.DstRow+n, n%2 == 0) // taps overlap
		for i := range s.Src {
			s.Src[i] = T(r.NormFloat64())
		}
		compareSets(t, fmt.Sprintf("rows of %d", n), s.Dst, 0, func() {
			Fill(s.Dst, 1)
			s.Add()
		})
	}
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
			(&Spread[float64]{Taps: 2, Rows: 1, N: 3, Dst: c.Result, DstTap: 1, Src: c.Src[:5], SrcTap: 3}).Add()
		}},
		{"spread to", func(c *Correlation[float64]) {
			(&Spread[float64]{Taps: 2, Rows: 1, N: 3, Dst: c.Result[:3], DstTap: 1, Src: c.Src, SrcTap: 3}).Add()
		}},
		{"sums", func(c *Correlation[float64]) { c.Sums(make([]float64, 15)) }},
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
