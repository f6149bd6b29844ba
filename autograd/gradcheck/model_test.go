package gradcheck_test

import (
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// perceptron is a model: two layers with named parameters.
type perceptron struct {
	names  []string
	params variables
	act    func(x v) v
}

func newPerceptron(in, hidden, out int) *perceptron {
	rng := rand.New(rand.NewPCG(1, 7))
	m := &perceptron{names: []string{"0.weight", "0.bias", "1.weight", "1.bias"}, act: v.Tanh}
	for _, s := range [][]int{{hidden, in}, {hidden}, {out, hidden}, {out}} {
		m.params = append(m.params, autograd.Parameter(normal(rng, s...)))
	}
	return m
}

func (m *perceptron) Params() iter.Seq2[string, v] {
	return func(yield func(string, v) bool) {
		for i, w := range m.params {
			if !yield(m.names[i], w) {
				return
			}
		}
	}
}

func (m *perceptron) forward(x v) v {
	h := m.act(autograd.Linear(x, m.params[0], m.params[1]))
	return autograd.Linear(h, m.params[2], m.params[3])
}

// loss is the mean cross-entropy of a fixed batch.
func (m *perceptron) loss(tape *autograd.Tape, _ variables) v {
	x := normal(rand.New(rand.NewPCG(2, 7)), 5, m.params[0].Dim(1))
	return autograd.SoftmaxCrossEntropy(m.forward(tape.Const(x)), []int{0, 1, 2, 1, 0}).Mean()
}

// model is the perceptron with a loss of its parameters.
func (m *perceptron) model(loss func(*autograd.Tape, variables) v) gradcheck.Model {
	return gradcheck.Model{Params: m.Params(), Forward: loss}
}

func (m *perceptron) values() [][]float64 {
	var values [][]float64
	for _, w := range m.params {
		values = append(values, w.Floats())
	}
	return values
}

func TestCheckModel(t *testing.T) {
	for _, test := range []struct {
		name    string
		hidden  int
		config  gradcheck.Config
		checked int
	}{
		{"full", 6, gradcheck.Config{}, 4*6 + 6 + 6*3 + 3},
		{"second order", 3, gradcheck.Config{SecondOrder: true}, 27 + 27*28},
		{"fast", 6, gradcheck.Config{Mode: gradcheck.Fast}, 4*3 + 5 + 5 + 5 + 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newPerceptron(4, test.hidden, 3)
			before := m.values()
			report, err := gradcheck.CheckModel(m.model(m.loss), test.config)
			if err != nil {
				t.Fatal(err)
			}
			if report.Checked != test.checked || report.Unreliable != 0 {
				t.Errorf("expected %d derivatives checked: %v", test.checked, report)
			}
			if diff := cmp.Diff(before, m.values()); diff != "" {
				t.Errorf("parameters changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestCheckModelFindsTheParameter(t *testing.T) {
	wrong := &autograd.Function{
		Name:    "scale",
		Forward: func(xs variables) v { return xs[0].Mul(xs[1]) },
		VJP: func(xs variables, y, g v) variables {
			return variables{g.Mul(xs[1]), g.Mul(xs[0]).MulScalar(1.001)}
		},
	}
	for _, mode := range []gradcheck.Mode{gradcheck.Full, gradcheck.Fast} {
		t.Run(mode.String(), func(t *testing.T) {
			m := newPerceptron(4, 6, 3)
			m.names = append(m.names, "scale")
			m.params = append(m.params, autograd.Parameter(autograd.Full(autograd.Float64, 0.7, 5, 6)))
			m.act = func(x v) v { return wrong.Apply(x.Sigmoid(), m.params[4]) }
			before := m.values()
			report, err := gradcheck.CheckModel(m.model(m.loss), gradcheck.Config{Mode: mode})
			checkCaught(t, report, err)
			for _, e := range report.WrongEntries {
				if e.Input != "scale" || e.InputNumber != 4 {
					t.Errorf("%s is said to be wrong", e.Input)
				}
			}
			if !strings.Contains(err.Error(), "the gradient of scale is 1.001 times what it should be") {
				t.Errorf("the report does not say what is wrong: %v", err)
			}
			if diff := cmp.Diff(before, m.values()); diff != "" {
				t.Errorf("parameters changed (-before +after):\n%s", diff)
			}
		})
	}
}

// Random numbers from the tape, as of dropout, are the same in every run.
func TestCheckModelWithTapeRandomness(t *testing.T) {
	m := newPerceptron(4, 6, 3)
	trained := 0
	m.act = func(x v) v {
		if x.Tape().Training() {
			trained++
		}
		return x.Tanh().Mul(autograd.Uniform(x.Tape().Rand(), autograd.Float64, 0, 1, x.Shape()...))
	}
	config := gradcheck.Config{Tape: autograd.TapeConfig{Training: true, Seed: 3}}
	if _, err := gradcheck.CheckModel(m.model(m.loss), config); err != nil {
		t.Fatal(err)
	}
	if trained == 0 {
		t.Error("the tape config were not used")
	}
}

func TestCheckModelRestoresAfterPanic(t *testing.T) {
	m := newPerceptron(4, 6, 3)
	before := m.values()
	calls := 0
	defer func() {
		if recover() != "enough" {
			t.Error("expected the panic to pass through")
		}
		if diff := cmp.Diff(before, m.values()); diff != "" {
			t.Errorf("parameters changed (-before +after):\n%s", diff)
		}
	}()
	_, err := gradcheck.CheckModel(m.model(func(tape *autograd.Tape, xs variables) v {
		if calls++; calls > 10 {
			panic("enough")
		}
		return m.loss(tape, xs)
	}), gradcheck.Config{})
	t.Errorf("returned %v", err)
}

func TestCheckModelRestoresWhatTheLossModifies(t *testing.T) {
	m := newPerceptron(4, 6, 3)
	before := m.values()
	report, err := gradcheck.CheckModel(m.model(func(tape *autograd.Tape, xs variables) v {
		m.params[3].Float64s()[1] += 1
		return m.loss(tape, xs)
	}), gradcheck.Config{})
	checkCaught(t, report, err)
	checkProperty(t, report, gradcheck.Unmodified)
	if diff := cmp.Diff(before, m.values()); diff != "" {
		t.Errorf("parameters changed (-before +after):\n%s", diff)
	}
}

func TestCheckModelRefuses(t *testing.T) {
	m := newPerceptron(4, 6, 3)
	recorded := newPerceptron(4, 6, 3)
	recorded.params[2] = autograd.NewTape(autograd.TapeConfig{}).Const(recorded.params[2])
	unusable := m.model(m.loss)
	unusable.Inputs = variables{{}}
	for _, test := range []struct {
		name   string
		model  gradcheck.Model
		config gradcheck.Config
		says   string
	}{
		{"recorded parameter", recorded.model(recorded.loss), gradcheck.Config{}, "1.weight is not a constant or parameter outside any tape"},
		{"recorded buffer", gradcheck.Model{Buffers: recorded.Params(), Forward: m.loss}, gradcheck.Config{}, "1.weight is not a constant or parameter outside any tape"},
		{"constant loss", m.model(func(*autograd.Tape, variables) v { return autograd.Scalar(1.0) }), gradcheck.Config{}, "depends neither on the parameters nor"},
		{"loss that panics", m.model(func(tape *autograd.Tape, _ variables) v { return m.forward(tape.Const(m.params[1])) }), gradcheck.Config{}, "computing the function"},
		{"bad option", m.model(m.loss), gradcheck.Config{Step: -1}, "Config.Step"},
		{"no function", m.model(nil), gradcheck.Config{}, "Model.Forward is nil"},
		{"unusable input", unusable, gradcheck.Config{}, "x is not a usable Variable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := gradcheck.CheckModel(test.model, test.config)
			if report != nil || err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got report %v and error %v, expected an error with %q", report, err, test.says)
			}
		})
	}
}

// gate is a layer of float32 with a buffer: σ(2x·wᵀ)·buffer − y, or with one deliberate mistake.
func gate(factor float64) (m gradcheck.Model, w, buffer v) {
	rng := rand.New(rand.NewPCG(3, 7))
	random := func(shape ...int) v { return autograd.Normal(rng, autograd.Float32, 0, 1, shape...) }
	w, buffer = autograd.Parameter(random(3, 2)), random(3)
	scale := &autograd.Function{
		Name:    "scale",
		Forward: func(xs variables) v { return xs[0].MulScalar(2) },
		VJP:     func(xs variables, y, g v) variables { return variables{g.MulScalar(2 * factor)} },
	}
	all := func(name string, vs ...v) iter.Seq2[string, v] {
		return func(yield func(string, v) bool) {
			for _, v := range vs {
				if !yield(name, v) {
					return
				}
			}
		}
	}
	return gradcheck.Model{
		Params:  all("weight", w, w), // tied
		Buffers: all("buffer", buffer),
		Inputs:  variables{random(4, 2)},
		Data:    variables{random(4, 3)},
		Forward: func(_ *autograd.Tape, xs variables) v {
			return scale.Apply(xs[0]).MatMul(w.T()).Sigmoid().Mul(buffer).Sub(xs[1])
		},
	}, w, buffer
}

func TestCheckModelOfParametersAlone(t *testing.T) {
	m := newPerceptron(2, 2, 3)
	square := m.params[0].Square()
	check := func(forward func(*autograd.Tape, variables) v) (*gradcheck.Report, error) {
		return gradcheck.CheckModel(m.model(forward), gradcheck.Config{SecondOrder: true})
	}
	if _, err := check(func(*autograd.Tape, variables) v { return m.params[0].Square().Exp().Sum() }); err != nil {
		t.Error(err)
	}
	// One that was computed before does not change with the parameters.
	report, err := check(func(*autograd.Tape, variables) v { return square.Exp().Sum() })
	checkCaught(t, report, err)
}

func TestCheckModelOfFloat32(t *testing.T) {
	m, w, buffer := gate(1)
	before, memory := append(w.Floats(), buffer.Floats()...), &w.Float32s()[0]
	report, err := gradcheck.CheckModel(m, gradcheck.Config{SecondOrder: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := 12 * (6 + 8); report.Checked < want || report.Unreliable != 0 {
		t.Errorf("expected at least %d derivatives checked: %v", want, report)
	}
	if diff := cmp.Diff(before, append(w.Floats(), buffer.Floats()...)); diff != "" || w.DType() != autograd.Float32 || &w.Float32s()[0] != memory {
		t.Errorf("the model is not as it was: %v, %s", w.DType(), diff)
	}

	m, w, _ = gate(1.001)
	report, err = gradcheck.CheckModel(m, gradcheck.Config{})
	checkCaught(t, report, err)
	for _, e := range report.WrongEntries {
		if e.Input != "x" {
			t.Errorf("%s is said to be wrong", e.Input)
		}
	}
	if w.DType() != autograd.Float32 {
		t.Errorf("after an error the weight is of %v", w.DType())
	}
}

func TestTestModel(t *testing.T) {
	m, _, _ := gate(1)
	gradcheck.TestModel(t, gradcheck.Config{}, m)
	m, _, _ = gate(2)
	var failed recorder
	gradcheck.TestModel(&failed, gradcheck.Config{}, m)
	if !strings.Contains(failed.failed, "wrong") {
		t.Error("a wrong layer passes")
	}
}
