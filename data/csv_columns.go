package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxWords is how many different words a column of categories may have: each becomes a
// feature of every line.
const maxWords = 1000

// add takes up a record, or leaves it out as config says.
func (t *table) add(r record) error {
	if t.leftOut(r) {
		t.dropped++
		return nil
	}
	t.rows++
	for i, field := range r.fields {
		field = strings.TrimSpace(field)
		role := t.roles[i]
		switch role {
		case ignored:
			continue
		case label:
			if field == "" {
				return t.wrong(r, i, "a label", field)
			}
			t.labels.add(field)
			continue
		case category:
			if t.words[i].add(field); len(t.words[i].names) > maxWords {
				return t.wrong(r, i, fmt.Sprintf("one of %d words, as many as a column of categories may have", maxWords), field)
			}
			continue
		}
		v, err := strconv.ParseFloat(field, t.config.DType.Size()*8)
		if t.missing(field) {
			v = math.NaN() // to be looked at when all is read
		} else if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return t.wrong(r, i, fmt.Sprintf("a finite %v", t.config.DType), field)
		}
		if role == target {
			t.y = append(t.y, v)
		} else {
			t.x = append(t.x, v)
		}
	}
	return nil
}

// leftOut reports whether a value is missing that the record cannot do without.
func (t *table) leftOut(r record) bool {
	if t.config.Missing == nil {
		return false
	}
	for i, field := range r.fields {
		switch role := t.roles[i]; {
		case role == ignored || !t.missing(field):
		case role == label, role == target, t.config.OnMissing == MissingDrop:
			return true
		}
	}
	return false
}

// wrong is the error for field i of a record.
func (t *table) wrong(r record, i int, want, got string) error {
	if t.names != nil {
		want += fmt.Sprintf(" in column %.60q", t.names[i])
	}
	return &FormatError{File: t.name, Line: r.line, Column: i + 1, Want: want, Got: fmt.Sprintf("%.60q", got)}
}

// arrays is the table that was read.
func (t *table) arrays() *Arrays {
	a := &Arrays{Dropped: t.dropped}
	a.X, a.Names = t.features()
	if slices.Contains(t.roles, target) {
		a.Y = t.array(t.y, t.count(target))
	}
	if slices.Contains(t.roles, label) {
		a.Labels, a.Classes = t.labels.classes()
	}
	return a
}

// count is the number of columns of a role.
func (t *table) count(r role) int {
	n := 0
	for _, other := range t.roles {
		if other == r {
			n++
		}
	}
	return n
}

// features is the features and their names, if columns have names, in the order of the
// columns.
func (t *table) features() (x Array, names []string) {
	numbers := t.count(feature)
	t.fillMissing(numbers)
	if numbers == t.count(feature)+t.count(category) {
		for i, name := range t.names {
			if t.roles[i] == feature {
				names = append(names, name)
			}
		}
		return t.array(t.x, numbers), names
	}
	columns := make([][]float64, 0, len(t.roles))
	number := 0
	for i, role := range t.roles {
		switch role {
		case feature:
			column := make([]float64, t.rows)
			for row := range column {
				column[row] = t.x[row*numbers+number]
			}
			number++
			columns = append(columns, column)
			names = append(names, t.nameOf(i))
		case category:
			of, words := t.words[i].sorted()
			for place, word := range words {
				column := make([]float64, t.rows)
				for row := range column {
					if of[row] == place {
						column[row] = 1
					}
				}
				columns = append(columns, column)
				names = append(names, t.nameOf(i)+"="+word)
			}
		}
	}
	values := make([]float64, 0, t.rows*len(columns))
	for row := range t.rows {
		for _, column := range columns {
			values = append(values, column[row])
		}
	}
	return t.array(values, len(columns)), names
}

// nameOf is the name of column i, or its number.
func (t *table) nameOf(i int) string {
	if t.names != nil {
		return t.names[i]
	}
	return strconv.Itoa(i + 1)
}

// fillMissing puts means in place of missing numbers, if config says so.
func (t *table) fillMissing(columns int) {
	if t.config.OnMissing != MissingMean {
		return
	}
	for j := range columns {
		sum, n := 0.0, 0.0
		for k := j; k < len(t.x); k += columns {
			if v := t.x[k]; v == v {
				sum, n = sum+v, n+1
			}
		}
		for k := j; k < len(t.x); k += columns {
			if v := t.x[k]; v != v {
				t.x[k] = sum / max(n, 1)
			}
		}
	}
}

// array is values as rows of so many columns.
func (t *table) array(values []float64, columns int) Array {
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

func newClassList() classList { return classList{number: map[string]int{}} }

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
	for n, name := range c.names {
		v, err := strconv.ParseUint(name, 10, 31)
		if err != nil {
			return c.sorted()
		}
		class[n] = int(v)
	}
	return c.renumbered(class), nil
}

// sorted is the place of every row's name among the names in alphabetical order.
func (c *classList) sorted() (places []int, names []string) {
	byName := make([]int, len(c.names))
	for n := range byName {
		byName[n] = n
	}
	slices.SortFunc(byName, func(a, b int) int { return cmp.Compare(c.names[a], c.names[b]) })
	place := make([]int, len(c.names))
	for at, n := range byName {
		place[n] = at
		names = append(names, c.names[n])
	}
	return c.renumbered(place), names
}

// renumbered is the rows with other numbers.
func (c *classList) renumbered(numbers []int) []int {
	rows := make([]int, len(c.rows))
	for row, n := range c.rows {
		rows[row] = numbers[n]
	}
	return rows
}
