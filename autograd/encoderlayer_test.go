package autograd_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
)

// encoderWeights draws the weights of a layer, all of them or those without which there is none.
func encoderWeights(rng *rand.Rand, dtype autograd.DType, features, hidden int, all bool) autograd.EncoderWeights {
	draw := func(shape ...int) autograd.Variable {
		return autograd.Parameter(autograd.Normal(rng, dtype, 0, 0.3, shape...))
	}
	w := autograd.EncoderWeights{
		In: draw(3*features, features), Out: draw(features, features), Linear1: draw(hidden, features), Linear2: draw(features, hidden),
	}
	if all {
		w.InBias, w.OutBias, w.Bias1, w.Bias2 = draw(3*features), draw(features), draw(hidden), draw(features)
		w.Norm1, w.Norm1Bias, w.Norm2, w.Norm2Bias = draw(features), draw(features), draw(features), draw(features)
	}
	return w
}

// inferred and recorded are the layer's results as one operation, on a tape without gradients,
// and as several.
func inferred(t *testing.T, x autograd.Variable, w autograd.EncoderWeights, config autograd.EncoderConfig) []float64 {
	t.Helper()
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	x = tape.Const(x)
	before := tape.Len()
	y := autograd.EncoderLayer(x, w, config)
	if n := tape.Len() - before; n != 1 {
		t.Errorf("%d operations, want one", n)
	}
	return y.Clone().Floats()
}

func recorded(x autograd.Variable, w autograd.EncoderWeights, config autograd.EncoderConfig) []float64 {
	tape := autograd.NewTape(autograd.TapeConfig{})
	return autograd.EncoderLayer(tape.Const(x), w, config).Clone().Floats()
}

// The layer as one operation is what the operations that it is made of compute, the same bits
// whatever does the work.
func TestEncoderLayerAsOneOperation(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for _, test := range []struct {
		name   string
		shape  []int
		hidden int
		config autograd.EncoderConfig
		all    bool // weights
	}{
		{"one sequence", []int{64, 12}, 20, autograd.EncoderConfig{Heads: 3, Eps: 1e-5, GELU: true}, true},
		{"as long as it has to be", []int{1, 16, 8}, 5, autograd.EncoderConfig{Eps: 1e-5}, true},
		{"as long as it may be", []int{512, 4}, 3, autograd.EncoderConfig{Heads: 2, Eps: 1e-5, Causal: true}, true},
		{"a block and a few positions", []int{37, 6}, 7, autograd.EncoderConfig{Heads: 2, Eps: 1e-3, GELU: true}, false},
		{"normalized first", []int{3, 47, 10}, 40, autograd.EncoderConfig{Heads: 5, Eps: 1e-5, NormFirst: true}, true},
		{"the future hidden", []int{2, 77, 8}, 16, autograd.EncoderConfig{Heads: 2, Eps: 1e-5, Causal: true, GELU: true}, true},
		{"all options", []int{5, 61, 8}, 33, autograd.EncoderConfig{Heads: 4, Eps: 1e-5, NormFirst: true, Causal: true, GELU: true}, false},
		{"many sequences", []int{2, 10, 32, 6}, 9, autograd.EncoderConfig{Heads: 1, Eps: 1e-5, GELU: true}, true},
		{"no sequences", []int{0, 64, 6}, 9, autograd.EncoderConfig{Heads: 1, Eps: 1e-5, GELU: true}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			features := test.shape[len(test.shape)-1]
			for _, dtype := range []autograd.DType{autograd.Float64, autograd.Float32} {
				x := autograd.Normal(rng, dtype, 0, 1, test.shape...)
				w := encoderWeights(rng, dtype, features, test.hidden, test.all)
				tolerance := 1e-11
				if dtype == autograd.Float32 {
					tolerance = 2e-4
				}
				want, first := recorded(x, w, test.config), inferred(t, x, w, test.config)
				if diff := cmp.Diff(want, first, approximately(tolerance)); diff != "" {
					t.Errorf("%v (-recorded +without gradients):\n%s", dtype, diff)
				}
				for _, procs := range []int{1, 2, 3, 8} {
					parallel.WithProcs(procs, func() {
						if diff := cmp.Diff(first, inferred(t, x, w, test.config)); diff != "" {
							t.Errorf("%v: other bits at GOMAXPROCS %d:\n%s", dtype, procs, diff)
						}
					})
				}
			}
		})
	}
}

// Causal layers do not see the future.
func TestEncoderLayerDoesNotSeeTheFuture(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 6))
	const length, features, at = 80, 8, 37
	config := autograd.EncoderConfig{Heads: 2, Eps: 1e-5, Causal: true}
	x, w := autograd.Normal(rng, autograd.Float64, 0, 1, length, features), encoderWeights(rng, autograd.Float64, features, 16, true)
	before := inferred(t, x, w, config)
	x.Float64s()[at*features] += 100
	after := inferred(t, x, w, config)
	if diff := cmp.Diff(before[:at*features], after[:at*features]); diff != "" {
		t.Errorf("before the position that changed:\n%s", diff)
	}
	if after[at*features] == before[at*features] {
		t.Error("the position that changed has the result it had before")
	}
}

func TestEncoderLayerAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	rng := rand.New(rand.NewPCG(4, 7))
	w := encoderWeights(rng, autograd.Float32, 16, 32, true)
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	for _, batch := range []int{1, 40} {
		x := autograd.Normal(rng, autograd.Float32, 0, 1, batch, 48, 16)
		step := func() {
			tape.Reset()
			autograd.EncoderLayer(tape.Const(x), w, autograd.EncoderConfig{Heads: 2, GELU: true})
		}
		step()
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("%v allocations for %d sequences", n, batch)
		}
	}
}

func TestEncoderLayerRefuses(t *testing.T) {
	w := encoderWeights(rand.New(rand.NewPCG(1, 2)), autograd.Float64, 4, 6, true)
	with := func(change func(w *autograd.EncoderWeights)) autograd.EncoderWeights {
		changed := w
		change(&changed)
		return changed
	}
	for _, test := range []struct {
		x      autograd.Variable
		w      autograd.EncoderWeights
		config autograd.EncoderConfig
		want   string
	}{
		{zeros(4), w, autograd.EncoderConfig{}, "length, features"},
		{zeros(20, 4), w, autograd.EncoderConfig{Heads: -1}, "negative"},
		{zeros(20, 4), w, autograd.EncoderConfig{Heads: 3}, "divided into the heads"},
		{zeros(20, 5), w, autograd.EncoderConfig{}, "weight [15, 5]"},
		{zeros(20, 4), with(func(w *autograd.EncoderWeights) { w.Linear2 = zeros(4, 5) }), autograd.EncoderConfig{}, "weight [4, 6]"},
		{zeros(20, 4), with(func(w *autograd.EncoderWeights) { w.Linear1 = zeros(4) }), autograd.EncoderConfig{}, "weight [hidden, 4]"},
		{zeros(20, 4), with(func(w *autograd.EncoderWeights) { w.Norm2 = zeros(4, 1) }), autograd.EncoderConfig{}, "bias, or a weight of a normalization, [4]"},
		{zeros(20, 4), with(func(w *autograd.EncoderWeights) { w.Bias1 = autograd.Zeros(autograd.Float32, 6) }), autograd.EncoderConfig{}, "float32"},
	} {
		t.Run(fmt.Sprint(test.want), func(t *testing.T) {
			if err := autograd.Try(func() { autograd.EncoderLayer(test.x, test.w, test.config) }); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
