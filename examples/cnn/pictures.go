package main

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"strconv"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

const (
	cell    = 96 // pixels of an image in the picture, or of a filter, with what is around it
	caption = 18 // of them for words
	columns = 8
	rows    = 3
)

// mistake is an image of the test set that the network takes for something else.
type mistake struct{ index, label, guess int }

// mistakesOf is what of the test set the network takes for something else.
func mistakesOf(ctx context.Context, model nn.Sequential, test *data.Images) ([]mistake, error) {
	logits, err := nn.Predict(ctx, model, test, nn.PredictConfig{})
	if err != nil {
		return nil, err
	}
	var found []mistake
	for i, guess := range logits.ArgMax(-1) {
		if label, _ := test.Label(i); label != guess {
			found = append(found, mistake{i, label, guess})
		}
	}
	return found, nil
}

// draw makes a picture of mistakes on the test images, and below of the filters of the first
// convolution.
func draw(ctx context.Context, path string, model nn.Sequential, test *data.Images) error {
	mistakes, err := mistakesOf(ctx, model, test)
	if err != nil {
		return err
	}
	c := canvas{image.NewGray(image.Rect(0, 0, columns*cell, 2*caption+2*rows*cell))}
	xdraw.Draw(c, c.Bounds(), image.White, image.Point{}, xdraw.Src)
	shown := mistakes[:min(len(mistakes), columns*rows)]
	c.words(4, 13, fmt.Sprintf("%d of %d mistakes on %d test images: what it is, and what it was taken for", len(shown), len(mistakes), test.N))
	for i, m := range shown {
		x, y := i%columns*cell, caption+i/columns*cell
		pixels := &image.Gray{Pix: test.Image(m.index), Stride: test.Width, Rect: image.Rect(0, 0, test.Width, test.Height)}
		c.enlarged(x, y, pixels, xdraw.CatmullRom)
		c.words(x+4, y+cell-4, fmt.Sprintf("%s, %s", className(test, m.label), className(test, m.guess)))
	}
	filters := model[0].(nn.Sequential)[0].(*nn.Conv2d).Weight
	top := caption + rows*cell
	c.words(4, top+13, "filters of the first convolution: white is positive, black negative")
	for i := range min(filters.Dim(0), columns*rows) {
		c.enlarged(i%columns*cell, top+caption+i/columns*cell, filterImage(filters.Slice(0, i, i+1)), xdraw.NearestNeighbor)
	}
	return write(path, c)
}

// className is the name of a class.
func className(test *data.Images, class int) string {
	if class < len(test.Classes) {
		return test.Classes[class]
	}
	return strconv.Itoa(class)
}

// filterImage is a filter [1, 1, height, width] with 0 as grey.
func filterImage(filter autograd.Variable) image.Image {
	most := filter.Abs().Max().Item()
	picture := image.NewGray(image.Rect(0, 0, filter.Dim(3), filter.Dim(2)))
	for i, w := range filter.Floats() {
		picture.Pix[i] = uint8(math.Round(127.5 * (1 + w/most)))
	}
	return picture
}

// canvas is a picture to draw on.
type canvas struct{ *image.Gray }

// enlarged draws a small picture into the cell at x, y, above its caption.
func (c canvas) enlarged(x, y int, picture image.Image, by xdraw.Interpolator) {
	side := cell - caption - 2
	by.Scale(c, image.Rect(x+4, y+2, x+4+side, y+2+side), picture, picture.Bounds(), xdraw.Src, nil)
}

// words writes a line that begins at x, y.
func (c canvas) words(x, y int, text string) {
	d := font.Drawer{Dst: c, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

func write(path string, picture image.Image) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, file.Close()) }()
	return png.Encode(file, picture)
}
