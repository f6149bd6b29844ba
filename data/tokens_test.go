package data_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

// tokensOf is all tokens that a text has when it is read piece by piece.
func tokensOf(t *testing.T, r io.Reader, split func(string) []string) (tokens []string) {
	t.Helper()
	for token, err := range data.ReadTokens(r, split) {
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	return tokens
}

// A text that is read piece by piece has the tokens of the whole.
func TestReadTokens(t *testing.T) {
	for name, text := range map[string]string{
		"empty":          "",
		"short":          "The cat, the hat.",
		"lines":          strings.Repeat("Été — the 1st,\u2003of MANY\r\n", 6000),
		"space at last":  strings.Repeat("a", 1<<17) + " b",
		"no white space": strings.Repeat("日,", 300_000),
		"cut characters": "x" + strings.Repeat("日", 360_000),
		"no UTF-8":       strings.Repeat("a\xff\xe6 ", 40_000) + "\xe6\x97",
	} {
		for splitter, split := range map[string]func(string) []string{"words": data.Words, "characters": data.Characters} {
			if name == "cut characters" && splitter == "words" {
				continue // a word of more than a mebibyte is two
			}
			want := strings.Join(split(text), "|")
			for reader, r := range map[string]io.Reader{
				"plain": strings.NewReader(text), "halves": iotest.HalfReader(strings.NewReader(text)),
				"end with data": iotest.DataErrReader(strings.NewReader(text)), "gzip": bytes.NewReader(gzipped(t, []byte(text))),
			} {
				if len(text) > 1<<20 && reader != "halves" {
					continue
				}
				if got := strings.Join(tokensOf(t, r, split), "|"); got != want {
					t.Errorf("%s, %s, %s: %d bytes of tokens, want %d", name, splitter, reader, len(got), len(want))
				}
			}
		}
	}
	for token, err := range data.ReadTokens(strings.NewReader("a b c"), data.Words) {
		if err != nil || token != "a" {
			t.Error(token, err)
		}
		break
	}
	for token, err := range data.ReadTokens(bytes.NewReader(gzipped(t, []byte("a b c"))[:24]), data.Words) {
		if !isFormatError(err) || token != "" {
			t.Errorf("token %q, error %v of a truncated text", token, err)
		}
	}
	broken := errors.New("broken")
	if _, err := data.ReadVocabulary(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), data.Words, 0); !errors.Is(err, broken) || !strings.Contains(err.Error(), "byte 3") {
		t.Errorf("error %v", err)
	}
	wantMisuse(t, func() { data.ReadVocabulary(strings.NewReader(""), data.Words, -1) })
}

// Passages of a file are those of the same tokens in memory.
func TestPassagesOfFile(t *testing.T) {
	many := &strings.Builder{}
	for i := range 66_000 {
		fmt.Fprintf(many, "w%d w%d\n", i, i)
	}
	for _, text := range []string{"", "one", strings.Repeat("to be or not to be, ", 50), many.String()} {
		v, err := data.ReadVocabulary(strings.NewReader(text), data.Words, 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(data.NewVocabulary([]string{text}, data.Words, 0).Tokens, v.Tokens); diff != "" {
			t.Fatalf("vocabulary (-want +got):\n%s", diff)
		}
		tokens := v.Encode(data.Words(text))
		path := filepath.Join(t.TempDir(), "tokens.npy")
		if n, err := v.EncodeFile(path, strings.NewReader(text), data.Words); err != nil || n != len(tokens) {
			t.Fatalf("%d tokens, %v", n, err)
		}
		array, err := data.ReadNPYFile(path)
		if err != nil || array.Rows() != len(tokens) || (v.Len() > 1<<16) != (array.Float64s != nil) {
			t.Fatalf("an array of shape %v, %v", array.Shape, err)
		}
		file := opened(t)(data.OpenNPY(path))
		for _, stride := range []int{0, 1, 5} {
			memory, disk := &data.Passages{Tokens: tokens, Length: 4, Stride: stride}, &data.Passages{File: file, Length: 4, Stride: stride}
			if memory.Len() != disk.Len() {
				t.Errorf("%d passages, want %d", disk.Len(), memory.Len())
			}
			if memory.Len() == 0 {
				continue
			}
			var want, got data.Batch
			if diff := cmp.Diff(filled(t, memory, &want, memory.Len()-1, 0, 1), filled(t, disk, &got, memory.Len()-1, 0, 1), fields); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}

func TestPassagesOfFileFail(t *testing.T) {
	array := func(header string, elements ...byte) *data.ArrayFile {
		return opened(t)(data.OpenNPY(writeFile(t, string(npyBytes(header, elements...)))))
	}
	halves := array("{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }", 0, 0, 0, 0, 0, 0x38, 0, 0)
	square := array("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }", 1, 2, 3, 4)
	for text, p := range map[string]*data.Passages{
		"want a whole number, of example 0, got 0.5": {File: halves, Length: 3},
		"2 tokens and a file of shape [4]":           {File: halves, Tokens: []int{1, 2}, Length: 1},
		"a file of shape [2 2]":                      {File: square, Length: 1},
	} {
		var b data.Batch
		if err := p.Fill(&b, []int{0}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want one with %q", err, text)
		}
	}
}

func TestEncodeFileFails(t *testing.T) {
	v := data.VocabularyOf([]string{"", "?", "a"})
	path := writeFile(t, "before")
	broken := io.MultiReader(strings.NewReader("a a a"), iotest.ErrReader(errors.New("broken")))
	if _, err := v.EncodeFile(path, broken, data.Words); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("error %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "before" {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := v.EncodeFile(filepath.Join(path, "x"), strings.NewReader(""), data.Words); err == nil || !strings.Contains(err.Error(), "writing the tokens to "+path) {
		t.Errorf("error %v", err)
	}
}
