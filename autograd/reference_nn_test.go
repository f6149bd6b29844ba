package autograd_test

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// TestReferenceNN compares the functions that layers are made of with PyTorch.
func TestReferenceNN(t *testing.T) {
	reference.Run(t, "nn.jsonl.gz", referenceNN)
}

// TestReferenceLosses compares the one loss that is an operation; the others are in nn.
func TestReferenceLosses(t *testing.T) {
	reference.Run(t, "losses.jsonl.gz", referenceLosses)
}

var referenceLosses = map[string]reference.Func{
	"cross_entropy": func(c *reference.Case, xs variables) variables {
		a := reference.Attributes[struct {
			Reduction string
			Smoothing float64 `json:"label_smoothing"`
		}](c)
		loss := autograd.SoftmaxCrossEntropy(xs[0], c.Ints["target"].Data)
		uniform := xs[0].LogSoftmax(1).Mean(1).Neg()
		loss = loss.MulScalar(1 - a.Smoothing).Add(uniform.MulScalar(a.Smoothing))
		if a.Reduction == "sum" {
			return one(loss.Sum())
		}
		return one(loss.Mean())
	},
}

// layerAttrs are the attributes of the cases.
type layerAttrs struct {
	Kernel, Output   [2]int
	Stride, Padding  [2]int
	Dilation         [2]int
	OutputPadding    [2]int `json:"output_padding"`
	Groups, Heads    int
	Eps              float64
	Training, Causal bool
	RunningMean      []float64 `json:"running_mean"`
	RunningVar       []float64 `json:"running_var"`
}

func layer(f func(a layerAttrs, xs variables) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		return one(f(reference.Attributes[layerAttrs](c), xs))
	}
}

func (a layerAttrs) conv() autograd.ConvConfig {
	return autograd.ConvConfig{Stride: a.Stride, Padding: a.Padding, Dilation: a.Dilation, Groups: a.Groups, OutputPadding: a.OutputPadding}
}

var referenceNN = map[string]reference.Func{
	"conv1d": func(c *reference.Case, xs variables) variables {
		a := reference.Attributes[struct{ Stride, Padding, Dilation, Groups int }](c)
		return one(autograd.Conv1d(xs[0], xs[1], xs[2], autograd.ConvConfig{
			Stride: [2]int{0, a.Stride}, Padding: [2]int{0, a.Padding}, Dilation: [2]int{0, a.Dilation}, Groups: a.Groups,
		}))
	},
	"conv2d": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return autograd.Conv2d(xs[0], xs[1], xs[2], a.conv())
	}),
	"conv_transpose2d": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return autograd.ConvTranspose2d(xs[0], xs[1], xs[2], a.conv())
	}),
	"max_pool2d": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return xs[0].MaxPool(autograd.MaxPoolConfig{Kernel: a.Kernel[:], Stride: a.Stride[:], Padding: a.Padding[:]})
	}),
	"avg_pool2d": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return xs[0].AvgPool(autograd.AvgPoolConfig{Kernel: a.Kernel[:], Stride: a.Stride[:], Padding: a.Padding[:]})
	}),
	"adaptive_avg_pool2d": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return xs[0].AdaptiveAvgPool(a.Output[:]...)
	}),
	"batch_norm": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return autograd.BatchNorm(xs[0], xs[1], xs[2], autograd.BatchNormConfig{Eps: a.Eps})
	}),
	"batch_norm_eval": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return autograd.BatchNorm(xs[0], xs[1], xs[2], autograd.BatchNormConfig{
			Eps: a.Eps, Mean: autograd.New(a.RunningMean), Var: autograd.New(a.RunningVar),
		})
	}),
	"layer_norm": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return autograd.LayerNorm(xs[0], xs[1], xs[2], a.Eps)
	}),
	"group_norm": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return autograd.GroupNorm(xs[0], a.Groups, xs[1], xs[2], a.Eps)
	}),
	"rms_norm": layer(func(a layerAttrs, xs variables) autograd.Variable { return autograd.RMSNorm(xs[0], xs[1], a.Eps) }),
	"embedding": func(c *reference.Case, xs variables) variables {
		index := c.Ints["index"]
		return one(autograd.Embedding(xs[0], index.Data, index.Shape...))
	},
	"scaled_dot_product_attention": layer(func(a layerAttrs, xs variables) autograd.Variable {
		return autograd.ScaledDotProductAttention(xs[0], xs[1], xs[2], autograd.AttentionConfig{Causal: a.Causal})
	}),
	"rnn_tanh": layer(func(_ layerAttrs, xs variables) autograd.Variable {
		y, _ := autograd.RNN(xs[0], recurrentWeights(xs), autograd.RecurrentConfig{BatchFirst: true})
		return y
	}),
	"gru": layer(func(_ layerAttrs, xs variables) autograd.Variable {
		y, _ := autograd.GRU(xs[0], recurrentWeights(xs), autograd.RecurrentConfig{BatchFirst: true})
		return y
	}),
	"lstm": layer(func(_ layerAttrs, xs variables) autograd.Variable {
		y, _, _ := autograd.LSTM(xs[0], recurrentWeights(xs), autograd.RecurrentConfig{BatchFirst: true})
		return y
	}),
	"multi_head_attention": layer(func(a layerAttrs, xs variables) autograd.Variable {
		qkv := autograd.Linear(xs[0], xs[1], xs[2])
		return autograd.Linear(autograd.SelfAttention(qkv, autograd.AttentionConfig{Heads: a.Heads}), xs[3], xs[4])
	}),
}

// recurrentWeights are the weights of a case as constants: the file has the gradient of x
// alone, and 0 for what was copied into PyTorch's module. Gradients of weights are in
// layers.jsonl.gz.
func recurrentWeights(xs variables) autograd.RecurrentWeights {
	return autograd.RecurrentWeights{IH: xs[1].Detach(), HH: xs[2].Detach(), BiasIH: xs[3].Detach(), BiasHH: xs[4].Detach()}
}
