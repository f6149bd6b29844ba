package data_test

import (
	"fmt"
	"math"
	"slices"
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

func TestArraysMisuse(t *testing.T) {
	x := data.NewArray([]float32{1, 2}, 2, 1)
	tests := []struct {
		name string
		f    func()
	}{
		{"no X", func() { (&data.Arrays{}).Fill(&data.Batch{}, nil) }},
		{"X too short", func() {
			(&data.Arrays{X: data.Array{Shape: []int{3}, Float32s: []float32{1}}}).Fill(&data.Batch{}, nil)
		}},
		{"labels too short", func() { (&data.Arrays{X: x, Labels: []int{1}}).Fill(&data.Batch{}, nil) }},
		{"targets too short", func() { (&data.Arrays{X: x, Y: data.NewArray([]float32{1}, 1)}).Fill(&data.Batch{}, nil) }},
		{"targets do not fit", func() { (&data.Arrays{X: x, Y: data.Array{Shape: []int{2, 2}}}).Fill(&data.Batch{}, nil) }},
		{"index", func() { (&data.Arrays{X: x}).Fill(&data.Batch{}, []int{2}) }},
		{"shape does not fit", func() { data.NewArray([]float32{1, 2, 3}, 2, 2) }},
		{"negative sizes", func() { data.NewArray([]float32{1, 2}, -1, -2) }},
		{"product beyond int", func() { data.NewArray([]float32{}, math.MaxInt, math.MaxInt, 0) }},
		{"row of another size", func() { data.SetRow(&x, 0, []float32{1, 2}) }},
		{"row beyond", func() { data.SetRow(&x, 2, []float32{1}) }},
		{"bytes of another size", func() { data.SetRowBytes(&x, 0, []byte{1, 2}, 1, 0) }},
		{"batch of negative size", func() { (&data.Batch{}).Reset(-1, 2) }},
		{"subset index", func() { (&data.Subset{Dataset: smallImages(), Indices: []int{1}}).Fill(&data.Batch{}, []int{1}) }},
		{"fraction above 1", func() { data.Split(smallImages(), 1.1, 0) }},
		{"fraction NaN", func() { data.Split(smallImages(), math.NaN(), 0) }},
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
