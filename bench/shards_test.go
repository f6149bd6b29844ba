package bench

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/bench/networks"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// squares is the objective to lower the mean of the squares of a layer's outputs.
type squares struct{ nn.Layer }

func (s squares) Loss(c *nn.StepContext) autograd.Variable {
	y := s.Forward(c.X()).Square().Mean()
	return y
}

// BenchmarkShards measures training steps with as many shards as there are threads, and
// with one shard, in turns. Time is that with shards; "speed-up" is how much longer one
// shard takes, by the best time of each.
func BenchmarkShards(b *testing.B) {
	const in, hidden, steps = 64, 128, 32
	rng := rand.New(rand.NewPCG(1, 2))
	type work struct {
		name    string
		layer   func() nn.Layer
		input   []int
		batches []int
	}
	sequence := []int{steps, in}
	works := []work{
		{"rnn", func() nn.Layer { return nn.NewRNN(rng, in, hidden, nn.RNNConfig{}) }, sequence, []int{8, 64}},
		{"gru", func() nn.Layer { return nn.NewGRU(rng, in, hidden, nn.GRUConfig{}) }, sequence, []int{8, 64}},
		{"lstm", func() nn.Layer { return nn.NewLSTM(rng, in, hidden, nn.LSTMConfig{}) }, sequence, []int{8, 64}},
		{"mlp 16-64-64-4", func() nn.Layer { return nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{16, 64, 64, 4}}) }, []int{16}, []int{32, 256}},
		{"mlp 784-128-10", func() nn.Layer { return nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{784, 128, 10}}) }, []int{784}, []int{32, 128}},
	}
	for _, network := range networks.All() {
		works = append(works, work{network.Name, func() nn.Layer { return network.Model }, network.Input, []int{16, network.Batch}})
	}
	for _, w := range works {
		for _, batch := range w.batches {
			b.Run(fmt.Sprintf("%s/batch %d", w.name, batch), func(b *testing.B) {
				var full data.Batch
				full.Reset(batch, w.input...)
				copy(full.X.Float32s, uniform(autograd.Float32, full.X.Shape...).Float32s())
				one := nn.NewTrainer(squares{w.layer()}, nn.TrainerConfig{})
				many := nn.NewTrainer(squares{w.layer()}, nn.TrainerConfig{Shards: runtime.GOMAXPROCS(0)})
				step := func(t *nn.Trainer) time.Duration {
					begin := time.Now()
					if _, err := t.Step(&full); err != nil {
						b.Fatal(err)
					}
					return time.Since(begin)
				}
				step(one) // makes the buffers
				step(many)
				best, bestOfMany := time.Hour, time.Hour
				for b.Loop() {
					best, bestOfMany = min(best, step(one)), min(bestOfMany, step(many))
				}
				b.ReportMetric(float64(bestOfMany.Nanoseconds()), "ns/op")
				b.ReportMetric(best.Seconds()/bestOfMany.Seconds(), "speed-up")
			})
		}
	}
}
