package data

import "cmp"

// Passages is a Dataset for models of language: all pieces of length tokens of a text,
// each with the tokens that follow as labels,
//
//	tokens tᵢ … tᵢ₊ₗ₋₁, labels tᵢ₊₁ … tᵢ₊ₗ
//
// where i goes up by Stride from one to the next. The tokens are in memory or in a file, of
// which only the passages of a batch are read: it may be larger than memory.
type Passages struct {
	Tokens []int      // of the text
	File   *ArrayFile // in place of Tokens: whole numbers along one axis, as [Vocabulary.EncodeFile] writes them
	Length int        // of a passage; positive
	Stride int        // 0 means Length: passages do not overlap
}

// Len is the number of passages.
func (p *Passages) Len() int {
	tokens := len(p.Tokens)
	if p.File != nil {
		tokens = p.File.Len()
	}
	n := tokens - 1 - p.Length
	if p.Length <= 0 || p.Stride < 0 || n < 0 {
		return 0
	}
	return n/cmp.Or(p.Stride, p.Length) + 1
}

// NumClasses is one more than the largest of Tokens. It is 0, for not known, where they are
// in a File: there it is [Vocabulary.Len] of the vocabulary they are of.
func (p *Passages) NumClasses() int { return numClasses(nil, p.Tokens) }

// Fill makes batch hold the passages with these indices. It fails with a [*ValueError] if
// an index is out of range, Length is not positive, Stride is negative, or there are both
// Tokens and a File or this has another number of axes than one; if the File cannot be read;
// and with a [*FormatError] if it ends before a passage does or holds anything but whole
// numbers.
func (p *Passages) Fill(batch *Batch, indices []int) error {
	const op = "Passages"
	if p.Length <= 0 || p.Stride < 0 {
		return mismatch(op, "length %d and stride %d: want a positive length and no negative stride", p.Length, p.Stride)
	}
	if p.File != nil && (p.Tokens != nil || len(p.File.shape) != 1) {
		return mismatch(op, "%d tokens and a file of shape %v: want one of them, and that with one axis", len(p.Tokens), p.File.Shape())
	}
	if err := checkIndices(op, indices, p.Len()); err != nil {
		return err
	}
	batch.Reset(len(indices), 0)
	batch.ResetTokens(p.Length)
	batch.ResetLabels(p.Length)
	for row, i := range indices {
		start := i * cmp.Or(p.Stride, p.Length)
		tokens, labels := batch.Tokens[row*p.Length:(row+1)*p.Length], batch.Labels[row*p.Length:(row+1)*p.Length]
		if p.File != nil {
			if err := p.read(tokens, labels, start, i); err != nil {
				return err
			}
			continue
		}
		copy(tokens, p.Tokens[start:])
		copy(labels, p.Tokens[start+1:])
	}
	return nil
}

// read sets tokens and labels to those of a passage, which begins at token start of the
// file.
func (p *Passages) read(tokens, labels []int, start, passage int) error {
	if err := p.File.readInts(tokens, int64(start), passage); err != nil {
		return err
	}
	last := labels[copy(labels, tokens[1:]):]
	return p.File.readInts(last, int64(start)+int64(len(tokens)), passage)
}
