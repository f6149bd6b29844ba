// Package durable replaces files so that a crash at any moment, of the process or of the
// machine, leaves the old file or the new one, whole. It knows nothing of what is in the
// files.
//
// A new file is written beside its place, under a name of its own; its data are brought to
// the disk; it is renamed to its place, which is one step for all who look; and the
// directory is brought to the disk, so that the new name is there after a power failure too.
package durable
