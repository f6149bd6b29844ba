package nn

import (
	"errors"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// ExampleError says which example of a data set is at fault: its label or token is none
// that the model knows, or its numbers are not finite. Training and evaluation return it,
// within what they return.
type ExampleError struct {
	Example int    // its number in the data set; in the batch if that does not say whose it is
	InBatch bool   // it is that in the batch
	What    string // is wrong, such as "label 12 is outside 0…9" or "feature 3 (age) is NaN"
	Err     error  // what was reported without knowing the example, such as an [*autograd.IndexError]; may be nil

	feature int // its number in a row; -1 if it is no feature
	value   float64
}

// Error names the example and what is wrong.
func (e *ExampleError) Error() string {
	of := "data set"
	if e.InBatch {
		of = "batch"
	}
	return fmt.Sprintf("example %d of the %s: %s", e.Example, of, e.What)
}

// Unwrap returns Err.
func (e *ExampleError) Unwrap() error { return e.Err }

// exampleError is about row i of a batch.
func exampleError(batch *data.Batch, i int, what string, err error) *ExampleError {
	e := &ExampleError{Example: i, InBatch: true, What: what, Err: err, feature: -1}
	if i < len(batch.Indices) {
		e.Example, e.InBatch = batch.Indices[i], false
	}
	return e
}

// blamed is err, of computing a batch, with the example that is to blame where one is.
func blamed(err error, batch *data.Batch) error {
	var index *autograd.IndexError
	var known *ExampleError
	var nonFinite *NonFiniteError
	var anomaly *autograd.AnomalyError
	switch {
	case errors.As(err, &known):
	case errors.As(err, &nonFinite):
		if e := notFinite(batch); e != nil {
			nonFinite.Cause = e
		}
	case errors.As(err, &anomaly):
		if e := notFinite(batch); e != nil {
			e.Err = err
			return e
		}
	case errors.As(err, &index):
		var layer *LayerError
		list, what := batch.Labels, "label"
		if errors.As(err, &layer) {
			list, what = batch.Tokens, "token"
		}
		if e := wrongIndex(batch, list, what, index); e != nil {
			e.Err = err
			return e
		}
	}
	return err
}

// wrongIndex is the error of a label or token, if it is one that was reported; nil otherwise.
func wrongIndex(batch *data.Batch, list []int, what string, index *autograd.IndexError) *ExampleError {
	if index.At < 0 || index.At >= len(list) || list[index.At] != index.Index || batch.Len == 0 || len(list)%batch.Len != 0 {
		return nil
	}
	each, position := len(list)/batch.Len, ""
	if each > 1 {
		position = fmt.Sprintf(" at position %d", index.At%each)
	}
	return exampleError(batch, index.At/each, fmt.Sprintf("%s %d%s is outside 0…%d", what, index.Index, position, index.Size-1), nil)
}

// notFinite finds the first number of a batch that is NaN or infinite; nil if there is none.
func notFinite(batch *data.Batch) *ExampleError {
	for _, part := range []struct {
		what  string
		array *data.Array
	}{{"feature", &batch.X}, {"target", &batch.Y}, {"mask", &batch.Mask}} {
		if part.array.Bytes != nil || part.array.Rows() == 0 {
			continue
		}
		row := part.array.RowSize()
		for i := range row * part.array.Rows() {
			x := elementAt(part.array, i)
			if isFinite(x) {
				continue
			}
			e := exampleError(batch, i/row, fmt.Sprintf("%s %s is %v", part.what, placeIn(part.array.Shape[1:], i%row), x), nil)
			if part.what == "feature" && len(part.array.Shape) == 2 {
				e.feature, e.value = i%row, x
			}
			return e
		}
	}
	return nil
}

// placeIn is the position i of an array of this shape: its number, or of several axes a list.
func placeIn(shape []int, i int) string {
	if len(shape) < 2 {
		return fmt.Sprint(i)
	}
	index := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		index[axis], i = i%shape[axis], i/shape[axis]
	}
	return fmt.Sprint(index)
}

// named is err, in which the feature that is at fault has the name that a data set gives it.
func named(err error, ds data.Dataset) error {
	var e *ExampleError
	if !errors.As(err, &e) || e.feature < 0 {
		return err
	}
	if names := featureNames(ds); e.feature < len(names) {
		e.What = fmt.Sprintf("feature %d (%s) is %v", e.feature, names[e.feature], e.value)
	}
	return err
}

// featureNames is the names of the features of a data set; nil if they are not known.
func featureNames(ds data.Dataset) []string {
	for {
		switch d := ds.(type) {
		case *data.Arrays:
			return d.Names
		case *data.Subset:
			ds = d.Dataset
		case *data.Weighted:
			ds = d.Dataset
		default:
			return nil
		}
	}
}
