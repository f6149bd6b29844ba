package nn_test

import (
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

// layerFamilies is the table that proves all layers: the headings under which
// docs/layers.md lists them, and their rows.
var layerFamilies = []struct {
	title string
	rows  func() []layerRow
}{
	{"Linear, and of two arrays", linearRows},
	{"Convolution", convRows},
	{"Pooling", poolRows},
	{"Resizing, padding, rearranging", resizeRows},
	{"Normalization", normRows},
	{"Dropout", dropoutRows},
	{"Activation", activationRows},
	{"Tokens", tokenRows},
	{"Recurrent", recurrentRows},
	{"Attention", attentionRows},
	{"Of layers and functions", containerRows},
}

// layerRows are the rows of all families.
func layerRows() []layerRow {
	var rows []layerRow
	for _, family := range layerFamilies {
		rows = append(rows, family.rows()...)
	}
	return rows
}
