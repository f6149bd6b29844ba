package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// gan is two networks that learn from each other (Goodfellow et al., "Generative adversarial
// nets", 2014): a generator that makes examples of noise, and a critic that tells by a number
// how much an example looks like one of the data, as logit of its probability.
type gan struct {
	generator, critic nn.Layer
	noise             int // numbers that an example is made of
	penalty           float64
}

func (g gan) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("generator", g.generator), nn.Sub("critic", g.critic))
}

func (g gan) fake(s *nn.StepContext) autograd.Variable {
	z := autograd.Normal(s.Tape.Rand(), autograd.Float32, 0, 1, s.Batch.Len, g.noise)
	return g.generator.Forward(s.Tape.Const(z))
}

// generatorLoss is −ln of the probability that what was made is real, the "non-saturating"
// form of the paper.
type generatorLoss struct{ gan }

func (g generatorLoss) Loss(s *nn.StepContext) autograd.Variable {
	return g.critic.Forward(g.fake(s)).LogSigmoid().Mean().Neg()
}

// criticLoss is −ln of the probability that real examples are real and others are not, and
// the penalty of Mescheder, Geiger and Nowozin ("Which training methods for GANs do actually
// converge?", 2018), γ/2·E|∇D(x)|² on real examples. It is a gradient that is differentiated
// again, which keeps the two from running in circles.
type criticLoss struct{ gan }

func (g criticLoss) Loss(s *nn.StepContext) autograd.Variable {
	x := s.Tape.Watch(autograd.New(s.Batch.X.Float32s, s.Batch.X.Shape...))
	real, fake := g.critic.Forward(x), g.critic.Forward(g.fake(s).Detach())
	loss := real.LogSigmoid().Mean().Add(fake.Neg().LogSigmoid().Mean()).Neg()
	if g.penalty == 0 || !s.Tape.Training() {
		return loss
	}
	slope := autograd.Grad(real.Sum(), x)[0]
	penalty := slope.Square().Sum().DivScalar(float64(s.Batch.Len))
	s.Log("penalty", penalty)
	return loss.Add(penalty.MulScalar(g.penalty / 2))
}

// training is how a gan is trained.
type training struct {
	steps, batch int
	rate         float64
	snapshots    []int // at which steps to look at what the generator makes
}

// train trains on batches of the data, and returns what the generator makes of the same noise
// [n, noise] at each snapshot. It leaves the running average of the weights in the generator,
// which is better than they are after any step.
func (g gan) train(ctx context.Context, ds data.Dataset, t training, noise autograd.Variable, seed uint64, progress io.Writer) ([]autograd.Variable, error) {
	adam := optim.AdamConfig{LR: t.rate, Betas: [2]float64{optim.None, 0.99}}
	decay := optim.Linear(1, 0.1, t.steps)
	critic := nn.NewTrainer(criticLoss{gan{nn.Frozen(g.generator), g.critic, g.noise, g.penalty}},
		nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(g.critic), adam), Schedule: decay, Seed: seed})
	generator := nn.NewTrainer(generatorLoss{gan{g.generator, nn.Frozen(g.critic), g.noise, 0}},
		nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(g.generator), adam), Schedule: decay, Seed: seed + 1})
	average := optim.NewEMA(nn.Params(g.generator), optim.EMAConfig{Decay: 0.998, BiasCorrection: true})
	loader := data.NewLoader(ds, data.LoaderConfig{BatchSize: t.batch, Shuffle: true, DropLast: true, Seed: seed})

	var seen []autograd.Variable
	look := func(step int) error {
		for len(seen) < len(t.snapshots) && step == t.snapshots[len(seen)] {
			average.Swap()
			made, err := g.make(ctx, noise)
			average.Swap()
			if err != nil {
				return err
			}
			seen = append(seen, made)
		}
		return nil
	}
	if err := look(0); err != nil {
		return nil, err
	}
	if loader.NumBatches() == 0 {
		return nil, fmt.Errorf("%d examples are not enough for a batch of %d", ds.Len(), t.batch)
	}
	for step := 0; step < t.steps; {
		for batch, err := range loader.Batches(ctx, step/loader.NumBatches()) {
			if err != nil {
				return nil, err
			}
			c, err := critic.Step(batch)
			if err != nil {
				return nil, fmt.Errorf("critic: %w", err)
			}
			lossOfCritic := c.Loss
			made, err := generator.Step(batch)
			if err != nil {
				return nil, fmt.Errorf("generator: %w", err)
			}
			average.Update()
			step++
			if step%max(t.steps/10, 1) == 0 {
				fmt.Fprintf(progress, "step %5d of %d: loss of the critic %.3f, of the generator %.3f\n", step, t.steps, lossOfCritic, made.Loss)
			}
			if err := look(step); err != nil {
				return nil, err
			}
			if step == t.steps {
				break
			}
		}
	}
	average.Apply()
	return seen, nil
}

// make makes examples of noise [n, noise].
func (g gan) make(ctx context.Context, noise autograd.Variable) (autograd.Variable, error) {
	zs := &data.Arrays{X: data.NewArray(noise.Float32s(), noise.Shape()...)}
	return nn.Predict(ctx, g.generator, zs, nn.PredictConfig{BatchSize: 500})
}

// noiseFor is noise for n examples.
func (g gan) noiseFor(rng *rand.Rand, n int) autograd.Variable {
	return autograd.Normal(rng, autograd.Float32, 0, 1, n, g.noise)
}
