package nn

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// LoadConfig configures [Load].
type LoadConfig struct {
	// Convert allows weights of the other type, F32 or F64, than the model's. They are
	// rounded; one that is too large for float32 is an error.
	Convert bool

	// Except leaves out what a pattern matches (see [Except]): parts of the model, which
	// stay as they are, and tensors, which are not read. To take over all but the head of
	// a model for other classes: Except: []string{"head.*"}. It is an error if one
	// matches nothing.
	Except []string

	// Prefix is what names have before them in the file; tensors without it are not read.
	// "0.model." reads weights out of a checkpoint.
	Prefix string
}

// Load sets the parameters, buffers and counters of a model to those in the safetensors
// format, with the names of PyTorch's state_dict. It is strict: the file must have
// exactly what the model has, by name, shape and type, unless config says otherwise, and
// nothing may follow it; of an
// array with several names in the model one suffices, and if there are more they must be
// equal. Otherwise the error is a [*MismatchError] or, for damaged files, a
// [*FormatError], or wraps that of reading. After any error the model is as it was.
// Nobody may use the model while it is loaded.
func Load(r io.Reader, model Module, config LoadConfig) error {
	state, err := stateOf(model)
	if err != nil {
		return fmt.Errorf("nn: Load: %w", err)
	}
	except, err := newPatterns(config.Except)
	if err != nil {
		return fmt.Errorf("nn: Load: Except: %w", err)
	}
	state = slices.DeleteFunc(state, func(e entry) bool { return except.match(e.name) })
	for i := range state {
		state[i].name = config.Prefix + state[i].name
	}
	h, err := readHeader(r)
	if err != nil {
		return err
	}
	places, err := h.match(state, config, func(t *tensorEntry) (others bool, wrong string) {
		name, ok := strings.CutPrefix(t.name, config.Prefix)
		return !ok || except.match(name), ""
	})
	if err != nil {
		return err
	}
	if err := except.unused(); err != nil {
		return fmt.Errorf("nn: Load: Except: %w, of the model or of the file", err)
	}
	values := make([]value, len(places))
	for i, e := range places {
		if e == nil {
			err = h.skip(r, &h.tensors[i])
		} else {
			values[i], err = h.read(r, &h.tensors[i], e)
		}
		if err != nil {
			return err
		}
	}
	if err := h.expectEnd(r); err != nil {
		return err
	}
	if err := checkShared(places, values); err != nil {
		return err
	}
	setAll(places, values)
	return nil
}

// LoadFile is [Load] from a file.
func LoadFile(path string, model Module, config LoadConfig) error {
	return withFile(path, func(r io.Reader) error { return Load(r, model, config) })
}

// value is what a file has for an entry.
type value struct {
	v autograd.Variable
	n int64
}

// set gives e its value.
func (e *entry) set(x value) {
	if e.counter != nil {
		*e.counter = x.n
		return
	}
	e.v.CopyFrom(x.v)
}

// setAll gives entries their values; those that are nil have none.
func setAll(places []*entry, values []value) {
	for i, e := range places {
		if e != nil {
			e.set(values[i])
		}
	}
}

// checkShared sees that what the file has under several names of one thing is equal.
func checkShared(places []*entry, values []value) error {
	mismatch := &MismatchError{}
	first := map[thing]int{}
	for i, e := range places {
		if e == nil {
			continue
		}
		j, ok := first[e.thing()]
		if !ok {
			first[e.thing()] = i
		} else if !values[i].equal(values[j]) {
			mismatch.Different = append(mismatch.Different, fmt.Sprintf("%s and %s differ, which are one in the model", places[j].name, e.name))
		}
	}
	if mismatch.Different != nil {
		return mismatch
	}
	return nil
}

// equal compares bit by bit.
func (x value) equal(y value) bool {
	if (x.v == autograd.Variable{}) {
		return x.n == y.n
	}
	return slices.EqualFunc(x.v.Floats(), y.v.Floats(), func(a, b float64) bool {
		return math.Float64bits(a) == math.Float64bits(b)
	})
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
	Missing    []string // parts of the model that the weights lack
	Unexpected []string // tensors that the model has no place for
	Different  []string // tensors of another shape or type than the model's, with both
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

// match finds the entry of each tensor, in the order of the file: nil for those that others
// claim, who may say what is wrong with one. All must fit.
func (h *header) match(state []entry, config LoadConfig, claim func(*tensorEntry) (others bool, wrong string)) ([]*entry, error) {
	byName := map[string]*entry{}
	for i := range state {
		byName[state[i].name] = &state[i]
	}
	mismatch := &MismatchError{}
	places := make([]*entry, len(h.tensors))
	found := map[thing]bool{}
	for i := range h.tensors {
		t := &h.tensors[i]
		if others, wrong := claim(t); others {
			if wrong != "" {
				mismatch.Different = append(mismatch.Different, wrong)
			}
			continue
		}
		e, ok := byName[t.name]
		if !ok {
			mismatch.Unexpected = append(mismatch.Unexpected, t.name)
			continue
		}
		places[i] = e
		found[e.thing()] = true
		if !slices.Equal(t.shape, e.shape()) || !fitsType(t.dtype, e.dtype(), config) {
			mismatch.Different = append(mismatch.Different, fmt.Sprintf("%s is %s %v at byte %d, the model has %s %v",
				t.name, t.dtype, t.shape, h.size+t.begin, e.dtype(), e.shape()))
		}
	}
	for i := range state {
		if !found[state[i].thing()] {
			mismatch.Missing = append(mismatch.Missing, state[i].name)
		}
	}
	if mismatch.Missing != nil || mismatch.Unexpected != nil || mismatch.Different != nil {
		return nil, mismatch
	}
	return places, nil
}

func fitsType(got, want string, config LoadConfig) bool {
	isFloat := func(dtype string) bool { return dtype == "F32" || dtype == "F64" }
	return got == want || config.Convert && isFloat(got) && isFloat(want)
}

// skip reads over the data of a tensor.
func (h *header) skip(r io.Reader, t *tensorEntry) error {
	if n, err := io.CopyN(io.Discard, r, t.end-t.begin); err != nil {
		return h.cutOff(t, n, err)
	}
	return nil
}

// cutOff is the error of data that end, or cannot be read, after so many bytes of a tensor.
func (h *header) cutOff(t *tensorEntry, n int64, err error) error {
	return unreadable(h.size+t.begin+n, t.name, fmt.Sprintf("expected %d bytes of data up to byte %d", t.end-t.begin, h.size+t.end), err)
}

// read reads the data of a tensor as the value of e, whose size it has.
func (h *header) read(r io.Reader, t *tensorEntry, e *entry) (value, error) {
	var x value
	if e.counter == nil {
		x.v = autograd.Zeros(e.v.DType(), e.v.Shape()...)
	}
	size := elementSizes[t.dtype]
	buffer := make([]byte, min(chunkSize, t.end-t.begin))
	for at := t.begin; at < t.end; {
		chunk := buffer[:min(int64(len(buffer)), t.end-at)]
		if n, err := io.ReadFull(r, chunk); err != nil {
			return x, h.cutOff(t, at-t.begin+int64(n), err)
		}
		if e.counter != nil {
			x.n = int64(binary.LittleEndian.Uint64(chunk))
		} else if bad := decode(x.v, int((at-t.begin)/size), chunk, t.dtype); bad >= 0 {
			return x, &FormatError{Offset: h.size + at + int64(bad), Tensor: t.name, Reason: "the value is too large for float32"}
		}
		at += int64(len(chunk))
	}
	return x, nil
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
