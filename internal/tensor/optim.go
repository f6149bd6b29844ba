package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Optimizer steps over whole parameters.

// MaxSlots is how many arrays of state an Update may have.
const MaxSlots = 4

// Update is how an optimizer changes a parameter: a function of a range of its
// elements, of its gradient and of the state that is kept for it.
type Update struct {
	F32 func(x Slices[float32])
	F64 func(x Slices[float64])
}

// Slices is a range of a parameter's elements with what belongs to them, of one length.
type Slices[T simd.Float] struct {
	W, G  []T           // the parameter, and its gradient, which is not written
	Slots [MaxSlots][]T // the state; nil where the parameter has no such array
}

// updateGrain is the number of elements of a piece: steps stream three or more arrays.
const updateGrain = 1 << 13

// Step applies an update to all elements of parameter w with gradient g of the same
// length. Of slots, which are MaxSlots at most, the update gets those of that length.
func Step(u *Update, w, g *Array, slots []Array) {
	n := w.Len()
	switch {
	case n > updateGrain:
		updatings.run(updatingOf(u, w, g, slots), n, updateGrain)
	case w.DType == Float32:
		u.F32(slicesOf(w.F32, g.F32, slots, elements32))
	default:
		u.F64(slicesOf(w.F64, g.F64, slots, elements64))
	}
}

// slicesOf is a whole parameter with what belongs to it.
func slicesOf[T simd.Float](w, g []T, slots []Array, elements func(*Array) []T) Slices[T] {
	x := Slices[T]{W: w, G: g}
	for i := range slots {
		if s := elements(&slots[i]); len(s) == len(w) {
			x.Slots[i] = s
		}
	}
	return x
}

// StepRows is Step for some rows of a parameter, which lie along all its axes but the first:
// row i of g is the gradient of row index[i]. No row is named twice.
func StepRows(u *Update, w, g *Array, slots []Array, index []int) {
	if g.Len() == 0 {
		return
	}
	row := g.Len() / len(index)
	job := updatingOf(u, w, g, slots)
	job.index, job.row = index, row
	updatings.run(job, len(index), max(1, updateGrain/row))
}

// updating is the job of one step.
type updating struct {
	dtype  DType
	update Update
	f32    Slices[float32] // one of these is in use
	f64    Slices[float64]

	index []int // of the rows of a step of rows, or nil
	row   int   // elements of one
}

var updatings jobs[updating, *updating]

func updatingOf(u *Update, w, g *Array, slots []Array) updating {
	return updating{
		dtype: w.DType, update: *u,
		f32: slicesOf(w.F32, g.F32, slots, elements32), f64: slicesOf(w.F64, g.F64, slots, elements64),
	}
}

// DoRange makes the step for elements, or rows, lo ≤ i < hi.
func (s *updating) DoRange(lo, hi int) {
	if s.index != nil {
		for i := lo; i < hi; i++ {
			at := s.index[i]
			if s.dtype == Float32 {
				s.update.F32(s.f32.rowAt(at, i, s.row))
			} else {
				s.update.F64(s.f64.rowAt(at, i, s.row))
			}
		}
		return
	}
	if s.dtype == Float32 {
		s.update.F32(s.f32.cut(lo, hi))
	} else {
		s.update.F64(s.f64.cut(lo, hi))
	}
}

// cut is elements lo ≤ i < hi.
func (s *Slices[T]) cut(lo, hi int) Slices[T] {
	c := Slices[T]{W: s.W[lo:hi], G: s.G[lo:hi]}
	for i, x := range s.Slots {
		if x != nil {
			c.Slots[i] = x[lo:hi]
		}
	}
	return c
}

// rowAt is row w of the parameter with row g of the gradient.
func (s *Slices[T]) rowAt(w, g, row int) Slices[T] {
	c := Slices[T]{W: s.W[w*row : (w+1)*row], G: s.G[g*row : (g+1)*row]}
	for i, x := range s.Slots {
		if x != nil {
			c.Slots[i] = x[w*row : (w+1)*row]
		}
	}
	return c
}
