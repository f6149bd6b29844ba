package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// LocalResponseNorm divides each element by what is at the same place in the channels
// around it (Krizhevsky et al. 2012):
//
//	y = x/(k + α/size·Σx²)^β
//
// with the sum over size channels, those outside counting as 0.
type LocalResponseNorm struct {
	NoParts
	Size  int     // channels in the sum, of which size/2 lie before; positive
	Alpha float64 // α; 0 means 1e-4, None 0
	Beta  float64 // β; 0 means 0.75, None 0
	K     float64 // k; 0 means 1, None 0
}

// Forward normalizes x [batch, channels, …]. It panics with [*autograd.ShapeError] if x
// has fewer than three axes, and with [*autograd.ValueError] if Size is not positive, or
// another number is negative or not finite.
func (l LocalResponseNorm) Forward(x autograd.Variable) autograd.Variable {
	const op = "nn.LocalResponseNorm"
	alpha, beta, k := number(op, "Alpha", l.Alpha, 1e-4), number(op, "Beta", l.Beta, 0.75), number(op, "K", l.K, 1)
	if l.Size < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Size is %d, expected a positive number", l.Size)})
	}
	if x.Rank() < 3 {
		panic(shapeError(op, "expected [batch, channels, …]", x))
	}
	var buffer [8][2]int
	widths := append(buffer[:0], make([][2]int, x.Rank())...)
	widths[1] = [2]int{l.Size / 2, (l.Size - 1) / 2}
	squares, channels := x.Square().Pad(0, widths...), x.Dim(1)
	sum := squares.Slice(1, 0, channels)
	for i := 1; i < l.Size; i++ {
		sum = sum.Add(squares.Slice(1, i, i+channels))
	}
	return x.Mul(sum.MulScalar(alpha / float64(l.Size)).AddScalar(k).PowScalar(-beta))
}
