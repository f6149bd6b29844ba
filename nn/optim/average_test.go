package optim

import (
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
)

// steps are the weights of five steps.
var steps = [][]float64{{0.5, -1.25, 3}, {0.125, 2.5, -0.75}, {1, 0.3, 0.7}, {-2, 0.1, 0.2}, {4, -0.6, 1.1}}

// averageRow is a way of averaging: what it makes of steps.
type averageRow struct {
	name string
	make func(arrays map[string]autograd.Variable) *Average
	want func(n, element int) float64 // after n updates
}

func ema(config EMAConfig) func(map[string]autograd.Variable) *Average {
	return func(arrays map[string]autograd.Variable) *Average { return NewEMA(maps.All(arrays), config) }
}

// weighted is the mean with weights.
func weighted(n, element int, weight func(k int) float64) float64 {
	sum, weights := 0.0, 0.0
	for k := 1; k <= n; k++ {
		sum += weight(k) * steps[k-1][element]
		weights += weight(k)
	}
	return sum / weights
}

// table64 is values by update and element.
func table64(values [][]float64) func(n, element int) float64 {
	return func(n, element int) float64 { return values[n-1][element] }
}

var averageRows = []averageRow{
	{"the mean", func(arrays map[string]autograd.Variable) *Average { return NewSWA(maps.All(arrays)) },
		func(n, element int) float64 { return weighted(n, element, func(int) float64 { return 1 }) }},
	{"SWA of PyTorch 1.13", func(arrays map[string]autograd.Variable) *Average { return NewSWA(maps.All(arrays)) }, table64(pytorchSWA)},
	{"EMA of PyTorch 1.13", ema(EMAConfig{Decay: 0.9}), table64(pytorchEMA)},
	{"EMA by its weights", ema(EMAConfig{Decay: 0.75}), func(n, element int) float64 {
		return weighted(n, element, func(k int) float64 {
			if k == 1 {
				return math.Pow(0.75, float64(n-1))
			}
			return 0.25 * math.Pow(0.75, float64(n-k))
		})
	}},
	{"bias correction", ema(EMAConfig{Decay: 0.75, BiasCorrection: true}), func(n, element int) float64 {
		return weighted(n, element, func(k int) float64 { return math.Pow(0.75, float64(n-k)) })
	}},
	{"warm-up", ema(EMAConfig{WarmUp: true}), func(n, element int) float64 {
		average := steps[0][element]
		for k := 2; k <= n; k++ {
			beta := min(0.999, float64(1+k)/float64(10+k))
			average = beta*average + (1-beta)*steps[k-1][element]
		}
		return average
	}},
	{"warm-up to its end", ema(EMAConfig{Decay: 0.3, WarmUp: true}), func(n, element int) float64 {
		average := steps[0][element]
		for k := 2; k <= n; k++ {
			beta := []float64{0, 0, 0.25, 0.3, 0.3, 0.3}[k]
			average = beta*average + (1-beta)*steps[k-1][element]
		}
		return average
	}},
	{"no decay", ema(EMAConfig{Decay: None}), func(n, element int) float64 { return steps[n-1][element] }},
}

// Averages are what their definitions say, whenever they are saved and restored.
func TestAverage(t *testing.T) {
	for _, row := range averageRows {
		t.Run(row.name, func(t *testing.T) {
			for saveAt := range steps {
				w := autograd.Parameter(autograd.New([]float64{9, 9, 9}))
				arrays := map[string]autograd.Variable{"w": w}
				a := row.make(arrays)
				for i, step := range steps {
					if i == saveAt {
						state := map[string]autograd.Variable{}
						for name, v := range a.State() {
							state[name] = v.Clone()
						}
						a = row.make(arrays)
						if err := a.Restore(state); err != nil {
							t.Fatal(err)
						}
					}
					copy(w.Float64s(), step)
					a.Update()
					for e, got := range maps.Collect(a.All())["w"].Float64s() {
						if want := row.want(i+1, e); !(math.Abs(got-want) <= 1e-14*math.Max(1, math.Abs(want))) {
							t.Errorf("restored before update %d: after update %d element %d is %v, want %v", saveAt+1, i+1, e, got, want)
						}
					}
					if a.Updates() != i+1 {
						t.Errorf("%d updates, want %d", a.Updates(), i+1)
					}
				}
			}
		})
	}
}

func TestAverageSwap(t *testing.T) {
	w, b := autograd.Parameter(autograd.New([]float32{1, 2})), autograd.New([]float64{3})
	a := NewSWA(maps.All(map[string]autograd.Variable{"w": w, "again": w, "b": b}))
	a.Update()
	copy(w.Float32s(), []float32{3, 8})
	b.Float64s()[0] = 4
	a.Update()
	seen := func() []float64 { return append(w.Floats(), b.Floats()...) }
	for range 2 {
		a.Swap()
		if diff := cmp.Diff([]float64{2, 5, 3.5}, seen()); diff != "" {
			t.Errorf("swapped (-want +got):\n%s", diff)
		}
		for name, f := range map[string]func(){
			"Update": a.Update, "Apply": a.Apply,
			"All":     func() { _ = maps.Collect(a.All()) },
			"State":   func() { _ = maps.Collect(a.State()) },
			"Restore": func() { _ = a.Restore(nil) },
		} {
			if err := autograd.Try(f); err == nil || !strings.Contains(err.Error(), "Swap them back") {
				t.Errorf("%s while swapped: %v", name, err)
			}
		}
		a.Swap()
		if diff := cmp.Diff([]float64{3, 8, 4}, seen()); diff != "" {
			t.Errorf("swapped back (-want +got):\n%s", diff)
		}
	}
	a.Apply()
	if diff := cmp.Diff([]float64{2, 5, 3.5}, seen()); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

// What was computed from a parameter before a swap does not pass for its value.
func TestAverageSwapIsAModification(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1}))
	a := NewSWA(maps.All(map[string]autograd.Variable{"w": w}))
	a.Update()
	square := w.Square()
	a.Swap()
	if err := autograd.Try(func() { autograd.NewTape(autograd.TapeConfig{}).Const(w).Add(square).Backward() }); err == nil {
		t.Error("no error")
	}
}

// Before the first update there is no average to apply.
func TestAverageWithoutUpdates(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1}))
	a := NewSWA(maps.All(map[string]autograd.Variable{"w": w}))
	w.Float64s()[0] = 2
	if a.Apply(); w.Item() != 2 {
		t.Errorf("got %v", w.Item())
	}
}

// Elements that do not change keep their bits, and elements that are not finite do not
// outlast the next update that takes everything as it is.
func TestAverageKeepsWhatIsConstant(t *testing.T) {
	const n = 3000
	frozen, w := autograd.Zeros(autograd.Float32, n), autograd.Parameter(autograd.Full(autograd.Float32, math.Inf(1), n))
	for i := range frozen.Float32s() {
		frozen.Float32s()[i] = 0.1 * float32(i)
	}
	arrays := maps.All(map[string]autograd.Variable{"frozen": frozen, "w": w})
	a := NewEMA(arrays, EMAConfig{})
	clear(w.Float32s())
	for range 100 {
		a.Update()
	}
	got := maps.Collect(a.All())
	if !cmp.Equal(frozen.Float32s(), got["frozen"].Float32s()) || !cmp.Equal(w.Float32s(), got["w"].Float32s()) {
		t.Error("an average of equal elements is another element")
	}
}

// The same bits at any GOMAXPROCS, and no allocation.
func TestAverageOfManyElements(t *testing.T) {
	const n = 100003
	run := func() (a *Average, w autograd.Variable) {
		w = autograd.Parameter(autograd.Zeros(autograd.Float32, n))
		a = NewEMA(maps.All(map[string]autograd.Variable{"w": w}), EMAConfig{Decay: 0.9})
		for k := range 4 {
			for i := range w.Float32s() {
				w.Float32s()[i] = float32(i*i%997) / float32(k+1)
			}
			a.Update()
		}
		return a, w
	}
	var one, many []float32
	parallel.WithProcs(1, func() { a, _ := run(); one = maps.Collect(a.All())["w"].Float32s() })
	parallel.WithProcs(4, func() { a, _ := run(); many = maps.Collect(a.All())["w"].Float32s() })
	if !cmp.Equal(one, many) {
		t.Error("the bits depend on GOMAXPROCS")
	}
	if race.Enabled {
		return
	}
	a, _ := run()
	if allocs := testing.AllocsPerRun(10, func() { a.Update(); a.Swap(); a.Swap() }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestAverageRefuses(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1, 2}))
	arrays := func(list ...autograd.Variable) func(func(string, autograd.Variable) bool) {
		return func(yield func(string, autograd.Variable) bool) {
			for _, v := range list {
				if !yield("w", v) {
					return
				}
			}
		}
	}
	for name, f := range map[string]func(){
		"there are no arrays":        func() { NewSWA(arrays()) },
		"outside any tape":           func() { NewSWA(arrays(autograd.NewTape(autograd.TapeConfig{}).Const(w))) },
		"two arrays are named w":     func() { NewSWA(arrays(w, w.Clone())) },
		"EMAConfig.Decay is 1":       func() { NewEMA(arrays(w), EMAConfig{Decay: 1}) },
		"both WarmUp and BiasCorrec": func() { NewEMA(arrays(w), EMAConfig{WarmUp: true, BiasCorrection: true}) },
	} {
		var e *autograd.ValueError
		if err := autograd.Try(f); !errors.As(err, &e) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	a := NewSWA(arrays(w))
	a.Update()
	var e *StateError
	err := a.Restore(map[string]autograd.Variable{"updates": autograd.Scalar(0.5), "average.w": autograd.New([]float64{1, 2, 3}), "x": w})
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	want := StateError{Unknown: []string{"x"}, Wrong: []string{
		"updates (0.5, expected a whole number that is not negative)", "average.w (float64 [3], expected float64 [2])"}}
	if diff := cmp.Diff(want, *e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := maps.Collect(a.All())["w"]; a.Updates() != 1 || !cmp.Equal(got.Float64s(), []float64{1, 2}) {
		t.Error("a state that does not fit changed the average")
	}
}

// What torch.optim.swa_utils.AveragedModel makes of steps, with avg_fn 0.9·a + 0.1·p for
// the second.
var (
	pytorchSWA = [][]float64{
		{0.5, -1.25, 3}, {0.3125, 0.625, 1.125}, {0.5416666666666666, 0.5166666666666666, 0.9833333333333333},
		{-0.09375, 0.4125, 0.7875}, {0.725, 0.21, 0.85},
	}
	pytorchEMA = [][]float64{
		{0.5, -1.25, 3}, {0.4625, -0.875, 2.625}, {0.51625, -0.7575, 2.4325},
		{0.264625, -0.67175, 2.2092500000000004}, {0.6381625, -0.6645749999999999, 2.0983250000000004},
	}
)
