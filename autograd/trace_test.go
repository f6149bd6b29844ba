package autograd_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

// tracedText is what a trace knows of a computation, one line for each operation.
func tracedText(y autograd.Variable) []string {
	g := autograd.Graph(y)
	var lines []string
	for nodes := g.Nodes(); nodes.Next(); {
		n := nodes.Node().(*autograd.GraphNode)
		if len(n.Inputs) == 0 {
			continue
		}
		line := n.Op
		for _, a := range n.Arguments {
			line += fmt.Sprintf(" %s=%v", a.Name, a.Value)
		}
		lines = append(lines, line)
	}
	return lines
}

// A trace has every operation, also where no gradient flows, with its arguments.
func TestTraces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	normal := func(shape ...int) autograd.Variable { return autograd.Normal(rng, autograd.Float64, 0, 1, shape...) }
	w := autograd.Parameter(normal(4, 3))
	for _, test := range []struct {
		name  string
		f     func(x autograd.Variable) autograd.Variable
		shape []int
		want  []string
	}{
		{"comparisons and copies", func(x autograd.Variable) autograd.Variable { return x.Greater(x.Detach()).Mul(x.Floor()) }, []int{2}, []string{"identity", "greater", "floor", "mul"}},
		{"a constant of the tape", func(x autograd.Variable) autograd.Variable { return x.Tape().Const(x).Exp() }, []int{2}, []string{"identity", "exp"}},
		{"results of parameters alone", func(x autograd.Variable) autograd.Variable {
			return autograd.Linear(x, w.Square(), autograd.Variable{})
		}, []int{2, 3}, []string{"square", "linear"}},
		{"arguments", func(x autograd.Variable) autograd.Variable {
			return x.Permute(1, 0, 2).SliceStep(0, 1, 3, 2).SumKeepDims(0, -1).Clamp(-1, 2)
		}, []int{2, 3, 4}, []string{"permute axes=[1 0 2]", "slice axis=0 start=1 step=2", "sum axes=[0 2] keep=true", "clamp low=-1 high=2"}},
		{"what is fused", func(x autograd.Variable) autograd.Variable {
			return autograd.ScaledDotProductAttention(x, x, x, autograd.AttentionConfig{Scale: 1})
		}, []int{2, 3}, []string{"mul", "matmul transpose a=false transpose b=true", "softmax axis=1", "matmul transpose a=false transpose b=false"}},
		{"what is computed twice", func(x autograd.Variable) autograd.Variable {
			return autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable { return xs[0].Exp().Sin() }, x)
		}, []int{2}, []string{"exp", "sin"}},
		{"functions of one's own", func(x autograd.Variable) autograd.Variable {
			return (&autograd.Function{Name: "mine",
				Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Cos() },
				VJP: func(xs []autograd.Variable, _, g autograd.Variable) []autograd.Variable {
					return []autograd.Variable{g}
				},
			}).Apply(x)
		}, []int{2}, []string{"identity", "cos"}},
		{"functions in plain Go", func(x autograd.Variable) autograd.Variable {
			return (&autograd.Function{Name: "mine",
				Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Clone() },
				VJP: func(xs []autograd.Variable, _, g autograd.Variable) []autograd.Variable {
					return []autograd.Variable{g}
				},
			}).Apply(x)
		}, []int{2}, []string{"mine"}},
		{"choices by size", func(x autograd.Variable) autograd.Variable { y, _ := x.TopK(2, 1, false); return y }, []int{2, 3}, []string{"topk axis=1 k=2 least=false last=false"}},
		{"running extremes", func(x autograd.Variable) autograd.Variable { y, _ := x.CumMax(0); return y }, []int{2}, []string{"slice axis=0 start=1 step=1", "slice axis=0 start=0 step=1", "maximum", "slice axis=0 start=0 step=1", "concat axis=0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := normal(test.shape...)
			tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
			y := test.f(tape.Const(x))
			got := tracedText(y)
			slices.Sort(got)
			want := slices.Sorted(slices.Values(test.want))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
			plain := test.f(autograd.NewTape(autograd.TapeConfig{}).Const(x))
			for i, v := range plain.Float64s() {
				if d := v - y.Float64s()[i]; d > 1e-12 || d < -1e-12 {
					t.Errorf("element %d is %v in a trace, and %v else", i, y.Float64s()[i], v)
				}
			}
		})
	}
}

// A trace is a recording tape: gradients are those of any other, also after Reset.
func TestTraceGradients(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1, -2, 3}))
	loss := func(tape *autograd.Tape) autograd.Variable {
		x := tape.Const(autograd.New([]float64{2, 1, 0.5}))
		return x.Mul(w).Mul(w.Greater(x)).Add(w.Detach()).Square().Sum()
	}
	plain := autograd.NewTape(autograd.TapeConfig{})
	want := loss(plain).Backward().Of(w).Float64s()
	tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
	if !tape.Tracing() || plain.Tracing() {
		t.Error("Tracing is wrong")
	}
	for range 3 {
		if diff := cmp.Diff(want, loss(tape).Backward().Of(w).Float64s()); diff != "" {
			t.Errorf("gradients (-want +got):\n%s", diff)
		}
		tape.Reset()
	}
}

// Graph takes several results, of one tape.
func TestGraphOfSeveral(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
	x := tape.Const(autograd.New([]float64{1, 2}))
	a, b := x.Exp(), x.Sin()
	g := autograd.Graph(a, b)
	if g.Find(a) == nil || g.Find(b) == nil || g.Find(a).Variable != a || g.Node(g.Root) != g.Find(a) {
		t.Error("a result is missing")
	}
	other := autograd.NewTape(autograd.TapeConfig{}).Const(autograd.New([]float64{1}))
	if err := autograd.Try(func() { autograd.Graph(a, other) }); err == nil || !strings.Contains(err.Error(), "not on one tape") {
		t.Errorf("of two tapes: %v", err)
	}
}

// What a trace has whole has the value that it has else, and no derivative, which a backward pass says.
func TestTraceOfWholes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	widths := [][2]int{{0, 0}, {0, 0}, {1, 2}, {-1, 1}}
	for _, test := range []struct {
		want string
		f    func(x autograd.Variable) autograd.Variable
	}{
		{"leaky relu slope=0.2", func(x autograd.Variable) autograd.Variable { return x.LeakyReLU(0.2) }},
		{"elu alpha=2", func(x autograd.Variable) autograd.Variable { return x.ELU(2) }},
		{"hardsigmoid", autograd.Variable.Hardsigmoid},
		{"prod axes=[1 3] keep=false", func(x autograd.Variable) autograd.Variable { return x.Prod(1, -1) }},
		{"pad mode=constant value=7 before=[0 0 1 0] after=[0 0 2 1]", func(x autograd.Variable) autograd.Variable { return x.Pad(7, widths...) }},
		{"pad mode=reflection value=0 before=[0 0 1 0] after=[0 0 2 1]", func(x autograd.Variable) autograd.Variable { return x.PadReflection(widths...) }},
		{"pad mode=replication value=0 before=[0 0 1 0] after=[0 0 2 1]", func(x autograd.Variable) autograd.Variable { return x.PadReplication(widths...) }},
		{"resize mode=linear align corners=true scale=0", func(x autograd.Variable) autograd.Variable {
			return x.Interpolate(autograd.InterpolateConfig{Size: []int{5, 4}, Mode: autograd.InterpolateLinear, AlignCorners: true})
		}},
		{"resize mode=nearest align corners=false scale=2", func(x autograd.Variable) autograd.Variable {
			return x.Interpolate(autograd.InterpolateConfig{Scale: []float64{2}})
		}},
		{"grid sample mode=linear padding=border align corners=false", func(x autograd.Variable) autograd.Variable {
			return autograd.GridSample(x, x.Slice(1, 0, 2).Permute(0, 2, 3, 1), autograd.GridSampleConfig{Mode: autograd.InterpolateLinear, Padding: autograd.GridBorder})
		}},
	} {
		t.Run(test.want, func(t *testing.T) {
			x := autograd.Normal(rng, autograd.Float64, 0, 1, 1, 2, 3, 4)
			tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
			y := test.f(tape.Watch(x))
			if got := tracedText(y); !slices.Contains(got, test.want) || len(got) > 4 {
				t.Errorf("the trace is %q", got)
			}
			if diff := cmp.Diff(test.f(x).Float64s(), y.Float64s()); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if err := autograd.Try(func() { y.Sum().Backward() }); err == nil || !strings.Contains(err.Error(), "the trace has no derivative of it") {
				t.Errorf("a backward pass: %v", err)
			}
		})
	}
	// What others would compute otherwise is left as it is.
	tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
	x := tape.Const(autograd.Normal(rng, autograd.Float64, 0, 1, 1, 2, 3))
	if got := tracedText(x.Interpolate(autograd.InterpolateConfig{Size: []int{4}})); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "resize") }) {
		t.Errorf("the nearest of 3 for 4 is %q", got)
	}
}
