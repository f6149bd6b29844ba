package nn

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// weightsLoader is weights that are about to become those of a model.
type weightsLoader struct {
	weights Weights
	tensors []TensorInfo
	places  []*entry // of each tensor; nil for those that are not read
}

// newWeightsLoader sees that weights are those of a model.
func newWeightsLoader(op string, w Weights, model Module, config LoadConfig) (*weightsLoader, error) {
	state, err := stateOf(model)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	except, err := newPatterns(config.Except)
	if err != nil {
		return nil, fmt.Errorf("%s: Except: %w", op, err)
	}
	state = slices.DeleteFunc(state, func(e entry) bool { return except.match(e.name) })
	l := &weightsLoader{weights: w, tensors: w.Tensors()}
	l.places, err = match(w, state, config, func(i int) (others bool, wrong string) {
		name, ok := config.nameOf(l.tensors[i].Name)
		return !ok || except.match(name), ""
	})
	if err != nil {
		return nil, err
	}
	if err := except.unused(); err != nil {
		return nil, fmt.Errorf("%s: Except: %w, of the model or of the file", op, err)
	}
	return l, nil
}

// match finds the entry of each tensor: nil for those that others claim, who may say what is
// wrong with one. All must fit.
func match(w Weights, state []entry, config LoadConfig, claim func(i int) (others bool, wrong string)) ([]*entry, error) {
	byName := map[string]*entry{}
	for i := range state {
		byName[state[i].name] = &state[i]
	}
	tensors := w.Tensors()
	mismatch := &MismatchError{}
	places := make([]*entry, len(tensors))
	found := map[thing]bool{}
	taken := map[*entry]string{}
	for i := range tensors {
		t := &tensors[i]
		if others, wrong := claim(i); others {
			if wrong != "" {
				mismatch.Different = append(mismatch.Different, wrong)
			}
			continue
		}
		name, _ := config.nameOf(t.Name)
		e, ok := byName[name]
		if !ok {
			mismatch.Unexpected = append(mismatch.Unexpected, renamed(t.Name, name, config))
			continue
		}
		if other, twice := taken[e]; twice {
			mismatch.Different = append(mismatch.Different, fmt.Sprintf("%s and %s are both named %s", other, t.Name, name))
			continue
		}
		taken[e] = t.Name
		places[i] = e
		found[e.thing()] = true
		if !slices.Equal(t.Shape, e.shape()) || !fitsType(t.DType, e.dtype(), config.Convert) {
			_, offset := w.Place(i)
			mismatch.Different = append(mismatch.Different, fmt.Sprintf("%s is %s %v at byte %d, the model has %s %v",
				renamed(t.Name, name, config), t.DType, t.Shape, offset, e.dtype(), e.shape()))
		}
	}
	for i := range state {
		if !found[state[i].thing()] {
			mismatch.Missing = append(mismatch.Missing, config.Prefix+state[i].name)
		}
	}
	if mismatch.Missing != nil || mismatch.Unexpected != nil || mismatch.Different != nil {
		return nil, mismatch
	}
	return places, nil
}

// renamed is the name of a tensor, with that in the model if it was renamed.
func renamed(tensor, name string, config LoadConfig) string {
	if tensor == config.Prefix+name {
		return tensor
	}
	return tensor + " (" + name + ")"
}

// read reads tensor number i as the value of e.
func (l *weightsLoader) read(i int, e *entry) (value, error) {
	var x value
	if e.counter == nil {
		x.v = autograd.Zeros(e.v.DType(), e.v.Shape()...)
	}
	err := l.decode(i, &x)
	return x, err
}

// decode reads tensor number i into x, which has its size.
func (l *weightsLoader) decode(i int, x *value) error {
	dtype := l.tensors[i].DType
	return eachChunk(l.weights, i, func(start int, chunk []byte) fault {
		if (x.v == autograd.Variable{}) {
			x.n = integerDecoders[dtype](chunk)
			return fault{}
		}
		return decode(x.v, start, chunk, dtype)
	})
}

// check reads everything that set will read, and sees that it can be set. It takes no more
// memory than a chunk does.
func (l *weightsLoader) check() error {
	names := map[thing]int{}
	for _, e := range l.places {
		if e != nil {
			names[e.thing()]++
		}
	}
	type sum [sha256.Size]byte
	first := map[thing]string{}
	sums := map[thing]sum{}
	mismatch := &MismatchError{}
	for i, e := range l.places {
		if e == nil {
			continue
		}
		var digest hash.Hash
		if names[e.thing()] > 1 {
			digest = sha256.New()
		}
		if err := l.scan(i, e, digest); err != nil {
			return err
		}
		if digest == nil {
			continue
		}
		got := sum(digest.Sum(nil))
		if other, again := first[e.thing()]; !again {
			first[e.thing()], sums[e.thing()] = l.tensors[i].Name, got
		} else if got != sums[e.thing()] {
			mismatch.Different = append(mismatch.Different, differ(other, l.tensors[i].Name))
		}
	}
	if mismatch.Different != nil {
		return mismatch
	}
	return nil
}

// scan reads tensor number i to see that it can become e. What it becomes is added to digest,
// if that is not nil.
func (l *weightsLoader) scan(i int, e *entry, digest hash.Hash) error {
	dtype := l.tensors[i].DType
	var bits []byte
	return eachChunk(l.weights, i, func(_ int, chunk []byte) fault {
		if e.counter != nil || digest == nil && dtype == e.dtype() {
			if digest != nil {
				digest.Write(binary.LittleEndian.AppendUint64(nil, uint64(integerDecoders[dtype](chunk))))
			}
			return fault{}
		}
		piece := autograd.Zeros(e.v.DType(), len(chunk)/int(elementSizes[dtype]))
		bad := decode(piece, 0, chunk, dtype)
		if digest != nil {
			bits = bits[:0]
			for _, x := range piece.Floats() {
				bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(x))
			}
			digest.Write(bits)
		}
		return bad
	})
}

// set reads everything into the model.
func (l *weightsLoader) set() error {
	for i, e := range l.places {
		switch {
		case e == nil:
		case e.counter != nil:
			x, err := l.read(i, e)
			if err != nil {
				return err
			}
			e.set(x)
		default:
			err := l.decode(i, &value{v: e.v})
			e.v.MarkModified()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// differ says that two tensors are not equal that should be.
func differ(a, b string) string {
	return fmt.Sprintf("%s and %s differ, which are one in the model", a, b)
}
