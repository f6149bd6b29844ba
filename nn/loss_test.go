package nn_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/nn"
)

// lossArguments are what losses take besides arrays, under the names of the cases that
// PyTorch computed.
type lossArguments struct {
	config nn.LossConfig
	labels []int

	Delta    float64 `json:"delta"`
	Beta     float64 `json:"beta"`
	Margin   float64 `json:"margin"`
	P        float64 `json:"p"`
	Eps      float64 `json:"eps"`
	Dim      int     `json:"dim"`
	LogInput bool    `json:"log_input"`
	swap     bool
}

func (a lossArguments) triplet() nn.TripletMarginConfig {
	return nn.TripletMarginConfig{Margin: a.Margin, P: a.P, Eps: a.Eps, Swap: a.swap}
}

// lossRow is a loss in the tests of all losses. A new loss gets one row.
type lossRow struct {
	name  string   // the function
	cases []string // what PyTorch's cases call it
	f     func(a lossArguments, xs []autograd.Variable) autograd.Variable

	// plain is the function, with the arguments below, of arrays or of an array and
	// labels.
	plain any

	// What to call f with: arguments, and random numbers of these shapes after prepare
	// brought them into their domain.
	arguments lossArguments
	shapes    [][]int
	prepare   func(xs []autograd.Variable)

	// bad are arguments that make it panic with *autograd.ValueError.
	bad []lossArguments
}

// ofPair is the method of a loss that takes two arrays.
func ofPair(method func(c nn.LossConfig, x, target autograd.Variable) autograd.Variable) func(lossArguments, []autograd.Variable) autograd.Variable {
	return func(a lossArguments, xs []autograd.Variable) autograd.Variable {
		return method(a.config, xs[0], xs[1])
	}
}

// ofLabels is the method of a loss that takes an array and labels.
func ofLabels(method func(c nn.LossConfig, x autograd.Variable, labels []int) autograd.Variable) func(lossArguments, []autograd.Variable) autograd.Variable {
	return func(a lossArguments, xs []autograd.Variable) autograd.Variable {
		return method(a.config, xs[0], a.labels)
	}
}

// prepared replaces each array by what its function makes of it; nil leaves it.
func prepared(functions ...func(x autograd.Variable) autograd.Variable) func(xs []autograd.Variable) {
	return func(xs []autograd.Variable) {
		for i, f := range functions {
			if f != nil {
				xs[i] = f(xs[i])
			}
		}
	}
}

// options are the LossConfigs given, as arguments.
func options(labels []int, configs ...nn.LossConfig) []lossArguments {
	var list []lossArguments
	for _, c := range configs {
		list = append(list, lossArguments{config: c, labels: labels})
	}
	return list
}

func lossRows() []lossRow {
	matrix := []int{3, 4}
	one, two, three := [][]int{matrix}, [][]int{matrix, matrix}, [][]int{matrix, matrix, matrix}
	labels := []int{1, 0, 3}
	softmax := func(x autograd.Variable) autograd.Variable { return x.Softmax(-1) }
	logSoftmax := func(x autograd.Variable) autograd.Variable { return x.LogSoftmax(-1) }
	positive := func(x autograd.Variable) autograd.Variable { return x.Square().AddScalar(0.3) }
	nan, inf := math.NaN(), math.Inf(1)
	badWeights := []nn.LossConfig{
		{ClassWeights: []float64{1, 2}}, {ClassWeights: []float64{1, 1, -1, 1}}, {ClassWeights: []float64{1, 1, inf, 1}},
	}
	badClasses := append([]nn.LossConfig{{LabelSmoothing: -0.1}, {LabelSmoothing: 1.1}, {LabelSmoothing: nan}}, badWeights...)

	return []lossRow{
		{name: "MSELoss", cases: []string{"mse_loss"}, f: ofPair(nn.LossConfig.MSELoss), plain: nn.MSELoss, shapes: two},
		{name: "L1Loss", cases: []string{"l1_loss"}, f: ofPair(nn.LossConfig.L1Loss), plain: nn.L1Loss, shapes: two},
		{
			name: "HuberLoss", cases: []string{"huber_loss"}, shapes: two, arguments: lossArguments{Delta: 0.7},
			f: func(a lossArguments, xs []autograd.Variable) autograd.Variable {
				return a.config.HuberLoss(xs[0], xs[1], a.Delta)
			},
			plain: func(x, target autograd.Variable) autograd.Variable { return nn.HuberLoss(x, target, 0.7) },
			bad:   []lossArguments{{Delta: 0}, {Delta: -1}, {Delta: nan}},
		},
		{
			name: "SmoothL1Loss", cases: []string{"smooth_l1_loss"}, shapes: two, arguments: lossArguments{Beta: 0.7},
			f: func(a lossArguments, xs []autograd.Variable) autograd.Variable {
				return a.config.SmoothL1Loss(xs[0], xs[1], a.Beta)
			},
			plain: func(x, target autograd.Variable) autograd.Variable { return nn.SmoothL1Loss(x, target, 0.7) },
			bad:   []lossArguments{{Beta: -1}, {Beta: nan}, {Beta: inf}},
		},
		{
			name: "GaussianNLLLoss", cases: []string{"gaussian_nll_loss"}, shapes: three, prepare: prepared(nil, nil, positive),
			f: func(a lossArguments, xs []autograd.Variable) autograd.Variable {
				if a.Eps != 0 && a.Eps != 1e-6 {
					panic("nn.GaussianNLLLoss has PyTorch's default of eps only")
				}
				return a.config.GaussianNLLLoss(xs[0], xs[1], xs[2])
			},
			plain: nn.GaussianNLLLoss,
		},
		{
			name: "PoissonNLLLoss", cases: []string{"poisson_nll_loss"}, shapes: two, prepare: prepared(nil, positive),
			arguments: lossArguments{LogInput: true},
			f: func(a lossArguments, xs []autograd.Variable) autograd.Variable {
				if !a.LogInput {
					panic("nn.PoissonNLLLoss takes logarithms only")
				}
				return a.config.PoissonNLLLoss(xs[0], xs[1])
			},
			plain: nn.PoissonNLLLoss,
		},
		{
			name: "CrossEntropy", cases: []string{"cross_entropy", "cross_entropy_weighted", "cross_entropy_ignore"}, shapes: one,
			f: ofLabels(nn.LossConfig.CrossEntropy), plain: nn.CrossEntropy, arguments: lossArguments{labels: labels}, bad: options(labels, badClasses...),
		},
		{
			name: "CrossEntropyProbabilities", cases: []string{"cross_entropy_probabilities"}, shapes: two, prepare: prepared(nil, softmax),
			f: ofPair(nn.LossConfig.CrossEntropyProbabilities), plain: nn.CrossEntropyProbabilities, bad: options(nil, badClasses...),
		},
		{
			name: "NLLLoss", cases: []string{"nll_loss"}, shapes: one, prepare: prepared(logSoftmax),
			f: ofLabels(nn.LossConfig.NLLLoss), plain: nn.NLLLoss, arguments: lossArguments{labels: labels}, bad: options(labels, badWeights...),
		},
		{name: "BCELoss", cases: []string{"binary_cross_entropy"}, f: ofPair(nn.LossConfig.BCELoss), plain: nn.BCELoss, shapes: two, prepare: prepared(softmax, softmax)},
		{name: "BCEWithLogitsLoss", cases: []string{"binary_cross_entropy_with_logits"}, f: ofPair(nn.LossConfig.BCEWithLogitsLoss), plain: nn.BCEWithLogitsLoss, shapes: two, prepare: prepared(nil, softmax)},
		{name: "SoftMarginLoss", cases: []string{"soft_margin_loss"}, f: ofPair(nn.LossConfig.SoftMarginLoss), plain: nn.SoftMarginLoss, shapes: two},
		{name: "KLDivLoss", cases: []string{"kl_div"}, f: ofPair(nn.LossConfig.KLDivLoss), plain: nn.KLDivLoss, shapes: two, prepare: prepared(logSoftmax, softmax)},
		{name: "KLDivLogTargetLoss", f: ofPair(nn.LossConfig.KLDivLogTargetLoss), plain: nn.KLDivLogTargetLoss, shapes: two, prepare: prepared(logSoftmax, logSoftmax)},
		{
			name: "TripletMarginLoss", cases: []string{"triplet_margin_loss"}, shapes: three, arguments: lossArguments{Margin: 3, P: 2.5, swap: true},
			f: func(a lossArguments, xs []autograd.Variable) autograd.Variable {
				return a.config.TripletMarginLoss(xs[0], xs[1], xs[2], a.triplet())
			},
			plain: func(anchor, positive, negative autograd.Variable) autograd.Variable {
				return nn.TripletMarginLoss(anchor, positive, negative, nn.TripletMarginConfig{Margin: 3, P: 2.5, Swap: true})
			},
			bad: []lossArguments{{Margin: -1}, {Margin: nan}, {Margin: inf}, {P: -1}, {P: nan}, {Eps: -1}, {Eps: inf}},
		},
		{
			name: "CosineSimilarity", cases: []string{"cosine_similarity"}, shapes: two, arguments: lossArguments{Dim: 1},
			f: func(a lossArguments, xs []autograd.Variable) autograd.Variable {
				return nn.CosineSimilarity(xs[0], xs[1], a.Dim)
			},
			plain: func(x, y autograd.Variable) autograd.Variable { return nn.CosineSimilarity(x, y, 1) },
		},
	}
}

// draw makes random arrays for a row.
func (row *lossRow) draw() []autograd.Variable {
	rng := rand.New(rand.NewPCG(3, 5))
	var xs []autograd.Variable
	for _, shape := range row.shapes {
		xs = append(xs, autograd.Normal(rng, autograd.Float64, 0, 1, shape...))
	}
	if row.prepare != nil {
		row.prepare(xs)
	}
	return xs
}

// reduced are the row's arguments with another reduction.
func (row *lossRow) reduced(r nn.Reduction) lossArguments {
	a := row.arguments
	a.config.Reduction = r
	return a
}

// TestLossRows sees that there is a row for each loss, and a function for each method.
func TestLossRows(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range lossRows() {
		rows[row.name] = true
	}
	functions, methods := exportedLosses(t)
	for _, name := range slices.Concat(functions, methods) {
		if !rows[name] {
			t.Errorf("nn.%s has no row in lossRows", name)
		}
	}
	for _, name := range methods {
		if !slices.Contains(functions, name) {
			t.Errorf("nn.LossConfig.%s has no function of its name", name)
		}
	}
	if len(methods) < 15 {
		t.Errorf("found methods %v only", methods)
	}
}

// exportedLosses are the exported functions in the files of losses, and LossConfig's
// methods there.
func exportedLosses(t *testing.T) (functions, methods []string) {
	paths, err := filepath.Glob("loss_*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			switch f, ok := declaration.(*ast.FuncDecl); {
			case !ok || !f.Name.IsExported():
			case f.Recv != nil:
				methods = append(methods, f.Name.Name)
			default:
				functions = append(functions, f.Name.Name)
			}
		}
	}
	return functions, methods
}

func TestLossGradients(t *testing.T) {
	for _, row := range lossRows() {
		t.Run(row.name, func(t *testing.T) {
			xs := row.draw()
			for _, r := range []nn.Reduction{nn.ReduceMean, nn.ReduceSum, nn.ReduceNone} {
				f := func(xs []autograd.Variable) autograd.Variable { return row.f(row.reduced(r), xs) }
				gradcheck.TestWith(t, gradcheck.Options{SecondOrder: true, ForwardMode: true}, f, xs...)
			}
			f := func(xs []autograd.Variable) autograd.Variable { return row.f(row.arguments, xs) }
			var rounded []autograd.Variable
			for _, x := range xs {
				rounded = append(rounded, x.AsType(autograd.Float32))
			}
			if report, err := gradcheck.CheckFloat32(f, rounded, gradcheck.Options{}); err != nil {
				t.Errorf("%v\n%v", err, report)
			}
		})
	}
}

// The function of a loss is its method with the zero LossConfig.
func TestLossFunctions(t *testing.T) {
	for _, row := range lossRows() {
		xs := row.draw()
		var got autograd.Variable
		switch f := row.plain.(type) {
		case func(x, y autograd.Variable) autograd.Variable:
			got = f(xs[0], xs[1])
		case func(x, y, z autograd.Variable) autograd.Variable:
			got = f(xs[0], xs[1], xs[2])
		case func(x autograd.Variable, labels []int) autograd.Variable:
			got = f(xs[0], row.arguments.labels)
		default:
			t.Fatalf("%s: plain is a %T", row.name, row.plain)
		}
		if want := row.f(row.arguments, xs); !slices.Equal(got.Floats(), want.Floats()) {
			t.Errorf("%s: got %v, want %v", row.name, got, want)
		}
	}
}

func TestReductionNames(t *testing.T) {
	var names []string
	for r := range nn.Reduction(4) {
		names = append(names, r.String())
	}
	if want := []string{"mean", "sum", "none", "Reduction(3)"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// Sum and mean are those of the losses that ReduceNone gives; a reduction that there is
// not is a mistake.
func TestLossReductions(t *testing.T) {
	for _, row := range lossRows() {
		if row.name == "CosineSimilarity" { // which has none
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			xs := row.draw()
			each := row.f(row.reduced(nn.ReduceNone), xs)
			if each.Dim(0) != 3 {
				t.Fatalf("losses %v, want one for each example", each.Shape())
			}
			for r, want := range map[nn.Reduction]float64{nn.ReduceSum: each.Sum().Item(), nn.ReduceMean: each.Mean().Item()} {
				if got := row.f(row.reduced(r), xs).Item(); !(math.Abs(got-want) < 1e-12) {
					t.Errorf("%v: got %v, want %v", r, got, want)
				}
			}
			expectValueError(t, row.name, func() { row.f(row.reduced(7), xs) })
		})
	}
}

// No loss broadcasts: a target of another shape is a mistake.
func TestLossesRejectOtherShapes(t *testing.T) {
	for _, row := range lossRows() {
		for i := range row.shapes {
			t.Run(fmt.Sprint(row.name, i), func(t *testing.T) {
				xs := row.draw()
				for _, shape := range [][]int{{3, 1}, {1, 4}, {4}, {}, {2, 4}} {
					if len(xs) == 1 && len(shape) == 2 && shape[0] == 3 {
						continue // any number of classes will do
					}
					xs[i] = autograd.Ones(autograd.Float64, shape...)
					err := autograd.Try(func() { row.f(row.arguments, xs) })
					var shapeError *autograd.ShapeError
					if !errors.As(err, &shapeError) || shapeError.Op != "nn."+row.name || !strings.Contains(err.Error(), fmt.Sprint(shape)) {
						t.Errorf("%v: got %v, want a ShapeError that names the loss and the shape", shape, err)
					}
				}
			})
		}
	}
}

// Losses of examples want matrices.
func TestLossesOfExamplesRejectVectors(t *testing.T) {
	x := autograd.Ones(autograd.Float64, 3)
	for name, f := range map[string]func(){
		"CrossEntropy":              func() { nn.CrossEntropy(x, []int{0, 0, 0}) },
		"NLLLoss":                   func() { nn.NLLLoss(x, []int{0, 0, 0}) },
		"CrossEntropyProbabilities": func() { nn.CrossEntropyProbabilities(x, x) },
		"KLDivLoss":                 func() { nn.KLDivLoss(x, x) },
		"KLDivLogTargetLoss":        func() { nn.KLDivLogTargetLoss(x, x) },
		"TripletMarginLoss":         func() { nn.TripletMarginLoss(x, x, x, nn.TripletMarginConfig{}) },
	} {
		var shapeError *autograd.ShapeError
		if err := autograd.Try(f); !errors.As(err, &shapeError) || shapeError.Op != "nn."+name {
			t.Errorf("%s: got %v, want a ShapeError that names it", name, err)
		}
	}
}

func TestLossesRejectBadArguments(t *testing.T) {
	for _, row := range lossRows() {
		for _, bad := range row.bad {
			expectValueError(t, row.name, func() { row.f(bad, row.draw()) })
		}
	}
}

func expectValueError(t *testing.T, name string, f func()) {
	t.Helper()
	var valueError *autograd.ValueError
	if err := autograd.Try(f); !errors.As(err, &valueError) || valueError.Op != "nn."+name {
		t.Errorf("%s: got %v, want a ValueError that names it", name, err)
	}
}

// Operands of two types are a mistake.
func TestLossesRejectMixedTypes(t *testing.T) {
	for _, row := range lossRows() {
		if len(row.shapes) == 1 {
			continue
		}
		xs := row.draw()
		xs[len(xs)-1] = xs[len(xs)-1].AsType(autograd.Float32)
		var dtypeError *autograd.DTypeError
		if err := autograd.Try(func() { row.f(row.arguments, xs) }); !errors.As(err, &dtypeError) {
			t.Errorf("%s: got %v, want a DTypeError", row.name, err)
		}
	}
}

func TestLossesRejectLabelsAndAxes(t *testing.T) {
	x := autograd.Ones(autograd.Float64, 2, 3)
	var indexError *autograd.IndexError
	for name, f := range map[string]func(){
		"CrossEntropy": func() { nn.CrossEntropy(x, []int{0, 3}) },
		"NLLLoss":      func() { nn.NLLLoss(x, []int{0, 3}) },
	} {
		if err := autograd.Try(f); !errors.As(err, &indexError) {
			t.Errorf("%s: got %v, want an IndexError", name, err)
		}
	}
	var axisError *autograd.AxisError
	if err := autograd.Try(func() { nn.CosineSimilarity(x, x, 2) }); !errors.As(err, &axisError) {
		t.Errorf("CosineSimilarity: got %v, want an AxisError", err)
	}
}
