package nn

import (
	"fmt"
	"strings"
)

// Score is a number that says how training, or a model, does.
type Score struct {
	Name  string
	Value float64
}

// Scores are the loss, what the objective logs, and the metrics, in this order.
type Scores []Score

// LossName is the name of the score that is the loss.
const LossName = "loss"

// Get is the value of the score with this name, and whether there is one.
func (s Scores) Get(name string) (value float64, ok bool) {
	for _, score := range s {
		if score.Name == name {
			return score.Value, true
		}
	}
	return 0, false
}

// String is the scores as "loss: 0.0812 - accuracy: 0.9765".
func (s Scores) String() string {
	var b strings.Builder
	for i, score := range s {
		if i > 0 {
			b.WriteString(" - ")
		}
		fmt.Fprintf(&b, "%s: %.4f", score.Name, score.Value)
	}
	return b.String()
}
