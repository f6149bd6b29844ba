package nn_test

import (
	"context"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// adversaries are a generator and a critic, which learn by two objectives: the critic to
// tell data from what the generator makes, the generator that it cannot.
type adversaries struct {
	generator, critic nn.Layer
}

func (p adversaries) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("generator", p.generator), nn.Sub("critic", p.critic))
}

func (p adversaries) fake(s *nn.StepContext) autograd.Variable {
	noise := autograd.Normal(s.Tape.Rand(), autograd.Float32, 0, 1, s.Batch.Len, 2)
	return p.generator.Forward(s.Tape.Const(noise))
}

// verdict is the loss of a critic's logits where all of them should be real, or not.
func verdict(logits autograd.Variable, real float64) autograd.Variable {
	return nn.BCEWithLogitsLoss(logits, autograd.Full(logits.DType(), real, logits.Shape()...))
}

type criticObjective struct{ adversaries }

func (o criticObjective) Loss(s *nn.StepContext) autograd.Variable {
	return verdict(o.critic.Forward(s.X()), 1).Add(verdict(o.critic.Forward(o.fake(s).Detach()), 0))
}

type generatorObjective struct{ adversaries }

func (o generatorObjective) Loss(s *nn.StepContext) autograd.Variable {
	return verdict(o.critic.Forward(o.fake(s)), 1)
}

// Two trainers in one loop: each changes its own parameters only, and the mean of what the
// generator makes comes near that of the data.
func TestAdversaries(t *testing.T) {
	rng := newRand(1)
	p := adversaries{
		generator: nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{}), nn.ReLU{}, nn.NewLinear(rng, 8, 2, nn.LinearConfig{})},
		critic:    nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{2, 16, 1}}),
	}
	frozenCritic := generatorObjective{adversaries{p.generator, nn.Frozen(p.critic)}}
	critic := nn.NewTrainer(criticObjective{p}, nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(p.critic), optim.AdamConfig{LR: 0.005, Betas: [2]float64{0.5}})})
	generator := nn.NewTrainer(frozenCritic, nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(p.generator), optim.AdamConfig{LR: 0.005, Betas: [2]float64{0.5}}), Seed: 1})
	set := blobs(3, 320)
	for i := range set.X.Float32s {
		set.X.Float32s[i] = 0.3*set.X.Float32s[i] + 2
	}
	loader := data.NewLoader(set, data.LoaderConfig{BatchSize: 32, Shuffle: true})
	for epoch := range 60 {
		for batch, err := range loader.Batches(context.Background(), epoch) {
			if err != nil {
				t.Fatal(err)
			}
			for _, turn := range []struct {
				trainer     *nn.Trainer
				own, others nn.Module
			}{{critic, p.critic, p.generator}, {generator, p.generator, p.critic}} {
				first := epoch == 0 && batch.Number < 2
				var own, rest map[string][]uint64
				if first {
					own, rest = bitsOf(turn.own), bitsOf(turn.others)
				}
				if _, err := turn.trainer.Step(batch); err != nil {
					t.Fatal(err)
				}
				if !first {
					continue
				}
				if cmp.Equal(own, bitsOf(turn.own)) {
					t.Error("a step did not change what it trains")
				}
				for name, bits := range bitsOf(turn.others) {
					isStatistic := strings.Contains(name, "running") || strings.Contains(name, "tracked")
					if !isStatistic && !slices.Equal(bits, rest[name]) {
						t.Errorf("a step changed %s, which it does not train", name)
					}
				}
			}
		}
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	made := p.generator.Forward(tape.Const(autograd.Normal(newRand(5), autograd.Float32, 0, 1, 200, 2))).Mean(0).Floats()
	for _, mean := range made {
		if !(math.Abs(mean-2) < 0.5) {
			t.Errorf("the generator makes points around %v, the data are around 2", made)
		}
	}
}
