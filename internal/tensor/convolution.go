package tensor

import (
	"github.com/chainrule-go/chainrule/internal/conv"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// ConvShape is the geometry of a convolution of images [batch, channels, …].
type ConvShape = conv.Shape

// Conv sets y to the convolution of x with w. bias, unless nil, has an element for each
// channel of y, which is added. With relu, what is below 0 then becomes 0.
func Conv(y, x, w, bias *Array, s ConvShape, relu bool) {
	if y.DType == Float32 {
		conv.Forward(s, y.F32, x.F32, w.F32, elements32(bias), relu)
	} else {
		conv.Forward(s, y.F64, x.F64, w.F64, elements64(bias), relu)
	}
}

// ConvInputGradient sets x to the gradient of a convolution's images, given that of its
// result, y; with accumulate it is added to x. bias, unless nil, has an element for each
// channel of x, which is added.
func ConvInputGradient(x, y, w, bias *Array, s ConvShape, accumulate bool) {
	if y.DType == Float32 {
		conv.InputGradient(s, x.F32, y.F32, w.F32, elements32(bias), accumulate)
	} else {
		conv.InputGradient(s, x.F64, y.F64, w.F64, elements64(bias), accumulate)
	}
}

// ConvWeightGradient sets w to the gradient of a convolution's weights, given that of its
// result, y; with accumulate it is added to w.
func ConvWeightGradient(w, x, y *Array, s ConvShape, accumulate bool) {
	if y.DType == Float32 {
		conv.WeightGradient(s, w.F32, x.F32, y.F32, accumulate)
	} else {
		conv.WeightGradient(s, w.F64, x.F64, y.F64, accumulate)
	}
}

// SumChannels sets dst [channels] to the sums over x [batch, channels, …] of all axes but
// that; with accumulate they are added to dst.
func SumChannels(dst, x *Array, accumulate bool) {
	channels := x.Shape[1]
	if channels == 0 {
		return
	}
	channelJobs.run(channelJob{*dst, *x, accumulate}, channels, max(1, cheapGrain*channels/max(1, x.Len())))
}

// channelJob adds up channels.
type channelJob struct {
	dst, x     Array
	accumulate bool
}

var channelJobs jobs[channelJob, *channelJob]

// DoRange adds up channels lo ≤ c < hi.
func (j *channelJob) DoRange(lo, hi int) {
	if j.x.DType == Float32 {
		sumChannels(j, j.dst.F32, j.x.F32, lo, hi)
	} else {
		sumChannels(j, j.dst.F64, j.x.F64, lo, hi)
	}
}

func sumChannels[T simd.Float](j *channelJob, dst, x []T, lo, hi int) {
	batch, channels := j.x.Shape[0], j.x.Shape[1]
	size := SizeOf(j.x.Shape[2:])
	for c := lo; c < hi; c++ {
		sum := 0.0
		if j.accumulate {
			sum = float64(dst[c])
		}
		for n := range batch {
			sum += float64(simd.Sum(x[(n*channels+c)*size:][:size]))
		}
		dst[c] = T(sum)
	}
}

func elements32(a *Array) []float32 {
	if a == nil {
		return nil
	}
	return a.F32
}

func elements64(a *Array) []float64 {
	if a == nil {
		return nil
	}
	return a.F64
}
