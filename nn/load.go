package nn

import (
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// LoadConfig configures [Load] and [LoadWeights].
type LoadConfig struct {
	// Convert allows weights of another type than the model's. float64 is rounded to
	// float32, and one that is too large is an error; an integer must be what it becomes
	// exactly. float16 and bfloat16, which no model has, are float32 or float64 exactly, and
	// need no Convert.
	Convert bool

	// Except leaves out what a pattern matches (see [Except]): parts of the model, which
	// stay as they are, and tensors, which are not read. To take over all but the head of
	// a model for other classes: Except: []string{"head.*"}. Names are those in the model. It
	// is an error if one matches nothing.
	Except []string

	// Prefix is what names have before them in the file; tensors without it are not read.
	// "0.model." reads weights out of a checkpoint, "module." those of PyTorch's
	// DataParallel.
	Prefix string

	// Rename is the name in the model of a tensor that has a name, without Prefix, in the
	// file; "" for one that is not to be read. nil keeps names. For other names of a layer's
	// parts, strings.NewReplacer("gamma", "weight", "beta", "bias").Replace; for patterns, a
	// function that calls ReplaceAllString of a [regexp.Regexp].
	Rename func(name string) string
}

// nameOf is the name in the model of a tensor; ok is false if it is not to be read.
func (c *LoadConfig) nameOf(tensor string) (name string, ok bool) {
	name, ok = strings.CutPrefix(tensor, c.Prefix)
	if ok && c.Rename != nil {
		name = c.Rename(name)
		ok = name != ""
	}
	return name, ok
}

// Load sets the parameters, buffers and counters of a model to those in the safetensors
// format, with the names of PyTorch's state_dict. It is strict: the file must have
// exactly what the model has, by name, shape and type, unless config says otherwise, and
// nothing may follow it; of an array with several names in the model one suffices, and if
// there are more they must be equal. Otherwise the error is a [*MismatchError] or, for
// damaged files, a [*FormatError], or wraps that of reading. After any error the model is as
// it was: all weights are read before the first is set. [LoadWeights] takes half the memory,
// and other formats. Nobody may use the model while it is loaded.
func Load(r io.Reader, model Module, config LoadConfig) error {
	h, err := readHeader(r)
	if err != nil {
		return err
	}
	stream := newStream(h, r)
	l, err := newWeightsLoader("nn.Load", stream, model, config)
	if err != nil {
		return err
	}
	values := make([]value, len(l.places))
	for i, e := range l.places {
		if e == nil {
			continue
		}
		if values[i], err = l.read(i, e); err != nil {
			return err
		}
	}
	if err := stream.skipTo(h.end()); err != nil {
		return err
	}
	if err := h.expectEnd(r); err != nil {
		return err
	}
	if err := checkShared(l.places, values); err != nil {
		return err
	}
	setAll(l.places, values)
	return nil
}

// LoadFile is [LoadWeights] from a file in one of the formats of [OpenWeights]. From what is
// no regular file, such as a pipe, it is [Load].
func LoadFile(path string, model Module, config LoadConfig) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return withFile(path, func(r io.Reader) error { return Load(r, model, config) })
	}
	w, err := OpenWeights(path)
	if err != nil {
		return err
	}
	defer w.Close()
	return nameFile(LoadWeights(w, model, config), path)
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
			mismatch.Different = append(mismatch.Different, differ(places[j].name, e.name))
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

// Inspect reads the metadata of weights in the safetensors format, and the names,
// types and shapes of the tensors, without reading the data: to find out which model
// they are for. Files that are not whole up to the data are a [*FormatError].
func Inspect(r io.Reader) (*WeightsInfo, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	return &WeightsInfo{Metadata: h.metadata, Tensors: h.infos()}, nil
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
