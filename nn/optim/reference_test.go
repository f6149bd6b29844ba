package optim

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

const referenceTolerance = 1e-12

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

// attributes are the arguments of an optimizer. A number that is missing is 0, PyTorch's
// default; 0 that is given is None.
type attributes struct {
	LR            float64    `json:"lr"`
	Momentum      float64    `json:"momentum"`
	Dampening     float64    `json:"dampening"`
	Nesterov      bool       `json:"nesterov"`
	WeightDecay   float64    `json:"weight_decay"`
	Betas         [2]float64 `json:"betas"`
	Eps           float64    `json:"eps"`
	AMSGrad       bool       `json:"amsgrad"`
	Alpha         float64    `json:"alpha"`
	Centered      bool       `json:"centered"`
	Rho           float64    `json:"rho"`
	MomentumDecay float64    `json:"momentum_decay"`
	MaxNorm       float64    `json:"max_norm"`

	LRDecay            float64 `json:"lr_decay"`
	InitialAccumulator float64 `json:"initial_accumulator_value"`
}

func (a *attributes) UnmarshalJSON(text []byte) error {
	var given map[string]any
	if err := json.Unmarshal(text, &given); err != nil {
		return err
	}
	for name, x := range given {
		if x == 0.0 {
			given[name] = None
		}
	}
	text, err := json.Marshal(given)
	if err != nil {
		return err
	}
	type plain attributes
	return json.Unmarshal(text, (*plain)(a))
}

// scheduleCase is a case: the learning rate of each step.
type scheduleCase struct {
	Op     string             `json:"op"`
	Name   string             `json:"name"`
	Attrs  scheduleAttributes `json:"attrs"`
	LRs    []float64          `json:"lrs"`
	Metric []float64          `json:"metric"`
}

type scheduleAttributes struct {
	BaseLR         float64 `json:"base_lr"`
	StepSize       int     `json:"step_size"`
	Gamma          float64 `json:"gamma"`
	Milestones     []int   `json:"milestones"`
	TMax           int     `json:"t_max"`
	EtaMin         float64 `json:"eta_min"`
	T0             int     `json:"t_0"`
	TMult          int     `json:"t_mult"`
	StartFactor    float64 `json:"start_factor"`
	EndFactor      float64 `json:"end_factor"`
	TotalIters     int     `json:"total_iters"`
	Power          float64 `json:"power"`
	MaxLR          float64 `json:"max_lr"`
	TotalSteps     int     `json:"total_steps"`
	PctStart       float64 `json:"pct_start"`
	DivFactor      float64 `json:"div_factor"`
	FinalDivFactor float64 `json:"final_div_factor"`
	Anneal         string  `json:"anneal"`
	Factor         float64 `json:"factor"`
	Patience       int     `json:"patience"`
	Threshold      float64 `json:"threshold"`
	ThresholdMode  string  `json:"threshold_mode"`
	Mode           string  `json:"mode"`
}

// TestReference compares optimizers and schedules with what PyTorch computed, of this
// package's files and of the directory that the environment adds.
func TestReference(t *testing.T) {
	own := os.DirFS("testdata")
	reference.Each(t, own, optimFile, func(t *testing.T, dir fs.FS) { runFile(t, dir, optimFile, (*trajectory).check) })
	reference.Each(t, own, schedulesFile, func(t *testing.T, dir fs.FS) { runFile(t, dir, schedulesFile, (*scheduleCase).check) })
}

const (
	optimFile     = "optim.jsonl.gz"
	schedulesFile = "schedules.jsonl.gz"
)

// errNoSuch is what the check of a case says for which there is no function.
var errNoSuch = errors.New("there is no such function")

// runFile checks every line of a file: all must pass.
func runFile[C any](t *testing.T, dir fs.FS, path string, check func(*C) error) {
	passed, failed, skipped := 0, 0, 0
	for c := range casesOf[C](t, dir, path) {
		switch err := check(c); {
		case err == nil:
			passed++
		case errors.Is(err, errNoSuch):
			skipped++
		default:
			failed++
			t.Errorf("%s: %v", path, err)
		}
	}
	t.Logf("%s: %d passed, %d failed, %d skipped", path, passed, failed, skipped)
	if passed == 0 || skipped > 0 {
		t.Errorf("%s: %d cases passed and %d were skipped, want all to pass", path, passed, skipped)
	}
}

func casesOf[C any](t *testing.T, dir fs.FS, path string) iter.Seq[*C] {
	t.Helper()
	return func(yield func(*C) bool) {
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
			c := new(C)
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

// check compares a case with what this package computes.
func (c *trajectory) check() error {
	if c.Op == "clip_grad_norm" {
		return c.checkClipping()
	}
	for _, o := range table {
		if o.reference == c.Op {
			return c.follow(o.config(c.Attrs))
		}
	}
	return fmt.Errorf("%s: %w", c.Name, errNoSuch)
}

// follow steps along a trajectory, each step from where PyTorch is.
func (c *trajectory) follow(make maker) error {
	w := autograd.Parameter(autograd.New(c.Start))
	optimizer := make(named(w))
	tape := autograd.NewTape(autograd.TapeConfig{})
	for i, grad := range c.Grads {
		optimizer.Step(gradients(tape, []autograd.Variable{w}, grad))
		tape.Reset()
		want := c.Params[i]
		if c.Op == "nadam" {
			want = c.nadamMended(i, maps.Collect(optimizer.State()))
		}
		err := compare(w.Float64s(), want)
		copy(w.Float64s(), c.Params[i])
		if err != nil {
			return fmt.Errorf("%s: step %d: %w", c.Name, i, err)
		}
	}
	return nil
}

// nadamMended is the parameters after a step as the formula of NAdam in PyTorch's own
// documentation has them. The release that computed the cases, 1.13, has the products of
// momenta in float32, and multiplies that up to μ(t+1) by μ(t) once too often, which later
// releases do not.
func (c *trajectory) nadamMended(step int, state map[string]autograd.Variable) []float64 {
	a, t := c.Attrs, float64(step+1)
	momentum := func(t float64) float64 { return a.Betas[0] * (1 - 0.5*math.Pow(0.96, t*a.MomentumDecay)) }
	product, narrow := 1.0, float32(1)
	for i := range step + 1 {
		mu := momentum(float64(i + 1))
		product *= mu
		narrow *= float32(mu)
	}
	mu, next := momentum(t), momentum(t+1)
	gradRate := (1 - mu) * (1/(1-float64(narrow)) - 1/(1-product))
	narrow *= float32(mu)
	narrow *= float32(next)
	momentRate := next * (1/(1-float64(narrow)) - 1/(1-product*next))

	m, v := state["a.exp_avg"].Float64s(), state["a.exp_avg_sq"].Float64s()
	mended := slices.Clone(c.Params[step])
	for i := range mended {
		denominator := math.Sqrt(v[i]/(1-math.Pow(a.Betas[1], t))) + a.Eps
		mended[i] += a.LR * (gradRate*c.Grads[step][i] + momentRate*m[i]) / denominator
	}
	return mended
}

// checkClipping clips gradients.
func (c *trajectory) checkClipping() error {
	var ws []autograd.Variable
	var values [][]float64
	for _, g := range c.GradsIn {
		v := g.Variable(autograd.Float64)
		ws = append(ws, autograd.Parameter(v))
		values = append(values, v.Float64s())
	}
	grads := gradients(autograd.NewTape(autograd.TapeConfig{}), ws, values...)
	err := compare([]float64{ClipGradNorm(grads, c.Attrs.MaxNorm)}, []float64{c.Norm})
	for i, want := range c.GradsOut {
		err = errors.Join(err, compare(grads.Of(ws[i]).Float64s(), want.Variable(autograd.Float64).Float64s()))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

// check compares a case with what this package computes.
func (c *scheduleCase) check() error {
	got, err := c.rates()
	if err == nil {
		err = compare(got, c.LRs)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

// rates is the learning rates of a case as this package has them.
func (c *scheduleCase) rates() ([]float64, error) {
	a := c.Attrs
	base := a.BaseLR
	if a.MaxLR != 0 {
		base = a.MaxLR
	}
	group := &Group{LR: base, Factor: 1}
	rates := make([]float64, len(c.LRs))
	if c.Op == "reduce_on_plateau" {
		plateau := NewPlateau(PlateauConfig{
			Factor: a.Factor, Patience: a.Patience, Threshold: a.Threshold, Absolute: a.ThresholdMode == "abs", Maximize: a.Mode == "max",
		})
		for i := range rates {
			rates[i] = group.Rate()
			plateau.Observe(c.Metric[i])
			plateau.Set(group)
		}
		return rates, nil
	}
	for _, s := range schedules {
		if s.reference == c.Op {
			schedule := s.read(a)
			for i := range rates {
				schedule.Set(i, group)
				rates[i] = group.Rate()
			}
			return rates, nil
		}
	}
	return nil, errNoSuch
}

// A number that is wrong by a millionth does not pass.
func TestReferenceNoticesErrors(t *testing.T) {
	const off = 1 + 1e-6
	for c := range casesOf[trajectory](t, os.DirFS("testdata"), optimFile) {
		if c.Op == "clip_grad_norm" {
			c.Norm *= off
		} else {
			last := c.Params[len(c.Params)-1]
			at := 0
			for i, x := range last {
				if math.Abs(x) > math.Abs(last[at]) {
					at = i
				}
			}
			last[at] *= off
		}
		if c.check() == nil {
			t.Errorf("%s: a wrong number passed", c.Name)
		}
	}
	for c := range casesOf[scheduleCase](t, os.DirFS("testdata"), schedulesFile) {
		c.LRs[len(c.LRs)/2] *= off
		if c.check() == nil {
			t.Errorf("%s: a wrong number passed", c.Name)
		}
	}
}

// Every optimizer is compared with PyTorch or with the formula written down again.
func TestByHand(t *testing.T) {
	referenced := map[string]bool{}
	for c := range casesOf[trajectory](t, os.DirFS("testdata"), optimFile) {
		referenced[c.Op] = true
	}
	for _, o := range table {
		if !referenced[o.reference] && len(o.byHand) == 0 {
			t.Errorf("%s has no case of PyTorch's and no steps by hand", o.constructor)
		}
		for variant, step := range o.byHand {
			w := autograd.Parameter(autograd.New([]float64{1, -2, 0.5}))
			want := w.Floats()
			optimizer := o.variants[variant](named(w))
			for i, grad := range [][]float64{{1, 0.1, -3}, {-0.5, 0.2, 1}, {0, -1, 2}, {0.25, 0.25, -0.25}} {
				step(want, grad)
				optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, grad))
				if err := compare(w.Float64s(), want); err != nil {
					t.Errorf("%s %s: step %d: %v", o.constructor, variant, i, err)
				}
			}
		}
	}
}

// Adafactor takes the last two axes for a matrix, and counts matrices along those before.
func TestAdafactorOfMatrices(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][]int{{3, 4}, {1, 5}, {5, 1}, {1, 1}, {2, 3, 4}, {2, 1, 3, 2}} {
		w := autograd.Parameter(autograd.Normal(rng, autograd.Float64, 0, 1, shape...))
		want := w.Floats()
		rows, cols := shape[len(shape)-2], shape[len(shape)-1]
		config := AdafactorConfig{WeightDecay: 0.1}
		optimizer, byHand := NewAdafactor(named(w), config), adafactorByHand(config.resolve("test"), len(want)/(rows*cols), rows, cols)
		for step := range 4 {
			grad := autograd.Normal(rng, autograd.Float64, 0, 1, len(want)).Float64s()
			optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, grad))
			byHand(want, grad)
			if err := compare(w.Floats(), want); err != nil {
				t.Errorf("%v, step %d: %v", shape, step, err)
			}
		}
	}
}

// Weight decay is what the row of an optimizer says.
func TestWeightDecay(t *testing.T) {
	const lambda = 0.125
	for _, o := range table {
		for variant, make := range o.variants {
			if o.decay == otherDecay {
				continue
			}
			start := []float64{1, -2, 0.5}
			w, v := autograd.Parameter(autograd.New(start)), autograd.Parameter(autograd.New(start))
			with, without := make(named(w)), make(named(v))
			with.Groups()[0].WeightDecay, without.Groups()[0].WeightDecay = lambda, 0
			for i, grad := range [][]float64{{1, 0.1, -3}, {-0.5, 0.2, 1}, {0, -1, 2}} {
				with.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, grad))
				for k, x := range v.Float64s() {
					if o.decay == penalty {
						grad[k] += lambda * x
					} else {
						v.Float64s()[k] -= with.Groups()[0].Rate() * lambda * x
					}
				}
				without.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{v}, grad))
				if err := compare(w.Float64s(), v.Float64s()); err != nil {
					t.Errorf("%s %s: step %d: %v", o.constructor, variant, i, err)
				}
			}
		}
	}
}

func TestSchedules(t *testing.T) {
	for _, s := range schedules {
		for step, want := range s.want {
			if err := compare([]float64{s.schedule(step)}, []float64{want}); err != nil {
				t.Errorf("%s: step %d: %v", s.constructor, step, err)
			}
		}
	}
}

// compare returns an error unless numbers are as they should be.
func compare(got, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d numbers, want %d", len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= referenceTolerance*max(1, math.Abs(want[i]))) {
			return fmt.Errorf("number %d is %v, want %v", i, got[i], want[i])
		}
	}
	return nil
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

// parameters are two parameters of float64 with one element each.
func parameters(a, b float64) (autograd.Variable, autograd.Variable) {
	return autograd.Parameter(autograd.New([]float64{a})), autograd.Parameter(autograd.New([]float64{b}))
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
