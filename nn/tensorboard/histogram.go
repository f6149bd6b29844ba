package tensorboard

import (
	"iter"
	"math"
	"sort"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/tensorboard/internal/eventpb"
)

const (
	leastLimit    = 1e-12 // of buckets above 0
	greatestLimit = 1e20
	limitRatio    = 1.1
)

// bucketLimits are those of TensorFlow, ascending: a bucket reaches from the limit before
// (exclusive) to its own (inclusive), and the last one takes in all that is greater.
var bucketLimits = makeBucketLimits()

func makeBucketLimits() []float64 {
	var above []float64
	for limit := leastLimit; limit < greatestLimit; limit *= limitRatio {
		above = append(above, limit)
	}
	above = append(above, math.MaxFloat64)
	limits := make([]float64, 0, 2*len(above)+1)
	for i := len(above) - 1; i >= 0; i-- {
		limits = append(limits, -above[i])
	}
	limits = append(limits, 0)
	return append(limits, above...)
}

// bucketOf is the number of the bucket with x.
func bucketOf(x float64) int {
	return min(sort.SearchFloat64s(bucketLimits, x), len(bucketLimits)-1)
}

// histogramOf counts the elements of x.
func histogramOf(x autograd.Variable) *eventpb.HistogramProto {
	counts := make([]float64, len(bucketLimits))
	h := &eventpb.HistogramProto{Min: math.Inf(1), Max: math.Inf(-1)}
	for value := range finite(x) {
		h.Min, h.Max = min(h.Min, value), max(h.Max, value)
		h.Num++
		h.Sum += value
		h.SumSquares += value * value
		counts[bucketOf(value)]++
	}
	if h.Num == 0 {
		h.Min, h.Max = 0, 0
	}
	for i := 0; i < len(counts); i++ { // empty buckets side by side become one
		for counts[i] == 0 && i+1 < len(counts) && counts[i+1] == 0 {
			i++
		}
		h.BucketLimit, h.Bucket = append(h.BucketLimit, bucketLimits[i]), append(h.Bucket, counts[i])
	}
	return h
}

// finite yields the elements that are finite numbers.
func finite(x autograd.Variable) iter.Seq[float64] {
	return func(yield func(float64) bool) {
		if x.DType() == autograd.Float64 {
			for _, value := range x.Float64s() {
				if value-value == 0 && !yield(value) {
					return
				}
			}
			return
		}
		for _, value := range x.Float32s() {
			if value-value == 0 && !yield(float64(value)) {
				return
			}
		}
	}
}
