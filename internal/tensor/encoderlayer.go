package tensor

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// A layer of a transformer's encoder, forward only.
//
// Positions are columns here: weights [out, in] lie as the first operand of a product wants
// them, activations [features, positions] as the second does, so nothing is packed but the
// weights of attention, and normalization goes down columns. A task takes a block of
// positions, for which all intermediate results stay in its processor's second-level cache.
// It needs the others for their keys and values only: there is one place to wait, behind the
// projection of queries, keys and values, which it makes for them too where nobody else is at
// it; or none where a task takes whole sequences.

// EncoderLayer is self-attention and a feed-forward network, each added to what goes in, with
// a normalization behind each sum or in front of each part.
type EncoderLayer struct {
	Batch, Length, Features int // of the sequences
	Heads, Hidden           int
	EncoderWeights
	Eps       float64
	NormFirst bool
	Causal    bool // positions see those before them only
	GELU      bool // in place of ReLU
}

// EncoderWeights are the weights of an EncoderLayer: [out, in] each, biases [out]. Biases may be
// absent, with elements nil.
type EncoderWeights struct {
	In, InBias, Out, OutBias           Array // of queries, keys and values, one below the other, and of the result
	Linear1, Bias1, Linear2, Bias2     Array
	Norm1, Norm1Bias, Norm2, Norm2Bias Array
}

// What is worth it, found by measuring: with more positions the scores of a block of them fill
// the caches, as larger weights do.
const (
	maxEncoderLength = 512
	maxEncoderBytes  = 4 << 20 // of weights
)

// Worthwhile reports whether Forward is faster than the operations that it is made of. Vectors of
// positions should be full, and rather so where there are many sequences, whose positions are
// rows of one product otherwise.
func (l *EncoderLayer) Worthwhile() bool {
	const lanes = encoderBlock / 2
	if l.Length > maxEncoderLength || (4*l.Features+2*l.Hidden)*l.Features*l.In.DType.Size() > maxEncoderBytes {
		return false
	}
	columns := (l.Length + lanes - 1) / lanes * lanes
	if l.Batch == 1 {
		return 4*l.Length >= 3*columns
	}
	return l.Length >= 2*lanes && 10*l.Length >= 9*columns
}

// encoderBlock is how many positions a task takes, or half of them where there would be too
// few tasks: as many as fill vectors. Results are the same.
const encoderBlock = 32

// Forward computes the layer for x [batch, length, features] into y, which is not x.
func (l *EncoderLayer) Forward(y, x *Array) {
	if x.DType == Float32 {
		encode(&encoders32, l, y.F32, x.F32)
	} else {
		encode(&encoders64, l, y.F64, x.F64)
	}
}

// encoder is an EncoderLayer under way, a job.
type encoder[T simd.Float] struct {
	EncoderLayer
	x, y []T

	in, inBias, out, outBias, linear1, bias1, linear2, bias2 []T
	norms                                                    [2]struct{ weight, bias []T }

	block  int // positions
	blocks int // of a sequence
	stride int // of rows of queries, keys and values, which are of one sequence

	// Of all sequences, unless tasks take whole ones: then there are no projections.
	states, projected []T
	projections       []atomic.Int32 // of blocks
}

// What a projection of a block is, after 0: somebody is at it, or it is there.
const (
	underway = 1
	done     = 2
)

var encoders32, encoders64 sync.Pool

func encode[T simd.Float](pool *sync.Pool, l *EncoderLayer, y, x []T) {
	if len(x) == 0 {
		return
	}
	e, ok := pool.Get().(*encoder[T])
	if !ok {
		e = new(encoder[T])
	}
	*e = encoder[T]{EncoderLayer: *l, x: x, y: y, block: encoderBlock, projections: e.projections[:0]}
	for _, w := range [...]struct {
		to   *[]T
		from *Array
	}{
		{&e.in, &l.In}, {&e.inBias, &l.InBias}, {&e.out, &l.Out}, {&e.outBias, &l.OutBias},
		{&e.linear1, &l.Linear1}, {&e.bias1, &l.Bias1}, {&e.linear2, &l.Linear2}, {&e.bias2, &l.Bias2},
		{&e.norms[0].weight, &l.Norm1}, {&e.norms[0].bias, &l.Norm1Bias}, {&e.norms[1].weight, &l.Norm2}, {&e.norms[1].bias, &l.Norm2Bias},
	} {
		*w.to = elementsOf[T](w.from)
	}
	var borrowed [4]*scratch[T]
	for i := range e.norms {
		n := &e.norms[i]
		n.weight, borrowed[2*i] = orConstant(n.weight, 1, l.Features)
		n.bias, borrowed[2*i+1] = orConstant(n.bias, 0, l.Features)
	}
	e.run()
	giveBackAll(borrowed[:]...)
	*e = encoder[T]{projections: e.projections}
	pool.Put(e)
}

func (e *encoder[T]) run() {
	workers := parallel.Workers()
	if e.Batch*blocksOf(e.Length, encoderBlock) < workers {
		e.block /= 2
	}
	e.blocks = blocksOf(e.Length, e.block)
	// An odd number of lines, so that rows fall on different sets of a cache.
	line := 64 / elementSize[T]()
	e.stride = (e.blocks*e.block/line | 1) * line
	if e.Batch%workers == 0 || e.Batch > 4*workers {
		parallel.For(e.Batch, 1, e)
		return
	}
	blocks := e.Batch * e.blocks
	states := borrow[T](blocks*e.stateSize() + e.Batch*e.projectedSize())
	e.states, e.projected = states.buf[:blocks*e.stateSize()], states.buf[blocks*e.stateSize():]
	e.projections = slices.Grow(e.projections, blocks)[:blocks]
	for i := range e.projections {
		e.projections[i].Store(0)
	}
	parallel.For(blocks, 1, e)
	giveBack(states)
}

func (e *encoder[T]) stateSize() int     { return e.Features * e.block }
func (e *encoder[T]) projectedSize() int { return 3 * e.Features * e.stride }

// DoRange does sequences or blocks of positions lo ≤ i < hi.
func (e *encoder[T]) DoRange(lo, hi int) {
	t := encoderTask[T]{encoder: e}
	state, projected := e.stateSize(), e.projectedSize()
	scores := e.block * e.Length
	size := 2*state + e.Hidden*e.block + scores
	if len(e.projections) == 0 {
		size += e.blocks*state + projected
	}
	memory := borrow[T](size)
	defer giveBack(memory)
	left := memory.buf
	part := func(n int) []T {
		p := left[:n:n]
		left = left[n:]
		return p
	}
	t.heads, t.normed, t.hidden = part(state), part(state), part(e.Hidden*e.block)
	t.scores = part(scores)
	for i := lo; i < hi; i++ {
		if len(e.projections) > 0 {
			t.finishBlock(i)
			continue
		}
		t.sequence, t.projected = i, left[e.blocks*state:][:projected]
		for b := range e.blocks {
			t.project(b, left[b*state:][:state])
		}
		for b := range e.blocks {
			t.finish(b, left[b*state:][:state])
		}
	}
}

// encoderTask is one goroutine's work.
type encoderTask[T simd.Float] struct {
	*encoder[T]
	sequence  int
	projected []T // queries, keys and values of the sequence, [3·features, stride]

	// Of a block, [features, block] and [hidden, block].
	heads, normed, hidden []T
	scores                []T // of a head's keys and queries, [length, block]

	fetched T // of no use but to fetch
}

// finishBlock computes the result for block i of all sequences' together. Of the sequence's
// projections it makes those that nobody has begun, its own first, so that it never waits
// for what only this goroutine could do.
func (t *encoderTask[T]) finishBlock(i int) {
	t.sequence = i / t.blocks
	first, own := t.sequence*t.blocks, i%t.blocks
	t.projected = t.encoder.projected[t.sequence*t.projectedSize():][:t.projectedSize()]
	state := func(b int) []T { return t.states[(first+b)*t.stateSize():][:t.stateSize()] }
	for k := range t.blocks {
		b := (own + k) % t.blocks
		if p := &t.projections[first+b]; p.CompareAndSwap(0, underway) {
			t.projectOnce(p, b, state(b))
		}
	}
	for b := range t.blocks {
		for n := 1; t.projections[first+b].Load() != done; n++ {
			if n%1024 == 0 {
				runtime.Gosched()
			}
		}
	}
	if len(t.projections) <= parallel.Workers() {
		t.fetch(own)
	}
	t.finish(own, state(own))
}

// fetch reads a number of each line of keys and values of the sequence's other blocks, so that
// this processor's cache gets them side by side, not one after the other as products come
// upon them.
func (t *encoderTask[T]) fetch(own int) {
	line := 64 / elementSize[T]()
	var even, odd T
	for block := range t.blocks {
		if block == own {
			continue
		}
		for row := t.Features; row < 3*t.Features; row += 2 {
			a := t.projected[row*t.stride+block*t.block:][:t.block]
			b := t.projected[(row+1)*t.stride+block*t.block:][:t.block]
			for i := 0; i < len(a) && i < len(b); i += line {
				even += a[i]
				odd += b[i]
			}
		}
	}
	t.fetched = even + odd
}

// projectOnce projects a block and says so, even if it panics: nobody shall wait forever.
func (t *encoderTask[T]) projectOnce(p *atomic.Int32, block int, state []T) {
	defer p.Store(done)
	t.project(block, state)
}

// positions are those of a block: where they begin and how many they are.
func (t *encoderTask[T]) positions(block int) (from, n int) {
	from = block * t.block
	return from, min(t.block, t.Length-from)
}

// product is of weights [rows, depth] and b [depth, n], rows block elements apart.
func (t *encoderTask[T]) product(c, weights, bias, b []T, rows, depth, n int) simd.Gemm[T] {
	return simd.Gemm[T]{
		M: rows, N: n, K: depth, C: c, CRow: t.block,
		A: weights, ARow: depth, ACol: 1, B: b, BRow: t.block, BCol: 1, RowBias: bias,
	}
}

func (t *encoderTask[T]) normalize(i int, dst, x []T) {
	simd.LayerNormColumns(dst, x, t.norms[i].weight, t.norms[i].bias, T(t.Eps))
}

// project sets state to a block of positions, as columns, and projects them to queries, keys
// and values.
func (t *encoderTask[T]) project(block int, state []T) {
	from, n := t.positions(block)
	simd.TransposeStrided(state, t.block, t.x[(t.sequence*t.Length+from)*t.Features:], t.Features, n, t.Features)
	x := state
	if t.NormFirst {
		x = t.normed
		t.normalize(0, x, state)
	}
	g := t.product(t.projected[from:], t.in, t.inBias, x, 3*t.Features, t.Features, n)
	g.CRow = t.stride
	g.MulOuter()
}

// finish computes the result for a block of positions from state, which it overwrites.
func (t *encoderTask[T]) finish(block int, state []T) {
	from, n := t.positions(block)
	for h := range t.Heads {
		t.attend(h, from, n)
	}
	g := t.product(state, t.out, t.outBias, t.heads, t.Features, t.Features, n)
	g.Accumulate = true
	g.MulOuter()
	x := state
	if t.NormFirst {
		x = t.normed
		t.normalize(1, x, state)
	} else {
		t.normalize(0, state, state)
	}
	g = t.product(t.hidden, t.linear1, t.bias1, x, t.Hidden, t.Features, n)
	g.MulOuter()
	if t.GELU {
		simd.GELU(t.hidden, t.hidden)
	} else {
		simd.ReLU(t.hidden, t.hidden)
	}
	g = t.product(state, t.linear2, t.bias2, t.hidden, t.Features, t.Hidden, n)
	g.Accumulate = true
	g.MulOuter()
	if !t.NormFirst {
		t.normalize(1, state, state)
	}
	simd.TransposeStrided(t.y[(t.sequence*t.Length+from)*t.Features:], t.Features, state, t.block, t.Features, n)
}

// attend sets the part of heads that is head h's, for n queries.
func (t *encoderTask[T]) attend(h, from, n int) {
	size := t.Features / t.Heads
	q, k, v := t.projected[h*size*t.stride:], t.projected[(t.Features+h*size)*t.stride:], t.projected[(2*t.Features+h*size)*t.stride:]
	keys := t.Length
	if t.Causal { // whatever the size of a block is, as NaN times 0 is not 0
		keys = min(keys, (from+n+encoderBlock-1)/encoderBlock*encoderBlock)
	}
	g := simd.Gemm[T]{
		M: keys, N: n, K: size, C: t.scores, CRow: t.block,
		A: k, ARow: 1, ACol: t.stride, B: q[from:], BRow: t.stride, BCol: 1,
	}
	g.MulOuter()
	if t.Causal {
		for key := from + 1; key < keys; key++ {
			simd.Fill(t.scores[key*t.block:][:min(n, key-from)], T(math.Inf(-1)))
		}
	}
	simd.SoftmaxColumns(t.scores[:keys*t.block], keys, T(1/math.Sqrt(float64(size))))
	g = simd.Gemm[T]{
		M: size, N: n, K: keys, C: t.heads[h*size*t.block:], CRow: t.block,
		A: v, ARow: t.stride, ACol: 1, B: t.scores, BRow: t.block, BCol: 1,
	}
	g.MulOuter()
}
