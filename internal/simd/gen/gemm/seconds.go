package main

import "github.com/mmcloughlin/avo/operand"

// Fields of gemmSeconds.
const (
	secondsDst   field = 8 * iota
	secondsSrc         // every second element of which is taken, or which are put to the places with even indices
	secondsOther       // are put to those with odd ones
	secondsIndex       // of the permutations of pairs of vectors, 64 bytes each
	secondsMasks       // of what is loaded and stored last, maskBytes each
	secondsVecs        // that are not masked
	secondsRows
	secondsDstRow // the following are distances in bytes
	secondsSrcRow
	secondsOtherRow
	secondsFlags
)

// seconds is a kernel under construction for every second element of rows.
type seconds struct {
	planes
	masks    [4]operand.Op
	dst, src gp
	other    gp
}

// rows emits a loop over rows, of whole vectors and a masked one.
func (f *seconds) rows(masks int, other bool, do func(masked bool)) {
	if f.set.width == 64 {
		index := f.get(secondsIndex)
		f.even, f.odd = f.vector(), f.vector()
		f.load(operand.Mem{Base: index}, f.even)
		f.load(operand.Mem{Base: index, Disp: 64}, f.odd)
	}
	table := f.get(secondsMasks)
	for i := range masks {
		f.masks[i] = f.maskFrom(operand.Mem{Base: table, Disp: maskBytes * i}, f.set.width)
	}
	type row struct {
		at   *gp
		from gp
		next field
	}
	list := []row{{&f.dst, f.get(secondsDst), secondsDstRow}, {&f.src, f.get(secondsSrc), secondsSrcRow}}
	if other {
		list = append(list, row{&f.other, f.get(secondsOther), secondsOtherRow})
	}
	rows := f.get(secondsRows)
	f.Label("row")
	for _, r := range list {
		*r.at = f.copyOf(r.from)
	}
	vecs := f.get(secondsVecs)
	f.TESTQ(vecs, vecs)
	f.JEQ(operand.LabelRef("last"))
	f.Label("vector")
	do(false)
	f.DECQ(vecs)
	f.JNE(operand.LabelRef("vector"))
	f.Label("last")
	do(true)
	for _, r := range list {
		f.ADDQ(f.at(r.next), r.from)
	}
	f.DECQ(rows)
	f.JNE(operand.LabelRef("row"))
	f.end()
}

// vec returns the vector at m.
func (f *seconds) vec(m operand.Mem, mask operand.Op, masked bool) vec {
	if masked {
		return f.masked(m, mask)
	}
	v := f.vector()
	f.load(m, v)
	return v
}

// put stores v.
func (f *seconds) put(v vec, m operand.Mem, mask operand.Op, masked bool) {
	if masked {
		f.storeMasked(v, mask, m)
	} else {
		f.store(v, m)
	}
}

// everySecond emits the kernel that takes every second element of rows.
func (c file) everySecond(e element) {
	f := &seconds{planes: planes{function: c.begin(e, "gemmEverySecond"+e.name, "takes every second element of rows.", "gemmSeconds")}}
	f.rows(3, false, func(masked bool) {
		low := f.vec(operand.Mem{Base: f.src}, f.masks[0], masked)
		high := f.vec(operand.Mem{Base: f.src, Disp: f.set.width}, f.masks[1], masked)
		even, _ := f.apart(low, high, false)
		f.put(even, operand.Mem{Base: f.dst}, f.masks[2], masked)
		if !masked {
			f.ADDQ(operand.U32(2*f.set.width), f.src)
			f.ADDQ(operand.U32(f.set.width), f.dst)
		}
	})
}

// alternate emits the kernel that puts the elements of two matrices in turn.
func (c file) alternate(e element) {
	f := &seconds{planes: planes{function: c.begin(e, "gemmAlternate"+e.name, "puts the elements of rows of two matrices in turn.", "gemmSeconds")}}
	f.rows(4, true, func(masked bool) {
		x := f.vec(operand.Mem{Base: f.src}, f.masks[0], masked)
		y := f.vec(operand.Mem{Base: f.other}, f.masks[1], masked)
		low, high := f.together(x, y)
		to := []operand.Mem{{Base: f.dst}, {Base: f.dst, Disp: f.set.width}}
		name := "whole"
		if masked {
			name = "last"
		}
		f.when(f.get(secondsFlags), flagAccumulate, "accumulate_"+name, func() {
			for i, v := range []vec{low, high} {
				f.emit("VADD"+f.ps, f.vec(to[i], f.masks[2+i], masked), v, v)
			}
		})
		for i, v := range []vec{low, high} {
			f.put(v, to[i], f.masks[2+i], masked)
		}
		if !masked {
			f.ADDQ(operand.U32(2*f.set.width), f.dst)
			f.ADDQ(operand.U32(f.set.width), f.src)
			f.ADDQ(operand.U32(f.set.width), f.other)
		}
	})
}
