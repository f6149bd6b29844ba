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
	// High allows an error of 2⁻¹⁵ in products of float32, where that is faster: on AMX tiles, which
	// then have half the work. Most errors are 2⁻¹⁸; sums of them are of float32. Elsewhere it
	// changes nothing.
	High bool
}

// Mul computes C = A·B for A [m, k], B [k, n] and C [m, n], with the epilogue
// applied: C = C·[accumulate] + A·B + bias. A product over no terms, k = 0, is 0.
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
	p := product[F]{c: c, a: a, b: b, e: e}
	p.check()
	p.multiply()
}

// MulBatch computes count products like Mul. The matrices are those of the first
// one, and each further one begins strideC, strideA and strideB elements later in
// the same data. A stride of 0 for A or B uses the same matrix for all; a stride
// of 0 for C makes C the sum of all products. Otherwise C's matrices must not
// overlap. All share the epilogue, which a sum passes through once. With a count
// of 0 nothing is done, but for a sum that is 0.
//
// It panics as Mul does, and if count or a stride is negative.
func MulBatch[F simd.Float](count int, c, a, b Matrix[F], strideC, strideA, strideB int, e Epilogue[F]) {
	if count < 0 || strideC < 0 || strideA < 0 || strideB < 0 {
		panic(fmt.Sprintf("gemm: %d products with strides %d, %d and %d: negative", count, strideC, strideA, strideB))
	}
	if count == 0 && strideC > 0 || c.Rows == 0 || c.Cols == 0 {
		return
	}
	if count == 0 {
		// A sum over nothing: a product without terms, with the epilogue.
		a.Cols, b.Rows, count = 0, 0, 1
	}
	t := batch[F]{count: count, first: product[F]{c: c, a: a, b: b, e: e}, strideC: strideC, strideA: strideA, strideB: strideB}
	t.first.check()
	checkBatch("C", count, strideC, c)
	checkBatch("A", count, strideA, a)
	checkBatch("B", count, strideB, b)
	switch {
	case count == 1:
		t.first.multiply()
	case strideC == 0:
		t.sum()
	default:
		t.multiply()
	}
}

// check panics unless the operands fit each other and lie in their data.
func (p *product[F]) check() {
	a, b, c := &p.a, &p.b, &p.c
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
	if p.e.Bias != nil && len(p.e.Bias) != c.Cols {
		panic(fmt.Sprintf("gemm: bias has length %d, C has %d columns", len(p.e.Bias), c.Cols))
	}
}

// checkBatch panics unless the last of count matrices lies in the data.
func checkBatch[F simd.Float](name string, count, stride int, m Matrix[F]) {
	if end := (count-1)*stride + m.extent(); end > len(m.Data) && m.extent() > 0 {
		panic(fmt.Sprintf("gemm: %d matrices %s of [%d, %d], %d elements apart, need %d elements, there are %d",
			count, name, m.Rows, m.Cols, stride, end, len(m.Data)))
	}
}
