package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// closely compares numbers up to rounding.
var closely = cmpopts.EquateApprox(1e-12, 1e-15)

// each is the reduction under which tests see every loss.
const each = nn.ReduceNone

// Where losses have kinks or limits, the values and derivatives are those documented.
func TestLossesAtKinksAndLimits(t *testing.T) {
	constant := func(values ...float64) autograd.Variable { return autograd.New(values) }
	row := func(values ...float64) autograd.Variable { return autograd.New(values, 1, len(values)) }
	inf := math.Inf(1)
	for _, test := range []struct {
		name       string
		f          func(x autograd.Variable) autograd.Variable
		at         []float64
		loss, grad []float64
	}{
		{"L1Loss of what is right", func(x autograd.Variable) autograd.Variable {
			return nn.L1{Reduction: each}.Loss(x, constant(1, 2))
		}, []float64{1, 3}, []float64{0, 1}, []float64{0, 1}},
		{"HuberLoss around delta", func(x autograd.Variable) autograd.Variable {
			return nn.Huber{Reduction: each, Delta: 2}.Loss(x, constant(0, 0, 0, 0))
		}, []float64{-2, 2, 3, 1e200}, []float64{2, 2, 4, 2e200}, []float64{-2, 2, 2, 2}},
		{"HuberLoss without a limit", func(x autograd.Variable) autograd.Variable {
			return nn.Huber{Reduction: each, Delta: inf}.Loss(x, constant(1, 1))
		}, []float64{1, 31}, []float64{0, 450}, []float64{0, 30}},
		{"SmoothL1Loss around beta", func(x autograd.Variable) autograd.Variable {
			return nn.SmoothL1{Reduction: each, Beta: 0.5}.Loss(x, constant(0, 0, 0))
		}, []float64{0, 0.5, -2}, []float64{0, 0.25, 1.75}, []float64{0, 1, -1}},
		{"SmoothL1Loss that is L1Loss", func(x autograd.Variable) autograd.Variable {
			return nn.SmoothL1{Reduction: each, Beta: nn.None}.Loss(x, constant(1, 2))
		}, []float64{1, 1.5}, []float64{0, 0.5}, []float64{0, -1}},
		{"SmoothL1Loss with a beta near nothing", func(x autograd.Variable) autograd.Variable {
			return nn.SmoothL1{Reduction: each, Beta: 1e-300}.Loss(x, constant(0, 0))
		}, []float64{0, 3}, []float64{0, 3}, []float64{0, 1}},
		{"GaussianNLLLoss below the least variance", func(x autograd.Variable) autograd.Variable {
			return nn.GaussianNLL{Reduction: each}.Loss(constant(1, 2, 3), constant(1.002, 2, 1), x)
		}, []float64{1e-8, -1e20, 0.5},
			[]float64{0.5 * (math.Log(1e-6) + 4), 0.5 * math.Log(1e-6), 0.5 * (math.Log(0.5) + 8)},
			[]float64{0.5 * (1e6 - 4e6), 0.5 * 1e6, 0.5 * (2 - 16)}},
		{"BCELoss of certainties", func(x autograd.Variable) autograd.Variable {
			return nn.BCE{Reduction: each}.Loss(x, constant(0, 1, 0, 1))
		}, []float64{0, 1, 1, 0}, []float64{0, 0, 100, 100}, []float64{1, -1, 1e12, -1e12}},
		{"BCEWithLogitsLoss far off", func(x autograd.Variable) autograd.Variable {
			return nn.BCEWithLogits{Reduction: each}.Loss(x, constant(1, 0, 1))
		}, []float64{-1e300, 1e300, 1e300}, []float64{1e300, 1e300, 0}, []float64{-1, 1, 0}},
		{"CrossEntropyProbabilities of impossible classes", func(x autograd.Variable) autograd.Variable {
			return nn.CrossEntropy{Reduction: each}.Probabilities(x.Reshape(1, 3), row(0.25, 0.75, 0))
		}, []float64{3, 3, -inf}, []float64{math.Ln2}, []float64{0.25, -0.25, 0}},
		{"CrossEntropy far off", func(x autograd.Variable) autograd.Variable {
			return nn.CrossEntropy{Reduction: each}.Loss(x.Reshape(2, 2), []int{0, 0})
		}, []float64{-1e300, 0, 1e300, 0}, []float64{1e300, 0}, []float64{-1, 1, 0, 0}},
		{"SoftMarginLoss far off", func(x autograd.Variable) autograd.Variable {
			return nn.SoftMargin{Reduction: each}.Loss(x, constant(1, -1, 1))
		}, []float64{-1e300, 1e300, 1e300}, []float64{1e300, 1e300, 0}, []float64{-1, 1, 0}},
		{"KLDivLoss of impossible classes", func(x autograd.Variable) autograd.Variable {
			return nn.KLDiv{Reduction: each}.Loss(x.Reshape(1, 3), row(1, 0, 0))
		}, []float64{-0.5, -7, -inf}, []float64{0.5}, []float64{-1, 0, 0}},
		{"KLDivLogTargetLoss of impossible classes", func(x autograd.Variable) autograd.Variable {
			return nn.KLDiv{Reduction: each, LogTarget: true}.Loss(x.Reshape(1, 3), row(0, -inf, -inf))
		}, []float64{-0.5, -7, -inf}, []float64{0.5}, []float64{-1, 0, 0}},
		{"KLDivLoss by an impossible target", func(x autograd.Variable) autograd.Variable {
			return nn.KLDiv{Reduction: each}.Loss(row(-0.5, -7), x.Reshape(1, 2))
		}, []float64{1, 0}, []float64{0.5}, []float64{1.5, 0}},
		{"KLDivLogTargetLoss by an impossible target", func(x autograd.Variable) autograd.Variable {
			return nn.KLDiv{Reduction: each, LogTarget: true}.Loss(row(-0.5, -7), x.Reshape(1, 2))
		}, []float64{0, -inf}, []float64{0.5}, []float64{1.5, 0}},
		{"TripletMarginLoss at the edge of the margin", func(x autograd.Variable) autograd.Variable {
			return nn.TripletMargin{Reduction: each, Margin: 5e-324}.Loss(x.Reshape(1, 1), row(0), row(0))
		}, []float64{1}, []float64{0}, []float64{0}},
		{"TripletMarginLoss of equal vectors", func(x autograd.Variable) autograd.Variable {
			return nn.TripletMargin{Reduction: each}.Loss(x.Reshape(1, 2), row(1, 2), row(1, 2))
		}, []float64{1, 2}, []float64{1}, []float64{0, 0}},
		{"CosineSimilarity with zero", func(x autograd.Variable) autograd.Variable {
			return nn.CosineSimilarity(x, constant(3, 4), 0)
		}, []float64{0, 0}, []float64{0}, []float64{0.6e8, 0.8e8}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x := tape.Watch(autograd.New(test.at))
			loss := test.f(x)
			if diff := cmp.Diff(test.loss, loss.Floats(), closely); diff != "" {
				t.Errorf("the loss differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.grad, loss.Sum().Backward().Of(x).Floats(), closely); diff != "" {
				t.Errorf("the gradient differs (-want +got):\n%s", diff)
			}
		})
	}
}

// Examples with a negative label might as well not be there.
func TestLossesLeaveExamplesOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	all := autograd.Normal(rng, autograd.Float64, 0, 1, 5, 3).LogSoftmax(1)
	labels, kept := []int{2, -1, 0, -100, 1}, []int{0, 2, 4}
	methods := map[string]func(x v, labels []int) v{}
	for name, a := range map[string]lossArguments{
		"mean": {}, "sum": {reduction: nn.ReduceSum},
		"smooth": {smoothing: 0.2}, "weighted": {classWeights: []float64{1, 2, 5}, smoothing: 0.1},
	} {
		methods["CrossEntropy "+name] = crossEntropy(a).Loss
		methods["NLL "+name] = nn.NLL{Reduction: a.reduction, ClassWeights: a.classWeights}.Loss
	}
	for name, f := range methods {
		t.Run(name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x, some := tape.Watch(all), tape.Watch(all.IndexSelect(0, kept))
			loss, want := f(x, labels), f(some, []int{2, 0, 1})
			if diff := cmp.Diff(want.Item(), loss.Item(), closely); diff != "" {
				t.Errorf("the loss differs (-want +got):\n%s", diff)
			}
			grad := loss.Backward().Of(x)
			if diff := cmp.Diff(want.Backward().Of(some).Floats(), grad.IndexSelect(0, kept).Floats(), closely); diff != "" {
				t.Errorf("the gradient of the others differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(make([]float64, 6), grad.IndexSelect(0, []int{1, 3}).Floats()); diff != "" {
				t.Errorf("the gradient of those left out differs (-want +got):\n%s", diff)
			}
			if got := f(x, []int{-1, -1, -1, -1, -1}); got.Item() != 0 || got.Backward().Norm() != 0 {
				t.Errorf("got %v without any labels, want 0 with gradient 0", got)
			}
			if got := f(all.Slice(0, 0, 0), []int{}); got.Item() != 0 {
				t.Errorf("got %v without any examples, want 0", got)
			}
		})
	}
}

// pNorm is ‖x − y + eps‖ of plain numbers.
func pNorm(x, y []float64, p, eps float64) float64 {
	sum, greatest := 0.0, 0.0
	for i := range x {
		d := math.Abs(x[i] - y[i] + eps)
		sum += math.Pow(d, p)
		greatest = max(greatest, d)
	}
	if math.IsInf(p, 1) {
		return greatest
	}
	return math.Pow(sum, 1/p)
}

// Every option of TripletMarginLoss does what it says, in all combinations.
func TestTripletMarginOptions(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var arrays [3]autograd.Variable
	for i := range arrays {
		arrays[i] = autograd.Normal(rng, autograd.Float64, 0, 1, 20, 3)
	}
	rowOf := func(v autograd.Variable, i int) []float64 { return v.Float64s()[3*i : 3*i+3] }
	swapped := 0
	for _, p := range []float64{1, 2, 3, math.Inf(1)} {
		for _, margin := range []float64{0.5, 2} {
			for _, eps := range []float64{1e-6, 0.1} {
				for _, swap := range []bool{false, true} {
					config := nn.TripletMargin{Reduction: each, Margin: margin, P: p, Eps: eps, Swap: swap}
					var want []float64
					for i := range 20 {
						anchor, positive, negative := rowOf(arrays[0], i), rowOf(arrays[1], i), rowOf(arrays[2], i)
						far := pNorm(anchor, negative, p, eps)
						if other := pNorm(positive, negative, p, eps); swap && other < far {
							far = other
							swapped++
						}
						want = append(want, max(0, pNorm(anchor, positive, p, eps)-far+margin))
					}
					got := config.Loss(arrays[0], arrays[1], arrays[2])
					if diff := cmp.Diff(want, got.Floats(), closely); diff != "" {
						t.Errorf("%+v: losses differ (-want +got):\n%s", config, diff)
					}
				}
			}
		}
	}
	if swapped == 0 {
		t.Error("no example was nearer to the positive: Swap was not tested")
	}
	byDefault := nn.TripletMarginLoss(arrays[0], arrays[1], arrays[2])
	written := nn.TripletMargin{Margin: 1, P: 2, Eps: 1e-6}.Loss(arrays[0], arrays[1], arrays[2])
	if byDefault.Item() != written.Item() {
		t.Errorf("got %v by default, want %v", byDefault.Item(), written.Item())
	}
}

// Both divergences are Σ p·ln(p/q), whichever way p is given.
func TestKLDivergences(t *testing.T) {
	p, q := []float64{0.5, 0.25, 0.25}, []float64{0.1, 0.6, 0.3}
	want := 0.0
	var logP, logQ []float64
	for i := range p {
		want += p[i] * math.Log(p[i]/q[i])
		logP, logQ = append(logP, math.Log(p[i])), append(logQ, math.Log(q[i]))
	}
	for name, got := range map[string]autograd.Variable{
		"KLDiv":            nn.KLDivLoss(autograd.New(logQ, 1, 3), autograd.New(p, 1, 3)),
		"KLDiv, LogTarget": nn.KLDiv{LogTarget: true}.Loss(autograd.New(logQ, 1, 3), autograd.New(logP, 1, 3)),
	} {
		if !(math.Abs(got.Item()-want) < 1e-15) {
			t.Errorf("%s: got %v, want %v", name, got.Item(), want)
		}
	}
}

func ExampleHuber() {
	output, target := autograd.New([]float64{1, 2, 10}), autograd.New([]float64{1, 1, 1})
	fmt.Println(nn.Huber{Reduction: nn.ReduceNone}.Loss(output, target))
	// Output:
	// float64 [3]
	// [0   0.5 8.5]
}

// One example in four has no label.
func ExampleCrossEntropyLoss() {
	logits := autograd.New([]float64{2, 0, 0, 3, 1, 1, 5, 5}, 4, 2)
	fmt.Printf("%.4f\n", nn.CrossEntropyLoss(logits, []int{0, 1, 0, -1}).Item())
	// Output:
	// 0.2896
}

// Classes that are rare may count more, and targets be less than certain.
func ExampleCrossEntropy() {
	loss := nn.CrossEntropy{ClassWeights: []float64{1, 5}, LabelSmoothing: 0.1}
	logits := autograd.New([]float64{2, 0, 0, 3}, 2, 2)
	fmt.Printf("%.4f\n", loss.Loss(logits, []int{0, 1}).Item())
	// Output:
	// 0.1726
}

// What a model of pictures takes for alike is near, whatever else is not.
func ExampleTripletMargin() {
	anchor := autograd.New([]float64{0, 0}, 1, 2)
	same := autograd.New([]float64{0, 1}, 1, 2)
	other := autograd.New([]float64{1.5, 0}, 1, 2)
	fmt.Printf("%.3f\n", nn.TripletMarginLoss(anchor, same, other).Item())
	fmt.Printf("%.3f\n", nn.TripletMargin{Margin: 0.2}.Loss(anchor, same, other).Item())
	// Output:
	// 0.500
	// 0.000
}

// A model that says how sure it is: the variance that fits best is the squared error.
func ExampleGaussianNLL() {
	mean, target := autograd.New([]float64{1}), autograd.New([]float64{3})
	for _, variance := range []float64{1, 4, 16} {
		fmt.Printf("%.4f\n", nn.GaussianNLLLoss(mean, target, autograd.New([]float64{variance})).Item())
	}
	// Output:
	// 2.0000
	// 1.1931
	// 1.5113
}

// Classes on another axis, and examples along several, are what the matrix of all examples
// gives: losses, in the shape of the labels, and gradients.
func TestClassAxis(t *testing.T) {
	const classes = 3
	rng := rand.New(rand.NewPCG(5, 6))
	labels := []int{0, 2, 1, -1, 2, 0, 1, 1} // [2, 4], row-major
	last := autograd.Normal(rng, autograd.Float64, 0, 1, 2, 4, classes).LogSoftmax(-1)
	target := autograd.Normal(rng, autograd.Float64, 0, 1, 2, 4, classes).Softmax(-1)
	weights := []float64{1, 2, 5}
	type loss struct {
		name string
		of   func(r nn.Reduction, axis int, x, target v) v
	}
	for _, l := range []loss{
		{"CrossEntropy", func(r nn.Reduction, axis int, x, _ v) v {
			return nn.CrossEntropy{Reduction: r, ClassAxis: axis, ClassWeights: weights, LabelSmoothing: 0.1}.Loss(x, labels)
		}},
		{"NLL", func(r nn.Reduction, axis int, x, _ v) v {
			return nn.NLL{Reduction: r, ClassAxis: axis, ClassWeights: weights}.Loss(x, labels)
		}},
		{"Probabilities", func(r nn.Reduction, axis int, x, target v) v {
			return nn.CrossEntropy{Reduction: r, ClassAxis: axis, ClassWeights: weights, LabelSmoothing: 0.1}.Probabilities(x, target)
		}},
	} {
		for _, r := range []nn.Reduction{nn.ReduceMean, nn.ReduceSum, nn.ReduceNone} {
			// gradient computes the loss of x, and its gradient as of the matrix.
			gradient := func(axis int, x, target v, back ...int) (value v, grad []float64) {
				tape := autograd.NewTape(autograd.TapeConfig{})
				leaf := tape.Watch(x)
				value = l.of(r, axis, leaf, target)
				g := value.Square().Sum().Backward().Of(leaf)
				if back != nil {
					g = g.Permute(back...)
				}
				return value.Clone(), g.Floats()
			}
			want, wantGrad := gradient(0, last.Reshape(8, classes), target.Reshape(8, classes))
			for _, test := range []struct {
				axis        int
				order, back []int
			}{{0, nil, nil}, {2, nil, nil}, {-1, nil, nil}, {1, []int{0, 2, 1}, []int{0, 2, 1}}, {-3, []int{2, 0, 1}, []int{1, 2, 0}}} {
				x, y := last, target
				if test.order != nil {
					x, y = last.Permute(test.order...).Clone(), target.Permute(test.order...).Clone()
				}
				got, grad := gradient(test.axis, x, y, test.back...)
				if r == nn.ReduceNone && !cmp.Equal(got.Shape(), []int{2, 4}) {
					t.Errorf("%s, axis %d: losses of shape %v", l.name, test.axis, got.Shape())
				}
				if diff := cmp.Diff(want.Floats(), got.Floats(), closely); diff != "" {
					t.Errorf("%s, %v, axis %d (-matrix +got):\n%s", l.name, r, test.axis, diff)
				}
				if diff := cmp.Diff(wantGrad, grad, closely); diff != "" {
					t.Errorf("%s, %v, axis %d, gradient (-matrix +got):\n%s", l.name, r, test.axis, diff)
				}
			}
		}
	}
}

// Probabilities of 0 and 1 that are wrong are learned from, in float32 too.
func TestBCEOfCertaintiesInFloat32(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	p := tape.Watch(autograd.New([]float32{0, 1, 1e-13}))
	loss := nn.BCE{Reduction: each}.Loss(p, autograd.New([]float32{1, 0, 1}))
	if got := loss.Floats(); got[0] != 100 || got[1] != 100 {
		t.Errorf("the losses are %v", got)
	}
	for i, want := range []float64{-1e12, 1e12, -1e12} {
		if got := loss.Sum().Backward().Of(p).Floats()[i]; math.Abs(got/want-1) > 1e-6 {
			t.Errorf("gradient %d is %v, want %v", i, got, want)
		}
	}
}
