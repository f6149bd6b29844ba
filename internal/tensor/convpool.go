package tensor

import (
	"github.com/chainrule-go/chainrule/internal/conv"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// ConvPool is a convolution of which only the greatest element of each window remains: its
// result is pooled while it is in a cache, an image at a time, and so is the gradient of it made
// whenever it is needed. Values and gradients are those of [Conv], [MaxPool] and their
// gradients, to the bit.
type ConvPool struct {
	ConvShape
	Pooling // of the result, whose Count elements are the Size of its axes
}

// Pays reports whether there is enough to compute for all processors that way.
func (c *ConvPool) Pays() bool { return c.ByPlanes() }

// Once reports whether the gradient of the result is better made once, as a whole, than
// whenever planes of it are needed: where windows have no kernel that is faster than memory,
// or there is so little that it stays in the cache.
func (c *ConvPool) Once() bool {
	const little = 1 << 18 // elements
	return !c.pairs() || c.Batch*c.Out*c.plane() <= little
}

// ConvMaxPool sets y to what is pooled of the convolution of x with w, and index as [MaxPool]
// does; see [Conv].
func ConvMaxPool(y, x, w, bias, index *Array, c *ConvPool, relu bool) {
	job := poolJob{kind: maxPool, p: c.Pooling, pooled: *y}
	if index != nil {
		job.index = *index
	}
	if y.DType == Float32 {
		planes := planesOf[float32](job)
		conv.ForwardTo(c.ConvShape, planes, x.F32, w.F32, elements32(bias), relu)
		planes.done()
	} else {
		planes := planesOf[float64](job)
		conv.ForwardTo(c.ConvShape, planes, x.F64, w.F64, elements64(bias), relu)
		planes.done()
	}
}

// ConvMaxPoolGradients sets what is not nil of dx, dw and db to the gradients of the images x,
// the weights w and the bias of a ConvMaxPool without relu, given that of its result, grad. What is
// true of accumulate is added instead, in this order.
func ConvMaxPoolGradients(dx, dw, db, x, w, grad, index *Array, c *ConvPool, accumulate [3]bool) {
	job := poolJob{kind: maxPoolBackward, p: c.Pooling, pooled: *grad, index: *index}
	if grad.DType == Float32 {
		convPoolGradients[float32](dx, dw, db, x, w, c, job, accumulate)
	} else {
		convPoolGradients[float64](dx, dw, db, x, w, c, job, accumulate)
	}
}

func convPoolGradients[T simd.Float](dx, dw, db, x, w *Array, c *ConvPool, job poolJob, accumulate [3]bool) {
	planes := planesOf[T](job)
	if dx != nil {
		conv.InputGradientOf(c.ConvShape, elementsOf[T](dx), planes, elementsOf[T](w), accumulate[0])
	}
	if dw != nil {
		conv.WeightGradientOf(c.ConvShape, elementsOf[T](dw), elementsOf[T](x), planes, accumulate[1])
	}
	if db != nil && c.Out > 0 {
		work := c.Batch * job.p.plane()
		planeSums.run(planeSum{dst: *db, grad: job, batch: c.Batch, channels: c.Out, accumulate: accumulate[2]}, c.Out, max(1, cheapGrain/max(1, work)))
	}
	planes.done()
}

// convPlanes is the result of a convolution that is pooled, or its gradient.
type convPlanes[T simd.Float] struct{ pool poolJob }

// Take pools planes.
func (p *convPlanes[T]) Take(first int, planes []T) {
	poolPlanes(&p.pool, planes, first, first+len(planes)/p.pool.p.plane())
}

// Give spreads what is pooled.
func (p *convPlanes[T]) Give(first int, planes []T) { p.Take(first, planes) }

var convPlanesPools pools

// planesOf is the planes that a job pools. The caller is done with them at last.
func planesOf[T simd.Float](job poolJob) *convPlanes[T] {
	p, ok := poolOf[T](&convPlanesPools).Get().(*convPlanes[T])
	if !ok {
		p = new(convPlanes[T])
	}
	p.pool = job
	return p
}

func (p *convPlanes[T]) done() {
	p.pool = poolJob{} // so that it holds on to no array
	poolOf[T](&convPlanesPools).Put(p)
}

// planeSum adds up the planes of channels, as [SumChannels].
type planeSum struct {
	dst             Array
	grad            poolJob
	batch, channels int
	accumulate      bool
}

var planeSums jobs[planeSum, *planeSum]

// DoRange adds up channels lo ≤ c < hi.
func (j *planeSum) DoRange(lo, hi int) {
	if j.dst.DType == Float32 {
		sumPlanes[float32](j, lo, hi)
	} else {
		sumPlanes[float64](j, lo, hi)
	}
}

func sumPlanes[T simd.Float](j *planeSum, lo, hi int) {
	var sums [32]float64 // of channels whose planes are made together
	size := j.grad.p.plane()
	together := min(len(sums), max(1, cheapGrain/max(1, size)))
	dst, planes := elementsOf[T](&j.dst), borrow[T](together*size)
	for ; lo < hi; lo += together {
		channels := min(together, hi-lo)
		clear(sums[:])
		for c := range channels {
			if j.accumulate {
				sums[c] = float64(dst[lo+c])
			}
		}
		for n := range j.batch {
			at := n*j.channels + lo
			poolPlanes(&j.grad, planes.buf[:channels*size], at, at+channels)
			for c := range channels {
				sums[c] += float64(simd.Sum(planes.buf[c*size : (c+1)*size]))
			}
		}
		for c := range channels {
			dst[lo+c] = T(sums[c])
		}
	}
	giveBack(planes)
}
