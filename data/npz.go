package data

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	entries, err := npzEntries(r, size, name)
	if err != nil {
		return nil, err
	}
	arrays := map[string]Array{}
	for _, entry := range entries {
		file := memberName(name, entry)
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
		arrays[arrayName(entry)] = a
	}
	return arrays, nil
}

// npzEntries is the files of an archive, all of which are those of arrays of different
// names.
func npzEntries(r io.ReaderAt, size int64, name string) ([]*zip.File, error) {
	archive, err := openZip(r, size, name)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, entry := range archive.File {
		if !strings.HasSuffix(entry.Name, ".npy") {
			return nil, &FormatError{File: name, Want: "files of arrays, NAME.npy", Got: fmt.Sprintf("%.60q", entry.Name)}
		}
		if seen[entry.Name] {
			return nil, &FormatError{File: memberName(name, entry), Want: "each array once", Got: "it twice"}
		}
		seen[entry.Name] = true
	}
	return archive.File, nil
}

// openZip opens an archive. What it says to be before its beginning is at its end: nothing.
func openZip(r io.ReaderAt, size int64, name string) (*zip.Reader, error) {
	archive, err := zip.NewReader(io.NewSectionReader(r, 0, size), size)
	if err != nil {
		return nil, zipError(name, "a ZIP archive", err)
	}
	return archive, nil
}

// arrayName is the name of the array in a file of an archive.
func arrayName(entry *zip.File) string { return strings.TrimSuffix(entry.Name, ".npy") }

// memberName is what errors call a file of the archive of this name.
func memberName(archive string, entry *zip.File) string {
	return strings.TrimPrefix(archive+": "+entry.Name, ": ")
}

// NPZFile is a file as numpy.savez writes it, whose arrays are read one by one, or by rows.
// It is made by [OpenNPZ] and [NewNPZFile], and safe for concurrent use.
type NPZFile struct {
	source  *io.SectionReader // of the whole file
	owner   io.Closer         // nil if the source is another's
	name    string
	entries map[string]*zip.File
}

// OpenNPZ opens a ZIP archive of NPY files to read single arrays and rows of. The caller
// closes it. It fails as [ReadNPZFile] does. Arrays that are compressed, as
// numpy.savez_compressed writes them, have no rows that could be read by themselves:
// [Uncompress] makes a file of which all arrays can.
func OpenNPZ(path string) (*NPZFile, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	n, err := NewNPZFile(f, size, path)
	if err != nil {
		f.Close()
		return nil, err
	}
	n.owner = f
	return n, nil
}

// NewNPZFile is [OpenNPZ] of what has this name, for errors, and lies in source, which need not
// be a file. To close it does nothing.
func NewNPZFile(source io.ReaderAt, size int64, name string) (*NPZFile, error) {
	entries, err := npzEntries(source, size, name)
	if err != nil {
		return nil, err
	}
	n := &NPZFile{source: io.NewSectionReader(source, 0, size), name: name, entries: map[string]*zip.File{}}
	for _, entry := range entries {
		n.entries[arrayName(entry)] = entry
	}
	return n, nil
}

// Names is the names of the arrays, in alphabetical order.
func (n *NPZFile) Names() []string { return slices.Sorted(maps.Keys(n.entries)) }

// Array is the array of this name, which is valid until n is closed. The checksum that the
// archive has of it is not compared: that would take reading all of it. It fails as
// [OpenNPY] does; with a [*FormatError] if the array is compressed; and with an error that
// wraps [fs.ErrNotExist] if there is none of the name.
func (n *NPZFile) Array(name string) (*ArrayFile, error) {
	entry, err := n.entry(name)
	if err != nil {
		return nil, err
	}
	file := memberName(n.name, entry)
	if entry.Method != zip.Store {
		return nil, &FormatError{File: file, Want: "an array that is not compressed, to read single rows of: Uncompress makes one", Got: "one that is"}
	}
	start, err := entry.DataOffset()
	if err != nil {
		return nil, zipError(file, "a file of the archive", err)
	}
	size := int64(min(entry.CompressedSize64, math.MaxInt64))
	source := io.NewSectionReader(n.source, start, size)
	return openNPYArray(&binaryReader{r: source, name: file}, source, size)
}

func (n *NPZFile) entry(name string) (*zip.File, error) {
	entry, ok := n.entries[name]
	if !ok {
		return nil, fmt.Errorf("data: %s: no array %q among %.200q: %w", n.name, name, n.Names(), fs.ErrNotExist)
	}
	return entry, nil
}

// Close closes the file.
func (n *NPZFile) Close() error {
	if n.owner == nil {
		return nil
	}
	return n.owner.Close()
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
		entry, err := npzEntry(archive, name)
		if err == nil {
			err = WriteNPY(entry, arrays[name])
		}
		if err != nil {
			return writingNPZ(err)
		}
	}
	return writingNPZ(archive.Close())
}

// writingNPZ is err with what was being done, nil if that is nil.
func writingNPZ(err error) error {
	if err != nil {
		return fmt.Errorf("data: writing NPZ: %w", err)
	}
	return nil
}

// npzEntry begins the file of an array in an archive.
func npzEntry(archive *zip.Writer, name string) (io.Writer, error) {
	return archive.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
}
