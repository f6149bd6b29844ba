package gradcheck

import (
	"fmt"
	"math"
	"slices"
)

// What wrong entries have in common often names the mistake. Patterns are looked for
// after each stage, among the wrong entries that it found.

func (c *checker) pattern(format string, args ...any) {
	c.report.Patterns = append(c.report.Patterns, fmt.Sprintf(format, args...))
}

func (c *checker) findPatterns(full bool) {
	for i := range c.p.inputs {
		var entries []Entry
		for _, e := range c.report.WrongEntries {
			if e.Order == c.p.order && e.InputNumber == i && e.Index != nil {
				entries = append(entries, e)
			}
		}
		if len(entries) == 0 {
			continue
		}
		c.findRatio(entries)
		if full {
			c.findRegion(i)
		}
	}
}

// findRatio looks for one factor between the analytic and the numeric values.
func (c *checker) findRatio(entries []Entry) {
	name := entries[0].Input
	low, high := math.Inf(1), math.Inf(-1)
	nans := 0
	for _, e := range entries {
		if math.IsNaN(e.Analytic) {
			nans++
		}
		ratio := e.Analytic / e.Numeric
		low, high = min(low, ratio), max(high, ratio)
	}
	switch ratio := (low + high) / 2; {
	case nans == len(entries):
		c.pattern("the gradient of %s is NaN in every wrong entry", name)
	case math.IsNaN(ratio) || math.IsInf(ratio, 0):
	case low == 0 && high == 0:
		c.pattern("the gradient of %s is 0 in every wrong entry: a term is missing, or no path leads from the result to %s", name, name)
	case high-low > 1e-3*math.Abs(ratio-1):
	case math.Abs(ratio+1) < 1e-6:
		c.pattern("the gradient of %s has the opposite sign in every wrong entry", name)
	default:
		c.pattern("the gradient of %s is %.7g times what it should be in every wrong entry", name, ratio)
	}
}

// findRegion looks for a condition that holds for all elements of input i with wrong
// entries and for none without: a bound on the value, or an index along an axis.
func (c *checker) findRegion(i int) {
	in := c.p.inputs[i]
	var good, bad []int
	for j := range in.data {
		switch flat := in.start + j; {
		case c.wrong[flat]:
			bad = append(bad, j)
		case c.checked[flat]:
			good = append(good, j)
		}
	}
	if len(good) == 0 {
		return
	}
	if c.findIndex(in, good, bad) {
		return
	}
	bounds := func(elements []int) (low, high float64) {
		low, high = math.Inf(1), math.Inf(-1)
		for _, j := range elements {
			low, high = min(low, c.x0[in.start+j]), max(high, c.x0[in.start+j])
		}
		return low, high
	}
	lowRight, highRight := bounds(good)
	lowWrong, highWrong := bounds(bad)
	switch {
	case len(good)+len(bad) < 4: // any few numbers are on two sides of some bound
	case lowWrong > highRight:
		c.pattern("wrong are exactly the elements of %s above %.3g", in.name, (lowWrong+highRight)/2)
	case highWrong < lowRight:
		c.pattern("wrong are exactly the elements of %s below %.3g", in.name, (highWrong+lowRight)/2)
	}
}

// findIndex looks for an axis along which all wrong elements have the same index and no
// right one does.
func (c *checker) findIndex(in input, good, bad []int) bool {
	shape := in.v.Shape()
	for axis := range shape {
		index := unravel(bad[0], shape)[axis]
		exact := true
		for _, j := range bad {
			exact = exact && unravel(j, shape)[axis] == index
		}
		for _, j := range good {
			exact = exact && unravel(j, shape)[axis] != index
		}
		if exact && (len(shape) > 1 || len(bad) == 1) {
			c.pattern("wrong are exactly the elements of %s with index %d along axis %d", in.name, index, axis)
			return true
		}
	}
	return false
}

// findTransposed looks for inputs, batches of square matrices, whose gradient is right
// but for being transposed.
func (c *checker) findTransposed(analytic, numeric [][]float64) {
	for i, in := range c.p.inputs {
		shape := in.v.Shape()
		rank := len(shape)
		if rank < 2 || shape[rank-1] != shape[rank-2] || shape[rank-1] < 2 || !c.anyWrong(i) {
			continue
		}
		n := shape[rank-1]
		transposed := true
		for k := range analytic {
			for j := range in.data {
				matrix, row, column := j/(n*n), j/n%n, j%n
				a := analytic[k][in.start+matrix*n*n+column*n+row]
				b := numeric[k][in.start+j]
				transposed = transposed && math.Abs(a-b) <= 1e-6*(math.Abs(a)+math.Abs(b))+1e-9
			}
		}
		if transposed {
			c.pattern("the gradient of %s is transposed", in.name)
		}
	}
}

func (c *checker) anyWrong(i int) bool {
	in := c.p.inputs[i]
	return slices.Contains(c.wrong[in.start:in.start+len(in.data)], true)
}
