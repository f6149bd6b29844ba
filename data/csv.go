package data

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// CSVConfig says how [ReadCSV] understands a file. The zero value reads columns of
// numbers, separated by commas, under a line of names.
//
// Columns are named by the header; where no name matches, by their number, counted
// from 1, or with a minus from the end: "-1" is the last one.
type CSVConfig struct {
	Skip     int      // lines before the header, or before the data, to pass over
	NoHeader bool     // the first line is data already
	Comma    rune     // between fields; 0 means ','
	Comment  rune     // lines that begin with it are passed over; 0 means none are
	Label    string   // column of the classes; empty for none
	Targets  []string // columns of numeric targets
	Ignore   []string // columns to leave out
	DType    DType    // of X and Y; Float32 by default

	// Categories are columns of words: each word that occurs in one becomes a feature of
	// its own, in alphabetical order and named "column=word", which is 1 where the word
	// is and 0 elsewhere. With Infer, columns of features that have anything but numbers
	// among the first 1,000 lines are categories too.
	Categories []string
	Infer      bool

	// Missing lists what stands in a field where a value is missing, such as "", "?" and
	// "NA"; with nil all fields must have one. OnMissing says what becomes of such lines.
	Missing   []string
	OnMissing MissingPolicy
}

// MissingPolicy says what [ReadCSV] does about missing values.
type MissingPolicy uint8

const (
	// MissingDrop leaves the line out; Arrays.Dropped counts them.
	MissingDrop MissingPolicy = iota

	// MissingMean puts the mean of the column's other numbers in place of a missing
	// feature, 0 if it has none. A missing category is a word like others; lines
	// without label or target are left out.
	MissingMean

	// MissingNaN puts NaN in place of a missing feature, for programs that do something
	// about it, and is [MissingMean] in all else.
	MissingNaN
)

// ReadCSV reads a table of numbers, plain or compressed with gzip. The columns that
// config does not mention are the features X, of shape [lines, columns], and
// their names are Names.
//
// If all labels are whole numbers from 0, they are the classes; else they are the
// classes' names, numbered in alphabetical order. Anything but a finite number in
// another column, categories excepted, is a [*FormatError] with its line and column; so
// is an empty field, unless Missing has it.
func ReadCSV(r io.Reader, config CSVConfig) (*Arrays, error) {
	return readCSV(r, nameOf(r), config)
}

// ReadCSVFile reads the table at path; see [ReadCSV].
func ReadCSVFile(path string, config CSVConfig) (*Arrays, error) {
	f, _, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readCSV(f, path, config)
}

func readCSV(r io.Reader, name string, config CSVConfig) (*Arrays, error) {
	content, err := uncompress(r, name)
	if err != nil {
		return nil, err
	}
	t, err := newTable(content, name, config)
	if err != nil {
		return nil, err
	}
	if err := t.each(t.add); err != nil {
		return nil, err
	}
	return t.arrays(), nil
}

// newTable begins to read a table: its header, and what columns are.
func newTable(content io.Reader, name string, config CSVConfig) (*table, error) {
	t := &table{name: name, config: config, labels: newClassList()}
	lines, skipped, err := skipLines(content, name, config.Skip)
	if err != nil {
		return nil, err
	}
	t.skipped = skipped
	t.csv = config.reader(lines)
	return t, t.header()
}

// reader reads the fields of lines.
func (c *CSVConfig) reader(lines io.Reader) *csv.Reader {
	r := csv.NewReader(lines)
	r.Comment = c.Comment
	r.ReuseRecord = true
	r.TrimLeadingSpace = c.Comma != '\t' && c.Comma != ' '
	if c.Comma != 0 {
		r.Comma = c.Comma
	}
	return r
}

// each hands all records to f, one after the other.
func (t *table) each(f func(record) error) error {
	for {
		record, err := t.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(record); err != nil {
			return err
		}
	}
}

// skipLines passes over n lines, and over the byte order mark that some programs begin a
// file with. It returns the rest, and how many bytes it has passed over.
func skipLines(content io.Reader, name string, n int) (rest io.Reader, skipped int64, err error) {
	if n < 0 {
		misuse("ReadCSV", "Skip is %d: want no negative number", n)
	}
	const mark = "\ufeff"
	r := bufio.NewReader(content)
	if p, _ := r.Peek(len(mark)); string(p) == mark {
		r.Discard(len(mark)) // cannot fail: these bytes are buffered
		skipped = int64(len(mark))
	}
	for line := range n {
		for {
			piece, err := r.ReadSlice('\n')
			skipped += int64(len(piece))
			if err == nil {
				break
			}
			if err == io.EOF {
				return nil, 0, &FormatError{File: name, Line: line + 1, Want: fmt.Sprintf("%d lines to pass over, and a table", n), Got: "the end of the file"}
			}
			if err != bufio.ErrBufferFull {
				return nil, 0, readError(name, skipped, "lines of CSV", err)
			}
		}
	}
	return r, skipped, nil
}

// role is what a column is for.
type role uint8

const (
	feature role = iota
	category
	label
	target
	ignored
)

// table is a CSV file in the course of being read.
type table struct {
	name    string
	config  CSVConfig
	csv     *csv.Reader
	names   []string     // of the columns; nil without header
	roles   []role       // of the columns
	words   []*classList // of the columns of categories
	pending []record     // read already
	skipped int64        // bytes before what csv reads
	start   int64        // where the first record begins
	rows    int
	dropped int
	x, y    []float64 // x has NaN where a number is missing
	labels  classList
}

// record is a line of a table.
type record struct {
	fields []string
	line   int   // the number of the line
	end    int64 // where it ends, in the file
}

// header reads the first line and finds the columns' roles.
func (t *table) header() error {
	record, err := t.read()
	if err == io.EOF {
		return &FormatError{File: t.name, Line: 1 + t.config.Skip, Want: "a table", Got: "the end of the file"}
	}
	if err != nil {
		return err
	}
	t.roles, t.start = make([]role, len(record)), t.skipped
	if t.config.NoHeader {
		t.keep(record)
	} else {
		if !slices.ContainsFunc(record, func(field string) bool { return !isNumber(field) }) {
			return &FormatError{File: t.name, Line: 1 + t.config.Skip, Want: "names of columns (or the option NoHeader)",
				Got: fmt.Sprintf("numbers: %.60q", strings.Join(record, string(t.csv.Comma)))}
		}
		for _, field := range record {
			t.names = append(t.names, strings.TrimSpace(field))
		}
		t.start += t.csv.InputOffset()
	}
	err = errors.Join(t.assign(category, t.config.Categories...), t.assign(target, t.config.Targets...), t.assign(ignored, t.config.Ignore...))
	if t.config.Label != "" {
		err = errors.Join(err, t.assign(label, t.config.Label))
	}
	if err != nil {
		return err
	}
	if t.config.Infer {
		if err := t.infer(); err != nil {
			return err
		}
	}
	t.words = make([]*classList, len(t.roles))
	for i, r := range t.roles {
		if r == category {
			list := newClassList()
			t.words[i] = &list
		}
	}
	if !slices.Contains(t.roles, feature) && !slices.Contains(t.roles, category) {
		return &FormatError{File: t.name, Line: 1 + t.config.Skip, Want: "a column of features besides labels, targets and ignored ones"}
	}
	return nil
}

func isNumber(field string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
	return err == nil
}

// assign gives columns, named or numbered, their role.
func (t *table) assign(r role, columns ...string) error {
	for _, column := range columns {
		i := slices.Index(t.names, column)
		if i < 0 {
			number, err := strconv.Atoi(column)
			switch n := len(t.roles); {
			case err == nil && number >= 1 && number <= n:
				i = number - 1
			case err == nil && number <= -1 && number >= -n:
				i = n + number
			default:
				got := fmt.Sprintf("%d columns", n)
				if t.names != nil {
					got += fmt.Sprintf(" named %.200q", t.names)
				}
				return &FormatError{File: t.name, Line: 1 + t.config.Skip, Want: fmt.Sprintf("a column %q", column), Got: got}
			}
		}
		t.roles[i] = r
	}
	return nil
}

// inferLines is how many lines are looked at for what columns are.
const inferLines = 1000

// infer makes categories of features that are not all numbers.
func (t *table) infer() error {
	for len(t.pending) < inferLines {
		fields, err := t.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		t.keep(fields)
	}
	for i, r := range t.roles {
		if r == feature && slices.ContainsFunc(t.pending, func(r record) bool { return !isNumber(r.fields[i]) && !t.missing(r.fields[i]) }) {
			t.roles[i] = category
		}
	}
	return nil
}

// keep has a record read again by next.
func (t *table) keep(fields []string) {
	kept := make([]string, len(fields))
	for i, field := range fields {
		kept[i] = strings.Clone(field)
	}
	t.pending = append(t.pending, t.record(kept))
}

// missing reports whether a field says that its value is missing.
func (t *table) missing(field string) bool {
	return slices.Contains(t.config.Missing, strings.TrimSpace(field))
}

// next is the next record, which is valid until the one after it.
func (t *table) next() (record, error) {
	if len(t.pending) > 0 {
		r := t.pending[0]
		t.pending = t.pending[1:]
		return r, nil
	}
	fields, err := t.read()
	if err != nil {
		return record{}, err
	}
	return t.record(fields), nil
}

// record is the record last read, with these fields.
func (t *table) record(fields []string) record {
	return record{fields, t.line(), t.skipped + t.csv.InputOffset()}
}

// line is the line on which the record last read begins.
func (t *table) line() int {
	line, _ := t.csv.FieldPos(0)
	return line + t.config.Skip
}

// read reads the fields of a record, which are valid until the next one is read.
func (t *table) read() ([]string, error) {
	fields, err := t.csv.Read()
	var syntax *csv.ParseError
	switch {
	case err == nil || err == io.EOF:
		return fields, err
	case errors.Is(err, csv.ErrFieldCount):
		return nil, &FormatError{File: t.name, Line: t.line(), Want: fmt.Sprintf("%d fields, as in the first line", len(t.roles)),
			Got: fmt.Sprint(len(fields))}
	case errors.As(err, &syntax):
		return nil, &FormatError{File: t.name, Line: syntax.Line + t.config.Skip, Want: "fields of CSV", Err: syntax.Err}
	default:
		return nil, readError(t.name, t.csv.InputOffset(), "lines of CSV", err)
	}
}
