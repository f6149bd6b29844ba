package nn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Initializers of matrices, whose elements depend on each other or on where they are. Of an
// array with more than two axes the first one counts rows, and the others together columns.

// Orthogonal makes the rows of a matrix orthogonal to each other and of length gain, or, if
// there are more rows than columns, its columns: what goes through keeps its length (Saxe,
// McClelland and Ganguli 2013). All such matrices are equally likely: it is the Q of a QR
// decomposition of numbers from the normal distribution, with the signs that make the
// diagonal of R positive (Mezzadri 2007). It panics with [*autograd.ShapeError] for an array
// with fewer than two axes.
func Orthogonal(gain float64) Initializer {
	return func(rng *rand.Rand, w autograd.Variable, _, _ int) {
		rows, columns := matrixSize("nn.Orthogonal", w)
		if w.Size() == 0 {
			return
		}
		long, short := max(rows, columns), min(rows, columns)
		q, r := autograd.Normal(rng, autograd.Float64, 0, 1, long, short).QR()
		if rows < columns {
			q = q.Transpose(0, 1)
		}
		at := 0
		elements := q.Float64s()
		fill(w, func() float64 {
			of := at % columns // the column of q, or its row where that lies down
			if rows < columns {
				of = at / columns
			}
			x := gain * elements[at]
			if r.At(of, of) < 0 {
				x = -x
			}
			at++
			return x
		})
	}
}

// Dirac makes convolutions in so many groups, or a matrix with 1, give back the channels that
// they get, as far as there are enough: the element in the middle of the kernel from channel i
// to channel i of each group is 1, and all others are 0. It panics with [*autograd.ShapeError]
// for an array with fewer than two axes or an output channel number that cannot be divided
// into groups. See [Zagoruyko and Komodakis 2017], and PyTorch's dirac_.
//
// [Zagoruyko and Komodakis 2017]: https://arxiv.org/abs/1706.00388
func Dirac(groups int) Initializer {
	return func(_ *rand.Rand, w autograd.Variable, _, _ int) {
		const op = "nn.Dirac"
		rows, columns := matrixSize(op, w)
		if groups < 1 || rows%groups != 0 {
			panic(shapeError(op, fmt.Sprintf("expected a first axis that can be divided into %d groups", groups), w))
		}
		kernel, middle := 1, 0
		for _, n := range w.Shape()[2:] {
			kernel, middle = kernel*n, middle*n+n/2
		}
		in, out := columns/max(1, kernel), rows/groups
		at := 0
		fill(w, func() float64 {
			row, column := at/columns, at%columns
			at++
			if i := row % out; i < in && column == i*kernel+middle {
				return 1
			}
			return 0
		})
	}
}

// Sparse draws a matrix from the normal distribution with mean 0, and sets the given share of
// each column to 0, rounded up to whole elements (Martens 2010). It panics with
// [*autograd.ValueError] unless sparsity is from 0 to 1, and with [*autograd.ShapeError] for
// an array that has not two axes.
func Sparse(sparsity, std float64) Initializer {
	const op = "nn.Sparse"
	if !(sparsity >= 0 && sparsity <= 1) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the sparsity is %v, expected a number from 0 to 1", sparsity)})
	}
	return func(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
		rows, columns := matrixSize(op, w)
		if w.Rank() != 2 {
			panic(shapeError(op, "expected a matrix", w))
		}
		Normal(0, std)(rng, w, fanIn, fanOut)
		zeros := int(math.Ceil(sparsity * float64(rows)))
		for j := range columns {
			for _, i := range rng.Perm(rows)[:zeros] {
				set(w, i*columns+j, 0)
			}
		}
		w.MarkModified()
	}
}

// Eye makes a matrix with 1 on its diagonal, and 0 elsewhere. It panics with
// [*autograd.ShapeError] for an array that has not two axes.
func Eye(_ *rand.Rand, w autograd.Variable, _, _ int) {
	_, columns := matrixSize("nn.Eye", w)
	if w.Rank() != 2 {
		panic(shapeError("nn.Eye", "expected a matrix", w))
	}
	at := 0
	fill(w, func() float64 {
		row, column := at/columns, at%columns
		at++
		if row == column {
			return 1
		}
		return 0
	})
}

// matrixSize is the size of w as a matrix.
func matrixSize(op string, w autograd.Variable) (rows, columns int) {
	if w.Rank() < 2 {
		panic(shapeError(op, "expected two axes or more", w))
	}
	rows = w.Dim(0)
	return rows, w.Size() / max(1, rows)
}
