package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/chainrule-go/chainrule/autograd"
)

// drawn are the problems of the picture, in rows of three.
var drawn = [][]string{{"Gauss3", "Thurber", "ENSO"}, {"MGH17", "Eckerle4", "Rat43"}}

// picture writes fit.png: data, and the models as they start and end.
func picture(dir string, scores []score) error {
	plots := make([][]*plot.Plot, len(drawn))
	for i, row := range drawn {
		for _, name := range row {
			k := slices.IndexFunc(scores, func(s score) bool { return s.name == name && s.start == 0 })
			p, err := scores[k].plot()
			if err != nil {
				return err
			}
			plots[i] = append(plots[i], p)
		}
	}
	canvas := vgimg.New(11*vg.Inch, 6*vg.Inch)
	const pad = vg.Length(8)
	tiles := draw.Tiles{Rows: len(drawn), Cols: len(drawn[0]), PadX: 2 * pad, PadY: 2 * pad, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad}
	for i, row := range plot.Align(plots, tiles, draw.New(canvas)) {
		for j, c := range row {
			plots[i][j].Draw(c)
		}
	}
	file, err := os.Create(filepath.Join(dir, "fit.png"))
	if err != nil {
		return err
	}
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(file); err != nil {
		file.Close()
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	return file.Close()
}

// plot is the data of a problem and its model.
func (s score) plot() (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s: %d parameters, %d steps", s.name, len(s.certified), s.fit.MajorIterations)
	data := make(plotter.XYs, len(s.y))
	for i := range data {
		data[i] = plotter.XY{X: s.x[0][i], Y: s.y[i]}
	}
	points, err := plotter.NewScatter(data)
	if err != nil {
		return nil, err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: color.Gray{110}, Radius: 1.8, Shape: draw.CircleGlyph{}}
	start, err := s.curve(s.starts[0])
	if err != nil {
		return nil, err
	}
	start.LineStyle = draw.LineStyle{Color: color.RGBA{R: 230, G: 140, B: 30, A: 255}, Width: 1.2, Dashes: []vg.Length{4, 3}}
	end, err := s.curve(s.fit.X)
	if err != nil {
		return nil, err
	}
	end.LineStyle = draw.LineStyle{Color: color.RGBA{R: 20, G: 80, B: 200, A: 255}, Width: 1.6}
	p.Add(points, start, end)
	if s.name == drawn[0][0] {
		p.Legend.Add("data", points)
		p.Legend.Add("start 1", start)
		p.Legend.Add("fit", end)
		p.Legend.Top = true
	}
	// The start may be far off: data and fit fill the panel, with a margin.
	low, high := slices.Min(s.y), slices.Max(s.y)
	p.Y.Min, p.Y.Max = low-0.15*(high-low), high+0.25*(high-low)
	return p, nil
}

// curve is the model with parameters b over the range of the data.
func (s score) curve(b []float64) (*plotter.Line, error) {
	low, high := slices.Min(s.x[0]), slices.Max(s.x[0])
	x := autograd.Linspace(autograd.Float64, low, high, 400)
	fine := problem{name: s.name, x: [][]float64{x.Float64s()}}
	y := fine.predict(autograd.New(b)).Float64s()
	line := make(plotter.XYs, 0, len(y))
	bottom, top := slices.Min(s.y), slices.Max(s.y)
	for i, value := range y {
		if value > bottom-0.15*(top-bottom) && value < top+0.25*(top-bottom) {
			line = append(line, plotter.XY{X: x.At(i), Y: value})
		}
	}
	if len(line) == 0 { // nothing to be seen
		line = plotter.XYs{{X: low, Y: bottom}}
	}
	return plotter.NewLine(line)
}
