package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/chainrule-go/chainrule/autograd"
)

// drawRing draws the points of each snapshot, around circles of three standard deviations.
func drawRing(path string, t training, snapshots []autograd.Variable) error {
	row := make([]*plot.Plot, len(snapshots))
	for i, points := range snapshots {
		p := plot.New()
		p.Title.Text = fmt.Sprintf("after %d steps", t.snapshots[i])
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -2.7, 2.7, -2.7, 2.7
		p.HideAxes()
		xys, circles := plotter.XYs{}, plotter.XYs{}
		for j := range points.Dim(0) {
			if xy := (plotter.XY{X: points.At(j, 0), Y: points.At(j, 1)}); xy.X*xy.X+xy.Y*xy.Y < 2.7*2.7 {
				xys = append(xys, xy)
			}
		}
		for m := range modes {
			x, y := center(m)
			circles = append(circles, plotter.XY{X: x, Y: y})
		}
		dots, err := plotter.NewScatter(xys)
		if err != nil {
			return err
		}
		dots.Shape, dots.Radius, dots.Color = draw.CircleGlyph{}, vg.Points(0.7), color.RGBA{0x1f, 0x77, 0xb4, 255}
		rings, err := plotter.NewScatter(circles)
		if err != nil {
			return err
		}
		rings.Shape, rings.Radius, rings.Color = draw.RingGlyph{}, vg.Length(3*spread/5.4)*2.2*vg.Inch, color.RGBA{0xd6, 0x27, 0x28, 255}
		p.Add(dots, rings)
		row[i] = p
	}
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(len(row))*2.25*vg.Inch, 2.45*vg.Inch), vgimg.UseDPI(100))
	tiles := draw.Tiles{Rows: 1, Cols: len(row)}
	for i, c := range plot.Align([][]*plot.Plot{row}, tiles, draw.New(canvas))[0] {
		row[i].Draw(c)
	}
	return save(path, canvas.Image())
}

// drawDigits draws a row of images for each snapshot, and real ones below.
func drawDigits(path string, rows []autograd.Variable) error {
	const zoom, gap = 2, 3
	cell := zoom*side + gap
	columns := rows[0].Dim(0)
	picture := image.NewGray(image.Rect(0, 0, columns*cell+gap, len(rows)*cell+3*gap))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for r, images := range rows {
		top := gap + r*cell
		if r == len(rows)-1 {
			top += 2 * gap // set apart
		}
		pixels := images.Floats()
		for i := range columns * side * side {
			column, y, x := i/(side*side), i/side%side, i%side
			for d := range zoom * zoom {
				picture.SetGray(gap+column*cell+zoom*x+d%zoom, top+zoom*y+d/zoom, color.Gray{uint8(255 * min(max(pixels[i], 0), 1))})
			}
		}
	}
	return save(path, picture)
}

func save(path string, picture image.Image) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	return png.Encode(file, picture)
}
