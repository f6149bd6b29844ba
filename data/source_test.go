package data

import (
	"bytes"
	"compress/gzip"
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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// smallSet is a data set in MNIST's form with few, small images, and its files'
// content by name.
func smallSet() (*Source[halves], map[string][]byte) {
	set := &Source[halves]{Name: "Small", Open: openIDX([]string{"even", "odd"})}
	content := map[string][]byte{}
	add := func(name string, shape []int, element func(i int) byte) {
		x := &IDX{Type: IDXUint8, Shape: shape, Data: make([]byte, sizeOf("", shape))}
		for j := range x.Data {
			x.Data[j] = element(j)
		}
		var file bytes.Buffer
		x.WriteTo(&file)
		content[name] = file.Bytes()
		set.Files = append(set.Files, fileOf(name, file.Bytes()))
	}
	add("train-images-idx3-ubyte", []int{300, 20, 30}, func(i int) byte { return byte(i * i >> 3) })
	add("train-labels-idx1-ubyte", []int{300}, func(i int) byte { return byte(i % 2) })
	add("t10k-images-idx3-ubyte", []int{5, 20, 30}, func(i int) byte { return byte(i * i >> 5) })
	add("t10k-labels-idx1-ubyte", []int{5}, func(i int) byte { return byte(i & 1) })
	return set, content
}

// fileOf is the entry of a Source for a file of this content.
func fileOf(name string, content []byte) SourceFile {
	sum := sha256.Sum256(content)
	return SourceFile{Name: name, Alias: strings.Replace(name, "-idx", ".idx", 1), Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

func compressed(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

// put writes files into a directory.
func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// listing is what a directory holds, by name.
func listing(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// sameBytes compares files as wholes; differences byte by byte help nobody.
var sameBytes = cmp.Comparer(bytes.Equal)

// checkLoaded checks that the data set loads whole with these options.
func checkLoaded(t *testing.T, set *Source[halves], content map[string][]byte, config SourceConfig) {
	t.Helper()
	train, test, err := loadHalves(t.Context(), set, config)
	if err != nil {
		t.Fatal(err)
	}
	if train.N != 300 || test.N != 5 || !bytes.Equal(train.Pixels, content["train-images-idx3-ubyte"][16:]) ||
		!bytes.Equal(test.Pixels, content["t10k-images-idx3-ubyte"][16:]) {
		t.Errorf("%d and %d images, or their pixels, are wrong", train.N, test.N)
	}
	if train.Labels[299] != 1 || test.Labels[4] != 0 || !cmp.Equal(train.Classes, []string{"even", "odd"}) {
		t.Errorf("labels %d and %d, classes %q", train.Labels[299], test.Labels[4], train.Classes)
	}
}

// noRequests is a client that fails the test when it is used.
func noRequests(t *testing.T) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("request of %s", r.URL)
		return nil, errors.New("no requests are expected")
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestLoadFromDir(t *testing.T) {
	set, content := smallSet()
	tests := []struct {
		name   string
		rename func(name string, content []byte) (string, []byte)
	}{
		{"plain", func(name string, c []byte) (string, []byte) { return name, c }},
		{"gzip", func(name string, c []byte) (string, []byte) { return name + ".gz", compressed(c) }},
		{"gzip without suffix", func(name string, c []byte) (string, []byte) { return name, compressed(c) }},
		{"suffix without gzip", func(name string, c []byte) (string, []byte) { return name + ".gz", c }},
		{"dots", func(name string, c []byte) (string, []byte) { return strings.Replace(name, "-idx", ".idx", 1), c }},
		{"dots and gzip", func(name string, c []byte) (string, []byte) {
			return strings.Replace(name, "-idx", ".idx", 1) + ".gz", compressed(c)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, c := range content {
				name, c = test.rename(name, c)
				put(t, dir, map[string][]byte{name: c})
			}
			before := listing(t, dir)
			checkLoaded(t, set, content, SourceConfig{Dir: dir, Client: noRequests(t)})
			if diff := cmp.Diff(before, listing(t, dir), sameBytes); diff != "" {
				t.Errorf("loading changed the directory: %.200s", diff)
			}
		})
	}
}

func TestLoadFromDirFails(t *testing.T) {
	set, content := smallSet()
	const name = "t10k-images-idx3-ubyte"
	original := content[name]
	altered := bytes.Clone(original)
	altered[20] ^= 1
	tests := []struct {
		name   string
		damage func(dir string)
		file   string // named by the error
		text   string
		target any // *(*FormatError), *(*ChecksumError) or an error to wrap
	}{
		{"truncated", func(dir string) { put(t, dir, map[string][]byte{name: original[:100]}) }, name,
			"at byte 100: want the 3016 bytes of t10k-images-idx3-ubyte, got the end of the file", new(*FormatError)},
		{"overlong", func(dir string) { put(t, dir, map[string][]byte{name: append(bytes.Clone(original), 0)}) }, name,
			"at byte 3016: want the end of the file, got more bytes", new(*FormatError)},
		{"altered", func(dir string) { put(t, dir, map[string][]byte{name: altered}) }, name,
			"want SHA-256 " + set.Files[2].SHA256, new(*ChecksumError)},
		{"another shape", func(dir string) { put(t, dir, map[string][]byte{name: content["train-images-idx3-ubyte"]}) }, name,
			"at byte 3016: want the end of the file, got more bytes", new(*FormatError)},
		{"labels for images", func(dir string) { put(t, dir, map[string][]byte{name: content["t10k-labels-idx1-ubyte"]}) }, name,
			"at byte 13: want the 3016 bytes of t10k-images-idx3-ubyte, got the end of the file", new(*FormatError)},
		{"missing", func(dir string) { os.Remove(filepath.Join(dir, name)) }, name, "is not in ", ErrNotFound},
		{"no directory", func(dir string) { os.RemoveAll(dir) }, "train-images-idx3-ubyte", "is not in ", fs.ErrNotExist},
		{"a directory in its place", func(dir string) {
			os.Remove(filepath.Join(dir, name))
			put(t, filepath.Join(dir, name), nil)
		}, name, "is a directory", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "given")
			put(t, dir, content)
			test.damage(dir)
			_, _, err := loadHalves(t.Context(), set, SourceConfig{Dir: dir, Client: noRequests(t)})
			if err == nil || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), test.file) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v, want one with %q that names %s in %s", err, test.text, test.file, dir)
			}
			switch target := test.target.(type) {
			case nil:
			case error:
				if !errors.Is(err, target) {
					t.Errorf("error %v does not wrap %v", err, target)
				}
			default:
				if !errors.As(err, target) || errors.Is(err, ErrNotFound) {
					t.Errorf("error %v is no %T, or says not found", err, target)
				}
			}
		})
	}
}

func TestLoadAnyContent(t *testing.T) {
	set, _ := smallSet()
	labels := func(p ...byte) []byte { return append([]byte{0, 0, 8, 1, 0, 0, 0, byte(len(p))}, p...) }
	images := func(n, h, w byte) []byte {
		return append([]byte{0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, h, 0, 0, 0, w}, make([]byte, int(n)*int(h)*int(w))...)
	}
	other := map[string][]byte{
		"train-images-idx3-ubyte": images(2, 4, 4), "train-labels-idx1-ubyte": labels(0, 1),
		"t10k-images-idx3-ubyte": images(1, 4, 4), "t10k-labels-idx1-ubyte": labels(7),
	}
	dir := t.TempDir()
	put(t, dir, other)
	train, test, err := loadHalves(t.Context(), set, SourceConfig{Dir: dir, AnyContent: true})
	if err != nil {
		t.Fatal(err)
	}
	if train.N != 2 || test.N != 1 || train.Classes == nil || test.Classes != nil {
		t.Errorf("%d and %d images, classes %q and %q; want 2, 1, the set's and none", train.N, test.N, train.Classes, test.Classes)
	}
	if _, _, err := loadHalves(t.Context(), set, SourceConfig{Dir: dir}); err == nil {
		t.Error("without AnyContent the same files are no error")
	}
	put(t, dir, map[string][]byte{"t10k-images-idx3-ubyte": images(1, 4, 5)})
	_, _, err = loadHalves(t.Context(), set, SourceConfig{Dir: dir, AnyContent: true})
	if want := "want 4×4 pixels, as the training images have, got 4×5"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("test images of another size: error %v, want %q", err, want)
	}
}

func TestLoadFromCacheAndSystem(t *testing.T) {
	set, content := smallSet()
	system := t.TempDir()
	set.System = []string{filepath.Join(system, "none"), system}
	root := t.TempDir()
	var found []map[string][]byte
	for name, c := range content {
		if strings.HasPrefix(name, "train") {
			put(t, filepath.Join(root, "small"), map[string][]byte{name: c})
		} else {
			put(t, system, map[string][]byte{name + ".gz": compressed(c)})
		}
	}
	found = append(found, listing(t, root+"/small"), listing(t, system))
	config := SourceConfig{CacheDir: root, Client: noRequests(t), Warn: func(err error) { t.Errorf("warning: %v", err) }}
	checkLoaded(t, set, content, config)
	if diff := cmp.Diff(found, []map[string][]byte{listing(t, root+"/small"), listing(t, system)}, sameBytes); diff != "" {
		t.Errorf("loading changed the files: %.200s", diff)
	}
}

func TestLoadNoDownload(t *testing.T) {
	set, content := smallSet()
	root := t.TempDir()
	config := SourceConfig{CacheDir: root, NoDownload: true, Client: noRequests(t)}
	_, _, err := loadHalves(t.Context(), set, config)
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), filepath.Join(root, "small")) {
		t.Errorf("empty cache: error %v, want ErrNotFound, and the directory named", err)
	}
	content["train-images-idx3-ubyte"][50] ^= 4
	put(t, filepath.Join(root, "small"), content)
	var damage *ChecksumError
	if _, _, err = loadHalves(t.Context(), set, config); !errors.Is(err, ErrNotFound) || !errors.As(err, &damage) {
		t.Errorf("damaged cache: error %v, want ErrNotFound and a *ChecksumError", err)
	}
}

// Without a home directory there is no cache: the data come all the same.
func TestLoadWithoutHome(t *testing.T) {
	for _, variable := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(variable, "")
	}
	set, content := smallSet()
	var warnings []error
	config := SourceConfig{Client: serving(content), Mirrors: []string{"http://mirror/"}, Warn: func(err error) { warnings = append(warnings, err) }}
	checkLoaded(t, set, content, config)
	if len(warnings) != 4 || !strings.Contains(warnings[0].Error(), "cannot be cached") {
		t.Errorf("warnings %v, want one for each file", warnings)
	}
	_, _, err := loadHalves(t.Context(), set, SourceConfig{NoDownload: true})
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "no cache directory") {
		t.Errorf("error %v, want ErrNotFound for want of a cache directory", err)
	}
}

func TestLoadUnwritableCache(t *testing.T) {
	set, content := smallSet()
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	warned := 0
	config := SourceConfig{CacheDir: blocked, Client: serving(content), Mirrors: []string{"http://mirror/"}, Warn: func(err error) {
		warned++
		if !strings.Contains(err.Error(), blocked) {
			t.Errorf("warning %v does not name %s", err, blocked)
		}
	}}
	checkLoaded(t, set, content, config)
	if warned == 0 {
		t.Error("no warning")
	}
}

// serving is a client that finds these files, compressed, everywhere.
func serving(content map[string][]byte) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		c, ok := content[strings.TrimSuffix(filepath.Base(r.URL.Path), ".gz")]
		if !ok {
			return &http.Response{StatusCode: 404, Status: "404 Not Found", Body: http.NoBody}, nil
		}
		c = compressed(c)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(c)), ContentLength: int64(len(c))}, nil
	})}
}

func TestLoadRemovesStaleFiles(t *testing.T) {
	set, content := smallSet()
	root := t.TempDir()
	cache := filepath.Join(root, "small")
	put(t, cache, map[string][]byte{
		".train-images-idx3-ubyte-1.tmp": []byte("left behind"),
		".train-images-idx3-ubyte-2.tmp": []byte("another program's, being written"),
		"notes.txt":                      []byte("the user's"),
	})
	old := time.Now().Add(-2 * staleAfter)
	for _, name := range []string{".train-images-idx3-ubyte-1.tmp", "notes.txt"} {
		if err := os.Chtimes(filepath.Join(cache, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	checkLoaded(t, set, content, SourceConfig{CacheDir: root, Client: serving(content), Mirrors: []string{"http://mirror"}})
	want := map[string][]byte{
		".train-images-idx3-ubyte-2.tmp": []byte("another program's, being written"),
		"notes.txt":                      []byte("the user's"),
	}
	for name, c := range content {
		want[name] = c
	}
	if diff := cmp.Diff(want, listing(t, cache), sameBytes); diff != "" {
		t.Errorf("cache: %.300s", diff)
	}
}

func TestLoadCancelledBefore(t *testing.T) {
	set, content := smallSet()
	dir := t.TempDir()
	put(t, dir, content)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := loadHalves(ctx, set, SourceConfig{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestAttemptError(t *testing.T) {
	a := &Attempt{URL: "http://m/x.gz", Err: &FormatError{File: "http://m/x.gz", Offset: 3, Want: "a", Got: "b"}}
	if want := "http://m/x.gz: at byte 3: want a, got b"; a.Error() != want {
		t.Errorf("%q, want %q", a.Error(), want)
	}
	failed := &DownloadError{File: "x", Attempts: []Attempt{*a, {URL: "http://n/x.gz", Err: fmt.Errorf("refused")}}}
	if want := "data: cannot download x: http://m/x.gz: at byte 3: want a, got b; http://n/x.gz: refused"; failed.Error() != want {
		t.Errorf("%q, want %q", failed.Error(), want)
	}
}

// openRecords makes images of files in the form of CIFAR-10's: records of a label and 3
// channels of 2×2 pixels.
func openRecords(files []Content) (*Images, error) {
	const size = 3 * 2 * 2
	m := &Images{Channels: 3, Height: 2, Width: 2}
	for _, file := range files {
		if n := len(file.Bytes); n%(1+size) != 0 {
			return nil, &FormatError{File: file.File, Offset: int64(n), Want: "the end of a record", Got: "the end of the file"}
		}
		for record := range slices.Chunk(file.Bytes, 1+size) {
			m.Labels = append(m.Labels, int(record[0]))
			m.Pixels = append(m.Pixels, record[1:]...)
			m.N++
		}
	}
	return m, nil
}

// A source need not be of IDX files, nor of four, nor of grey images, nor be served under
// the names that its files have here.
func TestSourceOfRecords(t *testing.T) {
	one := []byte{7, 0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 255}
	two := []byte{8, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 9, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6}
	first, second := fileOf("data_batch_1.bin", one), fileOf("data_batch_2.bin", two)
	second.Remote = "batch-2"
	set := &Source[*Images]{Name: "Records", Files: []SourceFile{first, second}, Mirrors: []string{"http://mirror/records"}, Open: openRecords}
	served := map[string][]byte{"http://mirror/records/data_batch_1.bin.gz": compressed(one), "http://mirror/records/batch-2": two}
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(served[r.URL.String()]))}, nil
	})}
	root := t.TempDir()
	for _, client := range []*http.Client{client, noRequests(t)} { // the second time from the cache
		images, err := set.Load(t.Context(), SourceConfig{CacheDir: root, Client: client})
		if err != nil {
			t.Fatal(err)
		}
		var batch Batch
		if err := images.Fill(&batch, []int{2, 0}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int{2, 3, 2, 2}, batch.X.Shape); diff != "" {
			t.Errorf("shape: %s", diff)
		}
		if diff := cmp.Diff([]int{9, 7}, batch.Labels); diff != "" {
			t.Errorf("labels: %s", diff)
		}
		if got := batch.X.Float32s; got[0] != float32(4)/255 || got[23] != 1 {
			t.Errorf("pixels %v", got)
		}
	}
	if diff := cmp.Diff(map[string][]byte{first.Name: one, second.Name: two}, listing(t, filepath.Join(root, "records")), sameBytes); diff != "" {
		t.Errorf("cache: %s", diff)
	}
	put(t, root, map[string][]byte{first.Name: one[:5], second.Name: two})
	var format *FormatError
	if _, err := set.Load(t.Context(), SourceConfig{Dir: root, AnyContent: true}); !errors.As(err, &format) || format.File != filepath.Join(root, first.Name) {
		t.Errorf("error %v, want a *FormatError that names the file", err)
	}
}

// A file in memory, read without copying, is what the same bytes from a reader are.
func FuzzContent(f *testing.F) {
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 7, 9})
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 7})
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 7, 9, 0})
	f.Add([]byte{0, 0, 0x0e, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := idxOf(Content{File: "file", Bytes: file})
		want, wantErr := parseIDX(&binaryReader{r: bytes.NewReader(file), name: "file"}, 0)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("error %v in memory, %v from a reader", err, wantErr)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(IDX{})); diff != "" {
			t.Fatalf("from a reader (-) and in memory (+): %s", diff)
		}
	})
}

func TestSourceMisuse(t *testing.T) {
	good := fileOf("x", []byte("x"))
	open := func([]Content) (int, error) { return 1, nil }
	altered := func(change func(*SourceFile)) []SourceFile {
		f := good
		change(&f)
		return []SourceFile{f}
	}
	for _, test := range []struct {
		name   string
		source Source[int]
	}{
		{"nothing", Source[int]{}},
		{"no name", Source[int]{Files: []SourceFile{good}, Open: open}},
		{"a name with a slash", Source[int]{Name: "../x", Files: []SourceFile{good}, Open: open}},
		{"no files", Source[int]{Name: "x", Open: open}},
		{"no way to open", Source[int]{Name: "x", Files: []SourceFile{good}}},
		{"file without name", Source[int]{Name: "x", Files: altered(func(f *SourceFile) { f.Name = "" }), Open: open}},
		{"file elsewhere", Source[int]{Name: "x", Files: altered(func(f *SourceFile) { f.Name = "a/b" }), Open: open}},
		{"negative size", Source[int]{Name: "x", Files: altered(func(f *SourceFile) { f.Size = -1 }), Open: open}},
		{"no sum", Source[int]{Name: "x", Files: altered(func(f *SourceFile) { f.SHA256 = "" }), Open: open}},
		{"sum in capitals", Source[int]{Name: "x", Files: altered(func(f *SourceFile) { f.SHA256 = strings.ToUpper(f.SHA256) }), Open: open}},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if e, ok := recover().(*ValueError); !ok {
					t.Errorf("panicked with %v, want a *ValueError", e)
				}
			}()
			test.source.Load(t.Context(), SourceConfig{Dir: t.TempDir()})
		})
	}
}
