package nn

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/durable"
)

// Checkpoints: files from which training goes on as if it had not been interrupted. They
// are in the format of weights. Names have the number of the trainer in front, and what it
// is that they are part of: "0.model.", "0.optimizer.", "0.callbacks.2.", "0.trainer.".

// Stateful is a [Callback] with state that is saved in checkpoints.
type Stateful interface {
	// State yields the state by name. The arrays need not outlive the next step.
	State() iter.Seq2[string, autograd.Variable]

	// Restore takes over a copy of what State yielded. On an error nothing is changed.
	Restore(state map[string]autograd.Variable) error
}

// SaveCheckpoint writes all that later steps depend on: the model's parameters, buffers
// and counters, the optimizer's state and the schedule's position, the state of random
// numbers, the position in the epoch with the order of the examples, and the state of
// Fit's callbacks, as far as they are [Stateful]. Several trainers, as of a generator and
// its adversary, go into one file, in which what they share is written once. It is
// called between steps. What is not in it is the running means of an epoch under way.
func SaveCheckpoint(w io.Writer, trainers ...*Trainer) error {
	state, err := checkpointState(trainers)
	if err != nil {
		return fmt.Errorf("nn: SaveCheckpoint: %w", err)
	}
	if err := writeState(w, state, nil); err != nil {
		return fmt.Errorf("nn: SaveCheckpoint: %w", err)
	}
	return nil
}

// SaveCheckpointFile is [SaveCheckpoint] to a file, which is replaced as by [SaveFile].
func SaveCheckpointFile(path string, trainers ...*Trainer) error {
	return replaceFile(durable.OS{}, path, func(w io.Writer) error { return SaveCheckpoint(w, trainers...) })
}

// CheckpointConfig configures [LoadCheckpoint].
type CheckpointConfig struct {
	// OtherData allows to go on with another loader: other examples, batches or order.
	OtherData bool
}

// LoadCheckpoint gives trainers the state of those that a checkpoint was made of: made in
// the same way, and in the same order. The steps that follow are then the same, to the
// bit, as those that followed there. It is strict as [Load] is, with its errors and those
// of the optimizers; after any error nothing is changed. A [Trainer] that goes on with a
// loader of other examples, another batch size or another order than the checkpoint's
// fails with a [*LoaderError], unless config allows it.
func LoadCheckpoint(r io.Reader, config CheckpointConfig, trainers ...*Trainer) error {
	l, err := readCheckpoint(r, trainers)
	if err != nil {
		return err
	}
	if err := l.apply(); err != nil {
		return fmt.Errorf("nn: LoadCheckpoint: %w", err)
	}
	for _, t := range trainers {
		t.tape.Reset() // what a step left there is no part of the state
		t.counts = -1
		t.expects = t.dealt
		if config.OtherData {
			t.expects = dealing{}
		}
	}
	return nil
}

// LoadCheckpointFile is [LoadCheckpoint] from a file.
func LoadCheckpointFile(path string, config CheckpointConfig, trainers ...*Trainer) error {
	return withFile(path, func(r io.Reader) error { return LoadCheckpoint(r, config, trainers...) })
}

// dealing is how a loader deals out the examples: what a position in an epoch depends on.
type dealing struct {
	examples, batchSize, shuffled, seed int64
}

func dealingOf(loader *data.Loader) dealing {
	config := loader.Config()
	d := dealing{examples: int64(loader.Dataset().Len()), batchSize: int64(config.BatchSize)}
	if config.Shuffle {
		d.shuffled, d.seed = 1, int64(config.Seed)
	}
	return d
}

// LoaderError says that training cannot go on where a checkpoint was made, as the loader
// deals out examples in another way.
type LoaderError struct {
	What      string // "number of examples", "batch size", "shuffling" (1 or 0) or "seed"
	Want, Got int64  // of the checkpoint, and of the loader
}

// Error names what differs.
func (e *LoaderError) Error() string {
	return fmt.Sprintf("nn: the loader is not that of the checkpoint: its %s is %d, expected %d", e.What, e.Got, e.Want)
}

// check is the error of going on with another loader.
func (d dealing) check(got dealing) error {
	if d == (dealing{}) || d == got {
		return nil
	}
	for _, field := range []struct {
		what      string
		want, got int64
	}{
		{"number of examples", d.examples, got.examples}, {"batch size", d.batchSize, got.batchSize},
		{"shuffling", d.shuffled, got.shuffled}, {"seed", d.seed, got.seed},
	} {
		if field.want != field.got {
			return &LoaderError{field.what, field.want, field.got}
		}
	}
	return nil
}

// numbers are the state of t itself, by name.
func (t *Trainer) numbers() []entry {
	return []entry{
		{name: "epoch", counter: &t.epoch}, {name: "step", counter: &t.index},
		{name: "steps_made", counter: &t.made}, {name: "seed", counter: &t.seed},
		{name: "loader.examples", counter: &t.dealt.examples}, {name: "loader.batch_size", counter: &t.dealt.batchSize},
		{name: "loader.shuffled", counter: &t.dealt.shuffled}, {name: "loader.seed", counter: &t.dealt.seed},
	}
}

// restorable are what of t has a state of its own to be restored, by prefix.
func (t *Trainer) restorable() map[string]Stateful {
	list := map[string]Stateful{"optimizer.": t.config.Optimizer}
	for i, c := range t.callbacks {
		if s, ok := c.(Stateful); ok {
			list["callbacks."+strconv.Itoa(i)+"."] = s
		}
	}
	return list
}

// checkpointState lists what is saved, under the names in the file.
func checkpointState(trainers []*Trainer) ([]entry, error) {
	var list []entry
	seen := map[entry]bool{}
	for k, t := range trainers {
		state, err := stateOf(t.objective)
		if err != nil {
			return nil, err
		}
		prefix := strconv.Itoa(k) + "."
		for _, e := range state {
			thing := e.thing()
			if e.name = prefix + "model." + e.name; !seen[thing] {
				list = append(list, e)
			}
			seen[thing] = true
		}
		parts := t.restorable()
		for _, part := range slices.Sorted(maps.Keys(parts)) {
			for name, v := range parts[part].State() {
				list = append(list, entry{name: prefix + part + name, v: v})
			}
		}
		for _, e := range t.numbers() {
			e.name = prefix + "trainer." + e.name
			list = append(list, e)
		}
	}
	return list, nil
}

// loading is a checkpoint that has been read.
type loading struct {
	places []*entry // of model and trainer
	values []value
	parts  []*part
}

// part is something with a state of its own, and what a checkpoint has for it.
type part struct {
	prefix string
	of     Stateful
	state  map[string]autograd.Variable
}

// readCheckpoint reads all of a checkpoint, and sees that it is for these trainers.
func readCheckpoint(r io.Reader, trainers []*Trainer) (*loading, error) {
	var fixed []entry
	l := &loading{}
	for k, t := range trainers {
		prefix := strconv.Itoa(k) + "."
		state, err := stateOf(t.objective)
		if err != nil {
			return nil, fmt.Errorf("nn: LoadCheckpoint: %w", err)
		}
		for _, e := range state {
			e.name = prefix + "model." + e.name
			fixed = append(fixed, e)
		}
		for _, e := range t.numbers() {
			e.name = prefix + "trainer." + e.name
			fixed = append(fixed, e)
		}
		for name, s := range t.restorable() {
			l.parts = append(l.parts, &part{prefix + name, s, map[string]autograd.Variable{}})
		}
	}
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(l.parts, func(a, b *part) int { return strings.Compare(a.prefix, b.prefix) })
	if l.places, err = h.match(fixed, LoadConfig{}, l.partOf); err != nil {
		return nil, err
	}
	next := 0
	for i := range h.tensors {
		t := &h.tensors[i]
		p := l.partOf(t)
		if p == nil {
			x, err := h.read(r, t, l.places[next])
			if err != nil {
				return nil, err
			}
			l.values = append(l.values, x)
			next++
			continue
		}
		if p.state[strings.TrimPrefix(t.name, p.prefix)], err = h.readArray(r, t); err != nil {
			return nil, err
		}
	}
	if err := h.expectEnd(r); err != nil {
		return nil, err
	}
	return l, checkShared(l.places, l.values)
}

// partOf is what a tensor belongs to, nil if to a model or a trainer.
func (l *loading) partOf(t *tensorEntry) *part {
	for _, p := range l.parts {
		if strings.HasPrefix(t.name, p.prefix) {
			return p
		}
	}
	return nil
}

// apply makes what was read the state of the trainers, or changes nothing.
func (l *loading) apply() error {
	before := make([]map[string]autograd.Variable, len(l.parts))
	for i, p := range l.parts {
		before[i] = map[string]autograd.Variable{}
		for name, v := range p.of.State() {
			before[i][name] = v.Clone()
		}
		if err := p.of.Restore(p.state); err != nil {
			for j := range i {
				if again := l.parts[j].of.Restore(before[j]); again != nil {
					return fmt.Errorf("%w; and what was there before could not be put back: %w", err, again)
				}
			}
			return fmt.Errorf("%s: %w", strings.TrimSuffix(p.prefix, "."), err)
		}
	}
	for i, e := range l.places {
		e.set(l.values[i])
	}
	return nil
}

// readArray reads a tensor of any shape, allocating as data arrive.
func (h *header) readArray(r io.Reader, t *tensorEntry) (autograd.Variable, error) {
	var raw bytes.Buffer
	if n, err := io.CopyN(&raw, r, t.end-t.begin); err != nil {
		return autograd.Variable{}, unreadable(h.size+t.begin+n, t.name, fmt.Sprintf("expected %d bytes of data up to byte %d", t.end-t.begin, h.size+t.end), err)
	}
	dtype := autograd.Float32
	if t.dtype == typeOf(autograd.Float64) {
		dtype = autograd.Float64
	}
	v := autograd.Zeros(dtype, t.shape...)
	decode(v, 0, raw.Bytes(), t.dtype)
	return v, nil
}
