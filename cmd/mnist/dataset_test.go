package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/progress"
)

// cacheFile puts a file into the cache of MNIST.
func cacheFile(t *testing.T, weights, name, content string) string {
	t.Helper()
	dir := filepath.Join(filepath.Dir(weights), "mnist")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDamagedCache(t *testing.T) {
	damaged := cacheFile(t, isolate(t), "train-images-idx3-ubyte", "damaged")
	o := succeed(t, "--epochs", "1")
	if !strings.HasPrefix(o.stdout, "Data: the embedded digits") {
		t.Errorf("trained on something else:\n%s", o.stdout)
	}
	if !strings.Contains(o.stderr, damaged) || strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("on stderr, want a line about %s:\n%s", damaged, o.stderr)
	}
}

// TestWrongDownload has a mirror that answers everything with a page of its own, as those
// of hotels do.
func TestWrongDownload(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>Welcome! Please log in.</html>")
	}))
	defer server.Close()
	cases := []struct {
		name       string
		terminal   progress.Terminal
		wantStderr string
	}{
		{"plain", progress.Terminal{}, "mnist: downloading " + server.URL + "/train-images-idx3-ubyte.gz\n"},
		{"terminal", progress.Terminal{Live: true, Columns: func() int { return 80 }}, "train-images-idx3-ubyte   0% ────────────────────"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			weights := isolate(t)
			var stdout, stderr bytes.Buffer
			a := newTestApp(t, &stdout, &stderr)
			a.mirrors, a.notes = []string{server.URL}, c.terminal
			if err := a.run(t.Context(), []string{"--epochs", "1"}); err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(stdout.String(), "\n")
			if !strings.HasPrefix(first, "Data: the embedded digits") || !strings.Contains(first, strings.TrimPrefix(server.URL, "http://")) {
				t.Errorf("the first line is %s", first)
			}
			if !strings.Contains(stderr.String(), c.wantStderr) || !strings.HasSuffix(stderr.String(), "\n") {
				t.Errorf("on stderr %q, want whole lines with %q", &stderr, c.wantStderr)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(weights), "mnist", "train-images-idx3-ubyte")); err == nil {
				t.Error("the page is in the cache")
			}
		})
	}
}

// TestDownload fetches the original files from a mirror, and then finds them in the cache.
func TestDownload(t *testing.T) {
	if realMNIST == "" {
		t.Skip("MNIST_DIR does not name a directory with the files of MNIST")
	}
	if _, err := os.Stat(filepath.Join(realMNIST, "train-images-idx3-ubyte.gz")); err != nil {
		t.Skip("the files are not compressed, as mirrors have them")
	}
	isolate(t)
	requests := 0
	files := http.FileServer(http.Dir(realMNIST))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, notes := range []int{4, 0} {
		var stdout, stderr bytes.Buffer
		a := newTestApp(t, &stdout, &stderr)
		a.mirrors = []string{server.URL}
		if err := a.run(t.Context(), []string{"--epochs", "1", "--hidden", noHidden}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(stdout.String(), "Data: MNIST (60,000 images") {
			t.Errorf("trained on something else:\n%s", &stdout)
		}
		if got := strings.Count(stderr.String(), "mnist: downloading "); got != notes || strings.Count(stderr.String(), "\n") != notes {
			t.Errorf("%d downloads noted, want %d:\n%s", got, notes, &stderr)
		}
	}
	if requests != 4 {
		t.Errorf("%d requests, want one for each of 4 files", requests)
	}
}

func TestDatasetCheck(t *testing.T) {
	images := func(n, side, label int) *data.Images {
		m := &data.Images{Pixels: make([]byte, n*side*side), N: n, Height: side, Width: side, Labels: make([]int, n)}
		for i := range m.Labels {
			m.Labels[i] = label
		}
		return m
	}
	cases := []struct {
		name  string
		set   dataset
		want  string // "" if the images are fine
		names string
	}{
		{"fine", dataset{train: images(3, imageSide, 1), test: images(2, imageSide, 2)}, "", "0 1 2"},
		{"nothing to test with", dataset{train: images(3, imageSide, 1), test: images(0, imageSide, 1)}, "no images", ""},
		{"other size", dataset{train: images(3, 32, 1), test: images(3, 32, 1)}, "32×32 pixels, want 28×28", ""},
		{"many classes", dataset{train: images(3, imageSide, 1), test: images(3, imageSide, maxClasses)}, "label 256, want less than 256", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := c.set.check()
			if c.want == "" {
				if names := strings.Join(c.set.classes(), " "); err != nil || names != c.names {
					t.Errorf("%v, classes %s, want %s", err, names, c.names)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// A row of the table of data sets says all that the program needs of one.
func TestPublished(t *testing.T) {
	seen := map[string]bool{auto: true, digits: true}
	for _, p := range published {
		if seen[p.name] || p.name != strings.ToLower(p.name) || p.title == "" || p.load == nil || p.framing.Box < 1 || p.framing.Box > imageSide {
			t.Errorf("%+v", p)
		}
		seen[p.name] = true
	}
	set, err := embeddedDigits("")
	if err != nil || set.framing != digitFraming {
		t.Errorf("the embedded digits have framing %+v, error %v", set.framing, err)
	}
}
