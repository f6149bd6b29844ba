package nn

import (
	"math"
	"sync"

	"github.com/chainrule-go/chainrule/autograd"
)

// tableLookup is how [Embedding] and [EmbeddingBag] look up rows of a table.
type tableLookup struct {
	sparse            bool
	maxNorm, normType float64

	limit sync.Mutex // held while rows are scaled, or are looked up that might be
}

// rows is the rows of a table w for tokens, of shape [shape…, features], on a tape or none.
func (l *tableLookup) rows(w autograd.Variable, t *autograd.Tape, tokens, shape []int) autograd.Variable {
	if l.maxNorm == 0 {
		return l.pick(w, t, tokens, shape)
	}
	l.limit.Lock()
	defer l.limit.Unlock()
	if t == nil || !t.Training() {
		rows := l.pick(w, t, tokens, shape)
		if t != nil && t.Tracing() {
			return rows.Mul(l.tracedFactors(rows))
		}
		return rows.Mul(l.factors(rows))
	}
	for i, token := range tokens {
		if token < 0 || token >= w.Dim(0) {
			panic(&autograd.IndexError{Op: "nn.Embedding", Index: token, At: i, Size: w.Dim(0)})
		}
	}
	if w.DType() == autograd.Float32 {
		scaleRows(l, w, w.Float32s(), tokens)
	} else {
		scaleRows(l, w, w.Float64s(), tokens)
	}
	return l.pick(w, t, tokens, shape)
}

func (l *tableLookup) pick(w autograd.Variable, t *autograd.Tape, tokens, shape []int) autograd.Variable {
	if t != nil {
		w = t.Watch(w)
	}
	if l.sparse {
		return autograd.SparseEmbedding(w, tokens, shape...)
	}
	return autograd.Embedding(w, tokens, shape...)
}

// scaleRows brings the rows of tokens within the greatest norm, in the table.
func scaleRows[T float32 | float64](l *tableLookup, w autograd.Variable, table []T, tokens []int) {
	scaled, features := false, w.Dim(1)
	for _, token := range tokens {
		row := table[token*features : (token+1)*features]
		if factor := rowFactor(l, row); factor != 1 {
			scaled = true
			for i := range row {
				row[i] *= T(factor)
			}
		}
	}
	if scaled {
		w.MarkModified()
	}
}

// factors is what brings each of rows [..., features] within the greatest norm: [..., 1].
func (l *tableLookup) factors(rows autograd.Variable) autograd.Variable {
	features := rows.Dim(-1)
	var buffer [8]int
	return constantFor(rows, func(i int) float64 {
		from, to := i*features, (i+1)*features
		if rows.DType() == autograd.Float32 {
			return rowFactor(l, rows.Float32s()[from:to])
		}
		return rowFactor(l, rows.Float64s()[from:to])
	}, append(append(buffer[:0], rows.Shape()[:rows.Rank()-1]...), 1)...)
}

// tracedFactors is factors by operations, for those who are to see how they depend on the rows.
func (l *tableLookup) tracedFactors(rows autograd.Variable) autograd.Variable {
	norms := rows.Detach().NormP(l.normType, -1).Unsqueeze(-1)
	limit := autograd.Full(rows.DType(), l.maxNorm)
	one := autograd.Full(rows.DType(), 1)
	return autograd.Where(norms.Greater(limit), limit.Div(norms.AddScalar(1e-7)), one)
}

// rowFactor is what brings a row within the greatest norm: 1 for one that is.
func rowFactor[T float32 | float64](l *tableLookup, row []T) float64 {
	sum := 0.0
	for _, x := range row {
		if l.normType == 2 {
			sum += float64(x) * float64(x)
		} else {
			sum += math.Pow(math.Abs(float64(x)), l.normType)
		}
	}
	norm := math.Pow(sum, 1/l.normType)
	if !(norm > l.maxNorm) {
		return 1
	}
	return l.maxNorm / (norm + 1e-7) // as PyTorch does
}
