package durable_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// failing fails at one operation, counted from 0, and lists all.
type failing struct {
	durable.OS
	at   int
	done []string
}

var errBroken = errors.New("broken")

func (f *failing) step(name string) error {
	f.done = append(f.done, name)
	if len(f.done)-1 == f.at {
		return &os.PathError{Op: name, Path: "a temporary name", Err: errBroken}
	}
	return nil
}

func (f *failing) CreateTemp(dir, pattern string) (durable.File, error) {
	if err := f.step("create"); err != nil {
		return nil, err
	}
	file, err := f.OS.CreateTemp(dir, pattern)
	return &failingFile{file, f}, err
}

func (f *failing) Rename(from, to string) error {
	if err := f.step("rename"); err != nil {
		return err
	}
	return f.OS.Rename(from, to)
}

func (f *failing) SyncDir(dir string) error { return f.step("sync directory") }

type failingFile struct {
	durable.File
	files *failing
}

func (f *failingFile) Write(p []byte) (int, error) {
	if err := f.files.step("write"); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *failingFile) Sync() error {
	if err := f.files.step("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *failingFile) Close() error {
	err := f.File.Close()
	if broken := f.files.step("close"); broken != nil {
		return broken
	}
	return err
}

func hello(w io.Writer) error {
	_, err := io.WriteString(w, "hello")
	return err
}

// What was there is there after every failure but the last, nothing is left behind, and
// the name of the temporary file is not in the error.
func TestReplaceFails(t *testing.T) {
	steps := []string{"create", "write", "sync", "close", "rename", "sync directory"}
	for at := range len(steps) + 1 {
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		files := &failing{at: at}
		err := durable.Replace(files, path, hello)
		if failed := at < len(steps); failed != errors.Is(err, errBroken) || failed && strings.Contains(err.Error(), "temporary") {
			t.Errorf("failing at step %d: %v", at, err)
		}
		if at == len(steps) && !slices.Equal(files.done, steps) {
			t.Errorf("the steps are %q, expected %q", files.done, steps)
		}
		want := "before"
		if at >= len(steps)-1 {
			want = "hello"
		}
		content, err := os.ReadFile(path)
		if err != nil || string(content) != want {
			t.Errorf("failing at step %d leaves %q, %v", at, content, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("failing at step %d leaves %v, %v", at, entries, err)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm()&0o077 != 0) {
			t.Errorf("the permissions are %v, %v", info.Mode(), err)
		}
	}
}

func TestIsTemporary(t *testing.T) {
	dir := t.TempDir()
	err := durable.Replace(durable.OS{}, filepath.Join(dir, "file"), func(io.Writer) error {
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || !durable.IsTemporary(entries[0].Name(), "fi") || durable.IsTemporary(entries[0].Name(), "other") {
			t.Errorf("while it is written: %v, %v", entries, err)
		}
		return nil
	})
	if err != nil || durable.IsTemporary("file", "fi") {
		t.Error(err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := durable.TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := durable.TryLock(path); err == nil {
		if err := second.Unlock(); err != nil {
			t.Error(err)
		}
		t.Skip("there are no locks here")
	} else if !errors.Is(err, durable.ErrLocked) {
		t.Error(err)
	}
	if err := first.Unlock(); err != nil {
		t.Error(err)
	}
	second, err := durable.TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Unlock(); err != nil {
		t.Error(err)
	}
}
