package example

import (
	"image"
	"image/png"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Page is the size of a picture with several plots, and what is left free around them.
type Page struct {
	Width, Height vg.Length
	DPI           int        // default 100
	Space         draw.Tiles // without Rows and Cols
}

// Spacious is the space around plots with axes.
var Spacious = draw.Tiles{PadX: vg.Points(16), PadTop: vg.Points(8), PadBottom: vg.Points(6), PadLeft: vg.Points(6), PadRight: vg.Points(14)}

// Draw writes rows of plots to a PNG file.
func (p Page) Draw(path string, rows ...[]*plot.Plot) error {
	if p.DPI == 0 {
		p.DPI = 100
	}
	canvas := vgimg.NewWith(vgimg.UseWH(p.Width, p.Height), vgimg.UseDPI(p.DPI))
	tiles := p.Space
	tiles.Rows, tiles.Cols = len(rows), len(rows[0])
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		for j, c := range row {
			rows[i][j].Draw(c)
		}
	}
	return WritePNG(path, canvas.Image())
}

// WritePNG writes a picture to a PNG file.
func WritePNG(path string, picture image.Image) error {
	return Create(path, func(w io.Writer) error { return png.Encode(w, picture) })
}
