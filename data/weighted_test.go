package data_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

func TestWeighted(t *testing.T) {
	plain := &data.Arrays{X: data.NewArray([]float32{1, 2, 3}, 3, 1), Labels: []int{0, 1, 1}}
	once := &data.Weighted{Dataset: plain, Weights: []float64{1, 0, 2.5}}
	twice := &data.Weighted{Dataset: &data.Subset{Dataset: once, Indices: []int{2, 0}}, Weights: []float64{4, 0.5}}
	var batch data.Batch
	for _, test := range []struct {
		name    string
		set     data.Dataset
		indices []int
		want    []float64
		labels  []int
	}{
		{"weights", once, []int{2, 2, 1}, []float64{2.5, 2.5, 0}, []int{1, 1, 1}},
		{"of a subset", &data.Subset{Dataset: once, Indices: []int{2, 0}}, []int{1, 0}, []float64{1, 2.5}, []int{0, 1}},
		{"of what has weights", twice, []int{1, 0, 1}, []float64{0.5, 10, 0.5}, []int{0, 1, 0}},
		{"none", plain, []int{1}, nil, []int{1}},
	} {
		if err := test.set.Fill(&batch, test.indices); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, batch.Weights); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.labels, batch.Labels); diff != "" {
			t.Errorf("%s, labels (-want +got):\n%s", test.name, diff)
		}
	}
	if class, ok := twice.Label(0); twice.Len() != 2 || class != 1 || !ok {
		t.Errorf("%d examples, the first of class %d, %v", twice.Len(), class, ok)
	}
	if _, ok := once.Label(3); ok {
		t.Error("an example that is not there has a class")
	}
}

func TestWeightedFails(t *testing.T) {
	plain := &data.Arrays{X: data.NewArray([]float32{1, 2}, 2, 1)}
	for _, test := range []struct {
		name  string
		set   data.Dataset
		index int
		text  string
	}{
		{"no data set", &data.Weighted{}, 0, "the data set is nil"},
		{"no data set behind a pointer", &data.Weighted{Dataset: (*data.Arrays)(nil)}, 0, "the data set is nil"},
		{"too few", &data.Weighted{Dataset: plain, Weights: []float64{1}}, 0, "2 examples with 1 weights"},
		{"an index", &data.Weighted{Dataset: plain, Weights: []float64{1, 1}}, 2, "index 2 of a data set of 2 examples"},
		{"negative", &data.Weighted{Dataset: plain, Weights: []float64{1, -1}}, 1, "the weight of example 1 is -1"},
		{"NaN", &data.Weighted{Dataset: plain, Weights: []float64{math.NaN(), 1}}, 0, "the weight of example 0 is NaN"},
		{"infinite", &data.Weighted{Dataset: plain, Weights: []float64{math.Inf(1), 1}}, 0, "the weight of example 0 is +Inf"},
		{"the data set's own", &data.Weighted{Dataset: &data.Arrays{X: data.Array{Shape: []int{1}}}, Weights: []float64{1}}, 0, "X of shape [1] has 0 numbers"},
	} {
		var batch data.Batch
		var value *data.ValueError
		if err := test.set.Fill(&batch, []int{test.index}); !errors.As(err, &value) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: error %v, want a *ValueError with %q", test.name, err, test.text)
		}
	}
}
