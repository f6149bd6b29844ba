package nn_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// sequenceLayer is a layer of sequences [batch, time, 4] with a way to say what is padding.
type sequenceLayer struct {
	name   string
	causal bool // positions do not see what is after them
	run    func(x v, lengths []int) v
}

func sequenceLayers() []sequenceLayer {
	recurrent := func(name string, causal bool, l interface {
		Run(x v, input nn.RecurrentInput) (y, state v)
	}) sequenceLayer {
		return sequenceLayer{name, causal, func(x v, lengths []int) v {
			y, _ := l.Run(x, nn.RecurrentInput{Lengths: lengths})
			return y
		}}
	}
	lstm := func(name string, causal bool, config nn.LSTMConfig) sequenceLayer {
		config.DType = double
		l := nn.NewLSTM(newRand(1), 4, 4, config)
		return sequenceLayer{name, causal, func(x v, lengths []int) v {
			y, _ := l.Run(x, nn.LSTMInput{Lengths: lengths})
			return y
		}}
	}
	attending := func(name string, causal bool, call func(x v, input nn.AttentionInput) v) sequenceLayer {
		return sequenceLayer{name, causal, func(x v, lengths []int) v {
			input := nn.AttentionInput{Causal: causal}
			if lengths != nil {
				input.KeyKeep = within(lengths, x.Dim(1))
			}
			return call(x, input)
		}}
	}
	config := nn.TransformerConfig{FeedForward: 6, Activation: nn.GELU{}, DType: double}
	attention := nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{DType: double})
	encoder := nn.NewTransformerEncoder(newRand(1), 2, 4, 2, config)
	decoder := nn.NewTransformerDecoder(newRand(1), 2, 4, 2, config)
	memory := autograd.Normal(newRand(5), double, 0, 1, 1, 3, 4)
	more := nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{AddBiasKV: true, AddZeroAttention: true, DType: double})
	attend := func(x v, input nn.AttentionInput) v {
		y, _ := attention.Attend(x, x, x, input)
		return y
	}
	attendMore := func(x v, input nn.AttentionInput) v {
		y, _ := more.Attend(x, x, x, input)
		return y
	}
	return []sequenceLayer{
		recurrent("RNN", true, nn.NewRNN(newRand(1), 4, 4, nn.RNNConfig{DType: double})),
		recurrent("GRU", true, nn.NewGRU(newRand(1), 4, 4, nn.GRUConfig{Layers: 2, DType: double})),
		recurrent("GRU in both directions", false, nn.NewGRU(newRand(1), 4, 4, nn.GRUConfig{Bidirectional: true, DType: double})),
		lstm("LSTM", true, nn.LSTMConfig{Layers: 2, Projection: 3}),
		lstm("LSTM in both directions", false, nn.LSTMConfig{Layers: 2, Bidirectional: true}),
		attending("MultiheadAttention", false, attend),
		attending("MultiheadAttention, causal", true, attend),
		attending("MultiheadAttention with more keys", false, attendMore),
		attending("MultiheadAttention with more keys, causal", true, attendMore),
		attending("TransformerEncoder", false, encoder.Encode),
		attending("TransformerEncoder, causal", true, encoder.Encode),
		attending("TransformerDecoder, causal", true, func(x v, input nn.AttentionInput) v {
			return decoder.Decode(x, autograd.Concat(0, slices.Repeat([]v{memory}, x.Dim(0))...), nn.DecoderInput{Self: input})
		}),
	}
}

// within is 1 for the positions of sequences, and 0 for padding: [batch, time].
func within(lengths []int, steps int) v {
	keep := autograd.Zeros(double, len(lengths), steps)
	for i, n := range lengths {
		for t := range n {
			keep.Float64s()[i*steps+t] = 1
		}
	}
	return keep
}

// What a causal layer makes of a position does not change, to the bit, with what comes after
// it, and no gradient goes there; what it makes of later ones does change. One that is not
// causal does see what is after.
func TestCausalLayersDoNotSeeTheFuture(t *testing.T) {
	const batch, steps = 2, 6
	for _, l := range sequenceLayers() {
		t.Run(l.name, func(t *testing.T) {
			x := autograd.Normal(newRand(2), double, 0, 1, batch, steps, 4)
			y := l.run(x, nil)
			for at := range steps - 1 {
				changed := autograd.Concat(1, x.Slice(1, 0, at+1), x.Slice(1, at+1, steps).AddScalar(3))
				z := l.run(changed, nil)
				same := slices.Equal(y.Slice(1, 0, at+1).Floats(), z.Slice(1, 0, at+1).Floats())
				if same != l.causal {
					t.Errorf("positions up to %d are the same whatever is after: %v", at, same)
				}
				if slices.Equal(y.Slice(1, at+1, at+2).Floats(), z.Slice(1, at+1, at+2).Floats()) {
					t.Errorf("position %d does not see itself", at+1)
				}
				tape := autograd.NewTape(autograd.TapeConfig{})
				leaf := tape.Watch(x)
				seen := l.run(leaf, nil).Slice(1, 0, at+1)
				grad := seen.BackwardWith(upstream(seen)).Of(leaf)
				if none := grad.Slice(1, at+1, steps).Norm().Item() == 0; none != l.causal {
					t.Errorf("no gradient goes from positions up to %d to what is after: %v", at, none)
				}
			}
		})
	}
}

// A batch of sequences that are padded gives what the sequences give by themselves, in results
// and gradients; nothing that stands in the padding changes anything, and no gradient goes to it.
func TestPaddingIsWorthNothing(t *testing.T) {
	const steps = 6
	lengths := []int{6, 2, 5, 1}
	for _, l := range sequenceLayers() {
		t.Run(l.name, func(t *testing.T) {
			keep := within(lengths, steps).Unsqueeze(-1)
			compute := func(x v, lengths []int, keep v) (y, grad v) {
				tape := autograd.NewTape(autograd.TapeConfig{})
				leaf := tape.Watch(x)
				y = l.run(leaf, lengths)
				loss := y.Mul(autograd.Normal(newRand(3), double, 0, 1, steps, y.Dim(2)).Slice(0, 0, y.Dim(1)))
				if (keep != v{}) {
					loss = loss.Mul(keep)
				}
				return y, loss.Sum().Backward().Of(leaf)
			}
			x := autograd.Normal(newRand(2), double, 0, 1, len(lengths), steps, 4)
			y, grad := compute(x, lengths, keep)
			other, otherGrad := compute(x.Add(keep.Neg().AddScalar(1).MulScalar(7)), lengths, keep)
			if !slices.Equal(y.Mul(keep).Floats(), other.Mul(keep).Floats()) || !slices.Equal(grad.Floats(), otherGrad.Floats()) {
				t.Error("what stands in the padding changes results or gradients")
			}
			for i, n := range lengths {
				alone, aloneGrad := compute(x.Slice(0, i, i+1).Slice(1, 0, n), nil, v{})
				if diff := cmp.Diff(alone.Floats(), y.Index(i).Slice(0, 0, n).Floats(), closely); diff != "" {
					t.Errorf("sequence %d (-alone +padded):\n%s", i, diff)
				}
				if diff := cmp.Diff(aloneGrad.Floats(), grad.Index(i).Slice(0, 0, n).Floats(), closely); diff != "" {
					t.Errorf("gradient of sequence %d (-alone +padded):\n%s", i, diff)
				}
				if norm := grad.Index(i).Slice(0, n, steps).Norm().Item(); norm != 0 {
					t.Errorf("sequence %d: a gradient of %v goes to the padding", i, norm)
				}
			}
		})
	}
}

// The share of what is dropped is P; without it nothing is, at 1 all; and the gradient is that
// of what is left.
func TestDropoutShares(t *testing.T) {
	for name, layer := range map[string]func(p float64) nn.Layer{
		"Dropout":   func(p float64) nn.Layer { return nn.Dropout{P: p} },
		"Dropout1d": func(p float64) nn.Layer { return nn.Dropout1d{P: p} },
		"Dropout2d": func(p float64) nn.Layer { return nn.Dropout2d{P: p} },
		"Dropout3d": func(p float64) nn.Layer { return nn.Dropout3d{P: p} },
	} {
		shape := []int{200, 50}
		for range map[string]int{"Dropout": 0, "Dropout1d": 1, "Dropout2d": 2, "Dropout3d": 3}[name] {
			shape = append(shape, 2)
		}
		for _, p := range []float64{nn.None, 0.05, 0.3, 0.9, 1} {
			tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 4})
			x := tape.Watch(autograd.Uniform(newRand(1), double, 1, 2, shape...))
			y := layer(p).Forward(x)
			rate := max(p, 0) // None is 0
			dropped := y.Equal(y.MulScalar(0)).Mean().Item()
			if deviation := math.Sqrt(rate * (1 - rate) / 1e4); math.Abs(dropped-rate) > 5*deviation {
				t.Errorf("%s: a share of %v was dropped, want %v", name, dropped, rate)
			}
			scale := 1 / (1 - rate)
			if rate == 1 {
				scale = 0
			}
			kept := y.NotEqual(y.MulScalar(0)).MulScalar(scale)
			if diff := cmp.Diff(x.Mul(kept).Floats(), y.Floats(), closely); diff != "" {
				t.Errorf("%s, P %v: what is left is not scaled by %v", name, p, scale)
			}
			if diff := cmp.Diff(kept.Floats(), y.Sum().Backward().Of(x).Floats(), closely); diff != "" {
				t.Errorf("%s, P %v: the gradient is not that of what is left", name, p)
			}
		}
	}
}

// Running statistics come to be those of the data, whose batches differ, and inference
// then gives mean 0 and variance 1 for what comes from the same source.
func TestRunningStatisticsConverge(t *testing.T) {
	for _, test := range []struct {
		name  string
		layer nn.Layer
		shape []int
	}{
		{"BatchNorm1d", nn.NewBatchNorm1d(2, nn.BatchNormConfig{DType: double}), []int{64, 2}},
		{"BatchNorm1d of sequences", nn.NewBatchNorm1d(2, nn.BatchNormConfig{DType: double}), []int{8, 2, 16}},
		{"BatchNorm2d", nn.NewBatchNorm2d(2, nn.BatchNormConfig{DType: double, Cumulative: true}), []int{8, 2, 4, 4}},
		{"BatchNorm3d", nn.NewBatchNorm3d(2, nn.BatchNormConfig{DType: double, Momentum: 0.05}), []int{8, 2, 2, 3, 4}},
		{"InstanceNorm2d", nn.NewInstanceNorm2d(2, nn.InstanceNormConfig{DType: double, RunningStats: true}), []int{8, 2, 8, 8}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rng := newRand(1)
			channel := append([]int{1, 2}, slices.Repeat([]int{1}, len(test.shape)-2)...)
			means, deviations := autograd.New([]float64{5, -1}, channel...), autograd.New([]float64{2, 0.5}, channel...)
			draw := func() v { return autograd.Normal(rng, double, 0, 1, test.shape...).Mul(deviations).Add(means) }
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			for range 200 {
				test.layer.Forward(tape.Const(draw()))
				tape.Commit()
				tape.Reset()
			}
			var buffers []string
			for name, b := range nn.Buffers(test.layer) {
				want := map[string][]float64{"running_mean": {5, -1}, "running_var": {4, 0.25}}[name]
				for i, x := range b.Floats() {
					if tolerance := map[string][]float64{"running_mean": {0.3, 0.1}, "running_var": {0.6, 0.05}}[name][i]; math.Abs(x-want[i]) > tolerance {
						t.Errorf("%s of channel %d is %v, want about %v", name, i, x, want[i])
					}
				}
				buffers = append(buffers, name)
			}
			if fmt.Sprint(buffers) != "[running_mean running_var]" {
				t.Fatalf("buffers %v", buffers)
			}
			over := []int{0}
			for axis := 2; axis < len(test.shape); axis++ {
				over = append(over, axis)
			}
			var ys []v
			for range 20 {
				ys = append(ys, test.layer.Forward(draw()))
			}
			y := autograd.Concat(0, ys...)
			for i, mean := range y.Mean(over...).Floats() {
				if variance := y.Var(over...).Floats()[i]; math.Abs(mean) > 0.2 || math.Abs(variance-1) > 0.3 {
					t.Errorf("channel %d in inference: mean %v, variance %v", i, mean, variance)
				}
			}
		})
	}
}
