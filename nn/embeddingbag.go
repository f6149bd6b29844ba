package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// BagMode says what an [EmbeddingBag] makes of the rows of a bag.
type BagMode uint8

// The modes.
const (
	BagMean BagMode = iota
	BagSum
	BagMax
)

// EmbeddingBagConfig configures [NewEmbeddingBag]. The zero value takes means, of float32.
type EmbeddingBagConfig struct {
	Mode BagMode

	// Sparse, MaxNorm and NormType are those of [EmbeddingConfig].
	Sparse            bool
	MaxNorm, NormType float64

	Init  Initializer    // of the table; nil means Normal(0, 1)
	DType autograd.DType // Float32 by default
}

// EmbeddingBag is a table with a row of features for each token, and gives the mean, sum or
// maximum of the rows of several tokens. Its parameter is named "weight".
type EmbeddingBag struct {
	Weight autograd.Variable // [tokens, features]

	mode   BagMode
	lookup tableLookup
}

// NewEmbeddingBag is an EmbeddingBag with rows drawn from rng. It panics with
// [*autograd.ValueError] unless tokens and features are positive and there is such a mode, and
// as [NewEmbedding].
func NewEmbeddingBag(rng *rand.Rand, tokens, features int, config EmbeddingBagConfig) *EmbeddingBag {
	if config.Mode > BagMax {
		panic(&autograd.ValueError{Op: "nn.NewEmbeddingBag", Reason: fmt.Sprintf("there is no mode %d", config.Mode)})
	}
	table := NewEmbedding(rng, tokens, features, EmbeddingConfig{
		Sparse: config.Sparse, MaxNorm: config.MaxNorm, NormType: config.NormType, Init: config.Init, DType: config.DType,
	})
	e := &EmbeddingBag{Weight: table.Weight, mode: config.Mode}
	e.lookup.sparse, e.lookup.maxNorm, e.lookup.normType = table.lookup.sparse, table.lookup.maxNorm, table.lookup.normType
	return e
}

// Parts yields the weight.
func (e *EmbeddingBag) Parts() iter.Seq2[string, Part] { return Parts(Weight("weight", e.Weight)) }

// Lookup is a row for each bag of tokens, [bags, features], on tape t, or on none if t is
// nil; that of an empty bag is 0. It panics with [*autograd.IndexError] for a token that is
// not in the table, and with [*autograd.ValueError] without bags.
func (e *EmbeddingBag) Lookup(t *autograd.Tape, bags [][]int) autograd.Variable {
	defer in(e)
	if len(bags) == 0 {
		panic(&autograd.ValueError{Op: "nn.EmbeddingBag", Reason: "there are no bags"})
	}
	rows := make([]autograd.Variable, len(bags))
	for i, tokens := range bags {
		switch {
		case len(tokens) == 0:
			rows[i] = autograd.Zeros(e.Weight.DType(), e.Weight.Dim(1))
		case e.mode == BagSum:
			rows[i] = e.lookup.rows(e.Weight, t, tokens, nil).Sum(0)
		case e.mode == BagMax:
			rows[i] = e.lookup.rows(e.Weight, t, tokens, nil).Max(0)
		default:
			rows[i] = e.lookup.rows(e.Weight, t, tokens, nil).Mean(0)
		}
	}
	return Hooked(e, autograd.Stack(0, rows...))
}
