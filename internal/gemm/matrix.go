package gemm

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Matrix is a view of a slice: element (i, j) is Data[i·RowStride + j·ColStride].
// At least one of the strides is 1, unless there is at most one row or column.
type Matrix[F simd.Float] struct {
	Data                 []F
	Rows, Cols           int
	RowStride, ColStride int
}

// RowMajor is the matrix [rows, cols] whose rows follow each other in data.
func RowMajor[F simd.Float](data []F, rows, cols int) Matrix[F] {
	return Matrix[F]{Data: data, Rows: rows, Cols: cols, RowStride: cols, ColStride: 1}
}

// T is the transpose, on the same data.
func (m Matrix[F]) T() Matrix[F] {
	return Matrix[F]{Data: m.Data, Rows: m.Cols, Cols: m.Rows, RowStride: m.ColStride, ColStride: m.RowStride}
}

// check panics unless the elements of m lie in its data and one stride is 1.
func (m Matrix[F]) check(name string) {
	if m.Rows < 0 || m.Cols < 0 || m.RowStride < 0 || m.ColStride < 0 {
		panic(fmt.Sprintf("gemm: %s is [%d, %d] with strides %d and %d: negative", name, m.Rows, m.Cols, m.RowStride, m.ColStride))
	}
	if m.Rows == 0 || m.Cols == 0 {
		return
	}
	if m.RowStride != 1 && m.ColStride != 1 && m.Rows > 1 && m.Cols > 1 {
		panic(fmt.Sprintf("gemm: %s has strides %d and %d: neither is 1", name, m.RowStride, m.ColStride))
	}
	if last := (m.Rows-1)*m.RowStride + (m.Cols-1)*m.ColStride; last >= len(m.Data) {
		panic(fmt.Sprintf("gemm: %s is [%d, %d] with strides %d and %d, but its data has only %d elements",
			name, m.Rows, m.Cols, m.RowStride, m.ColStride, len(m.Data)))
	}
}
