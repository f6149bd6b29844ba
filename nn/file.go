package nn

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file beside path and renames it to path when it is complete.
// Errors name the file that was asked for, whatever links lead to.
func replaceFile(path string, write func(w io.Writer) error) error {
	if err := replace(path, write); err != nil {
		return fmt.Errorf("nn: %s was not written: %w", path, err)
	}
	return nil
}

func replace(path string, write func(w io.Writer) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // so that a link stays one
	} else if link, linkErr := os.Lstat(path); linkErr == nil && link.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("it is a link that cannot be followed: %w", err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*.tmp")
	if err != nil {
		return withoutPath(err)
	}
	defer func() {
		if err != nil {
			temporary.Close()
			os.Remove(temporary.Name())
			err = withoutPath(err)
		}
	}()
	if err := write(temporary); err != nil {
		return err
	}
	if err := temporary.Chmod(fileMode(path)); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := temporary.Sync(); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// withoutPath is an error of a file operation without the name of the temporary file,
// which says nothing to whoever asked for another.
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

// withFile calls read with an open file and puts its name into errors.
func withFile(path string, read func(r io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	defer file.Close()
	err = read(file)
	var format *FormatError
	var mismatch *MismatchError
	switch {
	case errors.As(err, &format):
		format.File = path
	case errors.As(err, &mismatch):
		mismatch.File = path
	}
	return err
}
