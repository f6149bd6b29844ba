package simd

import (
	"fmt"
	"math"
)

// This file holds the element-wise part of a step of recurrent layers. All operands are
// matrices whose rows follow each other: one for each sequence, of the units of the state
// or of several pieces as long. Where an upstream gradient is exactly 0 what comes from it
// is exactly 0.

// LSTM makes a step of rows sequences. A row of gates has the pieces i, f, g and o, which
// are activated in place, a row of the others one:
//
//	i, f, g, o ← σ(i), σ(f), tanh g, σ(o)
//	c = f·prev + i·g
//	h = o·tanh c
//
// c may be prev.
func LSTM[T Float](h, c, prev, gates []T, rows int) {
	if checkRows("LSTM", rows, len(h), len(gates), len(c), len(prev), len(prev)) {
		lstmKernel(h, c, prev, gates, rows)
	}
}

func lstmGeneric[T Float](h, c, prev, gates []T, rows int) {
	n := len(h) / rows
	for r := range rows {
		in, forget, cell, out := pieces(gates, r, n)
		h, c, prev := h[r*n:][:n], c[r*n:][:n], prev[r*n:][:n]
		for i := range n {
			in[i], forget[i], out[i] = T(sigmoid(float64(in[i]))), T(sigmoid(float64(forget[i]))), T(sigmoid(float64(out[i])))
			cell[i] = T(math.Tanh(float64(cell[i])))
			c[i] = forget[i]*prev[i] + in[i]*cell[i]
			h[i] = out[i] * T(math.Tanh(float64(c[i])))
		}
	}
}

// LSTMBackward is the way back through LSTM. gates are the activated ones, dh is the
// gradient of h and dc that of c by all other ways. It sets dgates to the gradient of the
// gates before activation, and dc to that of prev. With t = tanh c and
// d = dc + dh·o·(1−t²):
//
//	dgates = d·g·i(1−i), d·prev·f(1−f), d·i·(1−g²), dh·t·o(1−o)
//	dc ← d·f
func LSTMBackward[T Float](dc, dh, c, prev, gates, dgates []T, rows int) {
	if checkRows("LSTMBackward", rows, len(dc), len(gates), len(dh), len(c), len(prev)) {
		checkUnary("LSTMBackward", gates, dgates)
		lstmBackwardKernel(dc, dh, c, prev, gates, dgates, rows)
	}
}

func lstmBackwardGeneric[T Float](dc, dh, c, prev, gates, dgates []T, rows int) {
	n := len(dc) / rows
	for r := range rows {
		in, forget, cell, out := pieces(gates, r, n)
		din, dforget, dcell, dout := pieces(dgates, r, n)
		dc, dh, c, prev := dc[r*n:][:n], dh[r*n:][:n], c[r*n:][:n], prev[r*n:][:n]
		for i := range n {
			t := T(math.Tanh(float64(c[i])))
			d := dc[i] + strongMul(dh[i], out[i]*((1-t)*(1+t)))
			dout[i] = strongMul(dh[i], t*(out[i]*(1-out[i])))
			din[i] = strongMul(d, cell[i]*(in[i]*(1-in[i])))
			dforget[i] = strongMul(d, prev[i]*(forget[i]*(1-forget[i])))
			dcell[i] = strongMul(d, in[i]*((1-cell[i])*(1+cell[i])))
			dc[i] = strongMul(d, forget[i])
		}
	}
}

// GRU makes a step of rows sequences. A row of gates has the pieces n, r, z and m, where m
// is what n takes from the state; the first three are activated in place:
//
//	r, z ← σ(r), σ(z)
//	n ← tanh(n + r·m)
//	h = n + z·(prev − n)
//
// h may be prev.
func GRU[T Float](h, prev, gates []T, rows int) {
	if checkRows("GRU", rows, len(h), len(gates), len(prev), len(prev), len(prev)) {
		gruKernel(h, prev, gates, rows)
	}
}

func gruGeneric[T Float](h, prev, gates []T, rows int) {
	size := len(h) / rows
	for row := range rows {
		n, r, z, m := pieces(gates, row, size)
		h, prev := h[row*size:][:size], prev[row*size:][:size]
		for i := range size {
			r[i], z[i] = T(sigmoid(float64(r[i]))), T(sigmoid(float64(z[i])))
			n[i] = T(math.Tanh(float64(n[i] + r[i]*m[i])))
			h[i] = n[i] + z[i]*(prev[i]-n[i])
		}
	}
}

// GRUBackward is the way back through GRU, with gates as that leaves them and dh the
// gradient of h. It sets dgates to the gradient of n, r and z before activation and of m,
// and dh to the part of prev's that does not come by way of the gates:
//
//	dgates = dn, dn·m·r(1−r), dh·(prev−n)·z(1−z), dn·r  with dn = dh·(1−z)(1−n²)
//	dh ← dh·z
func GRUBackward[T Float](dh, prev, gates, dgates []T, rows int) {
	if checkRows("GRUBackward", rows, len(dh), len(gates), len(prev), len(prev), len(prev)) {
		checkUnary("GRUBackward", gates, dgates)
		gruBackwardKernel(dh, prev, gates, dgates, rows)
	}
}

func gruBackwardGeneric[T Float](dh, prev, gates, dgates []T, rows int) {
	size := len(dh) / rows
	for row := range rows {
		n, r, z, m := pieces(gates, row, size)
		dn, dr, dz, dm := pieces(dgates, row, size)
		dh, prev := dh[row*size:][:size], prev[row*size:][:size]
		for i := range size {
			dz[i] = strongMul(dh[i], (prev[i]-n[i])*(z[i]*(1-z[i])))
			d := strongMul(dh[i], (1-z[i])*((1-n[i])*(1+n[i])))
			dr[i] = strongMul(d, m[i]*(r[i]*(1-r[i])))
			dn[i], dm[i] = d, strongMul(d, r[i])
			dh[i] = strongMul(dh[i], z[i])
		}
	}
}

// pieces are the four of row r of gates, of n elements each.
func pieces[T Float](gates []T, r, n int) (a, b, c, d []T) {
	g := gates[4*n*r:][:4*n]
	return g[:n:n], g[n:][:n:n], g[2*n:][:n:n], g[3*n:]
}

// checkRows reports whether there is anything to do for rows rows of matrices of size
// elements, gates of four times as many. It panics if the lengths do not fit.
func checkRows(op string, rows, size, gates, a, b, c int) bool {
	if rows < 0 || size > 0 && (rows == 0 || size%rows != 0) {
		panicRows(op, rows, size)
	}
	if a != size || b != size || c != size {
		panicLengths(op, size, a, b, c)
	}
	if gates != 4*size {
		panicLength(op, "gates", gates, 4*size)
	}
	return size > 0
}

//go:noinline
func panicRows(op string, rows, size int) {
	panic(fmt.Sprintf("simd: %s: %d elements cannot be divided into %d rows", op, size, rows))
}
