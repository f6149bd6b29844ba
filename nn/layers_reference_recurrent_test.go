package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

type recurrentOptions struct {
	Layers        int   `json:"num_layers"`
	Bidirectional bool  `json:"bidirectional"`
	BatchFirst    bool  `json:"batch_first"`
	Bias          *bool `json:"bias"`
	InputSize     int   `json:"input_size"`
	HiddenSize    int   `json:"hidden_size"`
	ProjSize      int   `json:"proj_size"`
	Nonlinearity  string
}

// recurrentOf decodes the options and lengths of a case.
func recurrentOf(build func(o recurrentOptions, lengths []int) *reference.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		o := decoded[recurrentOptions](c, c.Options)
		arguments(c, &o.InputSize, &o.HiddenSize)
		var lengths []int
		if text, ok := c.Keywords["lengths"]; ok {
			tensor := decoded[reference.Tensor](c, text)
			lengths = tensor.Ints()
		}
		return build(o, lengths)
	}
}

// withState calls a layer whose state is one array.
func withState(m interface {
	nn.Module
	Run(x v, input nn.RecurrentInput) (y, state v)
}, lengths []int) *reference.Layer {
	return referenceLayer(m, func(_ *autograd.Tape, xs []v) []v {
		input := nn.RecurrentInput{Lengths: lengths}
		if len(xs) == 2 {
			input.State = xs[1]
		}
		y, state := m.Run(xs[0], input)
		return []v{y, state}
	})
}

func referenceLSTM(o recurrentOptions, lengths []int) *reference.Layer {
	l := nn.NewLSTM(newRand(1), o.InputSize, o.HiddenSize, nn.LSTMConfig{
		Layers: o.Layers, Projection: o.ProjSize, Bidirectional: o.Bidirectional, NoBias: !isSet(o.Bias, true), TimeFirst: !o.BatchFirst, DType: double,
	})
	return referenceLayer(l, func(_ *autograd.Tape, xs []v) []v {
		input := nn.LSTMInput{Lengths: lengths}
		if len(xs) == 3 {
			input.State = nn.LSTMState{H: xs[1], C: xs[2]}
		}
		y, state := l.Run(xs[0], input)
		return []v{y, state.H, state.C}
	})
}

// cellOf decodes the options of a cell.
func cellOf(build func(o recurrentOptions, config nn.CellConfig) *reference.Layer) constructor {
	return recurrentOf(func(o recurrentOptions, _ []int) *reference.Layer {
		return build(o, nn.CellConfig{ReLU: o.Nonlinearity == "relu", NoBias: !isSet(o.Bias, true), DType: double})
	})
}

var referenceRecurrent = map[string]constructor{
	"LSTM": recurrentOf(referenceLSTM),
	"GRU": recurrentOf(func(o recurrentOptions, lengths []int) *reference.Layer {
		return withState(nn.NewGRU(newRand(1), o.InputSize, o.HiddenSize, nn.GRUConfig{
			Layers: o.Layers, Bidirectional: o.Bidirectional, NoBias: !isSet(o.Bias, true), TimeFirst: !o.BatchFirst, DType: double,
		}), lengths)
	}),
	"RNN": recurrentOf(func(o recurrentOptions, lengths []int) *reference.Layer {
		return withState(nn.NewRNN(newRand(1), o.InputSize, o.HiddenSize, nn.RNNConfig{
			Layers: o.Layers, ReLU: o.Nonlinearity == "relu", Bidirectional: o.Bidirectional, NoBias: !isSet(o.Bias, true), TimeFirst: !o.BatchFirst, DType: double,
		}), lengths)
	}),
	"LSTMCell": cellOf(func(o recurrentOptions, config nn.CellConfig) *reference.Layer {
		cell := nn.NewLSTMCell(newRand(1), o.InputSize, o.HiddenSize, config)
		return referenceLayer(cell, func(_ *autograd.Tape, xs []v) []v {
			state := cell.Next(xs[0], nn.LSTMState{H: xs[1], C: xs[2]})
			return []v{state.H, state.C}
		})
	}),
	"GRUCell": cellOf(func(o recurrentOptions, config nn.CellConfig) *reference.Layer {
		cell := nn.NewGRUCell(newRand(1), o.InputSize, o.HiddenSize, config)
		return referenceLayer(cell, func(_ *autograd.Tape, xs []v) []v { return []v{cell.Next(xs[0], xs[1])} })
	}),
	"RNNCell": cellOf(func(o recurrentOptions, config nn.CellConfig) *reference.Layer {
		cell := nn.NewRNNCell(newRand(1), o.InputSize, o.HiddenSize, config)
		return referenceLayer(cell, func(_ *autograd.Tape, xs []v) []v { return []v{cell.Next(xs[0], xs[1])} })
	}),
}
