package tensorboard_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/tensorboard"
)

// A run writes its scores, distributions of weights and gradients, the graph, and what the
// first layer looks at.
func ExampleCallback() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	first := nn.NewLinear(rand.New(rand.NewPCG(1, 2)), 784, 10, nn.LinearConfig{})
	model := nn.Sequential{nn.Flatten{}, first}
	board, err := tensorboard.New(dir, tensorboard.Config{
		Model:   model,
		Example: autograd.Zeros(autograd.Float32, 1, 784),
		OnEpoch: func(w *tensorboard.Writer, e *nn.Epoch) error {
			weights := first.Weight.Slice(0, 3, 4).Reshape(28, 28) // of the digit 3
			return w.Image("three", int64(e.Number), tensorboard.Picture(weights.MulScalar(2).AddScalar(0.5)))
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs: 2, Validation: test, Callbacks: []nn.Callback{board},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, run := range []string{"train", "validation"} {
		files, err := filepath.Glob(filepath.Join(dir, run, "events.out.tfevents.*"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(run, len(files))
	}
	// Output:
	// train 1
	// validation 1
}

// Outside of Fit.
func ExampleWriter() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	w, err := tensorboard.Create(dir, tensorboard.WriterConfig{})
	if err != nil {
		log.Fatal(err)
	}
	for step := range int64(3) {
		if err := w.Scalar("reward", step, float64(step*step)); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(w.Close())
	// Output: <nil>
}
