package conv

import (
	"sync/atomic"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Where there are many channels and few tiles, as in the last layers of networks for images, the
// transformed weights are larger than all tiles: four times the weights, which would go through
// memory several times. There a task takes some channels of the result and all tiles. It
// transforms the weights of a block of channels right before it multiplies with them, and its
// sums stay in the second-level cache; what all tasks read is the transformed images.

// Sizes likewise.
const (
	wideTiles = 128 // for products with them to stay in the second-level cache
	wideOut   = 32  // channels of results of a task, the width of panels
	wideIn    = 64  // channels of images whose weights are transformed at a time
	wideRows  = 60  // channels of images whose gradients of weights are computed at a time: full tiles of products
)

// wide reports whether a product by tiles has many channels and few tiles.
func (t *tileGrid) wide(in, out int) bool {
	return t.count() <= wideTiles && in*out >= t.count()*(in+out)
}

// widely is a product by tiles of many channels, or a gradient of its weights. Tasks run on several
// goroutines at once.
type widely struct {
	tiling
	gradient *gradient[float32] // for the gradient of weights
	grads    tileGrid

	images, others []float32 // transformed: [36, tiles, channels], of the gradient too
	transforming   bool
	spoiled        atomic.Bool // there is a sum that is infinite or NaN
}

// transformAll transforms the images, and the gradient of the result, if that is one.
func (t *widely) transformAll(memory *worker[float32]) {
	t.images = memory.panels.of(tileElements * t.elements(&t.tileGrid))
	if t.gradient != nil {
		t.others = memory.result.of(tileElements * t.elements(&t.grads))
	}
	t.transforming = true
	parallel.Run(t.batch, t)
	t.transforming = false
}

// elements is the distance of elements of transformed tiles.
func (t *widely) elements(g *tileGrid) int { return apart(g.batch * g.rows * g.cols * g.pitch()) }

// Do transforms an image, or computes what belongs to a block of channels of the result.
func (t *widely) Do(i int) {
	w := newWorker[float32]()
	switch {
	case t.transforming:
		at := i * t.tileGrid.rows * t.cols
		images, elements := t.images[at*t.pitch():], t.elements(&t.tileGrid)
		if t.gradient == nil {
			t.transform(w, images, elements, t.p.image(w, i), 0, t.tileGrid.rows)
			break
		}
		t.transform(w, images, elements, t.gradient.x[i*t.channels*t.gradient.plane:], 0, t.tileGrid.rows)
		t.grads.transform(w, t.others[at*t.grads.pitch():], t.elements(&t.grads), t.gradient.grad(w, i), 0, t.grads.rows)
	case t.gradient != nil:
		t.gradients(w, i*wideOut)
	default:
		t.convolve(w, i*wideOut)
	}
	w.rows.Src = nil
	put[float32](&workers, w)
}

// runWide computes the product by tiles of many channels.
func (p *product[F]) runWide() {
	t := get[float32, widely](&wides)
	t.p, _ = any(p).(*product[float32])
	t.tileGrid, t.gradient = p.tiles(p.batch, p.channels), nil
	memory := get[float32, worker[float32]](&memories)
	t.bias = memory.strips.of(ceilDiv(p.rows, wideOut) * wideOut)
	clear(t.bias)
	copy(t.bias, t.p.bias)
	t.transformAll(memory)
	parallel.Run(ceilDiv(p.rows, wideOut), t)
	put[float32](&memories, memory)
	t.done()
}

func (t *widely) done() {
	t.p, t.bias, t.images, t.others, t.gradient = nil, nil, nil, nil, nil
	put[float32](&wides, t)
}

// convolve computes channels from first on of all results.
func (t *widely) convolve(w *worker[float32], first int) {
	p := t.p
	size := t.kernel * t.kernel
	panel := simd.GemmPanel[float32]()
	n := min(wideOut, p.rows-first)
	each := t.tileGrid.rows * t.cols // of an image
	tiles, pitch := t.batch*each, t.pitch()
	elements, products := apart(wideIn*wideOut), apart(tiles*wideOut)
	columns := w.strips.of(wideIn * size * wideOut)
	if n < wideOut {
		clear(columns)
	}
	panels, result := w.panels.of(tileElements*elements), w.result.of(tileElements*products)
	for c := 0; c < p.channels; c += wideIn {
		k := min(wideIn, p.channels-c)
		simd.TransposeStrided(columns, wideOut, p.a[(first*p.channels+c)*size:], p.channels*size, n, k*size)
		for j := 0; j < n; j += panel {
			kernels := simd.WinogradTiles{
				Kernel: t.kernel, In: simd.WinogradIn, Channels: panel, Tiles: k, Src: columns[j:], SrcRow: t.kernel * wideOut, SrcCol: wideOut, SrcNext: size * wideOut,
				Dst: panels[j*k:], DstRow: simd.WinogradIn * elements, DstCol: elements, DstNext: panel,
			}
			kernels.Kernels()
		}
		g := simd.Gemm[float32]{M: tiles, N: n, K: k, ARow: pitch, ACol: 1, PackedB: true, CRow: wideOut, Accumulate: c > 0}
		for e := range tileElements {
			g.A, g.B, g.C = t.images[e*t.elements(&t.tileGrid)+c:], panels[e*elements:], result[e*products:]
			g.MulOuter()
		}
	}
	for image := range t.batch {
		t.results(w, channels{first, n, wideOut}, result[image*each*wideOut:], products, image, 0, t.tileGrid.rows)
	}
}

// runWide computes the gradient by tiles of many channels. It reports false where there are
// infinities or NaN, and then leaves w as it is if that is to be added to.
func (t *gradient[F]) runWide() bool {
	d := get[float32, widely](&wides)
	d.gradient, _ = any(t).(*gradient[float32])
	d.tileGrid = t.tiles(t.batch, t.channels)
	d.grads = d.tileGrid.gradients(t.out, t.grid[1], t.grid[2])
	memory := get[float32, worker[float32]](&memories)
	w := d.gradient.w
	d.gradient.partial = w
	if t.accumulate {
		d.gradient.partial = memory.apart.of(len(w))
	}
	d.spoiled.Store(false)
	d.transformAll(memory)
	parallel.Run(ceilDiv(t.out, wideOut), d)
	fine := !d.spoiled.Load()
	if fine && t.accumulate {
		simd.Add(w, w, d.gradient.partial)
	}
	put[float32](&memories, memory)
	d.done()
	return fine
}

// gradients computes those of the weights of channels from first on of the result.
func (t *widely) gradients(w *worker[float32], first int) {
	d := t.gradient
	size := t.kernel * t.kernel
	n := min(wideOut, d.out-first)
	tiles, in, out := t.batch*t.tileGrid.rows*t.cols, t.pitch(), t.grads.pitch()
	panel, sums := simd.PackedBLen[float32](n, tiles), apart(wideRows*wideOut)
	panels, result := w.panels.of(tileElements*panel), w.result.of(tileElements*sums)
	for e := range tileElements {
		simd.PackB(panels[e*panel:], t.others[e*t.elements(&t.grads)+first:], out, 1, tiles, n)
	}
	kernels := w.strips.of(wideRows * size * wideOut)
	for c := 0; c < d.channels; c += wideRows {
		m := min(wideRows, d.channels-c)
		g := simd.Gemm[float32]{M: m, N: n, K: tiles, ARow: 1, ACol: in, PackedB: true, CRow: wideOut}
		for e := range tileElements {
			g.A, g.B, g.C = t.images[e*t.elements(&t.tileGrid)+c:], panels[e*panel:], result[e*sums:]
			g.MulOuter()
		}
		gradients := simd.WinogradTiles{
			Kernel: t.kernel, In: simd.WinogradIn, Channels: wideOut, Tiles: m, Src: result, SrcRow: simd.WinogradIn * sums, SrcCol: sums, SrcNext: wideOut,
			Dst: kernels, DstRow: t.kernel * wideOut, DstCol: wideOut, DstNext: size * wideOut,
		}
		gradients.KernelGradients()
		row := d.channels * size
		to := d.partial[first*row+c*size:]
		simd.TransposeStrided(to, row, kernels, wideOut, m*size, n)
		if !finite(to, row, n, m*size) {
			t.spoiled.Store(true)
		}
	}
}
