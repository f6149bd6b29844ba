package data

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
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
	NoHeader bool     // the first line is data already
	Comma    rune     // between fields; 0 means ','
	Label    string   // column of the classes; empty for none
	Targets  []string // columns of numeric targets
	Ignore   []string // columns to leave out
	DType    DType    // of X and Y; Float32 by default
}

// ReadCSV reads a table of numbers, plain or compressed with gzip. The columns that
// config does not mention are the features X, of shape [lines, columns], and
// their names are Names.
//
// If all labels are whole numbers from 0, they are the classes; else they are the
// classes' names, numbered in alphabetical order. Anything but a finite number in
// another column, an empty field too, is a [*FormatError] with its line and column.
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
	t := &table{name: name, config: config, labels: classList{number: map[string]int{}}}
	t.csv = csv.NewReader(skipMark(content))
	t.csv.ReuseRecord = true
	t.csv.TrimLeadingSpace = config.Comma != '\t' && config.Comma != ' '
	if config.Comma != 0 {
		t.csv.Comma = config.Comma
	}
	if err := t.header(); err != nil {
		return nil, err
	}
	for {
		record, err := t.next()
		if err == io.EOF {
			return t.arrays(), nil
		}
		if err != nil {
			return nil, err
		}
		if err := t.add(record); err != nil {
			return nil, err
		}
	}
}

// skipMark leaves out the byte order mark that some programs begin a file with.
func skipMark(r io.Reader) io.Reader {
	const mark = "\ufeff"
	b := bufio.NewReader(r)
	if p, _ := b.Peek(len(mark)); string(p) == mark {
		b.Discard(len(mark)) // cannot fail: these bytes are buffered
	}
	return b
}

// role is what a column is for.
type role uint8

const (
	feature role = iota
	label
	target
	ignored
)

// table is a CSV file in the course of being read.
type table struct {
	name    string
	config  CSVConfig
	csv     *csv.Reader
	names   []string // of the columns; nil without header
	roles   []role   // of the columns
	pending []string // the first record, if it is data
	rows    int
	x, y    []float64
	labels  classList
}

// header reads the first line and finds the columns' roles.
func (t *table) header() error {
	record, err := t.next()
	if err == io.EOF {
		return &FormatError{File: t.name, Line: 1, Want: "a table", Got: "the end of the file"}
	}
	if err != nil {
		return err
	}
	t.roles = make([]role, len(record))
	if t.config.NoHeader {
		t.pending = slices.Clone(record)
	} else {
		if !slices.ContainsFunc(record, func(field string) bool { return !isNumber(field) }) {
			return &FormatError{File: t.name, Line: 1, Want: "names of columns (or the option NoHeader)",
				Got: fmt.Sprintf("numbers: %.60q", strings.Join(record, string(t.csv.Comma)))}
		}
		for _, field := range record {
			t.names = append(t.names, strings.TrimSpace(field))
		}
	}
	if t.config.Label != "" {
		if err := t.assign(t.config.Label, label); err != nil {
			return err
		}
	}
	for _, column := range t.config.Targets {
		if err := t.assign(column, target); err != nil {
			return err
		}
	}
	for _, column := range t.config.Ignore {
		if err := t.assign(column, ignored); err != nil {
			return err
		}
	}
	if !slices.Contains(t.roles, feature) {
		return &FormatError{File: t.name, Line: 1, Want: "a column of features besides labels, targets and ignored ones"}
	}
	return nil
}

func isNumber(field string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
	return err == nil
}

// assign gives a column, named or numbered, its role.
func (t *table) assign(column string, r role) error {
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
			return &FormatError{File: t.name, Line: 1, Want: fmt.Sprintf("a column %q", column), Got: got}
		}
	}
	t.roles[i] = r
	return nil
}

// next reads a record, which is valid until the next one.
func (t *table) next() ([]string, error) {
	if record := t.pending; record != nil {
		t.pending = nil
		return record, nil
	}
	record, err := t.csv.Read()
	var syntax *csv.ParseError
	switch {
	case err == nil || err == io.EOF:
		return record, err
	case errors.Is(err, csv.ErrFieldCount):
		line, _ := t.csv.FieldPos(0)
		return nil, &FormatError{File: t.name, Line: line, Want: fmt.Sprintf("%d fields, as in the first line", len(t.roles)),
			Got: fmt.Sprint(len(record))}
	case errors.As(err, &syntax):
		return nil, &FormatError{File: t.name, Line: syntax.Line, Want: "fields of CSV", Err: syntax.Err}
	default:
		return nil, readError(t.name, t.csv.InputOffset(), "lines of CSV", err)
	}
}

// add takes up a record.
func (t *table) add(record []string) error {
	t.rows++
	for i, field := range record {
		field = strings.TrimSpace(field)
		switch t.roles[i] {
		case ignored:
			continue
		case label:
			if field == "" {
				return t.wrong(i, "a label", field)
			}
			t.labels.add(field)
			continue
		}
		v, err := strconv.ParseFloat(field, t.config.DType.Size()*8)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return t.wrong(i, fmt.Sprintf("a finite %v", t.config.DType), field)
		}
		if t.roles[i] == target {
			t.y = append(t.y, v)
		} else {
			t.x = append(t.x, v)
		}
	}
	return nil
}

// wrong is the error for field i of the record last read.
func (t *table) wrong(i int, want, got string) error {
	line, _ := t.csv.FieldPos(i)
	if t.names != nil {
		want += fmt.Sprintf(" in column %.60q", t.names[i])
	}
	return &FormatError{File: t.name, Line: line, Column: i + 1, Want: want, Got: fmt.Sprintf("%.60q", got)}
}

// arrays is the table that was read.
func (t *table) arrays() *Arrays {
	a := &Arrays{X: t.array(t.x, feature)}
	if slices.Contains(t.roles, target) {
		a.Y = t.array(t.y, target)
	}
	if slices.Contains(t.roles, label) {
		a.Labels, a.Classes = t.labels.classes()
	}
	for i, name := range t.names {
		if t.roles[i] == feature {
			a.Names = append(a.Names, name)
		}
	}
	return a
}

// array is the columns of one role.
func (t *table) array(values []float64, r role) Array {
	columns := 0
	for _, other := range t.roles {
		if other == r {
			columns++
		}
	}
	shape := []int{t.rows, columns}
	if t.config.DType == Float64 {
		return NewArray(append([]float64{}, values...), shape...)
	}
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return NewArray(narrow, shape...)
}

// classList numbers the distinct labels of a column in order of appearance.
type classList struct {
	number map[string]int
	names  []string // by number
	rows   []int    // numbers, row by row
}

func (c *classList) add(name string) {
	n, known := c.number[name]
	if !known {
		name = strings.Clone(name) // fields share the memory of their record
		n = len(c.names)
		c.number[name] = n
		c.names = append(c.names, name)
	}
	c.rows = append(c.rows, n)
}

// classes is the class of every row: the label itself if all are whole numbers from
// 0, else its place among the names.
func (c *classList) classes() (labels []int, names []string) {
	class := make([]int, len(c.names)) // of each number
	numeric := true
	for n, name := range c.names {
		v, err := strconv.ParseUint(name, 10, 31)
		class[n] = int(v)
		numeric = numeric && err == nil
	}
	if !numeric {
		byName := make([]int, len(c.names))
		for n := range byName {
			byName[n] = n
		}
		slices.SortFunc(byName, func(a, b int) int { return cmp.Compare(c.names[a], c.names[b]) })
		for place, n := range byName {
			class[n] = place
			names = append(names, c.names[n])
		}
	}
	labels = make([]int, len(c.rows))
	for row, n := range c.rows {
		labels[row] = class[n]
	}
	return labels, names
}
