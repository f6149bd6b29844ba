package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// CrossEntropy sets losses[i] = −ln softmax(logits[i])[labels[i]] and probs to the
// softmax of each row, from which the gradient is made. losses is [n], probs and
// logits are [n, c]. A negative label is ignored: its loss is 0. A label of c or more
// panics.
func CrossEntropy(losses, probs, logits *Array, labels []int) {
	entropy(entropyJob{dst: *probs, x: *logits, rows: *losses, labels: labels})
}

// CrossEntropyBackward sets dst[i] = scale·g[i]·(probs[i] − e(labels[i])), e(k) the
// unit vector, for dst and probs [n, c]; with accumulate it adds that to dst. g has n
// elements, or one for all rows. Rows with a negative label have gradient 0, and so
// have those where scale·g[i] is 0, whatever probs holds. dst may be probs.
func CrossEntropyBackward(dst, probs *Array, labels []int, g *Array, scale float64, accumulate bool) {
	entropy(entropyJob{dst: *dst, x: *probs, rows: *g, labels: labels, scale: scale, backward: true, accumulate: accumulate})
}

// entropyJob is the job of both functions.
type entropyJob struct {
	dst, x     Array // [n, c]
	rows       Array // [n], or [1] for the gradient
	labels     []int
	scale      float64
	backward   bool
	accumulate bool
}

var entropyJobs jobs[entropyJob, *entropyJob]

func entropy(j entropyJob) {
	n := len(j.labels)
	if n == 0 {
		return
	}
	grain := max(1, rowGrain*n/max(j.x.Len(), 1))
	if n <= grain {
		j.DoRange(0, n)
	} else {
		entropyJobs.run(j, n, grain)
	}
}

// DoRange computes rows lo ≤ i < hi.
func (j *entropyJob) DoRange(lo, hi int) {
	if j.dst.DType == Float32 {
		entropyRange(j, j.dst.F32, j.x.F32, j.rows.F32, lo, hi)
	} else {
		entropyRange(j, j.dst.F64, j.x.F64, j.rows.F64, lo, hi)
	}
}

func entropyRange[T simd.Float](j *entropyJob, dst, x, perRow []T, lo, hi int) {
	c := len(x) / len(j.labels)
	if c <= narrow && hi-lo >= manyRows && !j.backward {
		narrowEntropy(dst[lo*c:hi*c], x[lo*c:hi*c], perRow[lo:hi], j.labels[lo:hi])
		return
	}
	for i := lo; i < hi; i++ {
		row, out, label := x[i*c:(i+1)*c], dst[i*c:(i+1)*c], j.labels[i]
		switch {
		case j.backward:
			g := perRow[min(i, len(perRow)-1)]
			entropyGradient(out, row, label, T(j.scale)*g, j.accumulate)
		case label < 0:
			simd.Softmax(out, row)
			perRow[i] = 0
		default:
			perRow[i] = simd.CrossEntropyRow(out, row, label)
		}
	}
}

// Rows of few classes are shorter than vectors are worth; many of them together make
// columns that are not.
const (
	narrow   = 32
	manyRows = 16
)

// narrowEntropy is the forward function for rows of few classes. It computes column by
// column, on a transposed copy.
func narrowEntropy[T simd.Float](dst, x, losses []T, labels []int) {
	n := len(labels)
	c := len(x) / n
	s := borrow[T]((c + 1) * n)
	columns, largest := s.buf[:c*n], s.buf[c*n:]
	simd.Transpose(columns, x, n, c)
	copy(largest, columns)
	for k := 1; k < c; k++ {
		simd.Max(largest, largest, columns[k*n:(k+1)*n])
	}
	for i, label := range labels {
		losses[i] = 0
		if label >= 0 {
			losses[i] = largest[i] - x[i*c : (i+1)*c][label]
		}
	}
	for k := range c {
		column := columns[k*n : (k+1)*n]
		simd.Sub(column, column, largest)
	}
	simd.Exp(columns, columns)
	sums := largest
	copy(sums, columns)
	for k := 1; k < c; k++ {
		simd.Add(sums, sums, columns[k*n:(k+1)*n])
	}
	for k := range c {
		column := columns[k*n : (k+1)*n]
		simd.Div(column, column, sums)
	}
	simd.Transpose(dst, columns, c, n)
	simd.Log(sums, sums)
	for i, label := range labels {
		if label >= 0 {
			losses[i] += sums[i]
		}
	}
	giveBack(s)
}

// entropyGradient sets dst = s·(probs − e(label)) or adds it to dst.
func entropyGradient[T simd.Float](dst, probs []T, label int, s T, accumulate bool) {
	if label < 0 || s == 0 {
		if !accumulate {
			clear(dst)
		}
		return
	}
	// The difference comes before the factor: it is exact where the probability is
	// close to 1.
	atLabel := s * (probs[label] - 1)
	if accumulate {
		atLabel += dst[label]
		simd.AddScaled(dst, probs, s)
	} else {
		simd.Scale(dst, probs, s)
	}
	dst[label] = atLabel
}
