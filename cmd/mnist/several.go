package main

import (
	"image"
	"slices"
)

// This file notices that a picture shows more than one object.

// countObjects is the number of objects that the ink of a picture looks like: those side
// by side, with empty columns between them, or else those above each other, with empty
// rows between. What is less than half as tall as the tallest of them is a part of one: a
// stroke that is apart from the rest of its digit.
func countObjects(ink *image.Gray) int {
	var boxes []image.Rectangle
	for _, spot := range spotsOf(ink) {
		box := image.Rectangle{}
		for _, i := range spot {
			x, y := i%ink.Rect.Dx(), i/ink.Rect.Dx()
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
		boxes = append(boxes, box)
	}
	columns := apart(boxes, func(r image.Rectangle) (from, to int) { return r.Min.X, r.Max.X })
	rows := apart(boxes, func(r image.Rectangle) (from, to int) { return r.Min.Y, r.Max.Y })
	return max(countTall(columns), countTall(rows))
}

// apart joins boxes until no two have a column, or what else extent says, in common.
func apart(boxes []image.Rectangle, extent func(image.Rectangle) (from, to int)) []image.Rectangle {
	boxes = slices.Clone(boxes)
	slices.SortFunc(boxes, func(a, b image.Rectangle) int {
		fromA, _ := extent(a)
		fromB, _ := extent(b)
		return fromA - fromB
	})
	var joined []image.Rectangle
	for _, box := range boxes {
		if last := len(joined) - 1; last >= 0 {
			from, _ := extent(box)
			if _, to := extent(joined[last]); from < to {
				joined[last] = joined[last].Union(box)
				continue
			}
		}
		joined = append(joined, box)
	}
	return joined
}

// countTall is how many boxes are at least half as tall as the tallest.
func countTall(boxes []image.Rectangle) int {
	tallest, n := 0, 0
	for _, box := range boxes {
		tallest = max(tallest, box.Dy())
	}
	for _, box := range boxes {
		if 2*box.Dy() >= tallest {
			n++
		}
	}
	return n
}
