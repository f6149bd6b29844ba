package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/draw"

	"github.com/chainrule-go/chainrule/data"
)

// look is how a digit is drawn.
type look struct {
	name          string
	width, height int
	margin        int // around the picture, on each side
	ink, paper    color.Gray
}

func looks() []look {
	black, white := color.Gray{}, color.Gray{Y: 255}
	large := 700
	if testing.Short() {
		large = workingSide + 20 // it is still reduced
	}
	return []look{
		{"as MNIST", 28, 28, 0, white, black},
		{"dark on light", 28, 28, 0, black, white},
		{"enlarged", 100, 100, 0, black, white},
		{"large", large, large, 50, white, black},
		{"off centre, gray on gray", 60, 60, 90, color.Gray{Y: 70}, color.Gray{Y: 190}},
		{"tiny", 20, 20, 1, black, white},
	}
}

// render draws an image of the data set in some look.
func render(pixels []byte, l look) *image.Gray {
	source := &image.Gray{Pix: make([]byte, len(pixels)), Stride: imageSide, Rect: image.Rect(0, 0, imageSide, imageSide)}
	for i, v := range pixels {
		source.Pix[i] = byte((int(v)*int(l.ink.Y) + (255-int(v))*int(l.paper.Y)) / 255)
	}
	picture := image.NewGray(image.Rect(0, 0, l.width+2*l.margin, l.height+2*l.margin))
	draw.Draw(picture, picture.Rect, image.NewUniform(l.paper), image.Point{}, draw.Src)
	inside := image.Rect(l.margin, l.margin, l.margin+l.width, l.margin+l.height)
	draw.CatmullRom.Scale(picture, inside, source, source.Rect, draw.Src, nil)
	return picture
}

// strokes is a picture of an L: a thick vertical line and a horizontal one.
func strokes(l look) *image.Gray {
	pixels := make([]byte, imageSide*imageSide)
	for y := 4; y < 24; y++ {
		for x := 8; x < 20; x++ {
			if x < 11 || y >= 21 {
				pixels[y*imageSide+x] = 255
			}
		}
	}
	return render(pixels, l)
}

func massOf(pixels []byte) (x, y float64) {
	total := 0.0
	for i, v := range pixels {
		total += float64(v)
		x += float64(v) * float64(i%imageSide)
		y += float64(v) * float64(i/imageSide)
	}
	return x / total, y / total
}

func TestNormalizeDigit(t *testing.T) {
	for _, l := range looks() {
		t.Run(l.name, func(t *testing.T) {
			pixels, _, err := digitFraming.normalize(strokes(l))
			if err != nil {
				t.Fatal(err)
			}
			box := boundingBox(&image.Gray{Pix: pixels, Stride: imageSide, Rect: image.Rect(0, 0, imageSide, imageSide)})
			if box.Dy() != 20 || box.Dx() < 11 || box.Dx() > 13 {
				t.Errorf("fills %v, want 12×20", box)
			}
			if x, y := massOf(pixels); math.Abs(x-14) > 0.5 || math.Abs(y-14) > 0.5 {
				t.Errorf("centre of mass at %.2f, %.2f, want 14, 14 to half a pixel", x, y)
			}
			corner, stroke := pixels[0], pixels[(box.Min.Y+10)*imageSide+box.Min.X+1]
			if corner != 0 || stroke < 180 {
				t.Errorf("paper %d, stroke %d: want 0 and nearly 255", corner, stroke)
			}
		})
	}
}

// distance is how much two images differ, as a fraction of the ink of the first.
func distance(want, got []byte) float64 {
	difference, ink := 0, 0
	for i, v := range want {
		difference += int(max(v, got[i]) - min(v, got[i]))
		ink += int(v)
	}
	return float64(difference) / float64(ink)
}

// TestNormalizeLooks draws digits in different ways, which must come out alike.
func TestNormalizeLooks(t *testing.T) {
	train, _, err := data.Digits(0, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range looks()[1:] {
		t.Run(l.name, func(t *testing.T) {
			sum := 0.0
			n := 6
			if testing.Short() && l.width > workingSide {
				n = 1 // reducing large pictures takes long
			}
			for i := range n {
				want, _, err := digitFraming.normalize(render(train.Image(i), looks()[0]))
				if err != nil {
					t.Fatal(err)
				}
				got, _, err := digitFraming.normalize(render(train.Image(i), l))
				if err != nil {
					t.Fatal(err)
				}
				sum += distance(want, got)
			}
			if mean := sum / float64(n); !(mean < 0.25) {
				t.Errorf("the images differ by %.2f of their ink, want less than 0.25", mean)
			}
		})
	}
}

func TestNormalizeArticle(t *testing.T) {
	// A wide dark shape and a gray part of it, on white: it fills the width, keeps its
	// shades, and stays in the middle.
	picture := image.NewGray(image.Rect(0, 0, 300, 200))
	draw.Draw(picture, picture.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(picture, image.Rect(100, 50, 240, 120), image.NewUniform(color.Gray{Y: 155}), image.Point{}, draw.Src)
	draw.Draw(picture, image.Rect(100, 50, 170, 120), image.NewUniform(color.Gray{Y: 55}), image.Point{}, draw.Src)
	pixels, _, err := fashionFraming.normalize(picture)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, imageSide*imageSide)
	for y := 7; y < 21; y++ {
		for x := range imageSide {
			want[y*imageSide+x] = 200
			if x >= 14 {
				want[y*imageSide+x] = 100
			}
		}
	}
	near := cmp.Comparer(func(a, b byte) bool { return max(a, b)-min(a, b) <= 15 })
	if diff := cmp.Diff(want, pixels, near); diff != "" {
		t.Error(diff)
	}
}

func TestNormalizeIgnores(t *testing.T) {
	big := look{"", 280, 280, 20, color.Gray{Y: 30}, color.Gray{Y: 220}}
	clean, _, err := digitFraming.normalize(strokes(big))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change func(*image.Gray)
	}{
		{"specks of dust", func(m *image.Gray) {
			for _, p := range []image.Point{{3, 3}, {300, 10}, {5, 310}} {
				m.SetGray(p.X, p.Y, color.Gray{})
				m.SetGray(p.X+1, p.Y, color.Gray{})
			}
		}},
		{"a shadow across the paper", func(m *image.Gray) {
			for i, v := range m.Pix {
				m.Pix[i] = v - byte(i%m.Stride/10)
			}
		}},
		{"grain", func(m *image.Gray) {
			for i := range m.Pix {
				m.Pix[i] += byte(i * 7919 % 31)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			picture := strokes(big)
			c.change(picture)
			pixels, _, err := digitFraming.normalize(picture)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(clean, pixels); !(d < 0.1) {
				t.Errorf("the image changes by %.2f of its ink", d)
			}
		})
	}
}

func TestNormalizeTransparent(t *testing.T) {
	want, _, err := digitFraming.normalize(strokes(looks()[2]))
	if err != nil {
		t.Fatal(err)
	}
	for _, ink := range []color.Gray{{Y: 0}, {Y: 255}} {
		mask := strokes(look{"", 100, 100, 0, color.Gray{Y: 255}, color.Gray{}})
		picture := image.NewNRGBA(mask.Rect)
		for i, v := range mask.Pix {
			picture.SetNRGBA(i%100, i/100, color.NRGBA{ink.Y, ink.Y, ink.Y, v})
		}
		pixels, _, err := digitFraming.normalize(picture)
		if err != nil {
			t.Fatal(err)
		}
		near := cmp.Comparer(func(a, b byte) bool { return max(a, b)-min(a, b) <= 8 })
		if diff := cmp.Diff(want, pixels, near); diff != "" {
			t.Errorf("ink %d on nothing: %s", ink.Y, diff)
		}
	}
}

func TestNormalizeBlank(t *testing.T) {
	faint := image.NewGray(image.Rect(0, 0, 50, 50))
	faint.SetGray(20, 20, color.Gray{Y: leastInk - 1})
	for name, picture := range map[string]image.Image{
		"black":       image.NewGray(image.Rect(0, 0, 1, 1)),
		"transparent": image.NewNRGBA(image.Rect(0, 0, 30, 10)),
		"faint":       faint,
	} {
		if _, _, err := digitFraming.normalize(picture); err == nil || !strings.Contains(err.Error(), "blank") {
			t.Errorf("%s: %v, want an error that says blank", name, err)
		}
	}
}

func TestNormalizeExtremeShapes(t *testing.T) {
	for _, size := range []image.Point{{1, 9000}, {9000, 1}, {3, 3}, {2, 1}, {513, 700}} {
		picture := image.NewGray(image.Rectangle{Max: size})
		for i := range picture.Pix[:(len(picture.Pix)+1)/2] {
			picture.Pix[i] = 255
		}
		for _, f := range []framing{digitFraming, fashionFraming} {
			pixels, _, err := f.normalize(picture)
			if err != nil {
				t.Errorf("%v: %v", size, err)
			} else if bytes.Count(pixels, []byte{0}) == len(pixels) {
				t.Errorf("%v: the result is black", size)
			}
		}
	}
}

// pngHeader is a PNG file that claims to be of this size and ends there.
func pngHeader(width, height uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, width)
	chunk = binary.BigEndian.AppendUint32(chunk, height)
	chunk = append(chunk, 8, 0, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	file = append(file, chunk...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(chunk))
}

func TestReadImageErrors(t *testing.T) {
	var whole bytes.Buffer
	if err := png.Encode(&whole, strokes(looks()[0])); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cases := []struct {
		name    string
		content []byte // nil for no file
		want    string
	}{
		{"missing.png", nil, "no such file"},
		{"empty.png", []byte{}, "not a PNG or JPEG"},
		{"text.jpg", []byte("hello"), "not a PNG or JPEG"},
		{"huge.png", pngHeader(30_000, 30_000), "30000×30000 pixels"},
		{"header.png", pngHeader(28, 28), "damaged"},
		{"half.png", whole.Bytes()[:whole.Len()/2], "damaged"},
		{"jpeg.jpg", []byte("\xff\xd8\xff\xe0"), "damaged"},
	}
	for _, c := range cases {
		path := filepath.Join(dir, c.name)
		if c.content != nil {
			if err := os.WriteFile(path, c.content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, err := readImage(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s: %v, want the path once and %q", c.name, err, c.want)
		}
	}
	if _, err := readImage(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
}

// exif is a JPEG segment with an orientation, in either byte order.
func exif(order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	tiff := order.AppendUint16([]byte(mark), 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	tiff = append(tiff, make([]byte, 12)...) // some other entry
	tiff = order.AppendUint16(tiff, 0x0112)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = order.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(segment)+2)), segment...)
}

// TestOrientation stores a picture as a camera held in each way would, and reads it back
// upright.
func TestOrientation(t *testing.T) {
	upper := strokes(looks()[2])
	want := turn(reduce(upper), upright)
	inverse := map[int]int{clockwise: anticlockwise, anticlockwise: clockwise}
	for orientation := upright; orientation <= anticlockwise; orientation++ {
		undo := orientation // all but the quarter turns undo themselves
		if other, ok := inverse[orientation]; ok {
			undo = other
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, turn(want, undo), &jpeg.Options{Quality: 100}); err != nil {
			t.Fatal(err)
		}
		segment := exif(binary.LittleEndian, "II", uint16(orientation))
		if orientation%2 == 0 {
			segment = exif(binary.BigEndian, "MM", uint16(orientation))
		}
		stored := append([]byte{0xff, 0xd8}, segment...)
		stored = append(stored, file.Bytes()[2:]...)
		path := filepath.Join(t.TempDir(), "photo.jpg")
		if err := os.WriteFile(path, stored, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := readImage(path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rect != want.Rect {
			t.Fatalf("orientation %d: %v, want %v", orientation, got.Rect, want.Rect)
		}
		for i, v := range want.Pix {
			if max(v, got.Pix[i])-min(v, got.Pix[i]) > 8 { // what JPEG loses
				t.Fatalf("orientation %d: byte %d is %d, want %d", orientation, i, got.Pix[i], v)
			}
		}
	}
	// The one turn that is easy to confuse with its inverse: a quarter turn clockwise
	// takes the top row to the right.
	flag := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	flag.SetNRGBA(0, 0, color.NRGBA{R: 1, A: 255})
	if turned := turn(flag, clockwise); turned.NRGBAAt(1, 0).R != 1 {
		t.Error("clockwise does not turn clockwise")
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(append([]byte{0xff, 0xd8}, exif(binary.BigEndian, "MM", 6)...))
	f.Add(append([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2}, exif(binary.LittleEndian, "II", 3)...))
	f.Fuzz(func(t *testing.T, content []byte) {
		if o := orientationOf(bytes.NewReader(content)); o < upright || o > anticlockwise {
			t.Errorf("orientation %d", o)
		}
	})
}
