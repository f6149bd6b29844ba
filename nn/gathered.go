package nn

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// gathered is the rows of an array that comes in pieces, side by side.
type gathered struct {
	all    data.Array // the zero Array if there are none
	memory data.Array
}

// begin takes the rows away, and keeps their memory.
func (g *gathered) begin() {
	g.all = data.Array{}
	g.memory.Float32s, g.memory.Float64s = g.memory.Float32s[:0], g.memory.Float64s[:0]
}

// take adds rows, if v is not the zero Variable. If they are the whole they are not copied.
func (g *gathered) take(v autograd.Variable, whole bool) {
	switch {
	case v == autograd.Variable{}:
	case whole:
		g.all = elementsOf(v)
	default:
		piece := elementsOf(v)
		g.append(&piece)
	}
}

// append adds copies of rows.
func (g *gathered) append(piece *data.Array) {
	all, first := &g.memory, g.all.Shape == nil
	if first {
		all.Shape = append(all.Shape[:0], piece.Shape...)
	} else if len(piece.Shape) == len(all.Shape) {
		all.Shape[0] += piece.Rows()
	}
	if len(piece.Shape) == 0 || !slices.Equal(piece.Shape[1:], all.Shape[1:]) || !first && piece.DType() != all.DType() {
		panic(&autograd.ValueError{Op: "nn.Trainer", Reason: fmt.Sprintf(
			"metrics need the outputs of all pieces of a batch side by side, but one has shape %v after %v", piece.Shape, all.Shape)})
	}
	all.Float32s = append(all.Float32s, piece.Float32s...)
	all.Float64s = append(all.Float64s, piece.Float64s...)
	g.all = *all
	if piece.DType() == autograd.Float32 {
		g.all.Float64s = nil
	} else {
		g.all.Float32s = nil
	}
}
