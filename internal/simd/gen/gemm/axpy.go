package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmSums.
const (
	sumA      field = 8 * iota
	sumB            // moves on with each group
	sumC            //
	sumMask         // of the columns left over
	sumGroups       // groups of rows of B
	sumVecs         // whole vectors of columns
	sumARow         // the following are distances in bytes
	sumACol
	sumBRow
	sumCRow
	sumFlags
)

// axpy emits the kernel that adds multiples of rows of B to a few rows of C: each
// pass over C takes a group of rows of B, read from end to end.
func (c file) axpy(e element, rows, group int) {
	name := fmt.Sprintf("gemmAxpy%dx%d%s", rows, group, e.name)
	doc := fmt.Sprintf("adds multiples of groups of %d rows of B to %d rows of C.", group, rows)
	f := c.begin(e, name, doc, "gemmSums")
	a, start, groups, flags := f.get(sumA), f.get(sumB), f.get(sumGroups), f.get(sumFlags)
	f.Label("group")
	factors := f.factors(a, rows, group)

	bRow, cRow := f.get(sumBRow), f.get(sumCRow)
	bases := f.pointers(start, bRow, group)
	to, n := f.get(sumC), f.get(sumVecs)
	pass := func(load func(operand.Mem, operand.Op), store func(operand.Op, operand.Mem)) {
		acc := make([]vec, rows)
		for i := range acc {
			acc[i] = f.zero()
		}
		f.when(flags, flagAccumulate, fmt.Sprint("accumulate", f.label()), func() {
			for i := range acc {
				load(rowAt(to, cRow, i), acc[i])
			}
		})
		for p := range group {
			b := f.vector()
			load(rowAt(bases[p/3], bRow, p%3), b)
			for i := range acc {
				f.emit("VFMADD231"+f.ps, b, factors[i][p], acc[i])
			}
		}
		for i := range acc {
			store(acc[i], rowAt(to, cRow, i))
		}
	}
	f.TESTQ(n, n)
	f.JEQ(operand.LabelRef("rest"))
	f.Label("vector")
	pass(f.load, f.store)
	for _, p := range append([]gp{to}, bases...) {
		f.ADDQ(operand.Imm(uint64(f.set.width)), p)
	}
	f.DECQ(n)
	f.JNE(operand.LabelRef("vector"))
	f.Label("rest")
	f.when(flags, flagRest, "more", func() {
		mask := f.loadMask(sumMask, f.set.width)
		pass(func(m operand.Mem, v operand.Op) { f.loadMasked(m, mask, v) },
			func(v operand.Op, m operand.Mem) { f.storeMasked(v, mask, m) })
	})

	// From the second group on, C holds the sum so far.
	f.ORQ(operand.Imm(flagAccumulate), flags)
	f.IMUL3Q(operand.Imm(uint64(group)), bRow, bRow)
	f.ADDQ(bRow, start)
	f.DECQ(groups)
	f.JNE(operand.LabelRef("group"))
	f.end()
}

// factors returns the elements of A that a group of rows of B is multiplied with
// and moves a on to the next ones.
func (f *function) factors(a gp, rows, group int) [][]vec {
	aRow, aCol := f.get(sumARow), f.get(sumACol)
	factors := make([][]vec, rows)
	for range group {
		for i := range rows {
			factors[i] = append(factors[i], f.broadcast(rowAt(a, aRow, i)))
		}
		f.ADDQ(aCol, a)
	}
	return factors
}

// rowAt is the place i rows after p, for i up to 2.
func rowAt(p, row gp, i int) operand.Mem {
	m := operand.Mem{Base: p}
	if i > 0 {
		m.Index, m.Scale = row, uint8(i)
	}
	return m
}

// pointers returns pointers to the rows from start on, row apart, of which each reaches
// three of n by rowAt.
func (f *function) pointers(start, row gp, n int) []gp {
	p := []gp{f.GP64()}
	f.MOVQ(start, p[0])
	for len(p) < (n+2)/3 {
		next := f.GP64()
		f.LEAQ(operand.Mem{Base: p[len(p)-1], Index: row, Scale: 2}, next)
		f.ADDQ(row, next)
		p = append(p, next)
	}
	return p
}
