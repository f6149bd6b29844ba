package bench

import (
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// BenchmarkLayer measures a layer alone in training, forward and backward, of float32. The
// bytes are those that must be read and written at least: the input and the gradient of
// the result once, the result and the gradient of the input once.
func BenchmarkLayer(b *testing.B) {
	none := nn.BatchNormConfig{}
	for _, test := range []struct {
		name  string
		layer nn.Layer
		shape []int
		share float64 // of the result's size in the input's
	}{
		{"layernorm/2048x128", nn.NewLayerNorm([]int{128}, nn.LayerNormConfig{}), []int{32 * 64, 128}, 1},
		{"layernorm/8192x512", nn.NewLayerNorm([]int{512}, nn.LayerNormConfig{}), []int{8192, 512}, 1},
		{"rmsnorm/8192x512", nn.NewRMSNorm([]int{512}, nn.RMSNormConfig{}), []int{8192, 512}, 1},
		{"batchnorm/128x64x28x28", nn.NewBatchNorm2d(64, none), []int{128, 64, 28, 28}, 1},
		{"batchnorm/1024x512", nn.NewBatchNorm1d(512, none), []int{1024, 512}, 1},
		{"groupnorm/32x64x28x28", nn.NewGroupNorm(8, 64, nn.GroupNormConfig{}), []int{32, 64, 28, 28}, 1},
		{"maxpool2/128x64x24x24", nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}), []int{128, 64, 24, 24}, 0.25},
		{"maxpool3s2/32x64x56x56", nn.NewMaxPool2d([]int{3}, nn.MaxPoolConfig{Stride: []int{2}, Padding: []int{1}}), []int{32, 64, 56, 56}, 0.25},
		{"avgpool2/128x64x24x24", nn.NewAvgPool2d([]int{2}, nn.AvgPoolConfig{}), []int{128, 64, 24, 24}, 0.25},
		{"globalavgpool/128x512x7x7", nn.AdaptiveAvgPool{Size: []int{1, 1}}, []int{128, 512, 7, 7}, 0},
		{"dropout/1024x1024", nn.Dropout{}, []int{1024, 1024}, 1},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			x := autograd.Normal(rand.New(rand.NewPCG(1, 2)), autograd.Float32, 0, 1, test.shape...)
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			ones := autograd.Ones(autograd.Float32, test.layer.Forward(tape.Const(x)).Shape()...)
			run := func() {
				tape.Reset()
				test.layer.Forward(tape.Watch(x)).BackwardWith(ones)
			}
			run() // makes the buffers
			for b.Loop() {
				run()
			}
			reportBytes(b, 2*4*float64(x.Size())*(1+test.share))
		})
	}
}

// BenchmarkEmbedding measures looking up 32×64 of 10,000 rows of 128 numbers, and the
// gradient of the table.
func BenchmarkEmbedding(b *testing.B) {
	b.ReportAllocs()
	rng := rand.New(rand.NewPCG(1, 2))
	table, tokens := nn.NewEmbedding(rng, 10_000, 128, nn.EmbeddingConfig{}), make([]int, 32*64)
	for i := range tokens {
		tokens[i] = rng.IntN(10_000)
	}
	tape, ones := autograd.NewTape(autograd.TapeConfig{Training: true}), autograd.Ones(autograd.Float32, 32, 64, 128)
	run := func() {
		tape.Reset()
		table.Lookup(tape, tokens, 32, 64).BackwardWith(ones)
	}
	run()
	for b.Loop() {
		run()
	}
	reportBytes(b, 4*128*float64(3*len(tokens)+10_000))
}
