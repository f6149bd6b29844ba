package gemm

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// batch is a number of products of the same shape. Its tasks run on several
// goroutines at once.
type batch[F simd.Float] struct {
	count                     int
	c, a, b                   Matrix[F]
	strideC, strideA, strideB int
	e                         Epilogue[F]

	stage stage
	per   int // products in a task

	// For sums only.
	depth   int // unless 0, the products are parts of one along k, of that size
	partial []F
	rows    int // in a task that adds up
}

// stage is what the tasks of a batch do.
type stage int

const (
	separateProducts stage = iota
	partialProducts
	partialSums
)

// Do runs task i.
func (t *batch[F]) Do(i int) {
	switch t.stage {
	case separateProducts:
		for j := i * t.per; j < min((i+1)*t.per, t.count); j++ {
			multiply(t.c.offset(j*t.strideC), t.a.offset(j*t.strideA), t.b.offset(j*t.strideB), t.e)
		}
	case partialProducts:
		t.productsTask(i)
	case partialSums:
		t.sumsTask(i)
	}
}

// multiply computes the products: as a single one if they share B and follow each
// other in memory, one after the other if each is large or they are few, else
// several to a task.
func (t *batch[F]) multiply() {
	m, n, k := t.c.Rows, t.c.Cols, t.a.Cols
	if t.strideB == 0 && t.strideA == m*t.a.RowStride && t.strideC == m*t.c.RowStride && (t.a.ColStride == 1 || k <= 1) {
		t.c.Rows, t.a.Rows = m*t.count, m*t.count
		multiply(t.c, t.a, t.b, t.e)
		return
	}
	work := m * n * max(k, 1)
	t.per = max(1, taskWork/(2*work))
	if work > 16*taskWork || t.count < 8 && work > taskWork || t.per >= t.count {
		t.per = t.count
		t.Do(0)
		return
	}
	shared := getBatch[F]()
	*shared = *t
	parallel.Run((t.count+t.per-1)/t.per, shared)
	putBatch(shared)
}
