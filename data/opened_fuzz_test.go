package data_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

// FuzzOpenArray opens files by rows: whatever they hold, they are an error, or have the
// rows that reading them as a whole gives.
func FuzzOpenArray(f *testing.F) {
	f.Add(idxBytes(8, []uint32{2, 3}, 1, 2, 3, 4, 5, 6))
	f.Add(idxBytes(8, []uint32{0, 1 << 31, 1 << 20}))
	f.Add(npyBytes("{'descr': '>i2', 'fortran_order': False, 'shape': (2, 1), }", 1, 2, 3, 4))
	f.Add(npyBytes("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 0), }"))
	for _, name := range []string{"plain.npz", "compressed.npz"} {
		file, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	path := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if x, err := data.OpenIDX(path); err == nil {
			defer x.Close()
			whole, err := data.ReadIDX(bytes.NewReader(file))
			if err != nil {
				t.Fatalf("opened, but not read: %v", err)
			}
			sameRows(t, x, whole.Array(data.Float64))
		} else if !isFormatError(err) {
			t.Errorf("error %v", err)
		}
		if x, err := data.OpenNPY(path); err == nil {
			defer x.Close()
			whole, err := data.ReadNPY(bytes.NewReader(file))
			if err != nil {
				t.Fatalf("opened, but not read: %v", err)
			}
			sameRows(t, x, whole)
		} else if !isFormatError(err) {
			t.Errorf("error %v", err)
		}
		if _, err := data.ReadNPZFile(path); err != nil && !isFormatError(err) {
			t.Errorf("error %v", err)
		}
		n, err := data.OpenNPZ(path)
		if err != nil {
			if !isFormatError(err) {
				t.Errorf("error %v", err)
			}
			return
		}
		defer n.Close()
		for _, name := range n.Names() {
			x, err := n.Array(name)
			if err == nil && x.Len() > 0 {
				err = x.ReadRows(&data.Array{Shape: append([]int{1}, x.Shape()[1:]...), Float32s: make([]float32, elements(x.Shape()[1:]))}, []int{x.Len() - 1})
			}
			if err != nil && !isFormatError(err) {
				t.Errorf("error %v", err)
			}
		}
	})
}

// elements is how many elements an array of this shape has.
func elements(shape []int) int {
	n := 1
	for _, size := range shape {
		n *= size
	}
	return n
}

// sameRows compares the rows of a file with those of an array.
func sameRows(t *testing.T, x *data.ArrayFile, whole data.Array) {
	t.Helper()
	if diff := cmp.Diff(whole.Shape, x.Shape()); diff != "" {
		t.Fatalf("shape (-want +got):\n%s", diff)
	}
	if elements(whole.Shape) == 0 {
		return
	}
	indices := make([]int, x.Len())
	for i := range indices {
		indices[i] = i
	}
	got := data.Array{Shape: whole.Shape}
	if whole.Float64s != nil {
		got.Float64s = make([]float64, len(whole.Float64s))
	} else {
		got.Float32s = make([]float32, len(whole.Float32s))
	}
	if err := x.ReadRows(&got, indices); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// FuzzReadTokens reads texts piece by piece, and as a whole.
func FuzzReadTokens(f *testing.F) {
	f.Add("The cat, the hat.", uint16(1))
	f.Add("été\xff ", uint16(30_000))
	f.Fuzz(func(t *testing.T, text string, times uint16) {
		if len(text)*int(times) > 1<<18 || strings.HasPrefix(text, "\x1f\x8b") {
			return // longer than a piece without white space, or not a text
		}
		text = strings.Repeat(text, int(times))
		for _, split := range []func(string) []string{data.Words, data.Characters} {
			var got []string
			for token, err := range data.ReadTokens(strings.NewReader(text), split) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, token)
			}
			if diff := cmp.Diff(split(text), got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}
