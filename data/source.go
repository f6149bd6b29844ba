package data

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
)

// Source is a published data set: the files it consists of, where they are to be had, and
// how a T is made of them. [MNIST] is one of [Images]; a Source of one's own brings the
// same to any data set: a cache, mirrors, and content that is proved to be the original.
// A Source is only read, by any number of goroutines.
type Source[T any] struct {
	Name    string       // for messages; in lower case it is the directory in the cache
	Files   []SourceFile // all that Open needs
	Mirrors []string     // URLs of directories that have the files, tried in order
	System  []string     // directories where packages of the operating system put the files, if any

	// Open makes the data set of the contents of Files, in their order. It may keep
	// their memory.
	Open func(files []Content) (T, error)
}

// SourceFile is a file of a [Source], and how it is recognized. It may be compressed with
// gzip wherever it is found, under its name or with .gz after it; Size and SHA256 are
// always those of the content, uncompressed, but see GzipSHA256.
type SourceFile struct {
	Name   string // in directories and in the cache
	Alias  string // another name that it has in some directories; empty for none
	Remote string // at the mirrors; empty means Name with .gz after it
	Size   int64  // in bytes
	SHA256 string // in hexadecimal, lower case

	// GzipSHA256, in place of SHA256, is the sum of the file as it is at the mirrors,
	// compressed with gzip, where only that is known. Then it is recognized, and cached,
	// in that form alone.
	GzipSHA256 string
}

// Content is what a file holds, uncompressed.
type Content struct {
	File  string // path or URL it was read from, for error messages
	Bytes []byte

	compressed []byte // the file as it was, if that is how it is recognized
}

// SourceConfig says where the files of a [Source] are looked for. The zero value looks in
// the user's cache and in the directories of the operating system's packages, and
// downloads what is not there.
type SourceConfig struct {
	// Dir, if not empty, is a directory that holds the files; nothing else is looked
	// into, and nothing is downloaded.
	Dir string

	// AnyContent accepts in Dir any files with the right names that Open can read, and
	// does not compare them with the originals: a part of the data, or another data set
	// published in the same form.
	AnyContent bool

	// CacheDir is the directory downloaded data sets are kept in, each in a
	// directory of its own; by default it is chainrule in os.UserCacheDir. Without
	// a cache, or one that cannot be written, the data are downloaded every time.
	CacheDir string

	// NoDownload makes a data set that is not on this machine an [ErrNotFound].
	NoDownload bool

	// Mirrors are URLs of directories to download from instead of the Source's, tried
	// in order.
	Mirrors []string

	// Client makes the requests; by default one that gives up on a connection
	// after two seconds and heeds the proxies of the environment.
	Client *http.Client

	// Timeout is how long a mirror may be silent, before it answers or in the
	// middle of a file, until the next one is tried; 0 means ten seconds. The time of
	// the whole is limited by the context.
	Timeout time.Duration

	// Progress, if not nil, is called during downloads, from the goroutine of the
	// caller: when a file begins, about every 64 KiB, and when it is complete.
	Progress func(Progress)

	// Warn, if not nil, is called from the goroutine of the caller with what went
	// wrong without harm to the result: a mirror that failed, a damaged file in the
	// cache, which is replaced, or a cache that cannot be written.
	Warn func(error)
}

// Progress is the state of a download.
type Progress struct {
	File     string // name of the file
	URL      string // where it comes from
	Received int64  // bytes so far
	Total    int64  // bytes in all, -1 if unknown
	Done     bool   // whether the file is complete and found right
}

// Load finds the files and opens the data set.
//
// Every file is compared with the original by its size and SHA-256. In Dir a damaged one
// is an error ([*FormatError] or [*ChecksumError]); in the cache it is fetched again. A
// file enters the cache whole or not at all, so a program may be killed at any time,
// and several may fill the cache at once. A file that is in none of the places
// looked into is an error that wraps [ErrNotFound], a [*DownloadError] if downloading
// failed. If ctx is cancelled the error wraps its error. Load panics with [*ValueError]
// if the Source is not complete.
func (s *Source[T]) Load(ctx context.Context, config SourceConfig) (T, error) {
	var none T
	s.check()
	f := newFinder(s.Name, s.System, s.Mirrors, config)
	defer f.close()
	files := make([]Content, len(s.Files))
	for i := range files {
		if err := ctx.Err(); err != nil {
			return none, fmt.Errorf("data: loading %s: %w", s.Name, err)
		}
		var err error
		if files[i], err = f.find(ctx, &s.Files[i]); err != nil {
			return none, err
		}
	}
	return s.Open(files)
}

// check panics unless s can be loaded from anywhere.
func (s *Source[T]) check() {
	const op = "Source.Load"
	if !isFileName(s.Name) || len(s.Files) == 0 || s.Open == nil {
		misuse(op, "source %q with %d files: want a name without slashes, files, and how to open them", s.Name, len(s.Files))
	}
	for _, f := range s.Files {
		text := f.SHA256 + f.GzipSHA256 // one of them
		sum, err := hex.DecodeString(text)
		if !isFileName(f.Name) || f.Size < 0 || f.Size > math.MaxInt || err != nil || len(sum) != sha256.Size || text != strings.ToLower(text) {
			misuse(op, "file %q of %s, %d bytes, SHA-256 %q: want a name without slashes, the size, and 64 digits", f.Name, s.Name, f.Size, text)
		}
	}
}

// isFileName reports whether name is that of a file in a directory.
func isFileName(name string) bool {
	return name != "" && name[0] != '.' && !strings.ContainsAny(name, `/\:`)
}

// remote is the file's name at mirrors.
func (f *SourceFile) remote() string { return cmp.Or(f.Remote, f.Name+".gz") }

// read reads the file from source, which may be compressed, and compares it with the
// original.
func (f *SourceFile) read(source io.Reader, name string) (Content, error) {
	var compressed bytes.Buffer
	if f.GzipSHA256 != "" {
		// Data that cannot be compressed are a little longer with gzip.
		source = io.TeeReader(io.LimitReader(source, f.Size+f.Size/1000+1<<12), &compressed)
	}
	content, err := uncompress(source, name)
	if err != nil {
		return Content{}, err
	}
	sum, begin := sha256.New(), beginning{}
	d := &binaryReader{r: io.TeeReader(content, io.MultiWriter(sum, &begin)), name: name}
	want := fmt.Sprintf("the %d bytes of %s", f.Size, f.Name)
	p, err := d.bytes(want, int(f.Size), int(f.Size)) // the size is the Source's word, not the file's
	if err == nil {
		err = d.end()
	}
	if err != nil {
		var format *FormatError
		if errors.As(err, &format) && len(begin) > 0 {
			format.Got += fmt.Sprintf(" of what begins with %q", []byte(begin)) // a page of HTML, perhaps
		}
		return Content{}, err
	}
	original, got := f.SHA256, hex.EncodeToString(sum.Sum(nil))
	if f.GzipSHA256 != "" {
		if _, err := io.Copy(io.Discard, source); err != nil {
			return Content{}, readError(name, int64(compressed.Len()), "the end of the file", err)
		}
		of := sha256.Sum256(compressed.Bytes())
		original, got = f.GzipSHA256, hex.EncodeToString(of[:])
	}
	if got != original {
		return Content{}, &ChecksumError{File: name, Want: original, Got: got}
	}
	return Content{name, p, compressed.Bytes()}, nil
}

// beginning keeps the first bytes that are written to it.
type beginning []byte

func (b *beginning) Write(p []byte) (int, error) {
	const kept = 12
	*b = append(*b, p[:min(len(p), max(0, kept-len(*b)))]...)
	return len(p), nil
}

// readAny reads whatever source holds, about available bytes.
func readAny(source io.Reader, name string, available int64) (Content, error) {
	content, err := uncompress(source, name)
	if err != nil {
		return Content{}, err
	}
	var b bytes.Buffer
	b.Grow(int(min(available, math.MaxInt32)) + bytes.MinRead)
	if n, err := b.ReadFrom(content); err != nil {
		return Content{}, readError(name, n, "the rest of the file", err)
	}
	return Content{File: name, Bytes: b.Bytes()}, nil
}
