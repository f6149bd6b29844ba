package main

import (
	"image"
	"os"
	"testing"

	"github.com/chainrule-go/chainrule/data"
)

func TestCountObjects(t *testing.T) {
	for _, test := range []struct {
		name  string
		boxes []image.Rectangle
		want  int
	}{
		{"nothing", nil, 0},
		{"one", []image.Rectangle{image.Rect(4, 4, 12, 20)}, 1},
		{"side by side", []image.Rectangle{image.Rect(2, 4, 8, 20), image.Rect(9, 5, 18, 19)}, 2},
		{"a narrow one beside a wide one", []image.Rectangle{image.Rect(2, 4, 5, 20), image.Rect(9, 5, 28, 19)}, 2},
		{"three", []image.Rectangle{image.Rect(0, 4, 5, 20), image.Rect(9, 5, 18, 19), image.Rect(20, 8, 28, 22)}, 3},
		{"above each other", []image.Rectangle{image.Rect(4, 0, 12, 13), image.Rect(5, 15, 13, 28)}, 2},
		{"touching frames", []image.Rectangle{image.Rect(0, 4, 8, 20), image.Rect(8, 4, 16, 20)}, 1},
		{"a stroke above the rest of its digit", []image.Rectangle{image.Rect(4, 2, 14, 4), image.Rect(4, 6, 12, 22)}, 1},
		{"a dot beside a digit", []image.Rectangle{image.Rect(4, 2, 14, 22), image.Rect(20, 18, 24, 22)}, 1},
		{"two strokes of one digit, in the same columns", []image.Rectangle{image.Rect(4, 2, 8, 22), image.Rect(7, 2, 12, 12)}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			ink := image.NewGray(image.Rect(0, 0, 30, 30))
			for _, box := range test.boxes {
				for y := box.Min.Y; y < box.Max.Y; y++ {
					for x := box.Min.X; x < box.Max.X; x++ {
						ink.Pix[y*30+x] = 255
					}
				}
			}
			if got := countObjects(ink); got != test.want {
				t.Errorf("%d objects, want %d", got, test.want)
			}
		})
	}
}

// Of MNIST's images hardly any is taken for several digits, and of pairs of them hardly any
// for one.
func TestCountObjectsOfMNIST(t *testing.T) {
	if testing.Short() || os.Getenv("MNIST_DIR") == "" {
		t.Skip("needs MNIST in MNIST_DIR")
	}
	_, test, err := data.MNIST(t.Context(), data.SourceConfig{Dir: os.Getenv("MNIST_DIR")})
	if err != nil {
		t.Fatal(err)
	}
	several, single := 0, 0
	const n = 1000
	for i := range n {
		pair := image.NewGray(image.Rect(0, 0, 2*imageSide, imageSide))
		for j, v := range test.Image(i) {
			y, x := j/imageSide, j%imageSide
			pair.Pix[y*2*imageSide+x] = v
			pair.Pix[y*2*imageSide+imageSide+x] = test.Image(i + n)[j]
		}
		one := &image.Gray{Pix: test.Image(i), Stride: imageSide, Rect: image.Rect(0, 0, imageSide, imageSide)}
		for picture, count := range map[image.Image]*int{one: &several, pair: &single} {
			_, objects, err := digitFraming.normalize(picture)
			if err != nil {
				t.Fatal(err)
			}
			if (objects > 1) != (picture == pair) {
				*count++
			}
		}
	}
	if several > n/200 || single > n/200 {
		t.Errorf("of %d digits %d look like several, and of as many pairs %d like one", n, several, single)
	}
}
