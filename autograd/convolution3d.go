package autograd

import "fmt"

// Conv3dConfig configures [Conv3d]. Triples are for depth, height and width. The zero value
// is a convolution with stride 1 and without padding.
type Conv3dConfig struct {
	Stride   [3]int // 0 means 1
	Padding  [3]int
	Dilation [3]int // 0 means 1
	Groups   int    // parts the channels are divided into, convolved each by itself; 0 means 1
}

// flat is the configuration of the convolution of each frame.
func (c Conv3dConfig) flat() ConvConfig {
	last := func(triple [3]int) [2]int { return [2]int{triple[1], triple[2]} }
	return ConvConfig{Stride: last(c.Stride), Padding: last(c.Padding), Dilation: last(c.Dilation), Groups: c.Groups}
}

// Conv3d is the convolution of volumes x [batch, in, depth, height, width] with weights w
// [out, in/groups, kernel depth, kernel height, kernel width], with bias b [out] or the zero
// Variable for none; see [Conv2d], of which it is a sum over the kernel's depth. The result
// is [batch, out, od, oh, ow]. It panics as Conv2d does.
func Conv3d(x, w, b Variable, config Conv3dConfig) Variable {
	const name = "conv3d"
	in, wn := x.check(name), w.check(name)
	unfoldOp.same(in, wn)
	if len(in.Shape) != 5 || len(wn.Shape) != 5 {
		panic(&ShapeError{name, shapesOf(in, wn), "expected x [batch, in, depth, height, width] and w [out, in/groups, kernel depth, kernel height, kernel width]"})
	}
	stride, padding, dilation, kernel := max(1, config.Stride[0]), config.Padding[0], max(1, config.Dilation[0]), wn.Shape[2]
	if config.Stride[0] < 0 || padding < 0 || config.Dilation[0] < 0 || kernel < 1 {
		panic(&ValueError{name, fmt.Sprintf("%+v has a size that is not positive, or a negative padding", config)})
	}
	room := in.Shape[2] + 2*padding - dilation*(kernel-1) - 1
	if room < 0 {
		panic(&ShapeError{name, shapesOf(in, wn), "the kernel is larger than the volume with its padding"})
	}
	joinBias(name, &x, &w, &b, wn.Shape[0])
	batch, count := in.Shape[0], room/stride+1
	if padding > 0 {
		x = x.Pad(0, [2]int{}, [2]int{}, [2]int{padding, padding}, [2]int{}, [2]int{})
	}
	var sum Variable
	for k := range kernel {
		first := k * dilation
		frames := x.SliceStep(2, first, first+(count-1)*stride+1, stride).Permute(0, 2, 1, 3, 4)
		frames = frames.Reshape(batch*count, in.Shape[1], in.Shape[3], in.Shape[4])
		sum = addTangents(sum, Conv2d(frames, w.Slice(2, k, k+1).Squeeze(2), Variable{}, config.flat()))
	}
	y := sum.Reshape(batch, count, wn.Shape[0], sum.Dim(2), sum.Dim(3)).Permute(0, 2, 1, 3, 4)
	if b.n == nil {
		return y
	}
	return y.Add(b.Reshape(-1, 1, 1, 1))
}
