package data

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
)

// Elements is the elements of an array in a file as bytes, for types that an [Array] does not
// keep as they are. It reads them little-endian and in row-major order, whatever they are in
// the file. It is made by [NPZFile.Elements]. What is wrong with the file shows at the end of
// the elements at the latest.
type Elements struct {
	Type  string // as NumPy writes it without the byte order: "f2", "f4", "f8", "i8", "u1", "b1", …
	Shape []int

	r      io.Reader
	source io.Closer
}

// Read reads elements.
func (e *Elements) Read(p []byte) (int, error) { return e.r.Read(p) }

// Close closes what is read from.
func (e *Elements) Close() error { return e.source.Close() }

// Elements opens the array of this name, compressed or not. The caller closes it, before n. It
// fails as [ReadNPY] does, and with an error that wraps [io/fs.ErrNotExist] if there is none of
// the name. Elements of several bytes that are big-endian, and those in Fortran order, are read
// into memory, which grows as they arrive; others are not.
func (n *NPZFile) Elements(name string) (*Elements, error) {
	entry, err := n.entry(name)
	if err != nil {
		return nil, err
	}
	file := memberName(n.name, entry)
	content, err := entry.Open()
	if err != nil {
		return nil, zipError(file, "a file of the archive", err)
	}
	e, err := openElements(&binaryReader{r: content, name: file})
	if err != nil {
		content.Close()
		return nil, err
	}
	e.source = content
	return e, nil
}

func openElements(d *binaryReader) (*Elements, error) {
	h, _, err := readNPYLayout(d)
	if err != nil {
		return nil, err
	}
	size := h.size()
	e := &Elements{Type: h.descr, Shape: slices.Clone(h.shape)}
	if h.fortran && len(h.shape) > 1 || h.order.String() == "BigEndian" && h.kind.size > 1 {
		e.r = &reordered{h: h, d: d, size: size}
	} else {
		e.r = &measured{d: d, left: size, want: fmt.Sprintf("%d bytes of elements up to byte %d", size, d.offset+int64(size))}
	}
	return e, nil
}

// measured reads so many bytes and sees that nothing follows.
type measured struct {
	d    *binaryReader
	left int
	want string
}

func (m *measured) Read(p []byte) (int, error) {
	if m.left == 0 {
		if err := m.d.end(); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	p = p[:min(len(p), m.left)]
	n, err := m.d.r.Read(p)
	m.d.offset += int64(n)
	m.left -= n
	switch {
	case err == io.EOF && m.left == 0:
		err = nil // what follows is looked at when it is asked for
	case err != nil:
		err = readError(m.d.name, m.d.offset, m.want, err)
	}
	return n, err
}

// reordered reads elements that have another order, of their bytes or of their own: once
// they are asked for, all.
type reordered struct {
	h     *npyLayout
	d     *binaryReader
	size  int
	ready *bytes.Reader
}

func (r *reordered) Read(p []byte) (int, error) {
	if r.ready == nil {
		raw, err := r.d.elements(r.size, 0)
		if err != nil {
			return 0, err
		}
		if err := r.d.end(); err != nil {
			return 0, err
		}
		out := make([]byte, len(raw))
		width := r.h.kind.size
		r.h.each(len(raw)/width, func(i, source int) {
			element := out[i*width : (i+1)*width]
			copy(element, raw[source*width:])
			if r.h.order.String() == "BigEndian" {
				slices.Reverse(element)
			}
		})
		r.ready = bytes.NewReader(out)
	}
	return r.ready.Read(p)
}

// NPZWriter writes an archive as numpy.savez does, array by array, of any type of elements.
// Arrays of float32 and float64 are easier to write with [WriteNPZ].
type NPZWriter struct{ archive *zip.Writer }

// NewNPZWriter writes to w. The caller closes the NPZWriter, which ends the archive.
func NewNPZWriter(w io.Writer) *NPZWriter { return &NPZWriter{zip.NewWriter(w)} }

// Create begins an array of a type that NumPy names so, such as "<i8". The caller writes its
// elements in row-major order, as many as the shape says, before the next call. It panics with
// [*ValueError] if there is no such type, or the shape is impossible.
func (z *NPZWriter) Create(name, descr string, shape []int) (io.Writer, error) {
	if len(descr) != 3 || elementTypes[descr[1:]].size == 0 {
		misuse("NPZWriter.Create", "there is no type %q", descr)
	}
	if sizeOf("NPZWriter.Create", shape); len(shape) > maxNPYRank {
		misuse("NPZWriter.Create", "%d axes, want up to %d", len(shape), maxNPYRank)
	}
	entry, err := npzEntry(z.archive, name)
	if err == nil {
		_, err = entry.Write(npyBeginning(descr, shape))
	}
	if err != nil {
		return nil, writingNPZ(err)
	}
	return entry, nil
}

// Close ends the archive. It does not close what it is written to.
func (z *NPZWriter) Close() error {
	return writingNPZ(z.archive.Close())
}

// Offset is where in the file of the archive the array's file begins, for errors; 0 if it
// cannot be found, or there is no such array.
func (n *NPZFile) Offset(name string) int64 {
	if entry, ok := n.entries[name]; ok {
		offset, _ := entry.DataOffset()
		return offset
	}
	return 0
}
