package nn

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A history as text: JSON, with an object for each epoch, and a table of
// comma-separated values, with a line for each.

// MarshalJSON is the scores as an object with their names, in their order. A value that is
// not finite is the text "NaN", "+Inf" or "-Inf", as JSON has no such numbers.
func (s Scores) MarshalJSON() ([]byte, error) {
	if s == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, score := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(score.Name)
		if err != nil {
			return nil, err
		}
		value, err := exactNumber(score.Value).MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(append(append(name, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Scores) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		*s = nil
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return errors.New("nn: scores: expected an object")
	}
	scores := Scores{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value exactNumber
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("nn: score %q: %w", name, err)
		}
		scores = append(scores, Score{name.(string), float64(value)})
	}
	*s = scores
	return nil
}

// epochText is an Epoch in JSON.
type epochText struct {
	Number     int         `json:"epoch"`
	Steps      int         `json:"steps"`
	Partial    bool        `json:"partial,omitempty"`
	Seconds    exactNumber `json:"seconds"`
	Train      Scores      `json:"train"`
	Validation Scores      `json:"validation,omitempty"`
}

// MarshalJSON is the epoch as an object:
//
//	{"epoch":0,"steps":45,"seconds":0.25,"train":{"loss":1.52},"validation":{"loss":0.93}}
//
// "partial" is there, and true, for one that was interrupted.
func (e Epoch) MarshalJSON() ([]byte, error) {
	return json.Marshal(epochText{e.Number, e.Steps, e.Partial, exactNumber(e.Duration.Seconds()), e.Train, e.Validation})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Epoch) UnmarshalJSON(text []byte) error {
	var t epochText
	if err := json.Unmarshal(text, &t); err != nil {
		return err
	}
	duration, err := durationOf(float64(t.Seconds))
	*e = Epoch{t.Number, t.Steps, t.Partial, t.Train, t.Validation, duration}
	return err
}

// durationOf is so many seconds, if a Duration can be so long.
func durationOf(seconds float64) (time.Duration, error) {
	ns := math.Round(seconds * float64(time.Second))
	if !(math.Abs(ns) < math.MaxInt64) {
		return 0, fmt.Errorf("%v seconds are no duration", seconds)
	}
	return time.Duration(ns), nil
}

// WriteJSONLines writes each epoch as an object on a line of its own, as [NewJSONLog] does.
func (h *History) WriteJSONLines(w io.Writer) error {
	for i := range h.Epochs {
		if err := (jsonFormat{}).write(w, &h.Epochs[i]); err != nil {
			return fmt.Errorf("nn: History.WriteJSONLines: %w", err)
		}
	}
	return nil
}

// ReadHistoryJSONLines reads what [History.WriteJSONLines] writes. Its errors name the
// line.
func ReadHistoryJSONLines(r io.Reader) (*History, error) {
	h := &History{}
	in := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("nn: ReadHistoryJSONLines: line %d: %w", number, err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			var e Epoch
			if err := json.Unmarshal(line, &e); err != nil {
				return nil, fmt.Errorf("nn: ReadHistoryJSONLines: line %d: %w", number, err)
			}
			h.Epochs = append(h.Epochs, e)
		}
		if err == io.EOF {
			return h, nil
		}
	}
}

// WriteCSV writes a table: the columns "epoch", "steps", "partial" (true or false) and
// "seconds", then a column for each training score under its name, and one for each
// validation score with "val_" in front. An epoch that lacks a score has an empty field.
// It is an error if the name of a training score begins with "val_".
func (h *History) WriteCSV(w io.Writer) error {
	c := csvColumns{}
	for i := range h.Epochs {
		if err := c.include(&h.Epochs[i]); err != nil {
			return fmt.Errorf("nn: History.WriteCSV: %w", err)
		}
	}
	out := csv.NewWriter(w)
	if err := out.Write(c.header()); err != nil {
		return fmt.Errorf("nn: History.WriteCSV: %w", err)
	}
	for i := range h.Epochs {
		if err := out.Write(c.fields(&h.Epochs[i])); err != nil {
			return fmt.Errorf("nn: History.WriteCSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("nn: History.WriteCSV: %w", err)
	}
	return nil
}

// ReadHistoryCSV reads what [History.WriteCSV] writes. Its errors name the line. An epoch
// without any validation score has none.
func ReadHistoryCSV(r io.Reader) (*History, error) {
	in := csv.NewReader(r)
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("nn: ReadHistoryCSV: the header: %w", err)
	}
	columns, err := columnsOf(header)
	if err != nil {
		return nil, fmt.Errorf("nn: ReadHistoryCSV: %w", err)
	}
	h := &History{}
	for {
		fields, err := in.Read()
		if err == io.EOF {
			return h, nil
		}
		if err != nil {
			return nil, fmt.Errorf("nn: ReadHistoryCSV: %w", err) // which names the line
		}
		e, err := columns.epoch(fields)
		if err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("nn: ReadHistoryCSV: line %d: %w", line, err)
		}
		h.Epochs = append(h.Epochs, e)
	}
}

// fixedColumns are the first columns of a table.
var fixedColumns = []string{"epoch", "steps", "partial", "seconds"}

// validationPrefix is in front of the names of validation scores.
const validationPrefix = "val_"

// csvColumns are the further columns of a table, the names of scores. A name that occurs
// twice stands for two scores.
type csvColumns struct{ train, validation []string }

// include adds columns for the scores of an epoch that have none.
func (c *csvColumns) include(e *Epoch) error {
	for _, score := range e.Train {
		if strings.HasPrefix(score.Name, validationPrefix) {
			return fmt.Errorf("the training score %q would pass for one of validation", score.Name)
		}
	}
	c.train, c.validation = withNames(c.train, e.Train), withNames(c.validation, e.Validation)
	return nil
}

// withNames is names with those that scores have more of.
func withNames(names []string, scores Scores) []string {
	for i, score := range scores {
		need := 1
		for _, before := range scores[:i] {
			if before.Name == score.Name {
				need++
			}
		}
		have := 0
		for _, name := range names {
			if name == score.Name {
				have++
			}
		}
		if have < need {
			names = append(names, score.Name)
		}
	}
	return names
}

func (c *csvColumns) header() []string {
	header := append(slices.Clone(fixedColumns), c.train...)
	for _, name := range c.validation {
		header = append(header, validationPrefix+name)
	}
	return header
}

func (c *csvColumns) fields(e *Epoch) []string {
	fields := []string{strconv.Itoa(e.Number), strconv.Itoa(e.Steps), strconv.FormatBool(e.Partial), formatNumber(e.Duration.Seconds())}
	fields = append(fields, fieldsOf(c.train, e.Train)...)
	return append(fields, fieldsOf(c.validation, e.Validation)...)
}

// fieldsOf is the values of scores under these names.
func fieldsOf(names []string, scores Scores) []string {
	fields := make([]string, len(names))
	used := make([]bool, len(scores))
	for i, name := range names {
		for k, score := range scores {
			if score.Name == name && !used[k] {
				fields[i], used[k] = formatNumber(score.Value), true
				break
			}
		}
	}
	return fields
}

func formatNumber(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// columnsOf understands a header.
func columnsOf(header []string) (*csvColumns, error) {
	n := len(fixedColumns)
	if len(header) < n || !slices.Equal(header[:n], fixedColumns) {
		return nil, fmt.Errorf("the header is %q, expected it to begin with %q", header, fixedColumns)
	}
	c := &csvColumns{}
	for _, name := range header[n:] {
		if name, ok := strings.CutPrefix(name, validationPrefix); ok {
			c.validation = append(c.validation, name)
		} else if c.validation != nil {
			return nil, fmt.Errorf("the header has %q behind validation scores", name)
		} else {
			c.train = append(c.train, name)
		}
	}
	return c, nil
}

// epoch understands a line.
func (c *csvColumns) epoch(fields []string) (e Epoch, err error) {
	n := len(fixedColumns)
	if want := n + len(c.train) + len(c.validation); len(fields) != want {
		return e, fmt.Errorf("%d fields, expected %d", len(fields), want)
	}
	for i, parse := range []func(string) error{
		func(s string) (err error) { e.Number, err = strconv.Atoi(s); return err },
		func(s string) (err error) { e.Steps, err = strconv.Atoi(s); return err },
		func(s string) (err error) { e.Partial, err = strconv.ParseBool(s); return err },
		func(s string) error {
			seconds, err := strconv.ParseFloat(s, 64)
			if err == nil {
				e.Duration, err = durationOf(seconds)
			}
			return err
		},
	} {
		if err := parse(fields[i]); err != nil {
			return e, fmt.Errorf("column %s: %w", fixedColumns[i], err)
		}
	}
	if e.Train, err = scoresIn(c.train, fields[n:n+len(c.train)]); err != nil {
		return e, err
	}
	e.Validation, err = scoresIn(c.validation, fields[n+len(c.train):])
	return e, err
}

func scoresIn(names, fields []string) (scores Scores, err error) {
	for i, field := range fields {
		if field == "" {
			continue
		}
		value, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", names[i], err)
		}
		scores = append(scores, Score{names[i], value})
	}
	return scores, nil
}
