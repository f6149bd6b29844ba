package torchfile

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/chainrule-go/chainrule/nn"
)

// source is a file.
type source struct {
	r       io.ReaderAt
	size    int64
	name    string
	options Options
}

// wrong is an error at a byte of the file.
func (s *source) wrong(offset int64, err error, format string, args ...any) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &nn.FormatError{File: s.name, Offset: offset, Reason: fmt.Sprintf(format, args...), Err: err}
}

// storage is elements in one piece, of which tensors are parts.
type storage struct {
	s     *source
	kind  storageKind
	numel int64
	start int64     // in the file; −1 until it is known
	entry *zip.File // nil if the file is no archive

	root   *storage // what this is a part of; nil if of none
	offset int64    // from where on, in elements

	checked bool // the checksum of the archive
}

// at is where the storage is in the file.
func (s *storage) at() int64 {
	if s.root != nil {
		return s.root.at() + s.offset*s.kind.size
	}
	return max(s.start, 0)
}

// check compares the checksum that an archive has of a storage, once.
func (s *storage) check() error {
	if s.root != nil {
		return s.root.check()
	}
	if s.entry == nil || s.checked {
		return nil
	}
	r, err := s.entry.Open()
	if err == nil {
		_, err = io.Copy(io.Discard, r)
		r.Close()
	}
	if err != nil {
		return s.s.wrong(s.at(), err, "expected %d bytes of a storage", s.numel*s.kind.size)
	}
	s.checked = true
	return nil
}

// tensor is an array of elements of a storage: of index i… the one with the number
// offset + Σ iₖ·strideₖ.
type tensor struct {
	storage        *storage
	offset         int64
	shape, strides []int
	from           int64 // where the pickle makes it
}

// newTensor sees that all elements are in the storage.
func newTensor(s *storage, offset int64, shape, strides []int) (*tensor, error) {
	if len(shape) != len(strides) {
		return nil, fmt.Errorf("%d sizes and %d strides", len(shape), len(strides))
	}
	count, last, empty := int64(1), offset, false
	for i, n := range shape {
		if n == 0 {
			empty = true
			continue
		}
		if count > math.MaxInt64/16/int64(n) {
			return nil, fmt.Errorf("the shape %v is too large", shape)
		}
		count *= int64(n)
		if n > 1 && strides[i] > 0 && int64(n-1) > (math.MaxInt64-last)/int64(strides[i]) {
			return nil, fmt.Errorf("the strides %v are too large", strides)
		}
		last += int64(n-1) * int64(strides[i])
	}
	if !empty && last >= s.numel || empty && offset > s.numel {
		return nil, fmt.Errorf("the last element is number %d of a storage of %d", last, s.numel)
	}
	return &tensor{storage: s, offset: offset, shape: shape, strides: strides}, nil
}

// size is the number of elements.
func (t *tensor) size() int64 {
	count := int64(1)
	for _, n := range t.shape {
		count *= int64(n)
	}
	return count
}

// isContiguous reports whether elements follow each other in row-major order.
func (t *tensor) isContiguous() bool {
	step := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] > 1 && t.strides[i] != step {
			return false
		}
		step *= t.shape[i]
	}
	return true
}

// open gives the elements.
func (t *tensor) open() (io.ReadCloser, error) {
	s, size := t.storage, t.storage.kind.size
	count := t.size()
	if count == 0 {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	contiguous := t.isContiguous()
	if contiguous && count == s.numel && s.root == nil && s.entry != nil {
		r, err := s.entry.Open() // which compares the checksum at the end
		if err != nil {
			return nil, s.s.wrong(s.at(), err, "expected a storage")
		}
		return r, nil
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	start := s.at() + t.offset*size
	if contiguous {
		return io.NopCloser(io.NewSectionReader(s.s.r, start, count*size)), nil
	}
	span := int64(1)
	for i, n := range t.shape {
		span += int64(n-1) * int64(t.strides[i])
	}
	// As all lies within the storage, and that within the file, this is no more than the file.
	raw := make([]byte, span*size)
	if n, err := s.s.r.ReadAt(raw, start); n < len(raw) {
		return nil, s.s.wrong(start+int64(n), err, "expected %d bytes of a storage", len(raw))
	}
	return io.NopCloser(&gatherer{t: t, raw: raw, index: make([]int, len(t.shape)), left: count}), nil
}

// gatherer reads elements one by one.
type gatherer struct {
	t     *tensor
	raw   []byte
	index []int
	place int64 // of the next element, in elements of raw
	left  int64
	part  []byte // of an element that was larger than what was asked for
}

func (g *gatherer) Read(p []byte) (int, error) {
	n := copy(p, g.part)
	g.part = g.part[n:]
	size := g.t.storage.kind.size
	for g.left > 0 && n < len(p) {
		element := g.raw[g.place*size : (g.place+1)*size]
		took := copy(p[n:], element)
		g.part = element[took:]
		n += took
		g.next()
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// next goes on to the next element in row-major order.
func (g *gatherer) next() {
	g.left--
	for axis := len(g.index) - 1; axis >= 0; axis-- {
		g.index[axis]++
		g.place += int64(g.t.strides[axis])
		if g.index[axis] < g.t.shape[axis] {
			return
		}
		g.place -= int64(g.t.strides[axis]) * int64(g.index[axis])
		g.index[axis] = 0
	}
}

// storageID is what a pickle says of a storage: ("storage", class, key, place, elements, …).
type storageID struct {
	kind  storageKind
	key   string
	numel int64
	view  any // (key, offset, elements) of a part, in files before PyTorch 0.4
}

func readStorageID(id tuple) (*storageID, error) {
	if len(id) < 5 || len(id) > 6 || id[0] != "storage" {
		return nil, errors.New("expected a storage")
	}
	class, ok := id[1].(*global)
	if !ok || class.storage == nil {
		return nil, fmt.Errorf("expected a class of storages, got %s", describe(id[1]))
	}
	key, ok := id[2].(string)
	if !ok {
		return nil, fmt.Errorf("expected the key of a storage, got %s", describe(id[2]))
	}
	numel, ok := id[4].(int64)
	if !ok || numel < 0 || numel > math.MaxInt64/16 {
		return nil, fmt.Errorf("expected the number of elements of a storage, got %s", describe(id[4]))
	}
	x := &storageID{kind: *class.storage, key: key, numel: numel}
	if len(id) == 6 {
		x.view = id[5]
	}
	return x, nil
}

// storages are those that a pickle has named.
type storages map[string]*storage

// known is the storage of a key that was named before; nil if it was not.
func (all storages) known(id *storageID) (*storage, error) {
	s, ok := all[id.key]
	if !ok {
		return nil, nil
	}
	if s.kind != id.kind || s.numel != id.numel {
		return nil, fmt.Errorf("storage %.40q has %d elements of %s, and %d of %s before", id.key, id.numel, id.kind.dtype, s.numel, s.kind.dtype)
	}
	return s, nil
}
