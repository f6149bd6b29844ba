package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Windows and Fourier transforms of signals, and sampling of images.
var signalOperators = family{"Signals and images", []operator{
	{name: "HannWindow", since: 17, in: one, make: cosineWindow(0.5, -0.5, 0), typed: true},
	{name: "HammingWindow", since: 17, in: one, make: cosineWindow(25.0/46, -21.0/46, 0), typed: true},
	{name: "BlackmanWindow", since: 17, in: one, make: cosineWindow(0.42, -0.5, 0.08), typed: true},
	{name: "MelWeightMatrix", since: 17, in: span{5, 5}, make: melWeights, plain: []int{3, 4}, typed: true},
	{name: "DFT", since: 17, in: oneOrTwo, make: fourierByAttribute},
	{name: "DFT", since: 20, in: span{1, 3}, make: fourier},
	{name: "STFT", since: 17, in: span{2, 4}, make: shortTimeFourier},
	{name: "GridSample", since: 16, in: two, make: gridSample, note: "images, no volumes"},
}}

// cosineWindow makes a window a + b·cos(2πi/n) + d·cos(4πi/n).
func cosineWindow(a, b, d float64) func(*node) kernel {
	return func(n *node) kernel {
		dtype, periodic := DataType(n.int("output_datatype", int(Float))), n.flag("periodic", true)
		return func(c *call) {
			size := c.int(0)
			c.room(size)
			period := float64(size)
			if !periodic {
				period--
			}
			y := make([]float64, size)
			for i := range y {
				angle := 2 * math.Pi * float64(i) / period
				y[i] = a + b*math.Cos(angle) + d*math.Cos(2*angle)
			}
			c.setNumbers(0, dtype, y, []int{size})
		}
	}
}

// melWeights is the matrix [bins of a spectrum, bins of the mel scale] of triangles that are
// equally wide on the mel scale, m = 2595·log₁₀(1 + f/700).
func melWeights(n *node) kernel {
	dtype := DataType(n.int("output_datatype", int(Float)))
	return func(c *call) {
		mels, length, rate := c.int(0), c.int(1), c.int(2)
		if mels < 0 || length < 1 || rate < 1 || mels > maxElements-2 {
			failf("%d bins of %d elements at rate %d", mels, length, rate)
		}
		bins := length/2 + 1
		c.room(bins, mels+2)
		mel := func(f float64) float64 { return 2595 * math.Log10(1+f/700) }
		low, high := mel(c.number(3, 0)), mel(c.number(4, 0))
		step := (high - low) / float64(mels+2)
		edge := make([]int, mels+2)
		for i := range edge {
			f := 700 * (math.Pow(10, (low+float64(i)*step)/2595) - 1)
			at := math.Floor(float64(length+1) * f / float64(rate))
			if !(at >= 0 && at < float64(bins)) {
				failf("bin %d is at %v of %d", i, at, bins)
			}
			edge[i] = int(at)
		}
		y := make([]float64, bins*mels)
		for i := range mels {
			lower, centre, upper := edge[i], edge[i+1], edge[i+2]
			y[centre*mels+i] = 1
			for j := lower; j < centre; j++ {
				y[j*mels+i] = float64(j-lower) / float64(centre-lower)
			}
			for j := centre; j < upper; j++ {
				y[j*mels+i] = float64(upper-j) / float64(upper-centre)
			}
		}
		c.setNumbers(0, dtype, y, []int{bins, mels})
	}
}

func fourierByAttribute(n *node) kernel {
	axis, inverse, half := n.int("axis", 1), n.flag("inverse", false), n.flag("onesided", false)
	return func(c *call) { c.fourier(axis, inverse, half) }
}

func fourier(n *node) kernel {
	inverse, half := n.flag("inverse", false), n.flag("onesided", false)
	return func(c *call) {
		axis := -2
		if c.has(2) {
			axis = c.int(2)
		}
		c.fourier(axis, inverse, half)
	}
}

// fourier is the discrete Fourier transform along an axis of numbers [..., 1] or pairs
// [..., 2], of which the first half and one more are kept if asked for.
func (c *call) fourier(axis int, inverse, half bool) {
	x := c.complex(c.float(0))
	axis = axisOf(axis, x.Rank()-1) // that of pairs is none of them
	length := x.Dim(axis)
	if c.has(1) {
		length = c.int(1)
	}
	shape := slices.Clone(x.Shape())
	shape[axis] = length
	if length < 1 {
		failf("a transform of %d elements", length)
	}
	c.room(shape...)
	config := autograd.FFTConfig{Axes: []int{axis}, Sizes: []int{length}}
	if inverse {
		x = x.IFFT(config)
	} else {
		x = x.FFT(config)
	}
	if half {
		x = x.Slice(axis, 0, length/2+1)
	}
	c.set(0, x)
}

// complex is numbers [..., 1] or pairs [..., 2] as pairs.
func (c *call) complex(x autograd.Variable) autograd.Variable {
	if x.Rank() < 2 || x.Dim(-1) != 1 && x.Dim(-1) != 2 {
		failf("input 0 is %s, expected numbers [..., 1] or pairs [..., 2]", c.in[0].describe())
	}
	if x.Dim(-1) == 2 {
		return x
	}
	return autograd.Complex(x.Reshape(x.Shape()[:x.Rank()-1]...), autograd.Variable{})
}

// shortTimeFourier is the transform of each frame of signals [batch, length, 1 or 2], multiplied
// by a window.
func shortTimeFourier(n *node) kernel {
	half := n.flag("onesided", true)
	return func(c *call) {
		x, step := c.complex(c.float(0)), c.int(1)
		if x.Rank() != 3 {
			failf("input 0 is %s, expected three axes", c.in[0].describe())
		}
		length := 0
		switch {
		case c.has(3):
			length = c.int(3)
		case c.has(2):
			length = c.value(2).Size()
		}
		if step < 1 || length < 1 || length > x.Dim(1) {
			failf("frames of %d elements, %d apart, of %s", length, step, c.in[0].describe())
		}
		frames := (x.Dim(1)-length)/step + 1
		c.room(x.Dim(0), frames, length, 2)
		index := make([]int, 0, frames*length)
		for i := range frames {
			for j := range length {
				index = append(index, i*step+j)
			}
		}
		y := x.IndexSelect(1, index).Reshape(x.Dim(0), frames, length, 2)
		if c.has(2) {
			y = y.Mul(c.float(2).Reshape(length, 1))
		}
		y = y.FFT(autograd.FFTConfig{Axes: []int{2}})
		if half {
			y = y.Slice(2, 0, length/2+1)
		}
		c.set(0, y)
	}
}

// gridSample samples images at places. From version 20 on two modes have other names.
func gridSample(n *node) kernel {
	config := autograd.GridSampleConfig{
		Padding:      [...]autograd.GridPadding{autograd.GridZeros, autograd.GridBorder, autograd.GridReflection}[n.choice("padding_mode", "zeros", "border", "reflection")],
		AlignCorners: n.flag("align_corners", false),
	}
	names := []string{"bilinear", "nearest", "bicubic"}
	if n.version >= 20 {
		names = []string{"linear", "nearest", "cubic"}
	}
	config.Mode = [...]autograd.InterpolateMode{autograd.InterpolateLinear, autograd.InterpolateNearest, autograd.InterpolateCubic}[n.choice("mode", names...)]
	return func(c *call) {
		if len(c.value(0).Shape()) != 4 {
			unsupportedf("sampling of %s", c.in[0].describe())
		}
		grid := c.value(1).Shape()
		if len(grid) != 4 {
			failf("places are %s", c.in[1].describe())
		}
		c.room(c.in[0].Shape()[0], c.in[0].Shape()[1], grid[1], grid[2])
		c.set(0, autograd.GridSample(c.float(0), c.float(1), config))
	}
}
