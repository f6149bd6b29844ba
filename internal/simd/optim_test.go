package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestAdam takes ten steps beside the formulas written out one by one.
func TestAdam(t *testing.T) {
	cases := []struct {
		name string
		p    AdamParams
	}{
		{"plain", AdamParams{LR: 1e-2, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}},
		{"L2", AdamParams{LR: 1e-2, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1}},
		{"AdamW", AdamParams{LR: 1e-2, Beta1: 0.8, Beta2: 0.99, Eps: 1e-3, DecoupledDecay: 0.1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			everyForm(t,
				func(t *testing.T) { testAdam[float32](t, c.p) },
				func(t *testing.T) { testAdam[float64](t, c.p) })
		})
	}
}

func testAdam[T Float](t *testing.T, p AdamParams) {
	const n = 101
	r := rand.New(rand.NewPCG(1, 5))
	w, m, v, g := make([]T, n), make([]T, n), make([]T, n), make([]T, n)
	var w64, m64, v64 [n]float64
	for i := range w {
		w[i] = T(r.NormFloat64())
		w64[i] = float64(w[i])
	}
	for step := 1; step <= 10; step++ {
		p.BiasCorrection1 = 1 - math.Pow(p.Beta1, float64(step))
		p.BiasCorrection2 = 1 - math.Pow(p.Beta2, float64(step))
		for i := range g {
			g[i] = T(r.NormFloat64())
			w64[i] -= p.LR * p.DecoupledDecay * w64[i]
			// The decay and the L2 term never come together.
			grad := float64(g[i]) + p.WeightDecay*w64[i]
			m64[i] = p.Beta1*m64[i] + (1-p.Beta1)*grad
			v64[i] = p.Beta2*v64[i] + (1-p.Beta2)*grad*grad
			w64[i] -= p.LR * (m64[i] / p.BiasCorrection1) / (math.Sqrt(v64[i]/p.BiasCorrection2) + p.Eps)
		}
		Adam(w, m, v, g, p)
		for i := range w {
			for _, pair := range [][2]float64{{float64(w[i]), w64[i]}, {float64(m[i]), m64[i]}, {float64(v[i]), v64[i]}} {
				if !(math.Abs(pair[0]-pair[1]) <= 30*epsilon[T]()) {
					t.Fatalf("step %d, element %d: %g, want %g", step, i, pair[0], pair[1])
				}
			}
		}
	}
}

// TestSGD takes ten steps beside the formulas written out one by one.
func TestSGD(t *testing.T) {
	cases := []SGDParams{
		{LR: 0.1},
		{LR: 0.1, WeightDecay: 0.05},
		{LR: 0.1, Momentum: 0.9},
		{LR: 0.1, Momentum: 0.9, Dampening: 0.3},
		{LR: 0.1, Momentum: 0.9, WeightDecay: 0.05, Nesterov: true},
	}
	for _, p := range cases {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			everyForm(t,
				func(t *testing.T) { testSGD[float32](t, p) },
				func(t *testing.T) { testSGD[float64](t, p) })
		})
	}
}

func testSGD[T Float](t *testing.T, p SGDParams) {
	const n = 101
	r := rand.New(rand.NewPCG(1, 6))
	w, buf, g := make([]T, n), make([]T, n), make([]T, n)
	var w64, buf64 [n]float64
	for i := range w {
		w[i], buf[i] = T(r.NormFloat64()), T(math.NaN()) // not to be read at the first step
		w64[i] = float64(w[i])
	}
	for step := 1; step <= 10; step++ {
		p.First = step == 1
		for i := range g {
			g[i] = T(r.NormFloat64())
			d := float64(g[i]) + p.WeightDecay*w64[i]
			if p.Momentum != 0 {
				if p.First {
					buf64[i] = d
				} else {
					buf64[i] = p.Momentum*buf64[i] + (1-p.Dampening)*d
				}
				if p.Nesterov {
					d += p.Momentum * buf64[i]
				} else {
					d = buf64[i]
				}
			}
			w64[i] -= p.LR * d
		}
		if p.Momentum != 0 {
			SGDMomentum(w, buf, g, p)
		} else {
			SGD(w, g, p.LR, p.WeightDecay)
		}
		for i := range w {
			if !(math.Abs(float64(w[i])-w64[i]) <= 60*epsilon[T]()) {
				t.Fatalf("step %d, element %d: %g, want %g", step, i, w[i], w64[i])
			}
		}
	}
}
