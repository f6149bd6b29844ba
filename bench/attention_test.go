package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// BenchmarkAttention measures attention of sequences to themselves, forward and backward:
// 4 heads of 32 features, as many positions in all.
func BenchmarkAttention(b *testing.B) {
	const heads, features, positions = 4, 32, 2048
	for _, length := range []int{64, 512, 2048} {
		for _, causal := range []bool{false, true} {
			b.Run(fmt.Sprintf("length %d, causal %v", length, causal), func(b *testing.B) {
				b.ReportAllocs()
				qkv := uniform(autograd.Float32, positions/length, length, 3*heads*features)
				tape := autograd.NewTape(autograd.TapeConfig{})
				config := autograd.AttentionConfig{Heads: heads, Causal: causal}
				step := func() {
					tape.Reset()
					autograd.SelfAttention(tape.Watch(qkv), config).Sum().Backward()
				}
				step() // makes the buffers
				for b.Loop() {
					step()
				}
				if !causal { // two products forward, and five backward
					reportFlops[float32](b, 7*2*positions*float64(length)*heads*features)
				}
			})
		}
	}
}

// BenchmarkTransformer measures a post-norm encoder layer with GELU, of 128 features, 4
// heads and 512 hidden units, on 64 tokens: training steps with a batch of 32, the mean of
// the squares of the outputs and Adam, and inference.
func BenchmarkTransformer(b *testing.B) {
	const features, heads, hidden, tokens, batch = 128, 4, 512, 64, 32
	layer := nn.NewTransformerEncoderLayer(rand.New(rand.NewPCG(1, 2)), features, heads, nn.TransformerConfig{
		FeedForward: hidden, Dropout: nn.None, Activation: nn.GELU{},
	})
	// Of a token: projections in and out, the feed-forward network, scores and means.
	forward := 2 * (4*features*features + 2*features*hidden + 2*tokens*features)
	b.Run("train", func(b *testing.B) {
		trainOnSquares(b, layer, uniform(autograd.Float32, batch, tokens, features))
		reportFlops[float32](b, 3*float64(batch*tokens*forward))
	})
	for _, batch := range []int{1, 128} {
		b.Run(fmt.Sprintf("batch %d", batch), func(b *testing.B) {
			repeat(b, layer.Forward, uniform(autograd.Float32, batch, tokens, features))
			reportFlops[float32](b, float64(batch*tokens*forward))
		})
	}
}
