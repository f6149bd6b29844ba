package nn_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// autoencoder is a model that learns to give back its input.
type autoencoder struct{ encoder, decoder nn.Layer }

func (a autoencoder) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("encoder", a.encoder), nn.Sub("decoder", a.decoder))
}

func (a autoencoder) Loss(s *nn.StepContext) autograd.Variable {
	x := s.X().Flatten(1)
	code := a.encoder.Forward(x)
	reconstruction := nn.MSELoss(a.decoder.Forward(code), x)
	sparsity := code.Abs().Mean().MulScalar(1e-3)
	s.Log("reconstruction", reconstruction)
	s.Log("sparsity", sparsity)
	return reconstruction.Add(sparsity)
}

// The loss of an autoencoder needs no target, and has two terms.
func ExampleObjective() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	model := autoencoder{
		encoder: nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{784, 64, 16}}),
		decoder: nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{16, 64, 784}}),
	}
	history, err := nn.FitObjective(context.Background(), model, train, nn.FitConfig{Epochs: 5})
	if err != nil {
		log.Fatal(err)
	}
	errors, _ := history.Train("reconstruction")
	fmt.Printf("from %.2f to %.2f\n", errors[0], errors[4])
	// Output:
	// from 0.05 to 0.01
}

// A callback ends training when it is good enough.
func ExampleCallback() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	history, err := nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:     50,
		Metrics:    []nn.Metric{nn.Accuracy{}},
		Validation: test,
		Callbacks: []nn.Callback{nn.OnEpoch(func(e *nn.Epoch) error {
			if accuracy, _ := e.Validation.Get("accuracy"); accuracy > 0.9 {
				return nn.ErrStop
			}
			return nil
		})},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("fewer than 50 epochs:", len(history.Epochs) < 50)
	// Output:
	// fewer than 50 epochs: true
}

// Training goes on where a checkpoint was made, with the same bits as if it had not been
// interrupted.
func ExampleSaveCheckpoint() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	loader := data.NewLoader(train, data.LoaderConfig{BatchSize: 128, Shuffle: true, Seed: 1})
	newTrainer := func() (*nn.Trainer, nn.Layer) {
		model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{784, 32, 10}})}
		return nn.NewTrainer(nn.Supervised(model, nn.CrossEntropy{}), nn.TrainerConfig{
			Optimizer: optim.NewAdamW(nn.Params(model), optim.AdamConfig{}),
			Schedule:  optim.Cosine(100, 0.01),
		}), model
	}
	epoch := func(trainer *nn.Trainer) {
		for _, err := range trainer.Epoch(context.Background(), loader) {
			if err != nil {
				log.Fatal(err)
			}
		}
	}
	trainer, model := newTrainer()
	epoch(trainer)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, trainer); err != nil {
		log.Fatal(err)
	}
	epoch(trainer)

	another, resumed := newTrainer()
	if _, err := nn.LoadCheckpoint(&file, nn.LoadCheckpointConfig{}, another); err != nil {
		log.Fatal(err)
	}
	epoch(another)
	x := autograd.Ones(autograd.Float32, 1, 784)
	fmt.Println(model.Forward(x).String() == resumed.Forward(x).String())
	// Output:
	// true
}
