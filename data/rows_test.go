package data

import (
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// wholeBatch has every exported field set: for example i of four, two numbers in each
// list, 2i and 2i+1.
func wholeBatch(t *testing.T) *Batch {
	b := &Batch{DType: Float64, KeepBytes: true, Len: 4, Epoch: 3, Number: 5, Seed: 7}
	v := reflect.ValueOf(b).Elem()
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Name
		if !v.Type().Field(i).IsExported() {
			continue
		}
		switch x := field.Addr().Interface().(type) {
		case *[]int:
			*x = []int{0, 1, 2, 3, 4, 5, 6, 7}
		case *[]float64:
			*x = []float64{0, 1, 2, 3, 4, 5, 6, 7}
		case *Array:
			*x = NewArray([]float64{0, 1, 2, 3, 4, 5, 6, 7}, 4, 2)
		default:
			if field.IsZero() {
				t.Fatalf("the test does not set %s", name)
			}
		}
	}
	return b
}

// Every field of a batch is sliced.
func TestBatchSlice(t *testing.T) {
	b := wholeBatch(t)
	var part Batch
	for range 2 { // the second time in the memory of the first
		b.Slice(&part, 1, 3)
		want := &Batch{DType: Float64, KeepBytes: true, Len: 2, Epoch: 3, Number: 5, Seed: 7}
		v, got := reflect.ValueOf(want).Elem(), reflect.ValueOf(&part).Elem()
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			switch x := v.Field(i).Addr().Interface().(type) {
			case *[]int:
				*x = []int{2, 3, 4, 5}
			case *[]float64:
				*x = []float64{2, 3, 4, 5}
			case *Array:
				*x = NewArray([]float64{2, 3, 4, 5}, 2, 2)
			}
			if diff := cmp.Diff(v.Field(i).Interface(), got.Field(i).Interface()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", v.Type().Field(i).Name, diff)
			}
		}
	}
}

// What a batch does not have, its parts do not have; bytes stay bytes.
func TestBatchSliceOfLittle(t *testing.T) {
	b := &Batch{Len: 3, X: Array{Shape: []int{3, 2}, Bytes: []byte{1, 2, 3, 4, 5, 6}, Scale: 0.5, Shift: 1}, Labels: []int{7, 8, 9}}
	var part Batch
	wholeBatch(t).Slice(&part, 0, 2)
	b.Slice(&part, 2, 3)
	want := Batch{Len: 1, X: Array{Shape: []int{1, 2}, Bytes: []byte{5, 6}, Scale: 0.5, Shift: 1}, Labels: []int{9}}
	if diff := cmp.Diff(want, part, cmpopts.IgnoreUnexported(Batch{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Slice(&part, 1, 1)
	if part.Len != 0 || len(part.Labels) != 0 || part.Labels == nil || part.X.Rows() != 0 {
		t.Errorf("an empty part is %+v", part)
	}
	if allocs := testing.AllocsPerRun(10, func() { b.Slice(&part, 0, 2) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	for _, bad := range [][2]int{{-1, 2}, {2, 1}, {0, 4}} {
		func() {
			defer func() {
				var e *ValueError
				if err, ok := recover().(error); !ok || !errors.As(err, &e) {
					t.Errorf("%v: got %v", bad, err)
				}
			}()
			b.Slice(&part, bad[0], bad[1])
		}()
	}
}
