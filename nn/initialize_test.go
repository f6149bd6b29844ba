package nn_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// drawn is an array of the given shape that f has set.
func drawn(f nn.Initializer, shape ...int) v {
	w := autograd.Parameter(autograd.Full(double, math.NaN(), shape...))
	f(newRand(4), w, 1, 1)
	return w.Detach()
}

// Rows, or columns where there are fewer, are orthogonal and have the length asked for.
func TestOrthogonal(t *testing.T) {
	const gain = 1.5
	for _, shape := range [][]int{{4, 4}, {3, 7}, {7, 3}, {4, 2, 3, 3}, {9, 2, 2}, {1, 5}, {5, 1}} {
		w := drawn(nn.Orthogonal(gain), shape...).Flatten(1)
		if w.Dim(0) > w.Dim(1) {
			w = w.Transpose(0, 1)
		}
		want := autograd.Eye(double, w.Dim(0)).MulScalar(gain * gain)
		if diff := cmp.Diff(want.Floats(), w.MatMul(w.Transpose(0, 1)).Floats(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%v: products of rows (-want +got):\n%s", shape, diff)
		}
	}
	// All directions are equally likely: the first element of a unit vector of three is
	// uniform (Archimedes), which a QR decomposition without signs is not.
	const n = 4000
	rng, positive, outer := newRand(5), 0, 0
	w := autograd.Parameter(autograd.Zeros(double, 3, 3))
	for range n {
		nn.Orthogonal(1)(rng, w, 3, 3)
		if x := w.At(0, 0); x > 0 {
			positive++
			if x > 0.5 {
				outer++
			}
		}
	}
	if p := binomialTail(n, positive, 0.5); p < 1e-6 {
		t.Errorf("%d of %d first elements are positive", positive, n)
	}
	if p := binomialTail(n, outer, 0.25); p < 1e-6 {
		t.Errorf("%d of %d first elements are above ½", outer, n)
	}
}

// binomialTail is about how likely it is to be as far from the mean as k of n are.
func binomialTail(n, k int, p float64) float64 {
	z := math.Abs(float64(k)-float64(n)*p) / math.Sqrt(float64(n)*p*(1-p))
	return 2 * distuv.UnitNormal.Survival(z)
}

// A convolution that was set by Dirac gives back the channels that it gets.
func TestDirac(t *testing.T) {
	x := autograd.Normal(newRand(1), double, 0, 1, 2, 4, 5, 5)
	for _, test := range []struct {
		out, groups int
		want        v
	}{
		{4, 1, x},
		{2, 1, x.Slice(1, 0, 2)},
		{6, 1, autograd.Concat(1, x, autograd.Zeros(double, 2, 2, 5, 5))},
		{4, 2, x},
		{2, 2, autograd.Concat(1, x.Slice(1, 0, 1), x.Slice(1, 2, 3))},
	} {
		c := nn.NewConv2d(newRand(1), 4, test.out, []int{3}, nn.ConvConfig{Same: true, Groups: test.groups, NoBias: true, Init: nn.Dirac(test.groups), DType: double})
		if diff := cmp.Diff(test.want.Floats(), c.Forward(x).Floats()); diff != "" {
			t.Errorf("%d channels in %d groups (-want +got):\n%s", test.out, test.groups, diff)
		}
	}
	if diff := cmp.Diff([]float64{1, 0, 0, 0, 1, 0}, drawn(nn.Eye, 2, 3).Floats()); diff != "" {
		t.Errorf("Eye (-want +got):\n%s", diff)
	}
}

// Each column has as many zeros as asked for.
func TestSparse(t *testing.T) {
	w := drawn(nn.Sparse(0.3, 1), 9, 5)
	for j := range 5 {
		zeros := 0
		for i := range 9 {
			if w.At(i, j) == 0 {
				zeros++
			}
		}
		if zeros != 3 { // ⌈2.7⌉
			t.Errorf("column %d has %d zeros, want 3", j, zeros)
		}
	}
}

// The distribution is that of the normal one within the bounds, also far from the mean.
func TestTruncatedNormal(t *testing.T) {
	for _, bounds := range [][2]float64{{-2, 2}, {-0.5, 3}, {4, 6}, {-9, -7}, {-40, 40}, {12, 13}} {
		w := drawn(nn.TruncatedNormal(1, 2, 1+2*bounds[0], 1+2*bounds[1]), 20000)
		// The mean by its formula, (φ(a) − φ(b))/(Φ(b) − Φ(a)), by sums over small steps.
		var mass, moment float64
		const steps = 100000
		nearest := max(0, bounds[0], -bounds[1]) // to the mean
		for i := range steps {
			z := bounds[0] + (bounds[1]-bounds[0])*(float64(i)+0.5)/steps
			density := math.Exp((nearest*nearest - z*z) / 2)
			mass, moment = mass+density, moment+density*z
		}
		want := 1 + 2*moment/mass
		if got := w.Mean().Item(); !(math.Abs(got-want) <= 5*w.Std(0).Item()/math.Sqrt(20000)) {
			t.Errorf("%v: the mean is %v, want %v", bounds, got, want)
		}
		if low, high := w.Min().Item(), w.Max().Item(); low < 1+2*bounds[0] || high > 1+2*bounds[1] {
			t.Errorf("%v: from %v to %v", bounds, low, high)
		}
	}
}

func TestInitializersRefuse(t *testing.T) {
	var shapeError *autograd.ShapeError
	for name, f := range map[string]func(){
		"a vector, Orthogonal":        func() { drawn(nn.Orthogonal(1), 3) },
		"a vector, Dirac":             func() { drawn(nn.Dirac(1), 3) },
		"groups of channels, Dirac":   func() { drawn(nn.Dirac(2), 3, 2) },
		"a kernel, Sparse":            func() { drawn(nn.Sparse(0.5, 1), 3, 2, 2) },
		"a vector, Eye":               func() { drawn(nn.Eye, 3) },
		"an array of three axes, Eye": func() { drawn(nn.Eye, 3, 1, 1) },
		"a scalar, Sparse":            func() { drawn(nn.Sparse(0.5, 1)) },
	} {
		if err := autograd.Try(f); !errors.As(err, &shapeError) {
			t.Errorf("%s: got %v, want a ShapeError", name, err)
		}
	}
	expectValueError(t, "Sparse", func() { nn.Sparse(1.5, 1) })
	expectValueError(t, "TruncatedNormal", func() { nn.TruncatedNormal(0, 0, -1, 1) })
	expectValueError(t, "TruncatedNormal", func() { nn.TruncatedNormal(0, 1, 1, 1) })
}

// Each parameter is set by the first rule that its name matches, with the fans of its shape.
func TestInitialize(t *testing.T) {
	shared := nn.NewLinear(newRand(1), 3, 3, nn.LinearConfig{})
	model := nn.ModuleMap[nn.Module]{
		"body":  nn.Sequential{nn.NewConv2d(newRand(1), 3, 4, []int{3, 5}, nn.ConvConfig{Groups: 1}), nn.NewBatchNorm2d(4, nn.BatchNormConfig{})},
		"head":  nn.Sequential{shared, nn.NewLSTM(newRand(1), 3, 2, nn.LSTMConfig{})},
		"other": shared,
	}
	type call struct {
		by            string
		fanIn, fanOut int
	}
	run := func(rules ...nn.InitRule) map[string]call {
		calls := map[string]call{}
		names := map[v]string{}
		for name, w := range nn.Params(model) {
			if names[w] == "" {
				names[w] = name
			}
		}
		for i, rule := range rules {
			rules[i].Init = func(_ *rand.Rand, w v, fanIn, fanOut int) {
				if _, ok := calls[names[w]]; ok {
					t.Errorf("%s was set twice", names[w])
				}
				calls[names[w]] = call{rule.Name, fanIn, fanOut}
			}
		}
		nn.Initialize(newRand(1), model, rules...)
		return calls
	}
	want := map[string]call{
		"body.0.weight":       {"body.?.weight", 45, 60},
		"body.0.bias":         {"**.bias", 45, 60},
		"body.1.weight":       {"body.?.weight", 4, 4},
		"body.1.bias":         {"**.bias", 4, 4},
		"head.0.weight":       {"head.0.*", 3, 3},
		"head.0.bias":         {"head.0.*", 3, 3},
		"head.1.weight_ih_l0": {"head.**.weight_[a-z]h_l?", 3, 8},
		"head.1.weight_hh_l0": {"head.**.weight_[a-z]h_l?", 2, 8},
	}
	got := run(nn.InitRule{Name: "head.0.*"}, nn.InitRule{Name: "body.?.weight"}, nn.InitRule{Name: "**.bias"}, nn.InitRule{Name: "head.**.weight_[a-z]h_l?"})
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(call{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if all := run(nn.InitRule{Name: "**"}); len(all) != 10 {
		t.Errorf("** sets %d parameters, want 10", len(all))
	}
	before := fmt.Sprint(bitsOf(model))
	for name, rule := range map[string]nn.InitRule{
		"no parameter":   {Name: "body.weight", Init: nn.Zeros},
		"a bad pattern":  {Name: "body.[a", Init: nn.Zeros},
		"no initializer": {Name: "**"},
	} {
		expectValueError(t, "Initialize", func() { nn.Initialize(newRand(1), model, nn.InitRule{Name: "**", Init: nn.Ones}, rule) })
		if after := fmt.Sprint(bitsOf(model)); after != before {
			t.Errorf("%s: parameters were set", name)
		}
	}
}
