package data

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// NPYFile is an array in a file as numpy.save writes it, of which only the rows that are
// asked for are read: the file may be larger than memory. It is made by [OpenNPY], and
// safe for concurrent use.
type NPYFile struct {
	file   *os.File
	layout *npyLayout
	start  int64 // of the elements
	row    int   // bytes
	memory sync.Pool
}

// OpenNPY opens the array at path. The caller closes it. It fails as [ReadNPYFile] does,
// and with a [*FormatError] for arrays in Fortran order, whose rows are not in one piece,
// for arrays without axes, and for a file of another length than its header says; one
// that is compressed is no NPY file here.
func OpenNPY(path string) (*NPYFile, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	n, err := newNPYFile(f, path, size)
	if err != nil {
		f.Close()
		return nil, err
	}
	return n, nil
}

func newNPYFile(f *os.File, path string, size int64) (*NPYFile, error) {
	d := &binaryReader{r: f, name: path}
	text, at, err := npyHeader(d)
	if err != nil {
		return nil, err
	}
	h, bad := parseNPYHeader(text)
	if bad != nil {
		return nil, d.wrong(at+int64(bad.position), bad.want, fmt.Sprintf("%.40q", text[min(bad.position, len(text)):]))
	}
	if h.fortran && len(h.shape) > 1 {
		return nil, d.wrong(at, "an array in row-major order, whose rows can be read by themselves", "one in Fortran order")
	}
	if len(h.shape) == 0 {
		return nil, d.wrong(at, "an array of rows", "one without axes")
	}
	n := &NPYFile{file: f, layout: h, start: d.offset, row: h.kind.size}
	for _, size := range h.shape[1:] {
		n.row *= size
	}
	if want := n.start + int64(n.row)*int64(h.shape[0]); size != want {
		return nil, d.wrong(min(size, want), fmt.Sprintf("a file of %d bytes", want), fmt.Sprintf("one of %d", size))
	}
	return n, nil
}

// Shape is the array's shape. The caller may keep and change it.
func (n *NPYFile) Shape() []int { return slices.Clone(n.layout.shape) }

// Close closes the file.
func (n *NPYFile) Close() error { return n.file.Close() }

// ReadRows sets the rows of dst, which has as many as there are indices and is of the
// size of the file's, to those with these indices, converted to dst's element type. It
// fails if the file cannot be read, and with a [*ValueError] if an index is out of range.
// It panics with [*ValueError] if dst has rows of another size, or too few.
func (n *NPYFile) ReadRows(dst *Array, indices []int) error {
	if err := checkIndices("NPYFile", indices, n.layout.shape[0]); err != nil {
		return err
	}
	return n.eachRow(indices, func(row int, bytes []byte) {
		h := n.layout
		start, _ := dst.row("NPYFile.ReadRows", row, len(bytes)/h.kind.size)
		for k := 0; k < len(bytes); k += h.kind.size {
			dst.set(start+k/h.kind.size, h.kind.decode(h.order, bytes[k:]))
		}
	})
}

// eachRow hands the bytes of rows to f.
func (n *NPYFile) eachRow(indices []int, f func(row int, bytes []byte)) error {
	memory, _ := n.memory.Get().(*[]byte)
	if memory == nil {
		memory = new([]byte)
		*memory = make([]byte, n.row)
	}
	defer n.memory.Put(memory)
	for row, i := range indices {
		offset := n.start + int64(i)*int64(n.row)
		if _, err := n.file.ReadAt(*memory, offset); err != nil && (err != io.EOF || n.row > 0) {
			return readError(n.file.Name(), offset, fmt.Sprintf("row %d", i), err)
		}
		f(row, *memory)
	}
	return nil
}

// set sets element i of an array of numbers.
func (a *Array) set(i int, v float64) {
	if a.Float64s != nil {
		a.Float64s[i] = v
	} else {
		a.Float32s[i] = float32(v)
	}
}

// NPYFiles is a Dataset whose arrays are files, of which only the rows of a batch are
// read. They have as many rows as each other.
type NPYFiles struct {
	X      *NPYFile // features, of shape [examples, features…]
	Y      *NPYFile // numeric targets, of shape [examples, targets…]; nil for none
	Labels *NPYFile // classes, of shape [examples], whole numbers; nil for none
}

// Len is the number of examples.
func (n *NPYFiles) Len() int { return n.X.layout.shape[0] }

// Fill makes batch hold the examples with these indices. It fails if a file cannot be
// read, and with a [*ValueError] if the files do not fit each other, an index is out of
// range, or a label is not a whole number.
func (n *NPYFiles) Fill(batch *Batch, indices []int) error {
	const op = "NPYFiles"
	if n.X == nil {
		return mismatch(op, "X is nil")
	}
	for _, other := range []*NPYFile{n.Y, n.Labels} {
		if other != nil && other.layout.shape[0] != n.Len() {
			return mismatch(op, "%d examples in %s and %d in %s", n.Len(), n.X.file.Name(), other.layout.shape[0], other.file.Name())
		}
	}
	if n.Labels != nil && len(n.Labels.layout.shape) != 1 {
		return mismatch(op, "labels of shape %v, want one axis", n.Labels.Shape())
	}
	batch.Reset(len(indices), n.X.layout.shape[1:]...)
	if err := n.X.ReadRows(&batch.X, indices); err != nil {
		return err
	}
	if n.Y != nil {
		batch.ResetTargets(n.Y.layout.shape[1:]...)
		if err := n.Y.ReadRows(&batch.Y, indices); err != nil {
			return err
		}
	}
	if n.Labels == nil {
		return nil
	}
	batch.ResetLabels()
	var wrong error
	err := n.Labels.eachRow(indices, func(row int, bytes []byte) {
		h := n.Labels.layout
		v := h.kind.decode(h.order, bytes)
		if batch.Labels[row] = int(v); float64(batch.Labels[row]) != v && wrong == nil {
			wrong = mismatch(op, "the label of example %d is %v, want a whole number", indices[row], v)
		}
	})
	if err != nil {
		return err
	}
	return wrong
}
