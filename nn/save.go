package nn

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/durable"
)

// SaveConfig configures [Save].
type SaveConfig struct {
	// Metadata is kept in the file beside the weights: what the model is, what it was
	// trained on. [Inspect] reads it. Unless it has "format", that is "pt", as programs
	// for PyTorch want it.
	Metadata map[string]string
}

// Save writes the state of a model, its parameters, buffers and counters, in the
// safetensors format, with the names and layouts of PyTorch's state_dict: what is shared
// is written under each of its names, counters as I64. The same state gives the same
// bytes. It fails if two parts have one name, a text is not UTF-8, or writing does. The
// model is only read: it may be in use meanwhile, but not in training.
func Save(w io.Writer, model Module, config SaveConfig) error {
	state, err := stateOf(model)
	if err != nil {
		return fmt.Errorf("nn: Save: %w", err)
	}
	metadata := map[string]string{"format": "pt"}
	maps.Copy(metadata, config.Metadata)
	if err := writeState(w, state, metadata); err != nil {
		return fmt.Errorf("nn: Save: %w", err)
	}
	return nil
}

// SaveFile is [Save] to a file. It is written beside its place and renamed when it is
// complete, so that a failure leaves what was there before. What is at path already
// must be a regular file, or a link to one: the link stays, and its file is replaced.
func SaveFile(path string, model Module, config SaveConfig) error {
	return replaceFile(durable.OS{}, path, func(w io.Writer) error { return Save(w, model, config) })
}

// writeState writes entries in the format of files.
func writeState(w io.Writer, state []entry, metadata map[string]string) error {
	head, err := formatHeader(state, metadata)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, chunkSize)
	out.Write(head) // a failure is kept by out until Flush
	for _, e := range state {
		e.write(out)
	}
	return out.Flush()
}

// formatHeader makes the start of a file, up to the data, and puts the entries in the
// order of their data. Wider elements come first, so that all are aligned.
func formatHeader(state []entry, metadata map[string]string) ([]byte, error) {
	slices.SortStableFunc(state, func(a, b entry) int {
		return cmp.Compare(elementSizes[b.dtype()], elementSizes[a.dtype()])
	})
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
	for _, e := range state {
		if e.name == metadataKey || !utf8.ValidString(e.name) {
			return nil, fmt.Errorf("a part of a model cannot be named %q in a file", e.name)
		}
		end := offset + e.bytes()
		h.entry(e.name, struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{e.dtype(), e.shape(), [2]int{offset, end}})
		offset = end
	}
	text := h.finish()
	if len(text) > maxHeader {
		return nil, fmt.Errorf("names and metadata take %d bytes, at most %d can be read", len(text), maxHeader)
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

// chunkSize is how many bytes are read and written at once.
const chunkSize = 1 << 16

// write writes the data, little-endian. A failure is kept by w until Flush.
func (e *entry) write(w *bufio.Writer) {
	switch {
	case e.counter != nil:
		w.Write(binary.LittleEndian.AppendUint64(w.AvailableBuffer(), uint64(*e.counter)))
	case e.isRaw():
		w.Write(e.raw)
	case e.v.DType() == autograd.Float32:
		for _, x := range e.v.Float32s() {
			w.Write(binary.LittleEndian.AppendUint32(w.AvailableBuffer(), math.Float32bits(x)))
		}
	default:
		for _, x := range e.v.Float64s() {
			w.Write(binary.LittleEndian.AppendUint64(w.AvailableBuffer(), math.Float64bits(x)))
		}
	}
}
