//go:build amd64 && !noasm

package simd

import "unsafe"

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
		gemmTilesGradient(&t)
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
		gemmTilesResult(&t)
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
		gemmTilesKernel(&t)
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
		gemmTilesKernelGradient(&t)
	}
}
