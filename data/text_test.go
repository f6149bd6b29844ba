package data_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

func TestVocabulary(t *testing.T) {
	texts := []string{"The cat, the hat.", "A cat!"}
	if diff := cmp.Diff([]string{"the", "cat", ",", "the", "hat", "."}, data.Words(texts[0])); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"l", "'", "été", "2026"}, data.Words(" l'Été\t2026 ")); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"é", "t", "é"}, data.Characters("été")); diff != "" {
		t.Errorf("characters (-want +got):\n%s", diff)
	}
	v := data.NewVocabulary(texts, data.Words, 0)
	if diff := cmp.Diff([]string{"", "?", "cat", "the", "!", ",", ".", "a", "hat"}, v.Tokens); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	numbers := v.Encode(data.Words("The dog, a cat"))
	if diff := cmp.Diff([]int{3, data.UnknownToken, 5, 7, 2}, numbers); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	if got := strings.Join(v.Decode(numbers), " "); got != "the ? , a cat" {
		t.Errorf("decoded %q", got)
	}
	small := data.NewVocabulary(texts, data.Words, 4)
	if small.Len() != 4 || !cmp.Equal(small.Encode([]string{"hat", "the"}), []int{data.UnknownToken, 3}) {
		t.Errorf("a small vocabulary of %q", small.Tokens)
	}
	// A token that is written like the one for unknown ones is not that.
	if got := data.VocabularyOf([]string{"", "?", "?"}).Encode([]string{"?", "x", ""}); !cmp.Equal(got, []int{2, 1, 1}) {
		t.Errorf("numbers %v", got)
	}
	wantMisuse(t, func() { data.NewVocabulary(nil, data.Words, -1) })
	wantMisuse(t, func() { data.VocabularyOf([]string{""}) })
	wantMisuse(t, func() { data.VocabularyOf([]string{"", "?", "a", "a"}) })
	wantMisuse(t, func() { v.Decode([]int{9}) })
}

func TestPassages(t *testing.T) {
	text := []int{5, 6, 7, 8, 9, 10, 11, 12}
	var b data.Batch
	filled(t, &data.Passages{Tokens: text, Length: 3}, &b, 1, 0)
	if diff := cmp.Diff([][]int{{8, 9, 10, 5, 6, 7}, {9, 10, 11, 6, 7, 8}}, [][]int{b.Tokens, b.Labels}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, test := range []struct{ tokens, length, stride, want int }{
		{8, 3, 0, 2}, {7, 3, 0, 2}, {6, 3, 0, 1}, {8, 3, 1, 5}, {8, 7, 1, 1}, {8, 8, 1, 0}, {0, 1, 0, 0}, {8, 0, 0, 0}, {8, 1, 0, 7},
	} {
		p := &data.Passages{Tokens: text[:test.tokens], Length: test.length, Stride: test.stride}
		if p.Len() != test.want {
			t.Errorf("%+v: %d passages", test, p.Len())
		}
		for batch, err := range data.NewLoader(p, data.LoaderConfig{BatchSize: 2}).Batches(context.Background(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			for k, token := range batch.Tokens {
				if batch.Labels[k] != token+1 {
					t.Errorf("%+v: tokens %v, labels %v", test, batch.Tokens, batch.Labels)
				}
			}
		}
	}
	for text, p := range map[string]*data.Passages{
		"index 0 of a data set of 0": {Tokens: text, Length: 8},
		"length 0 and stride 0":      {Tokens: text},
		"length 1 and stride -1":     {Tokens: text, Length: 1, Stride: -1},
	} {
		if err := p.Fill(&b, []int{0}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want one with %q", err, text)
		}
	}
}
