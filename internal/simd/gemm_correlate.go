package simd

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
// image that the tap leads to. It keeps TapLanes sums for a tap, those of every so many
// elements of a row, which are to be added up at last.
func (c *Correlation[T]) Sums(sums []T) {
	if c.Rows <= 0 || c.N <= 0 {
		return
	}
	c.check("Sums", 1, 0)
	if want := len(c.Offsets) * TapLanes[T](); len(sums) != want {
		panicLength("Sums", "sums", len(sums), want)
	}
	c.sums(sums)
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

func (c *Correlation[T]) sumsGeneric(sums []T) {
	lanes := TapLanes[T]()
	for p, offset := range c.Offsets {
		for i := range c.Rows {
			for j, g := range c.Result[i*c.ResultRow:][:c.N] {
				sums[p*lanes+j%lanes] += g * c.Src[i*c.SrcRow+j+offset]
			}
		}
	}
}

// Spread is rows of products that belong to taps of a kernel, to be added where the taps
// lead to: element j of row i of tap t, Src[t·SrcTap + i·SrcRow + j], to Dst[t·DstTap +
// i·DstRow + j].
type Spread[T Float] struct {
	Taps, Rows, N  int
	Dst            []T
	DstTap, DstRow int
	Src            []T
	SrcTap, SrcRow int
}

// Add adds the products, one tap after the other. Dst and Src must not overlap.
func (s *Spread[T]) Add() {
	if s.Taps <= 0 || s.Rows <= 0 || s.N <= 0 {
		return
	}
	if want := (s.Taps-1)*s.DstTap + extent(s.Rows, s.DstRow, s.N, 1); len(s.Dst) < want || s.DstTap < 0 {
		panicLength("Spread.Add", "Dst", len(s.Dst), want)
	}
	if want := (s.Taps-1)*s.SrcTap + extent(s.Rows, s.SrcRow, s.N, 1); len(s.Src) < want || s.SrcTap < 0 {
		panicLength("Spread.Add", "Src", len(s.Src), want)
	}
	s.add()
}

func (s *Spread[T]) addGeneric() {
	for t := range s.Taps {
		for i := range s.Rows {
			dst := s.Dst[t*s.DstTap+i*s.DstRow:][:s.N]
			for j, v := range s.Src[t*s.SrcTap+i*s.SrcRow:][:s.N] {
				dst[j] += v
			}
		}
	}
}
