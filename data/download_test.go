package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mirror serves files, compressed, as the mirrors of MNIST do; wrong answers for
// names that are in faults.
func mirror(t *testing.T, content map[string][]byte, faults map[string]http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, zipped := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/"), ".gz")
		if fault := faults[name]; fault != nil {
			fault(w, r)
			return
		}
		c, ok := content[name]
		if !ok || !zipped {
			http.NotFound(w, r)
			return
		}
		w.Write(compressed(c))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// One mirror fails in one of many ways, the other one is good: the data come whole,
// and so does the cache. With the bad one alone the error tells why, and the cache
// holds nothing but whole files.
func TestDownloadFaults(t *testing.T) {
	set, content := smallSet()
	const name = "train-images-idx3-ubyte"
	original := content[name]
	altered := bytes.Clone(original)
	altered[1000] ^= 1
	send := func(p []byte) http.HandlerFunc { return func(w http.ResponseWriter, _ *http.Request) { w.Write(p) } }
	zipped := compressed(original)
	flipped := bytes.Clone(zipped)
	flipped[len(flipped)/2] ^= 1

	tests := []struct {
		name  string
		fault http.HandlerFunc
		text  string
	}{
		{"not found", http.NotFound, "HTTP status 404 Not Found"},
		{"server error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "HTTP status 503"},
		{"empty", send(nil), "at byte 0: want the 180016 bytes of train-images-idx3-ubyte, got the end of the file"},
		{"HTML", send([]byte("<!DOCTYPE html><title>Sign in</title>")), `at byte 37: want the 180016 bytes of train-images-idx3-ubyte, got the end of the file of what begins with "<!DOCTYPE ht"`},
		{"truncated", send(zipped[:len(zipped)/2]), "got the end of the file"},
		{"truncated in the header", send(zipped[:5]), "got the end of the file"},
		{"without its checksum", send(zipped[:len(zipped)-8]), "got the end of the file"},
		{"connection cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(zipped)))
			w.Write(zipped[:len(zipped)/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "got the end of the file"},
		{"connection cut at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		{"a bit wrong on the way", send(flipped), ""},
		{"a bit wrong at the source", send(compressed(altered)), "want SHA-256 " + set.Files[0].SHA256},
		{"another data set", send(compressed(content["t10k-images-idx3-ubyte"])), "at byte 3016: want the 180016 bytes of train-images-idx3-ubyte, got the end of the file"},
		{"overlong", send(compressed(append(bytes.Clone(original), 1))), "want the end of the file, got more bytes"},
		{"promises gigabytes", send(append([]byte{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 28, 0, 0, 0, 28}, original...)), "want the end of the file, got more bytes"},
		{"bomb without content", endless(emptyMembers()), "longer than"},
		{"endless header", endless(append([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{'x'}, 1000)...)), "damaged compressed data"},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "stopped after 10 redirects"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := mirror(t, content, map[string]http.HandlerFunc{name: test.fault})
			root := t.TempDir()
			cache := filepath.Join(root, "small")

			_, _, err := loadHalves(t.Context(), set, SourceConfig{CacheDir: root, Mirrors: []string{bad}})
			var failed *DownloadError
			if !errors.As(err, &failed) || !errors.Is(err, ErrNotFound) || len(failed.Attempts) != 1 {
				t.Fatalf("error %v, want a *DownloadError with one attempt", err)
			}
			if text := err.Error(); !strings.Contains(text, test.text) || !strings.Contains(text, bad+"/"+name+".gz: ") || strings.Count(text, bad) != 1 {
				t.Errorf("message %q lacks %q, or the address once", text, test.text)
			}
			if left := listing(t, cache); len(left) != 0 {
				t.Errorf("cache after the first file failed: %d files", len(left))
			}

			var warnings []error
			config := SourceConfig{CacheDir: root, Mirrors: []string{bad, mirror(t, content, nil)}, Warn: func(err error) { warnings = append(warnings, err) }}
			checkLoaded(t, set, content, config)
			if diff := cmp.Diff(content, listing(t, cache), sameBytes); diff != "" {
				t.Errorf("cache: %.300s", diff)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0].Error(), test.text) {
				t.Errorf("warnings %v, want one about the bad mirror", warnings)
			}
			checkLoaded(t, set, content, SourceConfig{CacheDir: root, Client: noRequests(t)})
		})
	}
}

// endless sends p for ever, or until nobody listens any more.
func endless(p []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(p); err != nil {
				return
			}
		}
	}
}

// emptyMembers is many gzip members without content.
func emptyMembers() []byte {
	var b bytes.Buffer
	for range 100 {
		gzip.NewWriter(&b).Close()
	}
	return b.Bytes()
}

// A mirror that sends the file uncompressed serves as well.
func TestDownloadUncompressed(t *testing.T) {
	set, content := smallSet()
	faults := map[string]http.HandlerFunc{}
	for name, c := range content {
		faults[name] = func(w http.ResponseWriter, _ *http.Request) { w.Write(c) }
	}
	checkLoaded(t, set, content, SourceConfig{CacheDir: t.TempDir(), Mirrors: []string{mirror(t, nil, faults) + "/"}})
}

// The mirror that delivered the first file is asked first for the others.
func TestDownloadStaysWithGoodMirror(t *testing.T) {
	set, content := smallSet()
	asked := 0
	faults := map[string]http.HandlerFunc{}
	for name := range content {
		faults[name] = func(w http.ResponseWriter, r *http.Request) { asked++; http.NotFound(w, r) }
	}
	checkLoaded(t, set, content, SourceConfig{CacheDir: t.TempDir(), Mirrors: []string{mirror(t, nil, faults), mirror(t, content, nil)}})
	if asked != 1 {
		t.Errorf("the bad mirror was asked %d times, want once", asked)
	}
}

func TestDownloadReplacesDamagedFile(t *testing.T) {
	set, content := smallSet()
	const name = "t10k-images-idx3-ubyte"
	altered := bytes.Clone(content[name])
	altered[100] ^= 1
	for damage, file := range map[string][]byte{"empty": nil, "truncated": content[name][:99], "altered": altered} {
		t.Run(damage, func(t *testing.T) {
			root := t.TempDir()
			cache := filepath.Join(root, "small")
			put(t, cache, content)
			put(t, cache, map[string][]byte{name: file})
			var warnings []string
			config := SourceConfig{CacheDir: root, Mirrors: []string{mirror(t, content, nil)}, Warn: func(err error) { warnings = append(warnings, err.Error()) }}
			checkLoaded(t, set, content, config)
			if len(warnings) != 1 || !strings.Contains(warnings[0], filepath.Join(cache, name)) {
				t.Errorf("warnings %q, want one that names the file", warnings)
			}
			if diff := cmp.Diff(content, listing(t, cache), sameBytes); diff != "" {
				t.Errorf("cache: %.300s", diff)
			}
		})
	}
}

func TestDownloadProgress(t *testing.T) {
	set, content := smallSet()
	address := mirror(t, content, nil)
	var reports []Progress
	checkLoaded(t, set, content, SourceConfig{CacheDir: t.TempDir(), Mirrors: []string{address}, Progress: func(p Progress) { reports = append(reports, p) }})
	for _, ref := range set.Files {
		size := int64(len(compressed(content[ref.Name])))
		mine := slices.DeleteFunc(slices.Clone(reports), func(p Progress) bool { return p.File != ref.Name })
		if len(mine) < 2 {
			t.Fatalf("%s: %d reports", ref.Name, len(mine))
		}
		first, last := mine[0], mine[len(mine)-1]
		want := Progress{File: ref.Name, URL: address + "/" + ref.Name + ".gz", Total: first.Total}
		if diff := cmp.Diff(want, first); diff != "" || first.Total != size && first.Total != -1 {
			t.Errorf("%s: first report, total %d of %d: %s", ref.Name, first.Total, size, diff)
		}
		want.Received, want.Done = size, true
		if diff := cmp.Diff(want, last); diff != "" {
			t.Errorf("%s: last report: %s", ref.Name, diff)
		}
		for i, p := range mine[1:] {
			if p.Received < mine[i].Received || p.Done && i != len(mine)-2 {
				t.Errorf("%s: report %d is %+v after %+v", ref.Name, i+1, p, mine[i])
			}
		}
	}
}

// stalling is a client whose mirror sends what before says and then nothing, until
// the request is given up; with a negative number it does not even answer.
func stalling(before int) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if before < 0 {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		silence := readFunc(func([]byte) (int, error) { <-r.Context().Done(); return 0, r.Context().Err() })
		_, content := smallSet()
		sent := compressed(content["train-images-idx3-ubyte"])[:before]
		return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(bytes.NewReader(sent), silence))}, nil
	})}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// A silent mirror is given up after the timeout, the next one is tried, and the
// whole ends after one timeout each. The clock is synctest's.
func TestDownloadStalls(t *testing.T) {
	for _, before := range []int{-1, 0, 1, 5, 2000} {
		t.Run(fmt.Sprintf("after %d bytes", before), func(t *testing.T) {
			root := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				set, _ := smallSet()
				start := time.Now()
				_, _, err := loadHalves(t.Context(), set, SourceConfig{CacheDir: root, Client: stalling(before), Mirrors: []string{"http://a", "http://b"}})
				var failed *DownloadError
				if !errors.As(err, &failed) || len(failed.Attempts) != 2 {
					t.Fatalf("error %v, want a *DownloadError with two attempts", err)
				}
				for _, a := range failed.Attempts {
					if a.Err.Error() != "silent for 10s" {
						t.Errorf("attempt: %v, want silence for 10s", a.Err)
					}
				}
				if took := time.Since(start); took != 20*time.Second {
					t.Errorf("took %v, want 20s", took)
				}
			})
			if left := listing(t, filepath.Join(root, "small")); len(left) != 0 {
				t.Errorf("cache: %d files", len(left))
			}
		})
	}
}

// A slow mirror is not a silent one: bytes that keep coming keep the request alive,
// however long it takes.
func TestDownloadSlow(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		set, content := smallSet()
		client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			rest := bytes.NewReader(compressed(content[strings.TrimSuffix(filepath.Base(r.URL.Path), ".gz")]))
			slow := readFunc(func(p []byte) (int, error) {
				time.Sleep(9 * time.Second) // of synctest's clock
				return rest.Read(p[:min(len(p), 50)])
			})
			return &http.Response{StatusCode: 200, Body: io.NopCloser(slow)}, nil
		})}
		checkLoaded(t, set, content, SourceConfig{CacheDir: root, Client: client, Mirrors: []string{"http://slow"}})
	})
}

func TestDownloadCancelled(t *testing.T) {
	for _, before := range []int{-1, 0, 2000} {
		t.Run(fmt.Sprintf("after %d bytes", before), func(t *testing.T) {
			root := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				set, _ := smallSet()
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					synctest.Wait() // until the download waits for its mirror
					cancel()
				}()
				start := time.Now()
				_, _, err := loadHalves(ctx, set, SourceConfig{CacheDir: root, Client: stalling(before), Mirrors: []string{"http://a", "http://b"}})
				if !errors.Is(err, context.Canceled) || errors.Is(err, ErrNotFound) {
					t.Errorf("error %v, want context.Canceled, not ErrNotFound", err)
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("took %v after it was cancelled", took)
				}
			})
			if left := listing(t, filepath.Join(root, "small")); len(left) != 0 {
				t.Errorf("cache: %d files", len(left))
			}
		})
	}
}

// Several programs may fill a cache at once, and read it meanwhile.
func TestDownloadConcurrently(t *testing.T) {
	set, content := smallSet()
	root := t.TempDir()
	address := mirror(t, content, nil)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			config := SourceConfig{CacheDir: root, Mirrors: []string{address}, Warn: func(err error) { t.Errorf("warning: %v", err) }}
			if _, _, err := loadHalves(t.Context(), set, config); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(content, listing(t, filepath.Join(root, "small")), sameBytes); diff != "" {
		t.Errorf("cache: %.300s", diff)
	}
}

// A program killed in the middle of a download leaves a cache of whole files, and
// the next one completes it. This test runs itself again as that program.
func TestDownloadKilled(t *testing.T) {
	set, content := smallSet()
	if address := os.Getenv("DATA_TEST_MIRROR"); address != "" {
		loadHalves(t.Context(), set, SourceConfig{CacheDir: os.Getenv("DATA_TEST_CACHE"), Mirrors: []string{address}})
		return
	}
	if testing.Short() {
		t.Skip("starts another process")
	}
	for i, ref := range set.Files {
		t.Run(ref.Name, func(t *testing.T) {
			root := t.TempDir()
			halfway := make(chan struct{})
			stall := func(w http.ResponseWriter, r *http.Request) {
				c := compressed(content[ref.Name])
				w.Write(c[:len(c)/2])
				w.(http.Flusher).Flush()
				close(halfway)
				<-r.Context().Done()
			}
			program := exec.Command(os.Args[0], "-test.run=^TestDownloadKilled$")
			program.Env = append(os.Environ(), "DATA_TEST_CACHE="+root,
				"DATA_TEST_MIRROR="+mirror(t, content, map[string]http.HandlerFunc{ref.Name: stall}))
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- program.Wait() }()
			select {
			case <-halfway:
				program.Process.Kill()
				<-ended
			case err := <-ended:
				t.Fatalf("the program ended before it could be killed: %v", err)
			}

			left := listing(t, filepath.Join(root, "small"))
			for name, c := range left {
				if !bytes.Equal(c, content[name]) {
					t.Errorf("the cache holds %s, %d bytes, which is not the original", name, len(c))
				}
			}
			if len(left) != i {
				t.Errorf("the cache holds %d files, want the %d complete ones", len(left), i)
			}
			checkLoaded(t, set, content, SourceConfig{CacheDir: root, Mirrors: []string{mirror(t, content, nil)}})
		})
	}
}

// The client made by default reaches a server and leaves nothing behind.
func TestNewClient(t *testing.T) {
	set, content := smallSet()
	address := mirror(t, content, nil)
	client, done := newClient()
	response, err := client.Get(address + "/" + set.Files[1].Name + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.ReadAll(response.Body); err != nil || !bytes.Equal(got, compressed(content[set.Files[1].Name])) {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
	done()
}
