package main

import (
	"context"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/chainrule-go/chainrule/data"
)

var (
	grey  = color.RGBA{0x55, 0x55, 0x55, 255}
	blue  = color.RGBA{0x1f, 0x77, 0xb4, 255}
	light = color.RGBA{0xc6, 0xdb, 0xef, 255}
	red   = color.RGBA{0xd6, 0x27, 0x28, 255}
	faint = color.NRGBA{0x1f, 0x77, 0xb4, 140}
)

// drawBand draws points, curve and prediction, also where there were no points to learn from.
func drawBand(path string, r *result) error {
	const n, from, to = 400, -4.0, 4.0
	x := make([]float64, n)
	for i := range x {
		x[i] = from + (to-from)*float64(i)/(n-1)
	}
	xs := &data.Arrays{X: data.NewArray(x, n, 1)}
	d, err := r.predict(context.Background(), xs)
	if err != nil {
		return err
	}
	low, high := band(d)

	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "x", "y"
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = from, to, -4, 4

	outline := make(plotter.XYs, 0, 2*n)
	for i := range x {
		outline = append(outline, plotter.XY{X: x[i], Y: low[i]})
	}
	for i := n - 1; i >= 0; i-- {
		outline = append(outline, plotter.XY{X: x[i], Y: high[i]})
	}
	area, err := plotter.NewPolygon(outline)
	if err != nil {
		return err
	}
	area.Color, area.LineStyle.Width = light, 0

	learned, err := plotter.NewScatter(pairs(floats(r.train)))
	if err != nil {
		return err
	}
	learned.Radius, learned.Color = vg.Points(1), grey

	truth := plotter.NewFunction(curve)
	truth.Samples, truth.Color, truth.Width, truth.Dashes = n, red, vg.Points(1.5), []vg.Length{vg.Points(5), vg.Points(3)}
	middle, err := plotter.NewLine(pairs(x, d.Mean().Floats()))
	if err != nil {
		return err
	}
	middle.Color, middle.Width = blue, vg.Points(1.5)

	p.Add(area, learned)
	var one *plotter.Line
	for _, m := range r.ensemble {
		own, err := ensemble{m}.predict(context.Background(), xs)
		if err != nil {
			return err
		}
		if one, err = plotter.NewLine(pairs(x, own.Mean().Floats())); err != nil {
			return err
		}
		one.Color, one.Width = faint, vg.Points(0.6)
		p.Add(one)
	}
	p.Add(truth, middle)
	p.Legend.Add("points to learn from, between −3 and 3", learned)
	p.Legend.Add("the curve they are scattered around", truth)
	p.Legend.Add("prediction", middle)
	p.Legend.Add("of each network", one)
	p.Legend.Add("95 % band", area)
	p.Legend.Top, p.Legend.Left, p.Legend.Padding, p.Legend.YOffs = true, true, vg.Points(1), vg.Points(-4)
	return p.Save(7.5*vg.Inch, 4*vg.Inch, path)
}

func pairs(x, y []float64) plotter.XYs {
	xys := make(plotter.XYs, len(x))
	for i := range x {
		xys[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	return xys
}
