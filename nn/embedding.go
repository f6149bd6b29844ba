package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/chainrule-go/chainrule/autograd"
)

// EmbeddingConfig configures [NewEmbedding]. The zero value is a table of float32 that is
// trained as a whole.
type EmbeddingConfig struct {
	// Padding lists tokens whose rows are 0 at first and get no gradient.
	Padding []int

	// Sparse keeps gradients as the rows that were looked up, so that a step with a large
	// table does not make, and with optim.NewSparseAdam and others does not visit, all of
	// it: see [autograd.Gradients.Rows].
	Sparse bool

	// MaxNorm is the greatest norm of a row that is looked up; 0 means any. A longer row
	// is scaled to it first: in training in the table itself, as PyTorch does it, before
	// the step that uses it, and whether or not that is made.
	MaxNorm  float64
	NormType float64 // p of the norm ‖row‖ₚ, above 0; 0 means 2

	Init  Initializer    // of the table; nil means Normal(0, 1)
	DType autograd.DType // Float32 by default
}

// Embedding is a table with a row of features for each token. Its parameter is named
// "weight". Any number of goroutines may look up at once, each with its own tape; with
// MaxNorm and in training also, while nobody uses the weight by other ways.
type Embedding struct {
	Weight autograd.Variable // [tokens, features]

	padding []int
	lookup  tableLookup
}

// NewEmbedding is an Embedding with rows drawn from rng. It panics with
// [*autograd.ValueError] unless tokens and features are positive, and MaxNorm and NormType
// finite and not negative, and with [*autograd.IndexError] if a padding token is none.
func NewEmbedding(rng *rand.Rand, tokens, features int, config EmbeddingConfig) *Embedding {
	const op = "nn.NewEmbedding"
	if tokens < 1 || features < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d tokens and %d features: expected positive numbers", tokens, features)})
	}
	e := &Embedding{
		Weight:  autograd.Parameter(autograd.Zeros(config.DType, tokens, features)),
		padding: slices.Clone(config.Padding),
		lookup:  tableLookup{sparse: config.Sparse, maxNorm: number(op, "MaxNorm", config.MaxNorm, 0), normType: positive(op, "NormType", config.NormType, 2)},
	}
	orInit(config.Init, Normal(0, 1))(rng, e.Weight, tokens, features)
	for i, token := range e.padding {
		if token < 0 || token >= tokens {
			panic(&autograd.IndexError{Op: op, Index: token, At: i, Size: tokens})
		}
		for j := range features {
			set(e.Weight, token*features+j, 0)
		}
	}
	return e
}

// Parts yields the weight.
func (e *Embedding) Parts() iter.Seq2[string, Part] { return Parts(Weight("weight", e.Weight)) }

// Lookup is the rows of tokens, which come in row-major order in the given shape, or as
// one axis without one: of shape [shape…, features], on tape t, or on none if t is nil.
// It panics with [*autograd.IndexError] for a token that is not in the table, and with
// [*autograd.ShapeError] if the shape does not have as many elements as there are tokens.
func (e *Embedding) Lookup(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable {
	defer in(e)
	rows := e.lookup.rows(e.Weight, t, tokens, shape)
	if len(e.padding) == 0 {
		return Hooked(e, rows)
	}
	return Hooked(e, autograd.Where(e.isPadding(t, tokens, rows), rows.Detach(), rows))
}

// paddingMasks is memory for which tokens are padding.
var paddingMasks = sync.Pool{New: func() any { return new([]float32) }}

// isPadding is 1 for the rows of tokens that are padding and 0 for others, with a last axis of
// size 1.
func (e *Embedding) isPadding(t *autograd.Tape, tokens []int, rows autograd.Variable) autograd.Variable {
	memory := paddingMasks.Get().(*[]float32)
	defer paddingMasks.Put(memory)
	mask := (*memory)[:0]
	for _, token := range tokens {
		var padding float32
		if slices.Contains(e.padding, token) {
			padding = 1
		}
		mask = append(mask, padding)
	}
	*memory = mask
	var buffer [8]int
	shape := append(append(buffer[:0], rows.Shape()[:rows.Rank()-1]...), 1)
	var is autograd.Variable
	if t != nil {
		is = t.Float32s(mask, shape...)
	} else {
		is = autograd.New(mask, shape...)
	}
	return is.AsType(rows.DType()).AddScalar(0) // a copy, as the memory is used again
}

// set sets an element of v, by its row-major position.
func set(v autograd.Variable, i int, x float64) {
	if v.DType() == autograd.Float32 {
		v.Float32s()[i] = float32(x)
	} else {
		v.Float64s()[i] = x
	}
}
