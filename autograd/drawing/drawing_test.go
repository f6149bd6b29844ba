package drawing

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
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
	for name, shape := range map[string][]int{"w <in>": {16, 3}, "w & h": {16, 4}, "b": {16}} {
		params[name] = autograd.Parameter(autograd.Ones(autograd.Float64, shape...))
	}
	tape := autograd.NewTape()
	x, h, c := tape.Const(random(2, 3)), tape.Const(random(2, 4)), tape.Watch(random(2, 4))
	gates := autograd.Linear(x, params["w <in>"], params["b"]).Add(autograd.Linear(h, params["w & h"], autograd.Variable{}))
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

func TestDrawingsAreWellFormed(t *testing.T) {
	for name, write := range map[string]func(io.Writer, *autograd.ComputationGraph, Config) error{"svg": WriteSVG, "html": WriteHTML} {
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
			for _, want := range []string{"&lt;&#34;cell&#34;&gt; &amp; more", "w &lt;in&gt;", "w &amp; h", "float64 [16 3]", "‖∇‖", "sigmoid", " … "} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing", want)
				}
			}
			for _, banned := range []string{"http://", "https://", "<in>"} {
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

// layout is the arrangement of a graph in which boxes have different sizes.
func layout(g *autograd.ComputationGraph) (*layered, []*vertex) {
	nodes, _ := chosen(g, Config{})
	byID := map[int64]*vertex{}
	var vertices []*vertex
	for i, n := range nodes {
		v := &vertex{id: n.ID(), width: 40 + 13*float64(i%7), height: 30 + 8*float64(i%3)}
		vertices, byID[n.ID()] = append(vertices, v), v
	}
	var pairs [][2]*vertex
	for _, n := range nodes {
		for to := g.From(n.ID()); to.Next(); {
			pairs = append(pairs, [2]*vertex{byID[n.ID()], byID[to.Node().ID()]})
		}
	}
	return arrange(vertices, pairs), vertices
}

func TestBoxesDoNotOverlapAndEdgesGoDown(t *testing.T) {
	for name, g := range map[string]*autograd.ComputationGraph{"cell": cell(), "chain": chain(30), "one": autograd.Graph(autograd.NewTape().Watch(autograd.Scalar(1.0)))} {
		t.Run(name, func(t *testing.T) {
			l, vertices := layout(g)
			if len(vertices) == 0 {
				t.Fatal("there are no nodes")
			}
			for i, a := range vertices {
				if a.x-a.width/2 < -1e-6 || a.y-a.height/2 < -1e-6 {
					t.Errorf("node %d is outside, at %v, %v", a.id, a.x, a.y)
				}
				for _, b := range vertices[:i] {
					if overlap(a.x, a.width, b.x, b.width) && overlap(a.y, a.height, b.y, b.height) {
						t.Errorf("nodes %d and %d overlap", a.id, b.id)
					}
				}
			}
			for _, e := range l.edges {
				for i, v := range e[1:] {
					if !(v.y > e[i].y) || v.layer != e[i].layer+1 {
						t.Errorf("an edge from node %d does not go down by one layer", e[0].id)
					}
				}
				for _, point := range e[1 : len(e)-1] {
					for _, v := range vertices {
						if overlap(point.x, point.width, v.x, v.width) && overlap(point.y, point.height, v.y, v.height) {
							t.Errorf("an edge from node %d runs through node %d", e[0].id, v.id)
						}
					}
				}
			}
		})
	}
}

func overlap(a, sizeA, b, sizeB float64) bool { return max(a-b, b-a) < (sizeA+sizeB)/2-1e-6 }

func TestCellHasNoCrossings(t *testing.T) {
	if l, _ := layout(cell()); l.crossings() > 0 {
		t.Errorf("%d pairs of edges cross, but the cell can be drawn without", l.crossings())
	}
}

func TestLargeGraphsAreCut(t *testing.T) {
	var b strings.Builder
	if err := WriteSVG(&b, chain(1000), Config{MaxNodes: 20}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "<g>"); n != 20 {
		t.Errorf("%d nodes are drawn, want 20", n)
	}
	if want := "982 nodes recorded earlier are not drawn"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is missing", want)
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestErrorsOfTheWriter(t *testing.T) {
	if err := WriteSVG(broken{}, chain(1), Config{}); !errors.Is(err, errBroken) {
		t.Errorf("WriteSVG: %v", err)
	}
	if err := WriteHTML(broken{}, chain(1), Config{}); !errors.Is(err, errBroken) {
		t.Errorf("WriteHTML: %v", err)
	}
}
