package nn_test

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

// TestReferenceLosses compares the losses with PyTorch: values, gradients by a plain
// and a recorded pass, and second-order products.
func TestReferenceLosses(t *testing.T) {
	reference.Run(t, "losses.jsonl.gz", referenceLosses)
}

// lossAttributes are the attributes of the cases.
type lossAttributes struct {
	Reduction      string    `json:"reduction"`
	LabelSmoothing float64   `json:"label_smoothing"`
	Weight         []float64 `json:"weight"`
	Target         []float64 `json:"target"`
	TargetShape    []int     `json:"target_shape"`
	IgnoreIndex    *int      `json:"ignore_index"`
	Delta          float64   `json:"delta"`
	Beta           float64   `json:"beta"`
	Margin         float64   `json:"margin"`
	Dim            int       `json:"dim"`
}

func (a lossAttributes) config() nn.LossConfig {
	c := nn.LossConfig{LabelSmoothing: a.LabelSmoothing, ClassWeights: a.Weight}
	for _, r := range []nn.Reduction{nn.ReduceMean, nn.ReduceSum, nn.ReduceNone} {
		if r.String() == a.Reduction {
			c.Reduction = r
		}
	}
	return c
}

// loss is a case of a loss with arguments of its own.
func loss(f func(a lossAttributes, xs []autograd.Variable) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs []autograd.Variable) []autograd.Variable {
		return []autograd.Variable{f(reference.Attributes[lossAttributes](c), xs)}
	}
}

// elementLoss is a case of a loss of outputs and targets.
func elementLoss(f func(c nn.LossConfig, output, target autograd.Variable) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs []autograd.Variable) []autograd.Variable {
		return []autograd.Variable{f(reference.Attributes[lossAttributes](c).config(), xs[0], xs[1])}
	}
}

// classLoss is a case of a loss of outputs and labels.
func classLoss(f func(c nn.LossConfig, output autograd.Variable, labels []int) autograd.Variable) reference.Func {
	return func(c *reference.Case, xs []autograd.Variable) []autograd.Variable {
		a := reference.Attributes[lossAttributes](c)
		labels := c.Ints["target"].Data
		for i, label := range labels {
			if a.IgnoreIndex != nil && label == *a.IgnoreIndex {
				labels[i] = -1
			}
		}
		return []autograd.Variable{f(a.config(), xs[0], labels)}
	}
}

var referenceLosses = map[string]reference.Func{
	"mse_loss":                         elementLoss(nn.LossConfig.MSELoss),
	"binary_cross_entropy":             elementLoss(nn.LossConfig.BCELoss),
	"binary_cross_entropy_with_logits": elementLoss(nn.LossConfig.BCEWithLogitsLoss),
	"l1_loss":                          elementLoss(nn.LossConfig.L1Loss),
	"kl_div":                           elementLoss(nn.LossConfig.KLDivLoss), // its mean is PyTorch's "batchmean"
	"soft_margin_loss":                 elementLoss(nn.LossConfig.SoftMarginLoss),
	"poisson_nll_loss":                 elementLoss(nn.LossConfig.PoissonNLLLoss),
	"huber_loss": loss(func(a lossAttributes, xs []autograd.Variable) autograd.Variable {
		return a.config().HuberLoss(xs[0], xs[1], a.Delta)
	}),
	"smooth_l1_loss": loss(func(a lossAttributes, xs []autograd.Variable) autograd.Variable {
		return a.config().SmoothL1Loss(xs[0], xs[1], a.Beta)
	}),
	"gaussian_nll_loss": loss(func(a lossAttributes, xs []autograd.Variable) autograd.Variable {
		return a.config().GaussianNLLLoss(xs[0], xs[1], xs[2])
	}),
	"triplet_margin_loss": loss(func(a lossAttributes, xs []autograd.Variable) autograd.Variable {
		return a.config().TripletMarginLoss(xs[0], xs[1], xs[2], a.Margin)
	}),
	"cosine_similarity": loss(func(a lossAttributes, xs []autograd.Variable) autograd.Variable {
		return nn.CosineSimilarity(xs[0], xs[1], a.Dim)
	}),
	"cross_entropy":          classLoss(nn.LossConfig.CrossEntropy),
	"cross_entropy_weighted": classLoss(nn.LossConfig.CrossEntropy),
	"cross_entropy_ignore":   classLoss(nn.LossConfig.CrossEntropy),
	"nll_loss":               classLoss(nn.LossConfig.NLLLoss),
	"cross_entropy_probabilities": func(c *reference.Case, xs []autograd.Variable) []autograd.Variable {
		a := reference.Attributes[lossAttributes](c)
		target := autograd.New(a.Target, a.TargetShape...).AsType(c.DType())
		return []autograd.Variable{a.config().CrossEntropyProbabilities(xs[0], target)}
	},
}
