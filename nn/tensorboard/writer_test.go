package tensorboard_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/tensorboard"
)

var update = flag.Bool("update", false, "write the committed event file")

// clock ticks by a quarter of a second, from a time of its own.
func clock() func() time.Time {
	now := time.Unix(1_700_000_000, 0)
	return func() time.Time {
		now = now.Add(250 * time.Millisecond)
		return now
	}
}

func fixed() tensorboard.WriterConfig {
	return tensorboard.WriterConfig{Now: clock(), Host: "host"}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// small is a model with modules in modules, a parameter that two operations use, and an
// operation that is in none of them.
func small() nn.Layer {
	rng := rand.New(rand.NewPCG(1, 2))
	inner := nn.Sequential{nn.NewLinear(rng, 3, 3, nn.LinearConfig{}), nn.NewBatchNorm1d(3, nn.BatchNormConfig{}), nn.ReLU{}}
	return nn.Sequential{nn.Flatten{}, &nn.Residual{Inner: inner}, nn.NewLinear(rng, 3, 2, nn.LinearConfig{})}
}

// writeAll writes one of each.
func writeAll(t *testing.T, dir string) string {
	t.Helper()
	w, err := tensorboard.Create(dir, fixed())
	must(t, err)
	must(t, w.Restart(3))
	must(t, w.Scalar("loss", 3, 0.25))
	must(t, w.Scores("epoch/", 4, nn.Scores{{Name: "loss", Value: math.Inf(1)}, {Name: "accuracy", Value: 0.5}}))
	must(t, w.Histogram("weights", 4, autograd.New([]float64{-2, 0, 1e-13, 0.5, 0.5, math.NaN(), 7}, 7)))
	must(t, w.Image("digit", 5, tensorboard.Picture(autograd.New([]float32{0, 0.5, 1, 2}, 1, 2, 2))))
	must(t, w.Graph(small(), autograd.Zeros(autograd.Float32, 1, 3, 1)))
	must(t, w.Close())
	return w.Path()
}

// The same calls give the same bytes, which are committed.
func TestBytes(t *testing.T) {
	path := writeAll(t, t.TempDir())
	if name := filepath.Base(path); name != "events.out.tfevents.1700000000.host.0" {
		t.Errorf("the file is %s", name)
	}
	got, err := os.ReadFile(path)
	must(t, err)
	const committed = "testdata/events.out.tfevents.1700000000.host.0"
	if *update {
		must(t, os.WriteFile(committed, got, 0o666))
	}
	want, err := os.ReadFile(committed)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("the file differs from %s: %s", committed, cmp.Diff(want, got))
	}
}

func TestWriter(t *testing.T) {
	dir := t.TempDir()
	writeAll(t, dir)
	events := eventsOf(t, dir)
	if len(events) != 7 {
		t.Fatalf("%d events, expected 7", len(events))
	}
	for i, e := range events {
		if want := 1_700_000_000 + 0.25*float64(i+2); e.double(eventWallTime) != want {
			t.Errorf("event %d: the time is %v, expected %v", i, e.double(eventWallTime), want)
		}
	}
	if start := events[1].message(t, eventSession); start.integer(1) != 1 || events[1].integer(eventStep) != 3 {
		t.Errorf("the run begins with %v at step %d", start, events[1].integer(eventStep))
	}
	want := map[string][]point{"loss": {{3, 0.25}}, "epoch/loss": {{4, float32(math.Inf(1))}}, "epoch/accuracy": {{4, 0.5}}}
	if diff := cmp.Diff(want, scalarsOf(t, events)); diff != "" {
		t.Errorf("scalars: %s", diff)
	}
	checkImage(t, events[5])
}

func checkImage(t *testing.T, e message) {
	t.Helper()
	picture := e.message(t, eventSummary).message(t, summaryValue).message(t, valueImage)
	if picture.integer(1) != 2 || picture.integer(2) != 2 || picture.integer(3) != 1 || e.integer(eventStep) != 5 {
		t.Errorf("the image is %v at step %d", picture, e.integer(eventStep))
	}
	decoded, err := png.Decode(bytes.NewReader(picture[4][0].([]byte)))
	must(t, err)
	if gray, ok := decoded.(*image.Gray); !ok || !bytes.Equal(gray.Pix, []byte{0, 128, 255, 255}) {
		t.Errorf("the picture is %v", decoded)
	}
}

func TestPicture(t *testing.T) {
	x := autograd.New([]float64{1, 0, -1, 0.2, math.NaN(), 1}, 3, 1, 2)
	got := tensorboard.Picture(x)
	for i, want := range []color.NRGBA{{255, 0, 0, 255}, {0, 51, 255, 255}} {
		if got.At(i, 0) != want {
			t.Errorf("pixel %d is %v, expected %v", i, got.At(i, 0), want)
		}
	}
	if err := autograd.Try(func() { tensorboard.Picture(autograd.Zeros(autograd.Float32, 2, 3, 4)) }); err == nil {
		t.Error("a picture of two channels was made")
	}
}

// The buckets of a histogram cover each element once, ascending.
func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, elements := range map[string][]float64{
		"normal":      autograd.Normal(rng, autograd.Float64, 0, 3, 1000).Float64s(),
		"zeros":       make([]float64, 5),
		"one":         {0.1},
		"none":        {},
		"no numbers":  {math.NaN(), math.Inf(-1)},
		"extremes":    {math.MaxFloat64, -math.MaxFloat64, 1e300, math.SmallestNonzeroFloat64},
		"at a limit":  {1e-12, -1e-12, 1.1e-12},
		"with others": {math.Inf(1), 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := tensorboard.Create(dir, fixed())
			must(t, err)
			must(t, w.Histogram("x", 7, autograd.New(elements, len(elements))))
			must(t, w.Close())
			checkHistogram(t, elements, eventsOf(t, dir)[1].message(t, eventSummary).message(t, summaryValue).message(t, valueHistogram))
		})
	}
}

func checkHistogram(t *testing.T, elements []float64, h message) {
	t.Helper()
	var count, sum, squares float64
	least, greatest := math.Inf(1), math.Inf(-1)
	limits, buckets := h.doubles(6), h.doubles(7)
	counted := make([]float64, len(buckets))
	for _, x := range elements {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			continue
		}
		count, sum, squares = count+1, sum+x, squares+x*x
		least, greatest = min(least, x), max(greatest, x)
		for i, limit := range limits {
			if x <= limit {
				counted[i]++
				break
			}
		}
	}
	if count == 0 {
		least, greatest = 0, 0
	}
	got := []float64{h.double(1), h.double(2), h.double(3), h.double(4), h.double(5)}
	if diff := cmp.Diff([]float64{least, greatest, count, sum, squares}, got); diff != "" {
		t.Errorf("least, greatest, number, sum, sum of squares: %s", diff)
	}
	if diff := cmp.Diff(counted, buckets); diff != "" {
		t.Errorf("limits %v: %s", limits, diff)
	}
	for i := 1; i < len(limits); i++ {
		if limits[i] <= limits[i-1] || buckets[i] == 0 && buckets[i-1] == 0 {
			t.Errorf("limits %v, buckets %v at %d", limits[i-1:i+1], buckets[i-1:i+1], i)
		}
	}
}

// The graph has every operation, grouped by modules, with names that refer to each other.
func TestGraph(t *testing.T) {
	dir := t.TempDir()
	w, err := tensorboard.Create(dir, fixed())
	must(t, err)
	must(t, w.Graph(small(), autograd.Zeros(autograd.Float32, 1, 3, 1)))
	must(t, w.Close())
	inputs, shapes := map[string][]string{}, map[string][]int64{}
	for _, node := range parse(t, eventsOf(t, dir)[1][eventGraph][0].([]byte)).messages(t, 1) {
		name := node.text(1)
		if _, twice := inputs[name]; twice {
			t.Errorf("two nodes are named %s", name)
		}
		inputs[name] = []string{}
		for _, input := range node[3] {
			from := string(input.([]byte))
			if _, there := inputs[from]; !there {
				t.Errorf("%s has the input %s, which comes later or not at all", name, from)
			}
			inputs[name] = append(inputs[name], from)
		}
		for _, attr := range node.messages(t, 5) {
			if attr.text(1) == "_output_shapes" {
				for _, dim := range attr.message(t, 2).message(t, 1).message(t, 7).messages(t, 2) {
					shapes[name] = append(shapes[name], dim.integer(1))
				}
			}
		}
	}
	if diff := cmp.Diff(wantInputs, inputs); diff != "" {
		t.Errorf("the operands of nodes: %s", diff)
	}
	if diff := cmp.Diff([]int64{1, 2}, shapes["2/linear"]); diff != "" {
		t.Errorf("the shape of the output: %s", diff)
	}
}

var wantInputs = map[string][]string{
	"input":            {},
	"0/reshape":        {"input"},
	"1/inner/0/weight": {},
	"1/inner/0/bias":   {},
	"1/inner/0/linear": {"0/reshape", "1/inner/0/weight", "1/inner/0/bias"},
	"1/inner/1/weight": {},
	"1/inner/1/bias":   {},
	"constant":         {}, // the running statistics
	"constant_1":       {},
	"1/inner/1/batch_norm_by_given_statistics": {"1/inner/0/linear", "1/inner/1/weight", "1/inner/1/bias", "constant", "constant_1"},
	"1/inner/2/relu": {"1/inner/1/batch_norm_by_given_statistics"},
	"1/add":          {"0/reshape", "1/inner/2/relu"},
	"2/weight":       {},
	"2/bias":         {},
	"2/linear":       {"1/add", "2/weight", "2/bias"},
}

func TestGraphThatFails(t *testing.T) {
	w, err := tensorboard.Create(t.TempDir(), fixed())
	must(t, err)
	defer w.Close()
	if err := w.Graph(small(), autograd.Zeros(autograd.Float32, 1, 4)); err == nil {
		t.Error("a graph was written of a model that does not take the input")
	}
}

// A file that is cut off anywhere has the records before whole.
func TestTruncated(t *testing.T) {
	file, err := os.ReadFile(writeAll(t, t.TempDir()))
	must(t, err)
	all, _ := records(t, file)
	ends := 0
	for size := range len(file) {
		left, whole := records(t, file[:size])
		if len(left) > 0 && !cmp.Equal(left, all[:len(left)]) {
			t.Fatalf("cut off at %d: other records", size)
		}
		if whole == size {
			ends++
		}
	}
	if ends != len(all) {
		t.Errorf("%d records end in the file, expected %d", ends, len(all))
	}
}

// Two files of one second and host have names of their own, and a directory that cannot be
// made is an error.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	first, err := tensorboard.Create(dir, fixed())
	must(t, err)
	defer first.Close()
	second, err := tensorboard.Create(dir, fixed())
	must(t, err)
	defer second.Close()
	if name := filepath.Base(second.Path()); name != "events.out.tfevents.1700000000.host.1" {
		t.Errorf("the second file is %s", name)
	}
	if _, err := tensorboard.Create(filepath.Join(first.Path(), "below"), fixed()); err == nil {
		t.Error("a directory was made below a file")
	}
	must(t, second.Close())
	if err := second.Scalar("loss", 0, 1); err == nil {
		t.Error("a closed file was written to")
	}
}

// Several goroutines may write.
func TestGoroutines(t *testing.T) {
	dir := t.TempDir()
	w, err := tensorboard.Create(dir, tensorboard.WriterConfig{})
	must(t, err)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for step := range 50 {
				if err := w.Scalar("x", int64(step), 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	must(t, w.Close())
	if n := len(scalarsOf(t, eventsOf(t, dir))["x"]); n != 200 {
		t.Errorf("%d values, expected 200", n)
	}
}
