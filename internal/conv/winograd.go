package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Kernels of 3×3 and 5×5 elements in float32 go by Winograd's tiles where that saves time: see
// [simd.WinogradTiles]. A task takes some rows of tiles, puts the channels of their pixels
// next to each other, transforms them, multiplies with the transformed weights, and
// transforms the products to results.

// Sizes likewise.
const (
	tileMinChannels = 16      // of images and of results
	tileMinCount    = 48      // tiles, for transforming the weights to pay
	tileMinUsed     = 0.6     // of the elements of tiles
	tileBytes       = 3 << 18 // of a task's tiles and products
	tileLeast       = 32      // tiles of a task, which all weights are read for
)

const tileElements = simd.WinogradIn * simd.WinogradIn

// tileOut is the side of tiles of results, for kernels of that side.
func tileOut(kernel int) int { return simd.WinogradIn + 1 - kernel }

// tileGrid is the tiles of images, or of gradients of results, whose rows are numbered
// through from image to image.
type tileGrid struct {
	batch, rows, cols int // rows and columns of tiles in an image
	kernel            int // the side of kernels
	side, apart       int // of a tile in elements, and from one tile to the next
	channels          int
	size              [2]int // of the images
	first             [2]int // where the first tile begins
}

// tileable reports whether a convolution is one of 3×3 or 5×5 elements next to each other and
// tiles pay, for that many channels of images and results.
func (s *slide) tileable(batch, groups, in, out int) bool {
	if groups > 1 || in < tileMinChannels || out < tileMinChannels || len(s.taps[0]) != 1 || s.size[0] != 1 || s.grid[0] != 1 || s.step != [3]int{1, 1, 1} {
		return false
	}
	kernel := len(s.taps[1])
	if kernel != 3 && kernel != 5 {
		return false
	}
	count, out := batch, tileOut(kernel)
	for axis := 1; axis < 3; axis++ {
		least, most := s.reach(axis)
		if len(s.taps[axis]) != kernel || most-least != kernel-1 {
			return false
		}
		if most < 0 || s.grid[axis]-1+least >= s.size[axis] {
			return false // results of windows that lie outside are exactly the bias
		}
		count *= ceilDiv(s.grid[axis], out)
	}
	return count >= tileMinCount && float64(batch*volume(s.grid)) >= tileMinUsed*float64(count*out*out)
}

// tiles is the tiles on which the windows lie.
func (s *slide) tiles(batch, channels int) tileGrid {
	t := tileGrid{batch: batch, channels: channels, kernel: len(s.taps[1]), side: simd.WinogradIn}
	t.apart = tileOut(t.kernel)
	t.rows, t.cols = ceilDiv(s.grid[1], t.apart), ceilDiv(s.grid[2], t.apart)
	t.size = [2]int{s.size[1], s.size[2]}
	t.first[0], _ = s.reach(1)
	t.first[1], _ = s.reach(2)
	return t
}

// gradients is the tiles of the gradient of the result, of size and channels, on which t's lie.
func (t *tileGrid) gradients(channels, height, width int) tileGrid {
	g := *t
	g.side, g.channels = t.apart, channels
	g.size, g.first = [2]int{height, width}, [2]int{}
	return g
}

// pitch is the distance of pixels whose channels are next to each other.
func (t *tileGrid) pitch() int { return simd.RowPitch(t.channels) }

// count is the number of tiles.
func (t *tileGrid) count() int { return t.batch * t.rows * t.cols }

// blockRows is the number of rows of tiles in a task, of that many channels in all.
func (t *tileGrid) blockRows(channels int) int {
	rows := max(ceilDiv(tileLeast, t.cols), tileBytes/(4*tileElements*channels*t.cols))
	if rows > t.rows {
		rows -= rows % t.rows
	}
	return rows
}

// each calls f for rows first ≤ r < end of tiles of an image at a time, of those with
// numbers from ≤ i < to.
func (t *tileGrid) each(from, to int, f func(i, image, first, end int)) {
	for i := from; i < to; {
		image := i / t.rows
		first := i - image*t.rows
		end := min(t.rows, first+to-i)
		f(i, image, first, end)
		i += end - first
	}
}

// transform transforms rows first ≤ r < end of tiles of an image to dst [elements of tiles, tiles,
// pitch], elements apart.
func (t *tileGrid) transform(w *worker[float32], dst []float32, elements int, image []float32, first, end int) {
	pixels, width := t.pixels(w, image, first, end)
	pitch, in := t.pitch(), t.apart+t.kernel-1
	for r := range end - first {
		tiles := simd.WinogradTiles{
			Kernel: t.kernel, In: in, Channels: pitch, Tiles: t.cols, Src: pixels[r*t.apart*width*pitch:], SrcRow: width * pitch, SrcCol: pitch, SrcNext: t.apart * pitch,
			Dst: dst[r*t.cols*pitch:], DstRow: in * elements, DstCol: elements, DstNext: pitch,
		}
		if t.side == t.apart {
			tiles.Gradient()
		} else {
			tiles.Image()
		}
	}
}

// pixels is a copy of what tiles in rows first ≤ r < end cover of an image, with the
// channels of pixels next to each other, and zeros outside the image. Its rows have width
// pixels.
func (t *tileGrid) pixels(w *worker[float32], image []float32, first, end int) (pixels []float32, width int) {
	pitch, plane := t.pitch(), t.size[0]*t.size[1]
	y0, x0 := t.first[0]+first*t.apart, t.first[1]
	height := (end-first-1)*t.apart + t.side
	width = (t.cols-1)*t.apart + t.side
	row := width * pitch
	pixels = w.images.of(height*row + 8*pitch)
	left, right := max(x0, 0), min(x0+width, t.size[1])
	for y := y0; y < y0+height; y++ {
		to := pixels[(y-y0)*row:]
		if y < 0 || y >= t.size[0] || left >= right {
			clear(to[:row])
			continue
		}
		from := image[y*t.size[1]+left:]
		n, rows := right-left, 1
		switch {
		case n == width && n == t.size[1]:
			// Rows follow each other.
			rows = min(y0+height, t.size[0]) - y
			n *= rows
		case (t.channels-1)*plane+n+7 <= len(from):
			// Whole vectors are quicker; what they bring from the next row is overwritten.
			n = (n + 7) &^ 7
		}
		clear(to[:(left-x0)*pitch])
		simd.TransposeStrided(to[(left-x0)*pitch:], pitch, from, plane, t.channels, n)
		y += rows - 1
		if rows == 1 {
			clear(to[(right-x0)*pitch : row])
		}
	}
	return pixels, width
}

// apart is at least n, such that what lies so far apart does not fall on the same sets of
// the first-level cache.
func apart(n int) int { return simd.RowPitch(n) | simd.RowPitch(1) }

// tiling is a product by tiles. Its tasks run on several goroutines at once.
type tiling struct {
	tileGrid
	p         *product[float32]
	block     int // rows of tiles that are computed together
	task      int // rows of tiles in a task
	preparing bool

	// The transformed weights: as they come, [36, rows·channels], and as panels.
	weights, panels []float32
	bias            []float32
}

// tiled reports whether the product goes by tiles.
func (p *product[F]) tiled() bool {
	return p.every == [3]int{1, 1, 1} && p.size == p.grid && p.tileable(p.batch, p.groups, p.channels, p.rows)
}

// runTiles computes the product by tiles.
func (p *product[F]) runTiles() {
	if grid := p.tiles(p.batch, p.channels); grid.wide(p.channels, p.rows) {
		p.runWide()
		return
	}
	t := get[float32, tiling](&tilings)
	t.p, _ = any(p).(*product[float32])
	t.tileGrid = p.tiles(p.batch, p.channels)
	t.block = t.blockRows(p.channels + p.rows)
	if rows := t.batch * t.tileGrid.rows; ceilDiv(rows, t.block) < wantTasks/2 {
		t.block = evenly(rows, min(t.block, ceilDiv(rows, 2)), 1) // as much for each processor
	}
	t.task = t.block
	if p.whole() {
		t.task = max(t.block/t.tileGrid.rows, 1) * t.tileGrid.rows
	}
	memory := get[float32, worker[float32]](&memories) // not that of a task, which has other sizes
	t.bias = memory.result.of(simd.RowPitch(p.rows))
	clear(t.bias)
	copy(t.bias, t.p.bias)
	t.weights = transformed(memory, t.p.a, p.rows*p.channels, t.kernel)
	t.panels = memory.panels.of(tileElements * t.panelSize())
	t.preparing = true
	parallel.Run(tileElements, t)
	t.preparing = false
	parallel.Run(ceilDiv(t.batch*t.tileGrid.rows, t.task), t)
	put[float32](&memories, memory)
	t.p, t.weights, t.panels, t.bias = nil, nil, nil, nil
	put[float32](&tilings, t)
}

// panelSize is the number of elements of panels for one element of tiles.
func (t *tiling) panelSize() int { return simd.PackedBLen[float32](t.p.rows, t.p.channels) }

// transformed is the transform [36, count] of kernels [count, side, side]. Its rows are
// apart(count) elements apart.
func transformed(w *worker[float32], kernels []float32, count, side int) []float32 {
	size := side * side
	pitch := apart(count)
	columns, out := w.images.of(size*pitch), w.strips.of(tileElements*pitch)
	simd.TransposeStrided(columns, pitch, kernels, size, count, size)
	for k := range size {
		clear(columns[k*pitch+count : (k+1)*pitch])
	}
	t := simd.WinogradTiles{
		Kernel: side, In: simd.WinogradIn, Channels: pitch, Tiles: 1, Src: columns, SrcRow: side * pitch, SrcCol: pitch,
		Dst: out, DstRow: simd.WinogradIn * pitch, DstCol: pitch,
	}
	t.Kernels()
	return out
}

// Do computes some rows of tiles, or packs the weights of an element of tiles.
func (t *tiling) Do(i int) {
	p := t.p
	if t.preparing {
		simd.PackB(t.panels[i*t.panelSize():], t.weights[i*apart(p.rows*p.channels):], 1, p.channels, p.channels, p.rows)
		return
	}
	w := newWorker[float32]()
	end := min((i+1)*t.task, t.batch*t.tileGrid.rows)
	for from := i * t.task; from < end; from += t.block {
		t.blockOf(w, from, min(from+t.block, end))
	}
	w.rows.Src = nil
	put[float32](&workers, w)
}

// blockOf computes rows from ≤ r < to of tiles.
func (t *tiling) blockOf(w *worker[float32], from, to int) {
	p := t.p
	tiles := (to - from) * t.cols
	in, out := t.pitch(), simd.RowPitch(p.rows)
	elements, products := apart(tiles*in), apart(tiles*out)
	transformed, result := w.panels.of(tileElements*elements), w.result.of(tileElements*products)
	t.each(from, to, func(r, image, first, end int) {
		t.transform(w, transformed[(r-from)*t.cols*in:], elements, p.image(w, image), first, end)
	})
	g := simd.Gemm[float32]{M: tiles, N: p.rows, K: p.channels, ARow: in, ACol: 1, PackedB: true, CRow: out}
	for k := range tileElements {
		g.A, g.B, g.C = transformed[k*elements:], t.panels[k*t.panelSize():], result[k*products:]
		g.MulOuter()
	}
	t.each(from, to, func(r, image, first, end int) {
		t.results(w, channels{0, p.rows, out}, result[(r-from)*t.cols*out:], products, image, first, end)
	})
}

// channels is n channels of a result from the first on, of as many as pitch in products.
type channels struct{ first, n, pitch int }

// results transforms products, elements apart, to rows first ≤ r < end of tiles of some channels
// of an image's result.
func (t *tiling) results(w *worker[float32], c channels, products []float32, elements int, image, first, end int) {
	p := t.p
	pitch, width := c.pitch, t.cols*t.apart
	pixels := w.strips.of((end - first) * t.apart * width * pitch)
	for r := range end - first {
		tiles := simd.WinogradTiles{
			Kernel: t.kernel, In: simd.WinogradIn, Channels: pitch, Tiles: t.cols, Src: products[r*t.cols*pitch:], SrcRow: simd.WinogradIn * elements, SrcCol: elements, SrcNext: pitch,
			Dst: pixels[r*t.apart*width*pitch:], DstRow: width * pitch, DstCol: pitch, DstNext: t.apart * pitch,
		}
		tiles.Result(t.bias[c.first:][:pitch])
	}
	y, height := first*t.apart, min(end*t.apart, p.size[1])-first*t.apart
	plane, n := volume(p.size), height*p.size[2]
	all := p.result(w, image*p.rows+c.first, c.n)
	result := all[y*p.size[2]:]
	rows, distance := toPlanes(p, w, result, pixels, width, c, height)
	fine := finite(rows, distance, c.n, n)
	if !fine {
		t.exactly(w, c, result, image, y, height)
	}
	if p.relu {
		rectify(result, plane, c.n, n)
	}
	if fine && p.accumulate {
		for row := range c.n {
			sum := result[row*plane:][:n]
			simd.Add(sum, sum, rows[row*n:][:n])
		}
	}
	if end == t.tileGrid.rows {
		p.finished(image*p.rows+c.first, all)
	}
}

// toPlanes writes pixels, in height rows of that width, to rows of channels, distance elements apart:
// those of the result, or others where they are to be added to it.
func toPlanes(p *product[float32], w *worker[float32], result, pixels []float32, width int, c channels, height int) (rows []float32, distance int) {
	n := height * p.size[2]
	rows, distance = result, volume(p.size)
	if p.accumulate {
		rows, distance = w.apart.of(c.n*n), n
	}
	if width == p.size[2] {
		simd.TransposeStrided(rows, distance, pixels, c.pitch, n, c.n)
		return rows, distance
	}
	for i := range height {
		simd.TransposeStrided(rows[i*p.size[2]:], distance, pixels[i*width*c.pitch:], c.pitch, p.size[2], c.n)
	}
	return rows, distance
}

// finite reports whether neither NaN nor an infinity is among count rows of n elements.
func finite(rows []float32, distance, count, n int) bool {
	for row := range count {
		if sum := simd.Sum(rows[row*distance:][:n]); sum-sum != 0 {
			return false
		}
	}
	return true
}

// exactly computes rows of some channels of the result of an image without tiles, where there
// are infinities or NaN: tiles would spread them over their neighbours.
func (t *tiling) exactly(w *worker[float32], some channels, result []float32, image, y, height int) {
	p := t.p
	width, plane := p.size[2], volume(p.size)
	v := w.view(&p.slide, p.image(w, image), p.channels, box{[3]int{0, y, 0}, [3]int{1, y + height, width}})
	w.windows.Offsets = v.offsets(w.windows.Offsets[:0], &p.slide, 0, p.channels*p.kernel())
	c := simd.Correlation[float32]{
		Rows: height, N: width, Src: v.src[v.start(0, y, 0):], SrcRow: v.y, Offsets: w.windows.Offsets, ResultRow: width,
	}
	c.Result = result
	c.Correlate(simd.Results[float32]{
		N: some.n, Next: plane, Weights: p.a[some.first*len(c.Offsets):], WeightsRow: len(c.Offsets), Bias: t.bias[some.first:][:some.n], Accumulate: p.accumulate,
	})
}
