package autograd_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoFourier is Fourier transforms, by PyTorch's names.
var opinfoFourier = map[string]reference.Func{
	"fft": transformed(complexNumbers(v.FFT), -1), "fft2": transformed(complexNumbers(v.FFT), -2, -1),
	"ifft": transformed(complexNumbers(v.IFFT), -1), "ifft2": transformed(complexNumbers(v.IFFT), -2, -1),
	"rfft": transformed(v.RFFT, -1), "rfft2": transformed(v.RFFT, -2, -1),
	"irfft": transformed(complexNumbers(v.IRFFT), -1), "irfft2": transformed(complexNumbers(v.IRFFT), -2, -1),
	"fftshift":  optional(func(x v, o options) v { return x.FFTShift(o.Dim...) }),
	"ifftshift": optional(func(x v, o options) v { return x.IFFTShift(o.Dim...) }),
}

// complexNumbers is f of real numbers.
func complexNumbers(f func(v, autograd.FFTConfig) v) func(v, autograd.FFTConfig) v {
	return func(x v, config autograd.FFTConfig) v { return f(autograd.Complex(x, v{}), config) }
}

// transformed is a transform along the axes of an option, or those that are the default.
func transformed(f func(v, autograd.FFTConfig) v, axes ...int) reference.Func {
	return optional(func(x v, o options) v {
		config := autograd.FFTConfig{Axes: o.Dim.or(axes...), Sizes: o.S}
		if o.N != nil {
			config.Sizes = []int{*o.N}
		}
		switch o.Norm {
		case "ortho":
			config.Norm = autograd.FFTOrtho
		case "forward":
			config.Norm = autograd.FFTForward
		}
		return f(x, config)
	})
}
