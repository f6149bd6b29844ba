// Package crash is a file system for tests that forgets what was not synced: it says what
// may be left on the disk if the machine loses its power at any moment.
package crash

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// Disk is a [durable.FS] of one directory that keeps a record of all operations. They are
// done in that directory, but for the syncs, which take time; [Disk.After] makes what a loss
// of power leaves. It belongs to one goroutine.
type Disk struct {
	durable.FS // does the operations
	log        []operation
	files      int
}

// operation is one that was done.
type operation struct {
	kind     kind
	file     int // which one, by the order in which they were made
	name, to string
	data     []byte
}

type kind int

const (
	create kind = iota
	write
	syncFile
	rename
	remove
	syncDir
)

// New is a Disk without a record.
func New() *Disk { return &Disk{FS: durable.OS{}} }

// Operations is how many have been done.
func (d *Disk) Operations() int { return len(d.log) }

func (d *Disk) record(op operation, err error) error {
	if err == nil {
		d.log = append(d.log, op)
	}
	return err
}

// CreateTemp makes a file whose writes are recorded.
func (d *Disk) CreateTemp(dir, pattern string) (durable.File, error) {
	f, err := d.FS.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	made := &file{f, d, d.files}
	d.files++
	return made, d.record(operation{kind: create, file: made.number, name: filepath.Base(f.Name())}, nil)
}

// Rename records a rename.
func (d *Disk) Rename(from, to string) error {
	return d.record(operation{kind: rename, name: filepath.Base(from), to: filepath.Base(to)}, d.FS.Rename(from, to))
}

// Remove records a removal.
func (d *Disk) Remove(name string) error {
	return d.record(operation{kind: remove, name: filepath.Base(name)}, d.FS.Remove(name))
}

// SyncDir records that the names are on the disk.
func (d *Disk) SyncDir(dir string) error {
	return d.record(operation{kind: syncDir}, d.FS.SyncDir(dir))
}

// file is one whose writes are recorded.
type file struct {
	durable.File
	disk   *Disk
	number int
}

func (f *file) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.disk.record(operation{kind: write, file: f.number, data: append([]byte(nil), p[:n]...)}, nil)
	return n, err
}

func (f *file) Sync() error {
	return f.disk.record(operation{kind: syncFile, file: f.number}, nil)
}

// After makes in dir, which is to be empty, what may be there if the power fails after so
// many operations. What was synced is there. Of what was written to a file since, there is
// nothing, or a part, or zeros in its place, or all; of the names that were made, changed
// and removed since, some. rng chooses.
func (d *Disk) After(operations int, rng *rand.Rand, dir string) error {
	content, synced := map[int][]byte{}, map[int]int{}
	names := map[string]int{} // as programs see them
	onDisk := map[string]int{}
	var pending []func() // changes of names that are not yet on the disk
	for _, op := range d.log[:operations] {
		switch op.kind {
		case create:
			names[op.name] = op.file
			pending = append(pending, func() { onDisk[op.name] = op.file })
		case write:
			content[op.file] = append(content[op.file], op.data...)
		case syncFile:
			synced[op.file] = len(content[op.file])
		case rename:
			moved := names[op.name]
			names[op.to] = moved
			delete(names, op.name)
			pending = append(pending, func() { onDisk[op.to] = moved; delete(onDisk, op.name) })
		case remove:
			delete(names, op.name)
			pending = append(pending, func() { delete(onDisk, op.name) })
		case syncDir:
			for _, change := range pending {
				change()
			}
			pending = nil
		}
	}
	survives := []float64{0, 0.5, 1}[rng.IntN(3)]
	for _, change := range pending {
		if rng.Float64() < survives {
			change()
		}
	}
	for name, number := range onDisk {
		left := remains(content[number], synced[number], rng)
		if err := os.WriteFile(filepath.Join(dir, name), left, fs.FileMode(0o644)); err != nil {
			return err
		}
	}
	return nil
}

// remains is what is left of a file's content of which so many bytes were synced.
func remains(content []byte, synced int, rng *rand.Rand) []byte {
	switch unsynced := len(content) - synced; rng.IntN(4) {
	case 0:
		return content[:synced]
	case 1:
		return content[:synced+rng.IntN(unsynced+1)]
	case 2:
		zeroed := append([]byte(nil), content...)
		clear(zeroed[synced:])
		return zeroed
	}
	return content
}
