package example

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want error
		says string
	}{
		{"flag", []string{"-seed", "2"}, nil, ""},
		{"help", []string{"-h"}, flag.ErrHelp, "of weights"},
		{"typing error", []string{"-sed", "2"}, ErrUsage, "-sed"},
		{"no number", []string{"-seed", "two"}, ErrUsage, `"two"`},
	} {
		var stderr strings.Builder
		flags := Flags("program", &stderr)
		seed := flags.Uint64("seed", 1, "of weights")
		if err := Parse(flags, c.args); err != c.want || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("%s: %v, printed %q", c.name, err, stderr.String())
		} else if err == nil && *seed != 2 {
			t.Errorf("%s: seed %d", c.name, *seed)
		}
	}
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := errors.Join(MakeDir(dir), MakeDir("")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "file")
	if err := Create(path, func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err }); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	if err := Create(path, func(io.Writer) error { return io.ErrShortWrite }); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a writer that fails: %v", err)
	}
	if err := MakeDir(path); err == nil {
		t.Error("a directory of a file's name")
	}
}
