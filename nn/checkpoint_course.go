package nn

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// The part of checkpoints that says how training went: the history, and the running means
// of the epoch under way. It is text, JSON; the state of metrics is arrays beside it.

// courseName is the name of the text, and metricsPrefix what is in front of the names of
// the state of metrics, both after the number of the trainer.
const (
	courseName    = "trainer.course"
	metricsPrefix = "metrics."
)

// courseText is the text.
type courseText struct {
	Epochs   []Epoch    `json:"epochs"`    // that are over
	Counting int        `json:"counting"`  // the epoch that the means are of, -1 for none
	Means    []meanText `json:"means"`     // over its steps so far
	Metrics  []string   `json:"measuring"` // that have a state beside the text
}

type meanText struct {
	Name     string      `json:"name"`
	Sum      exactNumber `json:"sum"`
	Divisors exactNumber `json:"divisors"`
}

// exactNumber is a number that keeps its bits in JSON, which has neither NaN nor infinities.
type exactNumber float64

// MarshalJSON writes a number, or text if JSON has none.
func (x exactNumber) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(x), 'g', -1, 64)
	if !isFinite(float64(x)) {
		text = `"` + text + `"`
	}
	return []byte(text), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (x *exactNumber) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*x = exactNumber(value)
	return err
}

// course is the text of a trainer. An epoch that is not over, be it that it was interrupted
// or that its validation was, is none of the history: it goes on.
func (t *Trainer) course() []byte {
	c := courseText{Epochs: []Epoch{}, Counting: t.counts, Metrics: slices.Sorted(maps.Keys(t.tally.statefulMeters()))}
	for _, e := range t.history.Epochs {
		if int64(e.Number) < t.epoch-t.unvalidated {
			c.Epochs = append(c.Epochs, e)
		}
	}
	for _, m := range t.tally.means {
		c.Means = append(c.Means, meanText{m.name, exactNumber(m.sum), exactNumber(m.divisors)})
	}
	return toJSON(c)
}

// restoredCourse is what is to become of a trainer's history and tally.
type restoredCourse struct {
	history History
	counts  int
	tally   tally
}

// readCourse understands a text, with the state of metrics beside it, for trainer t.
func (t *Trainer) readCourse(text []byte, metrics map[string]autograd.Variable) (*restoredCourse, error) {
	var c courseText
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("the course of training: %w", err)
	}
	r := &restoredCourse{counts: -1, tally: tally{metrics: t.tally.metrics}}
	r.history.Epochs = c.Epochs
	if c.Counting < 0 || len(c.Means) == 0 {
		return r, nil
	}
	r.counts = c.Counting
	r.tally.begin()
	r.tally.means = r.tally.means[:0]
	for _, m := range c.Means {
		r.tally.means = append(r.tally.means, mean{m.Name, float64(m.Sum), float64(m.Divisors)})
	}
	meters := r.tally.statefulMeters()
	for _, name := range c.Metrics {
		meter, ok := meters[name]
		if !ok {
			continue // no longer measured
		}
		state := map[string]autograd.Variable{}
		for key, v := range metrics {
			if rest, ok := strings.CutPrefix(key, name+"."); ok {
				state[rest] = v
			}
		}
		if err := meter.Restore(state); err != nil {
			return nil, fmt.Errorf("metric %s: %w", name, err)
		}
	}
	return r, nil
}

// statefulMeters are the measurements under way that can be saved, by the name of the
// metric, and for those of one name by number.
func (t *tally) statefulMeters() map[string]Stateful {
	meters, count := map[string]Stateful{}, map[string]int{}
	for i, m := range t.meters {
		name := numbered(count, t.metrics[i].Name())
		if s, ok := m.(Stateful); ok {
			meters[name] = s
		}
	}
	return meters
}

// state yields the state of the metrics.
func (t *tally) state() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		meters := t.statefulMeters()
		for _, name := range slices.Sorted(maps.Keys(meters)) {
			for part, v := range meters[name].State() {
				if !yield(name+"."+part, v) {
					return
				}
			}
		}
	}
}

// numbered is a name that is unlike those before it: the second of a name has 2 after it.
func numbered(count map[string]int, name string) string {
	if count[name]++; count[name] > 1 {
		name += "-" + strconv.Itoa(count[name])
	}
	return name
}
