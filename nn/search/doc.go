// Package search finds hyperparameters: of a space of named parameters it tries
// configurations in parallel, and keeps what came of each in a file, so that a search that
// was killed goes on where it was.
//
//	space := search.Space{
//		search.LogFloat("lr", 1e-4, 1e-1),
//		search.Int("units", 16, 256),
//		search.Choice("optimizer", "adam", "sgd"),
//		search.Float("momentum", 0, 0.99).When("optimizer", "sgd"),
//	}
//	result, err := search.Run(ctx, space, search.TPE{Trials: 50}, train, search.Config{Journal: "search.jsonl"})
//	best, ok := result.Best()
//
// where train trains a model and measures it on validation data:
//
//	func train(ctx context.Context, t *search.Trial) (float64, error) {
//		lr, units := t.Values.Float("lr"), t.Values.Int("units")
//		…
//		return loss, nil
//	}
//
// What is tried is decided by a [Strategy]: [Random], [TPE] and [Halving] are here, each in
// a file of its own.
//
// # Determinism
//
// A strategy is asked for one evaluation after the other, and knows of the results of
// earlier ones in this order, whatever the order in which they finish: what evaluation i is
// depends on the seed and the results of evaluations 0 to i−Config.Parallel, or of more
// where a strategy waits for them. So the same seed and the same Parallel give the same
// search, at any number of workers, provided that the function that is searched depends on
// what it is given alone ([Trial].Values, Seed and Budget). That holds for asynchronous
// halving, too. With Parallel 1 everything is known to each decision, and nothing runs at
// the same time.
//
// What lives here: spaces, strategies, and the running of trials. What does not: models and
// their training (package nn).
package search
