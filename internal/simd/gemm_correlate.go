package simd

import "fmt"

// Correlation computes rows of a convolution with few channels, from images as they are:
// element j of row i is what the taps that are Offsets[p] behind image element i·SrcRow + j
// give. The methods run it.
type Correlation[T Float] struct {
	Rows, N int // rows of the result and their lengths

	Src     []T
	SrcRow  int
	Offsets []int // none is negative

	Result    []T // of Correlate, or what Sums multiplies with
	ResultRow int
}

// Results are several results of the same image, for Correlate.
type Results[T Float] struct {
	N          int  // how many
	Next       int  // the distance of their first elements in Result
	Weights    []T  // a row for each, with an element for each tap
	WeightsRow int  // the distance of these rows
	Bias       []T  // unless nil, an element for each, which is added at last
	Accumulate bool // add to what the results hold
}

// Correlate sets the results to the sums over the taps of their weights times elements of
// the image, or adds these sums to them.
func (c *Correlation[T]) Correlate(r Results[T]) {
	if c.Rows <= 0 || c.N <= 0 || r.N <= 0 {
		return
	}
	c.check("Correlate", r.N, r.Next)
	if want := extent(r.N, r.WeightsRow, len(c.Offsets), 1); len(r.Weights) < want {
		panicLength("Correlate", "weights", len(r.Weights), want)
	}
	if r.Bias != nil && len(r.Bias) < r.N {
		panicLength("Correlate", "bias", len(r.Bias), r.N)
	}
	c.correlate(&r)
}

// TapLanes is the number of sums that Sums keeps for a tap.
func TapLanes[T Float]() int {
	if is32[T]() {
		return 16
	}
	return 8
}

// Sums adds to the sums of each tap the products of the result with the elements of the
// image that the tap leads to, for each of n results whose first elements are next apart.
// It keeps TapLanes sums for a tap, those of every so many elements of a row, which are to
// be added up at last; the sums of a result follow those of the one before.
func (c *Correlation[T]) Sums(sums []T, n, next int) {
	if c.Rows <= 0 || c.N <= 0 || n <= 0 {
		return
	}
	c.check("Sums", n, next)
	if want := n * len(c.Offsets) * TapLanes[T](); len(sums) != want {
		panicLength("Sums", "sums", len(sums), want)
	}
	c.sums(sums, n, next)
}

// check panics unless all elements lie in the slices, those of count results too.
func (c *Correlation[T]) check(op string, count, next int) {
	most := 0
	for _, offset := range c.Offsets {
		if offset < 0 {
			panic("simd: " + op + ": an offset is negative")
		}
		most = max(most, offset)
	}
	if want := extent(c.Rows, c.SrcRow, c.N, 1) + most; len(c.Src) < want && len(c.Offsets) > 0 {
		panicLength(op, "Src", len(c.Src), want)
	}
	if want := (count-1)*next + extent(c.Rows, c.ResultRow, c.N, 1); len(c.Result) < want || next < 0 {
		panicLength(op, "Result", len(c.Result), want)
	}
}

func (c *Correlation[T]) correlateGeneric(r *Results[T]) {
	for k := range r.N {
		weights := r.Weights[min(k*r.WeightsRow, len(r.Weights)):]
		for i := range c.Rows {
			row := c.Result[k*r.Next+i*c.ResultRow:][:c.N]
			for j := range row {
				var sum T
				for p, offset := range c.Offsets {
					sum += weights[p] * c.Src[i*c.SrcRow+j+offset]
				}
				if r.Accumulate {
					sum += row[j]
				}
				if r.Bias != nil {
					sum += r.Bias[k]
				}
				row[j] = sum
			}
		}
	}
}

func (c *Correlation[T]) sumsGeneric(sums []T, n, next int) {
	lanes := TapLanes[T]()
	for r := range n {
		for p, offset := range c.Offsets {
			tap := sums[(r*len(c.Offsets)+p)*lanes:][:lanes]
			for i := range c.Rows {
				for j, g := range c.Result[r*next+i*c.ResultRow:][:c.N] {
					tap[j%lanes] += g * c.Src[i*c.SrcRow+j+offset]
				}
			}
		}
	}
}

// Spread is products that belong to the taps of a kernel of TapRows rows of Taps, to be
// added where the taps lead to. Each tap has Rows rows of N products, which stand in Src
// tap by tap: element j of row i of tap t of row r, Src[((r·Taps+t)·Rows+i)·N + j], goes to
// Dst[(i+r·Dilation[0])·DstRow + j + t·Dilation[1]].
type Spread[T Float] struct {
	TapRows, Taps int
	Dilation      [2]int // distances of taps in Dst
	Rows, N       int
	Dst           []T
	DstRow        int
	Src           []T
}

// foldTaps is the most taps of a row whose products are added together.
const foldTaps = 16

// Add adds the products, to each element of Dst in the order of the taps that lead to it;
// with assembly, those of the first foldTaps taps of all rows come first, and so on.
// Dst and Src must not overlap, nor the rows of Dst.
func (s *Spread[T]) Add() {
	if s.TapRows <= 0 || s.Taps <= 0 || s.Rows <= 0 || s.N <= 0 {
		return
	}
	height, width := s.extent()
	if s.Dilation[0] < 1 || s.Dilation[1] < 1 || s.DstRow < width && height > 1 {
		panic(fmt.Sprintf("simd: Spread.Add: rows of %d elements, %d apart, dilation %d", width, s.DstRow, s.Dilation))
	}
	if want := extent(height, s.DstRow, width, 1); len(s.Dst) < want {
		panicLength("Spread.Add", "Dst", len(s.Dst), want)
	}
	if want := s.TapRows * s.Taps * s.Rows * s.N; len(s.Src) < want {
		panicLength("Spread.Add", "Src", len(s.Src), want)
	}
	s.add(height, width)
}

// extent is how many rows and columns of Dst the taps lead to.
func (s *Spread[T]) extent() (height, width int) {
	return s.Rows + (s.TapRows-1)*s.Dilation[0], s.N + (s.Taps-1)*s.Dilation[1]
}

func (s *Spread[T]) addGeneric() {
	src := s.Src
	for r := range s.TapRows {
		for t := range s.Taps {
			for i := range s.Rows {
				dst := s.Dst[(i+r*s.Dilation[0])*s.DstRow+t*s.Dilation[1]:][:s.N]
				for j, v := range src[:s.N] {
					dst[j] += v
				}
				src = src[s.N:]
			}
		}
	}
}
