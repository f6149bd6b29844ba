package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// stridedGradient is the gradient of the weights of a convolution with a stride of 2 by tiles: for each
// of the elements of tiles a product of those of images, transposed, with all phases, and
// those of gradients. A number of images is transformed, then each task sums products for one
// element over all their tiles. Tasks run on several goroutines at once.
type stridedGradient struct {
	stridedShape
	s             Shape
	t             *gradient[float32]
	images, grads tileGrid

	part          int // images whose tiles are in memory together
	first, end    int // the images of a part
	tiles, others []float32
	sums          []float32 // [elements of tiles, phases·channels·out]
	stage         stridedStage
}

// stridedStage is what tasks do: transform images, multiply, transform sums to weights.
type stridedStage int

const (
	stridedTransforms stridedStage = iota
	stridedProducts
	stridedResults
)

// Sizes likewise.
const (
	stridedTiles = 1 << 20 // elements of transformed tiles
	stridedSums  = 6 << 20 // elements of sums
)

// runStrided computes the gradient of the weights of a convolution with a stride of 2 by tiles. It reports false
// where that does not pay, or there are infinities or NaN, and then leaves w as it is.
func (t *gradient[F]) runStrided(s *Shape) bool {
	single, ok := any(t).(*gradient[float32])
	if !ok || s.Batch*volume(s.Count) == 0 {
		return false
	}
	shape, ok := s.strided(false)
	if !ok || shape.size()*len(phases)*s.In*s.Out > stridedSums {
		return false
	}
	d := get[float32, stridedGradient](&stridedGradients)
	d.stridedShape, d.s, d.t = shape, *s, single
	d.images = d.stridedShape.images(s)
	d.grads = tileGrid{
		batch: s.Batch, rows: d.rows, cols: d.cols, kernel: d.kernel, side: d.out, apart: d.out, channels: s.Out, size: [2]int(s.Count[1:]),
	}
	each := d.size() * d.rows * d.cols * (d.images.depth() + d.grads.pitch())
	d.part = evenly(s.Batch, max(1, stridedTiles/each), 1)
	memory := get[float32, worker[float32]](&memories)
	d.tiles = memory.panels.of(d.size() * d.elements(&d.images, d.images.depth()))
	d.others = memory.result.of(d.size() * d.elements(&d.grads, d.grads.pitch()))
	d.sums = memory.strips.of(d.size() * d.sumSize())
	for d.first = 0; d.first < s.Batch; d.first = d.end {
		d.end = min(d.first+d.part, s.Batch)
		d.stage = stridedTransforms
		parallel.Run(d.end-d.first, d)
		d.stage = stridedProducts
		parallel.Run(d.size(), d)
	}
	fine := finite(d.sums, d.sumSize(), d.size(), len(phases)*s.In*s.Out)
	if fine {
		d.stage = stridedResults
		parallel.Run(ceilDiv(s.In, wideOut), d)
	}
	put[float32](&memories, memory)
	d.t, d.tiles, d.others, d.sums = nil, nil, nil, nil
	put[float32](&stridedGradients, d)
	return fine
}

// elements is the distance of elements of the tiles of a part's images.
func (d *stridedGradient) elements(g *tileGrid, pitch int) int {
	return apart(d.part * g.rows * g.cols * pitch)
}

// sumSize is the distance of sums of one element of tiles.
func (d *stridedGradient) sumSize() int { return apart(len(phases)*d.s.In*d.s.Out + simd.RowPitch(1)) }

// Do does task i of the stage.
func (d *stridedGradient) Do(i int) {
	w := newWorker[float32]()
	switch d.stage {
	case stridedTransforms:
		image, at := d.first+i, i*d.rows*d.cols
		depth, pitch := d.images.depth(), d.grads.pitch()
		x := d.t.x[image*d.s.In*d.t.plane:][:d.s.In*d.t.plane]
		d.images.transformPhases(w, d.tiles[at*depth:], d.elements(&d.images, depth), x, 0, d.rows)
		d.grads.transform(w, d.others[at*pitch:], d.elements(&d.grads, pitch), d.t.grad(w, image), 0, d.rows)
	case stridedProducts:
		d.multiply(w, i)
	case stridedResults:
		d.finish(w, i*wideOut)
	}
	w.rows.Src = nil
	put[float32](&workers, w)
}

// multiply adds to the sums of element e of tiles.
func (d *stridedGradient) multiply(w *worker[float32], e int) {
	in, out := d.s.In, d.s.Out
	depth, pitch := d.images.depth(), d.grads.pitch()
	tiles, others := d.tiles[e*d.elements(&d.images, depth):], d.others[e*d.elements(&d.grads, pitch):]
	count := (d.end - d.first) * d.rows * d.cols
	first, end := d.of(e)
	sums := d.sums[e*d.sumSize():][:len(phases)*in*out]
	if d.first == 0 {
		clear(sums[:first*in*out])
		clear(sums[end*in*out:])
	}
	g := simd.Gemm[float32]{
		M: (end - first) * in, N: out, K: count, A: tiles[first*in:], ARow: 1, ACol: depth,
		B: w.panels.of(simd.PackedBLen[float32](out, count)), PackedB: true, C: sums[first*in*out:], CRow: out, Accumulate: d.first > 0,
	}
	simd.PackB(g.B, others, pitch, 1, count, out)
	g.MulOuter()
}

// finish transforms the sums of channels first ≤ c < first + wideOut of images to the gradient.
func (d *stridedGradient) finish(w *worker[float32], first int) {
	in, out, side := d.s.In, d.s.Out, d.side
	n := min(wideOut, in-first)
	pitch := simd.RowPitch(n * out)
	kernels, transposed := w.images.of(d.kernel*d.kernel*pitch), w.strips.of(pitch)
	for i, phase := range phases {
		tiles := simd.WinogradTiles{
			Kernel: d.kernel, In: d.in(), Channels: pitch, Tiles: 1, Src: d.sums[(i*in+first)*out:], SrcRow: d.in() * d.sumSize(), SrcCol: d.sumSize(),
			Dst: kernels, DstRow: d.kernel * pitch, DstCol: pitch,
		}
		tiles.KernelGradients()
		for k := range d.kernel * d.kernel {
			row, col := 2*(k/d.kernel)+phase[0], 2*(k%d.kernel)+phase[1]
			if row == side || col == side {
				continue
			}
			simd.TransposeStrided(transposed, n, kernels[k*pitch:], out, n, out) // [out, n]
			for o := range out {
				to := d.t.w[(o*in+first)*side*side+row*side+col:]
				for c, v := range transposed[o*n:][:n] {
					if d.t.accumulate {
						v += to[c*side*side]
					}
					to[c*side*side] = v
				}
			}
		}
	}
}
