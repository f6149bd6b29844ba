package data

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Vocabulary numbers the tokens of texts, such as words or characters. Numbers 0 and 1 are
// for padding and for tokens that are not known.
type Vocabulary struct {
	Tokens []string // by number

	numbers map[string]int
}

// What the first numbers of a [Vocabulary] stand for.
const (
	PaddingToken = 0
	UnknownToken = 1
)

// NewVocabulary numbers the tokens that occur in texts, which split cuts into tokens, the
// most frequent ones first and in alphabetical order where frequencies are equal. Of them
// it knows as many as make size numbers with the two others, all if size is 0. It panics
// with [*ValueError] if size is negative.
func NewVocabulary(texts []string, split func(text string) []string, size int) *Vocabulary {
	if size < 0 {
		misuse("NewVocabulary", "size %d: want no negative number", size)
	}
	counts := tokenCounts{}
	for _, text := range texts {
		for _, token := range split(text) {
			counts.add(token)
		}
	}
	return counts.vocabulary(size)
}

// ReadVocabulary is [NewVocabulary] of a text that is read piece by piece, plain or
// compressed with gzip; see [ReadTokens]. It takes memory for the tokens that differ, not
// for the text. It fails if the text cannot be read. It panics as NewVocabulary does.
func ReadVocabulary(r io.Reader, split func(text string) []string, size int) (*Vocabulary, error) {
	if size < 0 {
		misuse("ReadVocabulary", "size %d: want no negative number", size)
	}
	counts := tokenCounts{}
	for token, err := range ReadTokens(r, split) {
		if err != nil {
			return nil, err
		}
		counts.add(token)
	}
	return counts.vocabulary(size), nil
}

// tokenCounts is how often tokens occur. A token that is there is not assigned to, which
// would put it in the place of the one before, and hold on to the text that it is a part of.
type tokenCounts map[string]*int

func (c tokenCounts) add(token string) {
	if count := c[token]; count != nil {
		*count++
		return
	}
	one := 1
	c[strings.Clone(token)] = &one
}

// vocabulary numbers the most frequent tokens.
func (c tokenCounts) vocabulary(size int) *Vocabulary {
	tokens := slices.Collect(maps.Keys(c))
	slices.SortFunc(tokens, func(a, b string) int {
		return cmp.Or(cmp.Compare(*c[b], *c[a]), cmp.Compare(a, b))
	})
	if size > 0 {
		tokens = tokens[:min(len(tokens), max(0, size-2))]
	}
	return VocabularyOf(append([]string{"", "?"}, tokens...))
}

// VocabularyOf is the vocabulary of these tokens, by number; those of padding and of
// unknown tokens stand for nothing else. It panics with [*ValueError] if there are not at
// least these two, or one of the others is there twice.
func VocabularyOf(tokens []string) *Vocabulary {
	if len(tokens) < 2 {
		misuse("VocabularyOf", "%d tokens: want at least those of padding and of unknown tokens", len(tokens))
	}
	v := &Vocabulary{Tokens: slices.Clone(tokens), numbers: make(map[string]int, len(tokens))}
	for number, token := range v.Tokens[2:] {
		if _, twice := v.numbers[token]; twice {
			misuse("VocabularyOf", "the token %q twice", token)
		}
		v.numbers[token] = number + 2
	}
	return v
}

// Len is how many numbers there are.
func (v *Vocabulary) Len() int { return len(v.Tokens) }

// Encode returns the numbers of tokens.
func (v *Vocabulary) Encode(tokens []string) []int {
	numbers := make([]int, len(tokens))
	for i, token := range tokens {
		numbers[i] = v.number(token)
	}
	return numbers
}

// number is the number of a token.
func (v *Vocabulary) number(token string) int {
	if number, known := v.numbers[token]; known {
		return number
	}
	return UnknownToken
}

// Decode returns the tokens with these numbers. It panics with [*ValueError] if there is
// no such number.
func (v *Vocabulary) Decode(numbers []int) []string {
	tokens := make([]string, len(numbers))
	for i, number := range numbers {
		if number < 0 || number >= len(v.Tokens) {
			misuse("Vocabulary.Decode", "number %d of a vocabulary of %d", number, len(v.Tokens))
		}
		tokens[i] = v.Tokens[number]
	}
	return tokens
}

// Characters cuts a text into its characters (Unicode code points).
func Characters(text string) []string {
	characters := make([]string, 0, len(text))
	for _, r := range text {
		characters = append(characters, string(r))
	}
	return characters
}

// Words cuts a text into words, which are runs of letters, marks and digits, in lower
// case, and what else is not space, each character by itself.
func Words(text string) []string {
	var words []string
	start := -1
	flush := func(end int) {
		if start >= 0 {
			words = append(words, strings.ToLower(text[start:end]))
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if start < 0 {
				start = i
			}
		default:
			flush(i)
			if !unicode.IsSpace(r) {
				words = append(words, string(r))
			}
		}
	}
	flush(len(text))
	return words
}
