package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"

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
	if e.mode == BagMax || t != nil && t.Tracing() { // who traces is to see bags of any length
		return Hooked(e, e.oneByOne(t, bags))
	}
	return Hooked(e, e.together(t, bags))
}

// together looks up the tokens of all bags at once, and adds up the rows of each bag.
func (e *EmbeddingBag) together(t *autograd.Tape, bags [][]int) autograd.Variable {
	count := 0
	for _, bag := range bags {
		count += len(bag)
	}
	tokens, bagOf := integers(count), integers(count)
	defer tokens.release()
	defer bagOf.release()
	at := 0
	for i, bag := range bags {
		for _, token := range bag {
			tokens.list[at], bagOf.list[at] = token, i
			at++
		}
	}
	rows := e.lookup.rows(e.Weight, t, tokens.list, nil)
	sums := zerosFor(rows, len(bags), e.Weight.Dim(1)).IndexAdd(0, bagOf.list, rows)
	if e.mode == BagSum {
		return sums
	}
	return sums.Div(constantFor(rows, func(i int) float64 { return float64(max(1, len(bags[i]))) }, len(bags), 1))
}

// bagRows is memory for a row for each bag.
var bagRows = sync.Pool{New: func() any { return new([]autograd.Variable) }}

// oneByOne looks up one bag after another.
func (e *EmbeddingBag) oneByOne(t *autograd.Tape, bags [][]int) autograd.Variable {
	memory := bagRows.Get().(*[]autograd.Variable)
	rows := (*memory)[:0]
	defer func() {
		clear(rows)
		*memory = rows
		bagRows.Put(memory)
	}()
	for _, bag := range bags {
		row := e.lookup.rows(e.Weight, t, bag, nil)
		switch {
		case len(bag) == 0:
			row = zerosFor(row, e.Weight.Dim(1))
		case e.mode == BagSum:
			row = row.Sum(0)
		case e.mode == BagMax:
			row = row.Max(0)
		default:
			row = row.Mean(0)
		}
		rows = append(rows, row)
	}
	return autograd.Stack(0, rows...)
}
