package data

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/chainrule-go/chainrule/internal/durable"
)

// Texts that are larger than memory.

const (
	textPiece    = 1 << 16 // bytes that are cut into tokens at once, about
	longestPiece = 1 << 20 // at most, if there is no white space among them
)

// ReadTokens is the tokens of a text, which split, such as [Words] or [Characters], cuts it
// into. The text, plain or compressed with gzip, is read piece by piece, whatever its length,
// and split is called with each: pieces end after white space, so that splitting must not
// depend on what is beyond it, or within a mebibyte without any. The first error ends the
// tokens: it is a [*FormatError] if compressed data are damaged. A loop may be left at any
// time; the text has been read further then than its tokens.
func ReadTokens(r io.Reader, split func(text string) []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := eachPiece(r, func(piece []byte) bool {
			for _, token := range split(string(piece)) {
				if !yield(token, nil) {
					return false
				}
			}
			return true
		})
		if err != nil {
			yield("", err)
		}
	}
}

// eachPiece hands a text to f, piece by piece, until that returns false.
func eachPiece(r io.Reader, f func(piece []byte) bool) error {
	name, at := nameOf(r), int64(0)
	content, err := uncompress(r, name)
	if err != nil {
		return err
	}
	text := make([]byte, 0, 2*textPiece)
	for {
		if cap(text)-len(text) < textPiece {
			text = append(make([]byte, 0, 2*cap(text)), text...)
		}
		for before := len(text); err == nil && len(text) < before+textPiece; {
			var n int
			n, err = content.Read(text[len(text) : before+textPiece])
			text, at = text[:len(text)+n], at+int64(n)
		}
		if err == io.EOF {
			f(text)
			return nil
		}
		if err != nil {
			return readError(name, at, "the rest of the text", err)
		}
		end := pieceEnd(text)
		if end > 0 && !f(text[:end]) {
			return nil
		}
		text = append(text[:0], text[end:]...)
	}
}

// pieceEnd is where to cut a text of which more will come; 0 if that has to come before.
func pieceEnd(text []byte) int {
	for end := len(text); end > 0; {
		r, size := utf8.DecodeLastRune(text[:end])
		if unicode.IsSpace(r) {
			return end
		}
		end -= size
	}
	if len(text) < longestPiece {
		return 0
	}
	end := len(text)
	for range utf8.UTFMax {
		if end--; utf8.RuneStart(text[end]) {
			break
		}
	}
	if utf8.FullRune(text[end:]) {
		return len(text)
	}
	return end
}

// EncodeFile writes the numbers of a text's tokens to a file at path, for [Passages] to read,
// and returns how many there are. The text is read piece by piece as [ReadTokens] does. The
// file is an array as [WriteNPY] writes it, which NumPy reads too, of uint16 or, for a
// vocabulary of more than 65,536 tokens, of uint32. It is put at path when it is complete:
// until then, and if EncodeFile fails, as it does if the text cannot be read or the file not
// be written, what was at path stays.
func (v *Vocabulary) EncodeFile(path string, text io.Reader, split func(text string) []string) (n int, err error) {
	size := 2
	if v.Len() > math.MaxUint16+1 {
		size = 4
	}
	err = durable.Replace(durable.OS{}, path, func(w io.Writer) error {
		n, err = v.encode(w, size, text, split)
		return err
	})
	if err != nil {
		var format *FormatError
		if !errors.As(err, &format) {
			err = fmt.Errorf("data: writing the tokens to %s: %w", path, err)
		}
		return 0, err
	}
	return n, nil
}

// encode writes an array of numbers of so many bytes.
func (v *Vocabulary) encode(w io.Writer, size int, text io.Reader, split func(text string) []string) (n int, err error) {
	// The header, which has the number of tokens, is written again at the end: its length
	// is the same for all of them, as NPY pads it.
	descr := fmt.Sprintf("<u%d", size)
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(npyBeginning(descr, []int{0}))
	var p [4]byte
	for token, err := range ReadTokens(text, split) {
		if err != nil {
			return 0, err
		}
		binary.LittleEndian.PutUint32(p[:], uint32(v.number(token)))
		if _, err := b.Write(p[:size]); err != nil {
			return 0, err
		}
		n++
	}
	if err := b.Flush(); err != nil {
		return 0, err
	}
	_, err = w.(io.WriterAt).WriteAt(npyBeginning(descr, []int{n}), 0) // an *os.File
	return n, err
}
