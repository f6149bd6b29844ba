package data

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// Uncompress returns the path of a file that holds what the one at path does, uncompressed,
// so that [OpenCSV], [OpenIDX], [OpenImages], [OpenNPY], [OpenNPZ] and [Passages] can read
// parts of it wherever they are:
//
//	path, err := data.Uncompress(ctx, "train-images-idx3-ubyte.gz", "")
//	…
//	images, err := data.OpenIDX(path)
//
// Of a file compressed with gzip it is the content; of a ZIP archive with compressed files
// in it, as numpy.savez_compressed writes, an archive of the same files as they are. Any
// other is left alone, and path is returned. The new file is kept in dir; empty means
// chainrule/uncompressed in os.UserCacheDir. It is found there the next time, as long as the
// file at path has the same size and time of change, and replaced after that. It needs room
// on the disk and no memory to speak of, and is written whole or not at all: a program may
// be killed at any time, and several may do this at once.
//
// It fails with a [*FormatError] if the file is damaged or truncated, which is noticed by
// its checksum, with ctx's error if that is cancelled, and if a file cannot be read or
// written.
func Uncompress(ctx context.Context, path, dir string) (string, error) {
	f, _, err := openFile(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	write, err := uncompressing(ctx, f, path)
	if err != nil || write == nil {
		return path, err
	}
	if dir == "" {
		if dir, err = os.UserCacheDir(); err != nil {
			return "", fmt.Errorf("data: uncompressing %s: %w", path, err)
		}
		dir = filepath.Join(dir, "chainrule", "uncompressed")
	}
	target, err := uncompressedFile(f, path, dir, write)
	if err != nil && !strings.HasPrefix(err.Error(), "data: ") {
		err = fmt.Errorf("data: uncompressing %s into %s: %w", path, dir, err)
	}
	return target, err
}

// uncompressedFile is the file in dir that holds what write writes, made if it is not there.
func uncompressedFile(f *os.File, path, dir string, write func(w io.Writer) error) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	base := strings.TrimSuffix(filepath.Base(path), ".gz")
	extension := filepath.Ext(base)
	prefix := fmt.Sprintf("%s-%.8x-", strings.TrimSuffix(base, extension), sha256.Sum256([]byte(absolute)))
	name := fmt.Sprintf("%s%x-%x%s", prefix, info.Size(), info.ModTime().UnixNano(), extension)
	target := filepath.Join(dir, name)
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	removeStale(dir, prefix)
	if err := durable.Replace(durable.OS{}, target, write); err != nil {
		return "", err
	}
	removeOthers(dir, prefix, name)
	return target, nil
}

// removeOthers removes the files whose names start with prefix, except for the one named
// so. What cannot be removed stays.
func removeOthers(dir, prefix, name string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && e.Name() != name {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// uncompressing is what writes the uncompressed file; nil if f is none that is compressed.
func uncompressing(ctx context.Context, f *os.File, path string) (write func(w io.Writer) error, err error) {
	var magic [4]byte
	if n, err := f.ReadAt(magic[:], 0); n < len(magic) && err != io.EOF {
		return nil, readError(path, 0, "a file", err)
	}
	switch {
	case bytes.HasPrefix(magic[:], []byte("\x1f\x8b")):
		return func(w io.Writer) error { return gunzip(ctx, w, f, path) }, nil
	case string(magic[:]) == "PK\x03\x04":
		return unzipping(ctx, f, path)
	}
	return nil, nil
}

// gunzip writes the content of a compressed file.
func gunzip(ctx context.Context, w io.Writer, f *os.File, path string) error {
	content, err := uncompress(f, path)
	if err != nil {
		return err
	}
	return transfer(ctx, w, content, path)
}

// unzipping is what writes an archive of files that are not compressed.
func unzipping(ctx context.Context, f *os.File, path string) (write func(w io.Writer) error, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	archive, err := openZip(f, info.Size(), path)
	if err != nil {
		return nil, err
	}
	compressed := false
	for _, entry := range archive.File {
		compressed = compressed || entry.Method != zip.Store
	}
	if !compressed {
		return nil, nil
	}
	return func(w io.Writer) error {
		stored := zip.NewWriter(w)
		for _, entry := range archive.File {
			if err := unzip(ctx, stored, entry, memberName(path, entry)); err != nil {
				return err
			}
		}
		return stored.Close()
	}, nil
}

// unzip adds a file of one archive to another one, uncompressed.
func unzip(ctx context.Context, into *zip.Writer, entry *zip.File, name string) error {
	content, err := entry.Open()
	if err != nil {
		return zipError(name, "a file of the archive", err)
	}
	defer content.Close()
	w, err := into.CreateHeader(&zip.FileHeader{Name: entry.Name, Method: zip.Store})
	if err != nil {
		return err
	}
	return transfer(ctx, w, content, name)
}

// transfer copies what r has, until ctx is cancelled.
func transfer(ctx context.Context, w io.Writer, r io.Reader, name string) error {
	buffered := bufio.NewWriterSize(w, 1<<20)
	piece := make([]byte, 1<<16)
	for at := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("data: uncompressing %s: %w", name, err)
		}
		n, err := r.Read(piece)
		at += int64(n)
		if _, err := buffered.Write(piece[:n]); err != nil {
			return err
		}
		switch {
		case err == io.EOF:
			return buffered.Flush()
		case err != nil:
			return readError(name, at, "the rest of the compressed file", err)
		}
	}
}
