package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Normalizations.
var normalizationOperators = family{"Normalization", []operator{
	{name: "BatchNormalization", since: 1, in: span{5, 5}, out: span{1, 5}, make: batchNormalization, running: []int{3, 4}, impure: true,
		note: "in training as the tape says; no spatial 0, no outputs of statistics before version 14"},
	{name: "InstanceNormalization", since: 1, in: three, make: instanceNormalization},
	{name: "LayerNormalization", since: 17, in: span{2, 3}, out: span{1, 3}, make: layerNormalization},
	{name: "GroupNormalization", since: 18, in: three, make: groupNormalization},
	{name: "RMSNormalization", since: 23, in: two, make: rmsNormalization},
	{name: "LpNormalization", since: 1, in: one, make: lpNormalization},
	{name: "LRN", since: 1, in: one, make: localResponse},
	{name: "MeanVarianceNormalization", since: 9, in: one, make: meanVariance},
}}

// training reports whether the tape is in training mode, unless the model is for inference only.
func (r *run) training() bool {
	return r.tape != nil && r.tape.Training() && !r.model.config.Inference
}

// batchNormalization normalizes by the running statistics, inputs 3 and 4, or in training by
// those of the batch. Where the tape is in training mode and the running statistics are
// initializers, they move as PyTorch's do: by 1−momentum, the variance corrected by n/(n−1).
// With attribute training_mode the node itself gives moved statistics, and the variance is not
// corrected.
func batchNormalization(n *node) kernel {
	n.ignore("is_test", "consumed_inputs")
	eps, momentum := n.float("epsilon", 1e-5), n.float("momentum", 0.9)
	always := n.flag("training_mode", false)
	if !n.flag("spatial", true) {
		unsupportedf("attribute spatial 0")
	}
	if !always && len(n.outputs) > 1 && n.version < 14 {
		for i := 1; i < len(n.outputs); i++ {
			if n.wants(i) {
				unsupportedf("outputs of statistics before version 14")
			}
		}
	}
	if len(n.outputs) > 1 && n.version >= 14 && !always {
		failf("there are %d outputs, expected one without training_mode", len(n.outputs))
	}
	return func(c *call) {
		x, weight, bias := c.float(0), c.float(1), c.float(2)
		switch {
		case x.Rank() < 2:
			failf("input 0 is %s, expected batch and channels", c.in[0].describe())
		case !always && !c.training():
			c.set(0, autograd.BatchNorm(x, weight, bias, autograd.BatchNormConfig{Eps: eps, Mean: c.float(3), Var: c.float(4)}))
			return
		}
		y, mean, variance := autograd.BatchNormStats(x, weight, bias, eps)
		c.set(0, y)
		count := x.Size() / max(1, x.Dim(1))
		if c.training() && count > 1 {
			c.track(3, mean, 1-momentum, 1)
			c.track(4, variance, 1-momentum, float64(count)/float64(count-1))
		}
		if always {
			c.set(1, c.float(3).MulScalar(momentum).Add(mean.MulScalar(1-momentum)))
			c.set(2, c.float(4).MulScalar(momentum).Add(variance.MulScalar(1-momentum)))
		}
	}
}

// track moves input i, if it is a buffer, towards factor times what there is now.
func (c *call) track(i int, now autograd.Variable, share, factor float64) {
	buffer, ok := c.model.buffers[c.node.inputs[i]]
	if !ok {
		return
	}
	c.tape.Assign(buffer, c.tape.Current(buffer).MulScalar(1-share).Add(now.MulScalar(share*factor)))
}

func instanceNormalization(n *node) kernel {
	n.ignore("consumed_inputs")
	eps := n.float("epsilon", 1e-5)
	return func(c *call) {
		x := c.float(0)
		c.spatial(0)
		c.set(0, autograd.GroupNorm(x, x.Dim(1), c.float(1), c.float(2), eps))
	}
}

// groupNormalization has scale and bias for each group in versions 18 to 20, and for each
// channel from version 21 on.
func groupNormalization(n *node) kernel {
	eps, groups := n.float("epsilon", 1e-5), n.needInt("num_groups")
	n.ignore("stash_type") // computed in single precision or better in any case
	return func(c *call) {
		x, weight, bias := c.float(0), c.float(1), c.float(2)
		c.spatial(0)
		channels := x.Dim(1)
		if groups < 1 || channels%groups != 0 {
			failf("%d channels in %d groups", channels, groups)
		}
		if n.version < 21 && weight.Size() == groups && bias.Size() == groups {
			each := func(v autograd.Variable) autograd.Variable {
				return v.Reshape(groups, 1).BroadcastTo(groups, channels/groups).Reshape(channels)
			}
			weight, bias = each(weight), each(bias)
		}
		c.set(0, autograd.GroupNorm(x, groups, weight, bias, eps))
	}
}

// layerNormalization is over all axes from the given one on. Scale and bias broadcast to them.
// Mean and one over the standard deviation are further results.
func layerNormalization(n *node) kernel {
	axis, eps := n.int("axis", -1), n.float("epsilon", 1e-5)
	n.ignore("stash_type")
	return layerNormalizationFrom(axis, eps)
}

func layerNormalizationFrom(axis int, eps float64) kernel {
	return func(c *call) {
		x := c.float(0)
		shape := slices.Clone(x.Shape())
		axis := axisOf(axis, len(shape))
		weight, bias := c.over(shape[axis:], 1), c.over(shape[axis:], 2)
		c.set(0, autograd.LayerNorm(x, weight, bias, eps))
		if !c.node.wants(1) && !c.node.wants(2) {
			return
		}
		var axes []int
		for i := axis; i < len(shape); i++ {
			axes = append(axes, i)
			shape[i] = 1
		}
		variance, mean := x.VarMean(0, axes...)
		c.set(1, mean.Reshape(shape...))
		c.set(2, variance.AddScalar(eps).Rsqrt().Reshape(shape...))
	}
}

// over is input i broadcast to a shape, the zero Variable if it was left out.
func (c *call) over(shape []int, i int) autograd.Variable {
	v := c.optional(i)
	if none := (autograd.Variable{}); v == none || slices.Equal(v.Shape(), shape) {
		return v
	}
	if together := c.broadcast(v.Shape(), shape); !slices.Equal(together, shape) {
		failf("input %d is %s, expected what broadcasts to %v", i, c.in[i].describe(), shape)
	}
	return v.BroadcastTo(shape...)
}

func rmsNormalization(n *node) kernel {
	axis, eps := n.int("axis", -1), n.float("epsilon", 1e-5)
	n.ignore("stash_type")
	return func(c *call) {
		x := c.float(0)
		axis := axisOf(axis, x.Rank())
		c.set(0, autograd.RMSNorm(x, c.over(x.Shape()[axis:], 1), eps))
	}
}

// lpNormalization divides by the norm along an axis.
func lpNormalization(n *node) kernel {
	axis, p := n.int("axis", -1), n.int("p", 2)
	if p != 1 && p != 2 {
		failf("attribute p is %d, expected 1 or 2", p)
	}
	return func(c *call) {
		x := c.float(0)
		axis := axisOf(axis, x.Rank())
		c.set(0, x.Div(x.NormP(float64(p), axis).Unsqueeze(axis)))
	}
}

// localResponse is x/(bias + alpha/size·Σx²)^beta, the sum over size channels around each.
func localResponse(n *node) kernel {
	alpha, beta, bias := n.float("alpha", 1e-4), n.float("beta", 0.75), n.float("bias", 1)
	size := n.needInt("size")
	if size < 1 || size > maxElements {
		failf("attribute size is %d", size)
	}
	return func(c *call) {
		x := c.float(0)
		rest := product(c.spatial(0))
		shape := []int{x.Dim(0), x.Dim(1), rest}
		c.room(shape[0], shape[1]+size, rest)
		front := (size - 1) / 2
		squares := x.Square().Reshape(shape...).Pad(0, [2]int{}, [2]int{front, size - 1 - front}, [2]int{})
		means := squares.AvgPool(autograd.AvgPoolConfig{Kernel: []int{size, 1}, Stride: []int{1, 1}})
		c.set(0, x.Mul(means.Reshape(x.Shape()...).MulScalar(alpha).AddScalar(bias).PowScalar(-beta)))
	}
}

// meanVariance is (x − mean)/(standard deviation + 1e-9) over axes.
func meanVariance(n *node) kernel {
	axes := n.ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	return func(c *call) {
		x := c.float(0)
		axes := axesOf(axes, x.Rank())
		shape := slices.Clone(x.Shape())
		for _, axis := range axes {
			shape[axis] = 1
		}
		variance, mean := x.VarMean(0, axes...)
		deviation := variance.Reshape(shape...).Sqrt().AddScalar(1e-9)
		c.set(0, x.Sub(mean.Reshape(shape...)).Div(deviation))
	}
}

// Dropout, whose mode is the tape's.
var dropoutOperators = family{"Dropout", []operator{
	{name: "Dropout", since: 1, in: one, out: oneOrTwo, make: dropoutByAttribute, impure: true, typed: true},
	{name: "Dropout", since: 12, in: span{1, 3}, out: oneOrTwo, make: dropout, plain: []int{1}, impure: true, typed: true,
		note: "drops where the tape is in training mode, or input training_mode is true"},
}}

func dropoutByAttribute(n *node) kernel {
	ratio := n.float("ratio", 0.5)
	n.ignore("is_test", "consumed_inputs")
	return func(c *call) {
		kept := c.drop(ratio, c.training(), 0, false)
		if n.version < 10 { // the mask was of the input's type
			c.setNumbers(1, c.value(0).dtype, kept.Floats(), kept.Shape())
			return
		}
		c.setHost(1, kept)
	}
}

func dropout(n *node) kernel {
	seed, seeded := n.int("seed", 0), n.hasAttribute("seed")
	return func(c *call) {
		asked := c.has(2) && c.bools(2).Len() == 1 && c.bools(2).At(0) != 0
		c.setHost(1, c.drop(c.number(1, 0.5), asked || c.training(), uint32(seed), asked && seeded && !c.training()))
	}
}

// drop makes input 0, with elements dropped if active, result 0, and returns which are kept.
// Chance comes from the tape, or if seeded from the generator of the standard's reference.
func (c *call) drop(ratio float64, active bool, seed uint32, seeded bool) (kept *host.Array) {
	v := c.value(0)
	ones := host.Bytes([]uint8{1}).BroadcastTo(v.Shape())
	if !active || ratio == 0 {
		c.setValue(0, v)
		return ones
	}
	if !(ratio > 0 && ratio < 1) {
		failf("the ratio is %v, expected a number from 0 to below 1", ratio)
	}
	x := c.float(0)
	if seeded {
		bits := mersenneTwister(seed)
		mask := make([]float64, x.Size())
		for i := range mask {
			if bits.float() >= ratio {
				mask[i] = 1
			}
		}
		kept = host.FromFloats(host.Bool, mask, v.Shape()...)
		c.setValue(0, Value{dtype: v.dtype, float: x.Mul(c.numbersOf(x.DType(), mask, v.Shape())).DivScalar(1 - ratio)})
		return kept
	}
	if c.tape == nil {
		failf("dropping elements needs a tape for its random numbers")
	}
	drawn := c.tape.Rand().Uint64()
	c.setValue(0, Value{dtype: v.dtype, float: autograd.Dropout(x, ratio, drawn)})
	if !c.node.wants(1) {
		return ones
	}
	return truth(autograd.Dropout(autograd.Ones(x.DType(), x.Shape()...), ratio, drawn), v.Shape())
}
