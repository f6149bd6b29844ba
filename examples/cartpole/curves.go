package main

import (
	"image/color"
	"os"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var (
	colors = []color.Color{color.RGBA{0x1f, 0x77, 0xb4, 255}, color.RGBA{0xd6, 0x27, 0x28, 255}, color.RGBA{0x2c, 0xa0, 0x2c, 255}, color.RGBA{0x94, 0x67, 0xbd, 255}}
	faint  = color.RGBA{0xbb, 0xbb, 0xbb, 255}
)

var titles = map[string]string{"dqn": "Deep Q-learning", "reinforce": "Policy gradient with baseline"}

// drawCurves draws for each method how the policies became better: a point for each episode
// that was played to learn from, a line for each run.
func drawCurves(path string, runs []*run) error {
	row := make([]*plot.Plot, len(methods))
	for i, m := range methods {
		p := plot.New()
		p.Title.Text = titles[m.name]
		p.X.Label.Text = "steps played to learn from, thousands"
		p.X.Min, p.Y.Min, p.Y.Max = 0, 0, 650 // with room for the legend
		p.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 100, Label: "100"}, {Value: 200, Label: "200"}, {Value: 300, Label: "300"}, {Value: 400, Label: "400"}, {Value: 500, Label: "500"}}
		p.X.Tick.Marker = plot.TickerFunc(thousands)
		if i == 0 {
			p.Y.Label.Text = "length of an episode"
		}
		goal := plotter.NewFunction(func(float64) float64 { return solved })
		goal.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		p.Add(goal)
		p.Legend.Add("475, which counts as solved", goal)
		p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(1)
		var lines []plot.Plotter
		for _, r := range runs {
			if r.method != m.name {
				continue
			}
			points, line, err := r.curve(colors[len(lines)%len(colors)])
			if err != nil {
				return err
			}
			p.Add(points)
			lines = append(lines, line)
			if len(lines) == 1 {
				p.Legend.Add("an episode of learning", points)
				p.Legend.Add("mean of 100 tests, for each seed", line)
			}
		}
		p.Add(lines...)
		row[i] = p
	}
	canvas := vgimg.NewWith(vgimg.UseWH(9*vg.Inch, 3.6*vg.Inch), vgimg.UseDPI(100))
	tiles := draw.Tiles{Rows: 1, Cols: len(row), PadX: vg.Points(16), PadTop: vg.Points(8), PadBottom: vg.Points(6), PadLeft: vg.Points(6), PadRight: vg.Points(14)}
	for i, c := range plot.Align([][]*plot.Plot{row}, tiles, draw.New(canvas))[0] {
		row[i].Draw(c)
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

// thousands are marks at multiples of five thousand steps.
func thousands(low, high float64) (ticks []plot.Tick) {
	for v := 0.0; v <= high; v += 5 {
		if v >= low {
			ticks = append(ticks, plot.Tick{Value: v, Label: strconv.Itoa(int(v))})
		}
	}
	return ticks
}

// curve is the episodes of a run and the tests on the way.
func (r *run) curve(c color.Color) (*plotter.Scatter, *plotter.Line, error) {
	episodes, tests := make(plotter.XYs, len(r.episodes)), make(plotter.XYs, len(r.tests))
	for i, e := range r.episodes {
		episodes[i] = plotter.XY{X: float64(e.by) / 1000, Y: float64(e.length)}
	}
	for i, t := range r.tests {
		tests[i] = plotter.XY{X: float64(t.by) / 1000, Y: t.mean}
	}
	points, err := plotter.NewScatter(episodes)
	if err != nil {
		return nil, nil, err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: faint, Radius: vg.Points(1.2), Shape: draw.CircleGlyph{}}
	line, err := plotter.NewLine(tests)
	if err != nil {
		return nil, nil, err
	}
	line.LineStyle = draw.LineStyle{Color: c, Width: vg.Points(1.5)}
	return points, line, nil
}
