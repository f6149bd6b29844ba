//go:build !linux && !noasm

package simd

// tilesAllowed reports whether AMX tiles may be used: there is no way to ask.
func tilesAllowed() bool { return false }
