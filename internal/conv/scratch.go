package conv

import (
	"sync"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Memory comes from pools: in steady state nothing is allocated, and what is not used for
// a while goes back to the garbage collector.

// buffer is memory whose content nobody relies on.
type buffer[F simd.Float] struct{ data []F }

// of is n elements of unspecified content.
func (b *buffer[F]) of(n int) []F {
	if len(b.data) < n {
		b.data = make([]F, (n+1023)&^1023)
	}
	return b.data[:n]
}

// pool keeps values of a type for each type of elements.
type pool struct{ single, double sync.Pool }

func (p *pool) of(size uintptr) *sync.Pool {
	if size == 4 {
		return &p.single
	}
	return &p.double
}

var buffers, workers, products, gradients, tilings, tiledGradients, spreadings, depthwises, wides, memories, turnings, stridedTilings, stridedGradients pool

// get is a value from the pool, or a new one.
func get[F simd.Float, V any](p *pool) *V {
	if v, ok := p.of(sizeOf[F]()).Get().(*V); ok {
		return v
	}
	return new(V)
}

// put gives v back.
func put[F simd.Float, V any](p *pool, v *V) { p.of(sizeOf[F]()).Put(v) }

// sizeOf is the size of an element in bytes.
func sizeOf[F simd.Float]() uintptr {
	var zero F
	return unsafe.Sizeof(zero)
}

// worker is the memory of a task.
type worker[F simd.Float] struct {
	images, apart, panels, strips, result buffer[F]

	planes buffer[F] // of a result or its gradient that is not kept
	have   [2]int    // the first of them and their number

	windows simd.Windows[F]
	rows    simd.Windows[F]
}

// newWorker is the memory of a task. The caller puts it back.
func newWorker[F simd.Float]() *worker[F] {
	w := get[F, worker[F]](&workers)
	w.have = [2]int{}
	return w
}
