package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// spreading is the gradient of images as products Wᵀ·G, which are added where the elements
// of the kernel lead to. Unlike a convolution of G it makes no products with the zeros
// around it, of which there are many where kernels are large and images are not padded.
// Tasks run on several goroutines at once.
type spreading[F simd.Float] struct {
	Shape
	x, y, w, bias []F
	from          Planes[F] // instead of y
	accumulate    bool
	chunk         int // channels of X whose products are made at a time
}

// spreadBytes is the size of the products that are made at a time.
const spreadBytes = 1 << 18

// spreads reports whether the gradient of images goes by spreading products.
func (s *Shape) spreads() bool {
	if s.Padding != [3]int{} || s.Stride != [3]int{1, 1, 1} || s.Size[0] != 1 || volume(s.Kernel) == 1 {
		return false
	}
	// A convolution makes as many products as there would be for each element of X; packing
	// its windows counts as so many channels more.
	const packing, adding = 8, 6
	in, out := float64(s.In/s.Groups), float64(s.Out/s.Groups)
	return float64(volume(s.Count))*in*(out+adding) < float64(volume(s.Size))*(in+packing)*out
}

// spreadsLess reports whether spreading takes less time than tiles do: their transforms count as
// half as many multiplications as they save.
func (s *Shape) spreadsLess(windows *slide) bool {
	grid := windows.tiles(1, 1)
	return 2*volume(s.Count)*volume(s.Kernel) < 3*tileElements*grid.count()
}

// spread computes the gradient of images by spreading products.
func spread[F simd.Float](s Shape, x, y []F, from Planes[F], w, bias []F, accumulate bool) {
	t := get[F, spreading[F]](&spreadings)
	t.Shape, t.x, t.y, t.from, t.w, t.bias, t.accumulate = s, x, y, from, w, bias, accumulate
	kernel := volume(s.Kernel)
	t.chunk = max(1, spreadBytes/(int(sizeOf[F]())*kernel*volume(s.Count)))
	work := s.In / s.Groups * kernel * s.Out / s.Groups * volume(s.Count)
	parallel.For(s.Batch*s.Groups, max(1, taskWork/work), t)
	t.x, t.y, t.from, t.w, t.bias = nil, nil, nil, nil, nil
	put[F](&spreadings, t)
}

// DoRange computes the gradients of groups of channels of images.
func (t *spreading[F]) DoRange(lo, hi int) {
	w := newWorker[F]()
	for i := lo; i < hi; i++ {
		t.task(w, i)
	}
	put[F](&workers, w)
}

func (t *spreading[F]) task(w *worker[F], i int) {
	in, out, kernel := t.In/t.Groups, t.Out/t.Groups, volume(t.Kernel)
	size, count := volume(t.Size), volume(t.Count)
	group := i % t.Groups
	x := t.x[i*in*size : (i+1)*in*size]
	var y []F
	if t.from != nil {
		y = w.given(t.from, i*out, out, count)
	} else {
		y = t.y[i*out*count : (i+1)*out*count]
	}
	weights := t.w[group*out*in*kernel : (group+1)*out*in*kernel]
	t.start(x, group*in)
	for c := 0; c < in; c += t.chunk {
		channels := min(t.chunk, in-c)
		g := simd.Gemm[F]{
			M: channels * kernel, N: count, K: out, C: w.result.of(channels * kernel * count), CRow: count,
			A: weights[c*kernel:], ARow: 1, ACol: in * kernel, B: y, BRow: count, BCol: 1,
		}
		if g.M >= packMinRows {
			g.B, g.PackedB = w.panels.of(simd.PackedBLen[F](count, out)), true
			simd.PackB(g.B, y, count, 1, out, count)
		}
		g.MulOuter()
		for k := range channels {
			s := simd.Spread[F]{
				TapRows: t.Kernel[1], Taps: t.Kernel[2], Dilation: [2]int{t.Dilation[1], t.Dilation[2]}, Rows: t.Count[1], N: t.Count[2],
				Dst: x[(c+k)*size : (c+k+1)*size], DstRow: t.Size[2], Src: g.C[k*kernel*count:],
			}
			s.Add()
		}
	}
}

// start makes x, the channels from first on, what products are added to.
func (t *spreading[F]) start(x []F, first int) {
	size := volume(t.Size)
	if !t.accumulate {
		clear(x)
	}
	if t.bias == nil {
		return
	}
	for c := range len(x) / size {
		channel := x[c*size : (c+1)*size]
		simd.AddScalar(channel, channel, t.bias[first+c])
	}
}
