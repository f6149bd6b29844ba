package conv

import "github.com/chainrule-go/chainrule/internal/simd"

// With a stride of 2 along rows, the gradient of images has elements of two products in turn, each a
// row of windows of its own. A task computes both and puts them together.

// pairBytes is the most that weights of both products have, which a task reads in turn, if they are to stay in
// the second-level cache.
const pairBytes = 1 << 19

// pairs reports whether products of two residues are put together: rows are not so long that whole
// ones are too many windows, and either there are not too many weights, or those of one residue alone.
func (p *product[F]) pairs(s *Shape, residues int) bool {
	weights := s.Out * s.In / s.Groups * volume(s.Kernel)
	return s.Stride[2] == 2 && residues == 2 && ceilDiv(s.Size[2], 2) <= maxBlock &&
		(volume(s.Kernel) == 1 || weights*int(sizeOf[F]()) <= pairBytes)
}

// pairOfRows computes windows from ≤ i < to, whole rows of them, and those of the other product in
// the same rows on an image x for rows of Y, which are y.
func (p *product[F]) pairOfRows(w *worker[F], y, x []F, image, from, to, row, rows int) {
	q := p.odd
	if p.accumulate && p.bias == nil && max(p.kernel(), q.kernel()) == 0 {
		return
	}
	first, end := from/p.grid[2], to/p.grid[2]
	even, evenRow, evenNext := p.residueRows(w, &w.result, x, image, first, end, row, rows)
	odd, oddRow, oddNext := q.residueRows(w, &w.strips, x, image, first, end, row, rows)
	plane, width := volume(p.size), p.size[2]
	for line := first; line < end; {
		z := line / p.grid[1]
		count := min(end, (z+1)*p.grid[1]) - line
		at := ((p.first[0]+z*p.every[0])*p.size[1] + p.first[1] + (line-z*p.grid[1])*p.every[1]) * width
		for r := range rows {
			simd.Alternate(
				y[r*plane+at:], p.every[1]*width, even[r*evenNext+(line-first)*evenRow:], evenRow, odd[r*oddNext+(line-first)*oddRow:], oddRow,
				count, width, p.accumulate,
			)
		}
		line += count
	}
}

// residueRows is the results of rows first ≤ i < end of windows: their distance, and that of rows of Y. Where there
// is nothing to multiply with, all are the same.
func (p *product[F]) residueRows(w *worker[F], memory *buffer[F], x []F, image, first, end, row, rows int) (results []F, distance, next int) {
	width, kernel := p.grid[2], p.kernel()
	group := image % p.groups
	var bias []F
	if p.bias != nil {
		bias = p.bias[group*p.rows+row:][:rows]
	}
	if kernel*p.channels == 0 {
		results = memory.of(rows * width)
		clear(results)
		for r, v := range bias {
			simd.Fill(results[r*width:(r+1)*width], v)
		}
		return results, 0, width
	}
	from, to := first*width, end*width
	g := simd.Gemm[F]{M: rows, ARow: p.channels * kernel, ACol: 1, CRow: simd.RowPitch(to - from), RowBias: bias}
	g.C = memory.of(rows * g.CRow)
	p.blockOf(w, g, p.a[(group*p.rows+row)*g.ARow:], x, from, to)
	return g.C, width, g.CRow
}
