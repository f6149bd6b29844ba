package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var colors = []color.Color{color.RGBA{0xd6, 0x27, 0x28, 255}, color.RGBA{0x1f, 0x77, 0xb4, 255}}

// drawResults draws accuracy under attacks, and calibration under noise and of shifted images.
func drawResults(path string, results []*result) error {
	attacks := chart("Accuracy under attack", "ε, the greatest change of a pixel", "accuracy", 1.02)
	noisy := chart("Calibration under noise", "standard deviation of the noise", "expected calibration error", 0.7)
	moved := chart("… and of shifted images", "pixels to the right", "", 0.7)
	for i, r := range results {
		var fgsm, pgd, noise, shift plotter.XYs
		for k, e := range epsilons {
			fgsm, pgd = append(fgsm, plotter.XY{X: e, Y: r.fgsm[k]}), append(pgd, plotter.XY{X: e, Y: r.pgd[k]})
		}
		for k, s := range shifts {
			if s.pixels == 0 {
				noise = append(noise, plotter.XY{X: s.noise, Y: r.shifted[k].calibration})
			}
			if s.noise == 0 {
				shift = append(shift, plotter.XY{X: float64(s.pixels), Y: r.shifted[k].calibration})
			}
		}
		dashes := []vg.Length{vg.Points(4), vg.Points(3)}
		for _, c := range []struct {
			plot   *plot.Plot
			name   string
			points plotter.XYs
			dashes []vg.Length
		}{{attacks, r.name + ", FGSM", fgsm, dashes}, {attacks, r.name + ", PGD", pgd, nil}, {noisy, r.name + " training", noise, nil}, {moved, "", shift, nil}} {
			line, err := plotter.NewLine(c.points)
			if err != nil {
				return err
			}
			line.LineStyle = draw.LineStyle{Color: colors[i], Width: vg.Points(1.8), Dashes: c.dashes}
			c.plot.Add(line)
			if c.name != "" {
				c.plot.Legend.Add(c.name, line)
			}
		}
	}
	row := []*plot.Plot{attacks, noisy, moved}
	canvas := vgimg.NewWith(vgimg.UseWH(9.6*vg.Inch, 3.2*vg.Inch), vgimg.UseDPI(100))
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

// chart is an empty one, with room for the legend.
func chart(title, x, y string, highest float64) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Y.Min, p.Y.Max = 0, highest
	p.Legend.Top, p.Legend.Padding = true, vg.Points(1)
	return p
}
