package simd

import "math"

// This file holds reductions to one number. The order of summation depends on
// the length alone: a slice is halved down to blocks of at most sumBlock
// elements, a block is summed in independent lanes, and the parts are added
// pairwise. The error grows with the logarithm of the length.

// sumBlock is the length up to which a sum is one pass over the lanes. Halves
// of longer slices are cut at multiples of it, so blocks are full but the last.
const sumBlock = 4096

// splitSum cuts a length above sumBlock in two, the first part a multiple of
// sumBlock.
func splitSum(n int) int {
	blocks := (n + sumBlock - 1) / sumBlock
	return blocks / 2 * sumBlock
}

// Sum returns Σ x[i], 0 for an empty slice.
func Sum[T Float](x []T) T {
	return sumKernel(x)
}

func sumGeneric[T Float](x []T) T {
	return lanes(x, func(acc, x T) T { return acc + x })
}

// SumAbs returns Σ |x[i]|.
func SumAbs[T Float](x []T) T {
	return sumAbsKernel(x)
}

func sumAbsGeneric[T Float](x []T) T {
	return lanes(x, func(acc, x T) T { return acc + T(math.Abs(float64(x))) })
}

// SumSquares returns Σ x[i]².
func SumSquares[T Float](x []T) T {
	return sumSquaresKernel(x)
}

func sumSquaresGeneric[T Float](x []T) T {
	return lanes(x, func(acc, x T) T { return acc + x*x })
}

// SumExp returns Σ e^(x[i] − shift).
func SumExp[T Float](x []T, shift T) T {
	return sumExpKernel(x, shift)
}

func sumExpGeneric[T Float](x []T, shift T) T {
	return lanes(x, func(acc, x T) T { return acc + T(exp64(float64(x-shift))) })
}

// lanes folds x into eight accumulators, one for each residue of the index
// modulo 8, and adds them pairwise. The compiler inlines f.
func lanes[T Float](x []T, f func(acc, x T) T) T {
	var acc [8]T
	for i, v := range x {
		acc[i&7] = f(acc[i&7], v)
	}
	return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

// Dot returns Σ a[i]·b[i]. The lengths must be equal.
func Dot[T Float](a, b []T) T {
	if len(a) != len(b) {
		panicLength("Dot", "b", len(b), len(a))
	}
	return dotKernel(a, b)
}

func dotGeneric[T Float](a, b []T) T {
	var acc [8]T
	b = b[:len(a)]
	for i, v := range a {
		acc[i&7] += v * b[i]
	}
	return ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

// MaxOf returns the largest element, NaN if any is NaN, −Inf for an empty slice.
func MaxOf[T Float](x []T) T {
	return maxOfKernel(x)
}

func maxOfGeneric[T Float](x []T) T {
	m := T(math.Inf(-1))
	for _, v := range x {
		if v > m || v != v {
			m = v
		}
		if m != m {
			return m
		}
	}
	return m
}

// MinOf returns the smallest element, NaN if any is NaN, +Inf for an empty slice.
func MinOf[T Float](x []T) T {
	return minOfKernel(x)
}

func minOfGeneric[T Float](x []T) T {
	m := T(math.Inf(1))
	for _, v := range x {
		if v < m || v != v {
			m = v
		}
		if m != m {
			return m
		}
	}
	return m
}

// ArgMax returns the index of the first largest element; the first NaN counts
// as largest. It returns −1 for an empty slice.
func ArgMax[T Float](x []T) int {
	if len(x) <= 16 {
		return argMaxGeneric(x)
	}
	m := MaxOf(x)
	if m != m {
		return argMaxGeneric(x)
	}
	return indexOfKernel(x, m)
}

func argMaxGeneric[T Float](x []T) int {
	if len(x) == 0 {
		return -1
	}
	best := 0
	for i, v := range x {
		if v != v {
			return i
		}
		if v > x[best] {
			best = i
		}
	}
	return best
}

// indexOfGeneric returns the index of the first element equal to v, len(x) if
// there is none.
func indexOfGeneric[T Float](x []T, v T) int {
	for i, u := range x {
		if u == v {
			return i
		}
	}
	return len(x)
}

// SumRows adds the rows of x, a [rows, cols] matrix, into dst of length cols:
// dst[j] = Σᵢ x[i, j], or dst[j] += Σᵢ x[i, j] when accumulate is true. With no
// rows it sets dst to 0 or leaves it. The rows are added in order, in groups of
// rowBlock whose sums are then added to dst.
func SumRows[T Float](dst, x []T, rows, cols int, accumulate bool) {
	if len(dst) != cols {
		panicLength("SumRows", "dst", len(dst), cols)
	}
	if len(x) != rows*cols {
		panicLength("SumRows", "x", len(x), rows*cols)
	}
	if !accumulate && rows == 0 {
		clear(dst)
	}
	for i := 0; i < rows; i += rowBlock {
		n := min(rowBlock, rows-i)
		sumRowsKernel(dst, x[i*cols:(i+n)*cols], accumulate || i > 0)
	}
}

// rowBlock is how many rows SumRows adds up before it adds their sum to dst.
const rowBlock = 128

// sumRowsGeneric sums a group of rows of length len(dst).
func sumRowsGeneric[T Float](dst, x []T, accumulate bool) {
	cols := len(dst)
	for j := range dst {
		var s T
		for k := j; k < len(x); k += cols {
			s += x[k]
		}
		if accumulate {
			s += dst[j]
		}
		dst[j] = s
	}
}
