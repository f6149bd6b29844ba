package conv

import (
	"sync/atomic"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// tiledGradient is the gradient of weights by tiles: for each of the 36 elements of tiles a
// product of those of images, transposed, and those of gradients. Tasks sum over a part of
// the rows of tiles; these sums are added up and transformed at last. Tasks run on several
// goroutines at once.
type tiledGradient struct {
	t             *gradient[float32]
	images, grads tileGrid

	part, parts int       // rows of tiles of a task
	block       int       // rows whose tiles are multiplied at a time
	sums        []float32 // [parts, 36, channels·out]
	adding      bool
	spoiled     atomic.Bool // there is a sum that is infinite or NaN
}

// Sizes likewise.
const (
	tiledParts = 8       // at most
	tiledSums  = 6 << 20 // elements of all sums
)

// tiled reports whether the gradient goes by tiles.
func (t *gradient[F]) tiled() bool {
	return t.tileable(t.batch, t.groups, t.channels, t.out) && (tileElements*t.channels*t.out*2 <= tiledSums || t.wide())
}

// wide reports whether it has many channels and few tiles: as products do, but all tiles are
// summed over and none of their number stays in a cache.
func (t *gradient[F]) wide() bool {
	grid := t.tiles(t.batch, t.channels)
	return t.channels*t.out >= grid.count()*(t.channels+t.out)
}

// size is the distance of sums of one element of tiles.
func (d *tiledGradient) size() int { return apart(d.t.channels * d.t.out) }

// runTiles computes the gradient by tiles. It reports false, and leaves w as it is, where
// there are infinities or NaN: tiles would spread them over their neighbours.
func (t *gradient[F]) runTiles() bool {
	if t.wide() {
		return t.runWide()
	}
	d := get[float32, tiledGradient](&tiledGradients)
	d.t, _ = any(t).(*gradient[float32])
	d.images = t.tiles(t.batch, t.channels)
	d.grads = d.images.gradients(t.out, t.grid[1], t.grid[2])
	rows := t.batch * d.images.rows
	d.block = d.images.blockRows(t.channels + t.out)
	size := tileElements * d.size()
	d.part = max(d.block, ceilDiv(rows, max(1, min(tiledParts, tiledSums/size))))
	d.parts = ceilDiv(rows, d.part)
	memory := get[float32, buffer[float32]](&buffers)
	d.sums = memory.of(d.parts * size)
	d.spoiled.Store(false)
	d.adding = false
	parallel.Run(d.parts, d)
	d.adding = true
	parallel.Run(tileElements, d)
	fine := !d.spoiled.Load()
	if fine {
		d.finish()
	}
	put[float32](&buffers, memory)
	d.t, d.sums = nil, nil
	put[float32](&tiledGradients, d)
	return fine
}

// Do computes the sums of a part, or adds up those of an element of tiles.
func (d *tiledGradient) Do(i int) {
	if d.adding {
		d.add(i)
		return
	}
	t := d.t
	w := newWorker[float32]()
	sums := d.sums[i*tileElements*d.size():]
	in, out := d.images.pitch(), d.grads.pitch()
	end := min((i+1)*d.part, t.batch*d.images.rows)
	for from := i * d.part; from < end; from += d.block {
		to := min(from+d.block, end)
		tiles := (to - from) * d.images.cols
		elements, others := apart(tiles*in), apart(tiles*out)
		images, grads := w.panels.of(tileElements*elements), w.result.of(tileElements*others)
		d.images.each(from, to, func(r, image, first, end int) {
			d.images.transform(w, images[(r-from)*d.images.cols*in:], elements, t.x[image*t.channels*t.plane:], first, end)
			d.grads.transform(w, grads[(r-from)*d.grads.cols*out:], others, t.grad(w, image), first, end)
		})
		g := simd.Gemm[float32]{
			M: t.channels, N: t.out, K: tiles, ARow: 1, ACol: in, BRow: out, BCol: 1, CRow: t.out, Accumulate: from > i*d.part,
		}
		for k := range tileElements {
			g.A, g.B, g.C = images[k*elements:], grads[k*others:], sums[k*d.size():]
			g.MulOuter()
		}
	}
	w.rows.Src = nil
	put[float32](&workers, w)
}

// add adds up the sums of all parts of element k of tiles, in order.
func (d *tiledGradient) add(k int) {
	n := d.t.channels * d.t.out
	at := func(part int) []float32 { return d.sums[(part*tileElements+k)*d.size():][:n] }
	sum := at(0)
	for part := 1; part < d.parts; part++ {
		simd.Add(sum, sum, at(part))
	}
	if !finite(sum, 0, 1, n) {
		d.spoiled.Store(true)
	}
}

// finish transforms the sums to the gradient [out, channels, kernel].
func (d *tiledGradient) finish() {
	t, side := d.t, d.images.kernel
	size := side * side
	w := get[float32, worker[float32]](&workers)
	pitch := d.size()
	kernels := w.strips.of(size * pitch)
	for k := range tileElements {
		clear(d.sums[k*pitch+t.channels*t.out : (k+1)*pitch])
	}
	tiles := simd.WinogradTiles{
		Kernel: side, In: simd.WinogradIn, Channels: pitch, Tiles: 1, Src: d.sums, SrcRow: simd.WinogradIn * pitch, SrcCol: pitch, Dst: kernels, DstRow: side * pitch, DstCol: pitch,
	}
	tiles.KernelGradients()
	for o := range t.out {
		for c := range t.channels {
			to := t.w[(o*t.channels+c)*size:][:size]
			for k := range to {
				v := kernels[k*pitch+c*t.out+o]
				if t.accumulate {
					v += to[k]
				}
				to[k] = v
			}
		}
	}
	put[float32](&workers, w)
}
