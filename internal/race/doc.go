// Package race tells tests whether the race detector is on: it makes sync.Pool drop
// objects at random, so that counts of allocations mean nothing.
package race
