package gemm

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// elements computes a tiny product element by element.
func (p *product[F]) elements() {
	a, aRow, aCol := p.a.Data, p.a.RowStride, p.a.ColStride
	b, bRow, bCol := p.b.Data, p.b.RowStride, p.b.ColStride
	k, accumulate := p.a.Cols, p.e.Accumulate
	dots := k >= 16 && aCol == 1 && bRow == 1
	for i := range p.c.Rows {
		row := p.c.Data[i*p.c.RowStride:][:p.c.Cols]
		for j := range row {
			x, y := i*aRow, j*bCol
			var sum F
			if dots {
				sum = simd.Dot(a[x:x+k], b[y:y+k])
			} else {
				for range k {
					sum += a[x] * b[y]
					x += aCol
					y += bRow
				}
			}
			if accumulate {
				sum += row[j]
			}
			row[j] = sum
		}
		p.e.finish(row)
	}
}

// finish adds the bias to a row of C.
func (e *Epilogue[F]) finish(row []F) {
	if e.Bias != nil {
		simd.Add(row, row, e.Bias)
	}
}

// narrow computes a product with so few columns that its transpose, Cᵀ = Bᵀ·Aᵀ,
// suits the kernels better.
func (p *product[F]) narrow() {
	m, n := p.c.Rows, p.c.Cols
	t := product[F]{a: p.b.T(), b: p.a.T()}
	if n == 1 && p.c.RowStride == 1 {
		// A column is a row. Its bias is a single number.
		column := p.c.Data[:m]
		t.c, t.e.Accumulate = RowMajor(column, 1, m), p.e.Accumulate
		t.multiply()
		if p.e.Bias != nil {
			simd.AddScalar(column, column, p.e.Bias[0])
		}
		return
	}
	buf := getBuffer[F](m * n)
	t.c = RowMajor(buf.data, n, m)
	t.multiply()
	for i := range m {
		row := p.c.Data[i*p.c.RowStride:][:n]
		for j := range row {
			v := buf.data[j*m+i]
			if p.e.Accumulate {
				v += row[j]
			}
			row[j] = v
		}
		p.e.finish(row)
	}
	putBuffer(buf)
}
