package nn

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Layers that tell attention where in a sequence something is. They have positions 0, 1, …
// up to a greatest length; From begins with another one, for sequences that are generated a
// few positions at a time.

// PositionsConfig configures [NewSinusoidalPositions], [NewLearnedPositions] and
// [NewRotaryPositions].
type PositionsConfig struct {
	// Base is what the longest wavelength, 2π·Base, is made of; 0 means 10000. It is of
	// those that are computed.
	Base float64

	// Halves pairs element i with element i + features/2, as in GPT-NeoX and Llama, where
	// rotary positions pair elements 2i and 2i+1 otherwise, as in the paper. A model needs
	// what it was trained with.
	Halves bool

	Init  Initializer    // of those that are learned; nil means Normal(0, 0.02)
	DType autograd.DType // Float32 by default; what is computed serves the other type too
}

// positionTable is the rows of positions.
type positionTable struct {
	op               string
	length, features int
}

func newPositionTable(op string, length, features int) positionTable {
	if length < 1 || features < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d positions of %d features: expected positive numbers", length, features)})
	}
	return positionTable{op, length, features}
}

// of is the rows of table for x [..., positions, features], whose first position is start.
func (p *positionTable) of(x, table autograd.Variable, start int) autograd.Variable {
	if x.Rank() < 2 || x.Dim(-1) != p.features {
		p.refuse(x, start)
	}
	return p.rows(x, table, start)
}

// rows is of for x of any features.
func (p *positionTable) rows(x, table autograd.Variable, start int) autograd.Variable {
	if start < 0 || start+x.Dim(-2) > p.length {
		p.refuse(x, start)
	}
	return table.Slice(0, start, start+x.Dim(-2))
}

func (p *positionTable) refuse(x autograd.Variable, start int) {
	panic(shapeError(p.op, fmt.Sprintf("expected [..., positions, %d] with at most %d positions, of which %d come before", p.features, p.length, start), x))
}

// computed is a table that was computed in x's type and on its tape.
func computed(x, table autograd.Variable) autograd.Variable {
	if table.DType() != x.DType() {
		table = table.AsType(x.DType())
	}
	if tape := x.Tape(); tape != nil {
		table = tape.Const(table)
	}
	return table
}

// angles is a table of f(position·base^(−2i/features)) for each pair i of features, at
// column(i) of a row.
func angles(table autograd.Variable, pairs, features int, base float64, column func(i int) int, f func(angle float64) float64) {
	columns := table.Dim(1)
	for position := range table.Dim(0) {
		for i := range pairs {
			set(table, position*columns+column(i), f(float64(position)*math.Pow(base, -2*float64(i)/float64(features))))
		}
	}
}

// SinusoidalPositions adds to each position a vector of sines and cosines of it, of
// wavelengths from 2π to 2π·10000 (Vaswani et al. 2017):
//
//	y[p, 2i] = x[p, 2i] + sin(p/10000^(2i/features)),  y[p, 2i+1] = x[p, 2i+1] + cos(p/10000^(2i/features))
//
// It has no parameters, and is not saved.
type SinusoidalPositions struct {
	NoParts
	positions positionTable
	table     autograd.Variable
}

// NewSinusoidalPositions is SinusoidalPositions for sequences of up to length positions. It
// panics with [*autograd.ValueError] unless length and features are positive.
func NewSinusoidalPositions(length, features int, config PositionsConfig) *SinusoidalPositions {
	const op = "nn.NewSinusoidalPositions"
	p := &SinusoidalPositions{positions: newPositionTable(op, length, features), table: autograd.Zeros(config.DType, length, features)}
	base := positive(op, "Base", config.Base, 10000)
	angles(p.table, (features+1)/2, features, base, func(i int) int { return 2 * i }, math.Sin)
	angles(p.table, features/2, features, base, func(i int) int { return 2*i + 1 }, math.Cos)
	p.positions.op = "nn.SinusoidalPositions"
	return p
}

// Forward adds the positions from 0 on to x [..., positions, features]. It panics with
// [*autograd.ShapeError] if x has other features or more positions.
func (p *SinusoidalPositions) Forward(x autograd.Variable) autograd.Variable { return p.From(x, 0) }

// From is Forward for a part of a sequence that begins with position start.
func (p *SinusoidalPositions) From(x autograd.Variable, start int) autograd.Variable {
	defer in(p)
	return Hooked(p, x.Add(p.positions.of(x, computed(x, p.table), start)))
}

// LearnedPositions adds to each position a vector of its own, as BERT and GPT-2 do. Its
// parameter is named "weight".
type LearnedPositions struct {
	Weight autograd.Variable // [length, features]

	positions positionTable
}

// NewLearnedPositions is LearnedPositions for sequences of up to length positions, with
// vectors drawn from rng. It panics with [*autograd.ValueError] unless length and features are
// positive.
func NewLearnedPositions(rng *rand.Rand, length, features int, config PositionsConfig) *LearnedPositions {
	p := &LearnedPositions{positions: newPositionTable("nn.NewLearnedPositions", length, features)}
	p.Weight = autograd.Parameter(autograd.Zeros(config.DType, length, features))
	orInit(config.Init, Normal(0, 0.02))(rng, p.Weight, length, features)
	p.positions.op = "nn.LearnedPositions"
	return p
}

// Parts yields weight.
func (p *LearnedPositions) Parts() iter.Seq2[string, Part] { return Parts(Weight("weight", p.Weight)) }

// Forward adds the positions from 0 on to x [..., positions, features]. It panics with
// [*autograd.ShapeError] if x has other features or more positions.
func (p *LearnedPositions) Forward(x autograd.Variable) autograd.Variable { return p.From(x, 0) }

// From is Forward for a part of a sequence that begins with position start.
func (p *LearnedPositions) From(x autograd.Variable, start int) autograd.Variable {
	defer in(p)
	return Hooked(p, x.Add(p.positions.of(x, watched(x, p.Weight), start)))
}

// RotaryPositions turns pairs of features of queries and keys by angles that grow with the
// position, so that their products depend on how far they are from each other (Su et al.
// 2021, RoPE). With the pair i of elements a and b at position p, and θ = p·10000^(−2i/features),
//
//	a′ = a·cos θ − b·sin θ,  b′ = b·cos θ + a·sin θ
//
// The pair i is elements 2i and 2i+1, or with Halves i and i + features/2. It is for the
// features of one head: [MultiheadAttentionConfig] takes one. It has no parameters, and is not
// saved.
type RotaryPositions struct {
	NoParts
	positions positionTable
	halves    bool
	cos, sin  autograd.Variable // [length, features/2]
}

// NewRotaryPositions is RotaryPositions for sequences of up to length positions. It panics
// with [*autograd.ValueError] unless length and features are positive and features even.
func NewRotaryPositions(length, features int, config PositionsConfig) *RotaryPositions {
	const op = "nn.NewRotaryPositions"
	p := &RotaryPositions{positions: newPositionTable(op, length, features), halves: config.Halves}
	if features%2 != 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d features: expected an even number", features)})
	}
	base, pairs := positive(op, "Base", config.Base, 10000), features/2
	p.cos, p.sin = autograd.Zeros(config.DType, length, pairs), autograd.Zeros(config.DType, length, pairs)
	itself := func(i int) int { return i }
	angles(p.cos, pairs, features, base, itself, math.Cos)
	angles(p.sin, pairs, features, base, itself, math.Sin)
	p.positions.op = "nn.RotaryPositions"
	return p
}

// Forward turns x [..., positions, features], of which the first position is 0. It panics with
// [*autograd.ShapeError] if x has other features or more positions.
func (p *RotaryPositions) Forward(x autograd.Variable) autograd.Variable { return p.From(x, 0) }

// From is Forward for a part of a sequence that begins with position start.
func (p *RotaryPositions) From(x autograd.Variable, start int) autograd.Variable {
	defer in(p)
	if x.Rank() < 2 || x.Dim(-1) != p.positions.features {
		p.positions.refuse(x, start)
	}
	return Hooked(p, p.turn(x, 1, start))
}

// turn is x [..., positions, width] with the first heads of a row turned.
func (p *RotaryPositions) turn(x autograd.Variable, heads, start int) autograd.Variable {
	cos, sin := p.positions.rows(x, computed(x, p.cos), start), p.positions.rows(x, computed(x, p.sin), start)
	return autograd.Rotary(x, cos, sin, autograd.RotaryConfig{Heads: heads, Halves: p.halves})
}
