package nn_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// pieces cuts the positions of x [batch, length, features] into parts of these sizes.
func pieces(x v, sizes ...int) []v {
	var parts []v
	from := 0
	for _, n := range sizes {
		parts = append(parts, x.Slice(1, from, from+n))
		from += n
	}
	return parts
}

// generated is what next makes of the positions in pieces, each on the tape as it is after a
// Reset, joined.
func generated(x v, sizes []int, next func(x v) v) []float64 {
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	var parts []v
	for _, part := range pieces(x, sizes...) {
		tape.Reset()
		parts = append(parts, next(tape.Const(part)).Clone())
	}
	return autograd.Concat(1, parts...).Floats()
}

// Generating position by position with a cache gives what the whole sequence gives.
func TestGeneratingGivesWhatTheWholeSequenceGives(t *testing.T) {
	const length = 6
	x := autograd.Normal(newRand(2), double, 0, 1, 2, length, 4)
	memory := autograd.Normal(newRand(3), double, 0, 1, 2, 3, 4)
	mask := autograd.New([]float64{1, 1, 0, 1, 1, 1}, 2, 3)
	config := nn.TransformerConfig{FeedForward: 8, Activation: nn.GELU{}, FinalNorm: true, DType: double}
	causal := nn.AttentionInput{Causal: true}
	more := nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{AddBiasKV: true, AddZeroAttention: true, DType: double})
	encoder := nn.NewTransformerEncoder(newRand(1), 2, 4, 2, config)
	decoder := nn.NewTransformerDecoder(newRand(1), 2, 4, 2, config)
	toMemory := nn.DecoderInput{Memory: nn.AttentionInput{KeyKeep: mask}}

	for _, sizes := range [][]int{{1, 1, 1, 1, 1, 1}, {3, 1, 2}, {6}} {
		for name, attention := range map[string]*nn.MultiheadAttention{"attention": newAttention(), "attention with more keys": more} {
			var cache nn.AttentionCache
			whole, _ := attention.Attend(x, x, x, causal)
			if diff := cmp.Diff(whole.Floats(), generated(x, sizes, func(x v) v {
				y, next := attention.Next(x, cache, nn.AttentionInput{})
				cache = next.Clone()
				return y
			}), closely); diff != "" {
				t.Errorf("%s in pieces of %v (-whole +generated):\n%s", name, sizes, diff)
			}
			if cache.Len() != length {
				t.Errorf("%s: the cache has %d positions, want %d", name, cache.Len(), length)
			}
		}

		var caches []nn.AttentionCache
		if diff := cmp.Diff(encoder.Encode(x, causal).Floats(), generated(x, sizes, func(x v) v {
			y, next := encoder.Next(x, caches, nn.AttentionInput{})
			caches = cloned(next)
			return y
		}), closely); diff != "" {
			t.Errorf("an encoder in pieces of %v (-whole +generated):\n%s", sizes, diff)
		}

		var states []nn.DecoderCache
		want := decoder.Decode(x, memory, nn.DecoderInput{Self: causal, Memory: toMemory.Memory})
		if diff := cmp.Diff(want.Floats(), generated(x, sizes, func(x v) v {
			now := memory
			if states != nil {
				now = v{} // it is in the caches
			}
			y, next := decoder.Next(x, now, states, toMemory)
			states = cloned(next)
			return y
		}), closely); diff != "" {
			t.Errorf("a decoder in pieces of %v (-whole +generated):\n%s", sizes, diff)
		}
	}
}

// cloned is caches that are on no tape.
func cloned[C interface{ Clone() C }](caches []C) []C {
	all := slices.Clone(caches)
	for i, c := range all {
		all[i] = c.Clone()
	}
	return all
}

// A cache is a value: a sequence goes on in two ways from one, and sequences of the batch
// are selected.
func TestCachesAreValues(t *testing.T) {
	a := newAttention()
	x := autograd.Normal(newRand(2), double, 0, 1, 2, 4, 4)
	start, one, other := x.Slice(1, 0, 2), x.Slice(1, 2, 3), x.Slice(1, 3, 4)
	_, cache := a.Next(start, nn.AttentionCache{}, nn.AttentionInput{})
	first, _ := a.Next(one, cache, nn.AttentionInput{})
	a.Next(other, cache, nn.AttentionInput{})
	again, _ := a.Next(one, cache, nn.AttentionInput{})
	if diff := cmp.Diff(first.Floats(), again.Floats()); diff != "" {
		t.Errorf("the cache has changed (-before +after):\n%s", diff)
	}
	swapped, _ := a.Next(one.IndexSelect(0, []int{1, 0}), cache.Select([]int{1, 0}), nn.AttentionInput{})
	if diff := cmp.Diff(first.IndexSelect(0, []int{1, 0}).Floats(), swapped.Floats(), closely); diff != "" {
		t.Errorf("sequences selected (-want +got):\n%s", diff)
	}
	if empty := (nn.AttentionCache{}); empty.Len() != 0 || empty.Clone() != empty || empty.Select(nil) != empty {
		t.Error("the empty cache is not empty")
	}
}

// Masks of what is generated are for all positions so far.
func TestGeneratingWithPadding(t *testing.T) {
	a := newAttention()
	x := autograd.Normal(newRand(2), double, 0, 1, 2, 4, 4)
	keep := autograd.New([]float64{1, 1, 1, 1, 0, 1, 1, 1}, 2, 4) // the second begins with padding
	want, _ := a.Attend(x, x, x, nn.AttentionInput{Causal: true, KeyKeep: keep})
	var cache nn.AttentionCache
	at := 0
	got := generated(x, []int{2, 1, 1}, func(x v) v {
		at += x.Dim(1)
		y, next := a.Next(x, cache, nn.AttentionInput{KeyKeep: keep.Slice(1, 0, at)})
		cache = next.Clone()
		return y
	})
	if diff := cmp.Diff(want.Floats(), got, closely); diff != "" {
		t.Errorf("(-whole +generated):\n%s", diff)
	}
}

// A batch padded at the end gives what the sequences give one by one, without a batch axis.
func TestTransformerOfPaddedBatch(t *testing.T) {
	m := nn.NewTransformer(newRand(1), 2, 2, 4, 2, nn.TransformerConfig{FeedForward: 8, DType: double})
	source, target := autograd.Normal(newRand(2), double, 0, 1, 2, 5, 4), autograd.Normal(newRand(3), double, 0, 1, 2, 4, 4)
	lengths := [][2]int{{5, 4}, {3, 2}}
	sourceKeep := autograd.New([]float64{1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, 2, 5)
	targetKeep := autograd.New([]float64{1, 1, 1, 1, 1, 1, 0, 0}, 2, 4)
	input := nn.TransformerInput{
		Source: nn.AttentionInput{KeyKeep: sourceKeep}, Memory: nn.AttentionInput{KeyKeep: sourceKeep},
		Target: nn.AttentionInput{KeyKeep: targetKeep, Causal: true},
	}
	batch := m.Run(source, target, input)
	for i, n := range lengths {
		one := m.Run(source.Index(i).Slice(0, 0, n[0]), target.Index(i).Slice(0, 0, n[1]), nn.TransformerInput{Target: nn.AttentionInput{Causal: true}})
		if diff := cmp.Diff(batch.Index(i).Slice(0, 0, n[1]).Floats(), one.Floats(), closely); diff != "" {
			t.Errorf("sequence %d (-in the batch +alone):\n%s", i, diff)
		}
	}
}

// Dropping happens in training alone, and at the rate asked for.
func TestTransformerDrops(t *testing.T) {
	x := autograd.Normal(newRand(2), double, 0, 1, 2, 5, 4)
	run := func(p float64, training bool) []float64 {
		e := nn.NewTransformerEncoder(newRand(1), 1, 4, 2, nn.TransformerConfig{FeedForward: 8, Dropout: p, DType: double})
		return e.Forward(autograd.NewTape(autograd.TapeConfig{Training: training}).Const(x)).Floats()
	}
	plain := run(nn.None, true)
	if !cmp.Equal(plain, run(0.5, false)) {
		t.Error("inference drops")
	}
	if cmp.Equal(plain, run(0.5, true)) {
		t.Error("training does not drop")
	}
}

func TestTransformerRefuses(t *testing.T) {
	encoder := nn.NewTransformerEncoder(newRand(1), 2, 4, 2, nn.TransformerConfig{FeedForward: 8, DType: double})
	decoder := nn.NewTransformerDecoder(newRand(1), 2, 4, 2, nn.TransformerConfig{FeedForward: 8, DType: double})
	x := autograd.Ones(double, 2, 3, 4)
	expectValueError(t, "TransformerEncoder", func() { encoder.Next(x, make([]nn.AttentionCache, 3), nn.AttentionInput{}) })
	expectValueError(t, "TransformerDecoder", func() { decoder.Next(x, x, make([]nn.DecoderCache, 1), nn.DecoderInput{}) })
	expectValueError(t, "NewTransformerDecoder", func() { nn.NewTransformerDecoder(newRand(1), 0, 4, 2, nn.TransformerConfig{}) })
	expectValueError(t, "NewTransformerDecoder", func() { nn.NewTransformer(newRand(1), 1, 0, 4, 2, nn.TransformerConfig{}) })
	expectValueError(t, "NewTransformerEncoderLayer", func() { nn.NewTransformer(newRand(1), 1, 1, 4, 2, nn.TransformerConfig{Dropout: 2}) })

	_, caches := encoder.Next(x, nil, nn.AttentionInput{})
	var shapeError *autograd.ShapeError
	for name, f := range map[string]func(){
		"another batch":   func() { encoder.Next(x.Slice(0, 0, 1), caches, nn.AttentionInput{}) },
		"other features":  func() { encoder.Next(x.Slice(2, 0, 2), caches, nn.AttentionInput{}) },
		"a memory":        func() { decoder.Decode(x, x.Slice(0, 0, 1), nn.DecoderInput{}) },
		"mixed batch":     func() { decoder.Decode(x, x.Index(0), nn.DecoderInput{}) },
		"cached by other": func() { newAttention().Next(x, nn.AttentionCache{Keys: x, Values: x}, nn.AttentionInput{}) },
	} {
		if err := autograd.Try(f); !errors.As(err, &shapeError) {
			t.Errorf("%s: got %v, want a ShapeError", name, err)
		}
	}
}

// Lists and maps of modules name their parts, at any depth.
func TestModuleListsAndMaps(t *testing.T) {
	linear := func() *nn.Linear { return nn.NewLinear(newRand(1), 2, 2, nn.LinearConfig{NoBias: true}) }
	shared := linear()
	heads := nn.ModuleMap[nn.Module]{"b": shared, "a": nn.ModuleList[*nn.Linear]{linear(), shared}, "c": nn.ModuleMap[nn.Layer]{}}
	var names []string
	for name := range nn.Params(heads) {
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"a.0.weight", "a.1.weight", "b.weight"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := nn.NumParams(heads); n != 8 {
		t.Errorf("%d numbers, want 8", n)
	}
	circle := nn.ModuleMap[nn.Module]{}
	circle["list"] = nn.ModuleList[nn.Module]{circle}
	expectValueError(t, "Walk", func() { nn.NumParams(circle) })
	expectValueError(t, "Walk", func() { nn.NumParams(nn.ModuleList[*nn.Linear]{nil}) })
}

// Without gradients an encoder computes what it computes with them, also where a hook looks
// inside or a mask hides positions, so that it is not one operation.
func TestEncoderWithoutGradients(t *testing.T) {
	x := autograd.Normal(newRand(2), double, 0, 1, 3, 46, 8)
	keys := autograd.Ones(double, 3, 46)
	keys.Float64s()[5] = 0
	for name, config := range map[string]nn.TransformerConfig{
		"zero value":       {},
		"GELU":             {FeedForward: 12, Activation: nn.GELU{}, FinalNorm: true},
		"normalized first": {FeedForward: 12, NormFirst: true},
		"GELU by tanh":     {FeedForward: 12, Activation: nn.GELU{Tanh: true}},
		"without biases":   {FeedForward: 12, NoBias: true},
		"rotary":           {FeedForward: 12, Rotary: nn.NewRotaryPositions(46, 4, nn.PositionsConfig{})},
		"a key more":       {FeedForward: 12},
		"length first":     {FeedForward: 12, SequenceFirst: true},
		"norm of two axes": {FeedForward: 12},
	} {
		config.DType = double
		encoder := nn.NewTransformerEncoder(newRand(1), 2, 8, 2, config)
		if name == "a key more" {
			encoder.Layers[0].SelfAttention = nn.NewMultiheadAttention(newRand(3), 8, 2, nn.MultiheadAttentionConfig{AddBiasKV: true, DType: double})
		}
		if name == "norm of two axes" {
			encoder.Layers[1].Norm1 = nn.NewLayerNorm([]int{46, 8}, nn.LayerNormConfig{NoAffine: true, DType: double})
		}
		for _, input := range []nn.AttentionInput{{}, {Causal: true}, {KeyKeep: keys}} {
			if config.SequenceFirst && input.KeyKeep != (v{}) {
				continue // of other axes
			}
			on := func(tape *autograd.Tape) []float64 { return encoder.Encode(tape.Const(x), input).Clone().Floats() }
			want := on(autograd.NewTape(autograd.TapeConfig{}))
			tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
			if diff := cmp.Diff(want, on(tape), closely); diff != "" {
				t.Errorf("%s, causal %v (-with gradients +without):\n%s", name, input.Causal, diff)
			}
			seen := false
			remove := nn.AddHooks(tape, encoder, map[string]nn.Hook{"layers.1.linear1": func(string, v) v {
				seen = true
				return v{}
			}})
			if diff := cmp.Diff(want, on(tape), closely); diff != "" || !seen {
				t.Errorf("%s, causal %v, with a hook, called: %v (-with gradients +without):\n%s", name, input.Causal, seen, diff)
			}
			remove()
			if training := autograd.NewTape(autograd.TapeConfig{NoGrad: true, Training: true}); cmp.Equal(want, on(training), closely) {
				t.Errorf("%s, causal %v: nothing is dropped in training", name, input.Causal)
			}
		}
	}
}
