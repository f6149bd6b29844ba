package gemm

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// batch is a number of products of the same shape. Its tasks run on several
// goroutines at once.
type batch[F simd.Float] struct {
	count                     int
	first                     product[F]
	strideC, strideA, strideB int

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
			p := t.at(j)
			p.multiply()
		}
	case partialProducts:
		t.productsTask(i)
	case partialSums:
		t.sumsTask(i)
	}
}

// at is product i of the batch.
func (t *batch[F]) at(i int) product[F] {
	p := product[F]{c: t.first.c, a: t.first.a, b: t.first.b, e: t.first.e}
	p.c.Data = p.c.Data[min(i*t.strideC, len(p.c.Data)):]
	p.a.Data = p.a.Data[min(i*t.strideA, len(p.a.Data)):]
	p.b.Data = p.b.Data[min(i*t.strideB, len(p.b.Data)):]
	return p
}

// multiply computes the products: as a single one if they share B and follow each
// other in memory, one after the other if each is large or they are few, else
// several to a task.
func (t *batch[F]) multiply() {
	p := &t.first
	m, n, k := p.c.Rows, p.c.Cols, p.a.Cols
	if t.strideB == 0 && t.strideA == m*p.a.RowStride && t.strideC == m*p.c.RowStride && (p.a.ColStride == 1 || k <= 1) {
		p.c.Rows, p.a.Rows = m*t.count, m*t.count
		p.multiply()
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
