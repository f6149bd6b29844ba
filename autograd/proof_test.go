package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/internal/operations"
)

// forEach runs f for every variant of every operation.
func forEach(t *testing.T, f func(t *testing.T, r operations.Row, xs []autograd.Variable)) {
	for _, r := range operations.Table() {
		t.Run(r.Name, func(t *testing.T) {
			for i, shapes := range r.Variants() {
				t.Run(fmt.Sprint(shapes), func(t *testing.T) { f(t, r, r.Inputs(uint64(i), shapes)) })
			}
		})
	}
}

func TestGradients(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		gradcheck.TestWith(t, gradcheck.Config{SecondOrder: true}, r.F, xs...)
	})
}

func TestFloat32(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		for i, x := range xs {
			xs[i] = x.AsType(autograd.Float32)
		}
		if _, err := gradcheck.CheckFloat32(r.F, xs, gradcheck.Config{}); err != nil {
			t.Error(err)
		}
	})
}

// upstreamFor is a random array of y's shape.
func upstreamFor(y autograd.Variable, seed uint64) autograd.Variable {
	return autograd.Normal(rand.New(rand.NewPCG(seed, 23)), autograd.Float64, 0, 1, y.Shape()...)
}

// The fused rules of passes that are not recorded compute what the recorded ones do.
func TestPlainAndRecordedPassesAgree(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		tape := autograd.NewTape(autograd.TapeConfig{})
		for i, x := range xs {
			xs[i] = tape.Watch(x)
		}
		y := r.F(xs)
		u := upstreamFor(y, 1)
		plain := y.BackwardWith(u)
		for i, recorded := range (autograd.GradConfig{AllowUnused: true}).GradWith(y, u, xs...) {
			if diff := cmp.Diff(recorded.Float64s(), plain.Of(xs[i]).Float64s(), approximately(1e-12)); diff != "" {
				t.Errorf("operand %d: %s", i, diff)
			}
		}
	})
}

// ⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩: forward mode has rules of its own.
func TestForwardAndReverseModeAgree(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		vs := make([]autograd.Variable, len(xs))
		for i, x := range xs {
			vs[i] = upstreamFor(x, uint64(i)+5)
		}
		y, jv := autograd.JVP(r.F, xs, vs)
		u := upstreamFor(y, 2)
		_, ju := autograd.VJP(r.F, xs, u)
		forward, reverse, size := u.Mul(jv).Sum().Item(), 0.0, 1.0
		for i := range xs {
			reverse += ju[i].Mul(vs[i]).Sum().Item()
			size += ju[i].Mul(vs[i]).Abs().Sum().Item()
		}
		if !(math.Abs(forward-reverse) <= 1e-12*size) {
			t.Errorf("forward mode gives %v, reverse mode %v", forward, reverse)
		}
	})
}

// The derivative of element-wise functions of one operand, by an independent oracle.
func TestComplexStep(t *testing.T) {
	for _, r := range operations.Table() {
		if r.Oracle == nil {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			x := r.Inputs(9, [][]int{{200}})[0]
			value, grads := autograd.VJP(r.F, []autograd.Variable{x}, autograd.Ones(autograd.Float64, 200))
			for i, at := range x.Float64s() {
				const h = 1e-20
				z := r.Oracle(complex(at, h))
				if got, want := value.Float64s()[i], real(z); !(math.Abs(got-want) <= 4e-15*max(1, math.Abs(want))) {
					t.Errorf("f(%v) = %v, want %v", at, got, want)
				}
				if got, want := grads[0].Float64s()[i], imag(z)/h; !(math.Abs(got-want) <= 2e-14*max(1, math.Abs(want))) {
					t.Errorf("f′(%v) = %v, want %v", at, got, want)
				}
			}
		})
	}
}

// One Variable as every operand.
func TestAliasing(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		if len(xs) < 2 {
			return
		}
		for _, x := range xs[1:] {
			if !cmp.Equal(x.Shape(), xs[0].Shape()) {
				return
			}
		}
		if r.Apart || r.Domain != nil {
			return // a choice by size between equal operands is a kink, a⁻¹·a is constant
		}
		same := func(ys []autograd.Variable) autograd.Variable {
			all := make([]autograd.Variable, len(xs))
			for i := range all {
				all[i] = ys[0]
			}
			return r.F(all)
		}
		gradcheck.TestWith(t, gradcheck.Config{SecondOrder: true}, same, xs[0])
	})
}

// Operands that are views into larger arrays.
func TestViews(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		whole := make([]autograd.Variable, len(xs))
		for i, x := range xs {
			flat := x.Reshape(-1)
			whole[i] = autograd.Concat(0, autograd.Full(autograd.Float64, math.NaN(), 3), flat, autograd.Full(autograd.Float64, math.NaN(), 2))
		}
		viewed := func(ws []autograd.Variable) autograd.Variable {
			views := make([]autograd.Variable, len(ws))
			for i, w := range ws {
				views[i] = w.Slice(0, 3, 3+xs[i].Size()).Reshape(xs[i].Shape()...)
			}
			return r.F(views)
		}
		u := upstreamFor(r.F(onNewTape(xs)), 3)
		_, want := autograd.VJP(r.F, xs, u)
		_, got := autograd.VJP(viewed, whole, u)
		for i := range xs {
			inside := got[i].Slice(0, 3, 3+xs[i].Size())
			if diff := cmp.Diff(want[i].Float64s(), inside.Float64s()); diff != "" {
				t.Errorf("operand %d: %s", i, diff)
			}
			if outside := got[i].Sum().Item() - inside.Sum().Item(); !(math.Abs(outside) < 1e-12) {
				t.Errorf("operand %d: gradient %v outside of the view", i, outside)
			}
		}
	})
}

// onNewTape brings operands onto a new tape.
func onNewTape(xs []autograd.Variable) []autograd.Variable {
	tape := autograd.NewTape(autograd.TapeConfig{})
	on := make([]autograd.Variable, len(xs))
	for i, x := range xs {
		on[i] = tape.Watch(x)
	}
	return on
}

func TestEmptyOperands(t *testing.T) {
	for _, r := range operations.Table() {
		if !r.Empty {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			xs := make([]autograd.Variable, len(r.Variants()[0]))
			for i := range xs {
				xs[i] = autograd.Zeros(autograd.Float64, 2, 0)
			}
			xs = onNewTape(xs)
			y := r.F(xs)
			grads := y.Sum().Backward()
			for i, x := range xs {
				if diff := cmp.Diff([]int{2, 0}, grads.Of(x).Shape()); diff != "" {
					t.Errorf("gradient of operand %d: %s", i, diff)
				}
			}
		})
	}
}

// Each operand by itself, the others being constants.
func TestUnusedGradients(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		if len(xs) < 2 {
			return
		}
		u := upstreamFor(r.F(onNewTape(xs)), 4)
		_, want := autograd.VJP(r.F, xs, u)
		for i := range xs {
			tape := autograd.NewTape(autograd.TapeConfig{})
			on := make([]autograd.Variable, len(xs))
			for j, x := range xs {
				on[j] = tape.Const(x)
			}
			on[i] = tape.Watch(xs[i])
			grads := r.F(on).BackwardWith(u)
			if diff := cmp.Diff(want[i].Float64s(), grads.Of(xs[i]).Float64s(), approximately(1e-13)); diff != "" {
				t.Errorf("operand %d alone: %s", i, diff)
			}
			if grads.Len() != 1 {
				t.Errorf("operand %d alone: %d gradients", i, grads.Len())
			}
		}
	})
}

// Asked for the gradient of one operand only, every rule computes that one and no other.
func TestGradientsOfOneOperandOnly(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		tape := autograd.NewTape(autograd.TapeConfig{})
		for i, x := range xs {
			xs[i] = tape.Watch(x)
		}
		y := r.F(xs)
		u := upstreamFor(y, 2)
		all := y.BackwardWith(u)
		for i, x := range xs {
			want, reached := all.Lookup(x)
			if !reached {
				continue
			}
			only := y.BackwardWith(u, x)
			if diff := cmp.Diff(want.Float64s(), only.Of(x).Float64s()); diff != "" || only.Len() != 1 {
				t.Errorf("operand %d: %d gradients, %s", i, only.Len(), diff)
			}
		}
	})
}
