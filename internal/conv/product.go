package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// product is Y[n] = A·windows(X[n]) for all images and groups. Its tasks run on several
// goroutines at once.
type product[F simd.Float] struct {
	slide
	batch, groups  int
	channels, rows int // of X and of Y, in a group

	x, a, y    []F       // A is [groups, rows, channels·kernel]
	from, to   Planes[F] // instead of x and of y, unless nil
	bias       []F       // of rows, in all groups; nil for none
	accumulate bool
	relu       bool // of a forward pass: the greater of the results and 0

	// Window i along an axis gives element first + i·every of Y.
	size         [3]int // of Y
	first, every [3]int

	odd *product[F] // unless nil, what gives the elements of Y between these in rows: first is one more

	plan
}

// plan is how a product is cut. It depends on the geometry and the element type only.
type plan struct {
	block, blocks       int  // windows in a task; tasks for an image
	tasks               int  // for an image, each of which computes some blocks
	rowBlock, rowBlocks int  // rows of Y likewise
	chunk               int  // channels whose windows are packed at a time
	strip               int  // windows that are packed at a time
	direct              bool // the rows of the product are those of Y
	few                 bool // there are so few rows that nothing is packed
}

// Sizes where one way becomes better than another, found by measuring. What is called
// work is multiplications of float32; one of float64 counts double.
const (
	taskWork  = 1 << 18 // of a task: some microseconds
	wantTasks = 16      // that are enough
	maxBlock  = 1024    // windows in a task
	minBlock  = 64
	depth     = 1024 // elements of windows that are packed at a time: a panel stays in the second-level cache
	minRows   = 96   // of a task, which packs windows for these
	stripCols = 64   // windows that are packed at a time
	wideStrip = 128  // the same for so many weights that they come from the third-level cache
	manyBytes = 256 << 10
	tallRows  = 96 // rows that then stay in the second-level cache

	fewRows     = 3  // up to which windows are not packed: they are read once per two rows
	fewerRows   = 8  // up to which this goes for short windows
	shortWindow = 64 // elements
	packMinRows = 24 // from which on windows that lie in the image as they are packed: they are read once per tile
)

// evenly is the size of the pieces when n is cut into pieces of about the same size, most
// at the most, in multiples of unit.
func evenly(n, most, unit int) int {
	pieces := max((n+most-1)/most, 1)
	return max(((n+pieces-1)/pieces+unit-1)/unit*unit, 1)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// cut makes the plan.
func (p *product[F]) cut() {
	if p.odd != nil {
		p.odd.cut()
	}
	windows, kernel := volume(p.grid), p.kernel()
	size := int(sizeOf[F]())
	p.direct = p.every == [3]int{1, 1, 1} && p.size == p.grid
	work := p.rows * windows * max(1, p.channels*kernel) * size / 4
	images := p.batch * p.groups
	want := min(wantTasks, max(1, work*images/taskWork))
	p.blocks = max(ceilDiv(windows, maxBlock), min(ceilDiv(want, images), windows/minBlock))
	p.block = evenly(windows, ceilDiv(windows, p.blocks), 32)
	p.few = p.rows <= fewRows || p.rows <= fewerRows && p.channels*kernel <= shortWindow
	if (p.few || p.odd != nil) && p.grid[2] <= maxBlock {
		p.block = evenly(windows, ceilDiv(windows, p.blocks), p.grid[2]) // whole rows
	}
	p.blocks = ceilDiv(windows, p.block)
	p.tasks = p.blocks
	if p.whole() {
		p.tasks = 1
	}
	p.rowBlocks = max(1, min(want/(images*p.tasks), p.rows/minRows))
	p.rowBlock = evenly(p.rows, ceilDiv(p.rows, p.rowBlocks), 12)
	p.rowBlocks = ceilDiv(p.rows, p.rowBlock)
	p.chunk = evenly(p.channels, max(1, depth/max(1, kernel)), 1)
	p.strip = stripCols
	if p.rowBlock*p.chunk*kernel*size > manyBytes {
		p.strip = wideStrip
		p.chunk = evenly(p.channels, max(1, depth/2/max(1, kernel)), 1)
	}
}

// run computes the product.
func (p *product[F]) run() {
	if volume(p.grid) == 0 || p.batch*p.rows == 0 {
		return
	}
	if single, ok := any(p).(*product[float32]); ok && single.tiled() {
		single.runTiles()
		return
	}
	p.cut()
	perTask := p.rowBlock * p.block * (p.blocks / p.tasks) * max(1, p.channels*p.kernel()) * int(sizeOf[F]()) / 4
	parallel.For(p.batch*p.groups*p.tasks*p.rowBlocks, max(1, taskWork/perTask), p)
}

// DoRange does tasks.
func (p *product[F]) DoRange(lo, hi int) {
	w := newWorker[F]()
	for i := lo; i < hi; i++ {
		p.task(w, i)
	}
	w.windows.Src, w.rows.Src = nil, nil
	put[F](&workers, w)
}

// task computes a block of windows, or all blocks of an image, for a block of rows.
func (p *product[F]) task(w *worker[F], i int) {
	rowBlock := i % p.rowBlocks
	i /= p.rowBlocks
	block := i % p.tasks
	image := i / p.tasks // and group
	row := rowBlock * p.rowBlock
	rows := min(p.rowBlock, p.rows-row)
	x, y := p.image(w, image), p.result(w, image*p.rows+row, rows)
	for range p.blocks / p.tasks {
		p.blockOfRows(w, y, x, image, block, row, rows)
		block++
	}
	p.finished(image*p.rows+row, y)
}

// blockOfRows computes a block of windows on an image x for rows of Y, which are y.
func (p *product[F]) blockOfRows(w *worker[F], y, x []F, image, block, row, rows int) {
	from, to := block*p.block, min((block+1)*p.block, volume(p.grid))
	kernel := p.kernel()
	group := image % p.groups

	if p.odd != nil {
		p.pairOfRows(w, y, x, image, from, to, row, rows)
		return
	}
	g := simd.Gemm[F]{M: rows, ARow: p.channels * kernel, ACol: 1}
	a := p.a[min((group*p.rows+row)*g.ARow, len(p.a)):]
	plane := volume(p.size)
	if p.bias != nil {
		g.RowBias = p.bias[group*p.rows+row:][:rows]
	}
	if p.direct {
		g.C, g.CRow = y[from:], plane
		g.Accumulate = p.accumulate
	} else {
		g.CRow = simd.RowPitch(to - from)
		g.C = w.result.of(rows * g.CRow)
	}
	p.blockOf(w, g, a, x, from, to)
	if !p.direct {
		p.scatter(y, g.C, g.CRow, from, to)
	}
	if p.relu {
		rectify(y[from:], plane, rows, to-from)
	}
}

// rectify makes what is below 0 in count rows of n elements 0.
func rectify[F simd.Float](rows []F, distance, count, n int) {
	for row := range count {
		values := rows[row*distance:][:n]
		simd.ReLU(values, values)
	}
}

// blockOf computes windows from ≤ i < to of an image x, to the C of g.
func (p *product[F]) blockOf(w *worker[F], g simd.Gemm[F], a, x []F, from, to int) {
	kernel := p.kernel()
	bias := g.RowBias
	if kernel*p.channels == 0 {
		g.N, g.BCol = to-from, 1
		g.MulOuter()
		return
	}
	b := p.around(from, to)
	for c := 0; c < p.channels; c += p.chunk {
		channels := min(p.chunk, p.channels-c)
		v := w.view(&p.slide, x[c*p.plane:], channels, b)
		w.windows.Src = v.src
		w.windows.Offsets = v.offsets(w.windows.Offsets[:0], &p.slide, 0, channels*kernel)
		if p.few {
			p.byRows(&v, w.windows.Offsets, g, a[c*kernel:], from, to, c > 0, c+channels == p.channels)
			continue
		}
		h := g
		h.A, h.K = a[c*kernel:], channels*kernel
		h.RowBias = nil
		if c+channels == p.channels {
			h.RowBias = bias
		}
		h.Accumulate = g.Accumulate || c > 0
		for column := from; column < to; column += p.strip {
			h.N, h.C = min(p.strip, to-column), g.C[column-from:]
			w.windows.Runs = v.runs(w.windows.Runs[:0], &p.slide, column, column+h.N)
			direct := kernel == 1 && len(w.windows.Runs) == 1 // the windows are rows of the images
			if direct {
				h.B, h.BRow, h.BCol, h.PackedB = v.src[w.windows.Runs[0].At:], v.channel, 1, false
			}
			if !direct || h.M >= packMinRows {
				panels := w.panels.of(simd.PackedBLen[F](h.N, h.K))
				if direct {
					simd.PackB(panels, h.B, h.BRow, 1, h.K, h.N)
				} else {
					w.windows.PackB(panels)
				}
				h.B, h.PackedB = panels, true
			}
			tall(h)
		}
	}
}

// byRows computes windows from ≤ i < to row by row of Y, for the offsets of some channels.
// The bias is for the last ones.
func (p *product[F]) byRows(v *view[F], offsets []int, g simd.Gemm[F], a []F, from, to int, further, last bool) {
	for i := from; i < to; {
		line := i / p.grid[2]
		x, z := i-line*p.grid[2], line/p.grid[1]
		y := line - z*p.grid[1]
		c := simd.Correlation[F]{
			Rows: 1, N: min(p.grid[2]-x, to-i), Offsets: offsets,
			Src: v.src[v.start(z, y, x):], SrcRow: v.next[1], ResultRow: p.grid[2],
		}
		if c.N == p.grid[2] {
			c.Rows = min(p.grid[1]-y, (to-i)/c.N)
		}
		c.Result = g.C[i-from:]
		r := simd.Results[F]{N: g.M, Next: g.CRow, Weights: a, WeightsRow: g.ARow, Accumulate: further || g.Accumulate}
		if last {
			r.Bias = g.RowBias
		}
		c.Correlate(r)
		i += c.Rows * c.N
	}
}

// tall runs the product by as many rows as stay in the second-level cache.
func tall[F simd.Float](g simd.Gemm[F]) {
	if g.M*g.K*int(sizeOf[F]()) <= manyBytes {
		g.MulOuter()
		return
	}
	h := g
	for row := 0; row < g.M; row += tallRows {
		h.M = min(tallRows, g.M-row)
		h.A, h.C = g.A[row*g.ARow:], g.C[row*g.CRow:]
		if g.RowBias != nil {
			h.RowBias = g.RowBias[row:][:h.M]
		}
		h.MulOuter()
	}
}

// scatter puts rows of results for windows from ≤ i < to where they belong in y.
func (p *product[F]) scatter(y, result []F, pitch, from, to int) {
	plane := volume(p.size)
	for row := 0; row*plane < len(y); row++ {
		image, values := y[row*plane:(row+1)*plane], result[row*pitch:][:to-from]
		for i := from; i < to; {
			line := i / p.grid[2]
			x, z := i-line*p.grid[2], line/p.grid[1]
			n := min(p.grid[2]-x, to-i)
			at := (p.first[0]+z*p.every[0])*p.size[1] + p.first[1] + (line-z*p.grid[1])*p.every[1]
			put := image[at*p.size[2]+p.first[2]+x*p.every[2]:]
			putEvery(put, values[:n], p.every[2], p.accumulate)
			values = values[n:]
			i += n
		}
	}
}

// putEvery puts values every so many elements.
func putEvery[F simd.Float](dst, values []F, every int, accumulate bool) {
	switch {
	case every == 1 && accumulate:
		simd.Add(dst[:len(values)], dst[:len(values)], values)
	case every == 1:
		copy(dst, values)
	case accumulate:
		for i, v := range values {
			dst[i*every] += v
		}
	default:
		for i, v := range values {
			dst[i*every] = v
		}
	}
}
