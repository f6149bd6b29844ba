package nn

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// The safetensors format, which PyTorch's world keeps weights in: 8 bytes with the
// size of the header, little-endian; the header, a JSON object that gives each tensor's
// type, shape and place in the data; the data, little-endian and row-major. Here is
// what reads headers. Nothing in a file is believed: the header is read as far as it
// is there, and the places of the tensors must cover the data exactly, in any order.

// maxHeader is the greatest header that is read. One of a thousand tensors takes a
// hundred thousand bytes.
const maxHeader = 16 << 20

// metadataKey is the entry of the header that is no tensor.
const metadataKey = "__metadata__"

// maxAxes is the most axes that a tensor may have.
const maxAxes = 64

// elementSizes is the bytes of an element by type.
var elementSizes = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8,
}

// FormatError says that a file of weights is damaged, or no such file at all.
type FormatError struct {
	File   string // path; empty if the weights were read from an io.Reader
	Offset int64  // of the fault, in bytes from the start
	Tensor string // name of the tensor concerned; empty if there is none
	Reason string // what is wrong, and what was expected
	Err    error  // the underlying error; may be nil
}

// Error names the file, the place, the tensor and the reason.
func (e *FormatError) Error() string {
	text := "nn: "
	if e.File != "" {
		text += e.File + ": "
	}
	text += fmt.Sprintf("at byte %d: ", e.Offset)
	if e.Tensor != "" {
		text += fmt.Sprintf("tensor %q: ", e.Tensor)
	}
	text += e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the underlying error, if any.
func (e *FormatError) Unwrap() error { return e.Err }

// tensorEntry is what the header says of a tensor.
type tensorEntry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int64 // in the data
	at         int64 // where in the file the header says so
}

// header is the header of a file.
type header struct {
	metadata map[string]string
	tensors  []tensorEntry // in the order of their data
	size     int64         // bytes before the data
}

// readHeader reads r up to the data.
func readHeader(r io.Reader) (*header, error) {
	var prefix [8]byte
	if n, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, unreadable(int64(n), "", "expected 8 bytes with the size of the header", err)
	}
	size := binary.LittleEndian.Uint64(prefix[:])
	if size > maxHeader {
		return nil, &FormatError{Reason: fmt.Sprintf("the header is said to have %d bytes, expected at most %d", size, maxHeader)}
	}
	// ReadAll allocates as bytes arrive, whatever the size is said to be.
	text, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err == nil && len(text) < int(size) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, unreadable(8+int64(len(text)), "", fmt.Sprintf("expected a header of %d bytes", size), err)
	}
	h, err := parseHeader(text)
	if err != nil {
		return nil, err
	}
	return h, h.checkLayout()
}

// infos is the tensors as others see them.
func (h *header) infos() []TensorInfo {
	infos := make([]TensorInfo, len(h.tensors))
	for i, e := range h.tensors {
		infos[i] = TensorInfo{e.name, e.dtype, e.shape}
	}
	return infos
}

// end is where the data end.
func (h *header) end() int64 {
	end := h.size
	if n := len(h.tensors); n > 0 {
		end += h.tensors[n-1].end
	}
	return end
}

// unreadable is the error of a read that failed at an offset.
func unreadable(offset int64, tensor, reason string, err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &FormatError{Offset: offset, Tensor: tensor, Reason: reason, Err: err}
}

// parseHeader reads the text of a header.
func parseHeader(text []byte) (*header, error) {
	p := &headerParser{decoder: json.NewDecoder(bytes.NewReader(text)), start: 8}
	p.decoder.UseNumber()
	if !utf8.Valid(text) {
		return nil, p.wrong("", "the header is not UTF-8")
	}
	if !bytes.HasPrefix(text, []byte("{")) {
		return nil, p.wrong("", "expected the header to start with {")
	}
	h := &header{size: 8 + int64(len(text))}
	seen := map[string]bool{}
	err := p.object("", func(name string) error {
		if seen[name] {
			return p.wrong(name, "the header names it twice")
		}
		seen[name] = true
		if name == metadataKey {
			return p.metadata(h)
		}
		entry, err := p.tensor(name)
		h.tensors = append(h.tensors, entry)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, b := range text[p.decoder.InputOffset():] {
		if b != ' ' {
			return nil, p.wrong("", "expected nothing but spaces after the object of the header")
		}
	}
	return h, nil
}

// headerParser reads JSON token by token, so that it knows where it is and sees keys
// that occur twice.
type headerParser struct {
	decoder *json.Decoder
	start   int64 // of the text in the file
}

// wrong is the error for what was just read.
func (p *headerParser) wrong(tensor, format string, args ...any) error {
	return &FormatError{Offset: p.offset(), Tensor: tensor, Reason: fmt.Sprintf(format, args...)}
}

// offset is the place in the file after the last token.
func (p *headerParser) offset() int64 { return p.start + p.decoder.InputOffset() }

// next is the next token, which must be of type T.
func next[T json.Token](p *headerParser, tensor, want string) (T, error) {
	token, err := p.decoder.Token()
	if err != nil {
		var none T
		return none, unreadable(p.offset(), tensor, "expected "+want, err)
	}
	value, ok := token.(T)
	if !ok {
		return value, p.wrong(tensor, "expected %s, got %v", want, token)
	}
	return value, nil
}

// delimiter reads one of { } [ ].
func (p *headerParser) delimiter(tensor string, want json.Delim) error {
	got, err := next[json.Delim](p, tensor, want.String())
	if err == nil && got != want {
		return p.wrong(tensor, "expected %v, got %v", want, got)
	}
	return err
}

// object reads an object and calls value to read each value.
func (p *headerParser) object(tensor string, value func(key string) error) error {
	if err := p.delimiter(tensor, '{'); err != nil {
		return err
	}
	for p.decoder.More() {
		key, err := next[string](p, tensor, "a name")
		if err != nil {
			return err
		}
		if err := value(key); err != nil {
			return err
		}
	}
	return p.delimiter(tensor, '}')
}

func (p *headerParser) metadata(h *header) error {
	h.metadata = map[string]string{}
	return p.object("", func(key string) error {
		if _, ok := h.metadata[key]; ok {
			return p.wrong("", "the metadata have %q twice", key)
		}
		value, err := next[string](p, "", fmt.Sprintf("text for %q in the metadata", key))
		h.metadata[key] = value
		return err
	})
}

// tensor reads the entry of a tensor.
func (p *headerParser) tensor(name string) (tensorEntry, error) {
	entry := tensorEntry{name: name, at: p.offset()}
	var offsets []int
	found := map[string]bool{}
	err := p.object(name, func(key string) (err error) {
		if found[key] {
			return p.wrong(name, "the header gives %s twice", key)
		}
		found[key] = true
		switch key {
		case "dtype":
			entry.dtype, err = next[string](p, name, "a type")
		case "shape":
			entry.shape, err = p.integers(name, "a shape", maxAxes)
		case "data_offsets":
			offsets, err = p.integers(name, "two offsets", 2)
		default:
			err = p.wrong(name, "expected dtype, shape and data_offsets, got %q", key)
		}
		return err
	})
	if err != nil {
		return entry, err
	}
	if !found["dtype"] || !found["shape"] || len(offsets) != 2 {
		return entry, p.wrong(name, "expected dtype, shape and two data_offsets")
	}
	entry.begin, entry.end = int64(offsets[0]), int64(offsets[1])
	return entry, p.checkSize(&entry)
}

// integers reads an array of at most limit integers that are not negative.
func (p *headerParser) integers(tensor, want string, limit int) ([]int, error) {
	if err := p.delimiter(tensor, '['); err != nil {
		return nil, err
	}
	numbers := []int{}
	for p.decoder.More() {
		if len(numbers) == limit {
			return nil, p.wrong(tensor, "expected %s, at most %d numbers", want, limit)
		}
		number, err := next[json.Number](p, tensor, want)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(number.String(), 10, strconv.IntSize-1)
		if err != nil {
			return nil, p.wrong(tensor, "expected %s, an integer from 0 to %d, got %s", want, math.MaxInt, number)
		}
		numbers = append(numbers, int(n))
	}
	return numbers, p.delimiter(tensor, ']')
}

// checkSize compares a tensor's place with its type and shape.
func (p *headerParser) checkSize(e *tensorEntry) error {
	if elementSizes[e.dtype] == 0 {
		return p.wrong(e.name, "there is no type %q", e.dtype)
	}
	size, ok := tensorBytes(e.dtype, e.shape)
	if !ok {
		return p.wrong(e.name, "the shape %v is too large", e.shape)
	}
	if e.begin > e.end || e.end-e.begin != size {
		return p.wrong(e.name, "data_offsets [%d, %d] do not fit %s of shape %v, which has %d bytes", e.begin, e.end, e.dtype, e.shape, size)
	}
	return nil
}

// tensorBytes is the bytes of a tensor. ok is false if it could not be addressed; a size of 0
// does not hide that the others are absurd.
func tensorBytes(dtype string, shape []int) (size int64, ok bool) {
	size = elementSizes[dtype]
	empty := false
	for _, n := range shape {
		switch {
		case n == 0:
			empty = true
		case n < 0 || size > math.MaxInt64/int64(n):
			return 0, false
		default:
			size *= int64(n)
		}
	}
	if empty {
		size = 0
	}
	return size, true
}

// checkLayout sorts the tensors by their place, and sees that they cover the data
// without overlaps and holes.
func (h *header) checkLayout() error {
	slices.SortStableFunc(h.tensors, func(a, b tensorEntry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	end := int64(0)
	for _, e := range h.tensors {
		if e.begin != end {
			what := "leave a hole before it"
			if e.begin < end {
				what = "overlap the tensor before it"
			}
			return &FormatError{Offset: e.at, Tensor: e.name, Reason: fmt.Sprintf("data_offsets [%d, %d] %s: expected it to begin at %d", e.begin, e.end, what, end)}
		}
		end = e.end
	}
	return nil
}
