package search_test

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/chainrule-go/chainrule/nn/search"
)

// A function that is best at a rate of 0.001, by any means but "b".
func Example() {
	space := search.Space{
		search.LogFloat("rate", 1e-5, 1),
		search.Choice("means", "a", "b", "c"),
	}
	f := func(_ context.Context, t *search.Trial) (float64, error) {
		score := math.Abs(math.Log10(t.Values.Float("rate")) + 3)
		if t.Values.Choice("means") == "b" {
			score++
		}
		return score, nil
	}
	result, err := search.Run(context.Background(), space, search.TPE{Trials: 40}, f, search.Config{Seed: 1, Parallel: 4})
	if err != nil {
		panic(err)
	}
	best, _ := result.Best()
	fmt.Printf("%d trials, rate %.4f, not b: %t\n", len(result.Evaluations), best.Values.Float("rate"), best.Values.Choice("means") != "b")
	// Output: 40 trials, rate 0.0010, not b: true
}

// Of nine configurations three are continued from where they were, and one of these to the
// end.
func ExampleHalving() {
	f := func(_ context.Context, t *search.Trial) (float64, error) {
		steps, _ := t.State.(int) // made so far
		for ; steps < t.Budget; steps++ {
			// … train for an epoch …
		}
		t.State = steps
		return t.Values.Float("x"), nil
	}
	result, err := search.Run(context.Background(), search.Space{search.Float("x", 0, 1)}, search.Halving{Trials: 9, MaxBudget: 9}, f, search.Config{Parallel: 4})
	if err != nil {
		panic(err)
	}
	var budgets []string
	for _, e := range result.Evaluations {
		budgets = append(budgets, fmt.Sprint(e.Budget))
	}
	fmt.Println(strings.Join(budgets, " "))
	// Output: 1 1 1 1 1 1 1 1 1 3 3 3 9
}
