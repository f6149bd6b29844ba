package gemm

import "github.com/chainrule-go/chainrule/internal/simd"

// A plan is the way a product is computed: which kernel, in which parts, cut into
// which tasks. It depends on shapes, strides and the element type only.
type plan struct {
	path path

	// Tasks are a grid of blocks of C, rows × cols elements each but for the last
	// ones.
	rows, cols         int
	rowTasks, colTasks int

	depth        int // steps along k between visits to C
	packA, packB bool
}

// path is a way to compute a product.
type path int

const (
	byTiles path = iota // outer products
	byDot               // dot products of contiguous rows and columns
	byAxpy              // up to three rows as sums of multiples of rows of B
)

// Sizes where one way becomes better than another, found by measuring. What is
// called work is multiplications of float32; one of float64 counts double.
const (
	tinyWork = 32      // up to which a product is computed element by element
	taskWork = 1 << 18 // of a task: some 5 µs
	maxTasks = 64      // for one product

	packMinRows = 32        // of C, from which on B is packed: it is read once per tile
	packMinB    = 512 << 10 // bytes of B, likewise, or any if its rows clash
	packMinCols = 64        // of C, from which on A is packed if its columns are contiguous
	packMinA    = 256 << 10 // bytes of A, likewise
	hugeMinCols = 1024      // of C, from which on A is packed if its rows are contiguous
	hugeMinA    = 8 << 20   // bytes of A, likewise
	hugeMinRow  = 8 << 10   // bytes of a row of A, likewise

	panelDepth  = 2048 // of packed B: a panel stays in the second-level cache
	blockBytes  = 2048 // of a row of packed A: a block stays in the second-level cache
	directDepth = 256  // of B read where it lies: it stays there for all tiles
	shortRow    = 1024 // bytes of a row of B, of which A too is read where it lies: many rows in few pages

	stripCols  = 64  // of a B whose rows are contiguous that a task packs
	directCols = 256 // that a task reads without packing, of a wide B

	axpyCols = 1024 // of long rows that are added up: short pieces of rows read slowly

	maxRows   = 1024 // of a task: A comes from the third-level cache
	minRows   = 96   // of a task, where there are too few columns for enough tasks
	fewBlocks = 16   // tasks that are enough

	longDepth = 4096    // from which on sums over parts of k are considered
	longSize  = 1 << 16 // elements of C up to which they are
	maxParts  = 16      // of such a sum
)

// Facts about first-level caches.
const (
	pageBytes = 4096 // what is so far apart falls on the same set
	cacheWays = 8    // so many of which a set holds, or more
)

// tasks is the number of tasks.
func (p plan) tasks() int { return p.rowTasks * p.colTasks }

// planFor chooses the plan for [m, k]·[k, n]. Of A and of B it knows which of the
// axes is contiguous: k, or the other one. Rows of B are bRow elements apart.
func planFor[F simd.Float](m, n, k int, aAlongK, bAlongK bool, bRow int) plan {
	size := sizeOf[F]()
	work := m * n * max(k, 1) * size / 4
	const never = 1 << 30
	switch {
	case m <= simd.MaxAxpyRows && !bAlongK && n < 2*axpyCols:
		return plan{path: byAxpy}.cut(work, m, n, never, directCols)
	case m <= simd.MaxAxpyRows && !bAlongK:
		return plan{path: byAxpy}.cut(work, m, n, never, axpyCols)
	case m <= pick[F](12, 16) && bAlongK:
		return plan{path: byDot}.cut(work, m, n, never, simd.MinDotCols).lastAtLeast(simd.MinDotCols, n)
	}
	p := plan{path: byTiles, depth: evenly(k, panelDepth)}
	// Rows that are whole pages apart fall on the same few sets of the first-level cache.
	clash := k > cacheWays && bRow*size%pageBytes == 0
	p.packB = bAlongK || m >= packMinRows && (n*k*size > packMinB || clash)
	p.packA = !aAlongK && m*k*size >= packMinA && n >= packMinCols ||
		aAlongK && m*k*size >= hugeMinA && n >= hugeMinCols && k*size > hugeMinRow
	w := simd.GemmPanel[F]()
	switch {
	case p.packA && !aAlongK && !bAlongK && m*size < pageBytes && n*size <= shortRow:
		p.packA, p.packB, p.depth = false, false, evenly(k, directDepth)
	case p.packA:
		p.depth, w = evenly(k, blockBytes/size), stripCols
	case !p.packB && n >= 4*directCols:
		p.depth, w = evenly(k, directDepth), directCols
	case !bAlongK:
		w = stripCols
	}
	return p.cut(work, m, n, minRows, w)
}

// lastAtLeast is p with tasks of some more columns if the last ones would have fewer than least of all n, a number that
// widths are multiples of.
func (p plan) lastAtLeast(least, n int) plan {
	for p.cols < n && n%p.cols > 0 && n%p.cols < least {
		p.cols += least
	}
	p.colTasks = (n + p.cols - 1) / p.cols
	return p
}

// evenly is the size of the pieces when n is cut into pieces of about the same
// size, most at the most.
func evenly(n, most int) int {
	pieces := max((n+most-1)/most, 1)
	return max((n+pieces-1)/pieces, 1)
}

// cut lays a grid of tasks over C [m, n], such that each is worth handing to
// another processor: columns in multiples of w first, since tasks that share
// columns pack them each for itself, then rows, in pieces of minRows and more.
func (p plan) cut(work, m, n, minRows, w int) plan {
	if work < 2*taskWork && m <= maxRows {
		p.rows, p.cols, p.rowTasks, p.colTasks = m, n, 1, 1
		return p
	}
	want := min(max(work/taskWork, 1), maxTasks)
	strips := (n + w - 1) / w
	p.cols = (strips + min(want, strips) - 1) / min(want, strips) * w
	p.colTasks = (n + p.cols - 1) / p.cols
	p.rows, p.rowTasks = m, 1
	cuts := min((fewBlocks+p.colTasks-1)/p.colTasks, want/p.colTasks, m/minRows)
	if cuts = max(cuts, (m+maxRows-1)/maxRows); cuts > 1 {
		step := 6
		if p.packA {
			step = packRows
		}
		p.rows = ((m+cuts-1)/cuts + step - 1) / step * step
		p.rowTasks = (m + p.rows - 1) / p.rows
	}
	return p
}
