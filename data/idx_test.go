package data_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

// idxBytes is an IDX file of this type and these sizes.
func idxBytes(elementType byte, sizes []uint32, elements ...byte) []byte {
	p := []byte{0, 0, elementType, byte(len(sizes))}
	for _, n := range sizes {
		p = binary.BigEndian.AppendUint32(p, n)
	}
	return append(p, elements...)
}

func gzipped(t testing.TB, p []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadIDX(t *testing.T) {
	float := binary.BigEndian.AppendUint32(nil, math.Float32bits(-1.5))
	double := binary.BigEndian.AppendUint64(nil, math.Float64bits(math.Pi))
	tests := []struct {
		name   string
		file   []byte
		kind   data.IDXType
		shape  []int
		values []float64
	}{
		{"uint8", idxBytes(0x08, []uint32{2, 1, 2}, 0, 1, 254, 255), data.IDXUint8, []int{2, 1, 2}, []float64{0, 1, 254, 255}},
		{"int8", idxBytes(0x09, []uint32{2}, 0x80, 127), data.IDXInt8, []int{2}, []float64{-128, 127}},
		{"int16", idxBytes(0x0B, []uint32{2}, 0xff, 0xfe, 0x01, 0x02), data.IDXInt16, []int{2}, []float64{-2, 258}},
		{"int32", idxBytes(0x0C, []uint32{1}, 0xff, 0xff, 0xff, 0xff), data.IDXInt32, []int{1}, []float64{-1}},
		{"float32", idxBytes(0x0D, []uint32{1}, float...), data.IDXFloat32, []int{1}, []float64{-1.5}},
		{"float64", idxBytes(0x0E, []uint32{1, 1}, double...), data.IDXFloat64, []int{1, 1}, []float64{math.Pi}},
		{"no elements", idxBytes(0x08, []uint32{0, 28, 28}), data.IDXUint8, []int{0, 28, 28}, []float64{}},
	}
	for _, test := range tests {
		sources := map[string]io.Reader{
			"plain":          bytes.NewReader(test.file),
			"gzip":           bytes.NewReader(gzipped(t, test.file)),
			"byte by byte":   iotest.OneByteReader(bytes.NewReader(test.file)),
			"end with data":  iotest.DataErrReader(bytes.NewReader(test.file)),
			"gzip in pieces": iotest.OneByteReader(bytes.NewReader(gzipped(t, test.file))),
		}
		for source, r := range sources {
			t.Run(test.name+"/"+source, func(t *testing.T) {
				x, err := data.ReadIDX(r)
				if err != nil {
					t.Fatal(err)
				}
				if x.Type != test.kind {
					t.Errorf("type %v, want %v", x.Type, test.kind)
				}
				if diff := cmp.Diff(test.shape, x.Shape); diff != "" {
					t.Errorf("shape: %s", diff)
				}
				if diff := cmp.Diff(test.values, x.Array(data.Float64).Float64s); diff != "" {
					t.Errorf("float64: %s", diff)
				}
				narrow := x.Array(data.Float32)
				for i, v := range test.values {
					if narrow.Float32s[i] != float32(v) {
						t.Errorf("float32 element %d: %v, want %v", i, narrow.Float32s[i], float32(v))
					}
				}
				var written bytes.Buffer
				if n, err := x.WriteTo(&written); err != nil || n != int64(len(test.file)) || !bytes.Equal(written.Bytes(), test.file) {
					t.Errorf("written: %d bytes %v, error %v; want the %d bytes read", n, written.Bytes(), err, len(test.file))
				}
			})
		}
	}
}

func TestReadIDXMalformed(t *testing.T) {
	good := idxBytes(0x08, []uint32{2, 2}, 1, 2, 3, 4)
	tests := []struct {
		name   string
		file   []byte
		offset int64
		text   string // part of the message
		cause  error
	}{
		{"empty", nil, 0, "want an IDX header, got the end of the file", io.ErrUnexpectedEOF},
		{"cut in the magic number", good[:3], 3, "an IDX header", io.ErrUnexpectedEOF},
		{"cut in the sizes", good[:9], 9, "the size of axis 1", io.ErrUnexpectedEOF},
		{"cut in the elements", good[:14], 14, "want 4 bytes of elements up to byte 16, got the end of the file", io.ErrUnexpectedEOF},
		{"more bytes", append(good[:16:16], 0), 16, "want the end of the file, got more bytes", nil},
		{"HTML", []byte("<!DOCTYPE html><html>"), 0, `want an IDX file, which begins with two zero bytes, got "<!DO"`, nil},
		{"unknown type", idxBytes(0x0A, []uint32{1}, 0), 2, "an element type", nil},
		{"rank 0", idxBytes(0x08, nil), 3, "a rank of 1 to 8, got 0", nil},
		{"rank 255", append([]byte{0, 0, 8, 255}, make([]byte, 4*255)...), 3, "a rank of 1 to 8, got 255", nil},
		{"product beyond 64 bits", idxBytes(0x0E, []uint32{1 << 31, 1 << 31, 1 << 31}), 8, "sizes whose product, those of 0 left out, is addressable", nil},
		{"product beyond an array of float64, times zero", idxBytes(0x08, []uint32{1479553072, 0, 808464432}), 12, "addressable as float64, got [1479553072 0 808464432]", nil},
		{"product beyond 64 bits, times zero", idxBytes(0x08, []uint32{0, 1 << 31, 1 << 31, 1 << 31}), 12, "addressable", nil},
		{"huge and missing", idxBytes(0x08, []uint32{1 << 31, 1 << 20}, 1, 2), 14, "want 2251799813685248 bytes", io.ErrUnexpectedEOF},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file-idx")
			if err := os.WriteFile(path, test.file, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := data.ReadIDXFile(path)
			var format *data.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error %v, want a *FormatError", err)
			}
			if format.File != path || format.Offset != test.offset || format.Err != test.cause {
				t.Errorf("file %s, offset %d, cause %v; want %s, %d, %v", format.File, format.Offset, format.Err, path, test.offset, test.cause)
			}
			if !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), path) {
				t.Errorf("message %q lacks the path or %q", err, test.text)
			}
		})
	}
}

func TestReadIDXDamagedGzip(t *testing.T) {
	whole := gzipped(t, idxBytes(0x08, []uint32{4, 4}, bytes.Repeat([]byte{1, 2, 3, 4}, 4)...))
	for n := 1; n < len(whole); n++ {
		if _, err := data.ReadIDX(bytes.NewReader(whole[:n])); !isFormatError(err) {
			t.Errorf("cut to %d of %d bytes: error %v, want a *FormatError", n, len(whole), err)
		}
	}
	for i := range whole {
		if i >= 4 && i < 10 {
			continue // time, level and operating system: nobody checks them
		}
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		if _, err := data.ReadIDX(bytes.NewReader(damaged)); !isFormatError(err) {
			t.Errorf("byte %d damaged: error %v, want a *FormatError", i, err)
		}
	}
}

func isFormatError(err error) bool {
	var format *data.FormatError
	return errors.As(err, &format)
}

// A file longer than the first piece of memory is put together right.
func TestReadIDXLong(t *testing.T) {
	elements := make([]byte, 1_000_003)
	for i := range elements {
		elements[i] = byte(i * i >> 7)
	}
	file := idxBytes(0x08, []uint32{1_000_003}, elements...)
	for name, r := range map[string]io.Reader{"plain": bytes.NewReader(file), "gzip": bytes.NewReader(gzipped(t, file))} {
		x, err := data.ReadIDX(r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x.Data, elements) {
			t.Errorf("%s: %d elements, not those of the file", name, len(x.Data))
		}
	}
}

func TestIDXTypeString(t *testing.T) {
	got := []string{}
	for _, kind := range []data.IDXType{data.IDXUint8, data.IDXInt8, data.IDXInt16, data.IDXInt32, data.IDXFloat32, data.IDXFloat64, 0x0A} {
		got = append(got, kind.String())
	}
	want := []string{"uint8", "int8", "int16", "int32", "float32", "float64", "IDXType(0x0a)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a header promises must not be allocated before it arrives.
func TestReadIDXAllocatesWhatArrives(t *testing.T) {
	file := idxBytes(0x08, []uint32{1 << 16, 1 << 14}, make([]byte, 1000)...) // claims 1 GiB
	for name, file := range map[string][]byte{"plain": file, "gzip": gzipped(t, file)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := data.ReadIDX(bytes.NewReader(file)); !isFormatError(err) {
			t.Errorf("%s: error %v, want a *FormatError", name, err)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, grown, len(file))
		}
	}
}

// Failures of the reader are no faults of the format.
func TestReadIDXReaderFails(t *testing.T) {
	failure := errors.New("the disk is gone")
	file := idxBytes(0x08, []uint32{4}, 1, 2, 3, 4)
	for n := range len(file) {
		_, err := data.ReadIDX(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(failure)))
		if !errors.Is(err, failure) || isFormatError(err) {
			t.Errorf("after %d bytes: error %v, want one that wraps the reader's", n, err)
		}
	}
	x := data.IDX{Type: data.IDXUint8, Shape: []int{1}, Data: []byte{1}}
	if _, err := x.WriteTo(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("writing: error %v, want %v", err, errFull)
	}
	if _, err := data.ReadIDXFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: error %v, want fs.ErrNotExist", err)
	}
	if _, err := data.ReadIDXFile(t.TempDir()); err == nil || isFormatError(err) {
		t.Errorf("directory: error %v, want one that is no *FormatError", err)
	}
}

func TestIDXWriteToMisuse(t *testing.T) {
	tests := []struct {
		name string
		x    data.IDX
	}{
		{"unknown type", data.IDX{Type: 7, Shape: []int{1}, Data: []byte{1}}},
		{"no shape", data.IDX{Type: data.IDXUint8, Data: []byte{1}}},
		{"too many axes", data.IDX{Type: data.IDXUint8, Shape: make([]int, 9)}},
		{"too little data", data.IDX{Type: data.IDXInt16, Shape: []int{2}, Data: []byte{1, 2}}},
		{"negative size", data.IDX{Type: data.IDXInt16, Shape: []int{-1, -2}, Data: []byte{1, 2, 3, 4}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantMisuse(t, func() { test.x.WriteTo(io.Discard) })
		})
	}
}

// wantMisuse checks that f panics with a *ValueError.
func wantMisuse(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		if _, ok := r.(*data.ValueError); !ok {
			t.Errorf("panicked with %v, want a *ValueError", r)
		}
	}()
	f()
}

func FuzzReadIDX(f *testing.F) {
	good := idxBytes(0x08, []uint32{2, 2}, 1, 2, 3, 4)
	f.Add(good)
	f.Add(gzipped(f, good))
	f.Add(good[:11])
	f.Add(idxBytes(0x0E, []uint32{1}, 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(idxBytes(0x08, []uint32{1 << 31, 1 << 31}, 1))
	f.Add(idxBytes(0x08, []uint32{1479553072, 0, 808464432}))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := data.ReadIDX(bytes.NewReader(file))
		if err != nil {
			if !isFormatError(err) {
				t.Fatalf("error %v is no *FormatError", err)
			}
			return
		}
		if a := x.Array(data.Float64); len(a.Float64s)*x.Type.Size() != len(x.Data) {
			t.Fatalf("%d elements of %d bytes", len(a.Float64s), len(x.Data))
		}
		var written bytes.Buffer
		if _, err := x.WriteTo(&written); err != nil {
			t.Fatal(err)
		}
		again, err := data.ReadIDX(&written)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(x, again, cmpopts.IgnoreUnexported(data.IDX{})); diff != "" {
			t.Fatalf("read, written and read again: %s", diff)
		}
	})
}
