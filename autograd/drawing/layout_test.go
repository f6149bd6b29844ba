package drawing

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// randomGraph is a computation of n operations on random earlier results.
func randomGraph(seed uint64, n int) *autograd.ComputationGraph {
	rng := rand.New(rand.NewPCG(seed, 0))
	tape := autograd.NewTape(autograd.TapeConfig{})
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
		"cell": cell(), "chain": chain(30), "one": autograd.Graph(autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.Scalar(1.0))),
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
			y := autograd.NewTape(autograd.TapeConfig{}).Const(autograd.Ones(autograd.Float64, 128, 64))
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
	tape := autograd.NewTape(autograd.TapeConfig{})
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
			tape := autograd.NewTape(autograd.TapeConfig{})
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
