package gemm

import (
	"sync"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Memory for packed operands and partial sums, and the products that workers
// share, come from pools: in steady state nothing is allocated, and what is not
// used for a while goes back to the garbage collector.

// buffer is memory whose content nobody relies on.
type buffer[F simd.Float] struct{ data []F }

var (
	buffers32  = sync.Pool{New: func() any { return new(buffer[float32]) }}
	buffers64  = sync.Pool{New: func() any { return new(buffer[float64]) }}
	products32 = sync.Pool{New: func() any { return new(product[float32]) }}
	products64 = sync.Pool{New: func() any { return new(product[float64]) }}
	batches32  = sync.Pool{New: func() any { return new(batch[float32]) }}
	batches64  = sync.Pool{New: func() any { return new(batch[float64]) }}
)

// pick returns the value for the element type F.
func pick[F simd.Float, V any](single, double V) V {
	if sizeOf[F]() == 4 {
		return single
	}
	return double
}

// sizeOf is the size of an element in bytes.
func sizeOf[F simd.Float]() int {
	var zero F
	return int(unsafe.Sizeof(zero))
}

// getBuffer returns a buffer of at least n elements.
func getBuffer[F simd.Float](n int) *buffer[F] {
	b := pick[F](&buffers32, &buffers64).Get().(*buffer[F])
	if len(b.data) < n {
		b.data = make([]F, (n+1023)&^1023)
	}
	return b
}

func putBuffer[F simd.Float](b *buffer[F]) { pick[F](&buffers32, &buffers64).Put(b) }

func getProduct[F simd.Float]() *product[F] {
	return pick[F](&products32, &products64).Get().(*product[F])
}

// putProduct gives p back, without what it refers to.
func putProduct[F simd.Float](p *product[F]) {
	*p = product[F]{}
	pick[F](&products32, &products64).Put(p)
}

func getBatch[F simd.Float]() *batch[F] {
	return pick[F](&batches32, &batches64).Get().(*batch[F])
}

// putBatch gives t back, without what it refers to.
func putBatch[F simd.Float](t *batch[F]) {
	*t = batch[F]{}
	pick[F](&batches32, &batches64).Put(t)
}
