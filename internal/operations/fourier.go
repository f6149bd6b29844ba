package operations

import "github.com/chainrule-go/chainrule/autograd"

// planes are arrays of complex numbers on two axes.
var planes = [][][]int{{{3, 4, 2}}, {{2, 5, 2}}, {{2, 1, 3, 2}}}

// Fourier transforms.
var transforms = []Row{
	{Name: "Complex", F: of2(autograd.Complex), Shapes: [][][]int{{{3}, {3}}, {{2, 3}, {2, 3}}}},
	{Name: "Variable.FFT", F: of(func(x v) v {
		return x.FFT(autograd.FFTConfig{Axes: []int{0, -1}, Sizes: []int{3, 4}, Norm: autograd.FFTOrtho})
	}), Shapes: planes, Reference: "fft"},
	{Name: "Variable.IFFT", F: of(func(x v) v { return x.IFFT(autograd.FFTConfig{Axes: []int{0, -1}}) }), Shapes: planes, Reference: "ifft"},
	{Name: "Variable.RFFT", F: of(func(x v) v { return x.RFFT(autograd.FFTConfig{Axes: []int{-1, 0}}) }),
		Shapes: [][][]int{{{4, 3}}, {{3, 2}}, {{5, 1, 2}}}, Reference: "rfft"},
	{Name: "Variable.IRFFT", F: of(func(x v) v {
		return x.IRFFT(autograd.FFTConfig{Axes: []int{0, -1}, Sizes: []int{2, 5}}).Add(x.IRFFT(autograd.FFTConfig{Axes: []int{-1, 0}, Sizes: []int{5, 2}}))
	}), Shapes: planes, Reference: "irfft"},
	{Name: "Variable.FFTShift", F: of(func(x v) v { return x.FFTShift(0) }), Shapes: [][][]int{{{5}}, {{4, 3}}}, Reference: "fftshift"},
	{Name: "Variable.IFFTShift", F: of(func(x v) v { return x.IFFTShift() }), Shapes: [][][]int{{{5}}, {{4, 3}}}, Reference: "ifftshift"},
}
