package optim_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"iter"
	"math"
	"os"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn/optim"
)

const referenceTolerance = 1e-9

// trajectory is a case: the parameters after each of a number of steps with given
// gradients, or gradients before and after clipping.
type trajectory struct {
	Op       string             `json:"op"`
	Name     string             `json:"name"`
	Attrs    attributes         `json:"attrs"`
	Start    []float64          `json:"start"`
	Grads    [][]float64        `json:"grads"`
	Params   [][]float64        `json:"params"`
	GradsIn  []reference.Tensor `json:"grads_in"`
	GradsOut []reference.Tensor `json:"grads_out"`
	Norm     float64            `json:"norm"`
}

type attributes struct {
	LR          float64    `json:"lr"`
	Momentum    float64    `json:"momentum"`
	Dampening   float64    `json:"dampening"`
	Nesterov    bool       `json:"nesterov"`
	WeightDecay float64    `json:"weight_decay"`
	Betas       [2]float64 `json:"betas"`
	Eps         float64    `json:"eps"`
	AMSGrad     bool       `json:"amsgrad"`
	MaxNorm     float64    `json:"max_norm"`
}

// TestReference compares optimizers with trajectories that PyTorch computed, of this
// package's file and of the directory that the environment adds.
func TestReference(t *testing.T) {
	t.Run("own", func(t *testing.T) { runReference(t, os.DirFS("testdata")) })
	if dir := os.Getenv(reference.Environment); dir != "" {
		t.Run("environment", func(t *testing.T) { runReference(t, os.DirFS(dir)) })
	}
}

func runReference(t *testing.T, dir fs.FS) {
	passed, failed, skipped := 0, 0, 0
	for c := range trajectories(t, dir, "optim.jsonl.gz") {
		check := checkOf(c)
		switch {
		case check == nil:
			skipped++
		case t.Run(c.Name, check):
			passed++
		default:
			failed++
		}
	}
	t.Logf("optim.jsonl.gz: %d passed, %d failed, %d skipped for want of the optimizer", passed, failed, skipped)
	if passed == 0 {
		t.Error("no case was checked")
	}
}

func trajectories(t *testing.T, dir fs.FS, path string) iter.Seq[*trajectory] {
	t.Helper()
	return func(yield func(*trajectory) bool) {
		f, err := dir.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		unzipped, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(unzipped)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			c := &trajectory{}
			if err := json.Unmarshal(lines.Bytes(), c); err != nil {
				t.Fatal(err)
			}
			if !yield(c) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// checkOf is the test of a case, nil if there is no such optimizer.
func checkOf(c *trajectory) func(t *testing.T) {
	a := c.Attrs
	adam := optim.AdamConfig{LR: a.LR, Betas: a.Betas, Eps: a.Eps, WeightDecay: a.WeightDecay}
	switch {
	case a.AMSGrad:
		return nil
	case c.Op == "adam":
		return follow(c, func(params iter.Seq2[string, autograd.Variable]) optim.Optimizer { return optim.NewAdam(params, adam) })
	case c.Op == "adamw":
		return follow(c, func(params iter.Seq2[string, autograd.Variable]) optim.Optimizer { return optim.NewAdamW(params, adam) })
	case c.Op == "sgd":
		return follow(c, func(params iter.Seq2[string, autograd.Variable]) optim.Optimizer {
			return optim.NewSGD(params, optim.SGDConfig{
				LR: a.LR, Momentum: a.Momentum, Dampening: a.Dampening, Nesterov: a.Nesterov, WeightDecay: a.WeightDecay,
			})
		})
	case c.Op == "clip_grad_norm":
		return clip(c)
	}
	return nil
}

// follow steps along a trajectory.
func follow(c *trajectory, make func(iter.Seq2[string, autograd.Variable]) optim.Optimizer) func(*testing.T) {
	return func(t *testing.T) {
		w := autograd.Parameter(autograd.New(c.Start))
		optimizer := make(named(w))
		tape := autograd.NewTape(autograd.TapeConfig{})
		for i, grad := range c.Grads {
			optimizer.Step(gradients(tape, []autograd.Variable{w}, grad))
			tape.Reset()
			compare(t, w.Float64s(), c.Params[i])
			if t.Failed() {
				t.Fatalf("at step %d", i)
			}
		}
	}
}

// clip clips gradients.
func clip(c *trajectory) func(*testing.T) {
	return func(t *testing.T) {
		var ws []autograd.Variable
		var values [][]float64
		for _, g := range c.GradsIn {
			v := g.Variable(autograd.Float64)
			ws = append(ws, autograd.Parameter(v))
			values = append(values, v.Float64s())
		}
		grads := gradients(autograd.NewTape(autograd.TapeConfig{}), ws, values...)
		compare(t, []float64{optim.ClipGradNorm(grads, c.Attrs.MaxNorm)}, []float64{c.Norm})
		for i, want := range c.GradsOut {
			compare(t, grads.Of(ws[i]).Float64s(), want.Variable(autograd.Float64).Float64s())
		}
	}
}

// named yields parameters with names.
func named(ws ...autograd.Variable) iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for i, w := range ws {
			if !yield(string(rune('a'+i)), w) {
				return
			}
		}
	}
}

// gradients is a backward pass in which ws have the given gradients.
func gradients(tape *autograd.Tape, ws []autograd.Variable, values ...[]float64) autograd.Gradients {
	loss := tape.Const(autograd.Zeros(ws[0].DType()))
	for i, w := range ws {
		g := autograd.New(values[i]).Reshape(w.Shape()...).AsType(w.DType())
		loss = loss.Add(tape.Const(g).Mul(w).Sum())
	}
	return loss.Backward()
}

func compare(t *testing.T, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= referenceTolerance*max(1, math.Abs(want[i]))) {
			t.Errorf("number %d is %v, want %v", i, got[i], want[i])
		}
	}
}
