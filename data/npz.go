package data

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// ReadNPZ reads the arrays of a file as numpy.savez and numpy.savez_compressed write it,
// by name: a ZIP archive of NPY files. It fails as [ReadNPY] does, and with a
// [*FormatError] if the archive is damaged, has a name twice or holds anything but NPY
// files.
func ReadNPZ(r io.ReaderAt, size int64) (map[string]Array, error) {
	return readNPZ(r, size, "")
}

// ReadNPZFile reads the arrays at path; see [ReadNPZ].
func ReadNPZFile(path string) (map[string]Array, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readNPZ(f, size, path)
}

func readNPZ(r io.ReaderAt, size int64, name string) (map[string]Array, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, zipError(name, "a ZIP archive", err)
	}
	arrays := map[string]Array{}
	for _, entry := range archive.File {
		member := strings.TrimSuffix(entry.Name, ".npy")
		file := strings.TrimPrefix(name+": "+entry.Name, ": ")
		if member == entry.Name {
			return nil, &FormatError{File: name, Want: "files of arrays, NAME.npy", Got: fmt.Sprintf("%.60q", entry.Name)}
		}
		if _, twice := arrays[member]; twice {
			return nil, &FormatError{File: file, Want: "each array once", Got: "it twice"}
		}
		content, err := entry.Open()
		if err != nil {
			return nil, zipError(file, "a file of the archive", err)
		}
		// The size that the archive claims is taken as a hint up to what it has itself.
		a, err := readNPY(content, file, min(size, int64(min(entry.UncompressedSize64, math.MaxInt32))))
		content.Close()
		if err != nil {
			return nil, err
		}
		arrays[member] = a
	}
	return arrays, nil
}

// zipError is what reading an archive ends with.
func zipError(name, want string, err error) error {
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) {
		return &FormatError{File: name, Want: want, Got: "damaged or unknown data", Err: err}
	}
	return readError(name, 0, want, err)
}

// WriteNPZ writes arrays by name as numpy.savez does, in the order of their names:
// numpy.load reads it. It panics as [WriteNPY] does.
func WriteNPZ(w io.Writer, arrays map[string]Array) error {
	archive := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
		if err == nil {
			err = WriteNPY(entry, arrays[name])
		}
		if err != nil {
			return fmt.Errorf("data: writing NPZ: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("data: writing NPZ: %w", err)
	}
	return nil
}
