package data_test

import (
	"image/color"
	"testing"

	"github.com/chainrule-go/chainrule/data"
)

func TestPicture(t *testing.T) {
	grey := data.Batch{Len: 3, X: data.NewArray([]float32{-1, 1, 0, 1, -1, 1}, 3, 1, 2)}
	colours := data.Batch{Len: 1, X: data.Array{Shape: []int{1, 3, 1, 2}, Bytes: []byte{0, 255, 51, 102, 153, 204}, Scale: 1. / 255, Shift: -3}}
	for name, test := range map[string]struct {
		batch         *data.Batch
		columns       int
		width, height int
		at            map[[2]int]color.NRGBA
	}{
		"grey": {&grey, 2, 6, 4, map[[2]int]color.NRGBA{
			{0, 0}: {0, 0, 0, 255}, {1, 0}: {255, 255, 255, 255}, {3, 0}: {128, 128, 128, 255}, {0, 2}: {0, 0, 0, 255}, {1, 2}: {255, 255, 255, 255}, {2, 0}: {}, {3, 2}: {},
		}},
		"colours": {&colours, 1, 3, 2, map[[2]int]color.NRGBA{{0, 0}: {0, 51, 153, 255}, {1, 0}: {255, 102, 204, 255}}},
	} {
		picture, err := test.batch.Picture(test.columns)
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds(); size.Dx() != test.width || size.Dy() != test.height {
			t.Errorf("%s: a picture of %v", name, size)
		}
		for at, want := range test.at {
			if got := picture.At(at[0], at[1]); got != want {
				t.Errorf("%s: %v is %v, want %v", name, at, got, want)
			}
		}
	}
	if _, err := (&data.Batch{Len: 1, X: data.NewArray([]float32{1, 2}, 1, 2, 1, 1)}).Picture(1); err == nil {
		t.Error("a picture of two channels")
	}
	wantMisuse(t, func() { grey.Picture(0) })
}
