package torchfile_test

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"github.com/chainrule-go/chainrule/nn/torchfile"
)

// A model from PyTorch that is trained on here becomes what it becomes there: three steps of
// Adam, as finetune.py beside the models makes them.
func TestFineTuning(t *testing.T) {
	for _, c := range models.Cases(t) {
		if !c.Has("finetuned.npz") {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			content := c.Open(t, "state_dict.pt")
			f, err := torchfile.New(content, content.Size(), torchfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			model, want := c.New(newRand()), c.New(newRand())
			if cnn, ok := model.(*models.CNN); ok {
				cnn.Classifier[1] = nn.Identity{} // dropout
			}
			if err := nn.LoadWeights(f, model, nn.LoadConfig{}); err != nil {
				t.Fatal(err)
			}
			adam := optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 1e-3, Eps: 1e-3})
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			for range 3 {
				adam.Step(models.Run(tape, model, c.Input).Square().Mean().Backward())
				tape.Commit()
				tape.Reset()
			}

			content = c.Open(t, "finetuned.npz")
			tuned, err := nn.NewWeights(content, content.Size())
			if err != nil {
				t.Fatal(err)
			}
			if err := nn.LoadWeights(tuned, want, nn.LoadConfig{}); err != nil {
				t.Fatal(err)
			}
			checkClose(t, model, want)
		})
	}
}

// checkClose fails unless parameters and buffers are equal to 1e-5 of the greatest of each, and
// counters.
func checkClose(t *testing.T, got, want nn.Module) {
	t.Helper()
	arrays := func(m nn.Module) map[string][]float64 {
		all := map[string][]float64{}
		for name, p := range nn.Params(m) {
			all[name] = p.Floats()
		}
		for name, b := range nn.Buffers(m) {
			all[name] = b.Floats()
		}
		for name, n := range nn.Counters(m) {
			all[name] = []float64{float64(*n)}
		}
		return all
	}
	have, worst := arrays(got), 0.0
	for name, list := range arrays(want) {
		greatest := 0.0
		for _, x := range list {
			greatest = max(greatest, x, -x)
		}
		for i, x := range list {
			difference := max(have[name][i]-x, x-have[name][i])
			if !(difference <= 1e-5*greatest) {
				t.Errorf("%s[%d] is %v, in PyTorch %v", name, i, have[name][i], x)
			}
			worst = max(worst, difference/greatest)
		}
	}
	t.Logf("the greatest difference is %.1e of the greatest number", worst)
}
