package durable

import (
	"errors"
	"os"
)

// ErrLocked is the error of a lock that somebody else has.
var ErrLocked = errors.New("it is locked: another process has it in use")

// Lock is a lock that is held.
type Lock struct{ file *os.File }

// TryLock takes the lock that a file stands for, which is made if it is not there, and
// stays. It fails with [ErrLocked] if another process, or another part of this one, has it.
// The lock ends with the process, however that ends. Where system or file system have no
// locks, nobody is kept out.
func TryLock(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		file.Close()
		return nil, err
	}
	return &Lock{file}, nil
}

// Unlock gives the lock back.
func (l *Lock) Unlock() error { return l.file.Close() }
