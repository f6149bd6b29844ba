package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
)

const pixelScale = 1. / 255

// pixels are random bytes, most of them 0.
func pixels(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	p := make([]byte, n)
	for i := range p {
		if r.IntN(5) == 0 {
			p[i] = byte(r.Uint32())
		}
	}
	return p
}

// converted is what Bytes stands for, computed element by element.
func converted(dtype autograd.DType, data []byte, scale, shift float64, shape ...int) autograd.Variable {
	if dtype == autograd.Float64 {
		x := make([]float64, len(data))
		for i, b := range data {
			x[i] = float64(float64(b)*scale) + shift
		}
		return autograd.New(x, shape...)
	}
	x := make([]float32, len(data))
	for i, b := range data {
		x[i] = float32(float32(b)*float32(scale)) + float32(shift)
	}
	return autograd.New(x, shape...)
}

// bytesUse computes something from x.
type bytesUse struct {
	name  string
	shape []int // of the bytes
	f     func(x, w, b autograd.Variable) autograd.Variable
}

// bytesUses are ways to use bytes x, with w [5, 12] and b [5].
func bytesUses() []bytesUse {
	linear := autograd.Linear
	return []bytesUse{
		{"linear of many rows", []int{40, 12}, linear},
		{"linear of few rows", []int{7, 12}, linear},
		{"linear without bias", []int{33, 12}, func(x, w, _ autograd.Variable) autograd.Variable { return linear(x, w, autograd.Variable{}) }},
		{"linear of more axes", []int{4, 9, 12}, linear},
		{"linear of one row", []int{12}, linear},
		{"linear after flattening", []int{36, 1, 3, 4}, func(x, w, b autograd.Variable) autograd.Variable { return linear(x.Flatten(1), w, b) }},
		{"linear after reshaping", []int{36 * 12}, func(x, w, b autograd.Variable) autograd.Variable { return linear(x.Reshape(-1, 12), w, b) }},
		{"no linear", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable { return x.Mul(w.Sum(0)).Sin() }},
		{"linear, then other uses", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable {
			return linear(x, w, b).Sum().Add(x.Mul(w.Sum(0)).Sum())
		}},
		{"other uses, then linear", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable {
			return x.Exp().Sum().Add(linear(x, w, b).Sum())
		}},
		{"linear twice with one weight", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable {
			return linear(x, w, b).Square().Add(linear(x, w, b))
		}},
		{"linear with weights that are not finite", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable {
			return linear(x, w.Div(w.Greater(w.Mean())), b) // division by 0 and 1
		}},
		{"no rows", []int{0, 12}, linear},
		{"transposed", []int{12, 40}, func(x, w, b autograd.Variable) autograd.Variable { return linear(x.Permute(1, 0), w, b) }},
		{"detached", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable { return linear(x.Detach(), w, b) }},
		{"as a constant", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable {
			return linear(x.Tape().Const(x), w, b)
		}},
		{"in a checkpoint", []int{40, 12}, func(x, w, b autograd.Variable) autograd.Variable {
			return autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable { return linear(xs[0], xs[1], xs[2]).Tanh() }, x, w, b)
		}},
	}
}

// TestBytes compares values, gradients and gradients of gradients with those that the
// converted numbers give.
func TestBytes(t *testing.T) {
	for _, use := range bytesUses() {
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			for _, shift := range []float64{0, -0.5} {
				t.Run(fmt.Sprintf("%s, %v, shift %v", use.name, dtype, shift), func(t *testing.T) {
					size := 1
					for _, n := range use.shape {
						size *= n
					}
					data := pixels(size)
					got := useBytes(use, dtype, func(tape *autograd.Tape) autograd.Variable {
						return tape.Bytes(dtype, data, pixelScale, shift, use.shape...)
					})
					want := useBytes(use, dtype, func(tape *autograd.Tape) autograd.Variable {
						return tape.Const(converted(dtype, data, pixelScale, shift, use.shape...))
					})
					tolerance := 1e-13
					if dtype == autograd.Float32 {
						tolerance = 1e-5
					}
					near := cmp.Comparer(func(a, b float64) bool {
						return a == b || a != a && b != b || math.Abs(a-b) <= tolerance*(1+math.Abs(b))
					})
					if diff := cmp.Diff(want, got, near); diff != "" {
						t.Error(diff)
					}
				})
			}
		}
	}
}

// useBytes is the value, the gradients of a plain backward pass, and those of a function
// of recorded ones.
func useBytes(use bytesUse, dtype autograd.DType, bring func(tape *autograd.Tape) autograd.Variable) map[string][]float64 {
	r := rand.New(rand.NewPCG(3, 4))
	w := autograd.Parameter(autograd.Normal(r, dtype, 0, 1, 5, 12))
	b := autograd.Parameter(autograd.Normal(r, dtype, 0, 1, 5))
	tape := autograd.NewTape(autograd.TapeConfig{})
	y := use.f(bring(tape), tape.Watch(w), tape.Watch(b))
	loss := y.Square().Sum()
	grads := loss.Backward()
	result := map[string][]float64{"y": y.Floats()}
	for name, p := range map[string]autograd.Variable{"w": w, "b": b} {
		if g, ok := grads.Lookup(p); ok {
			result["gradient of "+name] = g.Floats()
		}
	}
	first := autograd.Grad(use.f(bring(tape), tape.Watch(w), tape.Watch(b)).Square().Sum(), tape.Watch(w))[0]
	second := first.Square().Sum().Backward()
	if g, ok := second.Lookup(w); ok {
		result["second order"] = g.Floats()
	}
	return result
}

func TestBytesForwardMode(t *testing.T) {
	data, direction := pixels(40*12), autograd.Normal(rand.New(rand.NewPCG(1, 2)), autograd.Float64, 0, 1, 5, 12)
	w := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float64, 0, 1, 5, 12)
	tangent := func(bring func(tape *autograd.Tape) autograd.Variable) []float64 {
		_, dy := autograd.JVP(func(xs []autograd.Variable) autograd.Variable {
			return autograd.Linear(bring(xs[0].Tape()), xs[0], autograd.Variable{}).Square()
		}, []autograd.Variable{w}, []autograd.Variable{direction})
		return dy.Floats()
	}
	got := tangent(func(tape *autograd.Tape) autograd.Variable {
		return tape.Bytes(autograd.Float64, data, pixelScale, 0, 40, 12)
	})
	want := tangent(func(tape *autograd.Tape) autograd.Variable {
		return tape.Const(converted(autograd.Float64, data, pixelScale, 0, 40, 12))
	})
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })); diff != "" {
		t.Error(diff)
	}
}

// TestBytesAreNotConverted checks that a linear layer needs no memory for numbers, and
// that asking about x does not make any.
func TestBytesAreNotConverted(t *testing.T) {
	const rows, in, out = 40, 500, 3
	w := autograd.Parameter(autograd.Ones(autograd.Float32, out, in))
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Bytes(autograd.Float32, pixels(rows*in), pixelScale, 0, rows, in)
	if x.Rank() != 2 || x.Dim(0) != rows || x.Size() != rows*in || x.DType() != autograd.Float32 || x.Tape() != tape || x.Tracked() || x.IsParameter() || !x.IsValid() {
		t.Error("x is not described as it should be")
	}
	autograd.Linear(x.Reshape(4, 10, in), w, autograd.Variable{}).Sum().Backward()
	if _, peak, _ := tape.MemoryUsage(); peak >= rows*in*4 {
		t.Errorf("%d bytes of arrays: the pixels were converted", peak)
	}
	if got, want := x.At(1, 2), converted(autograd.Float32, pixels(rows*in), pixelScale, 0, rows, in).At(1, 2); got != want {
		t.Errorf("element 1, 2 is %v, want %v", got, want)
	}
	if _, peak, _ := tape.MemoryUsage(); peak < rows*in*4 {
		t.Errorf("%d bytes of arrays after a look at an element: the test cannot tell", peak)
	}
}

// TestBytesAreWritable checks that what is written to the elements counts.
func TestBytesAreWritable(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Bytes(autograd.Float64, make([]byte, 40*2), 1, 0, 40, 2)
	x.Float64s()[0] = 5
	if got := autograd.Linear(x, autograd.Ones(autograd.Float64, 1, 2), autograd.Variable{}).Sum().Item(); got != 5 {
		t.Errorf("the sum is %v, want 5", got)
	}
}

func TestBytesAreShownAsNumbers(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	if got := tape.Bytes(autograd.Float32, []byte{0, 4}, 0.5, 1, 2).String(); !strings.Contains(got, "[1 3]") {
		t.Errorf("shown as %s", got)
	}
	y := autograd.Linear(tape.Bytes(autograd.Float32, make([]byte, 64), 1, 0, 32, 2), tape.Watch(autograd.Ones(autograd.Float32, 1, 2)), autograd.Variable{})
	for nodes := autograd.Graph(y).Nodes(); nodes.Next(); {
		if n := nodes.Node().(*autograd.GraphNode); math.IsNaN(n.Min) {
			t.Errorf("node %s has no minimum", n.Op)
		}
	}
}

func TestBytesAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools drop what they hold")
	}
	data := pixels(64 * 100)
	w := autograd.Parameter(autograd.Ones(autograd.Float32, 16, 100))
	tape := autograd.NewTape(autograd.TapeConfig{})
	shape := []int{64, 1, 10, 10}
	if n := testing.AllocsPerRun(20, func() {
		tape.Reset()
		x := tape.Bytes(autograd.Float32, data, pixelScale, 0, shape...)
		autograd.Linear(x.Flatten(1), w, autograd.Variable{}).Sum().Backward()
		x.Square()
	}); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestBytesMisuse(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	for _, c := range []struct {
		name string
		f    func()
		want any
	}{
		{"shape", func() { tape.Bytes(autograd.Float32, make([]byte, 5), 1, 0, 2, 2) }, new(*autograd.ShapeError)},
		{"negative shape", func() { tape.Bytes(autograd.Float32, nil, 1, 0, -1) }, new(*autograd.ShapeError)},
		{"scale", func() { tape.Bytes(autograd.Float32, nil, 1e39, 0, 0) }, new(*autograd.ValueError)},
		{"shift", func() { tape.Bytes(autograd.Float64, nil, 1, math.NaN(), 0) }, new(*autograd.ValueError)},
		{"after Reset", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x := tape.Bytes(autograd.Float32, make([]byte, 64), 1, 0, 32, 2)
			tape.Reset()
			autograd.Linear(x, autograd.Ones(autograd.Float32, 1, 2), autograd.Variable{})
		}, new(*autograd.TapeError)},
		{"types", func() {
			autograd.Linear(tape.Bytes(autograd.Float32, make([]byte, 64), 1, 0, 32, 2), autograd.Ones(autograd.Float64, 1, 2), autograd.Variable{})
		}, new(*autograd.DTypeError)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := autograd.Try(c.f); err == nil || !errors.As(err, c.want) {
				t.Errorf("%v, want %T", err, c.want)
			}
		})
	}
}

func ExampleTape_Bytes() {
	images := []byte{0, 255, 51, 0} // two images of two pixels
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Bytes(autograd.Float32, images, 1./255, 0, 2, 2)
	w := autograd.New([]float32{1, 10}, 1, 2)
	fmt.Println(autograd.Linear(x, w, autograd.Variable{}))
	// Output:
	// float32 [2 1]
	// [[10  ]
	//  [ 0.2]]
}
