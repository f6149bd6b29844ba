package drawing

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/graph"

	"github.com/chainrule-go/chainrule/autograd"
)

// Config configures a drawing. The zero value draws up to 300 nodes without a title.
type Config struct {
	Title string

	// MaxNodes limits the nodes that are drawn: the operations recorded last are, with
	// their parameters and constants, and the drawing says how many are not. 0 means 300.
	MaxNodes int
}

// WriteSVG draws a graph as an SVG document that refers to nothing outside it. It
// returns the first error of w, or that the graph has too many edges past too many
// other nodes, and then writes nothing.
func WriteSVG(w io.Writer, g *autograd.ComputationGraph, config Config) error {
	text, err := svg(g, config)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil {
		return fmt.Errorf("drawing: write SVG: %w", err)
	}
	return nil
}

// WriteHTML draws a graph as an HTML page that refers to nothing outside it. Its errors
// are those of [WriteSVG].
func WriteHTML(w io.Writer, g *autograd.ComputationGraph, config Config) error {
	if err := html(w, g, config); err != nil {
		return fmt.Errorf("drawing: write HTML: %w", err)
	}
	return nil
}

// chosen are the nodes to draw, in topological order, and the number of the others. From
// the last operation backwards, operations are drawn with the leaves they use.
func chosen(g *autograd.ComputationGraph, config Config) (nodes []*autograd.GraphNode, left int) {
	limit := config.MaxNodes
	if limit <= 0 {
		limit = 300
	}
	all := graph.NodesOf(g.Nodes())
	drawn := map[int64]bool{}
	for _, node := range slices.Backward(all) {
		n := node.(*autograd.GraphNode)
		if n.ID() != g.Root && len(n.Inputs) == 0 {
			continue
		}
		add := []int64{n.ID()}
		for _, id := range n.Inputs {
			in := g.Node(id).(*autograd.GraphNode)
			if len(in.Inputs) == 0 && !drawn[id] && !slices.Contains(add, id) {
				add = append(add, id)
			}
		}
		if len(drawn) > 0 && len(drawn)+len(add) > limit {
			break
		}
		for _, id := range add[:min(len(add), limit)] {
			drawn[id] = true
		}
	}
	for _, node := range all {
		if drawn[node.ID()] {
			nodes = append(nodes, node.(*autograd.GraphNode))
		}
	}
	return nodes, len(all) - len(nodes)
}

// box is what is drawn of a node.
type box struct {
	lines    []string // the first is the heading
	tooltip  string
	class    string // how it is coloured
	broken   bool   // there is a NaN or an infinity in the values or the gradient
	leaf     bool   // it has no operands
	id       string // of the node if it has no name
	silent   bool   // no gradient flows through it
	gradient bool   // the norm of its gradient is known
}

// longestName is the number of characters to which names are cut.
const longestName = 40

func newBox(g *autograd.ComputationGraph, n *autograd.GraphNode, drawn map[int64]*vertex) *box {
	heading, id := n.Op, n.DOTID()
	if n.Name != "" {
		heading, id = cut(n.Name, longestName), ""
	}
	b := &box{
		lines:    []string{heading, fmt.Sprintf("%v %v", n.DType, n.Shape), valuesOf(n)},
		tooltip:  tooltipOf(g, n),
		class:    "operation",
		id:       id,
		broken:   sizeOf(n) > 0 && (!isFinite(n.Min) || !isFinite(n.Max)),
		silent:   n.Constant(),
		gradient: n.HasGrad,
	}
	switch {
	case len(n.Inputs) == 0:
		b.class, b.leaf = n.Op, true
	case n.ID() == g.Root:
		b.class = "result"
	}
	if n.HasGrad {
		b.lines = append(b.lines, fmt.Sprintf("‖∇‖ %.3g", n.GradNorm))
		b.broken = b.broken || !isFinite(n.GradNorm)
	}
	missing := 0
	for _, id := range n.Inputs {
		if drawn[id] == nil {
			missing++
		}
	}
	if missing > 0 {
		b.lines = append(b.lines, fmt.Sprintf("⋯ %d not drawn", missing))
	}
	return b
}

// identify makes the heading tell the node from others without a name.
func (b *box) identify() {
	if b.id != "" {
		b.lines[0], b.id = b.lines[0]+" "+b.id, ""
	}
}

func isFinite(x float64) bool { return x-x == 0 }

func sizeOf(n *autograd.GraphNode) int {
	size := 1
	for _, d := range n.Shape {
		size *= d
	}
	return size
}

func cut(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return text
}

// valuesOf is the range of a node's values.
func valuesOf(n *autograd.GraphNode) string {
	size := sizeOf(n)
	switch {
	case size == 0:
		return "empty"
	case math.IsNaN(n.Min):
		return "NaN"
	case size == 1:
		return fmt.Sprintf("%.4g", n.Min)
	case n.Min == n.Max:
		return fmt.Sprintf("all %.4g", n.Min)
	}
	return fmt.Sprintf("%.3g … %.3g", n.Min, n.Max)
}

// tooltipOf is what the drawing shows of a box when the pointer rests on it: with the
// operands in order, which the edges do not tell.
func tooltipOf(g *autograd.ComputationGraph, n *autograd.GraphNode) string {
	var operands []string
	for _, id := range n.Inputs[:min(len(n.Inputs), 16)] {
		operands = append(operands, g.Node(id).(*autograd.GraphNode).DOTID())
	}
	if len(n.Inputs) > len(operands) {
		operands = append(operands, "…")
	}
	text := fmt.Sprintf("%s = %s", n.DOTID(), n.Op)
	if len(operands) > 0 {
		text += "(" + strings.Join(operands, ", ") + ")"
	}
	if n.Name != "" {
		text += " " + n.Name
	}
	return text
}

// Sizes of text, in pixels. The font has characters of one width.
const (
	charWidth  = 7.4
	lineHeight = 16.0
	padding    = 8.0
)

func textWidth(text string) float64 {
	width := 0.0
	for _, r := range text {
		width += charWidth
		if r >= 0x2e80 || r >= 0x1100 && r < 0x1160 { // scripts with characters of double width
			width += charWidth
		}
	}
	return width
}

// size is that of the box with all its lines.
func (b *box) size() (width, height float64) {
	for _, line := range b.lines {
		width = max(width, textWidth(line))
	}
	return width + 2*padding, lineHeight*float64(len(b.lines)) + 10
}

// sizeAgain is the size of the box with its heading only.
func (b *box) sizeAgain() (width, height float64) {
	return textWidth(b.lines[0]) + 2*padding, lineHeight + 10
}
