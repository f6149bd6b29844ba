package data_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

// smallImages is five images of 2×3 pixels, where pixel j of image i is 10·i + j.
func smallImages() *data.Images {
	m := &data.Images{N: 5, Height: 2, Width: 3, Labels: []int{0, 1, 2, 1, 0}}
	for i := range m.N {
		for j := range 6 {
			m.Pixels = append(m.Pixels, byte(10*i+j))
		}
	}
	return m
}

func TestImagesFill(t *testing.T) {
	tests := []struct {
		name   string
		images *data.Images
		shape  []int
		value  func(pixel float64) float64
	}{
		{"as they are", smallImages(), []int{2, 1, 2, 3}, func(p float64) float64 { return p / 255 }},
		{"flat", smallImages().Flatten(), []int{2, 6}, func(p float64) float64 { return p / 255 }},
		{"standardized", smallImages().Standardize(0.25, 0.5), []int{2, 1, 2, 3}, func(p float64) float64 { return (p/255 - 0.25) / 0.5 }},
	}
	for _, test := range tests {
		for _, dtype := range []data.DType{data.Float32, data.Float64} {
			t.Run(fmt.Sprintf("%s/%v", test.name, dtype), func(t *testing.T) {
				batch := data.Batch{DType: dtype}
				if err := test.images.Fill(&batch, []int{3, 0}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.shape, batch.X.Shape); diff != "" {
					t.Errorf("shape: %s", diff)
				}
				if diff := cmp.Diff([]int{1, 0}, batch.Labels); diff != "" {
					t.Errorf("labels: %s", diff)
				}
				var want []float64
				for _, pixel := range []float64{30, 31, 32, 33, 34, 35, 0, 1, 2, 3, 4, 5} {
					want = append(want, test.value(pixel))
				}
				got, tolerance := batch.X.Float64s, 1e-15
				if dtype == data.Float32 {
					got, tolerance = widened(batch.X.Float32s), 1e-7
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, tolerance)); diff != "" {
					t.Errorf("pixels: %s", diff)
				}
				if batch.Len != 2 || batch.Y.Shape != nil {
					t.Errorf("length %d, targets of shape %v; want 2 and none", batch.Len, batch.Y.Shape)
				}
			})
		}
	}
}

func widened(s []float32) []float64 {
	w := make([]float64, len(s))
	for i, v := range s {
		w[i] = float64(v)
	}
	return w
}

// White is exactly 1, in both types.
func TestImagesScaleIsExact(t *testing.T) {
	m := &data.Images{N: 1, Height: 1, Width: 2, Pixels: []byte{0, 255}}
	var single data.Batch
	double := data.Batch{DType: data.Float64}
	m.Fill(&single, []int{0})
	m.Fill(&double, []int{0})
	if diff := cmp.Diff([]float32{0, 1}, single.X.Float32s); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{0, 1}, double.X.Float64s); diff != "" {
		t.Error(diff)
	}
	if single.Labels != nil {
		t.Errorf("labels %v of images without labels", single.Labels)
	}
}

func TestImagesMeanStd(t *testing.T) {
	m := &data.Images{N: 2, Height: 1, Width: 2, Pixels: []byte{0, 255, 255, 255}}
	mean, std := m.MeanStd()
	if math.Abs(mean-0.75) > 1e-15 || math.Abs(std-math.Sqrt(3)/4) > 1e-15 {
		t.Errorf("mean %v, std %v; want ¾ and √3/4", mean, std)
	}
	if mean, std := (&data.Images{}).MeanStd(); mean != 0 || std != 0 {
		t.Errorf("no images: mean %v, std %v; want 0", mean, std)
	}
}

func TestImagesClasses(t *testing.T) {
	m := smallImages()
	if got := m.NumClasses(); got != 3 {
		t.Errorf("%d classes by label, want 3", got)
	}
	m.Classes = []string{"a", "b", "c", "d"}
	if got := m.NumClasses(); got != 4 {
		t.Errorf("%d classes by name, want 4", got)
	}
	if class, ok := m.Label(2); class != 2 || !ok {
		t.Errorf("label of image 2: %d, %t", class, ok)
	}
	m.Labels = nil
	if class, ok := m.Label(2); ok {
		t.Errorf("label %d of an image without one", class)
	}
}

func TestImagesSubset(t *testing.T) {
	m := smallImages()
	s := m.Subset([]int{4, 4, 1})
	want := &data.Images{N: 3, Height: 2, Width: 3, Labels: []int{0, 0, 1},
		Pixels: []byte{40, 41, 42, 43, 44, 45, 40, 41, 42, 43, 44, 45, 10, 11, 12, 13, 14, 15}}
	if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(data.Images{})); diff != "" {
		t.Error(diff)
	}
	s.Pixels[0] = 99
	if m.Image(4)[0] != 40 {
		t.Error("a subset shares memory with the images it is of")
	}
}

func TestImagesMisuse(t *testing.T) {
	tests := []struct {
		name string
		f    func()
	}{
		{"index too large", func() { smallImages().Fill(&data.Batch{}, []int{5}) }},
		{"index negative", func() { smallImages().Fill(&data.Batch{}, []int{-1}) }},
		{"subset beyond", func() { smallImages().Subset([]int{5}) }},
		{"too few pixels", func() { (&data.Images{N: 1, Height: 2, Width: 2, Pixels: []byte{1}}).Fill(&data.Batch{}, nil) }},
		{"too few labels", func() {
			(&data.Images{N: 1, Height: 1, Width: 1, Pixels: []byte{1}, Labels: []int{}}).Fill(&data.Batch{}, nil)
		}},
		{"std 0", func() { smallImages().Standardize(0, 0) }},
		{"std NaN", func() { smallImages().Standardize(0, math.NaN()) }},
		{"mean infinite", func() { smallImages().Standardize(math.Inf(1), 1) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantMisuse(t, test.f) })
	}
}

func TestReadImages(t *testing.T) {
	images := idxBytes(0x08, []uint32{2, 1, 2}, 1, 2, 3, 4)
	tests := []struct {
		name   string
		images []byte
		labels []byte
		labelT []int
		text   string // of the error; empty for none
		file   string
		offset int64
	}{
		{name: "bytes", images: images, labels: idxBytes(0x08, []uint32{2}, 7, 9), labelT: []int{7, 9}},
		{name: "int16", images: images, labels: idxBytes(0x0B, []uint32{2}, 1, 0, 0, 2), labelT: []int{256, 2}},
		{name: "counts differ", images: images, labels: idxBytes(0x08, []uint32{3}, 7, 9, 1),
			text: "want 2 labels, one for each image in ", file: "labels", offset: 4},
		{name: "float labels", images: images, labels: idxBytes(0x0D, []uint32{1}, 0, 0, 0, 0),
			text: "want labels: integers of rank 1, got float32 of rank 1", file: "labels", offset: 2},
		{name: "exchanged", images: idxBytes(0x08, []uint32{2}, 7, 9), labels: images,
			text: "want images: uint8 of rank 3, got uint8 of rank 1", file: "images", offset: 2},
		{name: "negative label", images: images, labels: idxBytes(0x09, []uint32{2}, 1, 0xff),
			text: "want labels from 0, got -1", file: "labels", offset: 9},
		{name: "labels truncated", images: images, labels: idxBytes(0x08, []uint32{2}, 7),
			text: "got the end of the file", file: "labels", offset: 9},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range map[string][]byte{"images": test.images, "labels": test.labels} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m, err := data.ReadImages(filepath.Join(dir, "images"), filepath.Join(dir, "labels"))
			if test.text == "" {
				if err != nil {
					t.Fatal(err)
				}
				want := &data.Images{Pixels: []byte{1, 2, 3, 4}, N: 2, Height: 1, Width: 2, Labels: test.labelT}
				if diff := cmp.Diff(want, m, cmpopts.IgnoreUnexported(data.Images{})); diff != "" {
					t.Error(diff)
				}
				return
			}
			var format *data.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error %v, want a *FormatError", err)
			}
			if format.File != filepath.Join(dir, test.file) || format.Offset != test.offset || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %q at %s, byte %d; want %q at %s, byte %d", err, format.File, format.Offset, test.text, test.file, test.offset)
			}
		})
	}
}

func TestDigits(t *testing.T) {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	if train.N != 1438 || test.N != 359 {
		t.Errorf("%d and %d images, want 1438 and 359", train.N, test.N)
	}
	for _, m := range []*data.Images{train, test} {
		if m.Height != 28 || m.Width != 28 || m.NumClasses() != 10 {
			t.Errorf("%d×%d pixels, %d classes; want 28×28 and 10", m.Height, m.Width, m.NumClasses())
		}
		perClass := make([]int, 10)
		for i, label := range m.Labels {
			perClass[label]++
			checkCentred(t, i, m.Image(i))
		}
		for class, n := range perClass {
			if tenth := float64(m.N) / 10; math.Abs(float64(n)-tenth) > 0.05*tenth+1 {
				t.Errorf("%d of %d images are of class %d", n, m.N, class)
			}
		}
	}
	some := make([]int, 100)
	for i := range some {
		some[i] = i
	}
	if accuracy := nearestNeighbour(train, test.Subset(some)); accuracy < 0.97 {
		t.Errorf("nearest neighbour: %.2f of the test images right, want 0.97", accuracy)
	}

	again, _, err := data.Digits(1, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(train, again, cmpopts.IgnoreUnexported(data.Images{}), cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("the same seed gives another split: %.200s", diff)
	}
	other, _, err := data.Digits(2, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(train.Labels, other.Labels) {
		t.Error("another seed gives the same split")
	}
}

// checkCentred checks that a digit's centre of mass is within half a pixel of the
// middle (its box has room for it) and that it has ink.
func checkCentred(t *testing.T, i int, image []byte) {
	t.Helper()
	var mass, x, y float64
	for j, p := range image {
		mass += float64(p)
		x += float64(p) * float64(j%28)
		y += float64(p) * float64(j/28)
	}
	if mass < 10*255 || math.Abs(x/mass-13.5) > 0.5 || math.Abs(y/mass-13.5) > 0.5 {
		t.Errorf("image %d: ink %.0f, centre of mass (%.2f, %.2f), want near (13.5, 13.5)", i, mass/255, x/mass, y/mass)
	}
}

// nearestNeighbour is the share of test images whose nearest training image is of
// their class.
func nearestNeighbour(train, test *data.Images) float64 {
	right := 0
	for i := range test.N {
		image := test.Image(i)
		best, class := math.MaxInt, -1
		for j := range train.N {
			distance := 0
			for k, p := range train.Image(j) {
				d := int(p) - int(image[k])
				distance += d * d
			}
			if distance < best {
				best, class = distance, train.Labels[j]
			}
		}
		if class == test.Labels[i] {
			right++
		}
	}
	return float64(right) / float64(test.N)
}
