package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func randomFloats(r *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(r.NormFloat64())
	}
	return values
}

// The transforms make a convolution a product of elements, and their adjoints its gradient.
func TestWinogradConvolves(t *testing.T) {
	t.Run("2×2 by 4×4", func(t *testing.T) { testWinogradConvolves(t, 2, 4) })
	t.Run("2×2 by 5×5", func(t *testing.T) { testWinogradConvolves(t, 2, 5) })
	t.Run("3×3", func(t *testing.T) { testWinogradConvolves(t, 3, WinogradIn) })
	t.Run("5×5", func(t *testing.T) { testWinogradConvolves(t, 5, WinogradIn) })
}

func testWinogradConvolves(t *testing.T, kernel, in int) {
	r := rand.New(rand.NewPCG(1, 2))
	const channels, tiles = 32, 3
	out, elements := in+1-kernel, in*in
	row, width := (out*tiles+kernel-1)*channels, out*tiles*channels
	g := randomFloats(r, kernel*kernel*channels)                                                // [kernel, kernel, channels]
	image := randomFloats(r, in*row)                                                            // [in, width, channels]: tiles overlap
	upstream := randomFloats(r, out*width)                                                      // [out, width, channels]
	u, products := make([]float32, elements*channels), make([]float32, elements*tiles*channels) // [elements, tiles, channels]
	transformed, result := make([]float32, len(products)), make([]float32, len(upstream))
	gradient, bias := make([]float32, len(g)), randomFloats(r, channels)
	for _, set := range instructionSets() {
		set.with(func() {
			w := WinogradTiles{Kernel: kernel, In: in, Channels: channels, Tiles: 1, Src: g, SrcRow: kernel * channels, SrcCol: channels, Dst: u, DstRow: in * channels, DstCol: channels}
			w.Kernels()
			w = WinogradTiles{Kernel: kernel, In: in, Channels: channels, Tiles: tiles, Src: image, SrcRow: row, SrcCol: channels, SrcNext: out * channels,
				Dst: transformed, DstRow: in * tiles * channels, DstCol: tiles * channels, DstNext: channels}
			w.Image()
			for i, v := range transformed {
				products[i] = v * u[i/(tiles*channels)*channels+i%channels]
			}
			w = WinogradTiles{Kernel: kernel, In: in, Channels: channels, Tiles: tiles, Src: products, SrcRow: in * tiles * channels, SrcCol: tiles * channels, SrcNext: channels,
				Dst: result, DstRow: width, DstCol: channels, DstNext: out * channels}
			w.Result(bias)
			w = WinogradTiles{Kernel: kernel, In: in, Channels: channels, Tiles: tiles, Src: upstream, SrcRow: width, SrcCol: channels, SrcNext: out * channels,
				Dst: products, DstRow: in * tiles * channels, DstCol: tiles * channels, DstNext: channels}
			w.Gradient()
			sums := make([]float32, elements*channels)
			for i, v := range products {
				sums[i/(tiles*channels)*channels+i%channels] += v * transformed[i]
			}
			w = WinogradTiles{Kernel: kernel, In: in, Channels: channels, Tiles: 1, Src: sums, SrcRow: in * channels, SrcCol: channels, Dst: gradient, DstRow: kernel * channels, DstCol: channels}
			w.KernelGradients()
		})
		for c := range channels {
			want := make([]float64, kernel*kernel)
			for i := range out {
				for j := range out * tiles {
					y := float64(bias[c])
					for k := range want {
						x := float64(image[(i+k/kernel)*row+(j+k%kernel)*channels+c])
						y += float64(g[k*channels+c]) * x
						want[k] += float64(upstream[i*width+j*channels+c]) * x
					}
					if got := result[i*width+j*channels+c]; !(math.Abs(float64(got)-y) < 5e-5) {
						t.Fatalf("%v: channel %d, element %d, %d is %v, want %v", set, c, i, j, got, y)
					}
				}
			}
			for k, w := range want {
				if v := gradient[k*channels+c]; !(math.Abs(float64(v)-w) < 2e-4) {
					t.Errorf("%v: the gradient of element %d is %v, want %v", set, k, v, w)
				}
			}
		}
	}
}

// All transforms stay in their memory, and AVX-512 gives the bits of AVX2.
func TestWinogradSets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const channels, tiles = 48, 3
	bias := randomFloats(r, channels)
	for _, atEnd := range []bool{false, true} {
		for _, transform := range []struct {
			name            string
			kernel, in, out int
			run             func(w *WinogradTiles)
		}{
			{"image", 3, 6, 6, (*WinogradTiles).Image},
			{"gradient", 3, 4, 6, (*WinogradTiles).Gradient},
			{"result", 3, 6, 4, func(w *WinogradTiles) { w.Result(bias) }},
			{"kernels", 3, 3, 6, (*WinogradTiles).Kernels},
			{"gradients of kernels", 3, 6, 3, (*WinogradTiles).KernelGradients},
			{"image by 5×5", 2, 5, 5, (*WinogradTiles).Image},
			{"gradient for 2×2 by 5×5", 2, 4, 5, (*WinogradTiles).Gradient},
			{"result of 2×2 by 5×5", 2, 5, 4, func(w *WinogradTiles) { w.Result(bias) }},
			{"kernels of 2×2 by 5×5", 2, 2, 5, (*WinogradTiles).Kernels},
			{"gradients of kernels of 2×2 by 5×5", 2, 5, 2, (*WinogradTiles).KernelGradients},
			{"image by 4×4", 2, 4, 4, (*WinogradTiles).Image},
			{"gradient for 2×2 by 4×4", 2, 3, 4, (*WinogradTiles).Gradient},
			{"result of 2×2 by 4×4", 2, 4, 3, func(w *WinogradTiles) { w.Result(bias) }},
			{"kernels of 2×2 by 4×4", 2, 2, 4, (*WinogradTiles).Kernels},
			{"gradients of kernels of 2×2 by 4×4", 2, 4, 2, (*WinogradTiles).KernelGradients},
			{"gradient for 5×5", 5, 2, 6, (*WinogradTiles).Gradient},
			{"result of 5×5", 5, 6, 2, func(w *WinogradTiles) { w.Result(bias) }},
			{"kernels of 5×5", 5, 5, 6, (*WinogradTiles).Kernels},
			{"gradients of kernels of 5×5", 5, 6, 5, (*WinogradTiles).KernelGradients},
		} {
			w := WinogradTiles{
				Kernel: transform.kernel, In: max(transform.in, transform.out), Channels: channels, Tiles: tiles, Src: guardedFloats[float32](t, transform.in*transform.in*tiles*channels, atEnd),
				SrcRow: transform.in * tiles * channels, SrcCol: channels, SrcNext: transform.in * channels,
				Dst:    guardedFloats[float32](t, transform.out*transform.out*tiles*channels, atEnd),
				DstRow: transform.out * tiles * channels, DstCol: tiles * channels, DstNext: channels,
			}
			copy(w.Src, randomFloats(r, len(w.Src)))
			compareSets(t, transform.name, w.Dst, 1e-4, func() {
				Fill(w.Dst, float32(math.NaN()))
				transform.run(&w)
			})
		}
	}
}

func TestWinogradPanics(t *testing.T) {
	for i, run := range []func(w *WinogradTiles){
		func(w *WinogradTiles) { w.Src = w.Src[1:]; w.Image() },
		func(w *WinogradTiles) { w.Dst = w.Dst[1:]; w.Image() },
		func(w *WinogradTiles) { w.Channels = 8; w.Gradient() },
		func(w *WinogradTiles) { w.SrcCol = -16; w.Gradient() },
		func(w *WinogradTiles) { w.Result(nil) },
		func(w *WinogradTiles) { w.Kernel = 4; w.Image() },
		func(w *WinogradTiles) { w.In = 5; w.Image() },
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			run(&WinogradTiles{Kernel: 3, In: WinogradIn, Channels: 16, Tiles: 1, Src: make([]float32, 36*16), SrcRow: 6 * 16, SrcCol: 16, Dst: make([]float32, 36*16), DstRow: 6 * 16, DstCol: 16})
		})
	}
}
