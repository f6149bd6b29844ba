package data

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// This file holds what the readers of all formats share: they trust no length they
// read, and say where a file went wrong.

// openFile opens a regular file for reading, and gives its size.
func openFile(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("data: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory", path)
	}
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("data: %w", err)
	}
	return f, info.Size(), nil
}

// nameOf is the name of a file, or of what else has one.
func nameOf(r io.Reader) string {
	if named, ok := r.(interface{ Name() string }); ok {
		return named.Name()
	}
	return ""
}

// isGzip reports whether what r holds is compressed with gzip.
func isGzip(r io.ReaderAt) (bool, error) {
	var magic [2]byte
	n, err := r.ReadAt(magic[:], 0)
	if n == len(magic) || err == io.EOF {
		err = nil
	}
	return n == len(magic) && magic[0] == 0x1f && magic[1] == 0x8b, err
}

// checkPlain fails if the file is compressed: then no parts of it, such as rows, can be read
// by themselves.
func checkPlain(r io.ReaderAt, name, what, parts string) error {
	compressed, err := isGzip(r)
	switch {
	case err != nil:
		return readError(name, 0, what, err)
	case compressed:
		return &FormatError{File: name, Want: fmt.Sprintf("%s that is not compressed, to read single %s of: Uncompress makes one", what, parts), Got: "gzip"}
	}
	return nil
}

// uncompress returns a reader of r's content: r itself, or what it holds
// compressed with gzip.
func uncompress(r io.Reader, name string) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	magic, err := buffered.Peek(2)
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		if err != nil && err != io.EOF {
			return nil, readError(name, 0, "a header", err)
		}
		return buffered, nil
	}
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, readError(name, 0, "a gzip header", err)
	}
	return z, nil
}

// readError is what reading name ends with when err is met where want was
// expected: a [*FormatError] if the content is at fault, else a wrapped err.
func readError(name string, offset int64, want string, err error) error {
	var corrupt flate.CorruptInputError
	got := ""
	switch {
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		err, got = io.ErrUnexpectedEOF, "the end of the file"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrFormat), errors.As(err, &corrupt):
		got = "damaged compressed data"
	default:
		if name != "" {
			name += ": "
		}
		return fmt.Errorf("data: %sreading at byte %d: %w", name, offset, err)
	}
	return &FormatError{File: name, Offset: offset, Want: want, Got: got, Err: err}
}

// binaryReader reads the parts of a binary file and keeps count of where it is.
type binaryReader struct {
	r      io.Reader
	name   string
	offset int64

	// memory is all that r reads, if that lies in memory which the result may keep.
	memory []byte
}

// readerOf reads a file whose memory the result may keep.
func readerOf(file Content) *binaryReader {
	return &binaryReader{r: bytes.NewReader(file.Bytes), name: file.File, memory: file.Bytes}
}

// full fills p.
func (d *binaryReader) full(p []byte, want string) error {
	n, err := io.ReadFull(d.r, p)
	d.offset += int64(n)
	if err != nil {
		return readError(d.name, d.offset, want, err)
	}
	return nil
}

// bytes reads size bytes, which an error says were wanted, into memory that grows as
// they arrive. Of it, as much as trusted is allocated at once.
func (d *binaryReader) bytes(want string, size, trusted int) ([]byte, error) {
	if start := d.offset; int64(size) <= int64(len(d.memory))-start {
		d.offset += int64(size)
		d.r = bytes.NewReader(d.memory[d.offset:])
		return d.memory[start:d.offset:d.offset], nil
	}
	data := make([]byte, min(size, max(trusted, 1<<16)))
	for filled := 0; ; {
		if err := d.full(data[filled:], want); err != nil {
			return nil, err
		}
		filled = len(data)
		if filled == size {
			return data, nil
		}
		grown := make([]byte, min(size-filled, filled)+filled)
		copy(grown, data)
		data = grown
	}
}

// elements reads the elements of an array, size bytes; see bytes.
func (d *binaryReader) elements(size, trusted int) ([]byte, error) {
	return d.bytes(fmt.Sprintf("%d bytes of elements up to byte %d", size, d.offset+int64(size)), size, trusted)
}

// end checks that nothing follows. For a compressed file this is also where its
// checksum is compared.
func (d *binaryReader) end() error {
	var extra [1]byte
	switch _, err := io.ReadFull(d.r, extra[:]); err {
	case io.EOF:
		return nil
	case nil:
		return d.wrong(d.offset, "the end of the file", "more bytes")
	default:
		return readError(d.name, d.offset, "the end of the file", err)
	}
}

func (d *binaryReader) wrong(offset int64, want, got string) error {
	return &FormatError{File: d.name, Offset: offset, Want: want, Got: got}
}
