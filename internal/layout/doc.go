// Package layout holds no code, only tests of the repository as a whole: which
// package may import which, and that the documents show programs that run.
package layout
