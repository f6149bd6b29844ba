package nn_test

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// counted has a part of each kind, and one that is absent.
type counted struct {
	weight, mean, absent autograd.Variable
	steps                int64
	inner                *nn.Linear
	none                 *nn.Linear
}

func newCounted(seed uint64) *counted {
	rng := newRand(seed)
	return &counted{
		weight: autograd.Parameter(autograd.Normal(rng, autograd.Float32, 0, 1, 3)),
		mean:   autograd.Normal(rng, autograd.Float32, 0, 1, 2),
		steps:  int64(seed) << 40,
		inner:  nn.NewLinear(rng, 2, 1, nn.LinearConfig{}),
	}
}

func (c *counted) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Weight("weight", c.weight), nn.Weight("absent", c.absent), nn.Buffer("mean", c.mean),
		nn.Counter("steps", &c.steps), nn.Sub("inner", c.inner), nn.Sub("none", c.none))
}

func (c *counted) Forward(x autograd.Variable) autograd.Variable { return x }

func names[T any](parts iter.Seq2[string, T]) []string {
	var list []string
	for name := range parts {
		list = append(list, name)
	}
	return list
}

func TestWalk(t *testing.T) {
	shared := nn.NewLinear(newRand(1), 2, 2, nn.LinearConfig{NoBias: true})
	model := nn.Sequential{newCounted(1), nn.Sequential{shared, nn.ReLU{}, shared}}
	for _, test := range []struct {
		name      string
		got, want []string
	}{
		{"Walk", names(nn.Walk(model)), []string{"", "0", "0.weight", "0.mean", "0.steps", "0.inner", "0.inner.weight", "0.inner.bias",
			"1", "1.0", "1.0.weight", "1.1", "1.2", "1.2.weight"}},
		{"Params", names(nn.Params(model)), []string{"0.weight", "0.inner.weight", "0.inner.bias", "1.0.weight", "1.2.weight"}},
		{"Buffers", names(nn.Buffers(model)), []string{"0.mean"}},
		{"Counters", names(nn.Counters(model)), []string{"0.steps"}},
		{"Modules", names(nn.Modules(model)), []string{"", "0", "0.inner", "1", "1.0", "1.1", "1.2"}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if got := nn.NumParams(model); got != 3+3+4 {
		t.Errorf("%d parameters: what is shared counts once", got)
	}
	for name := range nn.Walk(model) { // may be left
		if name == "0.inner.weight" {
			break
		}
	}
}

// knot is a module that may be part of itself.
type knot struct{ parts []nn.NamedPart }

func (k *knot) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(k.parts...) }

// untold is a module that cannot be told from others like it.
type untold struct{ inner []nn.Module }

func (u untold) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("inner", u.inner[0])) }

func TestWalkRefuses(t *testing.T) {
	self := &knot{}
	self.parts = []nn.NamedPart{nn.Sub("a", &knot{parts: []nn.NamedPart{nn.Sub("b", self)}})}
	list := nn.Sequential{nil}
	list[0] = list
	endless := untold{make([]nn.Module, 1)}
	endless.inner[0] = endless
	for _, test := range []struct {
		name  string
		model nn.Module
		says  string
	}{
		{"nil", nil, "the module is nil"},
		{"nil pointer", (*nn.Linear)(nil), "the module is nil"},
		{"nil layer", nn.Sequential{nn.Sequential{nn.ReLU{}, nil}}, `"0.1" of the module is nil`},
		{"nil pointer in a Sequential", nn.Sequential{(*nn.Linear)(nil)}, `"0" of the module is nil`},
		{"cycle", self, `"a.b" of the module is part of itself`},
		{"cycle of slices", list, `"0" of the module is part of itself`},
		{"cycle without identity", endless, `.inner" of the module is part of itself`},
		{"two things at once", &knot{parts: []nn.NamedPart{{"x", nn.Part{Param: autograd.Scalar(1.), Counter: new(int64)}}}}, `"x" of the module is several things`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var valueError *autograd.ValueError
			err := autograd.Try(func() { names(nn.Params(test.model)) })
			if !errors.As(err, &valueError) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
			if err := nn.Save(failingWriter{}, test.model, nn.SaveConfig{}); !errors.As(err, &valueError) {
				t.Errorf("Save returned %v", err)
			}
		})
	}
}

// A module twice within another is no cycle, also where it cannot be told from others.
func TestWalkAllowsSharing(t *testing.T) {
	shared := &knot{parts: []nn.NamedPart{nn.Weight("w", autograd.Parameter(autograd.Scalar(1.)))}}
	if diff := cmp.Diff([]string{"a.w", "b.inner.w"}, names(nn.Params(&knot{parts: []nn.NamedPart{
		nn.Sub("a", shared), nn.Sub("b", untold{[]nn.Module{shared}}),
	}}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSaveBuffersAndCounters(t *testing.T) {
	model, other := newCounted(1), newCounted(2)
	file := saved(t, model, nil)
	info, err := nn.Inspect(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []nn.TensorInfo{{"steps", "I64", []int{}}, {"weight", "F32", []int{3}}, {"mean", "F32", []int{2}}, {"inner.weight", "F32", []int{1, 2}}, {"inner.bias", "F32", []int{1}}}
	if diff := cmp.Diff(want, info.Tensors); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
	if err := nn.Load(bytes.NewReader(file), other, nn.LoadConfig{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bitsOf(model), bitsOf(other)); diff != "" || other.steps != 1<<40 {
		t.Errorf("steps %d (-saved +loaded):\n%s", other.steps, diff)
	}
	// A float is no counter; an integer is a float if it is one exactly.
	float := &knot{parts: []nn.NamedPart{nn.Buffer("n", autograd.Scalar(float32(1)))}}
	counter := int64(1 << 24)
	integer := &knot{parts: []nn.NamedPart{nn.Counter("n", &counter)}}
	var mismatch *nn.MismatchError
	if err := nn.Load(bytes.NewReader(saved(t, float, nil)), integer, nn.LoadConfig{Convert: true}); !errors.As(err, &mismatch) || mismatch.Different == nil {
		t.Errorf("got %v", err)
	}
	for n, ok := range map[int64]bool{1 << 24: true, 1<<24 + 1: false, -1 << 63: false, 1<<63 - 1: false} {
		counter = n
		err := nn.Load(bytes.NewReader(saved(t, integer, nil)), float, nn.LoadConfig{Convert: true})
		if ok != (err == nil) || !ok && !strings.Contains(err.Error(), "cannot be float32 exactly") {
			t.Errorf("%d as float32: %v", n, err)
		}
	}
	if got := float.parts[0].Buffer.Floats()[0]; got != 1<<24 {
		t.Errorf("got %v", got)
	}
}

// tied is a model with one array under two names, and a counter too.
func tied(v float32) (*knot, autograd.Variable) {
	w, n := autograd.Parameter(autograd.New([]float32{v, v})), int64(v)
	return &knot{parts: []nn.NamedPart{nn.Weight("encoder", w), nn.Weight("decoder", w), nn.Counter("n", &n), nn.Counter("m", &n)}}, w
}

func untied(a, b float32, n, m int64) *knot {
	return &knot{parts: []nn.NamedPart{
		nn.Weight("encoder", autograd.New([]float32{a, a})), nn.Weight("decoder", autograd.New([]float32{b, b})), nn.Counter("n", &n), nn.Counter("m", &m),
	}}
}

func TestLoadTied(t *testing.T) {
	for _, test := range []struct {
		name string
		file nn.Module
		says string
	}{
		{"both", untied(5, 5, 5, 5), ""},
		{"the first", &knot{parts: slices.Delete(untied(5, 5, 5, 5).parts, 1, 2)}, ""},
		{"the second", &knot{parts: untied(5, 5, 5, 5).parts[1:]}, ""},
		{"none", &knot{parts: untied(5, 5, 5, 5).parts[2:]}, "missing: encoder, decoder"},
		{"different", untied(5, 6, 5, 5), "different: encoder and decoder differ"},
		{"counters", untied(5, 5, 5, 6), "different: n and m differ"},
	} {
		t.Run(test.name, func(t *testing.T) {
			model, w := tied(1)
			err := nn.Load(bytes.NewReader(saved(t, test.file, nil)), model, nn.LoadConfig{})
			var mismatch *nn.MismatchError
			switch got := w.Floats()[0]; {
			case test.says == "" && (err != nil || got != 5):
				t.Errorf("got %v, the weight is %v", err, got)
			case test.says != "" && (!errors.As(err, &mismatch) || !strings.Contains(err.Error(), test.says) || got != 1):
				t.Errorf("got %v, the weight is %v; expected %q", err, got, test.says)
			}
		})
	}
}
