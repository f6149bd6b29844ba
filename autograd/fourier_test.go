package autograd_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestFFTIsItsDefinition(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 8, 12} {
		x := autograd.Normal(rand.New(rand.NewPCG(uint64(size), 2)), autograd.Float64, 0, 1, size, 2)
		want := make([]float64, 2*size)
		for k := range size {
			sum := 0i
			for j := range size {
				sum += complex(x.At(j, 0), x.At(j, 1)) * cmplx.Exp(complex(0, -2*math.Pi*float64(j*k)/float64(size)))
			}
			want[2*k], want[2*k+1] = real(sum), imag(sum)
		}
		if diff := cmp.Diff(want, x.FFT(autograd.FFTConfig{}).Float64s(), approximately(1e-12)); diff != "" {
			t.Errorf("of %d numbers: %s", size, diff)
		}
	}
}

func TestTransformsAndTheirInverses(t *testing.T) {
	for _, norm := range []autograd.FFTNorm{autograd.FFTBackward, autograd.FFTOrtho, autograd.FFTForward} {
		for _, shape := range [][]int{{4, 2}, {5, 2}, {3, 4, 2}, {1, 2}} {
			t.Run(fmt.Sprint(norm, shape), func(t *testing.T) {
				x := autograd.Normal(rand.New(rand.NewPCG(1, 2)), autograd.Float64, 0, 1, shape...)
				last := shape[len(shape)-2]
				config := autograd.FFTConfig{Norm: norm}
				again := config
				again.Sizes = []int{last}
				re := x.Slice(-1, 0, 1).Squeeze(-1)
				for name, pair := range map[string][2]v{
					"IFFT of FFT":      {x, x.FFT(config).IFFT(config)},
					"IRFFT of RFFT":    {re, re.RFFT(config).IRFFT(again)},
					"RFFT and FFT":     {autograd.Complex(re, v{}).FFT(config).Slice(-2, 0, last/2+1), re.RFFT(config)},
					"IFFTShift":        {re, re.FFTShift().IFFTShift()},
					"zero frequencies": {re.RFFT(autograd.FFTConfig{}).Slice(-2, 0, 1).Slice(-1, 0, 1).Reshape(-1), re.Sum(-1).Reshape(-1)},
				} {
					if diff := cmp.Diff(pair[0].Float64s(), pair[1].Float64s(), approximately(1e-12)); diff != "" {
						t.Errorf("%s: %s", name, diff)
					}
				}
			})
		}
	}
}

func TestErrorsOfTransforms(t *testing.T) {
	x := autograd.Zeros(autograd.Float64, 3, 2)
	for _, test := range []struct {
		name string
		f    func()
		want string
	}{
		{"no pairs", func() { autograd.Zeros(autograd.Float64, 3).FFT(autograd.FFTConfig{}) }, "a last axis of size 2"},
		{"no axis", func() { autograd.Zeros(autograd.Float64, 2).IFFT(autograd.FFTConfig{}) }, "no axis"},
		{"no elements", func() { autograd.Zeros(autograd.Float64, 0, 2).FFT(autograd.FFTConfig{}) }, "no numbers"},
		{"half of nothing", func() { autograd.Zeros(autograd.Float64, 1, 2).IRFFT(autograd.FFTConfig{}) }, "no numbers"},
		{"sizes", func() { x.FFT(autograd.FFTConfig{Sizes: []int{1, 2}}) }, "2 sizes for 1 axes"},
		{"size", func() { x.FFT(autograd.FFTConfig{Sizes: []int{0}}) }, "size 0 is not positive"},
		{"axis of pairs", func() { x.FFT(autograd.FFTConfig{Axes: []int{1}}) }, "axis 1"},
		{"axis twice", func() { x.RFFT(autograd.FFTConfig{Axes: []int{1, -1}}) }, "twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := autograd.Try(test.f); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
