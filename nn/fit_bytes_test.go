package nn_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// TestFitOfBytes compares training on pixels as they are with training on numbers, bit by
// bit: plain, where zeros are left out, and standardized, where there are none.
func TestFitOfBytes(t *testing.T) {
	digits, _, err := data.Digits(1, 0.8)
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]*data.Images{"plain": digits, "standardized": digits.Standardize([]float64{0.13}, []float64{0.31})} {
		t.Run(name, func(t *testing.T) {
			network := func() nn.Layer {
				return nn.Sequential{nn.Flatten{}, nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{784, 40, 10}})}
			}
			ofBytes, ofNumbers := network(), network()
			history, err := nn.Fit(context.Background(), ofBytes, set, nn.FitConfig{Epochs: 2, BatchSize: 50, Seed: 4})
			if err != nil {
				t.Fatal(err)
			}
			trainer := nn.NewTrainer(nn.Supervised(ofNumbers, nil), nn.TrainerConfig{Seed: 4})
			loader := data.NewLoader(set, data.LoaderConfig{BatchSize: 50, Shuffle: true, Seed: 4})
			for epoch := range 2 {
				for step, err := range trainer.Epoch(context.Background(), loader) {
					if err != nil {
						t.Fatal(err)
					}
					if step.Index == step.Total-1 && !cmp.Equal(history.Epochs[epoch].Train, step.Means()) {
						t.Errorf("epoch %d: %v with bytes, %v with numbers", epoch, history.Epochs[epoch].Train, step.Means())
					}
				}
			}
			if !cmp.Equal(bitsOf(ofBytes), bitsOf(ofNumbers)) {
				t.Error("the weights differ")
			}
		})
	}
}
