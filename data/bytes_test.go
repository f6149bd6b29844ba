package data_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// ramp is a data set of its own making, of bytes: example i is i, i+1, i+2.
type ramp struct{ n int }

func (r ramp) Len() int { return r.n }

func (r ramp) Fill(batch *data.Batch, indices []int) error {
	batch.ResetBytes(len(indices), 0.5, 1, 3)
	for row, i := range indices {
		data.SetRowBytes(&batch.X, row, []byte{byte(i), byte(i + 1), byte(i + 2)}, 0.5, 1)
	}
	return nil
}

// TestKeepBytes compares batches of bytes with those of numbers.
func TestKeepBytes(t *testing.T) {
	images := smallImages()
	half, _ := data.Split(images, 0.4, 1)
	for _, test := range []struct {
		name string
		set  data.Dataset
	}{
		{"images", images},
		{"flat and standardized images", images.Flatten().Standardize([]float64{0.25}, []float64{0.5})},
		{"a subset", half},
		{"a data set of its own", ramp{7}},
	} {
		for _, prefetch := range []int{0, 2} {
			for _, dtype := range []data.DType{data.Float32, data.Float64} {
				config := data.LoaderConfig{BatchSize: 2, Shuffle: true, DType: dtype, Prefetch: prefetch}
				var want []data.Batch
				for batch := range data.NewLoader(test.set, config).Batches(context.Background(), 0) {
					want = append(want, copied(batch))
				}
				config.KeepBytes = true
				for batch := range data.NewLoader(test.set, config).Batches(context.Background(), 0) {
					got := copied(batch)
					if got.X.Float32s != nil || got.X.Float64s != nil || len(got.X.Bytes) != got.X.Rows()*got.X.RowSize() {
						t.Fatalf("%s: not bytes: %+v", test.name, got.X)
					}
					x := data.Array{Shape: got.X.Shape}
					for _, b := range got.X.Bytes {
						if dtype == data.Float64 {
							x.Float64s = append(x.Float64s, float64(float64(b)*got.X.Scale)+got.X.Shift)
						} else {
							x.Float32s = append(x.Float32s, float32(float32(b)*float32(got.X.Scale))+float32(got.X.Shift))
						}
					}
					got.X = x
					if diff := cmp.Diff(want[batch.Number], got, cmp.FilterPath(isPrivate, cmp.Ignore())); diff != "" {
						t.Errorf("%s: %s", test.name, diff)
					}
				}
			}
		}
	}
}

// copied has what is public of a batch, in memory of its own.
func copied(b *data.Batch) data.Batch {
	return data.Batch{DType: b.DType, Len: b.Len, Number: b.Number,
		X: data.Array{
			Shape:    append([]int(nil), b.X.Shape...),
			Float32s: append([]float32(nil), b.X.Float32s...),
			Float64s: append([]float64(nil), b.X.Float64s...),
			Bytes:    append([]byte(nil), b.X.Bytes...),
			Scale:    b.X.Scale, Shift: b.X.Shift,
		},
		Labels: append([]int(nil), b.Labels...), Indices: append([]int(nil), b.Indices...)}
}

func isPrivate(p cmp.Path) bool {
	field, ok := p.Last().(cmp.StructField)
	return ok && field.Name()[0] >= 'a'
}

// TestBatchTurnsToBytesAndBack fills one batch in turns.
func TestBatchTurnsToBytesAndBack(t *testing.T) {
	batch := &data.Batch{}
	for i, keep := range []bool{false, true, false, true} {
		batch.KeepBytes = keep
		if err := (ramp{5}).Fill(batch, []int{i}); err != nil {
			t.Fatal(err)
		}
		if (batch.X.Bytes != nil) != keep || (batch.X.Float32s != nil) == keep {
			t.Errorf("KeepBytes %v: %+v", keep, batch.X)
		}
	}
}

func TestBytesMisuse(t *testing.T) {
	batch := &data.Batch{KeepBytes: true}
	batch.ResetBytes(2, 0.5, 1, 3)
	for _, test := range []struct {
		name string
		f    func()
	}{
		{"another scale", func() { data.SetRowBytes(&batch.X, 0, make([]byte, 3), 0.25, 1) }},
		{"another shift", func() { data.SetRowBytes(&batch.X, 0, make([]byte, 3), 0.5, 0) }},
		{"no row", func() { data.SetRowBytes(&batch.X, 2, make([]byte, 3), 0.5, 1) }},
		{"another size", func() { data.SetRowBytes(&batch.X, 0, make([]byte, 4), 0.5, 1) }},
		{"numbers", func() { data.SetRow(&batch.X, 0, make([]float32, 3)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				var err *data.ValueError
				if e, ok := recover().(error); !ok || !errors.As(e, &err) {
					t.Errorf("%v, want a *ValueError", e)
				}
			}()
			test.f()
		})
	}
}
