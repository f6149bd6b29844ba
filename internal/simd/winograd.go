package simd

import "fmt"

// Winograd's minimal filtering (Lavin and Gray 2015) for float32 by tiles of 6×6 elements of the
// image: F(4×4, 3×3) makes 4×4 elements of a convolution with a kernel of 3×3 from one,
// F(2×2, 5×5) makes 2×2 elements with a kernel of 5×5. Tiles and kernels are transformed, which
// makes the convolution a product of elements, 36 for a tile instead of 144 or 100, and the sums
// over channels 36 products of matrices. The transforms are those for the points 0, ±5/8, ±3/2
// and ∞, which lose fewer digits than 0, ±1, ±2 and ∞.
//
//	Aᵀ = [1 1 1 1 1 0; 0 a −a b −b 0; 0 a² a² b² b² 0; 0 a³ −a³ b³ −b³ 1]
//	Bᵀ = [a²b² 0 −a²−b² 0 1 0; 0 −ab² −b² a 1 0; 0 ab² −b² −a 1 0; …; 0 a²b² 0 −a²−b² 0 1]
//	G  = [1/a²b² 0 0; [1 a a²]/c; [1 −a a²]/c; [1 b b²]/d; [1 −b b²]/d; 0 0 1],
//
// with c = 2a²(a²−b²) and d = 2b²(b²−a²). For kernels of 5×5, Aᵀ is [1 1 1 1 1 0; 0 a −a b −b 1],
// and G goes on to a⁴ and b⁴.
const (
	winogradA = 5.0 / 8
	winogradB = 3.0 / 2
	winogradC = 1 / (2 * winogradA * winogradA * (winogradA*winogradA - winogradB*winogradB))
	winogradD = 1 / (2 * winogradB * winogradB * (winogradB*winogradB - winogradA*winogradA))
)

// WinogradIn is the side of tiles of images, and of products.
const WinogradIn = 6

// winogradOut is the side of tiles of results for kernels of that side, 3 or 5.
func winogradOut(kernel int) int { return WinogradIn + 1 - kernel }

// WinogradTiles transforms tiles whose elements are vectors of channels.
type WinogradTiles struct {
	Kernel                  int // the side of kernels: 3 or 5
	Channels, Tiles         int // Channels is a multiple of RowPitch(1)
	Src                     []float32
	SrcRow, SrcCol, SrcNext int // distances of elements below each other, of elements next to each other, of tiles
	Dst                     []float32
	DstRow, DstCol, DstNext int
}

// Image transforms tiles of an image, BᵀXB, of 6×6 elements to as many.
func (w *WinogradTiles) Image() {
	w.check("WinogradTiles.Image", WinogradIn, WinogradIn)
	w.image()
}

// Gradient transforms tiles of a gradient of the result, AGAᵀ, of 4×4 or 2×2 elements to 6×6.
func (w *WinogradTiles) Gradient() {
	w.check("WinogradTiles.Gradient", winogradOut(w.Kernel), WinogradIn)
	w.gradient()
}

// Result transforms products to tiles of the result, AᵀMA, of 6×6 elements to 4×4 or 2×2, and
// adds the bias [Channels].
func (w *WinogradTiles) Result(bias []float32) {
	w.check("WinogradTiles.Result", WinogradIn, winogradOut(w.Kernel))
	if len(bias) != w.Channels {
		panicLength("WinogradTiles.Result", "bias", len(bias), w.Channels)
	}
	w.result(bias)
}

// Kernels transforms kernels, GWGᵀ, of 3×3 or 5×5 elements to 6×6.
func (w *WinogradTiles) Kernels() {
	w.check("WinogradTiles.Kernels", w.Kernel, WinogradIn)
	w.kernels()
}

// KernelGradients transforms sums of products of transformed images and gradients to
// gradients of kernels, GᵀMG, of 6×6 elements to 3×3 or 5×5. It is the adjoint of Kernels.
func (w *WinogradTiles) KernelGradients() {
	w.check("WinogradTiles.KernelGradients", WinogradIn, w.Kernel)
	w.kernelGradients()
}

func (w *WinogradTiles) check(op string, in, out int) {
	if w.Kernel != 3 && w.Kernel != 5 {
		panic(fmt.Sprintf("simd: %s: kernels of %d×%d elements", op, w.Kernel, w.Kernel))
	}
	if w.Channels < 1 || w.Tiles < 1 || w.Channels%windowLanes != 0 || min(w.SrcRow, w.SrcCol, w.SrcNext, w.DstRow, w.DstCol, w.DstNext) < 0 {
		panic(fmt.Sprintf("simd: %s: %d channels, %d tiles, or a negative distance", op, w.Channels, w.Tiles))
	}
	if want := (in-1)*(w.SrcRow+w.SrcCol) + (w.Tiles-1)*w.SrcNext + w.Channels; len(w.Src) < want {
		panicLength(op, "Src", len(w.Src), want)
	}
	if want := (out-1)*(w.DstRow+w.DstCol) + (w.Tiles-1)*w.DstNext + w.Channels; len(w.Dst) < want {
		panicLength(op, "Dst", len(w.Dst), want)
	}
}

// generic transforms tiles of in×in elements to out×out, and adds bias, unless that is nil.
func (w *WinogradTiles) generic(in, out int, apply func(x [6]float32) [6]float32, bias []float32) {
	for c := range w.Channels {
		for t := range w.Tiles {
			var columns [6][6]float32 // [out][in]
			for j := range in {
				var x [6]float32
				for i := range in {
					x[i] = w.Src[i*w.SrcRow+j*w.SrcCol+t*w.SrcNext+c]
				}
				for i, v := range apply(x) {
					columns[i][j] = v
				}
			}
			for i := range out {
				y := apply(columns[i])
				for j, v := range y[:out] {
					if bias != nil {
						v += bias[c]
					}
					w.Dst[i*w.DstRow+j*w.DstCol+t*w.DstNext+c] = v
				}
			}
		}
	}
}

// of returns what belongs to the tiles' kernels.
func of[F any](w *WinogradTiles, three, five F) F {
	if w.Kernel == 5 {
		return five
	}
	return three
}

func (w *WinogradTiles) imageGeneric() { w.generic(WinogradIn, WinogradIn, fromImage, nil) }
func (w *WinogradTiles) gradientGeneric() {
	w.generic(winogradOut(w.Kernel), WinogradIn, of(w, fromGradient, fromSmallGradient), nil)
}
func (w *WinogradTiles) kernelsGeneric() {
	w.generic(w.Kernel, WinogradIn, of(w, fromKernel, fromLargeKernel), nil)
}
func (w *WinogradTiles) resultGeneric(bias []float32) {
	w.generic(WinogradIn, winogradOut(w.Kernel), of(w, toResult, toSmallResult), bias)
}
func (w *WinogradTiles) kernelGradientsGeneric() {
	w.generic(WinogradIn, w.Kernel, of(w, toKernel, toLargeKernel), nil)
}

// fromImage is Bᵀx.
func fromImage(x [6]float32) [6]float32 {
	const a, b, a2, b2 = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB
	even1, odd1 := x[4]-b2*x[2], a*(x[3]-b2*x[1])
	even2, odd2 := x[4]-a2*x[2], b*(x[3]-a2*x[1])
	return [6]float32{x[4] - (a2+b2)*x[2] + a2*b2*x[0], even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, x[5] - (a2+b2)*x[3] + a2*b2*x[1]}
}

// fromGradient is Ay.
func fromGradient(y [6]float32) [6]float32 {
	const a, b, a2, b2 = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB
	even1, odd1 := y[0]+a2*y[2], a*y[1]+a*a2*y[3]
	even2, odd2 := y[0]+b2*y[2], b*y[1]+b*b2*y[3]
	return [6]float32{y[0], even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, y[3]}
}

// toResult is Aᵀm.
func toResult(m [6]float32) [6]float32 {
	const a, b, a2, b2 = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB
	sum1, difference1, sum2, difference2 := m[1]+m[2], m[1]-m[2], m[3]+m[4], m[3]-m[4]
	return [6]float32{m[0] + (sum1 + sum2), a*difference1 + b*difference2, a2*sum1 + b2*sum2, m[5] + a*a2*difference1 + b*b2*difference2}
}

// fromKernel is Gg.
func fromKernel(g [6]float32) [6]float32 {
	const a, b, a2, b2 = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB
	even1, odd1, even2, odd2 := winogradC*g[0]+winogradC*a2*g[2], winogradC*a*g[1], winogradD*g[0]+winogradD*b2*g[2], winogradD*b*g[1]
	return [6]float32{g[0] * (1 / (a2 * b2)), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, g[2]}
}

// toKernel is Gᵀx.
func toKernel(x [6]float32) [6]float32 {
	const a, b, a2, b2 = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB
	sum1, difference1, sum2, difference2 := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	return [6]float32{
		x[0]*(1/(a2*b2)) + winogradC*sum1 + winogradD*sum2, winogradC*a*difference1 + winogradD*b*difference2,
		x[5] + winogradC*a2*sum1 + winogradD*b2*sum2,
	}
}

// fromSmallGradient, toSmallResult, fromLargeKernel and toLargeKernel are the same for kernels of
// 5×5 elements.
func fromSmallGradient(y [6]float32) [6]float32 {
	const a, b = winogradA, winogradB
	return [6]float32{y[0], y[0] + a*y[1], y[0] - a*y[1], y[0] + b*y[1], y[0] - b*y[1], y[1]}
}

func toSmallResult(m [6]float32) [6]float32 {
	const a, b = winogradA, winogradB
	return [6]float32{m[0] + ((m[1] + m[2]) + (m[3] + m[4])), m[5] + a*(m[1]-m[2]) + b*(m[3]-m[4])}
}

func fromLargeKernel(g [6]float32) [6]float32 {
	const a, b, a2, b2, c, d = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB, winogradC, winogradD
	even1, odd1 := c*g[0]+c*a2*g[2]+c*a2*a2*g[4], c*a*g[1]+c*a*a2*g[3]
	even2, odd2 := d*g[0]+d*b2*g[2]+d*b2*b2*g[4], d*b*g[1]+d*b*b2*g[3]
	return [6]float32{g[0] * (1 / (a2 * b2)), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, g[4]}
}

func toLargeKernel(x [6]float32) [6]float32 {
	const a, b, a2, b2, c, d = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB, winogradC, winogradD
	sum1, difference1, sum2, difference2 := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	return [6]float32{
		x[0]*(1/(a2*b2)) + c*sum1 + d*sum2, c*a*difference1 + d*b*difference2, c*a2*sum1 + d*b2*sum2,
		c*a*a2*difference1 + d*b*b2*difference2, x[5] + c*a2*a2*sum1 + d*b2*b2*sum2,
	}
}
