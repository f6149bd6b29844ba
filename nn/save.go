package nn

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/chainrule-go/chainrule/autograd"
)

// SaveConfig configures [Save].
type SaveConfig struct {
	// Metadata is kept in the file beside the weights: what the model is, what it was
	// trained on. [Inspect] reads it.
	Metadata map[string]string
}

// Save writes the parameters of a model in the safetensors format, with the names and
// layouts of PyTorch's state_dict. The same parameters give the same bytes. It fails
// if two parameters have one name, a text is not UTF-8, or writing does. The model is
// only read: it may be in use meanwhile, but not in training.
func Save(w io.Writer, model Module, config SaveConfig) error {
	tensors, err := namedParams(model)
	if err != nil {
		return fmt.Errorf("nn: Save: %w", err)
	}
	head, err := formatHeader(tensors, config.Metadata)
	if err != nil {
		return fmt.Errorf("nn: Save: %w", err)
	}
	out := bufio.NewWriterSize(w, chunkSize)
	out.Write(head) // a failure is kept by out until Flush
	for _, t := range tensors {
		writeElements(out, t.v)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("nn: Save: %w", err)
	}
	return nil
}

// SaveFile is [Save] to a file. It is written beside its place and renamed when it is
// complete, so that a failure leaves what was there before. What is at path already
// must be a regular file, or a link to one: the link stays, and its file is replaced.
func SaveFile(path string, model Module, config SaveConfig) error {
	return replaceFile(path, func(w io.Writer) error { return Save(w, model, config) })
}

// namedParam is a parameter with its name.
type namedParam struct {
	name string
	v    autograd.Variable
}

// namedParams lists the parameters of a model. They have different names.
func namedParams(model Module) ([]namedParam, error) {
	var list []namedParam
	seen := map[string]bool{}
	for name, v := range model.Params() {
		if seen[name] {
			return nil, fmt.Errorf("two parameters of the model are named %q", name)
		}
		seen[name] = true
		list = append(list, namedParam{name, v})
	}
	return list, nil
}

// formatHeader makes the start of a file, up to the data, and puts the tensors in the
// order of their data. Wider elements come first, so that all are aligned.
func formatHeader(tensors []namedParam, metadata map[string]string) ([]byte, error) {
	slices.SortStableFunc(tensors, func(a, b namedParam) int { return b.v.DType().Size() - a.v.DType().Size() })
	var h headerWriter
	if len(metadata) > 0 {
		for key, value := range metadata {
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, fmt.Errorf("the metadata %q: %q are not UTF-8", key, value)
			}
		}
		h.entry(metadataKey, metadata)
	}
	offset := 0
	for _, t := range tensors {
		if t.name == metadataKey || !utf8.ValidString(t.name) {
			return nil, fmt.Errorf("a parameter cannot be named %q in a file", t.name)
		}
		end := offset + t.v.Size()*t.v.DType().Size()
		h.entry(t.name, struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{typeOf(t.v.DType()), append([]int{}, t.v.Shape()...), [2]int{offset, end}})
		offset = end
	}
	text := h.finish()
	if len(text) > maxHeader {
		return nil, fmt.Errorf("the names of the parameters and the metadata take %d bytes, at most %d can be read", len(text), maxHeader)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

// headerWriter writes an object whose keys keep their order.
type headerWriter struct{ text []byte }

func (h *headerWriter) entry(key string, value any) {
	separator := byte(',')
	if len(h.text) == 0 {
		separator = '{'
	}
	h.text = append(h.text, separator)
	h.text = append(h.text, toJSON(key)...)
	h.text = append(h.text, ':')
	h.text = append(h.text, toJSON(value)...)
}

// finish ends the object, and aligns the data behind it with spaces.
func (h *headerWriter) finish() []byte {
	if len(h.text) == 0 {
		h.text = append(h.text, '{')
	}
	h.text = append(h.text, '}')
	for len(h.text)%8 != 0 {
		h.text = append(h.text, ' ')
	}
	return h.text
}

// toJSON encodes text, maps of text and structs of numbers, which cannot fail.
func toJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// typeOf is the format's name of an element type.
func typeOf(dtype autograd.DType) string {
	if dtype == autograd.Float32 {
		return "F32"
	}
	return "F64"
}

// chunkSize is how many bytes are read and written at once.
const chunkSize = 1 << 16

// writeElements writes v's elements, little-endian.
func writeElements(w *bufio.Writer, v autograd.Variable) {
	if v.DType() == autograd.Float32 {
		for _, x := range v.Float32s() {
			w.Write(binary.LittleEndian.AppendUint32(w.AvailableBuffer(), math.Float32bits(x)))
		}
		return
	}
	for _, x := range v.Float64s() {
		w.Write(binary.LittleEndian.AppendUint64(w.AvailableBuffer(), math.Float64bits(x)))
	}
}

// replaceFile writes a file beside path and renames it to path when it is complete.
func replaceFile(path string, write func(w io.Writer) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // so that a link stays one
	} else if link, linkErr := os.Lstat(path); linkErr == nil && link.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("nn: %s is a link that cannot be followed: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("nn: %s is not a regular file", path)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*.tmp")
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	defer func() {
		if err != nil {
			temporary.Close()
			os.Remove(temporary.Name())
			err = fmt.Errorf("nn: %s was not written: %w", path, err)
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

// fileMode is the permissions for a file at path: those of the one it replaces.
func fileMode(path string) fs.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}
