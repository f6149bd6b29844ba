package attack_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/attack"
)

type v = autograd.Variable

// linear has logits x₀ − 2x₁ and 0: ∂L/∂x is along (−1, 2) for label 0, and along (1, −2) for
// label 1.
var linear = nn.Func(func(x v) v { return x.MatMul(autograd.New([]float64{1, 0, -2, 0, 0, 0}, 3, 2)) })

func ExampleFGSM() {
	x := autograd.New([]float64{0.9, 0.4, 0.5}, 1, 3)
	fmt.Println("class", linear.Forward(x).ArgMax(1)[0])
	attacked := attack.FGSM(linear, x, []int{0}, attack.FGSMConfig{Epsilon: 0.1, High: 1})
	fmt.Printf("class %d of %.1f\n", linear.Forward(attacked).ArgMax(1)[0], attacked.Floats())
	// Output:
	// class 0
	// class 1 of [0.8 0.5 0.5]
}

func ExamplePGD() {
	// A valley: class 0 is where |x₀| is small.
	model := nn.Func(func(x v) v { return autograd.Concat(1, x.Square().Neg(), x.MulScalar(0).SubScalar(0.5)) })
	x := autograd.New([]float64{0.1, -0.6}, 2, 1)
	attacked := attack.PGD(model, x, []int{0, 0}, attack.PGDConfig{Epsilon: 0.3})
	fmt.Printf("%.1f\n", attacked.Floats())
	// Output: [0.4 -0.9]
}

func TestFGSM(t *testing.T) {
	x := autograd.New([]float64{0.95, 0.4, 0.5, 0.02, 0.99, 0}, 2, 3)
	for _, c := range []struct {
		name   string
		config attack.FGSMConfig
		want   []float64
	}{
		{"no limits", attack.FGSMConfig{Epsilon: 0.1}, []float64{0.85, 0.5, 0.5, 0.12, 0.89, 0}},
		{"targeted", attack.FGSMConfig{Epsilon: 0.1, Targeted: true}, []float64{1.05, 0.3, 0.5, -0.08, 1.09, 0}},
		{"targeted, in a range", attack.FGSMConfig{Epsilon: 0.1, High: 1, Targeted: true}, []float64{1, 0.3, 0.5, 0, 1, 0}},
		{"nothing", attack.FGSMConfig{}, []float64{0.95, 0.4, 0.5, 0.02, 0.99, 0}},
	} {
		got := attack.FGSM(linear, x, []int{0, 1}, c.config)
		if diff := cmp.Diff(c.want, got.Floats(), cmpopts.EquateApprox(0, 1e-14)); diff != "" || got.Tape() != nil {
			t.Errorf("%s (-expected +got):\n%s", c.name, diff)
		}
	}
}

// PGD stays where it may be, makes the loss greater than FGSM does, is decided by the seed, and
// leaves x and the model as they are.
func TestPGD(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	model := nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{20, 32, 32, 4}})
	x := autograd.Uniform(rng, autograd.Float32, 0, 1, 50, 20)
	before := x.Floats()
	labels := model.Forward(x).ArgMax(1)
	loss := func(x v) float64 { return autograd.SoftmaxCrossEntropy(model.Forward(x), labels).Mean().Item() }

	config := attack.PGDConfig{Epsilon: 0.1, High: 1, Steps: 20}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	got := attack.PGD(model, tape.Const(x), labels, config)
	for i, e := range got.Floats() {
		if math.Abs(e-before[i]) > 0.1+1e-6 || e < 0 || e > 1 {
			t.Fatalf("element %d went from %v to %v", i, before[i], e)
		}
	}
	fgsm := attack.FGSM(model, x, labels, attack.FGSMConfig{Epsilon: 0.1, High: 1})
	t.Logf("the loss is %.3f; after FGSM %.3f, after PGD %.3f", loss(x), loss(fgsm), loss(got))
	if !(loss(got) > loss(fgsm) && loss(fgsm) > loss(x)+0.05) {
		t.Errorf("the loss is %v; after FGSM %v, after PGD %v", loss(x), loss(fgsm), loss(got))
	}
	if !slices.Equal(before, x.Floats()) {
		t.Error("x was changed")
	}
	again := attack.PGD(model, x, labels, config)
	config.Seed = 1
	other := attack.PGD(model, x, labels, config)
	if !slices.Equal(got.Floats(), again.Floats()) || slices.Equal(got.Floats(), other.Floats()) {
		t.Error("the seed does not decide where it begins")
	}
	// One step from x as far as it may go is FGSM.
	one := attack.PGD(model, x, labels, attack.PGDConfig{Epsilon: 0.1, High: 1, Steps: 1, StepSize: 0.1, NoRandomStart: true})
	if !slices.Equal(one.Floats(), fgsm.Floats()) {
		t.Error("one step is not FGSM")
	}
}

func TestMistakes(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3}, 1, 3)
	for _, c := range []struct {
		name string
		f    func()
		want any
	}{
		{"no model", func() { attack.FGSM(nil, x, []int{0}, attack.FGSMConfig{}) }, &autograd.ValueError{}},
		{"epsilon", func() { attack.FGSM(linear, x, []int{0}, attack.FGSMConfig{Epsilon: -1}) }, &autograd.ValueError{}},
		{"range", func() { attack.PGD(linear, x, []int{0}, attack.PGDConfig{Low: 1}) }, &autograd.ValueError{}},
		{"steps", func() { attack.PGD(linear, x, []int{0}, attack.PGDConfig{Steps: -1}) }, &autograd.ValueError{}},
		{"step size", func() { attack.PGD(linear, x, []int{0}, attack.PGDConfig{StepSize: math.NaN()}) }, &autograd.ValueError{}},
		{"labels", func() { attack.PGD(linear, x, []int{0, 1}, attack.PGDConfig{}) }, &autograd.ShapeError{}},
		{"a label", func() { attack.FGSM(linear, x, []int{2}, attack.FGSMConfig{}) }, &autograd.IndexError{}},
		{"no gradient", func() { attack.FGSM(nn.Func(v.Detach), x, []int{0}, attack.FGSMConfig{}) }, &autograd.TapeError{}},
	} {
		err := autograd.Try(c.f)
		found := false
		for e := err; e != nil; e = errors.Unwrap(e) {
			found = found || reflect.TypeOf(e) == reflect.TypeOf(c.want)
		}
		if !found {
			t.Errorf("%s: %T %v, expected a %T", c.name, err, err, c.want)
		}
	}
}
