package data_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// pictures is n different images of 1×h×w, or as many channels.
func pictures(n, channels, h, w int) *data.Images {
	m := &data.Images{N: n, Channels: channels, Height: h, Width: w, Labels: make([]int, n), Pixels: make([]byte, n*channels*h*w)}
	state := uint32(1)
	for i := range m.Pixels {
		state = state*1664525 + 1013904223
		m.Pixels[i] = byte(state >> 24)
	}
	for i := range m.Labels {
		m.Labels[i] = i
	}
	return m
}

// shown is the images of an epoch by their labels, as a loader shows them.
func shown(t *testing.T, ds data.Dataset, config data.LoaderConfig, epoch int) map[int][]float32 {
	t.Helper()
	images := map[int][]float32{}
	for batch, err := range data.NewLoader(ds, config).Batches(t.Context(), epoch) {
		if err != nil {
			t.Fatal(err)
		}
		size := batch.X.RowSize()
		for row, label := range batch.Labels {
			images[label] = append([]float32(nil), batch.X.Float32s[row*size:(row+1)*size]...)
		}
	}
	return images
}

// everything is a config with all of it.
var everything = data.AugmentConfig{Shift: 2, Rotate: 15, Scale: 0.1, Shear: 10, FlipX: true, FlipY: true, Elastic: 0.5, Noise: 0.1, CutOut: 3}

// What becomes of an image depends on seed, epoch and index alone.
func TestAugmentIsDeterministic(t *testing.T) {
	ds := data.Augment(pictures(40, 3, 9, 8), everything)
	want := shown(t, ds, data.LoaderConfig{BatchSize: 40, Seed: 5}, 2)
	for _, config := range []data.LoaderConfig{
		{BatchSize: 1, Seed: 5}, {BatchSize: 7, Seed: 5, Shuffle: true}, {BatchSize: 16, Seed: 5, Prefetch: 3, Shuffle: true}, {BatchSize: 9, Seed: 5, KeepBytes: true},
		{BatchSize: 3, Seed: 5, Prefetch: 5, Workers: 4},
	} {
		if diff := cmp.Diff(want, shown(t, ds, config, 2)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", config, diff)
		}
	}
	for name, other := range map[string]map[int][]float32{
		"another seed":  shown(t, ds, data.LoaderConfig{BatchSize: 40, Seed: 6}, 2),
		"another epoch": shown(t, ds, data.LoaderConfig{BatchSize: 40, Seed: 5}, 3),
		"twice":         shown(t, data.Augment(ds, everything), data.LoaderConfig{BatchSize: 40, Seed: 5}, 2),
	} {
		for i := range want {
			if cmp.Equal(want[i], other[i]) {
				t.Errorf("%s: image %d is the same", name, i)
			}
		}
	}
	// The index is that in the augmented data set, whatever is below.
	base := pictures(40, 3, 9, 8)
	reversed := &data.Subset{Dataset: base}
	for i := range 40 {
		reversed.Indices = append(reversed.Indices, 39-i)
	}
	augmented := data.Augment(reversed, everything)
	direct := shown(t, augmented, data.LoaderConfig{BatchSize: 40, Seed: 5}, 0)
	picked := &data.Subset{Dataset: augmented, Indices: []int{7, 3, 11}}
	for label, image := range shown(t, picked, data.LoaderConfig{BatchSize: 2, Seed: 5}, 0) {
		if !cmp.Equal(image, direct[label]) {
			t.Errorf("image %d of a subset is another", label)
		}
	}
}

// Numbers of float64 are changed as those of float32 are.
func TestAugmentOfFloat64(t *testing.T) {
	ds := data.Augment(pictures(10, 1, 8, 8), everything)
	var single, double data.Batch
	double.DType = data.Float64
	indices := []int{3, 1, 4}
	if err := ds.Fill(&single, indices); err != nil {
		t.Fatal(err)
	}
	if err := ds.Fill(&double, indices); err != nil {
		t.Fatal(err)
	}
	for i, x := range single.X.Float32s {
		if math.Abs(float64(x)-double.X.Float64s[i]) > 1e-5 {
			t.Fatalf("element %d is %v as float32, %v as float64", i, x, double.X.Float64s[i])
		}
	}
}

func TestAugmentNothing(t *testing.T) {
	ds := pictures(5, 3, 4, 6)
	if diff := cmp.Diff(shown(t, ds, data.LoaderConfig{}, 0), shown(t, data.Augment(ds, data.AugmentConfig{}), data.LoaderConfig{}, 0)); diff != "" {
		t.Error(diff)
	}
}

// moved is an image shifted and flipped by the definition, edges repeated.
func moved(image []float32, h, w, dx, dy int, flipX, flipY bool) []float32 {
	out := make([]float32, len(image))
	for y := range h {
		for x := range w {
			u, v := x, y
			if flipX {
				u = w - 1 - x
			}
			if flipY {
				v = h - 1 - y
			}
			u, v = min(max(u+dx, 0), w-1), min(max(v+dy, 0), h-1)
			out[y*w+x] = image[v*w+u]
		}
	}
	return out
}

// Shifts and flips are exact, and all of them come up, evenly.
func TestShiftsAndFlips(t *testing.T) {
	const n, h, w = 2000, 6, 7
	base := pictures(1, 1, h, w)
	repeated := &data.Subset{Dataset: base, Indices: make([]int, n)}
	augmented := data.Augment(repeated, data.AugmentConfig{Shift: 1, FlipX: true, FlipY: true})
	count := map[string]int{}
	for batch, err := range data.NewLoader(augmented, data.LoaderConfig{BatchSize: 100}).Batches(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for row := range batch.Len {
			count[fmt.Sprint(batch.X.Float32s[row*h*w:(row+1)*h*w])]++
		}
	}
	original := shown(t, base, data.LoaderConfig{}, 0)[0]
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			for flips := range 4 {
				want := fmt.Sprint(moved(original, h, w, dx, dy, flips&1 != 0, flips&2 != 0))
				// The expected number is 2000/36 = 56, with a deviation of 7.
				if c := count[want]; c < 28 || c > 84 {
					t.Errorf("shift %d, %d with flips %d came up %d times", dx, dy, flips, c)
				}
				delete(count, want)
			}
		}
	}
	if len(count) != 0 {
		t.Errorf("%d other images", len(count))
	}
}

// dot is where the centre of mass of an image lies, from its middle.
func dot(image []float32, h, w int) (x, y float64) {
	sum := 0.0
	for i, p := range image {
		sum += float64(p)
		x += float64(p) * float64(i%w)
		y += float64(p) * float64(i/w)
	}
	return x/sum - float64(w-1)/2, y/sum - float64(h-1)/2
}

// A dot is turned, drawn in or out, and slanted by as much as is allowed, and not more.
func TestMaps(t *testing.T) {
	const n, side = 400, 41
	base := &data.Images{N: 1, Height: side, Width: side, Pixels: make([]byte, side*side), Labels: []int{0}}
	for y := 7; y <= 9; y++ { // eleven to thirteen above the middle
		for x := 19; x <= 21; x++ {
			base.Pixels[y*side+x] = 255
		}
	}
	const distance = 12.0
	repeated := &data.Subset{Dataset: base, Indices: make([]int, n)}
	for _, test := range []struct {
		name    string
		config  data.AugmentConfig
		measure func(x, y float64) (what, fixed float64)
		limit   [2]float64
		same    float64
	}{
		{"rotate", data.AugmentConfig{Rotate: 30}, func(x, y float64) (float64, float64) {
			return math.Atan2(x, -y) * 180 / math.Pi, math.Hypot(x, y)
		}, [2]float64{-30, 30}, distance},
		{"scale", data.AugmentConfig{Scale: 0.25}, func(x, y float64) (float64, float64) { return -y / distance, x }, [2]float64{0.8, 1.25}, 0},
		{"shear", data.AugmentConfig{Shear: 20}, func(x, y float64) (float64, float64) {
			return math.Atan(-x/y) * 180 / math.Pi, -y
		}, [2]float64{-20, 20}, distance},
	} {
		low, high := math.Inf(1), math.Inf(-1)
		for batch, err := range data.NewLoader(data.Augment(repeated, test.config), data.LoaderConfig{BatchSize: n}).Batches(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			for row := range n {
				what, fixed := test.measure(dot(batch.X.Float32s[row*side*side:(row+1)*side*side], side, side))
				low, high = min(low, what), max(high, what)
				if math.Abs(fixed-test.same) > 0.15 {
					t.Fatalf("%s: %v has become %v", test.name, test.same, fixed)
				}
			}
		}
		span := test.limit[1] - test.limit[0]
		if math.Abs(low-test.limit[0]) > 0.04*span || math.Abs(high-test.limit[1]) > 0.04*span {
			t.Errorf("%s: from %v to %v, expected %v", test.name, low, high, test.limit)
		}
	}
}

// Elastic moves pixels by distances of the deviation asked for, neighbours by nearly the
// same: of an image that grows from left to right it shows the distances themselves.
func TestElastic(t *testing.T) {
	const n, side, deviation = 60, 29, 1.5
	ramp := &data.Arrays{X: data.NewArray(make([]float32, n*side*side), n, side, side)}
	for i := range ramp.X.Float32s {
		ramp.X.Float32s[i] = float32(i % side)
	}
	var b data.Batch
	filled(t, data.Augment(ramp, data.AugmentConfig{Elastic: deviation}), &b, indicesTo(n)...)
	squares, steps, count, pairs := 0.0, 0.0, 0.0, 0.0
	for i := range n {
		for y := range side {
			for x := 7; x < side-7; x++ { // whose pixels come from within
				d := float64(b.X.Float32s[(i*side+y)*side+x]) - float64(x)
				if next := float64(b.X.Float32s[(i*side+y)*side+x+1]) - float64(x+1); x < side-8 {
					steps += (next - d) * (next - d)
					pairs++
				}
				if x%4 == 0 && y%4 == 0 { // at a point
					squares += d * d
					count++
				}
			}
		}
	}
	if got := math.Sqrt(squares / count); math.Abs(got-deviation) > 0.12 {
		t.Errorf("pixels move by %v, want %v", got, deviation)
	}
	// A fourth of the difference between two points.
	if got, want := math.Sqrt(steps/pairs), deviation/4*math.Sqrt(2)*0.9; got > 1.2*want || got < 0.4*want {
		t.Errorf("neighbours move by distances that differ by %v, want about %v", got, want)
	}
}

// indicesTo is 0 … n-1.
func indicesTo(n int) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	return indices
}

func TestNoiseAndCutOut(t *testing.T) {
	base := &data.Images{N: 1, Height: 20, Width: 20, Pixels: make([]byte, 400), Labels: []int{0}}
	for i := range base.Pixels {
		base.Pixels[i] = 255
	}
	repeated := &data.Subset{Dataset: base, Indices: make([]int, 200)}
	var batch data.Batch
	all := make([]int, 200)
	for i := range all {
		all[i] = i
	}
	if err := data.Augment(repeated, data.AugmentConfig{Noise: 0.5}).Fill(&batch, all); err != nil {
		t.Fatal(err)
	}
	var sum, squares, fourth float64
	for _, x := range batch.X.Float32s {
		d := float64(x) - 1
		sum, squares, fourth = sum+d, squares+d*d, fourth+d*d*d*d
	}
	n := float64(len(batch.X.Float32s))
	if math.Abs(sum/n) > 0.01 || math.Abs(squares/n-0.25) > 0.01 || math.Abs(fourth/n-3*0.0625) > 0.01 {
		t.Errorf("moments %v, %v, %v", sum/n, squares/n, fourth/n)
	}
	if err := data.Augment(repeated, data.AugmentConfig{CutOut: 5}).Fill(&batch, all); err != nil {
		t.Fatal(err)
	}
	whole := 0
	for row := range 200 {
		zeros := 0
		for _, x := range batch.X.Float32s[row*400 : (row+1)*400] {
			if x == 0 {
				zeros++
			}
		}
		if zeros == 25 {
			whole++
		} else if zeros < 9 || zeros > 25 || zeros%3 != 0 && zeros%4 != 0 && zeros%5 != 0 {
			t.Errorf("%d numbers are cut out", zeros)
		}
	}
	if whole < 90 || whole > 160 { // 128 expected
		t.Errorf("%d of 200 squares are whole", whole)
	}
}

func TestAugmentRefuses(t *testing.T) {
	var batch data.Batch
	if err := data.Augment(pictures(3, 1, 4, 4).Flatten(), everything).Fill(&batch, []int{0}); err == nil || !strings.Contains(err.Error(), "[16]") {
		t.Errorf("flat images: %v", err)
	}
	if err := data.Augment(pictures(3, 1, 4, 4), everything).Fill(&batch, []int{3}); err == nil {
		t.Error("an index out of range")
	}
	for name, f := range map[string]func(){
		"nil":    func() { data.Augment(nil, everything) },
		"Rotate": func() { data.Augment(pictures(1, 1, 2, 2), data.AugmentConfig{Rotate: 181}) },
		"Noise":  func() { data.Augment(pictures(1, 1, 2, 2), data.AugmentConfig{Noise: math.NaN()}) },
		"CutOut": func() { data.Augment(pictures(1, 1, 2, 2), data.AugmentConfig{CutOut: -1}) },
		"Shear":  func() { data.Augment(pictures(1, 1, 2, 2), data.AugmentConfig{Shear: 90}) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*data.ValueError); !ok {
					t.Errorf("%s: no *ValueError", name)
				}
			}()
			f()
		}()
	}
	if _, ok := data.Augment(&data.Subset{}, everything).Label(0); ok {
		t.Error("a label of nothing")
	}
}

func ExampleAugment() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	augmented := data.Augment(train, data.AugmentConfig{Shift: 2, Rotate: 10, Scale: 0.1})
	for batch, err := range data.NewLoader(augmented, data.LoaderConfig{BatchSize: 64, Shuffle: true, Seed: 1}).Batches(context.Background(), 0) {
		if err != nil {
			panic(err)
		}
		fmt.Println(batch.X.Shape)
		break
	}
	// Output:
	// [64 1 28 28]
}

func BenchmarkAugment(b *testing.B) {
	train, _, err := data.Digits(1, 0)
	if err != nil {
		b.Fatal(err)
	}
	augmented := data.Augment(train, data.AugmentConfig{Shift: 2, Rotate: 10, Scale: 0.1})
	indices := make([]int, 128)
	var batch data.Batch
	for b.Loop() {
		if err := augmented.Fill(&batch, indices); err != nil {
			b.Fatal(err)
		}
	}
}
