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
