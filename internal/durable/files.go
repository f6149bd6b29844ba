package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// FS is what of a file system is needed to replace and remove files. Tests put one in
// front that forgets, fails or tells what goes on.
type FS interface {
	// CreateTemp makes a new file in a directory, named as os.CreateTemp does.
	CreateTemp(dir, pattern string) (File, error)

	// Rename gives a file another name in its directory, that of another file if need be.
	Rename(from, to string) error

	// Remove removes a file.
	Remove(name string) error

	// SyncDir returns when the names in a directory are on the disk.
	SyncDir(dir string) error
}

// File is a file that is being written.
type File interface {
	io.Writer
	Name() string
	Chmod(mode fs.FileMode) error
	Sync() error // returns when what was written is on the disk
	Close() error
}

// OS is the file system of the operating system.
type OS struct{}

// CreateTemp is os.CreateTemp.
func (OS) CreateTemp(dir, pattern string) (File, error) {
	file, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err // not a File that holds a nil pointer
	}
	return file, nil
}

// Rename is os.Rename.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove is os.Remove.
func (OS) Remove(name string) error { return os.Remove(name) }

// SyncDir does what the system can do: not all of them let directories be synced, nor all
// file systems.
func (OS) SyncDir(dir string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
