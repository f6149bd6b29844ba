package nn_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// inPieces are ways to compute a batch in pieces.
var inPieces = []nn.TrainerConfig{
	{MicroBatch: 1}, {MicroBatch: 2}, {MicroBatch: 3}, {MicroBatch: 10}, {MicroBatch: 11}, {MicroBatch: 99},
	{Shards: 2}, {Shards: 3}, {Shards: 11}, {Shards: 20}, {MicroBatch: 4, Shards: 2}, {MicroBatch: 5, Shards: 3}, {MicroBatch: 1, Shards: 4},
}

func piecesName(c nn.TrainerConfig) string {
	return fmt.Sprintf("micro %d shards %d", c.MicroBatch, c.Shards)
}

// whole is a batch of all examples of a data set.
func whole(t testing.TB, set data.Dataset, dtype autograd.DType) *data.Batch {
	t.Helper()
	batch := &data.Batch{DType: dtype}
	indices := make([]int, set.Len())
	for i := range indices {
		indices[i] = i
	}
	if err := set.Fill(batch, indices); err != nil {
		t.Fatal(err)
	}
	return batch
}

// The gradient of a batch in pieces is that of the whole batch, for every loss.
func TestPiecesGiveTheWholeGradient(t *testing.T) {
	eachLoss(t, func(t *testing.T, loss nn.Loss, set data.Dataset, _ float64) {
		batch := whole(t, set, double)
		step := func(config nn.TrainerConfig) (*nn.Step, []float64) {
			model := nn.Sequential{nn.NewLinear(newRand(1), 4, 4, nn.LinearConfig{DType: double}), nn.Sigmoid{}}
			config.Optimizer = optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: 1})
			s, err := nn.NewTrainer(nn.Supervised(model, loss), config).Step(batch)
			if err != nil {
				t.Fatal(err)
			}
			var weights []float64
			for _, w := range nn.Params(model) {
				weights = append(weights, w.Floats()...)
			}
			return s, weights
		}
		want, weights := step(nn.TrainerConfig{})
		near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-13*max(1, math.Abs(b)) }
		for _, config := range inPieces {
			got, others := step(config)
			if !near(got.Loss, want.Loss) || !near(got.GradNorm, want.GradNorm) || got.Examples != 11 {
				t.Errorf("%s: loss %v, norm %v; of the whole batch %v, %v", piecesName(config), got.Loss, got.GradNorm, want.Loss, want.GradNorm)
			}
			for i := range weights {
				if !near(others[i], weights[i]) {
					t.Errorf("%s: weight %d became %v, by the whole batch %v", piecesName(config), i, others[i], weights[i])
				}
			}
		}
	})
}

// paddedTexts is an objective of texts with padding: its loss is the mean over the tokens
// that there are, some of which have no label.
type paddedTexts struct {
	words *nn.Embedding
	head  *nn.Linear
}

func (g paddedTexts) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("words", g.words), nn.Sub("head", g.head))
}

func (g paddedTexts) Loss(s *nn.StepContext) autograd.Variable {
	b := s.Batch
	width := len(b.Tokens) / b.Len
	y := g.head.Forward(g.words.Lookup(s.Tape, b.Tokens, b.Len, width))
	s.Output(y)
	losses := y.Square().Sum(-1).Mul(s.Mask())
	count := 0
	for _, n := range b.Lengths {
		count += n
	}
	s.Divisor(float64(count))
	s.Log("squares", losses.Mean())
	return losses.Sum().DivScalar(float64(max(1, count)))
}

// wordSet is a data set of tokens with lengths and masks.
type wordSet struct{ n, width int }

func (d wordSet) Len() int { return d.n }

func (d wordSet) Fill(batch *data.Batch, indices []int) error {
	batch.Reset(len(indices), 0)
	batch.ResetTokens(d.width)
	batch.ResetLengths()
	batch.ResetMask(d.width)
	for row, i := range indices {
		batch.Lengths[row] = i * i % (d.width + 1) // the first has no token of its own
		for k := range d.width {
			batch.Tokens[row*d.width+k] = (3*i + k) % 7
			mask := 0.0
			if k < batch.Lengths[row] {
				mask = 1
			}
			batch.Mask.Float64s[row*d.width+k] = mask
		}
	}
	return nil
}

// Examples of different length count by their length.
func TestPiecesWithPadding(t *testing.T) {
	for _, sparse := range []bool{false, true} {
		t.Run(fmt.Sprintf("sparse %v", sparse), func(t *testing.T) { testPadding(t, sparse) })
	}
}

func testPadding(t *testing.T, sparse bool) {
	batch := whole(t, wordSet{11, 5}, double)
	step := func(config nn.TrainerConfig) (scores nn.Scores, weights []float64) {
		rng := newRand(1)
		model := paddedTexts{nn.NewEmbedding(rng, 7, 3, nn.EmbeddingConfig{DType: double, Sparse: sparse}), nn.NewLinear(rng, 3, 2, nn.LinearConfig{DType: double})}
		config.Optimizer = optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: 0.1})
		trainer := nn.NewTrainer(model, config)
		for range 2 {
			s, err := trainer.Step(batch)
			if err != nil {
				t.Fatal(err)
			}
			scores = slices.Clone(s.Means())
		}
		for _, w := range nn.Params(model) {
			weights = append(weights, w.Floats()...)
		}
		return scores, weights
	}
	want, weights := step(nn.TrainerConfig{})
	for _, config := range inPieces {
		got, others := step(config)
		for i, score := range want[:1] {
			if got[i].Name != score.Name || math.Abs(got[i].Value-score.Value) > 1e-13 {
				t.Errorf("%s: %v, want %v", piecesName(config), got, want)
			}
		}
		for i := range weights {
			if math.Abs(others[i]-weights[i]) > 1e-13 {
				t.Errorf("%s: weight %d became %v, by the whole batch %v", piecesName(config), i, others[i], weights[i])
			}
		}
	}
}

// Metrics see the outputs of all pieces in the order of the examples.
func TestPiecesAndMetrics(t *testing.T) {
	set := blobs(1, 11)
	batch := whole(t, set, autograd.Float32)
	for _, config := range inPieces {
		seen := &sawOutputs{}
		config.Metrics = []nn.Metric{seen, nn.Accuracy{}}
		trainer := nn.NewTrainer(nn.Supervised(classifier(1), nil), config)
		for range 2 {
			if _, err := trainer.Step(batch); err != nil {
				t.Fatal(err)
			}
		}
		want := classifier(1).Forward(autograd.New(set.X.Float32s, 11, 2))
		if len(seen.shapes) != 2 || !cmp.Equal(seen.shapes, [][]int{{11, 3}, {11, 3}}) {
			t.Fatalf("%s: the metric saw %v", piecesName(config), seen.shapes)
		}
		for i, x := range want.Floats() {
			if math.Abs(x-float64(seen.first[i])) > 1e-6 {
				t.Errorf("%s: output %d is %v, want %v", piecesName(config), i, seen.first[i], x)
			}
		}
	}
}

// sawOutputs is a metric that keeps what it saw.
type sawOutputs struct {
	shapes [][]int
	first  []float32
}

func (*sawOutputs) Name() string      { return "saw" }
func (s *sawOutputs) Begin() nn.Meter { return s }
func (s *sawOutputs) Value() float64  { return 0 }
func (s *sawOutputs) Merge(nn.Meter)  {}
func (s *sawOutputs) Add(output data.Array, _ *data.Batch) {
	if s.shapes == nil {
		s.first = append(s.first, output.Float32s...)
	}
	s.shapes = append(s.shapes, append([]int{}, output.Shape...))
}

// Outputs that cannot lie side by side are an error where a metric wants to see them.
func TestPiecesOfOutputsThatDoNotFit(t *testing.T) {
	model := classifier(1)
	calls := 0
	objective := objectiveFunc{model, func(s *nn.StepContext) autograd.Variable {
		y := model.Forward(s.X())
		calls++
		s.Output(y.Slice(1, 0, 1+calls%2))
		return nn.CrossEntropyLoss(y, s.Target().Labels)
	}}
	batch := whole(t, blobs(1, 10), autograd.Float32)
	_, err := nn.NewTrainer(objective, nn.TrainerConfig{MicroBatch: 5, Metrics: []nn.Metric{nn.Accuracy{}}}).Step(batch)
	if err == nil || !strings.Contains(err.Error(), "one has shape [5 1] after [") {
		t.Errorf("got %v", err)
	}
	if _, err := nn.NewTrainer(objective, nn.TrainerConfig{MicroBatch: 5}).Step(batch); err != nil {
		t.Errorf("without metrics: %v", err)
	}
}

func normalizing(seed uint64) nn.Sequential {
	rng := newRand(seed)
	return nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{DType: double}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{DType: double}),
		nn.NewLinear(rng, 8, 3, nn.LinearConfig{DType: double})}
}

// Running statistics move with every micro-batch, one after the other; those of shards are
// their mean.
func TestPiecesAndBuffers(t *testing.T) {
	set := blobs(1, 10)
	batch := whole(t, set, double)
	byHand := func(pieces [][2]int, shards bool) map[string][]uint64 {
		model := normalizing(1)
		norm := model[1].(*nn.BatchNorm1d)
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		mean, variance := autograd.Zeros(double, 8), autograd.Zeros(double, 8)
		before := [2]autograd.Variable{norm.RunningMean.Clone(), norm.RunningVar.Clone()}
		total := 0.0
		for _, piece := range pieces {
			model[:2].Forward(tape.Const(autograd.New(batch.X.Float64s, 10, 2).Slice(0, piece[0], piece[1])))
			tape.Commit()
			tape.Reset()
			if !shards {
				continue
			}
			n := float64(piece[1] - piece[0])
			total += n
			for i, sum := range []autograd.Variable{mean, variance} {
				now := []autograd.Variable{norm.RunningMean, norm.RunningVar}[i]
				sum.CopyFrom(sum.Add(now.Sub(sum).MulScalar(n / total)))
				now.CopyFrom(before[i])
			}
			norm.NumBatchesTracked = 1
		}
		if shards {
			norm.RunningMean.CopyFrom(mean)
			norm.RunningVar.CopyFrom(variance)
		}
		return bitsOf(norm)
	}
	for _, test := range []struct {
		config nn.TrainerConfig
		pieces [][2]int
	}{
		{nn.TrainerConfig{}, [][2]int{{0, 10}}},
		{nn.TrainerConfig{MicroBatch: 4}, [][2]int{{0, 4}, {4, 8}, {8, 10}}},
		{nn.TrainerConfig{Shards: 3}, [][2]int{{0, 3}, {3, 6}, {6, 10}}},
	} {
		model := normalizing(1)
		test.config.Optimizer = optim.NewSGD(nn.Params(model[2]), optim.SGDConfig{})
		if _, err := nn.NewTrainer(nn.Supervised(model, nil), test.config).Step(batch); err != nil {
			t.Fatal(err)
		}
		got, want := bitsOf(model[1]), byHand(test.pieces, test.config.Shards > 0)
		for name, bits := range want {
			for i := range bits {
				x, y := math.Float64frombits(got[name][i]), math.Float64frombits(bits[i])
				if name == "num_batches_tracked" {
					x, y = float64(got[name][i]), float64(bits[i])
				}
				if math.Abs(x-y) > 1e-14 {
					t.Errorf("%s: %s[%d] is %v, want %v", piecesName(test.config), name, i, x, y)
				}
			}
		}
	}
}

// Both at once: shards merge in each micro-batch, and the next one goes on from there.
func TestPiecesAndBuffersOfBoth(t *testing.T) {
	batch := whole(t, blobs(1, 18), double)
	model := normalizing(1)
	if _, err := nn.NewTrainer(nn.Supervised(model, nil), nn.TrainerConfig{MicroBatch: 6, Shards: 3}).Step(batch); err != nil {
		t.Fatal(err)
	}
	if n := model[1].(*nn.BatchNorm1d).NumBatchesTracked; n != 3 {
		t.Errorf("%d batches tracked, want one for each micro-batch", n)
	}
}

// A piece that fails, by an error or a number that is not finite, leaves all as it was.
func TestPiecesThatFail(t *testing.T) {
	batch := whole(t, blobs(1, 12), double)
	for _, config := range []nn.TrainerConfig{{MicroBatch: 3}, {Shards: 4}, {MicroBatch: 6, Shards: 2}} {
		for what, fail := range map[string]func(loss v) v{
			"exactly one element": func(loss v) v { return loss.BroadcastTo(2) },
			"the loss is NaN":     func(loss v) v { return loss.Sub(loss.Detach()).AddScalar(-1).Log() },
		} {
			model := normalizing(1)
			config.Optimizer = optim.NewAdam(nn.Params(model), optim.AdamConfig{})
			inner := nn.Supervised(model, nil)
			objective := objectiveFunc{model, func(s *nn.StepContext) v {
				loss := inner.Loss(s)
				if s.Batch.Indices[0] == 9 {
					return fail(loss)
				}
				return loss
			}}
			before, state := bitsOf(model), stateBits(config.Optimizer)
			batch.Indices = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
			_, err := nn.NewTrainer(objective, config).Step(batch)
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: got %v, expected %q", piecesName(config), err, what)
			}
			if diff := cmp.Diff(before, bitsOf(model)); diff != "" || !cmp.Equal(state, stateBits(config.Optimizer)) {
				t.Errorf("%s: the model or its optimizer changed:\n%s", piecesName(config), diff)
			}
		}
	}
}

// The same number of shards gives the same bits on any number of processors, also with
// random numbers; and another one gives others.
func TestShardsAreDeterministic(t *testing.T) {
	run := func(procs, shards int) (bits map[string][]uint64) {
		parallel.WithProcs(procs, func() {
			rng := newRand(1)
			model := nn.Sequential{nn.NewLinear(rng, 2, 64, nn.LinearConfig{}), nn.NewBatchNorm1d(64, nn.BatchNormConfig{}), nn.Dropout{P: 0.5}, nn.NewLinear(rng, 64, 3, nn.LinearConfig{})}
			if _, err := nn.Fit(context.Background(), model, blobs(1, 200), nn.FitConfig{Epochs: 2, BatchSize: 50, Shards: shards, MicroBatch: 30, Metrics: []nn.Metric{nn.Accuracy{}}}); err != nil {
				t.Fatal(err)
			}
			bits = bitsOf(model)
		})
		return bits
	}
	for _, shards := range []int{1, 2, 3} {
		one := run(1, shards)
		for _, procs := range []int{2, 4} {
			if !cmp.Equal(one, run(procs, shards)) {
				t.Errorf("%d shards: the bits depend on the number of processors", shards)
			}
		}
		if shards > 1 && cmp.Equal(one, run(1, 1)) {
			t.Errorf("%d shards: the same as one shard", shards)
		}
	}
}

// Random numbers of shards and of micro-batches are different ones.
func TestPiecesDrawDifferentNumbers(t *testing.T) {
	batch := whole(t, blobs(1, 12), double)
	for _, config := range []nn.TrainerConfig{{MicroBatch: 3}, {Shards: 4}, {MicroBatch: 6, Shards: 2}} {
		var draws [4]uint64
		model := normalizing(1)
		inner := nn.Supervised(model, nil)
		batch.Indices = []int{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}
		objective := objectiveFunc{model, func(s *nn.StepContext) v {
			draws[s.Batch.Indices[0]] = s.Tape.Rand().Uint64()
			return inner.Loss(s)
		}}
		trainer := nn.NewTrainer(objective, config)
		seen := map[uint64]bool{}
		for range 2 {
			if _, err := trainer.Step(batch); err != nil {
				t.Fatal(err)
			}
			for _, draw := range draws {
				seen[draw] = true
			}
		}
		if len(seen) != 8 {
			t.Errorf("%s: %d numbers in 8 pieces", piecesName(config), len(seen))
		}
	}
}

func TestPiecesDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	batch := whole(t, blobs(1, 12), double)
	for _, config := range inPieces[1:] {
		config.Metrics, config.ClipNorm = []nn.Metric{nn.Accuracy{}}, 1
		model := nn.Sequential{nn.NewLinear(newRand(1), 2, 8, nn.LinearConfig{DType: double}), nn.ReLU{}, nn.NewLinear(newRand(1), 8, 3, nn.LinearConfig{DType: double})}
		trainer := nn.NewTrainer(nn.Supervised(model, nil), config)
		step := func() {
			if _, err := trainer.Step(batch); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			step()
		}
		if n := testing.AllocsPerRun(50, step); n != 0 {
			t.Errorf("%s: %v allocations a step", piecesName(config), n)
		}
	}
}

// Where numbers are no longer finite is found without being asked for.
func TestNonFiniteErrorNamesTheLayer(t *testing.T) {
	for name, test := range map[string]struct {
		bad   func(x v) v
		says  []string
		layer string
	}{
		"a value":    {func(x v) v { return x.SubScalar(1e6).Sqrt() }, []string{"the loss is NaN; 1.1 (Func): autograd: the result of sqrt"}, "1.1"},
		"a gradient": {func(x v) v { return x.Add(x.MulScalar(0).Abs().Sqrt()) }, []string{"the gradient of 0.weight is NaN; autograd: the gradient of operand 0 of "}, ""},
	} {
		for _, config := range []nn.FitConfig{{}, {MicroBatch: 3}, {Shards: 2}} {
			rng := newRand(1)
			model := nn.Sequential{nn.NewLinear(rng, 2, 4, nn.LinearConfig{}), nn.Sequential{nn.Tanh{}, nn.Func(test.bad)}, nn.NewLinear(rng, 4, 3, nn.LinearConfig{})}
			_, err := nn.Fit(context.Background(), model, blobs(1, 8), config)
			var notFinite *nn.NonFiniteError
			var anomaly *autograd.AnomalyError
			if !errors.As(err, &notFinite) || !errors.As(err, &anomaly) {
				t.Errorf("%s: got %v", name, err)
				continue
			}
			for _, says := range test.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%s: got %v, expected %q", name, err, says)
				}
			}
			var layer *nn.LayerError
			if errors.As(err, &layer) != (test.layer != "") || layer != nil && layer.Path != test.layer {
				t.Errorf("%s: the layer is %v", name, layer)
			}
		}
	}
}
