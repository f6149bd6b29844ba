package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Resizing, one axis after the other: what package autograd has too is that, the rest is
// picked or multiplied with a matrix of weights.
var resizeOperators = family{"Resizing", []operator{
	{name: "Upsample", since: 7, in: one, make: upsampleByAttribute, last: 8},
	{name: "Upsample", since: 9, last: 9, in: two, make: upsample, plain: []int{1}},
	{name: "Resize", since: 10, in: two, make: upsample, plain: []int{1}},
	{name: "Resize", since: 11, in: span{1, 4}, make: resize, plain: []int{1, 2}},
}}

// resizer is the attributes of a node that resizes.
type resizer struct {
	mode         int // of modes
	place        int // of places
	nearest      int // of roundings
	cubic        float64
	exclude      bool // weights of elements beyond an edge are left out
	antialias    bool
	extrapolated float64 // what is outside the region of interest
	axes         []int   // nil for all
	policy       int     // of policies
}

var (
	resizeModes    = []string{"nearest", "linear", "cubic"}
	resizePlaces   = []string{"half_pixel", "asymmetric", "pytorch_half_pixel", "align_corners", "tf_half_pixel_for_nn", "tf_crop_and_resize", "half_pixel_symmetric"}
	roundings      = []string{"round_prefer_floor", "floor", "ceil", "round_prefer_ceil"}
	resizePolicies = []string{"stretch", "not_larger", "not_smaller"}
)

const (
	modeNearest, modeLinear, modeCubic = 0, 1, 2

	placeHalfPixel, placeAsymmetric, placePyTorch, placeCorners, placeTensorFlow, placeCrop, placeSymmetric = 0, 1, 2, 3, 4, 5, 6

	preferFloor, roundFloor, roundCeil, preferCeil = 0, 1, 2, 3
)

// simpleResizer is the one of operators before version 11.
func simpleResizer(n *node) *resizer {
	mode := slices.Index([]string{"nearest", "linear", "bilinear"}, n.text("mode", "nearest"))
	if mode < 0 {
		failf("attribute mode is %q, expected nearest or linear", n.text("mode", "nearest"))
	}
	return &resizer{mode: min(mode, modeLinear), place: placeAsymmetric, nearest: roundFloor}
}

func upsampleByAttribute(n *node) kernel {
	r := simpleResizer(n)
	var scales []float64
	for _, s := range n.floats("scales") {
		scales = append(scales, float64(s))
	}
	return func(c *call) { c.resize(r, nil, scales, nil) }
}

func upsample(n *node) kernel {
	r := simpleResizer(n)
	return func(c *call) { c.resize(r, nil, c.numbers(1), nil) }
}

func resize(n *node) kernel {
	r := &resizer{
		mode: n.choice("mode", resizeModes...), place: n.choice("coordinate_transformation_mode", resizePlaces...),
		nearest: n.choice("nearest_mode", roundings...), cubic: n.float("cubic_coeff_a", -0.75),
		exclude: n.flag("exclude_outside", false), antialias: n.flag("antialias", false),
		extrapolated: n.float("extrapolation_value", 0), axes: n.ints("axes"),
		policy: n.choice("keep_aspect_ratio_policy", resizePolicies...),
	}
	return func(c *call) {
		var region, scales []float64
		if r.place == placeCrop {
			region = c.numbers(1)
		}
		if c.has(2) && c.in[2].Size() > 0 {
			scales = c.numbers(2)
		}
		sizes := c.intsOr(3)
		if (scales == nil) == (len(sizes) == 0) {
			failf("there are %d scales and %d sizes, expected one of both", len(scales), len(sizes))
		}
		c.resize(r, region, scales, sizes)
	}
}

// resizedAxis is how an axis is resized.
type resizedAxis struct {
	axis, in, out int
	scale         float64
	start, end    float64 // of the region of interest, as parts of the axis
}

// resize resizes input 0 by scales or to sizes.
func (c *call) resize(r *resizer, region, scales []float64, sizes []int) {
	v := c.value(0)
	x := v.float
	if v.ints != nil {
		x = newVariable(v.ints.Floats(), v.Shape())
	}
	x = c.onTape(x)
	var outside autograd.Variable // where the result is beyond the region, if it is
	list := r.plan(x.Shape(), region, scales, sizes)
	shape := slices.Clone(x.Shape())
	for _, a := range list {
		shape[a.axis] = a.out
		c.room(shape...)
	}
	if slices.Contains(shape, 0) || x.Size() == 0 {
		if x.Size() == 0 && !slices.Contains(shape, 0) {
			failf("%s cannot be resized to %v", v.describe(), shape)
		}
		c.setResized(v, c.full(x.DType(), 0).BroadcastTo(shape...))
		return
	}
	if y, ok := r.asInterpolation(x, list); ok {
		c.setResized(v, y)
		return
	}
	for _, a := range list {
		if a.in == a.out && a.scale == 1 && r.place != placeCrop {
			continue
		}
		x = r.along(c, x, a)
		if beyond := r.beyond(c, a, x.DType(), x.Rank()); beyond != (autograd.Variable{}) {
			if outside != (autograd.Variable{}) {
				beyond = beyond.Maximum(outside)
			}
			outside = beyond
		}
	}
	if outside != (autograd.Variable{}) {
		x = autograd.Where(outside, c.full(x.DType(), r.extrapolated), x)
	}
	c.setResized(v, x)
}

// setResized makes y the result, of integers if the input is of these.
func (c *call) setResized(v Value, y autograd.Variable) {
	if v.ints != nil {
		c.setNumbers(0, v.dtype, y.Floats(), y.Shape())
		return
	}
	c.set(0, y)
}

// plan says how each axis is resized.
func (r *resizer) plan(shape []int, region, scales []float64, sizes []int) []resizedAxis {
	axes := r.axes
	if axes == nil {
		axes = firstAxes(len(shape))
	}
	n := len(axes)
	if scales != nil && len(scales) != n || scales == nil && len(sizes) != n || region != nil && len(region) != 2*n {
		failf("there are %d scales, %d sizes and %d ends of regions for %d axes", len(scales), len(sizes), len(region), n)
	}
	list := make([]resizedAxis, n)
	for i, axis := range axes {
		a := resizedAxis{axis: axisOf(axis, len(shape)), end: 1}
		a.in = shape[a.axis]
		if region != nil {
			a.start, a.end = region[i], region[n+i]
		}
		if scales != nil {
			size := math.Floor(float64(a.in) * scales[i] * (a.end - a.start))
			if !(scales[i] > 0) || !(size >= 0 && size <= maxElements) {
				failf("scale %v of an axis of %d", scales[i], a.in)
			}
			a.scale, a.out = scales[i], int(size)
		} else if sizes[i] < 0 || sizes[i] > maxElements {
			failf("size %d", sizes[i])
		} else {
			a.out = sizes[i]
			a.scale = float64(a.out) / float64(a.in)
		}
		list[i] = a
	}
	if r.policy != 0 && scales == nil {
		r.keepRatio(list)
	}
	return list
}

// keepRatio makes all scales the least of them, or the greatest.
func (r *resizer) keepRatio(list []resizedAxis) {
	scale := list[0].scale
	for _, a := range list {
		if r.policy == 1 {
			scale = min(scale, a.scale)
		} else {
			scale = max(scale, a.scale)
		}
	}
	for i := range list {
		list[i].scale = scale
		list[i].out = int(min(math.Round(scale*float64(list[i].in)), maxElements))
	}
}

// asInterpolation resizes as autograd.Variable.Interpolate does, where that is the same.
func (r *resizer) asInterpolation(x autograd.Variable, list []resizedAxis) (autograd.Variable, bool) {
	config := autograd.InterpolateConfig{Mode: autograd.InterpolateMode(r.mode), AlignCorners: r.place == placeCorners}
	switch {
	case x.Rank() < 3 || len(list) != x.Rank() || r.exclude || r.antialias || r.cubic != -0.75 && r.mode == modeCubic:
		return x, false
	case r.mode == modeNearest && (r.place != placeAsymmetric || r.nearest != roundFloor):
		return x, false
	case r.mode != modeNearest && r.place != placeHalfPixel && r.place != placeCorners:
		return x, false
	}
	for i, a := range list {
		if float64(a.out) != float64(a.in)*a.scale || i < 2 && a.in != a.out {
			return x, false
		}
		if r.mode == modeNearest && a.out%a.in != 0 {
			return x, false // ⌊i·in/out⌋ and ⌊i/scale⌋ may differ by rounding
		}
		if i >= 2 {
			config.Size = append(config.Size, a.out)
		}
	}
	return x.Interpolate(config), true
}

// at is the place of element i of the result on the axis.
func (r *resizer) at(a resizedAxis, i int) float64 {
	x, in, out := float64(i), float64(a.in), float64(a.in)*a.scale // the size before it was rounded
	switch r.place {
	case placeAsymmetric:
		return x / a.scale
	case placePyTorch:
		if a.out == 1 {
			return 0
		}
	case placeCorners:
		if a.out == 1 {
			return 0
		}
		return x * (in - 1) / (out - 1)
	case placeTensorFlow:
		return (x + 0.5) / a.scale
	case placeCrop:
		if a.out == 1 {
			return 0.5 * (a.start + a.end) * (in - 1)
		}
		return a.start*(in-1) + x*(a.end-a.start)*(in-1)/(out-1)
	case placeSymmetric:
		return in/2*(1-out/(in*a.scale)) + (x+0.5)/a.scale - 0.5
	}
	return (x+0.5)/a.scale - 0.5
}

// beyond is 1 where elements along an axis are outside x, [1, …, out, …, 1], the zero Variable
// if that does not matter.
func (r *resizer) beyond(c *call, a resizedAxis, dtype autograd.DType, rank int) autograd.Variable {
	if r.place != placeCrop {
		return autograd.Variable{}
	}
	mask, shape := make([]float64, a.out), make([]int, rank)
	for i := range mask {
		if at := r.at(a, i); at < 0 || at > float64(a.in-1) {
			mask[i] = 1
		}
	}
	for i := range shape {
		shape[i] = 1
	}
	shape[a.axis] = a.out
	return c.numbersOf(dtype, mask, shape)
}

// along resizes one axis.
func (r *resizer) along(c *call, x autograd.Variable, a resizedAxis) autograd.Variable {
	if r.mode == modeNearest {
		index := make([]int, a.out)
		for i := range index {
			index[i] = int(min(max(r.round(r.at(a, i)), 0), float64(a.in-1)))
		}
		return x.IndexSelect(a.axis, index)
	}
	c.room(a.in, a.out)
	weights := make([]float64, a.in*a.out) // [in, out]
	for i := range a.out {
		first, taps := r.taps(a, r.at(a, i))
		for k, w := range taps {
			weights[min(max(first+k, 0), a.in-1)*a.out+i] += w
		}
	}
	perm, back := toEnd(x.Rank(), a.axis)
	shape := reorder(x.Shape(), perm)
	rows := x.Permute(perm...).Reshape(host.SizeOf(shape[:len(shape)-1]), a.in)
	shape[len(shape)-1] = a.out
	return rows.MatMul(c.numbersOf(x.DType(), weights, []int{a.in, a.out})).Reshape(shape...).Permute(back...)
}

func (r *resizer) round(x float64) float64 {
	switch r.nearest {
	case roundFloor:
		return math.Floor(x)
	case roundCeil:
		return math.Ceil(x)
	case preferCeil:
		return math.Floor(x + 0.5)
	}
	return math.Ceil(x - 0.5)
}

// taps is the weights of elements from the first on for the place x. With antialiasing the
// filter is as wide as an element of the result.
func (r *resizer) taps(a resizedAxis, x float64) (first int, weights []float64) {
	filter, reach := tent, 1.0
	if r.mode == modeCubic {
		filter, reach = keys(r.cubic), 2
	}
	width := 1.0
	if r.antialias && a.scale < 1 {
		width = 1 / a.scale
	}
	first = int(math.Floor(x-reach*width)) + 1
	sum := 0.0
	for k := first; float64(k) < x+reach*width; k++ {
		w := filter(math.Abs(float64(k)-x) / width)
		if (r.exclude || r.antialias) && (k < 0 || k >= a.in) {
			w = 0
		}
		weights = append(weights, w)
		sum += w
	}
	if sum != 0 && (r.exclude || r.antialias) {
		for k := range weights {
			weights[k] /= sum
		}
	}
	return first, weights
}

// tent is 1−d within 1.
func tent(d float64) float64 { return max(1-d, 0) }

// keys is the cubic convolution of Keys (1981) with parameter a.
func keys(a float64) func(d float64) float64 {
	return func(d float64) float64 {
		switch {
		case d <= 1:
			return ((a+2)*d-(a+3))*d*d + 1
		case d < 2:
			return ((a*d-5*a)*d+8*a)*d - 4*a
		}
		return 0
	}
}
