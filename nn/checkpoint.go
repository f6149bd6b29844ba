package nn

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/durable"
)

// Checkpoints: files from which training goes on as if it had not been interrupted. They
// are in the format of weights, and any program that reads that reads them. Names have the
// number of the trainer in front, and what it is that they are part of: "0.model.",
// "0.optimizer.", "0.callbacks.Plateau.", "0.trainer.". The last tensor of the file, of
// bytes, is the SHA-256 of all that is before its data. Here is what writes them;
// checkpoint_load.go reads them.

// checksumName is the name of the last tensor of a checkpoint.
const checksumName = "checksum"

// extraPrefix is in front of the names of the caller's own bytes.
const extraPrefix = "extra."

// Stateful is a [Callback], or a [Meter], with state that is saved in checkpoints.
type Stateful interface {
	// State yields the state by name. The arrays need not outlive the next step.
	State() iter.Seq2[string, autograd.Variable]

	// Restore takes over a copy of what State yielded. On an error nothing is changed.
	Restore(state map[string]autograd.Variable) error
}

// SaveCheckpointConfig configures [SaveCheckpoint].
type SaveCheckpointConfig struct {
	// Extra is bytes of the caller's own, by name, which [LoadCheckpoint] gives back.
	Extra map[string][]byte

	// Metadata is kept in the head of the file, where [Inspect] reads it. To it are added
	// "checkpoint.epoch" and "checkpoint.step", the position of the first trainer, and
	// "checkpoint.steps", how many steps it has made.
	Metadata map[string]string
}

// SaveCheckpoint writes all that later steps depend on: the model's parameters, buffers
// and counters, the optimizer's state and the schedule's position, the state of random
// numbers, the position in the epoch with the order of the examples, the running means of
// the epoch under way, the history, and the state of Fit's callbacks, as far as they are
// [Stateful]. Metrics have their part in the running means if their [Meter] is Stateful. Several trainers, as of a
// generator and its adversary, go into one file, in which what they share is written once.
// It is called between steps.
func SaveCheckpoint(w io.Writer, config SaveCheckpointConfig, trainers ...*Trainer) error {
	if err := saveCheckpoint(w, config, trainers); err != nil {
		return fmt.Errorf("nn: SaveCheckpoint: %w", err)
	}
	return nil
}

// SaveCheckpointFile is [SaveCheckpoint] to a file, which is replaced as by [SaveFile].
func SaveCheckpointFile(path string, config SaveCheckpointConfig, trainers ...*Trainer) error {
	return replaceFile(durable.OS{}, path, func(w io.Writer) error { return SaveCheckpoint(w, config, trainers...) })
}

func saveCheckpoint(w io.Writer, config SaveCheckpointConfig, trainers []*Trainer) error {
	state, err := checkpointState(trainers)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(config.Extra)) {
		state = append(state, entry{name: extraPrefix + name, raw: config.Extra[name]})
	}
	metadata := map[string]string{}
	maps.Copy(metadata, config.Metadata)
	if len(trainers) > 0 {
		t := trainers[0]
		for _, e := range []struct {
			name   string
			number int64
		}{{"epoch", t.epoch}, {"step", t.index}, {"steps", t.made}} {
			metadata["checkpoint."+e.name] = strconv.FormatInt(e.number, 10)
		}
	}
	return writeSummed(w, state, metadata)
}

// writeSummed writes entries with a checksum after them.
func writeSummed(w io.Writer, state []entry, metadata map[string]string) error {
	state = append(state, entry{name: checksumName, raw: make([]byte, sha256.Size)})
	head, err := formatHeader(state, metadata) // which leaves bytes last, and in their order
	if err != nil {
		return err
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), chunkSize)
	out.Write(head) // a failure is kept by out until Flush
	for _, e := range state[:len(state)-1] {
		e.write(out)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

// numbers are the state of t itself, by name.
func (t *Trainer) numbers() []entry {
	return []entry{
		{name: "epoch", counter: &t.epoch}, {name: "step", counter: &t.index},
		{name: "steps_made", counter: &t.made}, {name: "seed", counter: &t.seed}, {name: "unvalidated", counter: &t.unvalidated},
		{name: "loader.examples", counter: &t.dealt.examples}, {name: "loader.batch_size", counter: &t.dealt.batchSize},
		{name: "loader.shuffled", counter: &t.dealt.shuffled}, {name: "loader.buckets", counter: &t.dealt.buckets},
		{name: "loader.dropped_last", counter: &t.dealt.droppedLast}, {name: "loader.seed", counter: &t.dealt.seed},
	}
}

// statePart is a part of a trainer that has a state of its own, under this prefix.
type statePart struct {
	prefix string
	of     Stateful
}

// stateParts are the optimizer and the callbacks. Callbacks go by their type, and those of
// one type by number, so that a run that goes on may have others that keep no state.
func (t *Trainer) stateParts() []statePart {
	list := []statePart{{"optimizer.", t.config.Optimizer}}
	count := map[string]int{}
	for _, c := range t.callbacks {
		s, ok := c.(Stateful)
		if !ok {
			continue
		}
		list = append(list, statePart{"callbacks." + numbered(count, valueTypeName(c)) + ".", s})
	}
	return list
}

// modelState lists what of a trainer is saved as it is in memory: the model, and the
// trainer's own numbers.
func (t *Trainer) modelState(prefix string) ([]entry, error) {
	state, err := stateOf(t.objective)
	if err != nil {
		return nil, err
	}
	for i := range state {
		state[i].name = prefix + "model." + state[i].name
	}
	for _, e := range t.numbers() {
		e.name = prefix + "trainer." + e.name
		state = append(state, e)
	}
	return state, nil
}

// checkpointState lists what is saved, under the names in the file.
func checkpointState(trainers []*Trainer) ([]entry, error) {
	var list []entry
	seen := map[thing]bool{}
	for k, t := range trainers {
		prefix := strconv.Itoa(k) + "."
		state, err := t.modelState(prefix)
		if err != nil {
			return nil, err
		}
		for _, e := range state {
			if thing := e.thing(); !seen[thing] {
				seen[thing] = true
				list = append(list, e)
			}
		}
		for _, part := range t.stateParts() {
			for name, v := range part.of.State() {
				list = append(list, entry{name: prefix + part.prefix + name, v: v})
			}
		}
		for name, v := range t.tally.state() {
			list = append(list, entry{name: prefix + metricsPrefix + name, v: v})
		}
		list = append(list, entry{name: prefix + courseName, raw: t.course()})
	}
	return list, nil
}
