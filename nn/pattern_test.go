package nn_test

import (
	"bytes"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// pretrained is a model with a head for so many classes.
func pretrained(seed uint64, classes int) nn.Module {
	rng := newRand(seed)
	body := nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{})}
	return parts{{"body", body}, {"head", nn.NewLinear(rng, 8, classes, nn.LinearConfig{})}}
}

// parts are modules with names.
type parts []struct {
	name   string
	module nn.Module
}

func (p parts) Parts() iter.Seq2[string, nn.Part] {
	var list []nn.NamedPart
	for _, m := range p {
		list = append(list, nn.Sub(m.name, m.module))
	}
	return nn.Parts(list...)
}

// All but the head is taken over, whatever the head is there and here.
func TestLoadAllButTheHead(t *testing.T) {
	source := pretrained(1, 10)
	file := saved(t, source, nil)
	model := pretrained(2, 3)
	head := bitsOf(nn.Module(model.(parts)[1].module))
	var mismatch *nn.MismatchError
	if err := nn.Load(bytes.NewReader(file), model, nn.LoadConfig{}); !errors.As(err, &mismatch) || len(mismatch.Different) != 2 {
		t.Errorf("with the head: %v", err)
	}
	if err := nn.Load(bytes.NewReader(file), model, nn.LoadConfig{Except: []string{"head.*"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bitsOf(source.(parts)[0].module), bitsOf(model.(parts)[0].module)); diff != "" {
		t.Errorf("the body (-file +model):\n%s", diff)
	}
	if diff := cmp.Diff(head, bitsOf(model.(parts)[1].module)); diff != "" {
		t.Errorf("the head (-before +after):\n%s", diff)
	}
	// A file without a head, and a model without one.
	body := model.(parts)[:1]
	if err := nn.Load(bytes.NewReader(file), body, nn.LoadConfig{Except: []string{"head.*"}}); err != nil {
		t.Error(err)
	}
	if err := nn.Load(bytes.NewReader(saved(t, body, nil)), model, nn.LoadConfig{Except: []string{"head.*"}}); err != nil {
		t.Error(err)
	}
	for pattern, want := range map[string]string{"haed.*": `no name matches "haed.*"`, "[": "syntax error in pattern"} {
		err := nn.Load(bytes.NewReader(file), model, nn.LoadConfig{Except: []string{"head.*", pattern}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	if err := nn.Load(bytes.NewReader(file[:len(file)-1]), model, nn.LoadConfig{Except: []string{"*.bias", "*.running_*", "*.num_batches_tracked"}}); err == nil {
		t.Error("a file that was cut off")
	}
}

// The weights in a checkpoint are read without the rest.
func TestLoadWeightsOfACheckpoint(t *testing.T) {
	source, model := restless(1)
	advance(t, source, data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16}), 3)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, source); err != nil {
		t.Fatal(err)
	}
	_, other := restless(2)
	if err := nn.Load(bytes.NewReader(file.Bytes()), other, nn.LoadConfig{Prefix: "0.model."}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bitsOf(model), bitsOf(other)); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
	var mismatch *nn.MismatchError
	if err := nn.Load(bytes.NewReader(file.Bytes()), other, nn.LoadConfig{Prefix: "1.model."}); !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "missing: 1.model.0.weight") {
		t.Errorf("got %v", err)
	}
}

// Parameters that a pattern excepts are not trained.
func TestFreezeByName(t *testing.T) {
	rng := newRand(1)
	model := nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{2, 8, 8, 3}})
	before := bitsOf(model)
	trainer := nn.NewTrainer(nn.Supervised(model, nil), nn.TrainerConfig{
		Optimizer: optim.NewAdam(nn.Except(nn.Params(model), "0.*", "*.bias"), optim.AdamConfig{}),
	})
	advance(t, trainer, data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16}), 3)
	for name, bits := range bitsOf(model) {
		frozen := strings.HasPrefix(name, "0.") || strings.HasSuffix(name, ".bias")
		if cmp.Equal(bits, before[name]) != frozen {
			t.Errorf("%s: trained %v", name, !frozen)
		}
	}
	names := func(f func(yield func(string, autograd.Variable) bool)) string {
		var list []string
		for name := range f {
			list = append(list, name)
		}
		return strings.Join(list, " ")
	}
	if got := names(nn.Only(nn.Params(model), "[02].weight", "*.bias")); got != "0.weight 0.bias 2.weight 2.bias 4.bias" {
		t.Errorf("Only yields %s", got)
	}
	if got := names(nn.Except(nn.Params(model))); got != names(nn.Params(model)) {
		t.Errorf("without patterns: %s", got)
	}
	for _, pattern := range []string{"1.*", "["} {
		err := autograd.Try(func() { names(nn.Except(nn.Params(model), "0.*", pattern)) })
		if err == nil || !strings.Contains(err.Error(), pattern) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	for range nn.Only(nn.Params(model), "0.*", "4.*") { // leaving early is no mistake
		break
	}
}
