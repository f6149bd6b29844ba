package autograd_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestFromMat(t *testing.T) {
	dense := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})
	for _, test := range []struct {
		name   string
		m      mat.Matrix
		shape  []int
		want   []float64
		shares bool
	}{
		{"dense", dense, []int{2, 3}, []float64{1, 2, 3, 4, 5, 6}, true},
		{"rows of a dense", dense.Slice(1, 2, 0, 3), []int{1, 3}, []float64{4, 5, 6}, true},
		{"columns of a dense", dense.Slice(0, 2, 1, 3), []int{2, 2}, []float64{2, 3, 5, 6}, false},
		{"transpose", dense.T(), []int{3, 2}, []float64{1, 4, 2, 5, 3, 6}, false},
		{"symmetric", mat.NewSymDense(2, []float64{1, 2, 0, 3}), []int{2, 2}, []float64{1, 2, 2, 3}, false},
		{"row as a vector", dense.RowView(1), []int{3}, []float64{4, 5, 6}, true},
		{"column as a vector", dense.ColView(1), []int{2}, []float64{2, 5}, false},
		{"transpose of a vector", dense.ColView(1).T(), []int{1, 2}, []float64{2, 5}, false},
		{"empty dense", new(mat.Dense), []int{0, 0}, nil, false},
		{"empty vector", new(mat.VecDense), []int{0}, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := autograd.FromMat(test.m)
			if diff := cmp.Diff(test.shape, v.Shape()); diff != "" {
				t.Errorf("shape: %s", diff)
			}
			got := v.Float64s()
			if diff := cmp.Diff(test.want, append([]float64(nil), got...)); diff != "" {
				t.Fatalf("elements: %s", diff)
			}
			if len(got) == 0 {
				return
			}
			kept := got[0]
			got[0] = -1
			if shares := test.m.At(0, 0) == -1; shares != test.shares {
				t.Errorf("shares memory: %v, want %v", shares, test.shares)
			}
			got[0] = kept
		})
	}
}

func TestMat(t *testing.T) {
	for _, test := range []struct {
		name string
		v    autograd.Variable
		want *mat.Dense
	}{
		{"matrix", autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3), mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})},
		{"vector", autograd.New([]float64{1, 2}), mat.NewDense(2, 1, []float64{1, 2})},
		{"scalar", autograd.Scalar(3.0), mat.NewDense(1, 1, []float64{3})},
		{"float32", autograd.New([]float32{1, 2}, 1, 2), mat.NewDense(1, 2, []float64{1, 2})},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := test.v.Mat()
			if !mat.Equal(m, test.want) {
				t.Errorf("got %v, want %v", mat.Formatted(m), mat.Formatted(test.want))
			}
			m.Set(0, 0, -1)
			if shares := test.v.Floats()[0] == -1; shares != (test.v.DType() == autograd.Float64) {
				t.Errorf("shares memory: %v", shares)
			}
		})
	}
	for name, v := range map[string]autograd.Variable{
		"three axes": autograd.Zeros(autograd.Float64, 1, 2, 3),
		"empty":      autograd.Zeros(autograd.Float64, 0, 3),
	} {
		t.Run(name, func(t *testing.T) {
			var shape *autograd.ShapeError
			if err := autograd.Try(func() { v.Mat() }); !errors.As(err, &shape) {
				t.Errorf("got %v, want a *ShapeError", err)
			}
		})
	}
}
