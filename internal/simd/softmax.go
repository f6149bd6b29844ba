package simd

import (
	"fmt"
	"math"
)

// This file holds the functions of one row of logits. They subtract the largest
// element first, so that nothing overflows.

// Softmax sets dst[i] = e^x[i] / Σⱼ e^x[j] for one row. dst may be x. A row
// that holds NaN or +Inf, or nothing but −Inf, gives NaN, as in PyTorch.
func Softmax[T Float](dst, x []T) {
	checkUnary("Softmax", dst, x)
	m := MaxOf(x)
	s := expShiftSum(dst, x, m)
	Scale(dst, dst, 1/s)
}

// expShiftSum sets dst[i] = e^(x[i]−shift) and returns the sum of dst.
func expShiftSum[T Float](dst, x []T, shift T) T {
	if len(x) > sumBlock {
		h := splitSum(len(x))
		return expShiftSum(dst[:h], x[:h], shift) + expShiftSum(dst[h:], x[h:], shift)
	}
	return expShiftSumGeneric(dst, x, shift)
}

func expShiftSumGeneric[T Float](dst, x []T, shift T) T {
	apply(dst, x, func(x T) T { return T(math.Exp(float64(x - shift))) })
	return sumGeneric(dst)
}

// LogSoftmax sets dst[i] = x[i] − ln Σⱼ e^x[j] for one row. dst may be x.
func LogSoftmax[T Float](dst, x []T) {
	checkUnary("LogSoftmax", dst, x)
	m := MaxOf(x)
	s := T(math.Log(float64(SumExp(x, m))))
	// Two subtractions, not one of m+s: x−m is exact near the maximum.
	apply(dst, x, func(x T) T { return (x - m) - s })
}

// LogSumExp returns ln Σᵢ e^x[i]: −Inf for a row of nothing but −Inf (or an
// empty one), +Inf if any element is +Inf, NaN if any is NaN.
func LogSumExp[T Float](x []T) T {
	m := MaxOf(x)
	if math.IsInf(float64(m), 0) {
		return m
	}
	return m + T(math.Log(float64(SumExp(x, m))))
}

// CrossEntropyRow returns the cross entropy −ln softmax(x)[label] of one row of
// logits and sets dst to softmax(x), from which the gradient with respect to x
// is dst minus one at label. dst may be x. It panics if label is not in
// [0, len(x)).
func CrossEntropyRow[T Float](dst []T, x []T, label int) T {
	checkUnary("CrossEntropyRow", dst, x)
	if label < 0 || label >= len(x) {
		panic(fmt.Sprintf("simd: CrossEntropyRow: label %d is not in [0, %d)", label, len(x)))
	}
	m := MaxOf(x)
	below := m - x[label]
	s := expShiftSum(dst, x, m)
	Scale(dst, dst, 1/s)
	return T(math.Log(float64(s))) + below
}
