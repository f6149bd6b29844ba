package nn_test

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// heads is a model of two outputs for inputs [batch, 2]: classes by the labels, and by the
// targets a number. Tell says what it tells about them.
type heads struct {
	class, number *nn.Linear
	tell          func(s *nn.StepContext, class, number v)
}

func newHeads() *heads {
	rng := newRand(4)
	return &heads{nn.NewLinear(rng, 2, 3, nn.LinearConfig{}), nn.NewLinear(rng, 2, 1, nn.LinearConfig{}), tellBoth}
}

func (h *heads) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("class", h.class), nn.Sub("number", h.number))
}

func (h *heads) Loss(s *nn.StepContext) autograd.Variable {
	class, number := h.class.Forward(s.X()), h.number.Forward(s.X())
	h.tell(s, class, number)
	loss, divisor := nn.CrossEntropy{}.Of(class, nn.Target{Labels: s.Target().Labels, Weights: s.Target().Weights})
	s.Divisor(divisor)
	return loss.Add(nn.MSELoss(number, s.Target().Values))
}

// tellBoth tells the classes by the labels, the numbers by the targets without weights, and
// whether the number is above 0, by labels made of the targets.
func tellBoth(s *nn.StepContext, class, number v) {
	target := s.Target()
	signs := make([]int, target.Values.Size())
	for i := range signs {
		if target.Values.Float32s()[i] > 0 {
			signs[i] = 1
		}
	}
	s.NamedOutput("class", class, nn.Target{Labels: target.Labels, Weights: target.Weights})
	s.NamedOutput("number", number, nn.Target{Values: target.Values})
	s.NamedOutput("sign", number, nn.Target{Labels: signs})
	s.Output(class)
}

func headsData(n int) *data.Weighted {
	rng := newRand(5)
	x, y := autograd.Normal(rng, autograd.Float32, 0, 1, n, 2), autograd.Normal(rng, autograd.Float32, 0, 1, n, 1)
	labels, weights := make([]int, n), make([]float64, n)
	for i := range labels {
		labels[i], weights[i] = rng.IntN(4)-1, float64(rng.IntN(3))
	}
	return &data.Weighted{
		Dataset: &data.Arrays{X: data.NewArray(x.Float32s(), n, 2), Y: data.NewArray(y.Float32s(), n, 1), Labels: labels},
		Weights: weights,
	}
}

var headMetrics = []nn.Metric{
	nn.OnOutput("class", nn.Accuracy{}), nn.OnOutput("number", nn.RootMeanSquaredError{}), nn.OnOutput("sign", nn.Accuracy{}),
	nn.Unweighted(nn.OnOutput("class", nn.LogLoss{})), nn.Accuracy{},
}

// wantHeads is what the metrics are of a model, computed from its outputs for all examples.
func wantHeads(model *heads, set *data.Weighted) []float64 {
	all := set.Dataset.(*data.Arrays)
	x := autograd.New(all.X.Float32s, all.X.Shape...)
	class, number := model.class.Forward(x), model.number.Forward(x)
	columns := func(v v) data.Array { return data.NewArray(v.Float32s(), v.Shape()...) }
	measure := func(m nn.Metric, output v, batch data.Batch) float64 {
		meter := m.Begin()
		batch.Len = set.Len()
		meter.Add(columns(output), &batch)
		return meter.Value()
	}
	signs := make([]int, set.Len())
	for i, y := range all.Y.Float32s {
		if y > 0 {
			signs[i] = 1
		}
	}
	accuracy := measure(nn.Accuracy{}, class, data.Batch{Labels: all.Labels, Weights: set.Weights})
	return []float64{
		accuracy,
		measure(nn.RootMeanSquaredError{}, number, data.Batch{Y: all.Y}),
		measure(nn.Accuracy{}, number, data.Batch{Labels: signs}),
		measure(nn.LogLoss{}, class, data.Batch{Labels: all.Labels}),
		accuracy,
	}
}

// Evaluation and training, in pieces too, measure each output by its target.
func TestOnOutput(t *testing.T) {
	model, set := newHeads(), headsData(50)
	want := wantHeads(model, set)
	values := func(scores nn.Scores) (list []float64) {
		for _, m := range headMetrics {
			value, ok := scores.Get(m.Name())
			if !ok {
				t.Fatalf("no %s among %v", m.Name(), scores)
			}
			list = append(list, value)
		}
		return list
	}
	matrix := new(nn.ConfusionMatrix)
	scores, err := nn.EvaluateObjective(t.Context(), model, set, nn.EvaluateConfig{
		BatchSize: 7, Metrics: headMetrics, Meters: []nn.Meter{nn.MeterOnOutput("sign", matrix)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, values(scores), closely); diff != "" {
		t.Errorf("evaluation (-want +got):\n%s", diff)
	}
	if got := matrix.Value(); !near(got, want[2], 1e-12) {
		t.Errorf("the matrix has accuracy %v, want %v", got, want[2])
	}
	for _, config := range []nn.FitConfig{{}, {MicroBatch: 3}, {Shards: 3}, {Shards: 2, MicroBatch: 5}} {
		t.Run(fmt.Sprintf("%d shards, micro-batches of %d", config.Shards, config.MicroBatch), func(t *testing.T) {
			config.Epochs, config.BatchSize, config.Metrics, config.Validation = 2, 8, headMetrics, set
			config.Optimizer = optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: 1e-30}) // leaves everything as it is
			history, err := nn.FitObjective(t.Context(), model, set, config)
			if err != nil {
				t.Fatal(err)
			}
			for _, epoch := range history.Epochs {
				if diff := cmp.Diff([][]float64{want, want}, [][]float64{values(epoch.Train), values(epoch.Validation)}, roughly); diff != "" {
					t.Errorf("training and validation of epoch %d (-want +got):\n%s", epoch.Number, diff)
				}
			}
		})
	}
}

// roughly compares numbers up to the rounding of float32.
var roughly = cmpopts.EquateApprox(1e-6, 0)

// What an objective does not tell, or tells in two ways, is said.
func TestOnOutputRefuses(t *testing.T) {
	set := headsData(10)
	for text, tell := range map[string]func(s *nn.StepContext, class, number v){
		`there is no output "class": Loss called NamedOutput for ["other"]`: func(s *nn.StepContext, class, _ v) {
			s.NamedOutput("other", class, s.Target())
		},
		`the output "class" twice`: func(s *nn.StepContext, class, number v) {
			s.NamedOutput("class", class, s.Target())
			s.NamedOutput("class", number, s.Target())
		},
		"the name is empty":        func(s *nn.StepContext, class, _ v) { s.NamedOutput("", class, s.Target()) },
		"Loss did not call Output": func(s *nn.StepContext, class, _ v) { s.NamedOutput("class", class, s.Target()) },
		"has labels or weights for one piece": func(s *nn.StepContext, class, _ v) {
			s.Output(class)
			target := s.Target()
			if s.Batch.Indices[0] > 2 {
				target.Labels = nil
			}
			s.NamedOutput("class", class, target)
		},
	} {
		model := newHeads()
		model.tell = tell
		_, err := nn.FitObjective(t.Context(), model, set, nn.FitConfig{
			Epochs: 1, BatchSize: 10, MicroBatch: 5, NoShuffle: true, Metrics: []nn.Metric{nn.OnOutput("class", nn.Accuracy{}), nn.Accuracy{}},
		})
		var valueError *autograd.ValueError
		if !errors.As(err, &valueError) || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want a ValueError with %q", err, text)
		}
	}
	model := nn.NewLinear(newRand(1), 2, 3, nn.LinearConfig{})
	_, err := nn.Fit(t.Context(), model, set, nn.FitConfig{Epochs: 1, Loss: nn.CrossEntropy{}, Metrics: []nn.Metric{nn.OnOutput("class", nn.Accuracy{})}})
	if err == nil || !strings.Contains(err.Error(), `there is no output "class": Loss called NamedOutput for []`) {
		t.Errorf("error %v", err)
	}
}

// Measuring named outputs, in pieces too, allocates nothing in a steady step.
func TestOnOutputAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	set, model := headsData(64), newHeads()
	model.tell = func(s *nn.StepContext, class, number v) {
		target := s.Target()
		s.NamedOutput("class", class, nn.Target{Labels: target.Labels, Weights: target.Weights})
		s.NamedOutput("number", number, nn.Target{Values: target.Values})
	}
	for _, config := range []nn.TrainerConfig{{}, {MicroBatch: 16}} {
		config.Metrics = headMetrics[:2]
		trainer := nn.NewTrainer(model, config)
		var b data.Batch
		filled := make([]int, 64)
		for i := range filled {
			filled[i] = i
		}
		if err := set.Fill(&b, filled); err != nil {
			t.Fatal(err)
		}
		step := func() {
			if _, err := trainer.Step(&b); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			step()
		}
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("micro-batches of %d: %v allocations a step", config.MicroBatch, n)
		}
	}
}
