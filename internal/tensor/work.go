package tensor

import (
	"sync"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// How work is cut. Pieces are a few microseconds long: long enough to pay for handing
// them out, short enough that two of them are worth it.

// cheapGrain is the number of elements in a piece of work that costs little more than
// reading and writing them.
const cheapGrain = 1 << 14

// grainOf is the number of elements in a piece of work that costs the given number of
// nanoseconds for eight elements. 0 is cheap.
func grainOf(cost int) int {
	if cost <= 2 {
		return cheapGrain
	}
	return max(256, 2*cheapGrain/cost&^63)
}

// recycler keeps jobs for the worker pool, so that none is allocated per call. Small
// work never needs one: it is done on a job on the stack.
type recycler[J any] struct{ free sync.Pool }

func (r *recycler[J]) get() *J {
	if j, ok := r.free.Get().(*J); ok {
		return j
	}
	return new(J)
}

func (r *recycler[J]) put(j *J) { r.free.Put(j) }

// scratch is memory for intermediate results.
type scratch[T simd.Float] struct{ buf []T }

var scratch32, scratch64 sync.Pool

func scratchPool[T simd.Float]() *sync.Pool {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return &scratch32
	}
	return &scratch64
}

// borrow returns scratch memory of n elements of unspecified content.
func borrow[T simd.Float](n int) *scratch[T] {
	s, ok := scratchPool[T]().Get().(*scratch[T])
	if !ok {
		s = new(scratch[T])
	}
	if cap(s.buf) < n {
		_, size := classOf(n)
		s.buf = make([]T, size)
	}
	s.buf = s.buf[:n]
	return s
}

// giveBack ends the use of scratch memory.
func giveBack[T simd.Float](s *scratch[T]) { scratchPool[T]().Put(s) }

// rowGrain is the number of elements in a piece of work on rows.
const rowGrain = 1 << 12
