package main

import (
	"math"
	"math/big"
	"testing"
)

// TestFits measures the errors of the fits, the rounding of their evaluation aside.
func TestFits(t *testing.T) {
	for _, test := range []struct {
		pieces    *pieces
		near, far float64 // in bits
	}{
		{geluPieces, 26, 25.6},
		{geluDerivativePieces, 24.9, 30},
	} {
		t.Run(test.pieces.name, func(t *testing.T) {
			p := test.pieces
			p.fit()
			for i := range pieceCount {
				from, to := p.bound(float64(i)-0.5), min(p.end, p.bound(float64(i)+0.5))
				fit := polynomialFit{center: float64(p.tables[0][i])}
				for _, table := range p.tables[1:] {
					fit.c = append(fit.c, table[i])
				}
				t.Logf("piece %d: %.4f to %.4f around %v", i, from, to, fit.center)
				checkFit(t, fit, from, to, p.at, test.near)
			}
			checkFit(t, p.beyond, 1/(farEnd*farEnd), 1/(p.end*p.end), p.atInverse, test.far)
		})
	}
}

func checkFit(t *testing.T, fit polynomialFit, from, to float64, at func(x *big.Float) (value, size *big.Float), bits float64) {
	t.Helper()
	worst := 0.
	const points = 200
	for i := range points + 1 {
		x := newBig(from + (to-from)*float64(i)/points)
		value, size := at(x)
		if size.Sign() == 0 {
			continue // where the function begins with 0
		}
		for k, c := range fit.c {
			value = bigSub(value, bigMul(newBig(float64(c)), bigPower(bigSub(x, newBig(fit.center)), k)))
		}
		off, _ := bigQuo(value, size).Float64()
		worst = max(worst, math.Abs(off))
	}
	t.Logf("error 2^%.2f", math.Log2(worst))
	if !(worst <= math.Exp2(-bits)) {
		t.Errorf("error 2^%.2f, want 2^-%g", math.Log2(worst), bits)
	}
}
