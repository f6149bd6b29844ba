package simd

import (
	"fmt"
	"math"
)

// This file holds the functions of one row of logits. They subtract the largest
// element first, so that nothing overflows. len(dst) must be len(x); dst may be
// x.

// Softmax sets dst[i] = e^x[i] / Σⱼ e^x[j] for one row. A row that holds NaN or
// +Inf, or nothing but −Inf, gives NaN, as in PyTorch.
func Softmax[T Float](dst, x []T) {
	checkUnary("Softmax", dst, x)
	softmax(dst, x)
}

// CrossEntropyRow returns the cross entropy −ln softmax(x)[label] of one row of
// logits and sets dst to softmax(x), from which the gradient with respect to x
// is dst minus one at label. It panics if label is not in [0, len(x)).
func CrossEntropyRow[T Float](dst []T, x []T, label int) T {
	checkUnary("CrossEntropyRow", dst, x)
	if label < 0 || label >= len(x) {
		panic(fmt.Sprintf("simd: CrossEntropyRow: label %d is not in [0, %d)", label, len(x)))
	}
	logit := x[label]
	largest, sum := softmax(dst, x)
	return T(math.Log(float64(sum))) + (largest - logit)
}

// softmax sets dst to softmax(x) and returns the largest element (which may be
// wrong if there is a NaN: then the sum is NaN) and Σ e^(x−largest).
func softmax[T Float](dst, x []T) (largest, sum T) {
	if len(x) <= sumBlock {
		return softmaxKernel(dst, x)
	}
	largest = MaxOf(x)
	sum = expShiftSumKernel(dst, x, largest)
	Scale(dst, dst, 1/sum)
	return largest, sum
}

func softmaxGeneric[T Float](dst, x []T) (largest, sum T) {
	largest = maxOfGeneric(x)
	sum = expShiftSumGeneric(dst, x, largest)
	scaleGeneric(dst, dst, 1/sum)
	return largest, sum
}

// expShiftSumGeneric sets dst[i] = e^(x[i]−shift), shift not below any x[i], and
// returns the sum of dst.
func expShiftSumGeneric[T Float](dst, x []T, shift T) T {
	apply(dst, x, func(x T) T { return T(exp64(float64(x - shift))) })
	return sumGeneric(dst)
}

// LogSoftmax sets dst[i] = x[i] − ln Σⱼ e^x[j] for one row. Rows that give NaN in
// Softmax give NaN here.
func LogSoftmax[T Float](dst, x []T) {
	checkUnary("LogSoftmax", dst, x)
	largest, sum := maxSumExp(x)
	// Two subtractions, not one of their sum: the first is exact near the
	// maximum.
	shiftTwiceKernel(dst, x, largest, T(math.Log(float64(sum))))
}

// shiftTwiceGeneric sets dst[i] = (x[i] − a) − b.
func shiftTwiceGeneric[T Float](dst, x []T, a, b T) {
	apply(dst, x, func(x T) T { return (x - a) - b })
}

// LogSumExp returns ln Σᵢ e^x[i]: −Inf for a row of nothing but −Inf (or an
// empty one), +Inf if any element is +Inf, NaN if any is NaN.
func LogSumExp[T Float](x []T) T {
	largest, sum := maxSumExp(x)
	if math.IsInf(float64(largest), 0) {
		return MaxOf(x) // the sum is NaN here; only a NaN in x may come through
	}
	return largest + T(math.Log(float64(sum)))
}

// maxSumExp returns the largest element (which may be wrong if there is a NaN:
// then the sum is NaN) and Σ e^(x−largest).
func maxSumExp[T Float](x []T) (largest, sum T) {
	if len(x) <= sumBlock {
		return maxSumExpKernel(x)
	}
	largest = MaxOf(x)
	return largest, SumExp(x, largest)
}

func maxSumExpGeneric[T Float](x []T) (largest, sum T) {
	largest = maxOfGeneric(x)
	return largest, sumExpGeneric(x, largest)
}

// SoftmaxBackward sets dst[i] = y[i]·(g[i] − Σⱼ g[j]y[j]), y one row of Softmax
// output. dst may be g or y.
func SoftmaxBackward[T Float](dst, g, y []T) {
	checkPair("SoftmaxBackward", dst, g, y)
	softmaxGradientKernel(dst, g, y, Dot(g, y))
}

func softmaxGradientGeneric[T Float](dst, g, y []T, s T) {
	zip(dst, g, y, func(g, y T) T { return (g - s) * y })
}

// LogSoftmaxBackward sets dst[i] = g[i] − e^y[i]·Σⱼ g[j], y one row of
// LogSoftmax output. dst may be g or y.
func LogSoftmaxBackward[T Float](dst, g, y []T) {
	checkPair("LogSoftmaxBackward", dst, g, y)
	logSoftmaxGradientKernel(dst, g, y, Sum(g))
}

func logSoftmaxGradientGeneric[T Float](dst, g, y []T, s T) {
	zip(dst, g, y, func(g, y T) T { return g - T(exp64(float64(y)))*s })
}

// ExpSum sets dst[i] = e^(x[i]−shift), for a shift not below any x[i], and returns the
// sum of dst: SumExp that keeps the terms.
func ExpSum[T Float](dst, x []T, shift T) T {
	checkUnary("ExpSum", dst, x)
	return expShiftSumKernel(dst, x, shift)
}

// SoftmaxGradient sets dst[i] = y[i]·(g[i] − s), what SoftmaxBackward does where
// s = Σⱼ g[j]y[j] is known. dst may be g or y.
func SoftmaxGradient[T Float](dst, g, y []T, s T) {
	checkPair("SoftmaxGradient", dst, g, y)
	softmaxGradientKernel(dst, g, y, s)
}

// SoftmaxRows replaces each of rows rows of x, which follow each other, by its softmax, or by
// zeros if it is nothing but −Inf. A row that holds NaN or +Inf gives NaN.
func SoftmaxRows[T Float](x []T, rows int) {
	if checkRows("SoftmaxRows", rows, len(x), 4*len(x), len(x), len(x), len(x)) {
		softmaxRowsKernel(x, rows)
	}
}

func softmaxRowsGeneric[T Float](x []T, rows int) {
	n := len(x) / rows
	for ; len(x) > 0; x = x[n:] {
		row := x[:n]
		if largest := maxOfGeneric(row); math.IsInf(float64(largest), -1) {
			clear(row)
		} else {
			scaleGeneric(row, row, 1/expShiftSumGeneric(row, row, largest))
		}
	}
}

// SoftmaxRowsBackward sets g[i] = y[i]·(g[i] − Σⱼ g[j]y[j]) in each of rows rows, y being what
// SoftmaxRows gave.
func SoftmaxRowsBackward[T Float](g, y []T, rows int) {
	if checkRows("SoftmaxRowsBackward", rows, len(g), 4*len(g), len(y), len(y), len(y)) {
		softmaxRowsGradientKernel(g, y, rows)
	}
}

func softmaxRowsGradientGeneric[T Float](g, y []T, rows int) {
	n := len(g) / rows
	for i := 0; i < len(g); i += n {
		g, y := g[i:i+n], y[i:i+n]
		softmaxGradientGeneric(g, g, y, dotGeneric(g, y))
	}
}
