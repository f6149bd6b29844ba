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
	reduction    nn.Reduction
	smoothing    float64
	classWeights []float64
	labels       []int

	Delta    float64 `json:"delta"`
	Beta     float64 `json:"beta"`
	Margin   float64 `json:"margin"`
	P        float64 `json:"p"`
	Eps      float64 `json:"eps"`
	Dim      int     `json:"dim"`
	LogInput bool    `json:"log_input"`

	PosWeight []float64 `json:"pos_weight"`

	swap bool
}

// lossRow is a loss in the tests of all losses. A new loss gets one row.
type lossRow struct {
	name  string   // the type; the function has Loss behind it
	cases []string // what PyTorch's cases call it

	// f computes it with all that the arguments say. It refuses those that the loss does
	// not have: see lossRows.
	f func(a lossArguments, xs []autograd.Variable) autograd.Variable

	// plain is the function, or what it is with the arguments below, of arrays or of an
	// array and labels.
	plain any

	// of is the loss as training takes it, nil if it is none of an output and a target.
	of nn.Loss

	// What to call f with: arguments, and random numbers of these shapes after prepare
	// brought them into their domain.
	arguments lossArguments
	shapes    [][]int
	prepare   func(xs []autograd.Variable)

	// bad are arguments that make it panic with *autograd.ValueError.
	bad []lossArguments
}

type (
	ofPair   interface{ Loss(x, target v) v }
	ofLabels interface{ Loss(x v, labels []int) v }
	ofThree  interface{ Loss(x, y, z v) v }
	v        = autograd.Variable
)

// pair is a loss of two arrays.
func pair[L ofPair](loss func(a lossArguments) L) func(lossArguments, []v) v {
	return func(a lossArguments, xs []v) v { return loss(a).Loss(xs[0], xs[1]) }
}

// labelled is a loss of an array and labels.
func labelled[L ofLabels](loss func(a lossArguments) L) func(lossArguments, []v) v {
	return func(a lossArguments, xs []v) v { return loss(a).Loss(xs[0], a.labels) }
}

// triple is a loss of three arrays.
func triple[L ofThree](loss func(a lossArguments) L) func(lossArguments, []v) v {
	return func(a lossArguments, xs []v) v { return loss(a).Loss(xs[0], xs[1], xs[2]) }
}

// prepared replaces each array by what its function makes of it; nil leaves it.
func prepared(functions ...func(x v) v) func(xs []v) {
	return func(xs []v) {
		for i, f := range functions {
			if f != nil {
				xs[i] = f(xs[i])
			}
		}
	}
}

func lossRows() []lossRow {
	matrix := []int{3, 4}
	one, two, three := [][]int{matrix}, [][]int{matrix, matrix}, [][]int{matrix, matrix, matrix}
	labels := []int{1, 0, 3}
	softmax := func(x v) v { return x.Softmax(-1) }
	logSoftmax := func(x v) v { return x.LogSoftmax(-1) }
	positive := func(x v) v { return x.Square().AddScalar(0.3) }
	nan, inf := math.NaN(), math.Inf(1)
	badWeights := []lossArguments{
		{labels: labels, classWeights: []float64{1, 2}}, {labels: labels, classWeights: []float64{1, 1, -1, 1}}, {labels: labels, classWeights: []float64{1, 1, inf, 1}},
	}
	badClasses := append([]lossArguments{{labels: labels, smoothing: -0.1}, {labels: labels, smoothing: 1.1}, {labels: labels, smoothing: nan}}, badWeights...)

	return []lossRow{
		{name: "MSE", cases: []string{"mse_loss"}, plain: nn.MSELoss, of: nn.MSE{}, shapes: two, f: pair(func(a lossArguments) nn.MSE { return nn.MSE{Reduction: a.reduction} })},
		{name: "L1", cases: []string{"l1_loss"}, plain: nn.L1Loss, of: nn.L1{}, shapes: two, f: pair(func(a lossArguments) nn.L1 { return nn.L1{Reduction: a.reduction} })},
		{
			name: "Huber", cases: []string{"huber_loss"}, shapes: two, of: nn.Huber{Delta: 0.7}, plain: nn.Huber{Delta: 0.7}.Loss, arguments: lossArguments{Delta: 0.7},
			f:   pair(func(a lossArguments) nn.Huber { return nn.Huber{Reduction: a.reduction, Delta: a.Delta} }),
			bad: []lossArguments{{Delta: nn.None}, {Delta: -2}, {Delta: nan}},
		},
		{name: "Huber", plain: nn.HuberLoss, of: nn.Huber{}, shapes: two, f: pair(func(a lossArguments) nn.Huber { return nn.Huber{Reduction: a.reduction} })},
		{
			name: "SmoothL1", cases: []string{"smooth_l1_loss"}, shapes: two, of: nn.SmoothL1{Beta: 0.7}, plain: nn.SmoothL1{Beta: 0.7}.Loss, arguments: lossArguments{Beta: 0.7},
			f:   pair(func(a lossArguments) nn.SmoothL1 { return nn.SmoothL1{Reduction: a.reduction, Beta: a.Beta} }),
			bad: []lossArguments{{Beta: -2}, {Beta: nan}, {Beta: inf}},
		},
		{name: "SmoothL1", plain: nn.SmoothL1Loss, of: nn.SmoothL1{}, shapes: two, f: pair(func(a lossArguments) nn.SmoothL1 { return nn.SmoothL1{Reduction: a.reduction} })},
		{
			name: "GaussianNLL", cases: []string{"gaussian_nll_loss"}, shapes: three, prepare: prepared(nil, nil, positive), plain: nn.GaussianNLLLoss,
			f:   triple(func(a lossArguments) nn.GaussianNLL { return nn.GaussianNLL{Reduction: a.reduction, Eps: a.Eps} }),
			bad: []lossArguments{{Eps: -2}, {Eps: nan}},
		},
		{
			name: "PoissonNLL", cases: []string{"poisson_nll_loss"}, shapes: two, prepare: prepared(nil, positive), plain: nn.PoissonNLLLoss, of: nn.PoissonNLL{},
			arguments: lossArguments{LogInput: true},
			f: pair(func(a lossArguments) nn.PoissonNLL {
				if !a.LogInput {
					panic("nn.PoissonNLL takes logarithms only")
				}
				return nn.PoissonNLL{Reduction: a.reduction}
			}),
		},
		{
			name: "CrossEntropy", cases: []string{"cross_entropy", "cross_entropy_weighted", "cross_entropy_ignore"}, shapes: one,
			plain: nn.CrossEntropyLoss, of: nn.CrossEntropy{}, arguments: lossArguments{labels: labels}, bad: badClasses,
			f: labelled(crossEntropy),
		},
		{
			name: "CrossEntropy", cases: []string{"cross_entropy_probabilities"}, shapes: two, prepare: prepared(nil, softmax),
			plain: nn.CrossEntropy{}.Probabilities, of: nn.CrossEntropy{}, bad: badClasses,
			f: func(a lossArguments, xs []v) v { return crossEntropy(a).Probabilities(xs[0], xs[1]) },
		},
		{
			name: "NLL", cases: []string{"nll_loss"}, shapes: one, prepare: prepared(logSoftmax), of: nn.NLL{},
			plain: nn.NLLLoss, arguments: lossArguments{labels: labels}, bad: badWeights,
			f: labelled(func(a lossArguments) nn.NLL { return nn.NLL{Reduction: a.reduction, ClassWeights: a.classWeights} }),
		},
		{
			name: "CTC", shapes: [][]int{{3, 5, 4}}, prepare: prepared(logSoftmax), arguments: lossArguments{labels: []int{1, 2, 3}},
			plain: func(x v, labels []int) v { return nn.CTCLoss(x, oneEach(labels)) },
			f: func(a lossArguments, xs []v) v {
				return nn.CTC{Reduction: a.reduction}.Loss(xs[0], oneEach(a.labels), nil)
			},
			bad: []lossArguments{{labels: []int{1, 0, 3}}},
		},
		{
			name: "BCE", cases: []string{"binary_cross_entropy"}, plain: nn.BCELoss, of: nn.BCE{}, shapes: two, prepare: prepared(softmax, softmax),
			f: pair(func(a lossArguments) nn.BCE { return nn.BCE{Reduction: a.reduction} }),
		},
		{
			name: "BCEWithLogits", cases: []string{"binary_cross_entropy_with_logits"}, plain: nn.BCEWithLogitsLoss, of: nn.BCEWithLogits{}, shapes: two, prepare: prepared(nil, softmax),
			f: pair(bceWithLogits),
		},
		{
			name: "BCEWithLogits", plain: nn.BCEWithLogits{PosWeight: []float64{3, 0.5, 1, 2}}.Loss, of: nn.BCEWithLogits{PosWeight: []float64{3, 0.5, 1, 2}},
			shapes: two, prepare: prepared(nil, softmax), f: pair(bceWithLogits), arguments: lossArguments{PosWeight: []float64{3, 0.5, 1, 2}},
			bad: []lossArguments{{PosWeight: []float64{}}, {PosWeight: []float64{1, 2}}, {PosWeight: []float64{-1}}, {PosWeight: []float64{1, 1, nan, 1}}, {PosWeight: []float64{inf}}},
		},
		{
			name: "SoftMargin", cases: []string{"soft_margin_loss"}, plain: nn.SoftMarginLoss, of: nn.SoftMargin{}, shapes: two,
			f: pair(func(a lossArguments) nn.SoftMargin { return nn.SoftMargin{Reduction: a.reduction} }),
		},
		{
			name: "KLDiv", cases: []string{"kl_div"}, plain: nn.KLDivLoss, of: nn.KLDiv{}, shapes: two, prepare: prepared(logSoftmax, softmax),
			f: pair(func(a lossArguments) nn.KLDiv { return nn.KLDiv{Reduction: a.reduction} }),
		},
		{
			name: "KLDiv", plain: nn.KLDiv{LogTarget: true}.Loss, of: nn.KLDiv{LogTarget: true}, shapes: two, prepare: prepared(logSoftmax, logSoftmax),
			f: pair(func(a lossArguments) nn.KLDiv { return nn.KLDiv{Reduction: a.reduction, LogTarget: true} }),
		},
		{
			name: "TripletMargin", cases: []string{"triplet_margin_loss"}, shapes: three, arguments: lossArguments{Margin: 3, P: 2.5, swap: true},
			plain: nn.TripletMargin{Margin: 3, P: 2.5, Swap: true}.Loss,
			f: triple(func(a lossArguments) nn.TripletMargin {
				return nn.TripletMargin{Reduction: a.reduction, Margin: a.Margin, P: a.P, Eps: a.Eps, Swap: a.swap}
			}),
			bad: []lossArguments{{Margin: -2}, {Margin: nan}, {Margin: inf}, {P: -2}, {P: nan}, {P: nn.None}, {Eps: -2}, {Eps: inf}},
		},
	}
}

// oneEach is sequences of one label.
func oneEach(labels []int) [][]int {
	var sequences [][]int
	for _, label := range labels {
		sequences = append(sequences, []int{label})
	}
	return sequences
}

func bceWithLogits(a lossArguments) nn.BCEWithLogits {
	return nn.BCEWithLogits{Reduction: a.reduction, PosWeight: a.PosWeight}
}

func crossEntropy(a lossArguments) nn.CrossEntropy {
	return nn.CrossEntropy{Reduction: a.reduction, LabelSmoothing: a.smoothing, ClassWeights: a.classWeights}
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
	a.reduction = r
	return a
}

// TestLossRows sees that there is a row for each loss, and a function for each type.
func TestLossRows(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range lossRows() {
		rows[row.name] = true
	}
	functions, types := exportedLosses(t)
	for _, name := range types {
		if !rows[name] {
			t.Errorf("nn.%s has no row in lossRows", name)
		}
		if !slices.Contains(functions, name+"Loss") {
			t.Errorf("nn.%s has no function nn.%sLoss", name, name)
		}
	}
	if len(types) < 13 || len(functions) != len(types)+1 { // CosineSimilarity is none of an output and a target
		t.Errorf("found types %v and functions %v", types, functions)
	}
}

// exportedLosses are the exported functions in the files of losses, and the types with a
// method Loss.
func exportedLosses(t *testing.T) (functions, types []string) {
	for _, file := range sourceFiles(t, "loss_*.go") {
		for _, declaration := range file.Decls {
			switch f, ok := declaration.(*ast.FuncDecl); {
			case !ok || !f.Name.IsExported():
			case f.Recv == nil:
				functions = append(functions, f.Name.Name)
			case f.Name.Name == "Loss":
				types = append(types, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	return functions, types
}

// sourceFiles are this package's files of a pattern, those of tests excepted.
func sourceFiles(t *testing.T, pattern string) []*ast.File {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func TestLossGradients(t *testing.T) {
	for _, row := range lossRows() {
		t.Run(row.name, func(t *testing.T) {
			xs := row.draw()
			for _, r := range []nn.Reduction{nn.ReduceMean, nn.ReduceSum, nn.ReduceNone} {
				f := func(xs []autograd.Variable) autograd.Variable { return row.f(row.reduced(r), xs) }
				gradcheck.TestWith(t, gradcheck.Config{SecondOrder: true, ForwardMode: true}, f, xs...)
			}
			f := func(xs []autograd.Variable) autograd.Variable { return row.f(row.arguments, xs) }
			var rounded []autograd.Variable
			for _, x := range xs {
				rounded = append(rounded, x.AsType(autograd.Float32))
			}
			if report, err := gradcheck.CheckFloat32(f, rounded, gradcheck.Config{}); err != nil {
				t.Errorf("%v\n%v", err, report)
			}
		})
	}
}

// The function of a loss is its method with the defaults.
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
		"CrossEntropy":  func() { nn.CrossEntropyLoss(x, []int{0, 0, 0}) },
		"NLL":           func() { nn.NLLLoss(x, []int{0, 0, 0}) },
		"KLDiv":         func() { nn.KLDivLoss(x, x) },
		"TripletMargin": func() { nn.TripletMarginLoss(x, x, x) },
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
		"CrossEntropy": func() { nn.CrossEntropyLoss(x, []int{0, 3}) },
		"weighted":     func() { nn.CrossEntropy{ClassWeights: []float64{1, 2, 3}}.Loss(x, []int{0, 3}) },
		"NLL":          func() { nn.NLLLoss(x, []int{0, 3}) },
	} {
		if err := autograd.Try(f); !errors.As(err, &indexError) {
			t.Errorf("%s: got %v, want an IndexError", name, err)
		}
	}
	var axisError *autograd.AxisError
	for name, f := range map[string]func(){
		"CosineSimilarity": func() { nn.CosineSimilarity(x, x, 2) },
		"CrossEntropy":     func() { nn.CrossEntropy{ClassAxis: 2}.Loss(x, []int{0, 1}) },
		"Probabilities":    func() { nn.CrossEntropy{ClassAxis: -3}.Probabilities(x, x) },
		"NLL":              func() { nn.NLL{ClassAxis: -3}.Loss(x, []int{0, 1}) },
	} {
		if err := autograd.Try(f); !errors.As(err, &axisError) {
			t.Errorf("%s: got %v, want an AxisError", name, err)
		}
	}
}
