//go:build amd64 && !noasm

package simd

import "unsafe"

// winogradConstants and winogradKernelConstants have a vector for each of the constants
// that the kernels take, in their order.
var (
	winogradConstants, winogradKernelConstants = func() (tiles, kernels [11][16]float32) {
		const a, b, a2, b2 = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB
		const c, d = winogradC, winogradD
		for i, v := range []float32{a2, b2, a, b, a * a2, b * b2, a2 * b2, -a2, -b2, -a2 - b2} {
			for j := range tiles[i] {
				tiles[i][j] = v
			}
		}
		for i, v := range []float32{1 / (a2 * b2), c, c * a, c * a2, d, d * b, d * b2, c * a * a2, c * a2 * a2, d * b * b2, d * b2 * b2} {
			for j := range kernels[i] {
				kernels[i][j] = v
			}
		}
		return tiles, kernels
	}()
)

// gemmTiling describes tiles that are transformed, for as many channels as a vector has
// lanes.
type gemmTiling struct {
	src, dst, scratch, constants, bias unsafe.Pointer
	tiles                              int
	srcRow, srcCol, srcNext            int // distances
	dstRow, dstCol, dstNext            int
}

// tiling describes the channels from c on.
func (w *WinogradTiles) tiling(scratch *[36][16]float32, c int) gemmTiling {
	return gemmTiling{
		src: at(w.Src, c), dst: at(w.Dst, c), tiles: w.Tiles,
		scratch: unsafe.Pointer(scratch), constants: unsafe.Pointer(&winogradConstants),
		srcRow: 4 * w.SrcRow, srcCol: 4 * w.SrcCol, srcNext: 4 * w.SrcNext,
		dstRow: 4 * w.DstRow, dstCol: 4 * w.DstCol, dstNext: 4 * w.DstNext,
	}
}

func (w *WinogradTiles) image() {
	if active < avx2 {
		w.imageGeneric()
		return
	}
	var scratch [36][16]float32
	for c := 0; c < w.Channels; c += lanesOf[float32](active) {
		t := w.tiling(&scratch, c)
		gemmTilesImage(&t)
	}
}

func (w *WinogradTiles) gradient() {
	if active < avx2 {
		w.gradientGeneric()
		return
	}
	var scratch [36][16]float32
	for c := 0; c < w.Channels; c += lanesOf[float32](active) {
		t := w.tiling(&scratch, c)
		if w.Kernel == 5 {
			gemmTilesSmallGradient(&t)
		} else {
			gemmTilesGradient(&t)
		}
	}
}

func (w *WinogradTiles) result(bias []float32) {
	if active < avx2 {
		w.resultGeneric(bias)
		return
	}
	var scratch [36][16]float32
	for c := 0; c < w.Channels; c += lanesOf[float32](active) {
		t := w.tiling(&scratch, c)
		t.bias = at(bias, c)
		if w.Kernel == 5 {
			gemmTilesSmallResult(&t)
		} else {
			gemmTilesResult(&t)
		}
	}
}

func (w *WinogradTiles) kernels() {
	if active < avx2 {
		w.kernelsGeneric()
		return
	}
	var scratch [36][16]float32
	for c := 0; c < w.Channels; c += lanesOf[float32](active) {
		t := w.tiling(&scratch, c)
		t.constants = unsafe.Pointer(&winogradKernelConstants)
		if w.Kernel == 5 {
			gemmTilesLargeKernel(&t)
		} else {
			gemmTilesKernel(&t)
		}
	}
}

func (w *WinogradTiles) kernelGradients() {
	if active < avx2 {
		w.kernelGradientsGeneric()
		return
	}
	var scratch [36][16]float32
	for c := 0; c < w.Channels; c += lanesOf[float32](active) {
		t := w.tiling(&scratch, c)
		t.constants = unsafe.Pointer(&winogradKernelConstants)
		if w.Kernel == 5 {
			gemmTilesLargeKernelGradient(&t)
		} else {
			gemmTilesKernelGradient(&t)
		}
	}
}
