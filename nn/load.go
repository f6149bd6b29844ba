package nn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// LoadConfig configures [Load].
type LoadConfig struct {
	// Convert allows weights of the other type, F32 or F64, than the model's. They are
	// rounded; one that is too large for float32 is an error.
	Convert bool
}

// Load sets the parameters of a model to weights in the safetensors format, with the
// names of PyTorch's state_dict. It is strict: the weights must be exactly those that
// the model has, by name, shape and type, and nothing may follow them. Otherwise the
// error is a [*MismatchError] or, for damaged files, a [*FormatError], or wraps that
// of reading. After any error the model is as it was. Nobody may use the model while
// it is loaded.
func Load(r io.Reader, model Module, config LoadConfig) error {
	params, err := namedParams(model)
	if err != nil {
		return fmt.Errorf("nn: Load: %w", err)
	}
	h, err := readHeader(r)
	if err != nil {
		return err
	}
	byName, err := h.match(params, config)
	if err != nil {
		return err
	}
	loaded := make([]autograd.Variable, len(h.tensors))
	for i, e := range h.tensors {
		if loaded[i], err = h.read(r, &e, byName[e.name]); err != nil {
			return err
		}
	}
	if err := h.expectEnd(r); err != nil {
		return err
	}
	for i, e := range h.tensors {
		byName[e.name].CopyFrom(loaded[i])
	}
	return nil
}

// LoadFile is [Load] from a file.
func LoadFile(path string, model Module, config LoadConfig) error {
	return withFile(path, func(r io.Reader) error { return Load(r, model, config) })
}

// WeightsInfo is what a file of weights says about itself.
type WeightsInfo struct {
	Metadata map[string]string // what was saved beside the weights; nil if nothing was
	Tensors  []TensorInfo      // in the order of their data
}

// TensorInfo describes a tensor in a file.
type TensorInfo struct {
	Name  string
	DType string // as the format names it: "F32", "F64", "BF16", …
	Shape []int
}

// Inspect reads the metadata of weights in the safetensors format, and the names,
// types and shapes of the tensors, without reading the data: to find out which model
// they are for. Files that are not whole up to the data are a [*FormatError].
func Inspect(r io.Reader) (*WeightsInfo, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	info := &WeightsInfo{Metadata: h.metadata}
	for _, e := range h.tensors {
		info.Tensors = append(info.Tensors, TensorInfo{e.name, e.dtype, e.shape})
	}
	return info, nil
}

// InspectFile is [Inspect] of a file.
func InspectFile(path string) (info *WeightsInfo, err error) {
	err = withFile(path, func(r io.Reader) error {
		info, err = Inspect(r)
		return err
	})
	return info, err
}

// MismatchError says that weights are not those of the model.
type MismatchError struct {
	File       string   // path; empty if the weights were read from an io.Reader
	Missing    []string // parameters of the model that the weights lack
	Unexpected []string // tensors that the model has no parameter for
	Different  []string // tensors of another shape or type than the parameter, with both
}

// Error lists everything that does not fit.
func (e *MismatchError) Error() string {
	text := "nn: "
	if e.File != "" {
		text += e.File + ": "
	}
	text += "the weights do not fit the model"
	for _, list := range []struct {
		what  string
		items []string
	}{{"missing", e.Missing}, {"unexpected", e.Unexpected}, {"different", e.Different}} {
		if len(list.items) > 0 {
			text += "; " + list.what + ": " + strings.Join(list.items, ", ")
		}
	}
	return text
}

// match finds the parameter of each tensor; all must fit.
func (h *header) match(params []namedParam, config LoadConfig) (map[string]autograd.Variable, error) {
	byName := map[string]autograd.Variable{}
	for _, p := range params {
		byName[p.name] = p.v
	}
	mismatch := &MismatchError{}
	found := map[string]bool{}
	for _, e := range h.tensors {
		v, ok := byName[e.name]
		if !ok {
			mismatch.Unexpected = append(mismatch.Unexpected, e.name)
			continue
		}
		found[e.name] = true
		if !slices.Equal(e.shape, v.Shape()) || !fitsType(e.dtype, v.DType(), config) {
			mismatch.Different = append(mismatch.Different, fmt.Sprintf("%s is %s %v at byte %d, the model has %s %v",
				e.name, e.dtype, e.shape, h.size+e.begin, typeOf(v.DType()), v.Shape()))
		}
	}
	for _, p := range params {
		if !found[p.name] {
			mismatch.Missing = append(mismatch.Missing, p.name)
		}
	}
	if mismatch.Missing != nil || mismatch.Unexpected != nil || mismatch.Different != nil {
		return nil, mismatch
	}
	return byName, nil
}

func fitsType(got string, want autograd.DType, config LoadConfig) bool {
	return got == typeOf(want) || config.Convert && (got == "F32" || got == "F64")
}

// read reads the data of a tensor as values for the parameter v, whose size it has.
func (h *header) read(r io.Reader, e *tensorEntry, v autograd.Variable) (autograd.Variable, error) {
	values := autograd.Zeros(v.DType(), v.Shape()...)
	size := elementSizes[e.dtype]
	buffer := make([]byte, min(chunkSize, e.end-e.begin))
	for at := e.begin; at < e.end; {
		chunk := buffer[:min(int64(len(buffer)), e.end-at)]
		if n, err := io.ReadFull(r, chunk); err != nil {
			return values, unreadable(h.size+at+int64(n), e.name, fmt.Sprintf("expected %d bytes of data up to byte %d", e.end-e.begin, h.size+e.end), err)
		}
		if bad := decode(values, int((at-e.begin)/size), chunk, e.dtype); bad >= 0 {
			return values, &FormatError{Offset: h.size + at + int64(bad), Tensor: e.name, Reason: "the value is too large for float32"}
		}
		at += int64(len(chunk))
	}
	return values, nil
}

// decode sets the elements of v from number start on to those in chunk. It returns the
// place in chunk of a finite value that is not finite in v, or −1.
func decode(v autograd.Variable, start int, chunk []byte, dtype string) (bad int) {
	switch {
	case dtype == "F32" && v.DType() == autograd.Float32:
		elements := v.Float32s()[start:]
		for i := 0; i < len(chunk); i += 4 {
			elements[i/4] = math.Float32frombits(binary.LittleEndian.Uint32(chunk[i:]))
		}
	case dtype == "F64" && v.DType() == autograd.Float64:
		elements := v.Float64s()[start:]
		for i := 0; i < len(chunk); i += 8 {
			elements[i/8] = math.Float64frombits(binary.LittleEndian.Uint64(chunk[i:]))
		}
	case dtype == "F32":
		elements := v.Float64s()[start:]
		for i := 0; i < len(chunk); i += 4 {
			elements[i/4] = float64(math.Float32frombits(binary.LittleEndian.Uint32(chunk[i:])))
		}
	default:
		elements := v.Float32s()[start:]
		for i := 0; i < len(chunk); i += 8 {
			x := math.Float64frombits(binary.LittleEndian.Uint64(chunk[i:]))
			elements[i/8] = float32(x)
			if isFinite(x) && !isFinite(float64(elements[i/8])) {
				return i
			}
		}
	}
	return -1
}

// expectEnd sees that nothing follows the data.
func (h *header) expectEnd(r io.Reader) error {
	end := h.size
	if n := len(h.tensors); n > 0 {
		end += h.tensors[n-1].end
	}
	var extra [1]byte
	switch n, err := io.ReadFull(r, extra[:]); {
	case n > 0:
		return &FormatError{Offset: end, Reason: "expected nothing after the data of the last tensor"}
	case err != io.EOF:
		return unreadable(end, "", "expected the end", err)
	}
	return nil
}

// withFile calls read with an open file and puts its name into errors.
func withFile(path string, read func(r io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("nn: %w", err)
	}
	defer file.Close()
	err = read(file)
	var format *FormatError
	var mismatch *MismatchError
	switch {
	case errors.As(err, &format):
		format.File = path
	case errors.As(err, &mismatch):
		mismatch.File = path
	}
	return err
}
