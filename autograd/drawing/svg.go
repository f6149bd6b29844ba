package drawing

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/graph"

	"github.com/chainrule-go/chainrule/autograd"
)

const style = `<style>
text { font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #222; text-anchor: middle; }
.title { font-weight: bold; }
.caption { text-anchor: start; }
.ground { fill: #fff; }
.box { stroke: #555; stroke-width: 1; }
.again { stroke-dasharray: 3 3; }
.broken { stroke: #d22; stroke-width: 3; }
.operation { fill: #fff; } .parameter { fill: #cfe3fb; } .watched { fill: #fdf3c4; } .constant { fill: #e6e6e6; } .result { fill: #d3f0d6; }
.edge { fill: none; stroke: #777; stroke-width: 1.2; }
.silent { stroke-dasharray: 4 3; }
#arrow { fill: #777; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e4e4; } .ground { fill: #16181c; } .box { stroke: #999; } .edge { stroke: #aaa; } #arrow { fill: #aaa; } .broken { stroke: #f55; }
.operation { fill: #24272d; } .parameter { fill: #1f4068; } .watched { fill: #5a4c10; } .constant { fill: #3a3d42; } .result { fill: #1d4d26; }
}
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
`

const margin = 16.0

// document is the content of an SVG document in the making.
type document struct {
	*layered
	strings.Builder
	width, height float64
}

// svg is the document.
func svg(g *autograd.ComputationGraph, config Config) (string, error) {
	nodes, left := chosen(g, config)
	placed, err := arrange(boxes(g, nodes))
	if err != nil {
		return "", err
	}
	d := document{layered: placed}
	d.draw(config.Title, left)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n%s"+
		`<rect class="ground" width="100%%" height="100%%"/>`+"\n%s</svg>\n", d.width, d.height, d.width, d.height, style, d.String()), nil
}

// boxes are the vertices for nodes, in the same order, and the edges between them.
func boxes(g *autograd.ComputationGraph, nodes []*autograd.GraphNode) (vertices []*vertex, pairs []pair) {
	drawn := map[int64]*vertex{}
	for _, n := range nodes {
		v := &vertex{box: newBox(g, n, drawn)}
		v.width, v.height = v.box.size()
		for _, u := range graph.NodesOf(g.To(n.ID())) {
			if from := drawn[u.ID()]; from != nil {
				pairs = append(pairs, pair{from, v})
			}
		}
		drawn[n.ID()] = v
		vertices = append(vertices, v)
	}
	return vertices, pairs
}

func (d *document) draw(title string, left int) {
	y := margin
	if title != "" {
		y = d.caption(y, "caption title", cut(title, 150))
	}
	if left > 0 {
		y = d.caption(y, "caption", fmt.Sprintf("%d nodes recorded earlier are not drawn", left))
	}
	y = d.legend(y)
	d.shift(margin, y+gapY/2)
	for _, e := range d.edges {
		d.drawEdge(e)
	}
	for _, v := range d.vertices {
		d.drawBox(v)
	}
	d.width += margin
	d.height += margin
}

// caption writes a line whose top is at y, and returns where the next begins.
func (d *document) caption(y float64, class, text string) float64 {
	d.text(class, margin, y+lineHeight-4, text)
	d.width = max(d.width, margin+textWidth(text))
	return y + lineHeight
}

// legend explains what is to be seen in this drawing, at y, and returns where the rest
// begins.
func (d *document) legend(y float64) float64 {
	var classes []string
	marks := map[string]bool{}
	for _, v := range d.vertices {
		if !slices.Contains(classes, v.box.class) {
			classes = append(classes, v.box.class)
		}
		marks["again"] = marks["again"] || v.again
		marks["broken"] = marks["broken"] || v.box.broken
		marks["gradient"] = marks["gradient"] || v.box.gradient
		marks["range"] = marks["range"] || strings.Contains(v.box.lines[2], "…")
	}
	x := margin
	for _, class := range []string{"parameter", "watched", "constant", "operation", "result"} {
		if slices.Contains(classes, class) {
			x = d.legendBox(x, y, class, class)
		}
	}
	if marks["again"] {
		x = d.legendBox(x, y, "operation again", "drawn again")
	}
	if marks["broken"] {
		x = d.legendBox(x, y, "operation broken", "NaN or infinity")
	}
	d.width = max(d.width, x)
	y += lineHeight
	var notes []string
	if marks["range"] {
		notes = append(notes, "least … greatest value")
	}
	if marks["gradient"] {
		notes = append(notes, "‖∇‖ norm of the gradient")
	}
	if slices.Contains(classes, "constant") {
		notes = append(notes, "dashed arrows: no gradient")
	}
	return d.caption(y, "caption", strings.Join(notes, ", "))
}

func (d *document) legendBox(x, y float64, class, text string) float64 {
	fmt.Fprintf(d, `<rect class="box %s" x="%.1f" y="%.1f" width="12" height="12"/>`, class, x, y+2)
	d.text("caption", x+17, y+lineHeight-4, text)
	return x + 17 + textWidth(text) + 18
}

// text writes a line of text; y is its baseline.
func (d *document) text(class string, x, y float64, text string) {
	fmt.Fprintf(d, `<text class="%s" x="%.1f" y="%.1f">%s</text>`+"\n", class, x, y, escape(text))
}

// escape makes text fit for XML: characters that XML does not have are replaced.
func escape(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // a Builder returns no error
	return b.String()
}

// shift moves everything that is placed, and makes the document large enough for it.
func (d *document) shift(x, y float64) {
	for _, layer := range d.layers {
		for _, v := range layer {
			v.x += x
			v.y += y
			d.width, d.height = max(d.width, v.x+v.width/2), max(d.height, v.y+v.height/2)
		}
	}
}

// drawEdge draws a curve that passes straight through the layers between its ends.
func (d *document) drawEdge(e edge) {
	class := "edge"
	if e[0].box.silent {
		class = "edge silent"
	}
	x, y := e[0].x, e[0].y+e[0].height/2
	fmt.Fprintf(d, `<path class="%s" marker-end="url(#arrow)" d="M%.1f %.1f`, class, x, y)
	drawn := y // how far down the path has come
	for _, v := range e[1:] {
		top := v.y - v.height/2
		if v.x != x || v.box != nil {
			if y > drawn {
				fmt.Fprintf(d, "V%.1f", y)
			}
			middle := (y + top) / 2
			fmt.Fprintf(d, "C%.1f %.1f %.1f %.1f %.1f %.1f", x, middle, v.x, middle, v.x, top)
			drawn = top
		}
		x, y = v.x, v.y+v.height/2
	}
	d.WriteString(`"/>` + "\n")
}

func (d *document) drawBox(v *vertex) {
	class, lines := "box "+v.box.class, v.box.lines
	if v.box.broken {
		class += " broken"
	}
	if v.again {
		class, lines = class+" again", lines[:1]
	}
	left, top := v.x-v.width/2, v.y-v.height/2
	fmt.Fprintf(d, `<g><title>%s</title><rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5"/>`+"\n",
		escape(v.box.tooltip), class, left, top, v.width, v.height)
	for i, line := range lines {
		lineClass := "line"
		if i == 0 {
			lineClass = "title"
		}
		d.text(lineClass, v.x, top+lineHeight*float64(i+1), line)
	}
	d.WriteString("</g>\n")
}
