package nn

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Models of many gigabytes are in several files of safetensors, and an index says in which
// each tensor is: {"metadata": …, "weight_map": {"name": "model-00001-of-00002.safetensors"}}.

// safetensorsIndex is what an index says.
type safetensorsIndex struct {
	files []string // in the order in which they are named first
	of    map[string]string
	at    map[string]int64 // where in the index it says so
	order []string         // of the tensors
	taken map[string]bool
	known map[string]bool // files
}

// readIndex reads an index. The files that it names must be beside it.
func readIndex(r io.Reader) (*safetensorsIndex, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxHeader+1))
	if err != nil {
		return nil, unreadable(int64(len(text)), "", "expected an index", err)
	}
	if len(text) > maxHeader {
		return nil, &FormatError{Offset: maxHeader, Reason: "the index is larger than any that is read"}
	}
	p := &headerParser{decoder: json.NewDecoder(bytes.NewReader(text))}
	p.decoder.UseNumber()
	if !utf8.Valid(text) {
		return nil, p.wrong("", "the index is not UTF-8")
	}
	x := &safetensorsIndex{of: map[string]string{}, at: map[string]int64{}, taken: map[string]bool{}, known: map[string]bool{}}
	found := false
	err = p.object("", func(key string) error {
		if key != "weight_map" {
			var skipped json.RawMessage
			if err := p.decoder.Decode(&skipped); err != nil {
				return unreadable(p.offset(), "", "expected a value", err)
			}
			return nil
		}
		if found {
			return p.wrong("", "the index has two weight_maps")
		}
		found = true
		return p.object("", func(name string) error { return x.entry(p, name) })
	})
	if err == nil && !found {
		err = p.wrong("", "expected a weight_map: it is no index of safetensors")
	}
	if err == nil && len(bytes.TrimSpace(text[p.decoder.InputOffset():])) > 0 {
		err = p.wrong("", "expected nothing after the index")
	}
	return x, err
}

// entry reads the file of a tensor.
func (x *safetensorsIndex) entry(p *headerParser, name string) error {
	if _, twice := x.of[name]; twice {
		return p.wrong(name, "the index names it twice")
	}
	file, err := next[string](p, name, "the name of a file")
	if err != nil {
		return err
	}
	if !isBeside(file) {
		return p.wrong(name, "the index has it in %.200q: expected a file beside the index, NAME.safetensors", file)
	}
	if !x.known[file] {
		x.known[file] = true
		x.files = append(x.files, file)
	}
	x.of[name], x.at[name] = file, p.offset()
	x.order = append(x.order, name)
	return nil
}

// isBeside reports whether a name is one of safetensors in the directory of the index, on
// every system.
func isBeside(file string) bool {
	return strings.HasSuffix(file, ".safetensors") && !strings.ContainsAny(file, "/\\:\x00") && filepath.IsLocal(file)
}

// take reports whether a tensor is expected in a file, which it is once.
func (x *safetensorsIndex) take(tensor, file string) bool {
	if x.of[tensor] != file || file == "" || x.taken[tensor] {
		return false
	}
	x.taken[tensor] = true
	return true
}

// unread is the error of tensors that were in none of the files; nil if there are none.
func (x *safetensorsIndex) unread() error {
	for _, name := range x.order {
		if !x.taken[name] {
			return &FormatError{Offset: x.at[name], Tensor: name, Reason: x.of[name] + " does not have it"}
		}
	}
	return nil
}
