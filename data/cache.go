package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// This file finds the files of a data set on the machine, and keeps downloaded ones.

// finder looks for the files of one data set.
type finder struct {
	set     *imageSet
	options MNISTOptions
	cache   string // the data set's directory in the cache; empty if there is none
	noCache error  // why there is none
	client  *http.Client
	close   func()
	mirrors []string // the one that last delivered first
}

func newFinder(set *imageSet, options MNISTOptions) *finder {
	f := &finder{set: set, options: options, client: options.Client, close: func() {}, mirrors: set.mirrors}
	if f.client == nil {
		f.client, f.close = newClient()
	}
	if options.Mirrors != nil {
		f.mirrors = options.Mirrors
	}
	f.mirrors = append([]string{}, f.mirrors...)
	root := options.CacheDir
	if root == "" {
		if root, f.noCache = os.UserCacheDir(); f.noCache != nil {
			return f
		}
		root = filepath.Join(root, "chainrule")
	}
	f.cache = filepath.Join(root, set.dir)
	return f
}

func (f *finder) warn(err error) {
	if f.options.Warn != nil {
		f.options.Warn(err)
	}
}

// find gives the content of a file, from wherever it is.
func (f *finder) find(ctx context.Context, ref idxRef) (*IDX, error) {
	if f.options.Dir != "" {
		return f.inDir(ref)
	}
	places := append([]string{}, f.set.system...)
	if f.cache != "" {
		places = append([]string{f.cache}, places...)
	}
	var damage error
	for _, dir := range places {
		x, err := ref.readFrom(dir)
		if err == nil {
			return x, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			damage = err
			f.warn(err)
		}
	}
	if f.options.NoDownload {
		return nil, f.notFound(ref, places, damage)
	}
	x, err := f.download(ctx, ref)
	if err != nil {
		return nil, err
	}
	if err := f.store(ref, x); err != nil {
		f.warn(err)
	}
	return x, nil
}

// inDir reads a file from the directory the caller named.
func (f *finder) inDir(ref idxRef) (*IDX, error) {
	if f.options.AnyContent {
		ref.shape, ref.sha256 = nil, ""
	}
	x, err := ref.readFrom(f.options.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(f.options.Dir)
		return nil, f.notFound(ref, []string{f.options.Dir}, err)
	}
	return x, err
}

// notFound is the error for a file that is not in these directories; cause, if not
// nil, says more.
func (f *finder) notFound(ref idxRef, dirs []string, cause error) error {
	where := "nowhere: there is no cache directory"
	if len(dirs) > 0 {
		where = "not in " + strings.Join(dirs, " or ")
	}
	err := fmt.Errorf("data: %s: %s, with or without .gz, is %s: %w", f.set.name, ref.name, where, ErrNotFound)
	if cause != nil {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	return err
}

// readFrom reads the file from a directory, under the first of its usual names that
// exists. If none does, the error wraps fs.ErrNotExist.
func (r idxRef) readFrom(dir string) (*IDX, error) {
	dotted := strings.Replace(r.name, "-idx", ".idx", 1)
	for _, name := range []string{r.name, r.name + ".gz", dotted, dotted + ".gz"} {
		path := filepath.Join(dir, name)
		file, size, err := openFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return r.read(file, path, size)
	}
	return nil, fmt.Errorf("%s in %s: %w", r.name, dir, fs.ErrNotExist)
}

// read reads the file from source, at least available bytes long, and compares it
// with the original.
func (r idxRef) read(source io.Reader, name string, available int64) (*IDX, error) {
	content, err := uncompress(source, name)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	x, err := parseIDX(io.TeeReader(content, sum), name, r.shape, available)
	if err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); r.sha256 != "" && got != r.sha256 {
		return nil, &ChecksumError{File: name, Want: r.sha256, Got: got}
	}
	return x, nil
}

// staleAfter is the age at which a temporary file in the cache belongs to nobody any
// more: writing one takes seconds.
const staleAfter = time.Hour

// store puts a file into the cache: written beside its place under another name, and
// renamed when it is complete, so that at no time an incomplete file has its name.
// (Should the machine lose power before the disk has it all, the checksum will tell.)
func (f *finder) store(ref idxRef, x *IDX) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("data: %s cannot be cached and will be downloaded again: %w", ref.name, err)
		}
	}()
	if f.cache == "" {
		return f.noCache
	}
	if err := os.MkdirAll(f.cache, 0o755); err != nil {
		return err
	}
	prefix := "." + ref.name + "-"
	removeStale(f.cache, prefix)
	temporary, err := os.CreateTemp(f.cache, prefix+"*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temporary.Close()
			os.Remove(temporary.Name())
		}
	}()
	if _, err := x.WriteTo(temporary); err != nil {
		return err
	}
	if err := temporary.Chmod(0o644); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), filepath.Join(f.cache, ref.name))
}

// removeStale removes the temporary files of programs that were killed. What cannot
// be removed stays: it harms nothing.
func removeStale(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), ".tmp") {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
