package main

import (
	"fmt"
	"math/big"
	"sync"

	"github.com/mmcloughlin/avo/operand"
)

// Functions of t ≥ 0 in single precision that fall like the normal distribution's density,
// by a polynomial for each piece of the line. Coefficients lie in tables, one for each
// power: one instruction takes those of a whole vector from one, each lane that of its piece.

// pieceCount is how many pieces there are: the elements of a narrow vector.
const pieceCount = narrowBytes / 4

// The degrees of polynomials, in the pieces and beyond.
const (
	nearDegree = 8
	farDegree  = 4
)

// farEnd is where these functions have become 0.
const farEnd = 14.6

// pieces is such a function, h. Piece i is where slope·t + curve·t² rounds to i: they get
// shorter as the function gets steeper, relative to its values. Beyond end, h(t) is
// e^(−t²/2) times a polynomial of 1/t², and times t if the function is odd.
type pieces struct {
	name         string
	slope, curve float64
	end          float64
	odd          bool

	// of is the function, size what its errors are measured by, from t, Φ(−t) and φ(t).
	of, size func(t, tail, density *big.Float) *big.Float

	fitted sync.Once
	tables [][pieceCount]float32 // centers, then coefficients, the constant ones first
	beyond polynomialFit
}

// geluPieces is t·Φ(−t). Errors are 2^-26 of it, those beyond end 2^-25.6. From its end on
// the function is less than half a unit in the last place of t.
var geluPieces = &pieces{
	name: "gelu", slope: 0.62, curve: 0.1402, end: 5.42,
	of:   func(t, tail, _ *big.Float) *big.Float { return bigMul(t, tail) },
	size: func(t, tail, _ *big.Float) *big.Float { return bigMul(t, tail) },
}

// geluDerivativePieces is Φ(−t) − t·φ(t), the derivative of GELU at −t. Errors are 2^-24.9 of
// the sum of the terms' sizes, those beyond end 2^-30. From its end on the function is less
// than half a unit in the last place of 1.
var geluDerivativePieces = &pieces{
	name: "geluDerivative", slope: 0.4156, curve: 0.1386, end: 6, odd: true,
	of:   func(t, tail, density *big.Float) *big.Float { return bigSub(tail, bigMul(t, density)) },
	size: func(t, tail, density *big.Float) *big.Float { return bigAdd(tail, bigMul(t, density)) },
}

// loadedPieces are pieces with their tables in registers, if there are enough of them.
type loadedPieces struct {
	*pieces
	f      *function
	tables []op
}

func (f *function) load(p *pieces) loadedPieces {
	p.fit()
	l := loadedPieces{pieces: p, f: f}
	for i, values := range p.tables {
		name := fmt.Sprintf("%s%d", p.name, i)
		f.tables[name] = values
		var table op = operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
		if f.vectorBytes() > narrowBytes {
			v := f.vector()
			f.VBROADCASTF64X4(table, v)
			table = v
		}
		l.tables = append(l.tables, table)
	}
	return l
}

// near returns h(t), and beyond the end what it is there.
func (l loadedPieces) near(t vec) vec {
	f := l.f
	t = f.min(f.constant(l.end), t)
	piece := f.addMul(f.copy(f.constant(l.slope)), t, f.constant(l.curve))
	f.mulAdd(piece, t, f.constant(f.roundingShift()))
	take := func(table int) vec {
		v := f.vector()
		f.VPERMPS(l.tables[table], piece, v)
		return v
	}
	distance := f.sub(t, take(0))
	y := take(1 + nearDegree)
	for i := nearDegree - 1; i >= 0; i-- {
		f.mulAdd(y, distance, take(1+i))
	}
	return y
}

// far returns h(t) for t beyond the end.
func (l loadedPieces) far(t vec) vec {
	f := l.f
	t = f.min(f.constant(farEnd), t)
	density, square := f.bell(t, 0.5)
	w := f.sub(f.div(f.constant(1), square), f.constant(l.beyond.center))
	y := f.horner(w, l.beyond.coefficients())
	if l.odd {
		y = f.mul(y, t)
	}
	return f.lower(f.mul(y, density))
}

// byPieces sets m to compute results from the vectors of the streams and h(|x|), where x
// is of the stream at the given index. Where x is above end, results must not need more of h
// than that it is small: far is for x below −end.
func (f *function) byPieces(m *mapping, p *pieces, index int, results func(x []vec, h vec) []vec) {
	l := f.load(p)
	m.body = func(x []vec) []vec { return results(x, l.near(f.abs(x[index]))) }
	m.rare = func(x []vec) mask { return f.compare(less, x[index], f.constant(-p.end)) }
	m.instead = func(x []vec) []vec { return results(x, l.far(f.abs(x[index]))) }
}
