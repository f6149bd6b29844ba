package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Files of which only the compressed form is known are recognized by it, and kept in it.
func TestSourceOfCompressedSums(t *testing.T) {
	set, content := smallSet()
	for i := range set.Files {
		f := &set.Files[i]
		sum := sha256.Sum256(compressed(content[f.Name]))
		f.SHA256, f.GzipSHA256 = "", hex.EncodeToString(sum[:])
	}
	cache := t.TempDir()
	address := mirror(t, content, nil)
	checkLoaded(t, set, content, SourceConfig{CacheDir: cache, Mirrors: []string{address}})
	checkLoaded(t, set, content, SourceConfig{CacheDir: cache, NoDownload: true})

	dir := filepath.Join(cache, strings.ToLower(set.Name))
	name := set.Files[0].Name
	kept, err := os.ReadFile(filepath.Join(dir, name+".gz"))
	if err != nil || !bytes.Equal(kept, compressed(content[name])) {
		t.Errorf("in the cache are %d bytes, error %v", len(kept), err)
	}
	checkLoaded(t, set, content, SourceConfig{Dir: dir})

	// The same content compressed in another way is not what was published, nor is it
	// without compression; a damaged file in the cache is fetched again.
	other := append(bytes.Clone(kept), 0)
	if err := os.WriteFile(filepath.Join(dir, name+".gz"), other, 0o600); err != nil {
		t.Fatal(err)
	}
	var format *FormatError
	if _, err := set.Load(context.Background(), SourceConfig{Dir: dir}); !errors.As(err, &format) {
		t.Errorf("error %v of a file with one more byte", err)
	}
	other = bytes.Clone(kept)
	other[4] ^= 1 // the time in gzip's header
	if err := os.WriteFile(filepath.Join(dir, name+".gz"), other, 0o600); err != nil {
		t.Fatal(err)
	}
	var sum *ChecksumError
	if _, err := set.Load(context.Background(), SourceConfig{Dir: dir}); !errors.As(err, &sum) || sum.Want != set.Files[0].GzipSHA256 {
		t.Errorf("error %v of a file with another header", err)
	}
	checkLoaded(t, set, content, SourceConfig{CacheDir: cache, Mirrors: []string{address}})
	checkLoaded(t, set, content, SourceConfig{CacheDir: cache, NoDownload: true})
	if err := os.Rename(filepath.Join(dir, name+".gz"), filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Load(context.Background(), SourceConfig{Dir: dir}); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), name+".gz is not in") {
		t.Errorf("error %v of a file without its ending", err)
	}
}

func TestKMNISTIsComplete(t *testing.T) {
	kuzushiji.check()
	if _, _, err := KMNIST(context.Background(), SourceConfig{Dir: t.TempDir()}); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// Images stand upright, and letters are numbered from 0.
func TestEMNIST(t *testing.T) {
	write := func(dir string, files map[string][]byte) {
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	idx := func(sizes []byte, elements ...byte) []byte {
		b := []byte{0, 0, 8, byte(len(sizes))}
		for _, n := range sizes {
			b = append(b, 0, 0, 0, n)
		}
		return append(b, elements...)
	}
	dir := t.TempDir()
	images := idx([]byte{2, 2, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	write(dir, map[string][]byte{
		"emnist-letters-train-images-idx3-ubyte":   images,
		"emnist-letters-train-labels-idx1-ubyte":   idx([]byte{2}, 26, 1),
		"emnist-letters-test-images-idx3-ubyte.gz": compressed(images),
		"emnist-letters-test-labels-idx1-ubyte.gz": compressed(idx([]byte{2}, 2, 3)),
	})
	train, test, err := EMNIST(dir, "letters")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]byte{1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12}, train.Pixels); diff != "" || train.Height != 3 || train.Width != 2 {
		t.Errorf("%d×%d pixels (-want +got):\n%s", train.Height, train.Width, diff)
	}
	if diff := cmp.Diff([][]int{{25, 0}, {1, 2}}, [][]int{train.Labels, test.Labels}); diff != "" || train.Classes[25] != "z" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	write(dir, map[string][]byte{"emnist-letters-test-labels-idx1-ubyte.gz": idx([]byte{2}, 2, 0)})
	var format *FormatError
	if _, _, err := EMNIST(dir, "letters"); !errors.As(err, &format) || format.Offset != 9 {
		t.Errorf("error %v", err)
	}
	if _, _, err := EMNIST(dir, "digits"); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "emnist-digits-train-images-idx3-ubyte") {
		t.Errorf("error %v", err)
	}
	for part, classes := range map[string]int{"balanced": 47, "bymerge": 47, "byclass": 62, "letters": 26, "digits": 10, "mnist": 10} {
		if len(emnistClasses[part]) != classes {
			t.Errorf("%s has %d classes, want %d", part, len(emnistClasses[part]), classes)
		}
	}
}
