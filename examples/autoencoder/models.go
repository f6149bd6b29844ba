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
	"github.com/chainrule-go/chainrule/nn/distribution"
	"github.com/chainrule-go/chainrule/nn/optim"
)

const side, pixels, classes = 28, 28 * 28, 10

// denoising is an autoencoder that restores images that were moved, turned and stripped of
// half of their pixels (Vincent et al., "Extracting and composing robust features with
// denoising autoencoders", 2008). What survives in the code is what images have in common.
type denoising struct {
	encoder, decoder nn.Sequential
	clean            *data.Images
}

func newDenoising(rng *rand.Rand, clean *data.Images) *denoising {
	const code = 128
	return &denoising{
		encoder: nn.Sequential{nn.Flatten{}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{pixels, 512, 512, code}, Output: nn.ReLU{}})},
		decoder: nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{code, 256, 512, pixels}}),
		clean:   clean,
	}
}

func (d *denoising) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("encoder", d.encoder), nn.Sub("decoder", d.decoder))
}

// Loss compares what is restored with the images as they were before data.Augment.
func (d *denoising) Loss(s *nn.StepContext) autograd.Variable {
	logits := d.decoder.Forward(d.encoder.Forward(damage(s.Tape, s.X())))
	target := s.Tape.Const(pixelsOf(d.clean, s.Batch.Indices))
	return nn.BCEWithLogitsLoss(logits, target)
}

// damage is images without half of their pixels.
func damage(tape *autograd.Tape, x autograd.Variable) autograd.Variable {
	half := distribution.NewBernoulli(autograd.Scalar(float32(0)))
	return x.Mul(half.Sample(tape.Rand(), x.Shape()...))
}

// variational is an autoencoder whose codes are distributions (Kingma and Welling,
// "Auto-encoding variational Bayes", 2014): the decoder sees a draw of the code, and the
// divergence from the standard normal distribution is part of the loss, so that draws of
// that decode to images too.
type variational struct {
	encoder, decoder nn.Sequential
	code             int
}

func newVariational(rng *rand.Rand, code int) *variational {
	return &variational{
		encoder: nn.Sequential{nn.Flatten{}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{pixels, 512, 256, 2 * code}})},
		decoder: nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{code, 256, 512, pixels}}),
		code:    code,
	}
}

func (v *variational) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("encoder", v.encoder), nn.Sub("decoder", v.decoder))
}

// posterior is the distribution of the code of images.
func (v *variational) posterior(x autograd.Variable) *distribution.Normal {
	parts := v.encoder.Forward(x).Split(-1, v.code, v.code)
	return distribution.NewNormal(parts[0], parts[1].Clamp(-10, 10).Exp())
}

// Loss is the negative evidence lower bound: −E ln p(x|z) + KL(q(z|x)‖p(z)).
func (v *variational) Loss(s *nn.StepContext) autograd.Variable {
	x := s.X().Flatten(1)
	q := v.posterior(x)
	prior := distribution.NewNormal(autograd.Scalar(float32(0)), autograd.Scalar(float32(1)))
	image := distribution.NewBernoulli(v.decoder.Forward(q.RSample(s.Tape.Rand())))
	lost := image.LogProb(x).Sum(1).Neg().Mean()
	kl := distribution.KL(q, prior).Sum(1).Mean()
	s.Log("kl", kl)
	return lost.Add(kl)
}

// fit trains on images that are moved and turned a little, other ones each time.
func fit(ctx context.Context, objective nn.Objective, images *data.Images, epochs int, change data.AugmentConfig, seed uint64, name string, progress io.Writer) error {
	const batch = 64
	_, err := nn.FitObjective(ctx, objective, data.Augment(images, change), nn.FitConfig{
		Epochs: epochs, BatchSize: batch, Seed: seed,
		Optimizer: optim.NewAdam(nn.Params(objective), optim.AdamConfig{LR: 0.002}),
		Schedule:  optim.Cosine(epochs*(images.Len()+batch-1)/batch, 0.05),
		Callbacks: []nn.Callback{nn.OnEpoch(func(e *nn.Epoch) error {
			if every := max(epochs/5, 1); (e.Number+1)%every == 0 {
				loss, _ := e.Train.Get(nn.LossName)
				fmt.Fprintf(progress, "%s: epoch %3d of %d, loss %.4g\n", name, e.Number+1, epochs, loss)
			}
			return nil
		})},
	})
	return err
}

// pixelsOf are images [n, 784] with pixels from 0 to 1.
func pixelsOf(images *data.Images, indices []int) autograd.Variable {
	xs := make([]float32, 0, len(indices)*pixels)
	for _, i := range indices {
		for _, b := range images.Image(i) {
			xs = append(xs, float32(b)/255)
		}
	}
	return autograd.New(xs, len(indices), pixels)
}

func all(images *data.Images) autograd.Variable {
	indices := make([]int, images.Len())
	for i := range indices {
		indices[i] = i
	}
	return pixelsOf(images, indices)
}

// codes are the roots of the codes of all images, in order, [n, code]: what is linear looks at
// these, as a few numbers of a code are much larger than the others.
func codes(ctx context.Context, encoder nn.Layer, images *data.Images) (autograd.Variable, error) {
	y, err := nn.Predict(ctx, encoder, images, nn.PredictConfig{BatchSize: 500})
	if err != nil {
		return y, err
	}
	return y.Sqrt(), nil
}
