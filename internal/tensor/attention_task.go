package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// attentionTask is one goroutine's work on the heads of an attention, with memory for a
// block of scores and what belongs to it.
type attentionTask[T simd.Float] struct {
	*attention[T]
	head, example int

	scores, dscores []T // a block of them, row by row, and of their gradient
	dropped         []T // weights after dropout
	keysT, valuesT  []T // keys and values of a block, packed, transposed, scaled
	rows            []T // rows that clash in caches, packed
	largest, sums   []T // of the rows of queries so far
	drops           []T // what a row of weights is multiplied by

	q, k, v, y, g, dq, dk, dv []T // from the head's first element on
}

// of sets the head, counted through all examples.
func (t *attentionTask[T]) of(i int) {
	a := t.attention
	t.example, t.head = i/a.Heads, i%a.Heads
	at := func(data []T, m *Matrices) []T {
		if data == nil {
			return nil
		}
		return data[min(len(data), t.example*m.Batch+t.head*m.Heads):]
	}
	t.q, t.k, t.v, t.y = at(a.q, &a.Q), at(a.k, &a.K), at(a.v, &a.V), at(a.y, &a.result)
	t.g, t.dq, t.dk, t.dv = at(a.g, &a.result), at(a.dq, &a.Q), at(a.dk, &a.K), at(a.dv, &a.V)
}

// limit is up to which key, before hi, queries before q see any.
func (t *attentionTask[T]) limit(q, hi int) int {
	if t.Causal {
		return min(hi, t.Past+q)
	}
	return hi
}

// block is a block of scores: queries q ≤ i < q+m, keys k ≤ j < k+n.
type block struct{ q, m, k, n int }

// forward computes queries q0 ≤ i < q1.
func (t *attentionTask[T]) forward(q0, q1 int) {
	if t.Keys == 0 {
		for i := q0; i < q1; i++ {
			clear(t.y[i*t.result.Row:][:t.Out])
			t.setStat(i, math.Inf(1))
		}
		return
	}
	for i := q0; i < q1; i++ {
		t.largest[i], t.sums[i] = T(math.Inf(-1)), 0
	}
	for k := 0; k < t.limit(q1, t.Keys); k += keyBlock {
		n := min(keyBlock, t.Keys-k)
		t.packTransposed(t.keysT, t.k[k*t.K.Row:], t.K.Row, t.Features, n)
		values := t.rowsOf(t.v[k*t.V.Row:], t.V.Row, n, t.Out)
		for q := q0; q < q1; q += queryBlock {
			b := block{q, min(queryBlock, q1-q), k, n}
			if k >= t.limit(q+b.m, t.Keys) {
				continue
			}
			t.scores = t.scoresOf(b)
			t.multiplyScores(b)
			if t.oneBlock() {
				t.weigh(b)
			} else {
				for i := range b.m {
					t.exponentiate(b, i)
				}
			}
			values.A, values.ARow, values.ACol = t.scores, n, 1
			if t.Drop > 0 {
				values.A = t.dropped
			}
			values.C, values.CRow = t.y[q*t.result.Row:], t.result.Row
			values.M, values.Accumulate = b.m, k > 0
			values.MulOuter()
		}
	}
	if t.oneBlock() {
		return
	}
	for i := q0; i < q1; i++ {
		stat := math.Inf(1)
		if sum := t.sums[i]; sum != 0 {
			y := t.y[i*t.result.Row:][:t.Out]
			simd.Scale(y, y, 1/sum)
			stat = float64(t.largest[i]) + math.Log(float64(sum))
		}
		t.setStat(i, stat)
	}
}

func (t *attentionTask[T]) rowNumber(i int) int { return (t.example*t.Heads+t.head)*t.Queries + i }

func (t *attentionTask[T]) setStat(i int, stat float64) {
	if t.stats != nil {
		t.stats[t.rowNumber(i)] = T(stat)
	}
}

// packTransposed packs the transpose of rows lo ≤ i < n of data, times the scale.
func (t *attentionTask[T]) packTransposed(dst, data []T, row, features, n int) {
	simd.PackB(dst, data, 1, row, features, n)
	dst = dst[:simd.PackedBLen[T](n, features)]
	simd.Scale(dst, dst, T(t.Scale))
}

// rowsOf is a product with n rows, of cols elements, that are row elements apart in data.
// They are copied where they would clash in a cache.
func (t *attentionTask[T]) rowsOf(data []T, row, n, cols int) simd.Gemm[T] {
	g := simd.Gemm[T]{N: cols, K: n, B: data, BRow: row, BCol: 1}
	if row*elementSize[T]()%4096 == 0 && n > 8 {
		simd.PackB(t.rows, data, row, 1, n, cols)
		g.B, g.PackedB = t.rows, true
	}
	return g
}

// scoresOf is memory for the scores of a block: where its weights are saved, or the task's.
func (t *attentionTask[T]) scoresOf(b block) []T {
	if t.weights == nil {
		return t.scores
	}
	return t.weights[t.rowNumber(b.q)*b.n:][:b.m*b.n]
}

// multiplyScores sets the block to the products of queries and packed keys.
func (t *attentionTask[T]) multiplyScores(b block) {
	g := simd.Gemm[T]{
		M: b.m, N: b.n, K: t.Features, C: t.scores, CRow: b.n,
		A: t.q[b.q*t.Q.Row:], ARow: t.Q.Row, ACol: 1, B: t.keysT, PackedB: true,
	}
	g.MulOuter()
}

// visible is the scores of row i of the block up to the last that is not masked for being in
// the future, with the bias, and −Inf for those that are masked otherwise. It sets the rest
// of the row to 0.
func (t *attentionTask[T]) visible(b block, i int) []T {
	row := t.scores[i*b.n:][:b.n]
	n := max(0, t.limit(b.q+i+1, b.k+b.n)-b.k)
	clear(row[n:])
	row = row[:n]
	if t.bias != nil && n > 0 {
		simd.Add(row, row, scoreRow(&t.Bias, t.bias, t.example, t.head, b.q+i, b.k, n))
	}
	if t.keep != nil && n > 0 {
		hidden := [1]T{T(math.Inf(-1))}
		simd.Where(row, scoreRow(&t.Keep, t.keep, t.example, t.head, b.q+i, b.k, n), row, hidden[:])
	}
	return row
}

// scoreRow is the elements of n keys from k on of a query's row in data, or one if they
// are all the same.
func scoreRow[T simd.Float](s *Scores, data []T, example, head, query, k, n int) []T {
	at := example*s.Batch + head*s.Heads + query*s.Query + k*s.Key
	return data[at : at+1+(n-1)*s.Key]
}

// exponentiate turns row i of the block into weights less their common factor.
func (t *attentionTask[T]) exponentiate(b block, i int) {
	row := t.visible(b, i)
	q := b.q + i
	before := t.largest[q]
	largest := before
	if len(row) > 0 {
		largest = max(before, simd.MaxOf(row))
	}
	if t.Drop > 0 {
		clear(t.dropped[i*b.n:][:b.n])
	}
	if math.IsInf(float64(largest), -1) {
		clear(row) // nothing was seen yet
		return
	}
	sum := simd.ExpSum(row, row, largest)
	if b.k > 0 && largest != before {
		factor := T(math.Exp(float64(before - largest)))
		y := t.y[q*t.result.Row:][:t.Out]
		simd.Scale(y, y, factor)
		t.sums[q] *= factor
	}
	t.largest[q], t.sums[q] = largest, t.sums[q]+sum
	if t.Drop > 0 {
		t.drop(b, i, row)
	}
}

// weigh turns a block of all keys into weights.
func (t *attentionTask[T]) weigh(b block) {
	if t.Causal || t.bias != nil || t.keep != nil {
		for i := range b.m {
			if row := t.visible(b, i); t.Causal {
				simd.SoftmaxRows(row, 1)
			}
		}
	}
	if !t.Causal {
		simd.SoftmaxRows(t.scores[:b.m*b.n], b.m)
	}
	if t.Drop > 0 {
		for i := range b.m {
			t.drop(b, i, t.scores[i*b.n:][:b.n])
		}
	}
}

// drop sets row i of dropped to the weights of row, which begins with the block, after dropout,
// and returns what they were multiplied by.
func (t *attentionTask[T]) drop(b block, i int, row []T) []T {
	drops, dropped := t.drops[:len(row)], t.dropped[i*b.n:][:b.n]
	dropFactors(drops, t.Seed, t.rowNumber(b.q+i), b.k, t.Drop)
	simd.Mul(dropped[:len(row)], row, drops)
	clear(dropped[len(row):])
	return drops
}

// backward computes the gradients that the pass is for from queries q0 ≤ i < q1 and keys
// k0 ≤ j < k1.
func (t *attentionTask[T]) backward(q0, q1, k0, k1 int) {
	if !t.oneBlock() {
		for i := q0; i < q1; i++ {
			at := i * t.result.Row
			t.sums[i] = T(t.Scale) * simd.Dot(t.g[at:at+t.Out], t.y[at:at+t.Out])
		}
	}
	if k0 == k1 && t.forQ && !t.addQ {
		clearRows(t.dq, t.Q.Row, q0, q1, t.Features)
	}
	for k := k0; k < k1; k += keyBlock {
		n, seen := min(keyBlock, k1-k), false
		if k < t.limit(q1, k1) {
			if t.weights == nil {
				t.packTransposed(t.keysT, t.k[k*t.K.Row:], t.K.Row, t.Features, n)
			}
			t.packTransposed(t.valuesT, t.v[k*t.V.Row:], t.V.Row, t.Out, n)
		}
		for q := q0; q < q1; q += queryBlock {
			if b := (block{q, min(queryBlock, q1-q), k, n}); k < t.limit(q+b.m, k1) {
				t.blockBackward(b, seen)
				seen = true
			}
		}
		if t.forKV && !seen {
			if !t.addK {
				clearRows(t.dk, t.K.Row, k, k+n, t.Features)
			}
			if !t.addV {
				clearRows(t.dv, t.V.Row, k, k+n, t.Out)
			}
		}
	}
}

// clearRows sets cols elements of rows lo ≤ i < hi to 0, unless data is nil.
func clearRows[T simd.Float](data []T, row, lo, hi, cols int) {
	if data == nil {
		return
	}
	for i := lo; i < hi; i++ {
		clear(data[i*row:][:cols])
	}
}

// blockBackward adds what comes from a block to the gradients, or sets those where there is
// nothing yet: of queries in the first block of keys, of keys unless another block of
// queries has been seen.
func (t *attentionTask[T]) blockBackward(b block, seen bool) {
	if t.scores = t.scoresOf(b); t.weights == nil {
		t.multiplyScores(b)
	}
	// The gradient of the weights, scaled: that of queries and keys has the scale as factor.
	g := simd.Gemm[T]{
		M: b.m, N: b.n, K: t.Out, C: t.dscores, CRow: b.n,
		A: t.g[b.q*t.result.Row:], ARow: t.result.Row, ACol: 1, B: t.valuesT, PackedB: true,
	}
	g.MulOuter()
	weights := t.scores
	if t.Drop > 0 {
		weights = t.dropped
	}
	if t.weights == nil || t.Causal || t.Drop > 0 {
		for i := range b.m {
			t.rowBackward(b, i)
		}
	} else {
		// The sums of rows come from what they are subtracted from: a single weight has no
		// gradient.
		simd.SoftmaxRowsBackward(t.dscores[:b.m*b.n], t.scores[:b.m*b.n], b.m)
	}
	if t.forKV && t.dv != nil {
		g := t.rowsOf(t.g[b.q*t.result.Row:], t.result.Row, b.m, t.Out)
		g.A, g.ARow, g.ACol, g.M = weights, 1, b.n, b.n
		g.C, g.CRow, g.Accumulate = t.dv[b.k*t.V.Row:], t.V.Row, t.addV || seen
		g.MulOuter()
	}
	if t.forKV && t.dk != nil {
		g := t.rowsOf(t.q[b.q*t.Q.Row:], t.Q.Row, b.m, t.Features)
		g.A, g.ARow, g.ACol, g.M = t.dscores, 1, b.n, b.n
		g.C, g.CRow, g.Accumulate = t.dk[b.k*t.K.Row:], t.K.Row, t.addK || seen
		g.MulOuter()
	}
	if t.forQ {
		g := t.rowsOf(t.k[b.k*t.K.Row:], t.K.Row, b.n, t.Features)
		g.A, g.ARow, g.ACol, g.M = t.dscores, b.n, 1, b.m
		g.C, g.CRow, g.Accumulate = t.dq[b.q*t.Q.Row:], t.Q.Row, t.addQ || b.k > 0
		g.MulOuter()
	}
}

// rowBackward turns row i of the block into weights, and of their gradient into that of
// scores, scaled.
func (t *attentionTask[T]) rowBackward(b block, i int) {
	q := b.q + i
	row, gradient := t.scores[i*b.n:][:b.n], t.dscores[i*b.n:][:b.n]
	if t.weights == nil {
		row = t.visible(b, i)
		stat := t.stats[t.rowNumber(q)]
		if math.IsInf(float64(stat), 1) { // it sees nothing
			clear(row)
			clear(gradient)
			if t.Drop > 0 {
				clear(t.dropped[i*b.n:][:b.n])
			}
			return
		}
		simd.ExpSum(row, row, stat)
	} else {
		row = row[:max(0, t.limit(q+1, b.n))]
	}
	clear(gradient[len(row):])
	gradient = gradient[:len(row)]
	if t.Drop > 0 {
		simd.Mul(gradient, gradient, t.drop(b, i, row))
	}
	if t.weights != nil {
		simd.SoftmaxRowsBackward(gradient, row, 1)
	} else {
		simd.SoftmaxGradient(gradient, gradient, row, t.sums[q])
	}
}
