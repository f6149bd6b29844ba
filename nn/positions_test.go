package nn_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Positions are those of their definitions.
func TestPositionsByDefinition(t *testing.T) {
	const length, features = 7, 6
	x := autograd.Normal(newRand(1), double, 0, 1, 2, length, features)
	config := nn.PositionsConfig{Base: 100, DType: double}
	sinusoidal := nn.NewSinusoidalPositions(length, features, config).Forward(x)
	pairs := nn.NewRotaryPositions(length, features, config).Forward(x)
	config.Halves = true
	halves := nn.NewRotaryPositions(length, features, config).Forward(x)
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	for b := range 2 {
		for p := range length {
			for i := range features / 2 {
				angle := float64(p) / math.Pow(100, float64(2*i)/features)
				sin, cos := math.Sin(angle), math.Cos(angle)
				near("a sine", sinusoidal.At(b, p, 2*i), x.At(b, p, 2*i)+sin)
				near("a cosine", sinusoidal.At(b, p, 2*i+1), x.At(b, p, 2*i+1)+cos)
				even, odd := x.At(b, p, 2*i), x.At(b, p, 2*i+1)
				near("element 2i, turned", pairs.At(b, p, 2*i), even*cos-odd*sin)
				near("element 2i+1, turned", pairs.At(b, p, 2*i+1), odd*cos+even*sin)
				first, second := x.At(b, p, i), x.At(b, p, i+features/2)
				near("element i, turned", halves.At(b, p, i), first*cos-second*sin)
				near("element i+features/2, turned", halves.At(b, p, i+features/2), second*cos+first*sin)
			}
		}
	}
}

// Parts of a sequence get what they get in the whole.
func TestPositionsOfParts(t *testing.T) {
	x := autograd.Normal(newRand(1), double, 0, 1, 2, 5, 4)
	config := nn.PositionsConfig{DType: double}
	for name, l := range map[string]interface {
		nn.Layer
		From(x v, start int) v
	}{
		"sinusoidal": nn.NewSinusoidalPositions(5, 4, config),
		"learned":    nn.NewLearnedPositions(newRand(2), 5, 4, config),
		"rotary":     nn.NewRotaryPositions(5, 4, config),
	} {
		parts := autograd.Concat(1, l.From(x.Slice(1, 0, 2), 0), l.From(x.Slice(1, 2, 5), 2))
		if diff := cmp.Diff(l.Forward(x).Floats(), parts.Floats()); diff != "" {
			t.Errorf("%s (-whole +parts):\n%s", name, diff)
		}
		var shapeError *autograd.ShapeError
		for what, f := range map[string]func(){
			"too many positions": func() { l.From(x, 1) },
			"before the first":   func() { l.From(x, -1) },
			"other features":     func() { l.Forward(x.Slice(2, 0, 3)) },
			"no positions":       func() { l.Forward(x.Index(0, 0)) },
		} {
			if err := autograd.Try(f); !errors.As(err, &shapeError) {
				t.Errorf("%s, %s: got %v, want a ShapeError", name, what, err)
			}
		}
	}
	expectValueError(t, "NewRotaryPositions", func() { nn.NewRotaryPositions(4, 3, config) })
	expectValueError(t, "NewSinusoidalPositions", func() { nn.NewSinusoidalPositions(0, 4, config) })
	expectValueError(t, "NewLearnedPositions", func() { nn.NewLearnedPositions(newRand(1), 4, 0, config) })
	expectValueError(t, "NewSinusoidalPositions", func() { nn.NewSinusoidalPositions(4, 4, nn.PositionsConfig{Base: nn.None}) })
	expectValueError(t, "NewMultiheadAttention", func() {
		nn.NewMultiheadAttention(newRand(1), 8, 2, nn.MultiheadAttentionConfig{Rotary: nn.NewRotaryPositions(4, 2, config)})
	})
}

// Attention with rotary positions depends on distances alone: a sequence that begins later has
// the same results. With a cache it gives what the whole sequence gives.
func TestRotaryAttention(t *testing.T) {
	rotary := nn.NewRotaryPositions(20, 2, nn.PositionsConfig{DType: double})
	a := nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{Rotary: rotary, DType: double})
	plain := newAttention()
	x := autograd.Normal(newRand(2), double, 0, 1, 1, 5, 4)
	causal := nn.AttentionInput{Causal: true}
	whole, _ := a.Attend(x, x, x, causal)
	if without, _ := plain.Attend(x, x, x, causal); cmp.Equal(without.Floats(), whole.Floats(), closely) {
		t.Error("positions change nothing")
	}
	// Seven positions before it that nobody sees.
	shifted := autograd.Concat(1, autograd.Zeros(double, 1, 7, 4), x)
	keep := autograd.Concat(1, autograd.Zeros(double, 1, 7), autograd.Ones(double, 1, 5))
	later, _ := a.Attend(shifted, shifted, shifted, nn.AttentionInput{Causal: true, KeyKeep: keep})
	if diff := cmp.Diff(whole.Floats(), later.Slice(1, 7, 12).Floats(), closely); diff != "" {
		t.Errorf("(-at the beginning +later):\n%s", diff)
	}
	var cache nn.AttentionCache
	if diff := cmp.Diff(whole.Floats(), generated(x, []int{2, 1, 1, 1}, func(x v) v {
		y, next := a.Next(x, cache, nn.AttentionInput{})
		cache = next.Clone()
		return y
	}), closely); diff != "" {
		t.Errorf("(-whole +generated):\n%s", diff)
	}
}

// One product for queries, keys and values, turned side by side, gives what a product for each and
// heads apart give, and so do its gradients: with and without masks, in pairs and in halves.
func TestRotaryAttentionOfOneProduct(t *testing.T) {
	for _, halves := range []bool{false, true} {
		rotary := nn.NewRotaryPositions(6, 4, nn.PositionsConfig{Halves: halves, DType: double})
		a := nn.NewMultiheadAttention(newRand(1), 8, 2, nn.MultiheadAttentionConfig{Rotary: rotary, DType: double})
		x := autograd.Normal(newRand(2), double, 0, 1, 3, 6, 8)
		upstream := autograd.Normal(newRand(3), double, 0, 1, 3, 6, 8)
		keys := autograd.Ones(double, 3, 6)
		keys.Float64s()[4] = 0
		for _, input := range []nn.AttentionInput{{}, {Causal: true}, {KeyKeep: keys}} {
			var results [2][]float64
			for i := range results {
				tape := autograd.NewTape(autograd.TapeConfig{})
				watched := tape.Watch(x)
				input.NeedWeights = i == 1 // heads apart
				y, _ := a.Attend(watched, watched, watched, input)
				grads := y.Mul(tape.Const(upstream)).Sum().Backward()
				results[i] = append(results[i], y.Floats()...)
				for _, of := range []v{watched, a.InProjWeight, a.InProjBias} {
					results[i] = append(results[i], grads.Of(of).Floats()...)
				}
			}
			if diff := cmp.Diff(results[1], results[0], closely); diff != "" {
				t.Errorf("halves %v, causal %v (-heads apart +side by side):\n%s", halves, input.Causal, diff)
			}
		}
	}
}
