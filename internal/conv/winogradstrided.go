package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// With a stride of 2 in both directions, a convolution is the sum of four with a stride of 1, of the
// pixels with even and with odd rows and columns, its phases, each with every second row and column
// of the kernel:
//
//	Y[i] = Σ W[2k] · X[2(i+k)] + Σ W[2k+1] · X[2(i+k)+1]
//
// along each axis. In float32 these go by tiles: kernels of 3×3 and 4×4 are four of up to 2×2, those
// of 5×5 and 6×6 four of up to 3×3. Products with the transformed tiles of all four add up before
// they are transformed to results. A kernel with an odd number of rows has one fewer in the phase of
// odd rows, whose transform is 0 for the point at infinity: the products with that are left out.
// Channels of pixels are next to each other, and pixels of a phase only farther apart: nothing is taken apart.
//
// The gradient of images is four convolutions of the gradient of the result, one for each phase,
// of the same transformed tiles. Their results are written to pixels 2 apart.

// phases are the rows and columns of pixels, even (0) or odd (1), in an order in which those with
// even rows, and those with even columns, follow each other.
var phases = [4][2]int{{1, 0}, {0, 0}, {0, 1}, {1, 1}}

// stridedShape is how a convolution with a stride of 2 is cut into tiles.
type stridedShape struct {
	side   int  // of the kernel
	kernel int  // the side of those of the phases
	out    int  // the side of tiles of their results
	odd    bool // the side of the kernel is odd
	rows   int  // of tiles in an image
	cols   int
}

// in is the side of transformed tiles, size the number of their elements.
func (t *stridedShape) in() int   { return t.out + t.kernel - 1 }
func (t *stridedShape) size() int { return t.in() * t.in() }

// Costs in multiplications, as measured.
const (
	stridedTransform = 25 // of an element of tiles
	stridedWeights   = 30 // of an element of transformed weights, or of the sums of their gradient
	stridedWindow    = 16 // of an element of windows
	stridedPixel     = 30 // of an element of the gradient of images, which is put where it belongs
)

// strided is the tiles of a convolution, or, with backward, of the gradient of its images. It reports
// false where windows take less time.
func (s *Shape) strided(backward bool) (best stridedShape, ok bool) {
	side := s.Kernel[1]
	if s.Groups != 1 || min(s.In, s.Out) < tileMinChannels || s.Size[0] != 1 || s.Count[0] != 1 || s.Kernel[0] != 1 || s.Padding[0] != 0 ||
		s.Kernel[2] != side || side < 3 || side > 6 || s.Stride[1] != 2 || s.Stride[2] != 2 || s.Dilation[1] != 1 || s.Dilation[2] != 1 {
		return best, false
	}
	for axis := 1; axis < 3 && !backward; axis++ {
		if s.Padding[axis] >= side || 2*(s.Count[axis]-1)-s.Padding[axis] >= s.Size[axis] {
			return best, false // results of windows that lie outside are exactly the bias
		}
	}
	in, out := float64(s.In), float64(s.Out)
	windows := float64(s.Batch * volume(s.Count) * volume(s.Kernel))
	least := windows * in * (out + stridedWindow)
	if backward {
		least = windows*out*(in+stridedWindow) + stridedPixel*float64(s.Batch*volume(s.Size))*in
	}
	kernel := (side + 1) / 2
	for out := 3; out <= 4; out++ {
		if kernel == 3 && out == 3 {
			continue
		}
		t := stridedShape{side: side, kernel: kernel, out: out, odd: side%2 == 1}
		height, width := s.Count[1], s.Count[2]
		if backward {
			_, height = t.pairs(s, 1)
			_, width = t.pairs(s, 2)
		}
		t.rows, t.cols = ceilDiv(height, out), ceilDiv(width, out)
		if cost := t.cost(s); cost < least {
			best, ok, least = t, true, cost
		}
	}
	return best, ok
}

// cost is the time that tiles take, in multiplications.
func (t *stridedShape) cost(s *Shape) float64 {
	in, out, tiles := float64(s.In), float64(s.Out), float64(s.Batch*t.rows*t.cols)
	products := 4 * t.size()
	if t.odd {
		products = (2*t.in() - 1) * (2*t.in() - 1)
	}
	return (tiles+stridedWeights)*float64(products)*in*out + stridedTransform*tiles*float64(t.size())*(4*in+out)
}

// of is the phases that element e of transformed tiles has products of, those from first on up to end.
func (t *stridedShape) of(e int) (first, end int) {
	first, end = 0, len(phases)
	if last := t.in() - 1; t.odd {
		if e/t.in() == last {
			first, end = 1, 3
		}
		if e%t.in() == last {
			end = 2
		}
	}
	return first, end
}

// images is the tiles of images, with all phases.
func (t *stridedShape) images(s *Shape) tileGrid {
	return tileGrid{
		batch: s.Batch, rows: t.rows, cols: t.cols, kernel: t.kernel, side: 2 * t.in(), apart: 2 * t.out,
		channels: s.In, size: [2]int(s.Size[1:]), first: [2]int{-s.Padding[1], -s.Padding[2]},
	}
}

// pairs is the pairs of elements along an axis of the image that the gradient computes together:
// where the first one begins, at 0 or before that, and how many there are. An even number of elements of the
// kernel reaches as many of the gradient of Y from an even element of the image, counted with the padding, as from
// the odd one behind it; an odd number from an even one, as many but the last from the odd one before it.
func (t *stridedShape) pairs(s *Shape, axis int) (first, count int) {
	if first = -s.Padding[axis] & 1; t.odd {
		first = 1 - first
	}
	return -first, (s.Size[axis] + first + 1) / 2
}

// gradients is the tiles of the gradient of Y that the pairs are computed from.
func (t *stridedShape) gradients(s *Shape) tileGrid {
	g := tileGrid{
		batch: s.Batch, rows: t.rows, cols: t.cols, kernel: t.kernel, side: t.in(), apart: t.out, channels: s.Out, size: [2]int(s.Count[1:]),
	}
	for axis := range g.first {
		first, _ := t.pairs(s, axis+1)
		g.first[axis] = (first+s.Padding[axis+1]+1)/2 - t.kernel + 1
	}
	return g
}

// depth is the distance of tiles with the channels of all phases, one phase behind the other. It
// is an odd number of lines, so that tiles fall on different sets of the cache.
func (t *tileGrid) depth() int { return apart(3*t.channels + t.pitch()) }

// transformPhases transforms the phases of rows first ≤ r < end of tiles of an image to dst
// [elements of tiles, tiles, depth], elements apart.
func (t *tileGrid) transformPhases(w *worker[float32], dst []float32, elements int, image []float32, first, end int) {
	pixels, width := t.pixels(w, image, first, end)
	pitch, depth, in := t.pitch(), t.depth(), t.side/2
	for r := range end - first {
		for i, phase := range phases {
			tiles := simd.WinogradTiles{
				Kernel: t.kernel, In: in, Channels: pitch, Tiles: t.cols,
				Src: pixels[((r*t.apart+phase[0])*width+phase[1])*pitch:], SrcRow: 2 * width * pitch, SrcCol: 2 * pitch, SrcNext: t.apart * pitch,
				// What lies behind the channels is overwritten by those of the next phase.
				Dst: dst[r*t.cols*depth+i*t.channels:], DstRow: in * elements, DstCol: elements, DstNext: depth,
			}
			tiles.Image()
		}
	}
}

// stridedTiling is a convolution with a stride of 2 by tiles, or its gradient of images. Its tasks
// run on several goroutines at once.
type stridedTiling struct {
	stridedShape
	s        Shape
	p        *product[float32]
	tiles    tileGrid // that are multiplied with weights
	backward bool     // the gradient of images

	block, task int // rows of tiles that are computed together, and in a task
	preparing   bool

	columns []float32 // weights for the gradient: [kernel's grid, Out·In]
	panels  []float32 // transformed weights, for each element of tiles
	bias    []float32
}

// Sizes likewise.
const (
	stridedLeast = 60 // tiles that all weights are read for
	stridedMost  = 96
)

// runStrided computes the product as a convolution with a stride of 2, or its gradient of images, by tiles.
// It reports false where that does not pay.
func (p *product[F]) runStrided(s *Shape, backward bool) bool {
	single, ok := any(p).(*product[float32])
	if !ok || volume(p.size)*s.Batch*volume(s.Count) == 0 {
		return false
	}
	shape, ok := s.strided(backward)
	if !ok {
		return false
	}
	t := get[float32, stridedTiling](&stridedTilings)
	t.stridedShape, t.s, t.p, t.backward = shape, *s, single, backward
	if t.tiles = t.images(s); backward {
		t.tiles = t.gradients(s)
	}
	t.run()
	return true
}

// run computes it, and gives t back.
func (t *stridedTiling) run() {
	rows := t.s.Batch * t.rows
	t.block = min(max(1, stridedMost/t.cols), rows)
	if count := ceilDiv(rows, t.block); count > 1 || t.cols*rows >= 2*stridedLeast {
		t.block = evenly(rows, ceilDiv(rows, (count+1)&^1), 1) // as much for each processor
	}
	t.task = t.block
	if t.p.whole() {
		t.task = ceilDiv(t.block, t.rows) * t.rows
	}
	memory := get[float32, worker[float32]](&memories)
	t.bias = memory.result.of(simd.RowPitch(t.p.rows))
	clear(t.bias)
	copy(t.bias, t.p.bias)
	if t.backward {
		t.columns = t.turned(memory)
	}
	t.panels = memory.panels.of(t.size() * t.panelSize())
	t.preparing = true
	parallel.Run(ceilDiv(t.p.rows, wideOut), t)
	t.preparing = false
	parallel.Run(ceilDiv(rows, t.task), t)
	put[float32](&memories, memory)
	t.p, t.columns, t.panels, t.bias = nil, nil, nil, nil
	put[float32](&stridedTilings, t)
}

// phaseSize is the number of elements of a phase's panels for an element of tiles and as many
// columns as a panel has.
func (t *stridedTiling) phaseSize() int { return t.tiles.channels * simd.GemmPanel[float32]() }

// panelSize is the number of elements of panels for an element of tiles: panel by panel, phase
// by phase.
func (t *stridedTiling) panelSize() int {
	return apart(len(phases) * t.phaseSize() * ceilDiv(t.p.rows, simd.GemmPanel[float32]()))
}

// Do computes some rows of tiles, or transforms the weights of some channels of the result.
func (t *stridedTiling) Do(i int) {
	w := newWorker[float32]()
	switch {
	case !t.preparing:
		end := min((i+1)*t.task, t.s.Batch*t.rows)
		for from := i * t.task; from < end; from += t.block {
			t.blockOf(w, from, min(from+t.block, end))
		}
	case t.backward:
		t.prepareGradient(i * wideOut)
	default:
		t.prepare(w, i*wideOut)
	}
	w.rows.Src = nil
	put[float32](&workers, w)
}

// blockOf computes rows from ≤ r < to of tiles.
func (t *stridedTiling) blockOf(w *worker[float32], from, to int) {
	p := t.p
	tiles := (to - from) * t.cols
	in, out := t.tiles.depth(), simd.RowPitch(p.rows)
	if t.backward {
		in, out = t.tiles.pitch(), len(phases)*out
	}
	elements, products := apart(tiles*in), apart(tiles*out)
	transformed, result := w.panels.of(t.size()*elements), w.result.of(t.size()*products)
	t.tiles.each(from, to, func(r, image, first, end int) {
		dst := transformed[(r-from)*t.cols*in:]
		if t.backward {
			t.tiles.transform(w, dst, elements, p.image(w, image), first, end)
		} else {
			t.tiles.transformPhases(w, dst, elements, p.image(w, image), first, end)
		}
	})
	g := simd.Gemm[float32]{M: tiles, ARow: in, ACol: 1, PackedB: true, CRow: out}
	for e := range t.size() {
		t.multiply(g, e, transformed[e*elements:], result[e*products:])
	}
	t.tiles.each(from, to, func(r, image, first, end int) {
		t.results(w, result[(r-from)*t.cols*out:], products, image, first, end)
	})
}

// multiply computes the products of element e of tiles.
func (t *stridedTiling) multiply(g simd.Gemm[float32], e int, tiles, products []float32) {
	panel, size, channels := simd.GemmPanel[float32](), t.phaseSize(), t.tiles.channels
	first, end := t.of(e)
	for j := 0; j < t.p.rows; j += panel {
		panels := t.panels[e*t.panelSize()+j/panel*len(phases)*size:]
		g.N = min(panel, t.p.rows-j)
		if !t.backward {
			g.K = (end - first) * channels
			g.A, g.B, g.C = tiles[first*channels:], panels[first*size:], products[j:]
			g.MulOuter()
			continue
		}
		for i := range phases {
			g.A, g.B, g.C, g.K = tiles, panels[i*size:], products[i*g.CRow/len(phases)+j:], channels
			if i < first || i >= end {
				g.K = 0 // so that they are 0
			}
			g.MulOuter()
		}
	}
}

// results transforms products, elements apart, to rows first ≤ r < end of tiles of an image's result.
func (t *stridedTiling) results(w *worker[float32], products []float32, elements, image, first, end int) {
	p := t.p
	pitch := simd.RowPitch(p.rows)
	apart, step, next := t.out, 1, pitch
	var offset [2]int // of the first tile in the image
	if t.backward {
		apart, step, next = 2*t.out, 2, len(phases)*pitch
		for axis := range offset {
			offset[axis], _ = t.pairs(&t.s, axis+1)
		}
	}
	width := t.cols * apart
	pixels := w.strips.of((end - first) * apart * width * pitch)
	for r := range end - first {
		for i, phase := range phases[:step*step] {
			tiles := simd.WinogradTiles{
				Kernel: t.kernel, In: t.in(), Channels: pitch, Tiles: t.cols, Src: products[r*t.cols*next+i*pitch:], SrcRow: t.in() * elements, SrcCol: elements, SrcNext: next,
				Dst: pixels[r*apart*width*pitch:], DstRow: step * width * pitch, DstCol: step * pitch, DstNext: apart * pitch,
			}
			if t.backward {
				row, col := phase[0], phase[1]
				if t.odd {
					row, col = 1-row, 1-col // the odd one comes first
				}
				tiles.Dst = tiles.Dst[(row*width+col)*pitch:]
			}
			tiles.Result(t.bias)
		}
	}
	y0 := first*apart + offset[0]
	y, last := max(y0, 0), min(end*apart+offset[0], p.size[1])
	t.store(w, pixels[((y-y0)*width-offset[1])*pitch:], width, image, y, max(last-y, 0))
	if end == t.rows {
		p.finished(image*p.rows, p.result(w, image*p.rows, p.rows))
	}
}

// store writes pixels, in rows of that width, to height rows of an image's result from row y on.
func (t *stridedTiling) store(w *worker[float32], pixels []float32, width, image, y, height int) {
	p := t.p
	pitch, plane, n := simd.RowPitch(p.rows), volume(p.size), height*p.size[2]
	result := p.result(w, image*p.rows, p.rows)[y*p.size[2]:]
	rows, distance := toPlanes(p, w, result, pixels, width, channels{0, p.rows, pitch}, height)
	if t.backward {
		t.unreached(rows, distance, y, height)
	}
	if !finite(rows, distance, p.rows, n) {
		t.exactly(w, rows, distance, image, y, n)
	}
	if p.accumulate {
		for row := range p.rows {
			sum := result[row*plane:][:n]
			simd.Add(sum, sum, rows[row*n:][:n])
		}
	}
	if p.relu {
		rectify(result, plane, p.rows, n)
	}
}

// unreached makes the elements of height rows of images from row y on that no window reaches exactly what they are.
func (t *stridedTiling) unreached(rows []float32, distance, y, height int) {
	s := &t.s
	reach := [2]int{}
	for axis := range reach {
		reach[axis] = 2*s.Count[axis+1] - 2 + t.side - s.Padding[axis+1]
	}
	width := s.Size[2]
	for i := range height {
		first := reach[1]
		if y+i >= reach[0] {
			first = 0
		}
		if first >= width {
			continue
		}
		for row := range t.p.rows {
			simd.Fill(rows[row*distance+i*width:][first:width], t.bias[row])
		}
	}
}

// exactly computes n elements from row y on of planes of an image's result without tiles, where there are
// infinities or NaN: tiles would spread them over their neighbours.
func (t *stridedTiling) exactly(w *worker[float32], rows []float32, distance, image, y, n int) {
	p, s := t.p, t.s
	s.Batch = 1
	plane := volume(p.size)
	memory := get[float32, buffer[float32]](&buffers)
	whole := memory.of(p.rows * plane)
	if t.backward {
		byWindows(s, whole, p.image(w, image), nil, p.a, p.bias, false)
	} else {
		q := forwardProduct(&s, whole, nil, p.image(w, image), p.a, p.bias, false)
		q.run()
		q.done()
	}
	for row := range p.rows {
		copy(rows[row*distance:][:n], whole[row*plane+y*p.size[2]:])
	}
	put[float32](&buffers, memory)
}
