package tensorboard

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/tensorboard/internal/eventpb"
)

// Writer writes an event file. Tags are names; what comes before a slash groups them in
// TensorBoard, as in "layer1/weight". Steps are the places on the horizontal axis. Each
// call of a method appends one record with one write, so that whoever reads the file
// meanwhile, or after a crash, finds whole records and at most one that is cut off, which
// TensorBoard passes over until the rest is there.
//
// A Writer may be used by several goroutines.
type Writer struct {
	mu   sync.Mutex
	file *os.File
	now  func() time.Time
	buf  []byte
}

// WriterConfig configures [Create]. The zero value is what one wants outside tests.
type WriterConfig struct {
	// Now gives the times of events; nil means time.Now.
	Now func() time.Time

	// Host is the host's name in the name of the file; "" means that of this one.
	Host string
}

// Create makes an event file in a directory, which is made if it is not there. The file's
// name is events.out.tfevents.SECONDS.HOST.NUMBER: TensorBoard reads the files of a
// directory in the order of their names as one run. Nothing that is there is overwritten.
func Create(dir string, config WriterConfig) (*Writer, error) {
	w := &Writer{now: config.Now}
	if w.now == nil {
		w.now = time.Now
	}
	var err error
	if w.file, err = createFile(dir, w.now(), config.Host); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	err = w.write(0, &eventpb.Event{What: &eventpb.Event_FileVersion{FileVersion: "brain.Event:2"}})
	if err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	return w, nil
}

// createFile makes the file with the first number that is free.
func createFile(dir string, now time.Time, host string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if host == "" {
		var err error
		if host, err = os.Hostname(); err != nil {
			return nil, err
		}
	}
	for number := 0; ; number++ {
		name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d", now.Unix(), filepath.Base(host), number)
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// Path is the path of the file.
func (w *Writer) Path() string { return w.file.Name() }

// Restart says that a run goes on at a step: what earlier files of the directory have at this
// step and later is no longer shown.
func (w *Writer) Restart(step int64) error {
	return w.write(step, &eventpb.Event{What: &eventpb.Event_SessionLog{
		SessionLog: &eventpb.SessionLog{Status: eventpb.SessionLog_START},
	}})
}

// Scalar writes a number, which TensorBoard keeps as float32.
func (w *Writer) Scalar(tag string, step int64, value float64) error {
	return w.Scores("", step, nn.Scores{{Name: tag, Value: value}})
}

// Scores writes numbers of one step under their names after a prefix, such as "epoch/".
func (w *Writer) Scores(prefix string, step int64, scores nn.Scores) error {
	values := make([]*eventpb.Summary_Value, len(scores))
	for i, score := range scores {
		values[i] = &eventpb.Summary_Value{
			Tag:   prefix + score.Name,
			Value: &eventpb.Summary_Value_SimpleValue{SimpleValue: float32(score.Value)},
		}
	}
	return w.summary(step, values...)
}

// Histogram writes the distribution of the elements of x, of any shape: how many lie in
// each of TensorFlow's buckets, whose limits are ±10⁻¹²·1.1ⁿ. Elements that are no finite
// numbers are left out.
func (w *Writer) Histogram(tag string, step int64, x autograd.Variable) error {
	return w.summary(step, &eventpb.Summary_Value{
		Tag:   tag,
		Value: &eventpb.Summary_Value_Histo{Histo: histogramOf(x)},
	})
}

// Image writes a picture, as PNG. [Picture] makes one of an array.
func (w *Writer) Image(tag string, step int64, picture image.Image) error {
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return fmt.Errorf("tensorboard: image %q: %w", tag, err)
	}
	size := picture.Bounds().Size()
	return w.summary(step, &eventpb.Summary_Value{
		Tag: tag,
		Value: &eventpb.Summary_Value_Image{Image: &eventpb.Summary_Image{
			Height: int32(size.Y), Width: int32(size.X),
			Colorspace: colorspace(picture), EncodedImageString: file.Bytes(),
		}},
	})
}

// Graph writes the operations by which a model computes its output from x, in inference:
// boxes are grouped by the model's modules, and parameters have their names. An operation belongs to the innermost module whose result it leads to from one
// of that module's own parameters, or whose result it is; what belongs to none is outside.
// What the model panics with, if it does not take x, is returned as an error.
func (w *Writer) Graph(model nn.Layer, x autograd.Variable) error {
	graph, err := graphOf(model, x)
	if err != nil {
		return fmt.Errorf("tensorboard: graph: %w", err)
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(graph)
	if err != nil {
		return fmt.Errorf("tensorboard: graph: %w", err)
	}
	return w.write(0, &eventpb.Event{What: &eventpb.Event_GraphDef{GraphDef: text}})
}

func (w *Writer) summary(step int64, values ...*eventpb.Summary_Value) error {
	return w.write(step, &eventpb.Event{What: &eventpb.Event_Summary{Summary: &eventpb.Summary{Value: values}}})
}

// write appends an event.
func (w *Writer) write(step int64, e *eventpb.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	e.Step, e.WallTime = step, float64(now.Unix())+float64(now.Nanosecond())/1e9
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
	if err == nil {
		w.buf = appendRecord(w.buf[:0], data)
		_, err = w.file.Write(w.buf)
	}
	if err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}

// Close closes the file.
func (w *Writer) Close() error {
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	return nil
}
