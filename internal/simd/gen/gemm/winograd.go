package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmTiling.
const (
	tilingSrc field = 8 * iota
	tilingDst
	tilingScratch
	tilingConstants
	tilingBias
	tilingTiles
	tilingSrcRow // the following are distances in bytes, of elements and of tiles
	tilingSrcCol
	tilingSrcNext
	tilingDstRow
	tilingDstCol
	tilingDstNext
)

// Constants of the transforms, in the order of their table: for the points ±a and ±b.
const (
	constA2       = iota // a²
	constB2              // b²
	constA               // a
	constB               // b
	constA3              // a³
	constB3              // b³
	constProduct         // a²b²
	constMinusA2         // −a²
	constMinusB2         // −b²
	constMinusSum        // −(a²+b²)
	constCount
)

// Constants of the transforms of kernels, likewise: c = 1/2a²(a²−b²), d = 1/2b²(b²−a²).
const (
	kernelFirst = iota // 1/a²b²
	kernelC            // c
	kernelCA           // ca
	kernelCA2          // ca²
	kernelD            // d
	kernelDB           // db
	kernelDB2          // db²
	kernelCA3          // ca³: this and what follows is for kernels of 5×5
	kernelCA4          // ca⁴
	kernelDB3          // db³
	kernelDB4          // db⁴
	kernelCount
)

// Constants of the transforms of kernels of 2×2 elements, likewise: e = 1/2a(a²−b²), f = 1/2b(b²−a²).
const (
	smallE    = iota // e
	smallEA          // ea
	smallF           // f
	smallFB          // fb
	smallHalf        // ½
	smallCount
)

// transform is a kernel under construction that transforms tiles.
type transform struct {
	*function
	constants []operand.Op // vectors, or where they lie
	scratch   gp
}

// distances are multiples of a distance in registers.
type distances struct{ one, three, five gp }

func (t *transform) distances(x field) distances {
	one, three, five := t.get(x), t.GP64(), t.GP64()
	t.LEAQ(operand.Mem{Base: one, Index: one, Scale: 2}, three)
	t.LEAQ(operand.Mem{Base: one, Index: one, Scale: 4}, five)
	return distances{one, three, five}
}

// at is what lies i distances behind base.
func (d distances) at(base gp, i int) operand.Mem {
	m := operand.Mem{Base: base, Index: d.one, Scale: uint8(i)}
	switch i {
	case 0:
		return operand.Mem{Base: base}
	case 3:
		m.Index, m.Scale = d.three, 1
	case 5:
		m.Index, m.Scale = d.five, 1
	}
	return m
}

// plus returns z + the constant times x.
func (t *transform) plus(z vec, constant int, x vec) vec {
	v := t.vector()
	t.emit("VMOVAPS", z, v)
	t.emit("VFMADD231PS", t.constants[constant], x, v)
	return v
}

// times returns the constant times x.
func (t *transform) times(constant int, x vec) vec {
	v := t.vector()
	t.emit("VMULPS", t.constants[constant], x, v)
	return v
}

// sum returns x + y, difference x − y.
func (t *transform) sum(x, y vec) vec {
	v := t.vector()
	t.emit("VADDPS", y, x, v)
	return v
}

func (t *transform) difference(x, y vec) vec {
	v := t.vector()
	t.emit("VSUBPS", y, x, v)
	return v
}

// fromInput is the transform of six elements of the images.
func (t *transform) fromInput(x []vec) []vec {
	first := t.plus(t.plus(x[4], constMinusSum, x[2]), constProduct, x[0])
	last := t.plus(t.plus(x[5], constMinusSum, x[3]), constProduct, x[1])
	even, odd := t.plus(x[4], constMinusB2, x[2]), t.times(constA, t.plus(x[3], constMinusB2, x[1]))
	plusA, minusA := t.sum(even, odd), t.difference(even, odd)
	even, odd = t.plus(x[4], constMinusA2, x[2]), t.times(constB, t.plus(x[3], constMinusA2, x[1]))
	return []vec{first, plusA, minusA, t.sum(even, odd), t.difference(even, odd), last}
}

// fromGradient is the transform of four elements of a result's gradient.
func (t *transform) fromGradient(y []vec) []vec {
	even, odd := t.plus(y[0], constA2, y[2]), t.plus(t.times(constA, y[1]), constA3, y[3])
	plusA, minusA := t.sum(even, odd), t.difference(even, odd)
	even, odd = t.plus(y[0], constB2, y[2]), t.plus(t.times(constB, y[1]), constB3, y[3])
	return []vec{y[0], plusA, minusA, t.sum(even, odd), t.difference(even, odd), y[3]}
}

// toOutput is the transform of six elements of products to four of the result.
func (t *transform) toOutput(m []vec) []vec {
	sumA, differenceA := t.sum(m[1], m[2]), t.difference(m[1], m[2])
	sumB, differenceB := t.sum(m[3], m[4]), t.difference(m[3], m[4])
	return []vec{
		t.sum(m[0], t.sum(sumA, sumB)),
		t.plus(t.times(constA, differenceA), constB, differenceB),
		t.plus(t.times(constA2, sumA), constB2, sumB),
		t.plus(t.plus(m[5], constA3, differenceA), constB3, differenceB),
	}
}

// fromKernel is the transform of three elements of a kernel.
func (t *transform) fromKernel(x []vec) []vec {
	even, odd := t.plus(t.times(kernelC, x[0]), kernelCA2, x[2]), t.times(kernelCA, x[1])
	plusA, minusA := t.sum(even, odd), t.difference(even, odd)
	even, odd = t.plus(t.times(kernelD, x[0]), kernelDB2, x[2]), t.times(kernelDB, x[1])
	return []vec{t.times(kernelFirst, x[0]), plusA, minusA, t.sum(even, odd), t.difference(even, odd), x[2]}
}

// toKernel is the transform of six elements of sums to three of a kernel's gradient.
func (t *transform) toKernel(x []vec) []vec {
	sumA, differenceA := t.sum(x[1], x[2]), t.difference(x[1], x[2])
	sumB, differenceB := t.sum(x[3], x[4]), t.difference(x[3], x[4])
	return []vec{
		t.plus(t.plus(t.times(kernelFirst, x[0]), kernelC, sumA), kernelD, sumB),
		t.plus(t.times(kernelCA, differenceA), kernelDB, differenceB),
		t.plus(t.plus(x[5], kernelCA2, sumA), kernelDB2, sumB),
	}
}

// The same for kernels of 5×5 elements and tiles of 2×2 of the result.
func (t *transform) fromSmallGradient(y []vec) []vec {
	oddA, oddB := t.times(constA, y[1]), t.times(constB, y[1])
	return []vec{y[0], t.sum(y[0], oddA), t.difference(y[0], oddA), t.sum(y[0], oddB), t.difference(y[0], oddB), y[1]}
}

func (t *transform) toSmallOutput(m []vec) []vec {
	sums := t.sum(t.sum(m[1], m[2]), t.sum(m[3], m[4]))
	return []vec{
		t.sum(m[0], sums),
		t.plus(t.plus(m[5], constA, t.difference(m[1], m[2])), constB, t.difference(m[3], m[4])),
	}
}

func (t *transform) fromLargeKernel(x []vec) []vec {
	even := t.plus(t.plus(t.times(kernelC, x[0]), kernelCA2, x[2]), kernelCA4, x[4])
	odd := t.plus(t.times(kernelCA, x[1]), kernelCA3, x[3])
	plusA, minusA := t.sum(even, odd), t.difference(even, odd)
	even = t.plus(t.plus(t.times(kernelD, x[0]), kernelDB2, x[2]), kernelDB4, x[4])
	odd = t.plus(t.times(kernelDB, x[1]), kernelDB3, x[3])
	return []vec{t.times(kernelFirst, x[0]), plusA, minusA, t.sum(even, odd), t.difference(even, odd), x[4]}
}

func (t *transform) toLargeKernel(x []vec) []vec {
	sumA, differenceA := t.sum(x[1], x[2]), t.difference(x[1], x[2])
	sumB, differenceB := t.sum(x[3], x[4]), t.difference(x[3], x[4])
	return []vec{
		t.plus(t.plus(t.times(kernelFirst, x[0]), kernelC, sumA), kernelD, sumB),
		t.plus(t.times(kernelCA, differenceA), kernelDB, differenceB),
		t.plus(t.times(kernelCA2, sumA), kernelDB2, sumB),
		t.plus(t.times(kernelCA3, differenceA), kernelDB3, differenceB),
		t.plus(t.plus(x[5], kernelCA4, sumA), kernelDB4, sumB),
	}
}

// The same for kernels of 2×2 elements and tiles of 4×4 of the result from 5×5: the points are ±a,
// ±b and ∞.
func (t *transform) fromInput5(x []vec) []vec {
	even, odd := t.times(constA, t.plus(x[2], constMinusB2, x[0])), t.plus(x[3], constMinusB2, x[1])
	plusA, minusA := t.sum(odd, even), t.difference(odd, even)
	even, odd = t.times(constB, t.plus(x[2], constMinusA2, x[0])), t.plus(x[3], constMinusA2, x[1])
	last := t.plus(t.plus(x[4], constMinusSum, x[2]), constProduct, x[0])
	return []vec{plusA, minusA, t.sum(odd, even), t.difference(odd, even), last}
}

func (t *transform) fromGradient5(y []vec) []vec {
	return t.fromGradient(y)[1:]
}

func (t *transform) toOutput5(m []vec) []vec {
	sumA, differenceA := t.sum(m[0], m[1]), t.difference(m[0], m[1])
	sumB, differenceB := t.sum(m[2], m[3]), t.difference(m[2], m[3])
	return []vec{
		t.sum(sumA, sumB),
		t.plus(t.times(constA, differenceA), constB, differenceB),
		t.plus(t.times(constA2, sumA), constB2, sumB),
		t.plus(t.plus(m[4], constA3, differenceA), constB3, differenceB),
	}
}

func (t *transform) fromKernel5(x []vec) []vec {
	even, odd := t.times(smallE, x[0]), t.times(smallEA, x[1])
	plusA, minusA := t.sum(odd, even), t.difference(odd, even)
	even, odd = t.times(smallF, x[0]), t.times(smallFB, x[1])
	return []vec{plusA, minusA, t.sum(odd, even), t.difference(odd, even), x[1]}
}

func (t *transform) toKernel5(x []vec) []vec {
	return []vec{
		t.plus(t.times(smallE, t.difference(x[0], x[1])), smallF, t.difference(x[2], x[3])),
		t.plus(t.plus(x[4], smallEA, t.sum(x[0], x[1])), smallFB, t.sum(x[2], x[3])),
	}
}

// The same for tiles of 3×3 of the result from 4×4: the points are 0, ±1 and ∞.
func (t *transform) fromInput4(x []vec) []vec {
	return []vec{t.difference(x[2], x[0]), t.sum(x[2], x[1]), t.difference(x[2], x[1]), t.difference(x[3], x[1])}
}

func (t *transform) fromGradient4(y []vec) []vec {
	even := t.sum(y[0], y[2])
	return []vec{y[0], t.sum(even, y[1]), t.difference(even, y[1]), y[2]}
}

func (t *transform) toOutput4(m []vec) []vec {
	sum := t.sum(m[1], m[2])
	return []vec{t.sum(m[0], sum), t.difference(m[1], m[2]), t.sum(sum, m[3])}
}

func (t *transform) fromKernel4(x []vec) []vec {
	even, odd := t.times(smallHalf, x[0]), t.times(smallHalf, x[1])
	return []vec{t.difference(t.zero(), x[0]), t.sum(even, odd), t.difference(even, odd), x[1]}
}

func (t *transform) toKernel4(x []vec) []vec {
	sum, difference := t.sum(x[1], x[2]), t.difference(x[1], x[2])
	return []vec{t.difference(t.times(smallHalf, sum), x[0]), t.plus(x[3], smallHalf, difference)}
}

// winograd emits the kernel that transforms tiles of in×in elements to out×out, each of which
// is a vector of channels. Columns are transformed first, to scratch memory, then rows. A
// bias is added to results.
func (c file) winograd(name, doc string, constants, in, out int, apply func(t *transform, x []vec) []vec, biased bool) {
	t := &transform{function: c.begin(single, name, doc, "gemmTiling")}
	table := t.get(tilingConstants)
	for i := range constants {
		m := operand.Mem{Base: table, Disp: 64 * i}
		if t.set.width == 64 {
			v := t.vector()
			t.load(m, v)
			t.constants = append(t.constants, v)
		} else {
			t.constants = append(t.constants, m)
		}
	}
	scratch := func(i, j int) operand.Mem {
		return operand.Mem{Base: t.scratch, Disp: t.set.width * (i*in + j)}
	}
	t.scratch = t.get(tilingScratch)
	src, dst, tiles := t.get(tilingSrc), t.get(tilingDst), t.get(tilingTiles)
	t.Label("tile")
	p, d := t.GP64(), t.distances(tilingSrcRow)
	t.MOVQ(src, p)
	for j := range in {
		x := make([]vec, in)
		for i := range x {
			x[i] = t.vector()
			t.load(d.at(p, i), x[i])
		}
		for i, v := range apply(t, x) {
			t.store(v, scratch(i, j))
		}
		if j < in-1 {
			t.ADDQ(t.at(tilingSrcCol), p)
		}
	}
	p, d = t.GP64(), t.distances(tilingDstCol)
	t.MOVQ(dst, p)
	for i := range out {
		x := make([]vec, in)
		for j := range x {
			x[j] = t.vector()
			t.load(scratch(i, j), x[j])
		}
		for j, v := range apply(t, x) {
			if biased {
				t.emit("VADDPS", operand.Mem{Base: t.get(tilingBias)}, v, v)
			}
			t.store(v, d.at(p, j))
		}
		if i < out-1 {
			t.ADDQ(t.at(tilingDstRow), p)
		}
	}
	t.ADDQ(t.at(tilingSrcNext), src)
	t.ADDQ(t.at(tilingDstNext), dst)
	t.DECQ(tiles)
	t.JNE(operand.LabelRef("tile"))
	t.end()
}

// winogradKernels emits the kernels of transforms.
func (c file) winogradKernels() {
	c.winograd("gemmTilesImage", "transforms tiles of images.", constCount, 6, 6, (*transform).fromInput, false)
	c.winograd("gemmTilesGradient", "transforms tiles of gradients.", constCount, 4, 6, (*transform).fromGradient, false)
	c.winograd("gemmTilesResult", "transforms products to tiles of results.", constCount, 6, 4, (*transform).toOutput, true)
	c.winograd("gemmTilesKernel", "transforms kernels.", kernelCA3, 3, 6, (*transform).fromKernel, false)
	c.winograd("gemmTilesKernelGradient", "transforms sums to gradients of kernels.", kernelCA3, 6, 3, (*transform).toKernel, false)
	c.winograd("gemmTilesSmallGradient", "transforms tiles of 2×2 elements of gradients.", constCount, 2, 6, (*transform).fromSmallGradient, false)
	c.winograd("gemmTilesSmallResult", "transforms products to tiles of 2×2 elements of results.", constCount, 6, 2, (*transform).toSmallOutput, true)
	c.winograd("gemmTilesLargeKernel", "transforms kernels of 5×5 elements.", kernelCount, 5, 6, (*transform).fromLargeKernel, false)
	c.winograd("gemmTilesLargeKernelGradient", "transforms sums to gradients of kernels of 5×5 elements.", kernelCount, 6, 5, (*transform).toLargeKernel, false)
	for _, k := range []struct {
		in                                          int
		image, gradient, result, kernel, toGradient func(t *transform, x []vec) []vec
	}{
		{5, (*transform).fromInput5, (*transform).fromGradient5, (*transform).toOutput5, (*transform).fromKernel5, (*transform).toKernel5},
		{4, (*transform).fromInput4, (*transform).fromGradient4, (*transform).toOutput4, (*transform).fromKernel4, (*transform).toKernel4},
	} {
		constants := 0
		if k.in == 5 {
			constants = constCount
		}
		name := func(kernel string) string { return fmt.Sprintf("gemmTiles%d%s", k.in, kernel) }
		size := fmt.Sprintf(" of %d×%d elements", k.in, k.in)
		c.winograd(name("Image"), "transforms tiles"+size+" of images.", constants, k.in, k.in, k.image, false)
		c.winograd(name("Gradient"), "transforms tiles of gradients to those"+size+".", constants, k.in-1, k.in, k.gradient, false)
		c.winograd(name("Result"), "transforms products"+size+" to tiles of results.", constants, k.in, k.in-1, k.result, true)
		c.winograd(name("Kernel"), "transforms kernels of 2×2 elements to tiles"+size+".", smallCount, 2, k.in, k.kernel, false)
		c.winograd(name("KernelGradient"), "transforms sums"+size+" to gradients of kernels of 2×2.", smallCount, k.in, 2, k.toGradient, false)
	}
}
