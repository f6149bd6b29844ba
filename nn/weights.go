package nn

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// Weights is named tensors that lie somewhere, such as in a file that has been opened, and
// are read one by one: what [LoadWeights] loads a model from. [OpenWeights] opens the formats
// that this package knows; those that need more are in packages of their own, as nn/torchfile
// for PyTorch's pickles.
//
// A Weights may be used by one goroutine at a time.
type Weights interface {
	// Tensors lists what there is, in the order in which it is read fastest. Names are
	// different. The caller does not change it.
	Tensors() []TensorInfo

	// Open gives the elements of tensor number i of Tensors: little-endian, in row-major
	// order, as many bytes as its type and shape say. What is wrong with the data shows at
	// their end at the latest. It can be called any number of times, in any order.
	Open(i int) (io.ReadCloser, error)

	// Place says for errors in which file, and from which byte on, tensor number i is. The
	// name may be empty.
	Place(i int) (file string, offset int64)
}

// WeightsFile is Weights that are to be closed after use.
type WeightsFile interface {
	Weights
	io.Closer
}

// TensorInfo describes a tensor in a file.
type TensorInfo struct {
	Name  string
	DType string // as safetensors names it: "F32", "F64", "F16", "BF16", "I64", "BOOL", …
	Shape []int
}

// OpenWeights opens a file of weights, whose tensors are read when they are asked for:
//
//   - safetensors;
//   - the index of safetensors in several files, as model.safetensors.index.json, which are
//     beside it;
//   - NPZ, as numpy.savez writes it, compressed or not.
//
// The index is known by its name, which ends in .json, the others by their content. The
// caller closes the file. Damaged files are a [*FormatError].
func OpenWeights(path string) (WeightsFile, error) {
	if strings.HasSuffix(path, ".json") {
		return openIndex(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	w, err := openedWeights(file)
	if err != nil {
		file.Close()
		return nil, nameFile(err, path)
	}
	return w, nil
}

func openedWeights(file *os.File) (WeightsFile, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("nn: %s is no regular file, whose tensors could be read in any order: use Load", file.Name())
	}
	return newWeights(file, info.Size(), file.Name(), file)
}

// NewWeights is [OpenWeights] of what lies elsewhere than in a file of its own, such as in
// memory or in an embedded file. An index is none of these.
func NewWeights(r io.ReaderAt, size int64) (Weights, error) { return newWeights(r, size, "", nil) }

// newWeights is the weights in r, of which an owner, if not nil, is closed with them.
func newWeights(r io.ReaderAt, size int64, name string, owner io.Closer) (WeightsFile, error) {
	var magic [4]byte
	if n, err := r.ReadAt(magic[:], 0); n < len(magic) && err != io.EOF {
		return nil, unreadable(int64(n), "", "expected weights", err)
	}
	if string(magic[:]) == "PK\x03\x04" || string(magic[:]) == "PK\x05\x06" {
		return newNPZWeights(r, size, name, owner)
	}
	f, err := newSafetensors(r, size, name, owner)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// LoadWeights sets the parameters, buffers and counters of a model to those of w, under the
// rules of [Load]. What is in w is read twice: first to see that it can be loaded, then tensor
// by tensor into the model's own memory, so that the weights are never in memory a second
// time. Errors in the first pass leave the model as it was. Should reading fail in the second,
// where it had not in the first, the error says so, and the model is loaded in part.
func LoadWeights(w Weights, model Module, config LoadConfig) error {
	l, err := newWeightsLoader("nn.LoadWeights", w, model, config)
	if err == nil {
		err = l.check()
	}
	if err != nil {
		return nameFile(err, fileOf(w))
	}
	if err := l.set(); err != nil {
		return fmt.Errorf("nn: the model is loaded in part: %w", err)
	}
	return nil
}

// fileOf is the file that all tensors are in; empty if there are several.
func fileOf(w Weights) string {
	var file string
	for i := range w.Tensors() {
		name, _ := w.Place(i)
		if i > 0 && name != file {
			return ""
		}
		file = name
	}
	return file
}

// ReadTensor reads a tensor of w by its name: as float64 where it is F64, I32, U32 or I64,
// and otherwise as float32. Memory is allocated as data arrive. It fails if there is no such
// tensor, an integer cannot be one exactly, or the type is none that is known here.
func ReadTensor(w Weights, name string) (autograd.Variable, error) {
	for i, t := range w.Tensors() {
		if t.Name == name {
			return readTensor(w, i)
		}
	}
	return autograd.Variable{}, fmt.Errorf("nn: ReadTensor: no tensor %q", name)
}

func readTensor(w Weights, i int) (autograd.Variable, error) {
	t := &w.Tensors()[i]
	dtype := autograd.Float32
	switch t.DType {
	case "F64", "I32", "U32", "I64":
		dtype = autograd.Float64
	}
	if !isNumber(t.DType) {
		file, offset := w.Place(i)
		return autograd.Variable{}, &FormatError{File: file, Offset: offset, Tensor: t.Name, Reason: fmt.Sprintf("elements of type %s cannot be read", t.DType)}
	}
	var narrow []float32
	var wide []float64
	err := eachChunk(w, i, func(_ int, chunk []byte) fault {
		piece := autograd.Zeros(dtype, len(chunk)/int(elementSizes[t.DType]))
		bad := decode(piece, 0, chunk, t.DType)
		if dtype == autograd.Float32 {
			narrow = append(narrow, piece.Float32s()...)
		} else {
			wide = append(wide, piece.Float64s()...)
		}
		return bad
	})
	switch {
	case err != nil:
		return autograd.Variable{}, err
	case dtype == autograd.Float32:
		return autograd.New(narrow, t.Shape...).Reshape(t.Shape...), nil
	}
	return autograd.New(wide, t.Shape...).Reshape(t.Shape...), nil
}

// eachChunk hands the elements of tensor number i to f, some at a time, the first of which is
// number start, and sees that there are as many as there should be.
func eachChunk(w Weights, i int, f func(start int, chunk []byte) fault) error {
	t := &w.Tensors()[i]
	file, offset := w.Place(i)
	r, err := w.Open(i)
	if err != nil {
		return err
	}
	defer r.Close()
	size := elementSizes[t.DType]
	total, ok := tensorBytes(t.DType, t.Shape)
	if !ok {
		return &FormatError{File: file, Offset: offset, Tensor: t.Name, Reason: fmt.Sprintf("the shape %v is too large", t.Shape)}
	}
	cutOff := func(n int64, err error) error {
		return nameFile(unreadable(offset+n, t.Name, fmt.Sprintf("expected %d bytes of data up to byte %d", total, offset+total), err), file)
	}
	buffer := make([]byte, min(chunkSize, total))
	for at := int64(0); at < total; {
		chunk := buffer[:min(int64(len(buffer)), total-at)]
		if n, err := io.ReadFull(r, chunk); err != nil {
			return cutOff(at+int64(n), err)
		}
		if bad := f(int(at/size), chunk); bad.reason != "" {
			return &FormatError{File: file, Offset: offset + at + int64(bad.at), Tensor: t.Name, Reason: bad.reason}
		}
		at += int64(len(chunk))
	}
	var extra [1]byte
	switch n, err := io.ReadFull(r, extra[:]); {
	case n > 0:
		return &FormatError{File: file, Offset: offset + total, Tensor: t.Name, Reason: fmt.Sprintf("expected %d bytes of data, got more", total)}
	case err != io.EOF:
		return cutOff(total, err)
	}
	return nil
}

// openIndex opens the files of an index.
func openIndex(path string) (WeightsFile, error) {
	text, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	defer text.Close()
	index, err := readIndex(text)
	if err != nil {
		return nil, nameFile(err, path)
	}
	s := &safetensors{}
	for _, name := range index.files {
		err = s.addShard(filepath.Join(filepath.Dir(path), name), name, index)
		if err != nil {
			s.Close()
			return nil, err
		}
	}
	if missing := index.unread(); missing != nil {
		s.Close()
		return nil, nameFile(missing, path)
	}
	return s, nil
}
