package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	plotdraw "gonum.org/v1/plot/vg/draw"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

func draw(ctx context.Context, dir string, d *denoising, v *variational, test *data.Images, seed uint64) error {
	if err := drawRestored(ctx, filepath.Join(dir, "restored.png"), d, test, seed); err != nil {
		return err
	}
	if err := drawMap(filepath.Join(dir, "map.png"), v, test); err != nil {
		return err
	}
	return drawSamples(filepath.Join(dir, "samples.png"), v)
}

// drawRestored draws test images, what was left of them, and what is made of that.
func drawRestored(ctx context.Context, path string, d *denoising, test *data.Images, seed uint64) error {
	const n = 14
	loader := data.NewLoader(data.Augment(test, change), data.LoaderConfig{BatchSize: n, Seed: seed})
	for batch, err := range loader.Batches(ctx, 0) {
		if err != nil {
			return err
		}
		tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true, Seed: seed})
		damaged := damage(tape, tape.Float32s(batch.X.Float32s, n, pixels))
		restored := d.decoder.Forward(d.encoder.Forward(damaged)).Sigmoid()
		return drawImages(path, n, pixelsOf(test, batch.Indices), damaged, restored)
	}
	return nil
}

// drawSamples draws what the variational autoencoder makes of codes on a grid: at the
// quantiles of the normal distribution, so that all parts of it are seen alike.
func drawSamples(path string, v *variational) error {
	const n = 16
	at := make([]float32, n)
	for i := range at {
		at[i] = (float32(i) + 0.5) / n
	}
	quantile := autograd.New(at).NormalQuantile().Float32s()
	z := make([]float32, 0, 2*n*n)
	for row := range n {
		for column := range n {
			z = append(z, quantile[column], quantile[n-1-row])
		}
	}
	images := v.decoder.Forward(autograd.New(z, n*n, 2)).Sigmoid()
	return drawImages(path, n, images)
}

// drawImages draws images [n, 784], so many in a row; those of each array begin a row.
func drawImages(path string, columns int, arrays ...autograd.Variable) error {
	const gap = 2
	rows := 0
	for _, images := range arrays {
		rows += (images.Dim(0) + columns - 1) / columns
	}
	zoom := 1
	if columns < 16 {
		zoom = 2
	}
	cell := zoom*side + gap
	picture := image.NewGray(image.Rect(0, 0, columns*cell+gap, rows*cell+gap))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	row := 0
	for _, images := range arrays {
		for i, p := range images.Floats() {
			number, y, x := i/pixels, i%pixels/side, i%side
			for d := range zoom * zoom {
				picture.SetGray(gap+number%columns*cell+zoom*x+d%zoom, gap+(row+number/columns)*cell+zoom*y+d/zoom, color.Gray{uint8(255 * min(max(p, 0), 1))})
			}
		}
		row += (images.Dim(0) + columns - 1) / columns
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(file, picture); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

var colors = []color.Color{
	color.RGBA{0x1f, 0x77, 0xb4, 255}, color.RGBA{0xff, 0x7f, 0x0e, 255}, color.RGBA{0x2c, 0xa0, 0x2c, 255}, color.RGBA{0xd6, 0x27, 0x28, 255},
	color.RGBA{0x94, 0x67, 0xbd, 255}, color.RGBA{0x8c, 0x56, 0x4b, 255}, color.RGBA{0xe3, 0x77, 0xc2, 255}, color.RGBA{0x55, 0x55, 0x55, 255},
	color.RGBA{0xbc, 0xbd, 0x22, 255}, color.RGBA{0x17, 0xbe, 0xcf, 255},
}

// drawMap draws the codes of test images, the means of their distributions, by class.
func drawMap(path string, v *variational, test *data.Images) error {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "first number of the code", "second number"
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -3.5, 4.3, -3.5, 3.5
	z := v.posterior(all(test)).Loc
	for class := range classes {
		xys := plotter.XYs{}
		for i, label := range test.Labels {
			if label == class {
				xys = append(xys, plotter.XY{X: z.At(i, 0), Y: z.At(i, 1)})
			}
		}
		dots, err := plotter.NewScatter(xys)
		if err != nil {
			return err
		}
		dots.Shape, dots.Radius, dots.Color = plotdraw.CircleGlyph{}, vg.Points(2.5), colors[class]
		p.Add(dots)
		p.Legend.Add(fmt.Sprint(class), dots)
	}
	p.Legend.Top = true
	p.Legend.YOffs = -vg.Points(8)
	return p.Save(6.5*vg.Inch, 5.5*vg.Inch, path)
}
