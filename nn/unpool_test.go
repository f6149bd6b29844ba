package nn_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// What is pooled and put back is the greatest elements, where they were, among zeros; the
// gradient goes the same way.
func TestUnpoolUndoesPooling(t *testing.T) {
	type unpooling interface {
		Unpool(x v, index []int, size ...int) v
	}
	for _, test := range []struct {
		name   string
		pool   pooling
		unpool unpooling
		axes   int
		shape  []int
	}{
		{"1d", nn.NewMaxPool1d([]int{3}, nn.MaxPoolConfig{Stride: []int{2}, Padding: []int{1}}), nn.NewMaxUnpool1d([]int{3}, nn.MaxUnpoolConfig{Stride: []int{2}, Padding: []int{1}}), 1, []int{2, 3, 9}},
		{"2d", nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}), nn.NewMaxUnpool2d([]int{2}, nn.MaxUnpoolConfig{}), 2, []int{2, 2, 5, 7}},
		{"2d of one image", nn.NewMaxPool2d([]int{2, 3}, nn.MaxPoolConfig{Ceil: true}), nn.NewMaxUnpool2d([]int{2, 3}, nn.MaxUnpoolConfig{}), 2, []int{2, 5, 7}},
		{"3d", nn.NewMaxPool3d([]int{2, 1, 2}, nn.MaxPoolConfig{}), nn.NewMaxUnpool3d([]int{2, 1, 2}, nn.MaxUnpoolConfig{}), 3, []int{1, 2, 4, 3, 6}},
		{"windows that overlap", nn.NewMaxPool2d([]int{3}, nn.MaxPoolConfig{Stride: []int{1}}), nn.NewMaxUnpool2d([]int{3}, nn.MaxUnpoolConfig{Stride: []int{1}}), 2, []int{2, 2, 5, 7}},
		{"adaptive", nn.AdaptiveMaxPool{Size: []int{2, 3}}, nn.NewMaxUnpool2d([]int{2}, nn.MaxUnpoolConfig{}), 2, []int{1, 2, 5, 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x := tape.Watch(autograd.Normal(newRand(1), double, 0, 1, test.shape...))
			y, indices := test.pool.ForwardIndices(x)
			back := test.unpool.Unpool(y, indices, test.shape[len(test.shape)-test.axes:]...)
			if diff := cmp.Diff(test.shape, back.Shape()); diff != "" {
				t.Fatalf("shape (-want +got):\n%s", diff)
			}
			greatest := back.NotEqual(back.MulScalar(0))
			if diff := cmp.Diff(x.Mul(greatest).Floats(), back.Floats()); diff != "" {
				t.Errorf("(-the greatest +put back):\n%s", diff)
			}
			distinct := slices.Clone(indices) // windows that overlap have greatest elements in common
			channel := y.Size() / y.Dim(0)
			if y.Rank() == test.axes+2 {
				channel /= y.Dim(1)
			}
			count := 0
			for part := range slices.Chunk(distinct, channel) {
				slices.Sort(part)
				count += len(slices.Compact(part))
			}
			if got := int(greatest.Sum().Item()); got != count {
				t.Errorf("%d elements were put back, want %d", got, count)
			}
			if diff := cmp.Diff(back.MulScalar(2).Floats(), back.Square().Sum().Backward().Of(x).Floats()); diff != "" {
				t.Errorf("gradient (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnpoolRefuses(t *testing.T) {
	u, x := nn.NewMaxUnpool2d([]int{2}, nn.MaxUnpoolConfig{}), autograd.Ones(double, 1, 2, 1, 1)
	var shapeError *autograd.ShapeError
	var indexError *autograd.IndexError
	var valueError *autograd.ValueError
	for _, test := range []struct {
		name string
		f    func()
		want any
	}{
		{"few indices", func() { u.Unpool(x, []int{0}) }, &shapeError},
		{"one size", func() { u.Unpool(x, []int{0, 0}, 2) }, &shapeError},
		{"two axes", func() { u.Unpool(autograd.Ones(double, 1, 1), []int{0}) }, &shapeError},
		{"an index outside", func() { u.Unpool(x, []int{0, 4}) }, &indexError},
		{"a negative index", func() { u.Unpool(x, []int{0, -1}) }, &indexError},
		{"a negative size", func() { u.Unpool(x, []int{0, 0}, 2, -1) }, &valueError},
	} {
		if err := autograd.Try(test.f); !errors.As(err, test.want) {
			t.Errorf("%s: got %v, want a %T", test.name, err, test.want)
		}
	}
	expectValueError(t, "MaxUnpool1d", func() { nn.NewMaxUnpool1d(nil, nn.MaxUnpoolConfig{}) })
}
