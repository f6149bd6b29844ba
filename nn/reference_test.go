package nn_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

// TestReferenceLosses compares the losses with PyTorch: values, gradients by a plain
// and a recorded pass, and second-order products.
func TestReferenceLosses(t *testing.T) {
	functions := map[string]reference.Func{}
	for _, row := range lossRows() {
		for _, op := range row.cases {
			functions[op] = func(c *reference.Case, xs []autograd.Variable) []autograd.Variable {
				arguments, xs := referenceArguments(c, xs)
				return []autograd.Variable{row.f(arguments, xs)}
			}
		}
	}
	functions["cosine_similarity"] = func(c *reference.Case, xs []autograd.Variable) []autograd.Variable {
		a, xs := referenceArguments(c, xs)
		return []autograd.Variable{nn.CosineSimilarity(xs[0], xs[1], a.Dim)}
	}
	reference.Run(t, "losses.jsonl.gz", functions)
	reference.Run(t, "pos_weight.jsonl.gz", functions)
}

// reductions are the names that cases have for them: without one it is PyTorch's
// default, and "batchmean" is what kl_div calls the mean over examples.
var reductions = map[string]nn.Reduction{
	"": nn.ReduceMean, "mean": nn.ReduceMean, "batchmean": nn.ReduceMean, "sum": nn.ReduceSum, "none": nn.ReduceNone,
}

// referenceArguments is what a case says about how to compute the loss. It panics for an
// attribute that no loss here has: to leave it out would be to compare something else.
func referenceArguments(c *reference.Case, xs []autograd.Variable) (lossArguments, []autograd.Variable) {
	var attributes struct {
		lossArguments
		Reduction      string    `json:"reduction"`
		LabelSmoothing float64   `json:"label_smoothing"`
		Weight         []float64 `json:"weight"`
		Target         []float64 `json:"target"`
		TargetShape    []int     `json:"target_shape"`
		IgnoreIndex    *int      `json:"ignore_index"`
	}
	decoder := json.NewDecoder(bytes.NewReader(c.Attrs))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&attributes); err != nil {
		panic(fmt.Sprintf("case %s: attributes: %v", c.Name, err))
	}
	reduction, ok := reductions[attributes.Reduction]
	if !ok {
		panic(fmt.Sprintf("case %s: there is no reduction %q", c.Name, attributes.Reduction))
	}
	a := attributes.lossArguments
	a.reduction, a.smoothing, a.classWeights = reduction, attributes.LabelSmoothing, attributes.Weight
	for _, label := range c.Ints["target"].Data {
		if attributes.IgnoreIndex != nil && label == *attributes.IgnoreIndex {
			label = -1
		}
		a.labels = append(a.labels, label)
	}
	if attributes.Target != nil {
		xs = append(xs, autograd.New(attributes.Target, attributes.TargetShape...).AsType(c.DType()))
	}
	return a, xs
}
