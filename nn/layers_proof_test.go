package nn_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn"
)

// What holds for every layer at sizes that are not those of its row: those at which kernels
// have an edge, batches of one and of none, and such at which work is spread.

// edges are sizes around those of vectors, tiles and unrolled loops.
var edges = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33}

// resized is the row with another size along an axis of its inputs, of all that have it with
// the size that the first one has.
func (row layerRow) resized(axis, size int) layerRow {
	var shapes [][]int
	for _, shape := range row.shapes {
		if shape = slices.Clone(shape); axis < len(shape) && shape[axis] == row.shapes[0][axis] {
			shape[axis] = size
		}
		shapes = append(shapes, shape)
	}
	row.shapes = shapes
	return row
}

// accepts reports whether the layer takes the inputs, in training and in inference.
func (row *layerRow) accepts() bool {
	return autograd.Try(func() { row.step(row.build(1, double), double) }) == nil
}

// sizedRows are all rows at sizes that their layers take along each axis, and layers whose
// parameters have such sizes.
func sizedRows(sizes []int) func(yield func(name string, row layerRow) bool) {
	return func(yield func(string, layerRow) bool) {
		for _, row := range layerRows() {
			if len(row.shapes) == 0 {
				continue
			}
			for axis := range row.shapes[0] {
				for _, size := range sizes {
					if r := row.resized(axis, size); r.accepts() && !yield(fmt.Sprintf("%s/axis %d of %d", row.name, axis, size), r) {
						return
					}
				}
			}
		}
		for _, size := range sizes {
			for _, row := range wideRows(size) {
				if size > 0 && !yield(fmt.Sprintf("%s/width %d", row.name, size), row) {
					return
				}
			}
		}
	}
}

// recordedNumbers is [layerRow.numbers] with gradients by a recorded pass, whose rules are
// those written in operations.
func (row *layerRow) recordedNumbers(m nn.Module, dtype autograd.DType, training bool) []float64 {
	tape := autograd.NewTape(autograd.TapeConfig{Training: training, Seed: 5})
	xs := row.on(tape, dtype)
	y := row.compute(m, tape, xs)
	for _, w := range nn.Params(m) {
		xs = append(xs, tape.Watch(w))
	}
	numbers := y.Floats()
	for _, grad := range (autograd.GradConfig{AllowUnused: true}).GradWith(y, upstream(y), xs...) {
		numbers = append(numbers, grad.Floats()...)
	}
	return numbers
}

// worst is the greatest |got − want| relative to the greatest |want|, and where it is.
func worst(got, want []float64) (difference float64, at int) {
	scale := 1.
	for _, x := range want {
		scale = max(scale, math.Abs(x))
	}
	for i, x := range want {
		if d := math.Abs(got[i]-x) / scale; !(d <= difference) {
			difference, at = d, i
		}
	}
	return difference, at
}

// At every size around an edge the fused backward pass gives what the rules written in
// operations give, and float32 gives what float64 does; and there are results for a batch
// of one, and of none.
func TestLayerSizes(t *testing.T) {
	sizes := edges
	if race.Enabled {
		t.Skip("the same without the race detector")
	}
	if testing.Short() {
		sizes = []int{0, 1, 3, 8, 17}
	}
	count, empty := 0, map[string]bool{}
	for name, row := range sizedRows(sizes) {
		count++
		empty[row.name] = empty[row.name] || len(row.shapes) > 0 && slices.Contains(row.shapes[0], 0)
		for _, training := range []bool{true, false} {
			wide, single := row.build(1, double), row.build(1, autograd.Float32)
			want := row.recordedNumbers(wide, double, training)
			got, narrow := row.numbers(wide, double, training), row.numbers(single, autograd.Float32, training)
			if len(got) != len(want) || len(narrow) != len(want) {
				t.Fatalf("%s: %d and %d numbers, want %d", name, len(got), len(narrow), len(want))
			}
			if d, at := worst(got, want); !(d < 1e-12) {
				t.Errorf("%s, training %v: number %d is %v in a plain pass, %v in a recorded one", name, training, at, got[at], want[at])
			}
			// What comes of inputs that are off by a millionth is what float32 may be off by.
			sensitivity, _ := worst(row.shaken(1e-6).numbers(wide, double, training), want)
			allowed := 1e-5 + 4*sensitivity
			if few.MatchString(name) {
				allowed = 2e-3
			}
			if d, at := worst(narrow, want); !(d < allowed) {
				t.Errorf("%s, training %v: number %d is %v in float32, %v in float64", name, training, at, narrow[at], want[at])
			}
		}
	}
	t.Logf("%d sizes", count)
	for _, row := range layerRows() {
		if reason := neverEmpty[row.name]; !empty[row.name] && len(row.shapes) > 0 && reason == "" {
			t.Errorf("%s: takes no empty array", row.name)
		} else if empty[row.name] && reason != "" {
			t.Errorf("%s: takes an empty array: %s", row.name, reason)
		}
	}
}

// few is where few elements are normalized, which cancels nearly all of their gradients.
var few = regexp.MustCompile(`^(\w*Norm|Transformer).*(/axis|width [1-4]$)`)

// neverEmpty says why layers have no result for an empty batch.
var neverEmpty = map[string]string{
	"Conv1d of the same size": "of one signal", "ConvTranspose1d": "of one signal", "LSTM of one sequence": "of one sequence",
	"MaxUnpool1d": "indices of another size", "MaxUnpool2d": "indices of another size", "MaxUnpool3d": "indices of another size",
	"LSTM with lengths": "lengths of another size", "GRU with lengths": "lengths of another size",
	"LSTM of two layers in both directions": "states of another size", "MultiheadAttention with masks": "masks of another size",
}

// shaken is the row with inputs that are off by this, relative to their size.
func (row layerRow) shaken(by float64) *layerRow {
	row.shake = by
	return &row
}

// Every layer of a size at which work is spread gives the same bits on any number of processors.
func TestEveryLayerGivesTheSameBits(t *testing.T) {
	rows, counts := wideRows(40), []int{1, 2, 3, 8}
	if testing.Short() {
		counts = []int{1, 3}
	}
	for _, row := range layerRows() {
		if !testing.Short() || row.maps != "" {
			rows = append(rows, row)
		}
	}
	for _, row := range rows {
		if len(row.shapes) == 0 {
			continue
		}
		row = row.enlarged()
		t.Run(row.name, func(t *testing.T) {
			m := row.build(1, autograd.Float32)
			var want []uint64
			for _, procs := range counts {
				var got []uint64
				parallel.WithProcs(procs, func() { got = row.bits(m, autograd.Float32, true) })
				if want == nil {
					want = got
				}
				if !slices.Equal(want, got) {
					t.Errorf("GOMAXPROCS %d changes the bits", procs)
				}
			}
		})
	}
}

// enlarged is the row with the first axis that can be so large that there are a hundred
// thousand elements, but not thousands of steps.
func (row layerRow) enlarged() layerRow {
	for axis := range row.shapes[0] {
		size := row.shapes[0][axis]
		for _, n := range row.shapes[0] {
			if n > 0 {
				size = min(100_000*row.shapes[0][axis]/product(row.shapes[0]), 2000)
			}
		}
		if r := row.resized(axis, size); r.accepts() {
			return r
		}
	}
	return row
}

func product(shape []int) int {
	p := 1
	for _, n := range shape {
		p *= n
	}
	return p
}

// A checker that passes everything proves nothing: what [TestLayerGradients] does must object
// to a layer whose gradients are wrong, in each of several ways, for each input and parameter.
func TestLayerMutationsAreCaught(t *testing.T) {
	if race.Enabled {
		t.Skip("the same without the race detector")
	}
	mutations := layerMutations
	if testing.Short() {
		mutations = mutations[:2]
	}
	var caught atomic.Int64
	for _, row := range layerRows() {
		if testing.Short() && row.maps == "" {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := row.build(3, double)
			xs := row.draw(double)
			for _, w := range nn.Params(m) {
				xs = append(xs, w.Detach().Clone())
			}
			for operand, x := range xs {
				for _, mutation := range mutations {
					changed := false
					f := row.falsified(m, xs, operand, mutation.apply, &changed)
					_, err := gradcheck.Check(func(xs []v) v { return f.Apply(xs...) }, []v{x}, gradcheck.Config{ATol: 1e-13, Kinks: row.kinks})
					if changed && err == nil {
						t.Errorf("operand %d, %s: not caught", operand, mutation.name)
					}
					if changed {
						caught.Add(1)
					}
				}
			}
		})
	}
	t.Cleanup(func() { t.Logf("%d wrong gradients", caught.Load()) })
}

// falsified is the layer as a function of one of its inputs and parameters, with its gradient
// changed. changed is set if the change is not within what rounding explains.
func (row *layerRow) falsified(m nn.Module, all []v, operand int, apply func(grad v) (wrong v, ok bool), changed *bool) *autograd.Function {
	inputs := len(row.shapes)
	leaf := all[operand]
	i := inputs
	for _, w := range nn.Params(m) {
		if i == operand {
			leaf = w
		}
		i++
	}
	run := func(xs []v) (y, at v) {
		tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 5})
		leaf.CopyFrom(xs[0])
		arguments := make([]v, inputs)
		for k := range inputs {
			arguments[k] = tape.Watch(all[k])
		}
		if at = leaf; operand < inputs {
			at = arguments[operand]
		}
		return row.compute(m, tape, arguments), at
	}
	return &autograd.Function{
		Name: row.name,
		Forward: func(xs []v) v {
			y, _ := run(xs)
			return y.Clone()
		},
		VJP: func(xs []v, _, g v) []v {
			y, at := run(xs)
			if !y.Tracked() {
				return []v{{}}
			}
			wrong, ok := apply(y.BackwardWith(g.Clone()).Of(at).Clone())
			*changed = *changed || ok
			return []v{wrong}
		},
	}
}

var layerMutations = []struct {
	name  string
	apply func(grad v) (wrong v, ok bool)
}{
	{"scaled by 1+1e-5", func(g v) (v, bool) { return g.MulScalar(1 + 1e-5), g.Norm().Item() > 1e-3 }},
	{"a constant added", func(g v) (v, bool) { return g.AddScalar(1e-5), g.Size() > 0 }},
	{"wrong sign", func(g v) (v, bool) { return g.Neg(), g.Norm().Item() > 1e-3 }},
	{"dropped", func(g v) (v, bool) { return v{}, g.Norm().Item() > 1e-3 }},
	{"last entry lost", func(g v) (v, bool) {
		changed, last := g.Clone(), g.Size()-1
		if last < 0 {
			return g, false
		}
		changed.Float64s()[last] = 0
		return changed, math.Abs(g.Float64s()[last]) > 1e-3
	}},
	{"neighbours exchanged", func(g v) (v, bool) {
		changed := g.Clone()
		x := changed.Float64s()
		if len(x) < 2 {
			return g, false
		}
		x[0], x[1] = x[1], x[0]
		return changed, math.Abs(x[0]-x[1]) > 1e-3
	}},
}

// Every layer with parameters, but for single numbers, is among those of any width.
func TestWideRows(t *testing.T) {
	wide := map[string]bool{}
	for _, row := range wideRows(4) {
		wide[row.name] = true
	}
	for _, row := range layerRows() {
		name, _, _ := strings.Cut(row.name, " ")
		greatest := 0
		for _, w := range nn.Params(row.build(1, double)) {
			greatest = max(greatest, w.Size())
		}
		if greatest > 1 && !wide[name] && notWide[name] == "" {
			t.Errorf("%s is not in wideRows", name)
		}
	}
}

// notWide says which layers with parameters are no rows of their own there.
var notWide = map[string]string{
	"Sequential": "of other layers", "Frozen": "of other layers", "WithHooks": "of other layers", "ModuleList": "of other layers", "ModuleMap": "of other layers",
	"Residual": "of other layers", "WeightNorm": "of other layers", "SpectralNorm": "of other layers",
	"TransformerEncoder": "of its layers", "TransformerDecoder": "of its layers", "TransformerDecoderLayer": "as TransformerEncoderLayer", "Transformer": "of its layers",
}
