package autograd_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
)

var closely = cmpopts.EquateApprox(1e-12, 1e-14)

func rowsTable() autograd.Variable {
	return autograd.Parameter(autograd.Normal(rand.New(rand.NewPCG(1, 2)), autograd.Float64, 0, 1, 6, 2))
}

// rowsCase is a loss of a table by the function that looks up in it.
type rowsCase struct {
	name  string
	index []int // of the rows that the gradient is kept as; nil if it is a whole array
	loss  func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable
}

type lookup = func(w autograd.Variable, index []int, shape ...int) autograd.Variable

func rowsCases() []rowsCase {
	scale := autograd.Normal(rand.New(rand.NewPCG(2, 2)), autograd.Float64, 0, 1, 4, 2)
	return []rowsCase{
		{"one lookup", []int{1, 3, 5}, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			return lookup(tape.Watch(w), []int{3, 5, 3, 1}).Mul(scale).Sum()
		}},
		{"indices from the end", []int{0, 5}, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			return lookup(tape.Watch(w), []int{-1, 0, 5, -6}, 2, 2).Square().Sum()
		}},
		{"two lookups", []int{0, 2, 4}, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			w = tape.Watch(w)
			return lookup(w, []int{4, 2}).Square().Sum().Add(lookup(w, []int{0, 4, 4}).Exp().Sum())
		}},
		{"a lookup that is used twice", []int{1, 2}, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			rows := lookup(tape.Watch(w), []int{2, 1, 1})
			return rows.Square().Sum().Add(rows.Sum().Mul(rows.Exp().Sum()))
		}},
		{"no token", []int{}, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			return lookup(tape.Watch(w), nil, 0).Sum()
		}},
		{"a table that is multiplied by too", nil, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			w = tape.Watch(w)
			return lookup(w, []int{3, 3, 0}).MatMul(w.Transpose(0, 1)).Square().Sum()
		}},
		{"a table that is computed", nil, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			return lookup(tape.Watch(w).Exp(), []int{3, 3, 0}).Square().Sum()
		}},
		{"within a checkpoint", nil, func(tape *autograd.Tape, w autograd.Variable, lookup lookup) autograd.Variable {
			return autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable { return lookup(w, []int{3, 3, 0}).Mul(xs[0]).Sum() }, tape.Const(scale.Slice(0, 0, 3)))
		}},
	}
}

// Gradients that are kept as rows are those that Embedding gives.
func TestSparseGradients(t *testing.T) {
	for _, test := range rowsCases() {
		t.Run(test.name, func(t *testing.T) {
			w := rowsTable()
			want := test.loss(autograd.NewTape(autograd.TapeConfig{}), w, autograd.Embedding).Backward().Of(w)
			tape := autograd.NewTape(autograd.TapeConfig{})
			for range 2 { // the second time with memory of the first
				tape.Reset()
				grads := test.loss(tape, w, autograd.SparseEmbedding).Backward()
				index, rows, ok := grads.Rows(w)
				if ok != (test.index != nil) || !slices.Equal(index, test.index) {
					t.Fatalf("kept as rows %v: %v, want %v", index, ok, test.index)
				}
				if diff := cmp.Diff(want.Floats(), grads.Of(w).Floats()); diff != "" {
					t.Errorf("the gradient (-want +got):\n%s", diff)
				}
				if ok && (rows.Dim(0) != len(index) || !cmp.Equal(want.IndexSelect(0, index).Floats(), rows.Floats())) {
					t.Errorf("rows %v are %v", index, rows)
				}
				if got := grads.Norm(); got != want.Norm().Item() && !cmp.Equal(got, want.Norm().Item(), closely) {
					t.Errorf("the norm is %v, want %v", got, want.Norm().Item())
				}
				for _, whole := range grads.All() {
					if !cmp.Equal(whole.Floats(), want.Floats()) {
						t.Errorf("All yields %v", whole)
					}
				}
			}
			alone := test.loss(tape, w, autograd.SparseEmbedding).Backward(w)
			if diff := cmp.Diff(want.Floats(), alone.Of(w).Floats()); diff != "" {
				t.Errorf("asked for alone (-want +got):\n%s", diff)
			}
			if test.name != "no token" {
				recorded := autograd.Grad(test.loss(tape, w, autograd.SparseEmbedding), w)[0]
				if diff := cmp.Diff(want.Floats(), recorded.Floats(), closely); diff != "" {
					t.Errorf("recorded (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// Sums and multiples of gradients do not depend on how they are kept.
func TestSparseGradientsAddUp(t *testing.T) {
	w := rowsTable()
	of := func(test rowsCase, lookup lookup) autograd.Gradients {
		return test.loss(autograd.NewTape(autograd.TapeConfig{}), w, lookup).Backward()
	}
	cases := rowsCases()
	for _, a := range cases {
		for _, b := range cases {
			want := of(a, autograd.Embedding).Of(w).Clone().Add(of(b, autograd.Embedding).Of(w).Clone()).MulScalar(0.5)
			kept, on := of(a, autograd.SparseEmbedding).Clone(), of(a, autograd.SparseEmbedding)
			for _, sum := range []*autograd.Gradients{&kept, &on} {
				sum.Accumulate(of(b, autograd.SparseEmbedding))
				sum.Scale(0.5)
				if diff := cmp.Diff(want.Floats(), sum.Of(w).Floats(), closely); diff != "" {
					t.Errorf("%s and %s (-want +got):\n%s", a.name, b.name, diff)
				}
				if index, _, ok := sum.Rows(w); ok != (a.index != nil && b.index != nil) || ok && !slices.IsSorted(index) {
					t.Errorf("%s and %s: kept as rows %v: %v", a.name, b.name, index, ok)
				}
			}
		}
	}
}

// A step that looks up few rows of a large table takes memory for these alone, and
// allocates nothing.
func TestSparseGradientsAreSmall(t *testing.T) {
	const rows, features, tokens = 200_000, 16, 100
	w := autograd.Parameter(autograd.Zeros(autograd.Float32, rows, features))
	index := make([]int, tokens)
	for i := range index {
		index[i] = i * i % rows
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	step := func() {
		tape.Reset()
		grads := autograd.SparseEmbedding(tape.Watch(w), index).Square().Sum().Backward()
		if _, kept, ok := grads.Rows(w); !ok || kept.Size() > tokens*features {
			t.Fatal("the gradient is not kept as rows")
		}
		grads.Scale(0.5)
		grads.Norm()
	}
	for range 3 {
		step()
	}
	if _, peak, _ := tape.MemoryUsage(); peak > 10*4*tokens*features {
		t.Errorf("a step takes %d bytes, the rows have %d", peak, 4*tokens*features)
	}
	if race.Enabled {
		return // pools forget
	}
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

// A hook on the table sees its whole gradient.
func TestSparseGradientsWithHooks(t *testing.T) {
	w, tape := rowsTable(), autograd.NewTape(autograd.TapeConfig{})
	leaf := tape.Watch(w)
	leaf.Hook(func(g autograd.Variable) autograd.Variable { return g.MulScalar(2) })
	grads := autograd.SparseEmbedding(leaf, []int{4, 4}).Sum().Backward()
	if diff := cmp.Diff([]float64{0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 0, 0}, grads.Of(w).Floats()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A pass that ends early keeps nothing.
func TestSparseGradientsAfterPanic(t *testing.T) {
	w, tape := rowsTable(), autograd.NewTape(autograd.TapeConfig{})
	x := autograd.Parameter(autograd.Ones(autograd.Float64, 1, 2))
	leaf := tape.Watch(x)
	exp := leaf.Exp().Hook(func(autograd.Variable) autograd.Variable { return autograd.Ones(autograd.Float64, 3) })
	loss := autograd.SparseEmbedding(tape.Watch(w), []int{1, 2}).Mul(exp).Sum()
	if err := autograd.Try(func() { loss.Backward() }); err == nil {
		t.Fatal("the hook's shape is accepted")
	}
	tape.Reset()
	grads := autograd.SparseEmbedding(tape.Watch(w), []int{0}).Sum().Backward()
	if index, _, ok := grads.Rows(w); !ok || !slices.Equal(index, []int{0}) {
		t.Errorf("rows %v, %v, want row 0 alone", index, ok)
	}
}
