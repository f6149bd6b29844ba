package operations

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// images are shapes of images, overlapping are windows on them.
var (
	images      = [][][]int{{{2, 1, 4, 3}}, {{1, 2, 3, 3}}}
	overlapping = autograd.Window{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [2]int{1, 0}}
)

// What layers are made of.
var layers = []Row{
	{Name: "Variable.Unfold", F: of(func(x v) v { return x.Unfold(overlapping) }), Shapes: images},
	{Name: "Variable.Fold", F: of(func(x v) v { return x.Fold(4, 3, overlapping) }), Shapes: [][][]int{{{2, 6, 4}}, {{1, 12, 4}}}},
	{Name: "Conv1d", F: func(xs []v) v {
		return autograd.Conv1d(xs[0], xs[1], xs[2], autograd.ConvConfig{Stride: [2]int{0, 2}, Padding: [2]int{0, 1}})
	}, Shapes: [][][]int{{{2, 2, 5}, {3, 2, 3}, {3}}}, Reference: "conv1d"},
	{Name: "Conv2d", F: func(xs []v) v {
		config := autograd.ConvConfig{Padding: [2]int{1, 0}, Dilation: [2]int{1, 2}, Groups: 2}
		if xs[0].Rank() == 4 && xs[0].Dim(0) > 2 { // enough to be pooled one by one
			config.ReLU, config.MaxPool = true, autograd.MaxPoolConfig{Kernel: []int{2, 1}, Stride: []int{1, 1}, Padding: []int{1, 0}}
		}
		return autograd.Conv2d(xs[0], xs[1], xs[2], config)
	}, Shapes: [][][]int{{{2, 2, 3, 3}, {4, 1, 2, 2}, {4}}, {{1, 2, 3, 4}, {4, 1, 2, 2}, {4}}, {{5, 2, 2, 3}, {2, 1, 2, 2}, {2}}}, Reference: "conv2d"},
	{Name: "Conv3d", F: func(xs []v) v {
		return autograd.Conv3d(xs[0], xs[1], xs[2], autograd.Conv3dConfig{Stride: [3]int{1, 2, 1}, Padding: [3]int{1, 0, 1}, Dilation: [3]int{2, 1, 1}, Groups: 2}).Flatten(1)
	}, Shapes: [][][]int{{{1, 2, 2, 2, 2}, {2, 1, 2, 1, 2}, {2}}, {{2, 2, 3, 1, 1}, {2, 1, 2, 1, 2}, {2}}}},
	{Name: "ConvTranspose1d", F: func(xs []v) v {
		return autograd.ConvTranspose1d(xs[0], xs[1], xs[2], autograd.ConvConfig{Stride: [2]int{0, 2}, Padding: [2]int{0, 1}, OutputPadding: [2]int{0, 1}})
	}, Shapes: [][][]int{{{2, 2, 4}, {2, 3, 3}, {3}}}},
	{Name: "ConvTranspose2d", F: func(xs []v) v {
		return autograd.ConvTranspose2d(xs[0], xs[1], xs[2], autograd.ConvConfig{Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, OutputPadding: [2]int{1, 0}, Groups: 2})
	}, Shapes: [][][]int{{{2, 2, 1, 2}, {2, 1, 3, 2}, {2}}, {{1, 2, 2, 3}, {2, 1, 3, 2}, {2}}}, Reference: "conv_transpose2d"},
	{Name: "ConvTranspose3d", F: func(xs []v) v {
		return autograd.ConvTranspose3d(xs[0], xs[1], xs[2], autograd.Conv3dConfig{Stride: [3]int{1, 2, 1}, Padding: [3]int{0, 1, 0}, Dilation: [3]int{2, 1, 1}, Groups: 2}).Flatten(1)
	}, Shapes: [][][]int{{{1, 2, 2, 2, 2}, {2, 1, 2, 2, 1}, {2}}, {{2, 2, 1, 2, 1}, {2, 1, 2, 2, 1}, {2}}}},
	{Name: "Variable.MaxPool", F: of(func(x v) v {
		return x.MaxPool(autograd.MaxPoolConfig{Kernel: []int{3, 2}, Stride: []int{2, 1}, Padding: []int{1, 0}})
	}), Shapes: images, Apart: true, Reference: "max_pool2d"},
	{Name: "Variable.MaxPoolIndices", F: of(func(x v) v {
		y, _ := x.MaxPoolIndices(autograd.MaxPoolConfig{Kernel: []int{2, 2}})
		return y
	}), Shapes: [][][]int{{{2, 4, 5}}, {{1, 2, 2, 4}}}, Apart: true, Reference: "max_pool3d"},
	{Name: "Variable.AdaptiveMaxPool", F: of(func(x v) v { return x.AdaptiveMaxPool(3, 2) }), Shapes: images, Apart: true, Reference: "adaptive_max_pool2d"},
	{Name: "Variable.AdaptiveMaxPoolIndices", F: of(func(x v) v {
		y, _ := x.AdaptiveMaxPoolIndices(2, 0, 1)
		return y
	}), Shapes: [][][]int{{{2, 3, 2, 3}}}, Apart: true, Reference: "adaptive_max_pool3d"},
	{Name: "Variable.AvgPool", F: of(func(x v) v {
		return x.AvgPool(autograd.AvgPoolConfig{Kernel: []int{3, 2}, Stride: []int{2, 1}, Padding: []int{1, 0}, ExcludePadding: true})
	}), Shapes: images, Reference: "avg_pool2d"},
	{Name: "Variable.AdaptiveAvgPool", F: of(func(x v) v { return x.AdaptiveAvgPool(3, 1) }), Shapes: images, Reference: "adaptive_avg_pool2d"},
	{Name: "Variable.Interpolate", F: of(func(x v) v {
		return x.Interpolate(autograd.InterpolateConfig{Size: []int{3}, Mode: autograd.InterpolateCubic}).
			Add(x.Interpolate(autograd.InterpolateConfig{Size: []int{3}, Mode: autograd.InterpolateLinear, AlignCorners: true})).
			Add(x.Interpolate(autograd.InterpolateConfig{Size: []int{3}, Mode: autograd.InterpolateArea})).
			Mul(x.Interpolate(autograd.InterpolateConfig{Size: []int{3}}))
	}), Shapes: [][][]int{{{1, 2, 4, 2}}, {{2, 1, 5}}}, Reference: "interpolate"},
	{Name: "GridSample", F: of2(func(x, grid v) v {
		return autograd.GridSample(x, grid, autograd.GridSampleConfig{Mode: autograd.InterpolateLinear, Padding: autograd.GridReflection}).
			Add(autograd.GridSample(x, grid, autograd.GridSampleConfig{Mode: autograd.InterpolateCubic})).
			Add(autograd.GridSample(x, grid, autograd.GridSampleConfig{Padding: autograd.GridBorder}))
	}), Shapes: [][][]int{{{1, 2, 4, 4}, {1, 3, 2, 2}}, {{2, 1, 4, 4}, {2, 1, 2, 2}}}, Low: -1, High: 1, Domain: besideElements, Reference: "grid_sample"},
	{Name: "LayerNorm", F: func(xs []v) v { return autograd.LayerNorm(xs[0], operand(xs, 1), operand(xs, 2), 1e-3) },
		Shapes: [][][]int{{{3, 4}, {4}, {4}}, {{2, 2, 3}, {2, 3}, {2, 3}}, {{2, 3}, {3}}, {{2, 3}}}, Reference: "layer_norm"},
	{Name: "RMSNorm", F: func(xs []v) v { return autograd.RMSNorm(xs[0], operand(xs, 1), 1e-3) },
		Shapes: [][][]int{{{3, 4}, {4}}, {{2, 3}}}, Reference: "rms_norm"},
	{Name: "BatchNorm", F: func(xs []v) v {
		config := autograd.BatchNormConfig{Eps: 1e-3}
		if len(xs) == 5 { // by given statistics
			config.Mean, config.Var = xs[3], xs[4].Square()
		}
		return autograd.BatchNorm(xs[0], operand(xs, 1), operand(xs, 2), config)
	}, Shapes: [][][]int{{{4, 2}, {2}, {2}}, {{2, 2, 3}, {2}, {2}}, {{2, 2, 3}}, {{2, 2, 3}, {2}, {2}, {2}, {2}}}, Reference: "batch_norm"},
	{Name: "BatchNormStats", F: func(xs []v) v {
		y, _, _ := autograd.BatchNormStats(xs[0], xs[1], operand(xs, 2), 1e-3)
		return y
	}, Shapes: [][][]int{{{3, 2, 2}, {2}}}, Reference: "batch_norm"},
	{Name: "GroupNorm", F: func(xs []v) v {
		return autograd.GroupNorm(xs[0], 2, operand(xs, 1), operand(xs, 2), 1e-3)
	}, Shapes: [][][]int{{{2, 4, 2}, {4}, {4}}, {{2, 4, 2}}}, Reference: "group_norm"},
	{Name: "GroupNormStats", F: func(xs []v) v {
		y, _, _ := autograd.GroupNormStats(xs[0], 3, xs[1], operand(xs, 2), 1e-3)
		return y
	}, Shapes: [][][]int{{{2, 3, 3}, {3}}}, Reference: "instance_norm"},
	{Name: "Dropout", F: of(func(x v) v { return autograd.Dropout(x, 0.4, 7) }), Shapes: anyShape, Empty: true},
	{Name: "Embedding", F: of(func(x v) v { return autograd.Embedding(x, []int{2, 0, 2, 1}, 2, 2) }),
		Shapes: [][][]int{{{3, 2}}}, Reference: "embedding"},
	{Name: "SparseEmbedding", F: of(func(x v) v { return autograd.SparseEmbedding(x, []int{2, 0, 2, 1}, 2, 2) }),
		Shapes: [][][]int{{{3, 2}}}, Reference: "embedding"},
	{Name: "AttentionWeights", F: of3(func(q, k, bias v) v {
		return autograd.AttentionWeights(q, k, autograd.AttentionConfig{Bias: bias, Scale: 0.7})
	}), Shapes: [][][]int{{{2, 3, 2}, {2, 4, 2}, {3, 4}}, {{2, 3}, {3, 3}, {2, 3}}}},
	{Name: "ScaledDotProductAttention", F: func(xs []v) v {
		return autograd.ScaledDotProductAttention(xs[0], xs[1], xs[2], autograd.AttentionConfig{Causal: true})
	}, Shapes: [][][]int{{{2, 3, 2}, {2, 3, 2}, {2, 3, 2}}, {{2, 3}, {3, 3}, {3, 2}}}, Reference: "scaled_dot_product_attention"},
	{Name: "SelfAttention", F: of(func(qkv v) v {
		return autograd.SelfAttention(qkv, autograd.AttentionConfig{Heads: 2, Causal: true, Scale: 0.6})
	}), Shapes: [][][]int{{{2, 3, 6}}, {{2, 12}}}},
	{Name: "Rotary", F: func(xs []v) v {
		angle := autograd.New([]float64{0.3, 1.2, -0.7, 2.1, 0, 4}, 3, 2).AsType(xs[0].DType())
		if len(xs) == 3 {
			return autograd.Rotary(xs[0], xs[1], xs[2], autograd.RotaryConfig{Halves: true})
		}
		return autograd.Rotary(xs[0], angle.Cos(), angle.Sin(), autograd.RotaryConfig{Heads: 1, Halves: xs[0].Rank() == 2})
	}, Shapes: [][][]int{{{2, 3, 6}}, {{3, 5}}, {{2, 4}, {2, 1}, {2, 1}}}},
	{Name: "EncoderLayer", F: func(xs []v) v {
		w := autograd.EncoderWeights{
			In: xs[1], InBias: xs[2], Out: xs[3], OutBias: xs[4], Linear1: xs[5], Bias1: xs[6], Linear2: xs[7],
			Bias2: xs[4], Norm1: xs[8], Norm1Bias: xs[4], Norm2: xs[8],
		}
		if xs[0].Rank() == 2 {
			return autograd.EncoderLayer(xs[0], w, autograd.EncoderConfig{Heads: 2, Eps: 2, GELU: true})
		}
		return autograd.EncoderLayer(xs[0], w, autograd.EncoderConfig{Eps: 1, NormFirst: true, Causal: true, GELU: true})
	}, Shapes: [][][]int{
		{{2, 2}, {6, 2}, {6}, {2, 2}, {2}, {3, 2}, {3}, {2, 3}, {2}},
		{{1, 2, 2}, {6, 2}, {6}, {2, 2}, {2}, {3, 2}, {3}, {2, 3}, {2}},
	}},
	{Name: "CTCLoss", F: of(func(x v) v {
		if x.Dim(0) == 1 {
			return autograd.CTCLoss(x, [][]int{{0, 2, 2}}, autograd.CTCConfig{Blank: 1})
		}
		return autograd.CTCLoss(x, [][]int{{1, 1, 2}, {}, {2}}, autograd.CTCConfig{TimeFirst: true, Lengths: []int{4, 2, 3}})
	}), Shapes: [][][]int{{{4, 3, 3}}, {{1, 5, 3}}}},
	{Name: "LSTM", F: func(xs []v) v {
		y, h, c := autograd.LSTM(xs[0], autograd.RecurrentWeights{IH: xs[1], HH: xs[2], BiasIH: xs[3], BiasHH: xs[3], HR: xs[4]},
			autograd.RecurrentConfig{H: xs[5], C: xs[6], Lengths: []int{2, 1}})
		return flat(y, h, c)
	}, Shapes: [][][]int{{{2, 2, 2}, {8, 2}, {8, 1}, {8}, {1, 2}, {2, 1}, {2, 2}}}},
	{Name: "GRU", F: func(xs []v) v {
		y, h := autograd.GRU(xs[0], autograd.RecurrentWeights{IH: xs[1], HH: xs[2], BiasIH: xs[3], BiasHH: xs[4]},
			autograd.RecurrentConfig{H: xs[5], Reverse: true, BatchFirst: true})
		return flat(y, h)
	}, Shapes: [][][]int{{{1, 2, 2}, {6, 2}, {6, 2}, {6}, {6}, {1, 2}}}},
	{Name: "RNN", F: func(xs []v) v {
		y, h := autograd.RNN(xs[0], autograd.RecurrentWeights{IH: xs[1], HH: xs[2], BiasIH: xs[3]}, autograd.RecurrentConfig{})
		return flat(y, h)
	}, Shapes: [][][]int{{{2, 1, 2}, {2, 2}, {2, 2}, {2}}, {{1, 3, 1}, {2, 1}, {2, 2}, {2}}}},
}

// flat is all elements of several arrays.
func flat(ys ...v) v {
	var all []v
	for _, y := range ys {
		all = append(all, y.Reshape(y.Size()))
	}
	return autograd.Concat(0, all...)
}

// operand is the operand at i, or the zero Variable if there is none.
func operand(xs []v, i int) v {
	if i < len(xs) {
		return xs[i]
	}
	return v{}
}

// besideElements makes places of the second operand's numbers that lie between the elements
// of images of 4×4, or outside of them, with none close to an element.
func besideElements(xs []v) []v {
	ys := slices.Clone(xs)
	if len(xs) == 2 {
		cells := autograd.Zeros(autograd.Float64, xs[1].Shape()...)
		for i := range cells.Float64s() {
			cells.Float64s()[i] = 0.5*float64(7*i%5) - 1
		}
		ys[1] = xs[1].MulScalar(0.1).Add(cells.AsType(xs[1].DType()))
	}
	return ys
}
