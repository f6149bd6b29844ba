package drawing

import (
	"cmp"
	"html/template"
	"io"

	"github.com/chainrule-go/chainrule/autograd"
)

// page is the HTML page around a drawing.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { margin: 1.5rem; font: 16px system-ui, sans-serif; background: #fff; color: #222; }
h1 { font-size: 1.3rem; }
.graph { overflow: auto; }
#fit:checked ~ .graph svg { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; } body { background: #16181c; color: #ddd; } }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
<input type="checkbox" id="fit" checked> <label for="fit">fit to the window</label>
<div class="graph">
{{.Drawing}}</div>
</body>
</html>
`))

func html(w io.Writer, g *autograd.ComputationGraph, config Config) error {
	title := config.Title
	title = cmp.Or(title, "Computation graph")
	config.Title = "" // the page has it
	drawing, err := svg(g, config)
	if err != nil {
		return err
	}
	return page.Execute(w, struct {
		Title   string
		Drawing template.HTML // escaped by svg
	}{title, template.HTML(drawing)})
}
