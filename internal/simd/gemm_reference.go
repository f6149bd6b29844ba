package simd

// The references of the matrix-product kernels. They run wherever the assembly
// does not, so they too keep blocks of C in registers.

// outerGeneric is the reference of MulOuter.
func (g *Gemm[T]) outerGeneric() {
	w := GemmPanel[T]()
	tiles := tilesOf(g.M)
	for j := 0; j < g.N; j += w {
		b, bRow := g.B[min(j, len(g.B)):], g.BRow
		if g.PackedB {
			b, bRow = g.B[j*g.K:], w
		}
		i, a := 0, g.A
		for h := tileRows(); h > 0; h-- {
			for range tiles[h] {
				t := block[T]{g, i, j, h, min(w, g.N-j), a, g.ARow, g.ACol, b, bRow}
				step := h * g.ARow
				if g.PackedA {
					t.aRow, t.aCol = 1, h
					step = h*g.K + packPad
				}
				t.outer()
				i += h
				a = a[min(step, len(a)):]
			}
		}
	}
}

// block is a block of C, h × w elements from (i, j) on, and what it takes of A and
// B.
type block[T Float] struct {
	g          *Gemm[T]
	i, j, h, w int
	a          []T
	aRow, aCol int
	b          []T
	bRow       int
}

// outer computes the block in pieces of two rows and four columns, the rest
// element by element.
func (t *block[T]) outer() {
	for i := 0; i < t.h; i += 2 {
		for j := 0; j < t.w; j += 4 {
			if t.h-i >= 2 && t.w-j >= 4 {
				t.two(i, j)
				continue
			}
			for di := range min(2, t.h-i) {
				for dj := range min(4, t.w-j) {
					t.one(i+di, j+dj)
				}
			}
		}
	}
}

// two computes two rows of four elements.
func (t *block[T]) two(i, j int) {
	var s0, s1 [4]T
	a, b, ia, ib := t.a, t.b, i*t.aRow, j
	for range t.g.K {
		x, y := a[ia], a[ia+t.aRow]
		row := b[ib : ib+4 : ib+4]
		s0[0] += x * row[0]
		s1[0] += y * row[0]
		s0[1] += x * row[1]
		s1[1] += y * row[1]
		s0[2] += x * row[2]
		s1[2] += y * row[2]
		s0[3] += x * row[3]
		s1[3] += y * row[3]
		ia += t.aCol
		ib += t.bRow
	}
	for d := range 4 {
		t.g.finish(t.i+i, t.j+j+d, s0[d])
		t.g.finish(t.i+i+1, t.j+j+d, s1[d])
	}
}

// one computes one element.
func (t *block[T]) one(i, j int) {
	var sum T
	for p := range t.g.K {
		sum += t.a[i*t.aRow+p*t.aCol] * t.b[p*t.bRow+j]
	}
	t.g.finish(t.i+i, t.j+j, sum)
}

// finish applies the epilogue to the sum of element (i, j) and stores it.
func (g *Gemm[T]) finish(i, j int, sum T) {
	c := &g.C[i*g.CRow+j]
	if g.Accumulate {
		sum += *c
	}
	switch {
	case g.Bias != nil:
		sum += g.Bias[j]
	case g.RowBias != nil:
		sum += g.RowBias[i]
	}
	*c = sum
}

// dotGeneric is the reference of MulDot.
func (g *Gemm[T]) dotGeneric() {
	for i := range g.M {
		a := g.rowOf(g.A, i*g.ARow)
		j := 0
		for ; j+4 <= g.N; j += 4 {
			var s [4]T
			b0, b1 := g.rowOf(g.B, j*g.BCol), g.rowOf(g.B, (j+1)*g.BCol)
			b2, b3 := g.rowOf(g.B, (j+2)*g.BCol), g.rowOf(g.B, (j+3)*g.BCol)
			for p, x := range a {
				s[0] += x * b0[p]
				s[1] += x * b1[p]
				s[2] += x * b2[p]
				s[3] += x * b3[p]
			}
			for d, v := range s {
				g.finish(i, j+d, v)
			}
		}
		for ; j < g.N; j++ {
			var s T
			b := g.rowOf(g.B, j*g.BCol)
			for p, x := range a {
				s += x * b[p]
			}
			g.finish(i, j, s)
		}
	}
}

// rowOf is the K elements of s from there on.
func (g *Gemm[T]) rowOf(s []T, from int) []T {
	if g.K <= 0 {
		return nil
	}
	return s[from : from+g.K : from+g.K]
}

// axpyGeneric is the reference of MulAxpy.
func (g *Gemm[T]) axpyGeneric() {
	for i := range g.M {
		c := g.C[i*g.CRow:][:g.N]
		if !g.Accumulate {
			clear(c)
		}
		for p := range g.K {
			x := g.A[i*g.ARow+p*g.ACol]
			b := g.B[p*g.BRow:][:len(c)]
			for j, y := range b {
				c[j] += x * y
			}
		}
	}
}
