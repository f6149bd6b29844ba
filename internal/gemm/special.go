package gemm

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// tiny reports whether a product is too small for a kernel to pay.
func tiny(m, n, k int) bool {
	return m*n*k <= tinyWork || m < simd.MinDotCols && n < simd.MinDotCols
}

// multiplyElements computes C element by element.
func multiplyElements[F simd.Float](c, a, b Matrix[F], e Epilogue[F]) {
	for i := range c.Rows {
		row := c.Data[i*c.RowStride:][:c.Cols]
		for j := range row {
			row[j] = e.apply(element(&a, &b, i, j), row, j)
		}
	}
}

// element is the dot product of row i of A and column j of B.
func element[F simd.Float](a, b *Matrix[F], i, j int) F {
	x, y, k := a.from(i, 0), b.from(0, j), a.Cols
	if k >= 16 && a.ColStride == 1 && b.RowStride == 1 {
		return simd.Dot(x[:k], y[:k])
	}
	var sum F
	for p := range k {
		sum += x[p*a.ColStride] * y[p*b.RowStride]
	}
	return sum
}

// apply is what the epilogue makes of a product in column j of a row of C.
func (e *Epilogue[F]) apply(v F, row []F, j int) F {
	if e.Accumulate {
		v += row[j]
	}
	if e.Bias != nil {
		v += e.Bias[j]
	}
	if e.ReLU && v < 0 {
		v = 0
	}
	return v
}

// multiplyNarrow computes a product with so few columns that its transpose,
// Cᵀ = Bᵀ·Aᵀ, suits the kernels better.
func multiplyNarrow[F simd.Float](c, a, b Matrix[F], e Epilogue[F]) {
	if c.Cols == 1 && c.RowStride == 1 {
		// A column is a row. Its bias is a single number.
		column := c.Data[:c.Rows]
		multiply(RowMajor(column, 1, c.Rows), b.T(), a.T(), Epilogue[F]{Accumulate: e.Accumulate})
		if e.Bias != nil {
			simd.AddScalar(column, column, e.Bias[0])
		}
		if e.ReLU {
			simd.ReLU(column, column)
		}
		return
	}
	buf := getBuffer[F](c.Rows * c.Cols)
	multiply(RowMajor(buf.data, c.Cols, c.Rows), b.T(), a.T(), Epilogue[F]{})
	for i := range c.Rows {
		row := c.Data[i*c.RowStride:][:c.Cols]
		for j := range row {
			row[j] = e.apply(buf.data[j*c.Rows+i], row, j)
		}
	}
	putBuffer(buf)
}
