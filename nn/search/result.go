package search

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// Result is what a search has come to.
type Result struct {
	Space       Space
	Maximize    bool
	Evaluations []Evaluation // by their numbers
}

// Best is the evaluation with the best score of those with the greatest budget that did not
// fail; the first of equal ones. If all failed there is none.
func (r *Result) Best() (best Evaluation, ok bool) {
	for _, e := range r.Evaluations {
		if e.Err != nil {
			continue
		}
		better := e.Score < best.Score
		if r.Maximize {
			better = e.Score > best.Score
		}
		if !ok || e.Budget > best.Budget || e.Budget == best.Budget && better {
			best, ok = e, true
		}
	}
	return best, ok
}

// WriteCSV writes the evaluations as a table with a line of names: number, trial, budget,
// score, error and seconds, and the parameters, each with its name. What there is not, as
// the score of a trial that failed, is empty.
func (r *Result) WriteCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	names := []string{"number", "trial", "budget", "score", "error", "seconds"}
	for _, p := range r.Space {
		names = append(names, p.name)
	}
	if err := table.Write(names); err != nil {
		return err
	}
	for _, e := range r.Evaluations {
		score, failure := strconv.FormatFloat(e.Score, 'g', -1, 64), ""
		if e.Err != nil {
			score, failure = "", e.Err.Error()
		}
		row := []string{strconv.Itoa(e.Number), strconv.Itoa(e.Trial), strconv.Itoa(e.Budget), score, failure, strconv.FormatFloat(e.Seconds, 'f', 3, 64)}
		for _, p := range r.Space {
			value := ""
			if v, ok := e.Values[p.name]; ok {
				value = fmt.Sprint(v)
			}
			row = append(row, value)
		}
		if err := table.Write(row); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}
