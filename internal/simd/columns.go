package simd

import (
	"fmt"
	"math"
)

// This file holds functions of each column of a matrix by itself, whose rows follow each
// other. Vectors are full of columns: their number is a multiple of 16.

const columnLanes = 16

// checkVectors reports whether there is anything to do for size elements in so many rows. It
// panics if they cannot be divided into rows, and these into vectors.
func checkVectors(op string, size, rows int) bool {
	if rows < 0 || size > 0 && (rows == 0 || size%(columnLanes*rows) != 0) {
		panic(fmt.Sprintf("simd: %s: %d elements cannot be divided into %d rows of a multiple of %d", op, size, rows, columnLanes))
	}
	return size > 0
}

// LayerNormColumns normalizes each column of x, a matrix [len(w), columns], by itself:
//
//	dst[i, j] = (x[i, j] − meanⱼ)/√(varianceⱼ + eps)·w[i] + b[i]
//
// or w[i]·0 + b[i] where the root is 0. w and b are of one length, the number of columns is a
// multiple of 16, and dst may be x.
func LayerNormColumns[T Float](dst, x, w, b []T, eps T) {
	checkUnary("LayerNormColumns", dst, x)
	checkUnary("LayerNormColumns", w, b)
	if checkVectors("LayerNormColumns", len(x), len(w)) {
		layerNormColumnsKernel(dst, x, w, b, eps)
	}
}

func layerNormColumnsGeneric[T Float](dst, x, w, b []T, eps T) {
	cols, inverse := len(x)/len(w), 1/T(len(w))
	// sum adds up a column by its rows modulo four.
	sum := func(j int, term func(x T) T) T {
		var acc [4]T
		whole := len(w) &^ 3
		for i := range w {
			at := i & 3
			if i >= whole {
				at = 0
			}
			acc[at] += term(x[i*cols+j])
		}
		return (acc[0] + acc[2]) + (acc[1] + acc[3])
	}
	for j := range cols {
		first := x[j]
		mean := first + T(sum(j, func(x T) T { return x - first })*inverse)
		variance := T(sum(j, func(x T) T { return T((x - mean) * (x - mean)) }) * inverse)
		scale := T(0)
		if v := variance + eps; v != 0 {
			scale = 1 / T(math.Sqrt(float64(v)))
		}
		for i := range w {
			dst[i*cols+j] = T((x[i*cols+j]-mean)*scale*w[i]) + b[i]
		}
	}
}

// SoftmaxColumns replaces each column of x, a matrix of so many rows, by the softmax of scale
// times it, or by zeros if it is nothing but −Inf. scale must be positive. A column that holds
// NaN or +Inf gives NaN.
func SoftmaxColumns[T Float](x []T, rows int, scale T) {
	if checkVectors("SoftmaxColumns", len(x), rows) {
		softmaxColumnsKernel(x, rows, scale)
	}
}

func softmaxColumnsGeneric[T Float](x []T, rows int, scale T) {
	cols := len(x) / rows
	for j := range cols {
		largest, sum := T(math.Inf(-1)), T(0)
		for i := range rows {
			largest = max(largest, x[i*cols+j])
		}
		if math.IsInf(float64(largest), -1) {
			largest = 0 // all terms are 0
		}
		for i := range rows {
			y := &x[i*cols+j]
			*y = T(exp64(float64((*y - largest) * scale)))
			sum += *y
		}
		if sum == 0 {
			continue
		}
		for i := range rows {
			x[i*cols+j] *= 1 / sum
		}
	}
}
