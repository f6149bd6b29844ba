package main

import (
	"image"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/chainrule-go/chainrule/autograd"
)

var blue = color.RGBA{0x1f, 0x77, 0xb4, 255}

// draw draws a chart of bars for each method, features in the same order.
func (r *wineResult) draw(path string) error {
	order := r.permutation.Ranking()
	row := make([]*plot.Plot, 2)
	for i, c := range []struct {
		label  string
		values []float64
		errors []float64
	}{
		{"accuracy lost when shuffled, ± standard deviation", r.permutation.Mean, r.permutation.Std},
		{"mean size of the Shapley value (logit)", r.shapley, nil},
	} {
		p := plot.New()
		p.X.Label.Text = c.label
		values, names, spread := make(plotter.Values, len(order)), make([]string, len(order)), bars{}
		for k, feature := range order {
			at := len(order) - 1 - k // the first on top
			values[at] = c.values[feature]
			if i == 0 {
				names[at] = r.names[feature]
				spread.XYs = append(spread.XYs, plotter.XY{X: c.values[feature], Y: float64(at)})
				spread.XErrors = append(spread.XErrors, struct{ Low, High float64 }{c.errors[feature], c.errors[feature]})
			}
		}
		chart, err := plotter.NewBarChart(values, vg.Points(11))
		if err != nil {
			return err
		}
		chart.Horizontal, chart.Color, chart.LineStyle.Width = true, blue, 0
		p.Add(chart)
		if i == 0 {
			whiskers, err := plotter.NewXErrorBars(spread)
			if err != nil {
				return err
			}
			p.Add(whiskers)
		}
		p.NominalY(names...)
		p.X.Max *= 1.03
		row[i] = p
	}
	row[0].Title.Text, row[1].Title.Text = "Permutation importance", "Shapley values"
	return save(path, 8.4*vg.Inch, 3.6*vg.Inch, [][]*plot.Plot{row})
}

// bars are points with errors along x.
type bars struct {
	plotter.XYs
	plotter.XErrors
}

// draw draws the images in the first column and what each method finds beside them.
func (r *digitsResult) draw(path string) error {
	rows := make([][]*plot.Plot, r.shown.Dim(0))
	for i := range rows {
		add := func(name string, picture image.Image) {
			p := plot.New()
			p.HideAxes()
			if i == 0 {
				p.Title.Text = name
			}
			p.Title.TextStyle.Font.Size = vg.Points(9)
			p.Add(plotter.NewImage(picture, 0, 0, 28, 28))
			rows[i] = append(rows[i], p)
		}
		add("image", heat(r.shown.Index(i), r.shown.Index(i), false))
		for _, m := range r.maps {
			add(m.name, heat(m.maps.Index(i), r.shown.Index(i), m.signed))
		}
	}
	return save(path, 6*vg.Inch, 6*vg.Inch, rows)
}

// heat shows a map, black for its greatest number, or red, and blue for the least where there
// are both, over a pale image.
func heat(m, under autograd.Variable, signed bool) image.Image {
	values, ink := m.Floats(), under.Floats()
	greatest := 1e-30
	for _, v := range values {
		greatest = max(greatest, math.Abs(v))
	}
	const enlarged = 3 // so that pixels stay sharp
	picture := image.NewRGBA(image.Rect(0, 0, 28*enlarged, 28*enlarged))
	for y := range 28 * enlarged {
		for x := range 28 * enlarged {
			i := y/enlarged*28 + x/enlarged
			v := values[i] / greatest
			paper := 255 * (1 - 0.2*ink[i])
			full, pale := uint8(paper), uint8(paper*(1-math.Abs(v)))
			c := color.RGBA{pale, pale, pale, 255}
			if signed && v > 0 {
				c.R = full
			} else if signed {
				c.B = full
			}
			picture.SetRGBA(x, y, c)
		}
	}
	return picture
}

// save writes plots side by side to a file.
func save(path string, width, height vg.Length, rows [][]*plot.Plot) error {
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(100))
	tiles := draw.Tiles{Rows: len(rows), Cols: len(rows[0]), PadX: vg.Points(6), PadY: vg.Points(4), PadTop: vg.Points(6), PadBottom: vg.Points(6), PadLeft: vg.Points(6), PadRight: vg.Points(10)}
	for i, line := range plot.Align(rows, tiles, draw.New(canvas)) {
		for j, c := range line {
			rows[i][j].Draw(c)
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
