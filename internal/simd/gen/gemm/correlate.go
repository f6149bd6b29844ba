package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmTaps.
const (
	tapsDst     field = 8 * iota // of results, or the sums of taps
	tapsSrc                      // images
	tapsWeights                  // or what windows are multiplied with
	tapsOffsets                  // of taps, in elements
	tapsBias
	tapsMask // of the last vector of a row; for sums, of the first half of the last pair
	tapsMaskHigh
	tapsK      // taps
	tapsRows   // the following are of rows
	tapsGroups // of vectors that are not masked
	tapsDstRow // distances in bytes
	tapsSrcRow
	tapsFlags
	tapsDstNext // distances from one result to the next and from its weights to the next ones
	tapsWeightsNext
)

// Sizes of the kernels of few channels.
const (
	tapVecs = 4 // vectors of a row that are computed together
	tapSums = 5 // taps whose sums are computed together
)

func correlateName(e element, rows, vecs int) string {
	return fmt.Sprintf("gemmCorrelate%dx%d%s", rows, vecs, e.name)
}

func tapSumsName(e element, rows, taps int) string {
	return fmt.Sprintf("gemmTapSums%dx%d%s", rows, taps, e.name)
}

// nexts returns where a number of places begin that are next apart, the first one at base.
func (f *function) nexts(base, next gp, n int) []operand.Mem {
	var places []operand.Mem
	for r := range n {
		if r > 0 && r%3 == 0 {
			b := f.GP64()
			f.LEAQ(operand.Mem{Base: base, Index: next, Scale: 2}, b)
			f.ADDQ(next, b)
			base = b
		}
		m := operand.Mem{Base: base}
		if r%3 > 0 {
			m.Index, m.Scale = next, uint8(r%3)
		}
		places = append(places, m)
	}
	return places
}

// correlate emits the kernel that computes rows of a convolution with some rows of
// weights, from images as they are: groups of tapVecs vectors, and at last vecs, the last
// one masked.
func (c file) correlate(e element, results, vecs int) {
	f := c.begin(e, correlateName(e, results, vecs), fmt.Sprintf("computes rows of %d results by groups of %d vectors and at last %d, the last one masked.", results, tapVecs, vecs), "gemmTaps")
	mask := f.loadMask(tapsMask, f.set.width)
	row, to, rows := f.get(tapsSrc), f.get(tapsDst), f.get(tapsRows)
	f.Label("row")
	src, dst, groups := f.GP64(), f.GP64(), f.get(tapsGroups)
	f.MOVQ(row, src)
	f.MOVQ(to, dst)
	part := func(name string, vecs int, masked bool) {
		load := func(m operand.Mem, j int) vec {
			v := f.vector()
			m.Disp = f.set.width * j
			if masked && j == vecs-1 {
				f.loadMasked(m, mask, v)
			} else {
				f.load(m, v)
			}
			return v
		}
		acc := make([][]vec, results)
		for r := range acc {
			for range vecs {
				acc[r] = append(acc[r], f.zero())
			}
		}
		offsets, weights, k, next := f.get(tapsOffsets), f.get(tapsWeights), f.get(tapsK), f.get(tapsWeightsNext)
		rows := f.nexts(weights, next, results)
		f.Label(name + "_tap")
		offset := f.GP64()
		f.MOVQ(operand.Mem{Base: offsets}, offset)
		var w []vec
		for _, m := range rows {
			w = append(w, f.broadcast(m))
		}
		for j := range vecs {
			x := load(operand.Mem{Base: src, Index: offset, Scale: uint8(e.size)}, j)
			for r := range acc {
				f.emit("VFMADD231"+f.ps, x, w[r], acc[r][j])
			}
		}
		f.ADDQ(operand.Imm(8), offsets)
		for r := 0; r < results; r += 3 {
			f.ADDQ(operand.Imm(uint64(e.size)), rows[r].Base)
		}
		f.DECQ(k)
		f.JNE(operand.LabelRef(name + "_tap"))
		flags, at := f.get(tapsFlags), f.GP64()
		f.MOVQ(dst, at)
		for r := range acc {
			f.when(flags, flagAccumulate, fmt.Sprintf("%s_accumulate%d", name, r), func() {
				for j, v := range acc[r] {
					f.emit("VADD"+f.ps, v, load(operand.Mem{Base: at}, j), v)
				}
			})
			f.when(flags, flagBias, fmt.Sprintf("%s_bias%d", name, r), func() {
				bias := f.broadcast(operand.Mem{Base: f.get(tapsBias), Disp: r * e.size})
				for _, v := range acc[r] {
					f.emit("VADD"+f.ps, bias, v, v)
				}
			})
			for j, v := range acc[r] {
				if m := (operand.Mem{Base: at, Disp: f.set.width * j}); masked && j == vecs-1 {
					f.storeMasked(v, mask, m)
				} else {
					f.store(v, m)
				}
			}
			if r < results-1 {
				f.ADDQ(f.at(tapsDstNext), at)
			}
		}
	}
	f.TESTQ(groups, groups)
	f.JEQ(operand.LabelRef("last"))
	f.Label("group")
	part("whole", tapVecs, false)
	f.ADDQ(operand.U32(tapVecs*f.set.width), src)
	f.ADDQ(operand.U32(tapVecs*f.set.width), dst)
	f.DECQ(groups)
	f.JNE(operand.LabelRef("group"))
	f.Label("last")
	part("cut", vecs, true)
	f.ADDQ(f.at(tapsSrcRow), row)
	f.ADDQ(f.at(tapsDstRow), to)
	f.DECQ(rows)
	f.JNE(operand.LabelRef("row"))
	f.end()
}

// tapSums emits the kernel that adds to sums, of 64 bytes for each tap, the products of
// rows with the images at each tap's distance.
func (c file) tapSums(e element, results, taps int) {
	f := c.begin(e, tapSumsName(e, results, taps), fmt.Sprintf("adds products of rows of %d results with images to the sums of %d taps.", results, taps), "gemmTaps")
	parts := 64 / f.set.width
	masks := []operand.Op{f.loadMask(tapsMask, f.set.width), nil}
	if parts == 2 {
		masks[1] = f.loadMask(tapsMaskHigh, f.set.width)
	}
	offsets := f.get(tapsOffsets)
	offset := make([]gp, taps)
	for t := range offset {
		offset[t] = f.GP64()
		f.MOVQ(operand.Mem{Base: offsets, Disp: 8 * t}, offset[t])
	}
	acc := make([][][]vec, results)
	for r := range acc {
		acc[r] = make([][]vec, taps)
	}
	// sums calls do for each accumulator and where it lies.
	sums := func(do func(acc *[]vec, part int, m operand.Mem)) {
		sums, next := f.get(tapsDst), f.get(tapsDstNext)
		for r, m := range f.nexts(sums, next, results) {
			for t := range taps {
				for part := range parts {
					m.Disp = 64*t + f.set.width*part
					do(&acc[r][t], part, m)
				}
			}
		}
	}
	sums(func(acc *[]vec, _ int, m operand.Mem) {
		v := f.vector()
		f.load(m, v)
		*acc = append(*acc, v)
	})
	row, from, rows := f.get(tapsSrc), f.get(tapsWeights), f.get(tapsRows)
	step := func(src gp, gs []operand.Mem, masked bool) {
		for part := range parts {
			disp := f.set.width * part
			load := func(m operand.Mem) vec {
				v := f.vector()
				if masked {
					f.loadMasked(m, masks[part], v)
				} else {
					f.load(m, v)
				}
				return v
			}
			var g []vec
			for _, m := range gs {
				m.Disp = disp
				g = append(g, load(m))
			}
			for t := range taps {
				m := operand.Mem{Base: src, Index: offset[t], Scale: uint8(e.size), Disp: disp}
				if results == 1 && !masked {
					f.emit("VFMADD231"+f.ps, m, g[0], acc[0][t][part])
					continue
				}
				x := load(m)
				for r := range acc {
					f.emit("VFMADD231"+f.ps, x, g[r], acc[r][t][part])
				}
			}
		}
	}
	next := f.get(tapsWeightsNext)
	f.Label("row")
	src, g, groups := f.GP64(), f.GP64(), f.get(tapsGroups)
	f.MOVQ(row, src)
	f.MOVQ(from, g)
	gs := f.nexts(g, next, results)
	f.TESTQ(groups, groups)
	f.JEQ(operand.LabelRef("last"))
	f.Label("group")
	step(src, gs, false)
	f.ADDQ(operand.U32(64), src)
	for r := 0; r < results; r += 3 {
		f.ADDQ(operand.U32(64), gs[r].Base)
	}
	f.DECQ(groups)
	f.JNE(operand.LabelRef("group"))
	f.Label("last")
	step(src, gs, true)
	f.ADDQ(f.at(tapsSrcRow), row)
	f.ADDQ(f.at(tapsDstRow), from)
	f.DECQ(rows)
	f.JNE(operand.LabelRef("row"))
	sums(func(acc *[]vec, part int, m operand.Mem) { f.store((*acc)[part], m) })
	f.end()
}

// Fields of gemmFolding.
const (
	foldingDst field = 8 * iota
	foldingSrc
	foldingStart // bytes from src to the first tap's vector
	foldingMask  // of the vector of dst
	foldingMasks // of the vectors of a row of taps, maskBytes each
	foldingTaps  // of a row
	foldingTapRows
	foldingRows     // of dst
	foldingProducts // rows that each tap has products for
	foldingDilation // rows of dst from one row of taps to the next
	foldingDstRow   // the following are distances in bytes
	foldingSrcRow
	foldingSrcTap    // of what a tap and the next one add to the same element of dst
	foldingSrcTapRow // likewise, rows of taps
)

func foldRowsName(e element) string { return "gemmFoldRows" + e.name }

// foldRows emits the kernel that adds to one vector of each row of dst what the taps that
// lead there have, row by row of taps. The sums stay in a register: a row that was stored
// just now could not be loaded for tens of cycles. The next rows' sums hide their latency.
func (c file) foldRows(e element) {
	f := c.begin(e, foldRowsName(e), "adds the products of taps to a vector of each row.", "gemmFolding")
	mask := f.loadMask(foldingMask, f.set.width)
	dst, from, rows := f.get(foldingDst), f.get(foldingSrc), f.get(foldingRows)
	f.ADDQ(f.at(foldingStart), from)
	nextTap := f.get(foldingSrcTap)
	y := f.GP64()
	f.XORQ(y, y)
	f.Label("row")
	sum := f.vector()
	f.loadMasked(operand.Mem{Base: dst}, mask, sum)
	first, product, tapRows := f.GP64(), f.GP64(), f.get(foldingTapRows)
	f.MOVQ(from, first)
	f.MOVQ(y, product)
	f.Label("taps")
	f.CMPQ(product, f.at(foldingProducts))
	f.JCC(operand.LabelRef("outside")) // as unsigned numbers: negative ones are outside too
	src, taps, masks := f.GP64(), f.get(foldingTaps), f.get(foldingMasks)
	f.MOVQ(first, src)
	f.Label("tap")
	v := f.vector()
	f.loadMasked(operand.Mem{Base: src}, f.maskFrom(operand.Mem{Base: masks}, f.set.width), v)
	f.emit("VADD"+f.ps, v, sum, sum)
	f.ADDQ(nextTap, src)
	f.ADDQ(operand.Imm(maskBytes), masks)
	f.DECQ(taps)
	f.JNE(operand.LabelRef("tap"))
	f.Label("outside")
	f.SUBQ(f.at(foldingDilation), product)
	f.ADDQ(f.at(foldingSrcTapRow), first)
	f.DECQ(tapRows)
	f.JNE(operand.LabelRef("taps"))
	f.storeMasked(sum, mask, operand.Mem{Base: dst})
	f.ADDQ(f.at(foldingDstRow), dst)
	f.ADDQ(f.at(foldingSrcRow), from)
	f.INCQ(y)
	f.DECQ(rows)
	f.JNE(operand.LabelRef("row"))
	f.end()
}
