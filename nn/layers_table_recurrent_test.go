package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// recurrentRows are recurrent layers and their cells.
func recurrentRows() []layerRow {
	lengths := []int{3, 1, 2}
	cell := []string{"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
	return []layerRow{
		{name: "RNN", maps: "[(batch,) time, in] → [(batch,) time, directions·hidden]", state: lstmNames("l0", "l1"), shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewRNN(newRand(seed), 2, 2, nn.RNNConfig{Layers: 2, DType: d})
		}},
		{name: "RNN with ReLU", state: lstmNames("l0")[:2], shapes: [][]int{{2, 2, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewRNN(newRand(seed), 2, 2, nn.RNNConfig{ReLU: true, NoBias: true, TimeFirst: true, DType: d})
		}},
		{name: "GRU", maps: "[(batch,) time, in] → [(batch,) time, directions·hidden]", state: lstmNames("l0"), shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewGRU(newRand(seed), 2, 2, nn.GRUConfig{DType: d})
		}},
		{name: "GRU with lengths", state: lstmNames("l0", "l0_reverse"), shapes: [][]int{{3, 3, 1}, {2, 3, 1}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewGRU(newRand(seed), 1, 1, nn.GRUConfig{Bidirectional: true, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				y, state := m.(*nn.GRU).Run(xs[0], nn.RecurrentInput{State: xs[1], Lengths: lengths})
				return append(ys, y, state)
			},
		},
		{name: "LSTM", maps: "[(batch,) time, in] → [(batch,) time, directions·out]", state: lstmNames("l0"), shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLSTM(newRand(seed), 2, 2, nn.LSTMConfig{DType: d})
		}},
		{
			name: "LSTM of two layers in both directions", state: lstmNames("l0", "l0_reverse", "l1", "l1_reverse"),
			shapes: [][]int{{2, 2, 2}, {4, 2, 1}, {4, 2, 1}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewLSTM(newRand(seed), 2, 1, nn.LSTMConfig{Layers: 2, Bidirectional: true, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				y, state := m.(*nn.LSTM).Run(xs[0], nn.LSTMInput{State: nn.LSTMState{H: xs[1], C: xs[2]}})
				return append(ys, y, state.H, state.C)
			},
		},
		{
			name: "LSTM with lengths", state: lstmNames("l0", "l0_reverse"), shapes: [][]int{{3, 3, 1}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewLSTM(newRand(seed), 1, 1, nn.LSTMConfig{Bidirectional: true, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				y, state := m.(*nn.LSTM).Run(xs[0], nn.LSTMInput{Lengths: lengths})
				return append(ys, y, state.H, state.C)
			},
		},
		{name: "LSTM with a projection", state: append(lstmNames("l0"), "weight_hr_l0"), shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLSTM(newRand(seed), 2, 3, nn.LSTMConfig{Projection: 2, DType: d})
		}},
		{name: "LSTM with dropout", state: lstmNames("l0", "l1"), shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLSTM(newRand(seed), 2, 2, nn.LSTMConfig{Layers: 2, Dropout: 0.3, DType: d})
		}},
		{name: "LSTM of one sequence", state: lstmNames("l0"), shapes: [][]int{{3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLSTM(newRand(seed), 2, 2, nn.LSTMConfig{DType: d})
		}},
		{name: "LSTMCell", maps: "[(batch,) in], two of [(batch,) hidden] → two of [(batch,) hidden]", state: cell, shapes: [][]int{{2, 2}, {2, 3}, {2, 3}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewLSTMCell(newRand(seed), 2, 3, nn.CellConfig{DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				state := m.(*nn.LSTMCell).Next(xs[0], nn.LSTMState{H: xs[1], C: xs[2]})
				return append(ys, state.H, state.C)
			},
		},
		{name: "GRUCell", maps: "[(batch,) in], [(batch,) hidden] → [(batch,) hidden]", state: cell, shapes: [][]int{{2, 2}, {2, 3}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewGRUCell(newRand(seed), 2, 3, nn.CellConfig{DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.GRUCell).Next(xs[0], xs[1]))
			},
		},
		{name: "RNNCell", maps: "[(batch,) in], [(batch,) hidden] → [(batch,) hidden]", state: cell, shapes: [][]int{{2, 2}, {2, 3}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewRNNCell(newRand(seed), 2, 3, nn.CellConfig{DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.RNNCell).Next(xs[0], xs[1]))
			},
		},
	}
}

func lstmNames(suffixes ...string) []string {
	var names []string
	for _, s := range suffixes {
		names = append(names, "weight_ih_"+s, "weight_hh_"+s, "bias_ih_"+s, "bias_hh_"+s)
	}
	return names
}
