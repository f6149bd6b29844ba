package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Replace has write write a file, and puts it at path when it is complete. After an error
// what was at path is still there, except that an error of the last step, of bringing the
// directory to the disk, may leave the new file, which is as whole. What is at path already
// must be a regular file, or a link to one: the link stays, and its file, whose permissions
// are kept, is replaced. Errors do not name the temporary file, which says nothing to
// whoever asked for another.
func Replace(files FS, path string, write func(w io.Writer) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // so that a link stays one
	} else if link, linkErr := os.Lstat(path); linkErr == nil && link.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("it is a link that cannot be followed: %w", err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	dir := filepath.Dir(path)
	temporary, err := files.CreateTemp(dir, temporaryPattern(filepath.Base(path)))
	if err != nil {
		return withoutPath(err)
	}
	if err := fill(temporary, path, write); err != nil {
		temporary.Close()
		files.Remove(temporary.Name())
		return withoutPath(err)
	}
	if err := files.Rename(temporary.Name(), path); err != nil {
		files.Remove(temporary.Name())
		return withoutPath(err)
	}
	return withoutPath(files.SyncDir(dir))
}

// fill writes the temporary file for path and brings it to the disk.
func fill(temporary File, path string, write func(w io.Writer) error) error {
	if err := write(temporary); err != nil {
		return err
	}
	if err := temporary.Chmod(fileMode(path)); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	return temporary.Close()
}

// temporaryPattern is the names of the temporary files for one named base.
func temporaryPattern(base string) string { return "." + base + "-*.tmp" }

// IsTemporary reports whether a name, without its directory, is that of a temporary file
// for one whose name starts with prefix. Such a file is left behind by a process that was
// killed while it wrote, and of no use.
func IsTemporary(name, prefix string) bool {
	return strings.HasPrefix(name, "."+prefix) && strings.HasSuffix(name, ".tmp")
}

// withoutPath is an error of a file operation without the name of the file.
func withoutPath(err error) error {
	var pathError *fs.PathError
	var linkError *os.LinkError
	switch {
	case errors.As(err, &pathError):
		return fmt.Errorf("%s: %w", pathError.Op, pathError.Err)
	case errors.As(err, &linkError):
		return fmt.Errorf("%s: %w", linkError.Op, linkError.Err)
	}
	return err
}

// fileMode is the permissions for a file at path: those of the one it replaces.
func fileMode(path string) fs.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}
