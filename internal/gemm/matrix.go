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

// extent is the number of elements of data that the matrix spans.
func (m *Matrix[F]) extent() int {
	if m.Rows == 0 || m.Cols == 0 {
		return 0
	}
	return (m.Rows-1)*m.RowStride + (m.Cols-1)*m.ColStride + 1
}

// check panics unless the elements of m lie in its data and one stride is 1.
func (m *Matrix[F]) check(name string) {
	if m.Rows < 0 || m.Cols < 0 || m.RowStride < 0 || m.ColStride < 0 {
		panic(fmt.Sprintf("gemm: %s is [%d, %d] with strides %d and %d: negative", name, m.Rows, m.Cols, m.RowStride, m.ColStride))
	}
	if m.RowStride != 1 && m.ColStride != 1 && m.Rows > 1 && m.Cols > 1 {
		panic(fmt.Sprintf("gemm: %s has strides %d and %d: neither is 1", name, m.RowStride, m.ColStride))
	}
	if m.extent() > len(m.Data) {
		panic(fmt.Sprintf("gemm: %s is [%d, %d] with strides %d and %d, but its data has only %d elements",
			name, m.Rows, m.Cols, m.RowStride, m.ColStride, len(m.Data)))
	}
}

// normalize gives an axis of at most one element, where the stride means nothing,
// the stride 1 if no other has it.
func (m *Matrix[F]) normalize() {
	if m.RowStride != 1 && m.ColStride != 1 {
		if m.Cols <= 1 {
			m.ColStride = 1
		} else {
			m.RowStride = 1
		}
	}
}

// from is the data from element (i, j) on.
func (m *Matrix[F]) from(i, j int) []F {
	return m.Data[min(i*m.RowStride+j*m.ColStride, len(m.Data)):]
}
