package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

var (
	addKernel    = Kernel2{F32: simd.Add[float32], F64: simd.Add[float64]}
	mulKernel    = Kernel2{F32: simd.Mul[float32], F64: simd.Mul[float64]}
	copyKernel   = Kernel1{F32: func(dst, x []float32) { copy(dst, x) }, F64: func(dst, x []float64) { copy(dst, x) }}
	squareKernel = Kernel1{F32: simd.Square[float32], F64: simd.Square[float64]}
)

// Copy copies the elements of x, of dst's size.
func Copy(dst, x *Array) { Map1(&copyKernel, dst, x) }

// Fill sets every element to v.
func Fill(dst *Array, v float64) {
	if dst.DType == Float32 {
		simd.Fill(dst.F32, float32(v))
	} else {
		simd.Fill(dst.F64, v)
	}
}

// Scale sets dst = s·x. dst may be x.
func Scale(dst, x *Array, s float64) {
	if dst.DType == Float32 {
		simd.Scale(dst.F32, x.F32, float32(s))
	} else {
		simd.Scale(dst.F64, x.F64, s)
	}
}

// Accumulate adds x, of dst's shape, to dst.
func Accumulate(dst, x *Array) { Map2(&addKernel, dst, dst, x) }

// AddScaled adds s·x, of dst's shape, to dst.
func AddScaled(dst, x *Array, s float64) {
	if dst.DType == Float32 {
		simd.AddScaled(dst.F32, x.F32, float32(s))
	} else {
		simd.AddScaled(dst.F64, x.F64, s)
	}
}

// Norm2 is the Euclidean norm of all elements, accumulated in float64.
func Norm2(x *Array) float64 {
	sum := 0.0
	if x.DType == Float64 {
		return math.Sqrt(simd.SumSquares(x.F64))
	}
	for _, v := range x.F32 {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
