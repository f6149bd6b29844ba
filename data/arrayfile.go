package data

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// ArrayFile is an array in a file, of which only the rows that are asked for are read: the
// file may be larger than memory. It is made by [OpenNPY], [OpenIDX] and [NPZFile.Array],
// and safe for concurrent use.
type ArrayFile struct {
	file   *os.File    // closed with it; nil if that is another's
	source io.ReaderAt // what the file holds, or a part of it
	name   string

	kind   elementType
	order  binary.ByteOrder
	shape  []int
	start  int64 // of the elements
	row    int   // bytes
	memory bytesPool
}

// bytesPool is memory to read into.
type bytesPool struct{ sync.Pool }

func (p *bytesPool) get() *[]byte {
	if memory, ok := p.Get().(*[]byte); ok {
		return memory
	}
	return new([]byte)
}

// arrayFileOf is the array whose elements begin where d has arrived in a source of size
// bytes, which must be as many as the array has.
func arrayFileOf(d *binaryReader, source io.ReaderAt, size int64, shape []int, kind elementType, order binary.ByteOrder) (*ArrayFile, error) {
	a := &ArrayFile{source: source, name: d.name, kind: kind, order: order, shape: shape, start: d.offset, row: kind.size}
	for _, n := range shape[1:] {
		a.row *= n
	}
	if want := a.start + int64(a.row)*int64(shape[0]); size != want {
		return nil, d.wrong(min(size, want), fmt.Sprintf("a file of %d bytes", want), fmt.Sprintf("one of %d", size))
	}
	return a, nil
}

// openArray opens a file and has its header read, by a function that gives the array.
func openArray(path string, read func(d *binaryReader, source io.ReaderAt, size int64) (*ArrayFile, error)) (*ArrayFile, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	a, err := openedArray(f, path, size, read)
	if err != nil {
		f.Close()
		return nil, err
	}
	a.file = f
	return a, nil
}

func openedArray(f *os.File, path string, size int64, read func(d *binaryReader, source io.ReaderAt, size int64) (*ArrayFile, error)) (*ArrayFile, error) {
	if err := checkPlain(f, path, "a file", "rows"); err != nil {
		return nil, err
	}
	return read(&binaryReader{r: f, name: path}, f, size)
}

// Shape is the array's shape. The caller may keep and change it.
func (a *ArrayFile) Shape() []int { return slices.Clone(a.shape) }

// Len is the number of rows, the size of the first axis.
func (a *ArrayFile) Len() int { return a.shape[0] }

// Close closes the file; that of an [NPZFile] stays open until this is closed.
func (a *ArrayFile) Close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}

// ReadRows sets the rows of dst, which has as many as there are indices and is of the
// size of the file's, to those with these indices, converted to dst's element type. It
// fails if the file cannot be read, with a [*FormatError] if it ends before a row does, and
// with a [*ValueError] if an index is out of range. It panics with [*ValueError] if dst has
// rows of another size, or too few.
func (a *ArrayFile) ReadRows(dst *Array, indices []int) error {
	return a.eachRow(indices, func(row int, bytes []byte) {
		start, _ := dst.row("ArrayFile.ReadRows", row, len(bytes)/a.kind.size)
		for k := 0; k < len(bytes); k += a.kind.size {
			dst.set(start+k/a.kind.size, a.kind.decode(a.order, bytes[k:]))
		}
	})
}

// readInts sets dst to the elements from first on, all of which must be whole numbers.
// They are what an error calls the example of this number.
func (a *ArrayFile) readInts(dst []int, first int64, example int) error {
	size, wrong := a.kind.size, -1
	var got float64
	err := a.piece(first*int64(size), len(dst)*size, example, func(bytes []byte) {
		for i := range dst {
			v := a.kind.decode(a.order, bytes[i*size:])
			if dst[i] = int(v); float64(dst[i]) != v && wrong < 0 {
				wrong, got = i, v
			}
		}
	})
	if err == nil && wrong >= 0 {
		err = &FormatError{
			File: a.name, Offset: a.start + (first+int64(wrong))*int64(size),
			Want: fmt.Sprintf("a whole number, of example %d", example), Got: fmt.Sprint(got),
		}
	}
	return err
}

// eachRow hands the bytes of rows to f.
func (a *ArrayFile) eachRow(indices []int, f func(row int, bytes []byte)) error {
	if err := checkIndices("ArrayFile", indices, a.shape[0]); err != nil {
		return err
	}
	for row, i := range indices {
		if err := a.piece(int64(i)*int64(a.row), a.row, i, func(bytes []byte) { f(row, bytes) }); err != nil {
			return err
		}
	}
	return nil
}

// piece hands size bytes to f that lie at a place among the elements, and are what an
// error calls the example of this number.
func (a *ArrayFile) piece(at int64, size, example int, f func(bytes []byte)) error {
	memory := a.memory.get()
	defer a.memory.Put(memory)
	*memory = sized(*memory, size)
	offset := a.start + at
	if n, err := a.source.ReadAt(*memory, offset); n < size {
		return readError(a.name, offset+int64(n), fmt.Sprintf("%d bytes from byte %d on, which are example %d", size, offset, example), err)
	}
	f(*memory)
	return nil
}

// ArrayFiles is a Dataset whose arrays are in files, of which only the rows of a batch are
// read. They have as many rows as each other.
type ArrayFiles struct {
	X      *ArrayFile // features, of shape [examples, features…]
	Y      *ArrayFile // numeric targets, of shape [examples, targets…]; nil for none
	Labels *ArrayFile // classes, of shape [examples], whole numbers; nil for none
}

// Len is the number of examples.
func (f *ArrayFiles) Len() int { return f.X.Len() }

// Fill makes batch hold the examples with these indices. It fails if a file cannot be
// read, with a [*FormatError] if one ends before an example does or a label is not a whole
// number, and with a [*ValueError] if the files do not fit each other or an index is out of
// range.
func (f *ArrayFiles) Fill(batch *Batch, indices []int) error {
	const op = "ArrayFiles"
	if f.X == nil {
		return mismatch(op, "X is nil")
	}
	for _, other := range []*ArrayFile{f.Y, f.Labels} {
		if other != nil && other.Len() != f.Len() {
			return mismatch(op, "%d examples in %s and %d in %s", f.Len(), f.X.name, other.Len(), other.name)
		}
	}
	if f.Labels != nil && len(f.Labels.shape) != 1 {
		return mismatch(op, "labels of shape %v, want one axis", f.Labels.Shape())
	}
	if err := checkIndices(op, indices, f.Len()); err != nil {
		return err
	}
	batch.Reset(len(indices), f.X.shape[1:]...)
	if err := f.X.ReadRows(&batch.X, indices); err != nil {
		return err
	}
	if f.Y != nil {
		batch.ResetTargets(f.Y.shape[1:]...)
		if err := f.Y.ReadRows(&batch.Y, indices); err != nil {
			return err
		}
	}
	if f.Labels == nil {
		return nil
	}
	batch.ResetLabels()
	for row, i := range indices {
		if err := f.Labels.readInts(batch.Labels[row:row+1], int64(i), i); err != nil {
			return err
		}
	}
	return nil
}
