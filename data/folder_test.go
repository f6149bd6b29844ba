package data_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// picture is a picture of one colour with a part of the middle in another.
func picture(width, height int, outside, inside color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := outside
			if x >= width/4 && x < width-width/4 && y >= height/4 && y < height-height/4 {
				c = inside
			}
			m.Set(x, y, c)
		}
	}
	return m
}

func pngFile(t *testing.T, m image.Image) *fstest.MapFile {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

func jpegFile(t *testing.T, m image.Image) *fstest.MapFile {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

func TestFolder(t *testing.T) {
	red, blue, white := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}, color.NRGBA{255, 255, 255, 255}
	files := fstest.MapFS{
		"dog/b.png":          pngFile(t, picture(8, 8, red, blue)),
		"dog/further/a.JPEG": jpegFile(t, picture(32, 32, white, white)),
		"cat/x.png":          pngFile(t, picture(16, 8, blue, blue)),
		"cat/.hidden.png":    {Data: []byte("no image")},
		"cat/readme.txt":     {Data: []byte("no image")},
		"empty/readme.txt":   {Data: []byte("no image")},
		".git/y.png":         {Data: []byte("no image")},
		"z.png":              {Data: []byte("in no directory")},
	}
	folder, err := data.OpenFolder(files, data.FolderConfig{Height: 4, Width: 4, Colour: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cat", "dog"}, folder.Classes); diff != "" || folder.Len() != 3 || folder.NumClasses() != 2 {
		t.Errorf("%d images, classes (-want +got):\n%s", folder.Len(), diff)
	}
	var b data.Batch
	filled(t, folder, &b, 2, 0, 1)
	if diff := cmp.Diff([]int{3, 3, 4, 4}, b.X.Shape); diff != "" {
		t.Errorf("shape (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 0, 1}, b.Labels); diff != "" || folder.Path(2) != "dog/further/a.JPEG" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	channel := func(image, channel int) []float32 { return b.X.Float32s[(image*3+channel)*16:][:16] }
	near := func(name string, got []float32, want ...float64) {
		t.Helper()
		for i, v := range got {
			if math.Abs(float64(v)-want[min(i, len(want)-1)]) > 0.02 {
				t.Errorf("%s: %v, want %v", name, got, want)
				return
			}
		}
	}
	for c := range 3 {
		near("white", channel(0, c), 1)
	}
	near("the blue of blue", channel(1, 2), 1)
	near("the red of blue", channel(1, 0), 0)
	near("the red around blue", channel(2, 0), 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1)
	near("the blue within red", channel(2, 2), 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0)

	// Shades of grey, cut to the middle: of 16×8 pixels the middle 8×8, half of which is
	// outside.
	wide := fstest.MapFS{"a/1.png": pngFile(t, picture(16, 8, white, color.NRGBA{0, 0, 0, 255}))}
	grey, err := data.OpenFolder(wide, data.FolderConfig{Height: 4, Width: 4, Crop: true})
	if err != nil {
		t.Fatal(err)
	}
	filled(t, grey, &b, 0)
	near("the middle", b.X.Float32s, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1)

	// Any number of workers, and bytes, give the same.
	for _, workers := range []int{1, 3} {
		for batch, err := range data.NewLoader(folder, data.LoaderConfig{BatchSize: 2, KeepBytes: true, Prefetch: 3, Workers: workers}).Batches(context.Background(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			want := data.Batch{KeepBytes: true, Epoch: batch.Epoch, Number: batch.Number, Indices: batch.Indices}
			if diff := cmp.Diff(filled(t, folder, &want, batch.Indices...), batch, fields); diff != "" {
				t.Errorf("%d workers (-want +got):\n%s", workers, diff)
			}
		}
	}
}

func TestFolderFails(t *testing.T) {
	good := pngFile(t, picture(4, 4, color.Black, color.White))
	huge := bytes.Clone(good.Data)
	copy(huge[16:], []byte{0x7f, 0xff, 0xff, 0xff}) // the width, whose checksum is wrong then too
	for name, file := range map[string][]byte{
		"no image":  []byte("hello"),
		"empty":     nil,
		"cut":       good.Data[:len(good.Data)-20],
		"too large": huge,
	} {
		folder, err := data.OpenFolder(fstest.MapFS{"a/good.png": good, "a/x.png": {Data: file}}, data.FolderConfig{Height: 2, Width: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{0, 2} {
			err = nil
			for _, err = range data.NewLoader(folder, data.LoaderConfig{BatchSize: 1, Prefetch: workers, Workers: workers}).Batches(context.Background(), 0) {
			}
			if !isFormatError(err) || !strings.Contains(err.Error(), "a/x.png") {
				t.Errorf("%s: error %v, want a *FormatError with the file's name", name, err)
			}
		}
	}
	if _, err := data.OpenFolder(fstest.MapFS{"a/readme.txt": {}}, data.FolderConfig{Height: 1, Width: 1}); !errors.Is(err, data.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
	gone := fstest.MapFS{"a/x.png": good}
	folder, err := data.OpenFolder(gone, data.FolderConfig{Height: 1, Width: 1})
	if err != nil {
		t.Fatal(err)
	}
	delete(gone, "a/x.png")
	var b data.Batch
	if err := folder.Fill(&b, []int{0}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "a/x.png") {
		t.Errorf("error %v of a file that is gone", err)
	}
	if err := folder.Fill(&b, []int{1}); err == nil || !strings.Contains(err.Error(), "index 1") {
		t.Errorf("error %v", err)
	}
	for _, config := range []data.FolderConfig{{}, {Height: 1}, {Height: 1, Width: 70000}} {
		wantMisuse(t, func() { data.OpenFolder(gone, config) })
	}
}
