package tensor

import (
	"math/bits"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Pool hands out arrays' memory and takes it back, by size class. It is not safe
// for concurrent use: a pool belongs to one tape. The zero value is ready to use.
//
// Classes are a quarter of a power of two apart, so at most a fifth of a buffer
// is unused. Memory from Get is not cleared.
type Pool struct {
	f32   [numClasses][][]float32
	f64   [numClasses][][]float64
	inUse int // bytes handed out and not yet returned
	peak  int // greatest inUse since the last ResetPeak
	held  int // bytes held, in use or free
}

const (
	numClasses = 4 * 46
	minSize    = 16 // elements
)

// classOf is the smallest size class that holds n elements, and its size.
func classOf(n int) (class, size int) {
	if n <= minSize {
		return 0, minSize
	}
	// n lies in (2^e, 2^(e+1)]; the classes there are 2^e + q·2^(e-2), q = 1…4.
	e := bits.Len(uint(n-1)) - 1
	quarter := 1 << (e - 2)
	q := (n - 1<<e + quarter - 1) / quarter
	return 4*(e-4) + q, 1<<e + q*quarter
}

// Get32 returns n elements of unspecified content.
func (p *Pool) Get32(n int) []float32 { return take(p, &p.f32, n) }

// Get64 returns n elements of unspecified content.
func (p *Pool) Get64(n int) []float64 { return take(p, &p.f64, n) }

func take[T simd.Float](p *Pool, free *[numClasses][][]T, n int) []T {
	class, size := classOf(n)
	bytes := size * int(unsafe.Sizeof(T(0)))
	p.inUse += bytes
	p.peak = max(p.peak, p.inUse)
	last := len(free[class]) - 1
	if last < 0 {
		p.held += bytes
		return make([]T, size)[:n]
	}
	buf := free[class][last]
	free[class] = free[class][:last]
	return buf[:n]
}

// Put32 takes back a slice that Get32 returned. The caller must not use it again.
func (p *Pool) Put32(buf []float32) { giveTo(p, &p.f32, buf) }

// Put64 takes back a slice that Get64 returned. The caller must not use it again.
func (p *Pool) Put64(buf []float64) { giveTo(p, &p.f64, buf) }

func giveTo[T simd.Float](p *Pool, free *[numClasses][][]T, buf []T) {
	class, size := classOf(cap(buf))
	p.inUse -= size * int(unsafe.Sizeof(T(0)))
	free[class] = append(free[class], buf)
}

// Usage reports the bytes handed out now, the most there were since the last
// ResetPeak, and all bytes the pool holds on to.
func (p *Pool) Usage() (inUse, peak, held int) { return p.inUse, p.peak, p.held }

// ResetPeak starts a new measurement of the peak.
func (p *Pool) ResetPeak() { p.peak = p.inUse }
