package nn_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/nn"
)

// lossRow is a loss of arrays for the tests of all losses. A new loss gets one row.
type lossRow struct {
	name string
	f    func(c nn.LossConfig, xs []autograd.Variable) autograd.Variable

	// shapes are those of the operands; the first has to be what others are compared with.
	shapes [][]int

	// prepare brings random numbers into the domain of the operands.
	prepare func(xs []autograd.Variable)
}

func pair(f func(c nn.LossConfig, a, b autograd.Variable) autograd.Variable) func(nn.LossConfig, []autograd.Variable) autograd.Variable {
	return func(c nn.LossConfig, xs []autograd.Variable) autograd.Variable { return f(c, xs[0], xs[1]) }
}

func lossRows() []lossRow {
	matrices, triples := [][]int{{3, 4}, {3, 4}}, [][]int{{3, 4}, {3, 4}, {3, 4}}
	probabilities := func(which ...int) func(xs []autograd.Variable) {
		return func(xs []autograd.Variable) {
			for _, i := range which {
				xs[i] = xs[i].Softmax(-1)
			}
		}
	}
	return []lossRow{
		{"MSELoss", pair(nn.LossConfig.MSELoss), matrices, nil},
		{"L1Loss", pair(nn.LossConfig.L1Loss), matrices, nil},
		{"HuberLoss", func(c nn.LossConfig, xs []autograd.Variable) autograd.Variable { return c.HuberLoss(xs[0], xs[1], 0.7) }, matrices, nil},
		{"SmoothL1Loss", func(c nn.LossConfig, xs []autograd.Variable) autograd.Variable {
			return c.SmoothL1Loss(xs[0], xs[1], 0.7)
		}, matrices, nil},
		{"BCELoss", pair(nn.LossConfig.BCELoss), matrices, probabilities(0, 1)},
		{"BCEWithLogitsLoss", pair(nn.LossConfig.BCEWithLogitsLoss), matrices, probabilities(1)},
		{"CrossEntropyProbabilities", pair(nn.LossConfig.CrossEntropyProbabilities), matrices, probabilities(1)},
		{"KLDivLoss", pair(nn.LossConfig.KLDivLoss), matrices, func(xs []autograd.Variable) {
			xs[0], xs[1] = xs[0].LogSoftmax(-1), xs[1].Softmax(-1)
		}},
		{"SoftMarginLoss", pair(nn.LossConfig.SoftMarginLoss), matrices, nil},
		{"PoissonNLLLoss", pair(nn.LossConfig.PoissonNLLLoss), matrices, nil},
		{"GaussianNLLLoss", func(c nn.LossConfig, xs []autograd.Variable) autograd.Variable {
			return c.GaussianNLLLoss(xs[0], xs[1], xs[2])
		}, triples, func(xs []autograd.Variable) { xs[2] = xs[2].Square().AddScalar(0.3) }},
		{"TripletMarginLoss", func(c nn.LossConfig, xs []autograd.Variable) autograd.Variable {
			return c.TripletMarginLoss(xs[0], xs[1], xs[2], 3)
		}, triples, nil},
		{"CosineSimilarity", func(c nn.LossConfig, xs []autograd.Variable) autograd.Variable {
			return nn.CosineSimilarity(xs[0], xs[1], 1)
		}, matrices, nil},
	}
}

func TestLossGradients(t *testing.T) {
	for _, row := range lossRows() {
		t.Run(row.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 5))
			var xs []autograd.Variable
			for _, shape := range row.shapes {
				xs = append(xs, autograd.Normal(rng, autograd.Float64, 0, 1, shape...))
			}
			if row.prepare != nil {
				row.prepare(xs)
			}
			for _, r := range []nn.Reduction{nn.ReduceMean, nn.ReduceSum, nn.ReduceNone} {
				f := func(xs []autograd.Variable) autograd.Variable { return row.f(nn.LossConfig{Reduction: r}, xs) }
				gradcheck.TestWith(t, gradcheck.Options{SecondOrder: true, ForwardMode: true}, f, xs...)
			}
		})
	}
}

// No loss broadcasts: a target of another shape is a mistake.
func TestLossesRejectOtherShapes(t *testing.T) {
	for _, row := range lossRows() {
		for i := range row.shapes {
			t.Run(fmt.Sprint(row.name, i), func(t *testing.T) {
				xs := make([]autograd.Variable, len(row.shapes))
				for j, shape := range row.shapes {
					xs[j] = autograd.Ones(autograd.Float64, shape...)
				}
				xs[i] = autograd.Ones(autograd.Float64, 3, 1)
				err := autograd.Try(func() { row.f(nn.LossConfig{}, xs) })
				if err == nil || !strings.Contains(err.Error(), row.name) || !strings.Contains(err.Error(), "[3 1]") {
					t.Errorf("got %v, want an error that names the loss and the shapes", err)
				}
			})
		}
	}
}

func TestLossesRejectBadArguments(t *testing.T) {
	x := autograd.Ones(autograd.Float64, 2)
	for name, f := range map[string]func(){
		"HuberLoss":         func() { nn.HuberLoss(x, x, 0) },
		"SmoothL1Loss":      func() { nn.SmoothL1Loss(x, x, -1) },
		"KLDivLoss":         func() { nn.KLDivLoss(x, x) },
		"TripletMarginLoss": func() { nn.TripletMarginLoss(x, x, x, 1) },
	} {
		if err := autograd.Try(f); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error that names it", name, err)
		}
	}
}

// At the edges of their domains losses and gradients stay finite.
func TestLossesAtTheEdges(t *testing.T) {
	for _, test := range []struct {
		name string
		f    func(x autograd.Variable) autograd.Variable
		at   []float64
	}{
		{"L1Loss of what is right", func(x autograd.Variable) autograd.Variable {
			return nn.L1Loss(x, autograd.New([]float64{1, 2}))
		}, []float64{1, 2}},
		{"KLDivLoss of an impossible class", func(x autograd.Variable) autograd.Variable {
			return nn.KLDivLoss(x.Reshape(1, 2).LogSoftmax(1), autograd.New([]float64{1, 0}, 1, 2))
		}, []float64{1000, -1000}},
		{"TripletMarginLoss of equal vectors", func(x autograd.Variable) autograd.Variable {
			x = x.Reshape(1, 2)
			return nn.TripletMarginLoss(x, x, x, 1)
		}, []float64{1, 2}},
		{"CosineSimilarity with zero", func(x autograd.Variable) autograd.Variable {
			return nn.CosineSimilarity(x, autograd.New([]float64{1, 2}), 0)
		}, []float64{0, 0}},
		{"GaussianNLLLoss without variance", func(x autograd.Variable) autograd.Variable {
			return nn.GaussianNLLLoss(autograd.New([]float64{1, 2}), autograd.New([]float64{1, 2}), x)
		}, []float64{0, 0}},
		{"SoftMarginLoss far off", func(x autograd.Variable) autograd.Variable {
			return nn.SoftMarginLoss(x, autograd.New([]float64{1, -1}))
		}, []float64{-1e6, 1e6}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.DetectAnomaly)
			x := tape.Watch(autograd.New(test.at))
			loss := test.f(x)
			if norm := loss.Sum().Backward().Norm(); !(norm < 1e9) {
				t.Errorf("the loss is %v, the norm of its gradient %v", loss, norm)
			}
		})
	}
}

func ExampleHuberLoss() {
	output, target := autograd.New([]float64{1, 2, 10}), autograd.New([]float64{1, 1, 1})
	fmt.Println(nn.LossConfig{Reduction: nn.ReduceNone}.HuberLoss(output, target, 1))
	// Output:
	// float64 [3]
	// [0   0.5 8.5]
}
