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
//
// Kernels of 2×2 go by tiles of 5×5 and of 4×4: F(4×4, 2×2) with the points ±a, ±b and ∞, F(3×3, 2×2)
// with 0, ±1 and ∞.
//
//	Aᵀ = [1 1 1 1 0; a −a b −b 0; a² a² b² b² 0; a³ −a³ b³ −b³ 1],  Aᵀ = [1 1 1 0; 0 1 −1 0; 0 1 1 1]
//	Bᵀ = [−ab² −b² a 1 0; ab² −b² −a 1 0; …; a²b² 0 −a²−b² 0 1],    Bᵀ = [−1 0 1 0; 0 1 1 0; 0 −1 1 0; 0 −1 0 1]
//	G  = [e ea; −e ea; f fb; −f fb; 0 1],                           G  = [−1 0; ½ ½; ½ −½; 0 1],
//
// with e = 1/2a(a²−b²) and f = 1/2b(b²−a²).
const (
	winogradA = 5.0 / 8
	winogradB = 3.0 / 2
	winogradC = 1 / (2 * winogradA * winogradA * (winogradA*winogradA - winogradB*winogradB))
	winogradD = 1 / (2 * winogradB * winogradB * (winogradB*winogradB - winogradA*winogradA))
	winogradE = winogradA * winogradC
	winogradF = winogradB * winogradD
)

// WinogradIn is the side of tiles of images, and of products, for kernels of 3×3 and 5×5.
const WinogradIn = 6

// WinogradTiles transforms tiles whose elements are vectors of channels.
type WinogradTiles struct {
	Kernel                  int // the side of kernels: 2, 3 or 5
	In                      int // the side of tiles of images: WinogradIn, or 4 or 5 for kernels of 2×2
	Channels, Tiles         int // Channels is a multiple of RowPitch(1)
	Src                     []float32
	SrcRow, SrcCol, SrcNext int // distances of elements below each other, of elements next to each other, of tiles
	Dst                     []float32
	DstRow, DstCol, DstNext int
}

// Image transforms tiles of an image, BᵀXB, of In×In elements to as many.
func (w *WinogradTiles) Image() {
	w.check("WinogradTiles.Image", w.In, w.In)
	w.image()
}

// Out is the side of tiles of results.
func (w *WinogradTiles) Out() int { return w.In + 1 - w.Kernel }

// Gradient transforms tiles of a gradient of the result, AGAᵀ, of Out×Out elements to In×In.
func (w *WinogradTiles) Gradient() {
	w.check("WinogradTiles.Gradient", w.Out(), w.In)
	w.gradient()
}

// Result transforms products to tiles of the result, AᵀMA, of In×In elements to Out×Out, and
// adds the bias [Channels].
func (w *WinogradTiles) Result(bias []float32) {
	w.check("WinogradTiles.Result", w.In, w.Out())
	if len(bias) != w.Channels {
		panicLength("WinogradTiles.Result", "bias", len(bias), w.Channels)
	}
	w.result(bias)
}

// Kernels transforms kernels, GWGᵀ, of Kernel×Kernel elements to In×In.
func (w *WinogradTiles) Kernels() {
	w.check("WinogradTiles.Kernels", w.Kernel, w.In)
	w.kernels()
}

// KernelGradients transforms sums of products of transformed images and gradients to
// gradients of kernels, GᵀMG, of In×In elements to Kernel×Kernel. It is the adjoint of Kernels.
func (w *WinogradTiles) KernelGradients() {
	w.check("WinogradTiles.KernelGradients", w.In, w.Kernel)
	w.kernelGradients()
}

// winogradForm is the kernels of a side together with the side of their tiles.
type winogradForm int

const (
	noWinograd winogradForm = iota
	winograd3
	winograd5
	winograd2In5
	winograd2In4
)

func (w *WinogradTiles) form() winogradForm {
	switch [2]int{w.Kernel, w.In} {
	case [2]int{3, WinogradIn}:
		return winograd3
	case [2]int{5, WinogradIn}:
		return winograd5
	case [2]int{2, 5}:
		return winograd2In5
	case [2]int{2, 4}:
		return winograd2In4
	}
	return noWinograd
}

func (w *WinogradTiles) check(op string, in, out int) {
	if w.form() == noWinograd {
		panic(fmt.Sprintf("simd: %s: kernels of %d×%d elements, tiles of %d×%d", op, w.Kernel, w.Kernel, w.In, w.In))
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

// winogradReference is the transforms of a form.
type winogradReference struct{ image, gradient, result, kernel, kernelGradient func(x [6]float32) [6]float32 }

var winogradReferences = map[winogradForm]winogradReference{
	winograd3:    {fromImage, fromGradient, toResult, fromKernel, toKernel},
	winograd5:    {fromImage, fromSmallGradient, toSmallResult, fromLargeKernel, toLargeKernel},
	winograd2In5: {fromImage5, fromGradient5, toResult5, fromKernel5, toKernel5},
	winograd2In4: {fromImage4, fromGradient4, toResult4, fromKernel4, toKernel4},
}

func (w *WinogradTiles) imageGeneric() {
	w.generic(w.In, w.In, winogradReferences[w.form()].image, nil)
}
func (w *WinogradTiles) gradientGeneric() {
	w.generic(w.Out(), w.In, winogradReferences[w.form()].gradient, nil)
}
func (w *WinogradTiles) kernelsGeneric() {
	w.generic(w.Kernel, w.In, winogradReferences[w.form()].kernel, nil)
}
func (w *WinogradTiles) resultGeneric(bias []float32) {
	w.generic(w.In, w.Out(), winogradReferences[w.form()].result, bias)
}
func (w *WinogradTiles) kernelGradientsGeneric() {
	w.generic(w.In, w.Kernel, winogradReferences[w.form()].kernelGradient, nil)
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

// fromImage5 and so on are the same for kernels of 2×2 elements and tiles of 5×5.
func fromImage5(x [6]float32) [6]float32 {
	const a, b, a2, b2 = winogradA, winogradB, winogradA * winogradA, winogradB * winogradB
	even1, odd1 := a*(x[2]-b2*x[0]), x[3]-b2*x[1]
	even2, odd2 := b*(x[2]-a2*x[0]), x[3]-a2*x[1]
	return [6]float32{odd1 + even1, odd1 - even1, odd2 + even2, odd2 - even2, x[4] - (a2+b2)*x[2] + a2*b2*x[0]}
}

func fromGradient5(y [6]float32) [6]float32 {
	v := fromGradient(y)
	return [6]float32{v[1], v[2], v[3], v[4], v[5]}
}

func toResult5(m [6]float32) [6]float32 { return toResult([6]float32{0, m[0], m[1], m[2], m[3], m[4]}) }

func fromKernel5(g [6]float32) [6]float32 {
	even1, odd1, even2, odd2 := winogradE*g[0], winogradE*winogradA*g[1], winogradF*g[0], winogradF*winogradB*g[1]
	return [6]float32{odd1 + even1, odd1 - even1, odd2 + even2, odd2 - even2, g[1]}
}

func toKernel5(x [6]float32) [6]float32 {
	return [6]float32{
		winogradE*(x[0]-x[1]) + winogradF*(x[2]-x[3]),
		x[4] + winogradE*winogradA*(x[0]+x[1]) + winogradF*winogradB*(x[2]+x[3]),
	}
}

// fromImage4 and so on are the same for tiles of 4×4.
func fromImage4(x [6]float32) [6]float32 {
	return [6]float32{x[2] - x[0], x[2] + x[1], x[2] - x[1], x[3] - x[1]}
}

func fromGradient4(y [6]float32) [6]float32 {
	even := y[0] + y[2]
	return [6]float32{y[0], even + y[1], even - y[1], y[2]}
}

func toResult4(m [6]float32) [6]float32 {
	sum := m[1] + m[2]
	return [6]float32{m[0] + sum, m[1] - m[2], sum + m[3]}
}

func fromKernel4(g [6]float32) [6]float32 {
	even, odd := g[0]/2, g[1]/2
	return [6]float32{-g[0], even + odd, even - odd, g[1]}
}

func toKernel4(x [6]float32) [6]float32 {
	return [6]float32{(x[1]+x[2])/2 - x[0], x[3] + (x[1]-x[2])/2}
}
