package autograd_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestEinsumForms(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	y := autograd.New([]float64{2, -1, 0, 1, 3, -2}, 3, 2)
	column := autograd.New([]float64{10, 20}, 2, 1)
	square := autograd.New([]float64{1, 2, 3, 4}, 2, 2)
	for _, test := range []struct {
		name, equation string
		xs             []autograd.Variable
		want           autograd.Variable
	}{
		{"letters that occur once", "ij,jk", []autograd.Variable{x, y}, x.MatMul(y)},
		{"in alphabetical order", "ba", []autograd.Variable{x}, x.T()},
		{"none is left", "ij,ij", []autograd.Variable{x, x}, x.Square().Sum()},
		{"a letter twice, implicit", "ii", []autograd.Variable{square}, square.Trace()},
		{"a letter twice, kept", "ii->i", []autograd.Variable{square}, autograd.New([]float64{1, 4})},
		{"an ellipsis, implicit", "...j,...j", []autograd.Variable{x, x}, x.Square().Sum(1)},
		{"an ellipsis in front of letters", "b...,a", []autograd.Variable{x, autograd.New([]float64{1, 10})}, autograd.Einsum("bj,a->jab", x, autograd.New([]float64{1, 10}))},
		{"spaces", " i j , j k -> i k ", []autograd.Variable{x, y}, x.MatMul(y)},
		{"an axis of size 1 is repeated", "ij,ij->ij", []autograd.Variable{x, column}, x.Mul(column)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := autograd.Einsum(test.equation, test.xs...)
			if diff := cmp.Diff(test.want.Shape(), got.Shape()); diff != "" {
				t.Errorf("shape: %s", diff)
			}
			if diff := cmp.Diff(test.want.Float64s(), got.Float64s()); diff != "" {
				t.Errorf("elements: %s", diff)
			}
		})
	}
}

func TestEinsumRefuses(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	var value *autograd.ValueError
	var shape *autograd.ShapeError
	for _, test := range []struct {
		name, equation string
		xs             []autograd.Variable
		want           any
	}{
		{"output that is in no term", "ij->ik", []autograd.Variable{x}, &value},
		{"output named twice", "ij->ii", []autograd.Variable{x}, &value},
		{"no letter", "i1->i", []autograd.Variable{x}, &value},
		{"too few letters", "i->i", []autograd.Variable{x}, &value},
		{"too many letters", "ijk->i", []autograd.Variable{x}, &value},
		{"too few operands", "ij,jk->ik", []autograd.Variable{x}, &value},
		{"sizes of two operands", "ij,jk->ik", []autograd.Variable{x, x}, &shape},
		{"sizes of one operand", "ii->i", []autograd.Variable{x}, &shape},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := autograd.Try(func() { autograd.Einsum(test.equation, test.xs...) }); !errors.As(err, test.want) {
				t.Errorf("got %v, want a %T", err, test.want)
			}
		})
	}
}
