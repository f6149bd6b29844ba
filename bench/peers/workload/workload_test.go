package workload

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// The published first outputs of SplitMix64 seeded with 0.
func TestHash(t *testing.T) {
	for i, want := range []uint64{0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F} {
		if got := hash(0, uint64(i)); got != want {
			t.Errorf("hash(0, %d) = %#x, want %#x", i, got, want)
		}
	}
}

func TestUniform(t *testing.T) {
	const n = 100_000
	xs := Uniform(3, n)
	mean, square := 0.0, 0.0
	for i, x := range xs {
		if x < -1 || x >= 1 || x != float64(float32(x)) {
			t.Fatalf("element %d is %v: want a float32 in [-1, 1)", i, x)
		}
		mean += x / n
		square += x * x / n
	}
	if math.Abs(mean) > 0.01 || math.Abs(square-1.0/3) > 0.01 {
		t.Errorf("mean %v, mean square %v: want 0 and 1/3", mean, square)
	}
}

func TestLoader(t *testing.T) {
	t.Setenv("MNIST_DIR", "")
	digits, err := LoadDigits()
	if err != nil {
		t.Fatal(err)
	}
	loader := NewLoader(digits, Plain(), 128)
	if got := loader.Batches(); got != 468 {
		t.Errorf("%d batches, want 468", got)
	}
	x, labels := make([]float32, 128*784), make([]int, 128)
	loader.Read(2, x, labels)
	for row := range labels {
		if labels[row] != int(digits.Labels[256+row]) || x[row*784+5] != float32(digits.Images[(256+row)*784+5])*(1.0/255) {
			t.Fatalf("row %d is not example %d", row, 256+row)
		}
	}
	loader.Shuffle()
	sorted := slices.Sorted(slices.Values(loader.order))
	if slices.IsSorted(loader.order) || sorted[0] != 0 || sorted[len(sorted)-1] != len(sorted)-1 || len(slices.Compact(sorted)) != 60_000 {
		t.Error("the order after Shuffle is not a permutation, or the same one")
	}
}

func TestServe(t *testing.T) {
	made, failing := 0, errors.New("broken")
	peer := Peer{
		Name: "test", Missing: "too hard",
		Makers: map[string]Maker{
			"a": func() (Work, error) {
				made++
				return Work{Check: []float64{7}, Run: func() error { return nil }}, nil
			},
			"fails":  func() (Work, error) { return Work{}, failing },
			"panics": func() (Work, error) { return Work{Run: func() error { panic("at work") }}, nil },
		},
	}
	var out strings.Builder
	in := strings.NewReader("a\na\nfails\nunknown\npanics\na\n")
	if err := peer.serve(in, &out, time.Microsecond); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(out.String()))
	lines.Scan()
	if got, want := lines.Text(), `{"peer":"test","version":""}`; got != want {
		t.Errorf("greeting %s, want %s", got, want)
	}
	var got []Sample
	for lines.Scan() {
		var s Sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		if s.Seconds > 0 {
			s.Seconds = 1
		}
		s.Error, _, _ = strings.Cut(s.Error, "\n")
		got = append(got, s)
	}
	measured := Sample{Workload: "a", Seconds: 1, Check: []float64{7}}
	want := []Sample{
		measured, measured,
		{Workload: "fails", Error: "broken"},
		{Workload: "unknown", Missing: "too hard"},
		{Workload: "panics", Error: "panic: at work"},
		measured,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("answers %+v, want %+v", got, want)
	}
	if made != 2 {
		t.Errorf("the workload was prepared %d times, want 2", made)
	}
}

func TestMeasureStopsAtError(t *testing.T) {
	runs := 0
	_, err := measure(func() error {
		if runs++; runs == 5 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}, time.Hour)
	if err != io.ErrUnexpectedEOF || runs != 5 {
		t.Errorf("error %v after %d runs", err, runs)
	}
}
