package data_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// Files far larger than the memory that reading them may take.

// bigSize is how large a file is made: of zeros, most of which take no room on the disk.
func bigSize() int64 {
	if runtime.GOOS != "linux" {
		return 1 << 28 // there may be no files with holes
	}
	return 10 << 30
}

// sparse is a file that begins so, has this at its end, and zeros between them.
func sparse(t *testing.T, name string, size int64, beginning, end []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(beginning); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Skipf("no room for a file with holes: %v", err)
	}
	if _, err := f.WriteAt(end, size-int64(len(end))); err != nil {
		t.Fatal(err)
	}
	return path
}

// allocated is all that f allocates, also what is free again at the end.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// elements are the sizes of big arrays: rows of 16 KiB of bytes.
const bigRow = 1 << 14

// Shuffled batches of files of 10 GB, prepared by several workers, take a few megabytes.
func TestBigFiles(t *testing.T) {
	rows := bigSize() / bigRow
	last := bytes.Repeat([]byte{7}, bigRow)
	npy := npyBytes(fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 128, 128), }", rows))
	tokens := bigSize() / 2
	for _, test := range []struct {
		name string
		open func(t *testing.T) (set data.Dataset, last float64)
	}{
		{"IDX", func(t *testing.T) (data.Dataset, float64) {
			header := idxBytes(8, []uint32{uint32(rows), 128, 128})
			return &data.ArrayFiles{X: opened(t)(data.OpenIDX(sparse(t, "big", int64(len(header))+rows*bigRow, header, last)))}, 7
		}},
		{"images", func(t *testing.T) (data.Dataset, float64) {
			header := idxBytes(8, []uint32{uint32(rows), 128, 128})
			labels := idxBytes(8, []uint32{uint32(rows)}, bytes.Repeat([]byte{1}, int(rows))...)
			m, err := data.OpenImages(sparse(t, "big", int64(len(header))+rows*bigRow, header, last), writeFile(t, string(labels)))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { m.Close() })
			return m, float64(float32(7) * float32(1./255))
		}},
		{"NPY", func(t *testing.T) (data.Dataset, float64) {
			return &data.ArrayFiles{X: opened(t)(data.OpenNPY(sparse(t, "big.npy", int64(len(npy))+rows*bigRow, npy, last)))}, 7
		}},
		{"NPZ", func(t *testing.T) (data.Dataset, float64) {
			n, err := data.OpenNPZ(sparseZip(t, "x.npy", int64(len(npy))+rows*bigRow, npy, last))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { n.Close() })
			return &data.ArrayFiles{X: opened(t)(n.Array("x"))}, 7
		}},
		{"tokens", func(t *testing.T) (data.Dataset, float64) {
			header := npyBytes(fmt.Sprintf("{'descr': '<u2', 'fortran_order': False, 'shape': (%d,), }", tokens))
			end := bytes.Repeat([]byte{7, 0}, 4096)
			return &data.Passages{File: opened(t)(data.OpenNPY(sparse(t, "big.npy", int64(len(header))+2*tokens, header, end))), Length: 4095, Stride: 4096}, 7
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, want := test.open(t)
			n, batches := set.Len(), 0
			bytes := allocated(func() {
				loader := data.NewLoader(set, data.LoaderConfig{BatchSize: 16, Shuffle: true, Prefetch: 4, Workers: 3})
				for _, err := range loader.Batches(t.Context(), 0) {
					if err != nil {
						t.Fatal(err)
					}
					if batches++; batches == 40 {
						break
					}
				}
			})
			// The order of the examples is 8 bytes for each; batches and buffers are the rest.
			if limit := uint64(8*n + 16<<20); bytes > limit {
				t.Errorf("40 batches allocate %d bytes, more than %d", bytes, limit)
			}
			var b data.Batch
			filled(t, set, &b, n-1, 0)
			if b.Tokens != nil {
				if b.Tokens[0] != int(want) || b.Labels[4094] != int(want) || b.Tokens[4095] != 0 {
					t.Error("the passages are others")
				}
			} else if x := b.X.Float32s; float64(x[0]) != want || float64(x[bigRow-1]) != want || x[bigRow] != 0 {
				t.Errorf("the last example has %v and %v, the first %v: want %v and 0", x[0], x[bigRow-1], x[bigRow], want)
			}
		})
	}
}

// opened is a file that is closed at the end of the test.
func opened(t *testing.T) func(*data.ArrayFile, error) *data.ArrayFile {
	return func(f *data.ArrayFile, err error) *data.ArrayFile {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
}

// sparseZip is an archive with a file of this size that is not compressed, and begins and
// ends so. Its checksum is not right.
func sparseZip(t *testing.T, name string, size int64, beginning, end []byte) (path string) {
	t.Helper()
	path = sparse(t, "archive.npz", 0, nil, nil)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := &holes{f, make([]byte, 1<<20)}
	z := zip.NewWriter(h)
	w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, UncompressedSize64: uint64(size), CompressedSize64: uint64(size)})
	if err != nil {
		t.Fatal(err)
	}
	write := func(p []byte) {
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	write(beginning)
	left := size - int64(len(beginning)+len(end))
	for ; left >= int64(len(h.zeros)); left -= int64(len(h.zeros)) {
		write(h.zeros)
	}
	write(make([]byte, left))
	write(end)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// holes passes over what has the length of zeros.
type holes struct {
	f     *os.File
	zeros []byte
}

func (h *holes) Write(p []byte) (int, error) {
	if len(p) != len(h.zeros) {
		return h.f.Write(p)
	}
	_, err := h.f.Seek(int64(len(p)), io.SeekCurrent)
	return len(p), err
}

// A text of any length is counted, and written as numbers, in a few megabytes.
func TestBigText(t *testing.T) {
	size := 1 << 26
	if testing.Short() {
		size = 1 << 23
	}
	text := &generated{size: size, left: size}
	v, err := data.ReadVocabulary(text, data.Words, 0)
	if err != nil {
		t.Fatal(err)
	}
	if v.Len() != 2+1000 || v.Tokens[2] != "the" {
		t.Errorf("%d tokens, of which the first is %q", v.Len(), v.Tokens[2])
	}
	again := &generated{size: size, left: size}
	path := filepath.Join(t.TempDir(), "tokens.npy")
	n, err := v.EncodeFile(path, again, data.Words)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*generated{text, again} {
		if limit := uint64(4 << 20); g.most-g.least > limit {
			t.Errorf("a text of %d bytes takes %d bytes of memory, more than %d", size, g.most-g.least, limit)
		}
	}
	p := &data.Passages{File: opened(t)(data.OpenNPY(path)), Length: 8}
	if p.File.Len() != n || n != 2*again.lines {
		t.Errorf("%d numbers, %d in the file: want %d", n, p.File.Len(), 2*again.lines)
	}
	var b data.Batch
	filled(t, p, &b, p.Len()-1)
	if words := v.Decode(b.Tokens); words[0] != "the" || words[2] != "the" {
		t.Errorf("words %q", words)
	}
}

// generated is a text that is made as it is read, of lines "the NUMBER". It measures the
// memory in use meanwhile.
type generated struct {
	size, left, lines, reads int
	rest                     string
	least, most              uint64 // bytes in use
}

func (g *generated) Read(p []byte) (int, error) {
	if g.reads++; g.reads%64 == 1 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if g.most = max(g.most, m.HeapAlloc); g.least == 0 || m.HeapAlloc < g.least {
			g.least = m.HeapAlloc
		}
	}
	n := 0
	for n < len(p) {
		if g.rest == "" {
			if g.left <= 0 {
				if n > 0 {
					break
				}
				return 0, io.EOF
			}
			g.rest = fmt.Sprintf("the %03d\n", min(998, g.lines*999/(g.size/8))) // new words up to the end
			g.left -= len(g.rest)
			g.lines++
		}
		k := copy(p[n:], g.rest)
		g.rest = g.rest[k:]
		n += k
	}
	return n, nil
}

// A file that loses its end after it was opened is an error that names file, example and
// byte.
func TestTruncated(t *testing.T) {
	npy := npyBytes("{'descr': '<u2', 'fortran_order': False, 'shape': (100,), }", make([]byte, 200)...)
	header := len(npy) - 200
	for _, test := range []struct {
		name string
		file []byte
		keep int // bytes
		set  func(path string) data.Dataset
		text string
	}{
		{"IDX", idxBytes(8, []uint32{100, 2}, make([]byte, 200)...), 12 + 51, func(path string) data.Dataset {
			return &data.ArrayFiles{X: opened(t)(data.OpenIDX(path))}
		}, "at byte 63: want 2 bytes from byte 62 on, which are example 25, got the end of the file"},
		{"images", idxBytes(8, []uint32{100, 1, 2}, make([]byte, 200)...), 16 + 51, func(path string) data.Dataset {
			m, err := data.OpenImages(path, writeFile(t, string(idxBytes(8, []uint32{100}, make([]byte, 100)...))))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { m.Close() })
			return m
		}, "at byte 67: want 2 bytes from byte 66 on, which are example 25, got the end of the file"},
		{"NPY", npy, header + 51, func(path string) data.Dataset {
			return &data.ArrayFiles{X: opened(t)(data.OpenNPY(path))}
		}, fmt.Sprintf("at byte %d: want 2 bytes from byte %d on, which are example 25, got the end of the file", header+51, header+50)},
		{"tokens", npy, header + 153, func(path string) data.Dataset {
			return &data.Passages{File: opened(t)(data.OpenNPY(path)), Length: 3}
		}, fmt.Sprintf("at byte %d: want 6 bytes from byte %d on, which are example 25, got the end of the file", header+153, header+150)},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := writeFile(t, string(test.file))
			set := test.set(path)
			if err := os.Truncate(path, int64(test.keep)); err != nil {
				t.Fatal(err)
			}
			var b data.Batch
			filled(t, set, &b, 24, 0)
			if err := set.Fill(&b, []int{3, 25}); !isFormatError(err) || !strings.Contains(err.Error(), path) || !strings.HasSuffix(err.Error(), test.text+": unexpected EOF") {
				t.Errorf("error %v, want one with %q", err, test.text)
			}
			if err := set.Fill(&b, []int{100}); err == nil || !strings.Contains(err.Error(), "index 100 of a data set") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// What a header claims takes no memory.
func TestHostileHeaders(t *testing.T) {
	const huge = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }"
	inside := func(npy []byte) string { return string(zipped(t, "x.npy", string(npy))) }
	for name, open := range map[string]func() (*data.ArrayFile, error){
		"IDX of many": func() (*data.ArrayFile, error) {
			return data.OpenIDX(writeFile(t, string(idxBytes(8, []uint32{1 << 31, 1 << 20}))))
		},
		"IDX of none": func() (*data.ArrayFile, error) {
			return data.OpenIDX(writeFile(t, string(idxBytes(8, []uint32{0, 1 << 31, 1 << 20}))))
		},
		"NPY of many": func() (*data.ArrayFile, error) {
			return data.OpenNPY(writeFile(t, string(npyBytes(fmt.Sprintf(huge, "1099511627776, 1048576")))))
		},
		"NPY of none": func() (*data.ArrayFile, error) {
			return data.OpenNPY(writeFile(t, string(npyBytes(fmt.Sprintf(huge, "0, 1099511627776")))))
		},
		"NPZ": func() (*data.ArrayFile, error) {
			path, err := data.Uncompress(t.Context(), writeFile(t, inside(npyBytes(fmt.Sprintf(huge, "1099511627776,")))), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			n, err := data.OpenNPZ(path)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			return n.Array("x")
		},
	} {
		bytes := allocated(func() {
			f, err := open()
			if strings.Contains(name, "none") {
				var b data.Batch
				if err != nil || f.Len() != 0 || (&data.ArrayFiles{X: f}).Fill(&b, nil) != nil || (&data.ArrayFiles{X: f}).Fill(&b, []int{0}) == nil {
					t.Errorf("%s: %v", name, err)
				}
				f.Close()
			} else if !isFormatError(err) {
				t.Errorf("%s: error %v, want a *FormatError", name, err)
			}
		})
		if bytes > 8<<20 {
			t.Errorf("%s: %d bytes allocated", name, bytes)
		}
	}
}

// Images that are read from a file are those that are read as a whole.
func TestOpenImages(t *testing.T) {
	for _, sizes := range [][]uint32{{30, 4, 5}, {30, 3, 4, 5}} {
		size := 30 * 4 * 5
		if len(sizes) == 4 {
			size *= 3
		}
		pixels, labels := make([]byte, size), make([]byte, 30)
		for i := range pixels {
			pixels[i] = byte(i * i)
		}
		for i := range labels {
			labels[i] = byte(i % 4)
		}
		imagesPath, labelsPath := writeFile(t, string(idxBytes(8, sizes, pixels...))), writeFile(t, string(gzipped(t, idxBytes(8, []uint32{30}, labels...))))
		whole, err := data.ReadImages(imagesPath, labelsPath)
		if err != nil {
			t.Fatal(err)
		}
		file, err := data.OpenImages(imagesPath, labelsPath)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		mean, std, err := file.MeanStd()
		wantMean, wantStd := whole.MeanStd()
		if diff := cmp.Diff([][]float64{wantMean, wantStd}, [][]float64{mean, std}); diff != "" || err != nil {
			t.Errorf("mean and standard deviation (-want +got):\n%s%v", diff, err)
		}
		if c, h, w := file.Shape(); file.NumClasses() != 4 || c*h*w*30 != size {
			t.Errorf("%d classes of %d×%d×%d", file.NumClasses(), c, h, w)
		}
		for _, keep := range []bool{false, true} {
			for _, pair := range [][2]data.Labeled{{whole, file}, {whole.Flatten(), file.Flatten()}, {whole.Standardize(mean, std), file.Standardize(mean, std)}} {
				config := data.LoaderConfig{BatchSize: 7, Shuffle: true, Prefetch: 3, Workers: 2, KeepBytes: keep}
				for batch, err := range data.NewLoader(pair[1], config).Batches(t.Context(), 1) {
					if err != nil {
						t.Fatal(err)
					}
					want := data.Batch{Number: batch.Number, Epoch: 1, Indices: batch.Indices, KeepBytes: keep}
					if diff := cmp.Diff(filled(t, pair[0], &want, batch.Indices...), batch, fields); diff != "" {
						t.Fatalf("(-want +got):\n%s", diff)
					}
					if class, ok := pair[1].Label(batch.Indices[0]); !ok || class != batch.Labels[0] {
						t.Errorf("class %d, %v", class, ok)
					}
				}
			}
		}
	}
}

func TestOpenImagesFails(t *testing.T) {
	images, labels := idxBytes(8, []uint32{2, 1, 1}, 1, 2), idxBytes(8, []uint32{2}, 0, 1)
	for _, test := range []struct {
		text           string
		images, labels []byte
	}{
		{"want a file of 18 bytes, got one of 17", images[:17], labels},
		{"want a file of 18 bytes, got one of 19", append(images[:18:18], 0), labels},
		{"Uncompress makes one, got gzip", gzipped(t, images), labels},
		{"want images: uint8 of rank 3 or 4, got uint8 of rank 1", labels, labels},
		{"want 2 labels, one for each image", images, idxBytes(8, []uint32{1}, 0)},
		{"want labels from 0, got -1", images, idxBytes(9, []uint32{2}, 0, 255)},
		{"want 2 bytes of elements", images, labels[:9]},
	} {
		if _, err := data.OpenImages(writeFile(t, string(test.images)), writeFile(t, string(test.labels))); !isFormatError(err) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("error %v, want a *FormatError with %q", err, test.text)
		}
	}
	path := writeFile(t, string(images))
	if _, err := data.OpenImages(path+"x", path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	labelFile := opened(t)(data.OpenNPY(writeFile(t, string(npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 0, 0, 0, 0, 0, 0, 0, 63)))))
	var b data.Batch
	err := (&data.ArrayFiles{X: opened(t)(data.OpenIDX(path)), Labels: labelFile}).Fill(&b, []int{0, 1})
	if !isFormatError(err) || !strings.Contains(err.Error(), "at byte 71: want a whole number, of example 1, got 0.5") {
		t.Errorf("error %v", err)
	}
}
