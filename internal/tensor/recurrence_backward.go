package tensor

import (
	"github.com/chainrule-go/chainrule/internal/gemm"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// backward computes the gradients.
func backward[T simd.Float](s *Recurrence, grad []T, to *RecurrentGradients, elements func(*Array) []T) {
	r := recurrenceOf(s, elements)
	defer r.release()
	rows := r.steps * r.batch
	projected := 0 // elements of the gradient of projections
	if s.HR != nil {
		projected = rows * r.out
	}
	memory := borrow[T](rows*r.width + r.batch*(r.out+r.hidden) + projected)
	defer giveBack(memory)
	r.dgates, r.dout = memory.buf[:rows*r.width], memory.buf[rows*r.width:][:projected]
	states := memory.buf[rows*r.width+projected:]
	r.dh, r.dc = states[:r.batch*r.out], states[r.batch*r.out:]

	outputs := rows * r.out
	r.y = grad[:outputs]
	copy(r.dh, grad[outputs:])
	if r.cell == LSTMCell {
		copy(r.dc, grad[outputs+r.batch*r.out:])
	}
	r.needsFirstState = to.H.To != nil

	window := r.cell.Rows() * r.hidden
	weights := borrow[T](simd.PackedBLen[T](r.out, window) + simd.PackedBLen[T](r.hidden, r.out))
	defer giveBack(weights)
	size := simd.PackedBLen[T](r.out, window)
	r.parts[0] = statePart[T]{weights: weights.buf[:size], cols: r.out}
	if r.unpacked = elements(s.HH); r.steps > 1 {
		simd.PackB(r.parts[0].weights, r.unpacked, r.out, 1, window, r.out)
	}
	if s.HR != nil {
		r.projection = weights.buf[size:]
		simd.PackB(r.projection, elements(s.HR), r.hidden, 1, r.out, r.hidden)
	}
	if r.steps == 1 {
		r.onlyStepBack(window)
	} else if n := r.blocks(); n > 0 {
		r.spread(allStepsBack, n, 1)
	} else {
		r.addUpstream(r.steps-1, 0, r.batch)
		for i := r.steps - 1; i >= 0; i-- {
			r.at = r.time(i)
			r.spread(differentiation, (r.batch+stepRows-1)/stepRows, 1)
			if i > 0 || r.needsFirstState {
				r.spread(stateGradient, r.numPanels(), r.panelGrain(window))
			}
		}
	}
	deliver(to.H, r.dh, 0, elements)
	deliver(to.C, r.dc, 0, elements)
	r.weightGradients(s, to, elements)
	r.inputGradient(s, to.X, elements)
}

// onlyStepBack goes back where there is one step only.
func (r *recurrence[T]) onlyStepBack(window int) {
	r.at = 0
	r.addUpstream(0, 0, r.batch)
	r.spread(differentiation, (r.batch+stepRows-1)/stepRows, 1+stepGrain/max(1, stepRows*r.width))
	if r.needsFirstState {
		d := matrixAt(r.dgates, r.batch, r.width, r.cell.stateWindow(r.hidden), window)
		gemm.Mul(gemm.RowMajor(r.dh, r.batch, r.out), d, gemm.RowMajor(r.unpacked, window, r.out), gemm.Epilogue[T]{Accumulate: true})
	}
}

// deliver puts a gradient, or a part of it from element at on, where it goes, if anywhere.
func deliver[T simd.Float](to RecurrentGradient, grad []T, at int, elements func(*Array) []T) {
	if to.To == nil {
		return
	}
	dst := elements(to.To)[at : at+len(grad)]
	if to.Add {
		simd.Add(dst, dst, grad)
	} else {
		copy(dst, grad)
	}
}

// backwardBlock takes sequences lo ≤ b < hi back through all steps.
func (r *recurrence[T]) backwardBlock(lo, hi int) {
	r.addUpstream(r.steps-1, lo, hi)
	for i := r.steps - 1; i >= 0; i-- {
		t := r.time(i)
		r.differentiate(t, lo, hi)
		if i > 0 || r.needsFirstState {
			r.stateGradient(t, lo, hi, 0, r.out)
		}
	}
}

// addUpstream adds the gradients of the outputs of the i-th step to those of the state.
func (r *recurrence[T]) addUpstream(i, lo, hi int) {
	t := r.time(i)
	for b := lo; b < hi; b++ {
		if !r.over(t, b) {
			dh := r.dh[b*r.out:][:r.out]
			simd.Add(dh, dh, r.y[t*r.yStep+b*r.yRow:][:r.out])
		}
	}
}

// differentiate makes the element-wise part of the way back through the step at time t for
// sequences lo ≤ b < hi. It leaves the gradient of the state before but for what comes by
// way of the product, to which the gradient of the outputs before is added.
func (r *recurrence[T]) differentiate(t, lo, hi int) {
	for lo < hi {
		end, over := r.run(t, lo, hi)
		if over {
			clear(r.rowsAt(r.dgates, t, lo, end, r.width))
			if r.projects {
				clear(r.rowsAt(r.dout, t, lo, end, r.out))
			}
		} else {
			r.stepBack(t, lo, end)
		}
		r.passOn(t, lo, end, over || r.cell == GRUCell)
		lo = end
	}
}

// stepBack computes the gradients of the gates at time t of sequences lo ≤ b < hi, which
// all have a step then.
func (r *recurrence[T]) stepBack(t, lo, hi int) {
	rows := hi - lo
	dh := r.rowsAt(r.dh, 0, lo, hi, r.out)
	if r.projects {
		copy(r.rowsAt(r.dout, t, lo, hi, r.out), dh)
		buf := borrow[T](rows * r.hidden)
		defer giveBack(buf)
		g := simd.Gemm[T]{
			M: rows, N: r.hidden, K: r.out, C: buf.buf, CRow: r.hidden,
			A: dh, ARow: r.out, ACol: 1, B: r.projection, PackedB: true,
		}
		g.MulOuter()
		dh = buf.buf
	}
	gates, dgates := r.rowsAt(r.gates, t, lo, hi, r.width), r.rowsAt(r.dgates, t, lo, hi, r.width)
	switch r.cell {
	case LSTMCell:
		simd.LSTMBackward(r.rowsAt(r.dc, 0, lo, hi, r.hidden), dh, r.rowsAt(r.c, r.after(t), lo, hi, r.hidden),
			r.rowsAt(r.c, r.before(t), lo, hi, r.hidden), gates, dgates, rows)
	case GRUCell:
		simd.GRUBackward(dh, r.rowsAt(r.h, r.before(t), lo, hi, r.hidden), gates, dgates, rows)
	case TanhCell:
		simd.TanhBackward(dgates, dh, r.rowsAt(r.h, r.after(t), lo, hi, r.hidden))
	case ReLUCell:
		simd.ReLUBackward(dgates, dh, r.rowsAt(r.h, r.after(t), lo, hi, r.hidden))
	}
}

// passOn sets the gradient of the state of sequences lo ≤ b < hi to that of the outputs of
// the step before time t, or adds that to it.
func (r *recurrence[T]) passOn(t, lo, hi int, add bool) {
	t--
	if r.reverse {
		t += 2
	}
	for b := lo; b < hi; b++ {
		dh := r.dh[b*r.out:][:r.out]
		switch upstream := t >= 0 && t < r.steps && !r.over(t, b); {
		case !upstream && !add:
			clear(dh)
		case !upstream:
		case add:
			simd.Add(dh, dh, r.y[t*r.yStep+b*r.yRow:][:r.out])
		default:
			copy(dh, r.y[t*r.yStep+b*r.yRow:])
		}
	}
}

// stateGradient adds to columns from ≤ j < to of the gradient of the state what comes from
// the product with it at time t, for sequences lo ≤ b < hi.
func (r *recurrence[T]) stateGradient(t, lo, hi, from, to int) {
	if lo >= hi {
		return // no sequences
	}
	window := r.cell.Rows() * r.hidden
	g := simd.Gemm[T]{
		M: hi - lo, N: to - from, K: window,
		C: r.dh[lo*r.out+from:], CRow: r.out,
		A:    r.dgates[(t*r.batch+lo)*r.width+r.cell.stateWindow(r.hidden):],
		ARow: r.width, ACol: 1,
		B: r.parts[0].weights[from*window:], PackedB: true, Accumulate: true,
	}
	g.MulOuter()
}

// weightGradients are products over all steps.
func (r *recurrence[T]) weightGradients(s *Recurrence, to *RecurrentGradients, elements func(*Array) []T) {
	rows := r.steps * r.batch
	if dst := elements(to.IH.To); dst != nil {
		x := gemm.RowMajor(r.x, rows, r.in)
		for _, p := range r.cell.inputParts(r.hidden) {
			if p.cols > 0 {
				d := matrixAt(r.dgates, rows, r.width, p.gate, p.cols)
				gemm.Mul(gemm.RowMajor(dst[p.row*r.in:], p.cols, r.in), d.T(), x, gemm.Epilogue[T]{Accumulate: to.IH.Add})
			}
		}
	}
	window, first := r.cell.Rows()*r.hidden, r.cell.stateWindow(r.hidden)
	if dst := elements(to.HH.To); dst != nil {
		dgates, h := r.dgates, r.h
		if r.reverse {
			h = h[r.batch*r.out:]
		}
		if !r.begun { // the state before the first step is 0
			rows -= r.batch
			if !r.reverse {
				dgates, h = dgates[r.batch*r.width:], h[r.batch*r.out:]
			}
		}
		d := matrixAt(dgates, rows, r.width, first, window)
		gemm.Mul(gemm.RowMajor(dst, window, r.out), d.T(), gemm.RowMajor(h, rows, r.out), gemm.Epilogue[T]{Accumulate: to.HH.Add})
		rows = r.steps * r.batch
	}
	if dst := elements(to.HR.To); dst != nil {
		d := gemm.RowMajor(r.dout, rows, r.out)
		gemm.Mul(gemm.RowMajor(dst, r.out, r.hidden), d.T(), gemm.RowMajor(r.m, rows, r.hidden), gemm.Epilogue[T]{Accumulate: to.HR.Add})
	}
	if to.BiasIH.To == nil && to.BiasHH.To == nil {
		return
	}
	// Parts of the rows are added up by themselves, in order.
	sums := borrow[T]((sumParts + 1) * r.width)
	defer giveBack(sums)
	r.sums = sums.buf[r.width:]
	r.spread(summing, sumParts, 1)
	simd.SumRows(sums.buf[:r.width], r.sums, sumParts, r.width, false)
	for _, p := range r.cell.inputParts(r.hidden) {
		deliver(to.BiasIH, sums.buf[p.gate:p.gate+p.cols], p.row, elements)
	}
	deliver(to.BiasHH, sums.buf[first:first+window], 0, elements)
}

// sumParts is how many parts of rows are added up by themselves.
const sumParts = 8

// sumGates adds up part i of the rows of the gradient of gates.
func (r *recurrence[T]) sumGates(i int) {
	rows := r.steps * r.batch
	lo, hi := i*rows/sumParts, (i+1)*rows/sumParts
	simd.SumRows(r.sums[i*r.width:][:r.width], r.dgates[lo*r.width:hi*r.width], hi-lo, r.width, false)
}

// inputGradient is a product over all steps.
func (r *recurrence[T]) inputGradient(s *Recurrence, to RecurrentGradient, elements func(*Array) []T) {
	if to.To == nil {
		return
	}
	rows := r.steps * r.batch
	dst, add := elements(to.To), to.Add
	byStep := dst
	if s.BatchFirst {
		buf := borrow[T](rows * r.in)
		defer giveBack(buf)
		byStep, add = buf.buf, false
	}
	weights := elements(s.IH)
	for _, p := range r.cell.inputParts(r.hidden) {
		if p.cols > 0 {
			w := gemm.RowMajor(weights[p.row*r.in:], p.cols, r.in)
			gemm.Mul(gemm.RowMajor(byStep, rows, r.in), matrixAt(r.dgates, rows, r.width, p.gate, p.cols), w, gemm.Epilogue[T]{Accumulate: add})
			add = true
		}
	}
	if s.BatchFirst {
		r.x, r.input, r.adding = byStep, dst, to.Add
		r.spread(scattering, r.steps, max(1, cheapGrain/max(1, r.batch*r.in)))
	}
}
