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
		{"standardized", smallImages().Standardize([]float64{0.25}, []float64{0.5}), []int{2, 1, 2, 3}, func(p float64) float64 { return (p/255 - 0.25) / 0.5 }},
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
	for _, test := range []struct {
		name      string
		images    *data.Images
		mean, std []float64
	}{
		{"one channel", m, []float64{0.75}, []float64{math.Sqrt(3) / 4}},
		{"two channels", &data.Images{N: 2, Channels: 2, Height: 1, Width: 1, Pixels: m.Pixels}, []float64{0.5, 1}, []float64{0.5, 0}},
		{"nothing", &data.Images{}, []float64{0}, []float64{0}},
	} {
		mean, std := test.images.MeanStd()
		if diff := cmp.Diff([][]float64{test.mean, test.std}, [][]float64{mean, std}, cmpopts.EquateApprox(0, 1e-15)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// Two images of 3 channels of 1×2 pixels, each channel with a scaling of its own.
func TestImagesOfChannels(t *testing.T) {
	m := &data.Images{N: 2, Channels: 3, Height: 1, Width: 2, Pixels: []byte{0, 51, 102, 153, 204, 255, 255, 204, 153, 102, 51, 0}}
	if diff := cmp.Diff([]byte{255, 204, 153, 102, 51, 0}, m.Image(1)); diff != "" {
		t.Errorf("image 1: %s", diff)
	}
	each := m.Standardize([]float64{0, 0.5, 1}, []float64{1, 0, 0.5}) // a std of 0 counts as 1
	for _, test := range []struct {
		name   string
		images *data.Images
		keep   bool // whether bytes can be kept
		shape  []int
		want   []float64
	}{
		{"plain", m, true, []int{1, 3, 1, 2}, []float64{1, 0.8, 0.6, 0.4, 0.2, 0}},
		{"flat", m.Flatten(), true, []int{1, 6}, []float64{1, 0.8, 0.6, 0.4, 0.2, 0}},
		{"one scaling", m.Standardize([]float64{0.2}, []float64{0.5}), true, []int{1, 3, 1, 2}, []float64{1.6, 1.2, 0.8, 0.4, 0, -0.4}},
		{"each its own", each, false, []int{1, 3, 1, 2}, []float64{1, 0.8, 0.1, -0.1, -1.6, -2}},
		{"each its own, flat", each.Flatten(), false, []int{1, 6}, []float64{1, 0.8, 0.1, -0.1, -1.6, -2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, keep := range []bool{false, true} {
				batch := data.Batch{DType: data.Float64, KeepBytes: keep}
				if err := test.images.Fill(&batch, []int{1}); err != nil {
					t.Fatal(err)
				}
				got := batch.X.Float64s
				if (batch.X.Bytes != nil) != (keep && test.keep) {
					t.Errorf("KeepBytes %v: bytes %v", keep, batch.X.Bytes)
				}
				for _, b := range batch.X.Bytes {
					got = append(got, float64(b)*batch.X.Scale+batch.X.Shift)
				}
				if diff := cmp.Diff(test.want, got, cmpopts.EquateApprox(0, 1e-15)); diff != "" {
					t.Errorf("KeepBytes %v: %s", keep, diff)
				}
				if diff := cmp.Diff(test.shape, batch.X.Shape); diff != "" {
					t.Errorf("KeepBytes %v: shape %s", keep, diff)
				}
			}
		})
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

func TestReadImages(t *testing.T) {
	images := idxBytes(0x08, []uint32{2, 1, 2}, 1, 2, 3, 4)
	tests := []struct {
		name   string
		images []byte
		labels []byte
		labelT []int
		shape  [3]int // channels, height, width
		text   string // of the error; empty for none
		file   string
		offset int64
	}{
		{name: "bytes", images: images, labels: idxBytes(0x08, []uint32{2}, 7, 9), labelT: []int{7, 9}, shape: [3]int{1, 1, 2}},
		{name: "int16", images: images, labels: idxBytes(0x0B, []uint32{2}, 1, 0, 0, 2), labelT: []int{256, 2}, shape: [3]int{1, 1, 2}},
		{name: "channels", images: idxBytes(0x08, []uint32{2, 2, 1, 1}, 1, 2, 3, 4), labels: idxBytes(0x08, []uint32{2}, 7, 9), labelT: []int{7, 9}, shape: [3]int{2, 1, 1}},
		{name: "counts differ", images: images, labels: idxBytes(0x08, []uint32{3}, 7, 9, 1),
			text: "want 2 labels, one for each image in ", file: "labels", offset: 4},
		{name: "float labels", images: images, labels: idxBytes(0x0D, []uint32{1}, 0, 0, 0, 0),
			text: "want labels: integers of rank 1, got float32 of rank 1", file: "labels", offset: 2},
		{name: "exchanged", images: idxBytes(0x08, []uint32{2}, 7, 9), labels: images,
			text: "want images: uint8 of rank 3 or 4, got uint8 of rank 1", file: "images", offset: 2},
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
				want := &data.Images{Pixels: []byte{1, 2, 3, 4}, N: 2, Channels: test.shape[0], Height: test.shape[1], Width: test.shape[2], Labels: test.labelT}
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
