package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// This file finds the files of a data set on the machine, and keeps downloaded ones.

// finder looks for the files of one data set.
type finder struct {
	name    string // of the data set
	config  SourceConfig
	cache   string   // the data set's directory in the cache; empty if there is none
	noCache error    // why there is none
	system  []string // directories that may have the files besides
	client  *http.Client
	close   func()
	mirrors []string // the one that last delivered first
}

func newFinder(name string, system, mirrors []string, config SourceConfig) *finder {
	f := &finder{name: name, config: config, system: system, client: config.Client, close: func() {}}
	if f.client == nil {
		f.client, f.close = newClient()
	}
	if config.Mirrors != nil {
		mirrors = config.Mirrors
	}
	f.mirrors = append([]string{}, mirrors...)
	root := config.CacheDir
	if root == "" {
		if root, f.noCache = os.UserCacheDir(); f.noCache != nil {
			return f
		}
		root = filepath.Join(root, "chainrule")
	}
	f.cache = filepath.Join(root, strings.ToLower(name))
	return f
}

func (f *finder) warn(err error) {
	if f.config.Warn != nil {
		f.config.Warn(err)
	}
}

// find gives the content of a file, from wherever it is.
func (f *finder) find(ctx context.Context, file *SourceFile) (Content, error) {
	if f.config.Dir != "" {
		return f.inDir(file)
	}
	places := append([]string{}, f.system...)
	if f.cache != "" {
		places = append([]string{f.cache}, places...)
	}
	var damage error
	for _, dir := range places {
		content, err := file.readFrom(dir, false)
		if err == nil {
			return content, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			damage = err
			f.warn(err)
		}
	}
	if f.config.NoDownload {
		return Content{}, f.notFound(file, places, damage)
	}
	content, err := f.download(ctx, file)
	if err != nil {
		return Content{}, err
	}
	if err := f.store(file, content); err != nil {
		f.warn(err)
	}
	return content, nil
}

// inDir reads a file from the directory the caller named.
func (f *finder) inDir(file *SourceFile) (Content, error) {
	content, err := file.readFrom(f.config.Dir, f.config.AnyContent)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(f.config.Dir)
		return Content{}, f.notFound(file, []string{f.config.Dir}, err)
	}
	return content, err
}

// notFound is the error for a file that is not in these directories; cause, if not
// nil, says more.
func (f *finder) notFound(file *SourceFile, dirs []string, cause error) error {
	where := "nowhere: there is no cache directory"
	if len(dirs) > 0 {
		where = "not in " + strings.Join(dirs, " or ")
	}
	what := file.Name + ", with or without .gz,"
	if file.GzipSHA256 != "" && !f.config.AnyContent {
		what = file.Name + ".gz"
	}
	err := fmt.Errorf("data: %s: %s is %s: %w", f.name, what, where, ErrNotFound)
	if cause != nil {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	return err
}

// readFrom reads the file from a directory, under the first of its names that exists;
// with anyContent, whatever it holds. If none does, the error wraps fs.ErrNotExist.
func (f *SourceFile) readFrom(dir string, anyContent bool) (Content, error) {
	names := []string{f.Name, f.Name + ".gz"}
	if f.Alias != "" {
		names = append(names, f.Alias, f.Alias+".gz")
	}
	for _, name := range names {
		if f.GzipSHA256 != "" && !anyContent && !strings.HasSuffix(name, ".gz") {
			continue // could not be recognized
		}
		path := filepath.Join(dir, name)
		file, size, err := openFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Content{}, err
		}
		defer file.Close()
		if anyContent {
			return readAny(file, path, size)
		}
		return f.read(file, path)
	}
	return Content{}, fmt.Errorf("%s in %s: %w", f.Name, dir, fs.ErrNotExist)
}

// staleAfter is the age from which a temporary file in the cache is taken to be left over
// by a program that was killed: writing one takes seconds.
const staleAfter = time.Hour

// store puts a file into the cache, whole or not at all.
func (f *finder) store(file *SourceFile, content Content) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("data: %s cannot be cached and will be downloaded again: %w", file.Name, err)
		}
	}()
	if f.cache == "" {
		return f.noCache
	}
	if err := os.MkdirAll(f.cache, 0o755); err != nil {
		return err
	}
	removeStale(f.cache, file.Name)
	kept, name := content.Bytes, file.Name
	if file.GzipSHA256 != "" {
		kept, name = content.compressed, file.Name+".gz"
	}
	return durable.Replace(durable.OS{}, filepath.Join(f.cache, name), func(w io.Writer) error {
		_, err := w.Write(kept)
		return err
	})
}

// removeStale removes the temporary files, for files whose names start with prefix, of
// programs that were killed. What cannot be removed stays: it harms nothing.
func removeStale(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !durable.IsTemporary(e.Name(), prefix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
