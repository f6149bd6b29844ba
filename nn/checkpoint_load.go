package nn

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// LoadCheckpointConfig configures [LoadCheckpoint].
type LoadCheckpointConfig struct {
	// OtherData allows to go on with another loader: other examples, batches or order.
	OtherData bool
}

// CheckpointInfo is what was found in a checkpoint that was loaded.
type CheckpointInfo struct {
	File     string            // path; empty if it was read from an io.Reader
	Epoch    int               // where the first trainer goes on: the epoch, from 0
	Step     int               // and the step within it
	Steps    int               // how many steps it has made
	Extra    map[string][]byte // what SaveCheckpointConfig.Extra was
	Metadata map[string]string // what SaveCheckpointConfig.Metadata was, and what is added to it

	// Damaged says what is wrong with newer checkpoints, which were passed over, the newest
	// first; only [CheckpointDir.Load] does that.
	Damaged []error
}

// LoadCheckpoint gives trainers the state of those that a checkpoint was made of: made in
// the same way, and in the same order. The steps that follow are then the same, to the
// bit, as those that followed there. It is strict as [Load] is, with its errors and those
// of the optimizers; a file that is not as it was written, to the bit, is a
// [*FormatError], and a model of other names or shapes a [*MismatchError] that lists all of
// them. After any error nothing is changed. A [Trainer] that goes on with a
// loader of other examples, another batch size or another order than the checkpoint's
// fails with a [*LoaderError], unless config allows it.
func LoadCheckpoint(r io.Reader, config LoadCheckpointConfig, trainers ...*Trainer) (*CheckpointInfo, error) {
	l, err := readCheckpoint(r, trainers)
	if err != nil {
		return nil, err
	}
	if err := l.apply(); err != nil {
		return nil, fmt.Errorf("nn: LoadCheckpoint: %w", err)
	}
	for _, t := range trainers {
		t.reset() // what a step left there is no part of the state
		t.expects = t.dealt
		if config.OtherData {
			t.expects = dealing{}
		}
	}
	info := &CheckpointInfo{Extra: l.extra.raw, Metadata: l.metadata}
	if len(trainers) > 0 {
		t := trainers[0]
		info.Epoch, info.Step, info.Steps = int(t.epoch), int(t.index), int(t.made)
	}
	return info, nil
}

// LoadCheckpointFile is [LoadCheckpoint] from a file.
func LoadCheckpointFile(path string, config LoadCheckpointConfig, trainers ...*Trainer) (info *CheckpointInfo, err error) {
	err = withFile(path, func(r io.Reader) error {
		info, err = LoadCheckpoint(r, config, trainers...)
		return err
	})
	if err != nil {
		return nil, err
	}
	info.File = path
	return info, nil
}

// loading is a checkpoint that has been read.
type loading struct {
	metadata map[string]string
	places   []*entry // of models and trainers, one for each tensor, nil for those of sections
	values   []value
	parts    []*section // with states of their own
	extra    *section
	courses  []*course
	sections []*section // all, and besides them the checksum
}

// section is a part of a checkpoint that is read whatever tensors it has: their names start
// with a prefix.
type section struct {
	prefix string
	of     Stateful // what has the state; nil for none
	bytes  bool     // plain bytes, not numbers
	state  map[string]autograd.Variable
	raw    map[string][]byte
}

// types are the types that the section's tensors may have.
func (s *section) types() []string {
	if s.bytes {
		return []string{byteType}
	}
	return []string{typeOf(autograd.Float32), typeOf(autograd.Float64)}
}

// course is what a checkpoint says about how training went.
type course struct {
	trainer       *Trainer
	text, metrics *section
	restored      *restoredCourse
}

func (l *loading) section(prefix string, of Stateful, plain bool) *section {
	s := &section{prefix, of, plain, map[string]autograd.Variable{}, map[string][]byte{}}
	l.sections = append(l.sections, s)
	return s
}

// expect lists what a checkpoint of these trainers consists of, and returns what has a fixed
// place.
func (l *loading) expect(trainers []*Trainer) (fixed []entry, err error) {
	for k, t := range trainers {
		prefix := strconv.Itoa(k) + "."
		state, err := t.modelState(prefix)
		if err != nil {
			return nil, err
		}
		fixed = append(fixed, state...)
		for _, part := range t.stateParts() {
			l.parts = append(l.parts, l.section(prefix+part.prefix, part.of, false))
		}
		l.courses = append(l.courses, &course{trainer: t,
			text: l.section(prefix+courseName, nil, true), metrics: l.section(prefix+metricsPrefix, nil, false)})
	}
	l.extra = l.section(extraPrefix, nil, true)
	l.section(checksumName, nil, true)
	return fixed, nil
}

// readCheckpoint reads all of a checkpoint, and sees that it is for these trainers.
func readCheckpoint(r io.Reader, trainers []*Trainer) (*loading, error) {
	l := &loading{}
	fixed, err := l.expect(trainers)
	if err != nil {
		return nil, fmt.Errorf("nn: LoadCheckpoint: %w", err)
	}
	in := &summedReader{r: r, sum: sha256.New()}
	h, err := readHeader(in)
	if err != nil {
		return nil, err
	}
	last := len(h.tensors) - 1
	if last < 0 || h.tensors[last].name != checksumName || h.tensors[last].end-h.tensors[last].begin != sha256.Size {
		return nil, &FormatError{Offset: h.size, Reason: fmt.Sprintf("expected a last tensor %q of %d bytes: it is no checkpoint", checksumName, sha256.Size)}
	}
	l.metadata = h.metadata
	stream := newStream(h, in)
	claim := func(i int) (others bool, wrong string) { return l.claim(&h.tensors[i]) }
	if l.places, err = match(stream, fixed, LoadConfig{}, claim); err != nil {
		// A name of another model may be one that was damaged.
		if damage := in.skipTo(h, last); damage != nil {
			return nil, damage
		}
		return nil, cmp.Or(in.verify(h, last), err)
	}
	if err := l.read(in, stream, last); err != nil {
		return nil, err
	}
	if err := h.expectEnd(r); err != nil {
		return nil, err
	}
	return l, l.understand(h)
}

// read reads the data of all tensors, up to the checksum, number last, and compares that.
func (l *loading) read(in *summedReader, stream *safetensorsStream, last int) error {
	h := stream.h
	tensors := &weightsLoader{weights: stream, tensors: stream.infos}
	l.values = make([]value, len(l.places))
	for i := range last {
		t := &h.tensors[i]
		s := l.sectionOf(t)
		if s == nil {
			var err error
			if l.values[i], err = tensors.read(i, l.places[i]); err != nil {
				return err
			}
			continue
		}
		raw, err := h.readBytes(stream, t)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(t.name, s.prefix)
		if s.bytes {
			s.raw[name] = raw
		} else {
			s.state[name] = arrayOf(t, raw)
		}
	}
	return in.verify(h, last)
}

// understand makes of what was read what will be set.
func (l *loading) understand(h *header) error {
	if err := l.checkNumbers(h); err != nil {
		return err
	}
	for _, c := range l.courses {
		text, ok := c.text.raw[""]
		if !ok {
			return &MismatchError{Missing: []string{c.text.prefix}}
		}
		var err error
		if c.restored, err = c.trainer.readCourse(text, c.metrics.state); err != nil {
			return &FormatError{Offset: h.size, Tensor: c.text.prefix, Reason: "it is not understood", Err: err}
		}
	}
	return checkShared(l.places, l.values)
}

// checkNumbers refuses positions that are none. Seeds are any numbers, and so are counters of
// layers.
func (l *loading) checkNumbers(h *header) error {
	for i, e := range l.places {
		if e == nil || e.counter == nil || strings.HasSuffix(e.name, "seed") {
			continue
		}
		_, name, _ := strings.Cut(e.name, ".")
		if n := l.values[i].n; strings.HasPrefix(name, "trainer.") && (n < 0 || n > math.MaxInt32 && !strings.HasSuffix(name, "steps_made")) {
			return &FormatError{Offset: h.size + h.tensors[i].begin, Tensor: e.name, Reason: fmt.Sprintf("%d is no such number", n)}
		}
	}
	return nil
}

// sectionOf is what a tensor belongs to, nil if to a model or a trainer.
func (l *loading) sectionOf(t *tensorEntry) *section {
	for _, s := range l.sections {
		if strings.HasPrefix(t.name, s.prefix) {
			return s
		}
	}
	return nil
}

// claim reports whether a tensor belongs to a section, and what is wrong with it there.
func (l *loading) claim(t *tensorEntry) (others bool, wrong string) {
	s := l.sectionOf(t)
	if s == nil {
		return false, ""
	}
	if types := s.types(); !slices.Contains(types, t.dtype) {
		wrong = fmt.Sprintf("%s is %s, expected %s", t.name, t.dtype, strings.Join(types, " or "))
	}
	return true, wrong
}

// apply makes what was read the state of the trainers, or changes nothing.
func (l *loading) apply() error {
	before := make([]map[string]autograd.Variable, len(l.parts))
	for i, p := range l.parts {
		before[i] = map[string]autograd.Variable{}
		for name, v := range p.of.State() {
			before[i][name] = v.Clone()
		}
		if err := p.of.Restore(p.state); err != nil {
			for j := range i {
				if again := l.parts[j].of.Restore(before[j]); again != nil {
					return fmt.Errorf("%w; and what was there before could not be put back: %w", err, again)
				}
			}
			return fmt.Errorf("%s: %w", strings.TrimSuffix(p.prefix, "."), err)
		}
	}
	setAll(l.places, l.values)
	for _, c := range l.courses {
		c.trainer.history, c.trainer.counts, c.trainer.tally = c.restored.history, c.restored.counts, c.restored.tally
	}
	return nil
}

// readBytes reads the data of a tensor of any shape, allocating as they arrive.
func (h *header) readBytes(r io.Reader, t *tensorEntry) ([]byte, error) {
	raw := bytes.NewBuffer([]byte{})
	if n, err := io.CopyN(raw, r, t.end-t.begin); err != nil {
		return nil, h.cutOff(t, n, err)
	}
	return raw.Bytes(), nil
}

// arrayOf is a tensor of float32 or float64 as an array.
func arrayOf(t *tensorEntry, raw []byte) autograd.Variable {
	dtype := autograd.Float32
	if t.dtype == typeOf(autograd.Float64) {
		dtype = autograd.Float64
	}
	v := autograd.Zeros(dtype, t.shape...)
	decode(v, 0, raw, t.dtype)
	return v
}

// summedReader computes the checksum of what is read.
type summedReader struct {
	r   io.Reader
	sum hash.Hash
}

func (s *summedReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum.Write(p[:n])
	return n, err
}

// skipTo reads up to the data of tensor number last, from the start of the data.
func (s *summedReader) skipTo(h *header, last int) error {
	size := h.tensors[last].begin
	if n, err := io.CopyN(io.Discard, s, size); err != nil {
		return unreadable(h.size+n, "", fmt.Sprintf("expected %d bytes of data", size), err)
	}
	return nil
}

// verify compares what was read with the checksum, tensor number last, which is next.
func (s *summedReader) verify(h *header, last int) error {
	want := s.sum.Sum(nil)
	got, err := h.readBytes(s.r, &h.tensors[last])
	if err == nil && !slices.Equal(got, want) {
		err = &FormatError{Offset: h.size + h.tensors[last].begin, Tensor: checksumName, Reason: "the checksum is that of another content", Err: errDamaged}
	}
	return err
}

// errDamaged says what a checksum that is wrong means.
var errDamaged = errors.New("the file is damaged")
