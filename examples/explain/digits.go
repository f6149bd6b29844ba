package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sort"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/explain"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// digitsResult is what a network for digits looks at.
type digitsResult struct {
	accuracy          float64 // on images that it was not trained on
	missing           float64 // of the difference that integrated gradients are to add up to
	important, random float64 // accuracy without a fifth of the ink: that which matters most, or any

	shown autograd.Variable // images [n, 1, 28, 28]
	maps  []explanation
}

// explanation is what a method finds in the images that are shown.
type explanation struct {
	name   string
	signed bool              // there are numbers for and against the class
	maps   autograd.Variable // [n, 1, 28, 28]
}

const pixels = 28 * 28

// explainDigits trains a network on four fifths of the digits and explains it on the others.
func explainDigits(ctx context.Context, seed uint64, epochs int) (*digitsResult, error) {
	train, test, err := data.Digits(seed, 0.2)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	block := func(in, out int) nn.Sequential {
		conv := nn.NewConv2d(rng, in, out, []int{3}, nn.ConvConfig{Same: true})
		return nn.Sequential{conv, nn.ReLU{}}
	}
	half := nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{})
	model := nn.Sequential{
		block(1, 16), half, block(16, 32), half, block(32, 48), // which is layer "4"
		nn.Func(func(x autograd.Variable) autograd.Variable { return x.Mean(2, 3) }),
		nn.NewLinear(rng, 48, 10, nn.LinearConfig{}),
	}
	if _, err := nn.Fit(ctx, model, train, nn.FitConfig{Epochs: epochs, BatchSize: 32, Seed: seed,
		Optimizer: optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.01}),
		Schedule:  optim.OneCycle(optim.OneCycleConfig{Steps: epochs * ((train.Len() + 31) / 32)})}); err != nil {
		return nil, err
	}
	x, labels, err := all(test)
	if err != nil {
		return nil, err
	}

	r := &digitsResult{accuracy: accuracy(model, x, labels)}
	// For the class that is right, compared with an empty image.
	a := explain.IntegratedGradients(model, x, labels, explain.IntegratedGradientsConfig{})
	explained := 0.0
	for i, gap := range a.Gaps() {
		r.missing += math.Abs(gap)
		explained += math.Abs(a.Output[i] - a.Baseline[i])
	}
	r.missing /= explained
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	chance := make([]float64, x.Size())
	for i := range chance {
		chance[i] = rng.Float64()
	}
	r.important = accuracy(model, erase(x, a.Values.Floats(), 0.2), labels)
	r.random = accuracy(model, erase(x, chance, 0.2), labels)
	r.explain(model, x, labels, seed)
	return r, nil
}

// accuracy is the fraction of images that a model gets right.
func accuracy(model nn.Layer, x autograd.Variable, labels []int) float64 {
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	right := 0
	for i, class := range model.Forward(tape.Const(x)).ArgMax(1) {
		if class == labels[i] {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// erase takes the pixels with the greatest scores out of each image: this fraction of those
// that have ink.
func erase(x autograd.Variable, scores []float64, fraction float64) autograd.Variable {
	left := x.Clone()
	for lo := 0; lo < x.Size(); lo += pixels {
		image, score := left.Float32s()[lo:lo+pixels], scores[lo:lo+pixels]
		var ink []int
		for i, p := range image {
			if p > 0 {
				ink = append(ink, i)
			}
		}
		sort.SliceStable(ink, func(a, b int) bool { return score[ink[a]] > score[ink[b]] })
		for _, i := range ink[:int(fraction*float64(len(ink)))] {
			image[i] = 0
		}
	}
	return left
}

// explain makes maps for the first image of each of six classes.
func (r *digitsResult) explain(model nn.Layer, x autograd.Variable, labels []int, seed uint64) {
	var chosen []int
	for class := 0; class < 10 && len(chosen) < 6; class++ {
		for i, label := range labels {
			if label == class && class != 1 && class != 4 {
				chosen = append(chosen, i)
				break
			}
		}
	}
	images := x.IndexSelect(0, chosen)
	classes := make([]int, len(chosen))
	for i, c := range chosen {
		classes[i] = labels[c]
	}
	r.shown = images
	add := func(name string, signed bool, maps autograd.Variable) {
		r.maps = append(r.maps, explanation{name, signed, maps})
	}
	add("saliency", false, explain.Saliency(model, images, classes))
	add("SmoothGrad", false, explain.SmoothGrad(model, images, classes, explain.SmoothGradConfig{Seed: seed}).Abs())
	add("integrated gradients", true, explain.IntegratedGradients(model, images, classes, explain.IntegratedGradientsConfig{}).Values)
	add("occlusion", true, explain.Occlusion(model, images, classes, explain.OcclusionConfig{Stride: []int{1}}))
	add("Grad-CAM", false, explain.GradCAM(model, images, classes, "4", explain.GradCAMConfig{}))
}

func (r *digitsResult) print(w io.Writer) {
	fmt.Fprintf(w, "digits: accuracy %.3f on images that were held out\n", r.accuracy)
	fmt.Fprintf(w, "  without a fifth of the ink, chosen at random, %.3f\n", r.random)
	fmt.Fprintf(w, "  without the fifth that matters most by integrated gradients, %.3f\n", r.important)
	fmt.Fprintf(w, "  integrated gradients miss %.2f %% of the difference from an empty image\n", 100*r.missing)
}
