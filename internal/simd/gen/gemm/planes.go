package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmPlanes.
const (
	planesDst field = 8 * iota // of the first plane: what is written; for sums, the gradients that src is multiplied with
	planesSrc
	planesWeights // or sums
	planesBias
	planesMasks // maskBytes each: those of dst, then those of src
	planesIndex // of the permutations of pairs of vectors, 64 bytes each
	planesCount
	planesDstPlane // distances in bytes from one plane to the next
	planesSrcPlane
	planesWeightsPlane
	planesBiasPlane
	planesDstStart // and to where the first row begins
	planesSrcStart
	planesDstRow
	planesSrcRow
	planesRows     // of src
	planesFirst    // the number of the first row that is finished, not more than 0
	planesEnd      // rows of dst
	planesAfter    // rows that are finished after the last one of src
	planesLead     // for sums: rows of gradients that come before the first one of images
	planesLimit    // for sums: rows of gradients
	planesOdd      // whether the first row meets the odd rows of the kernel
	planesSrcAhead // distances to what is fetched for the next planes
	planesDstAhead
	planesFloor // an element: the least that results are
	planesFlags
)

// planeKernels are the sizes of kernels that planes are convolved with.
var planeKernels = []int{3, 5}

func planesName(what string, e element, k, stride int) string {
	return fmt.Sprintf("gemmPlanes%s%dBy%d%s", what, k, stride, e.name)
}

func planeSumsName(e element, rows, k, stride int) string {
	return fmt.Sprintf("gemmPlanesSums%dx%dBy%d%s", rows, k, stride, e.name)
}

// planes is a kernel under construction that goes down columns of planes, a vector wide: each
// row of what it reads is loaded once and added to all the rows that it belongs to, which are
// in registers.
type planes struct {
	*function
	rows, k, stride int // of the kernel
	vectors         int // of src that are masked
	even, odd       vec // of a pair of vectors, with AVX-512
}

// mask returns mask i.
func (f *planes) mask(i int) operand.Op {
	return f.maskFrom(operand.Mem{Base: f.get(planesMasks), Disp: maskBytes * i}, f.set.width)
}

// masks returns masks first ≤ i < end: those of AVX-512 in registers, the others where they are used.
func (f *planes) masks(first, end int) func(i int) operand.Op {
	if !f.set.opmasks {
		masks := f.get(planesMasks)
		return func(i int) operand.Op {
			return f.maskFrom(operand.Mem{Base: masks, Disp: maskBytes * (first + i)}, f.set.width)
		}
	}
	var list []operand.Op
	for i := first; i < end; i++ {
		list = append(list, f.mask(i))
	}
	return func(i int) operand.Op { return list[i] }
}

// masked returns the vector at m.
func (f *planes) masked(m operand.Mem, mask operand.Op) vec {
	v := f.vector()
	f.loadMasked(m, mask, v)
	return v
}

// permutation loads two permutations of pairs of vectors.
func (f *planes) permutation(first int) {
	if f.set.width < 64 {
		return
	}
	index := f.get(planesIndex)
	f.even, f.odd = f.vector(), f.vector()
	f.load(operand.Mem{Base: index, Disp: 64 * first}, f.even)
	f.load(operand.Mem{Base: index, Disp: 64 * (first + 1)}, f.odd)
}

// apart returns the even and the odd elements of two vectors; only the even ones if that is all.
func (f *planes) apart(x, y vec, all bool) (even, odd vec) {
	if f.set.width == 64 {
		if !all {
			f.emit("VPERMT2"+f.ps, y, f.even, x)
			return x, nil
		}
		even = f.vector()
		f.emit("VMOVAPS", x, even)
		f.emit("VPERMT2"+f.ps, y, f.even, even)
		f.emit("VPERMT2"+f.ps, y, f.odd, x)
		return even, x
	}
	take := func(shuffle uint64, unpack string) vec {
		v := f.vector()
		if f.size == 4 {
			f.emit("VSHUFPS", operand.Imm(shuffle), y, x, v)
		} else {
			f.emit(unpack, y, x, v)
		}
		f.emit("VPERMPD", operand.Imm(0xd8), v, v)
		return v
	}
	even = take(0x88, "VUNPCKLPD")
	if all {
		odd = take(0xdd, "VUNPCKHPD")
	}
	return even, odd
}

// together returns what lies in turn in two vectors: the inverse of apart.
func (f *planes) together(x, y vec) (low, high vec) {
	if f.set.width == 64 {
		low = f.vector()
		f.emit("VMOVAPS", x, low)
		f.emit("VPERMT2"+f.ps, y, f.even, low)
		f.emit("VPERMT2"+f.ps, y, f.odd, x)
		return low, x
	}
	a, b := f.vector(), f.vector()
	f.emit("VUNPCKL"+f.ps, y, x, a)
	f.emit("VUNPCKH"+f.ps, y, x, b)
	low, high = f.vector(), f.vector()
	f.emit("VPERM2F128", operand.Imm(0x20), b, a, low)
	f.emit("VPERM2F128", operand.Imm(0x31), b, a, high)
	return low, high
}

// taps calls do for each tap of a row of the kernel and the elements of the row at src that it
// leads to.
func (f *planes) taps(src gp, mask func(i int) operand.Op, do func(tap int, x vec)) {
	for tap := 0; tap < f.k; tap += f.stride {
		m := operand.Mem{Base: src, Disp: tap * f.size}
		if f.stride == 1 {
			do(tap, f.masked(m, mask(tap)))
			continue
		}
		x := f.masked(m, mask(tap))
		m.Disp += f.set.width
		even, odd := f.apart(x, f.masked(m, mask(tap+1)), tap+1 < f.k)
		do(tap, even)
		if tap+1 < f.k {
			do(tap+1, odd)
		}
	}
}

// tapMasks is the number of masks that taps takes.
func (f *planes) tapMasks() int { return (f.k + f.stride - 1) / f.stride * f.stride }

// weights returns how a vector of the weight in a row and a column of the kernel is multiplied
// and added to another: from registers if there are as many besides the others.
func (f *planes) weights(w gp, others int) func(row, tap int, x, acc vec) {
	at := func(row, tap int) operand.Mem {
		return operand.Mem{Base: w, Disp: f.size * (row*f.k + tap)}
	}
	registers := 16
	if f.set.width == 64 {
		registers = 32 - 2*(f.stride-1)
	}
	switch {
	case f.k*f.k+others <= registers:
		var list []vec
		for i := range f.k * f.k {
			list = append(list, f.broadcast(at(i/f.k, i%f.k)))
		}
		return func(row, tap int, x, acc vec) { f.emit("VFMADD231"+f.ps, list[row*f.k+tap], x, acc) }
	case f.set.width == 64:
		return func(row, tap int, x, acc vec) { f.emit("VFMADD231"+f.ps+"_BCST", at(row, tap), x, acc) }
	}
	return func(row, tap int, x, acc vec) { f.emit("VFMADD231"+f.ps, f.broadcast(at(row, tap)), x, acc) }
}

// put emits the store of a finished vector, not less than the floor, and added to what is there
// if the flags say so.
func (f *planes) put(v vec, mask operand.Op, m operand.Mem) {
	f.when(f.get(planesFlags), flagAccumulate, fmt.Sprintf("accumulate%d", f.label()), func() {
		f.emit("VADD"+f.ps, f.masked(m, mask), v, v)
	})
	f.emit("VMAX"+f.ps, v, f.broadcast(f.at(planesFloor)), v) // the second is what becomes of NaN
	f.storeMasked(v, mask, m)
}

// cursors are where a kernel is in each plane, and what it fetches for the next ones.
type cursors struct{ src, dst, w, bias, srcAhead, dstAhead gp }

// plane emits the loop over planes.
func (f *planes) plane(do func(c cursors)) {
	c := cursors{src: f.get(planesSrc), dst: f.get(planesDst), srcAhead: f.get(planesSrcAhead), dstAhead: f.get(planesDstAhead)}
	f.ADDQ(c.src, c.srcAhead)
	f.ADDQ(c.dst, c.dstAhead)
	f.ADDQ(f.at(planesSrcStart), c.src)
	f.ADDQ(f.at(planesDstStart), c.dst)
	c.w, c.bias = f.get(planesWeights), f.get(planesBias)
	count := f.get(planesCount)
	f.Label("plane")
	inner := c
	inner.src, inner.dst = f.copyOf(c.src), f.copyOf(c.dst)
	do(inner)
	f.ADDQ(f.at(planesSrcPlane), c.src)
	f.ADDQ(f.at(planesDstPlane), c.dst)
	f.ADDQ(f.at(planesBiasPlane), c.bias)
	f.ADDQ(f.at(planesWeightsPlane), c.w)
	f.DECQ(count)
	f.JNE(operand.LabelRef("plane"))
}

// fetch emits the fetching of that many vectors at ahead, and moves on.
func (f *planes) fetch(ahead gp, vectors int) {
	for disp := 0; disp < vectors*f.set.width; disp += cacheLine {
		f.PREFETCHT0(operand.Mem{Base: ahead, Disp: disp})
	}
	f.ADDQ(operand.U32(vectors*f.set.width), ahead)
}

// copyOf returns a register with the same value.
func (f *planes) copyOf(x gp) gp {
	r := f.GP64()
	f.MOVQ(x, r)
	return r
}

// planesForward emits the kernel that convolves planes with kernels of k×k.
func (c file) planesForward(e element, k, stride int) {
	f := &planes{function: c.begin(e, planesName("Forward", e, k, stride), fmt.Sprintf("convolves a vector of columns of planes with %d×%d elements each.", k, k), "gemmPlanes"), rows: k, k: k, stride: stride}
	write, read := f.masks(0, 1), f.masks(1, 1+f.tapMasks())
	if stride == 2 {
		f.permutation(0)
	}
	sums := (k + stride - 1) / stride
	f.plane(func(c cursors) {
		src, dst, w, bias := c.src, c.dst, c.w, c.bias
		add := f.weights(w, sums+3*stride-2)
		// acc[i] is the sum of result i of those that the next row belongs to.
		acc := make([]vec, sums)
		for i := range acc {
			acc[i] = f.broadcast(operand.Mem{Base: bias})
		}
		number, rows := f.get(planesFirst), f.get(planesRows)
		finish := func(name string) {
			f.CMPQ(number, f.at(planesEnd))
			f.JCC(operand.LabelRef("skip_" + name)) // as unsigned numbers: negative ones are none
			f.put(acc[0], write(0), operand.Mem{Base: dst})
			f.fetch(c.dstAhead, 1)
			f.ADDQ(f.at(planesDstRow), dst)
			f.Label("skip_" + name)
			f.INCQ(number)
			for i := range sums - 1 {
				f.emit("VMOVAPS", acc[i+1], acc[i])
			}
			f.emit("VBROADCAST"+f.ss, operand.Mem{Base: bias}, acc[sums-1])
		}
		if stride == 2 {
			f.CMPQ(f.at(planesOdd), operand.Imm(0))
			f.JNE(operand.LabelRef("odd"))
		}
		f.Label("row")
		for phase := range stride {
			if phase == 1 {
				f.Label("odd")
			}
			f.fetch(c.srcAhead, stride)
			f.taps(src, read, func(tap int, x vec) {
				for row := phase; row < k; row += stride {
					add(row, tap, x, acc[sums-1-phase-row/stride])
				}
			})
			if phase == 0 {
				finish("row")
			}
			f.ADDQ(f.at(planesSrcRow), src)
			f.DECQ(rows)
			if phase < stride-1 {
				f.JEQ(operand.LabelRef("end"))
			}
		}
		f.JNE(operand.LabelRef("row"))
		f.Label("end")
		after := f.get(planesAfter)
		f.TESTQ(after, after)
		f.JEQ(operand.LabelRef("done"))
		f.Label("after")
		finish("after")
		f.DECQ(after)
		f.JNE(operand.LabelRef("after"))
		f.Label("done")
	})
	f.end()
}

// planesBackward emits the adjoint of planesForward for a stride of 2: two vectors of columns
// next to each other of what is written.
func (c file) planesBackward(e element, k int) {
	const stride = 2
	f := &planes{function: c.begin(e, planesName("Backward", e, k, stride), fmt.Sprintf("is the adjoint of convolving planes with %d×%d elements.", k, k), "gemmPlanes"), rows: k, k: k, stride: stride}
	taps := (k + 1) / 2
	write, read := f.masks(0, 2), f.masks(2, 2+taps)
	f.permutation(2)
	f.plane(func(c cursors) {
		src, dst, w, bias := c.src, c.dst, c.w, c.bias
		add := f.weights(w, 2*k+taps+4)
		// acc[i] is the sums of the even and the odd elements of row i of those that src's next row
		// leads to. Two of them are finished with each.
		acc := make([][2]vec, k)
		for i := range acc {
			for j := range acc[i] {
				acc[i][j] = f.broadcast(operand.Mem{Base: bias})
			}
		}
		number, rows := f.get(planesFirst), f.get(planesRows)
		finish := func(name string) {
			for i := range stride {
				label := fmt.Sprintf("skip%d_%s", i, name)
				f.CMPQ(number, f.at(planesEnd))
				f.JCC(operand.LabelRef(label))
				low, high := f.together(acc[i][0], acc[i][1])
				f.put(low, write(0), operand.Mem{Base: dst})
				f.put(high, write(1), operand.Mem{Base: dst, Disp: f.set.width})
				f.fetch(c.dstAhead, stride)
				f.ADDQ(f.at(planesDstRow), dst)
				f.Label(label)
				f.INCQ(number)
			}
			for i := range acc {
				for j := range acc[i] {
					if i+stride < k {
						f.emit("VMOVAPS", acc[i+stride][j], acc[i][j])
					} else {
						f.emit("VBROADCAST"+f.ss, operand.Mem{Base: bias}, acc[i][j])
					}
				}
			}
		}
		f.TESTQ(rows, rows)
		f.JEQ(operand.LabelRef("end"))
		f.Label("row")
		f.fetch(c.srcAhead, 1)
		x := make([]vec, taps)
		for i := range x {
			// Element j of x[i] is element j−i of the row.
			x[i] = f.masked(operand.Mem{Base: src, Disp: -i * f.size}, read(i))
		}
		for tap := k - 1; tap >= 0; tap-- {
			for row := range k {
				add(row, tap, x[tap/2], acc[row][tap%2])
			}
		}
		finish("row")
		f.ADDQ(f.at(planesSrcRow), src)
		f.DECQ(rows)
		f.JNE(operand.LabelRef("row"))
		f.Label("end")
		after := f.get(planesAfter)
		f.TESTQ(after, after)
		f.JEQ(operand.LabelRef("done"))
		f.Label("after")
		finish("after")
		f.DECQ(after)
		f.JNE(operand.LabelRef("after"))
		f.Label("done")
	})
	f.end()
}

// planesSums emits the kernel that adds to the sums of taps, a vector for each, the products of
// gradients with the elements of planes that the taps lead to: of some rows of the kernel.
func (c file) planesSums(e element, rows, k, stride int) {
	f := &planes{function: c.begin(e, planeSumsName(e, rows, k, stride), fmt.Sprintf("adds products of a vector of columns of planes to the sums of %d×%d taps.", rows, k), "gemmPlanes"), rows: rows, k: k, stride: stride}
	grad, read := f.masks(0, 1), f.masks(1, 1+f.tapMasks())
	if stride == 2 {
		f.permutation(0)
	}
	f.plane(func(c cursors) {
		src, grads, sums := c.src, c.dst, c.w
		acc := make([][]vec, rows)
		at := func(row, tap int) operand.Mem { return operand.Mem{Base: sums, Disp: 64 * (row*k + tap)} }
		for row := range acc {
			for tap := range k {
				v := f.vector()
				f.load(at(row, tap), v)
				acc[row] = append(acc[row], v)
			}
		}
		// g[i] is the i-th last row of gradients.
		g := make([]vec, (rows+stride-1)/stride)
		for i := range g {
			g[i] = f.zero()
		}
		left := f.get(planesLimit)
		next := func(name string) {
			for i := len(g) - 1; i > 0; i-- {
				f.emit("VMOVAPS", g[i-1], g[i])
			}
			f.SUBQ(operand.Imm(1), left)
			f.JLT(operand.LabelRef("none_" + name))
			f.loadMasked(operand.Mem{Base: grads}, grad(0), g[0])
			f.ADDQ(f.at(planesDstRow), grads)
			f.fetch(c.dstAhead, 1)
			f.JMP(operand.LabelRef("got_" + name))
			f.Label("none_" + name)
			f.clear(g[0])
			f.Label("got_" + name)
		}
		lead, count := f.get(planesLead), f.get(planesRows)
		f.TESTQ(lead, lead)
		f.JEQ(operand.LabelRef("begin"))
		f.Label("lead")
		next("lead")
		f.DECQ(lead)
		f.JNE(operand.LabelRef("lead"))
		f.Label("begin")
		if stride == 2 {
			f.CMPQ(f.at(planesOdd), operand.Imm(0))
			f.JNE(operand.LabelRef("odd"))
		}
		f.Label("row")
		for phase := range stride {
			if phase == 0 {
				next("row")
			} else {
				f.Label("odd")
			}
			f.fetch(c.srcAhead, stride)
			f.taps(src, read, func(tap int, x vec) {
				for row := phase; row < rows; row += stride {
					f.emit("VFMADD231"+f.ps, g[row/stride], x, acc[row][tap])
				}
			})
			f.ADDQ(f.at(planesSrcRow), src)
			f.DECQ(count)
			if phase < stride-1 {
				f.JEQ(operand.LabelRef("end"))
			}
		}
		f.JNE(operand.LabelRef("row"))
		f.Label("end")
		for row := range acc {
			for tap, v := range acc[row] {
				f.store(v, at(row, tap))
			}
		}
	})
	f.end()
}

// planesKernels emits all of them for one element type.
func (c file) planesKernels(e element) {
	for _, k := range planeKernels {
		for stride := 1; stride <= 2; stride++ {
			c.planesForward(e, k, stride)
			for rows := 1; rows <= c.set.planeRows[k]; rows++ {
				c.planesSums(e, rows, k, stride)
			}
		}
		c.planesBackward(e, k)
	}
}
