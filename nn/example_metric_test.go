package nn_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// Outputs of a model for six examples of three classes.
func ExampleConfusionMatrix() {
	outputs := data.NewArray([]float64{
		3, 1, 0,
		2, 1, 0,
		0, 2, 1,
		1, 2, 0,
		0, 1, 3,
		0, 3, 1,
	}, 6, 3)
	batch := &data.Batch{Len: 6, Labels: []int{0, 0, 0, 1, 2, 2}}

	var m nn.ConfusionMatrix
	m.Add(outputs, batch) // as nn.Evaluate does for EvaluateConfig.Meters
	fmt.Print(&m)
	for class := range m.Classes() {
		fmt.Printf("class %d: precision %.2f, recall %.2f\n", class, m.Precision(class), m.Recall(class))
	}
	// Output:
	//   0 1 2
	// 0 2 1 0
	// 1 0 1 0
	// 2 0 1 1
	// class 0: precision 1.00, recall 0.67
	// class 1: precision 0.33, recall 1.00
	// class 2: precision 1.00, recall 0.50
}

// The curves of two classes, of scores some of which are equal.
func ExampleRanking() {
	scores := data.NewArray([]float64{0.9, 0.6, 0.6, 0.2}, 4, 1)
	r := nn.Ranking{Probabilities: true}
	r.Add(scores, &data.Batch{Len: 4, Labels: []int{1, 1, 0, 0}})
	for _, p := range r.ROC(1) {
		fmt.Printf("%.1f %.1f from %v on\n", p.FalsePositiveRate, p.TruePositiveRate, p.Threshold)
	}
	fmt.Println("area:", r.ROCAUC(1))
	// Output:
	// 0.0 0.0 from +Inf on
	// 0.0 0.5 from 0.9 on
	// 0.5 1.0 from 0.6 on
	// 1.0 1.0 from 0.2 on
	// area: 0.875
}

// Of what was said to be likely, how much came true.
func ExampleReliability() {
	probabilities := data.NewArray([]float64{0.1, 0.2, 0.8, 0.9, 0.7}, 5, 1)
	r := nn.Reliability{Bins: 2, Probabilities: true}
	r.Add(probabilities, &data.Batch{Len: 5, Labels: []int{0, 0, 1, 1, 0}})
	for _, p := range r.Points() {
		fmt.Printf("%v examples: predicted %.2f, observed %.2f\n", p.Weight, p.Predicted, p.Observed)
	}
	// Output:
	// 2 examples: predicted 0.15, observed 0.00
	// 3 examples: predicted 0.80, observed 0.67
}

// Two workers measure a part of the data each; together it is the whole.
func ExampleMeter() {
	metric := nn.RootMeanSquaredError{}
	first, second := metric.Begin(), metric.Begin()
	first.Add(data.NewArray([]float64{1, 2}, 2, 1), &data.Batch{Len: 2, Y: data.NewArray([]float64{1, 4}, 2, 1)})
	second.Add(data.NewArray([]float64{5}, 1, 1), &data.Batch{Len: 1, Y: data.NewArray([]float64{3}, 1, 1)})
	first.Merge(second)
	fmt.Printf("%s %.2f\n", metric.Name(), first.Value())
	// Output:
	// rmse 1.63
}

// twoHeads tells the digit of an image, and how dark it is.
type twoHeads struct{ body, digit, ink nn.Layer }

func (m twoHeads) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("body", m.body), nn.Sub("digit", m.digit), nn.Sub("ink", m.ink))
}

// Loss is the sum of the heads' losses, the second ten times. Metrics see both heads.
func (m twoHeads) Loss(s *nn.StepContext) autograd.Variable {
	x, target := s.X(), s.Target()
	features := m.body.Forward(x)
	logits, ink := m.digit.Forward(features), m.ink.Forward(features)
	darkness := nn.Target{Values: x.Mean(1, 2, 3).Unsqueeze(1)}
	s.NamedOutput("digit", logits, target)
	s.NamedOutput("ink", ink, darkness)
	digit, squares := nn.CrossEntropyLoss(logits, target.Labels), nn.MSELoss(ink, darkness.Values)
	s.Log("digit", digit)
	return digit.Add(squares.MulScalar(10))
}

// A model with two heads, whose losses have weights, and metrics of their own.
func ExampleOnOutput() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		log.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	model := twoHeads{
		body:  nn.Sequential{nn.Flatten{}, nn.NewLinear(rng, 784, 64, nn.LinearConfig{}), nn.ReLU{}},
		digit: nn.NewLinear(rng, 64, 10, nn.LinearConfig{}),
		ink:   nn.NewLinear(rng, 64, 1, nn.LinearConfig{}),
	}
	history, err := nn.FitObjective(context.Background(), model, train, nn.FitConfig{
		Epochs: 10, Validation: test,
		Metrics: []nn.Metric{nn.OnOutput("digit", nn.Accuracy{}), nn.OnOutput("ink", nn.RootMeanSquaredError{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	last := history.Epochs[9].Validation
	accuracy, _ := last.Get("digit_accuracy")
	ink, _ := last.Get("ink_rmse")
	fmt.Printf("accuracy above 0.9: %v, error of the darkness below 0.05: %v\n", accuracy > 0.9, ink < 0.05)
	// Output:
	// accuracy above 0.9: true, error of the darkness below 0.05: true
}

// Examples of a rare class count more: in the loss, and in metrics unless these say otherwise.
func ExampleUnweighted() {
	set := &data.Arrays{X: data.NewArray([]float32{0, 1, 2, 3}, 4, 1), Labels: []int{0, 0, 0, 1}}
	weighted := &data.Weighted{Dataset: set, Weights: []float64{1, 1, 1, 3}}
	model := nn.Func(func(x autograd.Variable) autograd.Variable { return x.AddScalar(-5) }) // always says 0
	scores, err := nn.Evaluate(context.Background(), model, weighted, nn.EvaluateConfig{
		Loss: nn.BCEWithLogits{}, Metrics: []nn.Metric{nn.Accuracy{}, nn.Unweighted(nn.Accuracy{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(scores[1:])
	// Output:
	// accuracy: 0.5000 - accuracy: 0.7500
}
