package conv

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// depthwise is a convolution whose groups have one channel of images and of results, or a
// gradient of one: kernels go over the planes as they are. Its tasks run on several goroutines
// at once.
type depthwise[F simd.Float] struct {
	simd.Planes[F] // all of them
	batch          int
	bias           []F
	part           depthwisePart
	accumulate     bool
	relu           bool

	block, blocks int // channels that are computed at a time

	// For the gradient of weights, a task takes some of the blocks of some of the images.
	images, parts int
	share, shares int
	sums          []F // [parts, channels, kernel, lanes]
}

// depthwisePart is what is computed.
type depthwisePart int

const (
	depthwiseForward depthwisePart = iota
	depthwiseImages
	depthwiseSums
	depthwiseWeights // from sums
)

// planeBytes is the size of the planes that a task goes over column by column: they stay in the
// first-level cache.
const planeBytes = 24 << 10

// depthwise reports whether the convolution goes plane by plane.
func (s *Shape) depthwise() bool {
	axes := func(x [3]int) [2]int { return [2]int(x[1:]) }
	return s.Groups == s.In && s.Groups == s.Out && s.Size[0] == 1 && s.Count[0] == 1 && s.Kernel[0] == 1 && s.Padding[0] == 0 &&
		s.Dilation[1] == 1 && s.Dilation[2] == 1 && simd.PlanesFit(axes(s.Kernel), axes(s.Stride), axes(s.Padding)) &&
		s.Batch*s.In*volume(s.Size)*volume(s.Count) > 0
}

// planes starts a computation with planes.
func planes[F simd.Float](s *Shape, part depthwisePart, x, y, w []F) *depthwise[F] {
	t := get[F, depthwise[F]](&depthwises)
	t.batch, t.part = s.Batch, part
	t.Planes = simd.Planes[F]{
		N: s.In, Kernel: s.Kernel[2], Stride: s.Stride[2], Padding: [2]int(s.Padding[1:]),
		Size: [2]int(s.Size[1:]), Count: [2]int(s.Count[1:]), X: x, Y: y, W: w,
	}
	bytes := (volume(s.Size) + volume(s.Count)) * int(sizeOf[F]())
	t.block = evenly(s.In, max(1, planeBytes/bytes), 1)
	t.blocks = ceilDiv(s.In, t.block)
	return t
}

// work is the multiplications of a task of one image.
func (t *depthwise[F]) work() int {
	return t.block * t.Kernel * t.Kernel * t.Count[0] * t.Count[1] * int(sizeOf[F]()) / 4
}

// run computes it, and gives t back.
func (t *depthwise[F]) run() {
	parallel.For(t.batch*t.blocks, ceilDiv(taskWork, t.work()), t)
	t.done()
}

func (t *depthwise[F]) done() {
	t.Planes, t.bias, t.sums = simd.Planes[F]{}, nil, nil
	put[F](&depthwises, t)
}

// depthwiseInputGradient is InputGradient.
func depthwiseInputGradient[F simd.Float](s *Shape, x, y, w, bias []F, accumulate bool) {
	t := planes(s, depthwiseImages, x, y, w)
	t.bias, t.accumulate, t.relu = bias, accumulate, false
	if t.Stride == 2 {
		t.run()
		return
	}
	// It is a convolution with kernels that are turned around.
	turned := get[F, buffer[F]](&buffers)
	kernel := t.Kernel * t.Kernel
	t.W = turned.of(len(w))
	for i := range s.In {
		for k := range kernel {
			t.W[i*kernel+k] = w[i*kernel+kernel-1-k]
		}
	}
	t.part = depthwiseForward
	t.X, t.Y, t.Size, t.Count = t.Y, t.X, t.Count, t.Size
	t.Padding = [2]int{t.Kernel - 1 - t.Padding[0], t.Kernel - 1 - t.Padding[1]}
	t.run()
	put[F](&buffers, turned)
}

// depthwiseWeightGradient is WeightGradient.
func depthwiseWeightGradient[F simd.Float](s *Shape, w, x, y []F, accumulate bool) {
	t := planes(s, depthwiseSums, x, y, w)
	t.accumulate = accumulate
	want := min(wantTasks, max(1, t.work()*t.blocks*t.batch/taskWork))
	// A task reads what follows each other in memory, the longer the better; but sums of many
	// parts are many.
	row := t.Kernel * t.Kernel * simd.TapLanes[F]()
	parts := min(want, t.batch, max(1, t.batch*(volume(s.Size)+volume(s.Count))/(16*row)))
	t.images = ceilDiv(t.batch, parts)
	t.parts = ceilDiv(t.batch, t.images)
	t.share = ceilDiv(t.blocks, min(t.blocks, ceilDiv(want, t.parts)))
	t.shares = ceilDiv(t.blocks, t.share)
	sums := get[F, buffer[F]](&buffers)
	t.sums = sums.of(t.parts * s.In * row)
	parallel.Run(t.parts*t.shares, t)
	t.part = depthwiseWeights
	parallel.For(len(w), taskWork/(16*t.parts), t)
	put[F](&buffers, sums)
	t.done()
}

// DoRange convolves blocks of channels of images, or computes weights lo ≤ i < hi.
func (t *depthwise[F]) DoRange(lo, hi int) {
	if t.part == depthwiseWeights {
		t.weights(lo, hi)
		return
	}
	for i := lo; i < hi; i++ {
		first := i % t.blocks * t.block
		end := min(first+t.block, t.N)
		c := t.channels(i/t.blocks, first, end)
		var bias []F
		if t.bias != nil {
			bias = t.bias[first:end]
		}
		if t.part == depthwiseImages {
			c.Backward(bias, t.accumulate)
		} else {
			c.Forward(bias, t.accumulate, t.relu)
		}
	}
}

// channels is channels first ≤ i < end of an image.
func (t *depthwise[F]) channels(image, first, end int) simd.Planes[F] {
	c := t.Planes
	in, out, kernel := c.Size[0]*c.Size[1], c.Count[0]*c.Count[1], c.Kernel*c.Kernel
	c.N = end - first
	from, to := image*t.N+first, image*t.N+end
	c.X, c.Y, c.W = t.X[from*in:to*in], t.Y[from*out:to*out], t.W[first*kernel:end*kernel]
	return c
}

// Do adds up what the images of a part give to the sums of a share of the channels.
func (t *depthwise[F]) Do(i int) {
	part, share := i/t.shares, i%t.shares
	first := share * t.share * t.block
	end := min(first+t.share*t.block, t.N)
	row := t.Kernel * t.Kernel * simd.TapLanes[F]()
	sums := t.sums[part*t.N*row : (part+1)*t.N*row]
	clear(sums[first*row : end*row])
	for image := part * t.images; image < min((part+1)*t.images, t.batch); image++ {
		for channel := first; channel < end; channel += t.block {
			c := t.channels(image, channel, min(channel+t.block, end))
			if c.Next = c.N; channel+c.N == end {
				c.Next += t.N - (end - first) // in the next image
			}
			c.Sums(sums[channel*row:][:c.N*row])
		}
	}
}

// weights adds up the sums of weights lo ≤ i < hi.
func (t *depthwise[F]) weights(lo, hi int) {
	lanes := simd.TapLanes[F]()
	all := len(t.W) * lanes
	sums := t.sums[lo*lanes : hi*lanes]
	for part := 1; part < t.parts; part++ {
		simd.Add(sums, sums, t.sums[part*all+lo*lanes:part*all+hi*lanes])
	}
	for i := lo; i < hi; i++ {
		v := sum(sums[(i-lo)*lanes:][:lanes])
		if t.accumulate {
			v += t.W[i]
		}
		t.W[i] = v
	}
}
