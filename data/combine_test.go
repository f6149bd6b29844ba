package data_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

// numbers is a data set of n examples with two features, from, from+½, from+1, …, and
// labels from 0 to 2.
func numbers(n int, from float32) *data.Arrays {
	a := &data.Arrays{X: data.NewArray(make([]float32, 2*n), n, 2), Y: data.NewArray(make([]float32, n), n)}
	for i := range n {
		a.X.Float32s[2*i], a.X.Float32s[2*i+1] = from+float32(i), from+float32(i)+0.5
		a.Y.Float32s[i] = -from - float32(i)
		a.Labels = append(a.Labels, i%3)
	}
	return a
}

// filled is the batch of these examples.
func filled(t *testing.T, ds data.Dataset, b *data.Batch, indices ...int) *data.Batch {
	t.Helper()
	if err := ds.Fill(b, indices); err != nil {
		t.Fatal(err)
	}
	return b
}

var fields = cmpopts.IgnoreUnexported(data.Batch{})

func TestConcat(t *testing.T) {
	all := numbers(7, 0)
	empty := &data.Arrays{X: data.NewArray([]float32{}, 0, 2)}
	joined := data.Concat(numbers(4, 0), empty, &data.Subset{Dataset: all, Indices: []int{4, 5, 6}})
	var b, want data.Batch
	for _, indices := range [][]int{{6, 0, 4, 4, 3}, {1}, {5, 6}, {0, 1, 2, 3, 4, 5, 6}} {
		filled(t, joined, &b, indices...)
		// Labels of the second part are those of the whole.
		if diff := cmp.Diff(filled(t, all, &want, indices...), &b, fields, cmpopts.IgnoreFields(data.Batch{}, "Labels")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", indices, diff)
		}
		for row, i := range indices {
			if class, ok := joined.Label(i); !ok || class != b.Labels[row] || class != i%3 {
				t.Errorf("example %d: class %d, %v, and %d in the batch", i, class, ok, b.Labels[row])
			}
		}
	}
	if joined.Len() != 7 || data.Concat().Len() != 0 {
		t.Errorf("%d examples", joined.Len())
	}
	if n := testing.AllocsPerRun(10, func() { joined.Fill(&b, []int{6, 0, 4}) }); n > 1 { // the indices
		t.Errorf("%v allocations in memory that was there", n)
	}
}

// Bytes stay bytes where they mean the same in all data sets, and are numbers otherwise.
func TestConcatBytes(t *testing.T) {
	images := func(pixels ...byte) *data.Images {
		return &data.Images{Pixels: pixels, N: len(pixels) / 2, Height: 1, Width: 2}
	}
	b := data.Batch{KeepBytes: true}
	filled(t, data.Concat(images(1, 2), images(3, 4, 5, 6)), &b, 2, 0)
	if diff := cmp.Diff([]byte{5, 6, 1, 2}, b.X.Bytes); diff != "" {
		t.Errorf("bytes (-want +got):\n%s", diff)
	}
	filled(t, data.Concat(images(51, 102), images(255, 0).Standardize([]float64{0.5}, []float64{0.5})), &b, 1, 0)
	if diff := cmp.Diff([]float32{1, -1, 0.2, 0.4}, b.X.Float32s, cmpopts.EquateApprox(0, 1e-6)); diff != "" || b.X.Bytes != nil {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

func TestMap(t *testing.T) {
	double := data.Map(numbers(5, 0), func(b *data.Batch) error {
		for i := range b.X.Float32s {
			b.X.Float32s[i] *= 2
		}
		if slices.Contains(b.X.Float32s, 8) {
			return errors.New("an eight")
		}
		return nil
	})
	var b data.Batch
	filled(t, double, &b, 3, 0)
	if diff := cmp.Diff([]float32{6, 7, 0, 1}, b.X.Float32s); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if class, ok := double.Label(4); class != 1 || !ok || double.Len() != 5 {
		t.Errorf("class %d of %d examples", class, double.Len())
	}
	if err := double.Fill(&b, []int{4}); err == nil || err.Error() != "an eight" {
		t.Errorf("error %v", err)
	}
	// Bytes are numbers when they come to the function.
	images := &data.Images{Pixels: []byte{0, 255}, N: 1, Height: 1, Width: 2}
	b.KeepBytes = true
	filled(t, data.Map(images, func(b *data.Batch) error {
		if b.X.Float32s[1] != 1 {
			t.Errorf("pixels %v", b.X)
		}
		return nil
	}), &b, 0)
}

func TestFunc(t *testing.T) {
	squares := data.Func{N: 100, FillExamples: func(b *data.Batch, indices []int) error {
		b.Reset(len(indices), 1)
		for row, i := range indices {
			data.SetRow(&b.X, row, []float64{float64(i * i)})
		}
		return nil
	}}
	var got []float32
	for batch, err := range data.NewLoader(squares, data.LoaderConfig{BatchSize: 30, Prefetch: 2}).Batches(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, batch.X.Float32s...)
	}
	if len(got) != 100 || got[99] != 99*99 {
		t.Errorf("%v", got)
	}
}

func TestOneHot(t *testing.T) {
	for _, dtype := range []data.DType{data.Float32, data.Float64} {
		ds := &data.Arrays{X: data.NewArray([]float32{1, 2, 3}, 3, 1), Labels: []int{2, -1, 0}}
		b := data.Batch{DType: dtype}
		filled(t, data.OneHot(ds, 3), &b, 0, 1, 2)
		got := b.Y.Float64s
		for _, v := range b.Y.Float32s {
			got = append(got, float64(v))
		}
		if diff := cmp.Diff([]float64{0, 0, 1, 0, 0, 0, 1, 0, 0}, got); diff != "" || b.Labels != nil || !slices.Equal(b.Y.Shape, []int{3, 3}) {
			t.Errorf("%v: shape %v, labels %v (-want +got):\n%s", dtype, b.Y.Shape, b.Labels, diff)
		}
	}
}

// counting is a data set that counts how often each example is made.
type counting struct {
	data.Dataset
	mu   sync.Mutex
	made map[int]int
}

func (c *counting) Fill(b *data.Batch, indices []int) error {
	c.mu.Lock()
	for _, i := range indices {
		c.made[i]++
	}
	c.mu.Unlock()
	return c.Dataset.Fill(b, indices)
}

func TestCache(t *testing.T) {
	plain := numbers(9, 0)
	inner := &counting{Dataset: plain, made: map[int]int{}}
	cached := data.Cache(inner)
	var b, want data.Batch
	for _, indices := range [][]int{{1, 2, 3}, {3, 0, 1}, {8, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {5, 2}} {
		filled(t, cached, &b, indices...)
		if diff := cmp.Diff(filled(t, plain, &want, indices...), &b, fields); diff != "" {
			t.Errorf("%v (-want +got):\n%s", indices, diff)
		}
	}
	for i, n := range inner.made {
		if n != 1 && i != 8 { // which was asked for twice at once
			t.Errorf("example %d was made %d times", i, n)
		}
	}
	// Another element type is another example.
	b.DType, want.DType = data.Float64, data.Float64
	filled(t, cached, &b, 2)
	if diff := cmp.Diff(filled(t, plain, &want, 2), &b, fields); diff != "" {
		t.Errorf("float64 (-want +got):\n%s", diff)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			var b, want data.Batch
			for i := range 9 {
				filled(t, cached, &b, i)
				if diff := cmp.Diff(filled(t, plain, &want, i), &b, fields); diff != "" {
					t.Errorf("%d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
	all.Wait()
}

// Data sets of other data sets fail as these do, and say what does not fit.
func TestCombinedFail(t *testing.T) {
	broken := data.Func{N: 3, FillExamples: func(*data.Batch, []int) error { return errors.New("broken") }}
	for _, test := range []struct {
		name    string
		set     data.Dataset
		indices []int
		text    string
	}{
		{"an index", data.Concat(numbers(2, 0), numbers(2, 0)), []int{4}, "index 4 of a data set of 4 examples"},
		{"shapes", data.Concat(numbers(2, 0), &data.Arrays{X: data.NewArray([]float32{1, 2, 3}, 1, 3)}), []int{0, 2}, "features of shape [2] and of shape [3]"},
		{"targets", data.Concat(numbers(2, 0), &data.Arrays{X: data.NewArray([]float32{1, 2}, 1, 2)}), []int{0, 2}, "some examples have targets, others have none"},
		{"a part", data.Concat(numbers(2, 0), broken), []int{0, 3}, "broken"},
		{"a cached one", data.Cache(broken), []int{0}, "broken"},
		{"an index of a cached one", data.Cache(broken), []int{-1}, "index -1 of a data set of 3 examples"},
		{"no function", data.Func{N: 1}, []int{0}, "FillExamples is nil"},
		{"an index of a function", broken, []int{3}, "index 3 of a data set of 3 examples"},
		{"a class", data.OneHot(numbers(3, 0), 2), []int{0, 2}, "label 2 of example 1, with 2 classes"},
		{"no class", data.OneHot(broken, 2), []int{0}, "broken"},
		{"no label", data.OneHot(&data.Arrays{X: data.NewArray([]float32{1}, 1, 1)}, 2), []int{0}, "1 examples with 0 labels"},
		{"drawn", data.Sample(numbers(3, 0), nil, 2), []int{2}, "index 2 of a data set of 2 examples"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b data.Batch
			if err := test.set.Fill(&b, test.indices); err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want one with %q", err, test.text)
			}
		})
	}
}

func TestCombinedPanic(t *testing.T) {
	none := (*data.Arrays)(nil)
	for _, test := range []struct {
		name string
		call func()
		text string
	}{
		{"Concat", func() { data.Concat(numbers(1, 0), none) }, "data set 1 is nil"},
		{"Map", func() { data.Map(numbers(1, 0), nil) }, "the function is nil"},
		{"Cache", func() { data.Cache(none) }, "the data set is nil"},
		{"OneHot", func() { data.OneHot(numbers(1, 0), 0) }, "0 classes"},
		{"Sample", func() { data.Sample(numbers(1, 0), []float64{1, 2}, 1) }, "1 examples with 2 weights"},
		{"Sample of weight 0", func() { data.Sample(numbers(1, 0), []float64{0}, 1) }, "weights whose sum is 0"},
		{"Sample of a negative weight", func() { data.Sample(numbers(2, 0), []float64{1, -1}, 1) }, "the weight of example 1 is -1"},
		{"Sample without classes", func() { data.Sample(&data.Arrays{X: data.NewArray([]float32{1}, 1, 1)}, nil, 1) }, "1 examples without a class"},
		{"KFold", func() { data.KFold(numbers(3, 0), 4, 1) }, "4 parts of 3 examples"},
		{"KFold of one", func() { data.KFold(numbers(3, 0), 1, 1) }, "1 parts"},
		{"GroupKFold", func() { data.GroupKFold(numbers(3, 0), []int{1, 2}, 2, 1) }, "3 examples with 2 groups"},
		{"GroupKFold of few groups", func() { data.GroupKFold(numbers(3, 0), []int{1, 1, 1}, 2, 1) }, "1 groups for 2 parts"},
		{"ClassWeights", func() { data.ClassBalance{Counts: map[int]int{-1: 3}}.ClassWeights() }, "classes from -1"},
		{"Buckets", func() { data.NewLoader(numbers(3, 0), data.LoaderConfig{Shuffle: true, Buckets: 2}) }, "examples have lengths"},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				var value *data.ValueError
				if err, _ := recover().(error); !errors.As(err, &value) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("panic %v, want a *ValueError with %q", err, test.text)
				}
			}()
			test.call()
		})
	}
}

// Each example is in one part; parts are of one size and have each class in the same
// proportion, up to one example.
func TestKFold(t *testing.T) {
	ds := numbers(32, 0) // 11, 11 and 10 of a class
	for _, k := range []int{2, 3, 5, 32} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			seen := map[int]int{}
			n := 0
			for train, validation := range data.KFold(ds, k, 7) {
				n++
				classes := map[int]int{}
				for _, i := range validation.Indices {
					seen[i]++
					classes[i%3]++
				}
				if size := validation.Len(); size < 32/k || size > 32/k+1 || train.Len()+size != 32 {
					t.Errorf("%d to train and %d to validate with", train.Len(), size)
				}
				for class, count := range classes {
					if share := float64(ds.Len()-class+2) / 3 / float64(k); math.Abs(float64(count)-share) > 1.5 {
						t.Errorf("%d of class %d, want about %v", count, class, share)
					}
				}
				for _, i := range train.Indices {
					if slices.Contains(validation.Indices, i) {
						t.Errorf("example %d is in both", i)
					}
				}
			}
			if len(seen) != 32 || n != k {
				t.Errorf("%d examples in %d parts", len(seen), n)
			}
			for i, times := range seen {
				if times != 1 {
					t.Errorf("example %d is in %d parts", i, times)
				}
			}
		})
	}
	first := func(seed uint64) []int {
		for _, validation := range data.KFold(ds, 4, seed) {
			return validation.Indices
		}
		return nil
	}
	if !slices.Equal(first(1), first(1)) || slices.Equal(first(1), first(2)) {
		t.Error("the seed does not decide")
	}
}

func TestGroupKFold(t *testing.T) {
	ds := numbers(30, 0)
	groups := make([]int, 30)
	for i := range groups {
		groups[i] = []int{5, 5, 5, 7, 9, 9, 11, 12, 13, 14}[i%10]
	}
	part := map[int]int{}
	total, fold := 0, 0
	for train, validation := range data.GroupKFold(ds, groups, 3, 1) {
		for _, i := range validation.Indices {
			if other, known := part[groups[i]]; known && other != fold {
				t.Errorf("group %d is in parts %d and %d", groups[i], other, fold)
			}
			part[groups[i]] = fold
		}
		if n := validation.Len(); n != 9 && n != 12 || train.Len()+n != 30 {
			t.Errorf("a part of %d, %d others", n, train.Len())
		}
		total += validation.Len()
		fold++
	}
	if total != 30 || len(part) != 7 {
		t.Errorf("%d examples, %d groups", total, len(part))
	}
}

func TestBalance(t *testing.T) {
	ds := &data.Subset{Dataset: numbers(30, 0), Indices: []int{0, 1, 2, 3, 6, 9}} // classes 0 1 2 0 0 0
	b := data.Balance(ds)
	if diff := cmp.Diff(data.ClassBalance{Counts: map[int]int{0: 4, 1: 1, 2: 1}, Examples: 6}, b); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := b.String(), "class 0: 4 (66.7 %)\nclass 1: 1 (16.7 %)\nclass 2: 1 (16.7 %)\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if diff := cmp.Diff([]float64{0.5, 2, 2}, b.ClassWeights()); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	none := data.Balance(&data.Arrays{X: data.NewArray([]float32{1, 2}, 2, 1)})
	if none.Unlabeled != 2 || none.ClassWeights() != nil || none.String() != "no class: 2 (100.0 %)\n" {
		t.Errorf("%+v", none)
	}
}

// Examples are drawn as often as their weights say, anew in each epoch, and the same
// ones whatever the batches.
func TestSample(t *testing.T) {
	ds := numbers(4, 0)
	const n = 40_000
	weights := []float64{1, 0, 2, 5}
	sampled := data.Sample(ds, weights, n)
	draw := func(epoch int, config data.LoaderConfig) (drawn []float32) {
		config.Seed = 3
		for batch, err := range data.NewLoader(sampled, config).Batches(context.Background(), epoch) {
			if err != nil {
				t.Fatal(err)
			}
			for row := range batch.Len {
				drawn = append(drawn, batch.X.Float32s[2*row])
			}
		}
		return drawn
	}
	first := draw(0, data.LoaderConfig{BatchSize: 100})
	counts := make([]float64, 4)
	for _, i := range first {
		counts[int(i)]++
	}
	for i, weight := range weights {
		p := weight / 8
		if deviation := math.Abs(counts[i] - n*p); deviation > 5*math.Sqrt(n*p*(1-p)) {
			t.Errorf("example %d was drawn %v times, want about %v", i, counts[i], n*p)
		}
	}
	if !slices.Equal(first, draw(0, data.LoaderConfig{BatchSize: 77, Prefetch: 3})) {
		t.Error("other batches have other examples")
	}
	if slices.Equal(first, draw(1, data.LoaderConfig{BatchSize: 100})) {
		t.Error("two epochs have the same examples")
	}
	balanced := data.Sample(&data.Subset{Dataset: numbers(30, 0), Indices: []int{0, 3, 6, 9, 1}}, nil, 10_000)
	rare := 0
	for batch, err := range data.NewLoader(balanced, data.LoaderConfig{BatchSize: 100}).Batches(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, label := range batch.Labels {
			rare += label
		}
	}
	if math.Abs(float64(rare)-5000) > 5*50 {
		t.Errorf("%d of 10,000 are of the rare class, want half", rare)
	}
}

func TestSequences(t *testing.T) {
	texts := &data.Sequences{
		Tokens: [][]int{{1, 2, 3}, {}, {4}, {5, 6}}, Padding: 9,
		TokenLabels: [][]int{{0, 1, 0}, {}, {2}, {1, 1}},
	}
	for _, dtype := range []data.DType{data.Float32, data.Float64} {
		b := data.Batch{DType: dtype}
		filled(t, texts, &b, 2, 3, 1)
		want := data.Batch{
			DType: dtype, Len: 3, Tokens: []int{4, 9, 5, 6, 9, 9}, Lengths: []int{1, 2, 0}, Labels: []int{2, -1, 1, 1, -1, -1},
		}
		mask := []float32{1, 0, 1, 1, 0, 0}
		if want.Mask = data.NewArray(mask, 3, 2); dtype == data.Float64 {
			want.Mask = data.NewArray([]float64{1, 0, 1, 1, 0, 0}, 3, 2)
		}
		if diff := cmp.Diff(&want, &b, fields, cmpopts.IgnoreFields(data.Batch{}, "X")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", dtype, diff)
		}
		if !slices.Equal(b.X.Shape, []int{3, 0}) {
			t.Errorf("features of shape %v", b.X.Shape)
		}
	}
	if texts.NumClasses() != 3 {
		t.Errorf("%d classes", texts.NumClasses())
	}
	for name, wrong := range map[string]*data.Sequences{
		"both Labels and TokenLabels":   {Tokens: [][]int{{1}}, Labels: []int{0}, TokenLabels: [][]int{{0}}},
		"1 examples with labels of 2":   {Tokens: [][]int{{1}}, Labels: []int{0, 1}},
		"has 1 tokens with 2 labels":    {Tokens: [][]int{{1}}, TokenLabels: [][]int{{0, 1}}},
		"index 0 of a data set of 0 ex": {},
	} {
		var b data.Batch
		if err := wrong.Fill(&b, []int{0}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}

// With buckets, batches hold sequences of similar length, and an epoch all examples.
func TestBuckets(t *testing.T) {
	texts := &data.Sequences{}
	for i := range 1003 {
		texts.Tokens = append(texts.Tokens, make([]int, i*37%100))
	}
	padding := func(config data.LoaderConfig, set data.Dataset) (padding, total int, lengths []int) {
		config.BatchSize, config.Shuffle = 10, true
		for batch, err := range data.NewLoader(set, config).Batches(context.Background(), 2) {
			if err != nil {
				t.Fatal(err)
			}
			padding += len(batch.Tokens)
			for _, n := range batch.Lengths {
				padding -= n
				total++
			}
			lengths = append(lengths, slices.Max(batch.Lengths))
		}
		return padding, total, lengths
	}
	_, rest := data.Split(texts, 1, 1)
	for name, set := range map[string]data.Dataset{"all": texts, "a subset": rest} {
		with, total, lengths := padding(data.LoaderConfig{Buckets: 20}, set)
		without, _, _ := padding(data.LoaderConfig{}, set)
		if total != 1003 || with*8 > without {
			t.Errorf("%s: %d examples, %d of padding with buckets, %d without", name, total, with, without)
		}
		if slices.IsSorted(lengths[:20]) {
			t.Errorf("%s: batches come in the order of their lengths: %v", name, lengths[:20])
		}
	}
}
