package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// gradient is the gradient of weights: for each group the sum over all images of
// windows(X[n])·G[n]ᵀ, which is its transpose. Tasks compute sums over a part of the
// images of some rows; these are added up at last. Tasks run on several goroutines at
// once.
type gradient[F simd.Float] struct {
	slide
	batch, groups int
	channels, out int // of X and of Y, in a group

	x, g, w    []F       // w is [groups, out, channels·kernel]
	from       Planes[F] // instead of g, unless nil
	accumulate bool

	rowBlock, rowBlocks int  // rows of a task
	part, parts         int  // images of a task
	block               int  // windows that are packed at a time
	group               int  // images whose windows are packed together, where they have few
	few                 bool // Y has so few channels that nothing is packed
	partial             []F  // [groups, rowBlocks, parts, rowBlock, out]
	adding              bool
}

// Sizes likewise.
const (
	gradientBlock = 512     // windows that are packed at a time
	gradientBytes = 1 << 18 // of the gradient of Y that are packed at a time
	groupBytes    = 1 << 19 // the same, of several images
	groupWindows  = 64      // of an image, up to which several are packed together
	groupSums     = 1 << 16 // bytes of sums from which on that is done
	partialSize   = 1 << 21 // elements of partial sums
	maxFewOut     = 8       // channels of Y up to which rows may be multiplied
	stripRows     = 96      // rows of windows that are packed at a time
)

// WeightGradient sets w to the gradient of a convolution's weights, given that of its
// result, y. With accumulate it is added to w. Otherwise it is as Forward.
func WeightGradient[F simd.Float](s Shape, w, x, y []F, accumulate bool) {
	s.check(len(x), len(w), len(y))
	weightGradient(s, w, x, y, nil, accumulate)
}

func weightGradient[F simd.Float](s Shape, w, x, y []F, from Planes[F], accumulate bool) {
	s = s.collapsed()
	if s.depthwise() {
		depthwiseWeightGradient(&s, w, x, y, accumulate)
		return
	}
	t := get[F, gradient[F]](&gradients)
	t.batch, t.groups, t.channels, t.out = s.Batch, s.Groups, s.In/s.Groups, s.Out/s.Groups
	t.x, t.g, t.from, t.w, t.accumulate = x, y, from, w, accumulate
	t.windows(&s)
	if !t.runStrided(&s) {
		t.run()
	}
	t.x, t.g, t.from, t.w, t.partial = nil, nil, nil, nil, nil
	put[F](&gradients, t)
}

// grad is the gradient of the result for an image and group.
func (t *gradient[F]) grad(w *worker[F], image int) []F {
	windows := volume(t.grid)
	if t.from != nil {
		return w.given(t.from, image*t.out, t.out, windows)
	}
	return t.g[image*t.out*windows : (image+1)*t.out*windows]
}

// rows is the number of rows of a group's result.
func (t *gradient[F]) rows() int { return t.channels * t.kernel() }

// cut decides on the tasks.
func (t *gradient[F]) cut() {
	rows, windows, size := t.rows(), volume(t.grid), int(sizeOf[F]())
	want := min(wantTasks, max(1, rows*t.out*windows*t.batch*t.groups*size/4/taskWork))
	t.parts = min(t.batch, ceilDiv(want, t.groups), max(1, partialSize/(rows*t.out*t.groups)))
	t.part = ceilDiv(t.batch, t.parts)
	t.parts = ceilDiv(t.batch, t.part)
	t.rowBlocks = max(1, min(want/(t.groups*t.parts), rows/stripRows))
	t.rowBlock = evenly(rows, ceilDiv(rows, t.rowBlocks), 12)
	t.rowBlocks = ceilDiv(rows, t.rowBlock)
	t.group = 1
	if windows <= groupWindows && rows*t.out*size >= groupSums {
		t.group = max(1, min(t.part, min(gradientBlock, groupBytes/size/t.out)/windows))
	}
	if t.few = t.fewChannels(); t.few && t.grid[2] <= maxBlock {
		t.block = evenly(windows, maxBlock, t.grid[2]) // whole rows
		return
	}
	t.block = evenly(windows, min(gradientBlock, max(minBlock, gradientBytes/size/t.out)), 16)
}

// fewChannels reports whether it takes less time to multiply rows of Y with each row of
// windows than to pack windows and the transpose of the gradient of Y: counted is cycles
// for an element of Y, roughly as measured.
func (t *gradient[F]) fewChannels() bool {
	rows, out, vecs := float64(t.rows()), float64(t.out), float64(ceilDiv(t.out, 16))
	return t.out <= maxFewOut && 1.25/16*rows*out < rows*(0.54*vecs+0.15)+19*vecs
}

func (t *gradient[F]) run() {
	switch {
	case len(t.w) == 0:
		return
	case t.batch*volume(t.grid) == 0:
		if !t.accumulate {
			clear(t.w)
		}
		return
	}
	if single, ok := any(t).(*gradient[float32]); ok && single.tiled() && single.runTiles() {
		return
	}
	t.cut()
	buf := get[F, buffer[F]](&buffers)
	tasks := t.groups * t.rowBlocks * t.parts
	t.partial = buf.of(tasks * t.rowBlock * t.out)
	t.adding = false
	perTask := t.rowBlock * t.out * t.part * volume(t.grid)
	parallel.For(tasks, max(1, taskWork/max(1, perTask)), t)
	t.adding = true
	parallel.For(t.groups*t.rowBlocks, max(1, taskWork/(16*t.rowBlock*t.out*t.parts)), t)
	put[F](&buffers, buf)
}

// DoRange does tasks of the stage.
func (t *gradient[F]) DoRange(lo, hi int) {
	w := newWorker[F]()
	for i := lo; i < hi; i++ {
		if t.adding {
			t.add(w, i)
		} else {
			t.task(w, i)
		}
	}
	w.windows.Src, w.rows.Src = nil, nil
	put[F](&workers, w)
}

// task computes a partial sum.
func (t *gradient[F]) task(w *worker[F], i int) {
	part := i % t.parts
	block := i / t.parts % t.rowBlocks
	group := i / t.parts / t.rowBlocks
	sum := t.partial[i*t.rowBlock*t.out:][:t.rowBlock*t.out]
	first := block * t.rowBlock
	end := min(first+t.rowBlock, t.rows())
	windows := volume(t.grid)
	var sums []F
	if t.few {
		sums = w.strips.of((end - first) * simd.TapLanes[F]() * t.out)
		clear(sums)
	}
	lastImage := min((part+1)*t.part, t.batch)
	if t.group > 1 && !t.few {
		for n := part * t.part; n < lastImage; n += t.group {
			t.imagesOf(w, n*t.groups+group, min(t.group, lastImage-n), first, end, sum, n > part*t.part)
		}
		return
	}
	for n := part * t.part; n < lastImage; n++ {
		image := n*t.groups + group
		for from := 0; from < windows; from += t.block {
			to := min(from+t.block, windows)
			v := t.prepare(w, image, first, end, from, to)
			if t.few {
				t.byRows(w, &v, image, from, to, sums)
			} else {
				t.windowsOf(w, &v, image, first, end, from, to, sum, n > part*t.part || from > 0)
			}
		}
	}
	if t.few {
		t.addLanes(sum, sums, end-first)
	}
}

// prepare makes the view for rows first ≤ i < end and windows from ≤ j < to of an image.
func (t *gradient[F]) prepare(w *worker[F], image, first, end, from, to int) view[F] {
	kernel, plane := t.kernel(), volume(t.size)
	channel := first / kernel
	channels := (end-1)/kernel + 1 - channel
	v := w.view(&t.slide, t.x[(image*t.channels+channel)*plane:][:channels*plane], channels, t.around(from, to))
	w.windows.Offsets = v.offsets(w.windows.Offsets[:0], &t.slide, first-channel*kernel, end-channel*kernel)
	return v
}

// byRows adds to the sums of lanes what windows from ≤ i < to of an image give.
func (t *gradient[F]) byRows(w *worker[F], v *view[F], image, from, to int, sums []F) {
	windows, grad := volume(t.grid), t.grad(w, image)
	for i := from; i < to; {
		line := i / t.grid[2]
		x, z := i-line*t.grid[2], line/t.grid[1]
		y := line - z*t.grid[1]
		c := simd.Correlation[F]{
			Rows: 1, N: min(t.grid[2]-x, to-i), Offsets: w.windows.Offsets,
			Src: v.src[v.start(z, y, x):], SrcRow: v.next[1], ResultRow: t.grid[2],
		}
		if c.N == t.grid[2] {
			c.Rows = min(t.grid[1]-y, (to-i)/c.N)
		}
		c.Result = grad[i:]
		c.Sums(sums, t.out, windows)
		i += c.Rows * c.N
	}
}

// addLanes makes result the sums over lanes.
func (t *gradient[F]) addLanes(result, sums []F, rows int) {
	lanes := simd.TapLanes[F]()
	for o := range t.out {
		for row := range rows {
			result[row*t.out+o] = sum(sums[(o*rows+row)*lanes:][:lanes])
		}
	}
}

// sum is the sum of the elements of v, which it overwrites: a power of two.
func sum[F simd.Float](v []F) F {
	for n := len(v) / 2; n > 0; n /= 2 {
		for i := range n {
			v[i] += v[i+n]
		}
	}
	return v[0]
}

// windowsOf computes rows first ≤ i < end of the product over windows from ≤ j < to of an
// image.
func (t *gradient[F]) windowsOf(w *worker[F], v *view[F], image, first, end, from, to int, sum []F, accumulate bool) {
	w.windows.Src = v.src
	w.windows.Runs = v.runs(w.windows.Runs[:0], &t.slide, from, to)
	columns := to - from
	g := simd.Gemm[F]{N: t.out, K: columns, CRow: t.out, ARow: simd.RowPitch(columns) | simd.RowPitch(1), ACol: 1, PackedB: true, Accumulate: accumulate}
	g.B = w.panels.of(simd.PackedBLen[F](g.N, g.K))
	windows := volume(t.grid)
	simd.PackB(g.B, t.grad(w, image)[from:], 1, windows, g.K, g.N)
	offsets := w.windows.Offsets
	direct := t.kernel() == 1 && len(w.windows.Runs) == 1 // the rows are those of the images
	if direct {
		g.ARow = v.channel
	} else {
		g.A = w.strips.of(stripRows * g.ARow)
	}
	for row := first; row < end; row += stripRows {
		g.M = min(stripRows, end-row)
		w.windows.Offsets = offsets[row-first:][:g.M]
		if direct {
			g.A = v.src[w.windows.Runs[0].At+w.windows.Offsets[0]:]
		} else {
			w.windows.PackRows(g.A, g.ARow)
		}
		g.C = sum[(row-first)*t.out:]
		g.MulOuter()
	}
	w.windows.Offsets = offsets
}

// imagesOf computes rows first ≤ i < end of the product over all windows of count images, image and those behind
// it in the same group of channels: one product, so that its sums are read and written once.
func (t *gradient[F]) imagesOf(w *worker[F], image, count, first, end int, sum []F, accumulate bool) {
	windows, panel := volume(t.grid), simd.GemmPanel[F]()
	columns := count * windows
	pitch := simd.RowPitch(columns+simd.RowPitch(1)) | simd.RowPitch(1)
	g := simd.Gemm[F]{N: t.out, K: columns, CRow: t.out, ARow: pitch, ACol: 1, PackedB: true, Accumulate: accumulate}
	g.B = w.panels.of(simd.PackedBLen[F](g.N, g.K))
	for i := range count {
		grad := t.grad(w, image+i*t.groups)
		for j := 0; j < t.out; j += panel {
			simd.PackB(g.B[j*columns+i*windows*panel:], grad[j*windows:], 1, windows, windows, min(panel, t.out-j))
		}
	}
	g.A = w.strips.of((stripRows + 1) * pitch)
	for row := first; row < end; row += stripRows {
		g.M = min(stripRows, end-row)
		for i := range count {
			v := t.prepare(w, image+i*t.groups, row, row+g.M, 0, windows)
			w.windows.Src = v.src
			w.windows.Runs = v.runs(w.windows.Runs[:0], &t.slide, 0, windows)
			w.windows.PackRows(g.A[i*windows:], pitch) // what it writes behind is overwritten by the next image
		}
		g.C = sum[(row-first)*t.out:]
		g.MulOuter()
	}
}

// add adds up the partial sums of a block of rows and puts them into w.
func (t *gradient[F]) add(w *worker[F], i int) {
	size := t.rowBlock * t.out
	sum := t.partial[i*t.parts*size:][:size]
	for part := 1; part < t.parts; part++ {
		simd.Add(sum, sum, t.partial[(i*t.parts+part)*size:][:size])
	}
	all := t.rows()
	group, first := i/t.rowBlocks, i%t.rowBlocks*t.rowBlock
	rows := min(t.rowBlock, all-first)
	weights := t.w[group*t.out*all+first:]
	if !t.accumulate {
		simd.TransposeStrided(weights, all, sum, t.out, rows, t.out)
		return
	}
	transposed := w.result.of(addedOut * rows)
	for o := 0; o < t.out; o += addedOut {
		n := min(addedOut, t.out-o)
		simd.TransposeStrided(transposed, rows, sum[o:], t.out, rows, n)
		for k := range n {
			to := weights[(o+k)*all:][:rows]
			simd.Add(to, to, transposed[k*rows:][:rows])
		}
	}
}

// addedOut is how many rows of weights sums are added to at a time.
const addedOut = 16
