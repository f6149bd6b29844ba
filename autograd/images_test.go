package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

// Conv3d is the sum that its documentation says.
func TestConv3dIsItsDefinition(t *testing.T) {
	for _, config := range []autograd.Conv3dConfig{
		{},
		{Stride: [3]int{2, 1, 3}, Padding: [3]int{1, 0, 2}},
		{Padding: [3]int{2, 1, 1}, Dilation: [3]int{2, 1, 2}, Groups: 2},
	} {
		t.Run(fmt.Sprintf("%+v", config), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(4, 2))
			groups := max(1, config.Groups)
			x := autograd.Normal(rng, autograd.Float64, 0, 1, 2, 4, 4, 3, 5)
			w := autograd.Normal(rng, autograd.Float64, 0, 1, 2, 4/groups, 2, 3, 2)
			b := autograd.Normal(rng, autograd.Float64, 0, 1, 2)
			y := autograd.Conv3d(x, w, b, config)
			at := func(n, c int, place [3]int) float64 {
				for axis, i := range place {
					if i < 0 || i >= x.Dim(2+axis) {
						return 0
					}
				}
				return x.At(n, c, place[0], place[1], place[2])
			}
			var want []float64
			each(y.Shape(), func(i []int) {
				sum := b.At(i[1])
				each(w.Shape()[1:], func(k []int) {
					var place [3]int
					for axis := range place {
						place[axis] = i[2+axis]*max(1, config.Stride[axis]) - config.Padding[axis] + k[1+axis]*max(1, config.Dilation[axis])
					}
					channel := i[1]/(2/groups)*(4/groups) + k[0]
					sum += w.At(i[1], k[0], k[1], k[2], k[3]) * at(i[0], channel, place)
				})
				want = append(want, sum)
			})
			if diff := cmp.Diff(want, y.Float64s(), approximately(1e-12)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// each calls f for all indices of an array of this shape, in row-major order.
func each(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	for i := range sizeOfShape(shape) {
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis] = i % shape[axis]
			i /= shape[axis]
		}
		f(index)
	}
}

func sizeOfShape(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func TestGridSampleAtTheEdges(t *testing.T) {
	image := autograd.New([]float64{1, 2, 3, 4}).Reshape(1, 1, 2, 2)
	corners := []float64{-1, -1, 1, -1, -1, 1, 1, 1}
	for _, test := range []struct {
		name   string
		config autograd.GridSampleConfig
		grid   []float64
		want   []float64
	}{
		{"corners, aligned", autograd.GridSampleConfig{Mode: autograd.InterpolateLinear, AlignCorners: true}, corners, []float64{1, 2, 3, 4}},
		{"corners", autograd.GridSampleConfig{Mode: autograd.InterpolateLinear}, corners, []float64{0.25, 0.5, 0.75, 1}},
		{"corners, border", autograd.GridSampleConfig{Mode: autograd.InterpolateLinear, Padding: autograd.GridBorder}, corners, []float64{1, 2, 3, 4}},
		{"far away", autograd.GridSampleConfig{Mode: autograd.InterpolateLinear}, []float64{1e30, 0, 0, math.Inf(-1)}, []float64{0, math.NaN()}},
		{"far away, nearest", autograd.GridSampleConfig{}, []float64{1e30, 0, -1e300, 0}, []float64{0, 0}},
		{"far away, border", autograd.GridSampleConfig{Mode: autograd.InterpolateLinear, Padding: autograd.GridBorder}, []float64{1e30, 0, math.Inf(-1), 0}, []float64{3, math.NaN()}},
		{"mirrored", autograd.GridSampleConfig{Mode: autograd.InterpolateLinear, Padding: autograd.GridReflection, AlignCorners: true},
			[]float64{3, -1, 5, -1, -2, -1}, []float64{1, 2, 1.5}},
		{"not a number", autograd.GridSampleConfig{Mode: autograd.InterpolateLinear}, []float64{math.NaN(), 0}, []float64{math.NaN()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			grid := autograd.New(test.grid).Reshape(1, 1, len(test.grid)/2, 2)
			got := autograd.GridSample(image, grid, test.config).Float64s()
			for i, w := range test.want {
				if !alike(got[i], w, 1e-12) {
					t.Errorf("sample %d is %v, want %v", i, got[i], w)
				}
			}
		})
	}
}

func TestInterpolateNearestAndScales(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3, 4, 5}).Reshape(1, 1, 5)
	for _, test := range []struct {
		name   string
		config autograd.InterpolateConfig
		want   []float64
	}{
		{"half", autograd.InterpolateConfig{Scale: []float64{0.5}}, []float64{1, 3}},
		{"the same", autograd.InterpolateConfig{Size: []int{5}, Mode: autograd.InterpolateCubic}, []float64{1, 2, 3, 4, 5}},
		{"one, aligned", autograd.InterpolateConfig{Size: []int{1}, Mode: autograd.InterpolateLinear, AlignCorners: true}, []float64{1}},
		{"the mean", autograd.InterpolateConfig{Size: []int{1}, Mode: autograd.InterpolateArea}, []float64{3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, x.Interpolate(test.config).Float64s(), approximately(1e-14)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrorsOfImages(t *testing.T) {
	image, grid := autograd.Zeros(autograd.Float64, 1, 1, 2, 2), autograd.Zeros(autograd.Float64, 1, 1, 1, 2)
	volume, kernel := autograd.Zeros(autograd.Float64, 1, 2, 2, 2, 2), autograd.Zeros(autograd.Float64, 2, 2, 3, 1, 1)
	for _, test := range []struct {
		name string
		f    func()
		want string
	}{
		{"no size", func() { image.Interpolate(autograd.InterpolateConfig{}) }, "expected one of them"},
		{"size and scale", func() { image.Interpolate(autograd.InterpolateConfig{Size: []int{1}, Scale: []float64{1}}) }, "expected one of them"},
		{"three sizes", func() { image.Interpolate(autograd.InterpolateConfig{Size: []int{1, 2, 3}}) }, "one number or 2"},
		{"scaled to nothing", func() { image.Interpolate(autograd.InterpolateConfig{Scale: []float64{0.1}}) }, "would have 0"},
		{"scale NaN", func() { image.Interpolate(autograd.InterpolateConfig{Scale: []float64{math.NaN()}}) }, "would have"},
		{"no axes", func() { grid.Reshape(1, 2).Interpolate(autograd.InterpolateConfig{Size: []int{1}}) }, "expected [batch, channels, …]"},
		{"batches", func() { autograd.GridSample(image, grid.Reshape(1, 1, 2, 1), autograd.GridSampleConfig{}) }, "a grid [batch"},
		{"mode", func() { autograd.GridSample(image, grid, autograd.GridSampleConfig{Mode: autograd.InterpolateArea}) }, "nearest, linear or cubic"},
		{"large kernel", func() { autograd.Conv3d(volume, kernel, v{}, autograd.Conv3dConfig{}) }, "larger than the volume"},
		{"padding", func() { autograd.Conv3d(volume, kernel, v{}, autograd.Conv3dConfig{Padding: [3]int{-1, 0, 0}}) }, "negative padding"},
		{"axes", func() { autograd.Conv3d(image, kernel, v{}, autograd.Conv3dConfig{}) }, "expected x [batch, in, depth"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := autograd.Try(test.f)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
