package autograd_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/internal/operations"
)

// Every operation, computed of parameters outside any tape and adopted afterwards, gives
// the values and gradients, to second order, that it gives when it is recorded.
func TestOperationsOnParametersAlone(t *testing.T) {
	forEach(t, func(t *testing.T, r operations.Row, xs []autograd.Variable) {
		if r.Name == "Checkpoint" {
			t.Skip("it needs an operand on a tape")
		}
		for i, x := range xs {
			xs[i] = autograd.Parameter(x)
		}
		run := func(record bool) (results [][]float64) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			operands := append([]autograd.Variable{}, xs...)
			if record {
				for i, x := range operands {
					operands[i] = tape.Watch(x)
				}
			}
			y := r.F(operands)
			if !record && y.Tape() != nil {
				t.Fatal("the result is on a tape")
			}
			u := autograd.Normal(rand.New(rand.NewPCG(5, 5)), y.DType(), 0, 1, y.Shape()...)
			z := tape.Const(u).Mul(y).Sum()
			results = append(results, y.Floats(), z.Floats())
			grads := z.Backward()
			sum := tape.Const(autograd.Zeros(autograd.Float64)) // of the squares of the gradients
			for i, g := range (autograd.GradConfig{AllowUnused: true}).Grad(z, xs...) {
				results = append(results, g.Floats(), grads.Of(xs[i]).Floats())
				sum = sum.Add(g.Square().Sum().AsType(autograd.Float64))
			}
			if sum.Tracked() {
				second := sum.Backward()
				for _, x := range xs {
					results = append(results, second.Of(x).Floats())
				}
			}
			return results
		}
		if diff := cmp.Diff(run(true), run(false), approximately(1e-12)); diff != "" {
			t.Errorf("recorded (-) and adopted (+): %s", diff)
		}
	})
}

// The ways of computing on parameters that people write every day.
func TestParametersAlone(t *testing.T) {
	w, scale := autograd.Parameter(vector(1, -2, 0.5)), autograd.Parameter(vector(0.3, 0.7, -1))
	x := vector(2, 3, 4)
	split := autograd.Parameter(autograd.New([]float64{1, 2, 3, -1, 0.5, 2}, 2, 3))
	functions := map[string]func(x autograd.Variable, w []autograd.Variable) autograd.Variable{
		"weight decay": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			return x.Mul(w[0]).Sum().Square().Add(w[0].Square().Sum().MulScalar(0.1))
		},
		"scale": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			return x.Mul(w[1].Softplus()).Sum()
		},
		"weight normalization": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			return x.Mul(w[1].Mul(w[0].Div(w[0].Norm()))).Sum().Tanh()
		},
		"tied, transposed": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			wT := w[2].T() // [3, 2]
			return x.MatMul(wT).Tanh().MatMul(wT.T()).Square().Sum()
		},
		"split": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			head, tail := w[2].Slice(0, 0, 1), w[2].Slice(0, 1, 2)
			return x.Mul(head.Reshape(3)).Sin().Mul(tail.Exp()).Sum()
		},
		"composed function": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			return autograd.LayerNorm(x, w[1].Exp(), w[0].Neg(), 1e-5).Square().Sum()
		},
		"used twice": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			e := w[0].Exp()
			return x.Mul(e).Sum().Add(e.Mul(x).Sum().Sin()).Mul(e.Sum())
		},
		"checkpoint": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			e := w[0].Exp() // captured
			return autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable {
				return xs[0].Mul(e).Mul(w[1].Square()).Sin().Mul(xs[1])
			}, x, w[1].Cos()).Sum()
		},
		"checkpoint that captures what is recorded already": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			e, c := w[0].Exp(), w[1].Cos()
			h := x.Mul(e).Mul(c).Tanh()
			return autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable {
				return xs[0].Mul(e).Add(xs[1].Mul(c).Mul(w[0])).Sin()
			}, h, c).Sum().Add(e.Square().Sum())
		},
		"operation of one's own": func(x autograd.Variable, w []autograd.Variable) autograd.Variable {
			cube := &autograd.Function{
				Name:    "cube",
				Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Mul(xs[0]).Mul(xs[0]) },
				VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
					return []autograd.Variable{g.Mul(xs[0].Square()).MulScalar(3)}
				},
			}
			return cube.Apply(w[0]).Mul(x).Sum()
		},
	}
	params := []autograd.Variable{w, scale, split}
	for name, f := range functions {
		t.Run(name, func(t *testing.T) {
			// By differences, to second order, where the parameters stay what they are.
			report, err := gradcheck.CheckModel(gradcheck.Model{
				Params: func(yield func(string, autograd.Variable) bool) {
					_ = yield("w", w) && yield("scale", scale) && yield("split", split)
				},
				Inputs:  []autograd.Variable{x},
				Forward: func(_ *autograd.Tape, xs []autograd.Variable) autograd.Variable { return f(xs[0], params) },
			}, gradcheck.Config{SecondOrder: true})
			if err != nil || report.Unreliable > 0 {
				t.Error(report, err)
			}
			// A tape without gradients takes them as constants.
			none := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
			y := f(none.Const(x), params)
			tape := autograd.NewTape(autograd.TapeConfig{})
			if want := f(tape.Const(x), params); y.Tracked() || y.Item() != want.Item() {
				t.Errorf("without gradients %v, want %v", y, want)
			}
		})
	}
}

func TestResultOfParametersOnTwoTapes(t *testing.T) {
	w := autograd.Parameter(vector(1, 2))
	e := w.Exp().Mul(w)
	want := e.Sum().Backward().Of(w).Clone().Floats()
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			for range 3 {
				grads := tape.Const(vector(1, 1)).Mul(e).Add(tape.Const(vector(0, 0)).Mul(e)).Sum().Backward()
				if diff := cmp.Diff(want, grads.Of(w).Floats()); diff != "" {
					t.Errorf("tape %d: %s", i, diff)
				}
				tape.Reset()
			}
		})
	}
	wait.Wait()
}

func TestDerivativesOfParametersAlone(t *testing.T) {
	w := autograd.Parameter(vector(1, 2, 3))
	y := w.Square().Mul(w).Sum() // Σ w³
	if !y.Tracked() || y.IsParameter() || y.Tape() != nil {
		t.Errorf("tracked %v, parameter %v, tape %v", y.Tracked(), y.IsParameter(), y.Tape())
	}
	check := func(what string, want []float64, got autograd.Variable) {
		t.Helper()
		if diff := cmp.Diff(want, got.Floats()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	check("Backward", []float64{3, 12, 27}, y.Backward().Of(w))
	check("Backward of w only", []float64{3, 12, 27}, y.Backward(w).Of(w))
	check("BackwardWith", []float64{6, 24, 54}, y.BackwardWith(autograd.Scalar(2.0)).Of(w))
	first := autograd.Grad(y, w)[0]
	check("Grad", []float64{3, 12, 27}, first)
	check("Grad of Grad", []float64{6, 12, 18}, autograd.Grad(first.Sum(), w)[0])

	square := w.Square().RetainGrad()
	hooked := 0
	square.Hook(func(autograd.Variable) autograd.Variable { hooked++; return autograd.Variable{} })
	check("RetainGrad", []float64{1, 2, 3}, square.Mul(w).Sum().Backward().Of(square))
	if hooked != 1 {
		t.Errorf("the hook ran %d times", hooked)
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	cube := w.Square().Mul(w)
	watched := tape.Watch(cube)
	grads := watched.Square().Sum().Backward()
	check("Watch", []float64{2, 16, 54}, grads.Of(cube))
	check("Watch, of the parameter", []float64{6, 192, 1458}, grads.Of(w))
	if tape.Watch(cube) != watched {
		t.Error("watching again gives another leaf")
	}
	if d := cube.Detach(); d.Tracked() || tape.Const(vector(1, 1, 1)).Mul(d).Tracked() {
		t.Error("detached, but tracked")
	}
	if tape.Const(cube).Tracked() {
		t.Error("Const is tracked")
	}
	if g := autograd.Graph(y); g.Find(w) == nil {
		t.Error("the graph has no parameter")
	}
	if text := cube.String(); !strings.HasPrefix(text, "float64 [3] mul\n") {
		t.Errorf("printed as %s", text)
	}
}

// A result that is out of date is refused whichever way the parameter was changed.
func TestModifiedParametersAreNoticed(t *testing.T) {
	buffer := vector(1, 1)
	for _, test := range []struct {
		name   string
		modify func(w autograd.Variable)
	}{
		{"CopyFrom", func(w autograd.Variable) { w.CopyFrom(vector(5, 6)) }},
		{"CopyFrom to a part", func(w autograd.Variable) { w.Slice(0, 0, 1).CopyFrom(vector(5)) }},
		{"CopyFrom to the detached", func(w autograd.Variable) { w.Detach().CopyFrom(vector(5, 6)) }},
		{"slices", func(w autograd.Variable) { w.Float64s()[0]++; w.MarkModified() }},
		{"WithDType", func(w autograd.Variable) {
			autograd.WithDType(autograd.Float32, []autograd.Variable{w}, func() {})
		}},
		{"Commit", func(autograd.Variable) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			tape.Assign(buffer, vector(2, 2))
			tape.Commit()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := autograd.Parameter(vector(1, 2))
			result := func() autograd.Variable { return w.Mul(buffer).Slice(0, 1, 2).Exp() }
			old := result()
			test.modify(w)
			tape := autograd.NewTape(autograd.TapeConfig{})
			x := tape.Const(vector(1))
			for name, f := range map[string]func(){
				"meets a tape": func() { x.Mul(old) },
				"Watch":        func() { tape.Watch(old) },
				"Backward":     func() { old.Backward() },
				"Checkpoint": func() {
					autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable { return xs[0].Mul(old) }, x)
				},
			} {
				var tapeError *autograd.TapeError
				if err := autograd.Try(f); !errors.As(err, &tapeError) || !strings.Contains(err.Error(), "modified since") {
					t.Errorf("%s: got %v", name, err)
				}
			}
			autograd.NewTape(autograd.TapeConfig{NoGrad: true}).Const(vector(1)).Mul(old) // a value is a value
			x.Mul(result()).Sum().Backward()
		})
	}
}

func TestLongChainsOfParametersAlone(t *testing.T) {
	w := autograd.Parameter(autograd.Scalar(1.0))
	y := w
	for range 200_000 {
		y = y.AddScalar(1)
	}
	if got := y.Mul(w).Backward().Of(w).Item(); got != 200_002 {
		t.Errorf("gradient %v, want 200002", got)
	}
}

// What was only needed to know how a result was made is garbage once it is detached.
func TestDetachForgets(t *testing.T) {
	w := autograd.Parameter(autograd.Ones(autograd.Float64, 1000))
	freed := make(chan bool, 1)
	detached := func() autograd.Variable {
		e := w.Exp()
		runtime.AddCleanup(&e.Float64s()[0], func(c chan bool) { c <- true }, freed)
		return e.Sum().Detach()
	}()
	runtime.GC()
	select {
	case <-freed:
	case <-time.After(10 * time.Second):
		t.Error("the intermediate result is still there")
	}
	runtime.KeepAlive(detached)
}

// Adopted results give back all they took, the nodes of auxiliary arrays too.
func TestAdoptedResultsAreReset(t *testing.T) {
	logits := autograd.Parameter(autograd.New([]float64{1, 2, 3, 4}, 2, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	var want []float64
	for step := range 5 {
		loss := autograd.SoftmaxCrossEntropy(logits, []int{0, 1}).Mean()
		got := tape.Const(autograd.Scalar(2.0)).Mul(loss).Backward().Of(logits).Floats()
		if step == 0 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("step %d: %s", step, diff)
		}
		tape.Reset()
		if inUse, _, _ := tape.MemoryUsage(); inUse != 0 {
			t.Errorf("step %d: %d bytes in use", step, inUse)
		}
	}
}

// A penalty on the weights needs no tape of its own.
func ExampleVariable_derived() {
	w := autograd.Parameter(autograd.New([]float64{1, -2}))
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Const(autograd.New([]float64{3, 4}))
	loss := x.Mul(w).Sum().Add(w.Square().Sum().MulScalar(0.5))
	fmt.Println(loss.Item(), loss.Backward().Of(w).Float64s())
	// Output:
	// -2.5 [4 2]
}

// Random programs on an input and two parameters, parts of them in checkpoints: whether the
// parameters are brought onto the tape first, or meet it as chance has it, values and
// gradients to second order are the same.
func TestRandomProgramsOfParameters(t *testing.T) {
	w1, w2 := autograd.Parameter(vector(0.3, -0.7)), autograd.Parameter(vector(1.1, 0.4))
	combine := func(kind int, a, b autograd.Variable) autograd.Variable {
		switch kind {
		case 0:
			return a.Mul(b)
		case 1:
			return a.Add(b.Sin())
		case 2:
			return a.Tanh().Mul(b.Cos())
		default:
			return a.Sub(b).MulScalar(0.5)
		}
	}
	run := func(seed uint64, watch, checkpoints bool) (results [][]float64) {
		rng := rand.New(rand.NewPCG(seed, 41))
		tape := autograd.NewTape(autograd.TapeConfig{})
		x := tape.Watch(vector(0.9, -0.2))
		pool := []autograd.Variable{x, w1, w2}
		if watch {
			pool = []autograd.Variable{x, tape.Watch(w1), tape.Watch(w2)}
		}
		for range 12 {
			i, j, k, l := rng.IntN(len(pool)), rng.IntN(len(pool)), rng.IntN(len(pool)), rng.IntN(4)
			wrap := rng.IntN(3) == 0
			a, b, captured := pool[i], pool[j], pool[k]
			if captured.Tape() != nil || watch {
				captured = w2 // a recorded one may not be captured
			}
			part := func(xs []autograd.Variable) autograd.Variable {
				return combine(l, xs[0], xs[1]).Mul(captured.Cos())
			}
			if checkpoints && wrap && (a.Tape() != nil || b.Tape() != nil) {
				pool = append(pool, autograd.Checkpoint(part, a, b))
			} else {
				pool = append(pool, part([]autograd.Variable{a, b}))
			}
		}
		loss := x.Sum().Add(w1.Sum()).Add(w2.Sum())
		for _, v := range pool[3:] {
			loss = loss.Add(v.Sum())
		}
		sources := []autograd.Variable{x, w1, w2}
		grads := loss.Backward()
		first := autograd.Grad(loss, sources...)
		sum := first[0].Square().Sum().Add(first[1].Square().Sum()).Add(first[2].Square().Sum())
		second := sum.Backward()
		results = append(results, loss.Floats())
		for i, v := range sources {
			results = append(results, grads.Of(v).Floats(), first[i].Floats(), second.Of(v).Floats())
		}
		return results
	}
	for seed := range uint64(200) {
		// Without watching, what is captured differs: it is compared with and without checkpoints.
		plain := run(seed, false, false)
		if diff := cmp.Diff(plain, run(seed, false, true), approximately(1e-10)); diff != "" {
			t.Fatalf("program %d with checkpoints: %s", seed, diff)
		}
		if diff := cmp.Diff(run(seed, true, false), run(seed, true, true), approximately(1e-10)); diff != "" {
			t.Fatalf("program %d, watched, with checkpoints: %s", seed, diff)
		}
	}
}
