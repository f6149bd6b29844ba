package drawing

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// cell is one step of an LSTM with its loss: four gates that go different ways.
func cell() *autograd.ComputationGraph {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(shape ...int) autograd.Variable {
		return autograd.Normal(rng, autograd.Float64, 0, 1, shape...)
	}
	params := map[string]autograd.Variable{}
	for name, shape := range map[string][]int{"w <in>": {16, 3}, "w & h": {16, 4}, "bad \x00 \xff name": {16}} {
		params[name] = autograd.Parameter(autograd.Ones(autograd.Float64, shape...))
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	x, h, c := tape.Const(random(2, 3)), tape.Const(random(2, 4)), tape.Watch(random(2, 4))
	gates := autograd.Linear(x, params["w <in>"], params["bad \x00 \xff name"]).Add(autograd.Linear(h, params["w & h"], autograd.Variable{}))
	parts := gates.Split(1, 4, 4, 4, 4)
	c = parts[0].Sigmoid().Mul(c).Add(parts[1].Sigmoid().Mul(parts[2].Tanh()))
	loss := parts[3].Sigmoid().Mul(c.Tanh()).Square().Mean()
	g := autograd.Graph(loss)
	g.SetNames(maps.All(params))
	g.SetGradients(loss.Backward())
	return g
}

// chain is a graph of n operations, each of which uses the two before.
func chain(n int) *autograd.ComputationGraph {
	tape := autograd.NewTape(autograd.TapeConfig{})
	a := tape.Watch(autograd.Scalar(0.5))
	b := a.Sin()
	for range n {
		a, b = b, a.Mul(b)
	}
	return autograd.Graph(b)
}

var writers = map[string]func(io.Writer, *autograd.ComputationGraph, Config) error{"svg": WriteSVG, "html": WriteHTML}

func TestDrawingsAreWellFormed(t *testing.T) {
	for name, write := range writers {
		t.Run(name, func(t *testing.T) {
			var b, again bytes.Buffer
			config := Config{Title: `<"cell"> & more`}
			if err := write(&b, cell(), config); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			decoder := xml.NewDecoder(strings.NewReader(text))
			decoder.Strict = name == "svg"
			decoder.AutoClose = xml.HTMLAutoClose
			decoder.Entity = xml.HTMLEntity
			for {
				_, err := decoder.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, want := range []string{"&lt;&#34;cell&#34;&gt; &amp; more", "bad \uFFFD \uFFFD name", "w &lt;in&gt;", "w &amp; h", "float64 [16 3]", "‖∇‖", "sigmoid", " … "} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing", want)
				}
			}
			for _, banned := range []string{"http://", "https://", "url(h", "<in>", "<script"} {
				if strings.Contains(strings.ReplaceAll(text, `xmlns="http://www.w3.org/2000/svg"`, ""), banned) {
					t.Errorf("there is a %q", banned)
				}
			}
			if err := write(&again, cell(), config); err != nil || again.String() != text {
				t.Errorf("drawn again it differs, error %v", err)
			}
		})
	}
}

func draw(t *testing.T, g *autograd.ComputationGraph, config Config) string {
	t.Helper()
	var b strings.Builder
	if err := WriteSVG(&b, g, config); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestValuesAndGradientsAreShown(t *testing.T) {
	inf := math.Inf(1)
	tests := []struct {
		name    string
		x       []float64
		f       func(x autograd.Variable) autograd.Variable
		want    []string
		without []string
	}{
		{"range", []float64{3, -4, 0}, func(x autograd.Variable) autograd.Variable { return x.Square().Sum() },
			[]string{"float64 [3]", ">-4 … 3<", ">25<", ">‖∇‖ 10<", "norm of the gradient"}, []string{"broken\"", "NaN or infinity", "not drawn", "dashed"}},
		{"equal values", []float64{2, 2}, func(x autograd.Variable) autograd.Variable { return x.Sum() }, []string{">all 2<", ">4<", ">‖∇‖ 1.41<"}, []string{"broken\"", "least"}},
		{"NaN", []float64{1, -1}, func(x autograd.Variable) autograd.Variable { return x.Log().Sum() }, []string{">NaN<", `class="box result broken"`, "NaN or infinity"}, nil},
		{"infinite", []float64{1, inf}, func(x autograd.Variable) autograd.Variable { return x.Sum() }, []string{">1 … +Inf<", `class="box watched broken"`}, nil},
		{"infinite gradient", []float64{1, 0}, func(x autograd.Variable) autograd.Variable { return x.Sqrt().Sum() }, []string{">‖∇‖ +Inf<", `class="box watched broken"`}, nil},
		{"empty", []float64{}, func(x autograd.Variable) autograd.Variable { return x.Sum() }, []string{">empty<", ">0<"}, []string{"broken\""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New(test.x, len(test.x)))
			y := test.f(x)
			g := autograd.Graph(y)
			g.SetGradients(y.Backward())
			text := draw(t, g, Config{})
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			for _, banned := range test.without {
				if strings.Contains(text, banned) {
					t.Errorf("there is a %q in\n%s", banned, text)
				}
			}
		})
	}
}

func TestTooltipsHaveOperandsInOrder(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	a, b := tape.Watch(autograd.Scalar(1.0)), tape.Watch(autograd.Scalar(2.0))
	text := draw(t, autograd.Graph(b.Sub(a)), Config{})
	if want := "<title>n2 = sub(n1, n0)</title>"; !strings.Contains(text, want) {
		t.Errorf("%q is missing in\n%s", want, text)
	}
}

func TestLongTextIsCutOrHasRoom(t *testing.T) {
	w := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.Scalar(1.0))
	g := autograd.Graph(w.Sin())
	g.SetNames(maps.All(map[string]autograd.Variable{strings.Repeat("n", 1000): w}))
	text := draw(t, g, Config{Title: strings.Repeat("t", 100)})
	if want := ">" + strings.Repeat("n", longestName-1) + "…<"; !strings.Contains(text, want) {
		t.Errorf("%q is missing", want)
	}
	var width float64
	if _, err := fmt.Sscanf(text, `<svg xmlns="http://www.w3.org/2000/svg" width="%f"`, &width); err != nil {
		t.Fatal(err)
	}
	if width < textWidth(strings.Repeat("t", 100)) {
		t.Errorf("a drawing of width %v has no room for its title", width)
	}
}

func TestLargeGraphsAreCut(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	w := tape.Watch(autograd.Scalar(0.5))
	y := w.Sin()
	for range 500 {
		y = y.Mul(w).Sin()
	}
	text := draw(t, autograd.Graph(y), Config{MaxNodes: 20})
	// 1002 nodes, of which the last 19 operations and the leaf they use are drawn.
	for _, want := range []string{"982 nodes recorded earlier are not drawn", "⋯ 1 not drawn"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q is not there once", want)
		}
	}
	if n := strings.Count(text, "<g>") - strings.Count(text, `class="box watched again"`); n != 20 {
		t.Errorf("%d nodes are drawn, want 20", n)
	}
}

func TestOperandsUsedTwiceCountOnce(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	p, q := tape.Watch(autograd.Scalar(1.0)), tape.Watch(autograd.Scalar(2.0))
	if nodes, left := chosen(autograd.Graph(q.Mul(q).Mul(p)), Config{MaxNodes: 4}); len(nodes) != 4 || left != 0 {
		t.Errorf("%d nodes are drawn and %d left, want all 4", len(nodes), left)
	}
}

func TestMaxNodesHoldsForOneOperation(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	var parts []autograd.Variable
	for range 50 {
		parts = append(parts, tape.Watch(autograd.Ones(autograd.Float64, 1)))
	}
	text := draw(t, autograd.Graph(autograd.Concat(0, parts...)), Config{MaxNodes: 10})
	if n := strings.Count(text, "<g>"); n != 10 {
		t.Errorf("%d nodes are drawn, want 10", n)
	}
	if want := "⋯ 41 not drawn"; !strings.Contains(text, want) {
		t.Errorf("%q is missing", want)
	}
}

// Each of many operations uses all before it.
func TestTooManyLongEdgesAreAnError(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	y := tape.Watch(autograd.Ones(autograd.Float64, 1)).Exp()
	results := []autograd.Variable{y}
	for range 150 {
		y = autograd.Concat(0, results...).Sum().Reshape(1)
		results = append(results, y)
	}
	for name, write := range writers {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			err := write(&b, autograd.Graph(y), Config{MaxNodes: 1000})
			if err == nil || !strings.Contains(err.Error(), "MaxNodes") || b.Len() > 0 {
				t.Errorf("error %v, %d bytes written", err, b.Len())
			}
			if err := write(&b, autograd.Graph(y), Config{MaxNodes: 50}); err != nil {
				t.Errorf("a part of it: %v", err)
			}
		})
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestErrorsOfTheWriter(t *testing.T) {
	for name, write := range writers {
		if err := write(broken{}, chain(1), Config{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
