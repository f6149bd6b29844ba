package data_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

func writeFile(t *testing.T, content string) (path string) {
	path = filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file that is read line by line has the examples of one that is read as a whole.
func TestOpenCSV(t *testing.T) {
	var many strings.Builder
	many.WriteString("id,a,colour,y\r\n")
	for i := range 3000 {
		fmt.Fprintf(&many, "%d,%d.25,%s,%d\r\n", i, i, []string{"red", "\"light\nblue\"", "green"}[i%3], i%7)
		if i%100 == 0 {
			many.WriteString("\r\n# a comment\r\n?,?,?,?\r\n")
		}
	}
	for _, test := range []struct {
		name   string
		file   string
		config data.CSVConfig
	}{
		{"numbers", "a,b\n1,2\n3,4\n5,6", data.CSVConfig{}},
		{"a mark, no header", "\ufeff1,2\n\n3,4\n", data.CSVConfig{NoHeader: true}},
		{"lines before", "x\ny\na,b,c\n1,2,u\n3,4,v\n", data.CSVConfig{Skip: 2, Label: "c", Targets: []string{"a"}}},
		{"means", "a,b\n1,2\n?,4\n5,?\n", data.CSVConfig{Missing: []string{"?"}, OnMissing: data.MissingMean}},
		{"NaN", "a,b\n1,2\n?,4\n5,?\n", data.CSVConfig{Missing: []string{"?"}, OnMissing: data.MissingNaN}},
		{"many lines", many.String(), data.CSVConfig{Comment: '#', Missing: []string{"?"}, Categories: []string{"colour"}, Label: "y", Ignore: []string{"id"}}},
		{"inferred", many.String(), data.CSVConfig{Comment: '#', Missing: []string{"?"}, Infer: true, Targets: []string{"y"}, DType: data.Float64}},
		{"semicolons, numbers as labels", "a;b\n0,5;3\n1,5;1\n", data.CSVConfig{Comma: ';', Label: "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := writeFile(t, test.file)
			whole, err := data.ReadCSVFile(path, test.config)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := data.OpenCSV(path, test.config)
			if err != nil {
				t.Fatal(err)
			}
			defer lines.Close()
			if lines.Len() != whole.Len() || lines.Dropped != whole.Dropped || lines.NumClasses() != whole.NumClasses() {
				t.Errorf("%d lines, %d left out, %d classes: want %d, %d and %d", lines.Len(), lines.Dropped, lines.NumClasses(), whole.Len(), whole.Dropped, whole.NumClasses())
			}
			if diff := cmp.Diff(whole.Classes, lines.Classes); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
			if !test.config.NoHeader && !cmp.Equal(whole.Names, lines.Names) {
				t.Errorf("names %q, want %q", lines.Names, whole.Names)
			}
			config := data.LoaderConfig{BatchSize: 100, Shuffle: true, Prefetch: 3, Workers: 2}
			for batch, err := range data.NewLoader(lines, config).Batches(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				want := data.Batch{Number: batch.Number, Indices: batch.Indices}
				if diff := cmp.Diff(filled(t, whole, &want, batch.Indices...), batch, fields, cmpopts.EquateNaNs()); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			}
			if class, ok := lines.Label(0); test.config.Label != "" && (!ok || class != whole.Labels[0]) {
				t.Errorf("class %d, %v", class, ok)
			}
		})
	}
}

func TestOpenCSVFails(t *testing.T) {
	for text, file := range map[string]string{
		"line 3, column 2: want a finite float32": "a,b\n1,2\n3,x\n",
		"want a table that is not compressed":     string(gzipped(t, []byte("a\n1\n"))),
		"want a table, got the end of the file":   "",
	} {
		if _, err := data.OpenCSV(writeFile(t, file), data.CSVConfig{}); !isFormatError(err) || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want a *FormatError with %q", err, text)
		}
	}
	path := writeFile(t, "a,b\n10,20\n30,40\n")
	lines, err := data.OpenCSV(path, data.CSVConfig{Categories: []string{"b"}})
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	var b data.Batch
	if err := lines.Fill(&b, []int{2}); err == nil || !strings.Contains(err.Error(), "index 2") {
		t.Errorf("error %v", err)
	}
	for _, changed := range []string{"a,b\n1020,30\n40\n", "a,b\n1\n", "a,b\n10,21\n30,40\n"} {
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := lines.Fill(&b, []int{0, 1}); !isFormatError(err) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v of a file that has changed, want a *FormatError", err)
		}
	}
}
