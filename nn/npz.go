package nn

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/durable"
)

// Weights in the archives of numpy.savez, which package data reads and writes.

// npyTypes is the name in safetensors of NumPy's types.
var npyTypes = map[string]string{
	"b1": "BOOL", "u1": "U8", "i1": "I8", "u2": "U16", "i2": "I16", "u4": "U32", "i4": "I32", "u8": "U64", "i8": "I64",
	"f2": "F16", "f4": "F32", "f8": "F64",
}

// npzWeights is the arrays of an archive.
type npzWeights struct {
	file  *data.NPZFile
	name  string
	infos []TensorInfo
	owner io.Closer
}

// newNPZWeights reads what types and shapes the arrays of an archive have.
func newNPZWeights(r io.ReaderAt, size int64, name string, owner io.Closer) (WeightsFile, error) {
	file, err := data.NewNPZFile(r, size, name)
	if err != nil {
		return nil, npzError(err, name)
	}
	w := &npzWeights{file: file, name: name, owner: owner}
	for _, array := range file.Names() {
		elements, err := file.Elements(array)
		if err != nil {
			return nil, npzError(err, name)
		}
		elements.Close()
		w.infos = append(w.infos, TensorInfo{array, npyTypes[elements.Type], elements.Shape})
	}
	return w, nil
}

func (w *npzWeights) Tensors() []TensorInfo { return w.infos }

func (w *npzWeights) Place(i int) (file string, offset int64) {
	return w.name, w.file.Offset(w.infos[i].Name)
}

func (w *npzWeights) Open(i int) (io.ReadCloser, error) {
	elements, err := w.file.Elements(w.infos[i].Name)
	if err != nil {
		return nil, npzError(err, w.name)
	}
	return elements, nil
}

func (w *npzWeights) Close() error {
	if w.owner == nil {
		return nil
	}
	return w.owner.Close()
}

// npzError is an error of package data as one of this package.
func npzError(err error, name string) error {
	var format *data.FormatError
	if errors.As(err, &format) || errors.Is(err, zip.ErrFormat) {
		e := &FormatError{File: name, Reason: "expected weights in an archive of arrays", Err: err}
		if format != nil {
			e.Offset = format.Offset
		}
		return e
	}
	return fmt.Errorf("nn: %w", err)
}

// SaveNPZ writes the state of a model as numpy.savez does: an array for each name that
// PyTorch's state_dict has, of float32 or float64, and of int64 for counters. numpy.load reads
// it, and [LoadFile]. The same state gives the same bytes. It fails if two parts have one
// name, or writing does.
func SaveNPZ(w io.Writer, model Module) error {
	state, err := stateOf(model)
	if err == nil {
		err = writeNPZ(w, state)
	}
	if err != nil {
		return fmt.Errorf("nn: SaveNPZ: %w", err)
	}
	return nil
}

// SaveNPZFile is [SaveNPZ] to a file, which is replaced as by [SaveFile].
func SaveNPZFile(path string, model Module) error {
	return replaceFile(durable.OS{}, path, func(w io.Writer) error { return SaveNPZ(w, model) })
}

func writeNPZ(w io.Writer, state []entry) error {
	archive := data.NewNPZWriter(w)
	for i := range state {
		e := &state[i]
		descr := "<f4"
		switch e.dtype() {
		case "F64":
			descr = "<f8"
		case counterType:
			descr = "<i8"
		}
		file, err := archive.Create(e.name, descr, e.shape())
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(file, chunkSize)
		e.write(out)
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return archive.Close()
}
