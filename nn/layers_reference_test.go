package nn_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

// TestReferenceLayers compares layers with PyTorch's: names in the state, results,
// gradients, buffers after two steps of training, and results in inference.
func TestReferenceLayers(t *testing.T) {
	for _, file := range []string{"layers.jsonl.gz", "modules.jsonl.gz"} {
		t.Run(file, func(t *testing.T) { reference.RunLayers(t, file, referenceLayers()) })
	}
}

// A reference file in which one number is wrong by a millionth does not pass, whichever
// array of a case it is in.
func TestReferenceLayersNoticeAChange(t *testing.T) {
	changes := 0
	for _, file := range []string{"layers.jsonl.gz", "modules.jsonl.gz"} {
		for i, c := range reference.LayerCases(t, file) {
			if testing.Short() && i%8 != 0 || c.Layer == "Hardsigmoid" || c.Layer == "CrossMapLRN2d" {
				continue // PyTorch's own gradients of these two are not exact
			}
			layer := referenceLayers()[c.Layer](c)
			if layer == nil {
				continue
			}
			for what, tensor := range c.Expected() {
				at := greatest(tensor.Data)
				if at < 0 || math.Abs(float64(tensor.Data[at])) < 0.01 {
					continue // a millionth of it is within the tolerance
				}
				was := tensor.Data[at]
				tensor.Data[at] *= 1 + 1e-6
				if errs := layer.Check(c); len(errs) != 1 {
					t.Errorf("%s: %s: entry %d is %v in place of %v: %d objections: %v", c.Name, what, at, tensor.Data[at], was, len(errs), errs)
				}
				tensor.Data[at] = was
				changes++
			}
			if errs := layer.Check(c); errs != nil {
				t.Errorf("%s: as it was: %v", c.Name, errs)
			}
		}
	}
	t.Logf("%d numbers were changed, one at a time", changes)
	if changes < 100 {
		t.Error("these are few")
	}
}

// greatest is where the finite number of the greatest magnitude is, −1 if there is none.
func greatest(data []reference.Number) int {
	at := -1
	for i, x := range data {
		if m := math.Abs(float64(x)); !math.IsInf(m, 0) && !math.IsNaN(m) && (at < 0 || m > math.Abs(float64(data[at]))) {
			at = i
		}
	}
	return at
}

// TestReferenceLayersOfThisPackage compares them with the cases in testdata, see README.md
// there.
func TestReferenceLayersOfThisPackage(t *testing.T) {
	reference.RunLayersOf(t, os.DirFS("testdata"), "layers.jsonl.gz", referenceLayers())
}

// constructor makes the layer of a case, or nil if it has an option that the layer lacks.
type constructor = func(c *reference.LayerCase) *reference.Layer

// referenceLayers has a constructor for each name of PyTorch's.
func referenceLayers() map[string]constructor {
	all := map[string]constructor{
		"Linear":             referenceLinear,
		"BatchNorm1d":        referenceBatchNorm,
		"BatchNorm2d":        referenceBatchNorm,
		"BatchNorm3d":        referenceBatchNorm,
		"Embedding":          referenceEmbedding,
		"EmbeddingBag":       referenceEmbeddingBag,
		"MultiheadAttention": referenceAttention,
	}
	for _, family := range []map[string]constructor{referenceActivations, referenceImages, referenceRecurrent, referencePools, referenceTransformers, referenceWrappers} {
		maps.Copy(all, family)
	}
	return all
}

const double = autograd.Float64

// decoded is JSON as a T. A field that T does not have is an option that a layer lacks.
func decoded[T any](c *reference.LayerCase, text []byte) T {
	var value T
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		panic(fmt.Sprintf("case %s: %v", c.Name, err))
	}
	return value
}

// referenceLayer is a module with a way to call it.
func referenceLayer(m nn.Module, call func(tape *autograd.Tape, xs []v) []v) *reference.Layer {
	l := &reference.Layer{Params: nn.Params(m), Buffers: nn.Buffers(m), Counters: nn.Counters(m), Call: call}
	for name, p := range nn.Walk(m) {
		if p.Module == nil {
			l.Names = append(l.Names, name)
		}
	}
	return l
}

func forward(layer nn.Layer) *reference.Layer {
	return referenceLayer(layer, func(_ *autograd.Tape, xs []v) []v { return []v{layer.Forward(xs[0])} })
}

func isSet(b *bool, def bool) bool {
	if b == nil {
		return def
	}
	return *b
}

func referenceLinear(c *reference.LayerCase) *reference.Layer {
	options := decoded[struct{ Bias *bool }](c, c.Options)
	sizes := decoded[[2]int](c, c.Args)
	return forward(nn.NewLinear(newRand(1), sizes[0], sizes[1], nn.LinearConfig{NoBias: !isSet(options.Bias, true), DType: double}))
}

func referenceBatchNorm(c *reference.LayerCase) *reference.Layer {
	options := decoded[struct {
		Eps      float64
		Momentum json.RawMessage
		Affine   *bool
		Track    *bool `json:"track_running_stats"`
	}](c, c.Options)
	config := nn.BatchNormConfig{Eps: options.Eps, NoAffine: !isSet(options.Affine, true), NoRunningStats: !isSet(options.Track, true), DType: double}
	if options.Momentum != nil {
		momentum := decoded[*float64](c, options.Momentum)
		if config.Cumulative = momentum == nil; momentum != nil {
			config.Momentum = *momentum
		}
	}
	channels := decoded[[1]int](c, c.Args)[0]
	switch c.Layer {
	case "BatchNorm1d":
		return forward(nn.NewBatchNorm1d(channels, config))
	case "BatchNorm2d":
		return forward(nn.NewBatchNorm2d(channels, config))
	}
	return forward(nn.NewBatchNorm3d(channels, config))
}

func referenceEmbedding(c *reference.LayerCase) *reference.Layer {
	options := decoded[struct {
		Padding  *int    `json:"padding_idx"`
		MaxNorm  float64 `json:"max_norm"`
		NormType float64 `json:"norm_type"`
		Sparse   bool
	}](c, c.Options)
	sizes := decoded[[2]int](c, c.Args)
	config := nn.EmbeddingConfig{MaxNorm: options.MaxNorm, NormType: options.NormType, Sparse: options.Sparse, DType: double}
	if options.Padding != nil {
		config.Padding = []int{*options.Padding}
	}
	e := nn.NewEmbedding(newRand(1), sizes[0], sizes[1], config)
	tokens, shape := c.Inputs[0].Ints(), c.Inputs[0].Shape
	return referenceLayer(e, func(tape *autograd.Tape, _ []v) []v { return []v{e.Lookup(tape, tokens, shape...)} })
}

func referenceEmbeddingBag(c *reference.LayerCase) *reference.Layer {
	options := decoded[struct {
		Mode     string
		MaxNorm  float64 `json:"max_norm"`
		NormType float64 `json:"norm_type"`
		Scale    bool    `json:"scale_grad_by_freq"`
		Sparse   bool
	}](c, c.Options)
	if options.Scale {
		return nil
	}
	modes := map[string]nn.BagMode{"": nn.BagMean, "mean": nn.BagMean, "sum": nn.BagSum, "max": nn.BagMax}
	sizes := decoded[[2]int](c, c.Args)
	e := nn.NewEmbeddingBag(newRand(1), sizes[0], sizes[1], nn.EmbeddingBagConfig{
		Mode: modes[options.Mode], MaxNorm: options.MaxNorm, NormType: options.NormType, Sparse: options.Sparse, DType: double,
	})
	bags := slices.Collect(slices.Chunk(c.Inputs[0].Ints(), c.Inputs[0].Shape[1]))
	return referenceLayer(e, func(tape *autograd.Tape, _ []v) []v { return []v{e.Lookup(tape, bags)} })
}
