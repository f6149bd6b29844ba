package data_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
)

func TestReadCSVOptions(t *testing.T) {
	nan := float32(math.NaN())
	for _, test := range []struct {
		name   string
		config data.CSVConfig
		file   string
		want   data.Arrays
	}{
		{
			name:   "lines before the header, comments",
			config: data.CSVConfig{Skip: 2, Comment: '#'},
			file:   "Measured in \"2026\nby nobody\r\na,b\n# a comment\n1,2\n",
			want:   data.Arrays{X: data.NewArray([]float32{1, 2}, 1, 2), Names: []string{"a", "b"}},
		},
		{
			name:   "lines before data",
			config: data.CSVConfig{Skip: 1, NoHeader: true},
			file:   "nothing\n1,2\n",
			want:   data.Arrays{X: data.NewArray([]float32{1, 2}, 1, 2)},
		},
		{
			name:   "categories in their place",
			config: data.CSVConfig{Categories: []string{"colour"}, Label: "y"},
			file:   "a,colour,b,y\n1,red,2,0\n3,blue,4,1\n5, red ,6,1\n",
			want: data.Arrays{
				X: data.NewArray([]float32{1, 0, 1, 2, 3, 1, 0, 4, 5, 0, 1, 6}, 3, 4), Labels: []int{0, 1, 1},
				Names: []string{"a", "colour=blue", "colour=red", "b"},
			},
		},
		{
			name:   "categories by number, nothing else",
			config: data.CSVConfig{Categories: []string{"1"}, NoHeader: true, DType: data.Float64},
			file:   "x\ny\n",
			want:   data.Arrays{X: data.NewArray([]float64{1, 0, 0, 1}, 2, 2), Names: []string{"1=x", "1=y"}},
		},
		{
			name:   "inferred, a missing number and quotes",
			config: data.CSVConfig{Infer: true, Missing: []string{"NA"}, OnMissing: data.MissingMean},
			file:   "a,b\n1,\"p,q\"\nNA,2\n5,NA\n",
			want: data.Arrays{
				X:     data.NewArray([]float32{1, 0, 0, 1, 3, 1, 0, 0, 5, 0, 1, 0}, 3, 4),
				Names: []string{"a", "b=2", "b=NA", "b=p,q"},
			},
		},
		{
			name:   "missing values dropped",
			config: data.CSVConfig{Missing: []string{"", "?"}, Label: "y", Ignore: []string{"c"}},
			file:   "a,b,c,y\n1,2,,0\n?,2,,1\n3,,,0\n4,5,,?\n6,7,x,1\n",
			want: data.Arrays{X: data.NewArray([]float32{1, 2, 6, 7}, 2, 2), Labels: []int{0, 1},
				Names: []string{"a", "b"}, Dropped: 3},
		},
		{
			name:   "missing values as means; lines without a target are dropped",
			config: data.CSVConfig{Missing: []string{"?"}, OnMissing: data.MissingMean, Targets: []string{"y"}},
			file:   "a,b,y\n1,?,1\n?,?,2\n3,?,3\n9,9,?\n",
			want: data.Arrays{X: data.NewArray([]float32{1, 0, 2, 0, 3, 0}, 3, 2), Y: data.NewArray([]float32{1, 2, 3}, 3, 1),
				Names: []string{"a", "b"}, Dropped: 1},
		},
		{
			name:   "missing values as NaN",
			config: data.CSVConfig{Missing: []string{"?"}, OnMissing: data.MissingNaN},
			file:   "a,b\n1,?\n",
			want:   data.Arrays{X: data.NewArray([]float32{1, nan}, 1, 2), Names: []string{"a", "b"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := data.ReadCSV(strings.NewReader(test.file), test.config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadCSVOptionsFail(t *testing.T) {
	var many strings.Builder
	for i := range 1002 {
		fmt.Fprintf(&many, "word%d\n", i)
	}
	for _, test := range []struct {
		name         string
		config       data.CSVConfig
		file         string
		line, column int
		want         string
	}{
		{"too few lines", data.CSVConfig{Skip: 3}, "a\nb\n", 3, 0, "3 lines to pass over"},
		{"a line after skipped ones", data.CSVConfig{Skip: 2}, "x\ny\na,b\n1,2\n3,x\n", 5, 2, "a finite float32"},
		{"fields after skipped ones", data.CSVConfig{Skip: 1}, "x\na,b\n1,2\n3\n", 4, 0, "2 fields"},
		{"a quote after skipped ones", data.CSVConfig{Skip: 1}, "x\na,b\n1,\"2\"x\n", 3, 0, "fields of CSV"},
		{"a word behind the lines that decide", data.CSVConfig{Infer: true}, "a\n" + strings.Repeat("1\n", 1000) + "x\n", 1002, 1, "a finite float32"},
		{"a missing value that is none", data.CSVConfig{Missing: []string{"?"}}, "a\nNA\n", 2, 1, "a finite float32"},
		{"an unknown category", data.CSVConfig{Categories: []string{"z"}}, "a\n1\n", 1, 0, `a column "z"`},
		{"too many words", data.CSVConfig{Categories: []string{"1"}, NoHeader: true}, many.String(), 1001, 1, "one of 1000 words"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := data.ReadCSV(strings.NewReader(test.file), test.config)
			var format *data.FormatError
			if !errors.As(err, &format) || format.Line != test.line || format.Column != test.column || !strings.Contains(format.Want, test.want) {
				t.Errorf("error %v, want one on line %d, column %d, with %q", err, test.line, test.column, test.want)
			}
		})
	}
}
