package autograd_test

import (
	"sync/atomic"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/internal/operations"
)

// A checker that passes everything proves nothing. Here each operation gets backward
// rules that are wrong on purpose, and gradcheck must object to every one.

// mutation falsifies the gradient of operand i, or returns false where it would
// change nothing.
type mutation struct {
	name  string
	apply func(grad, x, u autograd.Variable, rule func(u autograd.Variable) autograd.Variable) (autograd.Variable, bool)
}

var mutations = []mutation{
	{"scaled by 1+1e-5", func(grad, x, u autograd.Variable, rule func(autograd.Variable) autograd.Variable) (autograd.Variable, bool) {
		return grad.MulScalar(1 + 1e-5), grad.Norm().Item() > 1e-3
	}},
	{"wrong sign", func(grad, x, u autograd.Variable, rule func(autograd.Variable) autograd.Variable) (autograd.Variable, bool) {
		return grad.Neg(), grad.Norm().Item() > 1e-3
	}},
	{"dropped", func(grad, x, u autograd.Variable, rule func(autograd.Variable) autograd.Variable) (autograd.Variable, bool) {
		return autograd.Variable{}, grad.Norm().Item() > 1e-3
	}},
	{"upstream ignored", func(grad, x, u autograd.Variable, rule func(autograd.Variable) autograd.Variable) (autograd.Variable, bool) {
		ones := autograd.Ones(u.DType(), u.Shape()...)
		return rule(ones), rule(ones).Norm().Item() > 1e-3
	}},
	{"last entry lost", func(grad, x, u autograd.Variable, rule func(autograd.Variable) autograd.Variable) (autograd.Variable, bool) {
		changed := grad.Clone()
		last := changed.Size() - 1
		if last < 0 || changed.Float64s()[last] == 0 {
			return changed, false
		}
		changed.Float64s()[last] = 0
		return changed, true
	}},
	{"transposed", func(grad, x, u autograd.Variable, rule func(autograd.Variable) autograd.Variable) (autograd.Variable, bool) {
		if grad.Rank() != 2 || grad.Dim(0) != grad.Dim(1) {
			return grad, false
		}
		return grad.T(), grad.T().Sub(grad).Norm().Item() > 1e-3
	}},
	{"broadcast not summed", func(grad, x, u autograd.Variable, rule func(autograd.Variable) autograd.Variable) (autograd.Variable, bool) {
		// A rule that forgets the sum takes one of the repeated shares for all: here
		// that of an upstream gradient which is zero but at its first element.
		if x.Size() >= u.Size() || x.Size() == 0 {
			return grad, false
		}
		first := autograd.Zeros(u.DType(), u.Shape()...)
		first.Float64s()[0] = u.Float64s()[0]
		return rule(first), rule(first).Sub(grad).Norm().Item() > 1e-3
	}},
}

// mutant is r's operation with the gradient of one operand falsified.
func mutant(r operations.Row, m mutation, operand int, changed *bool) autograd.Func {
	f := &autograd.Function{
		Name: r.Name + " " + m.name,
		Forward: func(xs []autograd.Variable) autograd.Variable {
			return r.F(xs).Clone()
		},
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			values := make([]autograd.Variable, len(xs))
			for i, x := range xs {
				values[i] = x.Clone()
			}
			u := g.Clone()
			rule := func(u autograd.Variable) []autograd.Variable {
				_, grads := autograd.VJP(r.F, values, u)
				return grads
			}
			grads := rule(u)
			wrong, ok := m.apply(grads[operand], values[operand], u, func(u autograd.Variable) autograd.Variable { return rule(u)[operand] })
			if ok {
				grads[operand] = wrong
				*changed = true
			}
			return grads
		},
	}
	return func(xs []autograd.Variable) autograd.Variable { return f.Apply(xs...) }
}

func TestMutationsAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of checks")
	}
	var caught atomic.Int64
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		t.Parallel()
		if r.Name == "Checkpoint" {
			return // it needs its operands on a tape, which the falsified rule has not
		}
		for operand := range xs {
			for _, m := range mutations {
				changed := false
				_, err := gradcheck.Check(mutant(r, m, operand, &changed), xs, gradcheck.Config{})
				if err == nil && changed {
					t.Errorf("operand %d, %s: not caught", operand, m.name)
				}
				if !changed && err != nil {
					t.Errorf("operand %d, %s: objected to the right rule: %v", operand, m.name, err)
				}
				if changed {
					caught.Add(1)
				}
			}
		}
	})
	t.Cleanup(func() { t.Logf("%d wrong rules", caught.Load()) })
}
