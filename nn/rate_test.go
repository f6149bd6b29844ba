package nn_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// recordingOptimizer notes the factors that its steps are made with.
type recordingOptimizer struct {
	optim.Optimizer
	factors [][]float64
}

func (r *recordingOptimizer) Step(grads autograd.Gradients) {
	var factors []float64
	for _, g := range r.Groups() {
		factors = append(factors, g.Factor)
	}
	r.factors = append(r.factors, factors)
	r.Optimizer.Step(grads)
}

// twoGroups is an optimizer of a model with a group for its last layer.
func twoGroups(model nn.Sequential) *recordingOptimizer {
	return &recordingOptimizer{Optimizer: optim.NewSGD(nn.Params(model), optim.SGDConfig{}, optim.Group{Params: nn.Params(model[len(model)-1])})}
}

// Schedules and plateaus set the factors that steps are made with, alone and together, and
// in a run that goes on from any of its checkpoints.
func TestRates(t *testing.T) {
	half := func(step int) float64 { return 1 / float64(step+1) }
	for _, test := range []struct {
		name     string
		schedule optim.Schedule
		make     func(groups []*optim.Group) []nn.Callback
		want     [][]float64 // of 4 epochs with 2 steps
	}{
		{"by steps", nil, func([]*optim.Group) []nn.Callback { return []nn.Callback{nn.NewSchedule(half, nn.ScheduleConfig{})} },
			[][]float64{{1, 1}, {1. / 2, 1. / 2}, {1. / 3, 1. / 3}, {1. / 4, 1. / 4}, {1. / 5, 1. / 5}, {1. / 6, 1. / 6}, {1. / 7, 1. / 7}, {1. / 8, 1. / 8}}},
		{"by epochs, for groups", nil, func(groups []*optim.Group) []nn.Callback {
			return []nn.Callback{nn.NewSchedule(half, nn.ScheduleConfig{Epochs: true, Groups: groups[:1]}), nn.NewSchedule(optim.Constant(0.25), nn.ScheduleConfig{Groups: groups[1:]})}
		}, [][]float64{{1, 0.25}, {1, 0.25}, {1. / 2, 0.25}, {1. / 2, 0.25}, {1. / 3, 0.25}, {1. / 3, 0.25}, {1. / 4, 0.25}, {1. / 4, 0.25}}},
		{"plateau", nil, func([]*optim.Group) []nn.Callback {
			return []nn.Callback{nn.NewPlateau(optim.NewPlateau(optim.PlateauConfig{Factor: 0.5, Patience: optim.None}), nn.PlateauConfig{Score: "script", Training: true})}
		}, [][]float64{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {0.5, 0.5}, {0.5, 0.5}, {0.25, 0.25}, {0.25, 0.25}}},
		{"plateau for a group", nil, func(groups []*optim.Group) []nn.Callback {
			return []nn.Callback{nn.NewPlateau(optim.NewPlateau(optim.PlateauConfig{Factor: 0.5, Patience: optim.None}), nn.PlateauConfig{Score: "script", Training: true, Groups: groups[1:]})}
		}, [][]float64{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 0.5}, {1, 0.5}, {1, 0.25}, {1, 0.25}}},
		{"both", half, func([]*optim.Group) []nn.Callback {
			return []nn.Callback{nn.NewPlateau(optim.NewPlateau(optim.PlateauConfig{Factor: 0.5, Patience: optim.None}), nn.PlateauConfig{Score: "script", Training: true})}
		}, [][]float64{{1, 1}, {1. / 2, 1. / 2}, {1. / 3, 1. / 3}, {1. / 4, 1. / 4}, {0.5 / 5, 0.5 / 5}, {0.5 / 6, 0.5 / 6}, {0.25 / 7, 0.25 / 7}, {0.25 / 8, 0.25 / 8}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := func(first, last nn.Callback) [][]float64 {
				model := classifier(1)
				optimizer, save := twoGroups(model), &saving{}
				if last == nil {
					last = save
				}
				callbacks := append([]nn.Callback{first}, append(test.make(optimizer.Groups()), last)...)
				if _, err := nn.FitObjective(context.Background(), scripted{model, []float64{2, 2, 2, 2}}, blobs(1, 64), nn.FitConfig{
					Epochs: 4, Optimizer: optimizer, Schedule: test.schedule, Callbacks: callbacks}); err != nil {
					t.Fatal(err)
				}
				return optimizer.factors
			}
			save := &saving{}
			if diff := cmp.Diff(test.want, run(nn.NoCallback{}, save)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for i, file := range save.files[:3] {
				if diff := cmp.Diff(test.want[2*i+2:], run(&resuming{file: file}, nil)); diff != "" {
					t.Errorf("resumed after epoch %d, loaded first (-want +got):\n%s", i, diff)
				}
				if diff := cmp.Diff(test.want[2*i+2:], run(nn.NoCallback{}, &resuming{file: file})); diff != "" {
					t.Errorf("resumed after epoch %d, loaded last (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestRatesRefuse(t *testing.T) {
	plateau := optim.NewPlateau(optim.PlateauConfig{})
	for want, config := range map[string]nn.FitConfig{
		"there is no validation data": {Callbacks: []nn.Callback{nn.NewPlateau(plateau, nn.PlateauConfig{})}},
		"would overwrite":             {Schedule: optim.Constant(1), Callbacks: []nn.Callback{nn.NewSchedule(optim.Constant(1), nn.ScheduleConfig{})}},
		"it cannot be for some": {Schedule: optim.Constant(1), Validation: blobs(2, 30),
			Callbacks: []nn.Callback{nn.NewPlateau(plateau, nn.PlateauConfig{Groups: []*optim.Group{}})}},
	} {
		if _, err := nn.Fit(context.Background(), classifier(1), blobs(1, 64), config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected %q", err, want)
		}
	}
	for want, f := range map[string]func(){
		"the schedule is nil": func() { nn.NewSchedule(nil, nn.ScheduleConfig{}) },
		"the plateau is nil":  func() { nn.NewPlateau(nil, nn.PlateauConfig{}) },
	} {
		if err := autograd.Try(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected %q", err, want)
		}
	}
}

// The rate is a tenth of it when the accuracy on validation data has not improved for two
// epochs.
func ExampleNewPlateau() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{784, 32, 10}})}
	plateau := optim.NewPlateau(optim.PlateauConfig{Patience: 2, Maximize: true})
	_, err = nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:     30,
		Metrics:    []nn.Metric{nn.Accuracy{}},
		Validation: test,
		Callbacks:  []nn.Callback{nn.NewPlateau(plateau, nn.PlateauConfig{Score: "accuracy"})},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("reduced:", plateau.Factor() < 1)
	// Output:
	// reduced: true
}

// The head of a model learns at a falling rate, by epochs, the rest at its own.
func ExampleNewSchedule() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	body, head := nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{784, 32}, Output: nn.ReLU{}}), nn.NewLinear(newRand(2), 32, 10, nn.LinearConfig{})
	model := nn.Sequential{nn.Flatten{}, body, head}
	optimizer := optim.NewAdam(nn.Params(model), optim.AdamConfig{}, optim.Group{Params: nn.Params(head), LR: 0.01})
	groups := optimizer.Groups()
	_, err = nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:    3,
		Optimizer: optimizer,
		Callbacks: []nn.Callback{nn.NewSchedule(optim.Exponential(0.5), nn.ScheduleConfig{Epochs: true, Groups: groups[1:]})},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(groups[0].Rate(), groups[1].Rate())
	// Output:
	// 0.001 0.00125
}
