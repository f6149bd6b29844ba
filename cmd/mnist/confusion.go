package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	classesPerLine = 5
	confusedPairs  = 5 // how many are shown
)

// confusion counts how often images of one class were taken for another.
type confusion struct {
	names  []string
	counts [][]int // [class of the image][class predicted]
}

func newConfusion(names []string) *confusion {
	c := &confusion{names: names, counts: make([][]int, len(names))}
	for i := range c.counts {
		c.counts[i] = make([]int, len(names))
	}
	return c
}

// print shows how well each class is recognized, and the pairs most often confused.
func (c *confusion) print(w io.Writer) {
	width := 0
	for _, name := range c.names {
		width = max(width, utf8.RuneCountInString(name))
	}
	fmt.Fprintln(w, "Accuracy by class:")
	var line strings.Builder
	for class, counts := range c.counts {
		total := 0
		for _, n := range counts {
			total += n
		}
		accuracy := "     –"
		if total > 0 {
			accuracy = fmt.Sprintf("%.4f", float64(counts[class])/float64(total))
		}
		fmt.Fprintf(&line, "  %*s %s", width, c.names[class], accuracy)
		if (class+1)%classesPerLine == 0 || class+1 == len(c.counts) {
			fmt.Fprintln(w, line.String())
			line.Reset()
		}
	}
	if pairs := c.worst(); len(pairs) > 0 {
		fmt.Fprintln(w, "Most often confused: "+strings.Join(pairs, ", "))
	}
}

// worst lists the pairs of classes most often confused.
func (c *confusion) worst() []string {
	type pair struct{ class, predicted, n int }
	var pairs []pair
	for class, counts := range c.counts {
		for predicted, n := range counts {
			if predicted != class && n > 0 {
				pairs = append(pairs, pair{class, predicted, n})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.n, a.n) })
	var texts []string
	for _, p := range pairs[:min(confusedPairs, len(pairs))] {
		texts = append(texts, fmt.Sprintf("%s taken for %s (%d)", c.names[p.class], c.names[p.predicted], p.n))
	}
	return texts
}
