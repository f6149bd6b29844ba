package autograd

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Tape records operations and owns the memory of their results. An operation
// lands on the tape of its operands; data enters with [Tape.Const], parameters
// enter by being used. Reset gives everything back for the next step, so that a
// steady loop allocates nothing.
//
// A tape belongs to one goroutine at a time: a second one that resets it or starts a
// backward pass while the first is in one gets a [*TapeError], anything else goes
// unnoticed. Parameters are shared: any number of goroutines, each with its own tape, may
// compute with the same parameters while nobody writes to them.
type Tape struct {
	pool     tensor.Pool
	free     []*node         // nodes to reuse
	slab     []node          // nodes that were never in use
	rareSlab []rare          // rare parts that were never in use
	record   []*node         // nodes that live until Reset, in recording order
	leaves   map[*node]*node // what is outside this tape → the node here that stands for it
	sets     []*gradientSet  // gradients handed out since Reset
	freeSets []*gradientSet

	// While a pass that is not recorded runs, results of operations are its
	// temporaries and go to scratch instead of record.
	recording bool
	scratch   []*node
	passes    []*pass // spare passes, one per nesting depth
	walks     int     // backward passes under way

	// inPlainPass is true while a pass that is not recorded is under way. It is atomic for
	// the sake of an error where another goroutine, by mistake, uses the tape meanwhile.
	inPlainPass atomic.Bool

	rowPlaces []rowPlace // memory for gradients that are kept as rows
	rowSlots  []int

	inners []*Tape // spare tapes for the inside of checkpoints

	pending pending  // assignments that wait for Commit
	before  *pending // in a computation that is repeated: those that it saw the first time

	hook     ResultHook // nil without one
	noGrad   bool
	tracing  bool
	observer *observer // nil unless the tape looks for anomalies or keeps a profile
	training bool
	rng      rand.PCG
	random   *rand.Rand
}

// TapeConfig configures [NewTape]. The zero value is a tape that records, in
// inference mode, with the random source of seed 0.
type TapeConfig struct {
	// NoGrad makes a tape that records nothing and only recycles memory: for
	// inference. A backward pass on it panics.
	NoGrad bool

	// Trace makes the tape record every operation, those through which no gradient flows
	// too, in forms that [Graph] tells all about: for those who write a computation down in
	// another form. It takes more memory and time. What is computed by several operations
	// for which others have one, as [Variable.LeakyReLU] or [Variable.Pad], is recorded as
	// that one, which has no derivative: a backward pass that comes to it panics.
	Trace bool

	// Training makes layers such as dropout and batch normalization behave as in
	// training; see also [Tape.SetTraining].
	Training bool

	// Seed is that of the tape's random source.
	Seed uint64

	// DetectAnomaly makes the tape panic with [*AnomalyError] at the first operation
	// whose result, and the first backward rule whose gradient, has a NaN or an
	// infinity. It is for debugging: every array is read once more, and the caller of
	// every operation is noted.
	DetectAnomaly bool

	// Profile makes the tape keep count of the calls, time and memory of every
	// operation, forward and backward: see [Tape.Profile].
	Profile bool
}

// tapeStream is the second half of the random source's seed: it keeps a tape's
// numbers apart from those of other sources with the same seed.
const tapeStream = 0x7461_7065

// NewTape makes an empty tape.
func NewTape(config TapeConfig) *Tape {
	t := &Tape{
		leaves:    map[*node]*node{},
		noGrad:    config.NoGrad,
		recording: !config.NoGrad,
		tracing:   config.Trace && !config.NoGrad,
		training:  config.Training,
	}
	t.rng.Seed(config.Seed, tapeStream)
	t.random = rand.New(&t.rng)
	if config.DetectAnomaly || config.Profile {
		t.observer = newObserver(config)
	}
	return t
}

// Training reports whether layers should behave as in training.
func (t *Tape) Training() bool { return t.training }

// SetTraining switches between the behaviour of training and of inference.
func (t *Tape) SetTraining(training bool) { t.training = training }

// Rand is the tape's random source: for dropout and the like. Its state continues
// over Reset.
func (t *Tape) Rand() *rand.Rand { return t.random }

// Reseed starts the tape's random source anew, with what TapeConfig.Seed says of a seed:
// for steps that are to draw the same numbers when they are made again.
func (t *Tape) Reseed(seed uint64) { t.rng.Seed(seed, tapeStream) }

// Recording reports whether operations are being recorded: not on a NoGrad tape,
// and not inside a backward pass that is not itself to be differentiated.
func (t *Tape) Recording() bool { return t.recording }

// Len is the number of Variables the tape holds.
func (t *Tape) Len() int { return len(t.record) }

// MemoryUsage reports bytes of array memory: in use by the Variables on the tape,
// the greatest use since the tape was made or ResetPeakMemory called, and held in
// all, counting what is kept for reuse. Arrays of one element are not counted.
func (t *Tape) MemoryUsage() (inUse, peak, held int) { return t.pool.Usage() }

// ResetPeakMemory starts a new measurement of the peak of MemoryUsage.
func (t *Tape) ResetPeakMemory() { t.pool.ResetPeak() }

// leaf is the node that stands for a parameter, or watched constant, on t.
func (t *Tape) leaf(n *node) *node { return t.standIn(n, t.recording) }

// standIn is the node on t that stands for n, made if there is none.
func (t *Tape) standIn(n *node, tracked bool) *node {
	if leaf, ok := t.leaves[n]; ok {
		return leaf
	}
	leaf := t.view(n, n.Shape)
	leaf.ensureRare().leafOf = n
	leaf.tracked = tracked
	t.leaves[n] = leaf
	return leaf
}

// Reset ends the life of every Variable and Gradients on the tape and keeps their
// memory for the next step; what was assigned and not committed is dropped. Using one
// of them afterwards panics. Slices taken from them must not be used either, which
// nothing can check. It panics with [*TapeError] during a backward pass.
func (t *Tape) Reset() {
	t.checkIdle("Reset")
	t.recording, t.walks = !t.noGrad, 0
	t.dropPending()
	t.dropScratch(0)
	for _, s := range t.sets {
		s.release(t)
	}
	t.sets = t.sets[:0]
	t.rewind(0)
}

// checkIdle panics during a backward pass that is not recorded.
func (t *Tape) checkIdle(op string) {
	if t.inPlainPass.Load() {
		panic(&TapeError{op, passUnderWay})
	}
}

// Mark is a position on a tape, see [Tape.Rewind].
type Mark struct {
	tape   *Tape
	record int
	sets   int
}

// Mark is the present end of the tape.
func (t *Tape) Mark() Mark { return Mark{t, len(t.record), len(t.sets)} }

// Rewind ends the life of all that was put on the tape after m, as Reset does for
// the whole: for inner solves, line searches and loops whose results are read off
// before the next round. Variables made before m stay valid. Rewinding to a mark
// that an earlier Rewind or Reset went behind, or of another tape, panics with
// [*TapeError], and so does Rewind during a backward pass.
func (t *Tape) Rewind(m Mark) {
	t.checkIdle("Rewind")
	if m.tape != t || m.record > len(t.record) || m.sets > len(t.sets) {
		panic(&TapeError{"Rewind", "the mark is not of this tape or the tape was reset behind it"})
	}
	for _, s := range t.sets[m.sets:] {
		s.release(t)
	}
	t.sets = t.sets[:m.sets]
	t.rewind(m.record)
}

func (t *Tape) rewind(length int) {
	t.free = slices.Grow(t.free, len(t.record)-length)
	for i := len(t.record) - 1; i >= length; i-- {
		t.unref(t.record[i])
	}
	t.record = t.record[:length]
}

// node takes a node from the tape's stock. Its Shape is set, its elements are not.
func (t *Tape) node(dtype DType, shape []int) *node {
	var n *node
	if last := len(t.free) - 1; last >= 0 {
		n = t.free[last]
		t.free = t.free[:last]
	} else {
		n = t.newNode()
	}
	n.DType = dtype
	n.setShape(shape)
	n.refs = 1
	n.index = -1
	return n
}

// newNode is a node that was not in use before. They come in slabs, so that a long tape
// costs the garbage collector few objects.
func (t *Tape) newNode() *node {
	if len(t.slab) == 0 {
		t.slab = make([]node, slabSize(len(t.record)))
	}
	n := &t.slab[0]
	t.slab = t.slab[1:]
	n.tape, n.kind = t, recorded
	return n
}

// newRare is the rare part of a node.
func (t *Tape) newRare() *rare {
	if len(t.rareSlab) == 0 {
		t.rareSlab = make([]rare, slabSize(len(t.record)))
	}
	r := &t.rareSlab[0]
	t.rareSlab = t.rareSlab[1:]
	return r
}

// slabSize is how many nodes to make at once for a tape that has so many.
func slabSize(nodes int) int { return min(max(16, nodes), 1024) }

// array is a node with elements of unspecified content, entered on the tape.
func (t *Tape) array(dtype DType, shape []int) *node {
	n := t.node(dtype, shape)
	t.allocate(n)
	t.enter(n)
	return n
}

// allocate gives n elements of its own.
func (t *Tape) allocate(n *node) {
	size := tensor.SizeOf(n.Shape)
	switch {
	case size == 1 && n.DType == Float32:
		n.F32 = n.one32[:]
	case size == 1:
		n.F64 = n.one64[:]
	case n.DType == Float32:
		n.F32, n.owned = t.pool.Get32(size), true
	default:
		n.F64, n.owned = t.pool.Get64(size), true
	}
}

// view is a node that shares base's elements under another shape of the same size.
func (t *Tape) view(base *node, shape []int) *node {
	n := t.node(base.DType, shape)
	n.F32, n.F64 = base.F32, base.F64
	t.shareWith(n, base)
	t.enter(n)
	return n
}

// shareWith keeps base's elements alive as long as n.
func (t *Tape) shareWith(n, base *node) {
	if base.tape == t {
		n.base = base
		base.refs++
	}
}

// enter puts a new node under the tape's care: on the record, or among the
// temporaries of the pass that is running.
func (t *Tape) enter(n *node) {
	if t.recording || t.noGrad {
		if len(t.record) == cap(t.record) {
			t.record = slices.Grow(t.record, max(64, len(t.record))) // append would grow by less, and copy more
		}
		n.index = int32(len(t.record))
		t.record = append(t.record, n)
		return
	}
	t.scratch = append(t.scratch, n)
}

// dropScratch lets go of the temporaries made since scratch had the given length.
func (t *Tape) dropScratch(length int) {
	for i := len(t.scratch) - 1; i >= length; i-- {
		t.unref(t.scratch[i])
	}
	t.scratch = t.scratch[:length]
}

// unref gives up one hold on n; the last one returns n and its memory.
func (t *Tape) unref(n *node) {
	n.refs--
	if n.refs > 0 {
		return
	}
	n.gen++ // handles of the life that ends are stale from here on
	if n.owned {
		if n.DType == Float32 {
			t.pool.Put32(n.F32)
		} else {
			t.pool.Put64(n.F64)
		}
		n.owned = false
	}
	n.F32, n.F64 = nil, nil
	n.tracked = false
	if n.base != nil {
		t.unref(n.base)
		n.base = nil
	}
	if n.op != nil {
		n.op = nil
		n.dropInputs()
	}
	if n.rare != nil {
		t.dropRare(n)
	}
	t.free = append(t.free, n)
}

// dropRare forgets what n's rare part holds, but for its memory.
func (t *Tape) dropRare(n *node) {
	n.retain = false
	if n.lazy {
		n.bytes, n.lazy = tensor.Bytes{}, false
	}
	if n.aux != nil {
		t.unref(n.aux)
		n.aux = nil
	}
	if n.leafOf != nil {
		delete(t.leaves, n.leafOf)
		n.leafOf = nil
	}
	if len(n.hooks) > 0 {
		clear(n.hooks)
		n.hooks = n.hooks[:0]
	}
}
