package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/graph/encoding/dot"
	"gonum.org/v1/gonum/graph/topo"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
)

func TestUseCountsAddUp(t *testing.T) {
	for uses := range 6 {
		tape := autograd.NewTape(autograd.TapeConfig{})
		x := tape.Watch(vector(3))
		y := tape.Watch(vector(1)).Sum()
		for range uses {
			y = y.Add(x.Square().Sum())
		}
		if got, want := y.Backward().Of(x).Item(), float64(6*uses); got != want {
			t.Errorf("%d uses: gradient %v, want %v", uses, got, want)
		}
	}
}

func TestAliasedOperands(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(vector(3))
	tests := []struct {
		name string
		y    autograd.Variable
		want float64
	}{
		{"x+x", x.Add(x), 2},
		{"x-x", x.Sub(x), 0},
		{"x·x", x.Mul(x), 6},
		{"x/x", x.Div(x), 0},
		{"max(x,x)", x.Maximum(x), 1},
		{"x·x·x", x.Mul(x).Mul(x), 27},
		{"concat", autograd.Concat(0, x, x, x), 3},
		{"dot", x.MatMul(x), 6},
		{"where", autograd.Where(vector(1), x, x), 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.y.Sum().Backward().Of(x).Item(); got != test.want {
				t.Errorf("gradient %v, want %v", got, test.want)
			}
		})
	}
}

func TestHigherOrders(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.Scalar(0.7))
	y := x.Sigmoid().Mul(x.Exp()).Add(x.PowScalar(5))
	// Derivatives of eˣσ(x) + x⁵ by the recurrence (eˣσ)⁽ⁿ⁾ are checked against
	// central differences of the derivative one order below, in a chain.
	for order := 1; order <= 4; order++ {
		dy := autograd.Grad(y, x)[0]
		numeric := derivative(func(at float64) float64 { return nthDerivative(order-1, at) }, 0.7)
		if diff := math.Abs(dy.Item()-numeric) / math.Abs(numeric); !(diff < 1e-8) {
			t.Errorf("order %d: %v, differences give %v", order, dy.Item(), numeric)
		}
		y = dy
	}
}

func nthDerivative(order int, at float64) float64 {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.Scalar(at))
	y := x.Sigmoid().Mul(x.Exp()).Add(x.PowScalar(5))
	for range order {
		y = autograd.Grad(y, x)[0]
	}
	return y.Item()
}

// derivative is the six-point central difference.
func derivative(f func(float64) float64, x float64) float64 {
	const h = 1e-3
	return (45*(f(x+h)-f(x-h)) - 9*(f(x+2*h)-f(x-2*h)) + (f(x+3*h) - f(x-3*h))) / (60 * h)
}

func TestNestedDerivatives(t *testing.T) {
	// D(x → x·D(y → x+y, 1), 1) = 1 and D(x → x·D(y → x·y, 1), 4) = 8: an inner
	// derivative must not be confused with the outer one.
	nested := func(at float64, inner func(x, y autograd.Variable) autograd.Variable) float64 {
		_, grads := autograd.ValueAndGrad(func(xs []autograd.Variable) autograd.Variable {
			x := xs[0]
			one := x.Tape().Const(autograd.Scalar(1.0))
			_, d := autograd.ValueAndGrad(func(ys []autograd.Variable) autograd.Variable { return inner(x, ys[0]) }, one)
			return x.Mul(d[0])
		}, autograd.Scalar(at))
		return grads[0].Item()
	}
	if got := nested(1, func(x, y autograd.Variable) autograd.Variable { return x.Add(y) }); got != 1 {
		t.Errorf("sum: %v, want 1", got)
	}
	if got := nested(4, func(x, y autograd.Variable) autograd.Variable { return x.Mul(y) }); got != 8 {
		t.Errorf("product: %v, want 8", got)
	}
}

func TestMillionNodes(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.Scalar(1.0))
	y := x
	for range 1_000_000 {
		y = y.Add(x)
	}
	if got := y.Backward().Of(x).Item(); got != 1_000_001 {
		t.Errorf("gradient %v, want 1000001", got)
	}
}

func TestMaskedBranchesDoNotLeakNaN(t *testing.T) {
	x0 := []float64{-1, 0, 4}
	tests := []struct {
		name string
		f    func(x autograd.Variable) autograd.Variable
		want []float64
	}{
		{"where sqrt", func(x autograd.Variable) autograd.Variable {
			return autograd.Where(x.Greater(autograd.Scalar(0.0)), x.Sqrt(), autograd.Scalar(0.0))
		}, []float64{0, 0, 0.25}},
		{"where log", func(x autograd.Variable) autograd.Variable {
			return autograd.Where(x.Greater(autograd.Scalar(0.0)), x.Log(), x)
		}, []float64{1, 1, 0.25}},
		{"where division", func(x autograd.Variable) autograd.Variable {
			return autograd.Where(x.NotEqual(autograd.Scalar(0.0)), x.Div(x.Square()), autograd.Scalar(0.0))
		}, []float64{-1, 0, -0.0625}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x := tape.Watch(autograd.New(x0))
			y := test.f(x).Sum()
			if diff := cmp.Diff(test.want, y.Backward().Of(x).Float64s()); diff != "" {
				t.Errorf("plain pass: %s", diff)
			}
			if diff := cmp.Diff(test.want, autograd.Grad(y, x)[0].Float64s()); diff != "" {
				t.Errorf("recorded pass: %s", diff)
			}
		})
	}
}

func TestGradOfIntermediateAndUnused(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x, unused := tape.Watch(vector(2)), tape.Watch(vector(5, 6))
	h := x.Square()
	y := h.Mul(h).Sum()
	grads := autograd.GradConfig{AllowUnused: true}.Grad(y, h, x, unused, y)
	want := [][]float64{{8}, {32}, {0, 0}, {1}}
	for i, g := range grads {
		if diff := cmp.Diff(want[i], g.Float64s()); diff != "" {
			t.Errorf("gradient %d: %s", i, diff)
		}
	}
}

func TestGradWithRecordedUpstream(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x, u := tape.Watch(vector(2, 3)), tape.Watch(vector(1, 1))
	g := autograd.GradWith(x.Square(), u, x)[0] // 2·x·u
	if diff := cmp.Diff([]float64{4, 6}, autograd.Grad(g.Sum(), u)[0].Float64s()); diff != "" {
		t.Error(diff)
	}
}

// mlpLoss records the loss of a small network.
func mlpLoss(tape *autograd.Tape) autograd.Variable {
	w1 := autograd.Parameter(autograd.Linspace(autograd.Float64, -1, 1, 12).Reshape(4, 3))
	b1 := autograd.Parameter(autograd.Zeros(autograd.Float64, 4))
	w2 := autograd.Parameter(autograd.Linspace(autograd.Float64, -1, 1, 8).Reshape(2, 4))
	x := tape.Const(autograd.Linspace(autograd.Float64, 0, 1, 15).Reshape(5, 3))
	h := autograd.Linear(x, w1, b1).Tanh()
	h = h.Add(h.Square()) // a diamond
	return autograd.SoftmaxCrossEntropy(autograd.Linear(h, w2, autograd.Variable{}), []int{0, 1, 1, 0, 1}).Mean()
}

func TestRecordingOrderIsTopological(t *testing.T) {
	g := autograd.Graph(mlpLoss(autograd.NewTape(autograd.TapeConfig{})))
	if _, err := topo.Sort(g); err != nil {
		t.Fatalf("the graph has a cycle: %v", err)
	}
	nodes := g.Nodes()
	for nodes.Next() {
		id := nodes.Node().ID()
		for to := g.From(id); to.Next(); {
			if to.Node().ID() <= id {
				t.Errorf("node %d was recorded after its result %d", id, to.Node().ID())
			}
		}
	}
}

// The order in which hooks fire is the order in which the pass finishes gradients.
func TestBackwardOrderIsTopological(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(vector(0.5))
	var finished []string
	named := func(name string, v autograd.Variable) autograd.Variable {
		return v.Hook(func(g autograd.Variable) autograd.Variable {
			finished = append(finished, name)
			return autograd.Variable{}
		})
	}
	a := named("a", x.Square())
	b := named("b", a.Exp())
	c := named("c", a.Tanh())
	d := named("d", b.Mul(c))
	named("e", d.Add(a)).Sum().Backward()
	if diff := cmp.Diff([]string{"e", "d", "c", "b", "a"}, finished); diff != "" {
		t.Error(diff)
	}
}

func TestGraphWritesDOT(t *testing.T) {
	text, err := dot.Marshal(autograd.Graph(mlpLoss(autograd.NewTape(autograd.TapeConfig{}))), "loss", "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`label="linear\n[5 4] float64"`, `label="parameter\n[4 3] float64"`, `label="cross entropy\n[5] float64"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("DOT lacks %s:\n%s", want, text)
		}
	}
}

// What only other gradients would need is not computed: the rule of the other branch does
// not run.
func TestBackwardOfSomeOnly(t *testing.T) {
	ran := 0
	watched := &autograd.Function{
		Name:    "watched",
		Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Square() },
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			ran++
			return []autograd.Variable{g.Mul(xs[0]).MulScalar(2)}
		},
	}
	a, b, unused := autograd.Parameter(vector(1, 2)), autograd.Parameter(vector(3, 4)), autograd.Parameter(vector(5))
	tape := autograd.NewTape(autograd.TapeConfig{})
	frozen := watched.Apply(tape.Watch(b))
	middle := tape.Watch(a).Mul(frozen)
	loss := middle.Sum()

	grads := loss.Backward(a, unused)
	if diff := cmp.Diff([]float64{9, 16}, grads.Of(a).Floats()); diff != "" {
		t.Error(diff)
	}
	if grads.Len() != 1 || ran != 0 {
		t.Errorf("%d gradients, the frozen branch's rule ran %d times", grads.Len(), ran)
	}
	if diff := cmp.Diff([]float64{0}, grads.Of(unused).Floats()); diff != "" {
		t.Error(diff)
	}
	var total autograd.Gradients
	total.Accumulate(grads)
	total.Accumulate(loss.Backward(a))
	disjoint := loss.Backward(a).Clone()
	disjoint.Accumulate(loss.Backward(frozen))
	var notAsked *autograd.TapeError
	for name, g := range map[string]autograd.Gradients{"gradients": grads, "a clone": grads.Clone(), "a sum": total, "another sum": disjoint} {
		if err := autograd.Try(func() { g.Of(b) }); !errors.As(err, &notAsked) {
			t.Errorf("%s of what was not asked for: got %v", name, err)
		}
		if _, ok := g.Lookup(b); ok {
			t.Errorf("%s have what was not asked for", name)
		}
	}

	// The gradient of a result stops there.
	grads = loss.Backward(middle)
	if diff := cmp.Diff([]float64{1, 1}, grads.Of(middle).Floats()); diff != "" || grads.Len() != 1 || ran != 0 {
		t.Errorf("%d gradients, rule ran %d times, %s", grads.Len(), ran, diff)
	}
	// Unless it is on the way to another.
	grads = loss.Backward(frozen, b)
	if diff := cmp.Diff([]float64{1, 2}, grads.Of(frozen).Floats()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{6, 16}, grads.Of(b).Floats()); diff != "" || grads.Len() != 2 || ran != 1 {
		t.Errorf("%d gradients, rule ran %d times, %s", grads.Len(), ran, diff)
	}
	grads = loss.BackwardWith(autograd.Scalar(2.0), b)
	if diff := cmp.Diff([]float64{12, 32}, grads.Of(b).Floats()); diff != "" {
		t.Error(diff)
	}

	var tapeError *autograd.TapeError
	for name, only := range map[string]autograd.Variable{"an unused parameter": unused, "a constant": vector(1)} {
		if err := autograd.Try(func() { loss.Backward(only) }); !errors.As(err, &tapeError) {
			t.Errorf("of %s alone: got %v", name, err)
		}
	}
	if diff := cmp.Diff([]float64{9, 16}, loss.Backward().Of(a).Floats()); diff != "" {
		t.Errorf("after errors: %s", diff)
	}
}

func TestBackwardOfSomeOnlyAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	trained := make([]autograd.Variable, 20)
	for i := range trained {
		trained[i] = autograd.Parameter(autograd.Full(autograd.Float32, 0.5, 3, 3))
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	data := make([]float32, 12)
	step := func() {
		tape.Reset()
		x := tape.Float32s(data, 4, 3)
		for _, w := range trained {
			x = x.MatMul(w).Tanh()
		}
		if n := x.Sum().Backward(trained[:10]...).Len(); n != 10 {
			t.Errorf("%d gradients, want 10", n)
		}
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func ExampleVariable_Backward_only() {
	body, head := autograd.Parameter(autograd.Scalar(2.0)), autograd.Parameter(autograd.Scalar(3.0))
	tape := autograd.NewTape(autograd.TapeConfig{})
	loss := tape.Const(autograd.Scalar(5.0)).Mul(body).Mul(head)
	grads := loss.Backward(head) // the body is frozen
	fmt.Println(grads.Len(), grads.Of(head).Item())
	// Output:
	// 1 10
}
