package nn_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log"
	"math/rand/v2"
	"os"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

func Example() {
	train, test, err := data.Digits(1, 0.2) // 1,797 handwritten digits, a fifth held out
	if err != nil {
		log.Fatal(err)
	}
	rng, ctx := rand.New(rand.NewPCG(1, 2)), context.Background()
	model := nn.Sequential{
		nn.Flatten{},
		nn.NewLinear(rng, 784, 128, nn.LinearConfig{}),
		nn.ReLU{},
		nn.NewLinear(rng, 128, 10, nn.LinearConfig{}),
	}
	if _, err := nn.Fit(ctx, model, train, nn.FitConfig{Epochs: 20}); err != nil { // Adam, batches of 32
		log.Fatal(err)
	}
	scores, err := nn.Evaluate(ctx, model, test, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		log.Fatal(err)
	}
	accuracy, _ := scores.Get("accuracy")
	fmt.Printf("test accuracy: %.2f\n", accuracy)
	// Output:
	// test accuracy: 0.98
}

// A training loop of one's own. The model learns XOR.
func Example_loop() {
	x := autograd.New([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	labels := []int{0, 1, 1, 0}
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 8, 2}})

	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	optimizer := optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.05})
	for range 200 {
		logits := model.Forward(tape.Const(x))
		loss := nn.CrossEntropyLoss(logits, labels)
		optimizer.Step(loss.Backward())
		tape.Reset() // memory goes back for the next step
	}

	fmt.Println(model.Forward(tape.Const(x)).ArgMax(1))
	// Output:
	// [0 1 1 0]
}

// A layer of one's own is a type with Forward and Parts: here one whose output is added
// to its input.
type residual struct{ layer *nn.Linear }

func (r residual) Forward(x autograd.Variable) autograd.Variable {
	return x.Add(r.layer.Forward(x).ReLU())
}

func (r residual) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("layer", r.layer)) }

func ExampleModule() {
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.Sequential{
		nn.NewLinear(rng, 4, 16, nn.LinearConfig{}),
		residual{nn.NewLinear(rng, 16, 16, nn.LinearConfig{})},
		nn.NewLinear(rng, 16, 3, nn.LinearConfig{}),
	}
	for name, w := range nn.Params(model) {
		fmt.Println(name, w.Shape())
	}
	// Output:
	// 0.weight [16 4]
	// 0.bias [16]
	// 1.layer.weight [16 16]
	// 1.layer.bias [16]
	// 2.weight [3 16]
	// 2.bias [3]
}

func ExampleSummary() {
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{784, 128, 10}})
	if _, err := nn.Summary(os.Stdout, model, 784); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ┌──────────────┬──────────────┬─────────┐
	// │ Layer (type) │ Output shape │  Params │
	// ├──────────────┼──────────────┼─────────┤
	// │ 0 (Linear)   │ [batch, 128] │ 100,480 │
	// │ 1 (ReLU)     │ [batch, 128] │       0 │
	// │ 2 (Linear)   │ [batch, 10]  │   1,290 │
	// └──────────────┴──────────────┴─────────┘
	// Parameters: 101,770 (397.54 KiB)
}

// Weights go to a file and back.
func ExampleSave() {
	model := nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 3, 1}})
	var file bytes.Buffer
	if err := nn.Save(&file, model, nn.SaveConfig{}); err != nil {
		log.Fatal(err)
	}
	other := nn.NewMLP(rand.New(rand.NewPCG(3, 4)), nn.MLPConfig{Sizes: []int{2, 3, 1}})
	if err := nn.Load(&file, other, nn.LoadConfig{}); err != nil {
		log.Fatal(err)
	}
	x := autograd.New([]float32{0.5, -1}, 1, 2)
	fmt.Println(model.Forward(x).Item() == other.Forward(x).Item())
	// Output:
	// true
}

// Steps are ranged over where Fit is not enough.
func ExampleTrainer() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{784, 32, 10}})}
	trainer := nn.NewTrainer(nn.Supervised(model, nn.CrossEntropy{}), nn.TrainerConfig{})
	loader := data.NewLoader(train, data.LoaderConfig{BatchSize: 128, Shuffle: true, Seed: 1})
	for step, err := range trainer.Epoch(context.Background(), loader) {
		if err != nil {
			log.Fatal(err)
		}
		if step.Index%4 == 0 {
			fmt.Printf("step %2d: %d examples, loss %.1f\n", step.Index, step.Examples, step.Loss)
		}
	}
	// Output:
	// step  0: 128 examples, loss 2.4
	// step  4: 128 examples, loss 2.2
	// step  8: 128 examples, loss 2.0
}
