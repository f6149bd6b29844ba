package drawing

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/gonum/graph"

	"github.com/chainrule-go/chainrule/autograd"
)

// Config configures a drawing. The zero value draws up to 300 nodes without a title.
type Config struct {
	Title string

	// MaxNodes limits the nodes that are drawn: those recorded last are, and the drawing
	// says how many are not. 0 means 300.
	MaxNodes int
}

// WriteSVG draws a graph as an SVG document. It returns the first error of w.
func WriteSVG(w io.Writer, g *autograd.ComputationGraph, config Config) error {
	_, err := io.WriteString(w, svg(g, config))
	return err
}

// WriteHTML draws a graph as an HTML page without anything external. It returns the
// first error of w.
func WriteHTML(w io.Writer, g *autograd.ComputationGraph, config Config) error {
	title := config.Title
	if title == "" {
		title = "Computation graph"
	}
	inner := config
	inner.Title = "" // the page has it
	_, err := fmt.Fprintf(w, page, html.EscapeString(title), html.EscapeString(title), svg(g, inner))
	return err
}

const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
body { margin: 1.5rem; font: 16px system-ui, sans-serif; background: #fff; color: #222; }
h1 { font-size: 1.3rem; }
.graph { overflow: auto; }
#fit:checked ~ .graph svg { max-width: 100%%; height: auto; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd; } }
</style>
</head>
<body>
<h1>%s</h1>
<input type="checkbox" id="fit" checked> <label for="fit">fit to the window</label>
<div class="graph">
%s</div>
</body>
</html>
`

const style = `<style>
text { font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #222; text-anchor: middle; }
.title { font-weight: bold; }
.caption { text-anchor: start; }
rect { stroke: #555; stroke-width: 1; }
.operation { fill: #fff; } .parameter { fill: #cfe3fb; } .watched { fill: #fdf3c4; } .constant { fill: #e6e6e6; } .result { fill: #d3f0d6; }
.edge { fill: none; stroke: #777; stroke-width: 1.2; }
.silent { stroke: #bbb; stroke-dasharray: 4 3; }
#arrow path { fill: #777; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e4e4; } rect { stroke: #999; } .edge, #arrow path { stroke: #aaa; } #arrow path { fill: #aaa; } .silent { stroke: #666; }
.operation { fill: #24272d; } .parameter { fill: #1f4068; } .watched { fill: #5a4c10; } .constant { fill: #3a3d42; } .result { fill: #1d4d26; }
}
</style>
`

// Sizes of text, in pixels. The font has characters of one width.
const (
	charWidth  = 7.4
	lineHeight = 16.0
	margin     = 16.0
)

// svg is the document.
func svg(g *autograd.ComputationGraph, config Config) string {
	nodes, left := chosen(g, config)
	vertices := make([]*vertex, len(nodes))
	byID := map[int64]*vertex{}
	labels := map[int64][]string{}
	for i, n := range nodes {
		label := labelOf(n)
		longest := 0
		for _, line := range label {
			longest = max(longest, utf8.RuneCountInString(line))
		}
		labels[n.ID()] = label
		vertices[i] = &vertex{id: n.ID(), width: charWidth*float64(longest) + 16, height: lineHeight*float64(len(label)) + 10}
		byID[n.ID()] = vertices[i]
	}
	var pairs [][2]*vertex
	for _, n := range nodes {
		for _, u := range graph.NodesOf(g.To(n.ID())) {
			if from := byID[u.ID()]; from != nil {
				pairs = append(pairs, [2]*vertex{from, byID[n.ID()]})
			}
		}
	}
	d := document{layered: arrange(vertices, pairs), captions: captions(config, left)}
	return d.draw(g, nodes, byID, labels)
}

// chosen are the nodes to draw, in topological order, and the number of the others.
func chosen(g *autograd.ComputationGraph, config Config) (nodes []*autograd.GraphNode, left int) {
	limit := config.MaxNodes
	if limit <= 0 {
		limit = 300
	}
	// Operands outside the record have the highest IDs: they come in by what is
	// computed from them.
	var recorded, outside []*autograd.GraphNode
	for _, n := range graph.NodesOf(g.Nodes()) {
		node := n.(*autograd.GraphNode)
		if node.ID() > g.Root {
			outside = append(outside, node)
		} else {
			recorded = append(recorded, node)
		}
	}
	left = max(0, len(recorded)-limit)
	recorded = recorded[left:]
	drawn := map[int64]bool{}
	for _, n := range recorded {
		drawn[n.ID()] = true
	}
	for _, n := range outside {
		if slices.ContainsFunc(graph.NodesOf(g.From(n.ID())), func(to graph.Node) bool { return drawn[to.ID()] }) {
			nodes = append(nodes, n)
		} else {
			left++
		}
	}
	return append(nodes, recorded...), left
}

func captions(config Config, left int) []string {
	var lines []string
	if config.Title != "" {
		lines = append(lines, config.Title)
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("%d nodes recorded earlier are not drawn", left))
	}
	return lines
}

// labelOf is the text in a node's box.
func labelOf(n *autograd.GraphNode) []string {
	title := n.Op
	if n.Name != "" {
		title = n.Name
	}
	lines := []string{title, fmt.Sprintf("%v %v", n.DType, n.Shape)}
	switch {
	case math.IsNaN(n.Min):
	case n.Min == n.Max:
		lines = append(lines, fmt.Sprintf("%.4g", n.Min))
	default:
		lines = append(lines, fmt.Sprintf("%.3g … %.3g", n.Min, n.Max))
	}
	if !math.IsNaN(n.GradNorm) {
		lines = append(lines, fmt.Sprintf("‖∇‖ %.3g", n.GradNorm))
	}
	return lines
}

// class is how a node is coloured.
func class(g *autograd.ComputationGraph, n *autograd.GraphNode) string {
	switch {
	case n.Op == "parameter" || n.Op == "watched" || n.Op == "constant":
		return n.Op
	case n.ID() == g.Root:
		return "result"
	}
	return "operation"
}

// document is a drawing in the making.
type document struct {
	*layered
	captions      []string
	width, height float64
	strings.Builder
}

func (d *document) draw(g *autograd.ComputationGraph, nodes []*autograd.GraphNode, byID map[int64]*vertex, labels map[int64][]string) string {
	top := margin + lineHeight*float64(len(d.captions)+1) + gapY/2
	legendWidth := charWidth * 60
	d.width, d.height = legendWidth, top
	for _, v := range byID {
		v.x += margin
		v.y += top
		d.width = max(d.width, v.x+v.width/2)
		d.height = max(d.height, v.y+v.height/2)
	}
	for _, e := range d.edges {
		for _, v := range e[1 : len(e)-1] {
			v.x += margin
			v.y += top
			d.width = max(d.width, v.x)
		}
	}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n",
		d.width+margin, d.height+margin, d.width+margin, d.height+margin)
	d.WriteString(style)
	d.WriteString(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>` + "\n")
	d.drawCaptions()
	byNode := map[int64]*autograd.GraphNode{}
	for _, n := range nodes {
		byNode[n.ID()] = n
	}
	for _, e := range d.edges {
		d.drawEdge(e, byNode[e[0].id].Constant())
	}
	for _, n := range nodes {
		d.drawNode(byID[n.ID()], class(g, n), labels[n.ID()], n)
	}
	d.WriteString("</svg>\n")
	return d.String()
}

// drawCaptions draws title, notes and the legend.
func (d *document) drawCaptions() {
	y := margin + lineHeight/2
	for i, line := range d.captions {
		kind := "caption"
		if i == 0 {
			kind = "caption title"
		}
		fmt.Fprintf(d, `<text class="%s" x="%.1f" y="%.1f">%s</text>`+"\n", kind, margin, y, html.EscapeString(line))
		y += lineHeight
	}
	x := margin
	for _, kind := range []string{"parameter", "watched", "constant", "operation", "result"} {
		fmt.Fprintf(d, `<rect class="%s" x="%.1f" y="%.1f" width="12" height="12"/><text class="caption" x="%.1f" y="%.1f">%s</text>`+"\n",
			kind, x, y-10, x+17, y, kind)
		x += 17 + charWidth*float64(len(kind)) + 18
	}
}

// drawEdge draws a curve that passes straight through the layers between its ends.
func (d *document) drawEdge(e edge, silent bool) {
	kind := "edge"
	if silent {
		kind = "edge silent"
	}
	from := e[0]
	x, y := from.x, from.y+from.height/2
	fmt.Fprintf(d, `<path class="%s" marker-end="url(#arrow)" d="M%.1f %.1f`, kind, x, y)
	for _, v := range e[1:] {
		toX, toY := v.x, v.y-v.height/2
		middle := (y + toY) / 2
		fmt.Fprintf(d, "C%.1f %.1f %.1f %.1f %.1f %.1f", x, middle, toX, middle, toX, toY)
		x, y = toX, toY
		if v.id < 0 {
			y += v.height
			fmt.Fprintf(d, "V%.1f", y)
		}
	}
	d.WriteString(`"/>` + "\n")
}

func (d *document) drawNode(v *vertex, kind string, label []string, n *autograd.GraphNode) {
	fmt.Fprintf(d, `<g><title>%s: %s</title><rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5"/>`,
		html.EscapeString(n.DOTID()), html.EscapeString(n.Op), kind, v.x-v.width/2, v.y-v.height/2, v.width, v.height)
	y := v.y - v.height/2 + lineHeight
	for i, line := range label {
		bold := ""
		if i == 0 {
			bold = ` class="title"`
		}
		fmt.Fprintf(d, `<text%s x="%.1f" y="%.1f">%s</text>`, bold, v.x, y, html.EscapeString(line))
		y += lineHeight
	}
	d.WriteString("</g>\n")
}
