package nn_test

import (
	"context"
	"go/ast"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// callbackRow is a ready callback.
type callbackRow struct {
	constructor string
	make        func(model nn.Module, dir string) nn.Callback
	writes      bool // steps write, and allocate
}

// callbackRows has every ready callback. The model has the score "script".
func callbackRows() []callbackRow {
	plateau := func() *optim.Plateau {
		return optim.NewPlateau(optim.PlateauConfig{Factor: 0.5, Patience: optim.None})
	}
	return []callbackRow{
		{"NewEarlyStopping", func(nn.Module, string) nn.Callback {
			return nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "script", Training: true, Patience: 3})
		}, false},
		{"NewEMA", func(model nn.Module, _ string) nn.Callback { return nn.NewEMA(model, optim.EMAConfig{Decay: 0.9}) }, false},
		{"NewSWA", func(model nn.Module, _ string) nn.Callback { return nn.NewSWA(model, nn.SWAConfig{Every: 3}) }, false},
		{"NewPlateau", func(nn.Module, string) nn.Callback {
			return nn.NewPlateau(plateau(), nn.PlateauConfig{Score: "script", Training: true})
		}, false},
		{"NewSchedule", func(nn.Module, string) nn.Callback {
			return nn.NewSchedule(optim.Cosine(30, 0), nn.ScheduleConfig{})
		}, false},
		{"NewCSVLog", func(nn.Module, string) nn.Callback { return nn.NewCSVLog(io.Discard) }, false},
		{"NewJSONLog", func(nn.Module, string) nn.Callback { return nn.NewJSONLog(io.Discard) }, false},
		{"NewCSVLogFile", func(_ nn.Module, dir string) nn.Callback { return nn.NewCSVLogFile(filepath.Join(dir, "log.csv")) }, false},
		{"NewJSONLogFile", func(_ nn.Module, dir string) nn.Callback { return nn.NewJSONLogFile(filepath.Join(dir, "log.jsonl")) }, false},
		{"NewCheckpointing", func(_ nn.Module, dir string) nn.Callback {
			return nn.NewCheckpointing(filepath.Join(dir, "checkpoints"), nn.CheckpointingConfig{Resume: true})
		}, true},
	}
}

// callbackRun is a run of six epochs with a callback and others besides.
func callbackRun(t *testing.T, row callbackRow, first nn.Callback, save *saving) (map[string][]uint64, *nn.History) {
	t.Helper()
	rng := newRand(1)
	model := scripted{nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{}), noise, nn.NewLinear(rng, 8, 3, nn.LinearConfig{})},
		[]float64{3, 2, 1, 1.5, 1.5, 1.5}}
	history, err := nn.FitObjective(context.Background(), model, blobs(1, 80), nn.FitConfig{
		Epochs: 6, BatchSize: 16, Seed: 5, Validation: blobs(2, 30),
		Callbacks: []nn.Callback{first, row.make(model, t.TempDir()), save},
	})
	if err != nil {
		t.Fatal(err)
	}
	return bitsOf(model), history
}

// Every ready callback gives the same bits each time, also in a run that goes on from a
// checkpoint.
func TestEveryCallback(t *testing.T) {
	for _, row := range callbackRows() {
		t.Run(row.constructor, func(t *testing.T) {
			save := &saving{}
			bits, history := callbackRun(t, row, nn.NoCallback{}, save)
			if len(save.files) < 4 {
				t.Fatalf("the run ended after %d epochs", len(save.files))
			}
			for i := -1; i < 4; i++ {
				first := nn.Callback(nn.NoCallback{})
				if i >= 0 {
					first = &resuming{file: save.files[i]}
				}
				again, other := callbackRun(t, row, first, &saving{})
				if diff := cmp.Diff(bits, again); diff != "" {
					t.Errorf("again, from epoch %d on: the model differs (-first +again):\n%s", i+1, diff)
				}
				if diff := cmp.Diff(history, other, cmpopts.IgnoreFields(nn.Epoch{}, "Duration")); diff != "" {
					t.Errorf("again, from epoch %d on: the history differs (-first +again):\n%s", i+1, diff)
				}
			}
		})
	}
}

// Steps of a callback allocate nothing, and a run without callbacks allocates as much for
// many steps as for few.
func TestCallbacksDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	for _, row := range callbackRows() {
		if row.writes {
			continue
		}
		model := scripted{classifier(1), []float64{1}}
		callback := row.make(model, t.TempDir())
		begun := nn.OnStep(func(s *nn.Step) error {
			s.Total = s.Index + 1 // each is the last one of an epoch
			if n := testing.AllocsPerRun(10, func() {
				if err := callback.Step(s); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s: %v allocations a step", row.constructor, n)
			}
			return nn.ErrStop
		})
		if _, err := nn.FitObjective(context.Background(), model, blobs(1, 80), nn.FitConfig{Validation: blobs(2, 30), Callbacks: []nn.Callback{callback, begun}}); err != nil {
			t.Fatal(err)
		}
	}
	allocations := func(examples int) float64 {
		set, model := blobs(1, examples), classifier(1)
		return testing.AllocsPerRun(5, func() {
			if _, err := nn.Fit(context.Background(), model, set, nn.FitConfig{BatchSize: 8, Optimizer: optim.NewSGD(nn.Params(model), optim.SGDConfig{})}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(80), allocations(8000); many > few+5 { // a tape's tables may grow once more
		t.Errorf("10 steps allocate %v times, 1000 steps %v times", few, many)
	}
}

// Every exported constructor of a callback has its row.
func TestEveryCallbackHasARow(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range callbackRows() {
		rows[row.constructor] = true
	}
	callbacks := map[string]bool{"Callback": true}
	files := sourceFiles(t, "*.go")
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range structure.Fields.List {
					if field.Names == nil && typeText(field.Type) == "NoCallback" {
						callbacks[spec.Name.Name] = true
					}
				}
			}
			return true
		})
	}
	found := 0
	for _, file := range files {
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "New") || f.Type.Results == nil {
				continue
			}
			if !callbacks[strings.TrimPrefix(typeText(f.Type.Results.List[0].Type), "*")] {
				continue
			}
			if found++; !rows[f.Name.Name] {
				t.Errorf("nn.%s has no row in callbackRows", f.Name.Name)
			}
		}
	}
	if found != len(rows) {
		t.Errorf("%d constructors, %d rows", found, len(rows))
	}
}
