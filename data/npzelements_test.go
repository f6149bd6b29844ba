package data_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// archived is an archive of files.
func archived(t *testing.T, files map[string][]byte, method uint16) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for name, content := range files {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(content)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

// Elements come little-endian and row by row, whatever the file has.
func TestNPZElements(t *testing.T) {
	for _, test := range []struct {
		name, header string
		elements     []byte
		kind         string
		shape        []int
		want         []byte
	}{
		{"little-endian", "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", []byte{1, 2, 3, 4}, "i2", []int{2}, []byte{1, 2, 3, 4}},
		{"big-endian", "{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", []byte{1, 2, 3, 4}, "i2", []int{2}, []byte{2, 1, 4, 3}},
		{"Fortran order", "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", []byte{1, 4, 2, 5, 3, 6}, "u1", []int{2, 3}, []byte{1, 2, 3, 4, 5, 6}},
		{"both", "{'descr': '>f2', 'fortran_order': True, 'shape': (2, 2), }", []byte{1, 2, 3, 4, 5, 6, 7, 8}, "f2", []int{2, 2}, []byte{2, 1, 6, 5, 4, 3, 8, 7}},
		{"scalar", "{'descr': '<i8', 'fortran_order': False, 'shape': (), }", []byte{1, 0, 0, 0, 0, 0, 0, 0}, "i8", []int{}, []byte{1, 0, 0, 0, 0, 0, 0, 0}},
		{"nothing", "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 3), }", nil, "i8", []int{0, 3}, nil},
	} {
		for method, how := range map[uint16]string{zip.Store: "stored", zip.Deflate: "compressed"} {
			t.Run(test.name+" "+how, func(t *testing.T) {
				file := npyBytes(test.header, test.elements...)
				r := archived(t, map[string][]byte{"x.npy": file}, method)
				n, err := data.NewNPZFile(r, r.Size(), "weights.npz")
				if err != nil {
					t.Fatal(err)
				}
				e, err := n.Elements("x")
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				got, err := io.ReadAll(e)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, test.want) || e.Type != test.kind || !cmp.Equal(e.Shape, test.shape) {
					t.Errorf("got %s %v %v", e.Type, e.Shape, got)
				}
				for name, damaged := range map[string][]byte{"a byte more": append(bytes.Clone(file), 0), "a byte less": file[:len(file)-1]} {
					if name == "a byte less" && test.elements == nil {
						continue // which would be one of the header
					}
					r := archived(t, map[string][]byte{"x.npy": damaged}, method)
					n, err := data.NewNPZFile(r, r.Size(), "weights.npz")
					if err != nil {
						t.Fatal(err)
					}
					e, err := n.Elements("x")
					if err != nil {
						t.Fatal(err)
					}
					_, err = io.ReadAll(e)
					var format *data.FormatError
					if !errors.As(err, &format) || !strings.Contains(err.Error(), "weights.npz: x.npy: at byte") {
						t.Errorf("%s: %v", name, err)
					}
				}
				if _, err := n.Elements("y"); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestNPZWriter(t *testing.T) {
	var b bytes.Buffer
	z := data.NewNPZWriter(&b)
	w, err := z.Create("steps", "<i8", []int{})
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte{7, 0, 0, 0, 0, 0, 0, 0})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := data.ReadNPZ(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]data.Array{"steps": {Shape: []int{}, Float64s: []float64{7}}}, got); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	for _, bad := range []func(){
		func() { z.Create("x", "<c8", []int{1}) },
		func() { z.Create("x", "f4", []int{1}) },
		func() { z.Create("x", "<f4", []int{-1}) },
		func() { z.Create("x", "<f4", make([]int, 33)) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*data.ValueError); !ok {
					t.Error("no panic with *ValueError")
				}
			}()
			bad()
		}()
	}
}
