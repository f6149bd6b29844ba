package onnx

import (
	"cmp"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// What detectors of objects need.
var detectionOperators = family{"Detection", []operator{
	{name: "NonMaxSuppression", since: 10, in: span{2, 5}, make: nonMaxSuppression, plain: []int{3, 4}, note: "no gradient"},
	{name: "RoiAlign", since: 10, in: three, make: roiAlignBefore16, plain: []int{1}},
	{name: "RoiAlign", since: 16, in: three, make: roiAlign, plain: []int{1}},
}}

// box is a box with low and high ends.
type box struct{ top, left, bottom, right float64 }

func (b box) area() float64 { return (b.bottom - b.top) * (b.right - b.left) }

// overlap is the quotient of the areas of what both boxes have and of what one of them has.
func (b box) overlap(o box) float64 {
	height := min(b.bottom, o.bottom) - max(b.top, o.top)
	width := min(b.right, o.right) - max(b.left, o.left)
	if height <= 0 || width <= 0 {
		return 0
	}
	return height * width / (b.area() + o.area() - height*width)
}

// nonMaxSuppression is the indices [batch, class, box] of the best boxes [batch, boxes, 4] by
// scores [batch, classes, boxes], without those that overlap a better one by more than a
// limit.
func nonMaxSuppression(n *node) kernel {
	centre := n.flag("center_point_box", false)
	return func(c *call) {
		boxes, scores := c.float(0), c.float(1)
		if boxes.Rank() != 3 || scores.Rank() != 3 || boxes.Dim(2) != 4 || boxes.Dim(0) != scores.Dim(0) || boxes.Dim(1) != scores.Dim(2) {
			failf("inputs are %s and %s, expected [batch, boxes, 4] and [batch, classes, boxes]", c.in[0].describe(), c.in[1].describe())
		}
		most := 0
		if c.has(2) {
			most = c.int(2)
		}
		limit, least := c.number(3, 0), c.number(4, math.Inf(-1))
		count, classes := boxes.Dim(1), scores.Dim(1)
		all, marks := boxesOf(boxes.Floats(), centre), scores.Floats()
		var found []int64
		for batch := range boxes.Dim(0) {
			for class := range classes {
				own := marks[(batch*classes+class)*count:][:count]
				for _, i := range suppress(all[batch*count:][:count], own, most, limit, least) {
					found = append(found, int64(batch), int64(class), int64(i))
				}
			}
		}
		c.setHost(0, host.New(found, len(found)/3, 3))
	}
}

// boxesOf is boxes of numbers: y, x, y, x of opposite corners, or centre, width and height.
func boxesOf(numbers []float64, centre bool) []box {
	boxes := make([]box, len(numbers)/4)
	for i := range boxes {
		b := numbers[4*i:]
		if centre {
			boxes[i] = box{b[1] - b[3]/2, b[0] - b[2]/2, b[1] + b[3]/2, b[0] + b[2]/2}
			continue
		}
		boxes[i] = box{min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])}
	}
	return boxes
}

// suppress is the indices of at most so many boxes with scores above the least, the best first,
// which overlap no better one by more than a limit.
func suppress(boxes []box, scores []float64, most int, limit, least float64) []int {
	var order, kept []int
	for i, score := range scores {
		if score > least {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(scores[j], scores[i]) })
	for _, i := range order {
		if len(kept) >= most {
			break
		}
		if !slices.ContainsFunc(kept, func(k int) bool { return boxes[i].overlap(boxes[k]) > limit }) {
			kept = append(kept, i)
		}
	}
	return kept
}

func roiAlignBefore16(n *node) kernel { return regions(n, 0) }

// roiAlign has an attribute that says whether places are those of the middle of elements.
func roiAlign(n *node) kernel {
	offset := 0.5
	if n.choice("coordinate_transformation_mode", "half_pixel", "output_half_pixel") == 1 {
		offset = 0
	}
	return regions(n, offset)
}

// regions is the mean, or the maximum, of places in each of height·width parts of each region
// of images [batch, channels, …] (He et al. 2017).
func regions(n *node, offset float64) kernel {
	greatest := n.choice("mode", "avg", "max") == 1
	height, width := n.int("output_height", 1), n.int("output_width", 1)
	ratio, scale := n.int("sampling_ratio", 0), n.float("spatial_scale", 1)
	if height < 1 || width < 1 || ratio < 0 {
		failf("results of %d by %d with %d samples", height, width, ratio)
	}
	return func(c *call) {
		x, rois, batches := c.float(0), c.numbers(1), c.ints(2)
		if x.Rank() != 4 || len(rois) != 4*len(batches) {
			failf("inputs are %s, %s and %s, expected [batch, channels, height, width], [regions, 4] and [regions]", c.in[0].describe(), c.in[1].describe(), c.in[2].describe())
		}
		c.room(len(batches), x.Dim(1), height, width)
		if len(batches) == 0 {
			c.set(0, c.full(x.DType(), 0, 0, x.Dim(1), height, width))
			return
		}
		results := make([]autograd.Variable, len(batches))
		for i, batch := range batches {
			if batch < 0 || batch >= x.Dim(0) {
				failf("region %d is of image %d of %d", i, batch, x.Dim(0))
			}
			r := region{c: c, x: x.Slice(0, batch, batch+1), offset: offset, ratio: ratio, greatest: greatest}
			for k := range r.ends {
				r.ends[k] = rois[4*i+k]*scale - offset
			}
			results[i] = r.align(height, width)
		}
		c.set(0, autograd.Concat(0, results...))
	}
}

// region is a region of an image.
type region struct {
	c        *call
	x        autograd.Variable // [1, channels, height, width]
	ends     [4]float64        // left, top, right, bottom
	offset   float64
	ratio    int // samples along each axis of a part; 0 for what the size asks for
	greatest bool
}

// align computes the parts of a region, [1, channels, height, width].
func (r *region) align(height, width int) autograd.Variable {
	rows, down := r.samples(r.ends[1], r.ends[3], height)
	columns, across := r.samples(r.ends[0], r.ends[2], width)
	r.c.room(r.x.Dim(1), len(rows), len(columns))
	channels := r.x.Dim(1)
	parts := func(y autograd.Variable) autograd.Variable {
		return y.Reshape(1, channels, height, down, width, across)
	}
	if !r.greatest {
		// The weights of two axes are products, and so is the mean.
		y := r.between(r.between(r.x, 2, rows), 3, columns)
		return parts(y).Mean(3, 5)
	}
	// The greatest of the four weighted neighbours of all samples, as the reference has it.
	var y autograd.Variable
	for _, v := range []bool{false, true} {
		for _, h := range []bool{false, true} {
			z := r.neighbour(r.neighbour(r.x, 2, rows, v), 3, columns, h)
			if y == (autograd.Variable{}) {
				y = z
			} else {
				y = y.Maximum(z)
			}
		}
	}
	return parts(y).Max(3, 5)
}

// samples is the places of the samples of n parts from low to high, and how many each has.
func (r *region) samples(low, high float64, n int) (places []float64, each int) {
	size := high - low
	if r.offset == 0 {
		size = max(size, 1)
	}
	part := size / float64(n)
	each = r.ratio
	if each == 0 {
		each = max(int(min(math.Ceil(part), maxElements)), 1)
	}
	r.c.room(n, each)
	for i := range n {
		for k := range each {
			places = append(places, low+float64(i)*part+(float64(k)+0.5)*part/float64(each))
		}
	}
	return places, each
}

// neighbour is the elements before or after places along an axis, times their weights. Places
// far outside have weight 0.
func (r *region) neighbour(x autograd.Variable, axis int, places []float64, after bool) autograd.Variable {
	size := x.Dim(axis)
	index, weights := make([]int, len(places)), make([]float64, len(places))
	for i, at := range places {
		if at < -1 || at > float64(size) || math.IsNaN(at) {
			continue
		}
		at = min(max(at, 0), float64(size-1))
		low := int(at)
		index[i], weights[i] = low, 1-(at-float64(low))
		if after {
			index[i], weights[i] = min(low+1, size-1), at-float64(low)
		}
	}
	w := r.c.numbersOf(x.DType(), weights, axisShape(4, axis, len(places)))
	return x.IndexSelect(axis, index).Mul(w)
}

// between is x at places between elements along an axis, linearly.
func (r *region) between(x autograd.Variable, axis int, places []float64) autograd.Variable {
	return r.neighbour(x, axis, places, false).Add(r.neighbour(x, axis, places, true))
}
