package nn_test

import "github.com/chainrule-go/chainrule/nn"

// wideRows are layers whose parameters have n channels or features, for any positive n: what
// their kernels go along.
func wideRows(n int) []layerRow {
	image := [][]int{{2, n, 3, 4}}
	sequences := [][]int{{2, 3, n}}
	row := func(name string, shapes [][]int, build func(seed uint64, d dtype) nn.Module) layerRow {
		return layerRow{name: name, shapes: shapes, make: build}
	}
	rows := []layerRow{
		row("Linear", [][]int{{5, n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewLinear(newRand(seed), n, n+1, nn.LinearConfig{DType: d})
		}),
		row("PReLU", [][]int{{3, n}}, func(_ uint64, d dtype) nn.Module { return nn.NewPReLU(nn.PReLUConfig{Channels: n, DType: d}) }),
		row("LayerNorm", [][]int{{3, n}}, func(_ uint64, d dtype) nn.Module { return nn.NewLayerNorm([]int{n}, nn.LayerNormConfig{DType: d}) }),
		row("RMSNorm", [][]int{{3, n}}, func(_ uint64, d dtype) nn.Module { return nn.NewRMSNorm([]int{n}, nn.RMSNormConfig{DType: d}) }),
		row("GroupNorm", [][]int{{2, 2 * n, 3}}, func(_ uint64, d dtype) nn.Module { return nn.NewGroupNorm(2, 2*n, nn.GroupNormConfig{DType: d}) }),
		row("BatchNorm1d", [][]int{{5, n}}, func(_ uint64, d dtype) nn.Module { return nn.NewBatchNorm1d(n, nn.BatchNormConfig{DType: d}) }),
		row("BatchNorm2d", image, func(_ uint64, d dtype) nn.Module { return nn.NewBatchNorm2d(n, nn.BatchNormConfig{DType: d}) }),
		row("BatchNorm3d", [][]int{{2, n, 2, 3, 2}}, func(_ uint64, d dtype) nn.Module { return nn.NewBatchNorm3d(n, nn.BatchNormConfig{DType: d}) }),
		row("InstanceNorm1d", [][]int{{2, n, 7}}, func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm1d(n, nn.InstanceNormConfig{Affine: true, DType: d})
		}),
		row("InstanceNorm2d", image, func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm2d(n, nn.InstanceNormConfig{RunningStats: true, DType: d})
		}),
		row("InstanceNorm3d", [][]int{{2, n, 2, 3, 2}}, func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm3d(n, nn.InstanceNormConfig{RunningStats: true, DType: d})
		}),
		row("Conv1d", [][]int{{2, n, 5}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewConv1d(newRand(seed), n, n+1, []int{3}, nn.ConvConfig{Padding: []int{1}, DType: d})
		}),
		row("Conv2d", image, func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), n, n+1, []int{3}, nn.ConvConfig{Padding: []int{1}, DType: d})
		}),
		row("Conv2d by pixels", image, func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), n, 3, []int{1}, nn.ConvConfig{DType: d})
		}),
		row("Conv2d by channels", image, func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), n, n, []int{3}, nn.ConvConfig{Groups: n, Padding: []int{1}, DType: d})
		}),
		row("Conv3d", [][]int{{1, n, 2, 3, 3}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewConv3d(newRand(seed), n, 2, []int{2}, nn.ConvConfig{DType: d})
		}),
		row("ConvTranspose1d", [][]int{{2, n, 5}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewConvTranspose1d(newRand(seed), n, n+1, []int{3}, nn.ConvTransposeConfig{Stride: []int{2}, DType: d})
		}),
		row("ConvTranspose2d", image, func(seed uint64, d dtype) nn.Module {
			return nn.NewConvTranspose2d(newRand(seed), n, 2, []int{2}, nn.ConvTransposeConfig{Stride: []int{2}, DType: d})
		}),
		row("ConvTranspose3d", [][]int{{1, n, 2, 2, 3}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewConvTranspose3d(newRand(seed), n, 2, []int{2}, nn.ConvTransposeConfig{DType: d})
		}),
		row("Bilinear", [][]int{{3, n}, {3, n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewBilinear(newRand(seed), n, n, 2, nn.BilinearConfig{DType: d})
		}),
		row("LSTM", sequences, func(seed uint64, d dtype) nn.Module { return nn.NewLSTM(newRand(seed), n, n, nn.LSTMConfig{DType: d}) }),
		row("GRU", sequences, func(seed uint64, d dtype) nn.Module { return nn.NewGRU(newRand(seed), n, n, nn.GRUConfig{DType: d}) }),
		row("RNN", sequences, func(seed uint64, d dtype) nn.Module { return nn.NewRNN(newRand(seed), n, n, nn.RNNConfig{DType: d}) }),
		row("LSTMCell", [][]int{{2, n}, {2, n}, {2, n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewLSTMCell(newRand(seed), n, n, nn.CellConfig{DType: d})
		}),
		row("GRUCell", [][]int{{2, n}, {2, n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewGRUCell(newRand(seed), n, n, nn.CellConfig{DType: d})
		}),
		row("RNNCell", [][]int{{2, n}, {2, n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewRNNCell(newRand(seed), n, n, nn.CellConfig{DType: d})
		}),
		row("MultiheadAttention", [][]int{{2, 3, 2 * n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewMultiheadAttention(newRand(seed), 2*n, 2, nn.MultiheadAttentionConfig{DType: d})
		}),
		row("TransformerEncoderLayer", [][]int{{2, 3, 2 * n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewTransformerEncoderLayer(newRand(seed), 2*n, 2, nn.TransformerConfig{FeedForward: n, Activation: nn.GELU{}, DType: d})
		}),
		row("LearnedPositions", [][]int{{2, 3, n}}, func(seed uint64, d dtype) nn.Module {
			return nn.NewLearnedPositions(newRand(seed), 4, n, nn.PositionsConfig{DType: d})
		}),
		row("Embedding", nil, func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbedding(newRand(seed), 5, n, nn.EmbeddingConfig{DType: d})
		}),
		row("EmbeddingBag", nil, func(seed uint64, d dtype) nn.Module {
			return nn.NewEmbeddingBag(newRand(seed), 5, n, nn.EmbeddingBagConfig{DType: d})
		}),
	}
	// What is called as in the tables, where it is not by Forward.
	calls := map[string]func(layerRow) layerRow{}
	for _, row := range layerRows() {
		calls[row.name] = func(wide layerRow) layerRow { wide.call = row.call; return wide }
	}
	for i, row := range rows {
		if same := calls[row.name]; same != nil {
			rows[i] = same(row)
		}
	}
	return rows
}
