package nn_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

func newAttention() *nn.MultiheadAttention {
	return nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{DType: double})
}

// attend is the results, off any tape.
func attend(a *nn.MultiheadAttention, x v, input nn.AttentionInput) []float64 {
	y, _ := a.Attend(x, x, x, input)
	return y.Floats()
}

// The results at a position do not depend on what comes after it, or is padding.
func TestAttentionDoesNotSee(t *testing.T) {
	a := newAttention()
	x := autograd.Normal(newRand(2), double, 0, 1, 2, 5, 4)
	causal := nn.AttentionInput{Causal: true}
	padding := nn.AttentionInput{KeyKeep: autograd.New([]float64{1, 1, 1, 0, 0, 1, 1, 1, 0, 0}, 2, 5)}
	lower := nn.AttentionInput{Keep: autograd.Ones(double, 5, 5).Tril(0)}
	for name, input := range map[string]nn.AttentionInput{"causal": causal, "padding": padding, "a mask": lower} {
		changed := x.Clone()
		for _, i := range []int{3, 4, 8, 9} { // positions 3 and 4 of both sequences
			for j := range 4 {
				changed.Float64s()[4*i+j] += 10
			}
		}
		before, after := attend(a, x, input), attend(a, changed, input)
		for sequence := range 2 {
			at := 20 * sequence
			if diff := cmp.Diff(before[at:at+12], after[at:at+12]); diff != "" {
				t.Errorf("%s: what is not seen changes the result (-before +after):\n%s", name, diff)
			}
			if cmp.Equal(before[at+12:at+20], after[at+12:at+20]) {
				t.Errorf("%s: the positions themselves do not change", name)
			}
		}
	}
	if diff := cmp.Diff(attend(a, x, causal), attend(a, x, lower), closely); diff != "" {
		t.Errorf("(-causal +the same by a mask):\n%s", diff)
	}
	// Masks of each example, and of each head.
	perExample := nn.AttentionInput{Keep: autograd.Stack(0, lower.Keep, lower.Keep)}
	perHead := nn.AttentionInput{Keep: lower.Keep.Reshape(1, 1, 5, 5)}
	for _, input := range []nn.AttentionInput{perExample, perHead} {
		if diff := cmp.Diff(attend(a, x, lower), attend(a, x, input), closely); diff != "" {
			t.Errorf("mask %v (-one for all +the same):\n%s", input.Keep.Shape(), diff)
		}
	}
}

// A query that may see nothing has weights of 0, and its gradient is 0, not NaN.
func TestAttentionToNothing(t *testing.T) {
	a := newAttention()
	tape := autograd.NewTape(autograd.TapeConfig{})
	q := tape.Watch(autograd.Normal(newRand(2), double, 0, 1, 1, 2, 4))
	k := tape.Watch(autograd.Normal(newRand(3), double, 0, 1, 1, 3, 4))
	y, weights := a.Attend(q, k, k, nn.AttentionInput{Keep: autograd.New([]float64{0, 0, 0, 1, 0, 1}, 2, 3), NeedWeights: true})
	sums := weights.Sum(2).Floats()
	if sums[0] != 0 || math.Abs(sums[1]-1) > 1e-14 || weights.At(0, 1, 1) != 0 {
		t.Errorf("the weights are %v", weights)
	}
	for _, out := range y.Slice(1, 0, 1).Floats() {
		if out != 0 { // the bias of the projection out is 0
			t.Errorf("the result of a query without keys is %v", out)
		}
	}
	grads := y.Square().Sum().Backward()
	for _, g := range grads.Of(q).Slice(1, 0, 1).Floats() {
		if g != 0 {
			t.Errorf("its gradient is %v", g)
		}
	}
	if norm := grads.Norm(); !(norm > 0) || math.IsInf(norm, 0) {
		t.Errorf("the norm of all gradients is %v", norm)
	}
}

// Without being asked for, weights are not returned; with SequenceFirst the axes are the
// other way round.
func TestAttentionLayouts(t *testing.T) {
	a := newAttention()
	b := nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{DType: double, SequenceFirst: true})
	q, k := autograd.Normal(newRand(2), double, 0, 1, 3, 2, 4), autograd.Normal(newRand(3), double, 0, 1, 3, 5, 4)
	want, weights := a.Attend(q, k, k, nn.AttentionInput{})
	if (weights != v{}) {
		t.Errorf("weights were not asked for: %v", weights)
	}
	kT := k.Transpose(0, 1)
	got, _ := b.Attend(q.Transpose(0, 1), kT, kT, nn.AttentionInput{})
	if diff := cmp.Diff(want.Floats(), got.Transpose(0, 1).Floats(), closely); diff != "" {
		t.Errorf("(-batch first +sequence first):\n%s", diff)
	}
}

func TestAttentionRefuses(t *testing.T) {
	a := newAttention()
	x := autograd.Ones(double, 2, 3, 4)
	for name, qkv := range map[string][3]v{
		"other features":           {x, autograd.Ones(double, 2, 3, 5), x},
		"another batch":            {x, autograd.Ones(double, 1, 3, 4), autograd.Ones(double, 1, 3, 4)},
		"keys without values":      {x, autograd.Ones(double, 2, 5, 4), x},
		"a sequence without batch": {autograd.Ones(double, 3, 4), x, x},
	} {
		var shapeError *autograd.ShapeError
		if err := autograd.Try(func() { a.Attend(qkv[0], qkv[1], qkv[2], nn.AttentionInput{}) }); !errors.As(err, &shapeError) {
			t.Errorf("%s: got %v, want a ShapeError", name, err)
		}
	}
	expectValueError(t, "NewMultiheadAttention", func() { nn.NewMultiheadAttention(newRand(1), 4, 3, nn.MultiheadAttentionConfig{}) })
}

// Rows of padding get no gradient, and are 0 at first; tokens that are not in the table
// are refused.
func TestEmbeddingPadding(t *testing.T) {
	e := nn.NewEmbedding(newRand(1), 4, 2, nn.EmbeddingConfig{Padding: []int{1, 3}, DType: double})
	tape := autograd.NewTape(autograd.TapeConfig{})
	grad := e.Lookup(tape, []int{0, 1, 3, 0}).Sum().Backward().Of(e.Weight)
	if diff := cmp.Diff([]float64{2, 2, 0, 0, 0, 0, 0, 0}, grad.Floats()); diff != "" {
		t.Errorf("gradient (-want +got):\n%s", diff)
	}
	if rows := e.Lookup(nil, []int{1, 3}).Floats(); !cmp.Equal(rows, make([]float64, 4)) {
		t.Errorf("the rows of padding are %v", rows)
	}
	var indexError *autograd.IndexError
	for name, f := range map[string]func(){
		"a token": func() { e.Lookup(tape, []int{4}) },
		"padding": func() { nn.NewEmbedding(newRand(1), 4, 2, nn.EmbeddingConfig{Padding: []int{4}}) },
	} {
		if err := autograd.Try(f); !errors.As(err, &indexError) {
			t.Errorf("%s outside the table: got %v, want an IndexError", name, err)
		}
	}
	expectValueError(t, "NewEmbedding", func() { nn.NewEmbedding(newRand(1), 0, 2, nn.EmbeddingConfig{}) })
}

// Weights are dropped in training alone; without any that is left the result is the bias of
// the projection out.
func TestAttentionDropout(t *testing.T) {
	a := nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{Dropout: 1, DType: double})
	x := autograd.Normal(newRand(2), double, 0, 1, 2, 5, 4)
	training := autograd.NewTape(autograd.TapeConfig{Training: true})
	if y := a.Forward(training.Const(x)).Floats(); !cmp.Equal(y, make([]float64, len(y))) {
		t.Errorf("without any weight: %v", y)
	}
	inference := autograd.NewTape(autograd.TapeConfig{})
	if diff := cmp.Diff(newAttention().Forward(x).Floats(), a.Forward(inference.Const(x)).Floats(), closely); diff != "" {
		t.Errorf("inference (-without dropout +got):\n%s", diff)
	}
	expectValueError(t, "NewMultiheadAttention", func() { nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{Dropout: 1.5}) })
}
