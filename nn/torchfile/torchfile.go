package torchfile

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/chainrule-go/chainrule/nn"
)

// Options says what of a file is meant. The zero value is for a state_dict, and for a
// checkpoint that has one under a usual key.
type Options struct {
	// Key is the key of the state_dict in the file, or several where dicts are within each
	// other. Without it a dict of tensors is taken as it is, and of another that under
	// "model_state_dict", "state_dict" or "model", the first that there is.
	Key []string

	// Opaque has patterns, as of [path.Match], of further globals that the file may name,
	// such as "argparse.Namespace" or "mypackage.*": classes and functions of Python, whose
	// values are left out. They are not called.
	Opaque []string
}

// File is the weights in a file that has been opened, whose tensors are read when they are
// asked for. It implements [nn.WeightsFile].
type File struct {
	name    string
	infos   []nn.TensorInfo
	tensors []*tensor
	owner   io.Closer
}

// Open opens a file. The caller closes it. A file that is damaged, that is no file of torch.save,
// or whose pickle names or does what is not allowed is a [*nn.FormatError], which says at which
// byte. Tensors that are on a GPU, quantized or sparse cannot be read on the CPU by
// themselves: of these only the first are, as if they had been on the CPU.
func Open(path string, options Options) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	file, err := open(f, info.Size(), path, options)
	if err != nil {
		f.Close()
		return nil, err
	}
	file.owner = f
	return file, nil
}

// New is [Open] of what lies elsewhere than in a file of its own, such as in memory or in an
// embedded file. To close it does nothing.
func New(r io.ReaderAt, size int64, options Options) (*File, error) {
	return open(r, size, "", options)
}

// LoadFile sets a model to the weights in a file, by [Open] and [nn.LoadWeights].
func LoadFile(path string, model nn.Module, options Options, config nn.LoadConfig) error {
	f, err := Open(path, options)
	if err != nil {
		return err
	}
	defer f.Close()
	return nn.LoadWeights(f, model, config)
}

// open reads everything but the elements.
func open(r io.ReaderAt, size int64, name string, options Options) (*File, error) {
	for _, pattern := range options.Opaque {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("torchfile: Opaque: %q is no pattern: %w", pattern, err)
		}
	}
	s := &source{r: r, size: size, name: name, options: options}
	var start [8]byte
	n, err := r.ReadAt(start[:], 0)
	if err != nil && err != io.EOF {
		return nil, s.wrong(int64(n), err, "expected a file of torch.save")
	}
	var value any
	if strings.HasPrefix(string(start[:n]), "PK\x03\x04") {
		value, err = s.readArchive()
	} else {
		value, err = s.readLegacy()
	}
	if err != nil {
		return nil, err
	}
	f := &File{name: name}
	return f, f.collect(s, value)
}

// Tensors lists the tensors of the state_dict in its order.
func (f *File) Tensors() []nn.TensorInfo { return f.infos }

// Place says where tensor number i is: in which file, and from which byte on the storage that
// it is a part of.
func (f *File) Place(i int) (file string, offset int64) {
	return f.name, f.tensors[i].storage.at()
}

// Open gives the elements of tensor number i. If they are not in one piece in the file, or are
// used several times, the part of the file that they are in is read into memory.
func (f *File) Open(i int) (io.ReadCloser, error) { return f.tensors[i].open() }

// Close closes the file.
func (f *File) Close() error {
	if f.owner == nil {
		return nil
	}
	return f.owner.Close()
}

// usualKeys are those that programs keep a state_dict under.
var usualKeys = []string{"model_state_dict", "state_dict", "model"}

// collect takes the tensors out of what a file holds.
func (f *File) collect(s *source, value any) error {
	state, err := s.stateDict(value)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, item := range state.items {
		t, ok := item.value.(*tensor)
		if !ok {
			continue // of which there are some, as a number of steps
		}
		name, ok := item.key.(string)
		if !ok {
			return s.wrong(t.from, nil, "a tensor has the key %.40v: expected a name", item.key)
		}
		if seen[name] {
			return s.wrong(t.from, nil, "two tensors are named %.200q", name)
		}
		seen[name] = true
		f.tensors = append(f.tensors, t)
		f.infos = append(f.infos, nn.TensorInfo{Name: name, DType: t.storage.kind.dtype, Shape: t.shape})
	}
	return nil
}

// stateDict finds the dict that is meant.
func (s *source) stateDict(value any) (*dict, error) {
	d, ok := value.(*dict)
	if !ok {
		return nil, s.wrong(0, nil, "expected a dict of tensors, got %s: models that were saved whole cannot be read, model.state_dict() can", describe(value))
	}
	if len(s.options.Key) == 0 && !d.hasTensors() {
		for _, key := range usualKeys {
			if inner, ok := d.get(key).(*dict); ok && inner.hasTensors() {
				return inner, nil
			}
		}
		return nil, s.wrong(0, nil, "expected a dict of tensors, or one with %s: the keys are %s; Options.Key says which is meant", strings.Join(usualKeys, " or "), d.keys())
	}
	for _, key := range s.options.Key {
		inner, ok := d.get(key).(*dict)
		if !ok {
			return nil, s.wrong(0, nil, "there is no dict under the key %q: the keys are %s", key, d.keys())
		}
		d = inner
	}
	return d, nil
}
