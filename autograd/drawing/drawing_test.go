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
	tape := autograd.NewTape()
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
	tape := autograd.NewTape()
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

// randomGraph is a computation of n operations on random earlier results.
func randomGraph(seed uint64, n int) *autograd.ComputationGraph {
	rng := rand.New(rand.NewPCG(seed, 0))
	tape := autograd.NewTape()
	results := []autograd.Variable{tape.Watch(autograd.Scalar(0.5)), autograd.Parameter(autograd.Scalar(0.25))}
	var unused autograd.Variable = results[0]
	for range n {
		a := results[rng.IntN(len(results))]
		b := results[len(results)-1-rng.IntN(min(len(results), 6))]
		r := tape.Watch(autograd.Scalar(1.5)).Add(a).Mul(b)
		if rng.IntN(3) == 0 {
			r = r.MulScalar(0.5)
		}
		results, unused = append(results, r), unused.Add(r)
	}
	return autograd.Graph(unused)
}

// graphs are graphs of different kinds to lay out.
func graphs() map[string]*autograd.ComputationGraph {
	all := map[string]*autograd.ComputationGraph{
		"cell": cell(), "chain": chain(30), "one": autograd.Graph(autograd.NewTape().Watch(autograd.Scalar(1.0))),
	}
	for seed := range uint64(6) {
		all[fmt.Sprintf("random %d", seed)] = randomGraph(seed, 3+5*int(seed))
	}
	return all
}

// layout is the arrangement of a graph.
func layout(g *autograd.ComputationGraph) *layered {
	nodes, _ := chosen(g, Config{})
	l, err := arrange(boxes(g, nodes))
	if err != nil {
		panic(err)
	}
	return l
}

func TestBoxesDoNotOverlapAndEdgesGoDown(t *testing.T) {
	for name, g := range graphs() {
		t.Run(name, func(t *testing.T) {
			l := layout(g)
			if len(l.vertices) == 0 {
				t.Fatal("there are no nodes")
			}
			for i, a := range l.vertices {
				if a.x-a.width/2 < -1e-6 || a.y-a.height/2 < -1e-6 {
					t.Errorf("%q is outside, at %v, %v", a.box.tooltip, a.x, a.y)
				}
				for _, b := range l.vertices[:i] {
					if overlap(a, b) {
						t.Errorf("%q and %q overlap", a.box.tooltip, b.box.tooltip)
					}
				}
			}
			for _, e := range l.edges {
				for i, v := range e[1:] {
					if !(v.y-v.height/2 > e[i].y+e[i].height/2) || v.layer != e[i].layer+1 {
						t.Errorf("an edge from %q does not go down by one layer", e[0].box.tooltip)
					}
				}
				for _, point := range e[1 : len(e)-1] {
					for _, v := range l.vertices {
						if overlap(point, v) {
							t.Errorf("an edge from %q runs through %q", e[0].box.tooltip, v.box.tooltip)
						}
					}
				}
			}
		})
	}
}

func overlap(a, b *vertex) bool {
	return math.Abs(a.x-b.x) < (a.width+b.width)/2-1e-6 && math.Abs(a.y-b.y) < (a.height+b.height)/2-1e-6
}

// Every operand of every node that is drawn has its edge, from the node or a copy of it.
func TestEdgesAreThoseOfTheGraph(t *testing.T) {
	for name, g := range graphs() {
		t.Run(name, func(t *testing.T) {
			got, want := map[[2]*box]int{}, map[[2]*box]int{}
			nodes, _ := chosen(g, Config{})
			l := layout(g)
			for _, e := range l.edges {
				got[[2]*box{e[0].box, e[len(e)-1].box}]++
			}
			of := map[int64]*box{}
			for i, n := range nodes {
				of[n.ID()] = l.vertices[i].box
				for _, in := range n.Inputs {
					want[[2]*box{of[in], of[n.ID()]}] = 1
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("%d edges are drawn, want %d", len(got), len(want))
			}
		})
	}
}

func TestCrossingsAreCounted(t *testing.T) {
	for name, g := range graphs() {
		t.Run(name, func(t *testing.T) {
			l, want := layout(g), 0
			for _, layer := range l.layers {
				for i, v := range layer {
					for _, u := range layer[:i] {
						for _, a := range u.down {
							for _, b := range v.down {
								if a.place > b.place {
									want++
								}
							}
						}
					}
				}
			}
			if got := l.crossings(); got != want {
				t.Errorf("crossings: %d, counted one by one: %d", got, want)
			}
		})
	}
}

func TestCellHasNoCrossings(t *testing.T) {
	if l := layout(cell()); l.crossings() > 0 {
		t.Errorf("%d pairs of edges cross, but the cell can be drawn without", l.crossings())
	}
}

// An edge through several layers is straight between its ends where it crosses no other
// such edge.
func TestLongEdgesAreStraight(t *testing.T) {
	straight := 0
	for name, g := range graphs() {
		t.Run(name, func(t *testing.T) {
			for _, layer := range layout(g).layers {
				before, cross := -1, false
				for _, v := range layer {
					if v.afterPoint() {
						cross = cross || v.up[0].place < before
						before = v.up[0].place
					}
				}
				for _, v := range layer {
					if v.afterPoint() && !cross {
						straight++
						if math.Abs(v.x-v.up[0].x) > 1e-6 {
							t.Errorf("an edge bends between layers %d and %d", v.layer-1, v.layer)
						}
					}
				}
			}
		})
	}
	if straight < 20 {
		t.Errorf("the graphs have only %d pieces of long edges", straight)
	}
}

// find is the place of v in full.
func find(t *testing.T, g *autograd.ComputationGraph, l *layered, v autograd.Variable) *vertex {
	t.Helper()
	for _, found := range l.vertices {
		if !found.again && strings.HasPrefix(found.box.tooltip, g.Find(v).DOTID()+" ") {
			return found
		}
	}
	t.Fatalf("%s is not drawn", g.Find(v).DOTID())
	return nil
}

// Operations one after the other are in line, whatever leaves they take besides.
func TestMainLineIsStraight(t *testing.T) {
	for steps := range 4 {
		t.Run(fmt.Sprint(steps+1), func(t *testing.T) {
			y := autograd.NewTape().Const(autograd.Ones(autograd.Float64, 128, 64))
			var line []autograd.Variable
			for range steps + 1 {
				w, b := autograd.Parameter(autograd.Ones(autograd.Float64, 64, 64)), autograd.Parameter(autograd.Ones(autograd.Float64, 64))
				linear := autograd.Linear(y, w, b)
				y = linear.Tanh()
				line = append(line, linear, y)
			}
			g := autograd.Graph(line[len(line)-1])
			l := layout(g)
			first := find(t, g, l, line[0])
			for i, y := range line {
				if v := find(t, g, l, y); math.Abs(v.x-first.x) > 1e-6 || v.layer != i+1 {
					t.Errorf("operation %d is at %v in layer %d, want %v in layer %d", i, v.x, v.layer, first.x, i+1)
				}
			}
		})
	}
}

// Results used far below stay by what they are computed from, unless that is leaves alone.
func TestOperationsAreNearTheirOperands(t *testing.T) {
	tape := autograd.NewTape()
	fork := tape.Watch(autograd.Scalar(0.5)).Sin()
	branch := fork.Cos()
	apart := tape.Watch(autograd.Scalar(0.5)).Add(autograd.Parameter(autograd.Scalar(1.0))).Exp()
	y := fork
	for range 6 {
		y = y.Tanh()
	}
	y = y.Mul(apart).Mul(branch)
	g := autograd.Graph(y)
	l := layout(g)
	if got, want := find(t, g, l, branch).layer, find(t, g, l, fork).layer+1; got != want {
		t.Errorf("the branch is in layer %d, want %d, below the fork", got, want)
	}
	if got, want := find(t, g, l, apart).layer, find(t, g, l, y).layer-2; got != want {
		t.Errorf("what hangs from leaves is in layer %d, want %d, above its use", got, want)
	}
}

// A leaf used all the way down is drawn again and again, not joined by long edges.
func TestLeavesAreDrawnAgain(t *testing.T) {
	for _, test := range []struct{ name, heading string }{{"w", "w"}, {"", "watched n0"}} {
		t.Run(test.heading, func(t *testing.T) {
			tape := autograd.NewTape()
			w := tape.Watch(autograd.Scalar(0.5))
			y := w.Sin()
			for range 12 {
				y = y.Mul(w)
			}
			g := autograd.Graph(y)
			if test.name != "" {
				g.SetNames(maps.All(map[string]autograd.Variable{test.name: w}))
			}
			l := layout(g)
			full, again := 0, 0
			for _, v := range l.vertices {
				if v.box.lines[0] == test.heading {
					if v.again {
						again++
					} else {
						full++
					}
				}
			}
			// Layers 2, 3 are near the first; each copy serves its layer and farLayers-1 more.
			if full != 1 || again != 4 {
				t.Errorf("the leaf is drawn in full %d times and again %d times, want 1 and 4", full, again)
			}
			for _, e := range l.edges {
				if len(e)-1 > farLayers {
					t.Errorf("the edge from %q passes %d layers", e[0].box.tooltip, len(e)-1)
				}
			}
			if text := draw(t, g, Config{}); strings.Count(text, `class="box watched again"`) != again || !strings.Contains(text, "drawn again") {
				t.Errorf("the drawing does not show %d copies", again)
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
			x := autograd.NewTape().Watch(autograd.New(test.x, len(test.x)))
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
	tape := autograd.NewTape()
	a, b := tape.Watch(autograd.Scalar(1.0)), tape.Watch(autograd.Scalar(2.0))
	text := draw(t, autograd.Graph(b.Sub(a)), Config{})
	if want := "<title>n2 = sub(n1, n0)</title>"; !strings.Contains(text, want) {
		t.Errorf("%q is missing in\n%s", want, text)
	}
}

func TestLongTextIsCutOrHasRoom(t *testing.T) {
	w := autograd.NewTape().Watch(autograd.Scalar(1.0))
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
	tape := autograd.NewTape()
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
	tape := autograd.NewTape()
	p, q := tape.Watch(autograd.Scalar(1.0)), tape.Watch(autograd.Scalar(2.0))
	if nodes, left := chosen(autograd.Graph(q.Mul(q).Mul(p)), Config{MaxNodes: 4}); len(nodes) != 4 || left != 0 {
		t.Errorf("%d nodes are drawn and %d left, want all 4", len(nodes), left)
	}
}

func TestMaxNodesHoldsForOneOperation(t *testing.T) {
	tape := autograd.NewTape()
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
	tape := autograd.NewTape()
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
