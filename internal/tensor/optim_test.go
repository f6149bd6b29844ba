package tensor

import (
	"math"
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// adamUpdate is a step of Adam, whose slots are the two moments.
func adamUpdate(p simd.AdamParams) Update {
	return Update{
		F32: func(x Slices[float32]) { simd.Adam(x.W, x.Slots[0], x.Slots[1], x.G, p) },
		F64: func(x Slices[float64]) { simd.Adam(x.W, x.Slots[0], x.Slots[1], x.G, p) },
	}
}

func TestStep(t *testing.T) {
	var cases []testCase
	p := simd.AdamParams{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.1, DecoupledDecay: 0.2, BiasCorrection1: 0.1, BiasCorrection2: 0.01}
	adam := adamUpdate(p)
	for _, n := range []int{0, 1, 7, 100, 30_000} {
		cases = append(cases, testCase{name("Adam", n), func(r *random) (*Array, []float64) {
			w, m, v, g := r.array(n), r.array(n), r.array(n), r.array(n)
			want := make([]float64, n)
			for i := range want {
				v.Set(i, v.At(i)*v.At(i))
				grad := g.At(i) + p.WeightDecay*w.At(i)
				moment := m.At(i) + (1-p.Beta1)*(grad-m.At(i))
				second := p.Beta2*v.At(i) + (1-p.Beta2)*grad*grad
				step := moment / p.BiasCorrection1 / (math.Sqrt(second/p.BiasCorrection2) + p.Eps)
				want[i] = w.At(i)*(1-p.LR*p.DecoupledDecay) - p.LR*step
			}
			Step(&adam, w, g, []Array{*m, *v})
			return w, want
		}})
	}
	runCases(t, cases)
}

// An update sees the slots of the parameter's length, each at its place, and nil for
// others.
func TestStepSlots(t *testing.T) {
	for _, n := range []int{5, 30_000} {
		w, g, slot := New(Float64, []int{n}), New(Float64, []int{n}), New(Float64, []int{n})
		number := New(Float64, nil)
		Fill(&slot, 2)
		Step(&Update{F64: func(x Slices[float64]) {
			if x.Slots[0] != nil || x.Slots[2] != nil || x.Slots[3] != nil {
				panic("there are slots that the parameter does not have")
			}
			copy(x.W, x.Slots[1])
		}}, &w, &g, []Array{number, slot, {}})
		for i, got := range w.F64 {
			if got != 2 {
				t.Fatalf("of %d elements number %d is %v, want 2", n, i, got)
			}
		}
	}
}
