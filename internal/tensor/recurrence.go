package tensor

import (
	"github.com/chainrule-go/chainrule/internal/gemm"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Recurrent layers over whole sequences.
//
// The product of all inputs with their weights is one. So is, backwards, each gradient of a
// weight, over all steps. What remains is a product of the state at each step. Sequences
// know nothing of each other: a task takes some of them from the first step to the last,
// with nothing to wait for between, and the weights of the state, packed once, stay in its
// processor's second-level cache. Weights that are larger than that are divided instead:
// then all sequences make a step together.

// RecurrentCell is what a recurrent layer computes at a step.
type RecurrentCell uint8

// The cells, with the pieces of a row of gates, each as long as the hidden state.
const (
	LSTMCell RecurrentCell = iota // i, f, g, o
	GRUCell                       // n, r, z, and what n takes from the state
	TanhCell                      // the sum that is activated
	ReLUCell
)

// Recurrence is one direction of a recurrent layer and the sequences that it goes through.
// Operands that are absent are nil.
type Recurrence struct {
	Cell             RecurrentCell
	Steps, Batch, In int
	Hidden           int   // units
	Out              int   // features of the state: Hidden, or the size of the projection
	Lengths          []int // steps of each sequence; nil for all
	Reverse          bool  // from the last step to the first
	BatchFirst       bool  // X and the outputs are [batch, steps, …], else [steps, batch, …]
	X                *Array
	IH, HH           *Array // [gates·hidden, in], [gates·hidden, out]
	BiasIH, BiasHH   *Array // [gates·hidden]
	HR               *Array // [out, hidden], the projection
	H, C             *Array // [batch, out], [batch, hidden]: the state before the first step

	// Saved is memory of SavedSize elements. With Keep it holds what Backward needs.
	Saved *Array
	Keep  bool
}

// pieces is the number of pieces of a row of gates.
func (c RecurrentCell) pieces() int {
	if c >= TanhCell {
		return 1
	}
	return 4
}

// Rows is the number of rows of the weights for each unit.
func (c RecurrentCell) Rows() int {
	switch c {
	case LSTMCell:
		return 4
	case GRUCell:
		return 3
	}
	return 1
}

// sizes are the numbers of elements of the parts of Saved: inputs by steps, gates, states
// of each step and before the first, cell states, and outputs before the projection.
func (r *Recurrence) sizes() (x, gates, h, c, m int) {
	states, steps := 1, 1
	if r.Keep {
		states, steps = r.Steps+1, r.Steps
	}
	if r.BatchFirst {
		x = r.Steps * r.Batch * r.In
	}
	gates = r.Steps * r.Batch * r.Cell.pieces() * r.Hidden
	h = states * r.Batch * r.Out
	if r.Cell == LSTMCell {
		c = states * r.Batch * r.Hidden
	}
	if r.HR != nil {
		m = steps * r.Batch * r.Hidden
	}
	return x, gates, h, c, m
}

// SavedSize is the number of elements of Saved.
func (r *Recurrence) SavedSize() int {
	x, gates, h, c, m := r.sizes()
	return x + gates + h + c + m
}

// ResultSize is the number of elements of the results: outputs, final hidden state and, of
// an LSTM, final cell state, one behind the other.
func (r *Recurrence) ResultSize() int {
	n := (r.Steps + 1) * r.Batch * r.Out
	if r.Cell == LSTMCell {
		n += r.Batch * r.Hidden
	}
	return n
}

// Forward computes the results into dst, of ResultSize elements.
func (r *Recurrence) Forward(dst *Array) {
	if dst.DType == Float32 {
		forward(r, dst.F32, elements32)
	} else {
		forward(r, dst.F64, elements64)
	}
}

// RecurrentGradients says where gradients go; those that are nil are left out. Those of Add
// are added to what is there.
type RecurrentGradients struct {
	X, IH, HH, BiasIH, BiasHH, HR, H, C RecurrentGradient
}

// RecurrentGradient is where a gradient goes, if anywhere.
type RecurrentGradient struct {
	To  *Array
	Add bool
}

// Backward computes gradients from that of the results, and what Forward saved.
func (r *Recurrence) Backward(grad *Array, to *RecurrentGradients) {
	if grad.DType == Float32 {
		backward(r, grad.F32, to, elements32)
	} else {
		backward(r, grad.F64, to, elements64)
	}
}

// recurrence is a Recurrence under way: a job on sequences, or on parts of a step.
type recurrence[T simd.Float] struct {
	cell                   RecurrentCell
	steps, batch           int
	in, hidden, out, width int // width is the number of gates of a row
	lengths                []int
	reverse, keep          bool
	begun, projects        bool // there is a state before the first step, a projection

	x, gates, h, c, m []T // the parts of what is saved, and the inputs by steps

	y               []T // outputs, or their gradient
	yStep, yRow     int // how far steps and sequences are apart in it
	input           []T // inputs as they are given
	xStep, xRow     int
	parts           [2]statePart[T] // of the product with the state
	dgates, dh, dc  []T             // backwards: gradients of gates [steps, batch, width] and of the state
	dout            []T             // backwards, with a projection: of its results [steps, batch, out]
	projection      []T             // packed for the product at hand
	unpacked        []T             // the weights of the state
	sums            []T             // of the gradients of gates, by parts of rows
	adding          bool            // the gradient of the inputs is added to what is there
	needsFirstState bool            // backwards: the gradient of the state before the first step is wanted

	phase recurrentPhase
	at    int // the step, where all sequences make it together
}

// statePart is the part of the product with the state that goes to some gates, of which
// the first row of the weights and of gates are given. Backwards it comes from them.
type statePart[T simd.Float] struct {
	gate, row, cols int
	weights         []T // packed
	add             bool
	bias            []T
}

// recurrenceOf describes the parts of what is saved.
func recurrenceOf[T simd.Float](r *Recurrence, elements func(*Array) []T) *recurrence[T] {
	x, gates, h, c, m := r.sizes()
	j := keptRecurrence[T]()
	*j = recurrence[T]{
		cell: r.Cell, steps: r.Steps, batch: r.Batch, in: r.In, hidden: r.Hidden, out: r.Out,
		width: r.Cell.pieces() * r.Hidden, lengths: r.Lengths, reverse: r.Reverse, keep: r.Keep,
		begun: r.H != nil, projects: r.HR != nil, input: elements(r.X),
		yStep: r.Batch * r.Out, yRow: r.Out, xStep: r.Batch * r.In, xRow: r.In,
	}
	saved := elements(r.Saved)
	for _, part := range []struct {
		to   *[]T
		size int
	}{{&j.x, x}, {&j.gates, gates}, {&j.h, h}, {&j.c, c}, {&j.m, m}} {
		*part.to, saved = saved[:part.size:part.size], saved[part.size:]
	}
	if r.BatchFirst {
		j.yStep, j.yRow, j.xStep, j.xRow = r.Out, r.Steps*r.Out, r.In, r.Steps*r.In
	} else {
		j.x = j.input
	}
	return j
}

// before and after are the positions of the states before and after the step at time t.
func (r *recurrence[T]) before(t int) int {
	switch {
	case !r.keep:
		return 0
	case r.reverse:
		return t + 1
	}
	return t
}

func (r *recurrence[T]) after(t int) int {
	switch {
	case !r.keep:
		return 0
	case r.reverse:
		return t
	}
	return t + 1
}

// time is that of the i-th step.
func (r *recurrence[T]) time(i int) int {
	if r.reverse {
		return r.steps - 1 - i
	}
	return i
}

// over reports whether sequence b has no step at time t.
func (r *recurrence[T]) over(t, b int) bool { return r.lengths != nil && t >= r.lengths[b] }

// run returns the end of the run of sequences from lo on, before hi, that are all over at
// time t or all not.
func (r *recurrence[T]) run(t, lo, hi int) (end int, over bool) {
	if r.lengths == nil {
		return hi, false
	}
	over = r.over(t, lo)
	for end = lo + 1; end < hi && r.over(t, end) == over; end++ {
	}
	return end, over
}

// rowsAt are rows lo ≤ i < hi of the matrix [batch, n] at position i in data.
func (r *recurrence[T]) rowsAt(data []T, position, lo, hi, n int) []T {
	at := position * r.batch * n
	return data[at+lo*n : at+hi*n : at+hi*n]
}

// inputParts say which gates take the product of the inputs with which rows of weights.
func (c RecurrentCell) inputParts(hidden int) [2]struct{ gate, row, cols int } {
	if c == GRUCell {
		return [2]struct{ gate, row, cols int }{{0, 2 * hidden, hidden}, {hidden, 0, 2 * hidden}}
	}
	return [2]struct{ gate, row, cols int }{{0, 0, c.Rows() * hidden}}
}

// stateWindow is the first of the gates, as many as there are rows of weights, whose
// gradient is that of the product with the state.
func (c RecurrentCell) stateWindow(hidden int) int {
	if c == GRUCell {
		return hidden
	}
	return 0
}

// matrixAt is the matrix of some columns of data, rows of which are so many elements long.
func matrixAt[T simd.Float](data []T, rows, stride, col, cols int) gemm.Matrix[T] {
	return gemm.Matrix[T]{Data: data[min(col, len(data)):], Rows: rows, Cols: cols, RowStride: stride, ColStride: 1}
}

// How the work is divided.
const (
	sequencesTogether = 16      // that a task takes through all steps
	sharedWeights     = 1 << 20 // bytes of packed weights, from which on steps are made together
	togetherWork      = 1 << 19 // multiplications of a step, likewise, if there is one task only
	stepRows          = 8       // sequences of a task of the element-wise part of a step
	stepGrain         = 1 << 13 // gates of a task of that, where there is one step only
)

// blocks is how many tasks take sequences through all steps, 0 if these are to make each step
// together.
func (r *recurrence[T]) blocks() int {
	work := r.cell.Rows() * r.hidden * r.out
	n := (r.batch + sequencesTogether - 1) / sequencesTogether
	if work*elementSize[T]() > sharedWeights || n == 1 && r.batch*work >= togetherWork {
		return 0
	}
	return n
}

// block is the sequences of a block.
func (r *recurrence[T]) block(i int) (lo, hi int) {
	n := r.blocks()
	return i * r.batch / n, (i + 1) * r.batch / n
}

type recurrentPhase uint8

const (
	gathering       recurrentPhase = iota // inputs by steps; units are steps
	packing                               // the weights of the state; units are panels
	allSteps                              // units are blocks
	stateProduct                          // units are panels
	activation                            // units are stepRows sequences
	allStepsBack                          // units are blocks
	differentiation                       // units are stepRows sequences
	stateGradient                         // units are panels
	scattering                            // gradients of inputs; units are steps
	summing                               // gradients of biases; units are parts of rows
)

// recurrences are kept for the next run, so that nothing is allocated for one.
var recurrences pools

// keptRecurrence is memory for one.
func keptRecurrence[T simd.Float]() *recurrence[T] {
	if r, ok := poolOf[T](&recurrences).Get().(*recurrence[T]); ok {
		return r
	}
	return new(recurrence[T])
}

// release lets go of what r refers to.
func (r *recurrence[T]) release() {
	*r = recurrence[T]{}
	poolOf[T](&recurrences).Put(r)
}

// spread does a phase of units in pieces of grain.
func (r *recurrence[T]) spread(phase recurrentPhase, units, grain int) {
	r.phase = phase
	if units <= grain {
		r.DoRange(0, units)
	} else {
		parallel.For(units, grain, r)
	}
}

// DoRange does units lo ≤ i < hi of the phase.
func (r *recurrence[T]) DoRange(lo, hi int) {
	switch r.phase {
	case gathering, scattering:
		for t := lo; t < hi; t++ {
			r.moveInputs(t)
		}
	case packing:
		for i := range r.parts {
			lo, hi := r.panels(i, lo, hi)
			r.pack(&r.parts[i], lo, hi)
		}
	case allSteps:
		for i := lo; i < hi; i++ {
			r.forwardBlock(r.block(i))
		}
	case stateProduct:
		for i := range r.parts {
			lo, hi := r.panels(i, lo, hi)
			r.addState(r.at, &r.parts[i], 0, r.batch, lo, hi)
		}
	case activation:
		r.activate(r.at, lo*stepRows, min(hi*stepRows, r.batch))
	case allStepsBack:
		for i := lo; i < hi; i++ {
			r.backwardBlock(r.block(i))
		}
	case differentiation:
		r.differentiate(r.at, lo*stepRows, min(hi*stepRows, r.batch))
	case stateGradient:
		w := simd.GemmPanel[T]()
		r.stateGradient(r.at, 0, r.batch, lo*w, min(hi*w, r.out))
	case summing:
		for i := lo; i < hi; i++ {
			r.sumGates(i)
		}
	}
}

// panels are the columns of part i of the product with the state that are in panels
// lo ≤ k < hi, counted through all parts.
func (r *recurrence[T]) panels(i, lo, hi int) (from, to int) {
	w := simd.GemmPanel[T]()
	first := 0
	if i == 1 {
		first = (r.parts[0].cols + w - 1) / w
	}
	cols := r.parts[i].cols
	return min(max(0, lo-first)*w, cols), min(max(0, hi-first)*w, cols)
}

// numPanels is how many there are in all parts.
func (r *recurrence[T]) numPanels() int {
	w := simd.GemmPanel[T]()
	return (r.parts[0].cols+w-1)/w + (r.parts[1].cols+w-1)/w
}
