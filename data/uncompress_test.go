package data_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

func TestUncompress(t *testing.T) {
	content := strings.Repeat("hello, ", 100_000)
	source, dir := filepath.Join(t.TempDir(), "text.txt.gz"), filepath.Join(t.TempDir(), "a", "b")
	if err := os.WriteFile(source, gzipped(t, []byte(content)), 0o600); err != nil {
		t.Fatal(err)
	}
	uncompress := func() string {
		t.Helper()
		path, err := data.Uncompress(t.Context(), source, dir)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := uncompress()
	if got, err := os.ReadFile(path); err != nil || string(got) != content || filepath.Ext(path) != ".txt" {
		t.Errorf("%d bytes in %s, %v", len(got), path, err)
	}
	// It is not written again, as long as the source stays.
	if err := os.WriteFile(path, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := uncompress(); again != path {
		t.Errorf("%s and %s", path, again)
	} else if got, err := os.ReadFile(again); err != nil || string(got) != "as it was" {
		t.Errorf("written again: %d bytes, %v", len(got), err)
	}
	if plain, err := data.Uncompress(t.Context(), path, dir); err != nil || plain != path {
		t.Errorf("%s, %v", plain, err)
	}
	// When it has changed it is, and what there was is gone.
	if err := os.Chtimes(source, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	changed := uncompress()
	if got, err := os.ReadFile(changed); err != nil || string(got) != content || changed == path {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestUncompressFails(t *testing.T) {
	whole := gzipped(t, []byte(strings.Repeat("hello, ", 1000)))
	damaged := append(whole[:len(whole)-8:len(whole)-8], make([]byte, 8)...)
	archive := zipped(t, "x.npy", strings.Repeat("hello, ", 1000))
	broken := []byte(strings.Replace(string(archive), "x.npy", "y.npy", 1))
	copy(broken[40:], make([]byte, 16))
	for name, test := range map[string]struct {
		file []byte
		text string
	}{
		"truncated":         {whole[:len(whole)-9], "got the end of the file"},
		"damaged":           {damaged, "got damaged compressed data"},
		"truncated archive": {archive[:len(archive)-5], "want a ZIP archive"},
		"damaged archive":   {broken, "x.npy"},
	} {
		source, dir := writeFile(t, string(test.file)), t.TempDir()
		if _, err := data.Uncompress(t.Context(), source, dir); !isFormatError(err) || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), source) {
			t.Errorf("%s: error %v, want a *FormatError with %q", name, err, test.text)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%s: %v is left behind, %v", name, entries, err)
		}
	}
	source, ctx := writeFile(t, string(whole)), t.Context()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := data.Uncompress(cancelled, source, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := data.Uncompress(ctx, source, source); err == nil || !strings.Contains(err.Error(), "data: uncompressing "+source) {
		t.Errorf("error %v of a directory that is a file", err)
	}
	if _, err := data.Uncompress(ctx, source+"x", source); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// The arrays of an archive that are read by rows are those that are read as a whole.
func TestOpenNPZ(t *testing.T) {
	for _, name := range []string{"plain.npz", "compressed.npz"} {
		source := filepath.Join("testdata", name)
		want, err := data.ReadNPZFile(source)
		if err != nil {
			t.Fatal(err)
		}
		path, err := data.Uncompress(t.Context(), source, t.TempDir())
		if err != nil || (path == source) != (name == "plain.npz") {
			t.Fatal(path, err)
		}
		n, err := data.OpenNPZ(path)
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		for _, member := range n.Names() {
			whole := want[member]
			if member == "half" { // which has a NaN
				continue
			}
			array, err := n.Array(member)
			if member == "scalar" {
				if !isFormatError(err) || !strings.Contains(err.Error(), "scalar.npy: at byte 10: want an array of rows, got one without axes") {
					t.Errorf("error %v", err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got := data.Array{Shape: whole.Shape, Float64s: make([]float64, whole.Rows()*whole.RowSize())}
			if whole.Float32s != nil {
				got.Float32s, got.Float64s = make([]float32, len(got.Float64s)), nil
			}
			indices := make([]int, array.Len())
			for i := range indices {
				indices[i] = i
			}
			if err := array.ReadRows(&got, indices); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", member, diff)
			}
			if err := array.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := n.Array("other"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	}
	n, err := data.OpenNPZ(filepath.Join("testdata", "compressed.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if _, err := n.Array("layer.0.weight"); !isFormatError(err) || !strings.Contains(err.Error(), "compressed.npz: layer.0.weight.npy: at byte 0: want an array that is not compressed") {
		t.Errorf("error %v", err)
	}
	if _, err := data.OpenNPZ(writeFile(t, "no archive")); !isFormatError(err) {
		t.Errorf("error %v", err)
	}
}
