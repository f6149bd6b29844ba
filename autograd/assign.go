package autograd

import (
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Writing to what a model keeps between steps and does not train, such as running
// statistics: new values wait on the tape until the step that computed them is known to
// have succeeded.

// pending is the new values that wait for Commit.
type pending struct {
	buffers  []pendingBuffer
	counters []pendingCounter
}

type pendingBuffer struct{ buffer, value *node }

type pendingCounter struct {
	counter *int64
	value   int64
}

func (p *pending) find(buffer *node) *pendingBuffer {
	for i := range p.buffers {
		if p.buffers[i].buffer == buffer {
			return &p.buffers[i]
		}
	}
	return nil
}

func (p *pending) findCounter(counter *int64) *pendingCounter {
	for i := range p.counters {
		if p.counters[i].counter == counter {
			return &p.counters[i]
		}
	}
	return nil
}

// Assign gives a buffer a new value, which waits on the tape until [Tape.Commit] writes
// it: for what a model keeps between steps and does not train, such as the running
// statistics of batch normalization. A buffer is a constant outside any tape. The value
// is copied as it is now, without its gradient; it has the buffer's shape and element
// type. [Tape.Current] is the value that waits, so that a layer that is used twice in a
// step sees what its first use assigned; a later Assign replaces an earlier one.
//
// [Tape.Reset] drops what waits, so a step that failed leaves buffers as they were;
// [Tape.Rewind] does not. Inside a backward pass Assign does nothing, and what [Checkpoint]
// computes a second time assigns nothing.
//
// Assign and Current only read the buffer, so any number of goroutines may share it,
// each with its own tape, while none commits. Assign panics with [*TapeError] if buffer
// is a parameter, or the result of an operation, or value is on another tape, and with
// [*ShapeError] or [*DTypeError] if value does not fit.
func (t *Tape) Assign(buffer, value Variable) {
	b, v := t.bufferOf("Assign", buffer), value.check("Assign")
	if v.tape != nil && v.tape != t {
		panic(&TapeError{"Assign", "the value is on another tape"})
	}
	checkForm("Assign", b, v, "expected equal %ss")
	t.assign(b, v)
}

func (t *Tape) assign(buffer, value *node) {
	if t.walks > 0 {
		return
	}
	c := t.copyOf(value)
	if old := t.pending.find(buffer); old != nil {
		t.unref(old.value)
		old.value = c
		return
	}
	t.pending.buffers = append(t.pending.buffers, pendingBuffer{buffer, c})
}

// Current is the value that the buffer has for this step, as a constant on the tape: what
// was last assigned and waits for [Tape.Commit], or else its elements. It panics with
// [*TapeError] if buffer is not a constant outside any tape.
func (t *Tape) Current(buffer Variable) Variable {
	b := t.bufferOf("Current", buffer)
	if p := t.pending.find(b); p != nil {
		return t.view(p.value, p.value.Shape).variable()
	}
	if t.before != nil {
		if p := t.before.find(b); p != nil {
			return t.view(p.value, p.value.Shape).variable()
		}
	}
	return t.view(b, b.Shape).variable()
}

func (t *Tape) bufferOf(op string, buffer Variable) *node {
	b := buffer.check(op)
	if b.kind != constant {
		panic(&TapeError{op, "the buffer is not a constant outside any tape"})
	}
	return b
}

// AssignCounter is [Tape.Assign] for a counter, such as the number of batches seen. It
// panics with [*ValueError] if counter is nil.
func (t *Tape) AssignCounter(counter *int64, value int64) {
	checkCounter("AssignCounter", counter)
	if t.walks > 0 {
		return
	}
	if p := t.pending.findCounter(counter); p != nil {
		p.value = value
		return
	}
	t.pending.counters = append(t.pending.counters, pendingCounter{counter, value})
}

// CurrentCounter is [Tape.Current] for a counter. It panics with [*ValueError] if counter
// is nil.
func (t *Tape) CurrentCounter(counter *int64) int64 {
	checkCounter("CurrentCounter", counter)
	if p := t.pending.findCounter(counter); p != nil {
		return p.value
	}
	if t.before != nil {
		if p := t.before.findCounter(counter); p != nil {
			return p.value
		}
	}
	return *counter
}

func checkCounter(op string, counter *int64) {
	if counter == nil {
		panic(&ValueError{op, "the counter is nil"})
	}
}

// Commit writes to buffers and counters what was assigned to them since Reset or the last
// Commit. It is for the training loop, after a step that was made: no gradient of the step
// may be computed afterwards, and nobody else may use the model at the time. It panics with
// [*TapeError] during a backward pass.
func (t *Tape) Commit() {
	t.checkIdle("Commit")
	for _, p := range t.pending.buffers {
		tensor.Copy(&p.buffer.Array, &p.value.Array)
		p.buffer.modified()
	}
	for _, p := range t.pending.counters {
		*p.counter = p.value
	}
	t.dropPending()
}

// dropPending forgets what waits.
func (t *Tape) dropPending() {
	for i, p := range t.pending.buffers {
		t.unref(p.value)
		t.pending.buffers[i] = pendingBuffer{} // the buffer may be garbage
	}
	clear(t.pending.counters)
	t.pending.buffers, t.pending.counters = t.pending.buffers[:0], t.pending.counters[:0]
}

// visible is what Current finds on the tape at this moment, for a computation that may be
// repeated later. The values live as long as results recorded now.
func (t *Tape) visible() *pending {
	if len(t.pending.buffers)+len(t.pending.counters) == 0 {
		return t.before
	}
	seen := &pending{counters: append([]pendingCounter{}, t.pending.counters...)}
	for _, p := range t.pending.buffers {
		seen.buffers = append(seen.buffers, pendingBuffer{p.buffer, t.view(p.value, p.value.Shape)})
	}
	if t.before != nil { // newer values are found first
		seen.buffers = append(seen.buffers, t.before.buffers...)
		seen.counters = append(seen.counters, t.before.counters...)
	}
	return seen
}

// handOut assigns on t what was assigned on inner, whose computation is part of t's.
func (inner *Tape) handOut(t *Tape) {
	for _, p := range inner.pending.buffers {
		t.assign(p.buffer, p.value)
	}
	for _, p := range inner.pending.counters {
		t.AssignCounter(p.counter, p.value)
	}
}

// repeat runs f on t for the second time: it sees the assignments that it saw the first
// time, and its own are dropped.
func (t *Tape) repeat(before *pending, f func() *node) *node {
	keptPending, keptBefore, keptWalks := t.pending, t.before, t.walks
	t.pending, t.before, t.walks = pending{}, before, 0
	defer func() {
		t.dropPending()
		t.pending, t.before, t.walks = keptPending, keptBefore, keptWalks
	}()
	return f()
}

// MergeAssigned makes one of what waits on several tapes, whose computations were parts of
// one, such as the shards of a batch: each buffer that was assigned on some of them gets,
// on all of them, the mean of these values with the weights of the tapes, such as their
// numbers of examples, and each counter the greatest. [Tape.Commit] of any of them then
// writes that; the others are to be Reset. What was assigned on no tape is left alone, and
// values that are equal keep their bits. MergeAssigned panics with [*ValueError] unless
// there is a positive weight for each tape.
func MergeAssigned(tapes []*Tape, weights []float64) {
	if len(tapes) != len(weights) {
		panic(&ValueError{"MergeAssigned", "there are not as many weights as tapes"})
	}
	for _, w := range weights {
		if !(w > 0) {
			panic(&ValueError{"MergeAssigned", "a weight is not positive"})
		}
	}
	for k, t := range tapes {
		for i := range t.pending.buffers {
			b := t.pending.buffers[i].buffer
			if !slices.ContainsFunc(tapes[:k], func(t *Tape) bool { return t.pending.find(b) != nil }) {
				mergeBuffer(tapes, weights, b)
			}
		}
		for i := range t.pending.counters {
			mergeCounter(tapes, t.pending.counters[i].counter)
		}
	}
}

// mergeBuffer makes the values of a buffer that wait their mean, in the order of tapes:
//
//	mean ← mean + (weight/Σ weights)·(value − mean)
func mergeBuffer(tapes []*Tape, weights []float64, buffer *node) {
	var mean *node
	sum := 0.0
	for k, t := range tapes {
		p := t.pending.find(buffer)
		if p == nil {
			continue
		}
		if sum += weights[k]; mean == nil {
			mean = p.value
			continue
		}
		tensor.AddScaled(&p.value.Array, &mean.Array, -1)
		tensor.AddScaled(&mean.Array, &p.value.Array, weights[k]/sum)
	}
	for _, t := range tapes {
		if p := t.pending.find(buffer); p == nil {
			t.assign(buffer, mean)
		} else if p.value != mean {
			tensor.Copy(&p.value.Array, &mean.Array)
		}
	}
}

// mergeCounter makes the values of a counter that wait the greatest of them.
func mergeCounter(tapes []*Tape, counter *int64) {
	var greatest *pendingCounter
	for _, t := range tapes {
		if p := t.pending.findCounter(counter); p != nil && (greatest == nil || p.value > greatest.value) {
			greatest = p
		}
	}
	value := greatest.value
	for _, t := range tapes {
		t.AssignCounter(counter, value)
	}
}
