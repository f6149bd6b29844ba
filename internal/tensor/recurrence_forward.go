package tensor

import (
	"github.com/chainrule-go/chainrule/internal/gemm"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// forward computes the results into dst.
func forward[T simd.Float](s *Recurrence, dst []T, elements func(*Array) []T) {
	r := recurrenceOf(s, elements)
	defer r.release()
	outputs := r.steps * r.batch * r.out
	r.y = dst[:outputs]
	if s.BatchFirst {
		r.spread(gathering, r.steps, max(1, cheapGrain/max(1, r.batch*r.in)))
	}
	bias := borrow[T](r.width)
	defer giveBack(bias)
	r.inputProducts(elements(s.IH), r.biases(bias.buf, elements(s.BiasIH), elements(s.BiasHH)))
	r.start(elements(s.H), elements(s.C))

	packed := r.packedSize()
	if r.steps == 1 {
		packed = 0 // a product that is made once is not worth it
	}
	weights := borrow[T](packed + simd.PackedBLen[T](r.out, r.hidden))
	defer giveBack(weights)
	if r.unpacked = elements(s.HH); r.steps > 1 {
		r.packState(weights.buf)
	}
	if s.HR != nil {
		r.projection = weights.buf[packed:]
		simd.PackB(r.projection, elements(s.HR), 1, r.hidden, r.hidden, r.out)
	}
	if r.steps == 1 {
		r.onlyStep()
	} else if n := r.blocks(); n > 0 {
		r.spread(allSteps, n, 1)
	} else {
		for i := range r.steps {
			r.at = r.time(i)
			if i > 0 || r.begun {
				r.spread(stateProduct, r.numPanels(), r.panelGrain(r.out))
			} else {
				r.addNoState(0, r.batch)
			}
			r.spread(activation, (r.batch+stepRows-1)/stepRows, 1)
		}
	}
	last := r.after(r.time(r.steps - 1))
	rest := dst[outputs:]
	rest = rest[copy(rest, r.rowsAt(r.h, last, 0, r.batch, r.out)):]
	if r.cell == LSTMCell {
		copy(rest, r.rowsAt(r.c, last, 0, r.batch, r.hidden))
	}
}

// moveInputs copies the inputs of step t from where they are given, or back to where their
// gradient goes.
func (r *recurrence[T]) moveInputs(t int) {
	for b := range r.batch {
		at := t*r.xStep + b*r.xRow
		given, byStep := r.input[at:at+r.in], r.x[(t*r.batch+b)*r.in:][:r.in]
		switch {
		case r.phase == gathering:
			copy(byStep, given)
		case r.adding:
			simd.Add(given, given, byStep)
		default:
			copy(given, byStep)
		}
	}
}

// biases is what is added to the gates before the first step, nil for nothing; it tells
// the part of the product with the state that has a bias of its own. buf is memory for it.
func (r *recurrence[T]) biases(buf, ih, hh []T) []T {
	rows := r.cell.Rows() * r.hidden
	r.parts[0] = statePart[T]{cols: rows, add: true}
	if r.cell == GRUCell {
		r.parts[0] = statePart[T]{gate: r.hidden, cols: 2 * r.hidden, add: true}
		r.parts[1] = statePart[T]{gate: 3 * r.hidden, row: 2 * r.hidden, cols: r.hidden}
		if hh != nil {
			r.parts[1].bias = hh[2*r.hidden:]
		}
	}
	if ih == nil && hh == nil {
		return nil
	}
	sum := buf[:rows]
	clear(sum)
	if ih != nil {
		copy(sum, ih)
	}
	if hh != nil {
		first := sum[:r.parts[0].cols]
		simd.Add(first, first, hh[:len(first)])
	}
	return sum
}

// inputProducts sets gates to the products of the inputs, with the bias.
func (r *recurrence[T]) inputProducts(weights, bias []T) {
	rows := r.steps * r.batch
	for _, p := range r.cell.inputParts(r.hidden) {
		if p.cols == 0 {
			continue
		}
		var e gemm.Epilogue[T]
		if bias != nil {
			e.Bias = bias[p.row : p.row+p.cols]
		}
		w := gemm.RowMajor(weights[p.row*r.in:], p.cols, r.in)
		gemm.Mul(matrixAt(r.gates, rows, r.width, p.gate, p.cols), gemm.RowMajor(r.x, rows, r.in), w.T(), e)
	}
}

// start sets the state before the first step.
func (r *recurrence[T]) start(h, c []T) {
	first := r.before(r.time(0))
	copyOrClear(r.rowsAt(r.h, first, 0, r.batch, r.out), h)
	if r.cell == LSTMCell {
		copyOrClear(r.rowsAt(r.c, first, 0, r.batch, r.hidden), c)
	}
}

// copyOrClear sets dst to src, or to zeros if that is nil.
func copyOrClear[T simd.Float](dst, src []T) {
	if src == nil {
		clear(dst)
	} else {
		copy(dst, src)
	}
}

// packedSize is the number of elements of the packed weights of the state.
func (r *recurrence[T]) packedSize() int {
	return simd.PackedBLen[T](r.parts[0].cols, r.out) + simd.PackedBLen[T](r.parts[1].cols, r.out)
}

// onlyStep makes the step where there is one only.
func (r *recurrence[T]) onlyStep() {
	if !r.begun {
		r.addNoState(0, r.batch)
	} else {
		h := gemm.RowMajor(r.rowsAt(r.h, r.before(0), 0, r.batch, r.out), r.batch, r.out)
		for i := range r.parts {
			if p := &r.parts[i]; p.cols > 0 {
				w := gemm.RowMajor(r.unpacked[p.row*r.out:], p.cols, r.out)
				gemm.Mul(matrixAt(r.gates, r.batch, r.width, p.gate, p.cols), h, w.T(), gemm.Epilogue[T]{Accumulate: p.add, Bias: p.bias})
			}
		}
	}
	r.at = 0
	r.spread(activation, (r.batch+stepRows-1)/stepRows, 1+stepGrain/max(1, stepRows*r.width))
}

// packState packs the weights of the state into buf.
func (r *recurrence[T]) packState(buf []T) {
	for i := range r.parts {
		p := &r.parts[i]
		n := simd.PackedBLen[T](p.cols, r.out)
		p.weights, buf = buf[:n:n], buf[n:]
	}
	r.spread(packing, r.numPanels(), max(1, cheapGrain/(simd.GemmPanel[T]()*r.out)))
}

// pack packs the columns lo ≤ j < hi, a number of panels, of a part.
func (r *recurrence[T]) pack(p *statePart[T], lo, hi int) {
	if lo < hi {
		simd.PackB(p.weights[lo*r.out:], r.unpacked[(p.row+lo)*r.out:], 1, r.out, r.out, hi-lo)
	}
}

// panelGrain is how many panels of a product along k are worth a task.
func (r *recurrence[T]) panelGrain(k int) int {
	return max(1, togetherWork/4/max(1, r.batch*k*simd.GemmPanel[T]()))
}

// forwardBlock takes sequences lo ≤ b < hi through all steps.
func (r *recurrence[T]) forwardBlock(lo, hi int) {
	for i := range r.steps {
		t := r.time(i)
		if i > 0 || r.begun {
			for k := range r.parts {
				r.addState(t, &r.parts[k], lo, hi, 0, r.parts[k].cols)
			}
		} else {
			r.addNoState(lo, hi)
		}
		r.activate(t, lo, hi)
	}
}

// addState adds columns from ≤ j < to, a number of panels, of a part of the product with
// the state to the gates of sequences lo ≤ b < hi at time t.
func (r *recurrence[T]) addState(t int, p *statePart[T], lo, hi, from, to int) {
	if from >= to || lo >= hi { // no columns, or no sequences
		return
	}
	g := simd.Gemm[T]{
		M: hi - lo, N: to - from, K: r.out,
		C: r.gates[(t*r.batch+lo)*r.width+p.gate+from:], CRow: r.width,
		A: r.rowsAt(r.h, r.before(t), lo, hi, r.out), ARow: r.out, ACol: 1,
		B: p.weights[from*r.out:], PackedB: true,
		Accumulate: p.add,
	}
	if p.bias != nil {
		g.Bias = p.bias[from:to]
	}
	g.MulOuter()
}

// addNoState is addState at the first step of sequences that start from zeros.
func (r *recurrence[T]) addNoState(lo, hi int) {
	p := &r.parts[1]
	if p.cols == 0 {
		return
	}
	for b := lo; b < hi; b++ {
		copyOrClear(r.gates[(r.time(0)*r.batch+b)*r.width+p.gate:][:p.cols], p.bias)
	}
}

// activate makes the element-wise part of the step at time t for sequences lo ≤ b < hi,
// and the projection.
func (r *recurrence[T]) activate(t, lo, hi int) {
	before, after := r.before(t), r.after(t)
	for lo < hi {
		end, over := r.run(t, lo, hi)
		h := r.rowsAt(r.h, after, lo, end, r.out)
		if over {
			copy(h, r.rowsAt(r.h, before, lo, end, r.out))
			if r.cell == LSTMCell {
				copy(r.rowsAt(r.c, after, lo, end, r.hidden), r.rowsAt(r.c, before, lo, end, r.hidden))
			}
		} else {
			r.step(t, lo, end, h)
		}
		for b := lo; b < end; b++ {
			y := r.y[t*r.yStep+b*r.yRow:][:r.out]
			if over {
				clear(y)
			} else {
				copy(y, h[(b-lo)*r.out:])
			}
		}
		lo = end
	}
}

// step computes the state h after the step at time t of sequences lo ≤ b < hi, which all
// have one.
func (r *recurrence[T]) step(t, lo, hi int, h []T) {
	rows := hi - lo
	result := h
	if r.projects {
		result = r.rowsAt(r.m, r.outputAt(t), lo, hi, r.hidden)
	}
	gates := r.rowsAt(r.gates, t, lo, hi, r.width)
	switch r.cell {
	case LSTMCell:
		simd.LSTM(result, r.rowsAt(r.c, r.after(t), lo, hi, r.hidden), r.rowsAt(r.c, r.before(t), lo, hi, r.hidden), gates, rows)
	case GRUCell:
		simd.GRU(result, r.rowsAt(r.h, r.before(t), lo, hi, r.hidden), gates, rows)
	case TanhCell:
		simd.Tanh(result, gates)
	case ReLUCell:
		simd.ReLU(result, gates)
	}
	if r.projects {
		g := simd.Gemm[T]{
			M: rows, N: r.out, K: r.hidden, C: h, CRow: r.out,
			A: result, ARow: r.hidden, ACol: 1, B: r.projection, PackedB: true,
		}
		g.MulOuter()
	}
}

// outputAt is the position of the outputs before the projection at time t.
func (r *recurrence[T]) outputAt(t int) int {
	if r.keep {
		return t
	}
	return 0
}
