package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// tokenRows are layers of tokens.
func tokenRows() []layerRow {
	return []layerRow{
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
		}, call: lookup},
		{name: "EmbeddingBag", maps: "bags of tokens → [bags, features]", state: []string{"weight"}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbeddingBag(newRand(seed), 5, 3, nn.EmbeddingBagConfig{DType: d})
		}, call: lookupBags},
		{name: "EmbeddingBag of maxima", state: []string{"weight"}, make: func(seed uint64, d dtype) nn.Module {
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
