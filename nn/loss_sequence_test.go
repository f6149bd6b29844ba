package nn_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/nn"
)

// collapse is the labels of an alignment: repetitions merged, then blanks left out.
func collapse(path []int, blank int) []int {
	var labels []int
	for i, class := range path {
		if class != blank && (i == 0 || class != path[i-1]) {
			labels = append(labels, class)
		}
	}
	return labels
}

// byEnumeration is the loss of one example, as the sum over all alignments that there are.
func byEnumeration(x v, example, length int, target []int, blank int) float64 {
	classes, sum := x.Dim(2), 0.0
	path := make([]int, length)
	for code := range int(math.Pow(float64(classes), float64(length))) {
		log := 0.0
		for t := range path {
			path[t] = code % classes
			code /= classes
			log += x.At(example, t, path[t])
		}
		if slices.Equal(collapse(path, blank), target) {
			sum += math.Exp(log)
		}
	}
	return -math.Log(sum)
}

func TestCTCSumsOverAllAlignments(t *testing.T) {
	targets := [][]int{{1, 2}, {2, 2}, {}, {1}, {0, 1, 0}, {0, 0, 0}}
	lengths := []int{5, 4, 3, 1, 5, 4} // 0, 0, 0 does not fit into 4
	for _, timeFirst := range []bool{false, true} {
		t.Run(fmt.Sprint("time first ", timeFirst), func(t *testing.T) {
			x := autograd.Normal(rand.New(rand.NewPCG(2, 6)), autograd.Float64, 0, 1, 6, 5, 4).LogSoftmax(-1)
			given := x
			if timeFirst {
				given = x.Transpose(0, 1)
			}
			l := nn.CTC{Blank: 3, Reduction: nn.ReduceNone, TimeFirst: timeFirst}
			losses := l.Loss(given, targets, lengths).Float64s()
			mean := 0.0
			for i, target := range targets {
				want := byEnumeration(x, i, lengths[i], target, 3)
				if got := losses[i]; !(math.Abs(got-want) < 1e-12) && got != want {
					t.Errorf("example %d: got %v, want %v", i, got, want)
				}
				if !math.IsInf(want, 1) {
					mean += want / float64(max(1, len(target))) / 6
				}
			}
			l.Reduction, l.ZeroInfinity = nn.ReduceMean, true
			if got := l.Loss(given, targets, lengths).Item(); !(math.Abs(got-mean) < 1e-12) {
				t.Errorf("the mean is %v, want %v", got, mean)
			}
		})
	}
}

func TestCTCGradients(t *testing.T) {
	targets, lengths := [][]int{{1, 1}, {}, {2, 1, 2}, {1, 1, 1}}, []int{4, 2, 5, 4}
	for _, l := range []nn.CTC{{Reduction: nn.ReduceSum, ZeroInfinity: true}, {Blank: 0, ZeroInfinity: true}} {
		f := func(xs []v) v { return l.Loss(xs[0].LogSoftmax(-1), targets, lengths) }
		x := autograd.Normal(rand.New(rand.NewPCG(4, 6)), autograd.Float64, 0, 1, 4, 5, 3)
		gradcheck.TestWith(t, gradcheck.Config{SecondOrder: true, ForwardMode: true}, f, x)
	}
	// An example without alignment has no gradient, also where its loss is infinite.
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.Zeros(autograd.Float64, 1, 2, 3))
	loss := nn.CTCLoss(x.LogSoftmax(-1), [][]int{{1, 1}})
	if !math.IsInf(loss.Item(), 1) {
		t.Errorf("the loss is %v, want +Inf", loss.Item())
	}
	for _, g := range loss.Backward().Of(x).Floats() {
		if g != 0 {
			t.Errorf("gradient %v, want 0", g)
		}
	}
}

// Losses and gradients of PyTorch 1.13 for logits that a formula gives: examples with a repeated
// label, of different lengths, and without labels.
func TestCTCMatchesPyTorch(t *testing.T) {
	const time, batch, classes = 7, 3, 4
	var logits []float64
	for i := range time * batch * classes {
		at, example, class := i/(batch*classes), i/classes%batch, i%classes
		logits = append(logits, float64((7*at+5*example+3*class*class+at*class)%11)/4-1)
	}
	targets, lengths := [][]int{{1, 1, 2}, {3, 2}, {}}, []int{7, 5, 4}
	for _, timeFirst := range []bool{true, false} {
		tape := autograd.NewTape(autograd.TapeConfig{})
		x := tape.Watch(autograd.New(logits, time, batch, classes))
		given := x
		if !timeFirst {
			given = x.Transpose(0, 1)
		}
		l := nn.CTC{TimeFirst: timeFirst, Reduction: nn.ReduceNone}
		expectFloats(t, "losses", l.Loss(given.LogSoftmax(-1), targets, lengths).Float64s(), []float64{6.524502708725087, 3.2062703617108856, 4.98392339785126})
		l.Reduction = nn.ReduceMean
		expectFloats(t, "gradient", l.Loss(given.LogSoftmax(-1), targets, lengths).Backward().Of(x).Float64s(), []float64{
			-0.0040815437960568125, -0.06314195264170952, 0.018079182681433683, 0.049144313756332658, -0.018627728253832434, 0.044711299565629706,
			0.027118774022150564, -0.05320234533394784, -0.1019403021608335, 0.031315641412708595, 0.01899389664537441, 0.051630764102750484,
			-0.070813844455216768, -0.0056402224646673561, 0.062506893714898051, 0.01394717320498608, 0.0024619814944734216, 0.034258574858585716,
			0.025177359504005521, -0.061897915857064653, -0.28048743700072848, 0.14365003970955048, 0.11187476341403634, 0.024962633877141632,
			-0.0033116823038228521, -0.052243873251732693, 0.043183325620816164, 0.01237222993473938, 0.017674484775629867, 0.015202126983863022,
			0.010539741537472634, -0.043416353296965526, -0.29621664352911514, 0.12954997686244851, 0.12954997686244851, 0.037116689804218145,
			-0.0094632336942217302, -0.0072719762179455161, 0.0083331929959628865, 0.0084020169162043606, -0.046380372114387565, 0.09376034057234707,
			-0.022691040034406251, -0.024688928423553257, -0.14708441031933839, 0.053361209853553825, 0.068517149717171474, 0.025206050748613092,
			-0.0043734335169894022, -0.0006497431210322137, -0.0090569049915699296, 0.014080081629591545, 0.003463765469746638, 0.046279635663170268,
			-0.085786017627653227, 0.036042616494736321, 0, 0, 0, 0,
			-0.017242501300741495, 0.056794990855464828, -0.046294694604902216, 0.0067422050501788856, 0, 0,
			0, 0, 0, 0, 0, 0,
			-0.039679637442193064, 0.02249442623592578, -0.030435489508880177, 0.047620700715147457, 0, 0,
			0, 0, 0, 0, 0, 0,
		})
	}
}

func expectFloats(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(got[i]-want[i]) < 1e-14*max(1, math.Abs(want[i]))) {
			t.Errorf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// What leads to the end may be far less likely than anything else on the way, by more than the
// numbers between 0 and 1 that there are: 100 labels, each of probability 10⁻⁶ beside a blank that
// is nearly certain. Float32 is exact there too.
func TestCTCOfUnlikelyLabels(t *testing.T) {
	const labels = 100
	for _, time := range []int{labels, labels + 3, 5 * labels} {
		logits := autograd.Zeros(autograd.Float64, 1, time, 4)
		values := logits.Float64s()
		for i := range values {
			values[i] = math.Log(1e-6)
			if i%4 == 0 {
				values[i] = math.Log1p(-3e-6)
			}
		}
		target := make([]int, labels)
		for i := range target {
			target[i] = 1 + i%2
		}
		loss := func(x v) (loss float64, gradient []float64) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x = tape.Watch(x)
			y := nn.CTCLoss(x, [][]int{target})
			return y.Item() * labels, y.MulScalar(labels).Backward().Of(x).Floats()
		}
		want, slope := loss(logits)
		if plain := -labels * math.Log(1e-6); time == labels && !(math.Abs(want-plain) < 1e-10) {
			t.Errorf("the loss of the only alignment is %v, want %v", want, plain)
		}
		got, slope32 := loss(logits.AsType(autograd.Float32))
		if !(math.Abs(got-want) < 1e-6*want) {
			t.Errorf("time %d: the loss in float32 is %v, want %v", time, got, want)
		}
		for i := range slope {
			if !(math.Abs(slope32[i]-slope[i]) < 1e-3) {
				t.Errorf("time %d: slope %d in float32 is %v, want %v", time, i, slope32[i], slope[i])
			}
		}
	}
}

func TestCTCRejects(t *testing.T) {
	x := autograd.Zeros(autograd.Float64, 2, 3, 4)
	var valueError *autograd.ValueError
	var shapeError *autograd.ShapeError
	var indexError *autograd.IndexError
	for _, test := range []struct {
		name string
		f    func()
		want any
	}{
		{"blank", func() { nn.CTC{Blank: 4}.Loss(x, [][]int{{1}, {1}}, nil) }, &valueError},
		{"length 0", func() { nn.CTC{}.Loss(x, [][]int{{1}, {1}}, []int{0, 1}) }, &valueError},
		{"length 4", func() { nn.CTC{}.Loss(x, [][]int{{1}, {1}}, []int{3, 4}) }, &valueError},
		{"targets", func() { nn.CTCLoss(x, [][]int{{1}}) }, &shapeError},
		{"lengths", func() { nn.CTC{}.Loss(x, [][]int{{1}, {1}}, []int{3}) }, &shapeError},
		{"no time", func() { nn.CTCLoss(autograd.Zeros(autograd.Float64, 2, 0, 4), [][]int{{}, {}}) }, &shapeError},
		{"label", func() { nn.CTCLoss(x, [][]int{{1}, {1, 4}}) }, &indexError},
	} {
		if err := autograd.Try(test.f); !errors.As(err, test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func ExampleCTCLoss() {
	// Three times; the classes are blank, a and b. All alignments of ab have probability 1/27.
	logProbs := autograd.Zeros(autograd.Float64, 1, 3, 3).LogSoftmax(-1)
	loss := nn.CTCLoss(logProbs, [][]int{{1, 2}})
	fmt.Printf("%.4f\n", loss.Item())
	fmt.Printf("%.4f\n", math.Log(27./5)/2) // aab abb -ab a-b ab-, for two labels
	// Output:
	// 0.8432
	// 0.8432
}
