package data

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// CSVFile is a Dataset of the lines of a table, of which only those of a batch are read:
// the file may be larger than memory, of which it takes some 24 bytes a line. It is made by
// [OpenCSV].
type CSVFile struct {
	Names   []string // of the features
	Classes []string // names of the classes, by number; nil if they are numbers
	Dropped int      // lines that were left out, as values were missing

	file              *os.File
	config            CSVConfig
	columns           []csvColumn
	features, targets int
	lines             []csvLine
	labels            []int
	memory            bytesPool
}

// csvLine is where a line begins and ends.
type csvLine struct{ start, end int64 }

// csvColumn is what becomes of a column.
type csvColumn struct {
	role  role
	at    int            // its place, or that of its first word, among the features or targets
	words map[string]int // the places of the words from there
	mean  float64        // in place of missing numbers
}

// OpenCSV looks through the table at path once, to find its lines and check them, and
// leaves it open; the caller closes it. What it reads, and how it fails, is as
// [ReadCSVFile] says, but files that are compressed cannot be read line by line, and are a
// [*FormatError]: [Uncompress] makes one of them that can. DType says what numbers have to be finite in; batches have their own.
func OpenCSV(path string, config CSVConfig) (*CSVFile, error) {
	f, _, err := openFile(path)
	if err != nil {
		return nil, err
	}
	c := &CSVFile{file: f, config: config}
	if err := c.index(path); err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

// index finds the lines.
func (c *CSVFile) index(path string) error {
	if err := checkPlain(c.file, path, "a table", "lines"); err != nil {
		return err
	}
	t, err := newTable(c.file, path, c.config)
	if err != nil {
		return err
	}
	numbers := t.count(feature)
	sums, counts := make([]float64, numbers), make([]float64, numbers)
	start := t.start
	err = t.each(func(r record) error {
		rows := t.rows
		if err := t.add(r); err != nil {
			return err
		}
		if t.rows > rows {
			c.lines = append(c.lines, csvLine{start, r.end})
		}
		start = r.end
		for i, v := range t.x {
			if v == v {
				sums[i], counts[i] = sums[i]+v, counts[i]+1
			}
		}
		t.forget()
		return nil
	})
	if err != nil {
		return err
	}
	c.plan(t, sums, counts)
	return nil
}

// forget lets go of all numbers and words of a record that has been taken up.
func (t *table) forget() {
	t.x, t.y = t.x[:0], t.y[:0]
	for _, words := range t.words {
		if words != nil {
			words.rows = words.rows[:0]
		}
	}
}

// plan says what becomes of each column.
func (c *CSVFile) plan(t *table, sums, counts []float64) {
	if t.count(label) > 0 {
		c.labels, c.Classes = t.labels.classes()
	}
	c.Dropped = t.dropped
	number := 0
	for i, r := range t.roles {
		column := csvColumn{role: r, at: c.features}
		switch r {
		case feature:
			if column.mean = math.NaN(); c.config.OnMissing == MissingMean {
				column.mean = sums[number] / max(counts[number], 1)
			}
			number++
			c.features++
			c.Names = append(c.Names, t.nameOf(i))
		case category:
			_, words := t.words[i].sorted()
			column.words = map[string]int{}
			for place, word := range words {
				column.words[word] = place
				c.Names = append(c.Names, t.nameOf(i)+"="+word)
			}
			c.features += len(words)
		case target:
			column.at = c.targets
			c.targets++
		}
		c.columns = append(c.columns, column)
	}
}

// Close closes the file.
func (c *CSVFile) Close() error { return c.file.Close() }

// Len is the number of lines that are examples.
func (c *CSVFile) Len() int { return len(c.lines) }

// Label is the class of example i, if it has one.
func (c *CSVFile) Label(i int) (class int, ok bool) { return labelOf(c.labels, i) }

// NumClasses is the number of classes: that of Classes, or one more than the largest
// label, or 0 without labels.
func (c *CSVFile) NumClasses() int { return numClasses(c.Classes, c.labels) }

// Fill makes batch hold the examples with these indices. It fails if the file cannot be
// read, with a [*FormatError] if it has changed since it was opened, and with a
// [*ValueError] if an index is out of range.
func (c *CSVFile) Fill(batch *Batch, indices []int) error {
	if err := checkIndices("CSVFile", indices, len(c.lines)); err != nil {
		return err
	}
	batch.Reset(len(indices), c.features)
	clear(batch.X.Float32s)
	clear(batch.X.Float64s)
	if c.targets > 0 {
		batch.ResetTargets(c.targets)
	}
	memory := c.memory.get()
	defer c.memory.Put(memory)
	for row, i := range indices {
		line := c.lines[i]
		*memory = sized(*memory, int(line.end-line.start))
		if _, err := c.file.ReadAt(*memory, line.start); err != nil {
			return readError(c.file.Name(), line.start, "a line of CSV", err)
		}
		if err := c.set(batch, row, *memory); err != nil {
			return &FormatError{File: c.file.Name(), Offset: line.start, Want: "the line that was there when the file was opened", Err: err}
		}
	}
	batch.pickLabels(c.labels, indices)
	return nil
}

// set sets a row of a batch to what a line says.
func (c *CSVFile) set(batch *Batch, row int, line []byte) error {
	fields, err := c.config.reader(bytes.NewReader(line)).Read()
	if err != nil {
		return err
	}
	if len(fields) != len(c.columns) {
		return fmt.Errorf("%d fields in place of %d", len(fields), len(c.columns))
	}
	for i, column := range c.columns {
		field := strings.TrimSpace(fields[i])
		switch column.role {
		case feature:
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				v = column.mean // a missing one: all others were checked
			}
			batch.X.set(row*c.features+column.at, v)
		case category:
			place, known := column.words[field]
			if !known {
				return fmt.Errorf("the word %.60q", field)
			}
			batch.X.set(row*c.features+column.at+place, 1)
		case target:
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return err
			}
			batch.Y.set(row*c.targets+column.at, v)
		}
	}
	return nil
}
