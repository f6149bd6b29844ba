package tensor

import (
	"math"
	"sync"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/splitmix"
)

// Attention, block by block of the scores (Dao et al., "FlashAttention", 2022): the matrix
// of all queries and keys is never in memory. A block is multiplied, exponentiated and
// multiplied with the values while it is in a cache; the greatest score and the sum of each
// row are carried along from block to block, and what was computed with a smaller greatest
// score is scaled down. The way back computes the blocks again.

// Attention is softmax(scale·Q·Kᵀ + bias)·V for each head of each example of a batch.
type Attention struct {
	Batch, Heads  int
	Queries, Keys int
	Features, Out int // of queries and keys, and of values and the result
	Q, K, V       Matrices
	Scale         float64
	Keep          Scores // 0 where no attention is wanted
	Bias          Scores
	Causal        bool // query i sees keys 0 … Past+i
	Past          int
	Drop          float64 // the probability with which a weight counts as 0, the others as 1/(1−Drop)
	Seed          uint64  // of what is dropped

	// Saved is what Backward needs, set by Forward unless it is nil: the weights [batch,
	// heads, queries, keys] where there is one block of keys only. Else they are computed
	// again, from the logarithms of the sums of rows, [batch, heads, queries], +Inf for a query
	// that sees nothing.
	Saved *Array
}

// SavedSize is the number of elements of Saved.
func (a *Attention) SavedSize() int {
	n := a.Batch * a.Heads * a.Queries
	if a.oneBlock() {
		n *= a.Keys
	}
	return n
}

// oneBlock reports whether a row of weights is in one block, which then is saved, and in which
// weights are normalized before they are multiplied with values.
func (a *Attention) oneBlock() bool { return a.Keys <= keyBlock }

// Matrices are those of each head of each example. The elements of a row follow each
// other; rows, heads and examples are so many elements apart.
type Matrices struct {
	*Array
	Start             int
	Batch, Heads, Row int
}

// Scores are numbers for queries and keys, so many elements apart: 0 where they are the
// same for all. Keys are 1 or 0 apart. Without Array there are none.
type Scores struct {
	*Array
	Batch, Heads, Query, Key int
}

// AttentionGradients says where gradients go; those that are nil are left out. They are of
// the layout of Q, K and V. Those of Add are added to what is there.
type AttentionGradients struct {
	Q, K, V          *Array
	AddQ, AddK, AddV bool
}

// Forward computes the result into y.
func (a *Attention) Forward(y Matrices) {
	if y.DType == Float32 {
		attentionForward(a, y, elements32)
	} else {
		attentionForward(a, y, elements64)
	}
}

// Backward computes gradients from g, that of the result y, of its layout.
func (a *Attention) Backward(y Matrices, g *Array, to AttentionGradients) {
	if y.DType == Float32 {
		attentionBackward(a, y, g, to, elements32)
	} else {
		attentionBackward(a, y, g, to, elements64)
	}
}

const (
	queryBlock     = 64
	keyBlock       = 128
	attentionTasks = 16      // that are enough
	attentionWork  = 1 << 16 // multiplications that are worth a task
)

// attention is an Attention under way, a job.
type attention[T simd.Float] struct {
	Attention
	result                 Matrices
	q, k, v, y, keep, bias []T
	stats, weights         []T // what is saved, one of them
	g, dq, dk, dv          []T
	addQ, addK, addV       bool
	backwards              bool
	forQ, forKV            bool // backwards: which gradients this pass is for
	parts                  int  // of the queries, or of the keys in a pass for their gradients
}

var attentions32, attentions64 sync.Pool

func attentionPool[T simd.Float]() *sync.Pool {
	if elementSize[T]() == 4 {
		return &attentions32
	}
	return &attentions64
}

// attentionOf is an attention in memory that is used again.
func attentionOf[T simd.Float](a *Attention, y Matrices, elements func(*Array) []T) *attention[T] {
	j, ok := attentionPool[T]().Get().(*attention[T])
	if !ok {
		j = new(attention[T])
	}
	from := func(m Matrices) []T { return elements(m.Array)[min(m.Start, m.Len()):] }
	*j = attention[T]{Attention: *a, q: from(a.Q), k: from(a.K), v: from(a.V), y: from(y)}
	j.keep, j.bias = elements(a.Keep.Array), elements(a.Bias.Array)
	if a.oneBlock() {
		j.weights = elements(a.Saved)
	} else {
		j.stats = elements(a.Saved)
	}
	return j
}

func (a *attention[T]) release() {
	*a = attention[T]{}
	attentionPool[T]().Put(a)
}

func attentionForward[T simd.Float](s *Attention, y Matrices, elements func(*Array) []T) {
	a := attentionOf(s, y, elements)
	defer a.release()
	a.result = y
	a.run(blocksOf(a.Queries, queryBlock))
}

func attentionBackward[T simd.Float](s *Attention, y Matrices, g *Array, to AttentionGradients, elements func(*Array) []T) {
	a := attentionOf(s, y, elements)
	defer a.release()
	a.result, a.backwards = y, true
	a.g = elements(g)[min(y.Start, g.Len()):]
	from := func(array *Array, like Matrices) []T {
		if array == nil {
			return nil
		}
		return elements(array)[min(like.Start, array.Len()):]
	}
	a.dq, a.dk, a.dv = from(to.Q, s.Q), from(to.K, s.K), from(to.V, s.V)
	a.addQ, a.addK, a.addV = to.AddQ, to.AddK, to.AddV
	a.forQ, a.forKV = a.dq != nil, a.dk != nil || a.dv != nil
	if a.Batch*a.Heads >= attentionTasks/2 || !a.forQ || !a.forKV {
		a.run(a.backwardParts())
		return
	}
	// Few heads: tasks are parts of the queries, and then of the keys, for the gradients of
	// each, although scores are computed twice.
	a.forKV = false
	a.run(a.backwardParts())
	a.forQ, a.forKV = false, true
	a.run(a.backwardParts())
}

// backwardParts is the most parts that a pass can be divided into.
func (a *attention[T]) backwardParts() int {
	switch {
	case a.forQ && a.forKV:
		return 1
	case a.forQ:
		return blocksOf(a.Queries, queryBlock)
	}
	return blocksOf(a.Keys, keyBlock)
}

func blocksOf(n, size int) int { return max(1, (n+size-1)/size) }

// run does the tasks: a head of an example, or one of at most so many parts of it.
func (a *attention[T]) run(parts int) {
	heads := a.Batch * a.Heads
	if heads == 0 {
		return
	}
	a.parts = min(parts, (attentionTasks+heads-1)/heads)
	work := max(1, a.Queries*a.Keys*(a.Features+a.Out)/a.parts)
	if units := heads * a.parts; units*work < 2*attentionWork {
		a.DoRange(0, units)
	} else {
		parallel.For(units, max(1, attentionWork/work), a)
	}
}

// DoRange does tasks lo ≤ i < hi.
func (a *attention[T]) DoRange(lo, hi int) {
	size := min(queryBlock, a.Queries) * min(keyBlock, a.Keys)
	keys := simd.PackedBLen[T](min(keyBlock, a.Keys), a.Features)
	values := simd.PackedBLen[T](min(keyBlock, a.Keys), a.Out)
	rows := simd.PackedBLen[T](max(a.Features, a.Out), max(keyBlock, queryBlock))
	memory := borrow[T](3*size + keys + values + rows + 2*a.Queries + keyBlock)
	defer giveBack(memory)
	var t attentionTask[T]
	t.attention = a
	rest := memory.buf
	for _, part := range []struct {
		to *[]T
		n  int
	}{
		{&t.scores, size}, {&t.dscores, size}, {&t.dropped, size}, {&t.keysT, keys}, {&t.valuesT, values},
		{&t.rows, rows}, {&t.largest, a.Queries}, {&t.sums, a.Queries}, {&t.drops, keyBlock},
	} {
		*part.to, rest = rest[:part.n:part.n], rest[part.n:]
	}
	for i := lo; i < hi; i++ {
		head, part := i/a.parts, i%a.parts
		t.of(head)
		if !a.backwards {
			t.forward(a.part(part, a.Queries, queryBlock))
			continue
		}
		q0, q1, k0, k1 := 0, a.Queries, 0, a.Keys
		if a.forQ && !a.forKV {
			q0, q1 = a.part(part, a.Queries, queryBlock)
		} else if !a.forQ {
			k0, k1 = a.part(part, a.Keys, keyBlock)
		}
		t.backward(q0, q1, k0, k1)
	}
}

// part is a part of n queries or keys, a number of blocks.
func (a *attention[T]) part(i, n, block int) (lo, hi int) {
	blocks := blocksOf(n, block)
	return min(n, i*blocks/a.parts*block), min(n, (i+1)*blocks/a.parts*block)
}

// dropFactors sets dst to what the weights of a row, of all rows the one of this number,
// are multiplied by from key k on: 0 with probability drop, else 1/(1−drop). Half the bits of a mixed number decide.
func dropFactors[T simd.Float](dst []T, seed uint64, row, k int, drop float64) {
	factors := [2]T{T(1 / (1 - drop)), 0}
	threshold := uint64(math.Round(drop * (1 << 32)))
	start := splitmix.Mix(seed ^ splitmix.Mix(uint64(row)))
	for i := range dst {
		key := uint64(k + i)
		bits := splitmix.Mix(start+key>>1) >> (32 * (key & 1)) & math.MaxUint32
		dropped := 0
		if bits < threshold {
			dropped = 1
		}
		dst[i] = factors[dropped]
	}
}

// DropFactors sets dst [batch, heads, queries, keys] to what Attention multiplies weights by.
func (a *Attention) DropFactors(dst *Array) {
	for row := range a.Batch * a.Heads * a.Queries {
		if dst.DType == Float32 {
			dropFactors(dst.F32[row*a.Keys:][:a.Keys], a.Seed, row, 0, a.Drop)
		} else {
			dropFactors(dst.F64[row*a.Keys:][:a.Keys], a.Seed, row, 0, a.Drop)
		}
	}
}
