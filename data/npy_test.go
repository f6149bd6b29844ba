package data_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

// The files in testdata/npy were written by NumPy 1.24.
func TestReadNPY(t *testing.T) {
	matrix := []float64{0, 1, 2, 100, 101, 127}
	cube := make([]float64, 24)
	for i := range cube {
		cube[i] = float64(i)
	}
	tests := []struct {
		file     string
		dtype    data.DType
		shape    []int
		elements []float64
	}{
		{"bool", data.Float32, []int{2, 3}, []float64{0, 1, 1, 1, 1, 1}},
		{"uint8", data.Float32, []int{2, 3}, matrix},
		{"int8", data.Float32, []int{2, 3}, matrix},
		{"uint16", data.Float32, []int{2, 3}, matrix},
		{"int16", data.Float32, []int{2, 3}, matrix},
		{"uint32", data.Float64, []int{2, 3}, matrix},
		{"int32", data.Float64, []int{2, 3}, matrix},
		{"uint64", data.Float64, []int{2, 3}, matrix},
		{"int64", data.Float64, []int{2, 3}, matrix},
		{"float32", data.Float32, []int{2, 3}, matrix},
		{"float64", data.Float64, []int{2, 3}, matrix},
		{"big-endian", data.Float64, []int{2, 3}, matrix},
		{"fortran", data.Float32, []int{2, 3, 4}, cube},
		{"scalar", data.Float64, []int{}, []float64{3.5}},
		{"vector", data.Float32, []int{2}, []float64{1.5, -2.5}},
		{"empty", data.Float32, []int{0, 4}, []float64{}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			path := filepath.Join("testdata", "npy", test.file+".npy")
			a, err := data.ReadNPYFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkArray(t, "the array", a, test.dtype, test.shape, test.elements)

			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if a, err = data.ReadNPY(bytes.NewReader(gzipped(t, file))); err != nil {
				t.Fatal(err)
			}
			checkArray(t, "the array compressed", a, test.dtype, test.shape, test.elements)

			var written bytes.Buffer
			if err := data.WriteNPY(&written, a); err != nil {
				t.Fatal(err)
			}
			again, err := data.ReadNPY(&written)
			if err != nil {
				t.Fatal(err)
			}
			checkArray(t, "the array written and read", again, test.dtype, test.shape, test.elements)
		})
	}
}

// npyBytes is an NPY file with this header.
func npyBytes(header string, elements ...byte) []byte {
	p := []byte("\x93NUMPY\x01\x00")
	p = binary.LittleEndian.AppendUint16(p, uint16(len(header)))
	return append(append(p, header...), elements...)
}

func TestReadNPYHeaders(t *testing.T) {
	element := []byte{0, 0, 0x80, 0x3f} // 1
	for _, header := range []string{
		"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n",
		"{'shape': (1,), 'fortran_order': True, 'descr': '<f4'}",
		`{"descr":"=f4","fortran_order":False,"shape":(1L,)}`,
		" { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 1 , ) , } \n",
	} {
		a, err := data.ReadNPY(bytes.NewReader(npyBytes(header, element...)))
		if err != nil {
			t.Errorf("%q: %v", header, err)
			continue
		}
		checkArray(t, header, a, data.Float32, []int{1}, []float64{1})
	}
	for version, lengthSize := range map[byte]int{1: 2, 2: 4, 3: 4} {
		header := "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n"
		file := append([]byte("\x93NUMPY"), version, 0, byte(len(header)))
		file = append(append(append(file, make([]byte, lengthSize-1)...), header...), element...)
		if _, err := data.ReadNPY(bytes.NewReader(file)); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

func TestReadNPYMalformed(t *testing.T) {
	const rest = "'fortran_order': False, 'shape': (1,)}"
	whole := npyBytes("{'descr': '<f4', "+rest, 1, 2, 3, 4)
	tests := []struct {
		name   string
		file   []byte
		offset int64
		text   string
	}{
		{"empty", nil, 0, "want an NPY header, got the end of the file"},
		{"another format", []byte("<!DOCTYPE html>"), 0, `want an NPY file, which begins with "\x93NUMPY", got "<!DOCT"`},
		{"version 4", []byte("\x93NUMPY\x04\x00\x00\x00"), 6, "want format version 1, 2 or 3, got 4"},
		{"cut in the header", whole[:30], 30, "got the end of the file"},
		{"cut in the elements", whole[:len(whole)-1], int64(len(whole) - 1), "want 4 bytes of elements"},
		{"more bytes", append(bytes.Clone(whole), 0), int64(len(whole)), "want the end of the file"},
		{"huge header", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), 8, "want a header of up to 65536 bytes, got 4294967295"},
		{"no dictionary", npyBytes("[]"), 10, "want {"},
		{"no keys", npyBytes("{}"), 12, "want the keys"},
		{"unknown key", npyBytes("{'kind': 1}"), 18, `want no key "kind"`},
		{"open quote", npyBytes("{'descr"), 17, "want the key"},
		{"no colon", npyBytes("{'descr' '<f4'"), 19, "want :"},
		{"complex", npyBytes("{'descr': '<c8', " + rest), 20, "want an element type such as '<f4' or '<f8'"},
		{"objects", npyBytes("{'descr': '|O', " + rest), 20, "want an element type"},
		{"order unknown", npyBytes("{'descr': '|f4', " + rest), 20, "want an element type"},
		{"structured", npyBytes("{'descr': [('a', '<f4')], " + rest), 20, "want one element type, such as '<f4': columns of a structured array (\"a\") are arrays of their own here, got \"[('a', '<f4')]"},
		{"order not boolean", npyBytes("{'fortran_order': 1}"), 28, "want True or False"},
		{"shape not a tuple", npyBytes("{'shape': 3}"), 20, "want a tuple"},
		{"negative size", npyBytes("{'shape': (-3,)}"), 21, "sizes"},
		{"size beyond int", npyBytes("{'shape': (99999999999999999999,)}"), 21, "sizes"},
		{"too many sizes", npyBytes("{'shape': (" + strings.Repeat("1,", 33) + ")}"), 85, "up to 32 sizes"},
		{"product beyond int", npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"), 10, "addressable"},
		{"huge and missing", npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}", 1), 78, "want 4398046511104 bytes"},
		{"text after the dictionary", npyBytes("{'descr': '<f4', "+rest+" x", 1, 2, 3, 4), 65, "nothing after"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.npy")
			if err := os.WriteFile(path, test.file, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := data.ReadNPYFile(path)
			var format *data.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error %v, want a *FormatError", err)
			}
			if format.File != path || format.Offset != test.offset || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %q at byte %d; want %q at byte %d", err, format.Offset, test.text, test.offset)
			}
		})
	}
	for _, name := range []string{"complex", "structured"} {
		if _, err := data.ReadNPYFile(filepath.Join("testdata", "npy", name+".npy")); !isFormatError(err) {
			t.Errorf("%s: error %v, want a *FormatError", name, err)
		}
	}
}

func TestWriteNPY(t *testing.T) {
	for rank := range 4 {
		shape := []int{}
		for axis := range rank {
			shape = append(shape, axis+1)
		}
		elements := []float64{math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi, 6}[:[]int{1, 1, 2, 6}[rank]]
		var file bytes.Buffer
		a := data.Array{Shape: shape, Float64s: elements}
		if err := data.WriteNPY(&file, a); err != nil {
			t.Fatal(err)
		}
		if start := file.Len() - 8*len(elements); start%64 != 0 || file.Bytes()[start-1] != '\n' {
			t.Errorf("rank %d: elements begin at byte %d, want a multiple of 64, after a line feed", rank, start)
		}
		got, err := data.ReadNPY(&file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("rank %d: %s", rank, diff)
		}
	}
	if err := data.WriteNPY(fullDisk{}, data.NewArray([]float32{1})); !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
	wantMisuse(t, func() { data.WriteNPY(&bytes.Buffer{}, data.Array{Shape: []int{2}, Float32s: []float32{1}}) })
	wantMisuse(t, func() { data.WriteNPY(&bytes.Buffer{}, data.NewArray([]float32{1}, make([]int, 33)...)) })
}

var errFull = errors.New("the disk is full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func FuzzReadNPY(f *testing.F) {
	files, err := filepath.Glob("testdata/npy/*.npy")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Add(npyBytes("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(npyBytes("{'descr': '|u1', 'fortran_order': False, 'shape': (1479553072, 0, 808464432), }"))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := data.ReadNPY(bytes.NewReader(file))
		if err != nil {
			if !isFormatError(err) {
				t.Fatalf("error %v is no *FormatError", err)
			}
			return
		}
		var written bytes.Buffer
		if err := data.WriteNPY(&written, a); err != nil {
			t.Fatal(err)
		}
		again, err := data.ReadNPY(&written)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if fmt.Sprint(a) != fmt.Sprint(again) { // NaN equals itself here
			t.Fatalf("read %v, written and read again %v", a, again)
		}
	})
}
