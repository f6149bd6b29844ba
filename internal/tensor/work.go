package tensor

import (
	"sync"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/parallel"
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

// jobs does jobs of one kind on the worker pool, and allocates nothing for that: a job is
// copied to memory that is kept for the next one. Where small work is frequent its job is
// not run but done, on the stack.
type jobs[J any, P job[J]] struct{ kept sync.Pool }

// job is work on a range, that a *J does.
type job[J any] interface {
	*J
	parallel.RangeJob
}

// run does units 0 ≤ i < n of a job, in pieces of grain. It is not inlined: what surrounds
// it is a path for small work, whose frame is to stay small.
//
//go:noinline
func (s *jobs[J, P]) run(j J, n, grain int) {
	kept, ok := s.kept.Get().(P)
	if !ok {
		kept = new(J)
	}
	*kept = j
	parallel.For(n, grain, kept)
	var none J
	*kept = none // so that it holds on to no array
	s.kept.Put(kept)
}

// nests is memory for the nests of loops that a job goes by.
type nests [4][]loop

var nestsPool sync.Pool

// borrowNests returns memory of unspecified content.
func borrowNests() *nests {
	if n, ok := nestsPool.Get().(*nests); ok {
		return n
	}
	n := new(nests)
	for i := range n {
		n[i] = make([]loop, 0, maxRank)
	}
	return n
}

// giveBackNests ends the use of memory for nests.
func giveBackNests(n *nests) { nestsPool.Put(n) }

// scratch is memory for intermediate results.
type scratch[T simd.Float] struct{ buf []T }

var scratches pools

// pools keep memory by element type.
type pools struct{ f32, f64 sync.Pool }

func poolOf[T simd.Float](p *pools) *sync.Pool {
	if elementSize[T]() == 4 {
		return &p.f32
	}
	return &p.f64
}

// elementSize is the size of an element in bytes.
func elementSize[T simd.Float]() int {
	var zero T
	return int(unsafe.Sizeof(zero))
}

// borrow returns scratch memory of n elements of unspecified content.
func borrow[T simd.Float](n int) *scratch[T] {
	s, ok := poolOf[T](&scratches).Get().(*scratch[T])
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
func giveBack[T simd.Float](s *scratch[T]) { poolOf[T](&scratches).Put(s) }

// rowGrain is the number of elements in a piece of work on rows.
const rowGrain = 1 << 12
