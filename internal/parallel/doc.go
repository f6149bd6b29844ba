// Package parallel is the worker pool: it spreads the indices of a job over
// goroutines that stay ready between jobs.
//
// Training forks and joins every few tens of microseconds, where starting
// goroutines and waiting for them costs as much as the work. Workers therefore
// start once, look for the next job for 200 microseconds after each one, and only
// then park; an idle program uses no processor time.
//
// Each goroutine begins with the same part of the indices in every job, so that what
// one job wrote is in the cache of the processor that reads it in the next, and takes
// others' when its own are done. Nothing may depend on who runs which one: callers cut
// their work by its shape alone, and then results are the same bits on one processor
// and on many.
package parallel
