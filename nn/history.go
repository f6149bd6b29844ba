package nn

import (
	"math"
	"time"
)

// Epoch is an epoch of training, with what was measured in it.
type Epoch struct {
	Number     int           // from 0
	Steps      int           // how many steps were made
	Partial    bool          // it was interrupted before its end
	Train      Scores        // over its steps, each measured before the weights changed
	Validation Scores        // of the validation data afterwards; nil if there are none
	Duration   time.Duration // of training and validation; of an epoch that went on from a checkpoint, since then
}

// History is the course of a training run. It is written and read as JSON by package
// encoding/json and with a line for each epoch ([History.WriteJSONLines]), and as a table
// ([History.WriteCSV]).
type History struct {
	Epochs []Epoch `json:"epochs"`
}

// Train is the values of a training score, one for each epoch, NaN where an epoch has
// none of this name; ok is false if no epoch has one.
func (h *History) Train(name string) (values []float64, ok bool) {
	return h.values(name, func(e *Epoch) Scores { return e.Train })
}

// Validation is the values of a validation score, like [History.Train] otherwise.
func (h *History) Validation(name string) (values []float64, ok bool) {
	return h.values(name, func(e *Epoch) Scores { return e.Validation })
}

func (h *History) values(name string, scores func(*Epoch) Scores) (values []float64, any bool) {
	for i := range h.Epochs {
		value, ok := scores(&h.Epochs[i]).Get(name)
		if !ok {
			value = math.NaN()
		}
		values, any = append(values, value), any || ok
	}
	return values, any
}
