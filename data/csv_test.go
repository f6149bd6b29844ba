package data_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

func TestReadCSV(t *testing.T) {
	tests := []struct {
		name    string
		options data.CSVConfig
		file    string
		want    data.Arrays
	}{
		{
			name: "features only",
			file: "a,b\n1,2\n3.5,-4e-1\n",
			want: data.Arrays{X: data.NewArray([]float32{1, 2, 3.5, -0.4}, 2, 2), Names: []string{"a", "b"}},
		},
		{
			name:    "float64",
			options: data.CSVConfig{DType: data.Float64, NoHeader: true},
			file:    "0.1\n0.2",
			want:    data.Arrays{X: data.NewArray([]float64{0.1, 0.2}, 2, 1)},
		},
		{
			name:    "numeric labels by name",
			options: data.CSVConfig{Label: "class"},
			file:    "class,x\n2,0.5\n0,1.5\n",
			want:    data.Arrays{X: data.NewArray([]float32{0.5, 1.5}, 2, 1), Labels: []int{2, 0}, Names: []string{"x"}},
		},
		{
			name:    "named labels, last column",
			options: data.CSVConfig{Label: "-1", NoHeader: true},
			file:    "1,versicolor\n2,setosa\n3,versicolor\n",
			want: data.Arrays{X: data.NewArray([]float32{1, 2, 3}, 3, 1), Labels: []int{1, 0, 1},
				Classes: []string{"setosa", "versicolor"}},
		},
		{
			name:    "labels below zero are names",
			options: data.CSVConfig{Label: "y"},
			file:    "x,y\n1,1\n2,-1\n",
			want: data.Arrays{X: data.NewArray([]float32{1, 2}, 2, 1), Labels: []int{1, 0}, Classes: []string{"-1", "1"},
				Names: []string{"x"}},
		},
		{
			name:    "targets and ignored columns",
			options: data.CSVConfig{Targets: []string{"price", "1"}, Ignore: []string{"id"}},
			file:    "area,id,rooms,price\n50,A-7,2,100\n70,B 9,3,150\n",
			want: data.Arrays{X: data.NewArray([]float32{2, 3}, 2, 1), Y: data.NewArray([]float32{50, 100, 70, 150}, 2, 2),
				Names: []string{"rooms"}},
		},
		{
			name:    "semicolons, quotes, spaces, blank lines and a byte order mark",
			options: data.CSVConfig{Comma: ';', Label: "the class"},
			file:    "\ufeff\"x\"; the class \r\n\r\n 1 ;\"a; b\"\r\n2; c \r\n",
			want: data.Arrays{X: data.NewArray([]float32{1, 2}, 2, 1), Labels: []int{0, 1}, Classes: []string{"a; b", "c"},
				Names: []string{"x"}},
		},
		{
			name:    "tabs",
			options: data.CSVConfig{Comma: '\t'},
			file:    "x\ty\n1\t2\n",
			want:    data.Arrays{X: data.NewArray([]float32{1, 2}, 1, 2), Names: []string{"x", "y"}},
		},
		{
			name: "no rows",
			file: "x,y\n",
			want: data.Arrays{X: data.NewArray([]float32{}, 0, 2), Names: []string{"x", "y"}},
		},
	}
	for _, test := range tests {
		sources := map[string]io.Reader{
			"plain":        strings.NewReader(test.file),
			"byte by byte": iotest.OneByteReader(strings.NewReader(test.file)),
			"gzip":         bytes.NewReader(gzipped(t, []byte(test.file))),
		}
		for source, r := range sources {
			t.Run(test.name+"/"+source, func(t *testing.T) {
				got, err := data.ReadCSV(r, test.options)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(&test.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestReadCSVFails(t *testing.T) {
	tests := []struct {
		name    string
		options data.CSVConfig
		file    string
		line    int
		column  int
		text    string
	}{
		{"empty", data.CSVConfig{}, "", 1, 0, "want a table, got the end of the file"},
		{"no header", data.CSVConfig{}, "1,2\n3,4\n", 1, 0, `want names of columns (or the option NoHeader), got numbers: "1,2"`},
		{"unexpected header", data.CSVConfig{NoHeader: true}, "1,b\n3,4\n", 1, 2, `want a finite float32, got "b"`},
		{"word", data.CSVConfig{}, "a,b\n1,2\n\n3,four\n", 4, 2, `want a finite float32 in column "b", got "four"`},
		{"missing value", data.CSVConfig{}, "a,b\n1,\n", 2, 2, `got ""`},
		{"NaN", data.CSVConfig{}, "a,b\nNaN,1\n", 2, 1, `got "NaN"`},
		{"infinity", data.CSVConfig{}, "a,b\n1,-inf\n", 2, 2, `got "-inf"`},
		{"beyond float32", data.CSVConfig{}, "a,b\n1,1e39\n", 2, 2, "want a finite float32"},
		{"beyond float64", data.CSVConfig{DType: data.Float64}, "a,b\n1,1e309\n", 2, 2, "want a finite float64"},
		{"missing label", data.CSVConfig{Label: "b"}, "a,b\n1,2\n1,\n", 3, 2, `want a label in column "b"`},
		{"short line", data.CSVConfig{}, "a,b\n1,2\n3\n", 3, 0, "want 2 fields, as in the first line, got 1"},
		{"long line", data.CSVConfig{}, "a,b\n1,2,3\n", 2, 0, "got 3"},
		{"quote", data.CSVConfig{}, "a,b\n1,\"2\n", 2, 0, "want fields of CSV"},
		{"unknown column", data.CSVConfig{Label: "class"}, "a,b\n1,2\n", 1, 0, `want a column "class", got 2 columns named ["a" "b"]`},
		{"column 0", data.CSVConfig{Targets: []string{"0"}}, "a,b\n1,2\n", 1, 0, `want a column "0"`},
		{"column beyond", data.CSVConfig{Ignore: []string{"-3"}, NoHeader: true}, "1,2\n", 1, 0, `want a column "-3", got 2 columns`},
		{"no features", data.CSVConfig{Label: "a", Targets: []string{"b"}}, "a,b\n1,2\n", 1, 0, "want a column of features"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "table.csv")
			if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := data.ReadCSVFile(path, test.options)
			var format *data.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error %v, want a *FormatError", err)
			}
			if format.Line != test.line || format.Column != test.column || format.File != path || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %q at line %d, column %d; want %q at %d, %d", err, format.Line, format.Column, test.text, test.line, test.column)
			}
		})
	}
	whole := gzipped(t, []byte("a,b\n1,2\n"))
	if _, err := data.ReadCSV(bytes.NewReader(whole[:len(whole)-9]), data.CSVConfig{}); !isFormatError(err) {
		t.Errorf("truncated gzip: error %v, want a *FormatError", err)
	}
	failure := errors.New("unreadable")
	if _, err := data.ReadCSV(io.MultiReader(strings.NewReader("a,b\n1,"), iotest.ErrReader(failure)), data.CSVConfig{}); !errors.Is(err, failure) || isFormatError(err) {
		t.Errorf("failing reader: error %v, want one that wraps the reader's", err)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n3,4\n"), "b", false)
	f.Add([]byte("1,x\n2,y\n"), "-1", true)
	f.Add([]byte("\ufeffa;b\n\"1\"\"\",2\n"), "", false)
	f.Add([]byte("a\n\n\n1\n"), "1", false)
	f.Add(gzipped(f, []byte("a,b\n1,2\n")), "2", false)
	f.Fuzz(func(t *testing.T, file []byte, label string, noHeader bool) {
		a, err := data.ReadCSV(bytes.NewReader(file), data.CSVConfig{Label: label, NoHeader: noHeader})
		if err != nil {
			if !isFormatError(err) {
				t.Fatalf("error %v is no *FormatError", err)
			}
			return
		}
		for i, v := range a.X.Float32s {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("element %d is %v", i, v)
			}
		}
		for i, label := range a.Labels {
			if label < 0 || a.Classes != nil && label >= len(a.Classes) {
				t.Fatalf("label %d is %d of %d classes", i, label, len(a.Classes))
			}
		}
		var batch data.Batch
		if err := a.Fill(&batch, nil); err != nil { // panics if the fields do not fit
			t.Fatal(err)
		}
	})
}
