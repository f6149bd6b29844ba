package gemm

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Epilogue is what happens to a product on its way into memory. The zero value
// stores it.
type Epilogue[F simd.Float] struct {
	// Accumulate adds the product to what C holds instead of replacing it.
	Accumulate bool
	// Bias, unless nil, has an element for each column of C, which is added.
	Bias []F
	// ReLU replaces what is negative after all that by 0; NaN stays.
	ReLU bool
}

// Mul computes C = A·B for A [m, k], B [k, n] and C [m, n], with the epilogue
// applied: C = relu(C + A·B + bias). A product over no terms, k = 0, is 0.
//
// C's columns must be next to each other (ColStride 1), and A and B must each
// have a stride of 1. C must not overlap A or B. Mul panics if shapes, strides
// or the lengths of the data do not fit. NaN and infinities propagate as IEEE
// arithmetic says, however many zeros they meet.
//
// Large products are spread over the worker pool. Each element is a sum in an
// order that depends on shapes and strides only, so results are the same bits at
// any GOMAXPROCS. Mul allocates nothing in steady state, and may be called from
// several goroutines at once.
func Mul[F simd.Float](c, a, b Matrix[F], e Epilogue[F]) {
	MulBatch(1, c, a, b, 0, 0, 0, e)
}

// MulBatch computes count products like Mul. The matrices are those of the first
// one, and each further one begins strideC, strideA and strideB elements later in
// the same data; a stride of 0 for A or B uses the same matrix for all. C's
// matrices must not overlap. All share the epilogue.
func MulBatch[F simd.Float](count int, c, a, b Matrix[F], strideC, strideA, strideB int, e Epilogue[F]) {
	checkProduct(c, a, b, e)
	for i := range count {
		reference(c.at(i*strideC), a.at(i*strideA), b.at(i*strideB), e)
	}
}

// at is the matrix offset elements later.
func (m Matrix[F]) at(offset int) Matrix[F] {
	m.Data = m.Data[offset:]
	return m
}

func checkProduct[F simd.Float](c, a, b Matrix[F], e Epilogue[F]) {
	if a.Rows != c.Rows || b.Cols != c.Cols || a.Cols != b.Rows {
		panic(fmt.Sprintf("gemm: [%d, %d]·[%d, %d] into [%d, %d]: the shapes do not fit",
			a.Rows, a.Cols, b.Rows, b.Cols, c.Rows, c.Cols))
	}
	c.check("C")
	a.check("A")
	b.check("B")
	if c.ColStride != 1 && c.Cols > 1 {
		panic(fmt.Sprintf("gemm: the columns of C are %d elements apart, not 1", c.ColStride))
	}
	if e.Bias != nil && len(e.Bias) != c.Cols {
		panic(fmt.Sprintf("gemm: bias has length %d, C has %d columns", len(e.Bias), c.Cols))
	}
}

func reference[F simd.Float](c, a, b Matrix[F], e Epilogue[F]) {
	m, n, k := c.Rows, c.Cols, a.Cols
	if m == 0 || n == 0 {
		return
	}
	for i := range m {
		row := c.Data[i*c.RowStride:][:n]
		if !e.Accumulate {
			clear(row)
		}
		for p := range k {
			v := a.Data[i*a.RowStride+p*a.ColStride]
			if b.ColStride == 1 {
				for j, w := range b.Data[p*b.RowStride:][:n] {
					row[j] += v * w
				}
				continue
			}
			for j := range row {
				row[j] += v * b.Data[p*b.RowStride+j*b.ColStride]
			}
		}
		for j := range row {
			if e.Bias != nil {
				row[j] += e.Bias[j]
			}
			if e.ReLU && row[j] < 0 {
				row[j] = 0
			}
		}
	}
}
