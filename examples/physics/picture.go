package main

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var (
	blue   = color.RGBA{R: 20, G: 80, B: 200, A: 255}
	orange = color.RGBA{R: 230, G: 120, B: 20, A: 255}
	gray   = color.Gray{130}
)

// draw writes the network's solution as a field, and slices of it on those of finite
// differences.
func (r burgersResult) draw(path string) error {
	heat := plot.New()
	heat.Title.Text = "u(x, t), the network"
	heat.X.Label.Text, heat.Y.Label.Text = "t", "x"
	colors := moreland.SmoothBlueRed()
	colors.SetMin(-1)
	colors.SetMax(1)
	field := plotter.NewHeatMap(r.network, colors.Palette(255))
	field.Rasterized = true // no seams between cells
	heat.Add(field)
	plots := []*plot.Plot{heat}
	last := len(r.network) - 1
	for _, fraction := range []float64{0.25, 0.5, 1} {
		i := int(fraction * float64(last))
		p := plot.New()
		p.Title.Text = fmt.Sprintf("t = %v", fraction)
		p.X.Label.Text, p.Y.Label.Text = "x", "u"
		reference, err := line(r.reference.slice(i), gray, 4)
		if err != nil {
			return err
		}
		network, err := line(r.network.slice(i), blue, 1.5)
		if err != nil {
			return err
		}
		network.Dashes = []vg.Length{5, 4}
		p.Add(reference, network)
		p.Y.Min, p.Y.Max = -1.1, 1.1
		if i == last {
			p.Legend.Add("finite differences", reference)
			p.Legend.Add("network", network)
			p.Legend.Top = true
		}
		plots = append(plots, p)
	}
	return save(path, 13*vg.Inch, 3.5*vg.Inch, plots)
}

// The field is a grid for plotter: a column a time.
func (f field) Dims() (columns, rows int) { return len(f), len(f[0]) }
func (f field) Z(c, r int) float64        { return f[c][r] }
func (f field) X(c int) float64           { return float64(c) / float64(len(f)-1) }
func (f field) Y(r int) float64           { return -1 + 2*float64(r)/float64(len(f[0])-1) }

// slice is u at a time by x.
func (f field) slice(i int) plotter.XYs {
	points := make(plotter.XYs, len(f[i]))
	for j := range points {
		points[j] = plotter.XY{X: f.Y(j), Y: f[i][j]}
	}
	return points
}

// draw writes the spiral and the network's trajectory, in space, by time, and what is missed.
func (r spiralResult) draw(path string) error {
	space, time, missed := plot.New(), plot.New(), plot.New()
	space.Title.Text, space.X.Label.Text, space.Y.Label.Text = "the spiral", "y₁", "y₂"
	time.Title.Text, time.X.Label.Text, time.Y.Label.Text = "y₁ by time", "t", "y₁"
	missed.Title.Text, missed.X.Label.Text = "distance from the truth", "t"
	for _, c := range []struct {
		name   string
		states v
		color  color.Color
		width  vg.Length
		dashes []vg.Length
	}{{"untrained", r.before, orange, 1.2, nil}, {"truth", r.truth, gray, 4, nil}, {"network", r.after, blue, 1.5, []vg.Length{5, 4}}} {
		inSpace, byTime, distance := make(plotter.XYs, spiralPoints), make(plotter.XYs, spiralPoints), make(plotter.XYs, spiralPoints)
		for i := range spiralPoints {
			t, a, b := float64(i)*spiralInterval, c.states.At(i, 0), c.states.At(i, 1)
			inSpace[i], byTime[i] = plotter.XY{X: a, Y: b}, plotter.XY{X: t, Y: a}
			distance[i] = plotter.XY{X: t, Y: math.Hypot(a-r.truth.At(i, 0), b-r.truth.At(i, 1))}
		}
		for _, panel := range []struct {
			plot   *plot.Plot
			points plotter.XYs
		}{{space, inSpace}, {time, byTime}, {missed, distance}} {
			if panel.plot == missed && c.name != "network" {
				continue
			}
			l, err := line(panel.points, c.color, c.width)
			if err != nil {
				return err
			}
			l.Dashes = c.dashes
			if panel.plot == missed {
				l.Dashes = nil
			}
			panel.plot.Add(l)
			if panel.plot == time {
				time.Legend.Add(c.name, l)
			}
		}
	}
	for _, axis := range []*plot.Axis{&space.X, &space.Y, &time.Y} {
		axis.Min, axis.Max = -2.3, 2.3
	}
	time.Legend.Top = true
	time.Y.Max = 3.6 // room for the legend
	return save(path, 13*vg.Inch, 4*vg.Inch, []*plot.Plot{space, time, missed})
}

func line(points plotter.XYs, c color.Color, width vg.Length) (*plotter.Line, error) {
	l, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	l.Color, l.Width = c, width
	return l, nil
}

// save writes plots side by side.
func save(path string, width, height vg.Length, plots []*plot.Plot) (err error) {
	canvas := vgimg.New(width, height)
	tiles := draw.Tiles{Rows: 1, Cols: len(plots), PadX: 16, PadTop: 8, PadBottom: 8, PadLeft: 8, PadRight: 8}
	for i, c := range plot.Align([][]*plot.Plot{plots}, tiles, draw.New(canvas))[0] {
		plots[i].Draw(c)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(file)
	return err
}
