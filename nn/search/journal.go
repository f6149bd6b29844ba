package search

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// A journal is lines of JSON: the first describes the search, each other one an evaluation,
// in the order of their numbers.

// journal is all results of a search, on the disk as well if it has a path.
type journal struct {
	path  string
	head  header
	done  map[int]Evaluation
	lines map[int][]byte
	lock  *durable.Lock
}

// header says which search a journal is of.
type header struct {
	Format   string   `json:"format"`
	Space    []string `json:"space"`
	Strategy string   `json:"strategy"`
	Maximize bool     `json:"maximize"`
	Seed     uint64   `json:"seed"`
	Parallel int      `json:"parallel"`
}

const journalFormat = "chainrule search 1"

// line is an evaluation in the journal.
type line struct {
	Number  int     `json:"number"`
	Trial   int     `json:"trial"`
	Budget  int     `json:"budget"`
	Values  Values  `json:"values"`
	Score   float64 `json:"score"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
}

// openJournal reads the journal if there is one.
func openJournal(path string, space Space, strategy Strategy, config Config) (*journal, error) {
	settings, err := json.Marshal(strategy)
	if err != nil {
		return nil, fmt.Errorf("search: the strategy cannot be described: %w", err)
	}
	j := &journal{path: path, done: map[int]Evaluation{}, lines: map[int][]byte{}, head: header{
		Format: journalFormat, Strategy: fmt.Sprintf("%T %s", strategy, settings), Maximize: config.Maximize, Seed: config.Seed, Parallel: config.Parallel}}
	for _, p := range space {
		j.head.Space = append(j.head.Space, p.String())
	}
	if path == "" {
		return j, nil
	}
	if j.lock, err = durable.TryLock(path + ".lock"); err != nil {
		return nil, fmt.Errorf("search: %s: %w", path, err)
	}
	if err := j.read(space); err != nil {
		return nil, errors.Join(fmt.Errorf("search: %s: %w", path, err), j.lock.Unlock())
	}
	return j, nil
}

func (j *journal) read(space Space) error {
	file, err := os.Open(j.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for number := 1; ; number++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 && number > 1 {
			return nil
		} else if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if number == 1 {
			err = j.compare(text)
		} else {
			err = j.take(space, text)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// compare sees that the journal is of this search.
func (j *journal) compare(text []byte) error {
	var head header
	if err := strictly(text, &head); err != nil || head.Format != journalFormat {
		return errors.New("it is not the journal of a search")
	}
	for _, c := range []struct {
		what       string
		there, now any
	}{
		{"space", fmt.Sprintf("%q", head.Space), fmt.Sprintf("%q", j.head.Space)},
		{"strategy", head.Strategy, j.head.Strategy},
		{"Maximize", head.Maximize, j.head.Maximize},
		{"Seed", head.Seed, j.head.Seed},
		{"Parallel", head.Parallel, j.head.Parallel},
	} {
		if c.there != c.now {
			return fmt.Errorf("it is the journal of another search: its %s is %v, not %v", c.what, c.there, c.now)
		}
	}
	return nil
}

// take takes over an evaluation.
func (j *journal) take(space Space, text []byte) error {
	var l line
	if err := strictly(text, &l); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	for _, p := range space {
		value, ok := l.Values[p.name]
		if !ok {
			continue
		}
		number, isNumber := value.(float64)
		switch _, isText := value.(string); {
		case p.kind == intKind && isNumber && number == float64(int(number)):
			l.Values[p.name] = int(number)
		case p.kind == floatKind && isNumber, p.kind == choiceKind && isText:
		default:
			return &ParamError{p.name, fmt.Sprintf("its value is %v, expected one of kind %v", value, p.kind)}
		}
	}
	if _, ok := j.done[l.Number]; ok || l.Number < 0 {
		return fmt.Errorf("it is damaged: evaluation %d comes twice, or cannot be", l.Number)
	}
	e := Evaluation{Proposal: Proposal{Trial: l.Trial, Budget: l.Budget, Values: l.Values}, Number: l.Number, Seed: trialSeed(j.head.Seed, l.Trial), Score: l.Score, Seconds: l.Seconds}
	if l.Error != "" {
		e.Err = errors.New(l.Error)
	}
	j.done[l.Number], j.lines[l.Number] = e, append(bytes.TrimRight(text, "\n"), '\n')
	return nil
}

func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (j *journal) has(number int) bool {
	_, ok := j.done[number]
	return ok
}

// add keeps an evaluation, on the disk when it returns.
func (j *journal) add(e Evaluation) error {
	j.done[e.Number] = e
	if j.path == "" {
		return nil
	}
	l := line{Number: e.Number, Trial: e.Trial, Budget: e.Budget, Values: e.Values, Score: e.Score, Seconds: e.Seconds}
	if e.Err != nil {
		l.Error = cmp.Or(e.Err.Error(), "an error without a text")
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("search: evaluation %d cannot be kept: %w", e.Number, err)
	}
	j.lines[e.Number] = append(text, '\n')
	if err := durable.Replace(durable.OS{}, j.path, j.write); err != nil {
		return fmt.Errorf("search: %s: %w", j.path, err)
	}
	return nil
}

func (j *journal) write(w io.Writer) error {
	head, err := json.Marshal(j.head)
	if err != nil {
		return err
	}
	text := append(head, '\n')
	for _, number := range slices.Sorted(maps.Keys(j.lines)) {
		text = append(text, j.lines[number]...)
	}
	_, err = w.Write(text)
	return err
}

// complete sees that a search that has ended used all of the journal.
func (j *journal) complete(evaluations int) error {
	if len(j.done) > evaluations {
		return fmt.Errorf("search: %s: it has %d evaluations, where the search ends with %d: it is the journal of another search", j.path, len(j.done), evaluations)
	}
	return nil
}

func (j *journal) evaluations() (all []Evaluation) {
	for _, number := range slices.Sorted(maps.Keys(j.done)) {
		all = append(all, j.done[number])
	}
	return all
}

func (j *journal) close() error {
	if j.lock == nil {
		return nil
	}
	return j.lock.Unlock()
}
