package nn_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// What needs memory: tasks of sequences whose answer depends on what was long ago.

// adding is the adding problem (Hochreiter and Schmidhuber 1997): of steps random numbers from
// 0 to 1, two are marked, one in each half. The answer at the end is their sum. To say 1
// always has a mean squared error of 1/6.
type adding struct{ first, n, steps int }

func (a adding) Len() int { return a.n }

func (a adding) Fill(b *data.Batch, indices []int) error {
	b.Reset(len(indices), a.steps, 2)
	b.ResetTargets(1)
	for row, i := range indices {
		rng := newRand(uint64(a.first + i))
		x := b.X.Float32s[row*a.steps*2 : (row+1)*a.steps*2]
		for t := range a.steps {
			x[2*t], x[2*t+1] = rng.Float32(), 0
		}
		i, j := rng.IntN(a.steps/2), a.steps/2+rng.IntN(a.steps/2)
		x[2*i+1], x[2*j+1] = 1, 1
		b.Y.Float32s[row] = x[2*i] + x[2*j]
	}
	return nil
}

// copying is the copying problem: symbols of an alphabet of eight, then a delay with nothing,
// then a sign to begin, at which the symbols are to be repeated in order. Labels are those of
// the last steps.
type copying struct{ first, n, symbols, delay int }

const alphabet = 8

func (c copying) Len() int { return c.n }

func (c copying) steps() int { return 2*c.symbols + c.delay }

func (c copying) Fill(b *data.Batch, indices []int) error {
	steps, features := c.steps(), alphabet+2
	b.Reset(len(indices), steps, features)
	b.ResetLabels()
	b.Labels = b.Labels[:0]
	clear(b.X.Float32s)
	for row, i := range indices {
		rng := newRand(uint64(c.first + i))
		x := b.X.Float32s[row*steps*features:]
		for t := range steps {
			mark := alphabet // nothing
			if t < c.symbols {
				mark = rng.IntN(alphabet)
				b.Labels = append(b.Labels, mark)
			} else if t >= steps-c.symbols {
				mark = alphabet + 1
			}
			x[t*features+mark] = 1
		}
	}
	return nil
}

// memory is a model of sequences [batch, steps, features], of whose last steps answers count.
type memory struct {
	parts   nn.Sequential // in, body, out
	through func(x v) v
	answers int
}

func (m *memory) Parts() iter.Seq2[string, nn.Part] { return m.parts.Parts() }

func (m *memory) Loss(s *nn.StepContext) v {
	y := m.through(s.X())
	y = y.Slice(1, y.Dim(1)-m.answers, y.Dim(1))
	if target := s.Target(); target.Labels != nil {
		s.Output(y)
		return nn.CrossEntropyLoss(y, target.Labels)
	}
	return nn.MSELoss(y.Squeeze(1), s.Target().Values)
}

// newLSTMMemory is an LSTM, or with cut one whose state does not go on from step to step.
func newLSTMMemory(seed uint64, task memoryTask, cut bool) *memory {
	rng := newRand(seed)
	lstm := nn.NewLSTM(rng, task.in, task.units, nn.LSTMConfig{})
	head := nn.NewLinear(rng, task.units, task.out, nn.LinearConfig{})
	return &memory{parts: nn.Sequential{lstm, head}, answers: task.answers, through: func(x v) v {
		batch := x.Dim(0)
		if cut {
			x = x.Reshape(batch*task.steps, 1, task.in)
		}
		return head.Forward(lstm.Forward(x).Reshape(batch, task.steps, task.units))
	}}
}

// newTransformerMemory is a layer of a transformer with a learned vector for each position,
// or with cut one in which every position sees itself alone.
func newTransformerMemory(seed uint64, task memoryTask, cut bool) *memory {
	const features = 32
	rng := newRand(seed)
	encoder := nn.NewTransformerEncoder(rng, 1, features, 4, nn.TransformerConfig{FeedForward: 2 * features, Dropout: nn.None, NormFirst: true})
	embed, head := nn.NewLinear(rng, task.in, features, nn.LinearConfig{}), nn.NewLinear(rng, features, task.out, nn.LinearConfig{})
	position := nn.NewLinear(rng, task.steps, features, nn.LinearConfig{NoBias: true}) // a column for each
	var input nn.AttentionInput
	if cut {
		input.Keep = autograd.Eye(autograd.Float32, task.steps)
	}
	return &memory{parts: nn.Sequential{embed, position, encoder, head}, answers: task.answers, through: func(x v) v {
		return head.Forward(encoder.Encode(embed.Forward(x).Add(position.Weight.T()), input))
	}}
}

// memoryTask is a task for a model.
type memoryTask struct {
	name                    string
	in, out, steps, answers int
	units                   int     // of an LSTM
	rate                    float64 // of learning
	learned                 float64 // the loss at which training ends
	data                    func(first, n int) data.Dataset

	// metric is what is measured at the end: what a model that has learned reaches, and what
	// one without memory does not.
	metric        string
	good, chance  float64
	greaterIsGood bool
}

func addingTask(steps, units int, rate float64) memoryTask {
	return memoryTask{
		name: "adding", in: 2, out: 1, steps: steps, answers: 1, units: units, rate: rate, learned: 0.005,
		data:   func(first, n int) data.Dataset { return adding{first, n, steps} },
		metric: "loss", good: 0.01, chance: 0.15, // the mean has 0.167
	}
}

func copyingTask(symbols, delay, units int, rate float64) memoryTask {
	c := copying{symbols: symbols, delay: delay}
	return memoryTask{
		name: "copying", in: alphabet + 2, out: alphabet, steps: c.steps(), answers: symbols, units: units, rate: rate, learned: 0.01,
		data:   func(first, n int) data.Dataset { return copying{first, n, symbols, delay} },
		metric: "accuracy", good: 0.99, chance: 0.2, greaterIsGood: true, // one of eight is 0.125
	}
}

// train trains until the loss is small or there were so many steps, and is how many there
// were, and what the metric says of examples that were not seen.
func (task *memoryTask) train(t *testing.T, m *memory, steps int) (made int, reached float64) {
	const batch, unseen = 32, 1000
	mean := 1.
	ctx, metrics := context.Background(), []nn.Metric{}
	if task.metric == "accuracy" {
		metrics = append(metrics, nn.Accuracy{})
	}
	_, err := nn.FitObjective(ctx, m, task.data(unseen, batch*steps), nn.FitConfig{
		BatchSize: batch, NoShuffle: true, ClipNorm: 1,
		Optimizer: optim.NewAdam(nn.Params(m), optim.AdamConfig{LR: task.rate}),
		Callbacks: []nn.Callback{nn.OnStep(func(s *nn.Step) error {
			made++
			if mean = 0.95*mean + 0.05*s.Loss; mean < task.learned {
				return nn.ErrStop
			}
			return nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	scores, err := nn.EvaluateObjective(ctx, m, task.data(0, unseen), nn.EvaluateConfig{Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	return made, score(t, scores, task.metric)
}

// An LSTM and a transformer learn the adding problem over a hundred steps, and copying; with
// the recurrence cut, or the attention, the same training learns neither.
func TestMemoryIsLearned(t *testing.T) {
	if race.Enabled || simd.InstructionSet() == "none" {
		t.Skip("takes minutes")
	}
	for _, row := range []struct {
		name  string
		build func(seed uint64, task memoryTask, cut bool) *memory
		task  memoryTask
		short bool // quick enough
	}{
		{"LSTM", newLSTMMemory, addingTask(100, 32, 0.01), true},
		{"LSTM", newLSTMMemory, copyingTask(5, 10, 64, 0.005), false},
		{"transformer", newTransformerMemory, addingTask(100, 0, 0.003), false},
		{"transformer", newTransformerMemory, copyingTask(10, 20, 0, 0.003), true},
	} {
		for seed := uint64(1); seed <= 3; seed++ {
			if testing.Short() && (!row.short || seed > 1) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s/seed %d", row.name, row.task.name, seed), func(t *testing.T) {
				t.Parallel()
				task := row.task
				steps, reached := task.train(t, row.build(seed, task, false), 6000)
				t.Logf("after %d steps: %s %.4f", steps, task.metric, reached)
				if (reached > task.good) != task.greaterIsGood {
					t.Errorf("%s %v, want %v", task.metric, reached, task.good)
				}
				_, without := task.train(t, row.build(seed, task, true), steps)
				t.Logf("without memory: %s %.4f", task.metric, without)
				if (without > task.chance) == task.greaterIsGood {
					t.Errorf("without memory: %s %v: this needs none", task.metric, without)
				}
			})
		}
	}
}
