package nn_test

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// layerRow is a layer in the tests of all layers. A new layer gets one row, or one for
// each of its ways to compute.
type layerRow struct {
	name string // of the type, and what is special after a space

	// maps is the shapes of the type, as docs/layers.md has them, and torch PyTorch's names
	// for it where there are others, or – for none. The type's first row has them.
	maps, torch string

	make func(seed uint64, dtype autograd.DType) nn.Module

	// state is the names of what is saved, in order.
	state []string

	// shapes are those of the inputs, whose elements are drawn from the normal
	// distribution; none has a kink near them but those given.
	shapes [][]int
	kinks  []float64

	// call computes all results from the inputs and appends them to ys; nil means Forward.
	call func(m nn.Module, tape *autograd.Tape, xs, ys []v) []v

	results [4]v    // memory for call
	shake   float64 // what inputs are off by, relative to their size

	// allocates is why a steady step may allocate; empty if it must not.
	allocates string

	// assigns says that training changes buffers, also without counting.
	assigns bool

	// constants is what depends on parameters and is a constant to gradients in training,
	// so that finite differences are right in inference alone.
	constants string
}

// stateless makes a layer without parameters.
func stateless(l nn.Module) func(uint64, autograd.DType) nn.Module {
	return func(uint64, autograd.DType) nn.Module { return l }
}

type dtype = autograd.DType

// layerRows is the table that proves all layers, in the order of their families.
func layerRows() []layerRow {
	return slices.Concat(basicRows(), activationRows(), normRows(), convRows(), recurrentRows(), transformerRows(), wrapperRows())
}

func basicRows() []layerRow {
	norm := []string{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
	return []layerRow{
		{name: "Linear", maps: "[…, in] → […, out]", state: []string{"weight", "bias"}, shapes: [][]int{{2, 3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLinear(newRand(seed), 4, 5, nn.LinearConfig{DType: d})
		}},
		{name: "Linear without bias", state: []string{"weight"}, shapes: [][]int{{3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLinear(newRand(seed), 4, 5, nn.LinearConfig{NoBias: true, DType: d})
		}},
		{name: "ReLU", maps: "[…] → […]", make: stateless(nn.ReLU{}), shapes: [][]int{{3, 4}}, kinks: []float64{0}},
		{name: "Sigmoid", maps: "[…] → […]", make: stateless(nn.Sigmoid{}), shapes: [][]int{{3, 4}}},
		{name: "Tanh", maps: "[…] → […]", make: stateless(nn.Tanh{}), shapes: [][]int{{3, 4}}},
		{name: "Softmax", maps: "[…] → […]", make: stateless(nn.Softmax{}), shapes: [][]int{{3, 4}}},
		{name: "Flatten", maps: "[batch, …] → [batch, features]", make: stateless(nn.Flatten{}), shapes: [][]int{{2, 3, 4}}},
		{name: "Func", maps: "[…] → […]", torch: "–", make: stateless(nn.Func(autograd.Variable.GELU)), shapes: [][]int{{3, 4}}},
		{name: "Sequential", maps: "of its layers", state: []string{"0.weight", "0.bias", "2.0.weight", "2.0.bias"}, shapes: [][]int{{3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			rng := newRand(seed)
			return nn.Sequential{nn.NewLinear(rng, 4, 3, nn.LinearConfig{DType: d}), nn.Tanh{}, nn.Sequential{nn.NewLinear(rng, 3, 2, nn.LinearConfig{DType: d})}}
		}},
		{name: "BatchNorm1d", maps: "[batch, channels(, length)] → the same", state: norm, shapes: [][]int{{5, 3}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm1d(3, nn.BatchNormConfig{DType: d})
		}},
		{name: "BatchNorm1d of sequences", state: norm, shapes: [][]int{{3, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm1d(2, nn.BatchNormConfig{DType: d, Momentum: 0.3})
		}},
		{name: "BatchNorm2d", maps: "[batch, channels, height, width] → the same", state: norm, shapes: [][]int{{2, 3, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm2d(3, nn.BatchNormConfig{DType: d})
		}},
		{name: "BatchNorm2d cumulative", state: norm, shapes: [][]int{{2, 2, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm2d(2, nn.BatchNormConfig{DType: d, Cumulative: true})
		}},
		{name: "BatchNorm2d without parameters", state: norm[2:], shapes: [][]int{{2, 2, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm2d(2, nn.BatchNormConfig{DType: d, NoAffine: true})
		}},
		{name: "BatchNorm3d", maps: "[batch, channels, depth, height, width] → the same", state: norm[:2], shapes: [][]int{{2, 2, 1, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm3d(2, nn.BatchNormConfig{DType: d, NoRunningStats: true})
		}},
		{name: "WithHooks", maps: "of its layer", torch: "–", state: []string{"0.weight", "0.bias"}, shapes: [][]int{{3, 2}}, allocates: "the list of hooks", make: func(seed uint64, d dtype) nn.Module {
			return nn.WithHooks(nn.Sequential{nn.NewLinear(newRand(seed), 2, 3, nn.LinearConfig{DType: d}), nn.Tanh{}}, map[string]nn.Hook{"0": func(_ string, y v) v { return y.Square() }})
		}},
		{name: "Frozen", maps: "of its layer", torch: "–", state: []string{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"}, shapes: [][]int{{3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.Frozen(nn.Sequential{nn.NewLinear(newRand(seed), 2, 3, nn.LinearConfig{DType: d}), nn.NewBatchNorm1d(3, nn.BatchNormConfig{DType: d})})
		}},
		{name: "Embedding", maps: "tokens of any shape […] → […, features]", state: []string{"weight"}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbedding(newRand(seed), 5, 3, nn.EmbeddingConfig{DType: d})
		}, call: lookup},
		{name: "Embedding with padding", state: []string{"weight"}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbedding(newRand(seed), 5, 3, nn.EmbeddingConfig{DType: d, Padding: []int{0}})
		}, call: lookup},
		{name: "Embedding kept as rows", state: []string{"weight"}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbedding(newRand(seed), 5, 3, nn.EmbeddingConfig{DType: d, Sparse: true})
		}, call: lookup},
		{name: "Embedding with a greatest norm", state: []string{"weight"}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbedding(newRand(seed), 5, 3, nn.EmbeddingConfig{DType: d, MaxNorm: 100}) // no row has it
		}, call: lookup, allocates: "the factors in inference"},
		{name: "EmbeddingBag", maps: "bags of tokens → [bags, features]", state: []string{"weight"}, allocates: "the bags", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbeddingBag(newRand(seed), 5, 3, nn.EmbeddingBagConfig{DType: d})
		}, call: lookupBags},
		{name: "EmbeddingBag of maxima", state: []string{"weight"}, allocates: "the bags", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbeddingBag(newRand(seed), 5, 3, nn.EmbeddingBagConfig{Mode: nn.BagMax, DType: d})
		}, call: lookupBags},
	}
}

func lookup(m nn.Module, tape *autograd.Tape, _, ys []v) []v {
	return append(ys, m.(*nn.Embedding).Lookup(tape, tokens, 2, 2))
}

var tokens = []int{1, 4, 1, 0}

func lookupBags(m nn.Module, tape *autograd.Tape, _, ys []v) []v {
	return append(ys, m.(*nn.EmbeddingBag).Lookup(tape, [][]int{{1, 4, 0}, {}, {2, 1}}))
}
