package data_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

// Files that NumPy has written, and that files of ours are read again.
func TestNPZ(t *testing.T) {
	integers := make([]float64, 1000)
	for i := range integers {
		integers[i] = float64(i)
	}
	halves := []float32{
		0, float32(math.Copysign(0, -1)), 1, -2, 65504, float32(math.Ldexp(1, -14)), float32(math.Ldexp(1, -24)),
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0.333251953125,
	}
	for name, want := range map[string]map[string]data.Array{
		"plain.npz": {
			"weight": data.NewArray([]float32{0, 1, 2, 3, 4, 5}, 2, 3), "bias": data.NewArray([]float64{1.5, -2.5}), "half": data.NewArray(halves),
		},
		"compressed.npz": {"layer.0.weight": data.NewArray(integers, 10, 100), "scalar": {Shape: []int{}, Float64s: []float64{7}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := data.ReadNPZFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for i, v := range got["half"].Float32s {
				if math.Signbit(float64(v)) != math.Signbit(float64(halves[i])) {
					t.Errorf("element %d has the wrong sign", i)
				}
			}
			var file, again bytes.Buffer
			if err := data.WriteNPZ(&file, got); err != nil {
				t.Fatal(err)
			}
			data.WriteNPZ(&again, got)
			if !bytes.Equal(file.Bytes(), again.Bytes()) {
				t.Error("the same arrays are written in two ways")
			}
			read, err := data.ReadNPZ(bytes.NewReader(file.Bytes()), int64(file.Len()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, read, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("written and read (-want +got):\n%s", diff)
			}
		})
	}
}

// zipped is an archive of files with this content.
func zipped(t *testing.T, files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: zip.Deflate})
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNPZFails(t *testing.T) {
	one := string(npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 0, 0, 128, 63))
	huge := string(npyBytes("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }", 0, 0, 128, 63))
	whole, err := os.ReadFile(filepath.Join("testdata", "plain.npz"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[bytes.Index(damaged, []byte("NUMPY"))+130] ^= 1
	for _, test := range []struct {
		name, text string
		file       []byte
	}{
		{"empty", "want a ZIP archive", nil},
		{"no archive", "want a ZIP archive", []byte("PK\x03\x04 and nothing else")},
		{"cut", "want a ZIP archive", whole[:len(whole)-30]},
		{"another file", `want files of arrays, NAME.npy, got "x.txt"`, zipped(t, "x.txt", "hello")},
		{"no array", "x.npy: at byte 5: want an NPY header", zipped(t, "x.npy", "hello")},
		{"twice", "want each array once, got it twice", zipped(t, "x.npy", one, "x.npy", one)},
		{"cut array", "want 8796093022208 bytes of elements", zipped(t, "x.npy", huge)},
		{"damaged", "damaged", damaged},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := data.ReadNPZ(bytes.NewReader(test.file), int64(len(test.file)))
			if !isFormatError(err) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want a *FormatError with %q", err, test.text)
			}
		})
	}
	if _, err := data.ReadNPZFile("missing.npz"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if err := data.WriteNPZ(full{}, map[string]data.Array{"x": data.NewArray([]float32{1})}); err == nil || !strings.Contains(err.Error(), "writing NPZ") {
		t.Errorf("error %v", err)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestArrayFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, a data.Array) *data.ArrayFile {
		path := filepath.Join(dir, name)
		var b bytes.Buffer
		if err := data.WriteNPY(&b, a); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := data.OpenNPY(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	plain := numbers(20, 0)
	labels := make([]float32, 20)
	for i, label := range plain.Labels {
		labels[i] = float32(label)
	}
	plain.Y = data.NewArray(plain.Y.Float32s, 20, 1)
	files := &data.ArrayFiles{X: write("x.npy", plain.X), Y: write("y.npy", plain.Y), Labels: write("labels.npy", data.NewArray(labels))}
	for _, dtype := range []data.DType{data.Float32, data.Float64} {
		want, got := data.Batch{DType: dtype}, data.Batch{DType: dtype}
		filled(t, plain, &want, 19, 0, 7)
		filled(t, files, &got, 19, 0, 7)
		if diff := cmp.Diff(&want, &got, fields); diff != "" {
			t.Errorf("%v (-want +got):\n%s", dtype, diff)
		}
	}
	n := 0
	for batch, err := range data.NewLoader(files, data.LoaderConfig{BatchSize: 6, Shuffle: true, Prefetch: 2}).Batches(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		n += batch.Len
	}
	if n != files.Len() || !slices.Equal(files.X.Shape(), []int{20, 2}) {
		t.Errorf("%d examples of shape %v", n, files.X.Shape())
	}
	var b data.Batch
	for text, wrong := range map[string]*data.ArrayFiles{
		"index 20 of a data set of 20 examples": files,
		"want a whole number":                   {X: files.X, Labels: write("halves.npy", data.NewArray(slices.Repeat([]float32{0.5}, 20)))},
		"20 examples in":                        {X: files.X, Y: write("short.npy", data.NewArray([]float32{1}))},
		"labels of shape [20 2]":                {X: files.X, Labels: files.X},
	} {
		index := 1
		if strings.HasPrefix(text, "index") {
			index = 20
		}
		if err := wrong.Fill(&b, []int{index}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want one with %q", err, text)
		}
	}
	files.X.Close()
	if err := files.Fill(&b, []int{1}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error %v of a file that is closed", err)
	}
}

func TestOpenNPYFails(t *testing.T) {
	header := "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
	for text, file := range map[string][]byte{
		"want a file of 75 bytes, got one of 71":  npyBytes(header, 0, 0, 0, 0),
		"want a file of 75 bytes, got one of 76":  npyBytes(header, make([]byte, 9)...),
		"Fortran order":                           npyBytes("{'descr': '<f4', 'fortran_order': True, 'shape': (1,1), }", 0, 0, 0, 0),
		"one without axes":                        npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 0, 0, 0, 0),
		"Uncompress makes one, got gzip":          binary.BigEndian.AppendUint64([]byte{0x1f, 0x8b}, 0),
		"want an element type such as '<f4' or '": npyBytes("{'descr': '<c8', 'fortran_order': False, 'shape': (), }"),
	} {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := data.OpenNPY(path); !isFormatError(err) || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want a *FormatError with %q", err, text)
		}
	}
	if _, err := data.OpenNPY(t.TempDir()); err == nil {
		t.Error("a directory was opened")
	}
}
