//go:build amd64 && !noasm

package simd

import "unsafe"

// winogradConstants, winogradKernelConstants and, for kernels of 2×2, winogradSmallConstants have a vector for each of the constants
// that the kernels take, in their order.
var (
	winogradConstants, winogradKernelConstants, winogradSmallConstants = func() (tiles, kernels, small [11][16]float32) {
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
		for i, v := range []float32{winogradE, winogradE * a, winogradF, winogradF * b, 0.5} {
			for j := range small[i] {
				small[i][j] = v
			}
		}
		return tiles, kernels, small
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
		switch w.form() {
		case winograd2In5:
			gemmTiles5Image(&t)
		case winograd2In4:
			gemmTiles4Image(&t)
		default:
			gemmTilesImage(&t)
		}
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
		switch w.form() {
		case winograd3:
			gemmTilesGradient(&t)
		case winograd5:
			gemmTilesSmallGradient(&t)
		case winograd2In5:
			gemmTiles5Gradient(&t)
		case winograd2In4:
			gemmTiles4Gradient(&t)
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
		switch w.form() {
		case winograd3:
			gemmTilesResult(&t)
		case winograd5:
			gemmTilesSmallResult(&t)
		case winograd2In5:
			gemmTiles5Result(&t)
		case winograd2In4:
			gemmTiles4Result(&t)
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
		t.constants = w.kernelConstants()
		switch w.form() {
		case winograd3:
			gemmTilesKernel(&t)
		case winograd5:
			gemmTilesLargeKernel(&t)
		case winograd2In5:
			gemmTiles5Kernel(&t)
		case winograd2In4:
			gemmTiles4Kernel(&t)
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
		t.constants = w.kernelConstants()
		switch w.form() {
		case winograd3:
			gemmTilesKernelGradient(&t)
		case winograd5:
			gemmTilesLargeKernelGradient(&t)
		case winograd2In5:
			gemmTiles5KernelGradient(&t)
		case winograd2In4:
			gemmTiles4KernelGradient(&t)
		}
	}
}

// kernelConstants is the table for the transforms of kernels.
func (w *WinogradTiles) kernelConstants() unsafe.Pointer {
	if w.Kernel == 2 {
		return unsafe.Pointer(&winogradSmallConstants)
	}
	return unsafe.Pointer(&winogradKernelConstants)
}
