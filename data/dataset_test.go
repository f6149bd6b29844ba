package data_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/chainrule-go/chainrule/data"
)

func TestArraysFill(t *testing.T) {
	narrow := data.NewArray([]float32{0, 1, 10, 11, 20, 21}, 3, 2)
	wide := data.NewArray([]float64{0, 1, 10, 11, 20, 21}, 3, 2)
	targets := data.NewArray([]float64{0.5, 1.5, 2.5}, 3)
	tests := []struct {
		name   string
		arrays data.Arrays
		labels []int
		y      []float64
	}{
		{"float32", data.Arrays{X: narrow}, nil, nil},
		{"float64", data.Arrays{X: wide}, nil, nil},
		{"labels", data.Arrays{X: narrow, Labels: []int{4, 5, 6}}, []int{6, 4, 6}, nil},
		{"targets", data.Arrays{X: wide, Y: targets}, nil, []float64{2.5, 0.5, 2.5}},
		{"both", data.Arrays{X: narrow, Y: targets, Labels: []int{4, 5, 6}}, []int{6, 4, 6}, []float64{2.5, 0.5, 2.5}},
	}
	for _, test := range tests {
		for _, dtype := range []data.DType{data.Float32, data.Float64} {
			t.Run(fmt.Sprintf("%s/%v", test.name, dtype), func(t *testing.T) {
				batch := data.Batch{DType: dtype, Labels: []int{9}}
				if err := test.arrays.Fill(&batch, []int{2, 0, 2}); err != nil {
					t.Fatal(err)
				}
				checkArray(t, "X", batch.X, dtype, []int{3, 2}, []float64{20, 21, 0, 1, 20, 21})
				if diff := cmp.Diff(test.labels, batch.Labels); diff != "" {
					t.Errorf("labels: %s", diff)
				}
				if test.y != nil {
					checkArray(t, "Y", batch.Y, dtype, []int{3}, test.y)
				} else if batch.Y.Shape != nil {
					t.Errorf("targets of shape %v, want none", batch.Y.Shape)
				}
			})
		}
	}
}

func checkArray(t *testing.T, name string, a data.Array, dtype data.DType, shape []int, want []float64) {
	t.Helper()
	if diff := cmp.Diff(shape, a.Shape); diff != "" {
		t.Errorf("%s's shape: %s", name, diff)
	}
	got, other := a.Float64s, len(a.Float32s)
	if dtype == data.Float32 {
		got, other = widened(a.Float32s), len(a.Float64s)
	}
	if diff := cmp.Diff(want, got); diff != "" || other != 0 {
		t.Errorf("%s's elements as %v, and %d of the other type: %s", name, dtype, other, diff)
	}
}

// A batch that is filled again shows nothing of what it held.
func TestBatchIsReused(t *testing.T) {
	var batch data.Batch
	full := data.Arrays{X: data.NewArray([]float32{1, 2, 3, 4}, 2, 2), Labels: []int{1, 2}, Y: data.NewArray([]float32{5, 6}, 2)}
	full.Fill(&batch, []int{0, 1})
	memory := &batch.X.Float32s[0]

	bare := data.Arrays{X: data.NewArray([]float32{7}, 1, 1)}
	bare.Fill(&batch, []int{0})
	if batch.Len != 1 || batch.Labels != nil || batch.Y.Shape != nil {
		t.Errorf("length %d, labels %v, targets of shape %v; want 1 and none", batch.Len, batch.Labels, batch.Y.Shape)
	}
	checkArray(t, "X", batch.X, data.Float32, []int{1, 1}, []float64{7})
	if &batch.X.Float32s[0] != memory {
		t.Error("a smaller batch got new memory")
	}

	batch.DType = data.Float64
	full.Fill(&batch, []int{1})
	checkArray(t, "X", batch.X, data.Float64, []int{1, 2}, []float64{3, 4})
	checkArray(t, "Y", batch.Y, data.Float64, []int{1}, []float64{6})
}

// Data that do not fit are errors, not panics: Fill is called deep inside training.
func TestFillFails(t *testing.T) {
	x := data.NewArray([]float32{1, 2}, 2, 1)
	var none *data.Images
	for _, test := range []struct {
		name    string
		set     data.Dataset
		indices []int
		text    string
	}{
		{"no X", &data.Arrays{}, nil, "X has no axis that counts examples"},
		{"X too short", &data.Arrays{X: data.Array{Shape: []int{3}, Float32s: []float32{1}}}, nil, "X of shape [3] has 1 numbers"},
		{"X of bytes", &data.Arrays{X: data.Array{Shape: []int{1}, Bytes: []byte{1}}}, nil, "X of shape [1] has 0 numbers"},
		{"X of an impossible shape", &data.Arrays{X: data.Array{Shape: []int{math.MaxInt, math.MaxInt, 0}}}, nil, "impossible shape"},
		{"labels too short", &data.Arrays{X: x, Labels: []int{1}}, nil, "2 examples with 1 labels"},
		{"labels too long", &data.Arrays{X: x, Labels: []int{1, 2, 3}}, nil, "2 examples with 3 labels"},
		{"targets too short", &data.Arrays{X: x, Y: data.NewArray([]float32{1}, 1)}, nil, "2 examples with targets of shape [1]"},
		{"targets do not fit", &data.Arrays{X: x, Y: data.Array{Shape: []int{2, 2}}}, nil, "Y of shape [2 2] has 0 numbers"},
		{"index", &data.Arrays{X: x}, []int{2}, "index 2 of a data set of 2 examples"},
		{"index of an image", smallImages(), []int{5}, "index 5 of a data set of 5 examples"},
		{"negative index of an image", smallImages(), []int{-1}, "index -1"},
		{"too few pixels", &data.Images{N: 1, Height: 2, Width: 2, Pixels: []byte{1}}, nil, "1 images of 1 channels of 2×2 have 1 pixels"},
		{"too few channels", &data.Images{N: 1, Channels: 3, Height: 1, Width: 1, Pixels: []byte{1}}, nil, "1 images of 3 channels of 1×1 have 1 pixels"},
		{"negative number", &data.Images{N: -1}, nil, "-1 images"},
		{"too few labels", &data.Images{N: 1, Height: 1, Width: 1, Pixels: []byte{1}, Labels: []int{}}, nil, "1 images with 0 labels"},
		{"means of other channels", &data.Images{N: 1, Height: 1, Width: 1, Pixels: []byte{1}, Mean: []float64{1, 2}}, nil, "for 1 channels"},
		{"std NaN", &data.Images{N: 1, Height: 1, Width: 1, Pixels: []byte{1}, Std: []float64{math.NaN()}}, nil, "want finite numbers"},
		{"index of a subset", &data.Subset{Dataset: smallImages(), Indices: []int{1}}, []int{1}, "index 1 of a data set of 1 examples"},
		{"subset beyond its data set", &data.Subset{Dataset: smallImages(), Indices: []int{7}}, []int{0}, "index 7 of a data set of 5 examples"},
		{"subset of nothing", &data.Subset{Indices: []int{0}}, []int{0}, "the data set is nil"},
		{"subset of a nil pointer", &data.Subset{Dataset: none, Indices: []int{0}}, []int{0}, "the data set is nil"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.set.Fill(&data.Batch{}, test.indices)
			var value *data.ValueError
			if !errors.As(err, &value) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want a *ValueError with %q", err, test.text)
			}
		})
	}
}

// sentences is a data set of tokens: example i is i+1 tokens long, padded to four.
type sentences struct{ withMask bool }

func (sentences) Len() int { return 4 }

func (s sentences) Fill(batch *data.Batch, indices []int) error {
	batch.Reset(len(indices), 0)
	batch.ResetTokens(4)
	batch.ResetLengths()
	if s.withMask {
		batch.ResetMask(4)
	}
	for row, i := range indices {
		batch.Lengths[row] = i + 1
		mask := make([]float64, 4)
		for k := range 4 {
			batch.Tokens[4*row+k] = 0
			if k <= i {
				batch.Tokens[4*row+k] = 10*i + k
				mask[k] = 1
			}
		}
		if s.withMask {
			data.SetRow(&batch.Mask, row, mask)
		}
	}
	return nil
}

func TestBatchOfTokens(t *testing.T) {
	loader := data.NewLoader(sentences{withMask: true}, data.LoaderConfig{BatchSize: 3})
	for batch, err := range loader.Batches(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if batch.Number > 0 {
			if diff := cmp.Diff([]int{30, 31, 32, 33}, batch.Tokens); diff != "" {
				t.Errorf("tokens of the last batch: %s", diff)
			}
			continue
		}
		if diff := cmp.Diff([][]int{{0, 0, 0, 0, 10, 11, 0, 0, 20, 21, 22, 0}, {1, 2, 3}, {3, 4}, {3, 0}},
			[][]int{batch.Tokens, batch.Lengths, batch.Mask.Shape, batch.X.Shape}); diff != "" {
			t.Errorf("tokens, lengths, shapes of mask and features: %s", diff)
		}
		if diff := cmp.Diff([]float32{1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0}, batch.Mask.Float32s); diff != "" {
			t.Errorf("mask: %s", diff)
		}
	}
	var batch data.Batch
	sentences{withMask: true}.Fill(&batch, []int{0, 1})
	allocations := testing.AllocsPerRun(10, func() {
		batch.Reset(2, 0)
		batch.ResetTokens(4)
		batch.ResetLengths()
		batch.ResetMask(4)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	if batch.Reset(1, 2); batch.Tokens != nil || batch.Lengths != nil || batch.Mask.Shape != nil {
		t.Errorf("after Reset the batch has tokens %v, lengths %v, a mask of shape %v", batch.Tokens, batch.Lengths, batch.Mask.Shape)
	}
}

// Labels that are missing do not keep a data set from being split, or looked at.
func TestSplitOfTooFewLabels(t *testing.T) {
	set := &data.Arrays{X: data.NewArray(make([]float32, 10), 10), Labels: []int{1, 0}}
	rest, held := data.Split(set, 0.5, 1)
	if rest.Len() != 5 || held.Len() != 5 {
		t.Errorf("%d and %d examples, want 5 and 5", rest.Len(), held.Len())
	}
	for _, i := range []int{-1, 2, 10} {
		if class, ok := set.Label(i); ok {
			t.Errorf("example %d has label %d", i, class)
		}
	}
	if class, ok := rest.Label(5); ok {
		t.Errorf("example 5 of 5 has label %d", class)
	}
}

func TestMisuse(t *testing.T) {
	x := data.NewArray([]float32{1, 2}, 2, 1)
	tests := []struct {
		name string
		f    func()
	}{
		{"shape does not fit", func() { data.NewArray([]float32{1, 2, 3}, 2, 2) }},
		{"negative sizes", func() { data.NewArray([]float32{1, 2}, -1, -2) }},
		{"product beyond int", func() { data.NewArray([]float32{}, math.MaxInt, math.MaxInt, 0) }},
		{"row of another size", func() { data.SetRow(&x, 0, []float32{1, 2}) }},
		{"row beyond", func() { data.SetRow(&x, 2, []float32{1}) }},
		{"bytes of another size", func() { data.SetRowBytes(&x, 0, []byte{1, 2}, 1, 0) }},
		{"batch of negative size", func() { (&data.Batch{}).Reset(-1, 2) }},
		{"batch of too many tokens", func() {
			var b data.Batch
			b.Reset(2, 0)
			b.ResetTokens(-1)
		}},
		{"fraction above 1", func() { data.Split(smallImages(), 1.1, 0) }},
		{"fraction NaN", func() { data.Split(smallImages(), math.NaN(), 0) }},
		{"split of nothing", func() { data.Split(nil, 0.5, 0) }},
		{"images of other images", func() { smallImages().Subset([]int{5}) }},
		{"some of images with too few labels", func() { (&data.Images{N: 1, Labels: []int{}}).Subset(nil) }},
		{"std negative", func() { smallImages().Standardize([]float64{0}, []float64{-1}) }},
		{"std NaN", func() { smallImages().Standardize([]float64{0}, []float64{math.NaN()}) }},
		{"mean infinite", func() { smallImages().Standardize([]float64{math.Inf(1)}, []float64{1}) }},
		{"means of three channels", func() { smallImages().Standardize([]float64{1, 2, 3}, nil) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantMisuse(t, test.f) })
	}
}

func TestSubset(t *testing.T) {
	outer := &data.Subset{
		Dataset: &data.Subset{Dataset: smallImages(), Indices: []int{4, 3, 2}},
		Indices: []int{2, 0},
	}
	var batch data.Batch
	if err := outer.Fill(&batch, []int{1, 0, 1}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 2, 0}, batch.Labels); diff != "" {
		t.Errorf("labels: %s", diff)
	}
	for row, pixel := range []float32{40, 20, 40} {
		if got := batch.X.Float32s[6*row] * 255; math.Abs(float64(got-pixel)) > 1e-4 {
			t.Errorf("row %d begins with pixel %v, want %v", row, got, pixel)
		}
	}
	if class, ok := outer.Label(0); class != 2 || !ok {
		t.Errorf("label of example 0: %d, %t; want 2", class, ok)
	}
	if class, ok := (&data.Subset{Dataset: unlabeled(3), Indices: []int{0}}).Label(0); ok {
		t.Errorf("label %d of an example of a data set without", class)
	}
}

// unlabeled is a Dataset of numbers that is not Labeled.
type unlabeled int

func (n unlabeled) Len() int { return int(n) }

func (n unlabeled) Fill(batch *data.Batch, indices []int) error {
	batch.Reset(len(indices))
	for row, i := range indices {
		data.SetRow(&batch.X, row, []float32{float32(i)})
	}
	return nil
}

func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 200).Draw(t, "labels")
		fraction := rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 0.1, 0.2, 0.29, 0.5, 1})).Draw(t, "fraction")
		seed := rapid.Uint64().Draw(t, "seed")
		ds := &data.Arrays{X: data.NewArray(make([]float32, len(labels))), Labels: labels}
		rest, held := data.Split(ds, fraction, seed)

		all := slices.Sorted(slices.Values(slices.Concat(rest.Indices, held.Indices)))
		for i, index := range all {
			if i != index {
				t.Fatalf("the parts hold %v", all)
			}
		}
		if want := int(math.Round(fraction * float64(len(labels)))); len(all) != len(labels) || held.Len() != want {
			t.Fatalf("%d + %d examples, want %d of %d held out", rest.Len(), held.Len(), want, len(labels))
		}
		var size, share [5]int
		for _, label := range labels {
			size[label]++
		}
		for _, i := range held.Indices {
			share[labels[i]]++
		}
		for class := range size {
			if exact := fraction * float64(size[class]); math.Abs(float64(share[class])-exact) >= 1 {
				t.Fatalf("%d of %d examples of class %d held out, want about %v", share[class], size[class], class, exact)
			}
		}
		_, again := data.Split(ds, fraction, seed)
		if !slices.Equal(held.Indices, again.Indices) {
			t.Fatal("the same seed gives another split")
		}
	})
}

func TestArraysClasses(t *testing.T) {
	a := data.Arrays{X: data.NewArray([]float32{1, 2}), Labels: []int{0, 4}}
	if got := a.NumClasses(); got != 5 {
		t.Errorf("%d classes by label, want 5", got)
	}
	a.Classes = []string{"a", "b", "c", "d", "e", "f"}
	if got := a.NumClasses(); got != 6 {
		t.Errorf("%d classes by name, want 6", got)
	}
	if class, ok := a.Label(1); class != 4 || !ok {
		t.Errorf("label of example 1: %d, %t; want 4", class, ok)
	}
	a.Labels = nil
	if class, ok := a.Label(1); ok {
		t.Errorf("label %d of an example without one", class)
	}
}

func TestSplitUnlabeled(t *testing.T) {
	rest, held := data.Split(unlabeled(1000), 0.25, 7)
	if rest.Len() != 750 || held.Len() != 250 {
		t.Errorf("%d and %d examples, want 750 and 250", rest.Len(), held.Len())
	}
	if slices.IsSorted(rest.Indices) || slices.IsSorted(held.Indices) {
		t.Error("the parts are in order")
	}
	_, other := data.Split(unlabeled(1000), 0.25, 8)
	if slices.Equal(held.Indices, other.Indices) {
		t.Error("another seed gives the same split")
	}
}
