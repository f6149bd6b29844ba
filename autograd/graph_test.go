package autograd_test

import (
	"maps"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/graph"

	"github.com/chainrule-go/chainrule/autograd"
)

// A node describes its Variable, also after the tape is reset.
func TestGraphNodesDescribeVariables(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{3, -4}))
	c := autograd.New([]float64{1, 1})
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.New([]float64{2, 5}))
	product := x.Mul(w).RetainGrad()
	y := product.Add(c).Sum()
	grads := y.Backward()
	g := autograd.Graph(y)
	g.SetNames(maps.All(map[string]autograd.Variable{"w": w, "c": c, "elsewhere": autograd.Scalar(1.0)}))
	g.SetGradients(grads)

	type row struct {
		Op, Name string
		Shape    []int
		Min, Max float64
		HasGrad  bool
		GradNorm float64
		DOT      string
		Constant bool
	}
	want := []row{
		{"constant", "c", []int{2}, 1, 1, false, 0, "c1", true},
		{"watched", "", []int{2}, 2, 5, true, 5, "n0", false},
		{"parameter", "w", []int{2}, -4, 3, true, math.Sqrt(29), "n1", false},
		{"mul", "", []int{2}, -20, 6, true, math.Sqrt2, "n2", false},
		{"add", "", []int{2}, -19, 7, false, 0, "n3", false},
		{"sum", "", []int{}, -12, -12, false, 0, "n4", false},
	}
	for _, v := range []autograd.Variable{w, c, x, product, y} {
		if g.Find(v) == nil {
			t.Errorf("no node for\n%v", v)
		}
	}
	if n := g.Find(autograd.Scalar(1.0)); n != nil {
		t.Errorf("found %v for a Variable that is not there", n.DOTID())
	}
	tape.Reset()
	var got []row
	for _, node := range graph.NodesOf(g.Nodes()) {
		n := node.(*autograd.GraphNode)
		got = append(got, row{n.Op, n.Name, n.Shape, n.Min, n.Max, n.HasGrad, n.GradNorm, n.DOTID(), n.Constant()})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if g.Root != 4 {
		t.Errorf("the root is %d, want 4", g.Root)
	}
}

func TestGraphNodesWithoutRange(t *testing.T) {
	for name, x := range map[string][]float64{"empty": {}, "NaN": {1, math.NaN(), 3}} {
		t.Run(name, func(t *testing.T) {
			v := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New(x, len(x)))
			if n := autograd.Graph(v.Sum()).Find(v); !math.IsNaN(n.Min) || !math.IsNaN(n.Max) {
				t.Errorf("least and greatest elements are %v and %v, want NaN", n.Min, n.Max)
			}
		})
	}
}

func TestGraphNeedsATape(t *testing.T) {
	err := autograd.Try(func() { autograd.Graph(autograd.Scalar(1.0)) })
	if _, ok := err.(*autograd.TapeError); !ok {
		t.Errorf("error %v, want a TapeError", err)
	}
}
