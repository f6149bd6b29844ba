package nn

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// NewCSVLog is a [Callback] that writes a line to w after each epoch, in the form of
// [History.WriteCSV]. The columns are those of the first epoch; a score that comes up later
// is in none, and is in those of [NewJSONLog]. A failure of w ends the run.
func NewCSVLog(w io.Writer) Callback { return &epochLog{w: w, format: &csvFormat{}} }

// NewJSONLog is a [Callback] that writes each epoch to w as an object on a line of its own,
// in the form of [History.WriteJSONLines]. A failure of w ends the run.
func NewJSONLog(w io.Writer) Callback { return &epochLog{w: w, format: jsonFormat{}} }

// NewCSVLogFile is [NewCSVLog] to a file, which is opened, or made, when the run begins. A
// run that goes on from a checkpoint goes on with the file, too: lines of epochs that are
// trained again are replaced, and those before stay. A run from the start empties it. It is
// an error if a file to go on with is no such log.
func NewCSVLogFile(path string) Callback { return &epochLog{path: path, format: &csvFormat{}} }

// NewJSONLogFile is [NewJSONLog] to a file, like [NewCSVLogFile] otherwise.
func NewJSONLogFile(path string) Callback { return &epochLog{path: path, format: jsonFormat{}} }

// epochLog writes epochs in a format.
type epochLog struct {
	NoCallback
	path   string // of a file
	file   *os.File
	fresh  bool // nothing was read or written in this run
	w      io.Writer
	format logFormat
}

// logFormat is how epochs are written.
type logFormat interface {
	// write writes an epoch.
	write(w io.Writer, e *Epoch) error

	// resume takes up a log to which the epoch with number next is to be added, and returns
	// how many of its bytes are about those before.
	resume(text []byte, next int) (keep int, err error)
}

// Begin opens the file.
func (l *epochLog) Begin(*Trainer) (err error) {
	if l.path == "" {
		return nil
	}
	l.fresh = true
	if l.file, err = os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return fmt.Errorf("nn: log: %w", err)
	}
	l.w = l.file
	return nil
}

// Epoch writes a line.
func (l *epochLog) Epoch(e *Epoch) error {
	if l.file != nil && l.fresh {
		l.fresh = false
		if err := l.resume(e.Number); err != nil {
			return fmt.Errorf("nn: log %s: %w", l.path, err)
		}
	}
	if err := l.format.write(l.w, e); err != nil {
		return fmt.Errorf("nn: log: %w", err)
	}
	return nil
}

// resume leaves in the file what is about epochs before next.
func (l *epochLog) resume(next int) error {
	keep := 0
	if next > 0 {
		text, err := io.ReadAll(l.file)
		if err != nil {
			return err
		}
		if keep, err = l.format.resume(text, next); err != nil {
			return err
		}
	}
	if err := l.file.Truncate(int64(keep)); err != nil {
		return err
	}
	_, err := l.file.Seek(int64(keep), io.SeekStart)
	return err
}

// End closes the file.
func (l *epochLog) End(error) error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	if err != nil {
		return fmt.Errorf("nn: log: %w", err)
	}
	return nil
}

// jsonFormat is an object on each line.
type jsonFormat struct{}

func (jsonFormat) write(w io.Writer, e *Epoch) error {
	text, err := json.Marshal(e)
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	return err
}

func (jsonFormat) resume(text []byte, next int) (keep int, err error) {
	for number := 1; keep < len(text); number++ {
		line, _, whole := bytes.Cut(text[keep:], []byte("\n"))
		if !whole { // cut off when it was written
			return keep, nil
		}
		var e Epoch
		if err := json.Unmarshal(line, &e); err != nil {
			return 0, fmt.Errorf("line %d: it is no log of epochs: %w", number, err)
		}
		if e.Number >= next {
			return keep, nil
		}
		keep += len(line) + 1
	}
	return keep, nil
}

// csvFormat is a table.
type csvFormat struct{ columns *csvColumns }

func (f *csvFormat) write(w io.Writer, e *Epoch) error {
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	if f.columns == nil {
		f.columns = &csvColumns{}
		if err := f.columns.include(e); err != nil {
			return err
		}
		if err := out.Write(f.columns.header()); err != nil {
			return err
		}
	}
	if err := out.Write(f.columns.fields(e)); err != nil {
		return err
	}
	out.Flush()
	_, err := w.Write(text.Bytes())
	return err
}

func (f *csvFormat) resume(text []byte, next int) (keep int, err error) {
	f.columns = nil
	if i := bytes.LastIndexByte(text, '\n'); i < 0 {
		return 0, nil // an empty file, or a header that was cut off
	} else {
		text = text[:i+1]
	}
	in := csv.NewReader(bytes.NewReader(text))
	header, err := in.Read()
	if err != nil {
		return 0, fmt.Errorf("it is no log of epochs: %w", err)
	}
	columns, err := columnsOf(header)
	if err != nil {
		return 0, fmt.Errorf("it is no log of epochs: %w", err)
	}
	f.columns = columns
	for {
		keep = int(in.InputOffset())
		fields, err := in.Read()
		if err == io.EOF {
			return keep, nil
		}
		if err != nil {
			return 0, err
		}
		e, err := columns.epoch(fields)
		if err != nil {
			return 0, err
		}
		if e.Number >= next {
			return keep, nil
		}
	}
}
