package nn_test

import (
	"context"
	"fmt"
	"go/ast"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// configNumber is a field of a configuration that is a number.
type configNumber struct {
	field string  // "Type.Field"
	def   float64 // what 0 means

	// probe is what a value of the field makes of something, as text. It panics, or
	// returns an error, if the value is refused.
	probe func(value float64) (string, error)

	integer bool // the field is an int
	any     bool // every number is accepted
}

func configNumbers() []configNumber {
	rng := newRand(1)
	x := autograd.Normal(rng, double, 0, 1, 6, 4)
	y := autograd.Normal(rng, double, 0, 1, 6, 4)
	z := y.Square().MulScalar(1e-6) // variances, some of them below the least
	labels := []int{0, 1, 2, 3, 0, 1}
	set := blobs(1, 100)
	text := func(v autograd.Variable) (string, error) { return fmt.Sprint(v.Floats()), nil }
	norm := func(config nn.BatchNormConfig) (string, error) {
		config.DType = double
		b := nn.NewBatchNorm1d(4, config)
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		out := b.Forward(tape.Const(x))
		tape.Commit()
		return fmt.Sprint(out.Floats(), b.RunningMean.Floats()), nil
	}
	instance := func(config nn.InstanceNormConfig) (string, error) {
		config.DType, config.RunningStats = double, true
		b := nn.NewInstanceNorm1d(4, config)
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		out := b.Forward(tape.Const(x.Reshape(1, 4, 6)))
		tape.Commit()
		return fmt.Sprint(out.Floats(), b.RunningMean.Floats()), nil
	}
	recurrent := func(l nn.Layer) (string, error) {
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		return text(l.Forward(tape.Const(x)))
	}
	fit := func(config nn.FitConfig) (string, error) {
		model := classifier(1)
		config.Optimizer = optim.NewAdam(nn.Params(model), optim.AdamConfig{})
		history, err := nn.Fit(context.Background(), model, set, config)
		if err != nil {
			return "", err
		}
		return fmt.Sprint(len(history.Epochs), history.Epochs[0].Steps, bitsOf(model)), nil
	}
	trainer := func(config nn.TrainerConfig) (string, error) {
		model := classifier(1)
		t := nn.NewTrainer(nn.Supervised(model, nil), config)
		for _, err := range t.Epoch(context.Background(), data.NewLoader(set, data.LoaderConfig{})) {
			if err != nil {
				return "", err
			}
		}
		return fmt.Sprint(bitsOf(model)), nil
	}
	evaluate := func(config nn.EvaluateConfig) (string, error) {
		scores, err := nn.Evaluate(context.Background(), classifier(1), set, config)
		return fmt.Sprint(scores), err
	}
	predict := func(config nn.PredictConfig) (string, error) {
		batches := 0
		_, err := nn.PredictBy(context.Background(), classifier(1), func(s *nn.StepContext) autograd.Variable { batches++; return s.X() }, set, config)
		return fmt.Sprint(batches), err
	}
	checkpointing := func(config nn.CheckpointingConfig) (string, error) {
		return fmt.Sprintf("%+v", nn.NewCheckpointing("nowhere", config).Dir()), nil
	}
	finder := func(config nn.RateFinderConfig) (string, error) {
		curve, err := nn.FindRate(context.Background(), classifier(1), nil, set, config)
		return fmt.Sprint(curve), err
	}
	swa := func(config nn.SWAConfig) (string, error) {
		model := classifier(1)
		s := nn.NewSWA(model, config)
		_, err := nn.Fit(context.Background(), model, set, nn.FitConfig{Callbacks: []nn.Callback{s}})
		return fmt.Sprint(s.Average().Updates()), err
	}
	stopping := func(config nn.EarlyStoppingConfig) (string, error) {
		config.Training = true
		stop := nn.NewEarlyStopping(config)
		trainer := nn.NewTrainer(nn.Supervised(classifier(1), nil), nn.TrainerConfig{})
		if err := stop.Begin(trainer); err != nil {
			return "", err
		}
		epochs := 0
		for _, loss := range []float64{1, 0.9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1} {
			epochs++
			if err := stop.Epoch(&nn.Epoch{Train: nn.Scores{{Name: nn.LossName, Value: loss}}}); err != nil {
				break
			}
		}
		return fmt.Sprint(epochs), nil
	}
	attention := func(config nn.MultiheadAttentionConfig) (string, error) {
		a := nn.NewMultiheadAttention(newRand(1), 4, 2, config)
		out := ""
		for name, w := range nn.Params(a) {
			out += fmt.Sprint(name, w.Shape())
		}
		return out, nil
	}
	embedding := func(config nn.EmbeddingConfig) (string, error) {
		config.DType = double
		return text(nn.NewEmbedding(newRand(1), 4, 3, config).Lookup(nil, []int{2, 1}, 2))
	}
	bag := func(config nn.EmbeddingBagConfig) (string, error) {
		config.DType = double
		return text(nn.NewEmbeddingBag(newRand(1), 4, 3, config).Lookup(nil, [][]int{{2, 1}}))
	}
	spectral := func(config nn.SpectralNormConfig) (string, error) {
		small := nn.NewLinear(newRand(1), 4, 2, nn.LinearConfig{Init: nn.Normal(0, 1e-13), DType: double})
		n := nn.NewSpectralNorm(newRand(2), small, config)
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		y := n.Forward(tape.Const(x))
		tape.Commit()
		return fmt.Sprint(y.Floats(), n.U.Floats()), nil
	}
	return []configNumber{
		{field: "BatchNormConfig.Eps", def: 1e-5, probe: func(n float64) (string, error) { return norm(nn.BatchNormConfig{Eps: n}) }},
		{field: "BatchNormConfig.Momentum", def: 0.1, probe: func(n float64) (string, error) { return norm(nn.BatchNormConfig{Momentum: n}) }},
		{field: "LayerNormConfig.Eps", def: 1e-5, probe: func(n float64) (string, error) {
			return text(nn.NewLayerNorm([]int{4}, nn.LayerNormConfig{Eps: n, DType: double}).Forward(x))
		}},
		{field: "RMSNormConfig.Eps", def: 0x1p-52, probe: func(n float64) (string, error) {
			return text(nn.NewRMSNorm([]int{4}, nn.RMSNormConfig{Eps: n, DType: double}).Forward(z.MulScalar(1e-7)))
		}},
		{field: "GroupNormConfig.Eps", def: 1e-5, probe: func(n float64) (string, error) {
			return text(nn.NewGroupNorm(1, 4, nn.GroupNormConfig{Eps: n, DType: double}).Forward(x))
		}},
		{field: "InstanceNormConfig.Eps", def: 1e-5, probe: func(n float64) (string, error) { return instance(nn.InstanceNormConfig{Eps: n}) }},
		{field: "InstanceNormConfig.Momentum", def: 0.1, probe: func(n float64) (string, error) { return instance(nn.InstanceNormConfig{Momentum: n}) }},
		{field: "ConvConfig.Groups", def: 1, integer: true, probe: func(n float64) (string, error) {
			return text(nn.NewConv1d(newRand(1), 4, 4, []int{1}, nn.ConvConfig{Groups: int(n), DType: double}).Weight)
		}},
		{field: "ConvTransposeConfig.Groups", def: 1, integer: true, probe: func(n float64) (string, error) {
			return text(nn.NewConvTranspose1d(newRand(1), 4, 4, []int{1}, nn.ConvTransposeConfig{Groups: int(n), DType: double}).Weight)
		}},
		{field: "AvgPoolConfig.Divisor", def: 2, integer: true, probe: func(n float64) (string, error) {
			return text(nn.NewAvgPool1d([]int{2}, nn.AvgPoolConfig{Divisor: int(n)}).Forward(x))
		}},
		{field: "MultiheadAttentionConfig.Dropout", probe: func(n float64) (string, error) {
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			a := nn.NewMultiheadAttention(newRand(1), 4, 2, nn.MultiheadAttentionConfig{Dropout: n, DType: double})
			return text(a.Forward(tape.Const(x.Reshape(2, 3, 4))))
		}},
		{field: "TransformerConfig.FeedForward", def: 2048, integer: true, probe: func(n float64) (string, error) {
			return fmt.Sprint(nn.NewTransformerEncoderLayer(newRand(1), 4, 2, nn.TransformerConfig{FeedForward: int(n)}).Linear1.Weight.Shape()), nil
		}},
		{field: "TransformerConfig.Dropout", def: 0.1, probe: func(n float64) (string, error) {
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			l := nn.NewTransformerEncoderLayer(newRand(1), 4, 2, nn.TransformerConfig{FeedForward: 8, Dropout: n, DType: double})
			return text(l.Forward(tape.Const(x.Reshape(2, 3, 4))))
		}},
		{field: "TransformerConfig.Eps", def: 1e-5, probe: func(n float64) (string, error) {
			return text(nn.NewTransformerEncoderLayer(newRand(1), 4, 2, nn.TransformerConfig{FeedForward: 8, Eps: n, DType: double}).Forward(x.Reshape(2, 3, 4)))
		}},
		{field: "PositionsConfig.Base", def: 10000, probe: func(n float64) (string, error) {
			return text(nn.NewSinusoidalPositions(6, 4, nn.PositionsConfig{Base: n, DType: double}).Forward(x))
		}},
		{field: "SpectralNormConfig.Iterations", def: 1, integer: true, probe: func(n float64) (string, error) {
			return spectral(nn.SpectralNormConfig{Iterations: int(n)})
		}},
		{field: "SpectralNormConfig.Eps", def: 1e-12, probe: func(n float64) (string, error) { return spectral(nn.SpectralNormConfig{Eps: n}) }},
		{field: "SpectralNormConfig.Axis", integer: true, any: true, probe: func(n float64) (string, error) {
			return spectral(nn.SpectralNormConfig{Axis: int(n) % 2})
		}},
		{field: "WeightNormConfig.Axis", integer: true, any: true, probe: func(n float64) (string, error) {
			return fmt.Sprint(nn.NewWeightNorm(nn.NewLinear(newRand(1), 4, 2, nn.LinearConfig{}), nn.WeightNormConfig{Axis: int(n) % 2}).G.Shape()), nil
		}},
		{field: "PReLUConfig.Channels", def: 1, integer: true, probe: func(n float64) (string, error) {
			return text(nn.NewPReLU(nn.PReLUConfig{Channels: int(n)}).Weight)
		}},
		{field: "PReLUConfig.Init", def: 0.25, probe: func(n float64) (string, error) {
			return text(nn.NewPReLU(nn.PReLUConfig{Init: n}).Weight)
		}},
		{field: "LSTMConfig.Layers", def: 1, integer: true, probe: func(n float64) (string, error) {
			return fmt.Sprint(len(nn.NewLSTM(newRand(1), 2, 2, nn.LSTMConfig{Layers: int(n)}).Weights)), nil
		}},
		{field: "LSTMConfig.Projection", integer: true, probe: func(n float64) (string, error) {
			return text(nn.NewLSTM(newRand(1), 2, 4, nn.LSTMConfig{Projection: int(n)}).Weights[0].HH)
		}},
		{field: "LSTMConfig.Dropout", probe: func(n float64) (string, error) {
			return recurrent(nn.NewLSTM(newRand(1), 4, 2, nn.LSTMConfig{Layers: 2, Dropout: n, DType: double}))
		}},
		{field: "GRUConfig.Layers", def: 1, integer: true, probe: func(n float64) (string, error) {
			return recurrent(nn.NewGRU(newRand(1), 4, 2, nn.GRUConfig{Layers: int(n), DType: double}))
		}},
		{field: "GRUConfig.Dropout", probe: func(n float64) (string, error) {
			return recurrent(nn.NewGRU(newRand(1), 4, 2, nn.GRUConfig{Layers: 2, Dropout: n, DType: double}))
		}},
		{field: "RNNConfig.Layers", def: 1, integer: true, probe: func(n float64) (string, error) {
			return recurrent(nn.NewRNN(newRand(1), 4, 2, nn.RNNConfig{Layers: int(n), DType: double}))
		}},
		{field: "RNNConfig.Dropout", probe: func(n float64) (string, error) {
			return recurrent(nn.NewRNN(newRand(1), 4, 2, nn.RNNConfig{Layers: 2, Dropout: n, DType: double}))
		}},
		{field: "MultiheadAttentionConfig.KeyDim", def: 4, integer: true, probe: func(n float64) (string, error) {
			return attention(nn.MultiheadAttentionConfig{KeyDim: int(n)})
		}},
		{field: "MultiheadAttentionConfig.ValueDim", def: 4, integer: true, probe: func(n float64) (string, error) {
			return attention(nn.MultiheadAttentionConfig{ValueDim: int(n)})
		}},
		{field: "EmbeddingConfig.MaxNorm", probe: func(n float64) (string, error) { return embedding(nn.EmbeddingConfig{MaxNorm: n}) }},
		{field: "EmbeddingConfig.NormType", def: 2, probe: func(n float64) (string, error) {
			return embedding(nn.EmbeddingConfig{NormType: n, MaxNorm: 0.1})
		}},
		{field: "EmbeddingBagConfig.MaxNorm", probe: func(n float64) (string, error) { return bag(nn.EmbeddingBagConfig{MaxNorm: n}) }},
		{field: "EmbeddingBagConfig.NormType", def: 2, probe: func(n float64) (string, error) {
			return bag(nn.EmbeddingBagConfig{NormType: n, MaxNorm: 0.1})
		}},
		{field: "EvaluateConfig.BatchSize", def: 32, integer: true, probe: func(n float64) (string, error) { return evaluate(nn.EvaluateConfig{BatchSize: int(n)}) }},
		{field: "EvaluateConfig.Prefetch", integer: true, probe: func(n float64) (string, error) { return evaluate(nn.EvaluateConfig{Prefetch: int(n)}) }},
		{field: "PredictConfig.BatchSize", def: 32, integer: true, probe: func(n float64) (string, error) { return predict(nn.PredictConfig{BatchSize: int(n)}) }},
		{field: "PredictConfig.Prefetch", integer: true, probe: func(n float64) (string, error) { return predict(nn.PredictConfig{Prefetch: int(n)}) }},
		{field: "RateFinderConfig.Min", def: 1e-7, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{Min: n}) }},
		{field: "RateFinderConfig.Max", def: 10, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{Max: n}) }},
		{field: "RateFinderConfig.Steps", def: 100, integer: true, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{Steps: int(n)}) }},
		{field: "RateFinderConfig.Smoothing", def: 0.9, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{Smoothing: n}) }},
		{field: "RateFinderConfig.Diverged", def: 4, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{Diverged: n}) }},
		{field: "RateFinderConfig.BatchSize", def: 32, integer: true, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{BatchSize: int(n)}) }},
		{field: "RateFinderConfig.ClipNorm", probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{ClipNorm: n}) }},
		{field: "RateFinderConfig.MicroBatch", def: 32, integer: true, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{MicroBatch: int(n)}) }},
		{field: "RateFinderConfig.Shards", def: 1, integer: true, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{Shards: int(n)}) }},
		{field: "RateFinderConfig.Seed", any: true, probe: func(n float64) (string, error) { return finder(nn.RateFinderConfig{Seed: uint64(n)}) }},
		{field: "SWAConfig.Start", integer: true, probe: func(n float64) (string, error) { return swa(nn.SWAConfig{Start: int(n)}) }},
		{field: "SWAConfig.Every", integer: true, probe: func(n float64) (string, error) { return swa(nn.SWAConfig{Every: int(n)}) }},
		{field: "EarlyStoppingConfig.Patience", def: 10, integer: true, probe: func(n float64) (string, error) {
			return stopping(nn.EarlyStoppingConfig{Patience: int(n)})
		}},
		{field: "EarlyStoppingConfig.MinDelta", probe: func(n float64) (string, error) { return stopping(nn.EarlyStoppingConfig{MinDelta: n}) }},
		{field: "CheckpointingConfig.Steps", integer: true, probe: func(n float64) (string, error) { return checkpointing(nn.CheckpointingConfig{Steps: int(n)}) }},
		{field: "CheckpointingConfig.Keep", def: 2, integer: true, probe: func(n float64) (string, error) { return checkpointing(nn.CheckpointingConfig{Keep: int(n)}) }},
		{field: "CheckpointingConfig.KeepBest", integer: true, probe: func(n float64) (string, error) {
			return checkpointing(nn.CheckpointingConfig{KeepBest: int(n)})
		}},
		{field: "FitConfig.Epochs", def: 1, integer: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{Epochs: int(n)}) }},
		{field: "FitConfig.BatchSize", def: 32, integer: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{BatchSize: int(n)}) }},
		{field: "FitConfig.Prefetch", integer: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{Prefetch: int(n)}) }},
		{field: "FitConfig.Workers", integer: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{Prefetch: 2, Workers: int(n)}) }},
		{field: "FitConfig.Buckets", integer: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{Buckets: int(n)}) }},
		{field: "FitConfig.MicroBatch", def: 32, integer: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{MicroBatch: int(n)}) }},
		{field: "FitConfig.Shards", def: 1, integer: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{Shards: int(n)}) }},
		{field: "TrainerConfig.MicroBatch", def: 32, integer: true, probe: func(n float64) (string, error) { return trainer(nn.TrainerConfig{MicroBatch: int(n)}) }},
		{field: "TrainerConfig.Shards", def: 1, integer: true, probe: func(n float64) (string, error) { return trainer(nn.TrainerConfig{Shards: int(n)}) }},
		{field: "FitConfig.ClipNorm", probe: func(n float64) (string, error) { return fit(nn.FitConfig{ClipNorm: n}) }},
		{field: "FitConfig.Seed", any: true, probe: func(n float64) (string, error) { return fit(nn.FitConfig{Seed: uint64(n)}) }},
		{field: "TrainerConfig.ClipNorm", probe: func(n float64) (string, error) { return trainer(nn.TrainerConfig{ClipNorm: n}) }},
		{field: "TrainerConfig.Seed", any: true, probe: func(n float64) (string, error) { return trainer(nn.TrainerConfig{Seed: uint64(n)}) }},
		{field: "Huber.Delta", def: 1, probe: func(n float64) (string, error) { return text(nn.Huber{Delta: n}.Loss(x, y)) }},
		{field: "SmoothL1.Beta", def: 1, probe: func(n float64) (string, error) { return text(nn.SmoothL1{Beta: n}.Loss(x, y)) }},
		{field: "GaussianNLL.Eps", def: 1e-6, probe: func(n float64) (string, error) { return text(nn.GaussianNLL{Eps: n}.Loss(x, y, z)) }},
		{field: "CrossEntropy.LabelSmoothing", probe: func(n float64) (string, error) { return text(nn.CrossEntropy{LabelSmoothing: n}.Loss(x, labels)) }},
		{field: "CrossEntropy.ClassAxis", def: 1, integer: true, any: true, probe: func(n float64) (string, error) { return text(nn.CrossEntropy{ClassAxis: int(n)}.Loss(x, labels)) }},
		{field: "NLL.ClassAxis", def: 1, integer: true, any: true, probe: func(n float64) (string, error) { return text(nn.NLL{ClassAxis: int(n)}.Loss(x, labels)) }},
		{field: "CTC.Blank", integer: true, probe: func(n float64) (string, error) {
			return text(nn.CTC{Blank: int(n)}.Loss(x.Reshape(2, 3, 4), [][]int{{1}, {2}}, nil))
		}},
		{field: "TripletMargin.Margin", def: 1, probe: func(n float64) (string, error) { return text(nn.TripletMargin{Margin: n}.Loss(x, y, x)) }},
		{field: "TripletMargin.P", def: 2, probe: func(n float64) (string, error) { return text(nn.TripletMargin{P: n, Margin: 9}.Loss(x, y, x)) }},
		{field: "TripletMargin.Eps", def: 1e-6, probe: func(n float64) (string, error) { return text(nn.TripletMargin{Eps: n, Margin: 9}.Loss(x, y, z)) }},
	}
}

// In every configuration 0 means the documented default, None means 0, and no other
// negative number, nor NaN, is accepted.
func TestZeroMeansDefault(t *testing.T) {
	for _, number := range configNumbers() {
		t.Run(number.field, func(t *testing.T) {
			probe := func(value float64) (out string, err error) {
				if caught := autograd.Try(func() { out, err = number.probe(value) }); caught != nil {
					err = caught
				}
				return out, err
			}
			byDefault, err := probe(0)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := probe(number.def); err != nil || got != byDefault {
				t.Errorf("0 gives %s, the default %v %s, %v", byDefault, number.def, got, err)
			}
			if number.any {
				return
			}
			bad := []float64{-2, math.NaN()}
			if number.integer {
				bad = []float64{nn.None, -2}
			} else if got, err := probe(nn.None); (got == byDefault) != (number.def == 0) && err == nil {
				t.Errorf("None gives %s, 0 gives %s", got, byDefault)
			}
			for _, value := range bad {
				if got, err := probe(value); err == nil {
					t.Errorf("%v gives %s, expected it to be refused", value, got)
				}
			}
		})
	}
}

// TestConfigNumbers sees that every number in a configuration has a row.
func TestConfigNumbers(t *testing.T) {
	var rows []string
	for _, number := range configNumbers() {
		rows = append(rows, number.field)
	}
	fields := numericFields(t)
	for _, field := range fields {
		if !slices.Contains(rows, field) {
			t.Errorf("nn.%s has no row in configNumbers", field)
		}
	}
	if len(fields) < len(rows) {
		t.Errorf("found %v only", fields)
	}
}

// numericFields are the fields of numbers of all configurations and losses.
func numericFields(t *testing.T) []string {
	_, losses := exportedLosses(t)
	var fields []string
	inspect := func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		structure, ok := spec.Type.(*ast.StructType)
		if !ok || !ast.IsExported(spec.Name.Name) || !strings.HasSuffix(spec.Name.Name, "Config") && !slices.Contains(losses, spec.Name.Name) {
			return true
		}
		for _, field := range structure.Fields.List {
			if kind := typeText(field.Type); kind == "int" || kind == "float64" || kind == "uint64" {
				for _, name := range field.Names {
					fields = append(fields, spec.Name.Name+"."+name.Name)
				}
			}
		}
		return true
	}
	for _, file := range sourceFiles(t, "*.go") {
		ast.Inspect(file, inspect)
	}
	return fields
}
