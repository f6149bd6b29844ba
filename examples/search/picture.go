package main

import (
	"image/color"
	"io"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var colors = []color.Color{color.Gray{0x66}, color.RGBA{0x1f, 0x77, 0xb4, 255}, color.RGBA{0xd6, 0x27, 0x28, 255}, color.RGBA{0x2c, 0xa0, 0x2c, 255}, color.RGBA{0x94, 0x67, 0xbd, 255}}

// write writes a table of each search, and the picture of them all.
func write(dir string, entries []*entry) error {
	for _, e := range entries {
		if err := create(filepath.Join(dir, e.name+".csv"), e.result.WriteCSV); err != nil {
			return err
		}
	}
	return drawSearches(filepath.Join(dir, "search.png"), entries)
}

// create writes a file.
func create(path string, write func(w io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// drawSearches draws the losses on the validation data as trainings are made: of each one
// by itself, and of the best so far that was trained to the end.
func drawSearches(path string, entries []*entry) error {
	single, best := plot.New(), plot.New()
	single.Title.Text, best.Title.Text = "Each training", "The best so far, trained to the end"
	single.Y.Label.Text = "loss on validation data"
	for _, p := range []*plot.Plot{single, best} {
		p.X.Label.Text = "epochs trained in all"
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = plot.TickerFunc(marks)
		p.X.Min = 0
	}
	best.Legend.Left, best.Legend.Padding = true, vg.Points(1)
	for i, e := range entries {
		points, line := courseOf(e)
		scatter, err := plotter.NewScatter(points)
		if err != nil {
			return err
		}
		c := colors[i%len(colors)]
		scatter.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(1.7), Shape: draw.CircleGlyph{}}
		single.Add(scatter)
		steps, err := plotter.NewLine(line)
		if err != nil {
			return err
		}
		steps.StepStyle = plotter.PostStep
		steps.LineStyle = draw.LineStyle{Color: c, Width: vg.Points(1.7)}
		if i == 0 {
			steps.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
		}
		best.Add(steps)
		best.Legend.Add(e.name, steps)
	}
	single.Y.Max = min(single.Y.Max, 1) // few are worse, and of no interest
	canvas := vgimg.NewWith(vgimg.UseWH(9*vg.Inch, 3.6*vg.Inch), vgimg.UseDPI(100))
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Points(16), PadTop: vg.Points(8), PadBottom: vg.Points(6), PadLeft: vg.Points(6), PadRight: vg.Points(14)}
	row := []*plot.Plot{single, best}
	for i, c := range plot.Align([][]*plot.Plot{row}, tiles, draw.New(canvas))[0] {
		row[i].Draw(c)
	}
	return create(path, func(w io.Writer) error {
		_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
		return err
	})
}

// courseOf is a point for each evaluation, and the least loss so far of those with the
// whole number of epochs.
func courseOf(e *entry) (points, line plotter.XYs) {
	epochs, made := 0, map[int]int{}
	for _, v := range e.result.Evaluations {
		epochs += v.Budget - made[v.Trial]
		made[v.Trial] = v.Budget
		if v.Err != nil {
			continue
		}
		if v.Score <= 1 {
			points = append(points, plotter.XY{X: float64(epochs), Y: v.Score})
		}
		if v.Budget == e.best.Budget && (line == nil || v.Score < line[len(line)-1].Y) {
			line = append(line, plotter.XY{X: float64(epochs), Y: v.Score})
		}
	}
	return points, append(line, plotter.XY{X: float64(epochs), Y: e.best.Score})
}

// marks are round numbers on the scale of losses.
func marks(low, high float64) (ticks []plot.Tick) {
	for _, t := range []plot.Tick{{Value: 0.02, Label: "0.02"}, {Value: 0.05, Label: "0.05"}, {Value: 0.06, Label: "0.06"}, {Value: 0.07, Label: "0.07"}, {Value: 0.08, Label: "0.08"}, {Value: 0.09, Label: ""}, {Value: 0.1, Label: "0.1"}, {Value: 0.15, Label: "0.15"}, {Value: 0.2, Label: "0.2"}, {Value: 0.3, Label: "0.3"}, {Value: 0.5, Label: "0.5"}, {Value: 1, Label: "1"}} {
		if t.Value >= low*0.999 && t.Value <= high*1.001 {
			ticks = append(ticks, t)
		}
	}
	return ticks
}
