// Package parallel is the worker pool: it spreads the indices of a job over
// goroutines that stay ready between jobs.
//
// Training forks and joins every few tens of microseconds, where starting
// goroutines and waiting for them costs as much as the work. Workers therefore
// start once, look for the next job for 200 microseconds after each one, and only
// then park; an idle program uses no processor time.
//
// Indices are handed out as goroutines become free, so nothing may depend on who
// runs which one: callers cut their work by its shape alone, and then results
// are the same bits on one processor and on many.
package parallel
