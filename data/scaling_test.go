package data_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/stat"

	"github.com/chainrule-go/chainrule/data"
)

// Features get mean 0 and deviation 1, or go from 0 to 1, on what was fitted, and the
// same map is applied to other examples.
func TestScaling(t *testing.T) {
	const n, features = 2500, 3 // more than one batch
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, n*features)
	columns := make([][]float64, features)
	for i := range n {
		for j, v := range []float64{1e6 + rng.NormFloat64(), 3 * rng.Float64(), 7} {
			x[i*features+j] = v
			columns[j] = append(columns[j], v)
		}
	}
	ds := &data.Arrays{X: data.NewArray(x, n, features)}
	near := cmpopts.EquateApprox(1e-9, 1e-9)

	standard, err := data.Standardization(context.Background(), ds)
	if err != nil {
		t.Fatal(err)
	}
	for j, column := range columns {
		mean, deviation := stat.PopMeanStdDev(column, nil)
		if j == 2 {
			deviation = 1 // for what is the same everywhere
		}
		if diff := cmp.Diff([]float64{mean, deviation}, []float64{standard.Offset[j], standard.Scale[j]}, near); diff != "" {
			t.Errorf("feature %d (-want +got):\n%s", j, diff)
		}
	}
	minmax, err := data.MinMax(context.Background(), ds)
	if err != nil {
		t.Fatal(err)
	}
	b := data.Batch{DType: data.Float64}
	least, greatest := []float64{math.Inf(1), math.Inf(1), math.Inf(1)}, []float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for i := range n {
		filled(t, minmax.Of(ds), &b, i)
		for j, v := range b.X.Float64s {
			least[j], greatest[j] = min(least[j], v), max(greatest[j], v)
		}
	}
	if diff := cmp.Diff([][]float64{{0, 0, 0}, {1, 1, 0}}, [][]float64{least, greatest}, near); diff != "" {
		t.Errorf("from least to greatest (-want +got):\n%s", diff)
	}

	text, err := json.Marshal(standard)
	if err != nil {
		t.Fatal(err)
	}
	var read data.Scaling
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, dtype := range []data.DType{data.Float32, data.Float64} {
		other := &data.Arrays{X: data.NewArray([]float64{1e6, 30, 9}, 1, 3)}
		b := data.Batch{DType: dtype}
		filled(t, read.Of(other), &b, 0)
		got := b.X.Float64s
		for _, v := range b.X.Float32s {
			got = append(got, float64(v))
		}
		want := []float64{(1e6 - standard.Offset[0]) / standard.Scale[0], (30 - standard.Offset[1]) / standard.Scale[1], 2}
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-6, 1e-6)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", dtype, diff)
		}
	}
}

func TestScalingFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	nan := math.NaN()
	for _, test := range []struct {
		name string
		ctx  context.Context
		set  data.Dataset
		text string
	}{
		{"nil", context.Background(), (*data.Arrays)(nil), "the data set is nil"},
		{"empty", context.Background(), &data.Arrays{X: data.NewArray([]float32{}, 0, 2)}, "no examples"},
		{"NaN", context.Background(), &data.Arrays{X: data.NewArray([]float64{1, 2, 3, nan}, 2, 2)}, "feature 1 of example 1 is NaN"},
		{"cancelled", ctx, numbers(3, 0), "context canceled"},
	} {
		for _, fit := range []func(context.Context, data.Dataset) (data.Scaling, error){data.Standardization, data.MinMax} {
			if _, err := fit(test.ctx, test.set); err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%s: error %v, want one with %q", test.name, err, test.text)
			}
		}
	}
	var b data.Batch
	two := data.Scaling{Offset: []float64{0, 0}, Scale: []float64{1, 1}}
	if err := two.Of(&data.Arrays{X: data.NewArray([]float32{1, 2, 3}, 1, 3)}).Fill(&b, []int{0}); err == nil || !strings.Contains(err.Error(), "examples of 3 features, want 2") {
		t.Errorf("error %v", err)
	}
}
